"""The heartbeat: every few seconds a look at what is owed. APScheduler beats; what is owed stands in the store."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.core.watch import Span
from bot.turn import Turns
from scheduler.homes import renew
from scheduler.nudges import plan, play, play_some
from scheduler.retention import Retention
from scheduler.rounds import Lately

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=3)
PLAN = timedelta(minutes=1)  # planning looks at everybody; saying, only at what is owed
BUSY = 0.8  # the part of a beat in which nudges are said; the rest is for whoever else waits to write


class Steady(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """A beat from now, always. APScheduler's own interval counts from the beat before: after ten days of sleep it works
    out each of the 288,000 it has missed."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now + BEAT


class Heart(AsyncIOScheduler):  # type: ignore[misc]
    """APScheduler sleeps until a wall clock's moment: set back by an hour, it would sleep for an hour."""

    def wakeup(self) -> None:
        now = datetime.now(UTC)
        for job in self.get_jobs():
            if job.next_run_time and job.next_run_time > now + BEAT:
                job.modify(next_run_time=now)
        super().wakeup()


class Clock:
    """Plans and says nudges for as long as it runs. Any number of replicas may each have one."""

    def __init__(self, turns: Turns, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.turns, self.clock = turns, clock
        self._heart = Heart(timezone=UTC)
        self._lately, self._planned = Lately(), datetime.min.replace(tzinfo=UTC)
        self._alone, self._stopping = asyncio.Lock(), False
        self._retention = Retention(turns.store)

    def start(self) -> None:
        """Beat from now on. To be called where the event loop runs."""
        # Two, of which the second goes at once: with one, APScheduler warns of every beat that a long one outlasts.
        once = {"coalesce": True, "max_instances": 2, "misfire_grace_time": None}
        self._heart.add_job(self._tick, Steady(), next_run_time=datetime.now(UTC), **once)
        self._heart.start()

    async def stop(self) -> None:
        """End after the turn that is being taken."""
        self._stopping = True
        if self._heart.running:
            self._heart.pause()  # first: shutting down cancels the beat that is under way
            async with self._alone:
                self._heart.shutdown(wait=False)

    async def beat(self, now: datetime) -> int:
        """Plan and say, once, all that is owed at this moment (aware). Returns how many turns were taken."""
        async with self._alone:
            await plan(self.turns.store, now)
            said = await play(self.turns, self.turns.store, now)
            return said + await renew(self.turns, self.turns.store, now)

    async def _tick(self) -> None:
        if self._alone.locked() or self._stopping:
            return
        async with self._alone:
            with Span("beat") as span:
                try:
                    await self._look()
                except Exception as error:  # the next beat comes all the same
                    span.failed(error)
                    frame = traceback.extract_tb(error.__traceback__)[-1]
                    log.error("clock: %s in %s, line %s", type(error).__name__, frame.filename, frame.lineno)

    async def _look(self) -> None:
        loop, now = asyncio.get_running_loop(), self.clock()
        until = loop.time() + BEAT.total_seconds() * BUSY
        if not self._planned <= now < self._planned + PLAN:  # also when the clock was set back
            await plan(self.turns.store, now, self._lately, lambda: not self._stopping)
            self._planned = now

        def going() -> bool:
            return not self._stopping and loop.time() < until

        while going() and await play_some(self.turns, self.turns.store, self.clock(), going) is not None:
            pass
        # However much was to be said: a few homes each beat, or a Tuesday morning would leave them all as they were.
        await renew(self.turns, self.turns.store, self.clock(), lambda: not self._stopping)
        await self._retention.some(self.clock(), going)
