"""The processes that are measured, and those they talk to."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def process(*args: str, port: int, folder: Path | None = None, **env: str) -> AsyncIterator[None]:
    """`python -m …` until the end of the block; begins once it listens on the port."""
    here = str(Path(__file__).parents[1])
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *args, cwd=folder, env={**os.environ, "PYTHONPATH": here, **env}, stdout=-3, stderr=-3
    )
    try:
        for _ in range(200):
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            except OSError:
                await asyncio.sleep(0.1)
        else:
            raise RuntimeError(f"{args[0]} does not listen")
        yield
    finally:
        started.terminate()
        await started.wait()


@asynccontextmanager
async def kadens(folder: Path, **env: str) -> AsyncIterator[int]:
    """`kadens serve` on a fresh SQLite file in the folder; its port. Its few people are thanked more often in a minute
    than anybody is in a year: as in a year, none of it is too much for a day or a week."""
    port = free_port()
    (folder / "app.yaml").write_text("kudos:\n  allowance: {default: 1000000}\nmessages: {week: 0}\n")
    unset = {name: "" for name in os.environ if name.startswith("SLACK_")}
    async with process("bot", "serve", "--port", str(port), port=port, folder=folder, **{**unset, **env}):
        yield port
