"""The chat world, the clock, and what comes out of the outbox into them. Pure, or nearly."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.cards import Card, Text
from bot.core.people import Place
from bot.core.sending import Outgoing, Unreachable
from bot.platforms.playground.chat import Chat, NoSuchMessage, place
from bot.platforms.playground.clock import Clock
from bot.platforms.playground.outbound import PlaygroundPlatform
from bot.platforms.playground.people import BOT, CHANNELS, GROUPS, MEMBERS, WORKSPACE

NOON = datetime(2026, 11, 2, 11, tzinfo=UTC)
HELLO = Card(parts=(Text("Hello"),))


@pytest.fixture
def chat() -> Chat:
    return Chat()


def test_the_company_has_a_dozen_people_in_three_teams_of_two_zones_and_three_languages() -> None:
    members = MEMBERS.values()
    assert len(members) == 12
    assert len({m.team for m in members}) == len(GROUPS) == 3
    assert {m.lang for m in members} == {"en", "sv", "nl"}
    assert len({NOON.astimezone(ZoneInfo(m.zone)).utcoffset() for m in members}) == 2
    assert sum(m.role == "hr" for m in members) == 1
    assert all(m.manager in MEMBERS for m in members if m.manager)
    assert not set(MEMBERS) & {*CHANNELS, *GROUPS, BOT}  # accounts and places share one space of names


def test_a_direct_conversation_is_seen_by_its_person_only(chat: Chat) -> None:
    message = chat.post("mila", BOT, NOON, card=HELLO)
    assert chat.stream("mila", "mila") == [message]
    assert chat.stream("noah", "mila") == []
    assert not message.seen_by("noah")


def test_a_whisper_is_seen_by_one(chat: Chat) -> None:
    chat.post("general", BOT, NOON, card=HELLO, only_for="mila")
    assert len(chat.stream("mila", "general")) == 1
    assert chat.stream("noah", "general") == []


def test_an_answer_to_an_answer_stays_in_its_thread(chat: Chat) -> None:
    head = chat.post("general", "mila", NOON, text="one")
    reply = chat.post("general", "noah", NOON, text="two", thread=head.id)
    again = chat.post("general", "mila", NOON, text="three", thread=reply.id)
    assert again.thread == head.id
    assert chat.stream("noah", "general") == [head]
    assert chat.stream("noah", "general", head.id) == [head, reply, again]
    assert chat.replies("noah", head) == [reply, again]


def test_what_is_deleted_is_gone_but_the_head_of_a_thread_stays_as_a_gap(chat: Chat) -> None:
    head, other = chat.post("general", "mila", NOON, text="one"), chat.post("general", "mila", NOON, text="two")
    chat.post("general", "noah", NOON, text="reply", thread=head.id)
    chat.delete(head.id)
    chat.delete(other.id)
    assert chat.stream("noah", "general") == [head]
    assert head.deleted and head.text == ""
    for act in (chat.find, chat.delete):
        with pytest.raises(NoSuchMessage):
            act(head.id)


def test_a_reaction_is_put_on_and_taken_off_by_each_for_themselves(chat: Chat) -> None:
    id = chat.post("general", "mila", NOON, text="one").id
    assert chat.react(id, "tada", "noah")
    assert chat.react(id, "tada", "erik")
    assert chat.messages[id].reactions == {"tada": ["noah", "erik"]}
    assert not chat.react(id, "tada", "noah")
    assert not chat.react(id, "tada", "erik")
    assert chat.messages[id].reactions == {}


def test_every_change_raises_the_version_so_that_pages_draw_anew(chat: Chat) -> None:
    def rises(change: Callable[[], object]) -> bool:
        before = chat.version
        change()
        return chat.version > before

    id = chat.post("general", "mila", NOON, text="one").id
    assert rises(lambda: chat.post("general", "noah", NOON, text="two"))
    assert rises(lambda: chat.edit(id, "other"))
    assert rises(lambda: chat.react(id, "tada", "noah"))
    assert rises(lambda: chat.redraw(id, HELLO))
    assert rises(lambda: chat.show_home("mila", HELLO))
    assert rises(lambda: chat.read("mila", "general"))
    assert not rises(lambda: chat.read("mila", "general"))  # or two pages would wake each other for ever
    assert rises(lambda: chat.delete(id))


def test_unread_counts_what_others_said_in_places_and_threads_of_ones_own(chat: Chat) -> None:
    head = chat.post("general", "mila", NOON, text="one")
    assert chat.unread("mila", "general") == {}
    assert chat.unread("noah", "general") == {None: 1}
    chat.post("general", "erik", NOON, text="two", thread=head.id)
    assert chat.unread("mila", "general") == {head.id: 1}  # she takes part in it
    assert chat.unread("noah", "general") == {None: 1}  # he does not
    chat.read("mila", "general", head.id)
    assert chat.unread("mila", "general") == {}


def test_the_clock_stands_until_it_runs_and_never_goes_back() -> None:
    clock = Clock(NOON)
    assert clock() == NOON
    clock.move(timedelta(hours=1))
    assert clock() == NOON + timedelta(hours=1)
    clock.run()
    clock.to(NOON + timedelta(days=1))
    assert timedelta() <= clock() - (NOON + timedelta(days=1)) < timedelta(seconds=5)
    with pytest.raises(ValueError, match="does not go back"):
        clock.to(NOON)


# Out of the outbox.


def outgoing(where: Place, key: str = "k", card: Card | None = HELLO, **more: object) -> Outgoing:
    return Outgoing(key, where, card, **more)  # type: ignore[arg-type]


async def test_a_message_is_posted_changed_and_taken_away_by_the_id_that_send_returned(chat: Chat) -> None:
    platform = PlaygroundPlatform(chat, lambda: NOON)
    id = await platform.send(outgoing(place("mila"), "1"))
    reply = await platform.send(outgoing(place("mila", id), "2"))
    assert chat.messages[reply].thread == id
    other = Card("Other")
    assert await platform.send(outgoing(place("mila"), "3", other, verb="update", target=id)) == id
    assert chat.messages[id].card == other
    await platform.send(outgoing(place("mila"), "4", None, verb="delete", target=reply))
    assert chat.messages[reply].deleted


async def test_a_whisper_and_a_home_reach_one_person(chat: Chat) -> None:
    platform = PlaygroundPlatform(chat, lambda: NOON)
    id = await platform.send(outgoing(place("general"), "1", only_for="mila"))
    assert chat.messages[id].only_for == "mila"
    await platform.send(outgoing(place("mila"), "2", verb="home"))
    assert chat.homes == {"mila": HELLO}


async def test_an_unknown_outcome_is_found_by_its_key(chat: Chat) -> None:
    platform = PlaygroundPlatform(chat, lambda: NOON)
    message = outgoing(place("general"), "a/1")
    assert await platform.find(message) is None
    id = await platform.send(message)
    assert await platform.find(message) == id


@pytest.mark.parametrize(
    "message",
    [
        outgoing(Place(WORKSPACE, "nowhere")),
        outgoing(place("general"), verb="update", target="m99"),
        outgoing(place("general", "m99")),
    ],
)
async def test_what_is_not_there_cannot_be_reached(chat: Chat, message: Outgoing) -> None:
    with pytest.raises(Unreachable):
        await PlaygroundPlatform(chat, lambda: NOON).send(message)
