"""From the outbox to the platforms. No transaction is open while we wait for one of them."""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.sending import Can, Outgoing, Platform, SlowDown, Unfit, Unreachable
from bot.core.watch import Span, ref_of
from scheduler.marks import Marks, Work
from storage import delivery, limits
from storage.delivery import Claim, Round, Want
from storage.engine import Session, Store

log = logging.getLogger(__name__)

AT_ONCE = 512  # messages in hand: claimed for a place in time that is near, being sent, or being marked
EACH = 256  # of these in one workspace
PATIENCE = 10.0  # seconds for one send or one look-up
# A message waits limits.AHEAD at most, is looked up, is sent; the last quarter is kept for what is sent when it begins.
LEASE = timedelta(seconds=90)
POLL = 1.0  # seconds: how late we hear at most of what another process put into the outbox
SELDOM = 10.0  # the same where the store tells us at once: for the word that was lost with its process
COALESCED = 0.02  # seconds between two looks while something is in hand
LULL = 0.1  # the same while something waits of which nothing may go, such as where we were asked to wait
TRIES, CAP = 8, 300.0  # a message that fails; and the longest wait between two tries, in seconds
LINE_TRIES = 40  # a line that is down, or nobody who answers in time


@dataclass
class Delivery:
    """Sends what waits: concurrently, in order within a conversation, and as fast as the platform allows.

    A message that cannot be sent holds its conversation, never another one: after 2, 4, 8 … 128 seconds, or a little
    less, it is tried again, and after the 8th try, some four minutes, it is given up and the next one goes. Where the
    fault is the line (OSError, TimeoutError) it is tried 40 times, for not quite three hours, the last of them five
    minutes apart. What the platform will never take (Unfit), and what nobody can receive (Unreachable), is given up at
    once, and who cannot be reached is not tried again with the next message (storage/unreachable.py). What is given up
    is told to somebody else where the outbox says so, and counted in storage.waiting.backlog. A process that dies
    holds the conversations it was sending in until its lease ends: LEASE. Of unknown outcome is then what it had in
    hand, AT_ONCE at most and EACH in a workspace.
    """

    store: Store
    platforms: Mapping[str, Platform]  # by the platform's name
    clock: Callable[[], datetime]  # a clock and not a moment: a round takes time, and Retry-After counts from its reply
    lease: timedelta = LEASE
    at_once: int = AT_ONCE
    jitter: Callable[[], float] = random.random  # of [0, 1): what failed together is not tried again together
    stopping: bool = False
    _marks: Marks = field(init=False)
    _in_hand: set[asyncio.Task[None]] = field(default_factory=set)
    _busy: Counter[str] = field(default_factory=Counter)  # by workspace: how many of them
    _found: Round = field(default_factory=Round)
    # What the store says too: that nothing claimed before a "slow down" is sent after it.
    _resting: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    _blind: dict[str, datetime] = field(default_factory=dict)  # by workspace: until when nothing can be looked up

    def __post_init__(self) -> None:
        self._marks = Marks(self.store)

    async def run(self) -> int:
        """Send until nothing more is due, or until `stopping`: then what is under way ends and the rest is released.
        Returns how many messages were taken in hand."""
        begun = 0
        try:
            while True:
                self.store.spoken.clear()
                self._found = await self._claim()
                for claim in self._found.claims:
                    self._begin(claim)
                begun += len(self._found.claims)
                if not self._in_hand:
                    return begun
                await self._heard(self._pause())
                if self._in_hand:
                    await asyncio.sleep(COALESCED)
        finally:
            under_way = list(self._in_hand)
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    def _pause(self) -> float:
        """Seconds until a look is worth while, if nothing is said and nothing ends that something else waits for."""
        again = self._found.again
        return min(max((again - self.clock()).total_seconds(), 0.0), POLL) if again else POLL

    async def forever(self, stop: asyncio.Event) -> None:
        """Send whatever comes, until `stop`. A store that cannot be reached is tried again."""
        watch = asyncio.create_task(self._stop_with(stop))
        self.store.listen()
        try:
            while not self.stopping:
                spoken = self.store.spoken.is_set()
                self.store.spoken.clear()
                try:
                    pause = await self._look(spoken)
                except Exception as error:
                    log.error("delivery: %s; trying again", type(error).__name__)
                    pause = POLL
                if not self.stopping:  # the look took the flag down by which we were told
                    await self._heard(pause)
        finally:
            watch.cancel()

    async def _stop_with(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.stopping = True
        self.store.spoken.set()

    async def _look(self, spoken: bool) -> float:
        """Send what is due, if anything waits at all: it does when something was just `spoken`. Returns the seconds
        until it is worth while to look again."""
        if not spoken and await self._again() is None:  # an empty outbox costs nobody the writer's place
            return self._poll
        if not await self.run():
            await asyncio.sleep(LULL)
        again = await self._again()
        return min(max((again - self.clock()).total_seconds(), 0.01), self._poll) if again else self._poll

    @property
    def _poll(self) -> float:
        return SELDOM if self.store.told else POLL

    async def _again(self) -> datetime | None:
        async with self.store.reading() as session:
            return await delivery.next_at(session, self.clock(), self._cans)

    async def _heard(self, pause: float) -> None:
        """Wait, but not once something was said or we are to stop: both set the same flag."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self.store.spoken.wait()

    @property
    def _cans(self) -> Mapping[str, Can]:
        return {name: platform.can for name, platform in self.platforms.items()}

    async def _claim(self) -> Round:
        if self.stopping or (seats := self.at_once - len(self._in_hand)) <= 0:
            return Round(full=False, last=self._found.last)
        now, want = self.clock(), Want(seats, self._cans, EACH, self._busy, self._found.last)
        try:
            found = await self.store.unit(lambda session: delivery.claim(session, now, now + self.lease, want))
        except Exception as error:
            if not self._in_hand:
                raise
            # What is being sent is not broken off for that: its outcome would be unknown.
            log.error("delivery: %s; trying again", type(error).__name__)
            return Round(full=False, last=self._found.last)
        for workspace, until in found.rests.items():  # another replica may have been asked to wait
            self._rest(workspace, now, until)
        return found

    def _begin(self, claim: Claim) -> None:
        workspace, task = claim.message.place.workspace, asyncio.create_task(self._deliver(claim))
        self._in_hand.add(task)
        self._busy[workspace] += 1
        task.add_done_callback(lambda task: self._ended(task, workspace))

    def _ended(self, task: asyncio.Task[None], workspace: str) -> None:
        self._in_hand.discard(task)
        self._busy[workspace] -= 1
        if not task.cancelled() and (error := task.exception()):
            log.error("delivery: %s", type(error).__name__)
        # Something may wait for what was behind it, or for its seat; where all wait for their places in time, no.
        if not self._found.full or not self._in_hand:
            self.store.spoken.set()

    async def _deliver(self, claim: Claim) -> None:
        message = claim.message
        if (early := claim.at - self.clock()) > timedelta():
            # No place is given out further ahead: what looks so is a clock that was set back since.
            await asyncio.sleep(min(early, limits.AHEAD).total_seconds())
        if self.stopping or self._rests(claim) or self._overdue(claim):
            await self._keep(claim, lambda session: delivery.release(session, claim))
            return
        with Span("delivery", message.verb, message.place.platform, ref_of(message.event), "sent") as span:
            await self._try(claim, span)

    async def _try(self, claim: Claim, span: Span) -> None:
        message, platform = claim.message, self.platforms[claim.message.place.platform]
        try:
            sent_as, sure = await self._said(platform, claim)
        except SlowDown as wait:
            span.outcome = "slow_down"
            await self._slow_down(claim, wait)
        except Unreachable as away:
            span.outcome, now, why = "unreachable", self.clock(), away.reason
            log.warning("%s: nobody to be reached there; given up", message.key)
            await self._keep(claim, lambda session: delivery.out_of_reach(session, claim, now, why))
        except Unfit as unfit:
            span.outcome, now, reason = "unfit", self.clock(), f"Unfit: {unfit.reason}"
            log.error("%s: the platform will never take it (%s); given up", message.key, unfit.reason)
            await self._keep(claim, lambda session: delivery.given_up(session, claim, now, reason))
        except Exception as error:
            span.failed(error)
            await self._fail(claim, error)
        else:
            now, can = self.clock(), platform.can
            await self._keep(claim, lambda session: delivery.sent(session, claim, now, sent_as, can, sure))

    async def _said(self, platform: Platform, claim: Claim) -> tuple[str, bool]:
        """The platform's id of the message, and whether it is certain that it is there only once."""
        message = claim.message
        once = not claim.unsure or message.verb != "post"  # changed, deleted or shown twice is as good as once
        if not once and platform.can.looks_back and not message.only_for:  # what one person sees is in no history
            once = True
            if (found := await self._looked_up(platform, message)) is not None:
                return found, once
        async with asyncio.timeout(PATIENCE):
            return await platform.send(message), once

    async def _looked_up(self, platform: Platform, message: Outgoing) -> str | None:
        """Looking back has a ration of its own: who has to wait for that is not in the way of what is sent."""
        now, workspace = self.clock(), message.place.workspace
        if (until := self._blind.get(workspace, now)) > now:
            raise SlowDown((until - now).total_seconds(), conversation=True)
        try:
            async with asyncio.timeout(PATIENCE):
                return await platform.find(message)
        except SlowDown as wait:
            self._blind[workspace] = self.clock() + timedelta(seconds=wait.retry_after)
            raise SlowDown(wait.retry_after, conversation=True) from None

    def _overdue(self, claim: Claim) -> bool:
        """Whether its lease may end before the send: the store was locked for long, or the machine slept."""
        return self.clock() > claim.until - self.lease / 4

    def _rests(self, claim: Claim) -> bool:
        rest = self._resting.get(claim.message.place.workspace)
        return rest is not None and rest[0] <= self.clock() < rest[1] and claim.at < rest[1]

    def _rest(self, workspace: str, now: datetime, until: datetime) -> None:
        self._resting = {where: rest for where, rest in self._resting.items() if rest[1] > now}
        self._resting[workspace] = now, until

    async def _slow_down(self, claim: Claim, wait: SlowDown) -> None:
        """Being asked to wait is not a failed try: it is given back."""
        place, now = claim.message.place, self.clock()
        until = now + timedelta(seconds=wait.retry_after)
        if not wait.conversation:
            self._rest(place.workspace, now, until)

        async def back(session: Session) -> None:
            if wait.conversation:
                await limits.pause(session, place, until, now)
            else:
                await limits.rest(session, place.workspace, until, now)
            await delivery.release(session, claim)

        await self._keep(claim, back)

    async def _fail(self, claim: Claim, error: Exception) -> None:
        # Only its type: what a platform says of a message may quote it.
        reason, now = type(error).__name__, self.clock()
        tries = LINE_TRIES if isinstance(error, OSError) else TRIES  # a TimeoutError is an OSError
        if claim.tries >= tries:
            log.error("%s: try %d: %s; given up", claim.message.key, claim.tries, reason)
            await self._keep(claim, lambda session: delivery.given_up(session, claim, now, reason))
        else:
            log.warning("%s: try %d of %d: %s", claim.message.key, claim.tries, tries, reason)
            again_at = now + timedelta(seconds=min(2.0**claim.tries, CAP) * (1 - self.jitter() / 4))
            await self._keep(claim, lambda session: delivery.failed(session, claim, now, reason, again_at))

    async def _keep(self, claim: Claim, work: Work) -> None:
        await self._marks.keep(work, (claim.until - self.clock()).total_seconds())
