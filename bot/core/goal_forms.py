"""Setting a goal: what the form asks, and what is understood of it or of a few words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot.core.answers import FARTHEST
from bot.core.cards import MENTION, Choice, Day, Field, Form, TextBox, clean
from bot.core.dates import read_day
from bot.core.events import Command, Event, Submission
from bot.core.figures import TITLE, Result, parse_named, parse_results, parse_way
from bot.core.goal_cards import say, short
from bot.core.goals import KINDS, RESULTS, TEXT, VISIBILITIES, Goal, Kind, Visibility
from bot.core.people import Person

ME, TEAM, COMPANY = "me", "team", "company"
OPTION = 70  # characters of a choice


@dataclass(frozen=True, slots=True)
class Around:
    """What a new goal can serve, and whose it can be besides the actor's."""

    parents: tuple[Goal, ...] = ()
    reports: tuple[Person, ...] = ()

    def leads(self, actor: Person) -> bool:
        return bool(self.reports and actor.team)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is filled in already."""

    title: str = ""
    why: str = ""
    kind: Kind = "measure"
    due: date | None = None
    whose: str = ME


def new_form(actor: Person, around: Around, draft: Draft, value: str = "") -> Form:
    """`value` comes back with it: what the goal is made of."""
    hint = say(actor, "field_measure_hint")
    kinds = tuple((name, say(actor, f"kind.{name}")) for name in KINDS)
    fields: list[Field] = [
        TextBox("title", say(actor, "field_title"), draft.title[:TITLE], TITLE, lines=False,
                hint=say(actor, "field_title_hint")),
        TextBox("why", say(actor, "field_why"), draft.why[:TEXT], TEXT, optional=True),
        Choice("kind", say(actor, "field_kind"), kinds, draft.kind),
        TextBox("measure", say(actor, "field_measure"), limit=TEXT, optional=True, hint=hint),
        Day("due", say(actor, "field_due"), draft.due, optional=True),
        Choice("visibility", say(actor, "field_visibility"), visibilities(actor), "team"),
    ]  # fmt: skip
    if around.parents:
        served = tuple((goal.id, named(actor, goal)) for goal in around.parents)
        fields.append(Choice("parent", say(actor, "field_parent"), served, optional=True))
    if around.reports or for_all(actor):
        whose = [(ME, say(actor, "for_me"))]
        whose += [(TEAM, short(say(actor, "for_team", team=actor.team), OPTION))] if around.leads(actor) else []
        whose += [(COMPANY, say(actor, "for_company"))] if for_all(actor) else []
        whose += [(report.id, short(report.name, OPTION)) for report in around.reports]
        fields.append(Choice("for", say(actor, "field_for"), tuple(whose), draft.whose))
    return Form("goals.form", say(actor, "form_title"), say(actor, "set"), say(actor, "cancel"), tuple(fields), value)


def visibilities(actor: Person) -> tuple[tuple[str, str], ...]:
    return tuple((name, say(actor, f"visibility.{name}")) for name in VISIBILITIES)


def named(actor: Person, goal: Goal) -> str:
    return say(actor, f"level.{goal.level}", title=short(goal.title, 40), team=short(goal.team, 20))


def line_of(text: str) -> str:
    """Typed words as one line."""
    return " ".join(clean(text).split())


@dataclass(frozen=True, slots=True)
class Read:
    """A form as it was filled in. All that is wrong, by field; the goal only where nothing is."""

    goal: Goal | None
    wrong: Mapping[str, str]


def read_form(event: Submission, around: Around) -> Read:
    actor, answers, wrong = event.actor, event.answers, dict[str, str]()
    title, why = line_of(answers.get("title", "")), clean(answers.get("why", "")).strip()
    if not title:
        wrong["title"] = say(actor, "wrong_title")
    for name, text, limit in (("title", title, TITLE), ("why", why, TEXT)):
        if len(text) > limit:
            wrong[name] = say(actor, "wrong_long", limit=limit)
    kind = next((each for each in KINDS if each == answers.get("kind")), KINDS[0])
    figures, results = read_measure(event, kind, wrong)
    due = read_due(event, wrong)
    goal = blank(event, title, kind, why=why, due=due, visibility=seen_by(answers.get("visibility", "")), **figures)
    goal = whose(event, goal, around, wrong)
    parent = answers.get("parent") or None
    levels = {"team": ("company",), "company": ()}.get(goal.level, ("team", "company"))
    if parent and parent not in {each.id for each in around.parents}:
        wrong["parent"] = say(actor, "wrong_parent")
    elif parent and parent not in {each.id for each in around.parents if each.level in levels}:
        wrong["parent"] = say(actor, "wrong_parent_team")
    goal = with_results(replace(goal, parent=parent), results) if results else replace(goal, parent=parent)
    return Read(None if wrong else goal, wrong)


def read_measure(event: Submission, kind: Kind, wrong: dict[str, str]) -> tuple[dict[str, Any], tuple[Result, ...]]:
    """What the one field for figures says: the way of a measure, or an objective's key results."""
    actor, text = event.actor, clean(event.answers.get("measure", "")).strip()
    if kind == "milestone" and not text:
        return {"start": 0.0, "target": 1.0, "value": 0.0}, ()
    if not text:
        return {}, ()
    if kind == "objective":
        results, objection = results_of(actor, text)
        if objection:
            wrong["measure"] = objection
        return {}, results
    if kind != "measure":
        wrong["measure"] = say(actor, "wrong_kind", kind=say(actor, "kind.measure"))
        return {}, ()
    way = parse_way(line_of(text), actor.lang)
    if way is None:
        wrong["measure"] = say(actor, "not_figures")
        return {}, ()
    return {"start": way.start, "value": way.start, "target": way.target, "unit": way.unit}, ()


def results_of(actor: Person, text: str) -> tuple[tuple[Result, ...], str]:
    """The key results of a text, and what is wrong with it, naming the lines."""
    results, others = parse_results(text, actor.lang)
    said = [say(actor, "not_result", line=n, text=short(line, 40)) for n, line in others[:3]]
    if len(results) > RESULTS:
        said.append(say(actor, "many_results", limit=RESULTS))
    return results[:RESULTS], " ".join(said)


def read_due(event: Submission, wrong: dict[str, str]) -> date | None:
    text = event.answers.get("due", "").strip()
    day = read_day(text, event.actor.lang) if text else None
    if text and not fits(event, day):
        wrong["due"] = say(event.actor, "wrong_day")
    return day


def fits(event: Event, day: date | None) -> bool:
    """A year at most: a day is shown without its year."""
    return day is not None and event.today <= day <= event.today + FARTHEST


def seen_by(text: str) -> Visibility:
    return next((each for each in VISIBILITIES if each == text), "team")


def blank(event: Event, title: str, kind: Kind, **more: Any) -> Goal:
    actor, at = event.actor, event.at
    return Goal(id=f"goal:{event.ref}", company=actor.company, person=actor.id, title=title, kind=kind, at=at,
                word_at=at, set_by=actor.id, **more)  # fmt: skip


def whose(event: Submission, goal: Goal, around: Around, wrong: dict[str, str]) -> Goal:
    """A report's goal is theirs when they say so; a team's belongs to nobody in particular."""
    chosen, actor = event.answers.get("for") or ME, event.actor
    if chosen == ME:
        return goal
    if chosen == TEAM and around.leads(actor):
        seen = "team" if goal.visibility == "manager" else goal.visibility
        return replace(goal, person=None, level="team", team=actor.team, visibility=seen)
    if chosen == COMPANY and for_all(actor):
        return replace(goal, person=None, level="company", visibility="everyone")
    report = next((each for each in around.reports if each.id == chosen), None)
    if report is None:
        wrong["for"] = say(actor, "wrong_for")
        return goal
    return replace(goal, person=report.id, state="offered")


def for_all(actor: Person) -> bool:
    """Who may set a goal of the whole company."""
    return actor.role in ("hr", "leader", "admin") and not actor.guest


def with_results(goal: Goal, results: tuple[Result, ...]) -> Goal:
    """An objective with its key results, each a measure of its own; it counts in percents, their mean."""
    made = tuple(
        Goal(id=f"{goal.id}.{n}", company=goal.company, person=goal.person, level=goal.level, team=goal.team,
             title=each.title, start=each.start, value=each.start, target=each.target, unit=each.unit,
             visibility=goal.visibility, state=goal.state, objective=goal.id, at=goal.at, word_at=goal.word_at,
             set_by=goal.set_by)
        for n, each in enumerate(results)
    )  # fmt: skip
    return replace(goal, start=0.0, value=0.0, target=100.0, unit="%", results=made)


def read_words(event: Command) -> tuple[Goal, bool]:
    """A goal said in a few words, and whether they told its kind: with figures it is a measure. A day they end with is
    the day it is due."""
    words, due = line_of(MENTION.sub(" ", event.text)).split(), None
    for n in range(1, len(words)):
        day = read_day(" ".join(words[n:]), event.actor.lang, event.today)
        if fits(event, day) and not words[n].isdecimal():
            words, due = words[:n], day
            break
    title = " ".join(words)
    if found := parse_named(title, event.actor.lang):
        figures = {"start": found.start, "value": found.start, "target": found.target, "unit": found.unit}
        return blank(event, found.title, "measure", due=due, **figures), True
    return blank(event, title, "milestone", start=0.0, target=1.0, value=0.0, due=due), False
