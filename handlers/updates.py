"""Keeping a goal alive: how it goes, its history, and the question when nothing is heard."""

import re
from collections.abc import Iterator

from bot.core.cards import Button, Buttons, Card, Divider, Note, Part, Quote, Text, clean
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell
from bot.core.events import Action, Due, Event, Remark, Submission
from bot.core.features import Feature
from bot.core.goal_cards import buttons, facts, goal_card, line, part, short, small_print, topic
from bot.core.goal_history import chart, entry, pager
from bot.core.goals import TEXT, Goal, may_change, may_update, parse_update, share
from bot.core.people import Person
from bot.core.update_forms import Word, allowed, hindered, read_update, say, state, update_form
from bot.core.wording import LANGUAGES
from storage.goal_states import Asked
from storage.goals import Updated
from storage.people import local_day
from storage.updates import Quiet, Seen, Timeline, pressed, quiet, remarked, submitted, timeline

updates = Feature("updates")
SHOWN = 8  # goals asked about in one go
MANY_TIMES = 3  # silent nudges after which the goal itself is in question


# How it goes.


@updates.action("goals.update", gather=pressed)
def open_update(event: Action, found: Seen | None) -> Iterator[Effect]:
    if found and allowed(event, found.goal, found.owner, may_update):
        yield OpenForm(update_form(event.actor, found.goal))
    else:
        yield hindered(event, found.goal if found else None)


@updates.submission("goals.update", gather=submitted)
def submit_update(event: Submission, found: Seen | None) -> Iterator[Effect]:
    if found is None or not allowed(event, found.goal, found.owner, may_update):
        yield hindered(event, found.goal if found else None)
        return
    word, wrong = read_update(event, found.goal)
    if wrong:
        yield Refuse(wrong)
    else:
        yield from noted(event, found, word)


@updates.remark("goal", gather=remarked)
def hear(event: Remark, found: Seen | None) -> Iterator[Effect]:
    """`60, the last customer said yes`, in the goal's own thread."""
    if found is None or not allowed(event, found.goal, found.owner, may_update):
        yield hindered(event, found.goal if found else None)
        return
    goal, text = found.goal, clean(event.text).strip()
    value, story = parse_update(text, event.actor.lang, goal.unit) if goal.kind == "measure" else (None, text)
    if goal.kind == "milestone" and re.split(r"[.,:;!–—\n]", text.lower())[0].strip() in done_words():
        value = 1.0
    yield from noted(event, found, Word(value, "", story[:TEXT]))
    if goal.kind == "measure" and value is None and any(mark.isdigit() for mark in text):
        yield Tell(event.actor, Card(parts=(Note(say(event.actor, "noted_word")),)), goal.id)


def done_words() -> set[str]:
    """`done`, in any of our languages: people do not always write in the one they read."""
    return {word for lang in LANGUAGES for word in say(lang, "done_words").split(", ")}


def noted(event: Event, found: Seen, word: Word) -> Iterator[Effect]:
    """The word is kept under its author's name, and who the goal belongs to knows of it."""
    goal, owner, actor, id = found.goal, found.owner, event.actor, f"update:{event.ref}"
    for n, (result, figure) in enumerate(word.results.items()):
        yield Record(Updated(f"{id}.{n}", result, actor.id, event.at, figure))
    new = word.applied(goal)
    value = new.value if word.results else word.value
    yield Record(Updated(id, goal.id, actor.id, event.at, value, word.confidence, word.story))
    shown = owner or actor
    yield Replace(topic(goal), goal_card(shown, new, found.parent))
    if owner and owner.id != actor.id:
        yield Tell(owner, noted_by(owner, event, new, word, value), goal.id)
    yield confirmed(event, new, value, word, may_change(actor, goal, owner))


def confirmed(event: Event, goal: Goal, value: float | None, word: Word, change: bool) -> Tell:
    actor = event.actor
    said = state(actor, goal, value, word.confidence)
    parts = list[Part]([Text(say(actor, "noted", state=said) if said else say(actor, "noted_plain"))])
    row = [Button(say(actor, "update"), "goals.update", goal.id, opens=True)]
    if share(goal) == 1 and change:
        parts.append(Text(say(actor, "reached")))
        row = [Button(say(actor, "close"), "goals.close", goal.id, "primary", opens=True)]
    thread = goal.id if goal.person in (None, actor.id) else ""
    return Tell(actor, Card(parts=(*parts, Buttons(tuple(row)))), thread)


def noted_by(owner: Person, event: Event, goal: Goal, word: Word, value: float | None) -> Card:
    said = state(owner, goal, value, word.confidence)
    parts = [Text(said)] if said else []
    quoted = [Quote(word.story)] if word.story else []
    title = say(owner, "noted_by", who=event.actor.name, title=short(goal.title))
    return Card(title, (*parts, *quoted, buttons(owner, goal, change=True)))


# Its history.


@updates.action("goals.show", gather=timeline)
def show(event: Action, found: Timeline | None) -> Iterator[Effect]:
    if found is None:
        yield hindered(event, None)
        return
    goal = found.seen.goal
    thread = goal.id if goal.person == event.actor.id else ""
    yield Tell(event.actor, timeline_card(event.actor, found), thread)


def timeline_card(actor: Person, found: Timeline) -> Card:
    seen, goal, parts = found.seen, found.seen.goal, list[Part]()
    if found.page == 0:
        parts += [
            facts(actor, goal, seen.parent, seen.owner),
            *now_parts(actor, goal),
            *chart(actor, goal, found.points),
        ]
    parts.append(Divider())
    for each in found.entries:
        parts += entry(actor, goal, each, local_day(actor.zone, each.at), found.names, found.results)
    if not found.more:
        parts.append(Note(begun(actor, found)))
    row = list(pager(actor, goal, found.page, found.more))
    if allowed_here(actor, seen):
        row.insert(0, Button(say(actor, "update"), "goals.update", goal.id, "primary", opens=True))
    if goal.state == "open" and may_change(actor, goal, seen.owner):
        row.append(Button(say(actor, "adjust"), "goals.adjust", goal.id, opens=True))
        row.append(Button(say(actor, "close"), "goals.close", goal.id, opens=True))
    return Card(goal.title, (*parts, *((Buttons(tuple(row)),) if row else ())))


def allowed_here(actor: Person, seen: Seen) -> bool:
    return seen.goal.state == "open" and may_update(actor, seen.goal, seen.owner)


def now_parts(actor: Person, goal: Goal) -> Iterator[Part]:
    if share(goal) is not None:
        yield part(actor, goal)
    if small := small_print(actor, goal):
        yield Note(small)
    if goal.learned:
        yield Text(say(actor, "learned"))
        yield Quote(goal.learned)


def begun(actor: Person, found: Timeline) -> str:
    goal, setter = found.seen.goal, found.seen.setter
    day = local_day(actor.zone, goal.at)
    if setter and goal.person and setter.id != goal.person:
        return say(actor, "set_by", who=setter.name, day=day)
    return say(actor, "set_own", day=day)


# When nothing is heard.


@updates.due("goals", gather=quiet)
def ask(event: Due, found: Quiet) -> Iterator[Effect]:
    """One card for all of them. Asking counts: from the third time it is the goal itself that is asked about."""
    some = found.goals[:SHOWN]
    if some:
        yield Tell(event.actor, quiet_card(event.actor, some))
    yield Record(Asked(event.actor.id, tuple(goal.id for goal in some), event.at))


def quiet_card(actor: Person, some: tuple[Goal, ...]) -> Card:
    parts: list[Part] = [Text(say(actor, "stale_text"))]
    for goal in some:
        parts += line(actor, goal)
        parts.append(Note(say(actor, "stale_since", day=local_day(actor.zone, goal.said_at))))
        if goal.silent + 1 >= MANY_TIMES:
            parts.append(Text(say(actor, "still_right")))
            keep = Button(say(actor, "keep"), "goals.still", goal.id)
            change = Button(say(actor, "change_it"), "goals.adjust", goal.id, opens=True)
            parts.append(Buttons((keep, change, Button(say(actor, "close"), "goals.close", goal.id, opens=True))))
        else:
            parts.append(Buttons((Button(say(actor, "update"), "goals.update", goal.id, opens=True),)))
    return Card(say(actor, "stale_title", n=len(some)), tuple(parts))


@updates.action("goals.still", gather=pressed)
def keep(event: Action, found: Seen | None) -> Iterator[Effect]:
    """That it is still the right one is a word too."""
    if found and allowed(event, found.goal, found.owner, may_change):
        yield Record(Updated(f"update:{event.ref}", found.goal.id, event.actor.id, event.at))
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "kept")),)), found.goal.id)
    else:
        yield hindered(event, found.goal if found else None)
