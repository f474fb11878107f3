"""The rounds of the rhythms: everybody who is planned alike is planned at once."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from bot.core.calendar import Calendar, Every, Rhythm
from bot.core.settings import Settings
from scheduler import rhythms
from scheduler.circles import Circle, Circles, by_company, span
from scheduler.hours import back_on, local, today_or
from storage import rounds
from storage.engine import Store
from storage.rounds import Kin, Slot, Whom

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
SOON, SELDOM = timedelta(minutes=5), timedelta(hours=1)  # when a group is planned again: while timely, and when stale

Look = Callable[[Rhythm, Calendar, datetime, date | None], rhythms.Slot | None]


@dataclass
class Lately:
    """What this process has planned a moment ago. Only saves work: the rows themselves keep everything from happening
    twice, and who comes later into a group is found when it is planned again."""

    until: dict[tuple[str, Kin, str], datetime] = field(default_factory=dict)
    at: datetime | None = None

    def new(self, rhythm: str, slots: Mapping[Kin, rhythms.Slot], now: datetime) -> dict[Kin, rhythms.Slot]:
        """Those to be planned now."""
        if self.at and now < self.at:  # the clock was set back
            self.until.clear()
        self.at = now
        self.until = {key: moment for key, moment in self.until.items() if moment > now}
        return {kin: slot for kin, slot in slots.items() if self._key(rhythm, kin, slot) not in self.until}

    def planned(self, rhythm: str, slots: Mapping[Kin, rhythms.Slot], now: datetime) -> None:
        for kin, slot in slots.items():
            self.until[self._key(rhythm, kin, slot)] = now + (SELDOM if slot.stale else SOON)

    def _key(self, rhythm: str, kin: Kin, slot: rhythms.Slot) -> tuple[str, Kin, str]:
        return rhythm, kin, f"{slot.period} {slot.stale}"


async def plan(store: Store, circles: Circles, now: datetime, lately: Lately) -> None:
    for settings, some in by_company(circles):
        for rhythm in settings.rhythms:
            for look in (rhythms.slot, rhythms.closed):
                await _plan(store, settings, rhythm, look, some, now, lately)


async def _plan(
    store: Store, settings: Settings, rhythm: str, look: Look, circles: Circles, now: datetime, lately: Lately
) -> None:
    """One statement for all circles of a company, and a closer look at those who were away."""
    seen = {kin: slot for kin, circle in circles.items() if (slot := _slot(look, rhythm, circle, now))}
    if not (slots := lately.new(rhythm, seen, now)):
        return
    since = min(local(circles[kin].calendar, slot.at).date() for kin, slot in slots.items())
    until = now.astimezone(UTC).date() + DAY  # where the day begins first it is already tomorrow
    if look is rhythms.closed:
        # Who was not nudged in any period before this one was not there yet, as far as we know.
        after = min(slot.at for slot in slots.values())
        whom = replace(whom_of(settings, rhythm, circles, since, until, settled=since), after=after)
    else:
        whom = whom_of(settings, rhythm, circles, since, until, settled=until - DAY)
    owed = {kin: _as_row(rhythm, circles[kin], slot, now) for kin, slot in slots.items()}
    async with store.transaction() as session:
        new = await rounds.plan(session, whom, owed)
        back = dict[str, Slot]()
        for person, (kin, resumed) in returned(await rounds.absent(session, whom), circles).items():
            if kin in slots and (slot := _slot(look, rhythm, circles[kin], now, resumed)):
                back[person] = _as_row(rhythm, circles[kin], slot, now)
        await rounds.plan_each(session, rhythm, back)
    lately.planned(rhythm, slots, now)
    if new:
        log.info("%s: %d nudges planned", rhythm, new)


def _slot(look: Look, rhythm: str, circle: Circle, now: datetime, resumed: date | None = None) -> rhythms.Slot | None:
    course = circle.course(rhythm)
    found = look(course.rhythm, circle.calendar, now, resumed)
    return found if found and course.covers(found.period) else None


def whom_of(settings: Settings, rhythm: str, circles: Circles, since: date, until: date, settled: date) -> Whom:
    """Who of these circles, all of one company, can be owed a nudge: those whose first days were over on the day
    `settled`."""
    first_days, company = settled - settings.people.first_days * DAY, next(iter(circles)).company
    return Whom(rhythm, first_days, since, until, pilot=settings.people.pilot, company=company)


def row(every: Every, circle: Circle, period: str, at: datetime, state: Literal["owed", "missed"] = "owed") -> Slot:
    return Slot(period, at, state, *span(circle.calendar.zone, every, period))


def _as_row(rhythm: str, circle: Circle, slot: rhythms.Slot, now: datetime) -> Slot:
    every = circle.course(rhythm).rhythm.every
    if slot.stale:
        return row(every, circle, slot.period, slot.at, "missed")
    return row(every, circle, slot.period, today_or(circle.calendar, slot.at, now))


def returned(absences: list[tuple[str, Kin, date, date]], circles: Circles) -> dict[str, tuple[Kin, date | None]]:
    """By person: their kin and the first day back; None for who has not gone yet."""
    leaves = dict[tuple[str, Kin], list[tuple[date, date]]]()
    for person, kin, first, last in absences:
        leaves.setdefault((person, kin), []).append((first, last))
    known = {(person, kin): days for (person, kin), days in leaves.items() if kin in circles}
    return {person: (kin, back_on(days, circles[kin].today)) for (person, kin), days in known.items()}
