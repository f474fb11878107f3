"""What somebody's development stands at, for the overview of it."""

from dataclasses import dataclass

from bot.core.events import Event
from bot.core.mentors import Mentoring
from storage import learning, mentors
from storage import people as folk
from storage.engine import Session
from storage.learning import LearningAction


@dataclass(frozen=True, slots=True)
class Overview:
    actions: tuple[LearningAction, ...]  # of the actor's own plan, the next first
    mentorings: tuple[Mentoring, ...]
    manages: bool


async def overview(session: Session, event: Event) -> Overview:
    actions, running = await learning.mine(session, event), await mentors.under_way(session, event)
    return Overview(tuple(actions), tuple(running), bool(await folk.reports(session, event)))
