"""A company's rounds of reviews, and how many have come how far: counted, never read."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, UniqueConstraint, and_, case, exists, func, literal, select, update
from sqlmodel import Field, SQLModel

from bot.core.calendar import period
from bot.core.cycle import Cycle, Part, told, whole
from bot.core.events import Due, Event
from storage.absences import absences, concerns, within
from storage.audit import Audited
from storage.dialogues import dialogues as talks
from storage.engine import Session, table
from storage.followups import FollowUp, followups
from storage.people import accounts, active, people, settled_in
from storage.review import reviews
from storage.summaries import summaries

RHYTHM = "review.cycle"  # of the follow-ups by which people are asked to look back
OVER = "review.cycle.over"  # of the one by which who opened a round hears how it went
LAST = timedelta(days=4)  # so long before its end who has not begun hears of it once more


class CycleRow(SQLModel, table=True):
    __tablename__ = "review_cycles"
    __table_args__ = (UniqueConstraint("company", "period", name="uq_review_cycles_company"),)
    id: str = Field(primary_key=True)
    company: str
    period: str
    until: date
    at: datetime
    by: str = Field(foreign_key="people.id", index=True)
    closed_at: datetime | None = None


cycles = table(CycleRow)
c = cycles.c


@dataclass(frozen=True, slots=True)
class Watched:
    """The latest round of the actor's company, and how it goes."""

    period: str  # this one
    cycle: Cycle | None
    whole: Part
    parts: tuple[Part, ...] = ()  # that can be told by themselves


async def watched(session: Session, event: Event) -> Watched:
    company = event.actor.company
    await session.hold(f"cycle/{company}")  # two at once: the second sees what the first did
    row = await session.first(select(cycles).where(c.company == company).order_by(c.at.desc(), c.id).limit(1))
    return await _watched(session, event, row)


async def over(session: Session, event: Due) -> Watched | None:
    """A round that closed itself, for who opened it last; None where it was closed by hand, or is open again."""
    mine = and_(c.company == event.actor.company, c.period == event.period, c.by == event.actor.id)
    row = await session.first(select(cycles).where(mine, c.closed_at.is_(None), c.until < event.today))
    return await _watched(session, event, row) if row else None


async def _watched(session: Session, event: Event, row: Any | None) -> Watched:
    this, least = period(event.settings.rhythms["review"].every, event.today), event.settings.thresholds.group
    if row is None:
        return Watched(this, None, Part("", 0))
    cycle = _cycle(row)
    parts = await _counts(session, event, cycle.period)
    return Watched(this, cycle, whole(parts), tuple(told(parts, least)))


def _cycle(row: Any) -> Cycle:
    return Cycle(row.id, row.company, row.period, row.until, row.at, row.closed_at)


def _concerned(event: Event) -> ColumnElement[bool]:
    """Everybody of the company whom a rhythm could ask."""
    settings = event.settings.people
    here = and_(people.c.company == event.actor.company, active())
    begun = settled_in(event.today - timedelta(days=settings.first_days))
    named = select(accounts.c.person).where(accounts.c.account.in_(settings.pilot))
    return and_(here, begun, people.c.id.in_(named)) if settings.pilot else and_(here, begun)


async def _counts(session: Session, event: Event, of: str) -> list[Part]:
    """By team; no words are read."""

    def number(which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((which, 1), else_=0)), 0)

    state = summaries.c.state
    counts = (
        func.count().label("people"),
        number(reviews.c.id.is_not(None)).label("looked_back"),
        number(state == "conversation").label("talking"),
        number(state == "agreed").label("agreed"),
    )
    theirs = people.outerjoin(reviews, and_(reviews.c.person == people.c.id, reviews.c.period == of))
    theirs = theirs.outerjoin(summaries, and_(summaries.c.person == people.c.id, summaries.c.period == of))
    query = select(people.c.team, *counts).select_from(theirs).where(_concerned(event)).group_by(people.c.team)
    rows = await session.all(query)
    return [Part(row.team, row.people, row.looked_back, row.talking, row.agreed) for row in rows]


# Opening and closing.


@dataclass(frozen=True, slots=True)
class Begun:
    """It is open until that day, and everybody who has not begun is asked, in their next working hours and once more
    before the end; who opened it hears afterwards how it went. Opened again after it was closed it is the same one; one
    of another period is over by it."""

    event: Event
    cycle: Cycle

    async def save(self, session: Session) -> None:
        event, one = self.event, self.cycle
        row = {"id": one.id, "company": one.company, "period": one.period, "by": event.actor.id, "at": one.at}
        new = session.insert(cycles).values(**row, until=one.until, closed_at=None)
        again = {"until": one.until, "closed_at": None, "at": one.at, "by": event.actor.id}
        await session.run(new.on_conflict_do_update(index_elements=["company", "period"], set_=again))
        before = and_(c.company == one.company, c.period != one.period, c.closed_at.is_(None))
        await session.run(update(cycles).where(before).values(closed_at=event.at))
        await Audited(event, event.actor.id, "cycle.open", one.period).save(session)
        await _ask(session, event, one.period, event.today)
        if event.today < one.until - LAST:
            await _ask(session, event, f"{one.period}|last", one.until - LAST)
        await FollowUp(event.actor.id, OVER, one.period, one.until + timedelta(days=1)).save(session)


async def _ask(session: Session, event: Event, about: str, day: date) -> None:
    """By one statement, however many they are."""
    mine = and_(talks.c.person == people.c.id, talks.c.dialogue == "review", talks.c.subject == about.partition("|")[0])
    begun = exists().where(mine)
    chosen = select(people.c.id, literal(RHYTHM), literal(about), literal(day, followups.c.day.type), literal(False))
    columns = ["person", "rhythm", "about", "day", "planned"]
    new = session.insert(followups).from_select(columns, chosen.where(_concerned(event), ~begun))
    await session.run(new.on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Ended:
    """Nobody is asked any more. What two people have begun they can end."""

    event: Event
    cycle: Cycle

    async def save(self, session: Session) -> None:
        event, one = self.event, self.cycle
        await session.run(update(cycles).where(c.id == one.id, c.closed_at.is_(None)).values(closed_at=event.at))
        await Audited(event, event.actor.id, "cycle.close", one.period).save(session)
        theirs = select(people.c.id).where(people.c.company == one.company)
        about = followups.c.about.in_((one.period, f"{one.period}|last"))
        here = and_(followups.c.rhythm.in_((RHYTHM, OVER)), about, followups.c.person.in_(theirs))
        await session.run(followups.delete().where(here))


# Asking people.


@dataclass(frozen=True, slots=True)
class Invited:
    cycle: Cycle
    last: bool  # once more, before the end
    leads: bool = False  # somebody reports to them


async def invited(session: Session, event: Due) -> Invited | None:
    """None: it is over, they have begun, or let their reviews rest."""
    of, _, again = event.period.partition("|")
    row = await session.first(select(cycles).where(c.company == event.actor.company, c.period == of))
    cycle = _cycle(row) if row else None
    if cycle is None or not cycle.open(event.today):
        return None
    resting = (absences.c.person == event.actor.id, concerns("review"), within(event.today, event.today))
    if await session.first(select(absences.c.person).where(*resting).limit(1)):
        return None
    mine = (talks.c.person == event.actor.id, talks.c.dialogue == "review", talks.c.subject == of)
    if await session.first(select(talks.c.id).where(*mine).limit(1)):
        return None
    theirs = (
        select(func.count()).select_from(people).where(people.c.manager == event.actor.id, people.c.gone.is_(False))
    )
    return Invited(cycle, again == "last", await session.value(theirs))
