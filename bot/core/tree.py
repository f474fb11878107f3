"""The goals of a company as a tree: what serves what, and how it stands with those who carry it. Never a ranking."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.goals import LEVELS, Confidence, Goal
from bot.core.people import Person

WEIGHT: Mapping[Confidence, int] = {"on_track": 2, "at_risk": 1, "off_track": 0}


@dataclass(frozen=True, slots=True)
class Served:
    """The personal goals that serve a goal: how many, and how sure their people are on the whole.

    Of a private goal nobody is to learn how it stands, so those the reader may not see count here, and no more.
    """

    many: int = 0
    sure: tuple[Confidence, ...] = ()  # of those that may be seen
    mine: int = 0

    def __add__(self, other: "Served") -> "Served":
        return Served(self.many + other.many, self.sure + other.sure, self.mine + other.mine)

    @property
    def mean(self) -> Confidence:
        """Of those that say anything; empty where none does."""
        weights = [WEIGHT[each] for each in self.sure if each]
        if not weights:
            return ""
        mean = sum(weights) / len(weights)
        return "on_track" if mean >= 1.5 else "at_risk" if mean >= 0.5 else "off_track"


@dataclass(frozen=True, slots=True)
class Branch:
    """A goal of the company or of a team, the team goals under it, and what people do for it themselves."""

    goal: Goal
    teams: tuple["Branch", ...] = ()
    served: Served = Served()

    @property
    def all_served(self) -> Served:
        return sum((branch.all_served for branch in self.teams), self.served)


@dataclass(frozen=True, slots=True)
class Mine:
    """A goal of the reader's own, and what it is for."""

    goal: Goal
    parent: Goal | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    company: tuple[Branch, ...] = ()
    loose: tuple[Branch, ...] = ()  # team goals that serve no goal of the company
    mine: tuple[Mine, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.company or self.loose)


def grown(reader: Person, above: Sequence[Goal], served: Mapping[str, Served], own: Iterable[Goal]) -> Tree:
    """The tree of these goals of the company and its teams: one's own team first, then by name."""
    known = {goal.id: goal for goal in above}
    company = {goal.id for goal in above if goal.level == "company"}
    teams = [Branch(goal, (), served.get(goal.id, Served())) for goal in above if goal.level == "team"]
    teams.sort(key=lambda branch: (branch.goal.team != reader.team, branch.goal.team, branch.goal.title))
    roots = [
        Branch(goal, tuple(each for each in teams if each.goal.parent == goal.id), served.get(goal.id, Served()))
        for goal in above
        if goal.level == "company"
    ]
    roots.sort(key=lambda branch: (branch.goal.title, branch.goal.id))
    loose = tuple(each for each in teams if each.goal.parent not in company)
    mine = tuple(Mine(goal, known.get(goal.parent or "")) for goal in own)
    return Tree(tuple(roots), loose, mine)


def fits(goal: Goal, parent: Goal) -> bool:
    """Whether a goal can serve this one: it stands higher, so no chain of them can ever come back to itself."""
    higher = LEVELS.index(parent.level) > LEVELS.index(goal.level)
    return higher and parent.company == goal.company and parent.state == "open" and parent.objective is None
