"""Kudos: anyone may thank anyone, a few times a day, in the open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.core.cards import (
    Button,
    Buttons,
    Card,
    Choice,
    Form,
    Note,
    PeoplePicker,
    Text,
    TextBox,
)
from bot.core.effects import Effect, OpenForm, Post, Record, Refuse, Replace, Retract, Tell, Whisper
from bot.core.events import Action, Command, Event, Shortcut, Submission
from bot.core.features import Feature
from bot.core.kudos import Giving, give_button, places, public_card, read, told
from bot.core.people import Person, Place
from bot.core.wording import wording
from storage import kudos as store
from storage.kudos import Desk, Kudos, Removed

kudos = Feature("kudos")
say = wording("kudos")
LIMIT = 1000  # characters of a reason


# Giving: by command, form and menu.


@kudos.command("kudos", gather=store.desk)
def give(event: Command, desk: Desk) -> Iterator[Effect]:
    words, values = read(event.text, event.settings.values)
    if not desk.named and not words and not event.groups:
        yield OpenForm(form(event))
    elif objections := check(event, desk, words):
        yield Whisper(Card(say(event.actor, "sorry"), tuple(map(Text, objections.values()))))
    else:
        yield from thank(event, desk, words, values)


@kudos.shortcut("kudos")
def choose(event: Shortcut) -> Iterator[Effect]:
    """From a message's menu its author is already filled in, and the card is posted in that message's thread."""
    place = replace(event.place, thread=event.place.thread or event.message or None)
    author = (event.author,) if event.author and event.author.id != event.actor.id else ()
    yield OpenForm(form(event, author, quoted=event.text, place=place))


@kudos.action("kudos.form")
def open_form(event: Action) -> Iterator[Effect]:
    yield OpenForm(form(event))


@kudos.submission("kudos.form", gather=store.form_desk)
def submit(event: Submission, desk: Desk) -> Iterator[Effect]:
    words, values = read(event.answers.get("why", ""), event.settings.values)
    chosen = tuple(value for value in event.answers.get("values", "").split(",") if value in event.settings.values)
    if objections := check(event, desk, words):
        yield Refuse(objections)
    else:
        yield from thank(event, desk, words, tuple(dict.fromkeys((*values, *chosen))))


def thank(event: Event, desk: Desk, words: str, values: tuple[str, ...]) -> Iterator[Effect]:
    to, place = unique(desk.named), replace(event.place, kind=desk.kind)
    giving = Giving(f"kudos:{event.ref}", event.actor, to, words, values, event.at, place)
    yield Record(Kudos(giving, event.today, first_time=desk.first_time))
    where = list(places(event, place))
    for each in where:
        not_let_in = Card(parts=(Text(say(event.actor, "not_let_in")), undo_button(event.actor, giving)))
        yield Post(each, public_card(event, giving, each), giving.id, otherwise=not_let_in)
    yield from told(giving, desk.first_time)
    yield Whisper(confirmation(event, giving, where))


def unique(people: Sequence[Person]) -> tuple[Person, ...]:
    return tuple({person.id: person for person in people}.values())


def check(event: Event, desk: Desk, words: str) -> Mapping[str, str]:
    """All that is wrong, by field, in the giver's language."""
    giver, to, rules = event.actor, unique(desk.named), event.settings.kudos
    left = rules.a_day(giver.role) - desk.given
    who = list[str]()
    if desk.unknown_groups:
        who.append(say(giver, "refuse_group"))
    elif not to:
        who.append(say(giver, "refuse_nobody"))
    if any(person.id == giver.id for person in to):
        who.append(say(giver, "refuse_self"))
    for person in to:
        if person.company != giver.company:
            who.append(say(giver, "refuse_other"))
        elif person.bot:
            who.append(say(giver, "refuse_bot", people=person.name))
        elif person.gone:
            who.append(say(giver, "refuse_gone", people=person.name))
        elif person.guest and not rules.guests:
            who.append(say(giver, "refuse_guest", people=person.name))
    if len(to) > left:
        who.append(say(giver, "spent_today") if left <= 0 else say(giver, "refuse_spent", n=left, named=len(to)))
    wrong = {"to": " ".join(who)} if who else {}
    if not words:
        wrong["why"] = say(giver, "refuse_no_reason")
    elif len(words) > LIMIT:
        wrong["why"] = say(giver, "refuse_long", limit=LIMIT)
    return wrong


# Taking back.


@kudos.command("kudos undo", gather=store.last_given)
@kudos.action("kudos.undo", gather=store.pressed)
def undo(event: Command | Action, giving: Giving | None) -> Iterator[Effect]:
    if giving is None:
        yield Whisper(Card(parts=(Text(say(event.actor, "nothing_to_undo")),)))
    elif giving.giver.id != event.actor.id:
        yield Whisper(Card(parts=(Text(say(event.actor, "not_yours")),)))
    else:
        yield from gone(event, giving, "kudos.undo")
        yield Whisper(Card(parts=(Text(say(event.actor, "undone")),)))


@kudos.action("kudos.remove", gather=store.pressed)
def remove(event: Action, giving: Giving | None) -> Iterator[Effect]:
    """A receiver takes their own part away; with the last receiver the card goes."""
    if giving is None:
        yield Whisper(Card(parts=(Text(say(event.actor, "gone")),)))
        return
    left = tuple(person for person in giving.receivers if person.id != event.actor.id)
    if len(left) == len(giving.receivers):
        yield Whisper(Card(parts=(Text(say(event.actor, "not_yours")),)))
        return
    if left:
        yield Record(Removed(event, giving.id, (event.actor,), "kudos.remove"))
        yield Replace(giving.id, public_card(event, replace(giving, receivers=left), giving.place))
    else:
        yield from gone(event, giving, "kudos.remove")
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "removed")),)))


def gone(event: Event, giving: Giving, action: str) -> Iterator[Effect]:
    yield Record(Removed(event, giving.id, giving.receivers, action))
    yield from (Retract(topic) for topic in (giving.id, giving.private, giving.under))


@kudos.command("kudos help")
def help(event: Command) -> Iterator[Effect]:
    emojis = " ".join(f":{emoji}:" for emoji in event.settings.kudos.emojis)
    parts = (Text(say(event.actor, "help")), Note(say(event.actor, "help_emojis", emojis=emojis)))
    yield Whisper(Card(say(event.actor, "help_title"), (*parts, give_button(event.actor))))


def form(event: Event, to: tuple[Person, ...] = (), quoted: str = "", place: Place | None = None) -> Form:
    actor = event.actor
    hint = say(actor, "quoted", text=quoted[:200]) if quoted else say(actor, "why_hint")
    fields: list[PeoplePicker | TextBox | Choice] = [
        PeoplePicker("to", say(actor, "to"), to),
        TextBox("why", say(actor, "why"), limit=LIMIT, hint=hint),
    ]
    if event.settings.values:
        options = tuple((value, f"#{value}") for value in event.settings.values)
        fields.append(Choice("values", say(actor, "values"), options, many=True, optional=True))
    title, submit, cancel = say(actor, "form_title"), say(actor, "give"), say(actor, "cancel")
    return Form("kudos.form", title, submit, cancel, tuple(fields), place=place)


def confirmation(event: Event, giving: Giving, where: Sequence[Place]) -> Card:
    actor, lines = event.actor, [say(event.actor, "sent", people=[person.name for person in giving.receivers])]
    if any(place.conversation != event.place.conversation for place in where):
        lines.append(say(actor, "sent_recognition"))
    return Card(parts=(Text(" ".join(lines)), undo_button(actor, giving)))


def undo_button(person: Person, giving: Giving) -> Buttons:
    return Buttons((Button(say(person, "undo"), "kudos.undo", giving.id),))
