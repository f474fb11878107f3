"""What a home shows, read at once."""

from dataclasses import dataclass
from typing import Any

from bot.core.events import Event
from bot.core.people import Person
from bot.core.progress import Progress
from storage import checkin, dialogues, grow, nudges, oneonone, recognition, review
from storage import people as folk
from storage.engine import Session
from storage.grow import Commitment


@dataclass(frozen=True, slots=True)
class Home:
    unfinished: tuple[Progress, ...]
    commitments: tuple[Commitment, ...]
    asked_of: tuple[Person, ...]  # who named the actor as their manager
    kudos: recognition.Mine
    agenda: tuple[tuple[Person, str], ...]
    team: checkin.Team
    checked_in: bool  # this period's check-in is finished
    manager: Person | None
    away: tuple[Any, ...]
    trend: tuple[Any, ...]  # own check-ins of the last half year


async def _still_open(session: Session, event: Event) -> list[Progress]:
    """What the actor can still go on with: a check-in or look back of a period that is over is closed."""
    now = {"checkin": checkin.current(event), "review": review.current(event)}
    found = await dialogues.unfinished(session, event)
    return [progress for progress in found if now.get(progress.dialogue, progress.subject) == progress.subject]


async def home(session: Session, event: Event) -> Home:
    period = checkin.current(event)
    own = await nudges.states(session, [event.actor.id], "checkin", period)
    return Home(
        tuple(await _still_open(session, event)),
        tuple(await grow.open_ones(session, event)),
        tuple(await folk.asked_of(session, event)),
        await recognition.mine(session, event),
        tuple(await oneonone.points(session, event)),
        await checkin.team(session, event),
        own.get(event.actor.id) == "answered",
        await folk.manager(session, event),
        tuple(await nudges.away_now(session, event)),
        tuple(await checkin.trend(session, event)),
    )
