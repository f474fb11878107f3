"""The `kadens` command as an operator runs it: a real process in a folder of its own."""

import asyncio
import glob
import hashlib
import hmac
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

KADENS = Path(sys.executable).with_name("kadens")
SECRET = "8f742231b10e88880abcd99eeefff85a"
OURS = re.compile("SLACK_|TEAMS_|KADENS_CONFIG|DATABASE_URL|FAKETIME|LD_PRELOAD")


def environment(**more: str) -> dict[str, str]:
    """This process's, without what would configure Kadens."""
    return {**{name: value for name, value in os.environ.items() if not OURS.match(name)}, **more}


def run(folder: Path, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run it to its end."""
    return subprocess.run(
        [KADENS, *args], cwd=folder, env=environment(**env), text=True, capture_output=True, timeout=60, check=False
    )


def slack(url: str) -> dict[str, str]:
    """What configures Slack at this address."""
    return {"SLACK_SIGNING_SECRET": SECRET, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": url}


def signed(fields: Mapping[str, str], at: float | None = None) -> tuple[bytes, dict[str, str]]:
    """A request of Slack's: its body and headers."""
    raw, stamp = urlencode(fields).encode(), f"{time.time() if at is None else at:.0f}"
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    return raw, {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def faketime() -> Path:
    """libfaketime; without it the test is skipped, or fails where nothing may be skipped."""
    if found := glob.glob("/usr/lib/*/faketime/libfaketime.so.1"):
        return Path(found[0])
    if os.environ.get("KADENS_NO_SKIP"):
        pytest.fail("libfaketime is missing: apt install libfaketime")
    pytest.skip("libfaketime is not installed: apt install libfaketime")


@dataclass
class Served:
    """`kadens serve`, running. `said` is what it wrote to stderr so far."""

    process: asyncio.subprocess.Process
    url: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        return "".join(self.said)

    async def end(self, signal: int) -> int:
        """Send it a signal; its exit code."""
        self.process.send_signal(signal)
        return await asyncio.wait_for(self.process.wait(), 30)

    async def _listen(self, listening: asyncio.Event) -> None:
        assert self.process.stderr
        async for line in self.process.stderr:
            self.said.append(line.decode())
            if found := re.search(r"listening on (http://\S+)", self.said[-1]):
                self.url = found[1]
                listening.set()


@asynccontextmanager
async def served(folder: Path, *args: str, **env: str) -> AsyncIterator[Served]:
    """`kadens serve` on a free port, once it listens; killed at the end if it still runs."""
    command: list[Any] = [KADENS, "serve", "--port", "0", *args]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment(**env), stderr=asyncio.subprocess.PIPE
    )
    server, listening = Served(process), asyncio.Event()
    reader = asyncio.create_task(server._listen(listening))
    try:
        waits = asyncio.create_task(listening.wait())
        await asyncio.wait({waits, reader}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        assert listening.is_set(), server.log
        yield server
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reader
