"""Payloads as Slack documents them, read as our events."""

import json
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.core.cards import BAR, OPEN, SHUT, mention
from bot.core.events import Action, Command, Met, Opened, Reaction, Rewritten, Shortcut, Submission, Words
from bot.core.people import Place, stranger
from bot.platforms.slack.inbound import Grouped, Told, read, whereabouts
from bot.platforms.slack.payload import Malformed, inputs, spoken
from storage.people import Profile

PAYLOADS = Path(__file__).parents[1] / "payloads" / "slack"
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
T1 = "slack:T1"
IGNORED = [
    "app_home_messages",
    "app_mention_edited",
    "message_changed_bot",
    "message_im_bot",
    "message_im_joined",
    "message_unfurled",
    "person_joined",
    "reaction_file",
    "unknown_event",
    "view_closed",
]


def payload(name: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return {**found, **more}


def event(name: str, **more: Any) -> Any:
    return read(payload(name, **more), NOON)


def who(account: str, name: str = "", bot: bool = False) -> Any:
    return stranger(T1, account, name, bot=bot)


def at(account: str, name: str) -> str:
    return mention(who(account, name))


def same_place(one: Place, other: Place) -> bool:
    return one == other and one.kind == other.kind  # the kind is no part of what makes places equal


@pytest.mark.parametrize("name", IGNORED)
def test_what_means_nothing_to_us(name):
    assert event(name) is None


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_every_payload_is_read_or_meant_to_be_ignored(path):
    found = event(path.stem)
    assert (found is None) == (path.stem in IGNORED)
    if found:
        assert found.at == NOON and found.id.startswith("slack:")


def test_ids_are_unique():
    ids = [found.id for path in PAYLOADS.glob("*.json") if (found := event(path.stem))]
    assert len(ids) == len(set(ids))


def test_a_command_with_its_mentions():
    command = event("command")
    assert isinstance(command, Command)
    assert command.name == "kudos" and command.opens
    assert command.mentions == (who("U2", "bo"), who("U3", "cai"))
    assert command.text == f"{at('U2', 'bo')} {at('U3', 'cai')} thanks for the <fast> fix & tea #craft"
    assert command.actor == who("U1", "ana")
    assert same_place(command.place, Place(T1, "C1", kind="public"))


def test_groups_links_and_channels_in_a_command():
    command = event("command_groups")
    assert command.groups == ("S1",) and command.mentions == ()
    # A handle that Slack did not resolve is mere text.
    assert command.text == "and @bo.real thanks, see the page (https://x.example/a?b=1&c) in #general"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("command_private", Place(T1, "C2", kind="private")),
        ("command_group_dm", Place(T1, "G3", kind="private")),
        ("command_direct", Place(T1, "U1", kind="direct")),  # between other people too: nobody else may hear it
    ],
)
def test_where_a_command_was_given(name, place):
    assert same_place(event(name).place, place)


def test_the_prefix_is_no_part_of_the_name():
    assert read(payload("command", command="/kx-Kudos"), NOON, "kx-").name == "kudos"


def test_the_ids_of_events_and_interactions():
    assert event("message_im").id == "slack:" + payload("message_im")["event_id"]
    assert event("command").id == "slack:" + payload("command")["trigger_id"]
    without = payload("command")
    del without["trigger_id"]
    assert read(without, NOON).id == read(dict(reversed(without.items())), NOON).id != event("command").id


def test_words_in_the_direct_conversation():
    words = event("message_im")
    assert isinstance(words, Words)
    assert same_place(words.place, Place(T1, "U1", kind="direct"))
    # Here Slack does not tell the name: the turn will put it in.
    assert words.text == f"hello {at('U2', 'U2')}, it <works> x.example" and words.mentions == (who("U2"),)
    assert words.message == "1795000001.000100" and not words.opens


def test_a_reply_in_a_thread():
    words = event("message_im_reply")
    assert same_place(words.place, Place(T1, "U1", "1795000000.000001", "direct")) and words.text == "4 a good month"


def test_words_that_came_with_a_file_count():
    assert event("message_im_file").text == "see the picture"


def test_an_edited_message():
    changed = event("message_changed")
    assert changed == Rewritten(
        id=changed.id,
        actor=who("U1"),
        place=Place(T1, "U1", "1795000000.000001"),
        at=NOON,
        message="1795000002.000200",
        text="5 a great month",
    )


@pytest.mark.parametrize("name", ["message_deleted", "message_tombstone"])
def test_a_deleted_message(name):
    deleted = event(name)
    assert isinstance(deleted, Rewritten) and deleted.actor.account == "U1"
    assert deleted.message == "1795000002.000200" and deleted.text is None


def test_a_mention_in_a_channel():
    words = event("app_mention")
    assert words.text == f"kudos {at('U2', 'U2')} thanks for the help #care"
    assert words.mentions == (who("U2"),) and words.groups == ("S1",)
    assert same_place(words.place, Place(T1, "C1", kind="private"))  # the event does not tell: private
    reply = event("app_mention_thread")
    assert reply.text == "hey, help" and reply.place.thread == "1795000020.002000"


def test_a_reaction_and_its_removal():
    added, removed = event("reaction_added"), event("reaction_removed")
    assert isinstance(added, Reaction) and added.emoji == removed.emoji == "raised_hands"
    assert added.author == who("U2") and added.message == "1795000020.002000"
    assert not added.removed and removed.removed
    assert same_place(added.place, Place(T1, "C1", kind="private"))


def test_a_reaction_to_ourselves_in_the_direct_conversation():
    reaction = event("reaction_direct")
    assert same_place(reaction.place, Place(T1, "U1", kind="direct"))
    assert reaction.author == who("U0BOT", bot=True)


def test_home_and_being_invited():
    opened = event("app_home_opened")
    assert isinstance(opened, Opened) and opened.actor == who("U1")
    met = event("bot_joined")
    assert isinstance(met, Met) and met.kind == "private" and met.actor == who("U1")
    assert same_place(met.place, Place(T1, "C5", kind="private"))


def test_a_newcomer_and_a_leaver():
    new, gone = event("team_join"), event("user_change")
    assert isinstance(new, Told) and isinstance(gone, Told)
    assert new.profile == Profile(T1, "U8", "dee", "America/New_York", started=date(2026, 11, 3))
    # A zone that no calendar knows is as good as none.
    assert gone.profile == Profile(T1, "U8", "dee", None, guest=True, gone=True)


def test_user_groups():
    made, large, gone = event("subteam_created"), event("subteam_updated_large"), event("subteam_disabled")
    assert isinstance(made, Grouped) and (made.group, made.handle, made.members) == ("S1", "designers", ("U2", "U3"))
    assert large.members is None  # 612 people of whom Slack names 500 at most
    assert gone.members == () and event("subteam_members_changed").members is None


def test_a_button():
    action = event("block_actions")
    assert isinstance(action, Action) and action.opens
    assert (action.action, action.value) == ("kudos.undo", "ab12")
    assert same_place(action.place, Place(T1, "C1", kind="public"))


def test_a_button_in_a_thread_at_home_and_in_a_whisper():
    thread, home, whisper = map(event, ("block_actions_thread", "block_actions_home", "block_actions_ephemeral"))
    assert same_place(thread.place, Place(T1, "U1", "1795000000.000001", "direct"))
    assert (thread.action, thread.value) == ("talk.answer", "checkin:ab12|energy|4")
    assert same_place(home.place, Place(T1, "U1", kind="direct")) and home.value == ""
    assert same_place(whisper.place, Place(T1, "C2", kind="private"))


def test_a_submitted_form():
    submission = event("view_submission")
    assert isinstance(submission, Submission) and submission.opens
    assert (submission.form, submission.value) == ("kudos.give", "draft:1")
    assert same_place(submission.place, Place(T1, "C1", "1795000020.002000", "public"))
    assert submission.people == {"to": (who("U2"), who("U3")), "boss": (who("U4"),)}
    assert submission.answers == {
        "why": "for <b> & more",
        "note": "",
        "energy": "4",
        "share": "",
        "work": "",
        "values": "craft,care",
        "days": "",
        "by": "2026-12-01",
        "later": "",
    }
    assert "why" in inputs(payload("view_submission")) and "s" not in inputs(payload("view_submission"))
    assert event("view_submission_nowhere").place == Place(T1, "U1")


def test_a_shortcut_on_a_message():
    shortcut = event("message_shortcut")
    assert shortcut == Shortcut(
        id=shortcut.id,
        actor=who("U1", "ana"),
        place=Place(T1, "C1", "1795000020.002000"),
        at=NOON,
        opens=True,
        name="kudos",
        author=who("U2"),
        text="I fixed it & tested it",
        message="1795000021.002100",
    )
    assert shortcut.place.kind == "public"


def test_a_shortcut_where_we_are_not():
    elsewhere = event("message_shortcut_direct")
    assert same_place(elsewhere.place, Place(T1, "U1", kind="direct")) and elsewhere.author == who("U2")
    assert event("message_shortcut_bot").author is None
    assert event("shortcut").name == "checkin"


def test_one_shortcut_can_stand_in_both_menus():
    for name in ("goal", "feedback"):
        anywhere = event(f"shortcut_{name}")
        assert (anywhere.name, anywhere.message, anywhere.author, anywhere.opens) == (name, "", None, True)
    here = event("message_shortcut_feedback")
    assert (here.name, here.message, here.text) == ("feedback", "1795000021.002100", "I fixed it & tested it")
    assert here.author == who("U2")


def test_our_own_marks_and_nothing_a_store_refuses_get_in():
    text = f"a{OPEN}U9{BAR}x{SHUT}\x00b"
    assert read(payload("command", text=text), NOON).text == "aU9xb"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("&amp;lt;", "&lt;"),  # entities are resolved once
        ("<!here> and <!channel>", "@here and @channel"),
        ("<!date^1795000000^{date}|yesterday>", "yesterday"),
        ("<mailto:a@x.example|a@x.example>", "a@x.example"),
        ("<#C1>", "#C1"),
        ("two\n  lines", "two\n  lines"),
        ("a < b", "a < b"),
    ],
)
def test_texts_as_they_were_typed(text, plain):
    assert spoken(text).text == plain


def test_where_an_apology_goes():
    assert whereabouts(payload("message_im")) == ("D1", "U1")
    assert whereabouts(payload("block_actions")) == ("C1", "U1")
    assert whereabouts(payload("command")) == ("C1", "U1")
    assert whereabouts({}) == (None, None)


@pytest.mark.parametrize(
    ("name", "path", "wrong"),
    [
        ("command", ["user_id"], None),
        ("command", ["channel_id"], "C 1"),
        ("message_im", ["event"], "hello"),
        ("message_im", ["event", "ts"], 17),
        ("message_im", ["event_id"], ""),
        ("reaction_added", ["event", "item"], None),
        ("block_actions", ["actions"], []),
        ("block_actions", ["actions", 0, "value"], {"a": 1}),
        ("view_submission", ["view", "private_metadata"], "not ours"),
        ("view_submission", ["view", "state", "values", "why"], {}),
        ("view_submission", ["view", "state", "values", "to", "to", "selected_users"], ["U2", 3]),
        ("message_shortcut", ["message"], None),
        ("team_join", ["event", "user"], "U8"),
    ],
)
def test_other_shapes_are_malformed(name, path, wrong):
    body = deepcopy(payload(name))
    inner: Any = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = wrong
    with pytest.raises(Malformed):
        read(body, NOON)


def test_neither_type_nor_command():
    with pytest.raises(Malformed):
        read({}, NOON)
