"""The rounds of a rhythm: who is to be asked in a period, planned for everybody by one statement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import CTE, ColumnElement, Join, Row, and_, exists, func, literal, select

from storage.absences import absences, concerns, within
from storage.engine import Session
from storage.nudges import SLOT, insert, listed, nudges
from storage.overlays import any_cadence, cadences, companies, of_companies
from storage.people import accounts, active, layered, people, settled_in

MOST = 4000  # lines of a table within one statement: both databases take some 32,000 values


class Kin(NamedTuple):
    """People who are planned alike: their days are the same, and so is what was said about their rhythms."""

    calendar: str  # Calendar.key
    cadence: str = ""  # as the manager of their team said it, see bot.core.cadences
    company: str = ""  # the company, if its admins have set something


COMPANY, CADENCE = func.coalesce(companies.c.company, ""), func.coalesce(cadences.c.said, "")
KIN = (people.c.calendar, CADENCE.label("cadence"), COMPANY.label("kin_company"))


def kin_of(row: Row[Any]) -> Kin:
    return Kin(row.calendar, row.cadence, row.kin_company)


async def kin(session: Session) -> list[Kin]:
    """Of everybody whom we may speak to first. Few, however many people there are."""
    if not await any_cadence(session) and not await of_companies(session):
        rows = await session.all(select(people.c.calendar).where(active()).distinct())
        return [Kin(row.calendar) for row in rows]
    return [kin_of(row) for row in await session.all(layered(select(*KIN)).where(active()).distinct())]


@dataclass(frozen=True, slots=True)
class Slot:
    """What kin are owed."""

    period: str
    at: datetime
    state: Literal["owed", "missed"]
    first: datetime  # the period, from its first moment where they are …
    end: datetime  # … up to the first after it


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

    def who(self) -> ColumnElement[bool]:
        # By any account they have: the one they are written to may be on another platform.
        named = exists().where(accounts.c.person == people.c.id, accounts.c.account.in_(self.pilot))
        chosen = named if self.pilot else literal(True)
        before = exists().where(nudges.c.person == people.c.id, nudges.c.rhythm == self.rhythm)
        known = before.where(nudges.c.due_at < self.after) if self.after else literal(True)
        plain = people.c.company.not_in(select(companies.c.company))
        here = people.c.company == self.company if self.company else plain
        return and_(active(), settled_in(self.first_days), chosen, known, here)

    def away(self) -> ColumnElement[bool]:
        mine = (absences.c.person == people.c.id, concerns(self.rhythm))
        return exists().where(*mine, within(self.since, self.until))

    def asked(self, slot: Any) -> ColumnElement[bool]:
        """Those who were asked in the time of this slot already, for a period of another cadence: who changes teams, or
        whose team changes, is asked once. What was missed does not count, nor is anything else missed for its sake."""
        if self.after:
            return literal(False)
        same = (nudges.c.person == people.c.id, nudges.c.rhythm == self.rhythm, nudges.c.step == 0)
        there = (nudges.c.due_at >= slot.first, nudges.c.due_at < slot.end, nudges.c.period != slot.period)
        return exists().where(*same, *there, nudges.c.state.not_in(("missed", "dropped")))


async def plan(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> int:
    """A statement or two for everybody whose moment has come: `slots` says for which kin. Returns how many are new."""
    new = 0
    for table, theirs in _tables(slots):
        slot = table.c
        row = (people.c.id, literal(whom.rhythm), slot.period, literal(0), slot.at, slot.state, literal(0))
        chosen = select(*row).select_from(theirs).where(whom.who(), ~whom.away(), ~whom.asked(slot))
        new += await insert(session, chosen)
    return new


def _tables(slots: Mapping[Kin, Slot]) -> Iterator[tuple[CTE, Join]]:
    """The slots as a table, and joined with their people: from the calendar to its people for the many who have the
    company's rhythm, from the manager to the team for those who have their own. Either way each person is met once.
    Joined, not a CASE: with a hundred calendars that would be compared a hundred times for each person."""
    for own in (False, True):
        rest = [(kin, slot) for kin, slot in slots.items() if bool(kin.cadence) is own]
        for some in (rest[n : n + MOST] for n in range(0, len(rest), MOST)):
            table = _slots(some)
            if own:
                teams = table.join(cadences, cadences.c.said == table.c.cadence)
                # coalesce: SQLite would take everybody of the calendar and leave out who is not in the team.
                same = func.coalesce(people.c.calendar, "") == table.c.calendar
                yield table, teams.join(people, and_(people.c.manager == cadences.c.manager, same))
            else:
                none = ~exists().where(cadences.c.manager == people.c.manager)
                yield table, table.join(people, and_(people.c.calendar == table.c.calendar, none))


def _slots(slots: Sequence[tuple[Kin, Slot]]) -> CTE:
    each = [(kin.calendar, kin.cadence, s.period, s.at, s.state, s.first, s.end) for kin, s in slots]
    span = (("first", nudges.c.due_at), ("end", nudges.c.due_at))
    return listed("slots", ("calendar", people.c.calendar), ("cadence", cadences.c.said), *SLOT, *span, rows=each)


async def absent(session: Session, whom: Whom) -> list[tuple[str, Kin, date, date]]:
    """Person, kin, first and last day away of those left out by `plan`: the few that are looked at one by one."""
    query = (
        select(people.c.id, people.c.calendar, CADENCE.label("cadence"), absences.c.first, absences.c.last)
        .select_from(people.outerjoin(cadences, cadences.c.manager == people.c.manager))
        .join(absences, absences.c.person == people.c.id)
        .where(concerns(whom.rhythm), within(whom.since, whom.until), whom.who())
    )
    rows = await session.all(query)
    return [(row.id, Kin(row.calendar, row.cadence, whom.company), row.first, row.last) for row in rows]


async def plan_each(session: Session, rhythm: str, slots: Mapping[str, Slot]) -> None:
    """The same for single people, by id."""
    rows = [
        {"person": id, "rhythm": rhythm, "period": s.period, "step": 0, "due_at": s.at, "state": s.state, "tries": 0}
        for id, s in slots.items()
    ]
    if rows:
        await session.run(session.insert(nudges).on_conflict_do_nothing(), rows)


async def lacking(session: Session, whom: Whom, slots: Mapping[Kin, Slot]) -> set[Kin]:
    """Those kin in which somebody who is not away has no nudge of this period, said or not."""
    found = set[Kin]()
    for table, theirs in _tables(slots):
        has = exists().where(nudges.c.person == people.c.id, nudges.c.rhythm == whom.rhythm)
        none = ~has.where(nudges.c.period == table.c.period, nudges.c.step == 0)
        those = (whom.who(), none, ~whom.away(), ~whom.asked(table.c))
        query = select(table.c.calendar, table.c.cadence).select_from(theirs).where(*those).distinct()
        found |= {Kin(row.calendar, row.cadence, whom.company) for row in await session.all(query)}
    return found
