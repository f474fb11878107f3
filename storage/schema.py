"""The shape of the database, brought up to date by Alembic: at start, by `kadens db`, and in tests."""

import importlib
import pkgutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, event, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

import storage
from storage import postgres
from storage.engine import Store

MIGRATIONS = Path(__file__).parent / "migrations"


def metadata() -> MetaData:
    """All tables of all modules of this room."""
    for module in pkgutil.iter_modules(storage.__path__, "storage."):
        if not module.ispkg:
            importlib.import_module(module.name)
    return SQLModel.metadata


async def upgrade(url: str, to: str = "head") -> None:
    """Bring the database at `url` to this release's shape, and make it where there is none. All of it happens or
    nothing; of several processes that start at once the first does it. `url` as storage.engine.Store takes it.

    Raises alembic.util.CommandError when the database was made by a later release.
    """
    async with connected(url) as connection:
        await connection.run_sync(up, to)


async def downgrade(url: str, to: str) -> None:
    """Take back every revision after `to`; "base" takes back all, with everything that is kept in them."""
    async with connected(url) as connection:
        await connection.run_sync(down, to)


async def current(url: str) -> str | None:
    """The revision the database is at; None for one that was never upgraded."""
    async with connected(url) as connection:
        return await connection.run_sync(revision_in)


async def revision(store: Store) -> str | None:
    """The same by the store's own connections: waits for no writer. None too where there is nothing yet."""
    async with store.engine.connect() as connection:
        await connection.execution_options(kadens_reads=True)
        return await connection.run_sync(revision_in)


def up(connection: Connection, to: str = "head") -> None:
    command.upgrade(_config(connection), to)


def down(connection: Connection, to: str = "base") -> None:
    command.downgrade(_config(connection), to)


def revision_in(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The revision this release wants."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


async def revise(url: str, message: str) -> None:
    """Write a new revision: what `storage/*.py` says and the upgraded database at `url` has not. For developers."""
    async with connected(url) as connection:
        await connection.run_sync(lambda sync: command.revision(_config(sync), message, autogenerate=True))


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    """One transaction for changes of the shape, that may take as long as it takes; nobody else changes it meanwhile."""
    store = Store(postgres.patient(url))
    if store.engine.dialect.name == "sqlite":
        # A file that cannot be opened is found out here: aiosqlite's thread would speak to a loop that is gone by then.
        sqlite3.connect(store.engine.url.database or ":memory:").close()
        # A changed table is copied and the old one dropped: with foreign keys on, that would take its children along.
        event.listen(store.engine.sync_engine, "connect", _without_foreign_keys)
    try:
        async with store.engine.begin() as connection:
            if store.engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('kadens schema', 0))"))
            yield connection
            if store.engine.dialect.name == "sqlite":
                await connection.run_sync(_unbroken)
    finally:
        await store.close()


def _without_foreign_keys(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")


class BrokenReferences(Exception):
    """A migration left rows that point at nothing; it was taken back."""


def _unbroken(connection: Connection) -> None:
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise BrokenReferences(f"{len(broken)} rows, the first in {broken[0][0]}")
