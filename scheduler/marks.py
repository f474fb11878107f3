"""How sends ended, written down: what ends while a commit is under way goes into the next one, together."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from storage.engine import Session, Store

log = logging.getLogger(__name__)

MOST = 64  # in a commit
WAITS = (0.2, 1.0, 5.0)  # seconds between two tries; then always the last

Work = Callable[[Session], Awaitable[None]]


class Marks:
    """`keep` returns once it is on the disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting = list[tuple[Work, asyncio.Future[None]]]()
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, work: Work, patience: float) -> None:
        """Write it down, also where the store needs a while. If it cannot for `patience` seconds, until the lease runs
        out, whoever claims the message then knows that a try began whose end nobody saw."""
        began, tries = time.monotonic(), 0
        while True:
            try:
                return await self._kept(work)
            except Exception as error:
                log.error("delivery: what was sent could not be kept: %s", type(error).__name__)
            wait = WAITS[min(tries, len(WAITS) - 1)]
            if time.monotonic() - began + wait > patience:
                return
            tries += 1
            await asyncio.sleep(wait)

    async def _kept(self, work: Work) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                await self._together([work for work, _ in group])
            except Exception as error:
                if len(group) == 1:
                    _tell(group[0][1], error)
                else:  # one of them may spoil it for all
                    await self._singly(group)
                continue
            for _, done in group:
                _tell(done)

    async def _singly(self, group: list[tuple[Work, asyncio.Future[None]]]) -> None:
        for work, done in group:
            try:
                await self._together([work])
            except Exception as error:
                _tell(done, error)
            else:
                _tell(done)

    async def _together(self, works: list[Work]) -> None:
        async def all(session: Session) -> None:
            for work in works:
                await work(session)

        await self._store.unit(all)


def _tell(done: asyncio.Future[None], error: Exception | None = None) -> None:
    if done.done():  # whoever asked has gone
        return
    if error:
        done.set_exception(error)
    else:
        done.set_result(None)
