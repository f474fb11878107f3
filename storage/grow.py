"""Commitments: what somebody said they would do, by when, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Command, Due, Event, Reply
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.engine import Session, table

OPEN = "open"


class CommitmentRow(SQLModel, table=True):
    __tablename__ = "commitments"
    __table_args__ = (Index("ix_commitments_person_state", "person", "state", "day"),)
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    words: str
    day: date
    at: datetime
    thread: str  # the topic of the GROW thread it was made in
    state: str = OPEN  # open, done, partly, not_yet
    learned: str = ""
    closed_at: datetime | None = None


commitments = table(CommitmentRow)


@dataclass(frozen=True, slots=True)
class Commitment:
    id: str
    person: str
    words: str
    day: date
    at: datetime
    thread: str
    state: str = OPEN
    learned: str = ""

    async def save(self, session: Session) -> None:
        row = {"id": self.id, "person": self.person, "words": self.words, "day": self.day, "at": self.at}
        insert = session.insert(commitments).values(**row, thread=self.thread, state=OPEN, learned="")
        changed = {"words": self.words, "day": self.day}
        await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=changed))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went."""

    id: str
    state: str
    learned: str
    at: datetime

    async def save(self, session: Session) -> None:
        values = {"state": self.state, "learned": self.learned, "closed_at": self.at}
        await session.run(update(commitments).where(commitments.c.id == self.id).values(values))


@dataclass(frozen=True, slots=True)
class Around:
    """Who else is part of a talk: the manager it can be shared with, and the one who sits beside."""

    manager: Person | None
    beside: Person | None
    shared_with: frozenset[str] = frozenset()


async def around(session: Session, event: Command | Reply | Event) -> Around:
    if not isinstance(event, Reply):
        return Around(await folk.manager(session, event), None)
    beside = await folk.by_id(session, next(iter(event.progress.seeds.get("beside", ())), None))
    closing = await access.closing(session, event)
    return Around(closing.manager, beside, closing.shared_with)


async def followed_up(session: Session, event: Due) -> Commitment | None:
    """The commitment whose day has come; `period` is its id."""
    return await _open(session, event, event.period)


async def subject(session: Session, event: Reply) -> Commitment | None:
    row = await session.first(select(commitments).where(commitments.c.id == event.progress.subject))
    return _commitment(row) if row and row.person == event.actor.id else None


async def _open(session: Session, event: Event, id: str) -> Commitment | None:
    mine = (commitments.c.id == id) & (commitments.c.person == event.actor.id)
    row = await session.first(select(commitments).where(mine, commitments.c.state == OPEN))
    return _commitment(row) if row else None


def _commitment(row: Any) -> Commitment:
    return Commitment(row.id, row.person, row.words, row.day, row.at, row.thread, row.state, row.learned)


async def open_ones(session: Session, event: Event) -> list[Commitment]:
    """The actor's commitments still to come, the next first."""
    mine = (commitments.c.person == event.actor.id) & (commitments.c.state == OPEN)
    rows = await session.all(select(commitments).where(mine).order_by(commitments.c.day).limit(20))
    return [_commitment(row) for row in rows]


async def between(session: Session, person: str, since: datetime, until: datetime) -> list[Commitment]:
    """Made in this time, the earliest first."""
    mine = (commitments.c.person == person) & (commitments.c.at >= since) & (commitments.c.at < until)
    return [_commitment(row) for row in await session.all(select(commitments).where(mine).order_by(commitments.c.at))]
