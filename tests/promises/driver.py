"""What the promises ask of every platform: what people do there, and what they then see. No platform is named here."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bot.core.effects import Answer, Effect
from bot.core.events import Arrived, Event
from bot.core.features import Feature, Routes
from bot.core.people import Person, stranger
from bot.core.sending import Platform
from bot.turn import Turns
from handlers import FEATURES
from scheduler.delivery import Delivery
from storage import waiting
from storage.engine import Store
from storage.waiting import Backlog

ROUNDS, STEP = 10, timedelta(seconds=2)  # how long delivery is given, and how fast the clock goes meanwhile


@dataclass(frozen=True)
class Someone:
    account: str
    name: str
    directory: str = ""  # another id of theirs, where the platform has two


Word = str | Someone  # a stretch of what is typed, or somebody picked from the list behind an @
Typed = Mapping[str, str | Sequence[Someone]]  # by field


@dataclass(frozen=True)
class Seen:
    """A message as one reader sees it."""

    id: str
    text: str  # what it reads like, its markup understood
    buttons: tuple[str, ...]
    thread: str | None
    only_for: str | None  # the account that alone sees it
    mentions: frozenset[str]  # accounts that are notified
    odd: tuple[str, ...]  # markup that does something and is none of ours
    pictures: tuple[tuple[bytes, str], ...]  # each with what is said to who cannot see it
    room: str | None
    raw: Any = field(repr=False)


@dataclass(frozen=True)
class Sheet:
    """A form as it is open before somebody."""

    fields: Mapping[str, str]  # what stands in each
    objections: Mapping[str, str]  # beside which field
    raw: Any = field(repr=False)
    room: str | None = None  # in front of which it was opened
    thread: str | None = None


class Driver(ABC):
    """One platform with all features on a store. Whatever is done is delivered at once, as far as the platform lets."""

    workspace: str
    hall: str  # a channel that everybody reads
    ana: Someone
    bo: Someone
    cai: Someone
    dee: Someone  # has never said a word here
    platform: Platform

    def __init__(self, store: Store, name: str, platform: type[Any]) -> None:
        self.store, self.name = store, name
        self.now, self.times = datetime(2026, 11, 3, 12, tzinfo=UTC), 1
        self.turns = Turns(Routes(*FEATURES), store, {name: platform.can})
        self.ids = count(1)

    def clock(self) -> datetime:
        return self.now

    async def deliver(self, rounds: int = ROUNDS) -> None:
        for _ in range(rounds):
            await Delivery(self.store, {self.name: self.platform}, self.clock).run()
            if not (await self.backlog()).waiting:
                return
            self.now += STEP

    async def backlog(self) -> Backlog:
        async with self.store.reading() as session:
            return await waiting.backlog(session)

    def person(self, who: Someone) -> Person:
        return stranger(self.workspace, who.account, who.name, lang="en")

    async def take(self, event: Arrived) -> Answer | None:
        """An event that no payload can bring about here; it still leaves by outbox, delivery and platform."""
        answer = await self.turns.take(event)
        await self.deliver()
        return answer

    async def does(self, event: Arrived, *effects: Effect) -> None:
        """As if a feature answered this event with these effects; three at once where `times` says so."""

        def answered(_: Event) -> Iterator[Effect]:
            yield from effects

        feature = Feature("tried")
        feature.command("show")(answered)
        turns = Turns(Routes(feature), self.store, {self.name: self.platform.can})
        await asyncio.gather(*(turns.take(event) for _ in range(self.times)))
        await self.deliver()

    def button(self, seen: Sequence[Seen], label: str) -> Seen:
        """The last message with such a button. LookupError where there is none."""
        for each in reversed(seen):
            if label in each.buttons:
                return each
        raise LookupError(f"no button {label!r} in {[each.buttons for each in seen]}")

    # What people do. Each is sent `times` times at once, the same every time.

    @abstractmethod
    async def order(self, who: Someone, command: str, *words: Word, room: str | None = None) -> Sheet | None:
        """A command the way this platform's people give it; the form it opened, if any."""

    @abstractmethod
    async def say(self, who: Someone, *words: Word, room: str | None = None, thread: str | None = None) -> str:
        """Plain words, in a room with the bot's name before them. The id of the message."""

    @abstractmethod
    async def edit(self, who: Someone, message: str, *words: Word, thread: str | None = None) -> None:
        """Other words for a message of one's own in the direct conversation."""

    @abstractmethod
    async def press(self, who: Someone, seen: Seen, label: str) -> Sheet | None:
        """The button of that name; the form it opened, if any."""

    @abstractmethod
    async def submit(self, who: Someone, sheet: Sheet, typed: Typed) -> Sheet | None:
        """The form as it is then: None once it has closed."""

    @abstractmethod
    async def react(self, who: Someone, seen: Seen, removed: bool = False) -> None:
        """Raised hands."""

    @abstractmethod
    async def echo(self, seen: Seen, *words: Word) -> None:
        """The platform tells the bot of what the bot itself said and did."""

    @abstractmethod
    async def look_at_home(self, who: Someone) -> str:
        """How one sees one's home here, and what it then says."""

    # What they see.

    @abstractmethod
    def seen(self, who: Someone, room: str | None = None) -> list[Seen]:
        """What the bot said that this person sees, in a room or in their direct conversation, the oldest first."""

    @abstractmethod
    def homes(self, who: Someone) -> list[str]:
        """Every text that could be this person's home."""

    @abstractmethod
    async def files(self, who: Someone) -> list[tuple[str, bytes]]:
        """The documents that were sent to this person: name and content, after whatever they must do to have them."""

    # What goes wrong.

    @abstractmethod
    def busy(self, seconds: int) -> None:
        """The next message is refused: come back in so many seconds."""

    @abstractmethod
    def lose(self) -> None:
        """The next message arrives, but nobody is told so."""

    @property
    @abstractmethod
    def tries(self) -> int:
        """How many posts have reached the platform, refused ones too."""

    @abstractmethod
    def bar(self, *rooms_or_people: str | Someone) -> None:
        """From now on nothing can be said there."""
