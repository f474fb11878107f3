"""The conversation after a goal was set: asks only for what is missing, and "keep it" ends it at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.core.cards import Button, Note, Part, Quote, clean
from bot.core.dates import read_day
from bot.core.dialogue import Question, dialogue
from bot.core.effects import Effect
from bot.core.events import Event, Reply
from bot.core.figures import Result, parse_way
from bot.core.goal_cards import say
from bot.core.goal_forms import line_of, results_of, with_results
from bot.core.goals import KINDS, Goal, Kind, missing
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.talk import Finish, Talk
from bot.core.wording import LANGUAGES


def kind_of(progress: Progress) -> Kind:
    """As it was chosen just now, else as the goal was set."""
    said = progress.answers.get("kind") or next(iter(progress.seeds.get("kind", ())), "")
    return next((kind for kind in KINDS if kind == said), "milestone")


def measured(progress: Progress, question: Question) -> bool:
    return kind_of(progress) == "measure"


def in_results(progress: Progress, question: Question) -> bool:
    return kind_of(progress) == "objective"


questions = dialogue("goals", {"measured": measured, "in_results": in_results})


Beside = Callable[[Event, Progress, Question, str], Iterator[Effect]]


def talk(goal: Goal, finish: Finish, beside: Beside | None = None) -> Talk:
    def shown(reader: Person, progress: Progress) -> tuple[Part, ...]:
        return (Quote(goal.title), Note(say(reader, "intro")))

    def keep(reader: Person, progress: Progress) -> tuple[Button, ...]:
        return (Button(say(reader, "keep"), "goals.keep", progress.id),)

    return Talk(questions, finish, beside, title=lambda reader, _: say(reader, "title"), before=shown, moves=keep)


def begin(event: Event, goal: Goal, known: bool = True) -> Iterator[Effect]:
    """Ask for what the goal lacks; nothing, where that is nothing. `known`: its kind was told."""
    lacking = {*(() if known else ("kind", "measure", "results")), *missing(goal)}
    if not lacking:
        return
    seeds = {"kind": (goal.kind,), "without": tuple(each.id for each in questions.page if each.id not in lacking)}
    progress = Progress(f"smart:{event.ref}", questions.name, goal.id, seeds)
    yield from talk(goal, lambda event, progress: iter(())).ask(event, progress)


def kept_by_words(text: str) -> bool:
    """`keep it`, in any of our languages: people do not always write in the one they read."""
    said = text.strip().lower().strip(".!")
    return any(said in say(lang, "kept_words").split(", ") for lang in LANGUAGES)


def objections(event: Reply) -> dict[str, str]:
    """What is wrong with figures just said, by question. Words and days are the talk's own to judge."""
    if event.move == "fill":
        said = {name: event.answers.get(name, "").strip() for name in ("measure", "results")}
    else:
        question = questions.find(event.progress, event.question) if event.question else questions.next(event.progress)
        said = {question.id: event.text.strip()} if question and event.move in ("answer", "edit") else {}
    actor, found = event.actor, dict[str, str]()
    if said.get("measure") and parse_way(said["measure"], actor.lang) is None:
        found["measure"] = say(actor, "not_figures")
    if said.get("results") and (wrong := results_of(actor, clean(said["results"]))[1]):
        found["results"] = wrong
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """What was said so far, as the goal has it."""

    values: Mapping[str, Any]
    results: tuple[Goal, ...] | None
    goal: Goal


def said(event: Event, progress: Progress, goal: Goal) -> Said:
    """The goal with every answer in it; what was skipped stays as it was."""
    answers, lang, values = progress.answers, event.actor.lang, dict[str, Any]()
    results: tuple[Goal, ...] | None = None
    if title := line_of(answers.get("title", "")):
        values["title"] = title
    # What it has already is left alone: it may have moved on since it was said.
    if answers.get("kind") and kind_of(progress) != goal.kind:
        values |= blank_figures(kind_of(progress))
    way = parse_way(answers.get("measure", ""), lang)
    if way and (way.start, way.target, way.unit) != (goal.start, goal.target, goal.unit):
        values |= {"start": way.start, "value": way.start, "target": way.target, "unit": way.unit}
    if day := read_day(answers.get("day", ""), lang):
        values["due"] = day
    if why := clean(answers.get("why", "")).strip():
        values["why"] = why
    goal = replace(goal, **values)
    found = results_of(event.actor, clean(answers.get("results", "")))[0]
    if found and found != tuple(Result(g.title, g.start or 0.0, g.target or 0.0, g.unit) for g in goal.results):
        goal = with_results(replace(goal, at=event.at, word_at=event.at), found)
        results = goal.results
        values |= {name: getattr(goal, name) for name in ("start", "value", "target", "unit")}
    return Said(values, results, goal)


def blank_figures(kind: Kind) -> dict[str, Any]:
    """What a goal of this kind has before any figure was said."""
    start, target = (0.0, 1.0) if kind == "milestone" else (None, None)
    return {"kind": kind, "start": start, "value": start, "target": target, "unit": ""}
