"""Once a day what is old enough goes, a batch at a time, in the time the heartbeat has left."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from bot.core import watch
from storage import departed, retention
from storage.engine import Store
from storage.retention import BATCH, Step

log = logging.getLogger(__name__)
AT = 2  # o'clock, UTC: the day's work begins then, or when the process next runs


class Retention:
    """One replica's part. What it had not done when it ended is done the next day: nothing is lost by that."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._day: date | None = None
        self._left, self._gone = list[Step](), Counter[str]()
        self._after: tuple[Any, ...] | None = None  # the key of the row that was looked at last

    async def some(self, now: datetime, going: Callable[[], bool] = lambda: True) -> None:
        """As much as there is time for."""
        if self._day != now.date() and now.hour >= AT:
            self._day, self._left, self._gone = now.date(), await self._claimed(now), Counter()
            self._after = None
            await self._departed(now)
        before = self._gone.total()
        await self._sweep_some(going)
        if self._gone.total() > before and self.store.dialect == "sqlite":
            await self.store.forget()

    async def _sweep_some(self, going: Callable[[], bool]) -> None:
        while self._left and going():
            step = self._left[0]
            async with self.store.reading() as session:
                look = await retention.look(session, step, self._after)
            for n in range(0, len(look.keys), BATCH):
                if not going():
                    return  # the rest is found again
                await self._sweep(step, look.keys[n : n + BATCH])
            self._after = look.after
            if not look.after:
                self._left.pop(0)
            if not self._left:
                told = ", ".join(f"{name} {rows}" for name, rows in sorted(self._gone.items()) if rows)
                log.info("retention: %s", told or "nothing was old enough")

    async def _sweep(self, step: Step, keys: Sequence[tuple[Any, ...]]) -> None:
        async with self.store.transaction() as session:
            rows = await retention.sweep(session, step, keys)
        self._gone[step.table.name] += rows
        watch.count("retired", step.table.name, rows)

    async def _departed(self, now: datetime) -> None:
        """Workspaces that put us out long ago. Every replica looks: what one has erased the next no longer finds."""
        async with self.store.reading() as session:
            over = await departed.due(session, now)
        for workspace in over:
            async with self.store.transaction(f"departed/{workspace}") as session:
                if workspace in await departed.due(session, now):  # nobody came back, and nobody was quicker
                    await departed.erase(session, workspace, now)
            log.info("retention: everything of %s is erased", workspace)

    async def _claimed(self, now: datetime) -> list[Step]:
        async with self.store.transaction() as session:
            first = await retention.claim(session, now)
        return list(retention.steps(self.store.settings.retention, now)) if first else []
