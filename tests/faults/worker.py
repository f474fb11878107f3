"""A real process to be killed: the real clock, turns, outbox and delivery over HTTP. Started by the tests beside it.

python -m tests.faults.worker ADDRESS_OF_DATABASE ADDRESS_OF_PLATFORM FILE_OF_CLOCK SETTINGS_AS_JSON LOOKS_BACK FEATURES

LOOKS_BACK is yes or no; FEATURES `all` for those of the bot, else there is one that only asks.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp

from bot.core.cards import Card
from bot.core.effects import Effect, Tell
from bot.core.events import Due
from bot.core.features import Feature, Routes
from bot.core.sending import Can, Outgoing, SlowDown
from bot.core.settings import Settings
from bot.turn import Turns
from handlers import FEATURES
from scheduler import clock as heart
from scheduler.delivery import Delivery
from storage.engine import Store

LEASE = timedelta(seconds=1.5)  # the real one would make each of fifty kills a wait of two minutes
rounds = Feature("rounds")


def ask(event: Due) -> Iterator[Effect]:
    """Two messages, the second in the thread that the first one begins."""
    title = f"{event.rhythm} {event.period} {event.step}"
    yield Tell(event.actor, Card(title), thread=event.id)
    yield Tell(event.actor, Card(f"{title} question"), thread=event.id)


for rhythm in ("checkin", "review"):
    rounds.due(rhythm)(ask)


class Http:
    """The recording platform, as its client sees it."""

    def __init__(self, address: str, session: aiohttp.ClientSession, looks_back: bool) -> None:
        self.address, self.session = address, session
        self.can = Can(threads_in_direct=True, whispers=True, looks_back=looks_back)

    async def send(self, message: Outgoing) -> str:
        said = {
            "key": message.key,
            "conversation": message.place.conversation,
            "thread": message.place.thread,
            "title": message.card.title if message.card else "",
            "verb": message.verb,
        }
        async with self.session.post(f"{self.address}/send", json=said) as reply:
            if reply.status == 429:
                raise SlowDown(float(reply.headers["Retry-After"]))
            reply.raise_for_status()
            return str((await reply.json())["id"])

    async def find(self, message: Outgoing) -> str | None:
        async with self.session.get(f"{self.address}/find", params={"key": message.key}) as reply:
            reply.raise_for_status()
            found = (await reply.json())["id"]
            return None if found is None else str(found)


class FileClock:
    """A clock that the test sets by writing a file, and that runs on from there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> datetime:
        shown, since = self.path.read_text().split()
        return datetime.fromisoformat(shown) + timedelta(seconds=time.time() - float(since))

    def set(self, now: datetime) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(f"{now.isoformat()} {time.time()}")
        new.replace(self.path)


async def main(
    url: str, platform: str, clock_file: str, settings: str, looks_back: str = "yes", which: str = ""
) -> None:
    heart.BEAT = timedelta(seconds=0.2)
    store, clock = Store(url, Settings.model_validate_json(settings)), FileClock(Path(clock_file))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    async with aiohttp.ClientSession() as session:
        platforms = {"slack": Http(platform, session, looks_back == "yes")}
        turns = Turns(
            Routes(*(FEATURES if which == "all" else (rounds,))),
            store,
            {name: one.can for name, one in platforms.items()},
        )
        beating = heart.Clock(turns, clock)
        beating.start()
        await Delivery(store, platforms, clock, lease=LEASE).forever(stop)
        await beating.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
