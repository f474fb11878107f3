"""A real Teams client drives a bot process end to end: the Microsoft 365 Agents Playground, on loopback."""

import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.core.wording import wording
from tests.app.process import faketime, served
from tests.platforms.teams_client import (
    CHANNEL,
    OTHERS,
    Shown,
    TeamsClient,
    bot_process,
    card_of,
    filled_in,
    free_port,
    need_client,
    person,
)
from tests.platforms.teams_world import assert_card, button, parts, texts

say = wording("updates")
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


# The real app, `kadens serve`: what people do with it, in the order in which they would.

PICK_UP = "Pick up where I was"
ADELE = {"userIdentityType": "aadUser", "id": "00000000-0000-0000-0000-0000000000022", "displayName": "Adele Vance"}


async def test_people_talk_with_the_real_app(installed: None, tmp_path: Path) -> None:
    async with served(tmp_path, TEAMS_APP_ID="") as server, TeamsClient(f"{server.url}/teams/messages") as client:
        await client.install()
        assert (await client.shown("Hi Alex Wilber, I am Kadens")).conversation == client.home
        await thanks_in_a_channel(client)
        await joins_in(client, await thanks_from_the_menu(client))
        await begins_a_second_conversation(client)
        await comes_to_a_commitment(client)
        await answers_a_check_in(client)
        await changes_it_all_at_once(client)
        await looks_around(client)
        assert await all_valid(client) > 60
        assert await server.end(signal.SIGTERM) == 0
    assert "Traceback" not in server.log and '"error"' not in server.log
    assert "notifications" not in server.log and "staying calm" not in server.log


async def thanks_in_a_channel(client: TeamsClient) -> None:
    root = await client.say("kudos @Megan staying calm #care", CHANNEL, mention_bot=True, Megan=OTHERS["Megan"])
    card = await client.shown("thanks <at>Megan Bowen</at>", CHANNEL)
    assert card.conversation == f"{CHANNEL};messageid={root}"
    assert card.texts == ["<at>Alex Wilber</at> thanks <at>Megan Bowen</at>", "staying calm", "\u200b#care"]
    assert [entity["mentioned"]["id"] for entity in card.card["msteams"]["entities"]] == ["user-id-0", OTHERS["Megan"]]
    assert (await client.shown("Passed on to Megan Bowen.")).conversation == client.home
    word = await private_word(client, OTHERS["Megan"])
    assert word[:3] == ["Alex Wilber thanked you 💛", "staying calm", "\u200b#care"]
    await client.say("kudos @Megan", CHANNEL, mention_bot=True, Megan=OTHERS["Megan"])
    refused = await client.shown("Not sent yet")  # for one's own eyes
    assert refused.conversation == client.home and "Say what for, a few words are enough." in refused.texts


async def thanks_from_the_menu(client: TeamsClient) -> Shown:
    """For the message of somebody the bot has never met: known by the directory's id only."""
    root = await client.say("The release is out", CHANNEL)
    thread = f"{CHANNEL};messageid={root}"
    body = {"contentType": "html", "content": "<p>I fixed the <b>build</b></p>"}
    dialog = await client.menu("kudos", thread, **{"id": root, "body": body, "from": {"user": ADELE}})
    to = field(card_of(dialog), "to")
    assert [choice["title"] for choice in to["choices"]] == ["Adele Vance"]
    assert "About their message: “I fixed the build”" in texts(card_of(dialog))
    refused = await client.menu_submit("kudos", dialog, "Give kudos", thread, values="craft")
    assert above(card_of(refused), "why") == "Say what for, a few words are enough."
    assert field(card_of(refused), "to")["value"] == to["value"]
    done = await client.menu_submit("kudos", refused, "Give kudos", thread, why="for the green build")
    assert done == {}
    card = await client.shown("for the green build", CHANNEL)
    assert card.conversation == thread and "\u200b#craft" in card.texts
    # The client takes no message for her: the first is all that is seen, again and again.
    assert (await private_word(client, ADELE["id"], hello=True))[0].startswith("Hi Adele Vance, I am Kadens")
    return card


async def joins_in(client: TeamsClient, card: Shown) -> None:
    await client.react(card, "heart", by=OTHERS["Isaiah"])
    joined = await client.shown("Isaiah Langer joins in", CHANNEL, updated=True)
    assert joined.id == card.id and "for the green build" in joined.texts
    await client.react(card, "like", by=OTHERS["Megan"])  # no emoji of kudos
    await client.react(card, "heart", removed=True, by=OTHERS["Isaiah"])
    await client.until(lambda: client.messages[card.id].texts == card.texts, "the card as it was")


async def begins_a_second_conversation(client: TeamsClient) -> None:
    """There are no threads in a personal chat: one conversation has the floor, and a button brings back the other."""
    await client.say("grow a calmer inbox")
    await client.shown("GROW: a calmer inbox")
    await client.say("An empty inbox on Friday")
    await client.shown("Where are you with it now?")
    await client.say("checkin")
    await client.shown("How is it going with what you set out to do?")
    grow = await client.shown("Your other conversation waits here.")
    await client.say("The release is out")
    await client.shown("What went well")
    await client.press(grow, PICK_UP)
    await client.until(lambda: len(asking(client, "Where are you with it now?")) == 2, "the question once more")
    await client.until(lambda: len(asking(client, "Your other conversation waits here.")) == 2, "the other one waits")


async def comes_to_a_commitment(client: TeamsClient) -> None:
    await client.say("A hundred mails a day")
    await client.shown("What could you do?")
    await client.say("Turn off notifications")
    await client.shown("And what else?")  # one way is no choice yet
    await client.press(await client.shown("And what else?"), "Skip")
    await client.shown("Which one will you do first?")
    await client.say("Turn off all notifications")
    sure = await client.shown("How sure are you")
    await client.press(sure, "7")
    await client.shown("What keeps it from being a ten?")
    assert (await client.shown("How sure are you", updated=True)).buttons == []
    await client.say("Habit")
    await client.shown("What smaller step")
    await client.say("Turn off notifications at lunch")
    await client.shown("By which day?")
    await client.say("someday")
    await client.shown("I need a day within a year")
    await client.say("in two weeks")
    done = await client.shown("You will: “Turn off notifications at lunch”")
    assert done.conversation == client.home and done.texts[0] == "That is a plan"
    assert re.search(r"I will ask you here on \w+day \d+ \w+ how it went\.", done.texts[1])
    assert facts(done.card)["Goal"] == "An empty inbox on Friday" and facts(done.card)["How sure"] == "7"


async def answers_a_check_in(client: TeamsClient) -> None:
    """From where it was left, to its end."""
    waits = asking(client, "Your other conversation waits here.")[-1]
    await client.press(waits, PICK_UP)
    await client.until(lambda: len(asking(client, "What went well")) == 2, "the question once more")
    await client.say("We shipped *on time*")
    await client.press(await client.shown("What is in the way?"), "Skip")
    await client.shown("What would you like to learn")
    assert (await client.shown("What is in the way?", updated=True)).texts[-1] == "skipped"
    await client.say("More about databases")
    await client.press(await client.shown("How is your energy"), "4")
    await client.shown("What is behind that number?")
    assert (await client.shown("How is your energy", updated=True)).texts[-1] == "4"
    await client.say("The sun")
    await client.shown("your workload")
    await client.say("9")
    await client.shown("Please start with a number from 1 to 5.")
    await client.say("3, it is just right")  # the number with its story: nobody asks for it again
    await client.shown("next time you and your manager meet")
    await client.say("My next role")
    done = await client.shown("Thank you, that is your")
    assert done.conversation == client.home and not asking(client, "What makes it so?")
    assert facts(done.card) == {
        "Progress": "The release is out",
        "Went well": "We shipped \\*on time\\*",
        "To learn or need": "More about databases",
        "To talk about": "My next role",
    }
    assert {"Energy  ●●●●○  4/5", "The sun", "Workload  ●●●○○  3/5", "it is just right"} <= set(done.texts)


async def changes_it_all_at_once(client: TeamsClient) -> None:
    """In a dialog with all that was said so far. What is wrong stands above its field, and nothing typed is lost."""
    first = await client.shown("How is it going with what you set out to do?")
    dialog = await client.press(first, "All at once")
    assert dialog and dialog["task"]["value"]["title"] == "Your check-in"
    shown = card_of(dialog)
    assert field(shown, "well")["value"] == "We shipped *on time*" and field(shown, "energy")["value"] == "4"
    refused = await client.submit(dialog, "Save", energy="9", way="Too many meetings")
    shown = card_of(refused)
    assert above(shown, "energy") == "Please start with a number from 1 to 5."
    assert (
        field(shown, "way")["value"] == "Too many meetings" and field(shown, "well")["value"] == "We shipped *on time*"
    )
    before = await client.shown("Thank you, that is your")
    assert "In the way" not in facts(before.card)
    assert await client.submit(refused, "Save", energy="2") is None  # the dialog closes
    after = await client.shown("Energy  ●●○○○  2/5", updated=True)
    assert after.id == before.id and facts(after.card)["In the way"] == "Too many meetings"


async def looks_around(client: TeamsClient) -> None:
    await client.say("kadens home")
    home = await client.shown("Hello Alex")
    assert any(re.fullmatch(r"By \w+day \d+ \w+: Turn off notifications at lunch", text) for text in home.texts)
    assert "My history" in home.buttons
    await client.say("kadens home")
    below = await client.shown("Your home is further down", updated=True)
    assert below.id == home.id and (await client.shown("Hello Alex")).id != home.id  # one of them is alive
    await client.say("kadens history")
    history = await client.shown("Your history")
    for told in ("you thanked Adele Vance", "you thanked Megan Bowen", "you said you would, by "):
        assert any(told in text for text in history.texts), told
    assert {"for the green build", "staying calm", "Turn off notifications at lunch"} <= set(history.texts)


async def test_a_goal_is_kept_alive_and_feedback_is_asked_for(installed: None, tmp_path: Path) -> None:
    async with served(tmp_path, TEAMS_APP_ID="") as server, TeamsClient(f"{server.url}/teams/messages") as client:
        await client.install()
        await client.shown("Hi Alex Wilber, I am Kadens")
        await sets_a_goal_by_words(client)
        await says_how_it_goes(client)
        await proposes_a_rhythm(client)
        await answers_as_another(client, await asks_for_feedback(client))
        await sees_the_answer(client)
        assert await all_valid(client) > 15
        assert await server.end(signal.SIGTERM) == 0
    assert "Traceback" not in server.log and '"error"' not in server.log


async def sets_a_goal_by_words(client: TeamsClient) -> None:
    await client.say("goal Calls a week from 10 to 20")
    asked = await client.shown("It counts as it is.")
    assert asked.conversation == client.home
    await client.say("keep it")
    await client.shown("Calls a week", updated=False)
    await client.say("goal me")
    listed = await client.shown("Your goals")
    assert listed.conversation == client.home and "Update" in listed.buttons


async def says_how_it_goes(client: TeamsClient) -> None:
    """In a dialog. Another confidence needs a word: asked for above its field, with nothing typed lost."""
    dialog = await client.press(await client.shown("Your goals"), "Update")
    assert field(card_of(dialog), "value")["value"] == "10"
    refused = await client.submit(dialog, "Save", value="15", confidence="at_risk")
    shown = card_of(refused)
    assert above(shown, "story") == say("en", "wrong_word")
    assert field(shown, "value")["value"] == "15" and field(shown, "confidence")["value"] == "at_risk"
    assert await client.submit(refused, "Save", story="two of us are away") is None
    assert (await client.shown("15, at risk")).conversation == client.home


async def proposes_a_rhythm(client: TeamsClient) -> None:
    """Of a one-to-one with Megan: in a dialog that a button of the personal chat opens."""
    await client.say("oneonone rhythm @Megan", CHANNEL, mention_bot=True, Megan=OTHERS["Megan"])
    asked = await client.shown("A rhythm for your 1:1")
    dialog = await client.press(asked, asked.buttons[0])
    refused = await client.submit(dialog, "Show me the days", at="late")
    assert above(card_of(refused), "at") == "Write a time of day, such as 13:30."
    assert await client.submit(refused, "Show me the days", weekday="3", at="13:30", weeks="2") is None
    preview = await client.shown("every other Thursday at 13:30: shall I propose it?")
    assert preview.conversation == client.home
    await client.press(preview, "Propose it")
    await client.shown("I tell you when there is an answer.")
    proposed = await private_word(client, OTHERS["Megan"])
    assert any("proposes a 1:1, every other Thursday at" in each for each in proposed), proposed  # by her own clock


async def asks_for_feedback(client: TeamsClient) -> tuple[str, str, dict[str, Any]]:
    """Of Megan. Returns where the bot asked her: the conversation, the message, and its card."""
    words = "feedback ask @Megan How do I run our stand-ups?"  # in a chat of two nobody else can be named
    await client.say(words, CHANNEL, mention_bot=True, Megan=OTHERS["Megan"])
    status = await client.shown("You asked for feedback")
    assert status.conversation == client.home and any("How do I run our stand-ups?" in each for each in status.texts)
    await private_word(client, OTHERS["Megan"])
    opened = [each["response"]["body"]["id"] for each in client.log if each.get("activityName") == "createConversation"]
    said = [each for each in client.log if each.get("conversationId") in opened and each.get("messageId")]
    card = said[-1]["request"]["body"]["attachments"][0]["content"]
    return str(said[-1]["conversationId"]), str(said[-1]["messageId"]), card


async def answers_as_another(client: TeamsClient, asked: tuple[str, str, dict[str, Any]]) -> None:
    """Megan presses the button on her own card and fills in the dialog: the client can only send it for her."""
    conversation, message, card = asked
    megan = {"from": person(OTHERS["Megan"])}
    data = button(card, "Answer")["data"]
    fetch = {"type": "invoke", "name": "task/fetch", "value": {"data": data, "context": {"theme": "default"}}}
    dialog = await client.custom(conversation, **fetch, **megan, replyToId=message)
    assert_card(card_of(dialog))
    words = {"situation": "Yesterday in the stand-up at nine", "behaviour": "You let Adele finish"}
    refused = await client.custom(conversation, **filled(dialog, **words), **megan)
    assert above(card_of(refused), "impact"), "an objection"
    assert field(card_of(refused), "behaviour")["value"] == "You let Adele finish"
    closed = await client.custom(conversation, **filled(refused, impact="She told us all"), **megan)
    assert not (closed or {}).get("task"), closed


def filled(dialog: Any, **inputs: str) -> dict[str, Any]:
    card = card_of(dialog)
    value = {**filled_in(card), **button(card, "Send")["data"], **inputs}
    return {"type": "invoke", "name": "task/submit", "value": {"data": value}}


async def sees_the_answer(client: TeamsClient) -> None:
    answer = await client.shown("You let Adele finish")
    assert answer.conversation == client.home and "She told us all" in answer.texts
    assert "Megan" in answer.texts[0]
    await client.shown("Everybody you asked has answered")
    await client.press(answer, "Say thanks")
    thanked = await private_word(client, OTHERS["Megan"])
    assert any("thank" in each.lower() for each in thanked), thanked


async def test_it_asks_on_the_day_how_it_went(installed: None, tmp_path: Path) -> None:
    """Two weeks later the same bot, started anew, finds its way back to the same conversation."""
    port = free_port()
    env = {"LD_PRELOAD": str(faketime()), "TZ": "UTC", "TEAMS_APP_ID": ""}
    # A Wednesday, with no other rhythm's moment until the day; the client's own clock is another one.
    async with (
        served(tmp_path, "--port", str(port), FAKETIME="@2027-01-13 10:00:00", **env) as server,
        TeamsClient(f"{server.url}/teams/messages") as client,
    ):
        await client.install()
        await commits_all_at_once(client)
        assert await server.end(signal.SIGTERM) == 0
        before = set(client.messages)
        # Ten times as fast as time, beginning half a minute before.
        async with served(tmp_path, "--port", str(port), FAKETIME="@2027-01-27 09:29:30 x10", **env) as server:
            asked = await client.shown("Today is the day. You wanted to: “Go for a walk”")
            assert asked.conversation == client.home and set(client.messages) - before == {asked.id}
            await client.press(asked, "Done")
            await client.press(await client.shown("What did you learn from it?"), "Skip")
            await client.press(await client.shown("What is your next step?"), "Skip")
            assert (await client.shown("You did what you said.")).conversation == client.home
            assert await server.end(signal.SIGTERM) == 0
        await all_valid(client)
    with closing(sqlite3.connect(tmp_path / "kadens.db")) as database:
        sent = database.execute(
            "SELECT min(sent_at) FROM outbox WHERE verb = 'post' AND sent_at > '2027-01-20'"
        ).fetchone()[0]
    assert sent >= "2027-01-27 09:30:00"


async def commits_all_at_once(client: TeamsClient) -> None:
    await client.say("grow")
    dialog = await client.press(await client.shown("What would you like to be true"), "All at once")
    refused = await client.submit(dialog, "Save", goal="Calm", sure="11", day="2027-01-12")
    assert above(card_of(refused), "will") == "This one I do need, a few words are fine."
    assert above(card_of(refused), "sure") == "Please start with a number from 1 to 10."
    assert above(card_of(refused), "day").startswith("I need a day within a year")
    assert await client.submit(refused, "Save", will="Go for a walk", sure="9", day="2027-01-27") is None
    done = await client.shown("I will ask you here on Wednesday 27 January how it went.")
    assert done.conversation == client.home


async def all_valid(client: TeamsClient) -> int:
    """Every card and dialog the bot sent, to whomever, and each change of one; how many they were."""
    # The client tells of a message and logs it on two sockets of their own.
    await client.until(lambda: client.messages.keys() <= {each.get("messageId") for each in client.log}, "the log")
    cards = list(every_card(client))
    for card in cards:
        assert_card(card)
    return len(cards)


def every_card(client: TeamsClient) -> Iterator[Any]:
    for each in client.log:
        if each.get("to") == "Microsoft 365 Agents Playground":
            body = (each.get("request") or {}).get("body") or {}
            yield from (attachment["content"] for attachment in body.get("attachments", ()))
        answer = (each.get("response") or {}).get("body")
        if isinstance(answer, dict) and (answer.get("task") or {}).get("type") == "continue":
            yield answer["task"]["value"]["card"]["content"]


async def private_word(client: TeamsClient, account: str, hello: bool = False) -> list[str]:
    """What the bot said to somebody else, after it told them who speaks, or with `hello` that. The client shows only
    its own person's chats; its log knows all."""

    def found() -> list[str] | None:
        opened = [
            each["response"]["body"]["id"]
            for each in client.log
            if each.get("activityName") == "createConversation"
            and [member["id"] for member in each["request"]["body"]["members"]] == [account]
        ]
        sent = [each["request"]["body"] for each in client.log if each.get("conversationId") in opened]
        said = [texts(each["attachments"][0]["content"]) for each in sent if "attachments" in each]
        return next((each for each in reversed(said) if hello == ("I am Kadens" in " ".join(each))), None)

    words: list[str] = await client.until(found, f"a word to {account}")
    return words


def asking(client: TeamsClient, text: str) -> list[Shown]:
    return [message for message in client.messages.values() if any(text in each for each in message.texts)]


def field(card: Any, id: str) -> dict[str, Any]:
    return next(part for part in parts(card) if part.get("id") == id)


def above(card: Any, id: str) -> str:
    """What stands right above a field."""
    at = next(n for n, part in enumerate(card["body"]) if part.get("id") == id)
    return str(card["body"][at - 1].get("text", ""))


def facts(card: Any) -> dict[str, str]:
    rows = (row for part in parts(card) if part["type"] == "FactSet" for row in part["facts"])
    return {row["title"]: row["value"] for row in rows}
