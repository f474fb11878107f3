"""Resident memory of `kadens serve` while it takes turns: it must not grow with them.

`python -m bench.memory 1000000` takes a million real ones, signed `/kudos` over HTTP, each stored; `make bench` fewer.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.intake import PEOPLE, SECRET, commands
from bench.load import load
from bench.servers import free_port, kadens, process

CHUNK = 10_000  # turns between two looks
SENDS = 20_000  # turns of a workspace
TURNS = 20_000


def resident(port: int) -> float:
    """Megabytes of the process that serves there."""
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if f"serve\0--port\0{port}\0" in (each / "cmdline").read_text():
                line = next(line for line in (each / "status").read_text().splitlines() if line.startswith("VmRSS"))
                return int(line.split()[1]) / 1024
        except OSError:  # it has ended meanwhile
            continue
    raise LookupError(f"nobody serves on port {port}")


async def measure(folder: Path, turns: int, say: Callable[[str], None] = lambda _: None) -> dict[str, float]:
    """Megabytes before and after so many turns, and after a tenth of them, when everybody has been met."""
    sink = free_port()
    env = {"SLACK_SIGNING_SECRET": SECRET, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": f"http://127.0.0.1:{sink}/"}
    async with process("bench.sink", str(sink), port=sink), kadens(folder, **env) as port:
        looks = {0: resident(port)}
        await load(port, commands(2 * PEOPLE))
        began, taken = time.monotonic(), 0
        while taken < turns:
            # One after the other: no workspace may send more than Slack lets it, see bot.bounds.
            run = await load(port, commands(min(CHUNK, turns - taken), f"T{taken // SENDS}"))
            if set(run.statuses) != {"200"}:
                raise RuntimeError(f"not all were taken: {run.statuses}")
            taken += sum(run.statuses.values())
            looks[taken] = resident(port)
            say(f"{taken:>9,} turns  {looks[taken]:6.1f} MB  {taken / (time.monotonic() - began):6.0f}/s")
        settled = next(taken for taken in looks if taken >= turns / 10 and taken)
        found = {"turns": turns, "before": looks[0], "settled": looks[settled], "after": looks[taken]}
        return {name: round(value, 1) for name, value in found.items()}


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="kadens-memory-") as name:
        print(asyncio.run(measure(Path(name), many, lambda line: print(line, flush=True))))
