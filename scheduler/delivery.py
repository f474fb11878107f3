"""From the outbox to the platforms. No transaction is open while we wait for one of them."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.people import Place
from bot.core.sending import Platform, SlowDown, Unreachable
from storage import delivery
from storage.delivery import Claim
from storage.engine import Session, Store

log = logging.getLogger(__name__)

AT_ONCE = 8  # sends under way at the same time, each in a conversation of its own
BATCH = 32  # claimed ahead, so that not every send costs a claim
PATIENCE = 10.0  # seconds for one send or one look-up
# All that is claimed should have been sent by then, each looked up before; the last quarter is kept for the last send.
LEASE = timedelta(seconds=2 * PATIENCE * BATCH / AT_ONCE + 40)
POLL = 1.0  # seconds: how late we hear at most of what another process put into the outbox
TRIES, CAP = 8, 300.0  # a message that fails; and the longest wait between two tries, in seconds
LINE_TRIES = 40  # a line that is down, or nobody who answers in time


@dataclass
class Delivery:
    """Sends what waits: concurrently, and in order within a conversation.

    A message that cannot be sent holds its conversation, never another one: after 2, 4, 8 … 128 seconds it is tried
    again, and after the 8th try, some four minutes, it is given up and the next one goes. Where the fault is the line
    (OSError, TimeoutError) it is tried 40 times, for not quite three hours, the last of them five minutes apart. What
    nobody can receive (Unreachable) is given up at once. What is given up is told to somebody else where the outbox
    says so, and counted in storage.delivery.backlog. A process that dies holds the conversations it was sending in
    until its lease ends: LEASE, some three minutes.
    """

    store: Store
    platforms: Mapping[str, Platform]  # by the platform's name
    clock: Callable[[], datetime]  # a clock and not a moment: a round takes time, and Retry-After counts from its reply
    lease: timedelta = LEASE
    stopping: bool = False
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    # What the store says too: that nothing claimed before a "slow down" is sent after it.
    _resting: dict[tuple[str, str], tuple[datetime, datetime]] = field(default_factory=dict)

    async def run(self) -> None:
        """Send until nothing more is due, or until `stopping`: then what is under way ends and the rest is released."""
        under_way = set[asyncio.Task[None]]()
        try:
            while True:
                if len(under_way) <= AT_ONCE and not self.stopping:
                    claims = await self._claim(BATCH - len(under_way))
                    under_way |= {asyncio.create_task(self._deliver(claim)) for claim in claims}
                if not under_way:
                    return
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def forever(self, stop: asyncio.Event) -> None:
        """Send whatever comes, until `stop`. A store that cannot be reached is tried again."""
        watch = asyncio.create_task(self._stop_with(stop))
        try:
            while not self.stopping:
                self.store.spoken.clear()
                try:
                    pause = await self._look()
                except Exception as error:
                    log.error("delivery: %s; trying again", type(error).__name__)
                    pause = POLL
                await self._heard(pause)
        finally:
            watch.cancel()

    async def _stop_with(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.stopping = True
        self.store.spoken.set()

    async def _look(self) -> float:
        """Send what is due, if anything waits at all. Returns the seconds until it is worth while to look again."""
        if await self._again() is None:  # an empty outbox costs nobody the writer's place
            return POLL
        await self.run()
        again = await self._again()
        return min(max((again - self.clock()).total_seconds(), 0.01), POLL) if again else POLL

    async def _again(self) -> datetime | None:
        async with self.store.reading() as session:
            return await delivery.next_at(session, self.clock(), self.platforms)

    async def _heard(self, pause: float) -> None:
        """Wait, but not once something was said or we are to stop: both set the same flag."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self.store.spoken.wait()

    async def _claim(self, limit: int) -> list[Claim]:
        now = self.clock()
        async with self.store.transaction() as session:
            return await delivery.claim(session, now, now + self.lease, limit, self.platforms)

    async def _deliver(self, claim: Claim) -> None:
        message = claim.message
        async with self._gate:
            if self.stopping or self._rests(message.place) or self._overdue(claim):
                await self._keep(lambda session: delivery.release(session, claim))
                return
            platform = self.platforms[message.place.platform]
            try:
                sent_as, sure = await _said(platform, claim)
            except SlowDown as wait:
                await self._slow_down(claim, wait)
            except Unreachable:
                log.warning("%s: nobody to be reached there; given up", message.key)
                await self._keep(lambda session: delivery.given_up(session, claim, self.clock(), "Unreachable"))
            except Exception as error:
                await self._fail(claim, error)
            else:
                now = self.clock()
                rest = now + timedelta(seconds=platform.can.pace) if platform.can.pace else None
                await self._keep(lambda session: delivery.sent(session, claim, now, sent_as, rest, sure))

    def _overdue(self, claim: Claim) -> bool:
        """Whether its lease may end before the send: the store was locked for long, or the machine slept."""
        return self.clock() > claim.until - self.lease / 4

    def _rests(self, place: Place) -> bool:
        now, rests = self.clock(), [self._resting.get((place.workspace, where)) for where in ("", place.conversation)]
        return any(rest is not None and rest[0] <= now < rest[1] for rest in rests)

    async def _slow_down(self, claim: Claim, wait: SlowDown) -> None:
        """Being asked to wait is not a failed try: it is given back."""
        place, now = claim.message.place, self.clock()
        where, until = (place.conversation if wait.conversation else ""), now + timedelta(seconds=wait.retry_after)
        self._resting = {key: rest for key, rest in self._resting.items() if rest[1] > now}
        self._resting[place.workspace, where] = now, until

        async def pause(session: Session) -> None:
            await delivery.rest(session, place.workspace, until, now, where)
            await delivery.release(session, claim)

        await self._keep(pause)

    async def _fail(self, claim: Claim, error: Exception) -> None:
        # Only its type: what a platform says of a message may quote it.
        reason, now = type(error).__name__, self.clock()
        tries = LINE_TRIES if isinstance(error, OSError) else TRIES  # a TimeoutError is an OSError
        if claim.tries >= tries:
            log.error("%s: try %d: %s; given up", claim.message.key, claim.tries, reason)
            await self._keep(lambda session: delivery.given_up(session, claim, now, reason))
        else:
            log.warning("%s: try %d of %d: %s", claim.message.key, claim.tries, tries, reason)
            again_at = now + timedelta(seconds=min(2.0**claim.tries, CAP))
            await self._keep(lambda session: delivery.failed(session, claim, reason, again_at))

    async def _keep(self, work: Callable[[Session], Awaitable[None]]) -> None:
        """Write down how it ended, also where the store needs a while. If it never can, the lease runs out, and whoever
        claims the message then knows that a try began whose end nobody saw."""
        for wait in (0.2, 1.0, 5.0, None):
            try:
                async with self.store.transaction() as session:
                    await work(session)
                return
            except Exception as error:
                log.error("delivery: what was sent could not be kept: %s", type(error).__name__)
                if wait is None:
                    return
            await asyncio.sleep(wait)


async def _said(platform: Platform, claim: Claim) -> tuple[str, bool]:
    """The platform's id of the message, and whether it is certain that it is there only once."""
    message = claim.message
    once = not claim.unsure or message.verb != "post"  # changed, deleted or shown twice is as good as once
    if not once and platform.can.looks_back and not message.only_for:  # what one person sees is in no history
        once = True
        async with asyncio.timeout(PATIENCE):
            if (found := await platform.find(message)) is not None:
                return found, once
    async with asyncio.timeout(PATIENCE):
        return await platform.send(message), once
