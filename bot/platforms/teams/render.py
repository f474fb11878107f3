"""Cards as Adaptive Cards 1.5. Pure.

Nobody but us writes markdown: every word is escaped, so that what people type stays what they typed.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from bot.core import pictures
from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Chart,
    Divider,
    Facts,
    Heading,
    Mention,
    Note,
    Part,
    Quote,
    Text,
    pieces,
    plain,
)

Json = dict[str, Any]

CONTENT = "application/vnd.microsoft.card.adaptive"
OURS = "kadens"  # inputs arrive beside the data of a button: ours stands under one key
LIMITS: Mapping[str, int] = {
    "message": 26_000,  # bytes of a card; a whole message may have 28 KB, and mentions and summary want their share
    "row": 5,  # buttons beside each other; Teams hides what is more than six
    "label": 100,  # characters of a button, an option, a fact's name
    "title": 200,
    "summary": 250,  # what a notification shows
    "expanded": 5,  # options shown all at once; more of them go into a list
    "cells": 10,  # of a bar
    "alt": 1000,
}
CUTS = (None, 3000, 1500, 800, 400, 200, 100, 50)  # how long a text may be, tried in turn until the card fits
STYLE = {"plain": "default", "primary": "positive", "danger": "destructive"}
SPECIAL = re.compile(r"([\\`*_\[\]])")
# What begins a heading, a list, a quote, a rule or a code block at the start of a line.
OPENING = re.compile(r"^(?=[#>+=~-]|\d+[.)])", re.MULTILINE)
NOTHING = "\u200b"  # has no width, and stops markdown from seeing what it stands before
# A link in angle brackets, a mention nobody meant, an entity, a word struck out.
MARKUP = re.compile(r"[<&](?=[a-zA-Z/!?#])|~(?=~)")


@dataclass
class Pen:
    """Writes the texts of one card: none longer than `cut`, and remembers whom they mention. Draws so many pictures."""

    cut: int | None = None
    pictures: int = 0
    mentions: dict[str, Json] = field(default_factory=dict)

    def __call__(self, body: str) -> str:
        room, said = self.cut, list[str]()
        for piece in pieces(body.strip()):  # four spaces before a line would make it code
            if isinstance(piece, Mention):
                said.append(self._mention(piece))
                continue
            if room is not None and len(piece) > room:
                said.append(escape(piece[:room].rstrip()) + "…")
                break
            said.append(escape(piece))
            room = room - len(piece) if room is not None else None
        return "".join(said) or NOTHING

    def _mention(self, who: Mention) -> str:
        name = " ".join(re.sub(r"[<>&\\`*_\[\]#~|]", " ", who.name).split())[:80] or "?"
        # Two people of one name need two texts: it is by the text that Teams finds whom we mean.
        while self.mentions.get(text := f"<at>{name}</at>", {"id": who.account})["id"] != who.account:
            name += NOTHING
        self.mentions[text] = {"id": who.account, "name": who.name[:80] or "?"}
        return text

    @property
    def entities(self) -> list[Json]:
        return [{"type": "mention", "text": text, "mentioned": who} for text, who in self.mentions.items()]


def escape(text: str) -> str:
    """Plain words for a place that reads markdown. A line stays a line."""
    text = SPECIAL.sub(r"\\\1", text)
    text = MARKUP.sub(lambda found: found[0] + NOTHING, text)
    text = re.sub(r"\s*\n\s*", "\n\n", text)  # one line break alone is a space in markdown
    return OPENING.sub(NOTHING, text)


def short(text: str, limit: int) -> str:
    text = plain(text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def size(content: Json) -> int:
    """Bytes on the wire."""
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def message(card: Card) -> Json:
    """A card's content, cut until it fits: pictures become words before words are cut."""
    charts = sum(isinstance(part, Chart) for part in card.parts)
    for pen in (*(Pen(None, drawn) for drawn in range(charts, 0, -1)), *map(Pen, CUTS)):
        content = _message(card, pen)
        if size(content) <= LIMITS["message"]:
            return content
    return _without_the_middle(content)


def summary(card: Card) -> str:
    return short(card.summary, LIMITS["summary"])


def _message(card: Card, pen: Pen) -> Json:
    body, apart = list[Json](), False
    if card.title:
        body.append(block(pen(card.title)) | {"weight": "bolder", "size": "large", "style": "heading"})
    for part in card.parts:
        if isinstance(part, Divider):
            apart = bool(body)
            continue
        drawn = _part(part, pen)
        if apart and drawn:
            drawn[0] |= {"separator": True, "spacing": "medium"}
            apart = False
        body += drawn
    return card_content(body or [block(NOTHING)], pen, summary(card))


def _without_the_middle(content: Json) -> Json:
    """More parts than fit: the last ones go, but never the buttons."""
    body: list[Json] = content["body"]
    more = block("…")
    while size(content | {"body": [*body, more]}) > LIMITS["message"]:
        last = next((n for n in range(len(body) - 1, 0, -1) if body[n]["type"] != "ActionSet"), len(body) - 1)
        body = body[:last] + body[last + 1 :]
    return content | {"body": [*body, more]}


def card_content(body: list[Json], pen: Pen, spoken: str) -> Json:
    teams: Json = {"width": "Full"}
    if pen.mentions:
        teams["entities"] = pen.entities
    return {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": body,
        "fallbackText": spoken or NOTHING,
        "speak": spoken or NOTHING,
        "msteams": teams,
    }


def _part(part: Part, pen: Pen) -> list[Json]:
    match part:
        case Text(body):
            return [block(pen(body))]
        case Heading(body):
            return [block(pen(body)) | {"weight": "bolder", "size": "medium", "style": "heading"}]
        case Note(body):
            return [block(pen(body)) | {"isSubtle": True, "size": "small"}]
        case Quote(body):
            return [{"type": "Container", "style": "emphasis", "items": [block(pen(body))]}]
        case Facts(rows):
            facts = [
                {"title": escape(short(name.strip(), LIMITS["label"])), "value": pen(value)} for name, value in rows
            ]
            return [{"type": "FactSet", "facts": facts}] if facts else []
        case Bar():
            return _bar(part, pen)
        case Chart() if pen.pictures:
            pen.pictures -= 1
            return [_picture(part)]
        case Chart(alt=alt):
            return _part(Note(alt), pen)
        case Buttons(row):
            actions, most = [_button(button) for button in row], LIMITS["row"]
            cuts = range(0, len(actions), most)
            return [{"type": "ActionSet", "actions": actions[at : at + most]} for at in cuts]
        case Divider():
            return []  # drawn as the line above what follows
        case _:
            assert_never(part)


def _name(fact: str) -> str:
    return escape(short(fact.strip(), LIMITS["label"])) or NOTHING


def _bar(bar: Bar, pen: Pen) -> list[Json]:
    cells = int(bar.top) if 1 <= bar.top <= LIMITS["cells"] and bar.top == int(bar.top) else LIMITS["cells"]
    full = min(cells, max(0, round(bar.value / bar.top * cells))) if bar.top else 0
    figure = f"{pen(bar.label)}  {'●' * full}{'○' * (cells - full)}  {bar.figure}"
    drawn = [block(figure)]
    if bar.story:
        drawn.append(block(pen(bar.story)) | {"isSubtle": True, "spacing": "none"})
    return drawn


def _picture(chart: Chart) -> Json:
    """In the card itself: there is no address that everybody in the company could fetch it from."""
    url = f"data:image/png;base64,{base64.b64encode(pictures.drawn(chart)).decode()}"
    width = f"{pictures.SIZE[0] // 2}px"
    return {"type": "Image", "url": url, "altText": short(chart.alt, LIMITS["alt"]) or NOTHING, "width": width}


def _button(button: Button) -> Json:
    data: Json = {OURS: {"action": button.action, "value": button.value}}
    if button.opens:
        data["msteams"] = {"type": "task/fetch"}
    title = short(button.label, LIMITS["label"]) or NOTHING
    return {"type": "Action.Submit", "title": title, "style": STYLE[button.style], "data": data}


def block(text: str) -> Json:
    return {"type": "TextBlock", "text": text, "wrap": True}
