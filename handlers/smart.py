"""The conversation that makes a new goal a little clearer. Each answer counts at once; it can be left at any time."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.core.cards import Button, Buttons, Card, Text
from bot.core.dialogue import Question
from bot.core.effects import Effect, KeepDialogue, Record, Refuse, Tell
from bot.core.events import Action, Event, Reply
from bot.core.features import Feature
from bot.core.goal_cards import goal_card, say, topic
from bot.core.goals import Goal
from bot.core.progress import Progress
from bot.core.smart import kept_by_words, objections, said, talk
from bot.core.talk import Talk
from storage.goal_forms import Talked, kept, replied
from storage.goal_states import Sharpened
from storage.updates import Seen

smart = Feature("smart")


@smart.reply("goals", gather=replied)
def hear(event: Reply, found: Talked) -> Iterator[Effect]:
    goal, progress = own(event, found.seen), event.progress
    if goal is None:
        yield from talking(blank_of(event)).closed(event, say(event.actor, "gone"))
    elif progress.finished:
        # What is changed after it was set belongs to its history, with a reason.
        adjust = Button(say(event.actor, "adjust"), "goals.adjust", goal.id, opens=True)
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "set_already")), Buttons((adjust,)))), progress.topic)
    elif event.move == "answer" and kept_by_words(event.text):
        yield from keep(event, progress, goal, parent_of(found))
    elif wrong := objections(event):
        if event.move == "fill":
            yield Refuse(wrong)
        else:
            yield Tell(event.actor, Card(parts=tuple(map(Text, wrong.values()))), progress.topic)
    else:
        yield from talking(goal, parent_of(found)).hear(event)


def own(event: Event, seen: Seen | None) -> Goal | None:
    """The goal, as long as it is the actor's to make clearer."""
    return seen.goal if seen and seen.goal.state == "open" and seen.goal.person == event.actor.id else None


def blank_of(event: Event) -> Goal:
    return Goal(id="", company=event.actor.company, title="", at=event.at, set_by=event.actor.id)


def parent_of(found: Talked) -> Goal | None:
    return found.seen.parent if found.seen else None


def talking(goal: Goal, parent: Goal | None = None) -> Talk:
    return talk(goal, partial(finish, goal, parent), partial(heard, goal))


def heard(goal: Goal, event: Event, progress: Progress, question: Question, reply: str) -> Iterator[Effect]:
    """What was answered is the goal's from now on, whether or not the rest is."""
    if reply:
        yield from sharpened(event, progress, goal)


def sharpened(event: Event, progress: Progress, goal: Goal) -> Iterator[Effect]:
    found = said(event, progress, goal)
    if found.values:
        yield Record(Sharpened(goal.id, event.actor.id, found.values, found.results))


def finish(goal: Goal, parent: Goal | None, event: Event, progress: Progress) -> Iterator[Effect]:
    if isinstance(event, Reply) and event.move == "fill":
        yield from sharpened(event, progress, goal)
    yield from shown(event, said(event, progress, goal).goal, parent)


def shown(event: Event, goal: Goal, parent: Goal | None) -> Iterator[Effect]:
    yield Tell(event.actor, goal_card(event.actor, goal, parent), goal.id, topic(goal))


@smart.action("goals.keep", gather=kept)
def press_keep(event: Action, found: Talked) -> Iterator[Effect]:
    goal = own(event, found.seen)
    if goal is None or found.progress is None:
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "gone")),)))
    elif found.progress.finished:
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "kept_already")),)), found.progress.topic)
    else:
        yield from keep(event, found.progress, goal, parent_of(found))


def keep(event: Event, progress: Progress, goal: Goal, parent: Goal | None) -> Iterator[Effect]:
    yield KeepDialogue(replace(progress, state="finished"))
    yield from shown(event, said(event, progress, goal).goal, parent)
    yield from talking(goal, parent).left(event, progress)
