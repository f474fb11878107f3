"""A fair improvement plan: what stands in it, how it goes from one state to the next, and who may take which step.

Fair by construction: it cannot be put to anybody without examples, a day, and support that their manager promises by a
day; nothing in it changes unless both have read it; and it never ends as not reached while promised support is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from bot.core.people import Person

State = Literal["proposed", "running", "changing", "concluding", "ended", "withdrawn"]
Step = Literal[
    "acknowledge", "decline", "change", "check", "view", "give", "conclude", "withdraw", "lapse", "hand_over"
]
Side = Literal["", "person", "manager"]
Kind = Literal["support", "training"]
PromiseState = Literal["waiting", "open", "given", "dropped"]  # waiting: the other has not read it yet
Outcome = Literal["", "reached", "partly", "not_reached"]

CHECK, WAITING, PROMISED = "improvement", "improvement.waiting", "improvement.promised"  # rhythms of follow-ups
KINDS: tuple[Kind, ...] = ("support", "training")
STANDINGS = ("forward", "same", "back")
OUTCOMES: tuple[Outcome, ...] = ("reached", "partly", "not_reached")
TEXT, LINE = 800, 300  # characters
PAGE = 4  # lines of a plan on one card
SHORTEST, LONGEST = timedelta(days=28), timedelta(days=184)  # of a plan: a fair chance, and an end in sight
WEEK = timedelta(days=7)
REMIND, LAPSE = 3, 10  # working days after which a reading that is waited for is asked for again, and is over
OVER = timedelta(days=28)  # after its last day: then a plan without an outcome is over by itself

# The whole machine. What is not in it cannot be done.
STEPS: Mapping[tuple[State, Step], State] = {
    ("proposed", "acknowledge"): "running",
    ("proposed", "change"): "proposed",
    ("proposed", "view"): "proposed",
    ("proposed", "withdraw"): "withdrawn",
    ("proposed", "lapse"): "withdrawn",
    ("proposed", "hand_over"): "withdrawn",  # nobody begins what somebody else has written
    ("running", "change"): "changing",
    ("running", "check"): "running",
    ("running", "view"): "running",
    ("running", "give"): "running",
    ("running", "conclude"): "concluding",
    ("running", "withdraw"): "withdrawn",
    ("running", "lapse"): "withdrawn",
    ("running", "hand_over"): "changing",
    ("changing", "acknowledge"): "running",
    ("changing", "decline"): "running",
    ("changing", "check"): "changing",
    ("changing", "view"): "changing",
    ("changing", "give"): "changing",
    ("changing", "withdraw"): "withdrawn",
    ("changing", "lapse"): "running",  # without the change
    ("changing", "hand_over"): "changing",
    ("concluding", "acknowledge"): "ended",
    ("concluding", "view"): "concluding",
    ("concluding", "lapse"): "ended",
    ("ended", "view"): "ended",
    ("withdrawn", "view"): "withdrawn",
}
CLOSED: tuple[State, ...] = ("ended", "withdrawn")
MANAGERS: frozenset[Step] = frozenset({"give", "conclude", "withdraw"})  # theirs alone
READERS: frozenset[Step] = frozenset({"acknowledge", "decline"})  # of the one who is waited for

# What the two can change of it; what the manager found is theirs to say.
TEXTS: Mapping[str, int] = {"goal": LINE, "measure": LINE, "actions": TEXT}
FINDINGS: Mapping[str, int] = {"assessment": TEXT, "examples": TEXT}


@dataclass(frozen=True, slots=True)
class Plan:
    id: str  # "improvement:ab12"
    person: str  # whose it is
    manager: str  # who leads it now
    assessment: str  # what is expected, and what is seen
    examples: str
    goal: str
    measure: str  # how both will see that it is reached
    actions: str
    ends: date
    at: datetime
    state: State = "proposed"
    waiting: Side = "person"  # who has something to read before it goes on
    round: int = 0  # how often somebody was waited for: a reminder of before reminds of nothing
    outcome: Outcome = ""
    reason: str = ""  # for the outcome
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state not in CLOSED


@dataclass(frozen=True, slots=True)
class Promise:
    """What the manager gives, and by when."""

    id: str
    plan: str
    promiser: str  # a Person.id
    kind: Kind
    words: str
    day: date
    state: PromiseState = "open"
    next_day: date | None = None  # another day, which the other has not read yet


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was done or said, by whom and when. Lines are only ever added: what was said stays said."""

    id: str
    plan: str
    author: str
    at: datetime
    what: str  # a Step, or "written"
    words: str = ""
    standing: str = ""  # of a check: one of STANDINGS
    field: str = ""  # of a change: a column of the plan, or a kind of promise
    old: str = ""
    new: str = ""
    day: date | None = None  # of a promise
    agreed: bool | None = None  # of a change: None while it waits to be read


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody is asked on this day; None: not any more."""

    person: str
    rhythm: str
    about: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of a plan by one step: all that is to be kept of it."""

    plan: Plan
    before: State | None  # None: it is new
    added: tuple[Line, ...] = ()
    promised: tuple[Promise, ...] = ()  # new, or otherwise than before
    agreed: bool | None = None  # the changes that waited have been read: agreed to, or not
    asks: tuple[Ask, ...] = ()


def side(plan: Plan, actor: str) -> Side:
    """On which side somebody stands; HR, who only read, on none."""
    return "person" if actor == plan.person else "manager" if actor == plan.manager else ""


def other(of: Side) -> Side:
    return "manager" if of == "person" else "person"


def possible(plan: Plan, step: Step, by: Side) -> bool:
    """Whether this side can take this step now."""
    if (plan.state, step) not in STEPS or not by:
        return False
    if step in READERS:
        return plan.waiting == by
    if step == "change" and plan.state == "proposed":
        return plan.waiting == by  # one after the other: each reads what the other wrote before writing again
    return by == "manager" or step not in MANAGERS


def bound(plan: Plan, of: Side) -> bool:
    """Whether this side took part in it already: what is said of it is something they wait for."""
    return of == "manager" or plan.state != "proposed"


def early(plan: Plan, today: date) -> bool:
    """Whether it is too early to say that it was not reached."""
    return today < plan.ends


def owed(promises: tuple[Promise, ...]) -> tuple[Promise, ...]:
    """What was promised and not given yet."""
    return tuple(each for each in promises if each.state == "open")


def over(plan: Plan, today: date) -> bool:
    return plan.state in ("running", "changing") and today > plan.ends + OVER


def topic(plan: Plan, of: Side) -> str:
    """Of the card by which a side has the plan at hand. With whose it is: who led it before has theirs taken away."""
    return f"improvement.{of}:{plan.id}:{plan.person if of == 'person' else plan.manager}"


@dataclass(frozen=True, slots=True)
class Found:
    """A plan the actor may see, with everybody it is about."""

    plan: Plan
    person: Person
    manager: Person | None  # who leads it, while they work here
    side: Side  # the actor's
    now: Person | None = None  # whose report the person is now
    promises: tuple[Promise, ...] = ()
    lines: tuple[Line, ...] = ()  # some of them, the latest first
    pending: tuple[Line, ...] = ()  # changes that wait to be read
    names: Mapping[str, str] | None = None  # of the lines' authors, by id
    page: int = 0
    more: bool = False

    def who(self, of: Side) -> Person | None:
        return self.person if of == "person" else self.manager if of == "manager" else None

    @property
    def moved(self) -> bool:
        """Whether the person has another manager by now than the one who leads it, who then takes it over."""
        other = self.now is not None and not self.now.gone and self.now.id != self.plan.manager
        return other and (self.plan.state, "hand_over") in STEPS
