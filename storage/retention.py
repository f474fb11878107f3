"""What is old enough goes, kind by kind, as app.yaml says: a few hundred rows a transaction, and never what is open."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, func, select, tuple_
from sqlalchemy.sql.selectable import Select

from bot.core.settings import Retention
from storage.engine import Session
from storage.keeping import Aged, Rule, holds, ruled
from storage.outbox import events

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


async def sweep(session: Session, step: Step, limit: int = BATCH) -> int:
    """Delete some of them, with what hangs on them. Returns how many: less than the limit means that it is done."""
    keys = await session.all(_due(step).limit(limit))
    if not keys:
        return 0
    these = _key(step.table).in_([tuple(key) for key in keys])
    if "id" in step.table.c:
        for table, rule in ruled():
            await _along(session, table, rule, step.table.name, [key.id for key in keys])
    await session.run(step.table.delete().where(these, _old(step)))
    session.erased = True
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
    return query.order_by(table.c[step.aged.column])


def _old(step: Step) -> ColumnElement[bool]:
    """Empty is never older: what is open has no such day yet."""
    column = step.table.c[step.aged.column]
    old = column < (step.before if issubclass(holds(column), datetime) else step.before.date())
    return and_(old, step.aged.over(step.table.c)) if step.aged.over else old


def _key(table: Table) -> Any:
    return tuple_(*table.primary_key.columns)
