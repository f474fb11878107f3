"""Working days and moments counted out day by day: slow, and by none of the code it is there to check."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from bot.core.calendar import Calendar

DAY = timedelta(days=1)
AT = time(9, 30)
# Where people live, how their week runs. Both directions of the clock's change, on both halves of the globe; Cairo
# changes it at midnight and rests on Friday and Saturday, Kolkata is half an hour off.
WEEK = (0, 1, 2, 3, 4)
CALENDARS = (
    *[Calendar("Europe/Amsterdam", "NL", days) for days in (WEEK, WEEK, (0, 1, 2, 3), (1, 2, 4))],
    Calendar("Europe/Amsterdam", "NL", WEEK, time(13), time(17)),
    *[Calendar("Europe/Stockholm", "SE", WEEK), Calendar("Europe/London", "GB-ENG", WEEK)],
    *[Calendar("America/New_York", "US-NY", WEEK), Calendar("America/Los_Angeles", "US-CA", WEEK, time(8), time(16))],
    *[Calendar("America/Sao_Paulo", "BR", WEEK), Calendar("Asia/Tokyo", "JP", WEEK)],
    *[Calendar("Asia/Kolkata", "IN", WEEK), Calendar("Australia/Sydney", "AU-NSW", WEEK)],
    *[Calendar("Africa/Cairo", "EG", (6, 0, 1, 2, 3)), Calendar("Europe/Berlin", "DE-BY", WEEK, time(9), time(15))],
)
Away = Iterable[tuple[date, date]]


@lru_cache(maxsize=256)
def _free(country: str, year: int) -> frozenset[date]:
    name, _, region = country.partition("-")
    known = holidays.country_holidays(name, region or None).supported_categories
    kinds = tuple(kind for kind in ("public", "de_facto") if kind in known)
    return frozenset(holidays.country_holidays(name, region or None, years=year, categories=kinds))


@lru_cache(maxsize=65_536)
def works(calendar: Calendar, day: date) -> bool:
    return day.weekday() in calendar.days and day not in _free(calendar.country, day.year)


def there(calendar: Calendar, day: date, away: Away = ()) -> bool:
    return works(calendar, day) and not any(first <= day <= last for first, last in away)


def days_from(day: date) -> Iterator[date]:
    while True:
        yield day
        day += DAY


def next_there(calendar: Calendar, day: date, away: Away = ()) -> date:
    return next(each for each in days_from(day) if there(calendar, each, away))


def worked(calendar: Calendar, day: date, n: int) -> date:
    """The n-th working day after this one."""
    for _ in range(n):
        day = next_there(calendar, day + DAY)
    return day


def moment(calendar: Calendar, day: date, at: time = AT) -> datetime:
    """This time of theirs on this day, within their hours. In none of the zones an hour of work is left out."""
    at = max(at, calendar.start)
    if at >= calendar.end:
        at = (datetime.combine(day, calendar.end) - timedelta(minutes=30)).time()
    return datetime.combine(day, at, ZoneInfo(calendar.zone)).astimezone(UTC)


def awake(calendar: Calendar, at: datetime) -> bool:
    """Whether they may be spoken to: their own hours, without those that are quiet for everybody."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    start, end = max(calendar.start, time(7)), min(calendar.end, time(20))
    return works(calendar, local.date()) and start <= local.time() < end


def day_of(calendar: Calendar, at: datetime) -> date:
    return at.astimezone(ZoneInfo(calendar.zone)).date()
