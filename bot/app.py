"""Kadens put together: the store, the turns, the platforms that are configured, delivery and the clock.

Stopping is the order of things read backwards: nothing more is taken in, turns end, nudges stop, what is being sent
arrives, claims are given back, connections close. Each of these has its time, so that the whole takes half a minute at
most, which is what Kubernetes waits by default.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from starlette.routing import Route

from bot.core.features import Routes
from bot.core.sealed import Sealer
from bot.core.sending import Can, Platform
from bot.core.settings import Settings
from bot.settings import Mistake, Secrets
from bot.turn import Turns
from handlers import FEATURES
from scheduler.clock import Clock
from scheduler.delivery import Delivery
from storage import schema, slack
from storage.engine import Store

log = logging.getLogger(__name__)

SENDING = 12.0  # seconds that sends under way and the turn of the clock have to end in; one send takes ten at most
LOOK = 2.0  # seconds the database has to answer a look at our readiness
SILENT = 30.0  # seconds without a beat of the clock after which we are not ready
# Of a platform that is not configured we still may know people: what is said to them waits in the outbox.
ABSENT = Can(threads_in_direct=False, whispers=False, looks_back=False)


class Side(Protocol):
    """What a platform's own app gives us."""

    platform: Any

    def routes(self) -> list[Route]: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


def utc() -> datetime:
    return datetime.now(UTC)


@dataclass
class Pulse:
    """The clock that the heartbeat reads: each reading is a sign of life. Ages are measured on the clock that never
    jumps; the wall's own time is only passed on."""

    now: Callable[[], datetime] = utc
    _last: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        self._last = time.monotonic()
        return self.now()

    @property
    def silent(self) -> float:
        """Seconds since the last sign of life."""
        return time.monotonic() - self._last


@dataclass
class App:
    """Everything of one process. `platforms` by name, those that are configured."""

    store: Store
    turns: Turns
    platforms: Mapping[str, Side]
    delivery: Delivery
    clock: Clock
    pulse: Pulse
    head: str  # the revision the database has to be at
    leaving: bool = False  # told to stop: who asks before sending us work should send no more
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _delivering: asyncio.Task[None] | None = None
    _looking: asyncio.Task[str | Exception | None] | None = None

    async def start(self) -> None:
        """Begin to send, to nudge and, where that needs no server, to hear."""
        for side in self.platforms.values():
            await side.start()
        self._delivering = asyncio.create_task(self.delivery.forever(self._stop))
        self.clock.start()
        self.pulse()

    async def stop(self) -> None:
        """End what was begun and give back the rest: within SENDING and what each platform takes to say good-bye."""
        self._stop.set()
        background = [asyncio.create_task(self.clock.stop())]
        if self._delivering:
            background.append(self._delivering)
        _, late = await asyncio.wait(background, timeout=SENDING)
        for task in late:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        for side in self.platforms.values():
            try:
                await side.stop()
            except Exception as error:
                log.error("a platform did not stop well: %s", type(error).__name__)
        if self._looking:
            self._looking.cancel()
            await asyncio.wait({self._looking}, timeout=LOOK)
        await self.store.close()

    async def _revision(self) -> str | Exception | None:
        """The database's, or why it does not say. One look at a time, waited for and not ended: to end a question that
        hangs takes as long as the question, and each new one would take a connection."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        looking = self._looking  # by the time this one has ended somebody else may have begun the next
        done, _ = await asyncio.wait({looking}, timeout=LOOK)
        return looking.result() if done else TimeoutError()

    async def _look(self) -> str | Exception | None:
        try:
            return await schema.revision(self.store)
        except Exception as error:
            return error

    async def unready(self) -> str | None:
        """Why no work should come to us now, if there is a reason."""
        if self.leaving or self._stop.is_set():
            return "stopping"
        revision = await self._revision()
        if isinstance(revision, Exception):
            return f"the database cannot be reached: {type(revision).__name__}"
        if revision != self.head:
            return "the database does not have this release's shape: run `kadens db upgrade`"
        if (silent := self.pulse.silent) > SILENT:
            return f"the clock has not beaten for {silent:.0f} seconds"
        if self._delivering is None or self._delivering.done():
            return "nothing is being delivered"
        return None


async def opens(store: Store, secrets: Secrets) -> None:
    """Raises Mistake where tokens are sealed with a key that we do not have: they are kept, and could not be used."""
    if not secrets.slack_client_id:
        return
    async with store.reading() as session:
        lost = await slack.unopened(session, Sealer(secrets.kadens_keys))
    if lost:
        raise Mistake(
            f"No key of KADENS_KEYS opens the tokens of {', '.join(lost)}. Put back the key they were sealed with; if"
            " it is gone for good, `kadens keys rotate --forget-lost`, and have them install the app anew."
        )


def build(secrets: Secrets, settings: Settings, loopback: bool = True, now: Callable[[], datetime] = utc) -> App:
    """All of it, not yet running. `loopback`: nobody but this machine can reach us.

    Raises Mistake where no platform is configured, or Teams would be open to everybody.
    """
    store, routes = Store(secrets.database_url, settings), Routes(*FEATURES)
    cans = dict.fromkeys(("slack", "teams", "playground"), ABSENT)
    turns = Turns(routes, store, cans)
    sides = dict[str, Side]()
    if secrets.slack:
        sides["slack"] = _slack(turns, store, secrets, settings, now)
    if secrets.teams:
        sides["teams"] = _teams(turns, store, secrets, settings, now, loopback)
    if not sides:
        raise Mistake(
            "Neither Slack nor Teams is configured. Copy .env.example to .env and fill in the part of your platform;"
            " to try Kadens without either, run `kadens demo`."
        )
    platforms: dict[str, Platform] = {name: side.platform for name, side in sides.items()}
    cans.update({name: platform.can for name, platform in platforms.items()})
    pulse = Pulse(now)
    return App(store, turns, sides, Delivery(store, platforms, now), Clock(turns, pulse), pulse, schema.head())


def _slack(turns: Turns, store: Store, secrets: Secrets, settings: Settings, now: Callable[[], datetime]) -> Side:
    from bot.platforms.slack.app import Secrets as Ours
    from bot.platforms.slack.app import Slack

    url = secrets.slack_api_url
    url = url if not url or url.endswith("/") else f"{url}/"  # the SDK joins names to it as it is
    ours = Ours(
        secrets.slack_signing_secret,
        secrets.slack_bot_token,
        secrets.slack_app_token,
        url,
        secrets.slack_client_id,
        secrets.slack_client_secret,
        Sealer(secrets.kadens_keys) if secrets.slack_client_id else None,
    )
    return Slack(turns, store, ours, settings, now)


def _teams(
    turns: Turns, store: Store, secrets: Secrets, settings: Settings, now: Callable[[], datetime], loopback: bool
) -> Side:
    from bot.platforms.teams.app import OpenDoor, Teams
    from bot.platforms.teams.app import Secrets as Ours

    ours = Ours(
        app_id=secrets.teams_app_id or "",
        app_password=secrets.teams_app_password,
        tenant_id=secrets.teams_tenant_id,
        tenants=secrets.teams_tenants,
        openid_metadata_url=secrets.teams_openid_metadata_url,
        token_url=secrets.teams_token_url,
        graph_url=secrets.teams_graph_url,
    )
    try:
        return Teams(turns, store, ours, settings, now, loopback)
    except OpenDoor as door:
        raise Mistake(str(door)) from None
