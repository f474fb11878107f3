"""Everything that can happen to the bot, whichever platform it arrived through.

Inbound builds the events down to `Installed`; the turn makes of `Words`, of the `talk.*` actions and forms, and of an
edited or deleted message what they mean: a `Reply` in a dialogue, a `Remark` in a thread of ours, or a `Command`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from bot.core.people import Kind, Person, Place
from bot.core.progress import Progress
from bot.core.settings import Settings
from bot.core.watch import ref_of

DEFAULTS = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    id: str  # unique for ever; the platform's own id where it has one
    actor: Person
    place: Place
    at: datetime  # aware, UTC
    opens: bool = False  # this moment allows a form to be opened
    settings: Settings = DEFAULTS  # the turn fills in what holds for this company

    @property
    def ref(self) -> str:
        """A short id for what this event brings into being; the same for a repeat."""
        return ref_of(self.id)

    @property
    def today(self) -> date:
        """The actor's own day."""
        return self.actor.day_of(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Event):
    """Plain words as they arrive. No handler ever meets them."""

    text: str
    mentions: tuple[Person, ...] = ()
    groups: tuple[str, ...] = ()  # the platform's ids of user groups named in the text
    message: str = ""  # the platform's id of what was said


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten(Event):
    """A person changed, or (text None) deleted, what they had said to us. The turn makes it a Reply."""

    message: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Event):
    name: str  # without slash and prefix; "kudos me" where a feature listens for two words
    text: str = ""
    mentions: tuple[Person, ...] = ()
    groups: tuple[str, ...] = ()  # the platform's ids of user groups named in the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut(Event):
    """Something chosen from a menu: on a message (then with its author and words), or anywhere."""

    name: str
    author: Person | None = None
    text: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Event):
    """A button of ours was pressed."""

    action: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(Event):
    form: str
    value: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)  # by field; a choice of many joined by commas; days ISO
    people: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction(Event):
    """An emoji was put on, or taken off, a message. The turn tells whether that message is one of ours."""

    emoji: str  # its plain name without colons or skin tone: "raised_hands"
    author: Person | None  # who wrote the message, where the platform says so
    message: str
    removed: bool = False
    about: str = ""  # the topic of our own message: "kudos:ab12"; empty for anybody else's


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """Somebody looks at their home."""

    renewed: bool = False  # nobody opened it: the clock has it drawn anew, because something changed in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Met(Event):
    """The bot came into a conversation, or a person (then `actor`) came to know the bot."""

    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed(Event):
    """The bot was let into a whole workspace. The actor is who did it, or the bot where the platform does not say; the
    place is theirs. That it leaves again decides nothing and says nothing: see storage.installations.left.
    """

    enterprise: str = ""  # the platform's id of an organisation above the workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(Event):
    """A rhythm's moment has come for this person. Step 0 is the nudge, 1 and up its reminders."""

    rhythm: str
    period: str  # "2026-11"; for a dated follow-up what it follows up: "grow:ab12"
    step: int = 0


Move = Literal["answer", "back", "skip", "pause", "resume", "stop", "help", "form", "fill", "edit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Event):
    """Something was said or pressed in a dialogue of the actor's own."""

    progress: Progress
    move: Move = "answer"
    text: str = ""
    question: str = ""  # the question answered by a button, or edited; empty: the one asked last
    message: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)  # of the form, with "fill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark(Event):
    """Something was said in a thread of ours that is no dialogue of the actor's, such as under a shared check-in."""

    topic: str  # "checkin.shared:ab12"
    text: str


Routed = Command | Shortcut | Action | Submission | Reply | Remark | Reaction | Opened | Met | Installed | Due
Arrived = Words | Rewritten | Command | Shortcut | Action | Submission | Reaction | Opened | Met | Installed | Due
