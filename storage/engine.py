"""The store, and the few things SQLite and PostgreSQL say differently."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from time import sleep
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Executable,
    Row,
    StaticPool,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel import SQLModel

from bot.core.settings import Settings
from storage import postgres
from storage.prepared import Prepared, Values
from storage.together import Together

NAMES = {  # Alembic can only change on SQLite what has a name
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMES

Statement = Executable | Prepared
T = TypeVar("T")


@dataclass(slots=True)
class Session:
    """One transaction, with the settings that hold in it."""

    db: AsyncConnection | Connection
    settings: Settings
    driver: Any = None  # PostgreSQL's own, where a transaction of ours is under way in it
    spoke: bool = False  # something was put into the outbox: delivery is woken after the commit
    erased: bool = False  # somebody's words were deleted: nothing of them stays in the files after the commit
    _later: dict[Table, list[Mapping[str, Any]]] = field(default_factory=dict)

    async def run(self, statement: Statement, values: Values | None = None) -> CursorResult[Any]:
        """`values` of a statement's own parameters: for one row, or for many at once."""
        if isinstance(statement, Prepared):
            if isinstance(self.db, Connection):
                return statement.run(self.db, values or {})  # type: ignore[return-value]  # as much of it as is asked for
            if self.driver:
                return await statement.ask(self.db, self.driver, values or {})  # type: ignore[return-value]
            statement = statement.of(self.dialect)
        done = self.db.execute(statement, values)
        return done if isinstance(done, CursorResult) else await done

    async def first(self, statement: Statement, values: Values | None = None) -> Row[Any] | None:
        return (await self.run(statement, values)).first()

    async def all(self, statement: Statement, values: Values | None = None) -> Sequence[Row[Any]]:
        return (await self.run(statement, values)).all()

    async def value(self, statement: Statement, values: Values | None = None) -> Any:
        return (await self.run(statement, values)).scalar()

    def add(self, table: Table, row: Mapping[str, Any]) -> None:
        """A row to be inserted by `flush`, all of a table by one statement. All rows have the same columns."""
        self._later.setdefault(table, []).append(row)

    async def flush(self) -> None:
        """Write what was added. Happens by itself before the commit; call it before reading what was added."""
        while self._later:
            table = next(iter(self._later))
            await self.run(_insert(table), self._later.pop(table))

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT, which standard SQL has not."""
        return insert(table, self.dialect)

    async def hold(self, name: str) -> None:
        """Keep everybody else who holds this name outside until the transaction ends."""
        if not self.sqlite:  # on SQLite we hold the whole house already
            await self.run(_HOLD, {"key": postgres.key(name)})

    @property
    def dialect(self) -> str:
        return self.db.dialect.name

    @property
    def sqlite(self) -> bool:
        return self.dialect == "sqlite"


_HOLD = Prepared(lambda _: select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger))))


@cache
def _insert(table: Table) -> Prepared:
    return Prepared(lambda _: table.insert())


class Store:
    """A database. `url` as SQLAlchemy writes it, with an asynchronous driver: sqlite+aiosqlite:///kadens.db."""

    def __init__(self, url: str, settings: Settings | None = None) -> None:
        self.url, self.settings = url, settings or Settings()
        self.spoken = asyncio.Event()  # set after each commit that left something to deliver
        self._writer = asyncio.Lock()
        self._together: Together | None = None
        self._bell: postgres.Bell | None = None
        self._bare: AsyncEngine | None = None  # that begins nothing by itself
        self.engines: tuple[Engine, ...]  # all that statements go through
        # An error names its statement, never the values: they are people's words.
        if url.startswith("postgresql"):
            self._bare = postgres.engine(url, hide_parameters=True)
            self.engine = postgres.begins(self._bare)
            self.engines = (self._bare.sync_engine,)
        else:
            # SQLite's own wait for its one writer is unfair: p99 of 434 ms at ten writers. A queue of ours is fair.
            self.engine = create_async_engine(url, hide_parameters=True)
            event.listen(self.engine.sync_engine, "connect", _open_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin)
            own = create_engine(
                self.engine.url.set(drivername="sqlite"),
                hide_parameters=True,
                poolclass=StaticPool,
                connect_args={"check_same_thread": False},
            )
            event.listen(own, "connect", _open_sqlite)
            event.listen(own, "connect", _remember)
            self.engines = (self.engine.sync_engine, own)
            self._together = Together(own, self._writer)

    async def unit(self, work: Callable[[Session], Coroutine[Any, Any, T]], holding: str | None = None) -> T:
        """A unit of work: what `work` does with its session, in one transaction, whole or not at all.

        For what is short and awaits its session only: on SQLite it is committed together with what others do at the
        same time. It is done again where one of those raised something, or on PostgreSQL got in its way. `holding`
        keeps everybody else with the same name outside until it ends. Returns what `work` does.
        """
        if self._together is None:

            async def once() -> T:
                async with self.transaction(holding) as session:
                    return await work(session)

            return await postgres.again(once)
        begun = list[Session]()

        async def whole(connection: Connection) -> T:
            begun.append(session := Session(connection, self.settings))
            found = await work(session)
            await session.flush()
            return found

        found: T = await self._together.run(whole)
        await self._after(begun[-1])
        return found

    @asynccontextmanager
    async def transaction(self, holding: str | None = None) -> AsyncIterator[Session]:
        """One transaction for what takes long, or awaits something else in between; `holding` as for a unit."""
        if self._bare is None:
            async with self._writer, self.engine.begin() as connection:
                yield (session := Session(connection, self.settings))
                await session.flush()
        else:
            async with postgres.transaction(self._bare, holding) as (connection, driver):
                yield (session := Session(connection, self.settings, driver))
                await session.flush()
                if session.spoke and not self._bell:
                    await session.run(select(func.pg_notify(postgres.Bell.CHANNEL, "")))
        await self._after(session)

    async def _after(self, session: Session) -> None:
        if session.spoke:
            self.spoken.set()
            if self._bell:
                self._bell.ring()
        if session.erased and session.sqlite:
            await self.forget()

    def listen(self) -> None:
        """From now on `spoken` is also set by what other processes leave to deliver, where the database can tell: a
        PostgreSQL without a pooler that gives each transaction another connection."""
        if not self._bell and self.dialect != "sqlite" and not postgres.bounced(self.engine.url):
            self._bell = postgres.Bell(self.url, self.spoken.set)

    @property
    def told(self) -> bool:
        """Whether we are told at once of what other processes leave to deliver; else one has to look."""
        return self._bell is not None and self._bell.listens

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

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
        if self._bare is None:
            async with self.engine.connect() as connection:
                await connection.execution_options(kadens_reads=True)
                async with connection.begin():
                    yield Session(connection, self.settings)
        else:
            async with postgres.transaction(self._bare) as (connection, driver):
                yield Session(connection, self.settings, driver)

    async def close(self) -> None:
        if self._bell:
            await self._bell.close()
        if self._together:
            await self._together.close()
        await self.engine.dispose()


def insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """The same as Session.insert, for a statement that is made once and run often."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def table(row: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(row.__tablename__)]


def _open_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver's own late BEGIN loses updates; _begin says it instead
    cursor = connection.cursor()
    # FULL: a crash of the machine loses nothing that was acknowledged, not only a crash of the process.
    # secure_delete: what is erased is overwritten, not only forgotten; a tenth slower to write, measured.
    for pragma in ("busy_timeout = 30000", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON",
                   "cache_size = -8192", "wal_autocheckpoint = 4000"):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor)
    cursor.close()


def _remember(connection: Any, _: Any) -> None:
    """The one connection by which turns are taken may keep more of the file at hand, in KB, than the many others."""
    connection.execute("PRAGMA cache_size = -65536").close()


def _write_ahead(cursor: Any) -> None:
    """Of several who open a new file at once, only one can change its mode, and SQLite asks the others not to wait
    but to try again."""
    for pause in (*[0.01] * 500, None):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if pause is None:
                raise
            sleep(pause)


def _begin(connection: Any) -> None:
    reads = connection.get_execution_options().get("kadens_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
