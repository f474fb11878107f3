"""Units of work on SQLite, many to a commit.

A commit waits for the disk, so what waits together is committed together. Each unit happens whole or leaves no trace,
and nobody hears that theirs is done before the commit it is in has reached the disk. A savepoint is paid for by each of
them and needed by few: only where a unit raises is its group taken back, and the rest done again with one around each.

Units run in the event loop's own thread, one after the other: a statement takes some 20 µs there, and 300 by way of
another thread (measured). Only what can wait, for another process's lock or for the disk, is done in a thread.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Engine

MOST = 64  # units in a commit
LONGEST = 0.02  # seconds after which no other unit joins a commit: somebody else may want the event loop

Unit = Callable[[Connection], Coroutine[Any, Any, Any]]


class Waited(RuntimeError):
    """A unit of work awaited something else than its session; that takes Store.transaction."""


@dataclass(slots=True)
class _Asked:
    unit: Unit
    done: asyncio.Future[Any]
    context: Context = field(default_factory=copy_context)
    found: Any = None
    failed: BaseException | None = None

    def run(self, connection: Connection) -> None:
        self.found = self.context.run(_driven, self.unit, connection)

    def run_apart(self, connection: Connection) -> None:
        """Of one that raises nothing is left."""
        cursor = connection.connection.cursor()
        cursor.execute("SAVEPOINT unit")
        try:
            self.run(connection)
        except Exception as error:
            self.failed = error
            cursor.execute("ROLLBACK TO unit")
        cursor.execute("RELEASE unit")
        cursor.close()

    def tell(self) -> None:
        if self.done.done():  # whoever asked has gone
            return
        if self.failed:
            self.done.set_exception(self.failed)
        else:
            self.done.set_result(self.found)


class Together:
    """`engine`: SQLite's own driver. `writer`: held while a group is written."""

    def __init__(self, engine: Engine, writer: asyncio.Lock) -> None:
        self._engine, self._writer = engine, writer
        self._waiting = deque[_Asked]()
        self._thread = ThreadPoolExecutor(1, "kadens-commit")
        self._connection: Connection | None = None
        self._writing: asyncio.Task[None] | None = None

    async def run(self, unit: Unit) -> Any:
        """What the unit returns or raises, once that is on the disk."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(unit, done))
        if self._writing is None or self._writing.done():
            # A group is nobody's own: each unit in it runs in the context of who wants it.
            self._writing = asyncio.create_task(self._write(), context=Context())
        return await done

    async def close(self) -> None:
        if self._writing:
            await asyncio.wait({self._writing})
        if self._connection:
            await self._in_thread(self._connection.close)
            self._connection = None
        self._thread.shutdown()
        self._engine.dispose()

    async def _write(self) -> None:
        while self._waiting:
            async with self._writer:
                await self._group()

    async def _group(self) -> None:
        try:
            connection = await self._in_thread(self._begin)
        except Exception as error:
            await self._in_thread(self._let_go)
            while self._waiting:
                asked = self._waiting.popleft()
                asked.failed = error
                asked.tell()
            return
        group = list[_Asked]()
        try:
            try:
                for asked in self._next(group):
                    asked.run(connection)
            except Exception as error:
                group[-1].failed = error
                await self._in_thread(self._begin_again)
                for asked in chain(group[:-1], self._next(group)):
                    asked.run_apart(connection)
            await self._in_thread(connection.commit)
        except Exception as error:  # the disk is full, or gone: nothing of all this is there
            await self._in_thread(self._let_go)
            for asked in group:
                asked.failed = asked.failed or error
        for asked in group:
            asked.tell()

    def _next(self, group: list[_Asked]) -> Iterator[_Asked]:
        """One after the other of those that join this group, as long as others may."""
        until = time.monotonic() + LONGEST
        while self._waiting and len(group) < MOST and (not group or time.monotonic() < until):
            asked = self._waiting.popleft()
            if not asked.done.cancelled():
                group.append(asked)
                yield asked

    def _let_go(self) -> None:
        """Of a connection that can do no more: closing it takes back what it had begun."""
        if self._connection:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _begin(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        # Not by an event of the engine's: with one of those it looks for more at each statement.
        self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        return self._connection

    def _begin_again(self) -> None:
        assert self._connection
        self._connection.rollback()
        self._begin()

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _driven(unit: Unit, connection: Connection) -> Any:
    """Its result. What awaits only what is there already is never suspended."""
    work = unit(connection)
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise Waited
