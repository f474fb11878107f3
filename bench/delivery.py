"""Messages that arrive, of those that a Slack allows: in good weather, as fast as it goes all the time, and in a storm
(tests/faults/weather.py), where its door is shut a third of the time, some answers are 500 and some never come."""

from pathlib import Path
from statistics import median
from typing import Any

from storage import schema
from tests.faults.storm import Storm, storm

ALLOWED, MESSAGES = 100, 1000  # a second in the whole workspace; in a round
STORM = 3000


async def measure(folder: Path, rounds: int) -> tuple[list[Storm], Storm]:
    """Rounds in good weather, and one storm."""
    calm = [await _one(folder / f"{number}.db", MESSAGES, calm=True) for number in range(rounds)]
    return calm, await _one(folder / "storm.db", STORM, calm=False)


async def _one(file: Path, messages: int, calm: bool) -> Storm:
    url = f"sqlite+aiosqlite:///{file}"
    await schema.upgrade(url)
    return await storm(url, messages, ALLOWED, calm=calm)


def figures(calm: list[Storm], stormy: Storm) -> dict[str, Any]:
    """`ratio`: of what was allowed while there was more to be sent."""
    used = median(each.used for each in calm)
    return {
        "ours": {"rate": round(ALLOWED * used, 1)},
        "theirs": {"rate": ALLOWED},
        "ratio": round(used, 3),
        "processor": round(1000 * median(each.processor / each.messages for each in calm), 2),  # ms a message
        "storm": {
            "messages": stormy.messages,
            "lost": stormy.lost,
            "doubled": stormy.doubled,
            "ratio": round(stormy.used, 3),
            "processor": round(1000 * stormy.processor / stormy.messages, 2),
            "memory": round(stormy.memory / 2**20, 1),  # MB more than before
            "seen": stormy.seen,
        },
    }
