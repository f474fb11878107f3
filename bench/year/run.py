"""The year itself: the clock jumps, people live, Kadens speaks."""

import heapq
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as hour
from pathlib import Path

from sqlalchemy import event

from bench.year.calendars import CALENDARS, DAY, awake, day_of, moment, works
from bench.year.company import WORKSPACES, Human, company, gone, hired, told_on
from bench.year.ledger import Forgetful, Ledger
from bench.year.lives import Deed, Lives
from bot.core.effects import Answer
from bot.core.events import Arrived
from bot.core.features import Routes
from bot.core.sending import Can, Outgoing
from bot.core.settings import Messages, Settings
from bot.turn import Turns
from handlers import FEATURES
from scheduler.delivery import Delivery
from scheduler.homes import renew
from scheduler.nudges import plan, play
from scheduler.retention import Retention
from scheduler.rounds import Lately
from storage import schema
from storage.engine import Store

FIRST = date(2026, 1, 1)
CANS = {
    "slack": Can(threads_in_direct=True, whispers=True, looks_back=True),
    "teams": Can(threads_in_direct=False, whispers=False, looks_back=False, home=False),
}
# What managers choose for their teams: after which part of the time, and what.
CHOICES = (
    (0.16, "checkin|week|monday|09:30"),
    (0.16, "checkin|month|day 10|09:30"),
    (0.35, "checkin|quarter|first tuesday|09:30"),
)
BACK = (0.65, "checkin|||")
RATES = {"kudos": 4.0, "feedback": 1.0, "ask": 0.5, "grow": 1.5, "goal": 1.5, "update": 5.0, "home": 3.0}  # a year


def threaded(one: Human) -> bool:
    """Whether their platform has threads in a direct conversation."""
    return one.workspace == WORKSPACES[0]


@dataclass
class Sample:
    month: str
    rss: float  # MB
    database: float  # MB, with its log
    turns: int
    messages: int
    seconds: float


@dataclass
class Year:
    folder: Path
    number: int
    days: int = 365
    seed: int = 1
    first: date = FIRST
    humans: dict[str, Human] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # what arrived when it must not
    changed: dict[str, list[tuple[date, str]]] = field(default_factory=dict)  # by manager: what was chosen when
    spent: Counter[str] = field(default_factory=Counter)  # seconds of a processor
    turns_taken: int = 0
    failures: int = 0

    async def run(self) -> None:
        self.chance = random.Random(self.seed)
        await schema.upgrade(f"sqlite+aiosqlite:///{self.folder / 'kadens.db'}")
        # Without a bound of messages a week every rhythm shows at its own moment; with it see tests/faults/quarter.
        unbound = Settings(messages=Messages(week=0))
        self.store = Store(f"sqlite+aiosqlite:///{self.folder / 'kadens.db'}", unbound)
        # Nobody pulls the plug here, and the disk is not what a year is to show.
        event.listen(self.store.engine.sync_engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        await self._live()

    async def _live(self) -> None:
        await self._move_in()
        self.began, day = time.perf_counter(), self.first
        while day < self.first + self.days * DAY:
            await self._day(day)
            day += DAY
            if day.weekday() == 0:
                self.ledger.week_over(Counter(one.role for one in self.humans.values() if one.here(day - DAY)))
            if day.day == 1 or day == self.first + self.days * DAY:
                self._sample(f"{day - DAY:%Y-%m}")

    async def _move_in(self) -> None:
        """The company as it is on the first day, with all that Kadens needs to run."""
        self.now = datetime.combine(self.first, hour(), UTC)
        self.end = self.now + self.days * DAY
        self.turns = self._turns()
        self.ledger = Ledger(self.folder / "ledger.db")
        self.lives = self._lives()
        platforms = {name: Forgetful(can, self._read) for name, can in CANS.items()}
        self.delivery = Delivery(self.store, platforms, lambda: self.now)
        self.lately, self.retention = Lately(), Retention(self.store)
        self._deeds, self._order = list[tuple[datetime, int, Human, Deed]](), 0
        self.humans = {one.id: one for one in self._company()}
        self._accounts = {one.account: one for one in self.humans.values()}
        await hired(self.store, [one for one in self.humans.values() if not one.started])

    # what a year of another kind has otherwise

    def _company(self) -> list[Human]:
        return company(self.number, self.first, self.days, self.chance)

    def _turns(self) -> Turns:
        return Turns(Routes(*FEATURES), self.store, CANS)

    def _lives(self) -> Lives:
        return Lives(self._take, self._later, self.ledger, self.chance, threaded)

    async def _day(self, day: date) -> None:
        """A day of Greenwich: what people will do on it, then moment after moment."""
        self._plan_lives(day)
        here = [one for one in self.humans.values() if one.started == day]
        await hired(self.store, here)
        for one in self.humans.values():
            if one.left == day:
                await gone(self.store, one)
        with self._counted("retention"):
            await self.retention.some(datetime.combine(day, hour(2), UTC))
        for at in self._moments(day):
            await self._until(at)
            with self._counted("planning"):
                await plan(self.store, at, self.lately)
            with self._counted("nudges said"):
                await play(self.turns, self.store, at)
            with self._counted("homes"):
                await renew(self.turns, self.store, at)
            await self._deliver()
        await self._until(datetime.combine(day + DAY, hour(), UTC))

    def _moments(self, day: date) -> list[datetime]:
        """All at which a clock that runs all day finds something new: every rhythm's hour, wherever somebody works."""
        found = set[datetime]()
        for calendar in CALENDARS:
            for each in (day - DAY, day, day + DAY):
                if works(calendar, each):
                    found.add(moment(calendar, each))
        return sorted(at for at in found if at.date() == day)

    # -- people

    def _plan_lives(self, day: date) -> None:
        lives, some = self.lives, list(self.humans.values())
        for one in some:
            if works(one.calendar, day) and one.here(day):
                for what, rate in RATES.items():
                    if self.chance.random() < rate / 230:
                        at = moment(one.calendar, day) + timedelta(minutes=self.chance.uniform(-20, 300))
                        self._later(at, one, self._deed(what, one))
            for leave in one.away:
                tomorrow = day + DAY  # where the sun rises first it begins today
                if told_on(one, leave, self.first) == tomorrow <= leave[1]:
                    text = " ".join(each.isoformat() for each in leave)
                    at = moment(one.calendar, tomorrow, one.calendar.start) - timedelta(minutes=30)
                    self._later(at, one, lambda o, now, text=text: lives.command(o, now, "kadens away", text), True)  # type: ignore[misc]
        for number, one in enumerate(each for each in some if each.number % 10 == 0 and each.number % 100):
            if number % 3 == 0:
                kind = CHOICES[number // 3 % len(CHOICES)]
                for when, value in (kind, BACK):
                    if day == self.first + int(when * self.days) * DAY:
                        self._chosen(one, day, value)

    def _chosen(self, one: Human, day: date, value: str) -> None:
        async def choose(o: Human, at: datetime) -> None:
            await self.lives.press(o, at, "cadence.save", value)
            self.changed.setdefault(o.id, []).append((at.date(), value))

        self._later(datetime.combine(day, hour(12), UTC), one, choose, True)

    def _deed(self, what: str, one: Human) -> Deed:
        lives = self.lives
        mates = self._mates(one)

        async def do(o: Human, at: datetime) -> None:
            match what:
                case "kudos" if mates:
                    await lives.thank(o, at, self.chance.choice(mates))
                case "feedback" if mates:
                    await lives.give_feedback(o, at, self.chance.choice(mates))
                case "ask" if len(mates) > 2:
                    await lives.ask_feedback(o, at, tuple(self.chance.sample(mates, 2)))
                case "grow":
                    await lives.command(o, at, "grow", "a calmer week")
                case "goal":
                    await lives.set_goal(o, at)
                case "update" if o.goals:
                    await lives.update_goal(o, at, self.chance.choice(o.goals))
                case "home":
                    await lives.opened(o, at)

        return do

    def _mates(self, one: Human) -> list[Human]:
        team = one.number // 10 * 10
        ids = (f"p{n}" for n in range(team, team + 10) if n != one.number)
        today = self.now.date()
        return [mate for id in ids if (mate := self.humans.get(id)) and mate.here(today)]

    def _later(self, at: datetime, one: Human, deed: Deed, whatever: bool = False) -> None:
        """`whatever`: done also on a day off."""
        self._order += 1

        async def if_there(o: Human, now: datetime) -> None:
            today = day_of(o.calendar, now)
            if o.here(today) and o.here(now.date()) and (whatever or not any(a <= today <= b for a, b in o.away)):
                await deed(o, now)

        heapq.heappush(self._deeds, (at, self._order, one, if_there))

    async def _until(self, at: datetime) -> None:
        """What people do by then, one after the other, and what they do about what that has us say. None of it is left
        over for the moment itself: a word and the question it answers never come at the same one."""
        while self._deeds and self._deeds[0][0] <= at:
            while self._deeds and self._deeds[0][0] <= at:
                when, _, one, deed = heapq.heappop(self._deeds)
                self.now = max(self.now, when)
                with self._counted("what people did"):
                    await deed(one, self.now)
            await self._deliver()
        self.now = at
        await self._deliver()

    async def _deliver(self) -> None:
        with self._counted("delivery"):
            await self.delivery.run()

    @contextmanager
    def _counted(self, what: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent[what] += time.process_time() - began

    # -- what goes in and what comes out

    async def _take(self, arrived: Arrived) -> Answer | None:
        self.turns_taken += 1
        return await self.turns.take(arrived)

    def _read(self, message: Outgoing, id: str) -> None:
        self.ledger.arrived(message.key)
        one = self._accounts.get(message.place.conversation)
        if one is None:
            return
        if message.verb in ("post", "file"):
            self.ledger.reached(one.id, one.role)
        source, *rest = message.key.split("/")
        if source == "due":
            who = self.humans[rest[0]]
            if len(rest) > 4 and self.ledger.told(rest[0], rest[1], rest[2], int(rest[3]), self.now):
                self.turns_taken += 1
                self._nudged(who, message.key)
        self.lives.read(one, message, id, self.now)

    def _nudged(self, one: Human, key: str) -> None:
        today = day_of(one.calendar, self.now)
        if not awake(one.calendar, self.now):
            self.wrong.append(f"{key} at {self.now}: outside their hours")
        if any(first <= today <= last for first, last in one.away):
            self.wrong.append(f"{key} at {self.now}: while away")
        if not one.here(self.now.date()):
            self.wrong.append(f"{key} at {self.now}: not there")

    def _sample(self, month: str) -> None:
        status = Path("/proc/self/status").read_text()
        rss = int(status.partition("VmRSS:")[2].split()[0]) / 1024
        size = sum(file.stat().st_size for file in self.folder.glob("kadens.db*")) / 1e6
        took = time.perf_counter() - self.began
        self.samples.append(Sample(month, rss, size, self.turns_taken, self.ledger.messages, took))
