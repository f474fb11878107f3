"""The first words in a workspace: who let us in says whom we begin with. Until then nobody is nudged."""

from collections.abc import Iterator

from bot.core.cards import Button, Buttons, Card, Form, Note, Part, PeoplePicker, Text
from bot.core.company_form import looks_after
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Installed, Submission
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.settings import People
from bot.core.wording import speaks, wording, written
from storage import settings as store
from storage.installations import Arrival
from storage.settings import Company, Set
from storage.welcome import Standing, standing

welcome = Feature("welcome")
say = wording("welcome")
HERE = 12  # names a card lists


# Let in.


@welcome.installed("workspace", gather=standing)
def let_in(event: Installed, now: Standing) -> Iterator[Effect]:
    """The first to let us in chooses for the company, and looks after it. Whoever does so again changes nothing."""
    yield Record(Arrival(event))
    people = event.settings.people
    if now.again or now.beside:
        known = () if event.actor.bot else (event.actor,)
        for person in known:
            yield Tell(person, Card(parts=(Text(say(person, "again" if now.again else "beside")),)))
        return
    changes: dict[str, object] = {} if "people.not_yet" in now.chosen.said else {"people.not_yet": True}
    if not event.actor.bot and event.actor.account not in people.admins:
        changes["people.admins"] = [*people.admins, event.actor.account]
    if changes:
        yield Record(Set(event, changes))
    people = people.model_copy(update={"not_yet": True})
    # Where nobody is told who let us in, those are asked whom the operator named.
    for person in now.admins if event.actor.bot else (event.actor,):
        yield Tell(person, card(person, people, (), first=True), about=topic(person))


def topic(person: Person) -> str:
    return f"welcome:{person.id}"


def card(person: Person, people: People, pilot: tuple[Person, ...], first: bool = False) -> Card:
    """How it stands, and the three choices."""
    parts: list[Part] = [Text(say(person, "hello"))] if first else []
    parts += [Text(in_words(person, people, pilot)), Note(say(person, "later"))]
    row = (
        Button(say(person, "everybody"), "welcome.choose", "everybody"),
        Button(say(person, "pilot"), "welcome.pilot", style="primary" if people.not_yet else "plain", opens=True),
        Button(say(person, "not_yet"), "welcome.choose", "not_yet"),
    )
    return Card(say(person, "title"), (*parts, Buttons(row)))


def in_words(person: Person, people: People, pilot: tuple[Person, ...]) -> str:
    """Whom we begin with, as it is now."""
    if people.not_yet:
        return say(person, "now_not_yet")
    if not people.pilot:
        return say(person, "now_everybody")
    names = [each.name for each in pilot[:HERE]]
    names += [say(person, "more", n=len(pilot) - HERE)] if len(pilot) > HERE else []
    return say(person, "now_pilot", who=written(names, speaks(person))) if names else say(person, "now_nobody_known")


# Choosing, from the card or from /kadens admin.


@welcome.action("welcome.show", gather=store.company)
def show(event: Action, found: Company) -> Iterator[Effect]:
    if not looks_after(event):
        yield kept_out(event)
        return
    yield Tell(event.actor, card(event.actor, event.settings.people, found.pilot), about=topic(event.actor))


def kept_out(event: Action | Submission) -> Whisper:
    return Whisper(Card(parts=(Text(say(event.actor, "not_yours")),)))


@welcome.action("welcome.choose", gather=store.company)
def choose(event: Action, found: Company) -> Iterator[Effect]:
    if not looks_after(event):
        yield kept_out(event)
    elif event.value == "everybody":
        yield from chosen(event, found, {"people.not_yet": False, "people.pilot": []}, ())
    else:
        yield from chosen(event, found, {"people.not_yet": True}, found.pilot)


def chosen(
    event: Action | Submission, found: Company, changes: dict[str, object], pilot: tuple[Person, ...]
) -> Iterator[Effect]:
    """Keep what is another than before; the cards the actor has say how it stands now."""
    actor, before = event.actor, event.settings.people
    people = People.model_validate(
        {**before.model_dump(), **{path.removeprefix("people."): value for path, value in changes.items()}}
    )
    if people != before:
        yield Record(Set(event, changes))
    yield Replace(topic(actor), card(actor, people, pilot))
    yield Tell(actor, Card(parts=(Text(in_words(actor, people, pilot)),)))


@welcome.action("welcome.pilot", gather=store.company)
def open_pilot(event: Action, found: Company) -> Iterator[Effect]:
    actor = event.actor
    if not looks_after(event):
        yield kept_out(event)
        return
    field = PeoplePicker("pilot", say(actor, "pilot_field"), found.pilot, hint=say(actor, "pilot_hint"))
    title, save, cancel = (say(actor, name) for name in ("pilot", "save", "cancel"))
    yield OpenForm(Form("welcome.pilot", title, save, cancel, (field,)))


@welcome.submission("welcome.pilot", gather=store.company)
def submit_pilot(event: Submission, found: Company) -> Iterator[Effect]:
    picked = event.people.get("pilot", ())
    if not looks_after(event):
        yield kept_out(event)
    elif not picked:
        yield Refuse({"pilot": say(event.actor, "pilot_none")})
    elif any(each.company != event.actor.company or each.bot or each.gone for each in picked):
        yield Refuse({"pilot": say(event.actor, "pilot_wrong")})
    else:
        accounts = [each.account for each in picked]
        yield from chosen(event, found, {"people.not_yet": False, "people.pilot": accounts}, picked)
