"""The recognition record: for HR, and for managers of their own people. To be read, never to be ranked."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from bot.core.cards import Button, Buttons, Card, Choice, Day, Field, File, Form, Note, Text, spelled
from bot.core.documents import Document, Entry, Section, as_csv, html
from bot.core.effects import Effect, OpenForm, Refuse, SendFile, Tell, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.wording import full_day, speaks, wording
from storage import record as store
from storage.record import Reach, Record, Thanks

record = Feature("record")
say = wording("record")
common = wording("common")
HALF_A_YEAR = timedelta(days=182)
COLUMNS = ("day", "giver", "receiver", "team", "values", "words", "joined")


@record.command("kadens record", gather=store.reach)
@record.action("record.form", gather=store.reach)
def open_form(event: Command | Action, reach: Reach) -> Iterator[Effect]:
    if reach.nobody:
        yield Whisper(refused(event.actor))
    else:
        yield OpenForm(form(event, reach))


def refused(actor: Person) -> Card:
    """Not theirs to see; their own is."""
    own = Button(say(actor, "my_data"), "export.data")
    return Card(parts=(Text(say(actor, "not_yours")), Buttons((own,))))


def form(event: Event, reach: Reach) -> Form:
    """Half a year until today, until somebody says otherwise."""
    actor = event.actor
    fields: list[Field] = [
        Day("first", say(actor, "first"), event.today - HALF_A_YEAR),
        Day("last", say(actor, "last"), event.today),
    ]
    if reach.everybody and reach.teams:
        teams = ((store.ALL, say(actor, "all_teams")), *((team, team) for team in reach.teams))
        fields.append(Choice("team", say(actor, "team"), teams, store.ALL))
    return Form("record.form", say(actor, "form_title"), say(actor, "submit"), say(actor, "cancel"), tuple(fields))


@record.submission("record.form", gather=store.drawn_up)
def draw_up(event: Submission, found: Record) -> Iterator[Effect]:
    actor, days = event.actor, store.period(event.answers)
    if found.reach.nobody:
        yield Whisper(refused(actor))
    elif days is None:
        yield Refuse({"last": say(actor, "days_wrong")})
    elif not found.thanks:
        yield Tell(actor, Card(parts=(Text(say(actor, "none")),)))
    else:
        somebody = common(actor, "somebody")
        name = f"kadens-{say(actor, 'file_name')}-{days[0]}-{days[1]}"
        page = html(spelled(document(event, found.thanks), somebody))
        rows = [spelled(row(actor, each), somebody) for each in found.thanks]
        table = as_csv([say(actor, f"columns.{column}") for column in COLUMNS], rows)
        parts = (Text(say(actor, "page")), Note(say(actor, "no_ranking")))
        yield SendFile(actor, File(f"{name}.html", "text/html", page), Card(say(actor, "title"), parts))
        yield SendFile(actor, File(f"{name}.csv", "text/csv", table), Card(parts=(Text(say(actor, "table")),)))


def row(reader: Person, thanks: Thanks) -> tuple[str, ...]:
    values = " ".join(f"#{value}" for value in thanks.values)
    joined = ", ".join(person.name for person in thanks.joined)
    names = (thanks.giver.name, thanks.receiver.name, thanks.receiver.team)
    return (thanks.day.isoformat(), *names, values, thanks.words, joined)


def document(event: Submission, found: tuple[Thanks, ...]) -> Document:
    """Person by person, as the alphabet has them."""
    actor, lang = event.actor, speaks(event.actor)
    days = store.period(event.answers)
    assert days
    first, last = (full_day(day, lang) for day in days)
    sections = tuple(
        Section(name, tuple(entry(actor, each) for each in theirs))
        for (name, _), theirs in groupby(found, key=lambda each: (heading(each.receiver), each.receiver.id))
    )
    intro = (say(actor, "intro"), say(actor, "no_ranking"))
    return Document(say(actor, "document", first=first, last=last), lang, intro, sections)


def heading(receiver: Person) -> str:
    return f"{receiver.name}, {receiver.team}" if receiver.team else receiver.name


def entry(reader: Person, thanks: Thanks) -> Entry:
    facts = [(say(reader, "columns.giver"), thanks.giver.name)]
    if thanks.values:
        facts.append((say(reader, "columns.values"), " ".join(f"#{value}" for value in thanks.values)))
    if thanks.joined:
        facts.append((say(reader, "columns.joined"), ", ".join(person.name for person in thanks.joined)))
    words = thanks.words or say(reader, "no_words")
    return Entry(full_day(thanks.day, speaks(reader)), tuple(facts), (("", words),))
