"""Ten thousand nudges due in the same minute, through the real outbox, delivery and Slack's outbound: what became of
them, and what it cost. For the test beside it, and for `make bench`."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import aiohttp

from bench.servers import free_port, process
from bot.core.cards import Button, Buttons, Card, Text
from bot.core.effects import Tell
from bot.core.events import Due
from bot.core.people import Person
from bot.platforms.slack.api import Api
from bot.platforms.slack.outbound import CAN, SlackPlatform
from bot.platforms.slack.workspaces import Own
from scheduler.delivery import Delivery
from storage import outbox
from storage.engine import Store
from storage.waiting import Backlog, backlog

WORKSPACE = "slack:T1"
CROWDED = 20  # every so many-th conversation gets three messages: there is an order to be kept
WORDS = Card("Your week", (Text("How was it?"), Buttons((Button("Begin", "checkin.begin", "1"), Button("Later", "l")))))


@dataclass(frozen=True, slots=True)
class Storm:
    messages: int
    lost: int
    doubled: int
    disordered: int  # conversations
    used: float  # of what was allowed, while enough waited
    shut: float  # of the time
    seen: dict[str, int]  # what the stub answered instead of taking it
    seconds: float
    processor: float  # seconds of ours
    memory: int  # bytes it grew by
    left: Backlog

    def __str__(self) -> str:
        other = ", ".join(f"{times} {what}" for what, times in sorted(self.seen.items()))
        return (
            f"{self.messages} messages in {self.seconds:.0f} s: {self.lost} lost, {self.doubled} doubled, "
            f"{self.disordered} conversations out of order; {self.used:.3f} of the allowed rate; door shut "
            f"{self.shut:.2f} of the time; {self.processor:.1f} s of processor, {self.memory / 2**20:.0f} MB more; "
            f"{other}"
        )


async def storm(url: str, messages: int, rate: float, calm: bool = False, limit: float = 600) -> Storm:
    """`url`: of a database with all tables. Raises TimeoutError where something still waits after `limit` seconds."""
    store, port = Store(url), free_port()
    options = ["--port", str(port), "--rate", str(rate), *(["--calm"] if calm else [])]
    try:
        async with process("tests.faults.weather", *options, port=port), _slack(port, rate) as slack:
            keys = await _fill(store, messages)
            before, memory, began = _processor(), _memory(), time.perf_counter()
            left = await _delivered(store, slack, limit)
            took = time.perf_counter() - began, _processor() - before, _memory() - memory
            async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/_weather") as answer:
                seen = await answer.json()
    finally:
        await store.close()
    order = {channel: [int(key.rsplit("/", 1)[1]) for key in said] for channel, said in seen["order"].items()}
    arrived = [key for said in seen["order"].values() for key in said]
    return Storm(
        messages, len(keys - set(arrived)), len(arrived) - len(set(arrived)),
        sum(said != sorted(said) for said in order.values()),
        _used(seen["accepted"], rate), seen["shut"], seen["seen"], *took, left,
    )  # fmt: skip


def _used(accepted: list[tuple[float, str]], rate: float) -> float:
    """Of what the open door let through, while there was more to be sent than it allows: not the last twentieth, in
    which the few that hung are looked up and tried again."""
    bulk = accepted[: len(accepted) * 19 // 20]
    return len(bulk) / ((bulk[-1][0] - bulk[0][0]) * rate)


@asynccontextmanager
async def _slack(port: int, rate: float) -> AsyncIterator[SlackPlatform]:
    platform = SlackPlatform(Own(Api("xoxb-1", f"http://127.0.0.1:{port}/api/")))
    platform.can = replace(CAN, rate=rate, burst=rate / 2)  # type: ignore[misc]
    try:
        yield platform
    finally:
        await platform.workspaces.close()


async def _fill(store: Store, messages: int) -> set[str]:
    """All at once, as the clock puts them in; each conversation's own in a row."""
    now, keys, n = datetime.now(UTC), set[str](), 0
    async with store.transaction() as session:
        while len(keys) < messages:
            who = Person(f"p{n}", "Somebody", WORKSPACE, f"U{n}")
            for number in range(3 if n % CROWDED == 0 else 1):
                base = {"id": f"due/p{n}/checkin/2026-W45/0", "actor": who, "place": who.home, "at": now}
                event = Due(**base, rhythm="checkin", period="2026-W45")
                await outbox.put(session, event, number, Tell(who, WORDS))
                keys.add(f"{event.id}/{number}")
            n += 1
    return keys


async def _delivered(store: Store, slack: SlackPlatform, limit: float) -> Backlog:
    stop, delivery = asyncio.Event(), Delivery(store, {"slack": slack}, lambda: datetime.now(UTC))
    task = asyncio.create_task(delivery.forever(stop))
    try:
        async with asyncio.timeout(limit):
            while True:
                async with store.reading() as session:
                    if not (left := await backlog(session)).waiting:
                        return left
                await asyncio.sleep(0.5)
    finally:
        stop.set()
        await task


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
