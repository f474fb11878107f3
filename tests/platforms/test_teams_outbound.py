"""What leaves for Teams, against a Bot Connector over real HTTP."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from botbuilder.core import TurnContext
from botbuilder.schema import Activity, ConversationAccount, ConversationReference, Entity, Mention

from bot.core.cards import Button, Buttons, Card, Text, mention
from bot.core.people import Place, stranger
from bot.core.sending import Outgoing, SlowDown, Unfit, Unreachable
from bot.platforms.teams.auth import NoToken
from bot.platforms.teams.connector import Refused, StrangeHost, body
from bot.platforms.teams.outbound import CAN
from storage import teams
from storage.teams import Reference
from tests.platforms.teams_stub import TeamsStub
from tests.platforms.teams_world import ANA, CHANNEL, TENANT, WORKSPACE, assert_card, payload, texts, world

HI = Card("Hi", (Text("there"),))
HOME = Place(WORKSPACE, ANA, kind="direct")
HALL = Place(WORKSPACE, CHANNEL, kind="public")
CHAT = "19:253b1f341670408fb6fe51050b6e5ceb@thread.v2"


@pytest.fixture
async def stub():
    async with TeamsStub() as stub:
        yield stub


@pytest.fixture
async def made(store, stub):
    async with world(store, stub) as made:
        await keep(store, stub, CHANNEL, CHANNEL, threads=True)
        yield made


async def keep(store, stub, conversation, address, **more):
    async with store.transaction() as session:
        reference = Reference(WORKSPACE, conversation, address, stub.url, **more)
        await teams.keep(session, reference, datetime.now(UTC))


def out(place=HALL, card=HI, verb="post", target=None):
    return Outgoing("k", place, card, verb, target=target)


async def test_a_card_is_posted_and_its_id_comes_back(made, stub):
    id = await made.teams.platform.send(out())
    [call] = stub.said()
    assert call.path == f"v3/conversations/{CHANNEL}/activities"
    assert id in stub.messages[CHANNEL]
    assert (call.body["type"], call.body["summary"]) == ("message", "Hi")
    assert_card(call.body["attachments"][0]["content"])
    assert call.body["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"


async def test_a_reply_stays_in_its_thread(made, stub):
    thread = Place(WORKSPACE, CHANNEL, "1772798400123", kind="public")
    id = await made.teams.platform.send(out(thread))
    assert stub.said()[0].path == f"v3/conversations/{CHANNEL};messageid=1772798400123/activities"
    await made.teams.platform.send(out(thread, verb="update", target=id))
    assert stub.said("PUT")[0].path.endswith(f"/activities/{id}")


async def test_only_channels_have_threads(made, stub, store):
    await keep(store, stub, ANA, "a:ana")
    await made.teams.platform.send(out(Place(WORKSPACE, CHAT, "17", kind="private")))
    await made.teams.platform.send(out(Place(WORKSPACE, ANA, "17", kind="direct")))
    assert [c.path for c in stub.said()] == [
        f"v3/conversations/{CHAT}/activities",
        "v3/conversations/a:ana/activities",
    ]


async def test_who_has_not_written_yet_gets_a_conversation_once(made, stub):
    for _ in range(2):
        await made.teams.platform.send(out(HOME))
    [create] = [c for c in stub.calls if c.path == "v3/conversations"]
    assert create.body == {
        "isGroup": False,
        "bot": {"id": f"28:{made.teams.secrets.app_id}"},
        "members": [{"id": ANA}],
        "channelData": {"tenant": {"id": TENANT}},
        "tenantId": TENANT,
    }
    assert [c.path for c in stub.said()] == [f"v3/conversations/a:{ANA}/activities"] * 2


async def test_a_cleared_conversation_is_opened_anew(made, stub, store):
    """Whoever removes the chat's history takes the conversation away, but has not sent us away."""
    await keep(store, stub, ANA, "a:old")
    stub.trouble(404, "ConversationNotFound", path="a:old")
    await made.teams.platform.send(out(HOME))
    assert stub.said()[0].path == f"v3/conversations/a:{ANA}/activities"


async def test_update_and_delete(made, stub):
    id = await made.teams.platform.send(out())
    assert await made.teams.platform.send(out(card=Card("Ho"), verb="update", target=id)) == id
    assert stub.messages[CHANNEL][id]["summary"] == "Ho"
    assert await made.teams.platform.send(out(card=None, verb="delete", target=id)) == id
    assert stub.messages[CHANNEL] == {}
    # Gone already: what was wanted is so.
    assert await made.teams.platform.send(out(card=None, verb="delete", target=id)) == id
    with pytest.raises(Unreachable):
        await made.teams.platform.send(out(verb="update", target=id))


async def test_a_mention_is_named_to_teams(made, stub):
    bo = stranger(WORKSPACE, "29:bo", "Bo [ops]")
    await made.teams.platform.send(out(card=Card("", (Text(f"Thanks {mention(bo)}!"),))))
    content = stub.said()[0].body["attachments"][0]["content"]
    assert texts(content) == ["Thanks <at>Bo ops</at>!"]
    entity = {"type": "mention", "text": "<at>Bo ops</at>", "mentioned": {"id": "29:bo", "name": "Bo [ops]"}}
    assert content["msteams"]["entities"] == [entity]


@pytest.mark.parametrize("status", [412, 429, 502, 504])
async def test_asked_to_slow_down(made, stub, status):
    stub.trouble(status, retry_after="7")
    with pytest.raises(SlowDown) as wait:
        await made.teams.platform.send(out())
    assert (wait.value.retry_after, wait.value.conversation) == (7.0, status != 429)
    stub.trouble(status)
    with pytest.raises(SlowDown) as wait:
        await made.teams.platform.send(out())
    assert 1 <= wait.value.retry_after <= 3
    await made.teams.platform.send(out())
    assert len(stub.messages[CHANNEL]) == 1


async def test_a_wait_until_a_moment(made, stub):
    stub.trouble(429, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    with pytest.raises(SlowDown) as wait:
        await made.teams.platform.send(out())
    assert 55 < wait.value.retry_after <= 60


@pytest.mark.parametrize(("status", "code"), [(403, "MessageWritesBlocked"), (403, "BotNotInConversationRoster")])
async def test_who_blocked_us_is_left_alone(made, stub, status, code):
    stub.trouble(status, code)
    with pytest.raises(Unreachable, match=f"^{status} {code}$"):
        await made.teams.platform.send(out())


async def test_a_conversation_that_is_gone(made, stub):
    stub.trouble(404, "ConversationNotFound")
    with pytest.raises(Unreachable):
        await made.teams.platform.send(out())


async def test_blocked_by_somebody_who_never_wrote(made, stub):
    stub.trouble(403, "MessageWritesBlocked", path="v3/conversations")
    with pytest.raises(Unreachable):
        await made.teams.platform.send(out(HOME))


async def test_after_taking_us_out_nobody_is_bothered(made, stub, store):
    await keep(store, stub, ANA, "a:ana")
    async with store.transaction() as session:
        await teams.removed(session, WORKSPACE, ANA)
    with pytest.raises(Unreachable):
        await made.teams.platform.send(out(HOME))
    assert stub.calls == []


@pytest.mark.parametrize("status", [400, 413])
async def test_a_message_that_teams_will_never_take_is_not_tried_again(made, stub, status):
    stub.trouble(status, "Odd code: <b>")
    with pytest.raises(Unfit, match=f"^{status}$"):
        await made.teams.platform.send(out())


@pytest.mark.parametrize("status", [302, 307, 500, 503])
async def test_other_troubles_say_their_number_and_no_words(made, stub, status):
    stub.trouble(status, "Odd code: <b>")
    with pytest.raises(Refused, match=f"^Teams answered {status}$"):
        await made.teams.platform.send(out())


async def test_a_broken_line_is_told_as_it_is(made, stub):
    stub.trouble(200, lose=True)
    with pytest.raises(Exception) as lost:
        await made.teams.platform.send(out())
    assert not isinstance(lost.value, SlowDown | Unreachable | Refused)


async def test_our_token_is_asked_for_once_for_many(made, stub):
    await asyncio.gather(*(made.teams.platform.send(out()) for _ in range(8)))
    assert stub.tokens == ["token-1"]
    assert {c.authorization for c in stub.said()} == {"Bearer token-1"}
    made.later(minutes=56)
    await made.teams.platform.send(out())
    assert stub.said()[-1].authorization == "Bearer token-2"


async def test_a_token_that_is_refused_is_asked_for_anew_once(made, stub):
    stub.trouble(401)
    await made.teams.platform.send(out())
    assert stub.said()[-1].authorization == "Bearer token-2"
    stub.trouble(401, times=2)
    with pytest.raises(Refused, match="401"):
        await made.teams.platform.send(out())


async def test_a_wrong_password_is_said_without_it(store, stub):
    async with world(store, stub, app_password="wrong horse") as made:
        with pytest.raises(NoToken, match=r"^the sign-in service answered 401$"):
            await made.teams.platform.send(out())


async def test_our_token_goes_to_no_strange_host(made, stub, store):
    async with store.transaction() as session:
        reference = Reference(WORKSPACE, CHANNEL, CHANNEL, "https://evil.example/")
        await teams.keep(session, reference, datetime.now(UTC))
    with pytest.raises(StrangeHost):
        await made.teams.platform.send(out())
    assert stub.tokens == []


async def test_one_connection_pool_serves_all(made, stub):
    await made.teams.platform.send(out())
    connector = made.teams._session().connector
    assert len(connector._conns) >= 1
    before = {id(conn) for pool in connector._conns.values() for conn, _ in pool}
    for _ in range(5):
        await made.teams.platform.send(out())
    assert {id(conn) for pool in connector._conns.values() for conn, _ in pool} == before


async def test_words_travel_as_they_are(made, stub):
    said = "Öl, 🎉 & \u2028 “x”"
    await made.teams.platform.send(out(card=Card(said, (Buttons((Button(said, "a", said),)),))))
    content = stub.said()[0].body["attachments"][0]["content"]
    assert said in texts(content)[0] and content["body"][1]["actions"][0]["data"]["kadens"]["value"] == said


def test_what_teams_can():
    assert not (CAN.threads_in_direct or CAN.whispers or CAN.looks_back or CAN.home)
    assert {tuple(limit) for limit in CAN.each} == {(7, 1), (8, 2), (60, 30), (1800, 3600)}
    assert CAN.rate == 50  # learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit


# -- the defects of botbuilder that we work round


async def test_botbuilder_makes_a_proactive_message_the_reply_to_nothing(made, stub):
    """Its continuation has an invented id, and a message sent in it names that as what it answers."""
    seen = []

    async def look(context: TurnContext) -> None:
        activity = Activity(type="message")
        reference = TurnContext.get_conversation_reference(context.activity)
        seen.append(TurnContext.apply_conversation_reference(activity, reference).reply_to_id)
        await context.send_activity("x")

    reference = ConversationReference(conversation=ConversationAccount(id=CHANNEL), service_url=stub.url)
    await made.teams.connector.continue_conversation(reference, look)
    assert seen[0] is not None
    assert "replyToId" not in stub.said()[0].body


def test_botbuilder_drops_what_an_entity_says():
    """So mentions stand in the card itself, where nothing of it is lost."""
    entity = {"type": "mention", "text": "<at>Bo</at>", "mentioned": {"id": "29:bo"}}
    read = Activity.deserialize(payload("message_channel_mention", entities=[entity]))
    assert isinstance(read.entities[0], Entity) and not isinstance(read.entities[0], Mention)
    assert read.serialize()["entities"] == [{"type": "mention"}]


def test_botbuilder_spells_the_tenant_in_its_own_way():
    account = ConversationAccount(id="x", tenant_id="t")
    assert account.serialize()["tenantID"] == "t"


def test_a_card_is_not_taken_through_msrest():
    content = {"type": "AdaptiveCard", "version": "1.5", "n": 1.0, "none": None, "list": [1, {"a": None}]}
    from botbuilder.schema import Attachment

    activity = Activity(type="message", attachments=[Attachment(content_type="x", content=content)])
    assert body(activity)["attachments"] == [{"contentType": "x", "content": content}]
    assert json.dumps(body(activity))


async def test_an_invoke_is_answered_with_its_body(made):
    answer = await made.tell("task_fetch", value={"data": {"kadens": {"action": "tiny.form"}}})
    assert answer["task"]["type"] == "continue"
