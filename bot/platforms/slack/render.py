"""Cards and homes as Block Kit. Pure; what Slack refuses or cuts stands in texts.LIMITS."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, assert_never

from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Chart,
    Divider,
    Facts,
    Heading,
    Note,
    Part,
    Quote,
    Text,
    plain,
)
from bot.platforms.slack.texts import (
    LIMITS,
    Block,
    cut,
    divided,
    escaped,
    fit,
    header,
    marked,
    mrkdwn,
    plain_text,
    section,
    sections,
    whole,
)

NO_PICTURES: Mapping[Chart, str] = {}
BAR = 10  # the steps of a bar


def message(card: Card, pictures: Mapping[Chart, str] = NO_PICTURES) -> dict[str, Any]:
    """A card as arguments of chat.postMessage and chat.update; `text` is what notifications and screen readers say.

    `pictures`: the ids of the files that show its charts. A chart without one is said in words.
    """
    shown = _fitting(_card(card, pictures), LIMITS["blocks"], LIMITS["whole"])
    return {"text": cut(escaped(card.summary), LIMITS["fallback"]) or "…", "blocks": shown}


def home(card: Card, pictures: Mapping[Chart, str] = NO_PICTURES) -> dict[str, Any]:
    return {"type": "home", "blocks": _fitting(_card(card, pictures), LIMITS["view blocks"], LIMITS["view"])}


def _card(card: Card, pictures: Mapping[Chart, str]) -> list[Block]:
    found, numbers = _title(card.title), count()
    for part in card.parts:
        if isinstance(part, Chart) and part in pictures:
            found.append(_image(part, pictures[part]))
        else:
            found += _blocks(part, numbers)
    return found or [section("…")]


def _title(title: str) -> list[Block]:
    if not title:
        return []
    # A header is plain text: a mention in it would notify nobody.
    if title == plain(title) and len(title) <= LIMITS["header"]:
        return [header(title)]
    return sections(title, around="*")


def _blocks(part: Part, numbers: Iterator[int]) -> list[Block]:
    match part:
        case Text(body):
            return sections(body)
        case Heading(body):
            return sections(body, around="*")
        case Note(body):
            element = mrkdwn(cut(marked(body), LIMITS["context"]))
            return [{"type": "context", "elements": [element]}] if body.strip() else []
        case Quote(body):
            return sections(body, before="> ")
        case Facts(rows):
            return _facts(rows)
        case Bar(label, value, top, story) as bar:
            share = max(0.0, min(1.0, value / top)) if top else 0.0
            full = round(share * BAR)
            line = f"{marked(label)}  `{'█' * full}{'░' * (BAR - full)}`  {bar.figure}"
            found = [section(cut(line, LIMITS["section"]))]
            return found + (sections(story, before="> ") if story.strip() else [])
        case Chart():
            return _blocks(Note(part.alt), numbers)  # shown only in words
        case Divider():
            return [{"type": "divider"}]
        case Buttons(row):
            size = LIMITS["row"]
            buttons = [_button(button, next(numbers)) for button in row]
            return [{"type": "actions", "elements": buttons[at : at + size]} for at in range(0, len(buttons), size)]
        case _:
            assert_never(part)


def _image(chart: Chart, file: str) -> Block:
    alt = fit(plain(chart.alt).strip(), LIMITS["alt"]) or "…"
    return {"type": "image", "slack_file": {"id": file}, "alt_text": alt}


def _facts(rows: tuple[tuple[str, str], ...]) -> list[Block]:
    """Short ones two in a row; a long one as wide as it needs."""
    found, beside = list[Block](), list[Block]()

    def settle() -> None:
        for at in range(0, len(beside), LIMITS["fields"]):
            found.append({"type": "section", "fields": beside[at : at + LIMITS["fields"]]})
        beside.clear()

    for name, value in rows:
        line = f"*{marked(name)}*\n{marked(value) or '–'}"
        if max(len(plain(name)), len(plain(value))) <= LIMITS["beside"] and "\n" not in value:
            beside.append(mrkdwn(cut(line, LIMITS["field"])))
        else:
            settle()
            found += [section(piece) for piece in divided(line)]
    settle()
    return found


def _button(button: Button, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "button",
        # Two buttons of one message may not share an id: inbound takes the number off again.
        "action_id": whole(f"{button.action}#{number}", 255, "the name of an action"),
        "text": plain_text(button.label, "button"),
    }
    if button.value:  # Slack refuses an empty one
        found["value"] = whole(button.value, LIMITS["button value"], "the value of a button")
    if button.style != "plain":
        found["style"] = button.style
    return found


def _fitting(found: list[Block], most: int, room: int) -> list[Block]:
    """Not more blocks, nor more text, than Slack takes. The last row of buttons stays: it is what one can do."""
    kept = list[Block]()
    for block in found:
        room -= _size(block)
        if room >= 0 or block["type"] == "actions":
            kept.append(block)
    if len(kept) == len(found) and len(kept) <= most:
        return kept
    last = [kept[-1]] if kept and kept[-1]["type"] == "actions" else []
    body = kept[:-1] if last else kept
    return [*body[: most - 1 - len(last)], {"type": "context", "elements": [mrkdwn("…")]}, *last]


def _size(block: Block) -> int:
    texts = [block["text"]] if "text" in block else block.get("fields", ())
    return sum(len(text["text"]) for text in texts)
