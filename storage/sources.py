"""What a goal or a learning action can be made of: feedback one was given, a mentor, a promise of one’s own."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from bot.core.events import Event
from bot.core.learning import Kind
from storage import feedback, mentors
from storage.engine import Session
from storage.grow import commitments


@dataclass(frozen=True, slots=True)
class Made:
    words: str
    why: str = ""
    day: date | None = None  # still to come
    kind: Kind = "job"  # of a learning action


async def made_of(session: Session, event: Event, source: str) -> Made | None:
    """The words of `feedback:ab12`, of `mentoring:ab12` or of a commitment, if that is the actor's."""
    if source.startswith("feedback:"):
        given = await feedback.received(session, event, source)
        return Made(given.words.wish or given.words.behaviour, given.words.impact) if given else None
    if source.startswith("mentoring:"):
        found = await mentors.find(session, event, source)
        return Made(found.topic, kind="mentor") if found else None
    if source:
        own = (commitments.c.id == source) & (commitments.c.person == event.actor.id)
        if row := await session.first(select(commitments).where(own)):
            return Made(row.words, day=row.day if row.day >= event.today else None)
    return None
