"""What the tests of Teams share: recorded payloads, the card schema, and a bot with a tiny feature behind real HTTP."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import adaptive_cards
import httpx
from jsonschema.validators import validator_for
from starlette.applications import Starlette

from bot.core.cards import (
    Button,
    Buttons,
    Card,
    Choice,
    Day,
    Form,
    Mention,
    PeoplePicker,
    Quote,
    Scale,
    Text,
    TextBox,
    mention,
    pieces,
)
from bot.core.effects import Effect, OpenForm, Post, Refuse, Replace, ShowHome, Tell
from bot.core.events import Action, Command, Met, Reaction, Remark, Shortcut, Submission
from bot.core.features import Feature, Routes
from bot.core.people import stranger
from bot.platforms.teams.app import Secrets, Teams
from bot.platforms.teams.outbound import CAN
from bot.turn import Turns
from scheduler.delivery import Delivery
from storage.engine import Store
from tests.platforms.teams_stub import APP, SECRET, TeamsStub

PAYLOADS = Path(__file__).parents[1] / "payloads" / "teams"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
WORKSPACE = f"teams:{TENANT}"
ANA, ANA_ID = "29:1a-ana-Xx0", "aaaaaaaa-0000-4000-8000-000000000001"
BO_ID = "bbbbbbbb-0000-4000-8000-000000000002"
CHANNEL = "19:097c89a7a2b645a2a4b1a0b1a8bcb2c1@thread.tacv2"
TEAM = "19:efa9296d959346209fea44151c742e73@thread.tacv2"
SCHEMA = json.loads((Path(adaptive_cards.__file__).parent / "schemas" / "schema-1.5.json").read_text())
VALIDATOR = validator_for(SCHEMA)(SCHEMA)
# What Teams adds to Adaptive Cards (learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards):
# the schema of the cards themselves does not know it.
ADDED = ("msteams", "choices.data")


def payload(name: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return {**found, **changes}


def assert_card(content: Any, limit: int = 28_000) -> None:
    """Valid by the schema of Adaptive Cards 1.5, and small enough for a message of Teams."""
    wrong = [error.message for error in VALIDATOR.iter_errors(_without(content, ADDED))]
    assert not wrong, wrong[0][:2000]
    assert len(json.dumps(content, ensure_ascii=False).encode()) < limit
    ids = [part["id"] for part in parts(content) if "id" in part]
    assert len(ids) == len(set(ids))
    for part in parts(content):
        if part.get("type") == "ActionSet":
            assert 1 <= len(part["actions"]) <= 6
        if part.get("type") == "TextBlock":
            assert part["wrap"] is True and part["text"]


def parts(content: Any) -> Iterator[dict[str, Any]]:
    """Every element and action of a card, depth first."""
    if isinstance(content, dict):
        if "type" in content:
            yield content
        for key, value in content.items():
            if key not in ("data", "msteams"):
                yield from parts(value)
    if isinstance(content, list):
        for value in content:
            yield from parts(value)


def _without(value: Any, keys: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, keys) for key, inner in value.items() if key not in keys}
    return [_without(inner, keys) for inner in value] if isinstance(value, list) else value


def texts(content: Any) -> list[str]:
    return [part["text"] for part in parts(content) if part["type"] == "TextBlock"]


def button(content: Any, title: str) -> dict[str, Any]:
    return next(p for p in parts(content) if p["type"].startswith("Action.") and p["title"] == title)


# -- a tiny feature: a command opens a form, a card is posted, a question is asked

tiny = Feature("tiny")


def form(value: str = "") -> Form:
    fields = (
        PeoplePicker("to", "Who?", (stranger(WORKSPACE, ANA, "Ana"),) if value == "ana" else ()),
        TextBox("why", "What for?"),
        Choice("tags", "Values", (("care", "Care"), ("craft", "Craft")), many=True, optional=True),
        Scale("level", "How much?", 1, 5, optional=True),
        Day("day", "When?", optional=True),
    )
    return Form("tiny.form", "Thank somebody", "Send", "Cancel", fields, value)


@tiny.command("tiny")
def begin(event: Command) -> Iterator[Effect]:
    if event.text == "boom":
        raise RuntimeError("secret words")
    if not event.text:
        yield OpenForm(form())
        return
    card = Card(
        "Heard", (Text(f"{mention(event.actor)}: {event.text}"), Buttons((Button("Again", "tiny.again", "7"),)))
    )
    yield Post(event.place, card, f"tiny:{event.ref}")


@tiny.action("tiny.form")
def open_form(event: Action) -> Iterator[Effect]:
    yield OpenForm(form(event.value))


@tiny.action("tiny.again")
def again(event: Action) -> Iterator[Effect]:
    yield Tell(event.actor, Card("Pressed", (Text(f"with {event.value}"),)))


@tiny.action("tiny.home")
def home(event: Action) -> Iterator[Effect]:
    yield ShowHome(event.actor, Card("Home", (Text(event.value),)), asked=True)


@tiny.submission("tiny.form")
def submit(event: Submission) -> Iterator[Effect]:
    why = event.answers.get("why", "")
    if why == "late":
        yield OpenForm(form("ana"))
    elif len(why) < 5:
        yield Refuse({"why": "Say a little more.", "": "Nearly there."})
    else:
        to = " ".join(mention(person) for person in event.people.get("to", ()))
        yield Post(event.place, Card("Thanks", (Text(f"{to}"), Quote(why))), f"tiny:{event.ref}")


@tiny.shortcut("tiny")
def menu(event: Shortcut) -> Iterator[Effect]:
    people = (event.author,) if event.author else ()
    fields = (PeoplePicker("to", "Who?", people), TextBox("why", "What for?", event.text))
    yield OpenForm(Form("tiny.form", "From a menu", "Send", "Cancel", fields, event.message))


@tiny.reaction("tiny")
def liked(event: Reaction) -> Iterator[Effect]:
    sign = "not " if event.removed else ""
    yield Replace(event.about, Card("Heard", (Text(f"{sign}{event.emoji} by {event.actor.name}"),)))


@tiny.remark("tiny")
def remarked(event: Remark) -> Iterator[Effect]:
    yield Tell(event.actor, Card(parts=(Text(f"remark: {event.text}"),)))


@tiny.met("direct")
@tiny.met("private")
@tiny.met("public")
def met(event: Met) -> Iterator[Effect]:
    if event.kind == "direct":
        yield Tell(event.actor, Card("Hello", (Text(f"I am Kadens, {event.actor.name}."),)))
    else:
        yield Post(event.place, Card("Hello all"))


@tiny.command("kadens")
@tiny.command("kadens help")
def help(event: Command) -> Iterator[Effect]:
    yield Tell(event.actor, Card(parts=(Text(f"help in {event.actor.lang}"),)))


@dataclass
class World:
    """A bot, the stub it talks to, and how to knock at its door."""

    teams: Teams
    store: Store
    stub: TeamsStub
    client: httpx.AsyncClient
    now: datetime

    def clock(self) -> datetime:
        return self.now

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    async def knock(self, body: Any, token: str | None = "", **headers: str) -> httpx.Response:
        """One request as the Bot Connector sends it; with `token=None` without a token."""
        if isinstance(body, dict) and "serviceUrl" in body:
            body = {**body, "serviceUrl": self.stub.url}
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.stub.signed()}"
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(
            "/teams/messages", content=raw, headers=_sent({"Content-Type": "application/json"} | headers)
        )

    async def tell(self, name: str, **changes: Any) -> Any:
        """Send a recorded payload; the JSON of the answer, if there is any."""
        answer = await self.knock(payload(name, **changes))
        assert answer.status_code == 200, answer.status_code
        return answer.json() if answer.content else None

    async def deliver(self) -> None:
        self.later(seconds=1)  # messages of one conversation keep a distance
        await Delivery(self.store, {"teams": self.teams.platform}, self.clock).run()

    def shown(self, method: str = "POST") -> list[Any]:
        """The cards that arrived."""
        return [call.body["attachments"][0]["content"] for call in self.stub.said(method)]


@asynccontextmanager
async def world(
    store: Store, stub: TeamsStub, features: Iterable[Feature] = (tiny,), **secrets: Any
) -> AsyncIterator[World]:
    made: World | None = None
    fixed = {
        "app_id": APP,
        "app_password": SECRET,
        "openid_metadata_url": stub.metadata_url,
        "token_url": stub.token_url,
    }
    turns = Turns(Routes(*features), store, {"teams": CAN})

    def clock() -> datetime:
        return made.now if made else datetime.now(UTC)

    teams = Teams(turns, store, Secrets(**{**fixed, **secrets}), store.settings, clock, loopback=True)
    await teams.start()
    app = Starlette(routes=teams.routes())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kadens") as client:
        made = World(teams, store, stub, client, datetime.now(UTC))
        yield made
    await teams.stop()


def _sent(headers: dict[str, str]) -> dict[str, bytes]:
    return {name: value.encode("utf-8") for name, value in headers.items()}


def mentions(text: str) -> list[Mention]:
    return [piece for piece in pieces(text) if isinstance(piece, Mention)]
