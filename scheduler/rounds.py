"""The rounds of the rhythms: everybody who is planned alike is planned at once."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from bot.core import watch
from bot.core.calendar import Calendar, Every, Rhythm
from bot.core.settings import Settings
from scheduler import rhythms
from scheduler.circles import Circle, Circles, by_company, span
from scheduler.hours import back_on, hour, local, today_or
from storage import rounds
from storage.engine import Store
from storage.rounds import Kin, Slot, Whom

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
BATCH = 1000  # of those who were away, planned in one transaction
SOON, SELDOM = timedelta(minutes=5), timedelta(hours=12)  # when a group is planned again: while timely, and when stale

Who = Literal["here", "back"]  # those who were not away at all, and those who were
Slots = Mapping[Kin, rhythms.Slot]
Look = Callable[[Rhythm, Calendar, datetime, date | None], rhythms.Slot | None]


@dataclass
class Lately:
    """What this process has planned a moment ago. Only saves work: the rows themselves keep everything from happening
    twice, and who comes later into a group is found when it is planned again."""

    until: dict[tuple[Who, str, Kin, str], datetime] = field(default_factory=dict)
    at: datetime | None = None

    def new(self, who: Who, rhythm: str, slots: Slots, now: datetime) -> list[dict[Kin, rhythms.Slot]]:
        """Those to be planned now. A period by itself: who can have missed a month began at another time than who can
        have missed a quarter."""
        if self.at and now < self.at:  # the clock was set back
            self.until.clear()
        self.at = now
        self.until = {key: moment for key, moment in self.until.items() if moment > now}
        by_period = dict[str, dict[Kin, rhythms.Slot]]()
        for kin, slot in slots.items():
            if self._key(who, rhythm, kin, slot) not in self.until:
                by_period.setdefault(slot.period, {})[kin] = slot
        return list(by_period.values())

    def planned(self, who: Who, rhythm: str, slots: Slots, again: Mapping[Kin, datetime]) -> None:
        self.until |= {self._key(who, rhythm, kin, slot): again[kin] for kin, slot in slots.items()}

    def _key(self, who: Who, rhythm: str, kin: Kin, slot: rhythms.Slot) -> tuple[Who, str, Kin, str]:
        return who, rhythm, kin, f"{slot.period} {slot.stale}"


async def plan(
    store: Store, circles: Circles, now: datetime, lately: Lately, going: Callable[[], bool] = lambda: True
) -> None:
    """As long as it is `going`: what is left is planned the next time."""
    for settings, some in by_company(circles):
        if settings.people.not_yet:
            continue
        for rhythm in (name for name, each in settings.rhythms.items() if each.whom != "nobody"):
            for look in (rhythms.slot, rhythms.closed):
                seen = {kin: slot for kin, circle in some.items() if (slot := _slot(look, rhythm, circle, now))}
                for slots in lately.new("here", rhythm, seen, now):
                    whom = _whom(settings, rhythm, look, some, slots, now)
                    if not await _here(store, whom, some, slots, now, going):
                        return
                    again = {kin: now + (SELDOM if slot.stale else SOON) for kin, slot in slots.items()}
                    lately.planned("here", rhythm, slots, again)
                for slots in lately.new("back", rhythm, seen, now):
                    whom = _whom(settings, rhythm, look, some, slots, now)
                    await _back(store, look, whom, some, slots, now)
                    # Who is back from leave is due at the rhythm's own hour, not some time after.
                    hours = {kin: hour(some[kin].calendar, some[kin].course(rhythm).rhythm.at, now) for kin in slots}
                    again = {kin: min(now + (SELDOM if slots[kin].stale else SOON), hours[kin]) for kin in slots}
                    lately.planned("back", rhythm, slots, again)


async def _here(
    store: Store, whom: Whom, circles: Circles, slots: Slots, now: datetime, going: Callable[[], bool]
) -> bool:
    """All circles of a company, a part after the other: nobody waits for it to write longer than a part takes, and
    where nobody is left to plan nothing is written. Returns whether it came to its end."""
    owed, new = {kin: _as_row(whom.rhythm, circles[kin], slot, now) for kin, slot in slots.items()}, 0
    async with store.reading() as session:
        late = await rounds.late(session, whom, owed)
        parts = await rounds.parts(session, whom, owed) if len(late) > rounds.FEW else []
    for part in parts:
        if not going():
            return False
        async with store.transaction() as session:
            new += await rounds.plan_part(session, part)
    if late and not parts:
        new = await _each(store, whom, late)
    _count(whom, slots, new)
    return True


def _whom(
    settings: Settings,
    rhythm: str,
    look: Look,
    circles: Circles,
    slots: Mapping[Kin, rhythms.Slot],
    now: datetime,
) -> Whom:
    since = min(local(circles[kin].calendar, slot.at).date() for kin, slot in slots.items())
    until = now.astimezone(UTC).date() + DAY  # where the day begins first it is already tomorrow
    if look is rhythms.closed:
        # Who was not nudged in any period before this one was not there yet, as far as we know.
        after = min(slot.at for slot in slots.values())
        return replace(whom_of(settings, rhythm, circles, since, until, settled=since), after=after)
    return whom_of(settings, rhythm, circles, since, until, settled=until - DAY)


async def _back(store: Store, look: Look, whom: Whom, circles: Circles, slots: Slots, now: datetime) -> None:
    """Those who were away, each by the day they are back: thousands of people have few such days."""
    owed = {kin: _as_row(whom.rhythm, circles[kin], slot, now) for kin, slot in slots.items()}
    async with store.reading() as session:
        absent = await rounds.absent(session, whom, owed)
    known, back = dict[tuple[Kin, date | None], Slot | None](), dict[str, Slot]()
    for person, of in returned(absent, circles).items():
        if of not in known:
            kin, resumed = of
            slot = _slot(look, whom.rhythm, circles[kin], now, resumed) if kin in owed else None
            known[of] = _as_row(whom.rhythm, circles[kin], slot, now) if slot else None
        if found := known[of]:
            back[person] = found
    _count(whom, slots, await _each(store, whom, list(back.items())))


async def _each(store: Store, whom: Whom, slots: Sequence[tuple[str, Slot]]) -> int:
    new = 0
    for some in (slots[n : n + BATCH] for n in range(0, len(slots), BATCH)):
        async with store.transaction() as session:
            new += await rounds.plan_each(session, whom.rhythm, some)
    return new


def _count(whom: Whom, slots: Slots, new: int) -> None:
    watch.count("nudges", "missed" if all(slot.stale for slot in slots.values()) else "planned", new)
    if new:
        log.info("%s: %d nudges planned", whom.rhythm, new)


def _slot(look: Look, rhythm: str, circle: Circle, now: datetime, resumed: date | None = None) -> rhythms.Slot | None:
    course = circle.course(rhythm)
    found = look(course.rhythm, circle.calendar, now, resumed)
    return found if found and course.covers(found.period) else None


def whom_of(settings: Settings, rhythm: str, circles: Circles, since: date, until: date, settled: date) -> Whom:
    """Who of these circles, all of one company, can be owed a nudge: those whose first days were over on the day
    `settled`."""
    first_days, company = settled - settings.people.first_days * DAY, next(iter(circles)).company
    leading = settings.rhythms[rhythm].whom == "managers"
    return Whom(rhythm, first_days, since, until, pilot=settings.people.pilot, company=company, leading=leading)


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
