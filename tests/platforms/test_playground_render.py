"""Cards, messages and forms as HTML: whatever people type stays words."""

import base64
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from bot.core import cards
from bot.core.cards import (
    Button,
    Buttons,
    Card,
    Chart,
    Choice,
    Day,
    File,
    Form,
    PeoplePicker,
    Point,
    Remark,
    Scale,
    TextBox,
    mention,
)
from bot.core.pictures import drawn
from bot.platforms.playground import parts
from bot.platforms.playground.chat import Chat
from bot.platforms.playground.completion import complete
from bot.platforms.playground.files import download
from bot.platforms.playground.forms import form_html
from bot.platforms.playground.people import BOT, MEMBERS
from bot.platforms.playground.render import Row, buttons_of, card_html, message_html

NOON = datetime(2026, 11, 2, 11, tzinfo=UTC)
EVIL = "<script>alert(1)</script>\"'&"
VOID = {"hr", "img", "input", "path", "circle", "br", "link"}


class Sound(HTMLParser):
    """Whether every tag is closed where it should be; collects tags, attributes and words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.words, self.attributes = list[str](), list[str](), "", dict[str, list[str | None]]()
        self.feed(html)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


EVERYTHING = Card(
    EVIL,
    (
        cards.Text(EVIL), cards.Heading(EVIL), cards.Note(EVIL), cards.Quote(EVIL), cards.Facts(((EVIL, EVIL),)),
        cards.Bar(EVIL, 4, 5, EVIL), cards.Divider(), Buttons((Button(EVIL, "a"), Button("Two", "b", style="primary"))),
        Buttons((Button("Three", "c", EVIL, "danger"),)),
    ),
)  # fmt: skip


def test_every_part_is_drawn_and_nothing_typed_becomes_markup() -> None:
    sound = Sound(card_html(EVERYTHING))
    assert "script" not in sound.tags
    assert sound.words.count(EVIL) == 10  # each part's words once, of the facts and the bar both
    assert {"h3", "h4", "p", "blockquote", "dl", "hr", "button"} <= set(sound.tags)


def test_buttons_are_numbered_through_the_whole_card_and_carry_no_value_the_page_could_change() -> None:
    sound = Sound(card_html(EVERYTHING))
    assert sound.attributes["data-n"] == ["0", "1", "2"]
    assert [button.action for button in buttons_of(EVERYTHING)] == ["a", "b", "c"]
    assert "data-value" not in sound.attributes


def test_a_mention_is_a_chip_with_the_name() -> None:
    html = card_html(Card(parts=(cards.Text(f"{mention(MEMBERS['mila'].stranger)} thanks"),)))
    assert '<span class="mention">@Mila Jansen</span> thanks' in html


@pytest.mark.parametrize(("value", "top", "width"), [(4, 5, "80%"), (0, 5, "0%"), (9, 5, "100%"), (1, 0, "0%")])
def test_a_bar_stays_inside_its_track(value: float, top: float, width: str) -> None:
    assert f"width:{width}" in card_html(Card(parts=(cards.Bar("Energy", value, top),)))


def test_a_chart_is_a_picture_with_its_words() -> None:
    chart = Chart((Point(NOON.date(), 3),), f'{EVIL}" onload="x')
    sound = Sound(card_html(Card(parts=(chart,))))
    assert sound.attributes["alt"] == [chart.alt] and "onload" not in sound.attributes
    [source] = sound.attributes["src"]
    assert source and base64.b64decode(source.removeprefix("data:image/png;base64,")) == drawn(chart)


def test_a_document_is_kept_and_never_shown() -> None:
    chat = Chat()
    file = File('evil"><script>.html', "text/html", EVIL)
    said = chat.post("mila", BOT, NOON, card=Card("Your data"), file=file)
    sound = Sound(message_html(Row(said, MEMBERS["mila"], True, True)))
    assert sound.attributes["href"] == [f"/files/{said.id}"] and sound.attributes["download"] == [file.name]
    assert "script" not in sound.tags and file.name in sound.words
    kept = download(chat, said.id)
    assert bytes(kept.body) == EVIL.encode() and kept.headers["content-type"].startswith("text/html")
    assert "attachment" in kept.headers["content-disposition"] and kept.headers["content-security-policy"] == "sandbox"
    chat.delete(said.id)
    assert [download(chat, id).status_code for id in (said.id, "m99")] == [404, 404]


def row(text: str = "hello", author: str = "noah", **more: object) -> Row:
    message = Chat().post("general", author, NOON, text=text)
    return replace(Row(message, MEMBERS["mila"], True, True), **more)  # type: ignore[arg-type]


def test_a_message_has_its_author_the_readers_own_time_and_tools() -> None:
    sound = Sound(message_html(row(EVIL)))
    assert EVIL in sound.words and "script" not in sound.tags
    assert "Noah Bennett" in sound.words and "12:00" in sound.words and "Monday 2 November 2026" in sound.words
    assert "06:00" in message_html(replace(row(), reader=MEMBERS["noah"]))


def test_only_ones_own_message_can_be_edited_and_the_menu_gives_kudos() -> None:
    assert 'data-do="edit"' not in message_html(row())
    assert 'data-do="edit"' in message_html(row(author="mila"))
    html = message_html(row(shortcuts={"kudos": "Give kudos"}))
    assert 'data-do="choose" data-name="kudos"' in html and "Give kudos" in html


def test_reactions_say_who_and_which_are_mine() -> None:
    one = row()
    one.message.reactions.update({"tada": ["mila", "erik"], "odd": ["erik"]})
    sound = Sound(message_html(one))
    assert sound.attributes["aria-pressed"] == ["true", "false"]
    assert "tada, 2: you, Erik Sandberg" in sound.attributes["aria-label"]
    assert ":odd:" in sound.words


def test_a_whisper_a_deleted_message_and_a_thread_look_like_it() -> None:
    whispered = row(author=BOT)
    whispered.message.only_for = "mila"
    assert "Only visible to you" in message_html(whispered)
    gone = row()
    gone.message.deleted = True
    assert "was deleted" in message_html(gone) and "data-emoji" not in message_html(gone)
    replies = [Chat().post("general", "erik", NOON, text="a")]
    assert "1 reply" in message_html(row(replies=replies)) and "2 replies" in message_html(row(replies=replies * 2))
    assert "1 new" in message_html(row(replies=replies, unread=1))


FORM = Form(
    "f", EVIL, EVIL, EVIL,
    (
        Remark(EVIL), TextBox("why", EVIL, EVIL, hint=EVIL), TextBox("line", "Line", lines=False, optional=True),
        Choice("one", "One", (("a", EVIL), ("b", "B")), "b"), 
        Choice("many", "Many", (("a", "A"), ("b", "B")), "a,b", True),
        PeoplePicker("to", "To", (MEMBERS["noah"].stranger,)), PeoplePicker("boss", "Boss", many=False),
        Day("day", "Day", date(2026, 12, 1)), Scale("sure", "Sure", 1, 5, 3),
    ),
)  # fmt: skip


def test_every_field_is_drawn_labelled_and_escaped() -> None:
    sound = Sound(parts.dialog(FORM, form_html(FORM)))
    assert "script" not in sound.tags
    names = {"why", "line", "one", "many", "to", "boss", "day", "sure"}
    assert set(sound.attributes["name"]) == names
    assert sound.tags.count("label") - 2 - 12 * 2 - 5 + sound.tags.count("legend") == len(names)
    assert len(sound.attributes["checked"]) == 4  # two values, one person, one step


def test_a_refused_form_keeps_what_was_typed_and_says_why_beside_the_field() -> None:
    html = form_html(FORM, {"why": "typed", "sure": "5", "to": "erik"}, {"why": "Too short.", "lost": "And this."})
    sound = Sound(html)
    assert "typed" in sound.words and "Too short." in sound.words and "And this." in sound.words
    assert sound.attributes["aria-invalid"] == ["true"]
    assert 'value="erik" checked' in html and 'value="noah" checked' not in html


def test_the_page_around_the_messages_is_sound() -> None:
    chat = Chat()
    chat.post("mila", BOT, NOON, card=EVERYTHING)
    found = complete("/", 1, {"kudos": EVIL}, ())
    assert found is not None
    for html in (
        parts.sidebar(chat, "mila", "general"),
        parts.header(chat, "mila", "mila", "messages"),
        parts.header(chat, "mila", "design", "messages"),
        parts.clock(NOON, "Amsterdam"),
        parts.thread_header("general"),
        parts.suggestions(found, EVIL),
        parts.toast(EVIL, "1"),
    ):
        assert "script" not in Sound(html).tags
    assert 'aria-label="1 unread"' in parts.sidebar(chat, "mila", "general")
    assert "Conversations, some unread" in parts.header(chat, "mila", "general", "messages")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "Nothing was due until then."),
        (["you"], "Kadens wrote to you."),
        (["you", "B"], "Kadens wrote to you and B."),
        (["you", "B", "C"], "Kadens wrote to you, B and C."),
        (["you", "B", "C", "D"], "Kadens wrote to you, B and 2 others."),
    ],
)
def test_moving_the_clock_says_whom_it_reached(names: list[str], sentence: str) -> None:
    assert parts.reached(names) == sentence
