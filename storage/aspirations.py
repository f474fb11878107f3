"""What people want to grow towards, to whom they showed it, and which of their goals and learning actions serve it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, and_, func, select, update
from sqlmodel import Field, SQLModel

from bot.core.aspirations import MOST, OFFERED, Aspiration, State, Step
from bot.core.events import Action, Command, Event, Submission
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.audit import Audited
from storage.engine import Session, table
from storage.goals import goal_of, goals
from storage.learning import learning


class AspirationRow(SQLModel, table=True):
    __tablename__ = "aspirations"
    __table_args__ = (Index("ix_aspirations_person", "person", "state"),)
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    words: str
    at: datetime
    reader: str | None = Field(default=None, foreign_key="people.id", index=True)
    state: str = "open"
    closed_at: datetime | None = None


aspirations = table(AspirationRow)
a = aspirations.c


# What can happen.


@dataclass(frozen=True, slots=True)
class Wished:
    """Kept from now on, or said in other words, or shown to somebody else."""

    wish: Aspiration

    async def save(self, session: Session) -> None:
        said = {"words": self.wish.words, "reader": self.wish.reader}
        row = {"id": self.wish.id, "person": self.wish.person.id, "at": self.wish.at, "state": "open", **said}
        insert = session.insert(aspirations).values(row)
        mine = and_(a.person == self.wish.person.id, a.state == "open")
        await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=said, where=mine))


@dataclass(frozen=True, slots=True)
class Moved:
    """Reached, let go of, or taken up again."""

    id: str
    person: str  # a Person.id
    state: State
    at: datetime

    async def save(self, session: Session) -> None:
        mine = and_(a.id == self.id, a.person == self.person, a.state != self.state)
        ended = None if self.state == "open" else self.at
        await session.run(update(aspirations).where(mine).values(state=self.state, closed_at=ended))


@dataclass(frozen=True, slots=True)
class Serves:
    """Of a person's goals and learning actions those with these ids serve an aspiration of theirs, or nothing."""

    person: str
    steps: Mapping[str, str]  # by the step's id: an aspiration's, "" for none

    async def save(self, session: Session) -> None:
        for id, wish in self.steps.items():
            for each in (goals, learning):
                mine = and_(each.c.id == id, each.c.person == self.person)
                await session.run(update(each).where(mine).values(aspiration=wish))


# Reading.


@dataclass(frozen=True, slots=True)
class Wishes:
    """Somebody's open ones as the actor may see them. `who` is None for who is unknown here."""

    who: Person | None
    wishes: tuple[Aspiration, ...] = ()
    manager: Person | None = None  # of the one whose they are


async def named(session: Session, event: Command) -> Wishes:
    """Of the person named, else the actor's own."""
    return await _wishes(session, event, event.mentions[0].id if event.mentions else event.actor.id)


async def pressed(session: Session, event: Action) -> Wishes:
    return await _wishes(session, event, event.value or event.actor.id)


async def own(session: Session, event: Event) -> Wishes:
    return await _wishes(session, event, event.actor.id)


async def _wishes(session: Session, event: Event, id: str) -> Wishes:
    actor = event.actor
    who = actor if id == actor.id else await folk.by_id(session, id)
    if who is None or who.company != actor.company:
        return Wishes(None)
    await session.hold(f"aspirations:{who.id}")  # how many there are, for who adds one
    query = select(aspirations).where(a.person == who.id, a.state == "open").order_by(a.at, a.id).limit(MOST)
    rows = [row for row in await session.all(query) if _seen(actor, who, row)]
    found = await _with_steps(session, event, who, rows)
    for each in found if actor.id != who.id else ():
        await Audited(event, who.id, "read", each.id).save(session)
    return Wishes(who, found, await folk.by_id(session, who.manager))


async def seen(session: Session, event: Event) -> dict[str, int]:
    """How many of the actor's own open ones each sees."""
    own = and_(a.person == event.actor.id, a.state == "open")
    query = select(a.reader, func.count().label("many")).where(own).group_by(a.reader)
    found = {"manager": 0, "me": 0}
    for row in await session.all(query):
        found["manager" if row.reader and row.reader == event.actor.manager else "me"] += row.many
    return found


def _seen(actor: Person, who: Person, row: Any) -> bool:
    return access.may_read(access.relation(actor, who), "aspiration", shared=row.reader == actor.id)


@dataclass(frozen=True, slots=True)
class One:
    """An aspiration the actor may see, and the manager it can be shown to."""

    wish: Aspiration | None
    manager: Person | None = None
    open: int = 0  # how many the actor has
    offered: tuple[Step, ...] = ()  # open goals and learning actions of the actor's own


async def picked(session: Session, event: Action | Submission) -> One:
    """By its id, which stands before a bar; without one there is only what a new one needs."""
    id, actor = event.value.partition("|")[0], event.actor
    await session.hold(f"aspirations:{actor.id}")
    row = await session.first(select(aspirations).where(a.id == id)) if id else None
    who = await folk.by_id(session, row.person) if row else None
    if row is not None and (who is None or not _seen(actor, who, row)):
        row = None
    manager = await folk.manager(session, event)
    many = await session.value(select(func.count()).where(a.person == actor.id, a.state == "open"))
    if row is None or who is None:
        return One(None, manager, many)
    if who.id != actor.id:
        await Audited(event, who.id, "read", id).save(session)
    [wish] = await _with_steps(session, event, who, [row])
    return One(wish, manager, many, tuple(await _steps(session, event, actor)))


async def _with_steps(session: Session, event: Event, who: Person, rows: Sequence[Any]) -> tuple[Aspiration, ...]:
    steps = await _steps(session, event, who) if rows else []
    return tuple(
        Aspiration(row.id, who, row.words, row.at, row.reader, row.state,
                   tuple(step for step in steps if step.serves == row.id))
        for row in rows
    )  # fmt: skip


async def _steps(session: Session, event: Event, who: Person) -> list[Step]:
    """Of this person's open goals and learning actions those the actor may see, with what they serve: a forged id
    links nothing, for only a person's own count."""
    g, near = goals.c, access.relation(event.actor, who)
    mine = and_(g.person == who.id, g.state == "open", g.objective.is_(None))
    rows = await session.all(select(goals).where(mine).order_by(g.at, g.id).limit(OFFERED))
    found = [
        Step(row.id, "goal", row.title, row.due, row.aspiration)
        for row in rows
        if access.may_see(event.actor, goal_of(row), who)
    ]
    c = learning.c
    query = select(learning).where(c.person == who.id, c.state == "open").order_by(c.day, c.id).limit(OFFERED)
    return found + [
        Step(row.id, "learning", row.words, row.day, row.aspiration)
        for row in await session.all(query)
        if access.may_read(near, "learning", row.seen_by == "manager")
    ]
