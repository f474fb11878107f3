"""The monthly check-in: a few questions in a thread, also about each goal, shared with the manager if one likes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from bot.core import goal_words, sharing
from bot.core.cards import Bar, Button, Card, Facts, Note, Part, Quote, Text
from bot.core.dialogue import Question, dialogue
from bot.core.effects import Effect, Record, Replace, Tell, Whisper, awaited
from bot.core.events import Action, Command, Due, Event, Reply, Shortcut
from bot.core.features import Feature
from bot.core.goal_words import Standing
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.talk import Talk
from bot.core.wording import named, speaks, wording
from storage import checkin as store
from storage.access import Closing, closing
from storage.checkin import Checkin, InTheWay, Opening, Said, Settled
from storage.goals import Unsaid
from storage.nudges import Answered

checkin = Feature("checkin")
say = wording("checkin")


def managed(progress: Progress, _: Question) -> bool:
    return bool(progress.seeds.get("manager"))


def energetic(progress: Progress, _: Question) -> bool:
    """A number has a story behind it; without a number there is none to ask for."""
    return bool(progress.answers.get("energy"))


def loaded(progress: Progress, _: Question) -> bool:
    return bool(progress.answers.get("workload"))


def aimless(progress: Progress, _: Question) -> bool:
    """Who has goals is asked about those."""
    return not progress.seeds.get("goals")


def to_tell(progress: Progress, question: Question) -> bool:
    return goal_words.to_be_told(progress, question.number)


GUARDS = {"managed": managed, "energetic": energetic, "loaded": loaded, "aimless": aimless, "to_tell": to_tell}
questions = dialogue("checkin", GUARDS)


def last_time(reader: Person, question: Question, progress: Progress) -> tuple[Part, ...]:
    """What was said to the same question a month ago, or of the same goal before, at hand."""
    if question.words == "goal":
        before = goal_words.standings(progress)[question.number]
        hint = [Note(say(reader, "goal_hint"))] if before.kind == "measure" else []
        return (*goal_parts(reader, "", before), *hint)
    said = progress.seeds.get(f"last.{question.id}", ())
    return tuple(Note(say(reader, "last", text=text)) for text in said)


def goal_parts(reader: Person, title: str, goal: Standing) -> tuple[Part, ...]:
    """Where a goal stands: never a figure without its word, where there is one."""
    state = say(reader, f"choices.goal.{goal.confidence}") if goal.confidence else ""
    label = " – ".join(filter(None, (title, state))) or say(reader, "goal_so_far")
    if goal.done is not None:
        return (Bar(label, goal.done, 100, goal.word),)
    words = (Quote(goal.word),) if goal.word else ()
    return (*((Note(label),) if title or state else ()), *words)


# Beginning, resuming, reminding.


@checkin.due("checkin", gather=store.opening)
def due(event: Due, opening: Opening) -> Iterator[Effect]:
    if event.step:
        yield from remind(event, opening)
    elif opening.progress is None:
        this = f"checkin|{opening.period}"
        snooze = Button(say(event.actor, "snooze"), "rhythm.snooze", f"{this}|3")
        after = (snooze, Button(say(event.actor, "skip_round"), "rhythm.skip", this))
        yield from begin(event, opening, "intro" if opening.last else "intro_first", after)


@checkin.due("checkin.again", gather=store.opening)
def again(event: Due, opening: Opening) -> Iterator[Effect]:
    """The day until which it was snoozed."""
    progress = opening.progress
    if progress is None:
        yield from awaited(begin(event, opening, "intro"))
    elif not progress.finished:
        yield from awaited([resume_card(event, progress, "again", opening.period)])


@checkin.command("checkin", gather=store.opening)
@checkin.shortcut("checkin", gather=store.opening)
@checkin.action("checkin.start", gather=store.opening)
def command(event: Command | Shortcut | Action, opening: Opening) -> Iterator[Effect]:
    """Early, before the nudge, counts."""
    progress, period = opening.progress, opening.period
    if progress is None:
        yield Record(Answered(event, "checkin", period, "said"))
        yield from begin(event, opening, "intro")
    elif progress.finished:
        text = say(event.actor, "already", period=named(period, speaks(event.actor)))
        yield Tell(event.actor, Card(parts=(Text(text), talk(NOBODY).edit_button(event.actor, progress))), progress.id)
    else:
        yield resume_card(event, progress, "resume_text", period)


def begin(event: Event, opening: Opening, intro: str, after: tuple[Button, ...] = ()) -> Iterator[Effect]:
    progress = Progress(f"checkin:{event.ref}", questions.name, opening.period, seeds(event, opening))
    yield from talk(NOBODY).ask(event, progress, Note(say(event.actor, intro)), after=after)


def seeds(event: Event, opening: Opening) -> dict[str, tuple[str, ...]]:
    """What it begins with: open points, the manager, what the team is asked besides, and last time's answers."""
    own = event.settings.checkin.teams.get(event.actor.team)
    lang: Any = speaks(event.actor)
    found = {
        "points": tuple(words for _, words in opening.points),
        "point_ids": tuple(id for id, _ in opening.points),
        "manager": (opening.manager.id,) if opening.manager else (),
        "team": tuple(ask.get(lang) or next(iter(ask.values())) for ask in own.ask) if own else (),
        "without": own.without if own else (),
        **goal_words.seeds(event.actor, opening.goals),
    }
    last = {f"last.{id}": (text,) for id, text in opening.last.items() if text and id in LAST}
    return {**found, **last}


LAST = ("progress", "well", "way", "learn", "energy", "workload")


def resume_card(event: Event, progress: Progress, key: str, period: str) -> Tell:
    actor = event.actor
    text = say(actor, key, period=named(period, speaks(actor)), n=len(progress.given))
    return talk(NOBODY).reopen(actor, progress, text)


def remind(event: Due, opening: Opening) -> Iterator[Effect]:
    """Gentler each time, and never to who has answered."""
    progress = opening.progress
    if progress and not progress.finished:
        yield resume_card(event, progress, f"reminder.{min(event.step, 2)}", opening.period)


# Answering.


@checkin.reply("checkin", gather=closing)
def hear(event: Reply, closing: Closing) -> Iterator[Effect]:
    if event.progress.subject != store.current(event):
        yield from talk(closing).closed(event, say(event.actor, "closed"))
    else:
        yield from talk(closing).hear(event)


NOBODY = Closing()


def talk(closing: Closing) -> Talk:
    return Talk(questions, partial(finish, closing), taken_back, more=last_time, title=title)


def taken_back(event: Event, progress: Progress, question: Question, reply: str) -> Iterator[Effect]:
    """A deleted word about a goal is out at once, also where it has to be said anew before the check-in is done."""
    deleted = isinstance(event, Reply) and event.move == "edit" and not event.text.strip()
    if deleted and not progress.finished and question.each == "goals":
        goal = goal_words.standings(progress)[question.number].id
        yield Record(Unsaid(f"{progress.id}.{question.number}", goal))


def title(reader: Person, progress: Progress) -> str:
    return say(reader, "title", period=named(progress.subject, speaks(reader)))


def finish(closing: Closing, event: Event, progress: Progress) -> Iterator[Effect]:
    answers, id, actor = progress.answers, progress.id, event.actor
    numbers = [int(answers[each]) if answers.get(each) else None for each in ("energy", "workload")]
    yield Record(Checkin(id, actor.id, progress.subject, event.at, *numbers))
    yield Record(Answered(event, "checkin", progress.subject))
    yield Record(InTheWay(id, actor.id, answers.get("way", ""), event.at))
    for number, point in enumerate(progress.seeds.get("point_ids", ())):
        yield Record(Settled(point, event.at if answers.get(f"settled.{number}") == "settled" else None))
    for word in goal_words.words(progress):
        yield Record(Said(f"{id}.{word.number}", actor.id, event.at, word))
    yield from share(closing, event, progress)
    card = done_card(actor, progress, closing.manager)
    if isinstance(event, Reply) and event.progress.finished:
        yield Replace(f"done:{id}", card)
    else:
        yield Tell(actor, card, id, f"done:{id}")


def share(closing: Closing, event: Event, progress: Progress) -> Iterator[Effect]:
    """With the manager, if they wish."""
    reader = closing.manager if progress.answers.get("share") == "manager" else None
    if reader is None:
        yield from sharing.offer(progress.id, None, closing.shared_with)
        return
    title = say(reader, "shared_title", who=event.actor.name, period=named(progress.subject, speaks(reader)))
    yield from sharing.offer(progress.id, reader, closing.shared_with, title, summary(reader, progress))


def summary(reader: Person, progress: Progress) -> tuple[Part, ...]:
    """The words as facts, and each number with its story."""
    apart = ("energy", "energy_story", "workload", "workload_story", "goal", "goal_story", "share")
    kept = tuple(given for given in progress.given if given.question.partition(".")[0] not in apart)
    rows, answers, bars = talk(NOBODY).summary(reader, replace(progress, given=kept)), progress.answers, list[Part]()
    for word in goal_words.words(progress):
        bars += goal_parts(reader, word.title, word.now) if word else ()
    for id in ("energy", "workload"):
        if answers.get(id):
            bars.append(Bar(say(reader, f"short.{id}"), int(answers[id]), 5, answers.get(f"{id}_story", "")))
    return (*((Facts(rows),) if rows else ()), *bars)


def done_card(actor: Person, progress: Progress, manager: Person | None) -> Card:
    if manager and progress.answers.get("share") == "manager":
        seen = say(actor, "done_shared", who=manager.name)
    else:
        seen = say(actor, "done_private" if manager else "done_no_manager")
    title = say(actor, "done_title", period=named(progress.subject, speaks(actor)))
    note = Note(f"{seen} {say(actor, 'done_until')}")
    return Card(title, (*summary(actor, progress), note, talk(NOBODY).edit_button(actor, progress)))


# For managers.


@checkin.command("checkin team", gather=store.team)
def team(event: Command, team: store.Team) -> Iterator[Effect]:
    yield Whisper(team_card(event.actor, team))


def team_card(actor: Person, team: store.Team) -> Card:
    if not team.people:
        return Card(parts=(Text(say(actor, "team_none")),))
    rows = tuple((person.name, say(actor, f"team_{STATES.get(state, 'waiting')}")) for person, state in team.people)
    title = say(actor, "team_title", period=named(team.period, speaks(actor)))
    return Card(title, (Facts(rows), Note(say(actor, "team_note"))))


STATES = {"answered": "answered", "skipped": "skipped", "said": "said"}


@checkin.command("checkin help")
def help(event: Command) -> Iterator[Effect]:
    yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")),)))
