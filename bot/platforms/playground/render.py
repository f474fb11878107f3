"""Messages, cards and forms as HTML. Pure; everything that people or cards say goes through `esc`.

What can be clicked carries `data-do` (what) and further `data-` words (on what): the page listens in one place.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import assert_never
from zoneinfo import ZoneInfo

from bot.core import pictures
from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Chart,
    Divider,
    Facts,
    File,
    Heading,
    Mention,
    Note,
    Part,
    Quote,
    Text,
    pieces,
    plain,
)
from bot.core.paper import content
from bot.platforms.playground.chat import Message
from bot.platforms.playground.people import BOT, MEMBERS, Member, name_of

EMOJIS: Mapping[str, str] = {
    "raised_hands": "🙌",
    "clap": "👏",
    "tada": "🎉",
    "heart": "❤️",
    "+1": "👍",
    "rocket": "🚀",
    "eyes": "👀",
    "bulb": "💡",
    "smile": "😄",
    "pray": "🙏",
    "muscle": "💪",
    "white_check_mark": "✅",
}
HUES = ("teal", "rose", "amber", "indigo", "moss", "plum", "sky", "clay", "slate", "berry", "olive", "steel")
ICONS: Mapping[str, str] = {
    "smile": '<circle cx="12" cy="12" r="9"/><path d="M8.5 14.5c1.8 2.4 5.2 2.4 7 0M9 9.5v.2M15 9.5v.2"/>',
    "reply": '<path d="M20 12a8 8 0 0 1-11.5 7.2L4 20l1-4A8 8 0 1 1 20 12Z"/>',
    "more": '<path d="M5.5 12h.2M12 12h.2M18.5 12h.2"/>',
    "close": '<path d="M6 6l12 12M18 6L6 18"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "down": '<path d="M7 10l5 5 5-5"/>',
    "send": '<path d="M5 12h13M12.5 6l6 6-6 6"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>',
    "theme": '<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z"/>',
    "file": '<path d="M13 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9l-6-6Z"/><path d="M13 3v6h6M9 15h6"/>',
    "plus": '<path d="M12 5.5v13M5.5 12h13"/>',
    "eye": '<path d="M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6Z"/><circle cx="12" cy="12" r="2.6"/>',
}


def esc(text: object) -> str:
    return escape(str(text), quote=True)


def icon(name: str) -> str:
    return f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{ICONS[name]}</svg>'


def rich(text: str) -> str:
    """A text with its mentions as chips."""
    return "".join(
        f'<span class="mention">@{esc(piece.name.removeprefix("@"))}</span>'
        if isinstance(piece, Mention)
        else esc(piece)
        for piece in pieces(text)
    )


def avatar(account: str, size: str = "") -> str:
    if account == BOT:
        return f'<span class="avatar bot {size}" aria-hidden="true"><i></i><i></i><i></i></span>'
    hue = HUES[list(MEMBERS).index(account) % len(HUES)]
    return f'<span class="avatar {hue} {size}" aria-hidden="true">{esc(MEMBERS[account].initials)}</span>'


# -- cards


def card_html(card: Card, below: str = "") -> str:
    """The card; its buttons are numbered, so that one that is pressed is found again. `below`: HTML of our own."""
    parts, number = list[str](), 0
    for part in card.parts:
        parts.append(_part(part, number))
        number += len(part.row) if isinstance(part, Buttons) else 0
    if not card.title and not below:
        return f'<div class="said">{"".join(parts)}</div>'
    title = f"<h3>{rich(card.title)}</h3>" if card.title else ""
    return f'<section class="card">{title}{"".join(parts)}{below}</section>'


def buttons_of(card: Card) -> list[Button]:
    """All buttons of a card, in the order in which they are numbered on the page."""
    return [button for part in card.parts if isinstance(part, Buttons) for button in part.row]


def _part(part: Part, number: int) -> str:
    match part:
        case Text(body):
            return f"<p>{rich(body)}</p>"
        case Heading(body):
            return f"<h4>{rich(body)}</h4>"
        case Note(body):
            return f'<p class="note">{rich(body)}</p>'
        case Quote(body):
            return f"<blockquote>{rich(body)}</blockquote>"
        case Facts(rows):
            return (
                f"<dl>{''.join(f'<div><dt>{rich(name)}</dt><dd>{rich(value)}</dd></div>' for name, value in rows)}</dl>"
            )
        case Bar():
            return _bar(part)
        case Chart():
            return _chart(part)
        case Divider():
            return "<hr>"
        case Buttons(row):
            return f'<div class="buttons">{"".join(_button(b, number + n) for n, b in enumerate(row))}</div>'
        case _:
            assert_never(part)


def _bar(bar: Bar) -> str:
    share = max(0.0, min(1.0, bar.value / bar.top)) if bar.top else 0.0
    figure = bar.figure.replace("/", " / ")
    story = f'<p class="note">{rich(bar.story)}</p>' if bar.story else ""
    return (
        f'<div class="bar"><div class="label"><span>{rich(bar.label)}</span><span>{figure}</span></div>'
        f'<div class="track" role="img" aria-label="{esc(figure)}"><div style="width:{share:.0%}"></div></div>'
        f"{story}</div>"
    )


def _chart(chart: Chart) -> str:
    width, height = (side // 2 for side in pictures.SIZE)
    picture = base64.b64encode(pictures.drawn(chart)).decode()
    size = f'width="{width}" height="{height}"'
    return f'<img class="chart" {size} src="data:image/png;base64,{picture}" alt="{esc(plain(chart.alt))}">'


def _button(button: Button, number: int) -> str:
    words = f'class="btn {button.style}" data-do="press" data-n="{number}"'
    return f'<button type="button" {words}>{esc(button.label)}</button>'


# -- messages


@dataclass(frozen=True, slots=True)
class Row:
    """One message as one person sees it, where it stands."""

    message: Message
    reader: Member
    begins: bool  # the first of its author's in a row: with face and name
    day: bool  # the first of its day
    replies: Sequence[Message] = ()
    unread: int = 0  # of the replies
    in_thread: bool = False
    shortcuts: Mapping[str, str] = field(default_factory=dict)


def message_html(row: Row) -> str:
    message, at = row.message, row.message.at.astimezone(ZoneInfo(row.reader.zone))
    divider = f'<div class="day"><span>{day_name(at)}</span></div>' if row.day else ""
    time = f'<time datetime="{at.isoformat()}">{at:%H:%M}</time>'
    if row.begins:
        badge = '<span class="badge">APP</span>' if message.author == BOT else ""
        head = f'<div class="head"><b>{esc(name_of(message.author))}</b>{badge}{time}</div>'
        side = avatar(message.author)
    else:
        head, side = "", time
    only = f'<div class="only">{icon("eye")}Only visible to you</div>' if message.only_for else ""
    kind = "message" + (" begins" if row.begins else "") + (" whisper" if message.only_for else "")
    tools = "" if message.deleted else _tools(row)
    return (
        f'{divider}<article class="{kind}" data-testid="message" data-id="{message.id}" '
        f'aria-label="{esc(name_of(message.author))}, {at:%H:%M}"><div class="side">{side}</div>'
        f'<div class="body">{only}{head}{_content(message)}{_reactions(row)}{_thread_link(row)}</div>{tools}</article>'
    )


def _content(message: Message) -> str:
    if message.deleted:
        return '<p class="gone">This message was deleted.</p>'
    if message.card:
        return card_html(message.card, file_html(message.id, message.file) if message.file else "")
    edited = ' <span class="edited">(edited)</span>' if message.edited else ""
    return f'<div class="said"><p>{rich(message.text)}{edited}</p></div>'


def file_html(id: str, file: File) -> str:
    size = len(content(file))
    kind = file.name.rpartition(".")[2].upper()
    told = f"{kind} · {size / 1024:,.0f} KB" if size >= 1024 else f"{kind} · {size} bytes"
    words = f'class="file" href="/files/{esc(id)}" download="{esc(file.name)}"'
    return f"<a {words}>{icon('file')}<span><b>{esc(file.name)}</b><small>{esc(told)}</small></span></a>"


def _reactions(row: Row) -> str:
    chips = list[str]()
    for emoji, accounts in row.message.reactions.items():
        mine = row.reader.account in accounts
        names = ", ".join("you" if account == row.reader.account else name_of(account) for account in accounts)
        words = (
            f'data-do="react" data-id="{row.message.id}" data-emoji="{esc(emoji)}" aria-pressed="{str(mine).lower()}"'
        )
        label = f'title="{esc(names)}" aria-label="{esc(emoji)}, {len(accounts)}: {esc(names)}"'
        face = EMOJIS.get(emoji, f":{esc(emoji)}:")
        chips.append(f'<button type="button" class="chip" {words} {label}>{face}<span>{len(accounts)}</span></button>')
    return f'<div class="chips" data-do="react">{"".join(chips)}</div>' if chips else ""


def _thread_link(row: Row) -> str:
    if not row.replies or row.in_thread:
        return ""
    faces = "".join(avatar(account, "tiny") for account in list(dict.fromkeys(m.author for m in row.replies))[:4])
    count = len(row.replies)
    zone = ZoneInfo(row.reader.zone)
    last, began = row.replies[-1].at.astimezone(zone), row.message.at.astimezone(zone)
    when = f"{last:%H:%M}" if last.date() == began.date() else f"{last.day} {last:%b}, {last:%H:%M}"
    new = f'<span class="new">{row.unread} new</span>' if row.unread else f'<span class="last">last {when}</span>'
    answers = "1 reply" if count == 1 else f"{count} replies"
    return (
        '<button type="button" class="thread-link" data-do="thread">'
        f"<span class='faces'>{faces}</span><b>{answers}</b>{new}</button>"
    )


def _tools(row: Row) -> str:
    message, tools = row.message, list[str]()
    if not message.only_for:
        tools.append(menu("smile", "Add a reaction", f'<div class="pop emojis" data-do="react">{PICKER}</div>'))
        if not row.in_thread:
            words = 'data-do="thread" aria-label="Reply in thread" title="Reply in thread"'
            tools.append(f'<button type="button" {words}>{icon("reply")}</button>')
    items = [_item(f'choose" data-name="{esc(name)}', label) for name, label in row.shortcuts.items()]
    if message.author == row.reader.account:
        items += [_item("edit", "Edit message"), _item("delete", "Delete message")]
    if items and not message.only_for:
        tools.append(menu("more", "More", f'<div class="pop list">{"".join(items)}</div>'))
    return f'<div class="tools">{"".join(tools)}</div>' if tools else ""


PICKER = "".join(
    f'<button type="button" data-emoji="{name}" aria-label="{name}" title="{name}">{face}</button>'
    for name, face in EMOJIS.items()
)


def menu(image: str, label: str, content: str) -> str:
    summary = f'<summary aria-label="{label}" title="{label}">{icon(image)}</summary>'
    return f'<details class="menu">{summary}{content}</details>'


def _item(do: str, label: str) -> str:
    return f'<button type="button" data-do="{do}">{esc(label)}</button>'


def day_name(at: datetime) -> str:
    return f"{at:%A} {at.day} {at:%B %Y}"
