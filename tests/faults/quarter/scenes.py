"""What happens once in the year: who begins an improvement plan, meets one-to-one, gets another manager, leaves."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any

from sqlalchemy import select

from bench.year.calendars import next_there
from bench.year.company import WORKSPACES, Human
from bench.year.lives import Deed
from bot.core.cards import Button
from bot.core.events import Met
from bot.core.people import Place
from storage.engine import Store
from storage.schema import metadata
from tests.faults.quarter.deeds import Deeds

# Of improvement plans: on which day of the year, by whom, with whom. Two of these people get another manager on the
# way, and one leaves.
PLANS = ((20, 20, 24), (60, 0, 50), (100, 30, 35), (110, 140, 146), (170, 50, 53), (230, 210, 212))
CHANGES = {
    13: "improvement.promise",
    20: "improvement.change",
    27: "improvement.change",
}  # so many days later
TEAMS = ((30, 60), (90, 100), (200, 270))  # of plans for a way of working: on which day, led by whom
QUARTERLY = (3, "checkin|quarter|first tuesday|09:30")  # what two teams of three choose for their check-in
NEW_MANAGER = {140: (44, 50), 180: (45, 60)}  # who asks whom; of somebody with an odd number nobody wants to be
# HR opens a round of reviews for everybody, and looks how it went, which closes it; the next one closes itself.
CYCLE = {155: "cycle.form", 159: "cycle.show", 255: "cycle.form"}
AWAY = "America/New_York"  # where two hours before and after a one-to-one is no hour at which the clock is looked at
# What a few do once: what the company and a team want to reach, and how an admin sets Kadens up.
BUTTONS: Mapping[int, tuple[tuple[str, str, str, Mapping[str, str]], ...]] = {
    10: (("p1", "goals.form", "", {"for": "company", "visibility": "everyone"}),),
    12: (("p40", "goals.form", "", {"for": "team", "visibility": "team"}),),
    50: (("p2", "admin.channel", f"{WORKSPACES[0]}|C0", {}),),
    51: (("p2", "admin.kudos", "", {"values": "care, craft"}),),
    52: (("p2", "admin.back", "", {}),),
    54: (("p41", "home.show", "", {}),),
    60: (("p9", "rhythm.back", "", {}),),
}
ERASED = (300, 88)


@dataclass
class Scenes:
    deeds: Deeds

    def plan(self, day: date) -> None:
        since = (day - self.deeds.first).days
        for one, deed in self._on(since, day):
            if one.here(day):
                self.deeds.at(one, next_there(one.calendar, day, one.away), deed)

    def _on(self, since: int, day: date) -> Iterator[tuple[Human, Deed]]:
        humans = self.deeds.town.humans
        for begins, boss, report in PLANS:
            if since == begins:
                yield humans[f"p{boss}"], self._pressing("improvement.form", f"p{report}", whom=f"p{report}")
        for begins, boss in TEAMS:
            if since == begins:
                yield humans[f"p{boss}"], self._pressing("teamplan.form")
        for one in (each for each in humans.values() if each.role == "manager"):
            if since == QUARTERLY[0] and one.number % 30:
                yield one, self._pressing("cadence.save", QUARTERLY[1])
            if since == 7 and (one.number % 30 == 0 or one.number == 40) and (whom := self._near(one, day)):
                yield one, self._meeting(whom)
        if since in CYCLE:
            yield humans["p1"], self._pressing(CYCLE[since])
        if since in NEW_MANAGER:
            asks, boss = NEW_MANAGER[since]
            yield humans[f"p{asks}"], self._asking(humans[f"p{boss}"])
        for who, action, value, over in BUTTONS.get(since, ()):
            yield humans[who], self._pressing(action, value, **over)
        if since == ERASED[0]:
            yield humans[f"p{ERASED[1]}"], self._going
        if since == 1:
            for kind in ("direct", "public", "private"):
                yield humans["p9"], self._meets(kind)

    def _near(self, one: Human, day: date) -> Human | None:
        """One of theirs whose clock is the same, and the one by which this year is looked at."""
        reports = self.deeds.town.reports(one.id, datetime.combine(day, time(), UTC))
        return next((o for o in reports if o.here(day) and o.calendar.zone == one.calendar.zone != AWAY), None)

    def _pressing(self, action: str, value: str = "", **over: Any) -> Deed:
        async def press(one: Human, at: datetime) -> None:
            await self.deeds.folk.press_on(one, at, Button("", action, value), None, **over)

        return press

    def _meeting(self, whom: Human) -> Deed:
        async def meet(one: Human, at: datetime) -> None:
            await self.deeds.folk.do(one, at, "oneonone rhythm", "", whom)

        return meet

    def _asking(self, boss: Human) -> Deed:
        async def asks(one: Human, at: datetime) -> None:
            if one.number % 2:
                await self.deeds.folk.press_on(one, at, Button("", "people.manager"), None, whom=[boss])
            else:
                await self.deeds.folk.do(one, at, "kadens manager", "", boss)

        return asks

    async def _going(self, one: Human, at: datetime) -> None:
        """They leave, and want nothing of theirs kept."""
        await self.deeds.folk.do(one, at, "kadens erase")
        await self.deeds.folk.press_on(one, at, Button("", "erasure.ask"), None)
        await self.deeds.folk.press_on(one, at, Button("", "erasure.form"), None, word="erase")
        one.left = at.date()

    def _meets(self, kind: Any) -> Deed:
        async def meets(one: Human, at: datetime) -> None:
            folk = self.deeds.folk
            place = None if kind == "direct" else Place(one.workspace, folk.hall(one), kind=kind)
            await folk.take(Met(**folk._base(one, at, place), kind=kind))

        return meets

    # -- with what is there

    async def tidy(self, store: Store, day: date) -> None:
        """Who leads an improvement plan promises more, and changes it; some look at how it was before; near the end
        everybody looks at what still waits for them, and does it."""
        since = (day - self.deeds.first).days
        for begins, boss, report in PLANS:
            if action := CHANGES.get(since - begins):
                those = {"improvements": changing(f"p{boss}", f"p{report}", action)}
                await self._each(store, day, those)
        await self._each(store, day, AGAIN.get(since, {}))
        if (self.deeds.end - day).days in TIDY:
            await self._each(store, day, WAITING)

    async def _each(self, store: Store, day: date, those: Mapping[str, Callable[[Any], "Steps"]]) -> None:
        async with store.reading() as session:
            for name, steps in those.items():
                table = metadata().tables[name]
                for row in await session.all(select(table).order_by(*table.primary_key)):
                    for who, action, value in steps(row):
                        one = self.deeds.town.humans[who]
                        if one.here(day):
                            self.deeds.at(one, next_there(one.calendar, day, one.away), self._pressing(action, value))


TIDY = range(4, 28, 4)  # days before the end
Steps = Iterator[tuple[str, str, str]]  # who presses which button, with what value


def changing(boss: str, report: str, action: str) -> Callable[[Any], Steps]:
    mine = "running", boss, report
    return lambda row: iter([(boss, action, row.id)] if (row.state, row.manager, row.person) == mine else [])


def of_summary(row: Any) -> Steps:
    if row.state in ("reflecting", "preparing"):
        yield row.manager, "preparing.ready", row.person
    elif row.state == "conversation" and not row.version:
        yield row.manager, "summary.form", f"{row.id}|0"
    elif row.state == "conversation":
        yield (row.manager if row.person_at else row.person), "summary.agree", f"{row.id}|{row.version}"


def of_talk(row: Any) -> Steps:
    if row.state in ("open", "paused") and row.dialogue not in ("checkin", "kudos"):
        yield row.person, "talk.form", row.id


def of_mentoring(row: Any) -> Steps:
    if row.state in ("asked", "accepted"):
        yield row.mentor, "mentors.accept" if row.state == "asked" else "mentors.end", row.id


def of_pair(row: Any) -> Steps:
    if row.state == "proposed":
        yield row.other, "meetings.agree", row.id


def of_plan(row: Any) -> Steps:
    if row.state in ("proposed", "changing", "concluding"):
        yield (row.person if row.waiting == "person" else row.manager), "improvement.read", row.id
    elif row.state == "running":
        yield row.manager, "improvement.conclude", row.id


def of_team(row: Any) -> Steps:
    if row.state == "running":
        yield row.lead, "teamplan.measure", row.id


def owed(row: Any) -> Steps:
    if row.state == "open":
        yield row.promiser, "improvement.given", row.id


def still(action: str) -> Callable[[Any], Steps]:
    return lambda row: iter([(row.person, action, row.id)] if row.state == "open" else [])


def offered(row: Any, say: str = "accept") -> Steps:
    if row.state == "offered":
        yield row.person, f"goals.{say}", row.id


def replaced(row: Any) -> Steps:
    if row.replaced_at:
        yield row.person, "expectations.earlier", row.person


def stopping(row: Any) -> Steps:
    if row.state == "running" and row.lead == f"p{TEAMS[1][1]}":
        yield row.lead, "teamplan.stop", row.id


# Days on which somebody looks again at what there is.
AGAIN: Mapping[int, Mapping[str, Callable[[Any], Steps]]] = {
    120: {"team_plans": stopping, "goals": partial(offered, say="decline")},
    240: {"expectations": replaced},
}
WAITING: Mapping[str, Callable[[Any], Steps]] = {
    "goals": offered,
    "summaries": of_summary,
    "dialogues": of_talk,
    "mentorings": of_mentoring,
    "oneonones": of_pair,
    "improvements": of_plan,
    "improvement_promises": owed,
    "team_plans": of_team,
    "learning": still("learning.done"),
    "promises": still("oneonone.done"),
}
