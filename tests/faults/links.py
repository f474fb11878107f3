"""What lies between one replica and everything else: a network of its own, or, where there is none, a relay.

With network namespaces the replica has two cables, one to the database and one to the rest of the world; the first is
pulled as a cable is: no packet says so. Without (no root, no iproute2) a relay stands before the database, which is
frozen, so that everything hangs, or killed, so that everything breaks.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres import free_port

ROOT = Path(__file__).parents[2]
SPACE = f"kadens{os.getpid() % 100_000}"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def unlinked() -> None:
    """Take away whatever there is."""
    for command in (("netns", "del", SPACE), ("link", "del", f"{SPACE}d"), ("link", "del", f"{SPACE}w")):
        subprocess.run(["ip", *command], capture_output=True, check=False)


def spaces() -> str:
    """Why there can be no network namespaces here; empty where there can."""
    if os.geteuid() != 0:
        return "not root"
    if not shutil.which("ip"):
        return "no `ip` (Debian: iproute2)"
    try:
        ip("netns", "add", f"{SPACE}t")
        ip("netns", "del", f"{SPACE}t")
    except subprocess.CalledProcessError as error:
        return error.stderr.decode().strip()
    return ""


@dataclass
class Link:
    """`database` and `world`: the ports on this machine that the replica has to reach. `begin` first."""

    database: int
    world: int
    host: str = "127.0.0.1"  # on which the replica listens
    cuts: int = 0
    _relays: list[asyncio.subprocess.Process] = field(default_factory=list)
    prefix: tuple[str, ...] = ()  # before the replica's command
    to_database: tuple[str, int] = ("", 0)

    @property
    def to_world(self) -> tuple[str, int]:
        return "127.0.0.1", self.world

    async def begin(self) -> None:
        self.to_database = ("127.0.0.1", free_port())
        await self._relay(*self.to_database, self.database)

    async def cut(self) -> None:
        """For so long that whoever waits gives up, or not; every other time it breaks instead of hanging."""
        self.cuts += 1
        if self.cuts % 2:
            self._relays[0].send_signal(signal.SIGSTOP)
        else:
            self._relays[0].kill()
            await self._relays[0].wait()

    async def mend(self) -> None:
        if self._relays[0].returncode is None:
            self._relays[0].send_signal(signal.SIGCONT)
        else:
            self._relays.pop(0)
            await self._relay(*self.to_database, self.database)
            self._relays.insert(0, self._relays.pop())

    async def end(self) -> None:
        for relay in self._relays:
            if relay.returncode is None:
                relay.send_signal(signal.SIGCONT)
                relay.kill()
                await relay.wait()

    async def _relay(
        self, host: str, port: int, to: int, there: str = "127.0.0.1", prefix: tuple[str, ...] = ()
    ) -> None:
        relay = await asyncio.create_subprocess_exec(
            *prefix, sys.executable, "-m", "tests.faults.relay", host, str(port), there, str(to),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._relays.append(relay)
        assert relay.stdout and await relay.stdout.readline() == b"relaying\n"


class Cable(Link):
    """The same with a network namespace. Each process of a test run has its own part of 10.213.0.0/16."""

    async def begin(self) -> None:
        net = f"10.213.{os.getpid() % 250}"
        self.prefix, self.host = ("ip", "netns", "exec", SPACE), f"{net}.6"
        ip("netns", "add", SPACE)
        ip("-n", SPACE, "link", "set", "lo", "up")
        for first, name in ((1, "d"), (5, "w")):
            ours, theirs = f"{SPACE}{name}", f"{name}0"
            ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", SPACE)
            ip("addr", "add", f"{net}.{first}/30", "dev", ours)
            ip("link", "set", ours, "up")
            ip("-n", SPACE, "addr", "add", f"{net}.{first + 1}/30", "dev", theirs)
            ip("-n", SPACE, "link", "set", theirs, "up")
        self.to_database = (f"{net}.1", free_port())
        await self._relay(*self.to_database, self.database)
        # Slack is spoken to without encryption only on this machine itself: the replica's own, in there.
        port = free_port()
        await self._relay(f"{net}.5", port, self.world)
        await self._relay(*self.to_world, port, f"{net}.5", self.prefix)

    async def cut(self) -> None:
        self.cuts += 1
        ip("link", "set", f"{SPACE}d", "down")

    async def mend(self) -> None:
        ip("link", "set", f"{SPACE}d", "up")

    async def end(self) -> None:
        await super().end()
        unlinked()


def link(database: int, world: int) -> tuple[Link, str]:
    """And by which way it is cut."""
    why = spaces()
    return (Link(database, world), f"relay ({why})") if why else (Cable(database, world), "network namespace")
