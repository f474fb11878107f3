"""Who is owed a word from us now, and saying it. Everybody of one calendar is planned at once; nobody has a job."""

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from bot.core.calendar import Calendar, Rhythm, bounds
from bot.core.calendar import after as period_after
from bot.core.calendar import period as period_of
from bot.core.events import Due
from bot.core.settings import Settings
from bot.turn import Turns
from scheduler import rhythms
from scheduler.hours import awake, back_on, local, opening
from storage import nudges
from storage.engine import Session, Store
from storage.nudges import Group, Owed, Reminder, Slot, Whom

log = logging.getLogger(__name__)

DAY, MONTHS = timedelta(days=1), timedelta(days=190)
BATCH = 100  # nudges read at once
LATE_REMINDER, LATE_FOLLOW_UP = 1, 5  # working days in which they are still timely
SOON, SELDOM = timedelta(minutes=5), timedelta(hours=1)  # when a group is planned again: while timely, and when stale
STUMBLE = timedelta(minutes=1)  # after a handler raised; four times as long after each further time

Look = Callable[[Rhythm, Calendar, datetime, date | None], rhythms.Slot | None]
Calendars = Mapping[str, Calendar]


@dataclass
class Lately:
    """What this process has planned a moment ago. Only saves work: the rows themselves keep everything from happening
    twice, and who comes later into a group is found when it is planned again."""

    until: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    at: datetime | None = None

    def new(self, rhythm: str, slots: Mapping[str, rhythms.Slot], now: datetime) -> dict[str, rhythms.Slot]:
        """Those to be planned now."""
        if self.at and now < self.at:  # the clock was set back
            self.until.clear()
        self.at = now
        self.until = {key: moment for key, moment in self.until.items() if moment > now}
        return {key: slot for key, slot in slots.items() if self._key(rhythm, key, slot) not in self.until}

    def planned(self, rhythm: str, slots: Mapping[str, rhythms.Slot], now: datetime) -> None:
        for key, slot in slots.items():
            self.until[self._key(rhythm, key, slot)] = now + (SELDOM if slot.stale else SOON)

    def _key(self, rhythm: str, calendar: str, slot: rhythms.Slot) -> tuple[str, str, str]:
        return rhythm, calendar, f"{slot.period} {slot.stale}"


async def plan(store: Store, now: datetime, lately: Lately | None = None) -> None:
    """Bring into being, as rows, every nudge, reminder and follow-up whose moment has come; what is stale is recorded
    as missed. `now` aware. Any number of replicas may do this at once."""
    lately = lately or Lately()
    async with store.reading() as session:
        calendars = _awake(session, await nudges.calendars(session))
    for rhythm in store.settings.rhythms.values():
        for look in (rhythms.slot, rhythms.closed):
            await _plan_round(store, rhythm, look, calendars, now, lately)
        for step in range(1, len(rhythm.remind) + 1):
            await _plan_reminders(store, rhythm, step, calendars, now)
    await _plan_follow_ups(store, calendars, now)


def _awake(session: Session, keys: list[str]) -> dict[str, Calendar]:
    found = {key: awake(key, session.settings.quiet) for key in keys}
    return {key: calendar for key, calendar in found.items() if calendar}


# -- nudges


async def _plan_round(
    store: Store, rhythm: Rhythm, look: Look, calendars: Calendars, now: datetime, lately: Lately
) -> None:
    """Step 0 of one rhythm: one statement for all calendars, and a closer look at those who were away."""
    seen = {key: slot for key, calendar in calendars.items() if (slot := look(rhythm, calendar, now, None))}
    if not (slots := lately.new(rhythm.name, seen, now)):
        return
    since = min(local(calendars[key], slot.at).date() for key, slot in slots.items())
    until = now.astimezone(UTC).date() + DAY  # where the day begins first it is already tomorrow
    closed = look is rhythms.closed
    # Of a period that is over: somebody who was not nudged in any before it was not there yet, as far as we know.
    after = min(slot.at for slot in slots.values()) if closed else None
    whom = Whom(rhythm.name, _settled(store, since if closed else until - DAY), since, until, after)
    owed = {key: _as_row(rhythm, calendars[key], slot, now) for key, slot in slots.items()}
    async with store.transaction() as session:
        new = await nudges.plan(session, whom, owed)
        absences = await nudges.absent(session, whom)
        back = dict[str, Slot]()
        for person, (key, resumed) in _returned(absences, calendars, now).items():
            if key in slots and (slot := look(rhythm, calendars[key], now, resumed)):
                back[person] = _as_row(rhythm, calendars[key], slot, now)
        await nudges.plan_each(session, rhythm.name, back)
    lately.planned(rhythm.name, slots, now)
    if new:
        log.info("%s: %d nudges planned", rhythm.name, new)


def _settled(store: Store | Session, day: date) -> date:
    return day - timedelta(days=store.settings.people.first_days)


def _as_row(rhythm: Rhythm, calendar: Calendar, slot: rhythms.Slot, now: datetime) -> Slot:
    if slot.stale:
        return Slot(slot.period, slot.at, "missed")
    return Slot(slot.period, _today(calendar, slot.at, now))


def _today(calendar: Calendar, at: datetime, now: datetime) -> datetime:
    """What comes late is due today: how late it may be, and its reminders, count from when the person hears of it."""
    return at if local(calendar, at).date() == local(calendar, now).date() else now


def _returned(
    absences: list[tuple[str, str, date, date]], calendars: Calendars, now: datetime
) -> dict[str, tuple[str, date | None]]:
    """By person: the calendar and the first day back; None for who has not gone yet."""
    leaves = dict[tuple[str, str], list[tuple[date, date]]]()
    for person, key, first, last in absences:
        leaves.setdefault((person, key), []).append((first, last))
    known = {(person, key): days for (person, key), days in leaves.items() if key in calendars}
    return {person: (key, back_on(days, local(calendars[key], now).date())) for (person, key), days in known.items()}


# -- reminders


async def _plan_reminders(store: Store, rhythm: Rhythm, step: int, calendars: Calendars, now: datetime) -> None:
    periods = {period_of(rhythm.every, local(calendar, now).date()) for calendar in calendars.values()}
    until = now - rhythm.remind[step - 1] * DAY + DAY  # so many working days are at least as many days
    async with store.reading() as session:
        groups = await nudges.waiting(session, rhythm.name, step, periods, until)
    found = dict[tuple[str, Slot], Group]()
    for group in groups:
        if group.calendar in calendars and (slot := _reminder(rhythm, step, calendars[group.calendar], group, now)):
            # Nobody nudged between these two has another moment: groups whose people began one by one become one.
            before = found.get((group.calendar, slot), group)
            first, last = min(before.first, group.first), max(before.last, group.last)
            found[group.calendar, slot] = replace(group, first=first, last=last)
    if found:
        today = {key: local(calendars[key], now).date() for key, _ in found}
        reminders = [Reminder(group, slot, today[key]) for (key, slot), group in found.items()]
        async with store.transaction() as session:
            await nudges.remind(session, rhythm.name, step, reminders)


def _reminder(rhythm: Rhythm, step: int, calendar: Calendar, group: Group, now: datetime) -> Slot | None:
    """The reminder these people are owed now. One that is late, or that the next one has overtaken, was missed."""
    at = rhythms.reminder(rhythm, calendar, group.first, step, group.period)
    if at is None or at > now:
        return None
    following = rhythms.reminder(rhythm, calendar, group.first, step + 1, group.period)
    if _late(calendar, at, LATE_REMINDER, now) or (following and following <= now):
        return Slot(group.period, at, "missed")
    return Slot(group.period, at) if rhythms.open_now(calendar, now) else None


def _late(calendar: Calendar, at: datetime, days: int, now: datetime) -> bool:
    """Whether more than so many working days have gone by since."""
    return rhythms.add_working_days(calendar, local(calendar, at).date(), days + 1) <= local(calendar, now).date()


# -- follow-ups


async def _plan_follow_ups(store: Store, calendars: Calendars, now: datetime) -> None:
    async with store.reading() as session:
        waiting = await nudges.followups_by(session, now.astimezone(UTC).date() + DAY)
    due = dict[tuple[str, date], tuple[datetime, bool]]()
    for key, day in waiting:
        if calendar := calendars.get(key):
            at = rhythms.on_day(calendar, day, store.settings.followup)
            stale = _late(calendar, at, LATE_FOLLOW_UP, now)
            if at <= now and (stale or rhythms.open_now(calendar, now)):
                due[key, day] = _today(calendar, at, now), stale
    if due:
        async with store.transaction() as session:
            for (key, day), (at, stale) in due.items():
                await nudges.follow_up(session, key, day, at, local(calendars[key], now).date(), stale)


# -- saying it


async def play(turns: Turns, store: Store, now: datetime) -> int:
    """Say everything that is owed now. Returns how many turns were taken."""
    said = 0
    while (more := await play_some(turns, store, now)) is not None:
        said += more
    return said


async def play_some(turns: Turns, store: Store, now: datetime, going: Callable[[], bool] = lambda: True) -> int | None:
    """Say the oldest of what is owed, a batch of it, as long as it is `going`. Returns how many turns were taken; None
    when nothing is owed. Any number of replicas may do this at once: whoever is second finds the event already seen.
    """
    async with store.reading() as session:
        owed = await nudges.owed(session, now, BATCH)
        leave = await nudges.leave(session, (one.due.actor.id for one in owed), now.date() - MONTHS) if owed else {}
    if not owed:
        return None
    said = list[Due]()
    for one in owed:
        if not going():
            break
        concerned = (nudges.ALL, one.due.rhythm)
        absences = [(first, last) for rhythm, first, last in leave.get(one.due.actor.id, ()) if rhythm in concerned]
        match _verdict(store.settings, one, absences, now):
            case "say":
                if await _say(turns, store, one, now):
                    said.append(one.due)
            case "missed":
                async with store.transaction() as session:
                    await nudges.missed(session, one.due)
            case datetime() as later:
                async with store.transaction() as session:
                    await nudges.put_off(session, one.due, later)
    async with store.transaction() as session:
        # A turn that had been taken before did nothing: without this its nudge would come up again for ever.
        await nudges.all_said(session, said)
    return len(said)


async def _say(turns: Turns, store: Store, one: Owed, now: datetime) -> bool:
    try:
        await turns.take(one.due)
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        # Not the error's own text: it may quote what somebody said.
        log.error("%s: %s in %s, line %s", one.due.id, type(error).__name__, frame.filename, frame.lineno)
        async with store.transaction() as session:
            await nudges.stumbled(session, one.due, now + STUMBLE * 4**one.tries)
        return False
    return True


Verdict = Literal["say", "missed"] | datetime  # or: not before then


def _verdict(settings: Settings, one: Owed, absences: list[tuple[date, date]], now: datetime) -> Verdict:
    """Whether this is still to be said, now. It may have been planned long ago, before the machine slept."""
    calendar = awake(one.calendar, settings.quiet)
    if calendar is None:
        return now + DAY
    today = local(calendar, now).date()
    back, rhythm = back_on(absences, today), settings.rhythms.get(one.due.rhythm)
    if back and back > today:
        return rhythms.on_day(calendar, min(back, today + 30 * DAY), calendar.start)
    if rhythm and one.due.step == 0:
        return _round_verdict(rhythm, calendar, one.due.period, back, now)
    since = max(one.at, rhythms.on_day(calendar, back, calendar.start)) if back else one.at
    if _late(calendar, since, LATE_REMINDER if rhythm else LATE_FOLLOW_UP, now):
        return "missed"
    if rhythm and _closed(rhythm, one.due.period, today):
        return "missed"
    return "say" if rhythms.open_now(calendar, now) else opening(calendar, now)


def _round_verdict(rhythm: Rhythm, calendar: Calendar, period: str, back: date | None, now: datetime) -> Verdict:
    if _closed(rhythm, period, local(calendar, now).date()):
        return "missed"
    if slot := rhythms.slot(rhythm, calendar, now, back):
        return "missed" if slot.stale else "say"
    at = rhythms.moment(rhythm, calendar, period, back)
    return at if at and at > now else opening(calendar, now)


def _closed(rhythm: Rhythm, period: str, today: date) -> bool:
    try:
        return bounds(rhythm.every, period)[1] < today
    except ValueError:  # of the time before the rhythm's cadence was changed
        return True


# -- looking ahead


async def next_moment(store: Store, now: datetime) -> datetime | None:
    """When the next nudge, reminder or follow-up will come, after now (aware); None when there is nobody."""
    async with store.reading() as session:
        calendars = _awake(session, await nudges.calendars(session))
        found = [await nudges.next_owed(session, now)]
        for rhythm in store.settings.rhythms.values():
            found += await _next_nudges(session, rhythm, calendars, now)
            for step in range(1, len(rhythm.remind) + 1):
                found += await _next_reminders(session, rhythm, step, calendars, now)
        for key, day in await nudges.followups_by(session, now.date() + 2 * MONTHS):
            if calendar := calendars.get(key):
                at = rhythms.on_day(calendar, day, store.settings.followup)
                found.append(at if at > now else opening(calendar, now))
    return min((at for at in found if at), default=None)


async def _next_nudges(session: Session, rhythm: Rhythm, calendars: Calendars, now: datetime) -> list[datetime]:
    """For each calendar the first moment at which somebody has not had the nudge yet."""
    found = dict[str, datetime]()
    for ahead in range(3):
        asked = dict[tuple[str, date, date], dict[str, datetime]]()
        for key, calendar in calendars.items():
            period = period_of(rhythm.every, local(calendar, now).date())
            for _ in range(ahead):
                period = period_after(rhythm.every, period)
            if key not in found and (coming := _coming(rhythm, calendar, period, now)):
                since, day = (local(calendar, at).date() for at in coming)
                asked.setdefault((period, since, day), {})[key] = coming[1]
        for (period, since, day), at_each in asked.items():
            whom = Whom(rhythm.name, _settled(session, day), since, day)
            found |= {key: at_each[key] for key in await nudges.lacking(session, whom, period, list(at_each))}
    return [*found.values(), *await _next_back(session, rhythm, calendars, now)]


def _coming(rhythm: Rhythm, calendar: Calendar, period: str, now: datetime) -> tuple[datetime, datetime] | None:
    """The moment of this period's nudge, and when it is still to come or will be made up for."""
    at = rhythms.moment(rhythm, calendar, period)
    if at is None or at > now:
        return (at, at) if at else None
    return None if _late(calendar, at, rhythm.late, now) else (at, opening(calendar, now))


async def _next_back(session: Session, rhythm: Rhythm, calendars: Calendars, now: datetime) -> list[datetime]:
    """For everybody who is away, or has been until a moment ago, the moment after their return."""
    today = now.date()
    absences = await nudges.absent(session, Whom(rhythm.name, _settled(session, today), today - 14 * DAY, today + DAY))
    found = []
    for person, (key, back) in _returned(absences, calendars, now).items():
        if back is None or back > today + 2 * MONTHS:
            continue
        period = period_of(rhythm.every, back)
        at = rhythms.moment(rhythm, calendars[key], period, back)
        if at and at > now and not await nudges.states(session, [person], rhythm.name, period):
            found.append(at)
    return found


async def _next_reminders(
    session: Session, rhythm: Rhythm, step: int, calendars: Calendars, now: datetime
) -> list[datetime]:
    periods = {period_of(rhythm.every, local(calendar, now).date()) for calendar in calendars.values()}
    found = []
    for group in await nudges.waiting(session, rhythm.name, step, periods, now):
        if calendar := calendars.get(group.calendar):
            at = rhythms.reminder(rhythm, calendar, group.first, step, group.period)
            if at and (at > now or not _late(calendar, at, LATE_REMINDER, now)):
                found.append(at if at > now else opening(calendar, now))
    return found
