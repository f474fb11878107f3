"""Nobody hears more from us in a week than is good: what came beyond that is told together."""

from collections.abc import Iterator

from bot.core.cards import Button, Buttons, Card, Note, Text, plain
from bot.core.effects import Effect, Record, Replace, Tell, Whisper
from bot.core.events import Action, Command, Due
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.wording import wording
from storage import digest as store
from storage.digest import RHYTHM, Held, Released

digest = Feature("digest")
say = wording("digest")
LINE = 120  # characters of a message that waits


@digest.due(RHYTHM, gather=store.mine)
def due(event: Due, held: Held) -> Iterator[Effect]:
    if held.count:
        yield Tell(event.actor, summary(event.actor, held), about=topic(event.actor))


@digest.action("digest.show", gather=store.mine)
@digest.command("kadens waiting", gather=store.mine)
def show(event: Action | Command, held: Held) -> Iterator[Effect]:
    if held.count:
        yield Record(Released(event))
        yield Replace(topic(event.actor), Card(parts=(Text(say(event.actor, "told", n=held.count)),)))
    else:
        yield Whisper(Card(parts=(Text(say(event.actor, "nothing")),)))


def topic(person: Person) -> str:
    return f"digest:{person.id}"


def summary(reader: Person, held: Held) -> Card:
    lines = "\n".join(f"• {first_line(card)}" for card in held.cards)
    more = held.count - len(held.cards)
    rest = (Note(say(reader, "more", n=more)),) if more > 0 else ()
    show = Button(say(reader, "show", n=held.count), "digest.show", "", "primary")
    return Card(say(reader, "title", n=held.count), (Text(lines), *rest, Buttons((show,))))


def first_line(card: Card) -> str:
    """What a message is about: its title, or how it begins."""
    texts = (part.body for part in card.parts if isinstance(part, Text))
    words = plain(card.title or next(texts, "…")).partition("\n")[0]
    return words if len(words) <= LINE else words[: LINE - 1].rstrip() + "…"
