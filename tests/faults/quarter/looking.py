"""A few who try whatever there is: every command and every entry of a menu, and whatever buttons that brings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from bench.year.calendars import works
from bench.year.company import Human
from bench.year.lives import Deed
from bot.core.events import Command, Shortcut
from bot.core.features import Routes
from tests.faults.quarter.deeds import CALM, Deeds

EXPLORERS = (2, 1, 40, 41, 141)  # an admin, HR, a manager, and one on each platform
# What they have to say with a command, where it says nothing without.
SAID = {"kadens skip": "review", "kadens snooze": "review 2", "kadens pause": "review", "kadens resume": "review"}
NOT_TRIED = ("kadens erase", "kadens away", "kadens manager")  # see scenes.py and deeds.py


@dataclass
class Looking:
    deeds: Deeds
    routes: Routes

    def plan(self, day: date) -> None:
        ways, since = list(self._ways()), (day - self.deeds.first).days
        if day >= self.deeds.end - CALM or since % 3:
            return
        for number, explorer in enumerate(EXPLORERS):
            one = self.deeds.town.humans[f"p{explorer}"]
            if works(one.calendar, day) and one.here(day):
                self.deeds.at(one, day, ways[(since // 3 + number * len(ways) // len(EXPLORERS)) % len(ways)])

    def _ways(self) -> Iterator[Deed]:
        for kind, name in self.routes.table:
            if kind is Command and name not in NOT_TRIED:
                yield self._tries(name)
            elif kind is Shortcut:
                yield self._chooses(name)

    def _tries(self, name: str) -> Deed:
        async def tries(one: Human, at: datetime) -> None:
            await self.deeds.folk.do(one, at, name, SAID.get(name, ""), look=True)

        return tries

    def _chooses(self, name: str) -> Deed:
        async def chooses(one: Human, at: datetime) -> None:
            mates = [mate for mate in self.deeds.mates(one, at) if mate.workspace == one.workspace]
            await self.deeds.folk.choose(one, at, name, self.deeds.chance.choice(mates) if mates else None)

        return chooses
