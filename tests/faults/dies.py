"""A process that delivers to Slack and kills itself at a stated step of the fifth message. Started by test_steps.py.

python -m tests.faults.dies ADDRESS_OF_DATABASE ADDRESS_OF_SLACK STEP
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from bot.platforms.slack.api import Api
from bot.platforms.slack.outbound import SlackPlatform
from bot.platforms.slack.workspaces import Own
from scheduler import marks
from scheduler.delivery import Delivery
from storage import delivery
from storage.engine import Store

FIFTH = 5
Work = Callable[..., Awaitable[Any]]


def dying(work: Work, before: bool = False) -> Work:
    """The same, but the fifth time it ends with the process."""
    times = 0

    async def done(*args: Any, **more: Any) -> Any:
        nonlocal times
        times = mine = times + 1
        if before and mine == FIFTH:
            os.kill(os.getpid(), signal.SIGKILL)
        found = await work(*args, **more)
        if mine == FIFTH:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return done


STEPS: dict[str, tuple[Any, str, bool]] = {
    "claimed, not sent": (SlackPlatform, "send", True),
    "sent, not marked": (SlackPlatform, "send", False),
    "marked, not committed": (delivery, "sent", False),
    "committed": (marks.Marks, "keep", False),
}


async def main(url: str, slack: str, step: str) -> None:
    where, name, before = STEPS[step]
    setattr(where, name, dying(getattr(where, name), before))
    platform = SlackPlatform(Own(Api("xoxb-1", slack)))
    await Delivery(Store(url), {"slack": platform}, lambda: datetime.now(UTC)).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
