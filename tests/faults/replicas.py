"""Three replicas of `kadens serve` on one PostgreSQL, and a stand-in for Slack before and behind them."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from bot.core.settings import WEEKDAYS
from tests.conftest import until
from tests.faults.links import ROOT, Link
from tests.faults.worker import FileClock
from tests.platforms.slack_stub import SlackStub
from tests.platforms.test_slack_app import SECRET, SORRY, encoded, signed
from tests.postgres import Server, free_port

PATIENCE = 3.0  # seconds, Slack's for an answer
AGAIN = 0.2  # seconds; Slack tries again at once, after a minute, after five
LATE, BROKEN = -1, 0  # instead of a status: no answer in time, and a connection that broke
NEVER = 90.0  # seconds after which an event that nobody has taken is lost
RULES = {
    "people": {"zone": "UTC", "days": list(WEEKDAYS), "start": "00:00", "end": "23:59"},
    "quiet": {"start": "00:00", "end": "00:00"},
    "rhythms": {
        "checkin": {"every": "week", "on": "monday", "at": "00:00", "remind": []},
        "review": {"remind": []},
        **{key: {"whom": "nobody"} for key in ("aspirations", "expectations", "tips")},
    },
    "messages": {"week": 0},
}


@dataclass
class Replica:
    """One process and who starts it again whenever it ends, as systemd does."""

    folder: Path
    env: dict[str, str]
    clock: Path
    host: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    ended: int = 0  # times it ended by itself
    _kept: asyncio.Task[None] | None = None
    _killed: bool = False

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def begin(self) -> None:
        self._kept = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        command = [sys.executable, "-m", "tests.faults.replica", self.host, str(self.port), str(self.clock)]
        while True:
            with (self.folder / "log").open("ab") as log:
                self.process = await asyncio.create_subprocess_exec(
                    *self.prefix, *command, cwd=self.folder, env=self.env, stdout=log, stderr=log
                )
            await self.process.wait()
            if not self._killed:
                self.ended += 1
                await asyncio.sleep(0.3)
            self._killed = False

    def kill(self) -> None:
        if self.process and self.process.returncode is None:
            self._killed = True
            self.process.kill()

    def terminate(self) -> None:
        if self.process and self.process.returncode is None:
            self._killed = True
            self.process.send_signal(signal.SIGTERM)

    async def end(self) -> None:
        if self._kept:
            self._kept.cancel()
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@dataclass
class House:
    server: Server
    stub: SlackStub
    clock: FileClock
    link: Link
    replicas: list[Replica]
    chance: random.Random

    async def ready(self, replica: Replica) -> bool:
        try:
            timeout = aiohttp.ClientTimeout(total=2.5)
            async with aiohttp.ClientSession(timeout=timeout) as web, web.get(f"{replica.url}/readyz") as reply:
                return reply.status == 200
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(0.05)
            return False

    async def all_ready(self, seconds: float) -> float:
        """After how many seconds all of them were. TimeoutError where they are not."""
        began = time.monotonic()
        async with asyncio.timeout(seconds):
            for replica in self.replicas:
                await until(partial(self.ready, replica), seconds)
        return time.monotonic() - began

    async def rows(self, sql: str) -> list[Any]:
        return await asyncio.to_thread(self.server.query, sql, "kadens")

    async def end(self) -> None:
        for replica in self.replicas:
            await replica.end()
        await self.link.end()


async def house(folder: Path, server: Server, url: str, stub: SlackStub, link: Link, seed: int) -> House:
    """`link`: begun; the last replica reaches everything through it."""
    clock, found = FileClock(folder / "clock"), list[Replica]()
    for number in range(3):
        home = folder / f"replica{number}"
        home.mkdir()
        (home / "app.yaml").write_text(json.dumps(RULES))  # JSON is YAML
        database, world = url, stub.url
        if number == 2:
            database = url.replace(f"127.0.0.1:{server.tcp}", "{}:{}".format(*link.to_database))
            world = stub.url.replace(f"127.0.0.1:{stub.port}", "{}:{}".format(*link.to_world))
        secrets = {"SLACK_SIGNING_SECRET": SECRET, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": world}
        env = {**os.environ, **secrets, "DATABASE_URL": database, "PYTHONPATH": str(ROOT)}
        network: dict[str, Any] = {"host": link.host, "prefix": link.prefix} if number == 2 else {}
        found.append(Replica(home, env, clock.path, **network))
    return House(server, stub, clock, link, found, random.Random(seed))


@dataclass
class Request:
    """What Slack sends. An event is sent again until somebody takes it; a command is not: its person sees an error."""

    kind: str
    token: str
    body: dict[str, Any]
    acknowledged: bool = False
    tries: int = 0
    seconds: float = 0.0

    @property
    def again(self) -> bool:
        return "command" not in self.body


class Balancer:
    """Slack, and a proxy before the replicas: each request goes to the next in line, whatever its health, or with
    `ready_only` to the next of those that said so a moment ago, as a proxy with health checks does it."""

    def __init__(self, house: House, ready_only: bool = False) -> None:
        self.house, self.statuses, self.ready_only = house, dict[int, int](), ready_only
        self._next = 0
        # A connection each: one that is kept may be closed at the very moment in which it is used again.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._web = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE), connector=connector)

    async def close(self) -> None:
        await self._web.close()

    async def send(self, request: Request, until: Callable[[], bool] = lambda: False) -> None:
        raw, kind = encoded(request.body)
        began = time.monotonic()
        while not until() and time.monotonic() < began + NEVER:
            replica = self._next_one()
            if self.ready_only and not await self.house.ready(replica):
                continue
            headers = signed(raw, self.house.clock().timestamp(), kind)
            if request.tries:
                headers["X-Slack-Retry-Num"] = str(request.tries)
            with contextlib.suppress(aiohttp.ClientConnectorError):  # nobody there: the proxy asks the next one
                taken = await self._ask(replica, raw, headers)
                request.tries += 1
                if taken:
                    request.acknowledged, request.seconds = True, time.monotonic() - began
                if taken or not request.again:
                    return
            await asyncio.sleep(AGAIN)

    def _next_one(self) -> Replica:
        self._next += 1
        return self.house.replicas[self._next % len(self.house.replicas)]

    async def _ask(self, replica: Replica, raw: bytes, headers: dict[str, str]) -> bool:
        try:
            async with self._web.post(f"{replica.url}/slack/events", data=raw, headers=headers) as reply:
                said = await reply.text()
                self.statuses[reply.status] = self.statuses.get(reply.status, 0) + 1
                # Slack shows a person nothing but what comes with a 200, also that their command failed.
                return reply.status == 200 and SORRY not in said
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientError, TimeoutError) as error:
            kind = LATE if isinstance(error, TimeoutError) else BROKEN
            self.statuses[kind] = self.statuses.get(kind, 0) + 1
            return False
