"""Reminders, to who was nudged and has not answered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import and_, exists, func, literal, select

from storage.absences import absences, concerns
from storage.engine import Session
from storage.listed import listed
from storage.nudges import SLOT, insert, nudges
from storage.overlays import cadences
from storage.people import active, layered, people
from storage.rounds import CADENCE, COMPANY, KIN, Kin, kin_of


@dataclass(frozen=True, slots=True)
class Group:
    """Kin who were nudged between two moments, both inclusive, and have not answered."""

    kin: Kin
    period: str
    first: datetime
    last: datetime


async def waiting(session: Session, rhythm: str, step: int, periods: Iterable[str], until: datetime) -> list[Group]:
    """Who was nudged by the moment `until`, has not answered, and has no such reminder yet. One group a moment."""
    reminded = nudges.alias()
    same = and_(*(reminded.c[name] == nudges.c[name] for name in ("person", "rhythm", "period")))
    query = (
        layered(select(*KIN, nudges.c.period, nudges.c.due_at).join(nudges, people.c.id == nudges.c.person))
        .where(nudges.c.rhythm == rhythm, nudges.c.period.in_(sorted(periods)), nudges.c.step == 0)
        .where(nudges.c.state == "said", nudges.c.due_at <= until, active())
        .where(~exists().where(same, reminded.c.step == step))
        .distinct()
    )
    return [Group(kin_of(row), row.period, row.due_at, row.due_at) for row in await session.all(query)]


@dataclass(frozen=True, slots=True)
class Reminder:
    group: Group
    at: datetime
    state: Literal["owed", "missed"]
    today: date  # where these people are


async def remind(session: Session, rhythm: str, step: int, reminders: Iterable[Reminder]) -> int:
    """One statement for everybody of these groups who is not away today. Returns how many are new."""
    each = [(*r.group.kin, r.group.period, r.group.first, r.group.last, r.today, r.at, r.state) for r in reminders]
    kin = (("calendar", people.c.calendar), ("cadence", cadences.c.said), ("company", people.c.company))
    span = (("first", nudges.c.due_at), ("last", nudges.c.due_at), ("today", absences.c.first))
    table = listed(session, "reminders", *kin, SLOT[0], *span, *SLOT[1:], rows=each)
    group = table.c
    mine = (absences.c.person == people.c.id, concerns(rhythm))
    away = exists().where(*mine, absences.c.first <= group.today, absences.c.last >= group.today)
    nudged = and_(nudges.c.person == people.c.id, nudges.c.period == group.period, nudges.c.rhythm == rhythm)
    same = (people.c.calendar == group.calendar, group.cadence == CADENCE, group.company == COMPANY)
    row = (people.c.id, literal(rhythm), group.period, literal(step), group.at, group.state, literal(0))
    chosen = (
        layered(select(*row).select_from(people))
        .join(table, and_(*same))
        .join(nudges, nudged)
        # coalesce: SQLite would look each person up in the index of the whole round instead of by their key.
        .where(nudges.c.step == 0, func.coalesce(nudges.c.state, "") == "said")
        .where(nudges.c.due_at.between(group.first, group.last), active(), ~away)
    )
    return await insert(session, chosen)
