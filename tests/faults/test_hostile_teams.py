"""Teams' door under fire: a true token on everything, and nothing of a shape that Teams would send."""

import asyncio
import json
import random
import shutil
import string
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import UTC, datetime
from itertools import count as numbers
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from sqlalchemy.event import listen

from bot.app import App, build
from bot.bounds import Paced
from bot.core.events import Action, Command, Shortcut, Submission
from bot.metrics import Metrics
from bot.platforms.teams.app import Teams
from bot.settings import Secrets
from bot.web import web
from tests.faults.hostile import KEYS, METHODS, PATHS, RECIPES, SWIFT, Payload, Watch, bent, hostile, knock, wired
from tests.features.test_matrix import OWN, PRESSED, resolve
from tests.features.village import FILLED, ROUTES, RULES, Village, settled
from tests.platforms.teams_stub import APP, SECRET, Call, TeamsStub
from tests.platforms.teams_world import ANA, BO_ID, PAYLOADS, payload

DOOR, JSON, TOKEN = "/teams/messages", "application/json", "a metrics token of some length"
MANY, MANY_BYTES = 230, 4000  # shots; each of the first is one at every payload
FOREIGN = ("composeExtension/query",)  # an invoke that we never asked for: 501 says so to Teams
fresh = numbers(1)


def renewed(body: Payload) -> Payload:
    """Never seen before: else nothing would be read of it."""
    body["id"] = f"{body.get('id')}.{next(fresh)}"
    return body


def recorded() -> Iterator[Payload]:
    for file in sorted(PAYLOADS.glob("*.json")):
        yield json.loads(file.read_text("utf-8"))


def own(village: Village) -> Iterator[Payload]:
    """Every button, form, command and menu that there is, with ids of another company."""
    both: tuple[type, ...] = (Action, Submission)
    pressed = {kind: {**dict.fromkeys(OWN.get(kind, {}), ("",)), **PRESSED.get(kind, {})} for kind in both}
    for number, (key, those) in enumerate(pressed[Action].items()):
        body = payload(("execute_action", "task_fetch", "message_submit")[number % 3])
        ours: Payload = {"action": key, "value": resolve(village, those[number % len(those)])}
        yield carrying(body, {"kadens": ours})
    for number, (key, those) in enumerate(pressed[Submission].items()):
        place = {"conversation": "C1", "kind": "public", "thread": None}
        ours = {"form": key, "value": resolve(village, those[number % len(those)]), "place": place, "people": ["to"]}
        typed = {**FILLED.get(key, {}), "to": f"{BO_ID},{ANA}", "manager": BO_ID}
        yield carrying(payload("task_submit"), {"kadens": ours, **typed})
    for kind, key in ROUTES.table:
        if kind is Shortcut:
            yield payload("compose_menu", value={"commandId": key, "commandContext": "compose"})
        if kind is Command:
            yield payload("message_personal", text=f"{key} something #care")


def carrying(body: Payload, data: Payload) -> Payload:
    if body["type"] == "message":
        return {**body, "value": data}
    value = body["value"]
    if body["name"] == "adaptiveCard/action":
        return {**body, "value": {**value, "action": {**value["action"], "data": data}}}
    return {**body, "value": {**value, "data": data}}


class Fort:
    def __init__(self, app: App, stub: TeamsStub, village: Village, watch: Watch) -> None:
        self.whole, self.stub, self.watch, self.now = app, stub, watch, datetime.now(UTC)
        self.metrics, self.reached = Metrics(), deque[Call](maxlen=1000)
        self.app = web(app, self.metrics, TOKEN)
        self.teams = cast(Teams, app.platforms["teams"])
        self.seeds = [{**body, "serviceUrl": stub.url} for body in (*recorded(), *own(village))]
        self.known = (*KEYS, *village.ids.values())
        self.token = stub.signed(exp=int(datetime.now(UTC).timestamp()) + 7200)

    async def fire(self, raw: bytes, headers: dict[str, str], what: str) -> int:
        before = self.watch.version()
        status, _ = await knock(self.app, DOOR, raw, headers)
        self.watch.judge(status, self.watch.version() != before, what)
        if self.teams._tasks:
            await asyncio.wait(self.teams._tasks)
        self.reached += self.stub.calls
        self.stub.calls.clear()
        return status

    def headers(self, kind: str = JSON) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": kind}

    async def shoot(self, body: Payload, recipe: Any) -> int:
        raw = wired(bent(renewed(deepcopy(body)), recipe, self.known))
        return await self.fire(raw, self.headers(), f"{recipe} of {body['type']} {body.get('name')}: {raw[:3000]!r}")


@asynccontextmanager
async def fort(village: Village, path: Path) -> AsyncIterator[Fort]:
    shutil.copy(village.path, path)
    here: Fort
    async with TeamsStub() as stub:
        secrets = Secrets(
            f"sqlite+aiosqlite:///{path}",
            teams_app_id=APP,
            teams_app_password=SECRET,
            teams_openid_metadata_url=stub.metadata_url,
            teams_token_url=stub.token_url,
        )
        app = build(secrets, RULES, now=lambda: here.now)
        # Without waiting for the disk: nobody pulls the plug here.
        listen(app.store.engine.sync_engine, "connect", lambda connection, _: connection.execute(SWIFT))
        with Watch(path).listening() as watch:
            here = Fort(app, stub, village, watch)
            here.teams.paced = Paced(10**9)  # one tenant sends more here than Teams ever would
            await here.teams.start(learn=False)
            try:
                yield here
            finally:
                await here.teams.stop()
                await app.store.close()
            watch.report("teams")


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
        assert await here.shoot(body, []) == (501 if body.get("name") in FOREIGN else 200)
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

TYPES = (JSON, "text/plain", "", "application/x-www-form-urlencoded", f"{JSON}; charset=utf-16", "\xff", JSON * 99)


def mangled(raw: bytes, chance: random.Random) -> bytes:
    match chance.randrange(5):
        case 0:
            return raw[: chance.randrange(len(raw))]
        case 1:
            return chance.randbytes(chance.randrange(2000))
        case 2:
            at = chance.randrange(len(raw))
            return raw[:at] + chance.randbytes(3) + raw[at + 3 :]
        case 3:
            return raw + raw
        case _:
            return b"[" * chance.randrange(1, 100_000)


@pytest.mark.parametrize("many", [100, pytest.param(MANY_BYTES, marks=pytest.mark.slow)])
async def test_bytes(here: Fort, many: int) -> None:
    chance = random.Random(7)
    for number in range(many):
        raw = mangled(wired(renewed(deepcopy(here.seeds[number % len(here.seeds)]))), chance)
        kind = chance.choice(TYPES) if chance.random() < 0.4 else JSON
        await here.fire(raw, here.headers(kind), f"{kind}: {raw[:2000]!r}")


@pytest.mark.parametrize("many", [100, pytest.param(MANY_BYTES, marks=pytest.mark.slow)])
async def test_whoever_has_no_token_leaves_nothing(here: Fort, many: int) -> None:
    chance, before = random.Random(8), here.watch.tables()
    for number in range(many):
        raw = wired(renewed(deepcopy(here.seeds[number % len(here.seeds)])))
        letters = list(here.token)
        letters[chance.randrange(len(letters))] = chance.choice(string.ascii_letters)
        spoilt = ("".join(letters), here.token[:-9], "", ".", "a.b.c", chance.randbytes(99).hex(), here.token * 20)
        token = spoilt[number % len(spoilt)]
        if token == here.token:
            continue
        await here.fire(raw, {"Authorization": f"Bearer {token}", "Content-Type": JSON}, token)
    assert here.watch.tables() == before


async def test_what_was_sent_before_is_taken_once(here: Fort) -> None:
    """Microsoft's own repeats are signed as well: they change nothing, whatever they are."""
    for body in here.seeds:
        raw = wired(renewed(deepcopy(body)))
        first = await here.fire(raw, here.headers(), "the first time")
        before = here.watch.tables()
        assert await here.fire(raw, here.headers(), "again") == first
        assert here.watch.tables() == before, raw


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
        raw = wired(bent(renewed(deepcopy(body)), [("replace", number, number)]))
        status, _ = await knock(here.app, DOOR, raw, here.headers())
        here.watch.judge(status, False, repr(raw[:2000]))

    await asyncio.gather(*map(one, range(300)))


# What broke once.


@pytest.mark.parametrize("where", ["text", "from", "conversation", "value"])
@pytest.mark.parametrize("word", ["\ud800", "\udfff\ud800", "a\0b"])
async def test_half_a_character_was_answered_with_500(here: Fort, where: str, word: str) -> None:
    body = {**payload("message_personal", text="kudos"), "serviceUrl": here.stub.url}
    data: dict[str, Any] = {"text": word, "value": {"kadens": {"action": word}}}
    spoilt = data[where] if where in data else {**body[where], "id": word}
    assert await here.shoot({**body, where: spoilt}, []) == 400


async def test_an_id_as_long_as_an_essay_was_asked_for_at_teams(here: Fort) -> None:
    body = {**payload("message_personal", text="kudos"), "serviceUrl": here.stub.url}
    assert await here.shoot({**body, "from": {**body["from"], "id": "29:" + "x" * 50_000}}, []) == 400


async def test_a_body_that_drips_was_waited_for_without_end(here: Fort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.bounds.READING", 0.05)

    async def drip() -> Any:
        await asyncio.sleep(0.2)
        return {"type": "http.request", "body": b"x", "more_body": True}

    said = list[int]()

    async def told(message: Any) -> None:
        said.append(message.get("status", 0))

    headers = [(name.lower().encode(), value.encode()) for name, value in here.headers().items()]
    scope = {"type": "http", "method": "POST", "path": DOOR, "query_string": b"", "headers": headers, "client": None}
    async with asyncio.timeout(2):
        await here.app(scope, drip, told)
    assert said[0] == 408
