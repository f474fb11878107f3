"""Slack's door under fire: everything signed as Slack would, and nothing of a shape that Slack would send."""

import asyncio
import hashlib
import hmac
import json
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import UTC, datetime
from itertools import count as numbers
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from hypothesis import given
from sqlalchemy.event import listen

from bot.app import App, build
from bot.bounds import Paced
from bot.core.events import Action, Command, Shortcut, Submission
from bot.metrics import Metrics
from bot.platforms.slack.app import Slack
from bot.settings import Secrets
from bot.web import web
from tests.faults.hostile import KEYS, METHODS, PATHS, RECIPES, SWIFT, Payload, Watch, bent, hostile, knock, wired
from tests.features.test_matrix import OWN, PRESSED, resolve
from tests.features.village import FILLED, ROUTES, RULES, Village, settled
from tests.platforms.slack_stub import SlackStub
from tests.platforms.test_slack_inbound import PAYLOADS, payload

SECRET, NOW = "8f742231b10e8888abcd99yyyzzz85a5", datetime(2026, 11, 3, 12, tzinfo=UTC)
BOT, TOKEN = "xoxb-zqtokenzq-1", "a metrics token of some length"
DOOR = "/slack/events"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MANY, MANY_BYTES = 230, 4000  # shots; each of the first is one at every payload
fresh = numbers(1)


def signed(raw: bytes, kind: str, at: float = NOW.timestamp(), secret: str = SECRET) -> dict[str, str]:
    stamp = f"{at:.0f}"
    signature = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signature}", "Content-Type": kind}


def renewed(body: Payload) -> Payload:
    """Never seen before: else nothing would be read of it."""
    for name in ("event_id", "trigger_id"):
        if name in body:
            body[name] = f"{body[name]}.{next(fresh)}"
    return body


def encoded(found: Any, like: Payload) -> tuple[bytes, str]:
    """On the wire, as a payload like this one travels."""
    if like.get("type") in ("event_callback", "url_verification"):
        return wired(found), JSON
    if "command" in like and isinstance(found, dict):
        fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
        return urlencode(fields, errors="replace").encode(), FORM
    return urlencode({"payload": json.dumps(found)}).encode(), FORM


def recorded() -> Iterator[Payload]:
    """What Slack sends, with people of the village."""
    for file in sorted(PAYLOADS.glob("*.json")):
        text = file.read_text()
        for account, known in (("U1", "U-ana"), ("U2", "U-max"), ("U3", "U-cy")):
            text = text.replace(f'"{account}"', f'"{known}"').replace(f"<@{account}", f"<@{known}")
        yield json.loads(text)


def own(village: Village) -> Iterator[Payload]:
    """Every button, form, command and menu that there is, by those who may."""
    both: tuple[type, ...] = (Action, Submission)
    pressed = {kind: {**dict.fromkeys(OWN.get(kind, {}), ("",)), **PRESSED.get(kind, {})} for kind in both}
    people = ("U-ana", "U-max", "U-fay", "U-zoe", "U-eve")
    for number, (key, those) in enumerate(pressed[Action].items()):
        body = by(payload("block_actions"), people[number % len(people)])
        body["actions"][0] |= {"action_id": key, "value": resolve(village, those[number % len(those)])}
        yield body
    for number, (key, those) in enumerate(pressed[Submission].items()):
        body = by(payload("view_submission"), people[number % len(people)])
        value = resolve(village, those[number % len(those)])
        carried = {"value": value, "place": ["slack:T1", "C1", None, "public"] if number % 2 else None}
        typed = {name: {"type": "plain_text_input", "value": said} for name, said in FILLED.get(key, {}).items()}
        picked = {"type": "multi_users_select", "selected_users": ["U-max"]}
        fields = {**typed, "to": picked, "whom": picked, "manager": picked}
        values = {name: {name: said} for name, said in fields.items()}
        body["view"] |= {"callback_id": key, "private_metadata": json.dumps(carried), "state": {"values": values}}
        yield body
    for kind, key in ROUTES.table:
        if kind is Shortcut:
            yield by(payload("shortcut", callback_id=key), "U-ana")
        if kind is Command:
            name, _, text = key.partition(" ")
            yield payload("command", command=f"/{name}", text=f"{text} <@U-max> words #care", user_id="U-ana")


def by(body: Payload, account: str) -> Payload:
    body["user"] |= {"id": account}
    return body


class Fort:
    def __init__(self, app: App, stub: SlackStub, village: Village, watch: Watch) -> None:
        self.whole, self.stub, self.watch, self.now = app, stub, watch, NOW
        self.metrics = Metrics()
        self.app = web(app, self.metrics, TOKEN)
        self.slack = cast(Slack, app.platforms["slack"])
        self.seeds = [*recorded(), *own(village)]
        self.known = (*KEYS, *village.ids.values())

    async def fire(self, raw: bytes, headers: dict[str, str], what: str) -> int:
        before = self.watch.version()
        status, _ = await knock(self.app, DOOR, raw, headers)
        self.watch.judge(status, self.watch.version() != before, what)
        if self.slack._tasks:
            await asyncio.wait(self.slack._tasks)
        return status

    async def shoot(self, body: Payload, recipe: Any) -> int:
        found = bent(renewed(deepcopy(body)), recipe, self.known)
        raw, kind = encoded(found, body)
        what = f"{recipe} of {body.get('type') or body.get('command')}: {raw[:3000]!r}"
        return await self.fire(raw, signed(raw, kind, self.now.timestamp()), what)


@asynccontextmanager
async def fort(village: Village, path: Path) -> AsyncIterator[Fort]:
    shutil.copy(village.path, path)
    here: Fort
    async with SlackStub() as stub:
        url = f"sqlite+aiosqlite:///{path}"
        secrets = Secrets(url, slack_signing_secret=SECRET, slack_bot_token=BOT, slack_api_url=stub.url)
        app = build(secrets, RULES, now=lambda: here.now)
        # Without waiting for the disk: nobody pulls the plug here.
        listen(app.store.engine.sync_engine, "connect", lambda connection, _: connection.execute(SWIFT))
        with Watch(path).listening() as watch:
            here = Fort(app, stub, village, watch)
            here.slack.paced = Paced(10**9)  # one workspace sends more here than Slack ever would
            await here.slack.start(learn=False)
            try:
                yield here
            finally:
                await here.slack.stop()
                await app.store.close()
            watch.report("slack")


@pytest.fixture(scope="module")
def village(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Village:
    return settled(Path(shutil.copy(empty_database, tmp_path_factory.mktemp("village") / "village.db")))


@pytest.fixture
async def here(village: Village, tmp_path: Path) -> AsyncIterator[Fort]:
    async with fort(village, tmp_path / "kadens.db") as made:
        yield made


async def test_the_payloads_themselves_are_taken(here: Fort) -> None:
    """Else the bending would say nothing of what lies behind the door."""
    for body in here.seeds:
        assert await here.shoot(body, []) == 200
    assert here.watch.tables()["events"] > 150


async def under_fire(here: Fort, recipe: Any) -> None:
    """One recipe, on every payload there is."""
    for body in here.seeds:
        await here.shoot(body, recipe)


@hostile(2)
@given(RECIPES)
async def test_bent_payloads(here: Fort, recipe: Any) -> None:
    await under_fire(here, recipe)


@pytest.mark.slow
@hostile(MANY)
@given(RECIPES)
async def test_many_bent_payloads(here: Fort, recipe: Any) -> None:
    await under_fire(here, recipe)


# Bytes.


def mangled(raw: bytes, chance: random.Random) -> bytes:
    match chance.randrange(6):
        case 0:
            return raw[: chance.randrange(len(raw))]
        case 1:
            return chance.randbytes(chance.randrange(2000))
        case 2:
            at = chance.randrange(len(raw))
            return raw[:at] + chance.randbytes(3) + raw[at + 3 :]
        case 3:
            return raw + raw
        case 4:
            return b"&".join([raw] * chance.randrange(2, 200))
        case _:
            return urlencode([(f"f{n}", n) for n in range(10_000)]).encode()


TYPES = (
    JSON,
    FORM,
    "text/plain",
    "",
    "multipart/form-data; boundary=x",
    f"{JSON}; charset=utf-16",
    "\xff",
    JSON * 99,
)


@pytest.mark.parametrize("many", [100, pytest.param(MANY_BYTES, marks=pytest.mark.slow)])
async def test_bytes(here: Fort, many: int) -> None:
    chance = random.Random(7)
    for number in range(many):
        raw, kind = encoded(body := renewed(deepcopy(here.seeds[number % len(here.seeds)])), body)
        raw = mangled(raw, chance)
        kind = chance.choice(TYPES) if chance.random() < 0.4 else kind
        await here.fire(raw, signed(raw, kind), f"{kind}: {raw[:2000]!r}")


# Who did not sign.


def forged(raw: bytes, kind: str, chance: random.Random) -> dict[str, str]:
    right, now = signed(raw, kind), NOW.timestamp()
    match chance.randrange(8):
        case 0:
            return {"Content-Type": kind}
        case 1:
            return signed(raw, kind, secret="guessed")
        case 2:
            return signed(raw, kind, now - 301 - chance.randrange(10**6))
        case 3:
            return signed(raw, kind, now + 301 + chance.randrange(10**6))
        case 4:
            return signed(raw + b" ", kind)
        case 5:
            return right | {"X-Slack-Request-Timestamp": f"{now - 1:.0f}"}
        case 6:
            return right | {"X-Slack-Signature": right["X-Slack-Signature"][:-1]}
        case _:
            return right | {"X-Slack-Signature": right["X-Slack-Signature"].replace("v0=", "v1=")}


@pytest.mark.parametrize("many", [100, pytest.param(MANY_BYTES, marks=pytest.mark.slow)])
async def test_forgeries_are_refused_and_leave_nothing(here: Fort, many: int) -> None:
    chance, before = random.Random(8), here.watch.tables()
    for number in range(many):
        body = bent(renewed(deepcopy(here.seeds[number % len(here.seeds)])), [("known", number, number)] * (number % 2))
        raw, kind = encoded(body, here.seeds[number % len(here.seeds)])
        headers = forged(raw, kind, chance)
        assert await here.fire(raw, headers, f"{headers} {raw[:500]!r}") == 401
    assert here.watch.tables() == before


async def test_what_was_sent_before_is_taken_once(here: Fort) -> None:
    """A replay within the five minutes is signed well: it changes nothing, whatever it is."""
    for body in here.seeds:
        raw, kind = encoded(renewed(found := deepcopy(body)), found)
        assert await here.fire(raw, signed(raw, kind), "the first time") == 200
        before = here.watch.tables()
        assert await here.fire(raw, signed(raw, kind), "again") == 200
        assert here.watch.tables() == before, raw


# Everything else that listens.


async def test_other_ways_and_other_methods(here: Fort) -> None:
    for method in METHODS:
        for path in PATHS:
            before = here.watch.version()
            status, said = await knock(here.app, path, b"{}", {"Content-Type": JSON}, method)
            if (status, path) != (503, "/readyz"):  # nothing was started here: it says so
                here.watch.judge(status, here.watch.version() != before, f"{method} {path}")
            assert b"Traceback" not in said and len(said) < 500


async def test_hundreds_at_once(here: Fort) -> None:
    async def one(number: int) -> None:
        body = here.seeds[number % len(here.seeds)]
        raw, kind = encoded(bent(renewed(deepcopy(body)), [("replace", number, number)]), body)
        status, _ = await knock(here.app, DOOR, raw, signed(raw, kind))
        here.watch.judge(status, False, repr(raw[:2000]))

    await asyncio.gather(*map(one, range(300)))


PLACE = ["slack:T1", "C1", None, "public"]


@pytest.mark.parametrize(
    "carried",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"value": "x", "place": 7}',
        '{"value": "x", "place": "slack:T1"}',
        *(
            json.dumps({"value": "x", "place": [*PLACE[:n], odd, *PLACE[n + 1 :]]})
            for n in range(4)
            for odd in (7, [7])
        ),
        json.dumps({"value": "x", "place": ["slack:T2", "C1", None, "public"]}),
        json.dumps({"value": "x", "place": ["teams:t", "C1", None, "public"]}),
        json.dumps({"value": "x", "place": [*PLACE, "more"]}),
        json.dumps({"value": "\ud800", "place": None}),
        json.dumps({"value": "x\0y", "place": ["slack:T1", "\ud800", None, "public"]}),
        "[" * 5000,
    ],
)
async def test_what_a_form_carries_is_looked_at_before_it_is_believed(here: Fort, carried: str) -> None:
    """Slack keeps it for us, so nobody but ourselves can have written it: another release of ourselves, say."""
    body = payload("view_submission")
    body["view"] |= {"callback_id": "kudos.form", "private_metadata": carried}
    before = here.watch.tables()
    assert await here.shoot(body, []) == 400
    assert here.watch.tables() == before
