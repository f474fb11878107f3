"""Everything about me: a page to read and the same as data, for the person alone."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.cards import Card, File, Text, plain, spelled
from bot.core.documents import Document, Entry, Section, as_json, html
from bot.core.effects import Effect, SendFile, Whisper
from bot.core.events import Action, Command
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.wording import full_day, speaks, wording, written
from storage import export as store
from storage.export import Export

export = Feature("export")
say = wording("export")
common = wording("common")
# Somebody's own words, shown as such; all else is a line of facts.
WORDS = {"words", "learned", "story", "why", "word", "reason", "situation", "behaviour", "impact", "wish", "question"}
WORDS |= {"title", "subject", "said", "assessment", "examples", "measure", "actions", "compared", "steps", "learns"}
# What is kept as a code, and read as a word where the page has one.
CODES = {"state", "kind", "level", "visibility", "confidence", "rhythm", "role", "dialogue", "action", "seen_by"}
CODES |= {"field", "takes_timing", "takes_form", "takes_detail", "what", "outcome", "standing"}
WHEN = ("at", "began", "due_at", "first", "day", "answered_at")  # the first a row has is its heading


@export.command("kadens my-data", gather=store.gather)
@export.action("export.data", gather=store.gather)
def my_data(event: Command | Action, found: Export) -> Iterator[Effect]:
    actor, (page, data) = event.actor, files(found, event.at)
    if event.place.kind != "direct":
        yield Whisper(Card(parts=(Text(say(actor, "on_its_way")),)))
    yield SendFile(actor, page, Card(say(actor, "title"), (Text(say(actor, "page")),)))
    yield SendFile(actor, data, Card(parts=(Text(say(actor, "data")),)))


def files(found: Export, at: datetime) -> tuple[File, File]:
    """The page and the data. `at` (aware): when it was put together."""
    name, person = f"kadens-{say(found.person, 'file_name')}", found.person
    page = spelled(document(found, at), common(person, "somebody"))
    return File(f"{name}.html", "text/html", html(page)), File(f"{name}.json", "application/json", json_of(found, at))


# The page.


def document(found: Export, at: datetime) -> Document:
    person, filled = found.person, {name: rows for name, rows in found.sections.items() if rows}
    empty = [say(person, f"sections.{name}") for name, rows in found.sections.items() if not rows]
    sections = [
        Section(
            say(person, f"sections.{name}"),
            tuple(entry(person, row) for row in rows),
            say(person, f"notes.{name}") if say.has(f"notes.{name}") else "",
        )
        for name, rows in filled.items()
    ]
    intro = (say(person, "intro", day=full_day(at.date(), speaks(person))), say(person, "intro_others"))
    nothing = (say(person, "nothing", sections=empty),) if empty else ()
    title = say(person, "document", name=person.name)
    return Document(title, speaks(person), (*intro, *nothing), tuple(sections), say(person, "contents"))


def entry(reader: Person, row: Mapping[str, Any]) -> Entry:
    when = next((name for name in WHEN if isinstance(row.get(name), date)), "")
    facts, said = list[tuple[str, str]](), list[tuple[str, str]]()
    for name, value in row.items():
        if value in (None, "", [], {}) or name == when or (isinstance(value, Person) and value.id == reader.id):
            continue
        if name == "given":
            said += [(each["asked"], each["reply"]) for each in value if each["reply"]]
        elif name in WORDS:
            said.append((label(reader, name), shown(reader, name, value)))
        else:
            facts.append((label(reader, name), shown(reader, name, value)))
    return Entry(moment(reader, row[when]) if when else "", tuple(facts), tuple(said))


def moment(reader: Person, value: date) -> str:
    """As the reader's own clock and calendar have it."""
    local = value.astimezone(ZoneInfo(reader.zone)) if isinstance(value, datetime) else value
    return full_day(local, speaks(reader))


def label(reader: Person, column: str) -> str:
    return say(reader, f"fields.{column}")


def shown(reader: Person, column: str, value: Any) -> str:
    match value:
        case Person():
            return value.name
        case bool():
            return say(reader, "yes" if value else "no")
        case date():
            return moment(reader, value)
        case dict() | list():
            return as_json({"": value} if isinstance(value, list) else value).strip()
        case str() if column in CODES and say.has(f"values.{column}.{value}"):
            return say(reader, f"values.{column}.{value}")
        case _:
            return written(value, speaks(reader))


# The data.


def json_of(found: Export, at: datetime) -> str:
    head = {"about": found.person.name, "made_at": at.astimezone(UTC).isoformat(), "format": 1}
    return as_json({**head, **{name: [plainly(row) for row in rows] for name, rows in found.sections.items()}})


def plainly(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    match value:
        case Person(name=name):
            return spelled(name, common("en", "somebody"))
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date() | time():
            return value.isoformat()
        case str():
            return plain(value)
        case _:
            return value
