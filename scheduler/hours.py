"""When somebody may be spoken to: in their working hours without the quiet ones, and not while they are away."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.core.calendar import Calendar
from bot.core.moments import on_day
from bot.core.settings import Quiet
from bot.core.workdays import add_working_days

log = logging.getLogger(__name__)
FAR = date(9000, 1, 1)


@lru_cache(maxsize=4096)
def awake(key: str, quiet: Quiet) -> Calendar | None:
    """The calendar behind this key, its hours cut to those outside quiet hours: where these lie in the middle of the
    working day, to the longer part. None when nothing is left, or when the key is no calendar (here: a time zone that
    this machine does not know); its people cannot be nudged, which is said once.
    """
    try:
        calendar = Calendar.parse(key)
    except ValueError:
        log.warning("nobody can be nudged whose calendar is %r: it cannot be read", key)
        return None
    parts = [(start, end) for start, end in _outside(calendar, quiet) if start < end]
    if not parts:
        log.warning("nobody can be nudged whose calendar is %r: all of its hours are quiet", key)
        return None
    start, end = max(parts, key=lambda part: _minutes(part[1]) - _minutes(part[0]))
    return replace(calendar, start=start, end=end)


def local(calendar: Calendar, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(calendar.zone))


def back_on(absences: Iterable[tuple[date, date]], today: date) -> date | None:
    """The first day back from the leaves (first and last day, both inclusive) that have begun; None when none has."""
    # FAR: somebody who is away "for good" has a last day that no other day comes after.
    return max((min(last, FAR) + timedelta(days=1) for first, last in absences if first <= today), default=None)


def opening(calendar: Calendar, now: datetime) -> datetime:
    """When these people's working hours next begin."""
    return hour(calendar, calendar.start, now)


def hour(calendar: Calendar, at: time, now: datetime) -> datetime:
    """When this hour of these people's next comes, on a day on which they work."""
    today = local(calendar, now).date()
    found = on_day(calendar, today, at)
    return found if found > now else on_day(calendar, today + timedelta(days=1), at)


def late(calendar: Calendar, at: datetime, days: int, now: datetime) -> bool:
    """Whether more than so many working days have gone by since."""
    return add_working_days(calendar, local(calendar, at).date(), days + 1) <= local(calendar, now).date()


def today_or(calendar: Calendar, at: datetime, now: datetime) -> datetime:
    """What comes late is due today: how late it may be, and its reminders, count from when the person hears of it."""
    return at if local(calendar, at).date() == local(calendar, now).date() else now


def _outside(calendar: Calendar, quiet: Quiet) -> list[tuple[time, time]]:
    start, end = calendar.start, calendar.end
    if quiet.start > quiet.end:  # over midnight
        return [(max(start, quiet.end), min(end, quiet.start))]
    if quiet.start == quiet.end:
        return [(start, end)]
    return [(start, min(end, quiet.start)), (max(start, quiet.end), end)]


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
