"""A goal that changes, and one that ends: adjusting with a reason, closing, opening again, and celebrating."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.cards import Button, Buttons, Card, Note, Part, Quote, Text, mention
from bot.core.effects import Effect, OpenForm, Post, Record, Refuse, Replace, Tell
from bot.core.events import Action, Event, Submission
from bot.core.features import Feature
from bot.core.goal_cards import goal_card, short, topic
from bot.core.goal_cards import say as goals
from bot.core.goals import Goal, may_change
from bot.core.people import Person, Place
from bot.core.update_forms import Adjusting, adjust_form, allowed, close_form, hindered, read_adjust, read_close, say
from bot.core.wording import wording
from storage.goal_states import Accepted, Closed, Reopened
from storage.goals import Adjusted
from storage.people import local_day
from storage.updates import REOPEN, Celebrated, Seen, pressed, submitted

endings = Feature("endings")
kudos = wording("kudos")


# Another wording, another target.


def offered(event: Event, found: Seen | None) -> bool:
    """Whether it waits for the actor's yes."""
    return bool(found and found.goal.state == "offered" and found.goal.person == event.actor.id)


@endings.action("goals.adjust", gather=pressed)
def open_adjust(event: Action, found: Seen | None) -> Iterator[Effect]:
    if found and (offered(event, found) or allowed(event, found.goal, found.owner, may_change)):
        yield OpenForm(adjust_form(event.actor, found.goal))
    else:
        yield hindered(event, found.goal if found else None)


@endings.submission("goals.adjust", gather=submitted)
def submit_adjust(event: Submission, found: Seen | None) -> Iterator[Effect]:
    mine = offered(event, found)
    if found is None or not (mine or allowed(event, found.goal, found.owner, may_change)):
        yield hindered(event, found.goal if found else None)
        return
    read, wrong = read_adjust(event, found.goal)
    if wrong:
        yield Refuse(wrong)
        return
    yield from adjusted(event, found, read)
    new = read.applied(found.goal)
    if mine:
        yield from taken_on(event, found, new)
    else:
        yield Replace(topic(new), goal_card(event.actor, new, found.parent))
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "adjusted")),)), new.id)


def adjusted(event: Event, found: Seen, read: Adjusting) -> Iterator[Effect]:
    changes = {found.goal.id: read.values, **read.results}
    for n, (id, values) in enumerate(changes.items()):
        if values or id == found.goal.id:
            yield Record(Adjusted(f"change:{event.ref}.{n}", id, event.actor.id, event.at, values, read.reason))


def taken_on(event: Event, found: Seen, goal: Goal) -> Iterator[Effect]:
    """An offered goal, in words of the person's own."""
    yield Record(Accepted(goal.id, event.at))
    yield Replace(f"goal.offer:{goal.id}", Card(goal.title))
    if setter := found.setter:
        text = goals(setter, "accepted", who=event.actor.name, title=goal.title)
        yield Tell(setter, Card(parts=(Text(text),)), awaited=True)
    yield Tell(event.actor, goal_card(event.actor, opened(goal), found.parent), goal.id, topic(goal))


def opened(goal: Goal) -> Goal:
    return replace(goal, state="open")


# The end.


@endings.action("goals.close", gather=pressed)
def open_close(event: Action, found: Seen | None) -> Iterator[Effect]:
    if found and allowed(event, found.goal, found.owner, may_change):
        yield OpenForm(close_form(event.actor, found.goal))
    else:
        yield hindered(event, found.goal if found else None)


@endings.submission("goals.close", gather=submitted)
def submit_close(event: Submission, found: Seen | None) -> Iterator[Effect]:
    if found is None or not allowed(event, found.goal, found.owner, may_change):
        yield hindered(event, found.goal if found else None)
        return
    state, learned, wrong = read_close(event)
    if wrong:
        yield Refuse(wrong)
        return
    goal = replace(found.goal, state=state, learned=learned, closed_at=event.at)
    yield Record(Closed(goal.id, event.actor.id, event.at, state, learned))
    yield Replace(topic(goal), goal_card(event.actor, goal, found.parent))
    yield Tell(event.actor, closed_card(event, goal), goal.id, closed_topic(goal))


def closed_topic(goal: Goal) -> str:
    return f"goal.closed:{goal.id}"


def closed_card(event: Event, goal: Goal, celebrated: bool = False) -> Card:
    actor, parts = event.actor, list[Part]()
    parts.append(Text(say(actor, f"closed_text.{goal.state}", title=goal.title)))
    if goal.learned:
        parts += [Text(say(actor, "learned")), Quote(goal.learned)]
    row = list[Button]()
    if goal.state == "achieved" and channel(event) and not celebrated:
        row += celebrations(actor, goal)
        few = goal.visibility if goal.person else "everyone"
        parts.append(Note(say(actor, "celebrate_note" if few == "everyone" else f"celebrate_note_{few}")))
    row.append(Button(say(actor, "reopen"), "goals.reopen", goal.id))
    until = local_day(actor.zone, (goal.closed_at or event.at) + REOPEN)
    parts += [Buttons(tuple(row)), Note(say(actor, "reopen_until", day=until))]
    return Card(say(actor, f"closed_title.{goal.state}"), tuple(parts))


def celebrations(actor: Person, goal: Goal) -> Iterator[Button]:
    """The button says so where celebrating shows what only a few could see."""
    few = goal.person is not None and goal.visibility != "everyone"
    yield Button(say(actor, "celebrate_open" if few else "celebrate"), "goals.celebrate", goal.id, "primary")
    if goal.learned:
        label = say(actor, "celebrate_open_learned" if few else "celebrate_learned")
        yield Button(label, "goals.celebrate", f"{goal.id}|learned")


@endings.action("goals.reopen", gather=pressed)
def reopen(event: Action, found: Seen | None) -> Iterator[Effect]:
    if found is None or not may_change(event.actor, found.goal, found.owner):
        yield hindered(event, found.goal if found else None)
        return
    goal = found.goal
    if goal.closed_at is None:  # opened again already
        yield said(event, goal, "reopened")
    elif event.at > goal.closed_at + REOPEN:
        yield said(event, goal, "too_late")
    else:
        goal = replace(goal, state="open", closed_at=None, learned="")
        yield Record(Reopened(goal.id, event.actor.id, event.at))
        yield Replace(closed_topic(goal), Card(goal.title))
        yield Replace(topic(goal), goal_card(event.actor, goal, found.parent))
        yield said(event, goal, "reopened")


def said(event: Event, goal: Goal, key: str) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, key)),)), goal.id)


# Telling everybody.


def channel(event: Event) -> str | None:
    workspace, settings = event.actor.workspace, event.settings
    return settings.goals.celebrate.get(workspace) or settings.kudos.recognition.get(workspace)


@endings.action("goals.celebrate", gather=pressed)
def celebrate(event: Action, found: Seen | None) -> Iterator[Effect]:
    """Once, and only the title unless they said so of what was learned."""
    if found is None or not may_change(event.actor, found.goal, found.owner) or found.goal.state != "achieved":
        yield hindered(event, found.goal if found else None)
        return
    goal, conversation = found.goal, channel(event)
    if found.celebrated or conversation is None:
        yield said(event, goal, "celebrated_already" if conversation else "celebrate_nowhere")
        return
    learned = goal.learned if event.value.partition("|")[2] == "learned" else ""
    place = Place(event.actor.workspace, conversation, kind="public")
    card = public_card(event.settings.languages.of(conversation), goal, found.owner, learned)
    yield Record(Celebrated(goal.id, event.actor.id, event.at))
    yield Post(place, card, f"goal.celebrated:{goal.id}", Card(parts=(Text(say(event.actor, "celebrate_not_in")),)))
    yield Replace(closed_topic(goal), closed_card(event, goal, celebrated=True))
    yield said(event, goal, "celebrated")


def public_card(lang: str, goal: Goal, owner: Person | None, learned: str) -> Card:
    """In the channel's own language."""
    title = say(lang, "public", who=mention(owner)) if owner else say(lang, f"public_{goal.level}", team=goal.team)
    words = (Text(say(lang, "public_learned")), Quote(learned)) if learned else ()
    thank = Button(kudos(lang, "give"), "kudos.form", opens=True)
    return Card(title, (Text(short(goal.title, 300)), *words, Buttons((thank,))))
