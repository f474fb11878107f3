"""Who is owed a word from us, planned for everybody by one statement, and said once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Select,
    and_,
    case,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
    values,
)
from sqlmodel import Field, SQLModel

from bot.core.events import Due, Event
from storage.engine import Session, table
from storage.people import active, people, person, settled_in

# owed: planned, not yet said. said: the bot has spoken. answered, skipped: the person has, perhaps before the bot did.
# missed: its moment passed while nobody was there to say it. dropped: saying it failed too often.
State = Literal["owed", "said", "answered", "skipped", "missed", "dropped"]
TRIES = 5
ALL = "*"  # every rhythm
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


class AbsenceRow(SQLModel, table=True):
    """Days, both inclusive, on which somebody is not nudged: by any rhythm (*), or by one."""

    __tablename__ = "absences"
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id", index=True)
    rhythm: str
    first: date
    last: date = Field(index=True)


class FollowUpRow(SQLModel, table=True):
    """A day on which to ask somebody how something went."""

    __tablename__ = "followups"
    person: str = Field(primary_key=True, foreign_key="people.id")
    rhythm: str = Field(primary_key=True)
    about: str = Field(primary_key=True)  # "grow:ab12"; becomes the nudge's period
    day: date = Field(index=True)
    planned: bool = False


nudges, absences, followups = table(NudgeRow), table(AbsenceRow), table(FollowUpRow)
KEY = ["person", "rhythm", "period", "step"]
SLOT = (("period", nudges.c.period), ("at", nudges.c.due_at), ("state", nudges.c.state))


@dataclass(frozen=True, slots=True)
class Slot:
    """What people of one calendar are owed."""

    period: str
    at: datetime
    state: Literal["owed", "missed"] = "owed"


# The planner's questions.


async def calendars(session: Session) -> list[str]:
    return [row.calendar for row in await session.all(select(people.c.calendar).where(active()).distinct())]


@dataclass(frozen=True, slots=True)
class Whom:
    """Who can be owed a nudge of a rhythm at all. Newcomers, started after `first_days`, cannot."""

    rhythm: str
    first_days: date
    since: date  # who was away at some time from then …
    until: date  # … to then is looked at one by one
    after: datetime | None = None  # only who has been due a nudge of this rhythm by then

    def who(self, session: Session) -> ColumnElement[bool]:
        pilot = session.settings.people.pilot
        chosen = people.c.account.in_(pilot) if pilot else literal(True)
        before = exists().where(nudges.c.person == people.c.id, nudges.c.rhythm == self.rhythm)
        known = before.where(nudges.c.due_at < self.after) if self.after else literal(True)
        return and_(active(), settled_in(self.first_days), chosen, known)

    def away(self) -> ColumnElement[bool]:
        mine = (absences.c.person == people.c.id, _concerns(self.rhythm))
        return exists().where(*mine, _within(self.since, self.until))


async def plan(session: Session, whom: Whom, slots: Mapping[str, Slot]) -> int:
    """One statement for everybody whose moment has come: `slots` says for which calendars. Returns how many are new."""
    if not slots:
        return 0
    # Joined, not a CASE: with a hundred calendars that would be compared a hundred times for each person.
    each = [(key, slot.period, slot.at, slot.state) for key, slot in slots.items()]
    slot = _table("slots", ("calendar", people.c.calendar), *SLOT, rows=each)
    chosen = (
        select(people.c.id, literal(whom.rhythm), slot.period, literal(0), slot.at, slot.state, literal(0))
        .join(people, people.c.calendar == slot.calendar)
        .where(whom.who(session), ~whom.away())
    )
    return await _insert(session, chosen)


def _table(name: str, *columns: tuple[str, Column[Any]], rows: Sequence[tuple[Any, ...]]) -> Any:
    """The columns of a table that exists within one statement only. Each has the type of one that is stored."""
    named = (column(label, stored.type) for label, stored in columns)
    return values(*named, name=name).data(list(rows)).cte(name).c


async def _insert(session: Session, chosen: Select[Any]) -> int:
    columns = [*KEY, "due_at", "state", "tries"]
    new = session.insert(nudges).from_select(columns, chosen).on_conflict_do_nothing()
    rowcount = (await session.run(new)).rowcount
    if session.sqlite and rowcount < 0:  # its driver counts only what begins with INSERT, not with WITH
        return int(await session.value(text("SELECT changes()")))
    return rowcount


def _concerns(rhythm: str) -> ColumnElement[bool]:
    return absences.c.rhythm.in_((rhythm, ALL))


def _within(since: date, until: date) -> ColumnElement[bool]:
    """Leave that touches these days. What is yet to come keeps no nudge away."""
    return and_(absences.c.last >= since, absences.c.first <= until)


async def absent(session: Session, whom: Whom) -> list[tuple[str, str, date, date]]:
    """Person, calendar, first and last day away of those left out by `plan`: the few that are looked at one by one."""
    query = (
        select(people.c.id, people.c.calendar, absences.c.first, absences.c.last)
        .join(absences, absences.c.person == people.c.id)
        .where(_concerns(whom.rhythm), _within(whom.since, whom.until), whom.who(session))
    )
    return [(row.id, row.calendar, row.first, row.last) for row in await session.all(query)]


async def plan_each(session: Session, rhythm: str, slots: Mapping[str, Slot]) -> None:
    """The same for single people, by id."""
    rows = [
        {"person": id, "rhythm": rhythm, "period": s.period, "step": 0, "due_at": s.at, "state": s.state, "tries": 0}
        for id, s in slots.items()
    ]
    if rows:
        await session.run(session.insert(nudges).on_conflict_do_nothing(), rows)


async def lacking(session: Session, whom: Whom, period: str, calendars: Sequence[str]) -> set[str]:
    """Those of the calendars in which somebody who is not away has no nudge of this period, said or not."""
    has = exists().where(nudges.c.person == people.c.id, _of(whom.rhythm, period))
    those = (people.c.calendar.in_(calendars), whom.who(session), ~has, ~whom.away())
    return {row.calendar for row in await session.all(select(people.c.calendar).where(*those).distinct())}


def _of(rhythm: str, period: str, step: int = 0) -> ColumnElement[bool]:
    return and_(nudges.c.rhythm == rhythm, nudges.c.period == period, nudges.c.step == step)


@dataclass(frozen=True, slots=True)
class Group:
    """People of one calendar who were nudged between two moments, both inclusive, and have not answered."""

    calendar: str
    period: str
    first: datetime
    last: datetime


async def waiting(session: Session, rhythm: str, step: int, periods: Iterable[str], until: datetime) -> list[Group]:
    """Who was nudged by the moment `until`, has not answered, and has no such reminder yet. One group a moment."""
    reminded = nudges.alias()
    same = and_(*(reminded.c[name] == nudges.c[name] for name in ("person", "rhythm", "period")))
    query = (
        select(people.c.calendar, nudges.c.period, nudges.c.due_at)
        .join(people, people.c.id == nudges.c.person)
        .where(nudges.c.rhythm == rhythm, nudges.c.period.in_(sorted(periods)), nudges.c.step == 0)
        .where(nudges.c.state == "said", nudges.c.due_at <= until, active())
        .where(~exists().where(same, reminded.c.step == step))
        .distinct()
    )
    return [Group(row.calendar, row.period, row.due_at, row.due_at) for row in await session.all(query)]


@dataclass(frozen=True, slots=True)
class Reminder:
    group: Group
    slot: Slot
    today: date  # where these people are


async def remind(session: Session, rhythm: str, step: int, reminders: Iterable[Reminder]) -> int:
    """One statement for everybody of these groups who is not away today. Returns how many are new."""
    each = [(r.group.calendar, r.group.period, r.group.first, r.group.last, r.today, r.slot.at, r.slot.state)
            for r in reminders]  # fmt: skip
    span = (("first", nudges.c.due_at), ("last", nudges.c.due_at), ("today", absences.c.first))
    group = _table("reminders", ("calendar", people.c.calendar), SLOT[0], *span, *SLOT[1:], rows=each)
    mine = (absences.c.person == people.c.id, _concerns(rhythm))
    away = exists().where(*mine, absences.c.first <= group.today, absences.c.last >= group.today)
    nudged = and_(nudges.c.person == people.c.id, nudges.c.period == group.period, nudges.c.rhythm == rhythm)
    chosen = (
        select(people.c.id, literal(rhythm), group.period, literal(step), group.at, group.state, literal(0))
        .join(people, people.c.calendar == group.calendar)
        .join(nudges, nudged)
        # coalesce: SQLite would look each person up in the index of the whole round instead of by their key.
        .where(nudges.c.step == 0, func.coalesce(nudges.c.state, "") == "said")
        .where(nudges.c.due_at.between(group.first, group.last), active(), ~away)
    )
    return await _insert(session, chosen)


async def followups_by(session: Session, latest: date) -> list[tuple[str, date]]:
    """Calendar and day of the follow-ups to come, up to the day `latest`."""
    query = (
        select(people.c.calendar, followups.c.day)
        .join(people, people.c.id == followups.c.person)
        .where(followups.c.planned.is_(False), followups.c.day <= latest, active())
        .distinct()
    )
    return [(row.calendar, row.day) for row in await session.all(query)]


async def follow_up(session: Session, calendar: str, day: date, at: datetime, today: date, stale: bool) -> int:
    """Nudges for all follow-ups of this calendar and day whose people are here. What is `stale` was missed, unless
    they were away when it came. Something that was followed up before, and put off, gets its next step.
    """
    mine = (absences.c.person == followups.c.person, or_(absences.c.rhythm == ALL, _same_rhythm))
    away, was_away = exists().where(*mine, _within(today, today)), exists().where(*mine, _within(day, today))
    state: ColumnElement[str] = case((was_away, "owed"), else_="missed") if stale else literal("owed")
    before = and_(nudges.c.person == followups.c.person, nudges.c.rhythm == followups.c.rhythm)
    step = select(func.max(nudges.c.step) + 1).where(before, nudges.c.period == followups.c.about).scalar_subquery()
    here = and_(followups.c.day == day, followups.c.planned.is_(False), people.c.calendar == calendar, active(), ~away)
    join = followups.join(people, people.c.id == followups.c.person)
    chosen = select(
        followups.c.person, followups.c.rhythm, followups.c.about, func.coalesce(step, 0),
        literal(at, nudges.c.due_at.type), state, literal(0),
    ).select_from(join).where(here)  # fmt: skip
    count = await _insert(session, chosen)
    those = select(followups.c.person, followups.c.rhythm, followups.c.about).select_from(join).where(here)
    key = tuple_(followups.c.person, followups.c.rhythm, followups.c.about)
    await session.run(update(followups).where(key.in_(those)).values(planned=True))
    return count


_same_rhythm = absences.c.rhythm == followups.c.rhythm


# The player's.


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
        select(nudges.c.rhythm, nudges.c.period, nudges.c.step, nudges.c.due_at, nudges.c.tries, people)
        .join(people, people.c.id == nudges.c.person)
        .where(nudges.c.state == "owed", nudges.c.due_at <= now, active(), still)
        .order_by(nudges.c.due_at, nudges.c.person)
        .limit(limit)
    )
    found = []
    for row in await session.all(query):
        actor = person(row)
        id = f"due/{actor.id}/{row.rhythm}/{row.period}/{row.step}"
        due = Due(id=id, actor=actor, place=actor.home, at=now, rhythm=row.rhythm, period=row.period, step=row.step)
        found.append(Owed(due, row.due_at, row.calendar, row.tries))
    return found


async def leave(session: Session, persons: Iterable[str], since: date) -> dict[str, list[tuple[str, date, date]]]:
    """By person: the rhythm, first and last day of every leave that was not over by the day `since`."""
    query = select(absences).where(absences.c.person.in_(sorted(set(persons))), absences.c.last >= since)
    found = dict[str, list[tuple[str, date, date]]]()
    for row in await session.all(query):
        found.setdefault(row.person, []).append((row.rhythm, row.first, row.last))
    return found


async def next_owed(session: Session, now: datetime) -> datetime | None:
    """When the next of the nudges that were put off will be said."""
    later = nudges.c.due_at > now
    found: datetime | None = await session.value(
        select(func.min(nudges.c.due_at)).where(nudges.c.state == "owed", later)
    )
    return found


def _this(due: Due) -> ColumnElement[bool]:
    return and_(nudges.c.person == due.actor.id, _of(due.rhythm, due.period, due.step))


async def _become(session: Session, due: Due, **values: Any) -> None:
    """Only what is still owed changes: another replica, or the person, may have been first."""
    await session.run(update(nudges).where(_this(due), nudges.c.state == "owed").values(values))


async def said(session: Session, due: Due) -> None:
    await _become(session, due, state="said")


async def all_said(session: Session, dues: Iterable[Due]) -> None:
    keys = [(due.actor.id, due.rhythm, due.period, due.step) for due in dues]
    key = tuple_(*(nudges.c[name] for name in KEY))
    await session.run(update(nudges).where(key.in_(keys), nudges.c.state == "owed").values(state="said"))


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


@dataclass(frozen=True, slots=True)
class Absence:
    id: str
    person: str
    rhythm: str
    first: date
    last: date

    async def save(self, session: Session) -> None:
        row = {"id": self.id, "person": self.person, "rhythm": self.rhythm, "first": self.first, "last": self.last}
        await session.run(absences.insert().values(row))


@dataclass(frozen=True, slots=True)
class Back:
    """The person is here again: what was said of being away from now on is taken back."""

    person: str
    today: date

    async def save(self, session: Session) -> None:
        mine = and_(absences.c.person == self.person, absences.c.last >= self.today)
        await session.run(absences.delete().where(mine))


@dataclass(frozen=True, slots=True)
class FollowUp:
    person: str
    rhythm: str
    about: str
    day: date

    async def save(self, session: Session) -> None:
        row = {"person": self.person, "rhythm": self.rhythm, "about": self.about, "day": self.day, "planned": False}
        insert = session.insert(followups).values(row)
        changed = {"day": self.day, "planned": False}
        await session.run(insert.on_conflict_do_update(index_elements=["person", "rhythm", "about"], set_=changed))


async def away_now(session: Session, event: Event) -> Sequence[Any]:
    """The actor's absences that are not over, the first first."""
    mine = and_(absences.c.person == event.actor.id, absences.c.last >= event.today)
    return await session.all(select(absences).where(mine).order_by(absences.c.first))


async def states(session: Session, ids: Sequence[str], rhythm: str, period: str) -> dict[str, State]:
    """How each of these people stands in a rhythm's period; who has no line yet is left out."""
    query = select(nudges.c.person, nudges.c.state).where(
        nudges.c.person.in_(ids), nudges.c.rhythm == rhythm, nudges.c.period == period, nudges.c.step == 0
    )
    return {row.person: row.state for row in await session.all(query)}
