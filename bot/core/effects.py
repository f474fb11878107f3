"""Everything the bot may do. A handler asks; only the turn acts. The three kinds follow three clocks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot.core.cards import Card, File, Form
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
    """To one person, privately. All that is told under one `thread` topic hangs together, where there are threads.

    `awaited`: it answers what the person began, such as a question they asked or a day they set, and is told whatever
    else they heard this week. Only a nudge, or what another person does, has to say so.
    """

    person: Person
    card: Card
    thread: str = ""
    about: str = ""
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class SendFile:
    """A document to one person, privately, with a card that says what it is.

    It comes once, as a message does: where the outcome of a try is not known it is looked up first, if the platform can
    be asked. On Teams the person is asked whether they want it, for a day; then it lies in their own OneDrive.
    """

    person: Person
    file: File
    card: Card


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
    """The person's home, drawn anew. Yield it whenever what stands in it has changed: it disturbs nobody.

    A platform with a home of its own (Can.home) shows it there; elsewhere the card that stands as the person's home is
    changed where it stands, and who has none yet gets none.

    `asked`: the person wants to see it now. Then it is also said as a message where there is a home of its own, so no
    Tell is needed beside it. Elsewhere the home that is our last word is drawn anew where it stands; one further up,
    or one asked for in words, is said afresh, and the older one becomes a line that says so. Exactly one is alive.
    """

    person: Person
    card: Card
    asked: bool = False


Answer = OpenForm | Refuse  # inside the request
Write = Record | KeepDialogue | Grant  # inside the transaction
Message = Post | Tell | SendFile | Whisper | Replace | Retract | ShowHome  # after the commit, through the outbox
Effect = Answer | Write | Message


def awaited(effects: Iterable[Effect]) -> Iterator[Effect]:
    """The same, told as what its receivers wait for."""
    for effect in effects:
        yield replace(effect, awaited=True) if isinstance(effect, Tell) else effect
