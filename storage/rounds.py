"""The rounds of a rhythm: who is to be asked in a period, planned by few statements, thousands of people by each."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Join,
    Row,
    Select,
    String,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
)

from bot.core.calendar import Every
from bot.core.calendar import after as following
from bot.core.calendar import period as period_of
from storage.absences import absences, concerns, within
from storage.engine import Session
from storage.listed import listed
from storage.nudges import SLOT, State, insert, nudges
from storage.overlays import any_cadence, cadences, companies, of_companies
from storage.people import accounts, active, leads, people, settled_in

MOST = 4000  # lines of a table within one statement: both databases take some 32,000 values
SLICE = 5000  # people planned in one transaction: some thirty milliseconds in which nobody else writes
FEW = 1000  # who lack a nudge: so many are written down one by one, for more their whole round is planned in parts
TEAMS = 200  # managers whose teams have a rhythm of their own, likewise
DAY = timedelta(days=1)


class Kin(NamedTuple):
    """People who are planned alike: their days are the same, and so is what was said about their rhythms."""

    calendar: str  # Calendar.key
    cadence: str = ""  # as the manager of their team said it, see bot.core.cadences
    company: str = ""  # the company, if its admins have set something


COMPANY, CADENCE = func.coalesce(companies.c.company, ""), func.coalesce(cadences.c.said, "")
MANAGER = func.coalesce(cadences.c.manager, "")  # SQLite has to begin with the managers: they are few
SHARED = or_(people.c.manager.is_(None), people.c.manager.not_in(select(cadences.c.manager)))  # the company's rhythm
KIN = (people.c.calendar, CADENCE.label("cadence"), COMPANY.label("kin_company"))


def kin_of(row: Row[Any]) -> Kin:
    return Kin(row.calendar, row.cadence, row.kin_company)


async def kin(session: Session) -> list[Kin]:
    """All there can be among those whom we may speak to first: few, however many people there are. Nobody is looked
    at one by one: from each calendar the next one is found by an index."""
    found = {Kin(calendar) for _, calendar in await _calendars(session, None)}
    if await of_companies(session):
        found |= {
            Kin(calendar, company=company) for company, calendar in await _calendars(session, companies.c.company)
        }
    if await any_cadence(session):
        teams = cadences.join(people, people.c.manager == MANAGER)
        query = select(*KIN).select_from(teams.outerjoin(companies, companies.c.company == people.c.company))
        found |= {kin_of(row) for row in await session.all(query.where(active()).distinct())}
    return sorted(found)


async def _calendars(session: Session, company: ColumnElement[str] | None) -> list[tuple[str, str]]:
    """Company and calendar; of all companies together where none is named."""
    of = literal("") if company is None else company

    def least(of: ColumnElement[str], *more: ColumnElement[bool]) -> Any:
        here = literal(True) if company is None else people.c.company == of
        return select(func.min(people.c.calendar)).where(active(), here, *more).scalar_subquery()

    first = select(of.label("company"), least(of).label("calendar"))
    each = (first if company is None else first.select_from(companies)).cte("calendars", recursive=True)
    after = select(each.c.company, least(each.c.company, people.c.calendar > each.c.calendar))
    each = each.union_all(after.where(each.c.calendar.is_not(None)))
    rows = await session.all(select(each).where(each.c.calendar.is_not(None)))
    return [(row.company, row.calendar) for row in rows]


@dataclass(frozen=True, slots=True)
class Slot:
    """What kin are owed."""

    period: str
    at: datetime
    state: Literal["owed", "missed"]
    first: datetime  # the period, from its first moment where they are …
    end: datetime  # … up to the first after it


class Span(NamedTuple):
    """Of ids: of people, of those who lead some, or of the managers of those whose team has a rhythm of its own."""

    after: str | BindParameter[str]
    last: str | BindParameter[str]  # itself in it

    def holds(self, id: ColumnElement[str]) -> ColumnElement[bool]:
        return and_(id > self.after, id <= self.last)


ANY = Span(bindparam("after", type_=String), bindparam("last", type_=String))


@dataclass(frozen=True, slots=True)
class Whom:
    """Who can be owed a nudge of a rhythm at all. Newcomers, started after `first_days`, cannot."""

    rhythm: str
    first_days: date
    since: date  # who was away at some time from then …
    until: date  # … to then is looked at one by one
    after: datetime | None = None  # only who has been due a nudge of this rhythm by then
    pilot: tuple[str, ...] = ()  # only these accounts; empty: everybody
    company: str = ""  # only of this one; "": of all that have set nothing in chat
    leading: bool = False  # only who has somebody reporting to them

    def here(self) -> ColumnElement[bool]:
        plain = people.c.company.not_in(select(companies.c.company))
        return people.c.company == self.company if self.company else plain

    def who(self) -> ColumnElement[bool]:
        # By any account they have: the one they are written to may be on another platform.
        named = people.c.id.in_(select(accounts.c.person).where(accounts.c.account.in_(self.pilot)))
        before = exists().where(nudges.c.person == people.c.id, nudges.c.rhythm == self.rhythm)
        known = (before.where(nudges.c.due_at < self.after),) if self.after else ()
        more = (*((named,) if self.pilot else ()), *((leads(people.c.id),) if self.leading else ()), *known)
        return and_(active(), settled_in(self.first_days), self.here(), *more)

    def back(self) -> ColumnElement[bool]:
        """Those whose leave does not go on, wherever they are, on the last of these days: meanwhile nothing is due."""
        gone = (concerns(self.rhythm), absences.c.first < self.until - DAY, absences.c.last >= self.until)
        return people.c.id.not_in(select(absences.c.person).where(*gone))

    def away(self, span: Span | None = None) -> ColumnElement[bool]:
        # Those who are away, once, and not each person's absences: they are few.
        gone = select(absences.c.person).where(concerns(self.rhythm), within(self.since, self.until))
        return people.c.id.in_(gone.where(span.holds(absences.c.person)) if span else gone)

    async def nobody(self, session: Session) -> bool:
        """Whether that is so before anybody is looked at: they must have been due something, and nobody was."""
        if not self.after:
            return False
        mine = nudges.c.rhythm == self.rhythm
        # From period to period by the index: through all of a rhythm's nudges it takes half a second a million.
        first = select(func.min(nudges.c.period).label("period")).where(mine).cte("periods", recursive=True)
        more = select(func.min(nudges.c.period)).where(mine, nudges.c.period > first.c.period).scalar_subquery()
        each = first.union_all(select(more).where(first.c.period.is_not(None)))
        states = nudges.c.step == 0, nudges.c.state.in_(get_args(State))
        before = select(nudges.c.person).join(each, nudges.c.period == func.coalesce(each.c.period, ""))
        return await session.first(before.where(mine, *states, nudges.c.due_at < self.after).limit(1)) is None

    def asked(self, slot: Any, periods: Collection[str]) -> ColumnElement[bool]:
        """Those who were asked in the time of this slot already, for a period of another cadence: who changes teams, or
        whose team changes, is asked once. What was missed does not count, nor is anything else missed for its sake."""
        there = (nudges.c.due_at >= slot.first, nudges.c.due_at < slot.end, nudges.c.period != slot.period)
        return exists().where(nudges.c.person == people.c.id, *self._in(periods), *there)

    def then(self, slots: Mapping[Kin, Slot], periods: Collection[str]) -> tuple[ColumnElement[bool], ...]:
        """Of nudges: for one of these periods, in the time of the slots."""
        first, end = min(slot.first for slot in slots.values()), max(slot.end for slot in slots.values())
        return *self._in(periods), nudges.c.due_at >= first, nudges.c.due_at < end

    def _in(self, periods: Collection[str]) -> tuple[ColumnElement[bool], ...]:
        states = nudges.c.state.in_(ASKED)
        return nudges.c.rhythm == self.rhythm, nudges.c.period.in_(sorted(periods)), nudges.c.step == 0, states


ASKED = ("owed", "said", "answered", "skipped")


@dataclass(frozen=True, slots=True)
class Search:
    """Kin who are looked for in the same way."""

    slots: Mapping[Kin, Slot]
    own: bool  # whether they are teams with a rhythm of their own
    beside: frozenset[str]  # periods in which some of them may have been asked in this time already


@dataclass(frozen=True, slots=True)
class Part:
    """Some people of some kin: as many as are planned in one transaction."""

    chosen: Select[Any]  # the same one of all parts that are searched in the same way
    span: Span


async def _searches(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> list[Search]:
    if await whom.nobody(session):
        return []
    found = list[Search]()
    for own in (False, True):
        each = [(kin, slot) for kin, slot in slots.items() if bool(kin.cadence) is own]
        for some in (dict(each[n : n + MOST]) for n in range(0, len(each), MOST)):
            found.append(Search(some, own, await _beside(session, whom, some)))
    return found


async def parts(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> list[Part]:
    """Everybody the slots are about, in parts. People whose ids lie side by side are planned together, for then what
    is written lies side by side too: calendar by calendar each part would touch the whole of the index."""
    found = list[Part]()
    for search in await _searches(session, whom, slots):
        slot, theirs, conditions = _those(session, whom, search, ANY)
        row = (people.c.id, literal(whom.rhythm), slot.period, literal(0), slot.at, slot.state, literal(0))
        chosen = select(*row).select_from(theirs).where(*conditions)
        spans = await _managers(session, whom) if search.own else await _spans(session, whom, search.slots)
        found += [Part(chosen, span) for span in spans]
    return found


async def _spans(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> list[Span]:
    """So that each holds about SLICE of those concerned: their ids are spread as everybody's are."""
    calendars = [kin.calendar for kin in slots]
    these = select(people.c.id).where(active(), whom.here(), people.c.calendar.in_(calendars))
    if whom.leading:  # of all calendars: whose reports they are stands in one index, and where they live in another
        here = (whom.here(),) if whom.company else ()
        these = select(people.c.manager).where(people.c.gone.is_(False), *here).distinct()
    wanted = -(-(await session.value(select(func.count()).select_from(these.subquery()))) // SLICE)
    last = await session.value(select(func.max(people.c.id)))
    if wanted <= 1:
        return [Span("", last)] * wanted
    everybody = await session.value(select(func.count()).select_from(people))
    cuts = select(literal("").label("id")).cte("cuts", recursive=True)
    behind = select(people.c.id).where(people.c.id > cuts.c.id).order_by(people.c.id)
    cut = behind.offset(-(-everybody // wanted) - 1).limit(1).scalar_subquery()
    cuts = cuts.union_all(select(cut).where(cuts.c.id.is_not(None)))
    ids = [row.id for row in await session.all(select(cuts.c.id).where(cuts.c.id.is_not(None)))]
    return [Span(after, last) for after, last in pairwise([*ids, last])]


async def _managers(session: Session, whom: Whom) -> list[Span]:
    theirs = select(cadences.c.manager).order_by(cadences.c.manager)
    if whom.company:
        theirs = theirs.join(people, people.c.id == cadences.c.manager).where(whom.here())
    ids = [row.manager for row in await session.all(theirs)]
    return [Span(after, last) for after, last in pairwise(["", *ids[TEAMS - 1 : -1 : TEAMS], *ids[-1:]])]


async def plan(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> int:
    """Nudges for everybody whose moment has come: `slots` says for which kin. Returns how many are new."""
    return sum([await plan_part(session, part) for part in await parts(session, whom, slots)])


async def plan_part(session: Session, part: Part) -> int:
    """The same for a part of them, by one statement."""
    return await insert(session, part.chosen, part.span._asdict())


async def late(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> list[tuple[str, Slot]]:
    """By id those who are not away and have no nudge of their slot, said or not. By far most times nobody; no more than
    FEW and one of them."""
    found = list[tuple[str, Slot]]()
    for search in await _searches(session, whom, slots):
        slot, theirs, conditions = _those(session, whom, search)
        lacking = select(people.c.id, slot.calendar, slot.cadence).select_from(theirs)
        query = lacking.where(_none(whom, slot), *conditions).limit(FEW + 1 - len(found))
        rows = await session.all(query)
        found += [(row.id, search.slots[Kin(row.calendar, row.cadence, whom.company)]) for row in rows]
    return found


async def lacking(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> set[Kin]:
    """The kin of all such people."""
    found = set[Kin]()
    for search in await _searches(session, whom, slots):
        slot, theirs, conditions = _those(session, whom, search)
        query = select(slot.calendar, slot.cadence).select_from(theirs).where(_none(whom, slot), *conditions)
        found |= {Kin(row.calendar, row.cadence, whom.company) for row in await session.all(query.distinct())}
    return found


def _none(whom: Whom, slot: Any) -> ColumnElement[bool]:
    """Who has no nudge of this period, said or not."""
    has = exists().where(nudges.c.person == people.c.id, nudges.c.rhythm == whom.rhythm)
    return ~has.where(nudges.c.period == slot.period, nudges.c.step == 0)


def _those(
    session: Session, whom: Whom, search: Search, span: Span | None = None
) -> tuple[Any, Join, list[ColumnElement[bool]]]:
    """The slots as a table, the same joined with their people, and who of these it is about. From the calendar to its
    people for the many who have the company's rhythm, from the manager to the team for those who have their own: each
    person is met once. Joined, not a CASE: with a hundred calendars that would be compared a hundred times for each."""
    table = _slots(session, search.slots)
    conditions = [whom.who(), ~whom.away(None if search.own else span)]
    if search.own:
        theirs = _teams(table, span)
    elif whom.leading:
        theirs = _leaders(table, span)
    else:
        theirs = _shared(table, span)
    if search.beside:
        exactly = whom.asked(table.c, search.beside)
        # Of the many, only those few are looked at more closely.
        few = people.c.id.in_(select(nudges.c.person).where(*whom.then(search.slots, search.beside)))
        conditions.append(~(exactly if search.own else and_(few, exactly)))
    return table.c, theirs, conditions


async def _beside(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> frozenset[str]:
    """The periods of other cadences in the time of these slots, if anybody was asked in one."""
    if whom.after:
        return frozenset()
    periods = frozenset(
        period for each in {(s.period, s.first, s.end) for s in slots.values()} for period in beside(*each)
    )
    asked = select(nudges.c.person).where(*whom.then(slots, periods))
    return periods if await session.first(asked.limit(1)) else frozenset()


@lru_cache(maxsize=1024)
def beside(period: str, first: datetime, end: datetime) -> frozenset[str]:
    """The others with which a period shares time, be it a day: elsewhere it is another day."""
    since, until = first.date() - DAY, end.date() + DAY
    found = set[str]()
    for every in get_args(Every):
        other = period_of(every, since)
        while other != period_of(every, until):
            found.add(other)
            other = following(every, other)
        found.add(other)
    return frozenset(found - {period})


def _teams(table: CTE, span: Span | None) -> Join:
    """Manager by manager."""
    between = (span.holds(cadences.c.manager),) if span else ()
    # coalesce: SQLite would begin with the slots, and look through all of these teams for each of them; or take
    # everybody of a calendar, or of all teams, and leave out who is not in one of these.
    said = func.coalesce(cadences.c.said, "") == table.c.cadence
    same = func.coalesce(people.c.calendar, "") == table.c.calendar
    teams = cadences.join(people, and_(people.c.manager == MANAGER, *between))
    return teams.join(table, and_(said, same))


def _shared(table: CTE, span: Span | None) -> Join:
    """Calendar by calendar."""
    between = (span.holds(people.c.id),) if span else ()
    # coalesce: SQLite would begin with all the people, and look for the slot of each.
    same = people.c.calendar == func.coalesce(table.c.calendar, "")
    return table.join(people, and_(same, *between, SHARED))


def _leaders(table: CTE, span: Span | None) -> Join:
    """Manager by manager: they are a tenth of a calendar's people."""
    led = people.alias("led")
    between = (span.holds(led.c.manager),) if span else ()
    leaders = select(led.c.manager).where(led.c.gone.is_(False), *between).distinct().subquery("leaders")
    same = func.coalesce(people.c.calendar, "") == table.c.calendar  # SQLite would begin with the slots
    return leaders.join(people, and_(people.c.id == leaders.c.manager, SHARED)).join(table, same)


def _slots(session: Session, slots: Mapping[Kin, Slot]) -> CTE:
    each = [(kin.calendar, kin.cadence, s.period, s.at, s.state, s.first, s.end) for kin, s in slots.items()]
    kin = (("calendar", people.c.calendar), ("cadence", cadences.c.said))
    span = (("first", nudges.c.due_at), ("end", nudges.c.due_at))
    return listed(session, "slots", *kin, *SLOT, *span, rows=each)


async def absent(
    session: Session, whom: Whom, slots: Mapping[Kin, Slot] | None = None
) -> list[tuple[str, Kin, date, date]]:
    """Person, kin, first and last day away of those left out by `plan`: the few that are looked at one by one. Without
    those who have the nudge of their slot, where `slots` are given."""
    query = (
        select(people.c.id, people.c.calendar, CADENCE.label("cadence"), absences.c.first, absences.c.last)
        .select_from(absences.join(people, people.c.id == absences.c.person))
        .outerjoin(cadences, cadences.c.manager == people.c.manager)
        .where(concerns(whom.rhythm), within(whom.since, whom.until), whom.who())
    )
    found = list[tuple[str, Kin, date, date]]()
    if await whom.nobody(session):
        return found
    for each in (query,) if slots is None else _lacking(session, query, whom, slots):
        rows = await session.all(each)
        found += [(row.id, Kin(row.calendar, row.cadence, whom.company), row.first, row.last) for row in rows]
    return found


def _lacking(session: Session, query: Any, whom: Whom, slots: Mapping[Kin, Slot]) -> Iterable[Any]:
    each = list(slots.items())
    for some in (dict(each[n : n + MOST]) for n in range(0, len(each), MOST)):
        table = _slots(session, some)
        # coalesce: SQLite would take everybody of a calendar and look whether they were away.
        same = and_(func.coalesce(people.c.calendar, "") == table.c.calendar, table.c.cadence == CADENCE)
        yield query.join(table, same).where(_none(whom, table.c), whom.back())


async def plan_each(session: Session, rhythm: str, slots: Iterable[tuple[str, Slot]]) -> int:
    """The same for single people, by id; who is no more is left out. Returns how many nudges are new."""
    rows = [(id, slot.period, slot.at, slot.state) for id, slot in slots]
    if not rows:
        return 0
    each = listed(session, "each", ("person", nudges.c.person), *SLOT, rows=rows)
    row = (each.c.person, literal(rhythm), each.c.period, literal(0), each.c.at, each.c.state, literal(0))
    return await insert(session, select(*row).join(people, people.c.id == each.c.person))
