"""A real Teams client drives a bot process end to end: the Microsoft 365 Agents Playground, on loopback."""

import pytest

from tests.platforms.teams_client import (
    CHANNEL,
    OTHERS,
    TeamsClient,
    bot_process,
    card_of,
    need_client,
)
from tests.platforms.teams_world import assert_card, parts, texts

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning")  # of the processes' pipes


@pytest.fixture(scope="module")
def installed() -> None:
    need_client()


async def test_it_is_installed_and_greets(installed):
    async with bot_process() as endpoint, TeamsClient(endpoint) as client:
        await client.install()
        hello = await client.shown("I am Kadens, Alex Wilber")
        assert hello.conversation == client.home
        assert_card(hello.card)
        await talks_in_the_personal_chat(client)
        await fills_in_a_dialog(client)
        await fills_in_a_card(client)
        await uses_the_menus(client)
        await stays_in_its_thread(client)
        await hears_reactions(client)
        await is_taken_out(client)
        assert [m.texts[0] for m in client.messages.values()].count("Hello") == 1


async def talks_in_the_personal_chat(client):
    await client.say("what can you do?")
    await client.shown("help in en")
    await client.say("tiny *well* done")
    heard = await client.shown("\\*well\\* done")
    await client.press(heard, "Again")
    assert (await client.shown("with 7")).texts == ["Pressed", "with 7"]


async def fills_in_a_dialog(client):
    await client.say("tiny")
    asked = await client.shown("Thank somebody")
    dialog = await client.press(asked, asked.buttons[0])
    assert_card(card_of(dialog))
    refused = await client.submit(dialog, "Send", to="user-id-0", why="hm")
    assert "Say a little more." in texts(card_of(refused))
    assert next(p for p in parts(card_of(refused)) if p.get("id") == "why")["value"] == "hm"
    closed = await client.submit(refused, "Send", to="user-id-0", why="for the dialog")
    assert closed is None
    assert (await client.shown("for the dialog")).texts[0] == "Thanks"


async def fills_in_a_card(client):
    await client.say("tiny again")
    heard = await client.shown("again")
    opened = await client.execute(heard, {"kadens": {"action": "tiny.form", "value": ""}})
    assert_card(card_of(opened))
    heard.card = card_of(opened)
    refused = await client.press(heard, "Send", why="hm")
    assert "Say a little more." in texts(card_of(refused))
    heard.card = card_of(refused)
    done = await client.press(heard, "Send", why="for the card")
    assert done["value"] == "Thank you, that is saved."
    await client.shown("for the card")


async def uses_the_menus(client):
    megan = {"userIdentityType": "aadUser", "id": "00000000-0000-0000-0000-0000000000021", "displayName": "Megan"}
    body = {"contentType": "html", "content": "<p>it <b>works</b></p>"}
    message = {"id": "17", "body": body, "from": {"user": megan}}
    dialog = await client.menu("tiny", **message)
    assert_card(card_of(dialog))
    inputs = {p["id"]: p for p in parts(card_of(dialog)) if "id" in p}
    assert inputs["why"]["value"] == "it works" and inputs["to"]["choices"][0]["title"] == "Megan"
    refused = await client.menu_submit("tiny", dialog, "Send", why="hm")
    assert "Say a little more." in texts(card_of(refused))
    assert await client.menu_submit("tiny", refused, "Send", to=inputs["to"]["value"], why="for the menu") == {}
    await client.shown("for the menu")
    assert (await client.menu("tiny"))["task"]["type"] == "continue"


async def stays_in_its_thread(client):
    root = await client.say("tiny hello @Megan", CHANNEL, mention_bot=True, Megan=OTHERS["Megan"])
    heard = await client.shown("<at>Megan", CHANNEL)
    assert heard.conversation == f"{CHANNEL};messageid={root}"
    mentioned = [entity["mentioned"]["id"] for entity in heard.card["msteams"]["entities"]]
    assert mentioned == ["user-id-0", OTHERS["Megan"]]
    await client.say("tiny in the group", client.group, mention_bot=True)
    assert (await client.shown("in the group")).conversation == client.group


async def hears_reactions(client):
    heard = await client.shown("<at>Megan", CHANNEL)
    await client.react(heard, "heart", by=OTHERS["Adele"])
    changed = await client.shown("heart by", CHANNEL, updated=True)
    assert changed.id == heard.id  # the same card, drawn anew
    await client.react(heard, "heart", removed=True, by=OTHERS["Adele"])
    await client.shown("not heart by", CHANNEL, updated=True)


async def is_taken_out(client):
    await client.custom(client.home, type="installationUpdate", action="remove")
    before = len(client.messages)
    root = await client.say("tiny still here", client.group, mention_bot=True)
    await client.shown("still here")
    assert root and len(client.messages) == before + 1
