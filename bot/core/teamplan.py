"""A better way of working for a whole team: where it stands, what that is compared with, where it wants to be, and what
came of it, measured again. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Day,
    Divider,
    Facts,
    Field,
    Form,
    Note,
    Part,
    Quote,
    Text,
    TextBox,
    clean,
)
from bot.core.dates import read_day
from bot.core.events import Submission
from bot.core.figures import TITLE, amount, parse_way
from bot.core.goal_cards import figure
from bot.core.goals import part_done
from bot.core.people import Person
from bot.core.wording import full_day, speaks, wording

say = wording("teamplan")

State = Literal["running", "measured", "stopped"]
Step = Literal["look", "change", "measure", "stop", "lapse", "hand_over"]
STEPS: Mapping[tuple[State, Step], State] = {
    ("running", "look"): "running",
    ("running", "change"): "running",
    ("running", "measure"): "measured",
    ("running", "stop"): "stopped",
    ("running", "lapse"): "stopped",
    ("running", "hand_over"): "running",
}
LEADS: frozenset[Step] = frozenset({"change", "measure", "stop"})  # who leads the team, or anybody once they have left
RHYTHM = "teamplan"  # of its follow-up
LOOK = timedelta(days=14)
SHORTEST, LONGEST = timedelta(days=14), timedelta(days=366)
OVER = timedelta(days=56)  # after its last day: then a plan that nobody measured is over by itself
TEXT = 800  # characters
TEXTS: Mapping[str, int] = {"compared": TEXT, "steps": TEXT, "learns": TEXT}
PAGE = 5  # looks on one card


@dataclass(frozen=True, slots=True)
class TeamPlan:
    id: str  # "teamplan:ab12"
    company: str
    lead: str  # a Person.id: it is the team of those whom they manage, or who have their team's name
    team: str  # its name; "": it has none
    way: str  # of working, such as how long a review takes
    compared: str  # what the figure is compared with
    start: float
    target: float
    unit: str
    value: float
    ends: date
    steps: str
    learns: str  # who learns what
    at: datetime
    state: State = "running"
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody saw of it, and the figure where they had one."""

    id: str
    plan: str
    author: str
    at: datetime
    what: str  # "begun" or a Step
    words: str = ""
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A plan the actor may see, and who has to do with it."""

    plan: TeamPlan
    lead: Person
    members: tuple[Person, ...] = ()  # all but the lead
    looks: tuple[Look, ...] = ()  # some of them, the latest first
    names: Mapping[str, str] | None = None  # of their authors, by id
    page: int = 0
    more: bool = False
    leads: bool = False  # whether the actor does
    member: bool = False  # whether the actor is of the team
    now: Person | None = None  # who leads the team by now, where its lead does so no longer

    @property
    def led(self) -> tuple[str, ...]:
        """Who reports to its lead."""
        return tuple(each.id for each in self.members if each.manager == self.lead.id)


def possible(found: Found, step: Step) -> bool:
    """Whether the actor can do this with it now. Everybody of the team has eyes."""
    if (found.plan.state, step) not in STEPS:
        return False
    return found.leads or (found.member and (step not in LEADS or found.lead.gone))


def leads_on(lead: Person, team: str, members: Sequence[Person]) -> bool:
    """Whether this is still their team: somebody of it reports to them. `team`: its name, where it has one."""
    near = (each for each in members if each.manager == lead.id)
    return not lead.gone and any(not team or team in (lead.team, each.team) for each in near)


def leader(managers: Mapping[str, str]) -> str | None:
    """Whom more than half of these people report to, of each the manager; who leads some of them is one of them no
    longer."""
    led = Counter(manager for person, manager in managers.items() if person not in managers.values())
    who, many = max(led.items(), key=lambda pair: pair[1], default=("", 0))
    return who if 2 * many > led.total() else None


def over(plan: TeamPlan, today: date) -> bool:
    return today > plan.ends + OVER


def topic(plan: TeamPlan) -> str:
    return f"teamplan.card:{plan.id}"


# The cards.


def plan_card(reader: Person, found: Found, intro: str = "") -> Card:
    plan, parts = found.plan, list[Part]()
    if found.page == 0:
        parts += [Text(intro)] if intro else []
        parts += [Note(say(reader, f"state.{plan.state}", ends=plan.ends)), facts(reader, plan), bar(reader, found)]
    if found.looks:
        parts.append(Divider())
    for each in found.looks:
        names = {"who": (found.names or {}).get(each.author, ""), "value": figure(reader, each.value, plan.unit)}
        key = f"look.{each.what}" if each.value is None else f"look_figure.{each.what}"
        parts.append(Text(say(reader, key, day=reader.day_of(each.at), **names)))
        parts += [Quote(each.words)] if each.words else []
    if row := tuple(buttons(reader, found)):
        parts.append(Buttons(row))
    return Card(say(reader, "title", way=plan.way), tuple(parts))


def facts(reader: Person, plan: TeamPlan) -> Facts:
    start, target = figure(reader, plan.start, ""), figure(reader, plan.target, plan.unit)
    rows = [
        (say(reader, "label.figures"), say(reader, "way", start=start, target=target)),
        (say(reader, "label.ends"), full_day(plan.ends, speaks(reader))),
    ]
    return Facts((*rows, *((say(reader, f"label.{name}"), getattr(plan, name)) for name in TEXTS)))


def bar(reader: Person, found: Found) -> Bar:
    """Where it stands, with the last word about it."""
    plan = found.plan
    done = part_done(plan.start, plan.target, plan.value) or 0.0
    story = next((each.words for each in found.looks if each.words), "")
    return Bar(say(reader, "now", value=figure(reader, plan.value, plan.unit)), round(done * 100), 100, story)


def buttons(reader: Person, found: Found) -> Iterator[Button]:
    id = found.plan.id
    if possible(found, "look"):
        yield Button(say(reader, "do.look"), "teamplan.look", id, "primary", opens=True)
    if possible(found, "change"):
        yield Button(say(reader, "do.change"), "teamplan.change", id, opens=True)
    if possible(found, "measure"):
        yield Button(say(reader, "do.measure"), "teamplan.measure", id, opens=True)
    if possible(found, "stop"):
        yield Button(say(reader, "do.stop"), "teamplan.stop", id, opens=True)
    if found.page:
        yield Button(say(reader, "newer"), "teamplan.show", f"{id}|{found.page - 1}")
    if found.more:
        yield Button(say(reader, "older"), "teamplan.show", f"{id}|{found.page + 1}")


def asks_card(reader: Person, found: Found, today: date) -> Card:
    """Every two weeks; from the last day on the question is what came of it."""
    plan, last = found.plan, today >= found.plan.ends
    text = say(reader, "asks_end" if last else "asks", ends=plan.ends)
    look = Button(say(reader, "do.look"), "teamplan.look", plan.id, opens=True)
    measure = Button(say(reader, "do.measure"), "teamplan.measure", plan.id, opens=True)
    first, second = (measure, look) if last else (look, measure)
    row = (replace(first, style="primary"), second, open_button(reader, plan))
    return Card(say(reader, "title", way=plan.way), (Text(text), bar(reader, found), Buttons(row)))


def open_button(reader: Person, plan: TeamPlan) -> Button:
    return Button(say(reader, "open"), "teamplan.show", plan.id)


def told(reader: Person, found: Found, key: str, who: str, words: str = "") -> Card:
    quoted = (Quote(words),) if words else ()
    text = Text(say(reader, key, who=who, value=figure(reader, found.plan.value, found.plan.unit)))
    return Card(say(reader, "title", way=found.plan.way), (text, *quoted, Buttons((open_button(reader, found.plan),))))


# The forms.


def form(actor: Person, name: str, value: str, fields: Sequence[Field]) -> Form:
    title, submit, cancel = say(actor, f"titles.{name}"), say(actor, "save"), say(actor, "cancel")
    return Form(f"teamplan.{name}", title, submit, cancel, tuple(fields), value)


def box(actor: Person, name: str, limit: int, value: str = "", *, optional: bool = False) -> TextBox:
    hint = say(actor, f"hint.{name}") if say.has(f"hint.{name}") else ""
    return TextBox(name, say(actor, f"label.{name}"), value, limit, limit > TITLE, optional, hint)


def new_form(actor: Person) -> Form:
    way, figures = box(actor, "way", TITLE), box(actor, "figures", TITLE)
    ends = Day("ends", say(actor, "label.ends"))
    return form(actor, "form", "", (way, figures, *(box(actor, name, limit) for name, limit in TEXTS.items()), ends))


def change_form(actor: Person, plan: TeamPlan) -> Form:
    texts = (box(actor, name, limit, getattr(plan, name)) for name, limit in TEXTS.items())
    ends = Day("ends", say(actor, "label.ends"), plan.ends)
    return form(actor, "change", plan.id, (*texts, ends, box(actor, "why", TITLE)))


def look_form(actor: Person, plan: TeamPlan, name: Literal["look", "measure"]) -> Form:
    """A look may be words alone; measured again is a figure."""
    value = box(actor, "value", 40, optional=name == "look")
    return form(actor, name, plan.id, (value, box(actor, name, TEXT)))


def stop_form(actor: Person, plan: TeamPlan) -> Form:
    return form(actor, "stop", plan.id, (box(actor, "stop", TEXT),))


def read_new(event: Submission) -> tuple[TeamPlan | None, Mapping[str, str]]:
    actor, wrong = event.actor, dict[str, str]()
    way = text_of(event, "way", TITLE, wrong)
    texts: Mapping[str, Any] = {name: text_of(event, name, limit, wrong) for name, limit in TEXTS.items()}
    figures = parse_way(text_of(event, "figures", TITLE, wrong), actor.lang)
    if "figures" not in wrong and (figures is None or figures.start == figures.target):
        wrong["figures"] = say(actor, "wrong_figures")
    ends = end_of(event, wrong)
    if wrong or figures is None or ends is None:
        return None, wrong
    start, target, unit = figures.start, figures.target, figures.unit
    plan = TeamPlan(f"teamplan:{event.ref}", actor.company, actor.id, actor.team, " ".join(way.split()), start=start,
                    target=target, unit=unit, value=start, ends=ends, at=event.at, **texts)  # fmt: skip
    return plan, {}


def read_change(event: Submission, plan: TeamPlan) -> tuple[TeamPlan, str, Mapping[str, str]]:
    wrong = dict[str, str]()
    new: dict[str, Any] = {name: text_of(event, name, limit, wrong) for name, limit in TEXTS.items()}
    said = read_day(event.answers.get("ends", "").strip(), event.actor.lang)
    new["ends"] = plan.ends if said == plan.ends else end_of(event, wrong)
    why = text_of(event, "why", TITLE, wrong)
    changed = plan if wrong else replace(plan, **new)
    if not wrong and changed == plan:
        wrong["why"] = say(event.actor, "wrong_nothing")
    return changed, why, wrong


def read_look(event: Submission, name: Literal["look", "measure"]) -> tuple[float | None, str, Mapping[str, str]]:
    wrong = dict[str, str]()
    typed = clean(event.answers.get("value", "")).strip()
    found = amount(typed, event.actor.lang) if typed else None
    if (typed and found is None) or (name == "measure" and not typed):
        wrong["value"] = say(event.actor, "wrong_value")
    return found[0] if found else None, text_of(event, name, TEXT, wrong), wrong


def text_of(event: Submission, name: str, limit: int, wrong: dict[str, str]) -> str:
    text = clean(event.answers.get(name, "")).strip()
    if not text:
        wrong[name] = say(event.actor, "wrong_empty")
    elif len(text) > limit:
        wrong[name] = say(event.actor, "wrong_long", limit=limit)
    return text


def end_of(event: Submission, wrong: dict[str, str]) -> date | None:
    day = read_day(event.answers.get("ends", "").strip(), event.actor.lang)
    if day is None or not event.today + SHORTEST <= day <= event.today + LONGEST:
        wrong["ends"] = say(event.actor, "wrong_ends", first=event.today + SHORTEST)
    return day
