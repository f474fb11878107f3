"""Slack's door and what happens behind it: signed requests in, turns taken, answers out."""

import asyncio
import copy
import hashlib
import hmac
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette

from bot.bounds import LARGEST
from bot.core.cards import Card, Form, Text, TextBox, mention
from bot.core.effects import Effect, OpenForm, Refuse, Tell, Whisper
from bot.core.events import Action, Command, Opened, Reaction, Shortcut, Submission
from bot.core.features import Feature, Routes
from bot.core.people import Person
from bot.core.settings import Settings
from bot.platforms.slack.app import Secrets, Slack, say
from bot.platforms.slack.outbound import SlackPlatform
from bot.turn import Turns
from storage import people as folk
from storage.engine import Store
from storage.outbox import EventRow, OutboxRow
from storage.places import GroupRow
from tests.conftest import count, rows
from tests.platforms.slack_stub import SlackStub, user
from tests.platforms.test_slack_inbound import PAYLOADS, payload

SECRET, NOW = "8f742231b10e8888abcd99yyyzzz85a5", datetime(2026, 11, 3, 12, tzinfo=UTC)
FORM = Form("kudos.give", "Kudos", "Send", "Cancel", (TextBox("why", "Why?"),), "v1")
SORRY = say("en", "sorry")
OWN = "words of somebody's own"

kudos = Feature("kudos")


@kudos.command("kudos")
def give(event: Command) -> Iterator[Effect]:
    if event.text == "break":
        raise LookupError(OWN)
    if event.text or event.mentions:
        yield Tell(event.actor, Card("Noted", (Text(event.text),)))
    else:
        yield OpenForm(FORM)


@kudos.command("kadens")
def helped(event: Command) -> Iterator[Effect]:
    if event.text.startswith("break"):
        raise LookupError(OWN)
    yield Tell(event.actor, Card("Help"))


@kudos.shortcut("kudos")
@kudos.shortcut("checkin")
def chosen(event: Shortcut) -> Iterator[Effect]:
    yield OpenForm(FORM)


@kudos.action("kudos.give")
def opened(event: Action) -> Iterator[Effect]:
    yield OpenForm(FORM)


@kudos.action("kudos.undo")
def undone(event: Action) -> Iterator[Effect]:
    if event.value == "break":
        raise TypeError(OWN)
    yield Whisper(Card("Undone"))


@kudos.submission("kudos.give")
def submitted(event: Submission) -> Iterator[Effect]:
    match event.answers.get("why"):
        case "":
            yield Refuse({"why": "Say why", "to": "Say to whom"})
        case "more":
            yield OpenForm(FORM)
        case "break":
            raise ValueError(OWN)
        case _:
            yield Tell(event.actor, Card("Thanks"))


@kudos.reaction("message")
def reacted(event: Reaction) -> Iterator[Effect]:
    if event.emoji == "boom":
        raise AssertionError(OWN)
    yield Tell(event.actor, Card("What for?"))


@kudos.opened("home")
def home(event: Opened) -> Iterator[Effect]:
    yield Tell(event.actor, Card("Home"))


@pytest.fixture
async def stub() -> AsyncIterator[SlackStub]:
    async with SlackStub() as stub:
        yield stub


def slack_on(store: Store, url: str, app_token: str = "") -> Slack:
    turns = Turns(Routes(kudos), store, {"slack": SlackPlatform.can})
    return Slack(turns, store, Secrets(SECRET, "xoxb-1", app_token, url), Settings(), lambda: NOW)


@pytest.fixture
async def slack(store: Store, stub: SlackStub) -> AsyncIterator[Slack]:
    slack = slack_on(store, stub.url)
    await slack.start(learn=False)
    yield slack
    await slack.stop()


@pytest.fixture
async def web(slack: Slack) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(slack) as web:
        yield web


def visiting(slack: Slack) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=slack.routes()))
    return httpx.AsyncClient(transport=transport, base_url="http://kadens")


def signed(raw: bytes, at: float = NOW.timestamp(), kind: str = "application/json") -> dict[str, str]:
    stamp = f"{at:.0f}"
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signature}", "Content-Type": kind}


def encoded(body: dict[str, Any]) -> tuple[bytes, str]:
    """As Slack sends it: events as JSON, commands as a form, interactions as JSON in a form."""
    if body.get("type") in ("event_callback", "url_verification"):
        return json.dumps(body).encode(), "application/json"
    fields = body if "command" in body else {"payload": json.dumps(body)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


async def send(web: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> httpx.Response:
    raw, kind = encoded(body)
    return await web.post("/slack/events", content=raw, headers={**signed(raw, kind=kind), **headers})


async def until(slack: Slack) -> None:
    """What was left for after the answer has ended."""
    while slack._tasks:
        await asyncio.wait(slack._tasks)


async def said(store: Store) -> list[Any]:
    return await rows(store, OutboxRow)


def submission(why: str) -> dict[str, Any]:
    body = payload("view_submission")
    body["view"]["state"]["values"] = {"why": {"why": {"type": "plain_text_input", "value": why or None}}}
    return body


# The door.


async def test_a_signed_command_is_taken(web, store):
    response = await send(web, payload("command"))
    assert (response.status_code, response.text) == (200, "")
    [row] = await said(store)
    assert row.conversation == "U1" and "fast" in row.card


@pytest.mark.parametrize(
    "changed",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=\xe9"},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "9" * 30},
        {"X-Slack-Request-Timestamp": ""},
    ],
)
async def test_forged(web, store, changed):
    raw, kind = encoded(payload("command"))
    headers = {**signed(raw, kind=kind), **changed}
    response = await web.post(
        "/slack/events", content=raw, headers=[(k, v.encode("latin-1")) for k, v in headers.items()]
    )
    assert response.status_code == 401
    assert await count(store, EventRow) == await count(store, folk.PersonRow) == 0


async def test_unsigned_or_another_body_than_was_signed(web, store):
    raw, kind = encoded(payload("command"))
    assert (await web.post("/slack/events", content=raw, headers={"Content-Type": kind})).status_code == 401
    assert (await web.post("/slack/events", content=raw + b"&x=1", headers=signed(raw))).status_code == 401
    assert await count(store, EventRow) == 0


@pytest.mark.parametrize(("age", "status"), [(0, 200), (299, 200), (301, 401), (-301, 401), (90_000, 401)])
async def test_replayed(web, age, status):
    raw, kind = encoded(payload("command"))
    response = await web.post("/slack/events", content=raw, headers=signed(raw, NOW.timestamp() - age, kind))
    assert response.status_code == status


async def test_without_a_secret_there_is_no_route(store, stub):
    turns = Turns(Routes(kudos), store, {"slack": SlackPlatform.can})
    assert Slack(turns, store, Secrets("", "xoxb-1", "xapp-1", stub.url), Settings()).routes() == []


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b'"hello"', "application/json"),
        (b"{}", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"type": "event_callback", "event": "\\ud800"}', "application/json"),
        (b'{"type": "url_verification"}', "application/json"),
        (b'{"type": "event_callback", "event": {"type": 7}}', "application/json"),
        (b"1" * 5000, "application/json"),
        (b"payload=hello", "application/x-www-form-urlencoded"),
        (b"payload=%7B%7D", "application/x-www-form-urlencoded"),
        (b"command=%2Fkudos", "application/x-www-form-urlencoded"),
        (b"a=1&" * 2000, "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
    ],
)
async def test_malformed(web, store, caplog, raw, kind):
    response = await web.post("/slack/events", content=raw, headers=signed(raw, kind=kind))
    assert response.status_code == 400 and response.headers["x-slack-no-retry"] == "1"
    assert "Traceback" not in response.text + caplog.text
    assert await count(store, EventRow) == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
async def test_neither_json_nor_a_form(web, kind):
    raw = b"{}"
    assert (await web.post("/slack/events", content=raw, headers=signed(raw, kind=kind))).status_code == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method(web, method):
    assert (await web.request(method, "/slack/events")).status_code == 405


async def test_too_large(web, store):
    raw = b'{"text": "' + b"x" * LARGEST + b'"}'

    async def chunks() -> AsyncIterator[bytes]:  # of a length that is not declared
        for at in range(0, len(raw), 65_536):
            yield raw[at : at + 65_536]

    assert (await web.post("/slack/events", content=raw, headers=signed(raw))).status_code == 413
    assert (await web.post("/slack/events", content=chunks(), headers=signed(raw))).status_code == 413


async def test_a_body_that_never_ends(web, monkeypatch):
    monkeypatch.setattr("bot.bounds.READING", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b"x"

    assert (await web.post("/slack/events", content=drip(), headers=signed(b""))).status_code == 408


async def test_slack_verifies_the_address_and_its_certificate(web, store):
    challenge = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7"}
    assert (await send(web, challenge)).json() == {"challenge": challenge["challenge"]}
    plain = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await web.post("/slack/events", content=b"ssl_check=1&token=x", headers=plain)).status_code == 200
    sly = b"ssl_check=1&" + encoded(payload("command"))[0]
    assert (await web.post("/slack/events", content=sly, headers=plain)).status_code == 401
    assert await count(store, EventRow) == 0


async def test_types_that_slack_may_add(web):
    assert (await send(web, payload("view_closed"))).status_code == 200
    assert (await send(web, payload("unknown_event"))).status_code == 200
    assert (await send(web, payload("view_closed", type="something_new"))).status_code == 200


# Once, and at once.


async def test_three_deliveries_at_the_same_moment_have_one_effect(web, store):
    body = payload("reaction_added")
    again = [{}, {"X-Slack-Retry-Num": "1"}, {"X-Slack-Retry-Num": "2", "X-Slack-Retry-Reason": "http_timeout"}]
    responses = await asyncio.gather(*(send(web, body, **headers) for headers in again))
    assert [response.status_code for response in responses] == [200, 200, 200]
    assert await count(store, EventRow) == 1
    [hello, asked] = await said(store)  # who never heard of us is told first who asks
    assert "I am Kadens" in hello.card and "What for?" in asked.card


async def test_no_answer_waits_for_slack(web, slack, stub, store):
    stub.hang("*", 30, times=-1)
    before = time.perf_counter()
    for name in ("command", "command_empty", "message_im", "block_actions", "message_shortcut", "app_home_opened"):
        assert (await send(web, payload(name))).status_code == 200
    assert time.perf_counter() - before < 2
    await asyncio.sleep(0.05)
    assert {call.method for call in stub.calls} == {"views.open"}  # begun, after the answer
    for task in slack._tasks:
        task.cancel()


async def test_slack_can_be_away_when_we_start(store):
    slack = slack_on(store, "http://127.0.0.1:9/api/")
    await slack.start()
    async with visiting(slack) as web:
        assert (await send(web, payload("command"))).status_code == 200
    await slack.stop()


async def test_nobody_is_asked_who_we_are(web, stub):
    await asyncio.gather(*(send(web, payload("command", trigger_id=f"t{n}")) for n in range(20)))
    assert stub.calls == []


# Answers.


@pytest.mark.parametrize("name", ["command_empty", "message_shortcut", "shortcut"])
async def test_a_form_is_opened_with_its_trigger(web, slack, stub, name):
    assert (await send(web, payload(name))).text == ""
    await until(slack)
    [call] = stub.named("views.open")
    assert call.args["trigger_id"] == payload(name)["trigger_id"]
    place = json.loads(stub.views[0]["private_metadata"])["place"]
    assert place == ["slack:T1", "U1", None, "direct"] if name == "shortcut" else place[1] == "C1"


@pytest.mark.parametrize("error", ["expired_trigger_id", "exchanged_trigger_id", "internal_error"])
async def test_a_form_that_could_not_be_opened_becomes_a_button(web, slack, stub, store, error):
    stub.refuse("views.open", error)
    await send(web, payload("command_empty"))
    await until(slack)
    [row] = await said(store)
    assert '"action":"kudos.give","value":"v1"' in row.card and row.conversation == "U1"
    pressed = payload("block_actions")
    pressed["actions"][0] |= {"action_id": "kudos.give#0", "value": "v1"}
    await send(web, pressed)
    await until(slack)
    assert len(stub.views) == 1


async def test_a_refusal_stands_at_its_field(web, store):
    response = await send(web, submission(""))
    assert response.json() == {"response_action": "errors", "errors": {"why": "Say why", "to": "Say to whom"}}


async def test_a_form_can_lead_to_another(web, stub):
    found = (await send(web, submission("more"))).json()
    assert found["response_action"] == "update" and found["view"]["callback_id"] == "kudos.give"
    assert stub.calls == []


async def test_a_form_that_is_done_closes(web, store):
    assert (await send(web, submission("for the tea"))).text == ""
    assert len(await said(store)) == 1


async def test_a_mention_in_words_has_the_name_we_know(web, store, slack):
    await send(web, payload("team_join"))
    words = payload("message_im")
    words["event"]["text"] = "kudos <@U8> well done"
    await send(web, words)
    [row] = await said(store)
    assert mention(Person("", "dee", "slack:T1", "U8")) in json.loads(row.card)["parts"][0]["body"]


# When something breaks.


async def test_our_mistake_is_told_privately_and_not_tried_again(web, slack, stub, store, caplog):
    command = (await send(web, payload("command", text="break"))).json()
    assert command == {"response_type": "ephemeral", "text": SORRY}
    pressed = payload("block_actions")
    pressed["actions"][0]["value"] = "break"
    assert (await send(web, pressed)).status_code == 200
    words = payload("message_im")
    words["event"]["text"] = "kadens break"
    assert (await send(web, words)).status_code == 200
    reaction = payload("reaction_added")
    reaction["event"]["reaction"] = "boom"
    assert (await send(web, reaction)).status_code == 200
    await until(slack)
    assert [(e["channel"], e["user"], e["text"]) for e in stub.ephemeral] == [("C1", "U1", SORRY)]
    assert [said["text"] for said in stub.posted("D1")] == [SORRY]  # nobody spoke to us by a reaction: no word there
    assert await count(store, EventRow) == await count(store, OutboxRow) == 0
    assert OWN not in caplog.text and "LookupError" in caplog.text


async def test_a_form_stays_open_when_it_breaks(web):
    found = (await send(web, submission("break"))).json()
    assert found == {"response_action": "errors", "errors": {"to": SORRY}}


async def test_without_a_store_slack_tries_events_again_and_people_are_told(tmp_path, stub, caplog):
    away = Store(f"sqlite+aiosqlite:///{tmp_path}/empty.db")  # no tables
    slack = slack_on(away, stub.url)
    async with visiting(slack) as web:
        for name in ("message_im", "reaction_added", "team_join", "subteam_created", "app_home_opened"):
            assert (await send(web, payload(name))).status_code == 503
        assert (await send(web, payload("command"))).json()["text"] == SORRY
        assert (await send(web, submission("x"))).json()["errors"] == {"to": SORRY}
    await slack.stop()
    await away.close()
    assert stub.calls == []
    assert "OperationalError" in caplog.text and "INSERT" not in caplog.text


# What needs no handler.


async def test_profiles_and_groups_are_kept_once(web, slack, store, stub):
    for _ in range(2):
        assert (await send(web, payload("team_join"))).status_code == 200
        assert (await send(web, payload("subteam_created"))).status_code == 200
    [dee] = await rows(store, folk.PersonRow, account="U8")
    assert (dee.name, dee.zone, dee.started) == ("dee", "America/New_York", NOW.date())
    [group] = await rows(store, GroupRow)
    assert group.members == "U2,U3" and await count(store, EventRow) == 2
    await send(web, payload("user_change"))
    [dee] = await rows(store, folk.PersonRow, account="U8")
    assert dee.gone and dee.zone == "America/New_York" and dee.started == NOW.date()
    assert stub.calls == []


async def test_a_large_group_is_asked_for_after_the_answer(web, slack, store, stub):
    everybody = [f"U{n}" for n in range(612)]
    listed = {"id": "S1", "handle": "designers", "users": everybody[:500], "user_count": 612, "all": everybody}
    stub.groups = {"S1": listed}
    assert (await send(web, payload("subteam_updated_large"))).status_code == 200
    await until(slack)
    [group] = await rows(store, GroupRow)
    assert group.members.count(",") == 611


async def test_a_word_in_the_direct_conversation_tells_where_it_is(web, slack, stub):
    await send(web, payload("message_im"))
    assert (await slack.workspaces.of("slack:T1")).direct == {"U1": "D1"}


# Socket Mode.


async def test_socket_mode(store, stub):
    slack = slack_on(store, stub.url, "xapp-1")
    await slack.start(learn=False)
    async with asyncio.timeout(5):
        await stub.connected.wait()
        await stub.push(payload("command"), "e1", "slash_commands")
        await stub.until_acknowledged(1)  # now they know who we are
        await stub.push(submission(""), "e2", "interactive")
        await stub.push(payload("reaction_added"), "e3")
        await stub.push(payload("reaction_added"), "e4")
        await stub.push({"type": "event_callback"}, "e5")
        await stub.until_acknowledged(4)
    await slack.stop()
    acknowledged = {ack["envelope_id"]: ack.get("payload") for ack in stub.acknowledged}
    assert acknowledged.keys() == {"e1", "e2", "e3", "e4"}  # what is malformed is not
    assert acknowledged["e2"]["response_action"] == "errors"
    assert len(await said(store)) == 2


async def test_socket_mode_while_slack_is_away(store):
    slack = slack_on(store, "http://127.0.0.1:9/api/", "xapp-1")
    await slack.start()
    await asyncio.sleep(0.05)
    await slack.stop()


async def test_people_are_learned_when_we_start_and_those_who_are_met_later(store, stub, web, monkeypatch):
    monkeypatch.setattr("bot.platforms.slack.app.MET", 0.05)
    slack = slack_on(store, stub.url)
    await slack.start()
    await known(store, "cai")
    stub.users.append(user("U8", "hanna"))
    await send(web, payload("command", user_id="U8"))
    await known(store, "hanna")
    await slack.stop()


async def known(store: Store, name: str) -> None:
    async with asyncio.timeout(5):
        while await count(store, folk.PersonRow, name=name) == 0:  # noqa: ASYNC110 - a row rings no bell
            await asyncio.sleep(0.02)


# Whatever comes.


async def test_no_mangled_payload_is_an_error_of_ours(web, slack, store, caplog):
    """Some part of a real payload replaced by something else: taken or turned away, never a stack trace."""
    caplog.set_level(logging.ERROR)
    chance = random.Random(7)
    names = sorted(path.stem for path in PAYLOADS.glob("*.json"))
    junk: list[Any] = [
        None,
        "",
        "x",
        0,
        -1,
        1e9,
        True,
        [],
        {},
        [None],
        [{}],
        {"id": 1},
        "\x00",
        "a b",
        "💥",
        "x" * 5000,
    ]
    for _ in range(400):
        body = payload(chance.choice(names))
        spots = list(places(body))
        where, step = chance.choice(spots)
        if isinstance(where, dict) and chance.random() < 0.2:
            del where[step]
        else:
            where[step] = copy.deepcopy(chance.choice(junk))
        raw, kind = encoded(body)
        response = await web.post("/slack/events", content=raw, headers=signed(raw, kind=kind))
        assert response.status_code in (200, 400), (response.status_code, body)
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def places(found: Any) -> Iterator[tuple[Any, Any]]:
    steps = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for step, inner in list(steps):
        yield found, step
        yield from places(inner)
