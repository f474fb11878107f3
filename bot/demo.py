"""The playground on a database of its own, which goes when it ends."""

import asyncio
import contextlib
import logging
import signal
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot import logs
from bot.core.features import Routes
from bot.core.settings import Settings
from bot.platforms.playground.app import open_browser, serve
from bot.platforms.playground.clock import Clock
from bot.platforms.playground.demo import Act, Next, Send, demo_settings
from bot.platforms.playground.demo import demo as furnished
from bot.platforms.playground.outbound import PlaygroundPlatform
from bot.settings import settings
from bot.turn import Turns
from bot.web import free
from handlers import FEATURES
from scheduler.ahead import next_moment
from scheduler.delivery import Delivery
from scheduler.homes import renew
from scheduler.nudges import plan, play
from scheduler.rounds import Lately
from storage import schema
from storage.engine import Store


def wire(turns: Turns, platform: PlaygroundPlatform, clock: Clock) -> tuple[Act, Send, Next]:
    """What does all that is due at a moment, what only sends what was said, and what says when the next nudge comes."""
    store, lately = turns.store, Lately()
    delivery = Delivery(store, {"playground": platform}, clock)

    async def act(now: datetime) -> None:
        await plan(store, now, lately)
        await play(turns, store, now)
        await renew(turns, store, now)
        await delivery.run()

    async def next_nudge(now: datetime) -> datetime | None:
        return await next_moment(store, now)

    return act, delivery.run, next_nudge


async def demo(port: int, started: Callable[[str], None] | None = None) -> None:
    """Serve the playground on this machine only, until stopped. Raises Mistake for a port that is in use."""
    logs.set_up(logging.WARNING)
    # Once it has stopped, uvicorn sends itself the signal again: SIGTERM too must not keep us from cleaning up.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    free(port)
    given = demo_settings(settings())
    with tempfile.TemporaryDirectory(prefix="kadens-") as folder:
        print("Playing through some months of an example company …", flush=True)
        await _served(f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}", given, port, started or _welcome)


async def _served(url: str, given: Settings, port: int, started: Callable[[str], None]) -> None:
    await schema.upgrade(url)
    store = Store(url, given)
    try:
        await serve(await furnished(store, Routes(*FEATURES), wire), port, started)
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)  # where that signal arrives
        await store.close()


def _welcome(address: str) -> None:
    print(f"Kadens is ready to be tried at {address}  (Ctrl+C ends it)", flush=True)
    open_browser(address)
