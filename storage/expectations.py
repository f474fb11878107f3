"""What managers expect of their people, each wording by itself, and what the person said to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, and_, case, delete, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.expectations import PAGE, UNREAD, Expectation, Standing
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.audit import Audited
from storage.engine import Session, table
from storage.followups import followups


class ExpectationRow(SQLModel, table=True):
    """One wording. That which was not replaced holds."""

    __tablename__ = "expectations"
    __table_args__ = (Index("ix_expectations_person", "person", "at"),)
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    author: str = Field(foreign_key="people.id", index=True)
    words: str
    news: str = ""
    at: datetime
    seen_at: datetime | None = None
    remark: str = ""
    looked_at: datetime | None = None
    replaced_at: datetime | None = None


expectations = table(ExpectationRow)
x = expectations.c


# What can happen.


@dataclass(frozen=True, slots=True)
class Written:
    """A wording that holds from now on, in place of the one before, of which nobody is reminded any more."""

    expectation: Expectation

    async def save(self, session: Session) -> None:
        each = self.expectation
        before = and_(x.person == each.person.id, x.replaced_at.is_(None))
        await session.run(update(expectations).where(before).values(replaced_at=each.at))
        row = {"id": each.id, "person": each.person.id, "author": each.by.id, "words": each.words, "news": each.news}
        await session.run(expectations.insert().values(**row, at=each.at, remark=""))
        await _unreminded(session, each.person.id)


@dataclass(frozen=True, slots=True)
class Seen:
    """The person has read it; with a remark, where they have one. The first remark counts."""

    id: str
    person: str  # a Person.id
    at: datetime
    remark: str = ""

    async def save(self, session: Session) -> None:
        mine = and_(x.id == self.id, x.person == self.person, x.replaced_at.is_(None))
        await session.run(update(expectations).where(mine, x.seen_at.is_(None)).values(seen_at=self.at))
        if self.remark:
            await session.run(update(expectations).where(mine, x.remark == "").values(remark=self.remark))
        await _unreminded(session, self.person)


async def _unreminded(session: Session, person: str) -> None:
    await session.run(delete(followups).where(followups.c.person == person, followups.c.rhythm == UNREAD))


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A manager has thought about it again: it still holds."""

    id: str
    at: datetime

    async def save(self, session: Session) -> None:
        here = and_(x.id == self.id, x.replaced_at.is_(None))
        await session.run(update(expectations).where(here).values(looked_at=self.at))


# Reading.


@dataclass(frozen=True, slots=True)
class View:
    """What is expected of somebody, as the actor may see it."""

    who: Person | None  # whose; None: nobody of whom the actor may see it
    written: Expectation | None = None
    earlier: bool = False  # there were other wordings
    manager: Person | None = None  # of the one whose it is
    team: tuple[Standing, ...] = ()  # of whom the actor is the manager


async def named(session: Session, event: Command) -> View:
    """Of the person named, else the actor's own."""
    return await _view(session, event, event.mentions[0].id if event.mentions else event.actor.id)


async def pressed(session: Session, event: Action) -> View:
    """The same by a button, which carries the person's id, or nothing for the actor's own."""
    return await _view(session, event, event.value.partition("|")[0] or event.actor.id)


async def submitted(session: Session, event: Submission) -> View:
    return await _view(session, event, event.value.partition("|")[0])


async def answered(session: Session, event: Action | Submission | Due) -> View:
    """The actor's own, to say something to it."""
    return await _view(session, event, event.actor.id)


async def kept(session: Session, event: Action) -> View:
    """By the id of a wording: of whomever it is, if the actor may see it."""
    whose = await session.value(select(x.person).where(x.id == event.value))
    return await _view(session, event, whose or "")


async def _view(session: Session, event: Event, id: str) -> View:
    await session.hold(f"expectations:{id}")  # who answers and who changes it see each other
    actor, who = event.actor, event.actor if id == event.actor.id else await folk.by_id(session, id)
    if who is None or not access.may_read(access.relation(actor, who), "expectation", shared=False):
        return View(None)
    versions = await _versions(session, who, 2)
    current = next(iter(versions), None)
    if current and actor.id != who.id:
        await Audited(event, who.id, "read", current.id).save(session)
    return View(who, current, len(versions) > 1, await folk.by_id(session, who.manager), await of_team(session, event))


async def _versions(session: Session, who: Person, limit: int, skip: int = 0) -> list[Expectation]:
    """The latest first; that one holds."""
    holds = case((x.replaced_at.is_(None), 0), else_=1)
    query = select(expectations).where(x.person == who.id).order_by(holds, x.at.desc(), x.id.desc())
    rows = await session.all(query.limit(limit).offset(skip))
    writers = await folk.many(session, {row.author for row in rows}) if rows else {}
    return [_expectation(row, who, writers[row.author]) for row in rows]


def _expectation(row: Any, who: Person, by: Person) -> Expectation:
    return Expectation(row.id, who, by, row.words, row.at, row.news, row.seen_at, row.remark, row.looked_at)


@dataclass(frozen=True, slots=True)
class Earlier:
    who: Person
    versions: tuple[Expectation, ...]


async def earlier(session: Session, event: Action) -> Earlier | None:
    """How it was before, the latest first; None where the actor may not see it."""
    view = await pressed(session, event)
    if view.who is None:
        return None
    return Earlier(view.who, tuple(await _versions(session, view.who, PAGE, skip=1)))


async def of_team(session: Session, event: Event) -> tuple[Standing, ...]:
    """How it stands with each of those the actor manages, by name."""
    reports = await folk.reports(session, event)
    near = [each for each in reports if access.may_read(access.relation(event.actor, each), "expectation", False)]
    whose, current = {each.id: each for each in near}, await _current(session, near)
    writers = await folk.many(session, {row.author for row in current.values()}) if current else {}
    found = {id: _expectation(row, whose[id], writers[row.author]) for id, row in current.items()}
    return tuple(Standing(each, found.get(each.id)) for each in near)


async def _current(session: Session, people: Sequence[Person]) -> dict[str, Any]:
    """By person, the row that holds; of somebody who was two people to us there may be two for a while."""
    if not people:
        return {}
    those = and_(x.person.in_([each.id for each in people]), x.replaced_at.is_(None))
    return {row.person: row for row in await session.all(select(expectations).where(those).order_by(x.at, x.id))}


async def waiting(session: Session, event: Event) -> Expectation | None:
    """What the actor has not yet said to have read."""
    row = (await _current(session, [event.actor])).get(event.actor.id)
    if row is None or row.seen_at is not None:
        return None
    by = await folk.by_id(session, row.author)
    return _expectation(row, event.actor, by) if by else None
