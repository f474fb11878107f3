"""What people want to reach, what was said on the way, how far along it is, and who may say something about it."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bot.core.figures import TITLE as TITLE
from bot.core.figures import parse_update as parse_update
from bot.core.people import Person

Level = Literal["personal", "team", "company"]
Kind = Literal["measure", "objective", "milestone", "development"]
Visibility = Literal["everyone", "team", "manager"]  # manager: me and my manager
# offered: set by a manager for a report who has not said yes; until then it is seen by these two alone.
State = Literal["offered", "open", "achieved", "closed"]
Confidence = Literal["", "on_track", "at_risk", "off_track"]

LEVELS: tuple[Level, ...] = ("personal", "team", "company")
KINDS: tuple[Kind, ...] = ("measure", "objective", "milestone", "development")
VISIBILITIES: tuple[Visibility, ...] = ("everyone", "team", "manager")
CONFIDENCES: tuple[Confidence, ...] = ("on_track", "at_risk", "off_track")
TEXT = 1000  # characters
RESULTS = 6  # key results of an objective


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One goal. A key result is a measure that names its `objective`; an objective's figures are percents, the mean of
    its key results'. A milestone is 0 or 1 of 1; a development goal has no figures."""

    id: str  # "goal:ab12"
    company: str
    title: str
    at: datetime  # when it was set
    set_by: str  # a Person.id
    person: str | None = None  # whose it is; None for a team's or the company's
    level: Level = "personal"
    team: str = ""  # its name, for level team
    kind: Kind = "measure"
    why: str = ""
    start: float | None = None
    target: float | None = None
    value: float | None = None
    unit: str = ""
    due: date | None = None
    parent: str | None = None  # the goal it serves, a level above
    objective: str | None = None  # whose key result it is
    visibility: Visibility = "team"
    state: State = "open"
    confidence: Confidence = ""
    word: str = ""  # the last story
    word_at: datetime | None = None  # the last time anybody said something about it; None: when it was set
    asked_at: datetime | None = None  # when it was last in a nudge
    silent: int = 0  # nudges since the last word
    closed_at: datetime | None = None
    learned: str = ""
    results: tuple["Goal", ...] = ()  # an objective's key results

    @property
    def said_at(self) -> datetime:
        return self.word_at or self.at


@dataclass(frozen=True, slots=True)
class Update:
    """One word about a goal: where it stands, how sure one is, and the story."""

    id: str
    goal: str
    author: str
    at: datetime
    value: float | None = None
    confidence: Confidence = ""
    story: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing about a goal that is now otherwise, and why. `old` and `new` as they are stored."""

    id: str
    goal: str
    author: str
    at: datetime
    field: str  # title, why, target, due, visibility, parent, state
    old: str
    new: str
    reason: str = ""


def share(goal: Goal) -> float | None:
    """How much of the way is done, 0 to 1; None where no figure says so."""
    if goal.kind == "objective" and goal.results:
        return mean(goal.results)
    if goal.state == "achieved" and goal.kind != "measure":
        return 1.0
    return part_done(goal.start, goal.target, goal.value)


def mean(results: tuple[Goal, ...]) -> float | None:
    """Of what can be measured, each key result counting the same."""
    shares = [done for each in results if (done := part_done(each.start, each.target, each.value)) is not None]
    return sum(shares) / len(shares) if shares else None


def part_done(start: float | None, target: float | None, value: float | None) -> float | None:
    """Where `value` stands between `start` (none: 0) and `target`, 0 to 1. A target can lie below its start."""
    if target is None:
        return None
    begin = start or 0.0
    now = begin if value is None else value
    if begin == target:
        return float(now >= target)
    return min(1.0, max(0.0, (now - begin) / (target - begin)))


def needs_word(before: str, confidence: str, story: str) -> bool:
    """Whether this change of confidence says nothing of why. That it goes as meant is what one starts from."""
    return bool(confidence) and confidence != (before or "on_track") and not story.strip()


# What is missing. A question, not a gate.

_VAGUE = frozenset(
    re.findall(
        r"\w+",
        """better more improve improved improving faster less good great
        bättre mer mera förbättra snabbare mindre bra
        beter meer verbeter verbeteren sneller minder goed""",
    )
)
_FEWEST = 3  # words in which somebody else can see what is meant


def vague(title: str) -> bool:
    """Whether a title leaves open what it is about: `Better`, `Improve quality`. A figure in it is never vague."""
    words = re.findall(r"\w+", title.lower())
    if any(word.isdecimal() for word in words):
        return False
    return len(words) < _FEWEST or (len(words) == _FEWEST and not _VAGUE.isdisjoint(words))


def missing(goal: Goal) -> tuple[str, ...]:
    """What the SMART conversation asks about: the ids of its questions."""
    found = {
        "title": vague(goal.title),
        "measure": goal.kind == "measure" and goal.target is None,
        "results": goal.kind == "objective" and not goal.results,
        "day": goal.due is None,
        "why": not goal.why.strip(),
    }
    return tuple(name for name, lacks in found.items() if lacks)


# Who may say something about a goal they can see.


def may_update(actor: Person, goal: Goal, owner: Person | None) -> bool:
    """Its owner, and with them their manager; a team's or the company's: who looks after it."""
    if owner is None:
        return looks_after(actor, goal)
    return actor.company == owner.company and actor.id in (owner.id, owner.manager)


def may_change(actor: Person, goal: Goal, owner: Person | None) -> bool:
    """Adjusting and closing are its owner's alone."""
    return looks_after(actor, goal) if owner is None else actor.id == owner.id


def looks_after(actor: Person, goal: Goal) -> bool:
    if actor.company != goal.company or actor.guest:
        return False
    leads = actor.role == "manager" and goal.level == "team" and bool(goal.team) and goal.team == actor.team
    return actor.id == goal.set_by or actor.role in ("hr", "leader", "admin") or leads
