"""What a person does in the page, as events."""

from datetime import UTC, datetime

import pytest

from bot.core.cards import OPEN, Button, Card, Form, PeoplePicker, TextBox, plain
from bot.core.people import Place
from bot.platforms.playground.chat import Chat, place
from bot.platforms.playground.completion import complete
from bot.platforms.playground.inbound import Inbound, NoSuchCommand, named, resolve
from bot.platforms.playground.people import BOT, WORKSPACE

NOON = datetime(2026, 11, 2, 11, tzinfo=UTC)
COMMANDS = {"kudos": "a thank-you", "kadens": "the rest", "kadens manager": "", "kadens history": "", "kudos me": ""}
VALUES = ("courage", "craft", "care")


@pytest.fixture
def inbound() -> Inbound:
    return Inbound(("kudos", "checkin", "kadens"), lambda: NOON)


@pytest.mark.parametrize(
    ("typed", "accounts"),
    [
        ("@Mila Jansen thanks", ["mila"]),
        ("@mila jansen, @Sanne de Vries!", ["mila", "sanne"]),
        ("@mila and (@noah)", ["mila", "noah"]),
        ("@design-team did it", ["design-team"]),
        ("hey @Kadens", [BOT]),
        ("mila@noah.example and @nobody and @milady", []),
    ],
)
def test_names_behind_an_at_are_resolved(typed: str, accounts: list[str]) -> None:
    assert named(resolve(typed)) == accounts


def test_a_typed_mention_cannot_be_forged() -> None:
    assert named(resolve(f"{OPEN}sanne\ue001Sanne\ue002")) == []


def test_what_is_resolved_reads_as_it_was_meant() -> None:
    assert plain(resolve("  thanks @mila! ")) == "thanks Mila Jansen!"


def test_a_command_with_people_groups_and_the_place_it_was_typed_in(inbound: Inbound) -> None:
    event = inbound.command("mila", "general", "m1", resolve("/Kudos @Noah Bennett @care-team for the clips #craft"))
    assert event is not None
    assert (event.name, event.groups, event.opens) == ("kudos", ("care-team",), True)
    assert [person.account for person in event.mentions] == ["noah"]
    assert event.place == Place(WORKSPACE, "general", "m1")
    assert (event.actor.account, event.actor.lang, event.at) == ("mila", "en", NOON)


def test_a_prefix_is_taken_off_and_what_is_no_command_is_said_so() -> None:
    inbound = Inbound(("kudos",), lambda: NOON, prefix="k-")
    event = inbound.command("mila", "general", None, "/k-kudos")
    assert event is not None and event.name == "kudos"
    assert inbound.command("mila", "general", None, "kudos") is None
    with pytest.raises(NoSuchCommand, match="dance"):
        inbound.command("mila", "general", None, "/dance now")


def test_every_event_has_an_id_of_its_own(inbound: Inbound) -> None:
    assert inbound.opened("mila").id != inbound.opened("mila").id


def test_words_reach_the_bot_in_its_conversation_or_by_its_name(inbound: Inbound) -> None:
    chat = Chat()
    private = inbound.words(chat.post("mila", "mila", NOON, text="hello"))
    assert private is not None
    assert (private.text, private.place, private.message) == ("hello", place("mila"), "m1")
    assert private.place.kind == "direct" and private.actor.home == private.place
    assert inbound.words(chat.post("general", "mila", NOON, text="hello all")) is None
    called = inbound.words(chat.post("general", "mila", NOON, text=resolve("@Kadens kudos @noah for it")))
    assert called is not None
    assert plain(called.text) == "kudos Noah Bennett for it"
    assert [person.account for person in called.mentions] == ["noah"]


def test_only_what_was_said_to_the_bot_is_rewritten(inbound: Inbound) -> None:
    chat = Chat()
    reply = chat.post("mila", "mila", NOON, text="a", thread=chat.post("mila", BOT, NOON).id)
    event = inbound.rewritten(reply, "b")
    assert event is not None
    assert (event.message, event.text, event.place.thread) == (reply.id, "b", "m1")
    gone = inbound.rewritten(reply, None)
    assert gone is not None and gone.text is None
    assert inbound.rewritten(chat.post("general", "mila", NOON, text="a"), "b") is None


def test_a_button_acts_where_its_message_stands_or_at_home(inbound: Inbound) -> None:
    chat, button = Chat(), Button("Join", "kudos.join", "x1")
    event = inbound.pressed("noah", button, chat.post("general", BOT, NOON, card=Card("Kudos")))
    assert (event.action, event.value, event.place, event.opens) == ("kudos.join", "x1", place("general"), True)
    assert inbound.pressed("noah", button, None).place == place("noah")


def test_a_reaction_names_the_author_of_the_message(inbound: Inbound) -> None:
    chat = Chat()
    on = inbound.reacted("mila", chat.post("general", "noah", NOON, text="a"), "tada", True)
    assert on.author is not None
    assert (on.author.account, on.emoji, on.message, on.removed) == ("noah", "tada", "m1", False)
    off = inbound.reacted("mila", chat.post("general", BOT, NOON), "tada", False)
    assert off.author is not None and off.author.bot and off.removed


def test_a_message_menu_brings_author_and_words(inbound: Inbound) -> None:
    message = Chat().post("design", "noah", NOON, text="Clips are in")
    event = inbound.chosen("mila", "kudos", message)
    assert event.author is not None
    assert (event.name, event.author.account, event.text, event.message) == ("kudos", "noah", "Clips are in", "m1")


def test_a_form_comes_back_with_its_place_its_value_and_people(inbound: Inbound) -> None:
    where = place("general", "m1")
    fields = (PeoplePicker("to", "To"), TextBox("why", "Why"))
    form = Form("kudos.form", "Kudos", "Give", "Cancel", fields, "v", where)
    event = inbound.submitted("mila", form, {"to": ["noah", "erik", "mallory"], "why": "for \ue000it", "values": "a"})
    assert [person.account for person in event.people["to"]] == ["noah", "erik"]
    assert event.answers == {"why": "for it", "values": "a"}
    assert (event.form, event.value, event.place, event.place.kind) == ("kudos.form", "v", where, "public")
    assert inbound.submitted("mila", form, {}).people == {"to": ()}


# Completion.


def labels(text: str) -> list[str]:
    found = complete(text, len(text), COMMANDS, VALUES)
    return [item.label for item in found.items] if found else []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/", ["/kudos", "/kadens"]),
        ("/ka", ["/kadens"]),
        ("/kadens", []),
        ("/kadens ", []),
        ("/kadens m", ["/kadens manager"]),
        ("/dance", []),
        ("a /ku", []),
        ("/kudos @noa", ["Noah Bennett"]),
        ("@de", ["Sanne de Vries", "@design-team"]),
        ("@Kad", ["Kadens"]),
        ("mila@noa", []),
        ("for it #c", ["#courage", "#craft", "#care"]),
        ("", []),
    ],
)
def test_what_may_follow_while_typing(text: str, expected: list[str]) -> None:
    assert labels(text) == expected


def test_an_item_takes_the_place_of_the_word_before_the_cursor() -> None:
    found = complete("thanks @noa for it", len("thanks @noa"), COMMANDS, VALUES)
    assert found is not None
    assert (found.start, found.items[0].insert) == (len("thanks "), "@Noah Bennett")
