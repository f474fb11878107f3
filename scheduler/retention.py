"""Once a day what is old enough goes, a batch at a time, in the time the heartbeat has left."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime

from storage import retention
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

    async def some(self, now: datetime, going: Callable[[], bool] = lambda: True) -> None:
        """As much as there is time for."""
        if self._day != now.date() and now.hour >= AT:
            self._day, self._left, self._gone = now.date(), await self._claimed(now), Counter()
        while self._left and going():
            step = self._left[0]
            async with self.store.transaction() as session:
                rows = await retention.sweep(session, step)
            self._gone[step.table.name] += rows
            if rows < BATCH:
                self._left.pop(0)
            if not self._left:
                told = ", ".join(f"{name} {rows}" for name, rows in sorted(self._gone.items()) if rows)
                log.info("retention: %s", told or "nothing was old enough")

    async def _claimed(self, now: datetime) -> list[Step]:
        async with self.store.transaction() as session:
            first = await retention.claim(session, now)
        return list(retention.steps(self.store.settings.retention, now)) if first else []
