"""What the company can change in chat. app.yaml says how it begins; what is said here wins, with a name and a day."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bot.core.cards import Button, Buttons, Card, Choice, Facts, Field, Form, Note, Part, Text, TextBox
from bot.core.company_form import FIELDS, KEPT, KUDOS, PEOPLE, looks_after, objections, typed
from bot.core.effects import Effect, OpenForm, Record, Refuse, Tell, Whisper
from bot.core.events import Action, Command, Event, Submission
from bot.core.features import Feature
from bot.core.overlays import at, over
from bot.core.wording import LANGUAGES, speaks, wording, written
from storage import settings as store
from storage.settings import Company, Set

admin = Feature("admin")
say = wording("admin")
NAMES = {"en": "English", "sv": "svenska", "nl": "Nederlands"}
COMPANYS = "company"  # the language of a channel that has none of its own


def kept_out(event: Event) -> Whisper:
    return Whisper(Card(parts=(Text(say(event.actor, "not_yours")),)))


# The card.


@admin.command("kadens admin", gather=store.company)
def show(event: Command, found: Company) -> Iterator[Effect]:
    yield Whisper(card(event, found)) if looks_after(event) else kept_out(event)


@admin.action("admin.show", gather=store.company)
def press_show(event: Action, found: Company) -> Iterator[Effect]:
    yield Tell(event.actor, card(event, found)) if looks_after(event) else kept_out(event)


def card(event: Event, found: Company) -> Card:
    actor, place = event.actor, event.place
    rows = tuple((say(actor, f"fields.{field}"), shown(event, found, field)) for field in FIELDS)
    row = [
        Button(say(actor, "kudos"), "admin.kudos", opens=True),
        Button(say(actor, "people"), "admin.people", opens=True),
        Button(say(actor, "begin"), "welcome.show"),
        Button(say(actor, "cycle"), "cycle.show"),
    ]
    parts: list[Part] = [Note(say(actor, "intro")), Facts(rows)]
    if place.kind == "direct":
        parts.append(Note(say(actor, "in_channel")))
    else:
        row.append(Button(say(actor, "here"), "admin.channel", f"{place.workspace}|{place.conversation}", opens=True))
    if found.said:
        row.append(Button(say(actor, "back"), "admin.back", opens=True))
    return Card(say(actor, "title"), (*parts, Buttons(tuple(row))))


def shown(event: Event, found: Company, field: str) -> str:
    """What holds; where it was set in chat, by whom and when."""
    path = FIELDS[field]
    words = in_words(event, found, field)
    if path not in found.by:
        return words
    who, when = found.by[path]
    return say(event.actor, "set_by", value=words, who=who.name, day=when.date())


def in_words(event: Event, found: Company, field: str) -> str:
    actor, value = event.actor, at(event.settings, FIELDS[field])
    match field:
        case "values" | "emojis":
            return ", ".join(value) or say(actor, "none")
        case "allowance":
            return ", ".join(f"{role} {written(a_day, speaks(actor))}" for role, a_day in value.items())
        case "guests" | "leaderboard" | "not_yet":
            return say(actor, "yes" if value else "no")
        case "pilot":
            return written([person.name for person in found.pilot], speaks(actor)) if value else say(actor, "everybody")
        case "admins":
            return written(len(value), speaks(actor))
        case "recognition":
            return say(actor, "yes" if value.get(actor.workspace) else "no")
        case "channels":
            return say(actor, "channels", n=len(value))
    return written(value, speaks(actor))


# The forms.


@admin.action("admin.kudos", gather=store.company)
@admin.action("admin.people", gather=store.company)
def open_form(event: Action, found: Company) -> Iterator[Effect]:
    if not looks_after(event):
        yield kept_out(event)
        return
    fields = KUDOS if event.action == "admin.kudos" else PEOPLE
    yield form(event, event.action, "title", tuple(field_of(event, found, name) for name in fields))


def form(event: Event, id: str, title: str, fields: tuple[Field, ...], value: str = "") -> OpenForm:
    actor = event.actor
    return OpenForm(Form(id, say(actor, title), say(actor, "save"), say(actor, "cancel"), fields, value))


def field_of(event: Event, found: Company, name: str) -> Field:
    actor, value = event.actor, at(event.settings, FIELDS[name])
    label = say(actor, f"fields.{name}")
    match name:
        case "values" | "emojis":
            return TextBox(name, label, ", ".join(value), 1000, lines=False, hint=say(actor, f"hints.{name}"))
        case "allowance":
            lines = "\n".join(f"{role}: {a_day}" for role, a_day in value.items())
            return TextBox(name, label, lines, 1000, hint=say(actor, "hints.allowance"))
        case "guests" | "leaderboard":
            options = (("yes", say(actor, "yes")), ("no", say(actor, "no")))
            return Choice(name, label, options, "yes" if value else "no")
    return TextBox(name, label, str(value), 5, lines=False)


@admin.submission("admin.kudos", gather=store.company)
@admin.submission("admin.people", gather=store.company)
def submit(event: Submission, found: Company) -> Iterator[Effect]:
    fields = KUDOS if event.form == "admin.kudos" else PEOPLE
    wanted = {path: typed(event, name) for name, path in fields.items()}
    yield from change(event, wanted, {path: name for name, path in fields.items()})


def change(event: Submission, wanted: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[Effect]:
    """Keep what is another than before, if the settings can be so; else all that is wrong, beside its field."""
    if not looks_after(event):
        yield kept_out(event)
        return
    try:
        new = over(event.settings, wanted)
    except ValidationError as error:
        yield Refuse(objections(event.actor, error, fields))
        return
    changed = {path: plain(at(new, path)) for path in wanted if at(new, path) != at(event.settings, path)}
    if changed:
        yield Record(Set(event, changed))
    names = [say(event.actor, f"fields.{fields[path]}") for path in changed]
    yield done(event, say(event.actor, "saved", names=names) if names else say(event.actor, "as_before"))


def plain(value: Any) -> Any:
    """As JSON has it, so that what is kept can be compared."""
    return json.loads(json.dumps(value, default=dict))


def done(event: Event, text: str) -> Tell:
    again = Button(say(event.actor, "show"), "admin.show")
    return Tell(event.actor, Card(parts=(Text(text), Buttons((again,)))))


# A channel's own: said where it is, for nobody knows the ids of channels.


@admin.action("admin.channel", gather=store.company)
def open_channel(event: Action, found: Company) -> Iterator[Effect]:
    actor, place = event.actor, here(event)
    if not looks_after(event):
        yield kept_out(event)
    elif place is None:
        yield Whisper(Card(parts=(Text(say(actor, "in_channel")),)))
    else:
        workspace, conversation = place
        thanks = event.settings.kudos.recognition.get(workspace) == conversation
        yes_or_no = (("yes", say(actor, "yes")), ("no", say(actor, "no")))
        languages = ((COMPANYS, say(actor, "companys")), *NAMES.items())
        lang = event.settings.languages.channels.get(conversation, COMPANYS)
        fields = (
            Choice("recognition", say(actor, "fields.recognition"), yes_or_no, "yes" if thanks else "no"),
            Choice("channels", say(actor, "channel_language"), languages, lang),
        )
        yield form(event, "admin.channel", "here", fields, event.value)


def here(event: Action | Submission) -> tuple[str, str] | None:
    """The workspace and the channel a button or form is about; None unless they are of the actor's company."""
    workspace, _, conversation = event.value.partition("|")
    ours = event.settings.company(workspace) == event.settings.company(event.actor.workspace)
    return (workspace, conversation) if conversation and ours else None


@admin.submission("admin.channel", gather=store.company)
def submit_channel(event: Submission, found: Company) -> Iterator[Effect]:
    place = here(event)
    if not looks_after(event) or place is None:
        yield kept_out(event)
        return
    (workspace, conversation), now, changed = place, event.settings, dict[str, Any]()
    thanks, lang = event.answers.get("recognition") == "yes", event.answers.get("channels", "")
    if thanks != (now.kudos.recognition.get(workspace) == conversation):
        changed["kudos.recognition"] = {workspace: conversation if thanks else ""}
    lang = lang if lang in LANGUAGES else ""
    if lang != now.languages.channels.get(conversation, ""):
        changed["languages.channels"] = {conversation: lang}
    if changed:
        merged = {path: {**found.said.get(path, {}), **added} for path, added in changed.items()}
        yield Record(Set(event, merged))
    yield done(event, say(event.actor, "channel_saved" if changed else "as_before"))


# Back to the file.


def given_back(found: Company) -> Iterator[tuple[str, str]]:
    """What was set in chat and can be as app.yaml has it: field and path."""
    return ((field, path) for field, path in FIELDS.items() if path in found.said and field not in KEPT)


@admin.action("admin.back", gather=store.company)
def open_back(event: Action, found: Company) -> Iterator[Effect]:
    actor = event.actor
    options = tuple((field, say(actor, f"fields.{field}")) for field, path in given_back(found))
    if not looks_after(event):
        yield kept_out(event)
    elif not options:
        yield done(event, say(actor, "nothing_set"))
    else:
        field = Choice("which", say(actor, "back_which"), options, many=True, hint=say(actor, "back_hint"))
        yield form(event, "admin.back", "back", (field,))


@admin.submission("admin.back", gather=store.company)
def submit_back(event: Submission, found: Company) -> Iterator[Effect]:
    mine = dict(given_back(found))
    chosen = [field for field in event.answers.get("which", "").split(",") if field in mine]
    if not looks_after(event):
        yield kept_out(event)
    elif not chosen:
        yield Refuse({"which": say(event.actor, "back_none")})
    else:
        yield Record(Set(event, {FIELDS[field]: None for field in chosen}))
        names = [say(event.actor, f"fields.{field}") for field in chosen]
        yield done(event, say(event.actor, "given_back", names=names))
