"""Who works there: thirty teams of ten on two platforms, one company; who manages whom, and since when."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from bench.year.calendars import DAY, WEEK
from bench.year.company import TEAM, WORKSPACES, Human, company
from bot.core.calendar import Calendar

NAME = "noordlicht"
CALENDARS = (
    *[Calendar("Europe/Amsterdam", "NL", WEEK)] * 4,
    Calendar("Europe/Amsterdam", "NL", (0, 1, 2, 3)),
    *[Calendar("Europe/Stockholm", "SE", WEEK)] * 3,
    *[Calendar("America/New_York", "US-NY", WEEK)] * 2,
)
EVERYBODY = "everybody"


@dataclass
class Town:
    humans: dict[str, Human]
    managers: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)  # by person: since when, who

    def manager(self, person: str, at: datetime) -> str:
        """Who managed them then; "" for nobody."""
        since = [who for when, who in self.managers.get(person, ()) if when <= at]
        return since[-1] if since else self.humans[person].manager or ""

    def managed(self, person: str, at: datetime) -> set[str]:
        """Everybody who has managed them until then: what was said to somebody stays said."""
        before = {who for when, who in self.managers.get(person, ()) if when <= at}
        return {each for each in (*before, self.humans[person].manager) if each}

    def mates(self, person: str, at: datetime) -> set[str]:
        """The same manager, or the same team."""
        one, boss = self.humans[person], self.manager(person, at)
        return {o.id for o in self.humans.values() if o.team == one.team or (boss and self.manager(o.id, at) == boss)}

    def reports(self, person: str, at: datetime) -> list[Human]:
        return [one for one in self.humans.values() if self.manager(one.id, at) == person and one.id != person]

    def role(self, role: str) -> set[str]:
        return {one.id for one in self.humans.values() if one.role == role}

    def moves(self, first: date) -> Iterator[tuple[date, Human, Human]]:
        """On a day of the year: somebody, and their new manager."""
        for number, day, boss in ((24, 50, 30), (35, 120, 40), (146, 130, 150), (58, 220, 60)):
            yield first + day * DAY, self.humans[f"p{number}"], self.humans[f"p{boss}"]

    def moved(self, one: Human, boss: Human, at: datetime) -> None:
        self.managers.setdefault(one.id, []).append((at, boss.id))


def built(number: int, first: date, days: int, chance: random.Random) -> Town:
    found = company(number, first, days, chance)
    for one in found:
        one.calendar = CALENDARS[(one.number // TEAM + one.number) % len(CALENDARS)]
        top = TEAM * TEAM
        if one.number % top == 0 and one.number:
            one.manager = "p0"
        if one.number in (1, top + 1):
            one.role = "hr"
        elif one.role == "hr":
            one.role = ""
        if one.number == 2:
            one.role = "admin"
        assert one.workspace == WORKSPACES[one.number // top % 2]
    return Town({one.id: one for one in found})
