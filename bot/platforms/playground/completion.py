"""What may follow while somebody types: commands behind a slash, people behind an @, values behind a #. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.platforms.playground.people import GROUPS, MEMBERS

MOST = 8
TOKEN = re.compile(r"(?:^|(?<=\s))[@#][^\s@#]*$")


@dataclass(frozen=True, slots=True)
class Suggestion:
    insert: str
    label: str
    detail: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    start: int  # where in the text the completed word begins
    items: tuple[Suggestion, ...]


def complete(text: str, at: int, commands: Mapping[str, str], values: Sequence[str]) -> Completion | None:
    """What fits the word before the cursor; None when nothing does, or when it stands there whole already.

    `commands` are described by their names, with prefix; of two words ("kadens manager") once the second is begun.
    """
    typed = text[:at]
    if typed.startswith("/") and typed == text.rstrip():
        begun = typed[1:].lower()
        fits = {name: told for name, told in commands.items() if name.startswith(begun)}
        items = [Suggestion(f"/{n}", f"/{n}", told) for n, told in fits.items() if n.count(" ") == begun.count(" ")]
        if items and not begun.endswith(" "):
            return _unless_whole(0, typed, items)
    if not (token := TOKEN.search(typed)):
        return None
    begun = token[0][1:].lower()
    if token[0].startswith("#"):
        items = [Suggestion(f"#{value}", f"#{value}", "") for value in values if value.lower().startswith(begun)]
    else:
        items = _people(begun)
    return _unless_whole(token.start(), token[0], items)


def _people(begun: str) -> list[Suggestion]:
    people = [
        Suggestion(f"@{member.name}", member.name, f"{member.title} · {member.team}", member.account)
        for member in MEMBERS.values()
        if any(word.startswith(begun) for word in member.name.lower().split())
    ]
    groups = [
        Suggestion(f"@{group}", f"@{group}", f"{len(members)} people")
        for group, members in GROUPS.items()
        if group.startswith(begun)
    ]
    bot = [Suggestion("@Kadens", "Kadens", "The bot", "kadens")] if "kadens".startswith(begun) else []
    return people + groups + bot


def _unless_whole(start: int, typed: str, items: list[Suggestion]) -> Completion | None:
    if not items or (len(items) == 1 and items[0].insert == typed):
        return None
    return Completion(start, tuple(items[:MOST]))
