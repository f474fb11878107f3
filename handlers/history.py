"""What one has given and received so far, and what one may see of somebody else's."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.cards import Button, Buttons, Card, Choice, Divider, Field, Form, Note, Part, Quote, Text, TextBox
from bot.core.effects import Effect, OpenForm, Replace, Tell, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.history import KINDS, WORDS, Query
from bot.core.spans import dated, recent, span_named
from bot.core.wording import named, speaks, wording, written
from storage import history as store
from storage.entries import Entry, Page

history = Feature("history")
say = wording("history")
SHOWN = 300  # characters of each entry's words
ALL = "all"  # a choice has no empty value
OPEN_TO_OTHERS = ("kudos", "goals", "checkins", "grow", "reviews", "learning", "expectations", "aspirations")


@history.command("kadens history", gather=store.asked)
@history.command("checkin history", gather=store.asked)
@history.command("kudos history", gather=store.asked)
@history.command("goal history", gather=store.asked)
@history.command("feedback history", gather=store.asked)
@history.command("grow history", gather=store.asked)
@history.command("review history", gather=store.asked)
@history.command("growth history", gather=store.asked)
def look(event: Command, page: Page) -> Iterator[Effect]:
    yield show(event, page)


@history.action("history.show", gather=store.pressed)
@history.action("history.older", gather=store.pressed)
@history.action("history.newer", gather=store.pressed)
def turn(event: Action, page: Page) -> Iterator[Effect]:
    yield show(event, page)


@history.submission("history.filter", gather=store.chosen)
def find(event: Submission, page: Page) -> Iterator[Effect]:
    yield show(event, page)


@history.action("history.filter")
def choose(event: Action) -> Iterator[Effect]:
    actor, query = event.actor, Query.read(event.value).at(None)
    lang, spans = speaks(actor), list(dict.fromkeys([*filter(None, [query.period]), *recent(event.today)]))
    kinds = [(ALL, say(actor, "everything")), *((kind, say(actor, f"kinds.{kind}")) for kind in KINDS)]
    times = [(ALL, say(actor, "always")), *((span, span_named(span, lang, event.today)) for span in spans)]
    fields: list[Field] = [
        Choice("kind", say(actor, "field_kind"), tuple(kinds), query.kind or ALL),
        Choice("period", say(actor, "field_period"), tuple(times), query.period or ALL),
    ]
    words = TextBox("words", say(actor, "field_words"), query.words, WORDS, lines=False, optional=True)
    title, submit, cancel = say(actor, "form_title"), say(actor, "submit"), say(actor, "cancel")
    # Somebody else's is never searched by words.
    yield OpenForm(
        Form("history.filter", title, submit, cancel, (*fields, *(() if query.person else (words,))), str(query))
    )


def show(event: Event, page: Page) -> Effect:
    """One card that turns its pages, where it can; elsewhere each page is a card of its own."""
    if event.place.kind != "direct":
        return Whisper(card(event, page, ""))
    if page.stands:
        return Replace(store.topic(event, page.query.card), card(event, page, page.query.card))
    return Tell(event.actor, card(event, page, event.ref), about=store.topic(event, event.ref))


def card(event: Event, page: Page, ref: str) -> Card:
    actor, query = event.actor, replace(page.query, card=ref)
    parts = [part for entry in page.entries for part in shown(event, page, entry)]
    if query.filtered:
        parts.insert(0, Note(say(actor, "filtered", what=chosen(event, query))))
    if not page.entries:
        parts.append(Text(nothing(event, page)))
    parts += turns(event, page, query)
    if page.entries or query.filtered:
        parts += [Divider(), kinds(event, page, query)]
    if page.entries:
        parts.append(Note(say(actor, "note_of" if query.person else "note")))
    title = say(actor, "title_of", who=page.who.name) if page.who else say(actor, "title")
    return Card(title, tuple(parts))


def nothing(event: Event, page: Page) -> str:
    if page.query.person:
        return say(event.actor, "none_of")
    return say(event.actor, "none_found" if page.query.filtered or page.query.mark else "none")


def chosen(event: Event, query: Query) -> list[str]:
    """What the page was narrowed down to, in words."""
    actor, found = event.actor, list[str]()
    if query.kind:
        found.append(say(actor, f"kinds.{query.kind}"))
    if query.period:
        found.append(span_named(query.period, speaks(actor), event.today))
    return [*found, say(actor, "quoted", words=query.words)] if query.words else found


def turns(event: Event, page: Page, query: Query) -> Iterator[Part]:
    row = []
    if page.newer:
        row.append(Button(say(event.actor, "newer"), "history.newer", str(query.at(page.newer, newer=True))))
    if page.older:
        row.append(Button(say(event.actor, "older"), "history.older", str(query.at(page.older))))
    if row:
        yield Buttons(tuple(row))


def kinds(event: Event, page: Page, query: Query) -> Buttons:
    """What else to look at: on the first page each kind by a button of its own."""
    actor, whole = event.actor, query.at(None)
    row = [Button(say(actor, "filter"), "history.filter", str(whole), opens=True)]
    if query.filtered:
        everything = replace(whole, kind="", period="", words="")
        row.append(Button(say(actor, "everything"), "history.show", str(everything)))
    for kind in () if page.newer else OPEN_TO_OTHERS if query.person else KINDS:
        if kind != query.kind:
            row.append(Button(say(actor, f"kinds.{kind}"), "history.show", str(replace(whole, kind=kind))))
    return Buttons(tuple(row))


def shown(event: Event, page: Page, entry: Entry) -> Iterator[Part]:
    """A line that says what it was, and the words of it."""
    actor, key = event.actor, f"theirs.{entry.name}" if page.who else f"own.{entry.name}"
    lang, today, names = speaks(actor), event.today, dict(entry.names)
    names["day"] = dated(actor.day_of(entry.mark.at), lang, today)
    match entry.name:
        case "checkin" | "review" | "summary":
            names["period"] = named(names["period"], lang)
        case "commitment" | "learning_set":
            names |= {"by": dated(names["by"], lang, today), "state": say(actor, f"state.{names['state']}")}
        case "plan":
            names["by"] = dated(names["by"], lang, today)
        case "goal_closed" | "learning_over" | "plan_over" | "promise":
            names["state"] = say(actor, f"state.{names['state']}")
        case "wish":
            names["state"] = say(actor, f"wished.{names['state']}")
        case "goal_update":
            names["title"] = names["title"][:SHOWN]
            if names["value"] is not None:
                figure = f"{written(names['value'], lang)} {names['unit']}".strip()
                names["title"] = say(actor, "figure", title=names["title"], figure=figure)
    yield Text(say(actor, key, **names))
    if entry.words:
        yield Quote(entry.words[:SHOWN])
    if names.get("energy") and names.get("workload"):
        yield Note(say(actor, "figures", energy=names["energy"], workload=names["workload"]))
