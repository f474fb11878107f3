"""What people do of their own accord, so often a year, and how they tell that they will be away."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bench.year.calendars import DAY, moment, works
from bench.year.company import Human, told_on
from bench.year.lives import Deed
from bot.core.cards import Button
from bot.core.people import Place
from tests.faults.quarter.folk import Folk
from tests.faults.quarter.town import Town

# Times a year, a person; of what only a manager does, a manager.
RATES = {"thank": 2.0, "react": 1.0, "feedback": 1.0, "ask": 0.4, "grow": 0.8, "goal": 0.7, "update": 2.0, "home": 0.5,
         "wish": 0.3, "offer": 0.06, "seek": 0.15, "skills": 0.15, "learn": 0.3}  # fmt: skip
LEADING = {"expect": 2.0, "set_goal": 1.0, "invite": 0.5, "about_report": 0.5}
WORKDAYS = 230
CALM = timedelta(days=45)  # before the end nothing is begun any more, so that all can come to its own
Later = Callable[..., None]


@dataclass
class Deeds:
    folk: Folk
    town: Town
    first: date
    end: date
    chance: random.Random
    later: Later

    def plan(self, day: date) -> None:
        """What happens on this day."""
        calm = day >= self.end - CALM
        for one in self.town.humans.values():
            if works(one.calendar, day) and one.here(day) and not calm:
                for what, rate in (RATES | LEADING if one.role == "manager" else RATES).items():
                    if self.chance.random() < rate / WORKDAYS:
                        self.at(one, day, getattr(self, what))
            for leave in one.away:
                if told_on(one, leave, self.first - DAY) == day:
                    at = moment(one.calendar, day, one.calendar.start) - timedelta(minutes=30)
                    self.later(at, one, self._leaves(leave), True)

    def at(self, one: Human, day: date, deed: Deed) -> None:
        """At some time of that day at which they work, or nearly."""
        self.later(moment(one.calendar, day) + timedelta(minutes=self.chance.uniform(-20, 300)), one, deed)

    def _leaves(self, leave: tuple[date, date]) -> Deed:
        """By the command, or by the form."""
        first, last = (each.isoformat() for each in leave)

        async def leaves(one: Human, at: datetime) -> None:
            if leave[1] < at.date():
                return  # they were ill over a weekend
            if one.number % 2:
                await self.folk.do(one, at, "kadens away", f"{first} {last}")
            else:
                await self.folk.press_on(one, at, Button("", "rhythm.away"), None, first=first, last=last)

        return leaves

    def mates(self, one: Human, at: datetime) -> list[Human]:
        mates = (self.town.humans[id] for id in sorted(self.town.mates(one.id, at)))
        return [mate for mate in mates if mate.id != one.id and mate.here(at.date())]

    def report(self, one: Human, at: datetime) -> Human | None:
        here = [each for each in self.town.reports(one.id, at) if each.here(at.date())]
        return self.chance.choice(here) if here else None

    # -- each of them

    async def thank(self, one: Human, at: datetime) -> None:
        if mates := self.mates(one, at):
            private = self.chance.random() < 0.2
            hall = Place(one.workspace, self.folk.hall(one), kind="public")
            room = Place(one.workspace, f"G{one.number // 10}", kind="private")
            words = self.folk.words.new(one.id, "kudos", begin="for ")
            await self.folk.do(
                one, at, "kudos", f"{words} #care", self.chance.choice(mates), place=room if private else hall
            )

    async def react(self, one: Human, at: datetime) -> None:
        if mates := [mate for mate in self.mates(one, at) if mate.workspace == one.workspace]:
            await self.folk.react(one, at, "tada", f"x{self.folk.events}", self.chance.choice(mates))

    async def feedback(self, one: Human, at: datetime) -> None:
        if mates := self.mates(one, at):
            await self.folk.do(one, at, "feedback", "", self.chance.choice(mates))

    async def ask(self, one: Human, at: datetime) -> None:
        if len(mates := self.mates(one, at)) > 1:
            question = self.folk.words.new(one.id, "feedback ask")
            await self.folk.do(one, at, "feedback ask", f"{question}?", *self.chance.sample(mates, 2))

    async def grow(self, one: Human, at: datetime) -> None:
        await self.folk.do(one, at, "grow", self.folk.words.new(one.id, "grow"))

    async def goal(self, one: Human, at: datetime) -> None:
        await self.folk.do(one, at, "goal", title=self.folk.words.new(one.id, "goal"))

    async def update(self, one: Human, at: datetime) -> None:
        if one.goals:
            await self.folk.press_on(one, at, Button("", "goals.update", self.chance.choice(one.goals)), None)

    async def home(self, one: Human, at: datetime) -> None:
        await self.folk.opened(one, at)

    async def wish(self, one: Human, at: datetime) -> None:
        await self.folk.do(one, at, "growth aspirations", self.folk.words.new(one.id, "growth aspirations"))

    async def offer(self, one: Human, at: datetime) -> None:
        await self.folk.press_on(one, at, Button("", "mentors.offer"), None)

    async def seek(self, one: Human, at: datetime) -> None:
        await self.folk.do(one, at, "growth mentors")

    async def skills(self, one: Human, at: datetime) -> None:
        await self.folk.do(one, at, "growth skills")

    async def learn(self, one: Human, at: datetime) -> None:
        await self.folk.do(one, at, "growth learn")

    # -- and of those who manage somebody

    async def expect(self, one: Human, at: datetime) -> None:
        if report := self.report(one, at):
            await self.folk.do(one, at, "growth expectations", self.folk.words.new(one.id, "expectations"), report)

    async def set_goal(self, one: Human, at: datetime) -> None:
        """One for somebody else: it is offered."""
        if report := self.report(one, at):
            title, why = (self.folk.words.new(one.id, "goal", name, to=report.id) for name in ("title", "why"))
            whose: dict[str, Any] = {"for": report.id, "why": why}
            await self.folk.do(one, at, "goal", title, report, **whose)

    async def invite(self, one: Human, at: datetime) -> None:
        """To a coaching talk."""
        if report := self.report(one, at):
            topic = self.folk.words.new(one.id, "grow", to=report.id)
            await self.folk.do(one, at, "grow", topic, report)

    async def about_report(self, one: Human, at: datetime) -> None:
        """Feedback on one of theirs, from others."""
        report, mates = self.report(one, at), self.mates(one, at)
        if report and (whom := [mate for mate in mates if mate.id != report.id][:2]):
            question = f"{self.folk.words.new(one.id, 'feedback.ask')}?"
            button = Button("", "feedback.ask")
            await self.folk.press_on(one, at, button, None, whom=whom, question=question, about=report.id)
