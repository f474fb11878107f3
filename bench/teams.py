"""A message turn of Teams with its token checked and stored, against CloudAdapter's echo with authentication; and the
replies of both.

The echo answers inside the request, as echoes do, so its replies are as many as its messages. Ours stores what was said
and what is to be answered before it says 200, and sends afterwards: so messages are measured while Teams asks our
replies to wait, replies as they leave a full outbox (claimed, paced, sent, marked), and both at once as what is left of
either while the other goes on. The people are of many tenants: to one of them Teams lets an app send 50 messages a
second.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bench.connector import ISSUER
from bench.echo import APP
from bench.load import Load, load, request
from bench.servers import free_port, kadens, process
from bot.app import utc
from bot.core.cards import Card, Text
from bot.core.effects import Tell
from bot.core.events import Command
from bot.core.features import Routes
from bot.core.people import Person
from bot.platforms.teams.app import Secrets, Teams
from bot.turn import Turns
from scheduler.delivery import Delivery
from storage import outbox as queue
from storage import schema
from storage import teams as known
from storage.engine import Store
from storage.teams import Reference

PEOPLE, TENANTS = 400, 40
TOKENS = 8  # a run's: the Bot Connector uses one until it ends, for each of its own machines
_numbers = count(1)


@dataclass
class Figures:
    """Of each round: messages taken, replies a second, and messages and their replies a second, both at once."""

    ours: list[Load] = field(default_factory=list)
    theirs: list[Load] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    at_once: list[float] = field(default_factory=list)

    def replied(self) -> dict[str, Any]:
        """Beside its own, which are as many as its messages."""
        theirs = [load.rate for load in self.theirs]
        return {
            name: {
                "ours": {"rate": round(median(ours), 1)},
                "theirs": {"rate": round(median(theirs), 1)},
                "ratio": round(median(one / other for one, other in zip(ours, theirs, strict=True)), 3),
            }
            for name, ours in (("replies", self.replies), ("at_once", self.at_once))
        }


@dataclass
class Microsoft:
    """The other end: its key, and how often it was written to."""

    port: int
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def public(self) -> str:
        known = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return json.dumps({**known, "kid": "one", "endorsements": ["msteams"]})

    def tokens(self, number: int = TOKENS) -> list[str]:
        now = int(time.time())
        said = {"iss": ISSUER, "aud": APP, "exp": now + 3600, "serviceurl": self.url}
        return [jwt.encode({**said, "nbf": now - 60 - n}, self.key, "RS256", {"kid": "one"}) for n in range(number)]

    def messages(self, number: int, tokens: Sequence[str]) -> list[bytes]:
        return [_message(next(_numbers), self.url, tokens) for _ in range(number)]

    async def told(self) -> dict[str, float]:
        with await asyncio.to_thread(urlopen, f"{self.url}_count") as answer:
            found: dict[str, float] = json.loads(answer.read())
        return found

    async def replied(self, number: float) -> float:
        """When the last of so many replies came."""
        until = time.time() + 120
        while (told := await self.told())["replies"] < number:
            if time.time() > until:
                raise RuntimeError("replies are missing")
            await asyncio.sleep(0.05)
        return told["last"]


def _message(number: int, service_url: str, tokens: Sequence[str]) -> bytes:
    """Somebody asks for help, in the conversation of their own."""
    person = number % PEOPLE
    tenant = str(UUID(int=person % TENANTS))
    sender = {"id": f"29:{person}", "name": f"Person {person}", "aadObjectId": str(UUID(int=person))}
    activity = {
        "type": "message",
        "id": str(number),
        "timestamp": "2026-03-06T12:00:00.511Z",
        "serviceUrl": service_url,
        "channelId": "msteams",
        "from": sender,
        "conversation": {"conversationType": "personal", "tenantId": tenant, "id": f"a:{person}"},
        "recipient": {"id": "28:bot", "name": "Kadens"},
        "channelData": {"tenant": {"id": tenant}},
        "entities": [{"locale": "en-US", "country": "US", "timezone": "Europe/Stockholm", "type": "clientInfo"}],
        "locale": "en-US",
        "textFormat": "plain",
        "text": "help",
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {tokens[number % len(tokens)]}"}
    return request("/teams/messages", json.dumps(activity).encode(), headers)


async def measure(folder: Path, rounds: int) -> Figures:
    """Ours and the echo, in turns."""
    microsoft, echo, found = Microsoft(free_port()), free_port(), Figures()
    busy = Microsoft(free_port(), microsoft.key)
    key, apart = folder / "key.json", folder / "busy"
    key.write_text(microsoft.public())
    apart.mkdir()
    async with (
        process("bench.connector", str(microsoft.port), str(key), port=microsoft.port),
        process("bench.connector", str(busy.port), str(key), "busy", port=busy.port),
        process("bench.echo", str(echo), str(microsoft.port), port=echo),
        kadens(folder, **_settings(microsoft)) as port,
        kadens(apart, **_settings(busy)) as waiting,
        outbox(folder / "replies.db", microsoft) as emptied,
    ):
        for other, at in ((microsoft, port), (busy, waiting), (microsoft, echo)):  # meets everybody once, and warms up
            await load(at, other.messages(PEOPLE, other.tokens()))
        for _ in range(rounds):
            found.ours.append(await load(waiting, busy.messages(600, busy.tokens())))
            found.theirs.append(await load(echo, microsoft.messages(300, microsoft.tokens())))
            found.replies.append(await emptied())
            found.at_once.append(await _at_once(microsoft, port, 600))
    return found


def _settings(microsoft: Microsoft) -> dict[str, str]:
    return {
        "TEAMS_APP_ID": APP,
        "TEAMS_APP_PASSWORD": "hush",
        "TEAMS_OPENID_METADATA_URL": f"{microsoft.url}openid",
        "TEAMS_TOKEN_URL": f"{microsoft.url}token",
    }


async def _at_once(microsoft: Microsoft, port: int, number: int) -> float:
    """A second, from the first message to the last reply."""
    requests = microsoft.messages(number, microsoft.tokens())
    before, began = (await microsoft.told())["replies"], time.time()
    await load(port, requests)
    return number / (await microsoft.replied(before + number) - began)


@asynccontextmanager
async def outbox(path: Path, microsoft: Microsoft) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Fills an outbox with a reply to each of many, sends them all, and says how many a second that were."""
    url, numbers = f"sqlite+aiosqlite:///{path}", count(1)
    await schema.upgrade(url)
    store = Store(url)
    secrets = Secrets(APP, "hush", openid_metadata_url=f"{microsoft.url}openid", token_url=f"{microsoft.url}token")
    teams = Teams(Turns(Routes(), store, {}), store, secrets, store.settings, utc, loopback=True)
    await teams.start(learn=False)
    people = [Person(f"p{n}", f"Person {n}", f"teams:{UUID(int=n % TENANTS)}", f"29:{n}") for n in range(PEOPLE)]
    async with store.transaction() as session:
        for person in people:
            address = Reference(person.workspace, person.account, f"a:{person.account}", microsoft.url, "direct")
            await known.keep(session, address, utc())

    async def emptied() -> float:
        round = next(numbers)
        async with store.transaction() as session:
            for n, person in enumerate(people * 2):
                event = Command(id=f"{round}.{n}", actor=person, place=person.home, at=utc(), name="help")
                await queue.put(session, event, 0, Tell(person, Card("Hello", (Text("There is something for you."),))))
        before, began = (await microsoft.told())["replies"], time.time()
        stop = asyncio.Event()
        task = asyncio.create_task(Delivery(store, {"teams": teams.platform}, utc).forever(stop))
        gone = await microsoft.replied(before + 2 * PEOPLE) - began
        stop.set()
        await task
        return 2 * PEOPLE / gone

    yield emptied
    await teams.stop()
    await store.close()
