"""Cards and forms as Teams takes them."""

import base64
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

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
from bot.core.pictures import drawn
from bot.platforms.teams import forms
from bot.platforms.teams.forms import Filled, dialog, inline
from bot.platforms.teams.render import LIMITS, Pen, escape, message, size
from tests.platforms.teams_world import assert_card, button, parts, texts

ANA = Person("1", "Ana", "teams:t", "29:ana")
OTHER_ANA = Person("2", "Ana", "teams:t", "29:other")
EVERYTHING = Card(
    "Your check-in",
    (
        Text(f"Hello {mention(ANA)}"),
        Heading("This month"),
        Note("small print"),
        Divider(),
        Quote("my own *words*"),
        Facts((("Energy", "4"), ("Who", mention(ANA)))),
        Bar("Energy", 4, 5, "a good month"),
        Divider(),
        Buttons((Button("Open", "talk.form", "x|y", "primary", opens=True), Button("Skip", "talk.skip", "x|y"))),
        Buttons(tuple(Button(str(n), "talk.answer", f"x|y|{n}", "danger") for n in range(1, 11))),
    ),
)
PLACE = Place("teams:t", "19:c@thread.tacv2", "17", "public")
FORM = Form(
    "talk.fill",
    "All at once",
    "Done",
    "Cancel",
    (
        TextBox("well", "What went well?", "the *demo*", 500, hint="A line is enough."),
        TextBox("topic", "About?", lines=False, optional=True),
        Choice("share", "Share?", (("yes", "Yes"), ("no", "No")), "no"),
        Choice("tags", "Values", tuple((f"v{n}", f"Value {n}") for n in range(9)), "v1,v2", many=True, optional=True),
        PeoplePicker("to", "Who?", (ANA, OTHER_ANA)),
        Remark("And then:"),
        Scale("energy", "Energy", 1, 5, 4),
        Scale("will", "Will", 1, 10, optional=True),
        Day("day", "By when?", date(2026, 3, 20)),
    ),
    "id-17",
    PLACE,
)


@pytest.mark.parametrize(
    "card", [EVERYTHING, Card(), Card("Only a title"), Card(parts=(Divider(),)), Card(parts=(Facts(()),))]
)
def test_every_card_is_valid(card):
    assert_card(message(card))


@pytest.mark.parametrize("show", [dialog, inline])
@pytest.mark.parametrize("lang", ["en", "sv", "nl"])
def test_every_form_is_valid(show, lang):
    assert_card(show(FORM, Filled(lang)))
    assert_card(
        show(FORM, Filled(lang, {"well": "no", "to": "nobody", "": "all"}, {"well": "typed", "day": "rubbish"}))
    )
    assert_card(show(Form("f", "Empty", "Send", "Cancel", ())))


def test_parts_follow_in_order_and_dividers_are_lines():
    body = message(EVERYTHING)["body"]
    kinds = [part["type"] for part in body]
    assert kinds == [*["TextBlock"] * 4, "Container", "FactSet", *["TextBlock"] * 2, *["ActionSet"] * 3]
    assert [n for n, part in enumerate(body) if part.get("separator")] == [4, 8]
    assert body[6]["text"] == "Energy  ●●●●○  4/5"


def test_nothing_depends_on_light_or_dark():
    for content in (message(EVERYTHING), dialog(FORM, Filled(objections={"well": "no"}))):
        for part in parts(content):
            assert not {"backgroundImage", "bleed"} & part.keys()
            assert part.get("color", "attention") == "attention"
            assert part.get("style") in {
                None, "heading", "emphasis", "positive", "destructive", "default", "expanded", "compact",
            }  # fmt: skip


def test_a_screen_reader_and_an_old_client_get_the_summary():
    content = message(EVERYTHING)
    assert content["fallbackText"] == content["speak"] == "Your check-in"


def test_our_button_data_stands_under_one_key():
    content = message(EVERYTHING)
    assert button(content, "Open")["data"] == {
        "kadens": {"action": "talk.form", "value": "x|y"},
        "msteams": {"type": "task/fetch"},
    }
    assert button(content, "7")["data"] == {"kadens": {"action": "talk.answer", "value": "x|y|7"}}
    assert button(dialog(FORM), "Done")["data"].keys() == {"kadens"}


def test_no_row_has_more_buttons_than_teams_shows():
    rows = [part["actions"] for part in parts(message(EVERYTHING)) if part["type"] == "ActionSet"]
    assert [len(row) for row in rows] == [2, 5, 5]


# -- what people type stays what they typed

# The parser of the web and desktop clients; those of the phones know less.
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
MARKUP = re.compile("<(h[1-6]|li|[uo]l|blockquote|a|strong|em|s|code|pre|img|hr)\\b")
TRICKS = [
    "# heading", "## two", "- list\n- two", "+ a", "1. one\n2) two", "> quote", "[text](https://evil.example)",
    "**bold**", "_it_ and *it*", "`code`", "```\nfence\n```", "~~~\nfence\n~~~", "text\n===", "text\n---", "***",
    "<https://evil.example>", "![x](https://evil.example/x.png)", "<b>bold</b>", "    code", "a\n\n    code",
    "[a]: https://evil.example\n[a]", "\\*not\\*", "&lt;b&gt;", "<at>Bo</at>", "a\n\n\n# b", "<!-- x -->", "* star",
    "\t# tab", "[[x]]", "__init__", "2 * 3 * 4", "a_b_c", "&#42;x&#42;", "~~gone~~",
]  # fmt: skip


@pytest.mark.parametrize("typed", TRICKS)
def test_nothing_typed_becomes_markup(typed):
    html = MARKDOWN.render(Pen()(typed))
    assert not MARKUP.search(html), html
    assert "<at>" not in Pen()(typed)


@given(st.text(alphabet="#*_-+=>~`[]()<>!&\\1. ab\n\t", max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed(typed):
    html = MARKDOWN.render(Pen()(typed))
    assert not MARKUP.search(html), html


def test_lines_stay_lines_and_words_stay_words():
    assert escape("one\ntwo\r\n\n  three") == "one\n\ntwo\n\nthree"
    assert escape("Öl & 5 < 6, e-mail a.b@c.d (ok) 100 %") == "Öl & 5 < 6, e-mail a.b@c.d (ok) 100 %"


# -- mentions


def test_two_people_of_one_name_are_two():
    content = message(
        Card("", (Text(f"{mention(ANA)} {mention(OTHER_ANA)} {mention(ANA)}"), Quote(mention(OTHER_ANA))))
    )
    entities = content["msteams"]["entities"]
    assert [entity["mentioned"]["id"] for entity in entities] == ["29:ana", "29:other"]
    assert len({entity["text"] for entity in entities}) == 2
    for entity in entities:
        assert texts(content)[0].count(entity["text"]) == (2 if entity["mentioned"]["id"] == "29:ana" else 1)


@pytest.mark.parametrize("name", ["", "<b>", "A" * 300, "*Bo*\n# x", "</at>", "\ue000"])
def test_odd_names(name):
    content = message(Card("", (Text(mention(replace(ANA, name=name))),)))
    assert_card(content)
    [entity] = content["msteams"]["entities"]
    assert entity["text"] in texts(content)[0]


def test_labels_have_names_and_no_marks():
    content = message(Card("", (Buttons((Button(f"Ask {mention(ANA)}", "a"),)), Facts(((mention(ANA), "x"),)))))
    assert button(content, "Ask Ana") and content["body"][1]["facts"][0]["title"] == "Ana"
    assert "entities" not in content["msteams"]


# -- size

LONG = "ordo Öl 🎉 " * 300


@pytest.mark.parametrize(
    "card",
    [
        Card("T" * 5000, tuple(Text(LONG) for _ in range(12))),
        Card("Facts", (Facts(tuple((LONG, LONG) for _ in range(40))),)),
        Card("Many", (*(Text(f"{n} {LONG}") for n in range(400)), Buttons((Button("Go", "go", "1"),)))),
        Card("Quotes", tuple(Quote("\n" * 50 + "*" * 3000) for _ in range(9))),
        Card("Mentions", tuple(Text(mention(Person(str(n), "N" * 80, "teams:t", f"29:{n}"))) for n in range(60))),
        Card("Labels", (Buttons(tuple(Button(LONG, "a", "v" * 50) for _ in range(30))),)),
    ],
)
def test_a_card_always_fits(card):
    content = message(card)
    assert_card(content)
    assert size(content) <= LIMITS["message"]


def test_a_cut_is_seen_and_the_buttons_stay():
    card = Card("Many", (*(Text(f"{n} {LONG}") for n in range(400)), Buttons((Button("Go", "go", "1"),))))
    content = message(card)
    assert texts(content)[1].endswith("…") and texts(content)[-1] == "…"
    assert button(content, "Go")
    assert message(Card("", (Text("short"),)))["body"][0]["text"] == "short"


def points(number):
    tones = ("good", "warn", "bad")
    return tuple(Point(date(2026, 1, 1) + timedelta(days=n), n % 7, tones[n % 3]) for n in range(number))


def test_a_chart_is_a_picture_in_the_card():
    chart = Chart(points(9), f"From 1 to 7, says {mention(ANA)}")
    content = message(Card("Goal", (Text("So far"), chart, Note("and on"))))
    assert_card(content)
    [image] = [part for part in parts(content) if part["type"] == "Image"]
    assert image["altText"] == "From 1 to 7, says Ana" and image["width"] == "320px"
    kind, _, data = image["url"].partition(",")
    assert kind == "data:image/png;base64" and base64.b64decode(data) == drawn(chart)
    assert texts(content) == ["Goal", "So far", "and on"]


def test_pictures_that_do_not_fit_become_their_words_before_anything_is_cut():
    charts = tuple(Chart(points(48), f"Number {n}") for n in range(9))
    content = message(Card("Goals", (*charts, Text("x" * 3000), Text("y" * 3000))))
    assert_card(content)
    assert size(content) <= LIMITS["message"]
    drawn_ones = [part["altText"] for part in parts(content) if part["type"] == "Image"]
    assert 1 < len(drawn_ones) < 9
    assert [*drawn_ones, *texts(content)[1:-2]] == [f"Number {n}" for n in range(9)]
    assert texts(content)[-2:] == ["x" * 3000, "y" * 3000]


def test_a_text_of_three_thousand_is_shown_whole():
    [shown] = texts(message(Card("", (Quote("x" * 3000),))))
    assert len(shown) == 3000


def test_a_mention_is_never_cut_in_two():
    card = Card("", tuple(Text("x" * 40 + mention(ANA) + "y" * 3000) for _ in range(20)))
    for text in texts(message(card)):
        assert text.count("<at>") == text.count("</at>") == 1


# -- forms


def inputs(content):
    return {part["id"]: part for part in parts(content) if "id" in part}


def test_fields():
    shown = inputs(dialog(FORM, Filled("sv", directory={"29:ana": "guid-ana"})))
    assert (shown["well"]["type"], shown["well"]["isMultiline"], shown["well"]["maxLength"]) == (
        "Input.Text",
        True,
        500,
    )
    assert (shown["well"]["value"], shown["well"]["label"]) == ("the *demo*", "What went well?")
    assert (shown["well"]["isRequired"], shown["well"]["errorMessage"]) == (True, "Fyll i det här.")
    assert "isRequired" not in shown["topic"] and not shown["topic"]["isMultiline"]
    assert (shown["share"]["style"], shown["share"]["value"], shown["share"]["isMultiSelect"]) == (
        "expanded",
        "no",
        False,
    )
    assert (shown["tags"]["isMultiSelect"], shown["tags"]["value"]) == (True, "v1,v2")
    assert (shown["energy"]["style"], shown["energy"]["value"]) == ("expanded", "4")
    assert shown["will"]["style"] == "compact" and len(shown["will"]["choices"]) == 10
    assert (shown["day"]["type"], shown["day"]["value"]) == ("Input.Date", "2026-03-20")
    assert shown["to"]["choices.data"] == {"type": "Data.Query", "dataset": "graph.microsoft.com/users"}
    assert shown["to"]["choices"][0] == {"title": "Ana", "value": "guid-ana"}
    assert shown["to"]["value"] == "guid-ana,29:other"


def test_what_was_typed_comes_back():
    typed = {
        "well": "new words",
        "share": "yes",
        "tags": "v3",
        "to": "g1",
        "energy": "2",
        "will": "9",
        "day": "2026-04-01",
    }
    shown = inputs(dialog(FORM, Filled(typed={**typed, "topic": ""})))
    assert {id: each["value"] for id, each in shown.items() if "value" in each} == typed


def test_a_form_carries_its_id_its_value_its_place_and_itself():
    data = button(dialog(FORM), "Done")["data"]["kadens"]
    place = {"conversation": PLACE.conversation, "thread": "17", "kind": "public"}
    assert (data["form"], data["value"], data["place"], data["people"]) == ("talk.fill", "id-17", place, ["to"])
    again = forms.unpacked(data, PLACE)
    assert again and inputs(dialog(again)).keys() == inputs(dialog(FORM)).keys()
    assert "the *demo*" not in str(data)  # what people typed travels once


def test_a_long_form_keeps_its_words_and_leaves_itself_out():
    fields = tuple(TextBox(f"q{n}", "Question " * 20, "x" * 3000, hint="Hint " * 50) for n in range(7))
    content = dialog(Form("f", "Long", "Send", "Cancel", fields))
    assert_card(content)
    assert all(len(each["value"]) == 3000 for each in inputs(content).values())
    assert "again" not in button(content, "Send")["data"]["kadens"]


def test_of_a_form_that_does_not_fit_the_longest_answers_are_left_out():
    fields = (
        *(TextBox(f"q{n}", f"Question {n}?", "日" * (3000 - n), limit=3000, optional=True) for n in range(5)),
        Remark("And then:"),
        Choice("share", "Share?", (("yes", "Yes"), ("no", "No")), "no"),
    )
    content = dialog(Form("f", "Long", "Send", "Cancel", fields))
    assert_card(content)
    assert inputs(content).keys() == {"q3", "q4", "share"}  # as many as fit, whole
    assert [len(inputs(content)[id]["value"]) for id in ("q3", "q4")] == [2997, 2996]
    left_out = [forms.say("en", "left_out", label=f"Question {n}?") for n in range(3)]
    assert texts(content) == [*left_out, "And then:"]
    assert button(content, "Send")["data"]["kadens"]["asked"] == ["q3", "q4", "share"]


def test_what_is_objected_to_is_left_out_last():
    fields = tuple(TextBox(f"q{n}", f"Question {n}?", limit=3000) for n in range(4))
    typed = {f"q{n}": "🎉" * 3000 for n in range(4)}
    content = dialog(Form("f", "Long", "Send", "Cancel", fields), Filled("en", {"q1": "Say it shorter."}, typed))
    assert_card(content)
    assert "q1" in inputs(content) and "Say it shorter." in texts(content)


def test_a_form_in_a_card_can_be_left():
    content = inline(FORM)
    cancel = button(content, "Cancel")
    assert (cancel["type"], cancel["associatedInputs"]) == ("Action.Execute", "none")
    assert cancel["data"] == {"kadens": {"cancel": True}}
    assert texts(content)[0] == "All at once"


def test_a_dialog_is_as_high_as_it_needs():
    assert forms.task(FORM)["task"]["value"]["height"] == "large"
    assert forms.task(replace(FORM, fields=FORM.fields[:2]))["task"]["value"]["height"] == "medium"


def test_words_of_all_languages_are_there():
    assert {forms.say(lang, "required") for lang in ("en", "sv", "nl")} == {
        "Please fill this in.", "Fyll i det här.", "Vul dit nog even in.",
    }  # fmt: skip
