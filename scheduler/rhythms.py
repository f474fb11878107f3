"""When the bot speaks first: from "first Tuesday, 09:30" to the one moment at which it is due for these people.

Everything is worked out on local dates and becomes a moment (UTC) at the very end, so a clock that jumps or repeats an
hour cannot lose or double a nudge: what happens once is the period (a row in the store), not the moment.

Three rules decide whenever wishes collide, the earlier over the later:
1. Working hours of a working day. A date or an hour that the local clock leaves out is no time at all.
2. The period. A day off moves the nudge on; where the period ends first, it moves back instead.
3. The rhythm's own day and time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from bot.core.calendar import WEEKDAYS, Calendar, Every, Rhythm, bounds, holidays_in, phrase
from bot.core.calendar import after as period_after
from bot.core.calendar import before as period_before
from bot.core.calendar import period as period_of

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)
ORDINALS = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", -1: "last"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A nudge whose moment `at` (UTC) has come; `stale`: too late to send, only to be recorded as missed."""

    period: str
    at: datetime
    stale: bool


# -- days


@lru_cache(maxsize=65_536)
def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether these people work on this local date. A date whose working hours the clock leaves out is a day off."""
    if day.weekday() not in calendar.days or day in holidays_in(calendar.country, day.year):
        return False
    return _instant(calendar, day, calendar.start) is not None


def working_day_on_or_after(calendar: Calendar, day: date) -> date:
    while not is_working_day(calendar, day):
        day += DAY
    return day


def add_working_days(calendar: Calendar, day: date, n: int) -> date:
    """The n-th working day after `day`, which itself never counts; for 0 the working day on or after it. Raises
    ValueError for n < 0."""
    if n < 0:
        raise ValueError("working days are counted forwards")
    if n == 0:
        return working_day_on_or_after(calendar, day)
    for _ in range(n):
        day = working_day_on_or_after(calendar, day + DAY)
    return day


# -- moments


@lru_cache(maxsize=65_536)
def moment(rhythm: Rhythm, calendar: Calendar, period: str, resumed: date | None = None) -> datetime | None:
    """The one moment (UTC) at which these people's nudge for `period` is due; None when there is none in it.

    It is the first working day from the rhythm's day on; if the period ends before there is one, the last working day
    before it: that everybody is asked once in every period matters more than the day. None when the period has no
    working day. `resumed`, the first day back after leave, is a floor under all of this.
    Raises ValueError for what is no period of this rhythm.
    """
    first, last = bounds(rhythm.every, period)
    floor = max(first, resumed or first)
    day = _day(rhythm.every, rhythm.on, period)
    start = max(day, floor)
    onwards = (start + n * DAY for n in range((last - start).days + 1))
    backwards = (day - n * DAY for n in range(1, (day - floor).days + 1))
    found = next((d for d in chain(onwards, backwards) if is_working_day(calendar, d)), None)
    return on_day(calendar, found, rhythm.at) if found else None


def on_day(calendar: Calendar, day: date, at: time) -> datetime:
    """The moment (UTC) of something promised for a local date: on that day, or if it is off the next working day.

    `at` is local time. Before working hours it becomes their start. At or after their end it becomes half an hour
    before the end: still late in the day, with time left to answer (or their start, where they are shorter than that).
    """
    found = _instant(calendar, working_day_on_or_after(calendar, day), at)
    assert found is not None, "a working day has a minute that exists"
    return found


def upcoming(rhythm: Rhythm, calendar: Calendar, after: datetime, count: int = 1) -> list[datetime]:
    """The next `count` moments (UTC) strictly after an aware moment. Raises ValueError for a naive one."""
    found: list[datetime] = []
    periods = _periods(rhythm.every, _local(calendar, after).date())
    while len(found) < count:
        at = moment(rhythm, calendar, next(periods))
        if at is not None and at > after:
            found.append(at)
    return found


def reminder(
    rhythm: Rhythm, calendar: Calendar, nudged: datetime, step: int, period: str | None = None
) -> datetime | None:
    """The moment (UTC) of the step-th reminder, from 1, to who was `nudged` (aware) and has not answered.

    `period` is that of the nudge; without it, the one `nudged` lies in (not the same for who moved far on its edge).
    None when there is no such step, or when the period closes first. Raises ValueError for a naive `nudged`.
    """
    if not 1 <= step <= len(rhythm.remind):
        return None
    sent = _local(calendar, nudged).date()
    _, last = bounds(rhythm.every, period or period_of(rhythm.every, sent))
    day = add_working_days(calendar, sent, rhythm.remind[step - 1])
    return on_day(calendar, day, rhythm.at) if day <= last else None


# -- now


def open_now(calendar: Calendar, now: datetime) -> bool:
    """Whether it is working hours of a working day for these people now (aware; ValueError if naive), so that what is
    sent late is not sent at night."""
    local = _local(calendar, now)
    return calendar.start <= local.time() < calendar.end and is_working_day(calendar, local.date())


def slot(rhythm: Rhythm, calendar: Calendar, now: datetime, resumed: date | None = None) -> Slot | None:
    """The nudge of the period that now (aware) is in, if it is time for it; None before its moment.

    After downtime: timely for `late` working days after its moment, but only while people work (None at night: wait
    for the morning); from then on stale, at whatever hour, for recording disturbs nobody. ValueError for a naive `now`.
    """
    today = _local(calendar, now).date()
    current = period_of(rhythm.every, today)
    at = moment(rhythm, calendar, current, resumed)
    if at is None or at > now:
        return None
    if add_working_days(calendar, _local(calendar, at).date(), rhythm.late + 1) <= today:
        return Slot(current, at, stale=True)
    return Slot(current, at, stale=False) if open_now(calendar, now) else None


def closed(rhythm: Rhythm, calendar: Calendar, now: datetime, resumed: date | None = None) -> Slot | None:
    """The nudge of the period before the one that now (aware) is in: stale, however near its end it fell. Whoever was
    there and has no row for it missed it. `slot` alone would let a nudge of the month's last evening pass unrecorded.
    """
    past = period_before(rhythm.every, period_of(rhythm.every, _local(calendar, now).date()))
    at = moment(rhythm, calendar, past, resumed)
    return Slot(past, at, stale=True) if at is not None else None


# -- the arithmetic below


def _local(calendar: Calendar, at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs its time zone; a naive one would be read as this machine's")
    return at.astimezone(ZoneInfo(calendar.zone))


def _periods(every: Every, day: date) -> Iterator[str]:
    name = period_of(every, day)
    while True:
        yield name
        name = period_after(every, name)


@lru_cache(maxsize=4096)
def _day(every: Every, on: str, period: str) -> date:
    """The rhythm's own day for everybody; it may be a day off."""
    said = phrase(every, on)
    first, last = bounds(every, period)
    match said.kind:
        case "weekday":
            month = last.replace(day=1) if said.count < 0 else first  # a quarter's last Friday is in its last month
            return _weekday(every, said.count, said.weekday, month)
        case "day":
            return min(first + (said.count - 1) * DAY, last)
        case "before end":
            return last - said.count * DAY


def _weekday(every: Every, count: int, weekday: int, first: date) -> date:
    # by name: APScheduler's numbers count from Monday = 0, crontab's from Sunday
    name = WEEKDAYS[weekday][:3]
    when = {"day_of_week": name} if every == "week" else {"day": f"{ORDINALS[count]} {name}"}
    start = datetime.combine(first, time(), UTC)
    found: datetime = CronTrigger(**when, timezone=UTC).get_next_fire_time(None, start)
    return found.date()


@lru_cache(maxsize=65_536)
def _instant(calendar: Calendar, day: date, at: time) -> datetime | None:
    """`at` on this date, in UTC and within working hours; None when the clock leaves out all of them."""
    opening, closing = datetime.combine(day, calendar.start), datetime.combine(day, calendar.end)
    wanted = datetime.combine(day, at)
    if wanted >= closing:
        wanted = closing - HALF_AN_HOUR
    tries = _nearest(max(wanted, opening), opening, closing)
    return next((found for local in tries if (found := _exact(local, calendar.zone))), None)


def _nearest(wanted: datetime, opening: datetime, closing: datetime) -> Iterator[datetime]:
    """Local times in the order in which they will do: the first minute that exists, as a clock that jumps over `wanted`
    shows it next; where the gap lasts to closing, as late before it as leaves time to answer."""
    yield from (wanted + n * MINUTE for n in range((closing - wanted) // MINUTE))
    yield from (wanted - n * HALF_AN_HOUR for n in range(1, (wanted - opening) // HALF_AN_HOUR + 1))
    yield opening


def _exact(local: datetime, zone: str) -> datetime | None:
    """This local time in UTC (of two the first, fold 0); None where the clock jumps over it, so that it comes back as
    another."""
    utc = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return utc if utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local else None
