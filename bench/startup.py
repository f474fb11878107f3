"""From `kadens serve` to ready: how long a restart takes, on a new SQLite file and on one that is there.

`python -m bench.startup` alone prints it.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.servers import free_port

ALLOWED = 2.0  # seconds
SLACK = {"SLACK_SIGNING_SECRET": "s" * 32, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": "http://127.0.0.1:9/"}


async def _ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head = await reader.readline()
        writer.close()
        return b" 200 " in head
    except OSError:
        return False


async def start(folder: Path) -> float:
    """Seconds from exec until /readyz says yes."""
    port = free_port()
    env = {**os.environ, **SLACK, "TEAMS_APP_ID": "", "PYTHONPATH": str(Path(__file__).parents[1])}
    args = (sys.executable, "-m", "bot", "serve", "--port", str(port))
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*args, cwd=folder, env=env, stdout=-3, stderr=-3)
    try:
        while not await _ready(port):
            if process.returncode is not None:
                raise RuntimeError("kadens serve ended")
            await asyncio.sleep(0.01)
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def measure(folder: Path, rounds: int) -> dict[str, float]:
    """Medians in seconds."""
    fresh = list[float]()
    for number in range(rounds):
        new = folder / f"new{number}"
        new.mkdir()
        fresh.append(await start(new))
    again = [await start(folder / "new0") for _ in range(rounds)]
    return {"fresh": round(median(fresh), 2), "again": round(median(again), 2), "allowed": ALLOWED}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="kadens-startup-") as name:
        print(asyncio.run(measure(Path(name), 5)))
