"""Statements that are made once and run often, by the shortest way there is.

In a running turn SQLAlchemy spends some 60 µs on a statement that SQLite answers in 5, and twice that on making it
(measured). What nearly every turn asks is made once, and handed to the driver itself, with SQLAlchemy's own words and
its own conversion of values: on SQLite in a unit of work, on PostgreSQL in every transaction. Everywhere else it is run
as any other statement.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from operator import itemgetter
from typing import Any

import asyncpg
from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ReturnsRows
from sqlmodel import UTCDateTime

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Convert = Callable[[Any], Any]
REFUSED = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)  # what PostgreSQL's driver raises


class Prepared:
    """`make` makes the statement for a dialect ("sqlite", "postgresql"), with a bindparam for each value it takes."""

    def __init__(self, make: Callable[[str], Executable]) -> None:
        self._make = make
        self._made: dict[str, Executable] = {}
        self._plans: dict[tuple[str, ...], _Plan] = {}  # by the dialect and the names of the values

    def of(self, dialect: str) -> Executable:
        if dialect not in self._made:
            self._made[dialect] = self._make(dialect)
        return self._made[dialect]

    def run(self, connection: Connection, values: Values) -> "Answered":
        """On a connection of SQLite's own driver."""
        cursor = connection.connection.cursor()
        if isinstance(values, Mapping):
            plan = self._plan(connection.dialect, values)
            _tell(connection, cursor, plan.sql, row := plan.row(values), False)
            cursor.execute(plan.sql, row)
        else:
            plan = self._plan(connection.dialect, values[0])
            _tell(connection, cursor, plan.sql, rows := [plan.row(each) for each in values], True)
            cursor.executemany(plan.sql, rows)
        found = [plan.read(row) for row in cursor.fetchall()] if plan.kind else []
        answered = Answered(found, cursor.rowcount)
        cursor.close()
        return answered

    async def ask(self, connection: AsyncConnection, driver: asyncpg.Connection, values: Values) -> "Answered":
        """By PostgreSQL's own driver, below that connection. Raises what SQLAlchemy would."""
        many = not isinstance(values, Mapping)
        plan = self._plan(connection.dialect, values[0] if many else values)  # type: ignore[index,arg-type]
        told = [plan.row(each) for each in values] if many else plan.row(values)  # type: ignore[arg-type]
        _tell(connection.sync_connection, None, plan.sql, told, many)
        try:
            if many:
                await driver.executemany(plan.sql, told)
                return Answered([], -1)
            if plan.kind:
                rows = await driver.fetch(plan.sql, *told)
                return Answered([plan.read(row) for row in rows], len(rows))
            return Answered([], _touched(await driver.execute(plan.sql, *told)))
        except REFUSED as error:
            raise await refused(connection, driver, plan.sql, error) from error

    def _plan(self, dialect: Dialect, values: Mapping[str, Any]) -> "_Plan":
        if (plan := self._plans.get(given := (dialect.name, *values))) is None:
            plan = self._plans[given] = _planned(self.of(dialect.name), dialect, tuple(values))
        return plan


async def refused(connection: AsyncConnection, driver: asyncpg.Connection, sql: str, error: Exception) -> DBAPIError:
    """As SQLAlchemy would raise it; a connection that broke is given to nobody again."""
    if broken := driver.is_closed():
        await connection.invalidate(error)
    return DBAPIError(sql, None, error, hide_parameters=True, connection_invalidated=broken)


def _touched(status: str) -> int:
    """How many rows, by what the server says at the end, such as "INSERT 0 1"."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdecimal() else -1


def _tell(connection: Any, cursor: Any, sql: str, values: Any, many: bool) -> None:
    """Who listens to the engine's statements hears of this one too; asking who costs more than asking whether."""
    if not connection.engine._has_events:
        return
    for heard in connection.dispatch.before_cursor_execute:
        heard(connection, cursor, sql, values, None, many)


@dataclass(frozen=True, slots=True)
class Answered:
    """As much of SQLAlchemy's result as is asked for."""

    rows: Sequence[Any]
    rowcount: int

    def first(self) -> Any:
        return self.rows[0] if self.rows else None

    def all(self) -> Sequence[Any]:
        return self.rows

    def scalar(self) -> Any:
        return self.rows[0][0] if self.rows else None


@dataclass(frozen=True, slots=True)
class _Plan:
    sql: str
    takes: Callable[[Mapping[str, Any]], tuple[Any, ...]]  # the values that are given, in the statement's order
    binds: Sequence[tuple[int, Convert]]  # of those that the driver does not take as they are
    fixed: Sequence[tuple[int, Any]]  # what a literal is, converted, and where it stands
    kind: Any  # of a row that it gives; None where it gives none
    reads: Sequence[tuple[int, Convert]]  # of those columns that are not as the driver gives them

    def row(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        found = list(self.takes(values))
        for at, convert in self.binds:
            found[at] = convert(found[at])
        for at, value in self.fixed:
            found.insert(at, value)
        return tuple(found)

    def read(self, row: Sequence[Any]) -> Any:
        found = list(row)
        for at, convert in self.reads:
            found[at] = convert(found[at])
        return self.kind._make(found)


def _once(convert: Convert) -> Convert:
    """A turn writes its moment into most of its rows. Only of UTC, where moments that are equal are the same."""
    kept = lru_cache(64)(convert)
    return lambda at: kept(at) if at is not None and at.tzinfo is UTC else convert(at)


def _planned(statement: Executable, dialect: Dialect, given: tuple[str, ...]) -> _Plan:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(given))  # type: ignore[attr-defined]
    names, fixed, binds = list[str](), list[tuple[int, Any]](), list[tuple[int, Convert]]()
    for at, name in enumerate(compiled.positiontup):
        bound = compiled.binds[name]
        convert: Convert | None = bound.type.dialect_impl(dialect).bind_processor(dialect)
        if convert and isinstance(bound.type, UTCDateTime):
            convert = _once(convert)
        if bound.required or name in given:
            if convert:
                binds.append((len(names), convert))
            names.append(name)
        else:
            fixed.append((at, convert(bound.effective_value) if convert else bound.effective_value))
    takes = itemgetter(*names) if len(names) > 1 else lambda values: tuple(values[name] for name in names)
    columns = list(statement.exported_columns) if isinstance(statement, ReturnsRows) else []
    if not columns:  # one that writes, and returns nothing
        return _Plan(compiled.string, takes, binds, fixed, None, ())
    found = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    reads = [(n, convert) for n, convert in enumerate(found) if convert]
    kind = namedtuple("Found", [column.key or f"_{n}" for n, column in enumerate(columns)], rename=True)  # type: ignore[misc]
    return _Plan(compiled.string, takes, binds, fixed, kind, reads)
