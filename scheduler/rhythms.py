"""Which nudge of a rhythm it is time for now, and when who has not answered is reminded. When a nudge is due at all
stands in bot.core.moments."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from bot.core.calendar import Calendar, Rhythm, bounds
from bot.core.calendar import before as period_before
from bot.core.calendar import period as period_of
from bot.core.moments import local_date, moment, on_day, timely
from bot.core.workdays import add_working_days, is_working_day


@dataclass(frozen=True, slots=True)
class Slot:
    """A nudge whose moment `at` (UTC) has come; `stale`: too late to send, only to be recorded as missed."""

    period: str
    at: datetime
    stale: bool


def reminder(
    rhythm: Rhythm, calendar: Calendar, nudged: datetime, step: int, period: str | None = None
) -> datetime | None:
    """The moment (UTC) of the step-th reminder, from 1, to who was `nudged` (aware) and has not answered.

    `period` is that of the nudge; without it, the one `nudged` lies in (not the same for who moved far on its edge).
    None when there is no such step, or when the period closes first. Raises ValueError for a naive `nudged`.
    """
    if not 1 <= step <= len(rhythm.remind):
        return None
    sent = local_date(calendar, nudged)
    _, last = bounds(rhythm.every, period or period_of(rhythm.every, sent))
    day = add_working_days(calendar, sent, rhythm.remind[step - 1])
    return on_day(calendar, day, rhythm.at) if day <= last else None


# -- now


def open_now(calendar: Calendar, now: datetime) -> bool:
    """Whether it is working hours of a working day for these people now (aware; ValueError if naive), so that what is
    sent late is not sent at night."""
    today = local_date(calendar, now)
    hour = now.astimezone(ZoneInfo(calendar.zone)).time()
    return calendar.start <= hour < calendar.end and is_working_day(calendar, today)


def hour_has_come(calendar: Calendar, at: time, now: datetime) -> bool:
    """Whether these people work now and this hour of today's has come: whoever is told late, or is back from leave, is
    told at the same hour as on any other day."""
    return open_now(calendar, now) and on_day(calendar, local_date(calendar, now), at) <= now


def slot(rhythm: Rhythm, calendar: Calendar, now: datetime, resumed: date | None = None) -> Slot | None:
    """The nudge of the period that now (aware) is in, if it is time for it; None before its moment.

    After downtime: timely for `late` working days after its moment, but only from the rhythm's hour on while people
    work (None at night: wait for the morning); then stale, at whatever hour, for recording disturbs nobody. ValueError
    for a naive `now`.
    """
    today = local_date(calendar, now)
    current = period_of(rhythm.every, today)
    at = moment(rhythm, calendar, current, resumed)
    if at is None or at > now:
        return None
    if not timely(rhythm, calendar, at, now):
        return Slot(current, at, stale=True)
    return Slot(current, at, stale=False) if hour_has_come(calendar, rhythm.at, now) else None


def closed(rhythm: Rhythm, calendar: Calendar, now: datetime, resumed: date | None = None) -> Slot | None:
    """The nudge of the period before the one that now (aware) is in: stale, however near its end it fell. Whoever was
    there and has no row for it missed it. `slot` alone would let a nudge of the month's last evening pass unrecorded.
    """
    past = period_before(rhythm.every, period_of(rhythm.every, local_date(calendar, now)))
    at = moment(rhythm, calendar, past, resumed)
    return Slot(past, at, stale=True) if at is not None else None
