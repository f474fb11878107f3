"""Which days these people work, and when on a day of theirs a local time comes. Pure; what a rhythm makes of it stands
in bot.core.moments."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.core.calendar import Calendar, holidays_in

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)


@lru_cache(maxsize=65_536)
def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether these people work on this local date. A date whose working hours the clock leaves out is a day off."""
    if day.weekday() not in calendar.days or day in holidays_in(calendar.country, day.year):
        return False
    return instant(calendar, day, calendar.start) is not None


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


@lru_cache(maxsize=65_536)
def instant(calendar: Calendar, day: date, at: time) -> datetime | None:
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
