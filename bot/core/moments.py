"""When a rhythm's nudge is due: from "first Tuesday, 09:30" to the one moment for these people.

Everything is worked out on local dates and becomes a moment (UTC) at the very end, so a clock that jumps or repeats an
hour cannot lose or double a nudge: what happens once is the period (a row in the store), not the moment.

Three rules decide whenever wishes collide, the earlier over the later:
1. Working hours of a working day. A date or an hour that the local clock leaves out is no time at all.
2. The period. A day off moves the nudge on; where the period ends first, it moves back instead.
3. The rhythm's own day and time.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo

from bot.core.calendar import Calendar, Every, Rhythm, bounds, phrase
from bot.core.calendar import after as period_after
from bot.core.calendar import period as period_of
from bot.core.workdays import DAY, add_working_days, instant, is_working_day, working_day_on_or_after


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
    day = day_of(rhythm.every, rhythm.on, period)
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
    found = instant(calendar, working_day_on_or_after(calendar, day), at)
    assert found is not None, "a working day has a minute that exists"
    return found


def upcoming(rhythm: Rhythm, calendar: Calendar, after: datetime, count: int = 1) -> list[datetime]:
    """The next `count` moments (UTC) strictly after an aware moment. Raises ValueError for a naive one."""
    found: list[datetime] = []
    periods = periods_from(rhythm.every, local_date(calendar, after))
    while len(found) < count:
        at = moment(rhythm, calendar, next(periods))
        if at is not None and at > after:
            found.append(at)
    return found


def timely(rhythm: Rhythm, calendar: Calendar, at: datetime, now: datetime) -> bool:
    """Whether a nudge whose moment was `at` is not yet too late to be sent; both aware."""
    return add_working_days(calendar, local_date(calendar, at), rhythm.late + 1) > local_date(calendar, now)


def local_date(calendar: Calendar, at: datetime) -> date:
    """ValueError for a naive moment."""
    if at.tzinfo is None:
        raise ValueError("a moment needs its time zone; a naive one would be read as this machine's")
    return at.astimezone(ZoneInfo(calendar.zone)).date()


def periods_from(every: Every, day: date) -> Iterator[str]:
    """The period this day is in, and all that follow."""
    name = period_of(every, day)
    while True:
        yield name
        name = period_after(every, name)


@lru_cache(maxsize=4096)
def day_of(every: Every, on: str, period: str) -> date:
    """The rhythm's own day for everybody; it may be a day off."""
    said = phrase(every, on)
    first, last = bounds(every, period)
    match said.kind:
        case "weekday" if said.count < 0:  # a quarter's last Friday is in its last month
            return last - (last.weekday() - said.weekday) % 7 * DAY
        case "weekday":
            return first + ((said.weekday - first.weekday()) % 7 + 7 * (said.count - 1)) * DAY
        case "day":
            return min(first + (said.count - 1) * DAY, last)
        case "before end":
            return last - said.count * DAY
