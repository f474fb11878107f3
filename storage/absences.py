"""When somebody is not to be nudged: away, or one rhythm put to rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, select
from sqlmodel import Field, SQLModel

from bot.core.events import Event
from storage.engine import Session, table

ALL = "*"  # every rhythm
FOR_EVER = date(9999, 12, 31)


class AbsenceRow(SQLModel, table=True):
    """Days, both inclusive, on which somebody is not nudged: by any rhythm (*), or by one."""

    __tablename__ = "absences"
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id", index=True)
    rhythm: str
    first: date
    last: date = Field(index=True)


absences = table(AbsenceRow)


def concerns(rhythm: str) -> ColumnElement[bool]:
    return absences.c.rhythm.in_((rhythm, ALL))


def within(since: date, until: date) -> ColumnElement[bool]:
    """Leave that touches these days. What is yet to come keeps no nudge away."""
    return and_(absences.c.last >= since, absences.c.first <= until)


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
    """The person is here again: what was said of being away from now on is taken back. Of one rhythm only: it goes on,
    and nothing else does."""

    person: str
    today: date
    rhythm: str = ""

    async def save(self, session: Session) -> None:
        which = absences.c.rhythm == self.rhythm if self.rhythm else literal(True)
        mine = and_(absences.c.person == self.person, absences.c.last >= self.today, which)
        await session.run(absences.delete().where(mine))


async def away_now(session: Session, event: Event) -> Sequence[Any]:
    """The actor's absences that are not over, the first first."""
    mine = and_(absences.c.person == event.actor.id, absences.c.last >= event.today)
    return await session.all(select(absences).where(mine).order_by(absences.c.first))


async def leave(session: Session, persons: Iterable[str], since: date) -> dict[str, list[tuple[str, date, date]]]:
    """By person: the rhythm, first and last day of every leave that was not over by the day `since`."""
    query = select(absences).where(absences.c.person.in_(sorted(set(persons))), absences.c.last >= since)
    found = dict[str, list[tuple[str, date, date]]]()
    for row in await session.all(query):
        found.setdefault(row.person, []).append((row.rhythm, row.first, row.last))
    return found
