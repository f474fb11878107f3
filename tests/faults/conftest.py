"""A company whose bot is another process, which can be killed, and a platform that records what it gets over HTTP."""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from bot.core.settings import RHYTHMS, Settings
from scheduler.ahead import next_moment
from storage import waiting
from storage.engine import Store
from storage.nudges import NudgeRow
from tests.conftest import count, rows
from tests.faults.worker import FileClock

ROOT = Path(__file__).parents[2]
MONDAY = datetime(2026, 11, 2, 6, tzinfo=UTC)
# Each week a nudge on Tuesday and, as nobody here ever answers, a reminder on Wednesday.
WEEKLY = {"every": "week", "on": "tuesday", "remind": [1]}
ALONE = {**{key: {"whom": "nobody"} for key in RHYTHMS}, "checkin": WEEKLY, "review": {"remind": []}}
AS_JSON = json.dumps({"rhythms": ALONE, "messages": {"week": 0}})
SETTINGS = Settings.model_validate_json(AS_JSON)


class Recorder:
    """The recording platform. It takes its time before and after it has noted a message, so that a kill falls into
    every part of a send; and it has the troubles of a real one."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.arrived = list[dict[str, str]]()
        self.looked_up = self.slowed = self.broke = 0
        self.slow_down, self.break_off = 0.0, 0.0  # how often, of 1
        self.longest = 0.02  # seconds, before and after

    async def send(self, request: web.Request) -> web.Response:
        message = await request.json()
        await self._while()
        if self.random.random() < self.slow_down:
            self.slowed += 1
            return web.Response(status=429, headers={"Retry-After": "0.2"})
        self.arrived.append({**message, "id": f"m{len(self.arrived) + 1}"})
        id = self.arrived[-1]["id"]
        await self._while()
        if self.random.random() < self.break_off:
            self.broke += 1
            return web.Response(status=500)
        return web.json_response({"id": id})

    async def find(self, request: web.Request) -> web.Response:
        self.looked_up += 1
        found = [message["id"] for message in self.arrived if message["key"] == request.query["key"]]
        return web.json_response({"id": found[0] if found else None})

    async def _while(self) -> None:
        await asyncio.sleep(self.random.uniform(0, self.longest))

    @property
    def times(self) -> Counter[str]:
        """How often each message arrived."""
        return Counter(message["key"] for message in self.arrived)

    @property
    def doubled(self) -> int:
        return sum(times - 1 for times in self.times.values())


class House:
    """The company from outside: its database file, its platform, its clock, and the processes that serve it."""

    def __init__(self, store: Store, recorder: Recorder, address: str, clock: FileClock) -> None:
        self.store, self.recorder, self.address, self.clock = store, recorder, address, clock
        self.looks_back, self.features = True, ""
        self.workers = list[asyncio.subprocess.Process]()

    async def start(self) -> asyncio.subprocess.Process:
        looks_back = "yes" if self.looks_back else "no"
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.worker",
            self.store.url, self.address, str(self.clock.path), AS_JSON, looks_back, self.features,
            cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "default"}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    async def kill(self, worker: asyncio.subprocess.Process) -> None:
        assert worker.returncode is None, "it died by itself"
        worker.kill()
        await worker.wait()

    async def end(self, worker: asyncio.subprocess.Process) -> None:
        """As a process manager does it, once it has begun."""
        assert worker.stdout
        assert await asyncio.wait_for(worker.stdout.readline(), 15) == b"ready\n"
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.wait(), 15) == 0

    async def waiting(self) -> int:
        async with self.store.reading() as session:
            return (await waiting.backlog(session)).waiting

    async def said(self) -> int:
        return await count(self.store, NudgeRow, state="said")

    async def nothing_waits(self) -> bool:
        return not await self.waiting()

    async def unsure(self) -> int:
        async with self.store.reading() as session:
            return (await waiting.backlog(session)).unsure

    async def quiet(self) -> bool:
        """Everything that is planned is said, and everything that is said is sent."""
        owed = [row for row in await rows(self.store, NudgeRow, state="owed") if row.due_at <= self.clock()]
        return not owed and not await self.waiting()

    async def to_the_next_moment(self) -> datetime:
        now = await next_moment(self.store, self.clock())
        assert now is not None
        self.clock.set(now)
        return now

    def nudges(self) -> Counter[tuple[str, str]]:
        """How often each person was told each thing."""
        return Counter((message["conversation"], message["title"]) for message in self.recorder.arrived)

    def check_order(self) -> None:
        """In each conversation a question stands in the thread of its own nudge, behind it."""
        begun = dict[str, set[str]]()  # sent twice, a message has two ids, and we know the last
        for message in self.recorder.arrived:
            name = message["conversation"] + message["title"].removesuffix(" question")
            if message["title"].endswith(" question"):
                assert message["thread"] in begun[name]
            else:
                begun.setdefault(name, set()).add(message["id"])


@pytest.fixture
async def house(url: str, tmp_path: Path) -> AsyncIterator[House]:
    recorder, clock, store = Recorder(), FileClock(tmp_path / "clock"), Store(url, SETTINGS)
    application = web.Application()
    application.add_routes([web.post("/send", recorder.send), web.get("/find", recorder.find)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    clock.set(MONDAY)
    house = House(store, recorder, f"http://127.0.0.1:{port}", clock)
    yield house
    for worker in house.workers:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    await runner.cleanup()
    await store.close()
