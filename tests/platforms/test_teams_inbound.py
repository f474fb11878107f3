"""Recorded payloads of Teams, and the events they are."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from botbuilder.core import TurnContext
from botbuilder.schema import Activity
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.cards import MENTION, OPEN, plain
from bot.core.events import Action, Met, Reaction, Rewritten, Shortcut, Submission, Words
from bot.core.people import Place
from bot.platforms.teams import forms, inbound, payloads
from bot.platforms.teams.payloads import Arrival, Unreadable
from tests.platforms.teams_world import (
    ANA,
    ANA_ID,
    BO_ID,
    CHANNEL,
    PAYLOADS,
    TEAM,
    TENANT,
    WORKSPACE,
    form,
    mentions,
    payload,
)

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
HOME = Place(WORKSPACE, ANA, kind="direct")


def read(name: str, **changes: object) -> Arrival:
    return inbound.read(Activity.deserialize(payload(name, **changes)), NOON)


def only(name: str, **changes: object):
    [event] = read(name, **changes).events
    return event


def test_every_payload_is_read_and_its_ids_are_its_own():
    arrivals = [read(path.stem) for path in sorted(PAYLOADS.glob("*.json"))]
    ids = [event.id for here in arrivals for event in here.events if not isinstance(event, Met)]
    assert len(ids) == len(set(ids)) >= 18
    assert {here.place.workspace for here in arrivals} == {WORKSPACE}


def test_the_same_payload_has_the_same_ids():
    for path in PAYLOADS.glob("*.json"):
        assert [e.id for e in read(path.stem).events] == [e.id for e in read(path.stem).events]


def test_words_in_the_personal_chat_are_said_at_the_persons_home():
    event = only("message_personal")
    assert isinstance(event, Words)
    assert (event.text, event.place, event.place.kind, event.message) == ("checkin", HOME, "direct", "1485983408511")
    assert (event.actor.account, event.actor.name, event.actor.lang) == (ANA, "Ana Öberg", "sv")
    assert event.at == NOON


def test_a_person_comes_with_language_zone_and_country():
    [contact] = read("message_personal").contacts
    assert (contact.directory, contact.lang, contact.zone, contact.country) == (ANA_ID, "sv", "Europe/Stockholm", "SE")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "", "a" * 9999, 5])
def test_a_zone_nobody_knows_is_not_believed(zone):
    contact = read("message_personal", localTimezone=zone, entities=[]).contacts[0]
    assert contact.zone is None


def test_in_a_channel_our_mention_goes_and_others_stay():
    event = only("message_channel_mention")
    assert plain(event.text) == "kudos Bo (ops) for R&D #care"
    assert [m.account for m in mentions(event.text)] == ["29:1b-bo-Yy0"]
    assert [(p.account, p.name, p.bot) for p in event.mentions] == [("29:1b-bo-Yy0", "Bo (ops)", False)]
    assert MENTION.sub("", event.text).split() == ["kudos", "for", "R&D", "#care"]


def test_a_channels_thread_is_part_of_its_name():
    here = read("message_channel_reply")
    assert here.events[0].place == Place(WORKSPACE, CHANNEL, "1772798400123")
    assert (here.address, here.threads, here.addressed) == (CHANNEL, True, False)


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("message_channel_mention", "private", None),  # the payload does not tell: private until we know better
        ("message_private_channel", "private", "private"),
        ("message_standard_channel", "public", "public"),
        ("message_general_channel", "public", "public"),
        ("message_group", "private", "private"),
        ("message_personal", "direct", "direct"),
    ],
)
def test_what_we_cannot_tell_counts_as_private(name, kind, told):
    here = read(name)
    assert (here.events[0].place.kind, here.kind) == (kind, told)


def test_a_group_chat_has_no_threads():
    event = only("message_group")
    assert (event.text, event.place.thread, read("message_group").addressed) == ("help", None, True)


def test_a_bot_is_never_listened_to():
    for account in ("28:other", payload("message_personal")["recipient"]["id"]):
        here = read("message_personal", **{"from": {"id": account, "name": "A bot"}})
        assert not here.events and not here.contacts


def test_a_message_without_words_is_nothing():
    assert read("message_personal", text=None).events == ()
    assert read("message_personal", text=" &nbsp; ").events == ()


def test_nobody_can_type_a_mention():
    event = only("message_personal", text=f"{OPEN}29:x hi")
    assert event.text == "29:x hi"
    assert only("message_personal", text="<at>Bo</at> hi").text == "Bo hi"  # no entity: nobody is meant


def test_html_is_read_as_its_words():
    text = "<p>one <b>two</b></p><p>3 &lt; 4&nbsp;&amp; 5</p><script>x</script>"
    assert only("message_personal", text=text, textFormat="xml").text.split("\n") == ["one two", "3 < 4 & 5x"]
    assert only("message_personal", text="1 < 2 and <b>", textFormat="plain").text == "1 < 2 and <b>"


def test_a_button_of_ours():
    event = only("message_submit")
    assert isinstance(event, Action)
    assert (event.action, event.value, event.place, event.opens) == ("talk.answer", "ab12|energy|4", HOME, False)


def test_an_edit_and_a_deletion():
    edit, gone = only("message_update"), only("message_delete")
    assert isinstance(edit, Rewritten) and isinstance(gone, Rewritten)
    assert (edit.message, edit.text) == ("1485983408511", "better words")
    assert (gone.message, gone.text) == ("1485983408511", None)


def test_two_edits_of_one_message_are_two_events():
    later = only("message_update", timestamp="2026-03-06T12:05:00Z")
    assert later.id != only("message_update").id


def test_reactions_come_with_plain_names_and_are_about_the_bots_own():
    like, hands = read("reaction_added").events
    assert isinstance(like, Reaction) and isinstance(hands, Reaction)
    assert (like.emoji, hands.emoji, like.message) == ("thumbsup", "raised_hands", "1772798499999")
    assert like.author and like.author.bot and like.id != hands.id
    assert like.place == Place(WORKSPACE, CHANNEL, "1772798400123")
    gone = only("reaction_removed")
    assert (gone.emoji, gone.removed, gone.place) == ("heart", True, HOME)


@pytest.mark.parametrize(
    ("type", "emoji"),
    [("laugh", "joy"), ("surprised", "open_mouth"), ("sad", "cry"), ("angry", "rage"), ("1f389_partypopper", "tada"),
     ("2764-fe0f_heart", "heart"), ("1f9c0_cheese", "cheese"), ("Like", "thumbsup")],
)  # fmt: skip
def test_names_of_reactions(type, emoji):
    assert only("reaction_removed", reactionsRemoved=[{"type": type}]).emoji == emoji


def test_an_installation_is_told_twice_and_is_one_event():
    one, two = only("installed_personal"), only("members_bot_personal")
    assert isinstance(one, Met) and one.id == two.id and one.kind == "direct"
    assert read("installed_personal").installed is True
    assert only("installed_personal", action="add-upgrade").id == one.id


def test_taken_out_again():
    for name in ("removed_personal", "members_bot_removed"):
        here = read(name)
        assert here.installed is False and here.events == ()


def test_a_team_lets_us_in():
    event = only("members_bot_team")
    assert (event.kind, event.place) == ("private", Place(WORKSPACE, TEAM))


def test_people_who_join_are_remembered_and_nothing_is_said():
    here = read("members_person")
    assert here.events == ()
    assert [c.name for c in here.contacts] == ["Ana Öberg", "Cai"]


def test_a_dialog_is_asked_for():
    event = only("task_fetch")
    assert isinstance(event, Action)
    assert (event.action, event.value, event.opens, event.place) == ("kudos.form", "x1", True, HOME)


def test_a_dialog_comes_back_with_its_place():
    event = only("task_submit")
    assert isinstance(event, Submission)
    assert event.place == Place(WORKSPACE, CHANNEL, "1772798400000") and event.place.kind == "public"
    assert (event.form, event.value) == ("kudos.form", "x1")
    assert event.answers == {"why": "for the *demo*", "level": "4", "sure": "true", "day": "2026-03-09"}
    assert [p.account for p in event.people["to"]] == [BO_ID, ANA]


def test_what_was_asked_and_left_empty_is_empty_and_what_was_not_asked_is_not_there():
    value = payload("task_submit")["value"]
    value["data"]["kadens"]["asked"] = ["why", "wish"]
    answers = only("task_submit", value=value).answers
    assert answers["wish"] == "" and answers["why"] == "for the *demo*" and "unasked" not in answers
    value["data"]["kadens"] |= {"asked": 7, "people": {"to": 1}}  # forged
    assert only("task_submit", value=value).people == {}


def test_a_form_cannot_be_carried_into_another_conversation():
    value = payload("task_submit")["value"]
    value["data"]["kadens"]["place"] = {"conversation": "19:elsewhere@thread.tacv2", "thread": "1", "kind": "public"}
    assert only("task_submit", value=value).place == Place(WORKSPACE, CHANNEL, "1772798400123")


def test_universal_actions():
    event = only("execute_action")
    assert isinstance(event, Action) and event.opens and event.action == "kudos.form"


def test_the_menu_of_a_message():
    event = only("message_menu")
    assert isinstance(event, Shortcut)
    assert (event.name, event.message, event.text, event.opens) == (
        "kudos", "1772798300000", "Tack Cai,\nit works & is 2 < 3", True,
    )  # fmt: skip
    assert event.author and (event.author.account, event.author.name) == (BO_ID, "Bo (ops)")
    assert event.place == Place(WORKSPACE, CHANNEL, "1772798300000")  # in the thread of that message


def test_the_menu_of_a_message_of_a_bot():
    value = payload("message_menu")["value"]
    value["messagePayload"]["from"] = {"application": {"id": "b7", "displayName": "Polly"}}
    author = only("message_menu", value=value).author
    assert author and author.bot and author.account == "28:b7"


def test_a_menu_in_the_chat_of_two_people_is_not_our_own_chat():
    event = only("compose_menu")
    assert isinstance(event, Shortcut)
    assert (event.author, event.place.kind) == (None, "private")
    assert event.place.conversation.endswith("@unq.gbl.spaces")


def test_one_shortcut_can_stand_in_both_menus():
    here = only("message_menu_feedback")
    assert (here.name, here.author.account, here.text) == ("feedback", BO_ID, "Tack Cai,\nit works & is 2 < 3")
    for name in ("goal", "feedback"):
        anywhere = only(f"compose_menu_{name}")
        assert (anywhere.name, anywhere.message, anywhere.author, anywhere.opens) == (name, "", None, True)


def test_what_somebody_says_to_a_document():
    said = read("file_consent")
    assert said.known and said.events == () and said.place == Place(WORKSPACE, ANA, kind="direct")
    assert said.consent.allowed and (said.consent.file, said.consent.asked_in) == ("0f3a", "1772798400777")
    value = payload("file_consent")["value"] | {"action": "decline"}
    assert not read("file_consent", value=value).consent.allowed


def test_what_we_do_not_speak_is_known_as_such():
    assert read("search_menu").known is False


def test_an_invoke_without_an_id_has_one_of_its_own():
    one, two = (only("task_fetch", id=None, timestamp=f"2026-03-06T12:00:0{n}Z") for n in (1, 2))
    assert one.id != two.id and one.id == only("task_fetch", id=None, timestamp="2026-03-06T12:00:01Z").id


def test_botbuilder_loses_the_tenant_of_a_conversation():
    activity = Activity.deserialize(payload("message_personal", channelData=None))
    assert activity.conversation.tenant_id is None  # it looks for "tenantID"
    assert payloads.tenant(activity) == TENANT


def test_botbuilder_takes_our_name_out_of_what_people_say():
    """Its remove_recipient_mention removes the name wherever it stands; ours takes out the mention only."""
    text = "<at>Kadens</at> kudos Bo for Kadens"
    theirs = Activity.deserialize(payload("message_group", text=text))
    assert TurnContext.remove_recipient_mention(theirs).strip() == "kudos Bo for"
    assert only("message_group", text=text).text == "kudos Bo for Kadens"


@pytest.mark.parametrize(
    "changes",
    [{"conversation": None}, {"conversation": {}}, {"serviceUrl": None},
     {"channelData": None, "conversation": {"id": "x"}}, {"channelData": "x", "conversation": {"id": "x"}}],
)  # fmt: skip
def test_no_activity_of_teams(changes):
    with pytest.raises(Unreadable):
        read("message_personal", **changes)


@pytest.mark.parametrize(
    "value", [None, "x", [], {}, {"data": None}, {"data": {"kadens": "x"}}, {"data": {"kadens": {}}}]
)
@pytest.mark.parametrize("name", ["task_fetch", "task_submit", "execute_action", "message_menu", "menu_submit"])
def test_an_invoke_that_is_not_ours(name, value):
    with pytest.raises(Unreadable):
        read(name, value=value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(path.stem for path in PAYLOADS.glob("*.json"))), st.data())
def test_whatever_stands_in_a_payload_it_is_read_or_refused(name, data):
    body = payload(name)
    body[data.draw(st.sampled_from(sorted(body)))] = data.draw(ANYTHING)
    try:
        activity = Activity.deserialize(body)
    except ValueError:
        return  # the door turns it away
    with suppress(Unreadable):
        inbound.read(activity, NOON)


def test_a_form_comes_back_as_it_went():
    place = Place(WORKSPACE, CHANNEL, None, "public")
    assert forms.unpacked(forms._data(form(), True), place) == forms.unpacked({**forms._data(form(), True)}, place)
    again = forms.unpacked(forms._data(form("x"), True), place)
    assert again and again.fields == form("x").fields and again.value == "x" and again.place == place


@pytest.mark.parametrize("data", [None, "x", {}, {"again": 1}, {"again": {"fields": [["Nope", {}]]}}])
def test_a_form_that_cannot_be_read_is_none(data):
    assert forms.unpacked(data, HOME) is None
