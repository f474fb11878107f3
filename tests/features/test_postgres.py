"""What PostgreSQL adds: replicas that hear of each other, lines that break, addresses as operators write them."""

import asyncio
import logging

import pytest
from sqlalchemy import bindparam, make_url, select, text
from sqlalchemy.exc import DBAPIError

from bot.core.cards import Card
from bot.core.effects import Post
from bot.core.features import Feature
from scheduler import delivery
from storage import postgres
from storage.engine import Store, insert
from storage.outbox import EventRow, OutboxRow, events
from storage.people import people
from storage.prepared import Prepared
from tests.conftest import HALL, NOON, Desk, count, person, rows, until
from tests.postgres import free_port, server

pytestmark = pytest.mark.postgresql
HELLO = Feature("hello")


@HELLO.command("hello")
def _hello(event):
    yield Post(HALL, Card(title=event.text or "hello"))


class Replica:
    """A store and a delivery of its own on the same database, until the end of the `async with`."""

    def __init__(self, url):
        self.store, self.stop = Store(url), asyncio.Event()
        self.desk = Desk(self.store, HELLO)
        self.delivery = delivery.Delivery(
            self.store, dict.fromkeys(("slack", "teams", "playground"), self.desk.platform), self.desk.clock
        )

    async def __aenter__(self):
        self.task = asyncio.create_task(self.delivery.forever(self.stop))
        await until(lambda: self.store.told)
        await asyncio.sleep(0.05)  # it has looked, and found nothing
        return self

    async def __aexit__(self, *_):
        self.stop.set()
        await self.task
        await self.store.close()


async def passed(replica, said):
    """Seconds until it has sent this many messages."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await until(lambda: len(replica.desk.platform.sent) == said, 3)
    return loop.time() - began


async def test_what_one_replica_leaves_the_other_delivers_at_once(url, monkeypatch):
    monkeypatch.setattr(delivery, "SELDOM", 60.0)
    async with Replica(url) as there:
        here = Store(url)
        desk = Desk(here, HELLO)
        ana = await desk.person("Ana")
        await desk.command(ana, "hello")  # a process that has no delivery: the command line
        assert await passed(there, 1) < 1.0
        here.listen()
        await until(lambda: here.told)
        await desk.command(ana, "hello")  # one that has, which is busy or ends just now
        await here.close()
        assert await passed(there, 2) < 1.0
        assert await count(there.store, OutboxRow, sent_at=None) == 0


async def test_a_replica_is_told_again_after_the_database_was_restarted(monkeypatch, caplog):
    monkeypatch.setattr(delivery, "SELDOM", 60.0)
    with server(free_port()) as ours:
        url = ours.database("restarted", "empty")
        with pytest.raises(ConnectionError, match="SSL"):  # this server has none, and it is not done without
            await postgres.connecting(make_url(f"{url}?sslmode=require"))()
        async with Replica(url) as there:
            here = Store(url)
            desk = Desk(here, HELLO)
            ana = await desk.person("Ana")
            await desk.command(ana, "hello")
            await until(lambda: len(there.desk.platform.sent) == 1)
            with caplog.at_level(logging.CRITICAL):
                await asyncio.to_thread(ours.stop, "immediate")
                with pytest.raises(OSError):
                    await desk.command(ana, "hello", id="lost")
                await until(lambda: not there.store.told)
                await asyncio.to_thread(ours.start)
            await until(lambda: there.store.told, 20)
            await desk.command(ana, "hello", id="lost")
            await until(lambda: len(there.desk.platform.sent) == 2)
            await here.close()


async def test_a_connection_that_was_ended_in_the_pool_is_not_given_to_anybody(url, server):
    store = Store(url)
    name = make_url(url).database
    for _ in range(3):
        async with store.reading() as session:
            await session.value(text("SELECT 1"))
        server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        await asyncio.sleep(0.05)
    async with store.reading() as session:
        assert await session.value(text("SELECT 1")) == 1
    await store.close()


async def test_a_connection_that_breaks_in_a_turn_fails_that_turn_only_and_leaves_nothing(url, server):
    store, name = Store(url), make_url(url).database
    desk = Desk(store, HELLO)
    ana = await desk.person("Ana")
    with pytest.raises(DBAPIError):
        async with store.transaction() as session:
            await session.run(text("DELETE FROM people"))
            server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            await session.run(text("SELECT 1"))
    await desk.command(ana, "hello")
    assert [message.card.title for message in await desk.deliver()] == ["hello"]
    await store.close()


NEW = Prepared(lambda _: events.insert())
SAME = Prepared(lambda dialect: insert(events, dialect).on_conflict_do_nothing())
ASKED = Prepared(lambda _: select(people).where(people.c.name == bindparam("name")))


async def test_a_prepared_statement_says_the_same_whoever_takes_it_there(url):
    """What begins a transaction goes by SQLAlchemy, all else by the driver."""
    store = Store(url)
    await person(store, "Ana", started=NOON.date(), guest=True)
    async with store.transaction() as session:
        slow, fast = [(await session.first(ASKED, {"name": "Ana"}))._asdict() for _ in range(2)]
        assert fast == slow and [type(value) for value in fast.values()] == [type(value) for value in slow.values()]
        assert await session.value(ASKED, {"name": "Ana"}) == fast["id"]
        assert await session.first(ASKED, {"name": "Bo"}) is None
        many = [{"id": f"e{n}", "at": NOON} for n in range(3)]
        await session.run(NEW, many)
        assert [(await session.run(SAME, {"id": id, "at": NOON})).rowcount for id in ("e2", "e3")] == [0, 1]
    assert sorted(row.id for row in await rows(store, EventRow)) == ["e0", "e1", "e2", "e3"]
    await store.close()


async def test_what_the_driver_refuses_fails_as_any_other_statement(url, server):
    store, name = Store(url), make_url(url).database
    with pytest.raises(DBAPIError) as twice:
        async with store.transaction("somebody") as session:
            for _ in range(2):
                await session.run(NEW, {"id": "e1", "at": NOON})
    assert twice.value.orig.sqlstate == "23505" and not twice.value.connection_invalidated
    assert twice.value.params is None and await count(store, EventRow) == 0
    with pytest.raises(DBAPIError) as broken:
        async with store.transaction("somebody") as session:
            await session.run(NEW, {"id": "e1", "at": NOON})
            server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            await asyncio.sleep(0.05)
            await session.run(NEW, {"id": "e2", "at": NOON})
    assert broken.value.connection_invalidated and await count(store, EventRow) == 0
    await store.close()


async def test_who_is_cancelled_while_waiting_for_a_name_leaves_no_transaction_open(url, server):
    store, name = Store(url), make_url(url).database

    async def waits(after):
        async with store.transaction("somebody"):
            await asyncio.sleep(after)

    async with store.transaction("somebody"):
        waiting = [asyncio.create_task(waits(60)) for _ in range(5)]
        await asyncio.sleep(0.2)
        for task in waiting:
            task.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*waiting, return_exceptions=True)
    )
    await waits(0)
    # Cancelled where the server may have done it already, and where it surely has.
    for pause in (0, 0.0005, 0.001, 0.002, 0.005, 0.02) * 5:
        task = asyncio.create_task(waits(60))
        await asyncio.sleep(pause)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    told = f"FROM pg_stat_activity WHERE datname = '{name}' AND state <> 'idle'"
    await until(lambda: server.query(f"SELECT 1 {told}") == [])
    await store.close()


async def test_a_failure_that_nobody_minds_is_not_called_a_commit(url):
    store = Store(url)
    with pytest.raises(postgres.Undone):
        async with store.transaction() as session:
            await session.run(NEW, {"id": "e1", "at": NOON})
            with pytest.raises(DBAPIError):
                await session.run(NEW, {"id": "e1", "at": NOON})
    assert await count(store, EventRow) == 0
    await store.close()


async def test_what_takes_too_long_is_ended(url):
    patient, hasty = Store(url), Store(f"{url}&statement_timeout=100&lock_timeout=50")
    async with patient.transaction("somebody"):
        with pytest.raises(DBAPIError, match="lock timeout"):
            async with hasty.transaction("somebody"):
                pass
    with pytest.raises(DBAPIError, match="statement timeout"):
        async with hasty.reading() as session:
            await session.run(text("SELECT pg_sleep(5)"))
    slow = Store(f"{url}&idle_in_transaction_session_timeout=50")
    with pytest.raises(DBAPIError):
        async with slow.transaction("somebody") as session:
            await asyncio.sleep(0.3)
            await session.run(text("SELECT 1"))
    async with patient.transaction("somebody") as session:  # nobody holds it
        shown = {name: await session.value(text(f"SHOW {name}")) for name in postgres.SESSION}
    assert (shown["application_name"], shown["statement_timeout"], shown["timezone"]) == ("kadens", "1min", "UTC")
    for store in (patient, hasty, slow):
        await store.close()


@pytest.mark.parametrize("option", ["ssl=disable", "sslmode=disable", "sslmode=prefer", "gssencmode=disable",
                                    "application_name=ours", "connect_timeout=3", "target_session_attrs=read-write",
                                    "pool_size=2", "pgbouncer=true", "keepalives=1"])  # fmt: skip
async def test_options_of_libpqs_are_understood(url, option):
    store = Store(f"{url}&{option}")
    desk = Desk(store, HELLO)
    await desk.command(await desk.person("Ana"), "hello")
    assert len(await desk.deliver()) == 1
    name, _, value = option.partition("=")
    if name == "application_name":
        async with store.reading() as session:
            assert await session.value(text("SHOW application_name")) == value
    await store.close()
