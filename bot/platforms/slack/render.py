"""Cards, forms and homes as Block Kit. Pure; what Slack refuses or cuts stands in LIMITS.

Sources: docs.slack.dev/reference/block-kit (blocks, elements, composition objects) and /reference/views.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, assert_never

from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Choice,
    Day,
    Divider,
    Facts,
    Field,
    Form,
    Heading,
    Mention,
    Note,
    Part,
    PeoplePicker,
    Quote,
    Remark,
    Scale,
    Text,
    TextBox,
    pieces,
    plain,
)

Block = dict[str, Any]

LIMITS = {  # characters, where nothing else is said
    "blocks": 50,  # in a message
    "view blocks": 100,
    "header": 150,
    "section": 3000,
    "context": 2000,  # Slack names no limit here; a note is short anyway
    "field": 2000,
    "fields": 10,  # in a section
    "button": 75,
    "button value": 2000,
    "row": 5,  # buttons in a block: Slack takes 25, a phone shows five at a time well
    "modal title": 24,
    "metadata": 3000,
    "label": 2000,
    "hint": 2000,
    "option": 75,
    "option value": 150,
    "options": 100,
    "boxes": 10,  # radio buttons or checkboxes
    "radio": 5,  # more than so many radio buttons are a long way down on a phone
    "input": 3000,
    "fallback": 3000,
    "whole": 12_000,  # of all texts of a message: above about 13,000 Slack answers msg_blocks_too_long
    "view": 100_000,  # of a home
    "sections": 4,  # into which one long text is divided before it is cut
    "beside": 60,  # facts up to this length stand two in a row
}
BAR = 10  # the steps of a bar
NOTHING = "∅"  # Slack refuses an option without a value

# What must not be cut in two: an entity or a link. Everything else goes by the character.
ATOM = re.compile(r"&(?:amp|lt|gt);|<[^<>]*>|.", re.S)
URL = re.compile(r"https?://(?:[^\s<>|&]|&amp;){1,500}(?<![.,;:!?)\]'\"])(?![^\s<>|&]{9})")


class TooLong(ValueError):
    """A name or value that would mean something else if it were cut."""


def message(card: Card) -> dict[str, Any]:
    """A card as arguments of chat.postMessage and chat.update; `text` is what notifications and screen readers say."""
    shown = _fitting(_card(card), LIMITS["blocks"], LIMITS["whole"])
    return {"text": cut(escaped(card.summary), LIMITS["fallback"]) or "…", "blocks": shown}


def home(card: Card) -> dict[str, Any]:
    return {"type": "home", "blocks": _fitting(_card(card), LIMITS["view blocks"], LIMITS["view"])}


def _card(card: Card) -> list[Block]:
    found, numbers = _title(card.title), count()
    for part in card.parts:
        found += _blocks(part, numbers)
    return found or [_section("…")]


def modal(form: Form) -> dict[str, Any]:
    """A form as a view. What it is about and where it was opened travel in private_metadata."""
    found = list[Block]()
    if len(plain(form.title)) > LIMITS["modal title"]:
        found.append(_header(plain(form.title)))  # the title bar has room for 24 characters only
    for field in form.fields:
        found += _input(field)
    return {
        "type": "modal",
        "callback_id": _whole(form.id, 255, "the id of a form"),
        "private_metadata": _whole(carried(form), LIMITS["metadata"], "what a form carries"),
        "title": _plain(form.title, "modal title"),
        "submit": _plain(form.submit, "modal title"),
        "close": _plain(form.cancel, "modal title"),
        "blocks": found[: LIMITS["view blocks"]],
    }


def carried(form: Form) -> str:
    """What comes back with the submission; inbound reads it."""
    place = form.place
    where = [place.workspace, place.conversation, place.thread, place.kind] if place else None
    return json.dumps({"value": form.value, "place": where}, separators=(",", ":"))


def refusals(objections: Mapping[str, str], inputs: Iterable[str]) -> dict[str, str]:
    """Objections by block_id. Slack shows only those that name an input: the rest stand at the first one."""
    known = list(inputs)
    errors = dict[str, str]()
    for field, words in objections.items():
        at = field if field in known else known[0] if known else field
        errors[at] = _fit(f"{errors[at]} {plain(words)}" if at in errors else plain(words), LIMITS["hint"])
    return errors


def _title(title: str) -> list[Block]:
    if not title:
        return []
    # A header is plain text: a mention in it would notify nobody.
    if title == plain(title) and len(title) <= LIMITS["header"]:
        return [_header(title)]
    return _sections(title, around="*")


def _blocks(part: Part, numbers: Iterator[int]) -> list[Block]:
    match part:
        case Text(body):
            return _sections(body)
        case Heading(body):
            return _sections(body, around="*")
        case Note(body):
            element = _mrkdwn(cut(marked(body), LIMITS["context"]))
            return [{"type": "context", "elements": [element]}] if body.strip() else []
        case Quote(body):
            return _sections(body, before="> ")
        case Facts(rows):
            return _facts(rows)
        case Bar(label, value, top, story):
            share = max(0.0, min(1.0, value / top)) if top else 0.0
            full = round(share * BAR)
            line = f"{marked(label)}  `{'█' * full}{'░' * (BAR - full)}`  {value:g}/{top:g}"
            found = [_section(cut(line, LIMITS["section"]))]
            return found + (_sections(story, before="> ") if story.strip() else [])
        case Divider():
            return [{"type": "divider"}]
        case Buttons(row):
            size = LIMITS["row"]
            buttons = [_button(button, next(numbers)) for button in row]
            return [{"type": "actions", "elements": buttons[at : at + size]} for at in range(0, len(buttons), size)]
        case _:
            assert_never(part)


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
            beside.append(_mrkdwn(cut(line, LIMITS["field"])))
        else:
            settle()
            found += [_section(piece) for piece in divided(line)]
    settle()
    return found


def _button(button: Button, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "button",
        # Two buttons of one message may not share an id: inbound takes the number off again.
        "action_id": _whole(f"{button.action}#{number}", 255, "the name of an action"),
        "text": _plain(button.label, "button"),
    }
    if button.value:  # Slack refuses an empty one
        found["value"] = _whole(button.value, LIMITS["button value"], "the value of a button")
    if button.style != "plain":
        found["style"] = button.style
    return found


def _input(field: Field) -> list[Block]:
    match field:
        case Remark(body):
            return _sections(body)
        case TextBox(id, label, value, limit, lines, optional, hint):
            most = max(1, min(limit, LIMITS["input"]))
            element: dict[str, Any] = {"type": "plain_text_input", "multiline": lines, "max_length": most}
            element |= {"initial_value": plain(value)[:most]} if value else {}
        case Choice(id, label, options, value, many, optional, hint):
            if not options:  # Slack refuses a choice of nothing, and nothing could be chosen
                return []
            element = _choice(options, value, many)
        case PeoplePicker(id, label, people, many, optional, hint):
            accounts = list(dict.fromkeys(person.account for person in people))
            if many:
                element = {"type": "multi_users_select"} | ({"initial_users": accounts} if accounts else {})
            else:
                element = {"type": "users_select"} | ({"initial_user": accounts[0]} if accounts else {})
        case Day(id, label, day, optional, hint):
            element = {"type": "datepicker"} | ({"initial_date": day.isoformat()} if day else {})
        case Scale(id, label, low, high, number, optional, hint):
            steps = tuple((str(step), str(step)) for step in range(low, high + 1))
            element = _select(steps, [str(number)] if number is not None else [], many=False)
        case _:
            assert_never(field)
    found: Block = {
        "type": "input",
        "block_id": _whole(id, 255, "the id of a field"),
        "label": _plain(label, "label"),
        "element": {**element, "action_id": id},
        "optional": optional,
    }
    return [found | ({"hint": _plain(hint, "hint")} if hint else {})]


def _choice(options: tuple[tuple[str, str], ...], value: str, many: bool) -> dict[str, Any]:
    chosen = value.split(",") if many else [value]
    if len(options) > (LIMITS["boxes"] if many else LIMITS["radio"]):
        return _select(options, chosen, many)
    boxes, first = _options(options), [option for option in _options(options) if option["value"] in chosen]
    if many:
        return {"type": "checkboxes", "options": boxes} | ({"initial_options": first} if first else {})
    return {"type": "radio_buttons", "options": boxes} | ({"initial_option": first[0]} if first else {})


def _select(options: tuple[tuple[str, str], ...], chosen: list[str], many: bool) -> dict[str, Any]:
    all = _options(options)
    first = [option for option in all if option["value"] in chosen]
    if many:
        return {"type": "multi_static_select", "options": all} | ({"initial_options": first} if first else {})
    return {"type": "static_select", "options": all} | ({"initial_option": first[0]} if first else {})


def _options(options: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    return [
        {"text": _plain(label, "option"), "value": _whole(value, LIMITS["option value"], "an option") or NOTHING}
        for value, label in options[: LIMITS["options"]]
    ]


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
    return [*body[: most - 1 - len(last)], {"type": "context", "elements": [_mrkdwn("…")]}, *last]


def _size(block: Block) -> int:
    texts = [block["text"]] if "text" in block else block.get("fields", ())
    return sum(len(text["text"]) for text in texts)


def _sections(text: str, before: str = "", around: str = "") -> list[Block]:
    if not text.strip():
        return []
    if around:
        # The marks of bold must stand on one line each, and at words.
        lines = [f"{around}{line.strip()}{around}" if line.strip() else "" for line in marked(text).split("\n")]
        return [_section(piece) for piece in divided("\n".join(lines))]
    # Slack's own quote ends with the line: each line gets its mark, also where a long text is divided.
    return [_section(piece) for piece in divided(before + marked(text).replace("\n", f"\n{before}"), before)]


def marked(text: str) -> str:
    """A text as Slack's mrkdwn: mentions notify, addresses are links, and nothing else a person wrote does anything."""
    return "".join(
        f"<@{piece.account}>" if isinstance(piece, Mention) else URL.sub(r"<\g<0>>", escaped(piece))
        for piece in pieces(text)
    )


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def divided(text: str, before: str = "") -> list[str]:
    """A long text in a few sections, at line ends or spaces where there are some; what is still over is cut with …"""
    found, limit = list[str](), LIMITS["section"]
    while len(text) > limit and len(found) < LIMITS["sections"] - 1:
        head = _atoms(text, limit)
        at = head.rfind("\n") if head.rfind("\n") > limit // 2 else head.rfind(" ")
        if at > limit // 2 and head.rfind("<", 0, at) <= head.rfind(">", 0, at):
            head = head[:at]
        found.append(head)
        rest = text[len(head) :].lstrip(" ")
        text = rest.lstrip("\n") if rest.startswith("\n") else before + rest
    return [*found, cut(text, limit)]


def cut(text: str, limit: int) -> str:
    """Marked or escaped text within the limit, ending in … where it was cut, and never inside an entity or a link."""
    return text if len(text) <= limit else _atoms(text, limit - 1).rstrip() + "…"


def _atoms(text: str, limit: int) -> str:
    end = 0
    for atom in ATOM.finditer(text):
        if atom.end() > limit:
            break
        end = atom.end()
    return text[:end]


def _fit(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _whole(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise TooLong(f"{what} has {len(text)} characters, Slack takes {limit}")
    return text


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain(text, "header")}


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: else Slack would make mentions of an @here or #channel that somebody merely wrote.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str, limit: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": _fit(plain(text).strip(), LIMITS[limit]) or "…", "emoji": True}
