"""Which companies are answered, who lets us into one, and what happens when we are put out."""

import json
from uuid import UUID

import pytest
from sqlalchemy import func, select

from bot.core.cards import Card, Text
from bot.core.effects import Tell
from bot.core.events import Command
from bot.core.people import Place, stranger
from bot.core.sending import Outgoing, SlowDown, Unreachable
from bot.core.settings import People, Settings
from bot.core.wording import wording
from bot.platforms.teams.tenants import Tenants
from handlers import FEATURES
from storage import installations, outbox, people, teams, unreachable
from tests.platforms.teams_stub import TeamsStub
from tests.platforms.teams_world import (
    ANA,
    ANA_ID,
    BO_ID,
    CHANNEL,
    TEAM,
    TENANT,
    WORKSPACE,
    button,
    payload,
    texts,
    world,
)

OTHER = str(UUID(int=7))
SAID = payload("message_personal", text="help")
BO = {"id": "29:1b-bo-Yy0", "name": "Bo", "aadObjectId": BO_ID}
HIS = {"from": BO, "conversation": {"conversationType": "personal", "id": "a:bo"}}


@pytest.fixture
async def stub():
    async with TeamsStub() as stub:
        yield stub


@pytest.fixture
async def open(store, stub):
    async with world(store, stub) as made:
        yield made


async def rows(store) -> int:
    async with store.reading() as session:
        tables = (outbox.events, outbox.outbox, people.people, teams.conversations, teams.accounts)
        return sum([await session.value(select(func.count()).select_from(table)) for table in tables])


async def standing(store, workspace=WORKSPACE):
    async with store.reading() as session:
        return await installations.find(session, workspace)


async def out_of_reach(store, account=ANA) -> dict[tuple[str, str], str]:
    async with store.reading() as session:
        query = select(unreachable.unreachable).where(unreachable.u.conversation == account)
        return {(row.workspace, row.conversation): row.reason for row in await session.all(query)}


# -- which companies


def test_what_the_settings_mean():
    assert OTHER in Tenants.of("", "") and OTHER in Tenants.of("*", TENANT)
    assert TENANT in Tenants.of("", TENANT.upper()) and OTHER not in Tenants.of("", TENANT)
    two = Tenants.of(f" {OTHER.upper()} ,{TENANT},", TENANT)
    assert OTHER in two and TENANT.upper() in two and str(UUID(int=8)) not in two and 5 not in two
    assert TENANT not in Tenants.of(OTHER, TENANT)  # the list is the whole truth


@pytest.mark.parametrize(
    ("secrets", "status"),
    [({}, 200), ({"tenant_id": TENANT.upper()}, 200), ({"tenant_id": OTHER}, 403), ({"tenants": OTHER}, 403),
     ({"tenants": f"{OTHER}, {TENANT}"}, 200), ({"tenants": "*", "tenant_id": OTHER}, 200),
     ({"tenants": OTHER, "tenant_id": TENANT}, 403)],
)  # fmt: skip
async def test_only_those_on_the_list_are_let_in(store, stub, secrets, status):
    async with world(store, stub, **secrets) as made:
        assert (await made.knock(SAID)).status_code == status


async def test_whoever_is_not_on_the_list_gets_a_clear_no_leaves_no_row_and_is_not_written_to(store, stub, caplog):
    async with world(store, stub, tenants=OTHER) as made:
        for name in ("message_personal", "installed_personal", "task_fetch", "removed_personal", "members_bot_team"):
            answer = await made.knock(payload(name))
            assert answer.status_code == 403
            assert answer.json()["error"]["message"] == "this bot does not serve your organisation"
        await made.deliver()
    assert await rows(store) == 0 and stub.calls == []
    assert [record.getMessage() for record in caplog.records if TENANT in record.getMessage()] == [
        f"Teams: a message of tenant {TENANT} was refused: it is not in TEAMS_TENANTS"
    ]


async def test_what_is_for_a_tenant_taken_off_the_list_waits(store, stub):
    async with world(store, stub) as made:
        await made.knock(SAID)
    stub.calls.clear()
    async with world(store, stub, tenants=OTHER) as made:
        with pytest.raises(SlowDown):
            await made.teams.platform.send(Outgoing("k", Place(WORKSPACE, ANA, kind="direct"), Card("x")))
    assert stub.calls == []


async def test_our_own_token_is_asked_of_the_tenant_we_are_registered_in_whomever_we_serve(store, stub):
    for own, there in ((TENANT, TENANT), ("", "botframework.com")):
        async with world(store, stub, tenant_id=own, tenants="*", token_url="") as made:
            assert made.teams.connector.token.url == f"https://login.microsoftonline.com/{there}/oauth2/v2.0/token"


# -- a token goes to a known host, and nowhere else


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_with_our_token(open, stub, status):
    async with TeamsStub() as elsewhere:
        await open.knock(SAID)
        stub.redirect = (status, f"{elsewhere.url}v3/conversations/x/activities")
        with pytest.raises(Exception, match=f"Teams answered {status}"):
            await open.teams.platform.send(Outgoing("k", Place(WORKSPACE, ANA, kind="direct"), Card("x")))
        assert elsewhere.calls == [] and not elsewhere.messages


# -- let in


@pytest.fixture
async def real(store, stub):
    """With all our own features, and no tenant in .env."""
    async with world(store, stub, features=FEATURES) as made:
        yield made


async def test_who_lets_us_in_first_chooses_and_those_after_get_a_greeting(real, stub, store):
    say = wording("welcome")
    await real.tell("installed_personal")
    await real.tell("members_bot_personal")  # the same, told in another way
    await real.deliver()
    await real.deliver()
    first = [texts(card)[0] for card in real.shown()]
    assert first.count(say("sv", "title")) == 1
    found = await standing(store)
    assert found.gone_at is None and found.who
    await real.tell("installed_personal", id="f:bo", **HIS)
    await real.deliver()
    await real.deliver()
    later = [texts(card) for card in real.shown()[len(first) :]]
    assert len(later) == 1 and say("sv", "title") not in str(later) and say("sv", "again") not in str(later)


async def test_the_three_choices_work(real, stub, store):
    await real.tell("installed_personal")
    await real.deliver()
    await real.deliver()
    say = wording("welcome")
    choices = next(card for card in real.shown() if say("sv", "title") in texts(card))
    await real.tell("message_submit", value=button(choices, say("sv", "everybody"))["data"])
    await real.deliver()
    await real.deliver()
    assert say("sv", "now_everybody") in str([texts(card) for card in real.shown()])


async def test_where_the_operator_named_who_looks_after_it_nobody_becomes_that_by_being_first(store, stub):
    """An app can be given to a whole company at once: the first to be heard is anybody."""
    store.settings = Settings(people=People(admins=(ANA,)))
    async with world(store, stub, features=FEATURES) as made:
        await made.tell("message_personal", text="help")
        await made.tell("installed_personal", **HIS)
        async with store.reading() as session:
            told = await session.all(select(outbox.row.conversation, outbox.row.card).order_by(outbox.row.id))
    title = wording("welcome")("sv", "title")
    assert [row.conversation for row in told if title in row.card] == [ANA]


async def test_the_tenant_of_the_operator_needs_nobody_to_let_us_in(store, stub):
    async with world(store, stub, features=FEATURES, tenant_id=TENANT) as made:
        assert (await standing(store)).who is None
        await made.tell("installed_personal")
        await made.deliver()
        assert wording("welcome")("sv", "title") not in str([texts(card) for card in made.shown()])


async def test_tenants_that_had_us_before_this_was_kept_are_let_in_already(store, stub):
    async with world(store, stub) as made:
        await made.tell("message_personal", text="help")
        assert await standing(store) is None
    async with world(store, stub):
        assert (await standing(store)).gone_at is None


# -- put out


async def test_out_of_a_personal_chat_is_recorded_once_and_not_tried(open, stub, store):
    await open.tell("installed_personal")
    await open.tell("installed_personal", id="f:bo", **HIS)
    await open.deliver()
    before = len(stub.calls)
    await open.tell("removed_personal")
    await open.tell("removed_personal", id="f:again", type="conversationUpdate", action=None,
                    membersRemoved=[payload("removed_personal")["recipient"]])  # fmt: skip
    assert await out_of_reach(store) == {(WORKSPACE, ANA): "Uninstalled"}
    with pytest.raises(Unreachable):
        await open.teams.platform.send(Outgoing("k", Place(WORKSPACE, ANA, kind="direct"), Card("x")))
    assert len(stub.calls) == before
    await open.teams.platform.send(Outgoing("k", Place(WORKSPACE, BO["id"], kind="direct"), Card("x")))
    assert len(stub.calls) == before + 1
    await open.tell("installed_personal", id="f:back")
    assert await out_of_reach(store) == {}


async def test_who_had_blocked_us_and_writes_again_can_be_reached_again(open, stub, store):
    await open.tell("message_personal", text="tiny hello")
    place = Place(WORKSPACE, ANA, kind="direct")
    async with store.transaction() as session:
        await unreachable.keep(session, place, "403 MessageWritesBlocked", open.now)
    stub.trouble(403, "MessageWritesBlocked")
    with pytest.raises(Unreachable, match="403 MessageWritesBlocked"):
        await open.teams.platform.send(Outgoing("k", place, Card("x")))
    await open.tell("message_personal", text="tiny hello", id="2")
    assert await out_of_reach(store) == {}


async def test_the_last_one_out_closes_the_tenant_at_once_and_keeps_what_was_said(real, stub, store):
    await real.tell("installed_personal")
    await real.tell("installed_personal", id="f:bo", **HIS)
    await real.tell("message_personal", text="kudos")
    async with store.transaction() as session:
        ana = stranger(WORKSPACE, ANA, "Ana")
        event = Command(id="e", actor=ana, place=ana.home, at=real.now, name="x")
        await outbox.put(session, event, 0, Tell(ana, Card(parts=(Text("later"),))))
    real.later(minutes=1)
    await real.tell("removed_personal")
    assert (await standing(store)).gone_at is None
    await real.tell("removed_personal", id="f:bo-out", **HIS)
    assert (await standing(store)).gone_at == real.now
    before = len(stub.said())
    await real.deliver()
    assert len(stub.said()) == before
    async with store.reading() as session:
        assert not await session.all(select(outbox.row.id).where(outbox.unsent))
        kept = select(people.people).where(people.people.c.bot.is_(False))
        assert {row.account for row in await session.all(kept)} == {ANA, BO["id"]}
        assert not await session.all(kept.where(people.active()))


async def test_a_tenant_that_put_us_out_is_back_with_its_first_sign_of_life(real, stub, store):
    await real.tell("installed_personal")
    real.later(minutes=1)
    await real.tell("removed_personal")
    assert (await standing(store)).gone_at == real.now
    real.later(hours=1)
    await real.tell("installed_personal", id="f:back")
    found = await standing(store)
    assert found.gone_at is None and found.installed_at == real.now
    await real.deliver()
    await real.deliver()
    assert wording("welcome")("sv", "again") in str([texts(card) for card in real.shown()])


async def test_out_of_a_team_is_out_of_all_its_channels(open, stub, store):
    await open.tell("members_bot_team")
    await open.tell("message_channel_mention", text="<at>Kadens</at> tiny hello")
    await open.deliver()
    before = len(stub.calls)
    out = payload("members_bot_team", id="f:out", membersAdded=None)
    await open.tell("members_bot_team", **{**out, "membersRemoved": payload("members_bot_team")["membersAdded"]})
    for channel in (TEAM, CHANNEL):
        with pytest.raises(Unreachable):
            await open.teams.platform.send(Outgoing("k", Place(WORKSPACE, channel, kind="public"), Card("x")))
    assert len(stub.calls) == before


async def test_a_bot_that_admins_have_switched_off_is_out_of_the_tenant(real, stub, store):
    await real.tell("installed_personal")
    await real.tell("installed_personal", id="f:bo", **HIS)
    stub.trouble(403, "BotDisabledByAdmin")
    with pytest.raises(Unreachable, match="BotDisabledByAdmin"):
        await real.teams.platform.send(Outgoing("k", Place(WORKSPACE, ANA, kind="direct"), Card("x")))
    assert (await standing(store)).gone_at is not None
    calls = len(stub.calls)
    for account in (ANA, BO["id"], "29:never-met"):
        with pytest.raises(Unreachable):
            await real.teams.platform.send(Outgoing("k", Place(WORKSPACE, account, kind="direct"), Card("x")))
    assert len(stub.calls) == calls


# -- nothing crosses a tenant


def elsewhere(name: str, **changes):
    """A payload as it stands, from a tenant of somebody else's."""
    said = payload(name, **changes)
    return json.loads(json.dumps(said).replace(TENANT, OTHER))


CROSSED = {
    "the conversation is of another tenant": {"conversation": {**SAID["conversation"], "tenantId": OTHER}},
    "so is the channel data": {"channelData": {"tenant": {"id": OTHER}}},
    "two tenants in one": {"channelData": {"tenant": {"id": f"{TENANT},{OTHER}"}}},
    "no id of a tenant": {"channelData": {"tenant": {"id": "../admin"}}},
    "no tenant at all": {"channelData": {}, "conversation": {"conversationType": "personal", "id": "a:x"}},
    "a tenant that is no word": {"channelData": {"tenant": {"id": [TENANT]}},
                                 "conversation": {"conversationType": "personal", "id": "a:x"}},
}  # fmt: skip


@pytest.mark.parametrize("name", CROSSED)
async def test_an_activity_of_two_tenants_is_none(open, store, name):
    said = {**SAID, "conversation": {**SAID["conversation"], "tenantId": TENANT}, **CROSSED[name]}
    assert (await open.knock(said)).status_code == 400
    assert await rows(store) == 0


async def everything(store, workspace):
    """Every row of ours that is of this workspace."""
    async with store.reading() as session:
        found = []
        for table in (teams.conversations, teams.accounts, people.accounts, people.people, outbox.outbox):
            query = select(table).where(table.c.workspace == workspace)
            found += [tuple(row) for row in await session.all(query)]
        return found


async def test_ids_of_another_tenant_in_every_field_touch_nothing_there(open, stub, store):
    """Somebody who knows all the ids of a company sends them from their own."""
    await open.tell("message_channel_mention", text="<at>Kadens</at> tiny hello")
    await open.tell("message_personal", text="tiny hello", id="2")
    await open.deliver()
    theirs = await everything(store, WORKSPACE)
    [posted] = stub.messages[CHANNEL]
    ours = {"kadens": {"form": "tiny.form", "people": ["to"],
                       "place": {"conversation": CHANNEL, "thread": "1772798400123", "kind": "public"}},
            "to": f"{ANA_ID},{ANA}", "why": "for the demo"}  # fmt: skip
    for said in (
        elsewhere("message_personal", id="3", text=f"tiny {ANA}", replyToId=posted),
        elsewhere("reaction_added", id="4", replyToId=posted, reactionsAdded=[{"type": "like"}]),
        elsewhere("task_submit", id="5", value={"data": ours}, replyToId=posted),
        elsewhere("message_submit", id="6", value={"kadens": {"action": "tiny.again", "value": WORKSPACE}}),
        elsewhere("removed_personal", id="7"),
        elsewhere("members_bot_removed", id="8"),
    ):
        assert (await open.knock(said)).status_code == 200
    assert await everything(store, WORKSPACE) == theirs
    await open.deliver()
    changed = [call.path for call in stub.said("PUT")]
    assert changed == []


async def test_an_invoke_of_a_tenant_that_is_not_served_opens_nothing(store, stub):
    async with world(store, stub, tenants=TENANT) as made:
        answer = await made.knock(elsewhere("task_fetch"))
        assert (answer.status_code, await rows(store)) == (403, 0)


async def test_a_replay_is_one_event_whatever_else_is_changed_in_it(open, stub):
    """The id of an activity counts: what comes again with other words is the repeat of what was said first."""
    await open.tell("message_personal", text="tiny once")
    await open.tell("message_personal", text="tiny twice")
    await open.tell("message_personal", text="tiny thrice", timestamp="2026-03-07T12:00:00.511Z")
    await open.deliver()
    await open.deliver()
    assert [texts(card)[1] for card in open.shown()] == ["<at>Ana Öberg</at>: once"]
