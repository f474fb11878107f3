"""The day a rhythm names, held against APScheduler's calendar: two that were written apart agree."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger

from bot.core.calendar import WEEKDAYS, bounds, period
from bot.core.moments import day_of

NTH = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "last": "last"}
MONTHS = [f"{year}-{month:02}" for year in range(2023, 2033) for month in range(1, 13)]


def cron(first, **when):
    return CronTrigger(**when, timezone=UTC).get_next_fire_time(None, datetime.combine(first, time(), UTC)).date()


@pytest.mark.parametrize("nth", NTH)
@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_the_nth_weekday_of_every_month(nth, weekday):
    for month in MONTHS:
        first, _ = bounds("month", month)
        assert day_of("month", f"{nth} {weekday}", month) == cron(first, day=f"{NTH[nth]} {weekday[:3]}")


@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_the_weekday_of_every_week(weekday):
    for n in range(0, 3700, 7):
        week = period("week", date(2023, 1, 1) + timedelta(days=n))
        assert day_of("week", weekday, week) == cron(bounds("week", week)[0], day_of_week=weekday[:3])


@pytest.mark.parametrize(
    ("every", "on", "name", "day"),
    [
        ("quarter", "last friday", "2026-Q4", "2026-12-25"),
        ("quarter", "second monday", "2026-Q4", "2026-10-12"),
        ("year", "last monday", "2026", "2026-12-28"),
        ("month", "day 31", "2026-02", "2026-02-28"),
        ("half-year", "2 weeks before end", "2026-H1", "2026-06-16"),
    ],
)
def test_days_of_other_periods(every, on, name, day):
    assert day_of(every, on, name) == date.fromisoformat(day)
