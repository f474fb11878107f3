"""The store, and the few things SQLite and PostgreSQL say differently."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Executable, Row, Table, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlmodel import SQLModel

from bot.core.settings import Settings

NAMES = {  # Alembic can only change on SQLite what has a name
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMES


@dataclass(slots=True)
class Session:
    """One transaction, with the settings that hold in it."""

    db: AsyncConnection
    settings: Settings
    spoke: bool = False  # something was put into the outbox: delivery is woken after the commit
    erased: bool = False  # somebody's words were deleted: nothing of them stays in the files after the commit
    _later: dict[Table, list[Mapping[str, Any]]] = field(default_factory=dict)

    async def run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> CursorResult[Any]:
        return await self.db.execute(statement, rows)

    async def first(self, statement: Executable) -> Row[Any] | None:
        return (await self.db.execute(statement)).first()

    async def all(self, statement: Executable) -> Sequence[Row[Any]]:
        return (await self.db.execute(statement)).all()

    async def value(self, statement: Executable) -> Any:
        return (await self.db.execute(statement)).scalar()

    def add(self, table: Table, row: Mapping[str, Any]) -> None:
        """A row to be inserted by `flush`, all of a table by one statement. All rows have the same columns."""
        self._later.setdefault(table, []).append(row)

    async def flush(self) -> None:
        """Write what was added. Happens by itself before the commit; call it before reading what was added."""
        while self._later:
            table = next(iter(self._later))
            await self.run(table.insert(), self._later.pop(table))

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT, which standard SQL has not."""
        return sqlite.insert(table) if self.sqlite else postgresql.insert(table)

    async def hold(self, name: str) -> None:
        """Keep everybody else who holds this name outside until the transaction ends."""
        if not self.sqlite:  # on SQLite we hold the whole house already
            await self.run(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))

    @property
    def sqlite(self) -> bool:
        return self.db.dialect.name == "sqlite"


class Store:
    """A database. `url` as SQLAlchemy writes it, with an asynchronous driver: sqlite+aiosqlite:///kadens.db."""

    def __init__(self, url: str, settings: Settings | None = None) -> None:
        self.url, self.settings = url, settings or Settings()
        # An error names its statement, never the values: they are people's words.
        self.engine = create_async_engine(url, hide_parameters=True)
        self.spoken = asyncio.Event()  # set after each commit that left something to deliver
        self._writer: asyncio.Lock | nullcontext[None] = nullcontext()
        if self.engine.dialect.name == "sqlite":
            # SQLite's own wait for its one writer is unfair: p99 of 434 ms at ten writers. A queue of ours is fair.
            self._writer = asyncio.Lock()
            event.listen(self.engine.sync_engine, "connect", _open_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin)

    @asynccontextmanager
    async def transaction(self, holding: str | None = None) -> AsyncIterator[Session]:
        """One transaction; `holding` keeps everybody else with the same name outside until it ends."""
        async with self._writer, self.engine.begin() as connection:
            session = Session(connection, self.settings)
            if holding:
                await session.hold(holding)
            yield session
            await session.flush()
        if session.spoke:
            self.spoken.set()
        if session.erased and session.sqlite:
            await self.forget()

    async def forget(self) -> None:
        """Empty SQLite's write-ahead log, in which pages stand as they were. Where somebody is reading for longer than
        a second it stays until the next time."""
        async with self.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection  # outside any transaction
            for pragma in ("busy_timeout = 1000", "wal_checkpoint(TRUNCATE)", "busy_timeout = 30000"):
                await (await raw.execute(f"PRAGMA {pragma}")).close()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """For what writes nothing: waits for no writer."""
        async with self.engine.connect() as connection:
            await connection.execution_options(kadens_reads=True)
            async with connection.begin():
                yield Session(connection, self.settings)

    async def close(self) -> None:
        await self.engine.dispose()


def table(row: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(row.__tablename__)]


def _open_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver's own late BEGIN loses updates; _begin says it instead
    cursor = connection.cursor()
    # FULL: a crash of the machine loses nothing that was acknowledged, not only a crash of the process.
    # secure_delete: what is erased is overwritten, not only forgotten; a tenth slower to write, measured.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000", "foreign_keys = ON",
                   "secure_delete = ON"):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    reads = connection.get_execution_options().get("kadens_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
