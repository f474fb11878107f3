"""From a request of Teams to what Teams gets back, over HTTP on both sides, with a real store between."""

import asyncio
import logging

import pytest
from sqlalchemy import select

from bot.core.cards import Card
from bot.core.events import Action
from bot.core.people import Place
from bot.core.sending import Outgoing, Unreachable
from bot.core.wording import wording
from storage import outbox, people, teams
from tests.platforms.teams_stub import TeamsStub
from tests.platforms.teams_world import (
    ANA,
    ANA_ID,
    BO_ID,
    CHANNEL,
    TEAM,
    WORKSPACE,
    assert_card,
    button,
    parts,
    payload,
    texts,
    tiny,
    world,
)

HOME = payload("message_personal")["conversation"]["id"]


@pytest.fixture
async def stub():
    async with TeamsStub() as stub:
        yield stub


@pytest.fixture
async def open(store, stub):
    async with world(store, stub) as made:
        yield made


async def all_people(store):
    async with store.reading() as session:
        return await session.all(select(people.people).order_by(people.people.c.name))


async def reference(store, conversation):
    async with store.reading() as session:
        return await teams.reference(session, WORKSPACE, conversation)


def fetch(action="tiny.form", value="", **more):
    return {"value": {"data": {"kadens": {"action": action, "value": value}}}, **more}


# -- words


async def test_said_heard_and_answered(open, stub):
    await open.tell("message_personal", text="tiny well done")
    await open.deliver()
    [call] = stub.said()
    assert call.path == f"v3/conversations/{HOME}/activities"
    [card] = open.shown()
    assert_card(card)
    assert texts(card) == ["Heard", "<at>Ana Öberg</at>: well done"]


async def test_the_same_delivered_three_times_at_once(open, stub):
    await asyncio.gather(*(open.tell("message_personal", text="tiny once") for _ in range(3)))
    await open.deliver()
    assert len(stub.said()) == 1


async def test_a_channels_reply_stays_in_its_thread(open, stub):
    await open.tell("message_channel_mention", text="<at>Kadens</at> tiny hello")
    await open.deliver()
    assert stub.said()[0].path == f"v3/conversations/{CHANNEL};messageid=1772798400123/activities"


async def test_a_message_without_words_for_a_command_gets_help_in_the_persons_language(open, stub):
    await open.tell("message_personal", text="what is this?")
    await open.deliver()
    assert texts(open.shown()[0]) == ["help in sv"]


async def test_what_is_said_beside_us_is_not_answered(open, stub, store):
    await open.tell("message_channel_reply")
    await open.tell("message_group", text="tiny not for you", entities=[])
    await open.deliver()
    assert stub.said() == []
    async with store.reading() as session:
        assert not await session.all(select(outbox.events))


async def test_a_command_that_opens_a_form_gives_a_button_in_plain_words(open, stub):
    await open.tell("message_personal", text="tiny")
    await open.deliver()
    [card] = open.shown()
    pressed = next(part for part in parts(card) if part["type"] == "Action.Submit")
    assert pressed["data"]["msteams"] == {"type": "task/fetch"}
    answer = await open.tell("task_fetch", value={"data": pressed["data"]})
    assert answer["task"]["value"]["title"] == "Thank somebody"


# -- who


async def test_a_person_is_kept_with_language_zone_and_country(open, store):
    await open.tell("message_personal", text="help")
    [ana] = await all_people(store)
    assert (ana.account, ana.name, ana.lang, ana.zone, ana.country) == (
        ANA,
        "Ana Öberg",
        "sv",
        "Europe/Stockholm",
        "SE",
    )


async def test_a_payload_that_tells_less_takes_nothing_away_and_writes_nothing(open, store):
    await open.tell("message_personal", text="help")
    before = await all_people(store)
    open.later(hours=1)
    await open.tell("reaction_removed")
    open.teams.people._seen.clear()
    await open.tell("message_personal", text="help", id="2")
    assert [row for row in await all_people(store) if not row.bot] == before


async def test_somebody_who_moves_is_followed(open, store):
    await open.tell("message_personal", text="help")
    await open.tell(
        "message_personal", text="help", id="2", localTimezone="America/New_York", locale="nl-NL", entities=[]
    )
    [ana] = await all_people(store)
    assert (ana.zone, ana.lang, ana.country) == ("America/New_York", "nl", "SE")


async def test_somebody_known_by_the_directory_first_is_the_same_person_later(open, store, stub):
    """A menu names an author whom the bot never met, by the directory's id; later they write themselves."""
    await open.tell("message_menu", value={**payload("message_menu")["value"], "commandId": "tiny"})
    bo = {"id": "29:1b-bo-Yy0", "name": "Bo", "aadObjectId": BO_ID}
    await open.tell("message_personal", text="tiny hello", **{"from": bo})
    assert [row.account for row in await all_people(store)] == [ANA, BO_ID]
    await open.deliver()
    assert texts(open.shown()[0]) == ["Heard", "<at>Bo</at>: hello"]
    assert (await reference(store, BO_ID)).address == HOME


async def test_a_picked_person_is_the_one_we_know(open, store, stub):
    await open.tell("message_personal", text="help")
    value = {"data": {"kadens": {"form": "tiny.form", "people": ["to"]}, "to": ANA_ID.upper(), "why": "for that"}}
    await open.tell("task_submit", value=value)
    assert [row.account for row in await all_people(store)] == [ANA]


async def test_a_picked_invention_is_nobody(open, store):
    value = {"data": {"kadens": {"form": "tiny.form", "people": ["to"]}, "to": "29:made-up,x", "why": "for that"}}
    await open.tell("task_submit", value=value)
    assert [row.account for row in await all_people(store)] == [ANA]


async def test_installing_tells_no_name_but_the_list_of_members_does(open, stub, store):
    stub.members[ANA] = {"name": "Ana Öberg", "userRole": "guest"}
    await open.tell("installed_personal", **{"from": {"id": ANA, "aadObjectId": ANA_ID}})
    await open.deliver()
    assert texts(open.shown()[0])[1] == "I am Kadens, Ana Öberg."
    await open.tell("message_personal", text="help")  # tells no role: she stays a guest
    [ana] = await all_people(store)
    assert (ana.name, ana.guest) == ("Ana Öberg", True)
    assert len([c for c in stub.calls if "/members/" in c.path]) == 1


async def test_somebody_mentioned_is_the_one_a_menu_named(open, stub, store):
    """A mention knows a person by the bot's id, a menu by the directory's: the list of members joins them."""
    await open.tell("message_menu", value={**payload("message_menu")["value"], "commandId": "tiny"})
    stub.members["29:1b-bo-Yy0"] = {"name": "Bo (ops)", "aadObjectId": BO_ID}
    await open.tell("message_channel_mention", text="<at>Kadens</at> tiny <at>Bo (ops)</at>")
    assert [row.account for row in await all_people(store)] == [ANA, BO_ID]


async def test_somebody_only_ever_mentioned_can_be_picked(open, stub, store):
    await open.tell("message_channel_mention", text="<at>Kadens</at> tiny <at>Bo (ops)</at>")
    await open.deliver()
    value = {"data": {"kadens": {"form": "tiny.form", "people": ["to"]}, "to": "29:1b-bo-Yy0", "why": "for that"}}
    await open.tell("task_submit", value=value)
    await open.deliver()
    assert texts(open.shown()[-1])[1] == "<at>Bo (ops)</at>"


async def test_a_dialog_speaks_the_language_the_person_chose(open, store):
    await open.tell("message_personal", text="help")
    async with store.transaction() as session:
        await session.run(people.people.update().values(lang="nl", lang_chosen=True))
    answer = await open.tell("task_fetch", **fetch("tiny.again"))
    assert answer["task"]["value"] == "Hier valt niets meer in te vullen."


async def test_nobody_waits_for_a_name(open, stub, store):
    stub.trouble(500, path="/members/")
    await open.tell("message_personal", text="help")
    assert [row.name for row in await all_people(store)] == ["Ana Öberg"]


# -- let in and taken out


async def test_let_in_once_however_often_it_is_told(open, stub):
    await open.tell("installed_personal")
    await open.tell("members_bot_personal")
    await open.tell("installed_personal", id="f:again", action="add-upgrade")
    await open.deliver()
    assert [texts(card)[0] for card in open.shown()] == ["Hello"]


async def test_taken_out_and_let_in_again(open, stub, store):
    await open.tell("installed_personal")
    await open.deliver()
    await open.tell("removed_personal")
    assert (await reference(store, ANA)).gone
    with pytest.raises(Unreachable):
        await open.teams.platform.send(Outgoing("k", Place(WORKSPACE, ANA, kind="direct"), Card("x")))
    await open.tell("installed_personal", id="f:new")
    await open.deliver()
    assert [texts(card)[0] for card in open.shown()] == ["Hello", "Hello"]


async def test_who_writes_again_lets_us_in_again(open, store):
    await open.tell("message_personal", text="help")
    await open.tell("removed_personal")
    await open.tell("message_personal", text="help", id="2")
    assert not (await reference(store, ANA)).gone


async def test_a_team_is_greeted_in_its_general_channel(open, stub):
    await open.tell("members_bot_team")
    await open.deliver()
    assert stub.said()[0].path == f"v3/conversations/{TEAM}/activities"


async def test_a_channel_turns_out_to_be_open_to_all(open, stub, store):
    """No message says so; the list of the team's channels does, and is asked for once."""
    stub.channels = [
        {"id": CHANNEL, "name": "Open", "type": "standard"},
        {"id": "19:p@thread.tacv2", "type": "private"},
    ]
    for n in range(3):
        await open.tell("message_channel_mention", text="<at>Kadens</at> tiny hello", id=f"{n}")
    await asyncio.wait(open.teams._tasks or {asyncio.create_task(asyncio.sleep(0))})
    assert (await reference(store, CHANNEL)).kind == "public"
    assert (await reference(store, "19:p@thread.tacv2")).kind == "private"
    open.teams.people._seen.clear()
    await open.tell("message_channel_mention", text="<at>Kadens</at> tiny hello", id="9")
    async with store.reading() as session:
        kinds = [row.kind for row in await session.all(select(outbox.outbox).order_by(outbox.outbox.c.id))]
    assert kinds == ["private", "private", "private", "public"]
    assert len([c for c in stub.calls if c.path.startswith("v3/teams/")]) == 1


# -- cards


async def test_a_button_is_pressed(open, stub):
    await open.tell("message_personal", text="tiny hello")
    await open.deliver()
    await open.tell("message_submit", value=button(open.shown()[0], "Again")["data"])
    await open.deliver()
    assert texts(open.shown()[-1]) == ["Pressed", "with 7"]


async def test_a_reaction_changes_the_card_it_was_put_on(open, stub):
    await open.tell("message_channel_mention", text="<at>Kadens</at> tiny hello")
    await open.deliver()
    [id] = stub.messages[CHANNEL]
    await open.tell("reaction_added", replyToId=id, reactionsAdded=[{"type": "like"}])
    await open.deliver()
    assert texts(open.shown("PUT")[-1])[-1] == "thumbsup by Ana Öberg"
    await open.tell("reaction_added", id="f:2", replyToId=id, reactionsAdded=None, reactionsRemoved=[{"type": "like"}])
    await open.deliver()
    assert texts(open.shown("PUT")[-1])[-1] == "not thumbsup by Ana Öberg"


async def test_a_home_card_is_kept_up_to_date(open, stub):
    async def press(n):
        await open.tell("message_submit", id=n, value={"kadens": {"action": "tiny.home", "value": n}})
        await open.deliver()

    for n in ("1", "2"):
        await press(n)
    assert (len(stub.said()), len(stub.said("PUT"))) == (1, 1)
    stub.messages.clear()  # the person cleared the conversation: what is asked for next comes afresh
    await press("3")
    await press("4")
    assert len(stub.said()) == 2 and [len(there) for there in stub.messages.values() if there] == [1]


async def test_pressed_elsewhere_the_home_comes_afresh(open, stub):
    elsewhere = {key: payload("message_channel_mention")[key] for key in ("conversation", "channelData")}
    for n in ("1", "2"):
        value = {"kadens": {"action": "tiny.home", "value": n}}
        await open.tell("message_submit", id=n, value=value, **(elsewhere if n == "2" else {}))
        await open.deliver()
    await open.deliver()
    [there] = [messages for messages in stub.messages.values() if messages]
    below, alive = (texts(message["attachments"][0]["content"]) for message in there.values())
    assert below == [wording("common")("sv", "home_below")] and alive == ["Home", "2"]


# -- dialogs


async def test_a_dialog_is_opened_filled_in_wrongly_and_rightly(open, stub):
    opened = await open.tell("task_fetch", **fetch())
    value = opened["task"]["value"]
    assert (opened["task"]["type"], value["title"]) == ("continue", "Thank somebody")
    card = value["card"]["content"]
    assert_card(card)

    typed = {"to": ANA_ID, "why": "hm", "tags": "care,craft", "level": "4", "day": "2026-03-09"}
    data = {**button(card, "Send")["data"], **typed}
    refused = await open.tell(
        "task_submit", id="f:3", value={"data": data}, conversation=payload("task_fetch")["conversation"]
    )
    again = refused["task"]["value"]["card"]["content"]
    assert_card(again)
    assert refused["task"]["type"] == "continue"
    shown = [part.get("id") or part["text"] for part in again["body"]]
    assert shown.index("Say a little more.") + 1 == shown.index("why")  # beside its field
    assert shown[0] == "Nearly there."  # about no field: on top
    assert {p["id"]: p["value"] for p in parts(again) if "id" in p and "value" in p} == typed

    data = {**button(again, "Send")["data"], **typed, "why": "for the demo"}
    done = await open.tell(
        "task_submit", id="f:4", value={"data": data}, conversation=payload("task_fetch")["conversation"]
    )
    assert done is None  # an empty answer closes the dialog
    await open.deliver()
    assert texts(open.shown()[-1])[-1] == "for the demo"
    assert stub.said()[-1].path == f"v3/conversations/{HOME}/activities"


async def test_a_form_ends_in_the_thread_it_was_opened_in(open, stub):
    opened = await open.tell(
        "task_fetch", **fetch(**{k: payload("task_submit")[k] for k in ("conversation", "channelData")})
    )
    data = button(opened["task"]["value"]["card"]["content"], "Send")["data"]
    assert data["kadens"]["place"] == {"conversation": CHANNEL, "thread": "1772798400123", "kind": "private"}
    await open.tell("task_submit", value={"data": {**data, "to": ANA_ID, "why": "for the demo"}})
    await open.deliver()
    assert stub.said()[0].path == f"v3/conversations/{CHANNEL};messageid=1772798400123/activities"


async def test_a_second_form_after_the_first_is_asked_for_with_its_people(open):
    await open.tell("message_personal", text="help")
    data = {"kadens": {"form": "tiny.form"}, "why": "late"}
    answer = await open.tell("task_submit", value={"data": data})
    picker = next(p for p in parts(answer["task"]["value"]["card"]["content"]) if p.get("id") == "to")
    assert (picker["value"], picker["choices"]) == (ANA_ID, [{"title": "Ana", "value": ANA_ID}])


async def test_the_same_dialog_asked_for_twice_is_opened_once(open):
    assert (await open.tell("task_fetch", **fetch()))["task"]["type"] == "continue"
    assert (await open.tell("task_fetch", **fetch()))["task"] == {
        "type": "message",
        "value": "Här finns inget att fylla i längre.",
    }


async def test_a_button_that_opens_nothing(open):
    answer = await open.tell("task_fetch", **fetch("tiny.again"))
    assert answer["task"]["type"] == "message"


async def test_a_refusal_whose_form_is_lost_is_said(open):
    value = {"data": {"kadens": {"form": "tiny.form"}, "why": "hm"}}
    answer = await open.tell("task_submit", value=value)
    assert answer == {"task": {"type": "message", "value": "Say a little more. Nearly there."}}


# -- a form inside a card, for clients without dialogs


async def test_a_form_in_a_card(open, stub):
    def execute(data, **more):
        return {"value": {"action": {"type": "Action.Execute", "verb": "x", "data": data}, "trigger": "manual"}, **more}

    opened = await open.tell("execute_action", **execute({"kadens": {"action": "tiny.form", "value": ""}}))
    assert (opened["statusCode"], opened["type"]) == (200, "application/vnd.microsoft.card.adaptive")
    card = opened["value"]
    assert_card(card)
    assert button(card, "Send")["type"] == "Action.Execute"

    sent = {**button(card, "Send")["data"], "why": "hm"}
    refused = await open.tell("execute_action", **execute(sent, id="f:5"))
    assert_card(refused["value"])
    shown = [part.get("id") or part["text"] for part in refused["value"]["body"]]
    assert shown.index("Say a little more.") + 1 == shown.index("why")
    assert next(p for p in parts(refused["value"]) if p.get("id") == "why")["value"] == "hm"

    words = "application/vnd.microsoft.activity.message"
    done = await open.tell("execute_action", **execute({**sent, "why": "for the demo"}, id="f:6"))
    assert done == {"statusCode": 200, "type": words, "value": "Tack, det är sparat."}
    left = await open.tell("execute_action", **execute(button(card, "Cancel")["data"], id="f:7"))
    assert left == {"statusCode": 200, "type": words, "value": "Inget ändrades."}
    pressed = await open.tell("execute_action", **execute({"kadens": {"action": "tiny.again"}}, id="f:8"))
    assert pressed == {"statusCode": 200, "type": words, "value": "Klart."}


# -- menus


async def test_the_menu_of_a_message_opens_a_form_about_it(open):
    value = {**payload("message_menu")["value"], "commandId": "tiny"}
    answer = await open.tell("message_menu", value=value)
    card = answer["task"]["value"]["card"]["content"]
    assert_card(card)
    inputs = {part["id"]: part for part in parts(card) if "id" in part}
    assert inputs["to"]["value"] == BO_ID and inputs["to"]["choices"] == [{"title": "Bo (ops)", "value": BO_ID}]
    assert inputs["to"]["choices.data"]["dataset"] == "graph.microsoft.com/users"
    assert inputs["why"]["value"].startswith("Tack Cai,")
    data = {**button(card, "Send")["data"], "to": BO_ID, "why": "hm"}
    submitted = {**payload("menu_submit")["value"], "data": data}
    refused = await open.tell("menu_submit", value=submitted)
    assert refused["task"]["type"] == "continue"
    data["why"] = "for this"
    assert await open.tell("menu_submit", id="f:9", value={**submitted, "data": data}) is None


async def test_the_menu_beside_the_box(open):
    answer = await open.tell("compose_menu", value={"commandId": "tiny", "commandContext": "compose"})
    assert answer["task"]["type"] == "continue"


async def test_a_menu_nobody_listens_to(open):
    answer = await open.tell("compose_menu", value={"commandId": "unknown"})
    assert answer["task"]["type"] == "message"


# -- when things go wrong


async def test_what_we_do_not_speak(open):
    assert (await open.knock(payload("search_menu"))).status_code == 501


async def test_an_activity_of_a_kind_we_have_no_use_for(open):
    for kind in ("typing", "event", "endOfConversation", "handoff"):
        assert (await open.knock(payload("message_personal", type=kind))).status_code == 200


@pytest.mark.parametrize("name", ["message_personal", "task_fetch"])
async def test_a_handler_that_raises_is_a_500_without_words_and_works_the_next_time(open, stub, store, caplog, name):
    changes = {"text": "tiny boom"} if name == "message_personal" else fetch("tiny.boom")
    route = next(route for route in tiny.routes if route.key == "tiny")
    if name == "task_fetch":
        open.teams.turns.routes.table[Action, "tiny.boom"] = route
    with caplog.at_level(logging.DEBUG):
        answer = await open.knock(payload(name, **changes))
    assert (answer.status_code, answer.content) == (500, b"")
    assert "secret words" not in caplog.text and "boom" not in caplog.text.replace("tiny.boom", "")
    async with store.reading() as session:
        assert not await session.all(select(outbox.events))


@pytest.mark.sqlite  # where who writes holds up everybody
async def test_an_invoke_is_answered_before_teams_stops_waiting(open, stub, store, monkeypatch):
    monkeypatch.setattr("bot.platforms.teams.app.INVOKE", 0.05)
    async with store.transaction():  # somebody else writes for a while
        answer = await open.tell("task_fetch", **fetch("tiny.again"))
        assert answer["task"]["type"] == "message" and "längre tid" in answer["task"]["value"]
    await asyncio.wait(open.teams._tasks)
    await open.deliver()
    assert texts(open.shown()[0])[0] == "Pressed"  # it was not broken off


async def test_personal_words_are_in_no_log(open, stub, caplog):
    with caplog.at_level(logging.DEBUG):
        await open.tell("message_personal", text="tiny xyzzy is my secret")
        await open.knock(payload("message_personal", text="xyzzy", membersAdded=["xyzzy"]))
        await open.deliver()
    ours = [record for record in caplog.records if record.name.startswith(("bot", "storage", "scheduler", "msrest"))]
    assert not [record for record in ours if "xyzzy" in record.getMessage()]
