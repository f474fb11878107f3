"""What one has given and received so far."""

from collections.abc import Iterator

from bot.core.cards import Button, Buttons, Card, Note, Part, Quote, Text
from bot.core.effects import Effect, Tell, Whisper
from bot.core.events import Action, Command
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.wording import named, speaks, wording
from storage import history as store
from storage.history import Entry, Page

history = Feature("history")
say = wording("history")
SHOWN = 300  # characters of each entry's words


@history.command("kadens history", gather=store.first_page)
def show(event: Command, page: Page) -> Iterator[Effect]:
    yield Whisper(card(event.actor, page))


@history.action("history.older", gather=store.older_page)
def older(event: Action, page: Page) -> Iterator[Effect]:
    yield (
        Tell(event.actor, card(event.actor, page)) if event.place.kind == "direct" else Whisper(card(event.actor, page))
    )


@history.action("history.show", gather=store.older_page)
def pressed(event: Action, page: Page) -> Iterator[Effect]:
    yield Tell(event.actor, card(event.actor, page))


def card(actor: Person, page: Page) -> Card:
    if not page.entries:
        return Card(say(actor, "title"), (Text(say(actor, "none")),))
    parts = [part for entry in page.entries for part in shown(actor, entry)]
    if page.older:
        parts.append(Buttons((Button(say(actor, "older"), "history.older", page.older.isoformat()),)))
    return Card(say(actor, "title"), (*parts, Note(say(actor, "note"))))


def shown(actor: Person, entry: Entry) -> list[Part]:
    names, day = dict(entry.names), entry.at.date()
    if "period" in names:
        names["period"] = named(names["period"], speaks(actor))
    if entry.kind == "commitment":
        names |= {"made": day, "state": say(actor, f"state.{names['state']}")}
    else:
        names["day"] = day
    line: list[Part] = [Text(say(actor, entry.kind, **names))]
    return [*line, Quote(entry.words[:SHOWN])] if entry.words else line
