"""Words owed to people: planned by the rounds, reminders and follow-ups, said once, and answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlmodel import Field, SQLModel

from bot.core.events import Due, Event
from storage.engine import Session, table
from storage.listed import among
from storage.people import LAYERS, active, layered, people, person, settings_of
from storage.prepared import Values

# owed: planned, not yet said. said: the bot has spoken. answered, skipped: the person has, perhaps before the bot did.
# missed: its moment passed while nobody was there to say it. dropped: saying it failed too often.
State = Literal["owed", "said", "answered", "skipped", "missed", "dropped"]
TRIES = 5
OWED = text("state = 'owed'")


class NudgeRow(SQLModel, table=True):
    __tablename__ = "nudges"
    __table_args__ = (
        Index("ix_nudges_owed", "due_at", sqlite_where=OWED, postgresql_where=OWED),
        Index("ix_nudges_round", "rhythm", "period", "step", "state", "due_at"),
    )
    person: str = Field(primary_key=True, foreign_key="people.id")
    rhythm: str = Field(primary_key=True)
    # The rhythm's, not a date's: a weekday changed in mid-week nudges nobody twice. Of a follow-up: what it is about.
    period: str = Field(primary_key=True)
    step: int = Field(primary_key=True, default=0)
    due_at: datetime
    state: str
    tries: int = 0


nudges = table(NudgeRow)
KEY = ["person", "rhythm", "period", "step"]
SLOT = (("period", nudges.c.period), ("at", nudges.c.due_at), ("state", nudges.c.state))


def of(rhythm: str, period: str, step: int = 0) -> ColumnElement[bool]:
    return and_(nudges.c.rhythm == rhythm, nudges.c.period == period, nudges.c.step == step)


async def states(session: Session, ids: Sequence[str], rhythm: str, period: str) -> dict[str, State]:
    """How each of these people stands in a rhythm's period; who has no line yet is left out."""
    query = select(nudges.c.person, nudges.c.state).where(
        nudges.c.person.in_(ids), nudges.c.rhythm == rhythm, nudges.c.period == period, nudges.c.step == 0
    )
    return {row.person: row.state for row in await session.all(query)}


async def last_said(session: Session, person: str, rhythm: str) -> datetime | None:
    """When this person was last told something of this rhythm."""
    mine = and_(nudges.c.person == person, nudges.c.rhythm == rhythm, nudges.c.state == "said")
    found: datetime | None = await session.value(select(func.max(nudges.c.due_at)).where(mine))
    return found


# What plans them.


async def insert(session: Session, chosen: Select[Any], values: Values | None = None) -> int:
    """Those that are not there yet, by one statement; `values` of its own parameters. Returns how many are new."""
    await session.hold("nudges")  # replicas that plan the same at once could each wait for the other's rows
    columns = [*KEY, "due_at", "state", "tries"]
    new = session.insert(nudges).from_select(columns, chosen).on_conflict_do_nothing()
    rowcount = (await session.run(new, values)).rowcount
    if session.sqlite and rowcount < 0:  # its driver counts only what begins with INSERT, not with WITH
        return int(await session.value(text("SELECT changes()")))
    return rowcount


# What says them.


@dataclass(frozen=True, slots=True)
class Owed:
    due: Due
    at: datetime  # since when
    calendar: str
    tries: int


async def owed(session: Session, now: datetime, limit: int) -> list[Owed]:
    """The nudges whose moment has come, the oldest first. A reminder of what was answered meanwhile is none."""
    first = nudges.alias()
    same = and_(*(first.c[name] == nudges.c[name] for name in ("person", "rhythm", "period")))
    unanswered = exists().where(same, first.c.step == 0, first.c.state == "said")
    still = or_(nudges.c.step == 0, nudges.c.rhythm.not_in(list(session.settings.rhythms)), unanswered)
    query = (
        layered(
            select(
                nudges.c.rhythm, nudges.c.period, nudges.c.step, nudges.c.due_at, nudges.c.tries, people, *LAYERS
            ).join(people, people.c.id == nudges.c.person)
        )
        .where(nudges.c.state == "owed", nudges.c.due_at <= now, active(), still)
        .order_by(nudges.c.due_at, nudges.c.person)
        .limit(limit)
    )
    found = []
    for row in await session.all(query):
        actor = person(row)
        id = f"due/{actor.id}/{row.rhythm}/{row.period}/{row.step}"
        base: dict[str, Any] = {"id": id, "actor": actor, "place": actor.home, "at": now}
        due = Due(**base, rhythm=row.rhythm, period=row.period, step=row.step, settings=settings_of(session, row, now))
        found.append(Owed(due, row.due_at, row.calendar, row.tries))
    return found


async def next_owed(session: Session, now: datetime) -> datetime | None:
    """When the next of the nudges that were put off will be said."""
    later = nudges.c.due_at > now
    found: datetime | None = await session.value(
        select(func.min(nudges.c.due_at)).where(nudges.c.state == "owed", later)
    )
    return found


def _this(due: Due) -> ColumnElement[bool]:
    return and_(nudges.c.person == due.actor.id, of(due.rhythm, due.period, due.step))


async def _become(session: Session, due: Due, **values: Any) -> None:
    """Only what is still owed changes: another replica, or the person, may have been first."""
    await session.run(update(nudges).where(_this(due), nudges.c.state == "owed").values(values))


async def said(session: Session, due: Due) -> None:
    await _become(session, due, state="said")


async def all_said(session: Session, dues: Iterable[Due]) -> None:
    keys = [(due.actor.id, due.rhythm, due.period, due.step) for due in dues]
    these = among(session, [nudges.c[name] for name in KEY], keys)
    await session.run(update(nudges).where(these, nudges.c.state == "owed").values(state="said"))


async def unsaid(session: Session, ids: Iterable[str]) -> None:
    """Events of nudges, by id, whose words stood in the outbox until they were stale: nobody heard them."""
    for id in sorted(set(ids)):
        _, who, rhythm, rest = id.split("/", 3)
        period, _, step = rest.rpartition("/")
        this = and_(nudges.c.person == who, of(rhythm, period, int(step)), nudges.c.state == "said")
        await session.run(update(nudges).where(this).values(state="missed"))


async def missed(session: Session, due: Due) -> None:
    await _become(session, due, state="missed")


async def put_off(session: Session, due: Due, until: datetime) -> None:
    """It waits, out of the way of those that need not."""
    await _become(session, due, due_at=until)


async def stumbled(session: Session, due: Due, again_at: datetime) -> None:
    """Saying it failed. After some tries it is dropped, or it would be tried for ever."""
    last = nudges.c.tries + 1 >= TRIES
    state = case((last, "dropped"), else_="owed")
    await _become(session, due, tries=nudges.c.tries + 1, state=state, due_at=again_at)


# What handlers record.


@dataclass(frozen=True, slots=True)
class Answered:
    """The person has done their part of this period, before the nudge or after: it goes quiet."""

    event: Event
    rhythm: str
    period: str
    state: State = "answered"

    async def save(self, session: Session) -> None:
        row = {"person": self.event.actor.id, "rhythm": self.rhythm, "period": self.period, "step": 0}
        insert = session.insert(nudges).values(**row, due_at=self.event.at, state=self.state, tries=0)
        # Begun is less than answered: it keeps the nudge away and changes nothing else that is there.
        if self.state == "said":
            planned = nudges.c.state == "owed"
            begun = insert.on_conflict_do_update(index_elements=KEY, set_={"state": "said"}, where=planned)
            await session.run(begun)
        else:
            # What is answered stays so, whatever old button is pressed afterwards.
            unless = None if self.state == "answered" else nudges.c.state != "answered"
            done = insert.on_conflict_do_update(index_elements=KEY, set_={"state": self.state}, where=unless)
            await session.run(done)
        later = and_(*(nudges.c[name] == row[name] for name in ("person", "rhythm", "period")), nudges.c.step > 0)
        if self.state != "said":
            await session.run(update(nudges).where(later, nudges.c.state == "owed").values(state=self.state))
