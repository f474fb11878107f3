"""What a person does in the page, as events. Pure: the clock and the numbers come in."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from bot.core.cards import BAR, MENTION, OPEN, SHUT, Button, Form, PeoplePicker, Remark, clean
from bot.core.events import Action, Command, Opened, Reaction, Rewritten, Shortcut, Submission, Words
from bot.core.people import Person
from bot.platforms.playground.chat import Message, place
from bot.platforms.playground.people import BOT, GROUPS, MEMBERS, name_of, person_of


def _names() -> Mapping[str, str]:
    """Everything one can write behind an @, in small letters, and the account or group it names."""
    known = {"kadens": BOT, **{group: group for group in GROUPS}}
    for member in MEMBERS.values():
        known |= {member.account: member.account, member.name.lower(): member.account}
    return known


NAMES = _names()
# The longest first, or "@Mila Jansen" would be Mila followed by a word.
AT = re.compile(rf"(?<!\w)@({'|'.join(sorted(map(re.escape, NAMES), key=len, reverse=True))})(?!\w)", re.IGNORECASE)
COMMAND = re.compile(r"/(\S+)\s*(.*)", re.DOTALL)


def resolve(typed: str) -> str:
    """What a person typed, with mentions that notify instead of names behind an @."""

    def mentioned(found: re.Match[str]) -> str:
        account = NAMES[found[1].lower()]
        return f"{OPEN}{account}{BAR}{account if account in GROUPS else name_of(account)}{SHUT}"

    return AT.sub(mentioned, clean(typed).strip())


def named(text: str) -> list[str]:
    """The accounts and groups a resolved text mentions."""
    return [found[1] for found in MENTION.finditer(text)]


class NoSuchCommand(LookupError):
    """There is no such command."""


@dataclass
class Inbound:
    commands: tuple[str, ...]
    clock: Callable[[], datetime]
    prefix: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def _base(self, actor: str, conversation: str, thread: str | None = None, opens: bool = False) -> dict[str, Any]:
        return {
            "id": f"playground/{next(self.numbers)}",
            "actor": MEMBERS[actor].stranger,
            "place": place(conversation, thread),
            "at": self.clock(),
            "opens": opens,
        }

    def command(self, actor: str, conversation: str, thread: str | None, text: str) -> Command | None:
        """The slash command this resolved text is, or None. Raises NoSuchCommand for a slash nobody knows."""
        if not (found := COMMAND.fullmatch(text)):
            return None
        name = found[1].lower().removeprefix(self.prefix)
        if name not in self.commands:
            raise NoSuchCommand(found[1])
        return Command(
            **self._base(actor, conversation, thread, opens=True),
            name=name,
            text=found[2],
            mentions=_people(found[2]),
            groups=tuple(group for group in named(found[2]) if group in GROUPS),
        )

    def words(self, message: Message) -> Words | None:
        """What was said, where it was said to the bot: in its direct conversation, or by its name."""
        if message.conversation != message.author and BOT not in named(message.text):
            return None
        base = self._base(message.author, message.conversation, message.thread)
        text = message.text.replace(f"{OPEN}{BOT}{BAR}Kadens{SHUT}", "").strip()
        return Words(**base, text=text, mentions=_people(text), message=message.id)

    def rewritten(self, message: Message, text: str | None) -> Rewritten | None:
        """Changed, or (None) deleted, where it had been said to the bot alone."""
        if message.conversation != message.author:
            return None
        base = self._base(message.author, message.conversation, message.thread)
        return Rewritten(**base, message=message.id, text=text)

    def pressed(self, actor: str, button: Button, message: Message | None) -> Action:
        """A button of a message, or without one of the person's home."""
        conversation, thread = (message.conversation, message.thread) if message else (actor, None)
        base = self._base(actor, conversation, thread, opens=True)
        return Action(**base, action=button.action, value=button.value)

    def submitted(self, actor: str, form: Form, typed: Mapping[str, str | list[str]]) -> Submission:
        """A form as the browser gives it back: a field that was left alone may be missing."""
        where = form.place or place(actor)
        values = {id: value if isinstance(value, str) else ",".join(value) for id, value in typed.items()}
        pickers = {field.id for field in form.fields if isinstance(field, PeoplePicker)}
        people = {id: tuple(person_of(a) for a in values.get(id, "").split(",") if a in MEMBERS) for id in pickers}
        left_alone = {field.id: "" for field in form.fields if not isinstance(field, PeoplePicker | Remark)}
        answers = left_alone | {id: clean(value) for id, value in values.items() if id not in pickers}
        base = self._base(actor, where.conversation, where.thread, opens=True) | {"place": where}
        return Submission(**base, form=form.id, value=form.value, answers=answers, people=people)

    def reacted(self, actor: str, message: Message, emoji: str, added: bool) -> Reaction:
        base = self._base(actor, message.conversation, message.thread)
        return Reaction(**base, emoji=emoji, author=person_of(message.author), message=message.id, removed=not added)

    def chosen(self, actor: str, name: str, message: Message) -> Shortcut:
        """Something from a message's menu."""
        base = self._base(actor, message.conversation, message.thread, opens=True)
        words = message.text or (message.card.summary if message.card else "")
        return Shortcut(**base, name=name, author=person_of(message.author), text=words, message=message.id)

    def begun(self, actor: str, name: str) -> Shortcut:
        """Something from the menu that is about no message."""
        return Shortcut(**self._base(actor, actor, opens=True), name=name)

    def opened(self, actor: str) -> Opened:
        return Opened(**self._base(actor, actor))


def _people(text: str) -> tuple[Person, ...]:
    return tuple(person_of(account) for account in named(text) if account in MEMBERS or account == BOT)
