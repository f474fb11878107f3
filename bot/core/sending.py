"""What delivery and a platform agree on."""

from dataclasses import dataclass
from typing import Literal, Protocol

from bot.core.cards import Card, File
from bot.core.people import Place


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One thing to be sent. `place.thread` is the platform's own id of the thread."""

    key: str  # the same for every try, so that a platform that can look back knows it again
    place: Place
    card: Card | None  # None with "delete"
    verb: Literal["post", "update", "delete", "home", "file"] = "post"
    only_for: str | None = None  # the one account that may see it
    target: str | None = None  # with "update" and "delete": the platform's id of the message, as `send` returned it
    file: File | None = None  # with "file"


@dataclass(frozen=True, slots=True)
class Can:
    """What a platform is able to do; what it cannot has one stated fallback, applied here and nowhere else."""

    threads_in_direct: bool  # else one dialogue at a time has the floor
    whispers: bool  # else a whisper goes to the person's direct conversation
    looks_back: bool  # else an unknown outcome is sent again, and counted
    home: bool = True  # a place of its own for it; else the home is a card in the direct conversation
    pace: float = 0.0  # seconds between two messages of one conversation


class SlowDown(Exception):
    """The platform asked us to wait, for the whole workspace or (`conversation`) for one conversation."""

    def __init__(self, retry_after: float, conversation: bool = False) -> None:
        super().__init__(f"retry after {retry_after:g} s")
        self.retry_after, self.conversation = retry_after, conversation


class Unreachable(Exception):
    """Nobody can be reached there, now or later: blocked, left, archived, or we were never let in."""


class Platform(Protocol):
    can: Can

    async def send(self, message: Outgoing) -> str:
        """Send, and return the platform's own id of what was sent. Raises SlowDown, Unreachable, or what went wrong."""

    async def find(self, message: Outgoing) -> str | None:
        """The id of a message sent earlier under this key, or None. Asked only where `can.looks_back`."""
