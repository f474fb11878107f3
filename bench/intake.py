"""A signed `/kudos` that is durably stored, against a bare slack-bolt app that only acknowledges, and the obvious bot.

All on Starlette, uvicorn and uvloop, each in its own process, with 50 connections. Ours stores the event's id, the
kudos and three messages. Beside it `bench.floor`: what the statements of such a turn cost when nothing else is done.
What our outbox sends meanwhile is answered with 429, as Slack would at such a rate, so that the intake is measured and
not the sending. `python -m bench.intake ROUNDS` alone prints it, on both databases.
"""

import asyncio
import hashlib
import hmac
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.load import Load, load, middle, ratio, request
from bench.servers import free_port, kadens, process

SECRET = "8f742231b10e88880abcd99eeefff85a"
PEOPLE = 400
_numbers = count(1)


def commands(number: int, workspace: str = "T1") -> list[bytes]:
    """So many `/kudos`, each of another moment."""
    return [_signed(next(_numbers), workspace) for _ in range(number)]


def _signed(number: int, workspace: str) -> bytes:
    giver, receiver = number % PEOPLE, (number * 7 + 1) % PEOPLE
    fields = {
        "team_id": workspace,
        "channel_id": f"C{number % 20}",
        "channel_name": "general",
        "user_id": f"UG{giver}",
        "user_name": f"giver{giver}",
        "command": "/kudos",
        "text": f"<@UR{receiver}|somebody> thanks for the help with number {number} #care",
        "response_url": "https://hooks.slack.com/commands/T1/1/a",
        "trigger_id": f"1.{number}.x",
    }
    raw, stamp = urlencode(fields).encode(), f"{time.time():.0f}"
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return request("/slack/events", raw, headers)


@dataclass
class Taken:
    """All that was measured on one database, in turns."""

    ours: list[Load] = field(default_factory=list)
    floor: list[Load] = field(default_factory=list)
    bare: list[Load] = field(default_factory=list)
    obvious: list[Load] = field(default_factory=list)
    calm: list[Load] = field(default_factory=list)  # ours, at half of the rate it had before

    def figures(self) -> dict[str, Any]:
        sides = {name: getattr(self, name) for name in ("ours", "floor", "bare", "obvious", "calm")}
        shown = {side: {name: middle(runs, name) for name in ("rate", "p50", "p99")} for side, runs in sides.items()}
        refused = sum(
            times for run in self.ours + self.calm for status, times in run.statuses.items() if status != "200"
        )
        return {
            **shown,
            "of_bare": ratio(self.ours, self.bare),
            "floor_of_bare": ratio(self.floor, self.bare),
            "of_obvious": ratio(self.ours, self.obvious),
            "refused": refused,
        }


async def measure(folder: Path, rounds: int) -> Taken:
    """On SQLite, one process each."""
    obvious, floor = (f"sqlite+aiosqlite:///{folder / name}.db" for name in ("obvious", "floor"))
    async with _others(obvious, floor) as theirs, kadens(folder, **theirs.env) as port:
        return await _rounds(rounds, theirs, port)


async def measure_postgres(folder: Path, rounds: int) -> Taken:
    """On PostgreSQL, which waits for the disk as SQLite does: two processes of ours and of the floor, against one of
    each of the others."""
    from tests.postgres import server

    with server(durable=True) as postgres:
        url, obvious, floor = (postgres.database(name, "template0") for name in ("bench", "obvious", "floor"))
        async with (
            _others(obvious, floor, floor) as theirs,
            kadens(folder, DATABASE_URL=url, **theirs.env) as one,
            kadens(folder, DATABASE_URL=url, **theirs.env) as two,
        ):
            return await _rounds(rounds, theirs, one, two)


@dataclass(frozen=True)
class _Others:
    bare: int
    obvious: int
    floors: list[int]
    env: dict[str, str]


@asynccontextmanager
async def _others(url: str, *floors: str) -> AsyncIterator[_Others]:
    bare, obvious, sink = free_port(), free_port(), free_port()
    env = {"SLACK_SIGNING_SECRET": SECRET, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": f"http://127.0.0.1:{sink}/"}
    ports = [free_port() for _ in floors]
    async with AsyncExitStack() as stack:
        for args, port in (
            (["bench.sink", str(sink)], sink),
            (["bench.obvious", str(bare)], bare),
            (["bench.obvious", str(obvious), url], obvious),
            *((["bench.floor", str(port), floor], port) for port, floor in zip(ports, floors, strict=True)),
        ):
            await stack.enter_async_context(process(*args, port=port))
        yield _Others(bare, obvious, ports, env)


async def _rounds(rounds: int, theirs: _Others, *ports: int) -> Taken:
    taken = Taken()
    for at in (*ports, *theirs.floors, theirs.bare, theirs.obvious):
        await load(at, commands(2 * PEOPLE))  # meets everybody once, and warms up
    for _ in range(rounds):
        taken.ours.append(await load(ports[0], commands(2000), 50, 0, *ports[1:]))
        taken.floor.append(await load(theirs.floors[0], commands(2000), 50, 0, *theirs.floors[1:]))
        taken.bare.append(await load(theirs.bare, commands(4000)))
        taken.obvious.append(await load(theirs.obvious, commands(600)))
        half = taken.ours[-1].rate / 2
        taken.calm.append(await load(ports[0], commands(1000), 50, half, *ports[1:]))
    return taken


async def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="kadens-bench-") as name:
        for words, run in (("sqlite", measure), ("postgresql", measure_postgres)):
            folder = Path(name) / words
            folder.mkdir()
            print(words, json.dumps((await run(folder, rounds)).figures(), indent=1))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:2] or [5])))
