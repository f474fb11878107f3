"""The quarter's talk of two people as it is kept: one for each person and period."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, and_, func, or_, select, union_all, update
from sqlmodel import Field, SQLModel

from bot.core import summary as core
from bot.core.events import Action, Event, Remark, Submission
from bot.core.goals import Goal
from bot.core.people import Person
from bot.core.summary import OPEN, Proposal, Summary
from storage import access
from storage import people as folk
from storage.engine import Session, table
from storage.goals import mine
from storage.people import people
from storage.sharing import remarks

MANY = 100  # talks of one manager in a list
# Rhythms of follow-ups: of a manager, about all their people's talks of a period; and of a person, about theirs.
TEAM, TALK = "review.team", "review.talk"


class SummaryRow(SQLModel, table=True):
    __tablename__ = "summaries"
    __table_args__ = (
        UniqueConstraint("person", "period", name="uq_summaries_person"),
        Index("ix_summaries_manager", "manager", "state"),
    )
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    manager: str = Field(foreign_key="people.id")
    period: str
    state: str
    at: datetime
    reflected_at: datetime | None = None
    prepared_at: datetime | None = None
    words: str = ""
    goals: str = ""
    learning: str = ""
    rating: int | None = None
    scale: int = 0
    reason: str = ""
    proposed: str = ""  # by whom: person, manager
    version: int = 0
    person_at: datetime | None = None
    manager_at: datetime | None = None
    closed_at: datetime | None = None


summaries = table(SummaryRow)
c = summaries.c
MOMENTS = ("reflected_at", "prepared_at", "person_at", "manager_at", "closed_at")


def row_of(summary: Summary) -> dict[str, Any]:
    """What of it can change."""
    p = summary.proposal
    row = {name: getattr(summary, name) for name in ("state", "proposed", "version", *MOMENTS)}
    row |= {name: getattr(p, name) for name in ("words", "goals", "learning", "rating", "scale", "reason")}
    return row | {"manager": summary.manager.id}


@dataclass(frozen=True, slots=True)
class Kept:
    """How it stands from now on. Whoever keeps it has read it in the same transaction by `find` or `of`, which let
    nobody else near it until then."""

    summary: Summary

    async def save(self, session: Session) -> None:
        one, values = self.summary, row_of(self.summary)
        new = {"id": one.id, "person": one.person.id, "period": one.period, "at": one.at, **values}
        insert = session.insert(summaries).values(new)
        await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=values))


@dataclass(frozen=True, slots=True)
class Superseded:
    """The talk about this period has begun: of those before it, what was not agreed stays as it is."""

    person: str
    period: str
    at: datetime

    async def save(self, session: Session) -> None:
        before = and_(c.person == self.person, c.period != self.period, c.state.in_(OPEN))
        await session.run(update(summaries).where(before).values(state="closed", closed_at=self.at))


# Reading.


async def pressed(session: Session, event: Action) -> Summary | None:
    return await find(session, event, event.value.partition("|")[0])


async def submitted(session: Session, event: Submission) -> Summary | None:
    return await find(session, event, event.value.partition("|")[0])


async def remarked(session: Session, event: Remark) -> Summary | None:
    """What was said in its thread."""
    return await find(session, event, event.topic)


async def find(session: Session, event: Event, id: str) -> Summary | None:
    """This one, if the actor is one of its two; until the transaction ends nobody else changes it."""
    row = await session.first(select(summaries).where(c.id == id).with_for_update())
    found = await _seen(session, event, row)
    return replace(found, remarks=await _said(session, event, found)) if found else None


async def of(session: Session, event: Event, person: Person, period: str) -> Summary | None:
    """Somebody's talk about this period, if the actor is one of its two. There is none twice: until the transaction
    ends nobody else begins it."""
    await session.hold(f"summary/{person.id}/{period}")
    this = and_(c.person == person.id, c.period == period)
    row = await session.first(select(summaries).where(this).with_for_update())
    return await _seen(session, event, row)


async def taken(session: Session, person: Person, period: str) -> bool:
    """Whether there is a talk about this period, be it with somebody else."""
    this = and_(c.person == person.id, c.period == period)
    return await session.first(select(c.id).where(this)) is not None


@dataclass(frozen=True, slots=True)
class Carrying:
    """A talk, and the goals of its person, who alone can take them along."""

    summary: Summary | None
    goals: tuple[Goal, ...] = ()


async def carrying(session: Session, event: Action) -> Carrying:
    return Carrying(await pressed(session, event), tuple(await mine(session, event)))


async def going_on(session: Session, event: Event, person: Person) -> Summary | None:
    """The latest of somebody's talks that has got as far as the manager and is not over."""
    theirs = and_(c.person == person.id, c.state.in_(OPEN))
    row = await session.first(select(summaries).where(theirs).order_by(c.at.desc()).limit(1).with_for_update())
    return await _seen(session, event, row)


async def _said(session: Session, event: Event, summary: Summary) -> tuple[tuple[str, str], ...]:
    """What the actor said about it or was told: not what was said to a manager before them."""
    mine = or_(remarks.c.author == event.actor.id, remarks.c.reader == event.actor.id)
    query = select(remarks.c.author, remarks.c.words).where(remarks.c.about == summary.id, mine).order_by(remarks.c.at)
    return tuple((row.author, row.words) for row in await session.all(query.limit(MANY)))


async def _seen(session: Session, event: Event, row: Any) -> Summary | None:
    if row is None:
        return None
    found = (await _all(session, [row]))[0]
    shared = event.actor.id == found.manager.id
    near = access.relation(event.actor, found.person, shared)
    return found if access.may_read(near, "summary", shared) else None


async def waiting(session: Session, event: Event) -> list[Summary]:
    """The actor's own talks and those of their reports that are not over, the oldest first."""
    own = select(summaries).where(c.person == event.actor.id, c.state.in_(OPEN))
    reports = select(summaries).join(people, people.c.id == c.person)
    theirs = reports.where(people.c.manager == event.actor.id, c.state.in_(OPEN))
    # Not one OR: each half goes by an index of its own.
    both = union_all(own, theirs).subquery()
    rows = await session.all(select(both).order_by(both.c.at, both.c.id).limit(2 * MANY))
    found = await _all(session, rows)
    return [one for one in found if event.actor.id in (one.person.id, one.manager.id)]


async def written(session: Session, event: Event) -> int:
    """In how many of the actor's own talks something was written down."""
    own = and_(c.person == event.actor.id, c.version > 0)
    return int(await session.value(select(func.count()).select_from(summaries).where(own)))


async def team(session: Session, event: Event, period: str) -> list[tuple[Person, Summary | None]]:
    """The actor's reports, each with their talk: the one that goes on, else the one about this period."""
    reports = await folk.reports(session, event)
    theirs = and_(c.person.in_([each.id for each in reports]), or_(c.state.in_(OPEN), c.period == period))
    rows = await session.all(select(summaries).where(theirs).order_by(c.at)) if reports else []
    latest = {one.person.id: one for one in await _all(session, rows) if one.manager.id == event.actor.id}
    return [(each, latest.get(each.id)) for each in reports]


async def _all(session: Session, rows: Iterable[Any]) -> list[Summary]:
    """As they stand now: one that goes on is with whoever manages the person by now."""
    rows = list(rows)
    if not rows:
        return []
    who = await folk.many(session, {id for row in rows for id in (row.person, row.manager)})
    newer = {manager for row in rows if (manager := who[row.person].manager)} - who.keys()
    who |= await folk.many(session, newer) if newer else {}
    found = []
    for row in rows:
        one = _summary(row, who)
        now = who.get(one.person.manager or "")
        there = now and not now.gone and now.company == one.person.company
        found.append(core.handed(one, now) if now and there else one)
    return found


def _summary(row: Any, who: dict[str, Person]) -> Summary:
    proposal = Proposal(row.words, row.goals, row.learning, row.rating, row.scale, row.reason)
    moments = {name: getattr(row, name) for name in MOMENTS}
    return Summary(
        id=row.id,
        person=who[row.person],
        manager=who[row.manager],
        period=row.period,
        at=row.at,
        state=row.state,
        proposal=proposal,
        proposed=row.proposed,
        version=row.version,
        **moments,
    )
