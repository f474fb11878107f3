"""A thank-you and the cards that show it: where it was given, under a message, and to who received it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.cards import MENTION, Button, Buttons, Card, Note, Part, Quote, Text, mention
from bot.core.effects import Effect, Tell
from bot.core.events import Event
from bot.core.people import Person, Place
from bot.core.wording import wording

say = wording("kudos")


@dataclass(frozen=True, slots=True)
class Giving:
    """Thanks of one person to one or more."""

    id: str  # "kudos:ab12": also the topic of the cards that show it in the open
    giver: Person
    receivers: tuple[Person, ...]
    words: str
    values: tuple[str, ...]
    at: datetime
    place: Place
    source: str | None = None  # the message thanked for by emoji, "C1/1700.1"
    emojis: tuple[str, ...] = ()
    joined: tuple[Person, ...] = ()

    @property
    def private(self) -> str:
        """The topic of what its receivers were told."""
        return f"kudos.got:{self.id}"

    @property
    def under(self) -> str:
        """The topic of the card under the message."""
        return f"thanked:{self.source}"


def read(text: str, values: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The reason without mentions and tags, and the company's values that were tagged with #."""
    words, found = [], list[str]()
    known = {f"#{value.lower()}": value for value in values}
    for word in MENTION.sub(" ", text).split(" "):
        if value := known.get(word.lower().rstrip(".,;:!")):
            found.append(value)
        elif word:
            words.append(word)
    return " ".join(words).strip(), tuple(dict.fromkeys(found))


def told(giving: Giving, first_time: frozenset[str]) -> Iterator[Effect]:
    """Each receiver gets the words; those for whom it is the first time, with a line that explains kudos."""
    for person in giving.receivers:
        yield Tell(person, received_card(person, giving, person.id in first_time), about=giving.private)


def places(event: Event, place: Place) -> Iterator[Place]:
    """Where the card is seen: where it was given, and for all unless it was said in private."""
    if place.kind != "direct":
        yield place
    recognition = event.settings.kudos.recognition.get(place.workspace)
    if recognition and place.kind != "private" and recognition != place.conversation:
        yield Place(place.workspace, recognition, kind="public")


def public_card(event: Event, giving: Giving, place: Place) -> Card:
    """In the place's own language, for it has many readers."""
    lang, parts = event.settings.languages.of(place.conversation), list[Part]()
    parts.append(Quote(giving.words))
    if giving.values:
        parts.append(Note(" ".join(f"#{value}" for value in giving.values)))
    if giving.joined:
        names = [person.name for person in giving.joined]
        parts.append(Note(say(lang, "joined", n=len(names), people=names)))
    join = Button(say(lang, "join"), "kudos.join", giving.id)
    parts.append(Buttons((join, Button(say(lang, "give"), "kudos.form", opens=True))))
    people = list(map(mention, giving.receivers))
    return Card(say(lang, "public", giver=mention(giving.giver), people=people), tuple(parts))


def reaction_card(event: Event, givings: Sequence[Giving]) -> Card:
    """Under the message: who thanked for it by emoji, with their words as they come."""
    lang = event.settings.languages.of(givings[0].place.conversation)
    givers = [mention(giving.giver) for giving in reversed(givings)]
    people = [mention(person) for person in givings[0].receivers]
    quotes = tuple(Quote(giving.words) for giving in givings if giving.words)
    return Card(parts=(Text(say(lang, "public_reaction", givers=givers, people=people)), *quotes))


def received_card(person: Person, giving: Giving, first: bool) -> Card:
    parts = list[Part]()
    if giving.words:
        parts.append(Quote(giving.words))
    if giving.values:
        parts.append(Note(" ".join(f"#{value}" for value in giving.values)))
    if first:
        parts.append(Note(say(person, "first")))
    parts.append(Buttons((give_button(person).row[0], Button(say(person, "remove"), "kudos.remove", giving.id))))
    title = "received" if giving.words else "received_reaction"
    return Card(say(person, title, giver=giving.giver.name), tuple(parts))


def give_button(person: Person) -> Buttons:
    return Buttons((Button(say(person, "give"), "kudos.form", opens=True),))
