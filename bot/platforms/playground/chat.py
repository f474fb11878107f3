"""The chat itself, in memory: what a chat platform would keep on its servers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.cards import Card, File
from bot.core.people import Kind, Place
from bot.platforms.playground.people import CHANNELS, WORKSPACE


class NoSuchMessage(LookupError):
    """There is no message of this id, or no longer."""


@dataclass(slots=True)
class Message:
    id: str
    number: int  # rises through the whole chat, so that "read up to here" is one figure
    conversation: str  # a channel, or for a direct conversation the account of its person
    thread: str | None  # the id of the message that began the thread; None for such a message itself
    author: str
    at: datetime
    text: str = ""
    card: Card | None = None
    file: File | None = None
    only_for: str | None = None
    edited: bool = False
    deleted: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)  # by emoji: accounts, in the order they came

    def seen_by(self, account: str) -> bool:
        return (self.conversation in CHANNELS or self.conversation == account) and self.only_for in (None, account)


def place(conversation: str, thread: str | None = None) -> Place:
    kind: Kind = "public" if conversation in CHANNELS else "direct"
    return Place(WORKSPACE, conversation, thread, kind)


class Chat:
    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.homes: dict[str, Card] = {}
        self.version = 0  # rises with every change: a page that has drawn another one draws itself anew
        self._rooms: dict[str, list[Message]] = defaultdict(list)
        self._read: dict[tuple[str, str, str | None], int] = {}

    def post(
        self,
        conversation: str,
        author: str,
        at: datetime,
        *,
        text: str = "",
        card: Card | None = None,
        file: File | None = None,
        thread: str | None = None,
        only_for: str | None = None,
    ) -> Message:
        """Raises NoSuchMessage where the thread's first message is gone."""
        number = len(self.messages) + 1
        root = (self.find(thread).thread or thread) if thread else None  # an answer to an answer stays in its thread
        message = Message(f"m{number}", number, conversation, root, author, at, text, card, file, only_for)
        self.messages[message.id] = message
        self._rooms[conversation].append(message)
        self.version += 1
        return message

    def find(self, id: str) -> Message:
        """The message as it stands. Raises NoSuchMessage, also for a deleted one."""
        message = self.messages.get(id)
        if message is None or message.deleted:
            raise NoSuchMessage(id)
        return message

    def edit(self, id: str, text: str) -> None:
        message = self.find(id)
        message.text, message.edited = text, True
        self.version += 1

    def redraw(self, id: str, card: Card) -> None:
        self.find(id).card = card
        self.version += 1

    def delete(self, id: str) -> None:
        message = self.find(id)
        message.deleted, message.text, message.card, message.file = True, "", None, None
        message.reactions.clear()
        self.version += 1

    def react(self, id: str, emoji: str, account: str) -> bool:
        """Put a reaction on, or where it is there already take it off. Returns whether it is there now."""
        message = self.find(id)
        those = message.reactions.setdefault(emoji, [])
        added = account not in those
        if added:
            those.append(account)
        else:
            those.remove(account)
        if not those:
            del message.reactions[emoji]
        self.version += 1
        return added

    def show_home(self, account: str, card: Card) -> None:
        self.homes[account] = card
        self.version += 1

    # -- what one person sees

    def stream(self, account: str, conversation: str, thread: str | None = None) -> list[Message]:
        """The conversation as this person sees it, or one thread with the message that began it; oldest first.

        A deleted message stays only as the head of what was answered to it.
        """
        heads = {message.thread for message in self._rooms[conversation] if not message.deleted}
        return [
            message
            for message in self._rooms[conversation]
            if (message.thread == thread or (thread and message.id == thread))
            and message.seen_by(account)
            and (not message.deleted or message.id in heads)
        ]

    def replies(self, account: str, head: Message) -> list[Message]:
        """What was answered for all to read: whispers do not count."""
        room = self._rooms[head.conversation]
        return [m for m in room if m.thread == head.id and not m.deleted and not m.only_for and m.seen_by(account)]

    def read(self, account: str, conversation: str, thread: str | None = None) -> None:
        """All that is there now has been seen."""
        if self.unread(account, conversation).get(thread):
            self.version += 1
        self._read[account, conversation, thread] = len(self.messages)

    def read_all(self, account: str) -> None:
        for conversation, room in self._rooms.items():
            for thread in {message.thread for message in room}:
                self.read(account, conversation, thread)

    def unread(self, account: str, conversation: str) -> dict[str | None, int]:
        """How many messages this person has not seen, by thread (None: outside all threads).

        Of a channel's threads only those count that the person takes part in.
        """
        counts = dict[str | None, int]()
        for message in self._unseen(account, conversation):
            counts[message.thread] = counts.get(message.thread, 0) + 1
        own = conversation == account
        return {thread: n for thread, n in counts.items() if own or thread is None or self._takes_part(account, thread)}

    def _unseen(self, account: str, conversation: str) -> Iterator[Message]:
        for message in self._rooms[conversation]:
            new = message.number > self._read.get((account, conversation, message.thread), 0)
            if new and message.author != account and not message.deleted and message.seen_by(account):
                yield message

    def _takes_part(self, account: str, thread: str) -> bool:
        head = self.messages[thread]
        return any(message.author == account for message in (head, *self.replies(account, head)))
