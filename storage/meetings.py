"""The rhythms of pairs, proposed by one and agreed to by the other, and the talks that come of them."""

import datetime as clock
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, and_, or_, select, union_all, update
from sqlmodel import Field, SQLModel

from bot.core.calendar import Calendar
from bot.core.events import Action, Event, Submission
from bot.core.oneonone import AFTER, BRIEF, Beat, Meeting, MeetingState, Pair, PairState, afterwards, before
from bot.core.people import Person
from storage import people as folk
from storage.engine import Session, table
from storage.followups import FollowUp, followups


class OneOnOneRow(SQLModel, table=True):
    """A rhythm of two people. One pair has at most one that is agreed and one that is proposed."""

    __tablename__ = "oneonones"
    __table_args__ = (Index("ix_oneonones_one", "one", "state"), Index("ix_oneonones_other", "other", "state"))
    id: str = Field(primary_key=True)
    one: str = Field(foreign_key="people.id")
    other: str = Field(foreign_key="people.id")
    first: date
    weeks: int
    hour: clock.time
    zone: str
    state: str
    proposed_at: datetime
    decided_at: datetime | None = None


class MeetingRow(SQLModel, table=True):
    __tablename__ = "meetings"
    __table_args__ = (Index("ix_meetings_one", "one", "state"), Index("ix_meetings_other", "other", "state"))
    id: str = Field(primary_key=True)
    pair: str = Field(index=True)
    one: str = Field(foreign_key="people.id")
    other: str = Field(foreign_key="people.id")
    day: date
    at: datetime
    state: str
    said_at: datetime | None = None


oneonones, meetings = table(OneOnOneRow), table(MeetingRow)
LIVE = ("proposed", "agreed")


# What can happen.


@dataclass(frozen=True, slots=True)
class Proposed:
    """A rhythm that waits for a yes; what was proposed between the two before is not asked about any more."""

    pair: Pair
    at: datetime

    async def save(self, session: Session) -> None:
        p, beat = self.pair, self.pair.beat
        earlier = and_(_both(oneonones.c, p), oneonones.c.state == "proposed")
        await session.run(update(oneonones).where(earlier).values(state="ended", decided_at=self.at))
        row = {"id": p.id, "one": p.one.id, "other": p.other.id, "state": "proposed", "proposed_at": self.at}
        beats = {"first": beat.first, "weeks": beat.weeks, "hour": beat.at, "zone": beat.zone}
        await session.run(oneonones.insert().values({**row, **beats}))


@dataclass(frozen=True, slots=True)
class Decided:
    """Agreed, declined or ended. Where one is agreed the rhythm of before ends; with a rhythm its next talk ends."""

    pair: Pair
    state: PairState
    at: datetime

    async def save(self, session: Session) -> None:
        this = oneonones.c.id == self.pair.id
        values = {"state": self.state, "decided_at": self.at}
        done = await session.run(update(oneonones).where(this, oneonones.c.state.in_(LIVE)).values(values))
        if not done.rowcount or self.state == "declined":
            return
        if self.state == "agreed":
            before = and_(_both(oneonones.c, self.pair), ~this, oneonones.c.state == "agreed")
            await session.run(update(oneonones).where(before).values(state="ended", decided_at=self.at))
        open = and_(_both(meetings.c, self.pair), meetings.c.state == "planned")
        past = update(meetings).where(open, meetings.c.at <= self.at)
        await session.run(past.values(state="unsaid", said_at=self.at))
        coming = and_(open, meetings.c.at > self.at)
        gone = [row.id for row in await session.all(select(meetings.c.id).where(coming))]
        await session.run(update(meetings).where(meetings.c.id.in_(gone)).values(state="cancelled", said_at=self.at))
        await _unasked(session, gone)


@dataclass(frozen=True, slots=True)
class Planned:
    """The next talk, of which both are briefed and asked. The same day twice is one."""

    meeting: Meeting

    async def save(self, session: Session) -> None:
        m, pair = self.meeting, self.meeting.pair
        row = {"id": m.id, "pair": pair.id, "one": pair.one.id, "other": pair.other.id, "day": m.day, "at": m.at}
        insert = session.insert(meetings).values({**row, "state": "planned", "said_at": None})
        again = {"state": "planned", "at": m.at, "said_at": None}  # a rhythm may come back to a day it had left
        await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=again))
        await _ask_about(session, m)


@dataclass(frozen=True, slots=True)
class Moved:
    """This one is at another time, as the meeting says."""

    meeting: Meeting

    async def save(self, session: Session) -> None:
        this = and_(meetings.c.id == self.meeting.id, meetings.c.state == "planned")
        moved = await session.run(update(meetings).where(this).values(at=self.meeting.at))
        if moved.rowcount:
            await _ask_about(session, self.meeting)


@dataclass(frozen=True, slots=True)
class Over:
    """What became of a talk. That one of the two says it was held counts more than that the other says it was not."""

    meeting: str
    state: MeetingState
    at: datetime

    async def save(self, session: Session) -> None:
        before = ("planned", "missed", "unsaid") if self.state == "held" else ("planned", "unsaid")
        this = and_(meetings.c.id == self.meeting, meetings.c.state.in_(before))
        await session.run(update(meetings).where(this).values(state=self.state, said_at=self.at))
        if self.state == "cancelled":
            await _unasked(session, [self.meeting])


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Of the talks before this one nobody has said what became of them, and nobody is asked any more."""

    meeting: Meeting

    async def save(self, session: Session) -> None:
        m, c = self.meeting, meetings.c
        earlier = and_(c.pair == m.pair.id, c.id != m.id, c.at < m.at, c.state == "planned")
        await session.run(update(meetings).where(earlier).values(state="unsaid", said_at=m.at))


async def _ask_about(session: Session, meeting: Meeting) -> None:
    """Each by their own clock."""
    for person in (meeting.pair.one, meeting.pair.other):
        calendar = Calendar.parse(person.calendar)
        await FollowUp(person.id, BRIEF, meeting.id, *before(calendar, meeting.at)).save(session)
        await FollowUp(person.id, AFTER, meeting.id, *afterwards(calendar, meeting.at)).save(session)


async def _unasked(session: Session, ids: Sequence[str]) -> None:
    asked = and_(followups.c.rhythm.in_((BRIEF, AFTER)), followups.c.about.in_(ids))
    await session.run(followups.delete().where(asked))


def _both(c: Any, pair: Pair) -> ColumnElement[bool]:
    return _these(c, pair.one.id, pair.other.id)


def _these(c: Any, me: str, you: str) -> ColumnElement[bool]:
    return or_(and_(c.one == me, c.other == you), and_(c.one == you, c.other == me))


# Reading.


async def mine(session: Session, event: Event) -> list[Pair]:
    """The actor's rhythms, agreed and proposed, with people who are there; the oldest first."""
    c, me = oneonones.c, event.actor.id
    sides = (select(oneonones).where(side == me, c.state.in_(LIVE)) for side in (c.one, c.other))
    both = union_all(*sides).subquery()
    rows = await session.all(select(both).order_by(both.c.proposed_at, both.c.id))
    found = [pair for pair in await pairs_of(session, rows) if pair]
    return [pair for pair in found if _there(event.actor, pair.partner(event.actor))]


async def coming(session: Session, event: Event) -> dict[str, Meeting]:
    """The actor's next talks, by the other's id."""
    c, me = meetings.c, event.actor.id
    sides = (
        select(meetings, oneonones.c.first, oneonones.c.weeks, oneonones.c.hour, oneonones.c.zone)
        .join(oneonones, oneonones.c.id == c.pair)
        .where(side == me, c.state == "planned", c.at > event.at, oneonones.c.state == "agreed")
        for side in (c.one, c.other)
    )
    rows = await session.all(union_all(*sides))
    who = await folk.many(session, {id for row in rows for id in (row.one, row.other)})
    found = [meeting_of(row, _pair(row, who, row.pair, "agreed")) for row in rows]
    ordered = sorted(found, key=lambda each: each.at, reverse=True)
    return {each.partner(event.actor).id: each for each in ordered}


async def held(session: Session, event: Event, since: datetime) -> int:
    """How many one-to-ones the actor has had since."""
    c, me = meetings.c, event.actor.id
    sides = (select(c.id).where(side == me, c.state == "held", c.at >= since) for side in (c.one, c.other))
    return len(await session.all(union_all(*sides)))


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom the actor wants a rhythm with, and what the two have already."""

    partner: Person | None
    agreed: Pair | None = None


async def whom(session: Session, event: Action) -> Asking:
    """`ID` or `ID|a rhythm` of a button."""
    return await asking(session, event, event.value.partition("|")[0])


async def submitted(session: Session, event: Submission) -> Asking:
    named = event.people.get("who", ())
    return await asking(session, event, named[0].id if len(named) == 1 else "")


async def asking(session: Session, event: Event, id: str) -> Asking:
    partner = await folk.by_id(session, id)
    if partner is None or partner.company != event.actor.company:
        return Asking(None)
    await alone(session, event.actor.id, id)
    agreed = [pair for pair in await mine(session, event) if pair.state == "agreed"]
    return Asking(partner, next((pair for pair in agreed if pair.partner(event.actor).id == id), None))


async def proposed(session: Session, event: Action) -> Pair | None:
    """The rhythm a button is about, if the actor is one of its two."""
    query = select(oneonones).where(oneonones.c.id == event.value)
    row = await session.first(query)
    if row is None or event.actor.id not in (row.one, row.other):
        return None
    await alone(session, row.one, row.other)
    found = await pairs_of(session, [await session.first(query)])
    return found[0] if found else None


async def alone(session: Session, me: str, you: str) -> None:
    """What both do to their rhythm at once is done one after the other."""
    await session.hold(f"oneonone/{'/'.join(sorted((me, you)))}")


async def pairs_of(session: Session, rows: Iterable[Row[Any] | None]) -> list[Pair]:
    known = [row for row in rows if row]
    who = await folk.many(session, {id for row in known for id in (row.one, row.other)})
    return [_pair(row, who, row.id, row.state) for row in known]


def _pair(row: Row[Any], who: dict[str, Person], id: str, state: PairState) -> Pair:
    return Pair(id, who[row.one], who[row.other], Beat(row.first, row.weeks, row.hour, row.zone), state)


def meeting_of(row: Row[Any], pair: Pair) -> Meeting:
    return Meeting(row.id, pair, row.day, row.at, row.state)


def _there(actor: Person, other: Person) -> bool:
    return not other.gone and other.company == actor.company
