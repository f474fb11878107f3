"""All that a database holds as lines of text, the same from SQLite as from PostgreSQL; and back into either.

The tables are read as they stand in the database, not as this release would make them: so an archive of an earlier
release can be made and put back too. Lines are JSON: the first says what follows, then each table with its columns, its
rows, and at its end how many they are and what they add up to. The last one says that it is the last.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Time,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

from storage import schema
from storage.engine import Store

FORMAT = 1
BATCH = 1000  # rows at once: what is in memory does not grow with the archive
REVISION = "alembic_version"
SUMS = 2**128  # rows come in any order, so their hashes are added up


class Unfit(Exception):
    """An archive, or the database it should go into, is not what it has to be. The text is for the operator."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values: how they are kept, and how they are written down."""

    name: str
    type: TypeEngine[Any]
    said: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any], Any] = lambda value: value


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


KINDS = (  # a column is of the first that fits: SQL's DateTime is no Date, and its Boolean no Integer
    Kind("boolean", Boolean()),
    Kind("integer", BigInteger()),
    Kind("moment", UTCDateTime(), _moment, datetime.fromisoformat),
    Kind("day", Date(), date.isoformat, date.fromisoformat),
    Kind("hour", Time(), time.isoformat, time.fromisoformat),
    Kind("number", Float(53)),
    Kind("text", String()),
)
TYPES: Mapping[str, type[TypeEngine[Any]]] = {
    "boolean": Boolean, "integer": Integer, "moment": DateTime, "day": Date, "hour": Time, "number": Float,
    "text": String,
}  # fmt: skip


@dataclass
class Sum:
    """How many rows there are, and what they add up to."""

    rows: int = 0
    total: int = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(line).digest()[:16])) % SUMS

    def said(self) -> list[Any]:
        return [self.rows, f"{self.total:032x}"]


@dataclass
class Told:
    """What an archive holds."""

    revision: str
    made: datetime
    tables: dict[str, Sum] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.tables.values())


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _kind(column: Column[Any]) -> Kind:
    for kind in KINDS:
        if isinstance(column.type, TYPES[kind.name]):
            return kind
    raise Unfit(f"The column {column.table.name}.{column.name} is of a kind no backup knows.")


def _reflected(connection: Connection) -> tuple[Table, ...]:
    """The tables as they stand there, those that others point at first; their columns of our own kinds."""
    found = MetaData()
    found.reflect(connection)
    tables = tuple(table for table in found.sorted_tables if table.name != REVISION)
    for table in tables:
        for column in table.columns:
            column.info["kind"] = kind = _kind(column)
            column.type = kind.type
    return tables


# Out of a database.


async def lines(store: Store, now: datetime) -> AsyncIterator[bytes]:
    """Everything as it stands at one moment, whoever writes meanwhile. Raises Unfit where nothing is there."""
    async with store.engine.connect() as connection:
        if store.engine.dialect.name == "postgresql":
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        else:
            await connection.execution_options(kadens_reads=True)
        async with connection.begin():
            if store.engine.dialect.name == "sqlite":
                await _sound(connection)
            revision = await connection.run_sync(schema.revision_in)
            if revision is None:
                raise Unfit("There is nothing in this database yet.")
            yield _line({"kadens": FORMAT, "revision": revision, "made": _moment(now)})
            for table in await connection.run_sync(_reflected):
                async for line in _table(connection, table):
                    yield line
            yield _line({"end": True})


async def _sound(connection: AsyncConnection) -> None:
    found = (await connection.execute(text("PRAGMA integrity_check(1)"))).scalar()
    if found != "ok":
        raise Unfit("The database is damaged (PRAGMA integrity_check says so): put back an earlier backup.")


async def _table(connection: AsyncConnection, table: Table) -> AsyncIterator[bytes]:
    yield _line({"table": table.name, "columns": [[column.name, column.info["kind"].name] for column in table.columns]})
    found = Sum()
    async for line in _rows(connection, table):
        found.add(line)
        yield line
    yield _line({"rows": found.said()})


async def _rows(connection: AsyncConnection, table: Table) -> AsyncIterator[bytes]:
    says = [column.info["kind"].said for column in table.columns]
    async with connection.stream(select(table), execution_options={"yield_per": BATCH}) as found:
        async for some in found.partitions(BATCH):
            for row in some:
                pairs = zip(says, row, strict=True)
                yield _line([None if value is None else said(value) for said, value in pairs])


# Into a database.


def read(found: Iterator[bytes]) -> Told:
    """Look through a whole archive. Raises Unfit where it is none, was cut off or changed: all of it, or nothing."""
    told, now, last = Told("", datetime.now(UTC)), Sum(), False
    try:
        first = json.loads(next(found))
        if first["kadens"] != FORMAT:
            raise Unfit("This backup was made by a later release of Kadens; install that one.")
        told.revision, told.made = str(first["revision"]), datetime.fromisoformat(first["made"])
        for line in found:
            if last:
                raise Unfit("The backup has something behind its end: it is not used.")
            match json.loads(line):
                case [*_]:
                    now.add(line)
                case {"table": str(name)}:
                    told.tables[name] = now = Sum()
                case {"rows": counted} if counted == now.said():
                    pass
                case {"end": True}:
                    last = True
                case _:
                    raise Unfit("The backup was changed since it was made: it is not used.")
    except (EOFError, StopIteration):
        last = False
    except (ValueError, KeyError, TypeError):
        raise Unfit("That is no backup of Kadens, or it is damaged: it is not used.") from None
    if not last:
        raise Unfit("The backup ends too early: it was cut off. It is not used.")
    return told


async def restore(url: str, told: Told, found: Iterator[bytes], replace: bool = False) -> None:
    """Put it into the database at `url`, brought to this release's shape: all of it or, whatever goes wrong, nothing.

    `told` is what `read` said of the same archive. Raises Unfit where there is something already, unless `replace`, and
    where what then stands in the database is not what the archive holds; CommandError where the archive is of a later
    release.
    """
    async with schema.connected(url) as connection:
        if (here := await connection.run_sync(_here)) and not replace:
            raise Unfit(f"There is something in that database ({here}): --replace puts the backup in its place.")
        await connection.run_sync(schema.down)
        await connection.run_sync(lambda sync: schema.up(sync, told.revision))
        tables = {table.name: table for table in await connection.run_sync(_reflected)}
        if tables.keys() != told.tables.keys():
            raise Unfit("The backup's tables are not those of its release: it is not used.")
        await _fill(connection, tables, found)
        for name, table in tables.items():
            counted = Sum()
            async for line in _rows(connection, table):
                counted.add(line)
            if counted != told.tables[name]:
                raise Unfit(f"The table {name} did not arrive as it is in the backup: nothing was changed.")
        if connection.dialect.name == "postgresql":
            await _sequences(connection, tables.values())
        await connection.run_sync(schema.up)


def _here(connection: Connection) -> str:
    """What a database holds, in a few words; empty for one that holds nothing."""
    if not inspect(connection).get_table_names():
        return ""
    for table in sorted(_reflected(connection), key=lambda table: table.name != "people"):
        if rows := connection.execute(select(func.count()).select_from(table)).scalar():
            return f"{table.name}: {rows}"
    return ""


async def _fill(connection: AsyncConnection, tables: Mapping[str, Table], found: Iterator[bytes]) -> None:
    table, names, reads = next(iter(tables.values())), list[str](), list[Callable[[Any], Any]]()
    waiting = list[dict[str, Any]]()
    kinds = {kind.name: kind for kind in KINDS}
    for line in found:
        value = json.loads(line)
        if isinstance(value, list):
            pairs = zip(names, reads, value, strict=True)
            waiting.append({name: None if each is None else read(each) for name, read, each in pairs})
        elif "table" in value:
            table, names = tables[value["table"]], [name for name, _ in value["columns"]]
            reads = [kinds[kind].read for _, kind in value["columns"]]
        if waiting and (len(waiting) >= BATCH or not isinstance(value, list)):
            await connection.execute(table.insert(), waiting)
            waiting = []


async def _sequences(connection: AsyncConnection, tables: Any) -> None:
    """What numbers itself goes on after the highest number there is."""
    for table in tables:
        for column in table.primary_key.columns:
            query = select(func.pg_get_serial_sequence(f'"{table.name}"', column.name))
            if sequence := (await connection.execute(query)).scalar():
                top = (await connection.execute(select(func.max(column)))).scalar()
                await connection.execute(select(func.setval(sequence, top or 1, top is not None)))
