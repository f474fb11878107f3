"""Every card and form of every feature, in three languages, plain and wild, through every renderer."""

import asyncio
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.views import View

from bot.core.cards import (
    Bar,
    Buttons,
    Card,
    Chart,
    Choice,
    Divider,
    Facts,
    Form,
    Heading,
    Note,
    Quote,
    Remark,
    Text,
    TextBox,
    plain,
)
from bot.core.features import Routes
from bot.core.pages import read
from bot.core.wording import LANGUAGES, SHELF
from bot.platforms.playground import forms as playground_forms
from bot.platforms.playground import render as playground
from bot.platforms.slack import forms as slack_forms
from bot.platforms.slack import render as slack
from bot.platforms.teams import forms as teams_forms
from bot.platforms.teams import render as teams
from bot.platforms.teams.forms import Filled
from handlers import FEATURES
from tests.cards.gallery import Gallery
from tests.cards.play import played
from tests.platforms.teams_world import assert_card, parts
from tests.platforms.test_slack_render import check, texts
from tests.platforms.test_teams_render import MARKDOWN, MARKUP

EVERY = {(lang, wild) for lang in LANGUAGES for wild in (False, True)}
LONG = {(lang, True) for lang in LANGUAGES if lang != "en"}  # a play takes ten seconds


@pytest.fixture(
    scope="session",
    params=[pytest.param(EVERY - LONG, id="fast"), pytest.param(LONG, id="long", marks=pytest.mark.slow)],
)
def galleries(
    request: pytest.FixtureRequest, empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Gallery]:
    found = []
    for lang, wild in sorted(request.param):
        path = shutil.copy(empty_database, tmp_path_factory.mktemp("gallery") / "kadens.db")
        found.append(asyncio.run(played(lang, wild, f"sqlite+aiosqlite:///{path}")))
    return found


@pytest.mark.slow
@pytest.mark.both
@pytest.mark.postgresql
async def test_all_of_it_can_be_played_on_postgresql_too(url: str) -> None:
    gallery = await played("sv", True, url)
    assert not Routes(*FEATURES).table.keys() - gallery.routes


def test_every_route_shows_something_in_every_language(galleries: list[Gallery]) -> None:
    for gallery in galleries:
        assert not Routes(*FEATURES).table.keys() - gallery.routes
        assert len(gallery.cards) > 150 and len(gallery.forms) > 15 and len(gallery.refusals) > 8


# Slack


def test_slack_takes_every_card_and_home(galleries: list[Gallery]) -> None:
    for card in unique(gallery.cards for gallery in galleries):
        for message in (slack.message(card), slack.message(card, pictures(card))):
            check_slack(message["blocks"], 50)
            assert message["text"].strip() and len(message["text"]) <= 3000
    for card in unique(gallery.everything for gallery in galleries):
        home = slack.home(card, pictures(card))
        check_slack(home["blocks"], 100)
        View(**home).validate_json()


def test_slack_takes_every_form_and_refusal(galleries: list[Gallery]) -> None:
    for form in unique(gallery.forms for gallery in galleries):
        view = slack_forms.modal(form)
        View(**view).validate_json()
        check_slack(view["blocks"], 100)
        assert 0 < len(view["private_metadata"]) <= 3000
        for bar in ("title", "submit", "close"):  # inputs without a submit are refused
            assert 0 < len(view[bar]["text"]) <= 24
        named = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        assert named <= {field.id for field in form.fields if not isinstance(field, Remark)} and named
    for gallery in galleries:
        for form, objections in gallery.refusals:
            inputs = [block["block_id"] for block in slack_forms.modal(form)["blocks"] if block["type"] == "input"]
            errors = slack_forms.refusals(objections, inputs)
            assert errors and errors.keys() <= set(inputs)
            assert all(0 < len(words) <= 2000 for words in errors.values())


def test_slack_calls_nobody_who_was_not_named(galleries: list[Gallery]) -> None:
    for gallery in galleries:
        for card in gallery.everything:
            for text in texts(slack.message(card)["blocks"]):
                called = re.findall(r"<[@!#]([^>|]*)", text["text"]) if text["type"] == "mrkdwn" else []
                assert set(called) <= gallery.accounts


def pictures(card: Card) -> dict[Chart, str]:
    return {part: "F1" for part in card.parts if isinstance(part, Chart)}


def check_slack(blocks: list[dict[str, Any]], most: int) -> None:
    """What the renderer's own tests hold it to, and the limits of each kind of block."""
    check(blocks, most)
    for block in blocks:
        match block["type"]:
            case "header":
                assert len(block["text"]["text"]) <= 150
            case "section":
                assert len(block.get("fields", ())) <= 10
                assert all(len(field["text"]) <= 2000 for field in block.get("fields", ()))
            case "image":
                assert 0 < len(block["alt_text"]) <= 2000
            case "context" | "actions":
                assert 0 < len(block["elements"]) <= (10 if block["type"] == "context" else 25)
            case "input":
                assert 0 < len(block["label"]["text"]) <= 2000
                assert 0 < len(block.get("hint", block["label"])["text"]) <= 2000
                assert len(block["element"].get("options", ())) <= 100
        for element in block.get("elements", ()):
            if element["type"] == "button":
                assert 0 < len(element["text"]["text"]) <= 75
                assert len(element.get("value", "")) <= 2000 and len(element["action_id"]) <= 255


# Teams


def test_teams_takes_every_card(galleries: list[Gallery]) -> None:
    for card in unique(gallery.everything for gallery in galleries):
        content = teams.message(card)
        check_teams(content)
        assert content["fallbackText"]


def test_teams_takes_every_form_and_refusal(galleries: list[Gallery]) -> None:
    for gallery in galleries:
        for form in gallery.forms:
            check_teams(teams_forms.dialog(form, Filled(gallery.lang)))
            check_teams(teams_forms.inline(form, Filled(gallery.lang)))
        for form, objections in gallery.refusals:
            typed = {field.id: field.value for field in form.fields if isinstance(field, TextBox)}
            check_teams(teams_forms.dialog(form, Filled(gallery.lang, objections, typed)))


def test_teams_shows_as_text_what_was_typed(galleries: list[Gallery]) -> None:
    for gallery in galleries:
        if gallery.wild:
            for card in gallery.everything:
                for text in teams_texts(teams.message(card)):
                    assert not markup(text), text[:500]


def check_teams(content: Any) -> None:
    """The whole schema for each shape of a card once: it takes a while. Size and ids for every card."""
    assert teams.size(content) < 28_000
    ids = [part["id"] for part in parts(content) if "id" in part]
    assert len(ids) == len(set(ids))
    known = json.dumps(shape(content))
    if known not in CHECKED:
        assert_card(content, limit=30_000)  # which counts spaces that are not sent
        CHECKED.add(known)


CHECKED = set[str]()


def shape(content: Any) -> Any:
    """The content with nothing left of its texts but whether there is any, nor of what a button brings back."""
    if isinstance(content, dict):
        return {
            key: "…" if isinstance(value, FREE.get(key, ())) and value else shape(value)
            for key, value in content.items()
        }
    return [shape(value) for value in content] if isinstance(content, list) else content


TEXTS = "text name title value label altText fallbackText speak errorMessage id action verb"
FREE: dict[str, type] = {**dict.fromkeys(TEXTS.split(), str), "data": dict}


def teams_texts(content: Any) -> Iterator[str]:
    for part in parts(content):
        if part["type"] == "TextBlock":
            yield part["text"]
        for fact in part.get("facts", ()):
            yield from (fact["title"], fact["value"])


@cache
def markup(text: str) -> bool:
    return bool(MARKUP.search(MARKDOWN.render(text)))


# The playground


def test_the_playground_shows_every_card_as_it_is(galleries: list[Gallery]) -> None:
    for card in unique(gallery.everything for gallery in galleries):
        page = Page(playground.card_html(card))
        assert not page.tags - CARD_TAGS, page.tags - CARD_TAGS
        for words in said(card):
            assert " ".join(words.split()) in page.text, words[:200]


def test_the_playground_shows_every_form_as_it_is(galleries: list[Gallery]) -> None:
    for gallery in galleries:
        shown = [(form, dict[str, str]()) for form in gallery.forms] + [(f, dict(o)) for f, o in gallery.refusals]
        for form, objections in shown:
            page = Page(playground_forms.form_html(form, None, objections))
            assert not page.tags - CARD_TAGS - FORM_TAGS
            for words in (*form_words(form), *objections.values()):
                assert " ".join(plain(words).split()) in page.text, words[:200]


CARD_TAGS = {"section", "div", "p", "h3", "h4", "blockquote", "dl", "dt", "dd", "hr", "span", "button", "img"}
FORM_TAGS = {"fieldset", "legend", "label", "input", "textarea", "select", "option"}
ATTRIBUTES = {
    *("class", "type", "data-do", "data-n", "role", "aria-label", "style", "for", "id", "name", "value", "required"),
    *("src", "alt", "width", "height", "maxlength", "rows", "selected", "checked", "aria-invalid", "aria-hidden"),
}


class Page(HTMLParser):
    """What a browser makes of it: its tags, well nested, with attributes of ours only; and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.open, self.words = set[str](), list[str](), list[str]()
        self.feed(html)
        self.close()
        assert not self.open
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        if tag not in ("hr", "input", "img"):
            self.open.append(tag)
        if tag == "img":
            self.words.append(dict(attrs)["alt"] or "")
        self.words.append(" " if tag != "span" else "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.words.append(" " if tag != "span" else "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def said(card: Card) -> Iterator[str]:
    """The words of a card as the playground writes them: a mention begins with its @."""
    yield at(card.title)
    for part in card.parts:
        match part:
            case Text(body) | Heading(body) | Note(body) | Quote(body):
                yield at(body)
            case Facts(rows):
                yield from (at(word) for row in rows for word in row)
            case Bar(label, _, _, story):
                yield from (at(label), at(story))
            case Chart(alt=alt):
                yield plain(alt)
            case Buttons(row):
                yield from (button.label for button in row)
            case Divider():
                pass


def at(text: str) -> str:
    return plain(re.sub("\ue001@?", "\ue001@", text))


# Languages


def test_nobody_reads_another_language(galleries: list[Gallery]) -> None:
    for gallery in galleries:
        foreign = [sentence for lang in LANGUAGES if lang != gallery.lang for sentence in sentences(lang, gallery.lang)]
        for text in all_words(gallery):
            for literal, sentence in foreign:
                assert not (literal in text and sentence.search(text)), (gallery.lang, text[:300], sentence.pattern)


def test_no_name_was_left_to_be_filled_in(galleries: list[Gallery]) -> None:
    for gallery in galleries:
        for text in all_words(gallery):
            # Who types one sees it again as it was typed: filling in happens once.
            assert set(re.findall(r"\{(\w+)\}", text)) <= ({"typed", "0"} if gallery.wild else set()), text
            assert "None" not in text and "Person(" not in text, text


def sentences(lang: str, reader: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every sentence of a language that is not the reader's: its longest stretch without a name, and how it is known.

    Shorter ones than three words can be the same by chance.
    """
    theirs = {text for path in (SHELF / reader).glob("*.yaml") for text in read(path).words.values()}
    for path in sorted((SHELF / lang).glob("*.yaml")):
        for text in sorted(set(read(path).words.values()) - theirs):
            stretches = re.split(r"\{\w+\}", text)
            if len(re.findall(r"\w+", " ".join(stretches))) >= 3:
                pattern = ".+?".join(map(re.escape, stretches))
                yield max(stretches, key=len), re.compile(rf"(?<!\w){pattern}(?!\w)", re.S)


def all_words(gallery: Gallery) -> list[str]:
    """Everything a reader reads, each text once, without what was typed."""
    found = [word for card in gallery.everything for word in said(card)]
    found += [word for form in gallery.forms for word in form_words(form)]
    found += [word for _, objections in gallery.refusals for word in objections.values()]
    return list(dict.fromkeys(filter(None, found)))


def form_words(form: Form) -> Iterator[str]:
    for field in form.fields:
        if isinstance(field, Remark):
            yield field.body
            continue
        yield from (field.label, field.hint)
        if isinstance(field, Choice):
            yield from (label for _, label in field.options)


def unique(many: Iterable[Iterable[Any]]) -> list[Any]:
    return list(dict.fromkeys(one for some in many for one in some))
