"""Words as Block Kit writes them, within what Slack takes. Pure.

Sources: docs.slack.dev/reference/block-kit (blocks, elements, composition objects) and /reference/views.
"""

import re
from typing import Any

from bot.core.cards import Mention, pieces, plain

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
    "alt": 2000,  # what is said of a picture
    "beside": 60,  # facts up to this length stand two in a row
}
# What must not be cut in two: an entity or a link. Everything else goes by the character.
ATOM = re.compile(r"&(?:amp|lt|gt);|<[^<>]*>|.", re.S)
URL = re.compile(r"https?://(?:[^\s<>|&]|&amp;){1,500}(?<![.,;:!?)\]'\"])(?![^\s<>|&]{9})")


class TooLong(ValueError):
    """A name or value that would mean something else if it were cut."""


def sections(text: str, before: str = "", around: str = "") -> list[Block]:
    if not text.strip():
        return []
    if around:
        # The marks of bold must stand on one line each, and at words.
        lines = [f"{around}{line.strip()}{around}" if line.strip() else "" for line in marked(text).split("\n")]
        return [section(piece) for piece in divided("\n".join(lines))]
    # Slack's own quote ends with the line: each line gets its mark, also where a long text is divided.
    return [section(piece) for piece in divided(before + marked(text).replace("\n", f"\n{before}"), before)]


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


def fit(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def whole(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise TooLong(f"{what} has {len(text)} characters, Slack takes {limit}")
    return text


def header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text, "header")}


def section(text: str) -> Block:
    return {"type": "section", "text": mrkdwn(text)}


def mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: else Slack would make mentions of an @here or #channel that somebody merely wrote.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_text(text: str, limit: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": fit(plain(text).strip(), LIMITS[limit]) or "…", "emoji": True}
