"""The four quarters themselves: `bench.year`'s clock, with other people and other eyes."""

import random
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from datetime import time as hour
from typing import Any

from sqlalchemy.event import listen

from bench.year.calendars import DAY, moment, works
from bench.year.company import WORKSPACES, Human
from bench.year.lives import Deed
from bench.year.run import CANS, Year, threaded
from bot.core.effects import Answer, Effect, Tell
from bot.core.events import Arrived, Due, Event, Reaction, Routed, Submission
from bot.core.features import Route, Routes, key
from bot.core.sending import Outgoing
from bot.core.settings import Settings
from bot.turn import Turns
from handlers import FEATURES
from storage.digest import Full
from storage.engine import Store
from storage.people import Changed
from tests.faults.quarter.checks import Budget, Promises
from tests.faults.quarter.deeds import Deeds
from tests.faults.quarter.folk import Folk
from tests.faults.quarter.looking import Looking
from tests.faults.quarter.readers import CHEERED, Judge
from tests.faults.quarter.scenes import Scenes
from tests.faults.quarter.town import CALENDARS, NAME, Town, built
from tests.faults.quarter.words import Words

SETTINGS: dict[str, Any] = {
    "companies": {NAME: list(WORKSPACES)},
    "goals": {"celebrate": dict.fromkeys(WORKSPACES, CHEERED)},
    "review": {"scale": [{"en": step} for step in ("Not yet", "As agreed", "More than that")]},
    "learning": {"catalogue": [{"title": "Writing for others"}, {"title": "A week beside", "kind": "team"}]},
    "kudos": {"recognition": {WORKSPACES[0]: "C-thanks"}, "leaderboard": True, "allowance": {"default": 20}},
}
AROUND = (time(12, 30), time(16, 30))  # two hours before and after a one-to-one, where people have one


class Noted(Routes):
    """Which routes were taken."""

    taken: Counter[tuple[type[Event], str]]
    unheard: Counter[str]

    def find(self, event: Routed) -> Route | None:
        route = super().find(event)
        if route is None and not isinstance(event, Reaction):
            self.unheard[f"{type(event).__name__} {key(event)}"] += 1
        if route:
            self.taken[route.kind, route.key] += 1
        return route


@dataclass(frozen=True)
class Watched(Turns):
    """Turns that say what they were asked for, and what they decided to say."""

    asked: Callable[[Due], None] = lambda due: None
    put_off: Callable[[Any, date], None] = lambda due, until: None
    decided: Callable[[Event, str, Effect, bool], None] = lambda event, key, effect, waits: None
    raised: Callable[[Event, Exception], None] = lambda event, error: None

    async def take(self, event: Arrived) -> Answer | None:
        try:
            answer = await super().take(event)
        except Full as full:
            self.put_off(event, full.retry_at)
            raise
        except Exception as error:
            self.raised(event, error)
            raise
        if isinstance(event, Due):
            self.asked(event)
        return answer

    async def _do(self, session: Any, event: Any, number: int, effect: Effect, waits: bool = False) -> Answer | None:
        self.decided(event, f"{event.id}/{number}", effect, waits)
        return await super()._do(session, event, number, effect, waits)


@dataclass
class Quarters(Year):
    url: str = ""
    town: Town = field(init=False)
    words: Words = field(default_factory=Words)
    promises: Promises = field(default_factory=Promises)
    raised: Counter[str] = field(default_factory=Counter)
    spoke: set[str] = field(default_factory=set)  # ids of what was due and had something said

    async def run(self) -> None:
        self.chance = random.Random(self.seed)
        self.store = Store(self.url, Settings.model_validate(SETTINGS))
        if "sqlite" in self.url:  # nobody pulls the plug here
            listen(self.store.engine.sync_engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        self.budget = Budget(self.store.settings.messages.week)
        await self._live()

    async def _move_in(self) -> None:
        self.town = built(self.number, self.first, self.days, self.chance)
        self.judge = Judge(self.town, self.words)
        await super()._move_in()
        self.folk.town = self.town
        self.deeds = Deeds(self.folk, self.town, self.first, self.end.date(), self.chance, self._later)
        self.scenes, self.looking = Scenes(self.deeds), Looking(self.deeds, self.routes)

    def _company(self) -> list[Human]:
        return list(self.town.humans.values())

    def _turns(self) -> Turns:
        self.routes = Noted(*FEATURES)
        self.routes.taken, self.routes.unheard = Counter(), Counter()
        return Watched(self.routes, self.store, CANS, self._asked, self._put_off, self._decided, self._raised)

    def _lives(self) -> Folk:
        self.folk = Folk(self._take, self._later, self.ledger, self.chance, threaded, words=self.words)
        return self.folk

    async def _day(self, day: date) -> None:
        for when, one, boss in self.town.moves(self.first):
            if when == day and one.here(day) and boss.here(day):
                self.town.moved(one, boss, datetime.combine(day, hour(), UTC))
                async with self.store.transaction() as session:
                    await Changed(one.id, {"manager": boss.id}).save(session)
        await self.promises.morning(self.store, self.humans, day)
        await self.scenes.tidy(self.store, day)
        await super()._day(day)
        await self.promises.evening(self.store, self.humans, day)
        await self.judge.glance(self.store, datetime.combine(day, hour(), UTC))
        if day.day % 10 == 0 or day + DAY == self.end.date():
            await self.judge.judge(self.store)

    def _plan_lives(self, day: date) -> None:
        self.chance.seed(f"{day}")
        for each in (self.deeds, self.scenes, self.looking):
            each.plan(day)

    def _moments(self, day: date) -> list[datetime]:
        found = {moment(each, day) for each in CALENDARS if works(each, day)}
        if day.weekday() < 5:
            found |= {moment(CALENDARS[0], day, at) for at in AROUND}
        return sorted(found)

    def _later(self, at: datetime, one: Human, deed: Deed, whatever: bool = False) -> None:
        """What somebody does depends on chance, on them and on the moment, and not on what others were sent before."""

        async def does(who: Human, now: datetime) -> None:
            self.chance.seed(f"{at} {who.id}")
            await deed(who, now)

        super()._later(at, one, does, whatever)

    # -- what comes out

    async def _take(self, arrived: Arrived) -> Answer | None:
        if isinstance(arrived, Submission) and arrived.form == "erasure.form":
            await self.judge.judge(self.store)  # afterwards nothing says who may have read what they said
        try:
            return await super()._take(arrived)
        except Exception:  # noted; the year goes on, to show what else there is
            return None

    def _raised(self, event: Event, error: Exception) -> None:
        name = getattr(event, "name", getattr(event, "action", getattr(event, "form", getattr(event, "rhythm", ""))))
        frame = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(event).__name__} {name}: {type(error).__name__} {error} in {frame.filename}:{frame.lineno}"
        self.raised[what[:300]] += 1

    def _asked(self, due: Due) -> None:
        self.turns_taken += 1
        self.promises.asked(due, self.humans[due.actor.id], due.id in self.spoke)

    def _decided(self, event: Event, key: str, effect: Effect, waits: bool) -> None:
        self.budget.decided(event, key, effect, waits)
        self.judge.decided(event, effect)
        if isinstance(event, Due) and isinstance(effect, Tell):
            self.spoke.add(event.id)

    def _put_off(self, due: Due, until: date) -> None:
        if due.rhythm not in self.store.settings.rhythms:
            self.promises.put_off(due, self.humans[due.actor.id], until)

    def _read(self, message: Outgoing, id: str) -> None:
        self.ledger.arrived(message.key)
        self.chance.seed(f"{message.key} {message.place.conversation}")  # messages arrive in any order
        one = self._accounts.get(message.only_for or message.place.conversation)
        reader = one.id if one else message.place.conversation
        self.words.shown(f"{message.card} {message.file}", reader, self.now, message.key)
        if one is None:
            self.folk.seen(message, id, self.now)
            return
        if message.verb in ("post", "file"):
            self.ledger.reached(one.id, one.role)
            self.budget.arrived(one, message.key, self.now)
        if message.key.startswith(f"due/{one.id}/"):
            self._nudged(one, message.key)
        self.folk.read(one, message, id, self.now)

    def _sample(self, month: str) -> None:
        """The machine is not what is looked at here."""
