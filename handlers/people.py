"""Who one is here: one's manager, and the words of help and of coming to know each other."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.cards import Button, Buttons, Card, Form, Note, PeoplePicker, Text
from bot.core.effects import Effect, OpenForm, Post, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Event, Met, Submission
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.wording import wording
from storage import people as store
from storage.engine import Session
from storage.people import Asked, Changed
from storage.places import Channel

people = Feature("people")
say = wording("people")


# Who manages whom: said by the person, confirmed by the manager.


@dataclass(frozen=True, slots=True)
class Line:
    """The reporting line around a person: their manager, whom they name, and who stands above that one."""

    manager: Person | None
    named: Person | None = None
    above: frozenset[str] = frozenset()


async def line(session: Session, event: Command) -> Line:
    return await _line(session, event, event.mentions[0] if event.mentions else None)


async def form_line(session: Session, event: Submission) -> Line:
    return await _line(session, event, next(iter(event.people.get("manager", ())), None))


async def _line(session: Session, event: Event, named: Person | None) -> Line:
    return Line(await store.manager(session, event), named, await store.above(session, named))


@people.command("kadens manager", gather=line)
def name_manager(event: Command, line: Line) -> Iterator[Effect]:
    actor = event.actor
    if listed := elsewhere(event, line.manager):
        yield Whisper(Card(parts=(Text(listed),)))
    elif line.named is None:
        said = say(actor, "manager_is", who=line.manager.name) if line.manager else say(actor, "manager_none")
        choose = Button(say(actor, "settings_button_manager"), "people.manager", opens=True)
        yield Whisper(Card(parts=(Text(said), Buttons((choose,)))))
    elif objection := wrong(actor, line):
        yield Whisper(Card(parts=(Text(objection),)))
    else:
        yield from ask_manager(event, line.named)
        yield Whisper(Card(parts=(Text(say(actor, "manager_asked", who=line.named.name)),)))


def elsewhere(event: Event, manager: Person | None) -> str:
    """Where the company's own list says who manages whom: that it does, and whom to talk to. Else nothing."""
    if event.settings.people.managers != "directory":
        return ""
    known = say(event.actor, "manager_is", who=manager.name) if manager else say(event.actor, "manager_unlisted")
    return f"{known} {say(event.actor, 'manager_listed')}"


@people.action("people.manager", gather=store.manager)
def open_manager(event: Action, manager: Person | None) -> Iterator[Effect]:
    actor = event.actor
    if listed := elsewhere(event, manager):
        yield Whisper(Card(parts=(Text(listed),)))
        return
    field = PeoplePicker("manager", say(actor, "manager_field"), many=False)
    title, save, cancel = say(actor, "manager_form"), say(actor, "save"), say(actor, "cancel")
    yield OpenForm(Form("people.manager", title, save, cancel, (field,)))


@people.submission("people.manager", gather=form_line)
def submit_manager(event: Submission, line: Line) -> Iterator[Effect]:
    if listed := elsewhere(event, line.manager):
        yield Refuse({"manager": listed})
    elif line.named is None:
        yield Refuse({"manager": say(event.actor, "manager_none")})
    elif objection := wrong(event.actor, line):
        yield Refuse({"manager": objection})
    else:
        yield from ask_manager(event, line.named)
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "manager_asked", who=line.named.name)),)))


def wrong(actor: Person, line: Line) -> str:
    who = line.named
    if who is None or who.id == actor.id:
        return say(actor, "manager_self")
    if who.bot or who.gone:
        return say(actor, "manager_bot", who=who.name)
    if who.guest or who.company != actor.company:
        return say(actor, "manager_outside", who=who.name)
    if actor.id in line.above:
        return say(actor, "manager_circle", who=who.name)
    return say(actor, "manager_already", who=who.name) if actor.manager == who.id else ""


def ask_manager(event: Event, who: Person) -> Iterator[Effect]:
    yield Record(Changed(event.actor.id, {"manager_asked": who.id}))
    yes = Button(say(who, "manager_yes"), "people.confirm", event.actor.id, "primary")
    buttons = Buttons((yes, Button(say(who, "manager_no"), "people.refuse", event.actor.id)))
    card = Card(say(who, "manager_title", who=event.actor.name), (Text(say(who, "manager_text")), buttons))
    yield Tell(who, card, about=f"manager:{event.actor.id}:{who.id}")


@people.action("people.confirm", gather=store.confirming)
def confirm(event: Action, asked: Asked | None) -> Iterator[Effect]:
    if asked is None or elsewhere(event, None):
        yield Whisper(Card(parts=(Text(say(event.actor, "manager_stale")),)))
        return
    actor, report = event.actor, asked.report
    if asked.circle:  # who manages whom has changed since the question
        yield Record(Changed(report.id, {"manager_asked": None}))
        yield from answer_asked(actor, report, "manager_round", "manager_round_them")
        return
    yield Record(Changed(report.id, {"manager": actor.id, "manager_from": "chat", "manager_asked": None}))
    yield from answer_asked(actor, report, "manager_confirmed", "manager_confirmed_them")


def answer_asked(actor: Person, report: Person, here: str, there: str) -> Iterator[Effect]:
    yield Replace(f"manager:{report.id}:{actor.id}", Card(parts=(Text(say(actor, here, who=report.name)),)))
    yield Tell(report, Card(parts=(Text(say(report, there, who=actor.name)),)), awaited=True)


@people.action("people.refuse", gather=store.asking)
def refuse(event: Action, report: Person | None) -> Iterator[Effect]:
    if report is None:
        yield Whisper(Card(parts=(Text(say(event.actor, "manager_stale")),)))
        return
    actor = event.actor
    yield Record(Changed(report.id, {"manager_asked": None}))
    yield from answer_asked(actor, report, "manager_refused", "manager_refused_them")


# Who sees what, and what there is.


@people.command("kadens help")
def help(event: Command) -> Iterator[Effect]:
    yield Whisper(help_card(event))


@people.action("people.help")
def press_help(event: Action) -> Iterator[Effect]:
    yield Tell(event.actor, help_card(event))


def help_card(event: Event) -> Card:
    actor, slash = event.actor, f"/{event.settings.prefix}"
    names = ("checkin", "kudos", "feedback", "goal", "grow", "review", "oneonone", "growth", "kadens")
    lines = "\n".join(say(actor, f"help_{name}").replace("/", slash, 1) for name in names)
    more = Note(say(actor, "help_more"))
    return Card(say(actor, "help_title"), (Note(say(actor, "help_intro")), Text(lines), more, start_buttons(actor)))


def start_buttons(actor: Person) -> Buttons:
    home = wording("home")
    return Buttons(
        (
            Button(home(actor, "checkin"), "checkin.start", style="primary"),
            Button(home(actor, "give_kudos"), "kudos.form", opens=True),
            Button(home(actor, "grow"), "grow.start"),
            Button(say(actor, "help_home"), "home.show"),
        )
    )


# Coming to know each other.


@people.met("direct")
def met(event: Met) -> Iterator[Effect]:
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "hello", name=event.actor.name)),)))


@people.met("public")
@people.met("private")
def let_in(event: Met) -> Iterator[Effect]:
    """Into a channel: we note what kind of place it is, and say what can be done there."""
    place = event.place
    yield Record(Channel(place.workspace, place.conversation, event.kind))
    lang = event.settings.languages.of(place.conversation)
    yield Post(place, Card(parts=(Text(say(lang, "hello_channel")),)))
