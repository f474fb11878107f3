"""A quarter's talk between two people: how far it is, what they wrote down of it, and who said yes to that. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot.core.people import Person

State = Literal["reflecting", "preparing", "conversation", "agreed", "closed"]
Step = Literal["reflected", "prepared", "proposed", "acknowledged", "agreed", "handed", "over"]
Side = Literal["person", "manager"]

OPEN: tuple[State, ...] = ("reflecting", "preparing", "conversation")
# Where each step leads. One that stands in no line leads nowhere: it comes too late, or too early.
MOVES: Mapping[tuple[State, Step], State] = {
    ("reflecting", "prepared"): "reflecting",  # a manager may well be the first to be ready
    ("reflecting", "reflected"): "preparing",
    ("preparing", "prepared"): "conversation",
    ("conversation", "proposed"): "conversation",
    ("conversation", "acknowledged"): "conversation",
    ("conversation", "agreed"): "agreed",
    # Another manager prepares anew, and nothing of what the one before wrote reaches them.
    ("reflecting", "handed"): "reflecting",
    ("preparing", "handed"): "preparing",
    ("conversation", "handed"): "preparing",
    # The next quarter's begins: what was not agreed stays as it is.
    ("reflecting", "over"): "closed",
    ("preparing", "over"): "closed",
    ("conversation", "over"): "closed",
}
WORDS, LINES, REASON = 3000, 1000, 1000  # characters
MOST = 5  # goals, and learning actions


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the two could agree on. `goals` and `learning` are for the next quarter, one a line."""

    words: str = ""
    goals: str = ""
    learning: str = ""
    rating: int | None = None  # from 1, of so many as the company's scale had then
    scale: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    id: str  # "summary:ab12"
    person: Person
    manager: Person
    period: str
    at: datetime
    state: State = "reflecting"
    reflected_at: datetime | None = None
    prepared_at: datetime | None = None
    proposal: Proposal = Proposal()
    proposed: Side | Literal[""] = ""
    version: int = 0  # of the proposal; 0: there is none yet
    person_at: datetime | None = None  # when they said yes to this version
    manager_at: datetime | None = None
    closed_at: datetime | None = None  # agreed, or over
    remarks: tuple[tuple[str, str], ...] = ()  # by whom (a Person.id), and the words; the earliest first

    @property
    def open(self) -> bool:
        return self.state in OPEN

    def side(self, actor: Person) -> Side:
        return "person" if actor.id == self.person.id else "manager"

    def other(self, actor: Person) -> Person:
        return self.manager if actor.id == self.person.id else self.person

    def waits_for(self, actor: Person) -> bool:
        """Whether there is something that the actor has yet to say yes to."""
        yes = self.person_at if self.side(actor) == "person" else self.manager_at
        return self.state == "conversation" and self.version > 0 and yes is None

    def asked(self, person: Person) -> str:
        """The topic of the cards on which this one of the two is asked for a yes."""
        return f"summary.asked:{self.id}:{person.id}"

    @property
    def ready(self) -> str:
        """The topic of the message by which the person hears that the talk can be had."""
        return f"summary.ready:{self.id}"


def can(summary: Summary, step: Step) -> bool:
    return (summary.state, step) in MOVES


def _moved(summary: Summary, step: Step) -> Summary:
    return replace(summary, state=MOVES.get((summary.state, step), summary.state))


def reflected(summary: Summary, at: datetime) -> Summary:
    """The person has looked back, or let it pass. Where the manager is ready already, they can talk."""
    if not can(summary, "reflected"):
        return summary
    now = replace(_moved(summary, "reflected"), reflected_at=at)
    return _moved(now, "prepared") if now.prepared_at else now


def prepared(summary: Summary, at: datetime) -> Summary:
    return replace(_moved(summary, "prepared"), prepared_at=at) if can(summary, "prepared") else summary


def proposed(summary: Summary, side: Side, proposal: Proposal, at: datetime) -> Summary:
    """New words need both again; who wrote them has said yes by that."""
    if not can(summary, "proposed"):
        return summary
    yes = {"person_at": at if side == "person" else None, "manager_at": at if side == "manager" else None}
    now = replace(_moved(summary, "proposed"), proposal=proposal, proposed=side, version=summary.version + 1)
    return replace(now, person_at=yes["person_at"], manager_at=yes["manager_at"])


def acknowledged(summary: Summary, side: Side, version: int, at: datetime) -> Summary:
    """A yes counts for the words that were seen, not for others that came in between. With both it is agreed."""
    if not (can(summary, "acknowledged") and version == summary.version > 0):
        return summary
    now = _moved(summary, "acknowledged")
    now = replace(now, person_at=at) if side == "person" else replace(now, manager_at=at)
    if now.person_at and now.manager_at:
        return replace(_moved(now, "agreed"), closed_at=at)
    return now


def handed(summary: Summary, manager: Person) -> Summary:
    """Somebody else is the manager now: what the one before prepared or wrote stays out of it."""
    if manager.id == summary.manager.id or not can(summary, "handed"):
        return summary
    now = replace(_moved(summary, "handed"), manager=manager, prepared_at=None, manager_at=None)
    if summary.proposed == "manager":
        return replace(now, proposal=Proposal(), proposed="", person_at=None)
    return now


def over(summary: Summary, at: datetime) -> Summary:
    return replace(_moved(summary, "over"), closed_at=at) if can(summary, "over") else summary


def lines(text: str) -> tuple[str, ...]:
    """The goals, or learning actions, of a text: one a line, without the marks of a list."""
    found = (line.strip().lstrip("-*•").strip() for line in text.splitlines())
    return tuple(line for line in found if line)
