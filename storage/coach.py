"""What a coaching manager has before them: their own rhythm, talks they sit beside in, and the tips they were told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select, union_all
from sqlmodel import Field, SQLModel

from bot.core.coach import Example, Monday, stage_of
from bot.core.events import Due, Event
from bot.core.people import Person
from storage import access, checkin, dialogues, goals, nudges
from storage import people as folk
from storage.access import shares
from storage.dialogues import d
from storage.engine import Session, table
from storage.meetings import meetings
from storage.people import people, person

LATELY = timedelta(weeks=4)
TALKS = 3  # beside somebody, the last touched first


class TipRow(SQLModel, table=True):
    """A tip somebody was told, and when last."""

    __tablename__ = "tips"
    person: str = Field(primary_key=True, foreign_key="people.id")
    tip: str = Field(primary_key=True)  # its name in prompts/*/coach.yaml
    at: datetime


tips = table(TipRow)


@dataclass(frozen=True, slots=True)
class Told:
    person: str
    tip: str
    at: datetime

    async def save(self, session: Session) -> None:
        insert = session.insert(tips).values(person=self.person, tip=self.tip, at=self.at)
        await session.run(insert.on_conflict_do_update(index_elements=["person", "tip"], set_={"at": self.at}))


async def monday(session: Session, event: Due) -> Monday | None:
    """None for who has nobody reporting to them, perhaps no longer."""
    if not await folk.is_manager(session, event.actor.id):
        return None
    rows = await session.all(select(tips).where(tips.c.person == event.actor.id))
    now = checkin.current(event)
    return Monday({row.tip: row.at for row in rows}, now, await _own(session, event, now))


async def example(session: Session, event: Event) -> Example:
    now = checkin.current(event)
    return Example(
        now,
        await _own(session, event, now),
        tuple(await goals.mine(session, event)),
        tuple(await folk.reports(session, event)),
        await _met(session, event),
        tuple(await _beside(session, event)),
    )


async def _own(session: Session, event: Event, period: str) -> nudges.State | None:
    return (await nudges.states(session, [event.actor.id], "checkin", period)).get(event.actor.id)


async def _met(session: Session, event: Event) -> frozenset[str]:
    """With whom the actor had a one-to-one of which somebody said that it happened."""
    m, me, since = meetings.c, event.actor.id, event.at - LATELY
    held = and_(m.state == "held", m.at >= since, m.at <= event.at)
    # Not one OR: each half goes by an index of its own.
    both = union_all(
        select(m.other.label("partner")).where(m.one == me, held), select(m.one).where(m.other == me, held)
    )
    return frozenset(row.partner for row in await session.all(both))


async def _beside(session: Session, event: Event) -> list[tuple[Person, str]]:
    """Whose GROW talk the actor takes part in, and where it stands; nothing of what was said."""
    query = (
        select(dialogues.dialogues, people)
        .join(shares, shares.c.about == d.id)
        .join(people, people.c.id == d.person)
        .where(shares.c.reader == event.actor.id, d.dialogue == "grow", d.state.in_(("open", "paused")))
        .order_by(d.touched.desc())
        .limit(TALKS)
    )
    found = list[tuple[Person, str]]()
    for row in await session.all(query):
        owner = person(row)
        if access.may_read(access.relation(event.actor, owner, shared=True), "grow", shared=True):
            found.append((owner, stage_of(dialogues.progress_of(row))))
    return found
