"""One-to-ones: the list of a pair, to which both add from anywhere, what they said they would do, and notes to self.

When they meet stands in handlers/meetings.py.
"""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.cards import MENTION, Button, Buttons, Card, Note, Quote, Text, clean, plain
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Event, Shortcut, Submission
from bot.core.features import Feature
from bot.core.oneonone import LIMIT, WORD, Between, Point, Remembered
from bot.core.oneonone_cards import card, drop_form, note_form, overview, point_form, say, topic
from bot.core.people import Person
from storage import oneonone as store
from storage.oneonone import Forgotten, Found, Kept, Noted, Talked

oneonone = Feature("oneonone")


@oneonone.command("oneonone", gather=store.opened)
def command(event: Command, found: Found) -> Iterator[Effect]:
    """`@ana the new tools` goes on the list; with nobody named, on the list with the only one there is."""
    actor, words = event.actor, typed(event.text)
    if event.mentions and found.between is None:
        yield Whisper(stranger_card(actor, event.mentions[0]))
    elif len(words) > LIMIT:
        yield Whisper(Card(parts=(Text(say(actor, "refuse_long", limit=LIMIT)),)))
    elif words and found.between:
        yield from put(event, found.between, words)
    elif words and found.partners:
        yield opened(event, found, words)
    elif event.mentions and found.between:
        yield shown(event, found.between)
    else:
        yield listed(event, found)


def typed(text: str) -> str:
    return " ".join(clean(plain(MENTION.sub(" ", text))).split())


def stranger_card(actor: Person, who: Person) -> Card:
    """Somebody one has no one-to-one with yet: a rhythm is how it begins."""
    button = Button(say(actor, "set_rhythm"), "meetings.rhythm", who.id, "primary", opens=True)
    return Card(who.name, (Text(say(actor, "no_partner")), Buttons((button,))))


@oneonone.action("oneonone.show", gather=store.pressed)
def show(event: Action, found: Found) -> Iterator[Effect]:
    yield shown(event, found.between) if found.between else listed(event, found)


def shown(event: Event, found: Between) -> Effect:
    return Tell(event.actor, card(event.actor, found), about=topic(event, found))


def listed(event: Event, found: Found) -> Effect:
    return Tell(event.actor, overview(event.actor, found.partners, found.pairs))


def redrawn(event: Event, found: Between, said: str) -> Iterator[Effect]:
    """The card as it is now, and what was done in a line: the button may have stood on an older one."""
    yield Replace(topic(event, found), card(event.actor, found))
    yield Tell(event.actor, Card(parts=(Note(said),)))


def gone(event: Event) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, "gone")),)))


# Points.


@oneonone.shortcut("oneonone", gather=store.opened)
def from_message(event: Shortcut, found: Found) -> Iterator[Effect]:
    """A message that is to be talked about."""
    yield opened(event, found, typed(event.text)[:LIMIT]) if found.partners else listed(event, found)


def opened(event: Event, found: Found, words: str = "") -> Effect:
    who = found.between.partner.id if found.between else ""
    form = point_form(event.actor, found.partners, who, words)
    # Where only a button can be sent, it carries the words.
    return OpenForm(form if event.opens else replace(form, value=f"{who}|{words}"))


@oneonone.action("oneonone.point", gather=store.pressed)
def open_point(event: Action, found: Found) -> Iterator[Effect]:
    who, _, words = event.value.partition("|")
    yield opened(event, found, clean(words)) if found.between or (not who and found.partners) else gone(event)


@oneonone.submission("oneonone.point", gather=store.pressed)
def add(event: Submission, found: Found) -> Iterator[Effect]:
    words = clean(event.answers.get("words", "")).strip()
    if wrong := check(event, found, words):
        yield Refuse(wrong)
    elif found.between:
        yield from put(event, found.between, words)


def check(event: Submission, found: Found, words: str) -> dict[str, str]:
    wrong, actor = dict[str, str](), event.actor
    if not words:
        wrong["words"] = say(actor, "refuse_words")
    elif len(words) > LIMIT:
        wrong["words"] = say(actor, "refuse_long", limit=LIMIT)
    if found.between is None:
        wrong["words" if event.value else "who"] = say(actor, "refuse_who")
    return wrong


def put(event: Event, found: Between, words: str) -> Iterator[Effect]:
    """On the list of both."""
    actor, you = event.actor, found.partner
    two = (you.id, actor.id) if you.manager == actor.id else (actor.id, you.id)
    id = f"point:{event.ref}"
    yield Record(store.Point(id, *two, words, f"said:{event.ref}", event.at, actor.id))
    now = replace(found, points=(*found.points, Point(id, words, actor.id)))
    yield from redrawn(event, now, say(actor, "added", who=you.name))


@oneonone.action("oneonone.talked", gather=store.point)
def talked(event: Action, found: Found) -> Iterator[Effect]:
    if found.between is None:
        yield gone(event)
        return
    yield Record(Talked((event.value,), event.at))
    rest = tuple(each for each in found.between.points if each.id != event.value)
    now = replace(found.between, points=rest)
    yield from redrawn(event, now, say(event.actor, "settled", words=found.what))


# Notes.


@oneonone.action("oneonone.note", gather=store.pressed)
def open_note(event: Action, found: Found) -> Iterator[Effect]:
    yield OpenForm(note_form(event.actor, found.between.partner.id)) if found.between else gone(event)


@oneonone.submission("oneonone.note", gather=store.pressed)
def note(event: Submission, found: Found) -> Iterator[Effect]:
    words, actor = clean(event.answers.get("words", "")).strip(), event.actor
    if wrong := check(event, found, words):
        yield Refuse(wrong)
    elif found.between:
        id = f"note:{event.ref}"
        yield Record(Noted(id, actor.id, found.between.partner.id, words, event.at))
        now = replace(found.between, notes=(*found.between.notes, Remembered(id, words)))
        yield from redrawn(event, now, say(actor, "noted"))


@oneonone.action("oneonone.forget", gather=store.note)
def forget(event: Action, found: Found) -> Iterator[Effect]:
    if found.between is None:
        yield gone(event)
        return
    yield Record(Forgotten(event.value, event.actor.id))
    rest = tuple(each for each in found.between.notes if each.id != event.value)
    yield from redrawn(event, replace(found.between, notes=rest), say(event.actor, "forgotten"))


# What was promised.


@oneonone.action("oneonone.done", gather=store.promise)
def done(event: Action, found: Found) -> Iterator[Effect]:
    if own(event, found) and found.between:
        yield Record(Kept(event.value, "done", event.at))
        yield from closed(event, found.between, say(event.actor, "kept", words=found.what))
    else:
        yield gone(event)


@oneonone.action("oneonone.drop", gather=store.promise)
def open_drop(event: Action, found: Found) -> Iterator[Effect]:
    yield OpenForm(drop_form(event.actor, event.value)) if own(event, found) else gone(event)


@oneonone.submission("oneonone.drop", gather=store.promise)
def drop(event: Submission, found: Found) -> Iterator[Effect]:
    """The other one hears why: it was said to them."""
    actor, word = event.actor, clean(event.answers.get("word", "")).strip()
    if not own(event, found) or found.between is None:
        yield Refuse({"word": say(actor, "gone")})
    elif not word:
        yield Refuse({"word": say(actor, "refuse_word")})
    elif len(word) > WORD:
        yield Refuse({"word": say(actor, "refuse_long", limit=WORD)})
    else:
        you = found.between.partner
        yield Record(Kept(event.value, "dropped", event.at, word))
        told = Text(say(you, "told_dropped", who=actor.name, words=found.what))
        yield Tell(you, Card(parts=(told, Quote(word))), awaited=True)
        yield from closed(event, found.between, say(actor, "dropped", words=found.what))


def own(event: Action | Submission, found: Found) -> bool:
    """Who said it says what became of it."""
    promises = found.between.promises if found.between else ()
    return any(each.id == event.value and each.person == event.actor.id for each in promises)


def closed(event: Action | Submission, found: Between, said: str) -> Iterator[Effect]:
    rest = tuple(each for each in found.promises if each.id != event.value)
    yield from redrawn(event, replace(found, promises=rest), said)


@oneonone.command("oneonone help")
def help(event: Command) -> Iterator[Effect]:
    yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")),)))
