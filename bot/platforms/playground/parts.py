"""The page around the messages, as HTML. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.core.cards import Card, Form
from bot.platforms.playground.chat import Chat
from bot.platforms.playground.completion import Completion
from bot.platforms.playground.people import BOT, CHANNELS, COMPANY, MEMBERS, TEAMS
from bot.platforms.playground.render import avatar, buttons_of, esc, icon, menu

HEAD = """<link rel="stylesheet" href="/playground/style.css"><script src="/playground/page.js"></script>"""
NO_HOME = '<p class="note">Nothing here yet.</p>'


def sidebar(chat: Chat, me: str, conversation: str) -> str:
    channels = "".join(
        _place("go", channel, f'<i class="hash">#</i>{channel}', _count(chat, me, channel), channel == conversation)
        for channel in CHANNELS
    )
    bot = f'{avatar(BOT, "small")}Kadens<em class="badge">APP</em>'
    direct = _place("go", BOT, bot, _count(chat, me, me), conversation == me)
    return (
        f'<div class="brand"><b>{COMPANY}</b><span>Kadens playground</span></div>{_switcher(chat, me)}'
        f"<h2>Channels</h2>{channels}<h2>Direct messages</h2>{direct}"
        f'<div class="foot"><button type="button" class="quiet" data-js="theme">{icon("theme")}Light or dark</button>'
        "<p>Everything stays on this computer.</p></div>"
    )


def _count(chat: Chat, account: str, conversation: str) -> int:
    return sum(chat.unread(account, conversation).values())


def _place(do: str, to: str, label: str, count: int, current: bool) -> str:
    badge = f'<span class="count" aria-label="{count} unread">{count}</span>' if count else ""
    words = f'class="place{" unread" if count else ""}" data-do="{do}" data-to="{esc(to)}"'
    return f'<button type="button" {words}{" aria-current=page" if current else ""}>{label}{badge}</button>'


def _switcher(chat: Chat, me: str) -> str:
    member, teams = MEMBERS[me], list[str]()
    for team in TEAMS:
        people = "".join(_person(chat, account, me) for account, each in MEMBERS.items() if each.team == team)
        teams.append(f"<h3>{team}</h3>{people}")
    return (
        f'<details class="menu me" data-testid="switcher"><summary title="Be somebody else">{avatar(me)}<span><b>'
        f"{esc(member.name)}</b><small>{esc(member.title)}</small></span>{icon('down')}</summary>"
        f'<div class="pop people" aria-label="Be somebody else">{"".join(teams)}</div></details>'
    )


def _person(chat: Chat, account: str, me: str) -> str:
    member, count = MEMBERS[account], _count(chat, account, account)
    badge = f'<span class="count" aria-label="{count} unread">{count}</span>' if count else ""
    current = " aria-current=true" if account == me else ""
    return (
        f'<button type="button" data-do="be" data-account="{account}"{current}>{avatar(account, "small")}'
        f"<span><b>{esc(member.name)}</b><small>{esc(member.title)} · {esc(member.city)} · {member.lang}</small></span>"
        f"{badge}</button>"
    )


def header(chat: Chat, me: str, conversation: str, tab: str) -> str:
    if conversation in CHANNELS:
        title = f'<h1><i class="hash">#</i>{conversation}</h1><p>{esc(CHANNELS[conversation])}</p>'
    else:
        tabs = "".join(
            f'<button type="button" role="tab" aria-selected="{str(tab == name).lower()}" data-do="tab" '
            f'data-name="{name}">{label}</button>'
            for name, label in (("messages", "Messages"), ("home", "Home"))
        )
        title = f'{avatar(BOT, "small")}<h1>Kadens</h1><div class="tabs" role="tablist">{tabs}</div>'
    elsewhere = any(_count(chat, me, each) for each in (*CHANNELS, me) if each != conversation)
    dot, label = ("<em></em>", "Conversations, some unread") if elsewhere else ("", "Conversations")
    menu = f'<button type="button" class="burger" data-js="nav" aria-label="{label}">{icon("menu")}{dot}</button>'
    return f'<div class="title">{menu}{title}</div>'


def clock(local: datetime, city: str) -> str:
    when = f"{local:%a} {local.day} {local:%b} <i>{local:%Y}</i>"
    words = f'data-testid="now" datetime="{local.isoformat(timespec="minutes")}" title="Local time in {esc(city)}"'
    return f"<time {words}>{icon('clock')}<span>{when}</span><b>{local:%H:%M}</b><small>{esc(city)}</small></time>"


def moves() -> str:
    return "".join(
        f'<button type="button" data-do="move" data-by="{by}" aria-label="{label}" title="{label}">{short}</button>'
        for by, short, label in (
            ("1", "+1 hour", "Move the clock an hour on"),
            ("24", "+1 day", "Move the clock a day on"),
            ("nudge", "Next nudge", "Move the clock to the next time Kadens writes by itself"),
        )
    )


def thread_header(conversation: str) -> str:
    where = f"#{conversation}" if conversation in CHANNELS else "Kadens"
    words = 'class="quiet" data-do="leave" aria-label="Close the thread" title="Close (Esc)"'
    close = f'<button type="button" {words}>{icon("close")}</button>'
    return f'<div class="title"><h1>Thread</h1><p>{esc(where)}</p></div>{close}'


def dialog(form: Form, fields: str) -> str:
    return (
        f'<h2>{esc(form.title)}</h2><div class="fields">{fields}</div><div class="buttons">'
        f'<button type="button" class="btn plain" data-do="cancel">{esc(form.cancel)}</button>'
        f'<button type="submit" class="btn primary">{esc(form.submit)}</button></div>'
    )


def begin(shortcuts: Mapping[str, str]) -> str:
    """The menu beside where one types."""
    items = "".join(
        f'<button type="button" data-do="begin" data-name="{esc(name)}">{esc(label)}</button>'
        for name, label in shortcuts.items()
    )
    return menu("plus", "Shortcuts", f'<div class="pop list">{items}</div>')


def suggestions(found: Completion, begun: str) -> str:
    """The list over the composer; `begun` is the text before the cursor that it belongs to."""
    items = list[str]()
    for n, item in enumerate(found.items):
        chosen = f'data-do="complete" data-insert="{esc(item.insert)}"'
        words = f'role="option" {chosen} aria-selected="{str(n == 0).lower()}"'
        face = avatar(item.account, "tiny") if item.account else ""
        label = f"<b>{esc(item.label)}</b><span>{esc(item.detail)}</span>"
        items.append(f'<button type="button" {words}>{face}{label}</button>')
    told = f'role="listbox" aria-label="Suggestions" data-start="{found.start}" data-begun="{esc(begun)}"'
    return f"<div {told}>{''.join(items)}</div>"


def toast(words: str, key: str) -> str:
    return f'<p class="toast" data-key="{esc(key)}">{esc(words)}</p>'


def reached(names: Sequence[str]) -> str:
    if not names:
        return "Nothing was due until then."
    most = [*names[:2], f"{len(names) - 2} others"] if len(names) > 3 else list(names)
    return f"Kadens wrote to {' and '.join(filter(None, (', '.join(most[:-1]), most[-1])))}."


def talks(card: Card) -> bool:
    """Whether the card asks something that is answered in its thread: then its buttons name the question."""
    return any(button.action.startswith("talk.") and "|" in button.value for button in buttons_of(card))
