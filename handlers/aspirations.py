"""Aspirations: what somebody wants to grow towards, in their own words, shown to their manager only if they say so."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.aspirations import (
    RHYTHM,
    STATES,
    Aspiration,
    State,
    check,
    link_form,
    list_card,
    list_parts,
    say,
    shared_card,
    short,
    theirs_card,
    wish_card,
    wish_form,
)
from bot.core.calendar import period
from bot.core.cards import Button, Buttons, Card, Part, Text, clean
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Retract, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.features import Feature
from bot.core.people import Person
from storage import aspirations as store
from storage.aspirations import Moved, One, Serves, Wished, Wishes
from storage.nudges import Answered
from storage.oneonone import Point

aspirations = Feature("aspirations")


# Seeing them.


@aspirations.command("growth aspirations", gather=store.named)
def command(event: Command, found: Wishes) -> Iterator[Effect]:
    """`/growth aspirations`, `/growth aspirations @ana`, or with the words of a new one, which is one's own alone."""
    words = clean(event.text).strip()
    if event.mentions or not words:
        yield Whisper(shown(event, found))
    elif wrong := check(event.actor, words, None, len(found.wishes)):
        yield Whisper(Card(parts=tuple(map(Text, wrong.values()))))
    else:
        yield from kept(event, Aspiration(f"aspiration:{event.ref}", event.actor, words, event.at), found.manager)


@aspirations.action("aspirations.show", gather=store.pressed)
def show(event: Action, found: Wishes) -> Iterator[Effect]:
    yield Whisper(shown(event, found))


def shown(event: Event, found: Wishes) -> Card:
    if found.who is None:
        return Card(parts=(Text(say(event.actor, "unknown")),))
    if found.who.id == event.actor.id:
        return list_card(event.actor, found.wishes)
    return theirs_card(event.actor, found.who, found.wishes)


@aspirations.action("aspirations.look", gather=store.picked)
def look(event: Action, found: One) -> Iterator[Effect]:
    wish, actor = found.wish, event.actor
    if wish is None:
        yield lost(event)
    elif wish.person.id == actor.id:
        yield Whisper(wish_card(actor, wish, found.manager))
    else:
        yield Whisper(theirs_card(actor, wish.person, [wish]))


def lost(event: Event) -> Effect:
    return Whisper(Card(parts=(Text(say(event.actor, "gone")),)))


def mine(event: Event, found: One) -> Aspiration | None:
    """The one that was pressed, if it is the actor's own."""
    return found.wish if found.wish and found.wish.person.id == event.actor.id else None


# Saying and changing them.


@aspirations.action("aspirations.form", gather=store.picked)
def open_form(event: Action, found: One) -> Iterator[Effect]:
    wish = mine(event, found)
    if event.value and (wish is None or wish.state != "open"):
        yield lost(event)
    else:
        yield OpenForm(wish_form(event.actor, found.manager, wish))


@aspirations.submission("aspirations.form", gather=store.picked)
def submit(event: Submission, found: One) -> Iterator[Effect]:
    actor, wish, words = event.actor, mine(event, found), clean(event.answers.get("words", "")).strip()
    if event.value and (wish is None or wish.state != "open"):
        yield Refuse({"words": say(actor, "gone")})
    elif wrong := check(actor, words, wish, found.open):
        yield Refuse(wrong)
    else:
        before = wish or Aspiration(f"aspiration:{event.ref}", actor, words, event.at)
        reader = found.manager if event.answers.get("share") == "manager" else None
        new = replace(before, words=words, reader=reader.id if reader else None)
        yield from kept(event, new, found.manager, wish)


def kept(event: Event, wish: Aspiration, manager: Person | None, before: Aspiration | None = None) -> Iterator[Effect]:
    """To think about it is what the half-year asks for: whoever did so is not asked."""
    yield Record(Wished(wish))
    yield Record(Answered(event, RHYTHM, now(event)))
    yield from passed_on(wish, manager, before)
    yield Whisper(wish_card(event.actor, wish, manager, say(event.actor, "changed" if before else "kept")))


def passed_on(wish: Aspiration, manager: Person | None, before: Aspiration | None) -> Iterator[Effect]:
    """To the manager's card what the person shows now: new, in other words, or no longer. The card of who was their
    manager before goes: what is said from now on is not for them."""
    if before and before.reader and before.reader != wish.reader:
        yield Retract(wish.topic)
    if wish.shown and manager and before and before.shown:
        yield Replace(wish.topic, shared_card(manager, wish))
    elif wish.shown and manager:
        yield Tell(manager, shared_card(manager, wish), about=wish.topic)


@aspirations.action("aspirations.share", gather=store.picked)
def share(event: Action, found: One) -> Iterator[Effect]:
    wish, whom = mine(event, found), event.value.partition("|")[2]
    if wish is None or wish.state != "open":
        yield lost(event)
        return
    reader = found.manager.id if found.manager and whom == "manager" else None
    new = replace(wish, reader=reader)
    if new.shown == wish.shown:
        yield Whisper(wish_card(event.actor, wish, found.manager))
        return
    yield Record(Wished(new))
    yield from passed_on(new, found.manager, wish)
    yield Whisper(wish_card(event.actor, new, found.manager))


@aspirations.action("aspirations.move", gather=store.picked)
def move(event: Action, found: One) -> Iterator[Effect]:
    """Reached, let go, or taken up again: a tap, and no word of explanation."""
    wish, said = mine(event, found), event.value.partition("|")[2]
    state: State | None = next((each for each in STATES if each == said), None)
    if wish is None or state is None:
        yield lost(event)
        return
    actor, new = event.actor, replace(wish, state=state)
    if state == wish.state:
        yield Whisper(wish_card(actor, wish, found.manager))
    elif wrong := check(actor, wish.words, None, found.open) if state == "open" else {}:
        yield Whisper(Card(parts=tuple(map(Text, wrong.values()))))
    else:
        yield Record(Moved(wish.id, actor.id, state, event.at))
        if wish.shown and found.manager:
            yield Replace(wish.topic, shared_card(found.manager, new, over=state != "open"))
        yield Whisper(wish_card(actor, new, found.manager))


# What serves them.


@aspirations.action("aspirations.link", gather=store.picked)
def open_link(event: Action, found: One) -> Iterator[Effect]:
    wish = mine(event, found)
    if wish is None or wish.state != "open":
        yield lost(event)
    elif not found.offered:
        yield Whisper(Card(parts=(Text(say(event.actor, "nothing_to_link")),)))
    else:
        yield OpenForm(link_form(event.actor, wish, found.offered))


@aspirations.submission("aspirations.link", gather=store.picked)
def submit_link(event: Submission, found: One) -> Iterator[Effect]:
    """What is no longer chosen serves it no longer; what serves another one and was not chosen stays there."""
    actor, wish = event.actor, mine(event, found)
    if wish is None or wish.state != "open":
        yield Refuse({"goal": say(actor, "gone"), "learning": say(actor, "gone")})
        return
    chosen = {id for name in ("goal", "learning") for id in event.answers.get(name, "").split(",") if id}
    steps = {step.id: wish.id for step in found.offered if step.id in chosen}
    steps |= {step.id: "" for step in wish.steps if step.id not in chosen}
    yield Record(Serves(actor.id, steps))
    serving = tuple(replace(step, serves=wish.id) for step in found.offered if step.id in chosen)
    yield Whisper(wish_card(actor, replace(wish, steps=serving), found.manager, say(actor, "linked")))


@aspirations.action("aspirations.agenda", gather=store.picked)
def agenda(event: Action, found: One) -> Iterator[Effect]:
    """What both can see, either puts on the agenda of the two."""
    wish, actor = found.wish, event.actor
    if wish is None or wish.person.manager is None or not wish.shown:
        yield lost(event)
        return
    words = say(actor, "point", words=short(wish.words, 300))
    two = (wish.person.id, wish.person.manager)
    yield Record(Point(f"point:{event.ref}", *two, words, wish.id, event.at, actor.id))
    yield Whisper(Card(parts=(Text(say(actor, "on_agenda")),)))


# Twice a year.


def now(event: Event) -> str:
    return period(event.settings.rhythms[RHYTHM].every, event.today)


@aspirations.due("aspirations", gather=store.own)
def due(event: Due, found: Wishes) -> Iterator[Effect]:
    actor, this = event.actor, f"{RHYTHM}|{event.period}"
    if event.step:
        look = Button(say(actor, "look_own"), "aspirations.show", style="primary")
        yield Tell(actor, Card(parts=(Text(say(actor, "reminder")), Buttons((look,)))))
    else:
        snooze = Button(say(actor, "snooze"), "rhythm.snooze", f"{this}|3")
        yield asked(event, found, snooze, Button(say(actor, "skip_round"), "rhythm.skip", this))


@aspirations.due("aspirations.again", gather=store.own)
def again(event: Due, found: Wishes) -> Iterator[Effect]:
    """On the day they chose."""
    yield replace(asked(event, found), awaited=True)


def asked(event: Event, found: Wishes, *after: Button) -> Tell:
    actor, wishes = event.actor, found.wishes
    row = [Button(say(actor, "new"), "aspirations.form", style="primary", opens=True)]
    if wishes:
        row.insert(0, Button(say(actor, "still"), "aspirations.still", style="primary"))
        row[1] = replace(row[1], style="plain")
    parts: list[Part] = [Text(say(actor, "due" if wishes else "due_first")), *list_parts(actor, wishes)]
    return Tell(actor, Card(say(actor, "due_title"), (*parts, Buttons((*row, *after)))))


@aspirations.action("aspirations.still", gather=store.own)
def still(event: Action, found: Wishes) -> Iterator[Effect]:
    yield Record(Answered(event, RHYTHM, now(event)))
    yield Whisper(Card(parts=(Text(say(event.actor, "still_so")),)))
