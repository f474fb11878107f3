"""Messages that arrive a second, against what a Slack allows that answers everything above with 429 and Retry-After."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.servers import free_port, process
from bot.core.cards import Card, Text
from bot.core.effects import Tell
from bot.core.events import Command
from bot.core.people import Person
from bot.platforms.slack.api import Api
from bot.platforms.slack.outbound import SlackPlatform
from scheduler.delivery import Delivery
from storage import outbox, schema
from storage.delivery import backlog
from storage.engine import Store

ALLOWED, MESSAGES = 100, 500  # a second in the whole workspace; in a round, each to somebody else


async def measure(folder: Path, rounds: int) -> list[float]:
    """Messages a second of each round."""
    url, rates = f"sqlite+aiosqlite:///{folder / 'delivery.db'}", list[float]()
    await schema.upgrade(url)
    store, port = Store(url), free_port()
    stub = ("tests.platforms.slack_stub", "--port", str(port), "--rate", str(ALLOWED))
    try:
        async with process(*stub, port=port), _platform(port) as platform:
            delivery = Delivery(store, {"slack": platform}, lambda: datetime.now(UTC))
            for number in range(rounds):
                await _fill(store, number)
                rates.append(await _emptied(store, delivery))
    finally:
        await store.close()
    return rates


@asynccontextmanager
async def _platform(port: int) -> AsyncIterator[SlackPlatform]:
    api = Api("xoxb-1", f"http://127.0.0.1:{port}/api/")
    try:
        yield SlackPlatform(api)
    finally:
        await api.close()


async def _fill(store: Store, number: int) -> None:
    now = datetime.now(UTC)
    async with store.transaction() as session:
        for n in range(MESSAGES):
            who = Person(f"p{n}", "Somebody", "slack:T1", f"U{number}x{n}")
            event = Command(id=f"{number}.{n}", actor=who, place=who.home, at=now, name="kudos")
            await outbox.put(session, event, 0, Tell(who, Card("Hello", (Text("There is something for you."),))))


async def _emptied(store: Store, delivery: Delivery) -> float:
    """Send all that waits, as `forever` does, which rests as long as it is asked to; messages a second."""
    stop, began = asyncio.Event(), time.perf_counter()
    delivery.stopping = False
    task = asyncio.create_task(delivery.forever(stop))
    while True:
        async with store.reading() as session:
            if not (await backlog(session)).waiting:
                break
        await asyncio.sleep(0.02)
    gone = time.perf_counter() - began
    stop.set()
    await task
    return MESSAGES / gone
