"""The migrations and the tables say the same, forwards and back."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from itertools import count as numbers
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import inspect, text

from bot.core.cards import mention
from bot.core.people import stranger
from handlers import FEATURES
from storage import schema
from storage.engine import Store, _open_sqlite
from storage.people import PersonRow, introduced
from tests.conftest import HALL, Desk, count, person


@pytest.fixture
def address(databases):
    return databases(tables=False)


async def differences(url):
    store = Store(url)
    try:
        async with store.engine.connect() as connection:
            return await connection.run_sync(
                lambda sync: compare_metadata(MigrationContext.configure(sync), schema.metadata())
            )
    finally:
        await store.close()


async def tables(url):
    store = Store(url)
    try:
        async with store.engine.connect() as connection:
            return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
    finally:
        await store.close()


async def test_the_migrations_make_what_the_code_expects(address):
    await schema.upgrade(address)
    assert await differences(address) == []
    assert await tables(address) == {*schema.metadata().tables, "alembic_version"}


async def test_a_missing_column_would_be_noticed(address):
    """The test above can fail."""
    await schema.upgrade(address)
    store = Store(address)
    async with store.transaction() as session:
        await session.db.exec_driver_sql("ALTER TABLE outbox DROP COLUMN otherwise")
    await store.close()
    assert await differences(address) != []


async def test_up_down_and_up_again(address):
    assert await schema.current(address) is None
    await schema.upgrade(address)
    assert await schema.current(address) == schema.head()
    await schema.downgrade(address, "base")
    assert await schema.current(address) is None
    assert await tables(address) == {"alembic_version"}
    await schema.upgrade(address)
    assert await schema.current(address) == schema.head()
    assert await differences(address) == []


async def test_what_the_first_release_kept_is_there_after_the_second(address):
    await schema.upgrade(address, "0001")
    store = Store(address)
    async with store.transaction() as session:
        await session.db.exec_driver_sql(
            "INSERT INTO people (id, company, workspace, account, name, lang, lang_chosen, zone, country, calendar,"
            " team, role, bot, guest, gone, first_kudos, off_board)"
            " VALUES ('ana', 'slack:T1', 'slack:T1', 'U-ana', 'Ana', 'en',"
            " false, 'UTC', '', 'UTC|', '', '', false, false, false, false, false)"
        )
        insert = "INSERT INTO accounts (workspace, account, person) VALUES ('slack:T1', 'U-ana', 'ana')"
        await session.db.exec_driver_sql(insert)
    await schema.upgrade(address)
    assert await differences(address) == []
    async with store.transaction() as session:
        known = (await introduced(session, [stranger("slack:T1", "U-ana")]))["slack:T1", "U-ana"]
    await store.close()
    assert (known.id, known.name) == ("ana", "Ana")


async def test_what_is_kept_survives_the_way_back_and_forth(address):
    """What the first release knew of, that is; and talks go on where they were."""
    await schema.upgrade(address)
    async with opened(address) as store:
        desk = Desk(store, *FEATURES)
        ana, ben = await desk.person("Ana"), await desk.person("Ben", manager="ana")
        await desk.command(ben, "kudos", f"{mention(ana)} thanks", HALL, mentions=(ana,))
        await desk.command(ben, "checkin")
        await desk.deliver()
        before = await kept(store)
        assert all(before) and await schema.current(address) == schema.head()
    await schema.downgrade(address, "0001")
    async with opened(address) as store:
        assert await kept(store) == before
    await schema.upgrade(address)
    assert await differences(address) == []
    async with opened(address) as store:
        assert await kept(store) == before
        later = Desk(store, *FEATURES)
        later._ids = numbers(100)
        await later.say(ben, "and on it goes")
        assert await later.deliver()


@asynccontextmanager
async def opened(address):
    store = Store(address)
    try:
        yield store
    finally:
        await store.close()


async def kept(store):
    asked = (
        "SELECT giver, receiver, words, at FROM kudos",
        "SELECT id, person, given, began FROM dialogues",
        "SELECT id, manager, name, gone FROM people ORDER BY id",
        "SELECT key, sent_as, sent_at FROM outbox ORDER BY id",
    )
    async with store.reading() as session:
        return [[tuple(row) for row in await session.all(text(query))] for query in asked]


async def test_upgrading_what_is_up_to_date_changes_nothing(address):
    await schema.upgrade(address)
    store = Store(address)
    await person(store, "Ana")
    await schema.upgrade(address)
    assert await count(store, PersonRow) == 1
    await store.close()


async def test_several_processes_may_upgrade_at_once(address):
    await asyncio.gather(*(schema.upgrade(address) for _ in range(4)))
    assert await differences(address) == []


@pytest.mark.sqlite
async def test_a_new_file_may_be_opened_by_many_at_once(tmp_path):
    together = Barrier(8)

    def opened(path):
        with closing(sqlite3.connect(path)) as connection:
            together.wait()
            _open_sqlite(connection, None)
            return connection.execute("PRAGMA journal_mode").fetchone()[0]

    with ThreadPoolExecutor(8) as threads:
        for each in range(25):
            modes = [threads.submit(opened, tmp_path / f"{each}.db") for _ in range(8)]
            assert {mode.result() for mode in modes} == {"wal"}


async def test_a_database_of_a_later_release_is_refused(address):
    await schema.upgrade(address)
    store = Store(address)
    async with store.transaction() as session:
        await session.db.exec_driver_sql("UPDATE alembic_version SET version_num = 'ffff'")
    await store.close()
    with pytest.raises(CommandError, match="ffff"):
        await schema.upgrade(address)


@pytest.mark.sqlite
async def test_rows_that_point_at_nothing_are_not_let_through(address):
    await schema.upgrade(address)
    store = Store(address)
    async with store.transaction() as session:
        await session.db.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    await store.close()
    with sqlite3.connect(address.removeprefix("sqlite+aiosqlite:///")) as connection:
        connection.execute("INSERT INTO accounts (workspace, account, person) VALUES ('slack:T1', 'U1', 'nobody')")
    connection.close()
    with pytest.raises(schema.BrokenReferences, match="1 rows, the first in accounts"):
        await schema.upgrade(address)
