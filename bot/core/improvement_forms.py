"""What is asked in the forms of an improvement plan, and what is understood of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from bot.core.cards import Choice, Day, Field, Form, Remark, TextBox, clean
from bot.core.dates import read_day
from bot.core.effects import Effect, OpenForm, Refuse
from bot.core.events import Action, Submission
from bot.core.goals import vague
from bot.core.improvement import (
    FINDINGS,
    KINDS,
    LINE,
    LONGEST,
    OUTCOMES,
    SHORTEST,
    STANDINGS,
    TEXT,
    TEXTS,
    Found,
    Kind,
    Outcome,
    Plan,
    Promise,
    Step,
    early,
    owed,
    possible,
)
from bot.core.improvement_cards import label, say
from bot.core.improvement_moves import hindered
from bot.core.people import Person

REPORTS = 99  # to choose from; Slack shows 100 options


def form(actor: Person, name: str, value: str, fields: Sequence[Field]) -> Form:
    title, submit, cancel = say(actor, f"titles.{name}"), say(actor, "save"), say(actor, "cancel")
    return Form(f"improvement.{name}", title, submit, cancel, tuple(fields), value)


def box(actor: Person, name: str, limit: int, value: str = "", *, optional: bool = False, own: bool = False) -> TextBox:
    hint = say(actor, f"hint.{name}") if say.has(f"hint.{name}") else ""
    return TextBox(name, label(actor, name, own), value, limit, limit > LINE, optional, hint)


# A new one.


def new_form(actor: Person, reports: Sequence[Person], whom: str = "") -> Form:
    """Everything that makes it fair is asked at once: without it nothing is put to anybody."""
    options = tuple((report.id, report.name) for report in reports[:REPORTS])
    chosen = whom if whom in dict(options) else options[0][0]
    fields: list[Field] = [
        Remark(say(actor, "before_writing")),
        Choice("whom", say(actor, "label.whom"), options, chosen),
        *(box(actor, name, limit) for name, limit in (*FINDINGS.items(), *TEXTS.items())),
        Day("ends", say(actor, "label.ends"), hint=say(actor, "hint.ends")),
    ]
    for kind in KINDS:
        last = kind == "training"
        fields.append(box(actor, kind, LINE, optional=last))
        fields.append(Day(f"{kind}_day", say(actor, f"label.{kind}_day"), optional=last))
    return form(actor, "form", whom, fields)


@dataclass(frozen=True, slots=True)
class Written:
    """A form as it was filled in. All that is wrong, by field; the plan and its promises only where nothing is."""

    plan: Plan | None
    promises: tuple[Promise, ...]
    wrong: Mapping[str, str]


def read_new(event: Submission, reports: Sequence[Person], taken: frozenset[str]) -> Written:
    actor, wrong = event.actor, dict[str, str]()
    report = next((each for each in reports if each.id == event.answers.get("whom")), None)
    if report is None:
        wrong["whom"] = say(actor, "wrong_whom")
    elif report.id in taken:
        wrong["whom"] = say(actor, "wrong_taken", who=report.name)
    texts = {name: text_of(event, name, limit, wrong) for name, limit in {**FINDINGS, **TEXTS}.items()}
    ends, id = end_of(event, wrong), f"improvement:{event.ref}"
    made = tuple(filter(None, (read_promise(event, kind, id, ends, wrong) for kind in KINDS)))
    if texts["goal"] and "goal" not in wrong and vague(texts["goal"]):
        wrong["goal"] = say(actor, "wrong_vague")
    if wrong or report is None or ends is None:
        return Written(None, (), wrong)
    said: Mapping[str, Any] = texts
    return Written(Plan(id, report.id, actor.id, **said, ends=ends, at=event.at), made, {})


def text_of(event: Submission, name: str, limit: int, wrong: dict[str, str], optional: bool = False) -> str:
    text = clean(event.answers.get(name, "")).strip()
    if not text and not optional:
        wrong[name] = say(event.actor, "wrong_empty")
    elif len(text) > limit:
        wrong[name] = say(event.actor, "wrong_long", limit=limit)
    return text


def end_of(event: Submission, wrong: dict[str, str]) -> date | None:
    """A fair time, and not for ever."""
    day = read_day(event.answers.get("ends", "").strip(), event.actor.lang)
    if day is None or not event.today + SHORTEST <= day <= event.today + LONGEST:
        wrong["ends"] = say(event.actor, "wrong_ends", first=event.today + SHORTEST, last=event.today + LONGEST)
    return day


def read_promise(event: Submission, kind: Kind, plan: str, ends: date | None, wrong: dict[str, str]) -> Promise | None:
    """Support has to be there; training too where it is named, and each with its day."""
    words = text_of(event, kind, LINE, wrong, optional=kind == "training")
    if words:
        day = promised_day(event, f"{kind}_day", ends, wrong)
        return Promise(f"{plan}.{kind}", plan, event.actor.id, kind, words, day) if day else None
    return None


def promised_day(event: Submission, name: str, ends: date | None, wrong: dict[str, str]) -> date | None:
    """While there is time to use it."""
    day = read_day(event.answers.get(name, "").strip(), event.actor.lang)
    if day is None or day < event.today or (ends is not None and day > ends):
        wrong[name] = say(event.actor, "wrong_promise_day")
        return None
    return day


# What becomes of it.


def read_form(actor: Person, found: Found) -> Form:
    return form(actor, "read", found.plan.id, (Remark(say(actor, "reading")), box(actor, "view", TEXT, optional=True)))


def word_form(name: str) -> Callable[[Person, Found], Form]:
    """One field for what somebody has to say."""
    return lambda actor, found: form(actor, name, found.plan.id, (box(actor, name, TEXT),))


decline_form, view_form, withdraw_form = map(word_form, ("decline", "view", "withdraw"))


def opened(event: Action, found: Found | None, step: Step, form: Callable[[Person, Found], Form]) -> Iterator[Effect]:
    """The form for a step, where it can be taken."""
    if found and possible(found.plan, step, found.side):
        yield OpenForm(form(event.actor, found))
    else:
        yield hindered(event, found)


def said(
    event: Submission, found: Found | None, step: Step, name: str, *, optional: bool = False
) -> tuple[str, list[Effect]]:
    """What was written into the one field of a form; and why it does not count, if so."""
    if found is None or not possible(found.plan, step, found.side):
        return "", [hindered(event, found)]
    wrong = dict[str, str]()
    words = text_of(event, name, TEXT, wrong, optional)
    return words, [Refuse(wrong)] if wrong else []


def standing_of(event: Submission) -> str:
    return next((each for each in STANDINGS if each == event.answers.get("standing")), STANDINGS[0])


def check_form(actor: Person, found: Found) -> Form:
    options = tuple((name, say(actor, f"standing.{name}")) for name in STANDINGS)
    choice = Choice("standing", say(actor, "label.standing"), options, STANDINGS[0])
    return form(actor, "check", found.plan.id, (Remark(found.plan.goal), choice, box(actor, "check", TEXT)))


def change_form(actor: Person, found: Found) -> Form:
    """What the manager found is theirs to change; the rest is both's."""
    plan = found.plan
    limits = {**(FINDINGS if found.side == "manager" else {}), **TEXTS}
    own = found.side == "person"
    fields: list[Field] = [box(actor, name, limit, getattr(plan, name), own=own) for name, limit in limits.items()]
    fields.append(Day("ends", say(actor, "label.ends"), plan.ends))
    return form(actor, "change", plan.id, (*fields, box(actor, "why", LINE)))


def read_change(event: Submission, found: Found) -> tuple[Mapping[str, Any], str, Mapping[str, str]]:
    """What is otherwise from then on, why, and what is wrong by field."""
    plan, wrong = found.plan, dict[str, str]()
    limits = {**TEXTS, **(FINDINGS if found.side == "manager" else {})}
    new: dict[str, Any] = {name: text_of(event, name, limit, wrong) for name, limit in limits.items()}
    said = read_day(event.answers.get("ends", "").strip(), event.actor.lang)
    new["ends"] = plan.ends if said == plan.ends else end_of(event, wrong)
    if new["goal"] != plan.goal and new["goal"] and vague(new["goal"]):
        wrong["goal"] = say(event.actor, "wrong_vague")
    why = text_of(event, "why", LINE, wrong)
    values = {name: value for name, value in new.items() if value != getattr(plan, name)}
    if not wrong and not values:
        wrong["why"] = say(event.actor, "wrong_nothing")
    return values, why, wrong


def promise_form(actor: Person, found: Found) -> Form:
    kinds = tuple((kind, say(actor, f"kind.{kind}")) for kind in KINDS)
    what = Choice("kind", say(actor, "label.kind"), kinds, KINDS[0])
    day = Day("day", say(actor, "label.day"))
    return form(actor, "promise", found.plan.id, (what, box(actor, "promise", LINE), day))


def read_more(event: Submission, found: Found) -> tuple[Promise | None, Mapping[str, str]]:
    wrong = dict[str, str]()
    kind = next((each for each in KINDS if each == event.answers.get("kind")), KINDS[0])
    words = text_of(event, "promise", LINE, wrong)
    day = promised_day(event, "day", found.plan.ends, wrong)
    plan = found.plan
    if wrong or day is None:
        return None, wrong
    state = "open" if plan.state == "proposed" else "waiting"
    return Promise(f"{plan.id}.{event.ref}", plan.id, event.actor.id, kind, words, day, state), {}  # type: ignore[arg-type]


def move_form(actor: Person, promise: Promise) -> Form:
    fields = (Remark(promise.words), Day("day", say(actor, "label.day"), promise.day), box(actor, "why", LINE))
    return form(actor, "move", promise.id, fields)


def read_move(event: Submission, found: Found) -> tuple[date | None, str, Mapping[str, str]]:
    wrong = dict[str, str]()
    day = promised_day(event, "day", found.plan.ends, wrong)
    return day, text_of(event, "why", LINE, wrong), wrong


def conclude_form(actor: Person, found: Found) -> Form:
    options = tuple((name, say(actor, f"outcome.{name}")) for name in OUTCOMES)
    choice = Choice("outcome", say(actor, "label.outcome"), options, OUTCOMES[0])
    remark = Remark(f"{found.plan.goal} — {found.plan.measure}")
    return form(actor, "conclude", found.plan.id, (remark, choice, box(actor, "reason", TEXT)))


def read_outcome(event: Submission, found: Found) -> tuple[Outcome, str, Mapping[str, str]]:
    """Never not reached before its day, nor while support that was promised is missing."""
    actor, plan, wrong = event.actor, found.plan, dict[str, str]()
    outcome: Outcome = next((each for each in get_args(Outcome) if each and each == event.answers.get("outcome")), "")
    if not outcome:
        wrong["outcome"] = say(actor, "wrong_outcome")
    elif outcome == "not_reached" and early(plan, event.today):
        wrong["outcome"] = say(actor, "wrong_early", day=plan.ends)
    elif outcome == "not_reached" and (missing := owed(found.promises)):
        wrong["outcome"] = say(actor, "wrong_owed", what=[each.words for each in missing])
    return outcome, text_of(event, "reason", TEXT, wrong), wrong
