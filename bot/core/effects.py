"""Everything the bot may do. A handler asks; only the turn acts. The three kinds follow three clocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.core.cards import Card, Form
from bot.core.people import Person, Place
from bot.core.progress import Progress


@dataclass(frozen=True, slots=True)
class OpenForm:
    form: Form


@dataclass(frozen=True, slots=True)
class Refuse:
    """Keep the form open and say what is wrong, by field."""

    objections: Mapping[str, str]


class Fact(Protocol):
    async def save(self, session: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Record:
    fact: Fact


@dataclass(frozen=True, slots=True)
class KeepDialogue:
    progress: Progress


@dataclass(frozen=True, slots=True)
class Grant:
    """From now on `reader`, and nobody else, may read what the actor said in this dialogue; None: nobody may."""

    about: str  # the dialogue's id
    reader: Person | None


@dataclass(frozen=True, slots=True)
class Post:
    """In the open. `about` is the topic by which reactions, replacements and retractions find it again.

    Where we cannot speak, the actor is told `otherwise` instead.
    """

    place: Place
    card: Card
    about: str = ""
    otherwise: Card | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """To one person, privately. All that is told under one `thread` topic hangs together, where there are threads."""

    person: Person
    card: Card
    thread: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Whisper:
    """To the actor alone, where the event happened."""

    card: Card


@dataclass(frozen=True, slots=True)
class Replace:
    """Every message about this topic now reads like this."""

    about: str
    card: Card


@dataclass(frozen=True, slots=True)
class Retract:
    """Every message about this topic goes away."""

    about: str


@dataclass(frozen=True, slots=True)
class ShowHome:
    """The person's home, drawn anew."""

    person: Person
    card: Card


Answer = OpenForm | Refuse  # inside the request
Write = Record | KeepDialogue | Grant  # inside the transaction
Message = Post | Tell | Whisper | Replace | Retract | ShowHome  # after the commit, through the outbox
Effect = Answer | Write | Message
