"""A company's round of reviews: how many have come how far, and never who, or with what words. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Cycle:
    """A round for everybody of a company. `until` is its last day; after it the round is closed, whoever opened it."""

    id: str  # "cycle:ab12"
    company: str
    period: str
    until: date
    at: datetime
    closed_at: datetime | None = None

    def open(self, today: date) -> bool:
        return self.closed_at is None and today <= self.until


@dataclass(frozen=True, slots=True)
class Part:
    """How many of a group have come how far. Without a team: of those that are too few to be told by themselves."""

    team: str
    people: int
    looked_back: int = 0
    talking: int = 0
    agreed: int = 0

    def __add__(self, other: "Part") -> "Part":
        sums = (getattr(self, name) + getattr(other, name) for name in ("people", "looked_back", "talking", "agreed"))
        return Part("", *sums)


def whole(parts: Iterable[Part]) -> Part:
    return sum(parts, Part("", 0))


def told(parts: Iterable[Part], least: int) -> list[Part]:
    """The groups that can be told, by name, none of fewer than `least` people; and none can be had by taking the others
    from the whole. Those that are too small are one group together, with the smallest of the others if need be."""
    large = sorted((part for part in parts if part.team and part.people >= least), key=lambda part: part.people)
    named = {part.team for part in large}
    rest = whole(part for part in parts if part.team not in named)
    while 0 < rest.people < least and large:
        rest += large.pop(0)
    if rest.people < least:
        return sorted(large, key=lambda part: part.team.casefold()) if rest.people == 0 else []
    return [*sorted(large, key=lambda part: part.team.casefold()), rest]
