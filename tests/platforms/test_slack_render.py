"""Cards, forms and homes as Block Kit: against the SDK's own models, and against what they do not check."""

import json
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Chart,
    Choice,
    Day,
    Divider,
    Facts,
    Form,
    Heading,
    Note,
    PeoplePicker,
    Point,
    Quote,
    Remark,
    Scale,
    Text,
    TextBox,
    mention,
)
from bot.core.people import Person, Place
from bot.platforms.slack import forms, render
from bot.platforms.slack.texts import LIMITS, TooLong, cut, escaped

ANA = Person("p1", "Ana Ñ. de la Çédille-Østergaard " * 3, "slack:T1", "U1")
HERE = Place("slack:T1", "C1", "1.2", "public")
LONG = "Lång & <svår> text med många ord. " * 100
EVERY_PART = (
    Heading("What you said"),
    Text(f"Thanks to {mention(ANA)} & <friends>"),
    Note("small print"),
    Quote("first\nsecond"),
    Facts((("Energy", "4"), ("Workload", "3"), ("Story", LONG), ("Empty", ""))),
    Bar("Energy", 3.5, 5, "a busy month"),
    Divider(),
    Buttons((Button("Yes", "yes", "1", "primary"), Button("No", "no", "", "danger"), Button("Yes", "yes", "2"))),
)
EVERY_FIELD = (
    Remark("Two minutes are enough."),
    TextBox("why", "Why?", "because", limit=500, hint="An example helps"),
    TextBox("line", "In a line", limit=9000, lines=False, optional=True),
    Choice("share", "Share with", (("manager", "My manager"), ("", "Nobody")), "manager"),
    Choice("team", "Team", tuple((f"t{n}", f"Team {n}") for n in range(150)), "t3"),
    Choice("values", "Values", (("craft", "Craft"), ("care", "Care")), "care,craft", many=True),
    Choice("days", "Days", tuple((f"d{n}", f"Day {n}") for n in range(12)), "d1,d2", many=True, optional=True),
    Choice("none", "Nothing to choose", ()),
    PeoplePicker("to", "Who?", (ANA, ANA)),
    PeoplePicker("boss", "Manager", (ANA,), many=False),
    PeoplePicker("new", "Somebody"),
    Day("by", "By when?", date(2026, 12, 1)),
    Day("or", "Or", optional=True),
    Scale("energy", "Energy", 1, 5, 4),
    Scale("will", "Will", 1, 10),
)
ODD_CARDS = [
    Card("Everything", EVERY_PART),
    Card(),
    Card("", (Text(""), Quote(" "), Note(""))),
    Card(f"{mention(ANA)} thanked somebody", (Text("x"),)),
    Card("T" * 400, (Text(LONG * 5), Quote(LONG * 2), Facts((("Name " * 50, LONG * 2),)))),
    Card("Many", (*tuple(Text(f"part {n} {LONG}") for n in range(70)), Buttons((Button("Go", "go"),)))),
    Card("Buttons", (Buttons(tuple(Button(f"{n}" * 80, "talk.answer", f"{n}") for n in range(27))),)),
    Card("Facts", (Facts(tuple((f"n{n}", "v") for n in range(33))),)),
    Card("Shouting", (Quote("<!channel> @here <@U2> &amp;"),)),
    Card(
        "Addresses",
        (Text("see https://x.example/a?b=1&c=2, (https://y.example) " + "https://z.example/" + "z" * 4000),),
    ),
]


def form(*fields: Any, **more: Any) -> Form:
    words = {"title": "Check in", "submit": "Done", "cancel": "Cancel", **more}
    return Form("talk.fill", fields=fields, value="checkin:1", place=HERE, **words)


def check(blocks: list[dict[str, Any]], most: int) -> None:
    """What the SDK's models check, and what only Slack itself would refuse."""
    assert 0 < len(blocks) <= most
    for block in Block.parse_all(blocks):
        block.validate_json()
    actions = [element for block in blocks for element in block.get("elements", ()) if "action_id" in element]
    actions += [block["element"] for block in blocks if "element" in block]
    ids = [action["action_id"] for action in actions]
    assert len(ids) == len(set(ids))
    names = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(names) == len(set(names))
    for text in texts(blocks):
        assert text["text"].strip() and len(text["text"]) <= 3000
        if text["type"] == "mrkdwn":
            assert text["verbatim"] is True
            assert not re.search(r"&(?!amp;|lt;|gt;)", text["text"]), "half an entity"
            assert not re.search(r"<(?!@[^<>]+>|https?://[^<>]+>)", text["text"]), "something nobody meant"
    for action in actions:
        assert action.get("value", "x") != ""
        assert action.get("options", ["x"]) != []
        for option in action.get("options", ()):
            assert len(option["text"]["text"]) <= 75 and 0 < len(option["value"]) <= 150


def texts(found: Any) -> list[dict[str, Any]]:
    if isinstance(found, list):
        return [text for item in found for text in texts(item)]
    if not isinstance(found, dict):
        return []
    here = [found] if found.get("type") in ("plain_text", "mrkdwn") else []
    return here + [text for item in found.values() for text in texts(item)]


def sections(card: Card) -> list[str]:
    return [block["text"]["text"] for block in render.message(card)["blocks"] if block["type"] == "section"]


@pytest.mark.parametrize("card", ODD_CARDS, ids=lambda card: card.title[:12] or "untitled")
def test_slack_takes_every_card(card):
    message = render.message(card)
    check(message["blocks"], 50)
    assert message["text"].strip() and len(message["text"]) <= LIMITS["fallback"]
    assert sum(map(render._size, message["blocks"])) <= LIMITS["whole"]


@pytest.mark.parametrize("card", ODD_CARDS, ids=lambda card: card.title[:12] or "untitled")
def test_slack_takes_every_home(card):
    home = render.home(card)
    check(home["blocks"], 100)
    View(**home).validate_json()


@pytest.mark.parametrize("fields", [EVERY_FIELD, *((field,) for field in EVERY_FIELD[:-1])])
def test_slack_takes_every_form(fields):
    view = forms.modal(form(*fields, title="A title that is far longer than Slack has room for"))
    View(**view).validate_json()
    check(view["blocks"], 100)
    assert len(view["title"]["text"]) <= 24 and len(view["private_metadata"]) <= 3000
    assert view["submit"]  # without one Slack refuses inputs


def test_a_long_form_title_is_shown_whole():
    view = forms.modal(form(TextBox("a", "A"), title="Look back on the whole of your quarter"))
    assert view["title"]["text"] == "Look back on the whole …"
    assert view["blocks"][0]["text"]["text"] == "Look back on the whole of your quarter"


def test_the_form_brings_its_place_back():
    assert json.loads(forms.modal(form())["private_metadata"]) == {
        "value": "checkin:1",
        "place": ["slack:T1", "C1", "1.2", "public"],
    }


def test_first_values_are_shown():
    elements = {b["block_id"]: b["element"] for b in forms.modal(form(*EVERY_FIELD))["blocks"] if "element" in b}
    assert elements["why"]["initial_value"] == "because" and elements["why"]["max_length"] == 500
    assert elements["line"]["max_length"] == 3000 and not elements["line"]["multiline"]
    assert elements["share"]["initial_option"]["value"] == "manager"
    assert [option["value"] for option in elements["share"]["options"]] == ["manager", forms.NOTHING]
    assert len(elements["team"]["options"]) == 100 and elements["team"]["type"] == "static_select"
    assert [option["value"] for option in elements["values"]["initial_options"]] == ["craft", "care"]
    assert elements["days"]["type"] == "multi_static_select"
    assert elements["to"]["initial_users"] == ["U1"] and elements["boss"]["initial_user"] == "U1"
    assert "initial_users" not in elements["new"]
    assert elements["by"]["initial_date"] == "2026-12-01" and "initial_date" not in elements["or"]
    assert elements["energy"]["initial_option"]["value"] == "4" and len(elements["will"]["options"]) == 10
    assert "none" not in elements


def test_a_mention_notifies_and_makes_no_header():
    blocks = render.message(ODD_CARDS[3])["blocks"]
    assert blocks[0]["text"] == {"type": "mrkdwn", "text": "*<@U1> thanked somebody*", "verbatim": True}
    assert render.message(ODD_CARDS[3])["text"].startswith("Ana")  # where nobody can be notified: the name
    assert render.message(Card("Thanks"))["blocks"] == [
        {"type": "header", "text": {"type": "plain_text", "text": "Thanks", "emoji": True}}
    ]


def test_nobody_can_shout_through_a_quote():
    assert sections(ODD_CARDS[8]) == ["> &lt;!channel&gt; @here &lt;@U2&gt; &amp;amp;"]


def test_every_line_of_a_quote_is_quoted_also_where_it_is_divided():
    [first, second] = sections(Card("", (Quote("\n".join(f"line {n}" for n in range(400))),)))
    lines = f"{first}\n{second}".split("\n")
    assert lines == [f"> line {n}" for n in range(400)]


def test_a_long_text_is_divided_between_words_and_only_then_cut():
    whole = " ".join(f"word{n}" for n in range(700))
    parts = sections(Card("", (Text(whole),)))
    assert len(parts) == 2 and " ".join(parts) == whole
    parts = sections(Card("", (Text("x" * 20_000),)))
    assert parts[-1].endswith("x…") and len(parts) == LIMITS["sections"]


@given(st.text(alphabet="&<>ab \n", max_size=60), st.integers(2, 40))
def test_what_is_cut_is_never_cut_inside_an_entity(text, limit):
    marked = escaped(text)
    short = cut(marked, limit)
    assert len(short) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)", short)
    if short != marked:
        assert short.endswith("…") and marked.startswith(short[:-1])


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80).map(lambda text: text * 90))
def test_any_words_make_a_message(words):
    card = Card(
        words[:500], (Text(words), Quote(words), Note(words), Facts(((words, words),)), Bar(words, 1, 5, words))
    )
    check(render.message(card)["blocks"], 50)


def test_addresses_are_links_without_what_stands_after_them():
    [first, *_] = sections(ODD_CARDS[9])
    assert first.startswith("see <https://x.example/a?b=1&amp;c=2>, (<https://y.example>) https://z.example/zzz")


def test_the_last_buttons_survive_when_there_is_too_much():
    blocks = render.message(ODD_CARDS[5])["blocks"]
    assert blocks[-1]["type"] == "actions" and blocks[-2]["elements"][0]["text"] == "…"


def test_buttons_stand_five_in_a_row_and_have_their_own_ids():
    rows = [block for block in render.message(ODD_CARDS[6])["blocks"] if block["type"] == "actions"]
    assert [len(row["elements"]) for row in rows] == [5, 5, 5, 5, 5, 2]
    assert rows[1]["elements"][0]["action_id"] == "talk.answer#5"


def test_what_would_change_its_meaning_is_not_cut():
    with pytest.raises(TooLong):
        render.message(Card("", (Buttons((Button("x", "x", "v" * 2001),)),)))


def test_a_bar_is_text():
    assert sections(Card("", (Bar("Energy", 3.5, 5, "a busy month"),))) == [
        "Energy  `███████░░░`  3.5/5",
        "> a busy month",
    ]
    assert sections(Card("", (Bar("Energy", 9, 5),)))[0].count("█") == 10
    assert sections(Card("", (Bar("Energy", 1, 0),)))[0].count("█") == 0


CHART = Chart((Point(date(2026, 11, 3), 3),), f"Three & <of> ten, says {mention(ANA)} " + "long " * 500)


def test_a_chart_is_its_picture_or_else_its_words():
    for shown in (render.message(Card("", (CHART,)), {CHART: "F1"}), render.home(Card("", (CHART,)), {CHART: "F1"})):
        check(shown["blocks"], 50)
        [image] = shown["blocks"]
        assert image["slack_file"] == {"id": "F1"} and len(image["alt_text"]) == 2000
        assert image["alt_text"].startswith(f"Three & <of> ten, says {ANA.name}")
    [words] = render.message(Card("", (CHART,)))["blocks"]
    assert words["type"] == "context" and words["elements"][0]["text"].startswith("Three &amp; &lt;of&gt; ten")
    [silent] = render.message(Card("", (Chart(CHART.points, " "),)), {Chart(CHART.points, " "): "F1"})["blocks"]
    assert silent["alt_text"] == "…"


def test_short_facts_stand_side_by_side_and_long_ones_below():
    blocks = render.message(Card("", (EVERY_PART[4],)))["blocks"]
    assert [len(block.get("fields", ())) for block in blocks] == [2, 0, 0, 1]


def test_refusals_stand_at_their_field_and_the_others_at_the_first():
    found = forms.refusals({"why": "Say why", "all": "Not today", "other": f"Ask {mention(ANA)}"}, ["to", "why"])
    assert found == {"why": "Say why", "to": f"Not today Ask {ANA.name}"}
