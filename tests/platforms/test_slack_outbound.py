"""What leaves for Slack, over real HTTP to a stand-in of its Web API."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from bot.core.cards import Card, Form, Text, TextBox
from bot.core.people import Place, stranger
from bot.core.sending import Outgoing, SlowDown, Unfit, Unreachable
from bot.platforms.slack.api import Api, Away, Refused
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.outbound import UNREACHABLE, SlackPlatform
from bot.platforms.slack.workspaces import Own, Workspace
from storage import people as folk
from storage.engine import Store
from storage.places import GroupRow
from tests.conftest import rows
from tests.platforms.slack_stub import SlackStub, user

ANA = Place("slack:T1", "U1", kind="direct")
HALL = Place("slack:T1", "C1", kind="public")
CARD = Card("Hello", (Text("How are you?"),))
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
async def stub() -> AsyncIterator[SlackStub]:
    async with SlackStub() as stub:
        yield stub


@pytest.fixture
async def api(stub: SlackStub) -> AsyncIterator[Api]:
    api = Api("xoxb-1", stub.url)
    yield api
    await api.close()


@pytest.fixture
def slack(api: Api) -> SlackPlatform:
    return SlackPlatform(Own(api))


def post(place: Place = HALL, key: str = "e1/0", **more: object) -> Outgoing:
    return Outgoing(key, place, CARD, **more)


async def test_a_post_is_found_again_by_its_ts(slack, stub):
    ts = await slack.send(post())
    [said] = stub.posted("C1")
    assert said["ts"] == ts and said["text"] == "Hello"
    assert said["unfurl_links"] is False and said["unfurl_media"] is False
    assert [block["type"] for block in said["blocks"]] == ["header", "section"]


async def test_a_reply_stands_in_its_thread(slack, stub):
    root = await slack.send(post())
    await slack.send(post(Place("slack:T1", "C1", root, "public"), "e1/1"))
    assert stub.posted("C1")[1]["thread_ts"] == root


async def test_a_thread_that_is_gone_does_not_swallow_the_words(slack, stub):
    await slack.send(post(Place("slack:T1", "C1", "0.1", "public")))
    assert "thread_ts" not in stub.posted("C1")[0]


async def test_for_a_post_a_persons_own_id_will_do(slack, stub):
    await slack.send(post(ANA))
    await slack.send(post(ANA, "e1/1"))
    assert [call.args["channel"] for call in stub.named("chat.postMessage")] == ["U1", "D1"]
    assert stub.named("conversations.open") == [] and len(stub.posted("D1")) == 2


async def test_without_the_right_to_open_one_the_persons_own_id_serves(slack, stub):
    stub.refuse("conversations.open", "missing_scope", times=-1)
    ts = await slack.send(post(ANA))
    assert len(stub.posted("D1")) == 1
    # From the answer we know the conversation, so that changing works all the same.
    await slack.send(Outgoing("e2/0", ANA, Card("Changed"), "update", target=ts))
    assert stub.posted("D1")[0]["text"] == "Changed"


async def test_changing_in_a_direct_conversation_after_a_restart(slack, api, stub):
    ts = await slack.send(post(ANA))
    later = SlackPlatform(Own(api))
    assert await later.send(Outgoing("e2/0", ANA, Card("Changed"), "update", target=ts)) == ts
    assert await later.send(Outgoing("e3/0", ANA, None, "delete", target=ts)) == ts
    assert stub.posted("D1") == []
    assert [call.args["users"] for call in stub.named("conversations.open")] == ["U1"]


async def test_an_event_names_the_direct_conversation(slack, stub):
    await slack.met("slack:T1", "U1", "D1")
    await slack.send(post(ANA))
    assert stub.named("conversations.open") == []


@pytest.mark.parametrize("verb", ["update", "delete"])
async def test_what_somebody_deleted_is_done(slack, stub, verb):
    message = Outgoing("e2/0", HALL, CARD if verb == "update" else None, verb, target="1.0")
    assert await slack.send(message) == "1.0"


async def test_a_whisper_is_for_one_person(slack, stub):
    ts = await slack.send(post(only_for="U2"))
    [whisper] = stub.ephemeral
    assert (whisper["user"], whisper["channel"], whisper["ts"]) == ("U2", "C1", ts)
    assert await slack.find(post(only_for="U2")) is None  # nobody can look it up
    await slack.send(post(ANA, only_for="U1"))  # where nobody else is, it is an ordinary message
    assert len(stub.posted("D1")) == 1


async def test_a_home_is_published(slack, stub):
    await slack.send(Outgoing("e1/0", ANA, CARD, "home"))
    assert stub.homes["U1"]["type"] == "home"


@pytest.mark.parametrize("place", [HALL, ANA, Place("slack:T1", "C1", "1795000000.000001", "public")])
async def test_a_message_is_found_by_its_key(slack, stub, place):
    for number in range(3):
        await slack.send(Outgoing(f"other/{number}", Place("slack:T1", "C1"), CARD))
    ts = await slack.send(post(place))
    assert await slack.find(post(place)) == ts
    assert await slack.find(post(place, "e9/0")) is None


async def test_a_message_whose_answer_was_lost_is_found(slack, stub):
    stub.lose("chat.postMessage")
    with pytest.raises(Away):
        await slack.send(post())
    # The SDK itself would have posted a second time after the lost connection.
    assert [said["ts"] for said in stub.posted("C1")] == [await slack.find(post())]


async def test_it_is_found_on_a_later_page_of_its_thread(slack, stub, monkeypatch):
    monkeypatch.setattr("bot.platforms.slack.outbound.LOOK_BACK", 2)
    root = await slack.send(post())
    thread = Place("slack:T1", "C1", root, "public")
    for number in range(5):
        ts = await slack.send(post(thread, f"e2/{number}"))
    assert await slack.find(post(thread, "e2/4")) == ts
    assert len(stub.named("conversations.replies")) == 3


async def test_where_nobody_may_look_back_nothing_is_found(slack, stub):
    stub.refuse("conversations.history", "missing_scope")
    assert await slack.find(post()) is None


async def test_asked_to_slow_down(slack, stub):
    stub.limit("chat.postMessage", 7)
    with pytest.raises(SlowDown) as slower:
        await slack.send(post())
    assert slower.value.retry_after == 7 and not slower.value.conversation
    stub.fail("chat.postMessage", 429)  # a page in between, without the header
    with pytest.raises(SlowDown) as slower:
        await slack.send(post())
    assert slower.value.retry_after == 30


@pytest.mark.parametrize("error", sorted(UNREACHABLE))
async def test_what_will_never_arrive(slack, stub, error):
    stub.refuse("chat.postMessage", error)
    with pytest.raises(Unreachable):
        await slack.send(post())


@pytest.mark.parametrize("error", ["cannot_dm_bot", "user_not_found", "account_inactive"])
async def test_who_cannot_be_written_to(slack, stub, error):
    stub.refuse("chat.postMessage", error)
    with pytest.raises(Unreachable) as away:
        await slack.send(post(ANA))
    assert away.value.reason == error
    stub.refuse("conversations.open", error)
    with pytest.raises(Unreachable):
        await slack.send(Outgoing("e2/0", ANA, Card("Changed"), "update", target="1.2"))


async def test_a_conversation_can_be_closed_to_us(slack, stub):
    stub.channels["C1"] = "is_archived"
    with pytest.raises(Unreachable):
        await slack.send(post())


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "not_authed", "token_expired"])
async def test_with_a_dead_token_everything_waits_and_nothing_is_given_up(slack, stub, error):
    stub.refuse("chat.postMessage", error)
    with pytest.raises(SlowDown) as slower:
        await slack.send(post())
    assert slower.value.retry_after >= 30


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_trouble_at_slack_is_a_fault_of_the_line(slack, stub, status):
    stub.fail("chat.postMessage", status)
    with pytest.raises(Away):
        await slack.send(post())
    stub.refuse("chat.postMessage", "internal_error")
    with pytest.raises(OSError, match="internal_error"):
        await slack.send(post())
    assert await slack.send(post())


async def test_what_slack_does_not_understand_quotes_nobody(slack, stub):
    stub.refuse("chat.postMessage", "invalid_blocks")
    with pytest.raises(Unfit) as refused:
        await slack.send(Outgoing("e1/0", HALL, Card("A secret")))
    assert repr(refused.value) == "Unfit('invalid_blocks')"
    assert refused.value.__suppress_context__


async def test_slack_out_of_reach(slack, stub):
    away = SlackPlatform(Own(Api("xoxb-1", "http://127.0.0.1:9/api/")))
    with pytest.raises(Away):
        await away.send(post())
    await away.workspaces.close()


async def test_a_form_is_opened_or_refused(slack, stub):
    form = Form("f", "Title", "Send", "Cancel", (TextBox("a", "A"),))
    await slack.open_form("slack:T1", "1.2", form)
    assert stub.views[0]["callback_id"] == "f"
    with pytest.raises(Refused, match="expired_trigger_id"):
        await slack.open_form("slack:T1", "old", form)


async def test_everybody_is_learned_page_by_page(api: Api, stub: SlackStub, store: Store):
    stub.users = [
        user("U1", "ana"),
        user("U2", "bo", tz="America/New_York", locale="en-US", is_ultra_restricted=True),
        user("U3", "robot", is_bot=True, tz=None),
        user("U4", "gone", deleted=True),
        user("USLACKBOT", "slackbot"),
    ]
    stub.groups = {
        "S1": {"id": "S1", "handle": "designers", "users": ["U1", "U2"], "user_count": 2, "all": ["U1", "U2"]},
        "S2": {"id": "S2", "handle": "all", "users": ["U1"], "user_count": "3", "all": ["U1", "U2", "U4"]},
    }
    stub.limit("users.list", 0.01)
    directory = Directory(Workspace("slack:T1", api), store, lambda: NOON)
    await directory.sync()
    assert [call.outcome for call in stub.named("users.list")] == ["429", "ok", "ok", "ok"]
    known = {row.account: row for row in await rows(store, folk.PersonRow)}
    assert {account: (row.lang, row.zone) for account, row in known.items() if account in ("U1", "U2")} == {
        "U1": ("sv", "Europe/Stockholm"),
        "U2": ("en", "America/New_York"),
    }
    assert {account for account, row in known.items() if row.bot} == {"U3", "USLACKBOT"}
    assert {account for account, row in known.items() if row.guest} == {"U2"}
    assert {account for account, row in known.items() if row.gone} == {"U4"}
    kept = {row.id: row.members for row in await rows(store, GroupRow)}
    assert kept == {"S1": "U1,U2", "S2": "U1,U2,U4"}
    await directory.sync()  # a second time changes nothing
    assert len(await rows(store, folk.PersonRow)) == 5


async def test_people_on_no_list_are_asked_for_one_by_one_and_once(api: Api, stub: SlackStub, store: Store):
    async with store.transaction() as session:
        await folk.introduced(session, [stranger("slack:T1", "U7"), stranger("slack:T1", "U8")])
    directory = Directory(Workspace("slack:T1", api), store, lambda: NOON)
    stub.users.append(user("U7", "eva", is_stranger=True))
    await directory.strangers()
    await directory.strangers()
    assert [call.args["user"] for call in stub.named("users.info")] == ["U7", "U8"]
    [eva] = await rows(store, folk.PersonRow, account="U7")
    assert eva.name == "eva" and eva.guest


async def test_the_stand_in_can_be_a_process_of_its_own(tmp_path):
    log = tmp_path / "calls.jsonl"
    command = [sys.executable, "-m", "tests.platforms.slack_stub", "--log", str(log), "--pace", "5"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    url = (await process.stdout.readline()).decode().strip()
    slack = SlackPlatform(Own(Api("xoxb-1", url)))
    try:
        await slack.send(post())
        with pytest.raises(SlowDown):
            await slack.send(post(key="e1/1"))
        async with httpx.AsyncClient(base_url=url.removesuffix("/api/")) as control:
            await control.post("/_trouble", json={"method": "chat.update", "error": "is_archived"})
            assert [call["outcome"] for call in (await control.get("/_calls")).json()] == ["ok", "429"]
        with pytest.raises(Unreachable):
            await slack.send(Outgoing("e2/0", HALL, CARD, "update", target="1.0"))
    finally:
        await slack.workspaces.close()
        process.terminate()
        await process.wait()
    assert [json.loads(line)["method"] for line in log.read_text().splitlines()] == [
        *["chat.postMessage"] * 2,
        "chat.update",
    ]


async def test_one_session_serves_all_calls(slack, api, stub):
    await slack.send(post())
    session = api.line.session
    await slack.send(post(key="e1/1"))
    assert api.client.session is session is api.line.session and not session.closed
