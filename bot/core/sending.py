"""What delivery and a platform agree on."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

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

    @property
    def event(self) -> str:
        """The id of the event that made it: a key is that and the effect's number; a change names its message too."""
        return self.key.rsplit("/", 2 if self.verb in ("update", "delete") else 1)[0]


class Limit(NamedTuple):
    """So many messages in so long, and no more."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Can:
    """What a platform is able to do; what it cannot has one stated fallback, applied here and nowhere else."""

    threads_in_direct: bool  # else one dialogue at a time has the floor
    whispers: bool  # else a whisper goes to the person's direct conversation
    looks_back: bool  # else an unknown outcome is sent again, and counted
    home: bool = True  # a place of its own for it; else the home is a card in the direct conversation
    each: tuple[Limit, ...] = ()  # what it takes in one conversation
    rate: float = 0.0  # messages a second that it takes in a whole workspace; 0: it names no such limit
    burst: float = 0.0  # and how many of them at once, after it was quiet for so long


class SlowDown(Exception):
    """The platform asked us to wait, for the whole workspace or (`conversation`) for one conversation."""

    def __init__(self, retry_after: float, conversation: bool = False) -> None:
        super().__init__(f"retry after {retry_after:g} s")
        self.retry_after, self.conversation = retry_after, conversation


class Unreachable(Exception):
    """Nobody can be reached there, now or later: blocked, left, archived, or we were never let in.

    `reason`: the platform's own code for it, which names nobody; it is kept and shown.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Unfit(Exception):
    """The platform will never take this message, whoever it is for: no other try is made. `reason` as above."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Platform(Protocol):
    can: Can

    async def send(self, message: Outgoing) -> str:
        """Send, and return the platform's own id of what was sent. Raises SlowDown, Unreachable, Unfit, or what
        went wrong."""

    async def find(self, message: Outgoing) -> str | None:
        """The id of a message sent earlier under this key, or None. Asked only where `can.looks_back`."""
