"""Saying how a goal goes, changing it, and closing it: the forms, and what is understood of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core.cards import Card, Choice, Day, Field, Form, Remark, Text, TextBox, clean
from bot.core.dates import read_day
from bot.core.effects import Effect, Tell
from bot.core.events import Event, Submission
from bot.core.figures import TITLE, amount, number, parse_result
from bot.core.goal_cards import figure, result_line, short, way
from bot.core.goal_forms import fits, line_of, seen_by, visibilities
from bot.core.goals import CONFIDENCES, TEXT, Confidence, Goal, State, mean, needs_word
from bot.core.people import Person
from bot.core.wording import wording

say = wording("updates")
ENDS: tuple[State, ...] = ("achieved", "closed")
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says about a goal: a figure, how sure they are, the story; of an objective a figure a result."""

    value: float | None = None
    confidence: Confidence = ""
    story: str = ""
    results: Mapping[str, float] = field(default_factory=dict)  # by key result's id

    def applied(self, goal: Goal) -> Goal:
        """The goal with this word."""
        results = tuple(replace(each, value=self.results.get(each.id, each.value)) for each in goal.results)
        value, done = (goal.value if self.value is None else self.value), mean(results)
        if done is not None:
            value = round(done * 100, 1)
        sure, word = self.confidence or goal.confidence, self.story or goal.word
        return replace(goal, value=value, confidence=sure, word=word, results=results)


May = Callable[[Person, Goal, Person | None], bool]


def allowed(event: Event, goal: Goal, owner: Person | None, may: May) -> bool:
    """Whether the actor can do this with the goal now."""
    return goal.state == "open" and may(event.actor, goal, owner)


def hindered(event: Event, goal: Goal | None) -> Effect:
    """Why not, kindly. Of a goal the actor may not see it is said that there is none."""
    key = "gone" if goal is None else "not_yours" if goal.state == "open" else "not_open"
    return Tell(event.actor, Card(parts=(Text(say(event.actor, key)),)))


def state(reader: Person, goal: Goal, value: float | None, confidence: str) -> str:
    """`60 %, at risk`; "" where neither was said."""
    shown = ""
    if goal.kind == "milestone" and value is not None:
        shown = say(reader, f"done.{'yes' if value >= 1 else 'no'}")
    elif goal.kind != "development":
        shown = figure(reader, value, goal.unit)
    return ", ".join(filter(None, (shown, confidence and say(reader, f"sure.{confidence}"))))


# Saying how it goes.


def update_form(actor: Person, goal: Goal) -> Form:
    """With what was said last on top."""
    last = state(actor, goal, goal.value, goal.confidence) or say(actor, "nothing_yet")
    words = short(goal.word, 400)
    top = say(actor, "last_word", state=last, words=words) if words else say(actor, "last", state=last)
    fields: list[Field] = [Remark(short(goal.title)), Remark(top), *figure_fields(actor, goal)]
    sure = tuple((name, say(actor, f"confidence.{name}")) for name in CONFIDENCES)
    fields.append(Choice("confidence", say(actor, "field_confidence"), sure, goal.confidence or "on_track"))
    hint = say(actor, "field_story_hint")
    fields.append(TextBox("story", say(actor, "field_story"), limit=TEXT, optional=True, hint=hint))
    return form(actor, "goals.update", "form_title", goal, fields)


def form(actor: Person, id: str, title: str, goal: Goal, fields: list[Field]) -> Form:
    return Form(id, say(actor, title), say(actor, "save"), say(actor, "cancel"), tuple(fields), goal.id)


def figure_fields(actor: Person, goal: Goal) -> list[Field]:
    if goal.results:
        return [number_box(actor, f"result.{n}", short(result_line(actor, each)), each)
                for n, each in enumerate(goal.results)]  # fmt: skip
    if goal.kind == "measure":
        path = way(actor, goal)
        return [
            number_box(
                actor, "value", say(actor, "field_value", way=path) if path else say(actor, "field_value_plain"), goal
            )
        ]
    if goal.kind == "milestone":
        done = "yes" if (goal.value or 0) >= 1 else "no"
        return [
            Choice(
                "done",
                say(actor, "field_done"),
                tuple((name, say(actor, f"done.{name}")) for name in ("no", "yes")),
                done,
            )
        ]
    return []


def number_box(actor: Person, id: str, label: str, goal: Goal) -> TextBox:
    shown = figure(actor, goal.value, "") if goal.value is not None else ""
    return TextBox(id, label, shown, 40, lines=False, optional=True)


def read_update(event: Submission, goal: Goal) -> tuple[Word, dict[str, str]]:
    """What was said, and all that is wrong with it by field. What stands as before is not said again."""
    actor, answers, wrong = event.actor, event.answers, dict[str, str]()
    story = clean(answers.get("story", "")).strip()
    if len(story) > TEXT:
        wrong["story"] = say(actor, "wrong_long", limit=TEXT)
    sure: Confidence = next((each for each in CONFIDENCES if each == answers.get("confidence")), "")
    if needs_word(goal.confidence, sure, story):
        wrong["story"] = say(actor, "wrong_word")
    found = {each.id: read_number(event, f"result.{n}", each, wrong) for n, each in enumerate(goal.results)}
    results = {id: value for id, value in found.items() if value is not None}
    word = Word(read_value(event, goal, wrong), sure if sure != goal.confidence else "", story, results)
    if not wrong and not (
        word.results or word.story or word.value is not None or needs_word(goal.confidence, sure, "")
    ):
        wrong["story"] = say(actor, "wrong_nothing")
    return word, wrong


def read_value(event: Submission, goal: Goal, wrong: dict[str, str]) -> float | None:
    if goal.kind == "measure":
        return read_number(event, "value", goal, wrong)
    if goal.kind == "milestone" and (said := event.answers.get("done")) in ("yes", "no"):
        done = float(said == "yes")
        return done if done != (goal.value or 0.0) else None
    return None


def read_number(event: Submission, id: str, goal: Goal, wrong: dict[str, str]) -> float | None:
    text, lang = event.answers.get(id, "").strip(), event.actor.lang
    if not text:
        return None
    found = amount(text, lang)
    value = found[0] if found else number(text, lang)
    if value is None:
        wrong[id] = say(event.actor, "wrong_figure")
    return value if value != goal.value else None


# Changing it.


def adjust_form(actor: Person, goal: Goal) -> Form:
    due = Day("due", say(actor, "field_due"), goal.due, optional=True)
    fields: list[Field] = [
        TextBox("title", say(actor, "field_title"), goal.title, TITLE, lines=False),
        TextBox("why", say(actor, "field_why"), goal.why, TEXT, optional=True),
    ]
    if goal.kind == "measure":
        shown, hint = figure(actor, goal.target, goal.unit), say(actor, "field_target_hint")
        fields.append(TextBox("target", say(actor, "field_target"), shown, 40, lines=False, optional=True, hint=hint))
    for n, each in enumerate(goal.results):
        fields.append(
            TextBox(f"result.{n}", say(actor, "field_result", number=n + 1), result_line(actor, each), 300, lines=False)
        )
    fields.append(due)
    fields.append(Choice("visibility", say(actor, "field_visibility"), seen_options(actor, goal), goal.visibility))
    if goal.state == "offered":
        return form(actor, "goals.adjust", "adjust_offer_title", goal, fields)
    hint = say(actor, "field_reason_hint")
    reason = TextBox("reason", say(actor, "field_reason"), limit=TEXT, hint=hint)
    return form(actor, "goals.adjust", "adjust_title", goal, [*fields, reason])


def seen_options(actor: Person, goal: Goal) -> tuple[tuple[str, str], ...]:
    """What belongs to a team is seen by it at least."""
    return tuple(each for each in visibilities(actor) if goal.person or each[0] != "manager")


@dataclass(frozen=True, slots=True)
class Adjusting:
    values: Mapping[str, Any]  # of the goal, only what is different
    results: Mapping[str, Mapping[str, Any]]  # the same of its key results, by id
    reason: str

    def applied(self, goal: Goal) -> Goal:
        results = tuple(replace(each, **self.results.get(each.id, {})) for each in goal.results)
        return replace(goal, **self.values, results=results)


def read_adjust(event: Submission, goal: Goal) -> tuple[Adjusting, dict[str, str]]:
    actor, answers, wrong = event.actor, event.answers, dict[str, str]()
    title, why = line_of(answers.get("title", "")), clean(answers.get("why", "")).strip()
    reason = clean(answers.get("reason", "")).strip()
    if not title:
        wrong["title"] = say(actor, "wrong_title")
    for name, text, limit in (("title", title, TITLE), ("why", why, TEXT), ("reason", reason, TEXT)):
        if len(text) > limit:
            wrong[name] = say(actor, "wrong_long", limit=limit)
    if not reason and goal.state == "open":
        wrong["reason"] = say(actor, "wrong_reason")
    values = {"title": title, "why": why, "due": new_due(event, goal, wrong), **new_target(event, goal, wrong)}
    values["visibility"] = seen_by(answers.get("visibility", goal.visibility))
    if goal.person is None and values["visibility"] == "manager":
        values["visibility"] = goal.visibility
    different = {name: value for name, value in values.items() if getattr(goal, name) != value}
    results = {each.id: new for n, each in enumerate(goal.results) if (new := new_result(event, n, each, wrong))}
    if not wrong and not different and not results and goal.state == "open":
        wrong["title"] = say(actor, "wrong_same")
    return Adjusting(different, results, reason), wrong


def new_due(event: Submission, goal: Goal, wrong: dict[str, str]) -> Any:
    text = event.answers.get("due", "").strip()
    day = read_day(text, event.actor.lang) if text else None
    # A day that has gone by can stay as it is.
    if text and day != goal.due and not fits(event, day):
        wrong["due"] = say(event.actor, "wrong_day")
    return day


def new_target(event: Submission, goal: Goal, wrong: dict[str, str]) -> dict[str, Any]:
    text = event.answers.get("target", "").strip()
    if goal.kind != "measure" or text == figure(event.actor, goal.target, goal.unit):
        return {}
    found = amount(text, event.actor.lang)
    if found is None or found[0] == (goal.start or 0.0):
        wrong["target"] = say(event.actor, "wrong_target")
        return {}
    return {"target": found[0], "unit": found[1] or goal.unit}


def new_result(event: Submission, n: int, goal: Goal, wrong: dict[str, str]) -> dict[str, Any]:
    actor, text = event.actor, line_of(event.answers.get(f"result.{n}", ""))
    if not text or text == line_of(result_line(actor, goal)):
        return {}
    if (found := parse_result(text, actor.lang)) is None:
        wrong[f"result.{n}"] = say(actor, "wrong_result")
        return {}
    values = {"title": found.title, "start": found.start, "target": found.target, "unit": found.unit}
    return {name: value for name, value in values.items() if getattr(goal, name) != value}


# Closing it.


def close_form(actor: Person, goal: Goal) -> Form:
    hint = say(actor, "field_learned_hint")
    ends = tuple((name, say(actor, f"outcome.{name}")) for name in ENDS)
    fields: list[Field] = [
        Remark(short(goal.title)),
        Choice("outcome", say(actor, "field_outcome"), ends, "achieved"),
        TextBox("learned", say(actor, "field_learned"), limit=TEXT, optional=True, hint=hint),
        Choice("nothing", say(actor, "field_nothing"), ((NOTHING, say(actor, "nothing")),), many=True, optional=True),
    ]
    return form(actor, "goals.close", "close_title", goal, fields)


def read_close(event: Submission) -> tuple[State, str, dict[str, str]]:
    """How it ended, what was learned, and all that is wrong by field."""
    actor, wrong = event.actor, dict[str, str]()
    outcome = next((each for each in ENDS if each == event.answers.get("outcome")), None)
    learned = clean(event.answers.get("learned", "")).strip()
    if outcome is None:
        wrong["outcome"] = say(actor, "wrong_outcome")
    if len(learned) > TEXT:
        wrong["learned"] = say(actor, "wrong_long", limit=TEXT)
    if not learned and NOTHING not in event.answers.get("nothing", ""):
        wrong["learned"] = say(actor, "wrong_learned")
    return outcome or "closed", learned, wrong
