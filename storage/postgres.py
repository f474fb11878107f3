"""How we speak to PostgreSQL: connections that end when they should, and a bell between replicas.

A line that broke is found out by whichever notices first: the driver, when a server that stops says good-bye; the
kernel, when nothing is acknowledged any more (TCP_USER_TIMEOUT; keepalives on a line where nothing is said); the clock
of a statement. What was under way then fails and may be tried again; the next takes a new connection.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.prepared import REFUSED, refused

log = logging.getLogger(__name__)

T = TypeVar("T")
Connect = Callable[..., Awaitable[Any]]

POOL = 20  # connections at most, opened when they are needed and kept: a new one costs as much as several turns
QUEUE = 5.0  # seconds to wait for one of these
CONNECTING = 5.0  # seconds
COMMAND = 65.0  # seconds in which a statement has to come back: the server ends it before, unless it hangs itself
SILENCE = 10_000  # milliseconds in which what we send is to be acknowledged by the other end's kernel
# What holds in each of our connections, unless DATABASE_URL says otherwise; without a unit: milliseconds.
SESSION = {
    "application_name": "kadens",
    "timezone": "UTC",
    "jit": "off",  # it compiles longer than our statements take
    "statement_timeout": "60000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "30000",  # a replica that was cut off holds nobody up for longer
    "tcp_keepalives_idle": "30",  # seconds
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
CROSSED = ("40P01", "40001", "23505")  # a deadlock, no order in which both could be, a row that both have made
# Names of libpq's that our driver does not know and that change nothing for us.
IGNORED = ("gssencmode", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count")


def engine(url: str, **options: Any) -> AsyncEngine:
    """One that begins no transaction of its own accord: `transaction` does, and `begins` makes one that does.

    For `url` with any of libpq's options after its `?`, and of the server's settings, such as sslmode=verify-full or
    statement_timeout=10000. Beside these: pool_size, command_timeout (seconds; 0: none), and pgbouncer=true."""
    found, pool, prepared = make_url(url), POOL, dict[str, Any]()
    if "pool_size" in found.query:
        pool = int(str(found.query["pool_size"]))
    if bounced(found):
        # Each transaction may be with another server: nothing that was prepared in one is there in the next.
        prepared = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
    made = create_async_engine(
        found.set(query={"pgbouncer": "true"} if bounced(found) else {}),
        **options,
        isolation_level="AUTOCOMMIT",
        pool_size=pool,
        max_overflow=0,
        pool_timeout=QUEUE,
        pool_recycle=1800,
        connect_args={"async_creator_fn": connecting(found), **prepared},
    )
    event.listen(made.sync_engine, "checkout", _still_there)
    return made


def begins(engine: AsyncEngine) -> AsyncEngine:
    """The same connections, in SQLAlchemy's own way."""
    return engine.execution_options(isolation_level="READ COMMITTED")


def bounced(url: URL) -> bool:
    """Whether a pooler stands between that gives each transaction another connection."""
    return url.query.get("pgbouncer") == "true"


def patient(url: str) -> str:
    """The same database, for what may take as long as it takes."""
    if not url.startswith("postgresql"):
        return url
    names = ["command_timeout"]
    if not bounced(found := make_url(url)):  # there the session has none of ours
        names += ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
    return found.update_query_dict(dict.fromkeys(names, "0")).render_as_string(hide_password=False)


def connecting(url: URL) -> Connect:
    """What makes a connection of the driver's own. The driver reads libpq's options itself."""
    options = {name: value for name, value in url.query.items() if name not in (*IGNORED, "pool_size", "pgbouncer")}
    if "ssl" in options:  # as SQLAlchemy's own pages call it
        options["sslmode"] = options.pop("ssl")
    patience = float(str(options.pop("connect_timeout", CONNECTING)))
    command = float(str(options.pop("command_timeout", COMMAND))) or None
    session = {name: value for name, value in SESSION.items() if name not in options}
    cached: dict[str, Any] = {}
    if bounced(url):  # which refuses to begin with settings it does not know
        session, cached = {"application_name": SESSION["application_name"]}, {"statement_cache_size": 0}
    dsn = url.set(drivername="postgresql", query=options).render_as_string(hide_password=False)

    async def connect(**_: Any) -> Any:
        found = await asyncpg.connect(dsn, timeout=patience, command_timeout=command, server_settings=session, **cached)
        _keep_alive(found)
        return found

    return connect


def _keep_alive(connection: Any) -> None:
    told: socket.socket | None = connection._transport.get_extra_info("socket")
    if told is None or told.family == socket.AF_UNIX:
        return
    with socket.socket(fileno=os.dup(told.fileno())) as line:  # what uvloop shows of it cannot be set
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("KEEPIDLE", 10), ("KEEPINTVL", 3), ("KEEPCNT", 3), ("USER_TIMEOUT", SILENCE)):
            if option := getattr(socket, f"TCP_{name}", None):  # not every system has them all
                line.setsockopt(socket.IPPROTO_TCP, option, value)


def _still_there(connection: Any, _: Any, __: Any) -> None:
    """The driver hears a server that stops; asking it anew each time would cost a round trip a transaction."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Undone(RuntimeError):
    """A statement had failed and nobody minded: PostgreSQL took all of the transaction back instead of committing."""


def key(name: str) -> int:
    """What an advisory lock knows it by."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


@asynccontextmanager
async def transaction(engine: AsyncEngine, holding: str | None = None) -> AsyncIterator[tuple[AsyncConnection, Any]]:
    """A transaction that the driver itself begins and ends: SQLAlchemy's connection, and the driver's below it.

    To begin, and to keep out whoever holds the same name, is one trip to the server then. Raises what SQLAlchemy would,
    and Undone.
    """
    begin = f"BEGIN; SELECT pg_advisory_xact_lock({key(holding)})" if holding else "BEGIN"
    async with engine.connect() as connection:
        driver: Any = connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
        try:
            await _say(connection, driver, begin)
            yield connection, driver
            if await _say(connection, driver, "COMMIT") != "COMMIT":
                raise Undone
        except BaseException:
            await _take_back(driver)
            raise


async def _say(connection: AsyncConnection, driver: Any, sql: str) -> str:
    """What the server calls that which it did."""
    try:
        return str(await driver.execute(sql))
    except REFUSED as error:
        raise await refused(connection, driver, sql, error) from error


async def _take_back(driver: Any) -> None:
    """Whatever is known of it: who is cancelled while it begins does not know whether it has."""
    if driver.is_closed():
        return
    try:
        await driver.execute("ROLLBACK", timeout=CONNECTING)
    except Exception:
        driver.terminate()  # the server takes it back then
    except asyncio.CancelledError:
        driver.terminate()
        raise


async def again(unit: Callable[[], Awaitable[T]]) -> T:
    """What the unit returns; done anew where another transaction was in its way, which by then is over, or where its
    connection broke. It has left nothing; and if it is only the answer to its commit that was lost, its event is known.
    """
    for _ in range(2):
        try:
            return await unit()
        except DBAPIError as error:
            if not error.connection_invalidated and getattr(error.orig, "sqlstate", None) not in CROSSED:
                raise
    return await unit()


class Bell:
    """Tells the other replicas that there is something to deliver, and hears them, by LISTEN and NOTIFY.

    It rings after the commit, for all commits of some milliseconds at once: a NOTIFY inside of transactions would make
    them commit one after the other, each waiting for the disk. What is lost with a process that dies in between, or
    while the line is down, is found by whoever looks next: see scheduler.delivery.
    """

    CHANNEL = "kadens_outbox"
    TOGETHER = 0.02  # seconds
    QUIET = 15.0  # seconds after which we ask whether the line is still there
    ANSWER = 5.0  # seconds in which it has to say so
    WAITS = (0.1, 0.5, 2.0, 5.0)  # seconds between attempts to connect

    def __init__(self, url: str, heard: Callable[[], None]) -> None:
        self._connect, self._heard = connecting(make_url(url)), heard
        self._rung, self._task = asyncio.Event(), asyncio.create_task(self._forever())
        self.listens = False

    def ring(self) -> None:
        self._rung.set()

    async def close(self) -> None:
        """Ring a last time if anything is left to say."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _forever(self) -> None:
        failed = 0
        while True:
            try:
                await self._listening()
                failed = 0
            except Exception as error:
                log.warning("not told of other replicas' messages: %s; connecting again", type(error).__name__)
                await asyncio.sleep(self.WAITS[min(failed, len(self.WAITS) - 1)])
                failed += 1

    async def _listening(self) -> None:
        """Until the line is gone."""
        connection = await self._connect()
        try:
            connection.add_termination_listener(lambda _: self._rung.set())
            await connection.add_listener(self.CHANNEL, self._hears)
            self.listens = True
            self._heard()  # what came before we listened
            while not connection.is_closed():
                await self._say(connection)
        except asyncio.CancelledError:
            if self._rung.is_set() and not connection.is_closed():
                await self._notify(connection)
            raise
        finally:
            self.listens = False
            connection.terminate()

    async def _say(self, connection: Any) -> None:
        try:
            async with asyncio.timeout(self.QUIET):
                await self._rung.wait()
        except TimeoutError:
            await connection.execute("SELECT 1", timeout=self.ANSWER)
            return
        await asyncio.sleep(self.TOGETHER)
        if not connection.is_closed():
            await self._notify(connection)

    async def _notify(self, connection: Any) -> None:
        self._rung.clear()
        try:
            await connection.execute(f"NOTIFY {self.CHANNEL}", timeout=self.ANSWER)
        except BaseException:
            self._rung.set()  # said once the line is there again
            raise

    def _hears(self, connection: Any, process: int, _: str, __: str) -> None:
        if process != connection.get_server_pid():  # our own delivery knows already
            self._heard()
