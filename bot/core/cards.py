"""What we can show, in words every platform understands.

A card waits in the outbox as JSON: `kind` is how a part is known again when it is read back, also by the release
before this one. A new part therefore gets a new kind, and an old kind never changes its meaning.
"""

import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Discriminator

from bot.core.people import SOMEBODY, Person, Place

T = TypeVar("T")

# A mention travels inside a text between two characters nobody can type: inbound takes them out of what people write.
OPEN, BAR, SHUT = "\ue000", "\ue001", "\ue002"
MENTION = re.compile(f"{OPEN}([^{BAR}]*){BAR}([^{SHUT}]*){SHUT}")


@dataclass(frozen=True, slots=True)
class Mention:
    account: str
    name: str


def mention(person: Person) -> str:
    """A name that notifies: each platform's renderer makes it its own kind of mention. Who was erased is only named."""
    if not person.account:
        return person.name
    return f"{OPEN}{person.account}{BAR}{person.name}{SHUT}"


def pieces(text: str) -> Iterator[str | Mention]:
    """A text in plain stretches and mentions, in order."""
    at = 0
    for found in MENTION.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        yield Mention(found[1], found[2])
        at = found.end()
    if at < len(text):
        yield text[at:]


def plain(text: str) -> str:
    """The text with names instead of mentions, for where nobody can be notified."""
    return MENTION.sub(lambda found: found[2], text)


def clean(text: str) -> str:
    """What a person typed, without the characters that are ours and those no store takes."""
    return re.sub(f"[{OPEN}-{SOMEBODY}\x00\ud800-\udfff]", "", text)  # half a pair of surrogates has no UTF-8


def spelled(thing: T, somebody: str) -> T:
    """The same with `somebody` ("somebody who left") wherever a text names who was erased, however deep inside."""
    found: Any = thing
    if isinstance(found, str):
        if SOMEBODY in found:
            begun = found.removeprefix(SOMEBODY)
            found = begun if begun == found else somebody[:1].upper() + somebody[1:] + begun
            return found.replace(SOMEBODY, somebody)  # type: ignore[no-any-return]
    elif isinstance(found, tuple):
        inner = [spelled(each, somebody) for each in found]
        if any(map(operator.is_not, inner, found)):
            return tuple(inner)  # type: ignore[return-value]
    elif isinstance(found, dict):
        return {key: spelled(value, somebody) for key, value in found.items()}  # type: ignore[return-value]
    elif names := _fields(type(found)):
        changed = dict[str, Any]()
        for name in names:
            if (new := spelled(old := getattr(found, name), somebody)) is not old:
                changed[name] = new
        return replace(found, **changed) if changed else thing
    return thing


_FIELDS: dict[type[Any], tuple[str, ...]] = {Place: (), Person: ("name",)}


def _fields(kind: type[Any]) -> tuple[str, ...]:
    """Those of a dataclass in which there may be words; every message of every turn is looked through."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(getattr(kind, "__dataclass_fields__", ()))
    return _FIELDS[kind]


@dataclass(frozen=True, slots=True)
class Text:
    body: str
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Heading:
    body: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Note:
    """Small print: context that may be passed over."""

    body: str
    kind: Literal["note"] = "note"


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody's own words."""

    body: str
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class Facts:
    rows: tuple[tuple[str, str], ...]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure with its story: never shown without the words. Of 100 it reads as a percentage."""

    label: str
    value: float
    top: float
    story: str = ""
    kind: Literal["bar"] = "bar"

    @property
    def figure(self) -> str:
        return f"{self.value:g} %" if self.top == 100 else f"{self.value:g}/{self.top:g}"


Tone = Literal["good", "warn", "bad", "plain"]


@dataclass(frozen=True, slots=True)
class Point:
    day: date
    value: float
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Chart:
    """A small picture of figures over time. It travels as figures: each platform draws it where it is shown."""

    points: tuple[Point, ...]  # the earliest first; at least one
    alt: str  # the same in words, for who does not see it
    target: Point | None = None
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True, slots=True)
class Divider:
    kind: Literal["divider"] = "divider"


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    action: str
    value: str = ""
    style: Literal["plain", "primary", "danger"] = "plain"
    opens: bool = False  # pressing it opens a form: some platforms have to be told beforehand


@dataclass(frozen=True, slots=True)
class Buttons:
    row: tuple[Button, ...]
    kind: Literal["buttons"] = "buttons"


Part = Annotated[
    Text | Heading | Note | Quote | Facts | Bar | Chart | Divider | Buttons,
    Discriminator("kind"),  # else reading a card back takes seven times as long: each kind is tried
]


@dataclass(frozen=True, slots=True)
class Card:
    """One message. Without a title it reads like a line somebody typed."""

    title: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def summary(self) -> str:
        """What a notification or a screen reader says of it."""
        return plain(self.title or next((p.body for p in self.parts if isinstance(p, Text | Heading | Note)), ""))


@dataclass(frozen=True, slots=True)
class File:
    """A document to keep: text only, so that it can wait in the outbox. Its bytes are made by bot.core.paper."""

    name: str  # "kadens-my-data.html"
    mime: Literal["text/html", "text/csv", "application/json", "application/pdf"]
    body: str  # of a PDF what is to stand in it, as `paper.pdf` says it


@dataclass(frozen=True, slots=True)
class TextBox:
    id: str
    label: str
    value: str = ""
    limit: int = 3000
    lines: bool = True  # more than one line
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    label: str
    options: tuple[tuple[str, str], ...]  # (value, label)
    value: str = ""  # with `many`, values joined by a comma
    many: bool = False
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class PeoplePicker:
    id: str
    label: str
    people: tuple[Person, ...] = ()
    many: bool = True
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    id: str
    label: str
    value: date | None = None
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    id: str
    label: str
    low: int
    high: int
    value: int | None = None
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A line of text between the fields."""

    body: str


Field = TextBox | Choice | PeoplePicker | Day | Scale | Remark


@dataclass(frozen=True, slots=True)
class Form:
    """A form of `fields`. It comes back as a Submission with the same id, value and place."""

    id: str
    title: str
    submit: str
    cancel: str
    fields: tuple[Field, ...]
    value: str = ""  # what the form is about, for whoever reads the submission
    place: Place | None = None  # where it was opened; the turn fills it in, the platform carries it
