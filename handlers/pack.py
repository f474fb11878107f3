"""The evidence pack: for the person and their manager, as a card, and as a document to hand to somebody."""

from collections.abc import Iterator

from bot.core.cards import Button, Buttons, Card, Choice, File, Form, Note, Text, spelled
from bot.core.documents import html
from bot.core.effects import Effect, OpenForm, Record, SendFile, Tell, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.pack import Evidence, document, parts, say, title
from bot.core.paper import pdf
from bot.core.spans import recent, span_named
from bot.core.wording import speaks, wording
from storage import pack as store
from storage.audit import Audited
from storage.pack import Choices

pack = Feature("pack")
common = wording("common")
HOW = ("card", "pdf", "page")


@pack.command("review pack", gather=store.asked)
@pack.action("pack.show", gather=store.pressed)
def show(event: Command | Action, found: Evidence | None) -> Iterator[Effect]:
    if isinstance(event, Command) and event.text.strip().lower() == "help":
        yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")),)))
    else:
        yield from handed(event, found, "card")


@pack.action("pack.pdf", gather=store.pressed)
def as_pdf(event: Action, found: Evidence | None) -> Iterator[Effect]:
    yield from handed(event, found, "pdf")


@pack.action("pack.page", gather=store.pressed)
def as_page(event: Action, found: Evidence | None) -> Iterator[Effect]:
    yield from handed(event, found, "page")


@pack.submission("pack.form", gather=store.chosen)
def choose(event: Submission, found: Evidence | None) -> Iterator[Effect]:
    how = event.answers.get("how", "")
    yield from handed(event, found, how if how in HOW else "card")


@pack.action("pack.form", gather=store.choices)
def open_form(event: Action, choices: Choices) -> Iterator[Effect]:
    actor, lang, today = event.actor, speaks(event.actor), event.today
    whose = ((actor.id, say(actor, "me")), *((person.id, person.name) for person in choices.reports))
    spans = dict.fromkeys((choices.span, *recent(today)))
    times = tuple((span, span_named(span, lang, today)) for span in spans)
    ways = tuple((how, say(actor, f"how.{how}")) for how in HOW)
    fields = (
        Choice("who", say(actor, "field_who"), whose, choices.who),
        Choice("span", say(actor, "field_span"), times, choices.span),
        Choice("how", say(actor, "field_how"), ways, HOW[0]),
    )
    yield OpenForm(Form("pack.form", say(actor, "form_title"), say(actor, "submit"), say(actor, "cancel"), fields))


def handed(event: Event, found: Evidence | None, how: str) -> Iterator[Effect]:
    actor = event.actor
    if found is None:
        own = Buttons((Button(say(actor, "own"), "pack.show"),))
        yield Whisper(Card(parts=(Text(say(actor, "not_yours")), own)))
    elif how == "card":
        shown = card(event, found)
        yield Tell(actor, shown) if event.place.kind == "direct" else Whisper(shown)
    else:
        if found.owner.id != actor.id:
            yield Record(Audited(event, found.owner.id, "pack", f"pack:{found.span}"))
        heading = title(actor, found, event.today)
        yield SendFile(actor, file(event, found, how), Card(heading, (Text(say(actor, how)),)))


def card(event: Event, found: Evidence) -> Card:
    actor, value = event.actor, f"{found.owner.id}|{found.span}"
    row = (
        Button(say(actor, "as_pdf"), "pack.pdf", value),
        Button(say(actor, "as_page"), "pack.page", value),
        Button(say(actor, "other"), "pack.form", value, opens=True),
    )
    own = found.owner.id == actor.id
    note = () if own else (Note(say(actor, "written_down", who=found.owner.name)),)
    return Card(
        title(actor, found, event.today), (*parts(actor, found), *note, Buttons(row if not found.empty else row[2:]))
    )


def file(event: Event, found: Evidence, how: str) -> File:
    page = spelled(document(event.actor, found, event.at, event.settings), common(event.actor, "somebody"))
    name = f"kadens-{say(event.actor, 'file_name')}-{found.span}"
    return pdf(name, page) if how == "pdf" else File(f"{name}.html", "text/html", html(page))
