"""What is old enough goes, kind by kind, as app.yaml says: a few hundred rows a transaction, and never what is open."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, func, literal, select, tuple_
from sqlalchemy.sql.selectable import Select

from bot.core.settings import Retention
from storage.engine import Session
from storage.keeping import Aged, Rule, holds, ruled
from storage.listed import among
from storage.outbox import events

LOOKED = 5000  # rows a look
BATCH = 500  # rows a transaction: some ten milliseconds in which nobody else writes
MONTHS = ("checkins", "reviews", "grow", "goals", "kudos", "feedback", "audit", "rhythm")


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of one table that go when they are older than that."""

    table: Table
    aged: Aged
    before: datetime


def steps(kept: Retention, now: datetime) -> Iterator[Step]:
    """What is due at this moment (aware); what hangs on others goes before them, and by itself where it is older."""
    for table, rule in reversed(ruled()):
        for aged in rule.aged:
            if before := _before(kept, aged.kind, now):
                yield Step(table, aged, before)


def _before(kept: Retention, kind: str, now: datetime) -> datetime | None:
    if kind == "traffic":
        return now - timedelta(days=kept.traffic) if kept.traffic else None
    if kind == "longest":
        months = [getattr(kept, each) for each in MONTHS]
        return months_before(now, max(months)) if all(months) else None
    months_kept: int = getattr(kept, kind)
    return months_before(now, months_kept) if months_kept else None


def months_before(now: datetime, months: int) -> datetime:
    """The same day so many months ago; the last of a shorter month."""
    years, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return now.replace(year=years, month=month + 1, day=min(now.day, monthrange(years, month + 1)[1]))


async def claim(session: Session, now: datetime) -> bool:
    """Whether nobody has begun with this day yet: of several replicas one does it."""
    new = session.insert(events).values(id=f"retention/{now.date()}", at=now).on_conflict_do_nothing()
    return await session.first(new.returning(events.c.id)) is not None


async def last(session: Session, now: datetime) -> date | None:
    """The last day on which somebody began with it, of the last few."""
    days = {f"retention/{day}": day for day in (now.date() - timedelta(days=n) for n in range(7))}
    found = await session.all(select(events.c.id).where(events.c.id.in_(days)))
    return max((days[row.id] for row in found), default=None)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look along the keys of a table found: keys of rows that go, and behind which the next look begins; None
    when that was all."""

    keys: list[tuple[Any, ...]]
    after: tuple[Any, ...] | None


async def look(session: Session, step: Step, after: tuple[Any, ...] | None) -> Look:
    """The next few thousand rows. Along the key, which every table has an index of: by age each look would read the
    whole table, or each row that is ever written pay for one more index."""
    keys, here = list(step.table.primary_key.columns), list[ColumnElement[bool]]()
    if after:
        here.append(_behind(keys, after))
    ends = await session.first(select(*keys).where(*here).order_by(*keys).offset(LOOKED - 1).limit(1))
    if ends:
        here.append(~_behind(keys, tuple(ends)))
    found = await session.all(_due(step).where(*here))
    return Look([tuple(key) for key in found], tuple(ends) if ends else None)


def _behind(keys: list[Any], key: tuple[Any, ...]) -> ColumnElement[bool]:
    return tuple_(*keys) > tuple_(*(literal(value, column.type) for column, value in zip(keys, key, strict=True)))


async def sweep(session: Session, step: Step, keys: Sequence[tuple[Any, ...]]) -> int:
    """Delete those of them that are still as old, with what hangs on them. Returns how many."""
    of = list(step.table.primary_key.columns)
    keys = [tuple(key) for key in await session.all(_due(step).where(among(session, of, keys)))]
    if not keys:
        return 0
    if "id" in step.table.c:
        for table, rule in ruled():
            await _along(session, table, rule, step.table.name, [key[0] for key in keys])
    await session.run(step.table.delete().where(among(session, of, keys)))
    return len(keys)


async def _along(session: Session, table: Table, rule: Rule, parent: str, ids: list[Any]) -> None:
    for column, name in rule.within:
        if name == parent:
            await session.run(table.delete().where(table.c[column].in_(ids)))


async def due(session: Session, kept: Retention, now: datetime) -> dict[str, int]:
    """How many rows of each table would go, without touching them; what hangs on them is not counted."""
    found = dict[str, int]()
    for step in steps(kept, now):
        rows = int(await session.value(select(func.count()).select_from(_due(step).subquery())))
        found[step.table.name] = found.get(step.table.name, 0) + rows
    return {name: rows for name, rows in found.items() if rows}


def _due(step: Step) -> Select[Any]:
    table = step.table
    query = select(*table.primary_key.columns).where(_old(step))
    # What somebody else still points at stays: the goal that one serves, until that one goes.
    rule = next(rule for each, rule in ruled() if each is table)
    for column in rule.loose:
        child = table.alias()
        query = query.where(~exists().where(child.c[column] == table.c.id))
    return query


def _old(step: Step) -> ColumnElement[bool]:
    """Empty is never older: what is open has no such day yet."""
    column = step.table.c[step.aged.column]
    old = column < (step.before if issubclass(holds(column), datetime) else step.before.date())
    return and_(old, step.aged.over(step.table.c)) if step.aged.over else old
