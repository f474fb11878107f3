"""R2, R3, R4, R7: when a nudge is due, everywhere in the world, on both sides of every clock change.

The cases are days people recognise; the properties below them hold for every IANA zone from 2024 to 2034. They search
the same way each time; `EXPLORE=1 pytest` searches anew.
"""

import os
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calendar import WEEKDAYS, Calendar, Rhythm, bounds, holidays_in
from bot.core.calendar import after as period_after
from bot.core.calendar import period as period_of
from bot.core.moments import moment, on_day, upcoming
from bot.core.settings import Settings
from bot.core.workdays import add_working_days, is_working_day, working_day_on_or_after
from scheduler.rhythms import Slot, closed, open_now, reminder, slot

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NL = Calendar("Europe/Amsterdam", "NL")
SE = Calendar("Europe/Stockholm", "SE")
US = Calendar("America/New_York", "US")
IL = Calendar("Asia/Jerusalem", "IL", (6, 0, 1, 2, 3))
CHECKIN = Rhythm("checkin", "month", "first tuesday", time(9, 30), (3, 5))
REVIEW = Rhythm("review", "quarter", "2 weeks before end", time(9, 30))
ROUND_THE_CLOCK = (0, 1, 2, 3, 4, 5, 6), time(0), time(23, 59)


def utc(text):
    """ "2026-11-03 09:30 Europe/Amsterdam" as a moment."""
    day, at, zone = text.split()
    return datetime.fromisoformat(f"{day} {at}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def monthly(on, at=time(9, 30)):
    return Rhythm("checkin", "month", on, at)


def weekly(on):
    return Rhythm("checkin", "week", on, time(9, 30))


# -- days people recognise


@pytest.mark.parametrize(
    ("calendar", "rhythm", "period", "local"),
    [
        (NL, CHECKIN, "2026-11", "2026-11-03 09:30"),
        (NL, CHECKIN, "2030-01", "2030-01-02 09:30"),  # the first Tuesday is New Year's Day
        (NL, monthly("fourth friday"), "2026-11", "2026-11-27 09:30"),
        (NL, monthly("last friday"), "2026-10", "2026-10-30 09:30"),  # the fifth
        (NL, monthly("day 5"), "2026-12", "2026-12-07 09:30"),  # a Saturday
        (NL, monthly("day 31"), "2026-02", "2026-02-27 09:30"),  # the 28th is a Saturday, and then the month is over
        (NL, monthly("day 31"), "2028-02", "2028-02-29 09:30"),
        (NL, monthly("last day"), "2026-10", "2026-10-30 09:30"),
        (NL, monthly("first workday"), "2026-01", "2026-01-02 09:30"),
        (NL, monthly("first workday"), "2026-05", "2026-05-01 09:30"),  # the first of May: at work in Amsterdam
        (SE, monthly("first workday"), "2026-05", "2026-05-04 09:30"),  # and off in Stockholm
        (NL, weekly("last workday"), "2026-W52", "2026-12-24 09:30"),  # before Christmas
        (SE, weekly("last workday"), "2026-W52", "2026-12-23 09:30"),  # Christmas Eve is off in Sweden
        (NL, monthly("2 days before end"), "2026-11", "2026-11-30 09:30"),  # the 28th is a Saturday
        (NL, weekly("monday"), "2026-W22", "2026-05-26 09:30"),  # Whit Monday
        (NL, weekly("friday"), "2026-W14", "2026-04-02 09:30"),  # Good Friday: the week ends, so the day before
        (NL, weekly("thursday"), "2026-W53", "2026-12-31 09:30"),
        (US, monthly("second monday"), "2026-10", "2026-10-13 09:30"),  # Columbus Day
        (US, monthly("fourth thursday"), "2026-11", "2026-11-27 09:30"),  # Thanksgiving
        (US, monthly("day 3"), "2026-07", "2026-07-06 09:30"),  # Independence Day, kept on the Friday
        (IL, weekly("monday"), "2026-W46", "2026-11-09 09:30"),
        (IL, weekly("friday"), "2026-W46", "2026-11-15 09:30"),  # Friday and Saturday off; an ISO week ends on Sunday
        (IL, monthly("first sunday"), "2026-11", "2026-11-01 09:30"),
        (Calendar("Asia/Dubai", "AE"), monthly("first wednesday"), "2026-12", "2026-12-04 09:30"),  # National Days
        (Calendar("Asia/Dubai", "", (6, 0, 1, 2, 3)), monthly("first friday"), "2026-11", "2026-11-08 09:30"),
        (NL, REVIEW, "2026-Q4", "2026-12-17 09:30"),
        (NL, REVIEW, "2026-Q2", "2026-06-16 09:30"),
        (NL, Rhythm("skills", "quarter", "last friday", time(9, 30)), "2026-Q4", "2026-12-28 09:30"),  # Christmas
        (NL, Rhythm("aspirations", "half-year", "first tuesday", time(9, 30)), "2026-H2", "2026-07-07 09:30"),
        (NL, Rhythm("aspirations", "half-year", "day 184", time(9, 30)), "2026-H1", "2026-06-30 09:30"),
        (NL, Rhythm("expectations", "year", "last workday", time(9, 30)), "2026", "2026-12-31 09:30"),
    ],
)
def test_the_day(calendar, rhythm, period, local):
    assert moment(rhythm, calendar, period) == utc(f"{local} {calendar.zone}")


@pytest.mark.parametrize(
    ("at", "local"),
    [
        (time(0), "09:00"),
        (time(8, 59), "09:00"),
        (time(16, 59), "16:59"),
        (time(17), "16:30"),  # late in the day was wished for: as late as leaves time to answer
        (time(23, 59), "16:30"),
    ],
)
def test_the_hour_stays_inside_working_hours(at, local):
    assert on_day(NL, date(2026, 11, 3), at) == utc(f"2026-11-03 {local} Europe/Amsterdam")


def test_a_very_short_working_day_begins_with_the_nudge():
    assert on_day(Calendar("UTC", start=time(9), end=time(9, 20)), date(2026, 11, 3), time(18)) == utc(
        "2026-11-03 09:00 UTC"
    )


@pytest.mark.parametrize(
    ("zone", "hours", "on", "at", "expected"),
    [
        ("Europe/Amsterdam", ("00:00", "08:00"), "2026-03-29", "02:30", "2026-03-29 01:00"),  # 02:30 is skipped: 03:00
        ("Europe/Amsterdam", ("00:00", "08:00"), "2026-10-25", "02:30", "2026-10-25 00:30"),  # twice: the first
        ("Europe/Amsterdam", ("01:00", "02:45"), "2026-03-29", "02:30", "2026-03-29 00:30"),  # no minute left: 01:30
        ("Europe/Amsterdam", ("01:50", "02:45"), "2026-03-29", "02:30", "2026-03-29 00:50"),  # nor half an hour: 01:50
        ("Europe/Amsterdam", ("02:10", "03:01"), "2026-03-29", "02:30", "2026-03-29 01:00"),  # one minute left
        ("Europe/Amsterdam", ("02:00", "03:00"), "2026-03-29", "02:30", "2026-03-30 00:30"),  # no hour left: a day off
        ("America/New_York", ("00:00", "08:00"), "2026-03-08", "02:30", "2026-03-08 07:00"),
        ("America/New_York", ("00:00", "08:00"), "2026-11-01", "01:30", "2026-11-01 05:30"),
        ("America/St_Johns", ("00:00", "08:00"), "2026-03-08", "02:30", "2026-03-08 05:30"),
        ("America/St_Johns", ("09:00", "17:00"), "2026-11-03", "09:30", "2026-11-03 13:00"),
        ("Australia/Lord_Howe", ("00:00", "08:00"), "2026-10-04", "02:15", "2026-10-03 15:30"),  # by half an hour
        ("America/Nuuk", ("08:00", "23:59"), "2026-03-28", "23:30", "2026-03-29 00:30"),  # the day ends at eleven
        ("Africa/Cairo", ("00:00", "08:00"), "2026-04-24", "00:00", "2026-04-23 22:00"),  # the day begins at one
        ("Pacific/Kiritimati", ("09:00", "17:00"), "2026-12-01", "09:30", "2026-11-30 19:30"),  # UTC+14
        ("Pacific/Kiritimati", ("09:00", "17:00"), "1994-12-31", "09:30", "1994-12-31 19:30"),  # skipped: 1 January
        ("Pacific/Apia", ("09:00", "17:00"), "2011-12-30", "09:30", "2011-12-30 19:30"),  # skipped: the 31st
    ],
)
def test_where_the_clock_jumps(zone, hours, on, at, expected):
    start, end = map(time.fromisoformat, hours)
    calendar = Calendar(zone, "", (0, 1, 2, 3, 4, 5, 6), start, end)
    assert on_day(calendar, date.fromisoformat(on), time.fromisoformat(at)) == utc(f"{expected} UTC")


def test_a_day_that_a_country_skips_is_a_day_off():
    apia = Calendar("Pacific/Apia")  # no Friday 30 December 2011; the month ends in its weekend
    assert not is_working_day(apia, date(2011, 12, 30))
    assert moment(monthly("day 30"), apia, "2011-12") == utc("2011-12-29 09:30 Pacific/Apia")


def test_a_period_without_a_working_day_has_no_nudge():
    fridays = Calendar("Europe/Amsterdam", "NL", (4,))
    assert moment(weekly("monday"), fridays, "2026-W14") is None  # Good Friday
    assert slot(weekly("monday"), fridays, utc("2026-04-05 12:00 UTC")) is None
    assert upcoming(weekly("monday"), fridays, utc("2026-03-28 12:00 UTC")) == [
        utc("2026-04-10 09:30 Europe/Amsterdam")
    ]


@pytest.mark.parametrize(
    ("rhythm", "resumed", "local"),
    [
        (CHECKIN, "2026-10-20", "2026-11-03 09:30"),  # back before it was due
        (CHECKIN, "2026-11-03", "2026-11-03 09:30"),
        (CHECKIN, "2026-11-16", "2026-11-16 09:30"),
        (CHECKIN, "2026-11-14", "2026-11-16 09:30"),  # back on a Saturday
        (CHECKIN, "2026-11-30", "2026-11-30 09:30"),
        (CHECKIN, "2026-12-01", None),
        (monthly("last day"), "2026-11-30", "2026-11-30 09:30"),
    ],
)
def test_never_before_the_first_day_back(rhythm, resumed, local):
    expected = local and utc(f"{local} Europe/Amsterdam")
    assert moment(rhythm, NL, "2026-11", date.fromisoformat(resumed)) == expected


def test_back_on_the_weekend_that_ends_the_period_is_back_too_late():
    assert moment(monthly("last day"), NL, "2026-10", date(2026, 10, 30)) == utc("2026-10-30 09:30 Europe/Amsterdam")
    assert moment(monthly("last day"), NL, "2026-10", date(2026, 10, 31)) is None


# -- working days


def test_working_days():
    assert [is_working_day(NL, date(2026, 4, day)) for day in (2, 3, 4, 6, 7)] == [True, False, False, False, True]
    assert working_day_on_or_after(NL, date(2026, 4, 3)) == date(2026, 4, 7)  # Easter
    assert add_working_days(NL, date(2026, 4, 2), 1) == date(2026, 4, 7)
    assert add_working_days(NL, date(2026, 4, 4), 1) == date(2026, 4, 7)
    assert add_working_days(NL, date(2026, 4, 2), 0) == date(2026, 4, 2)
    assert add_working_days(NL, date(2026, 4, 4), 0) == date(2026, 4, 7)
    with pytest.raises(ValueError, match="forwards"):
        add_working_days(NL, date(2026, 4, 4), -1)


def test_half_a_year_of_working_days_by_hand():
    days = [date(2026, 7, 1) + n * DAY for n in range(184)]
    assert sum(is_working_day(NL, day) for day in days) == 131  # 132 weekdays; 25 December
    assert sum(is_working_day(SE, day) for day in days) == 129  # and Christmas Eve and New Year's Eve


# -- now


@pytest.mark.parametrize(
    ("local", "open"),
    [
        ("2026-11-03 08:59", False),
        ("2026-11-03 09:00", True),
        ("2026-11-03 16:59", True),
        ("2026-11-03 17:00", False),
        ("2026-11-07 12:00", False),
        ("2026-12-25 12:00", False),
    ],
)
def test_open_now(local, open):
    assert open_now(NL, utc(f"{local} Europe/Amsterdam")) is open


@pytest.mark.parametrize(
    ("local", "stale"),
    [
        ("2026-11-03 09:29", None),
        ("2026-11-03 09:30", False),
        ("2026-11-03 17:00", None),  # after downtime, but they have gone home
        ("2026-11-04 08:59", None),
        ("2026-11-04 09:29", None),
        ("2026-11-04 09:30", False),
        ("2026-11-06 16:59", False),  # the third working day after it
        ("2026-11-07 12:00", None),
        ("2026-11-09 00:00", True),  # the fourth
        ("2026-11-30 23:59", True),
        ("2026-12-01 09:29", None),  # the next period
    ],
)
def test_a_late_nudge_is_sent_while_timely_and_then_recorded_as_missed(local, stale):
    found = slot(CHECKIN, NL, utc(f"{local} Europe/Amsterdam"))
    expected = Slot("2026-11", utc("2026-11-03 09:30 Europe/Amsterdam"), bool(stale))
    assert found == (None if stale is None else expected)


def test_late_is_counted_from_the_day_back():
    now = utc("2026-11-18 10:00 Europe/Amsterdam")
    assert slot(CHECKIN, NL, now) == Slot("2026-11", utc("2026-11-03 09:30 Europe/Amsterdam"), stale=True)
    back = slot(CHECKIN, NL, now, resumed=date(2026, 11, 16))
    assert back == Slot("2026-11", utc("2026-11-16 09:30 Europe/Amsterdam"), stale=False)


def test_late_is_counted_in_their_days_not_in_those_of_greenwich():
    island = Calendar("Pacific/Kiritimati")  # their Tuesday morning is Monday evening in UTC
    due = utc("2026-12-01 09:30 Pacific/Kiritimati")
    assert slot(CHECKIN, island, utc("2026-12-04 16:59 Pacific/Kiritimati")) == Slot("2026-12", due, stale=False)
    assert slot(CHECKIN, island, utc("2026-12-07 00:00 Pacific/Kiritimati")) == Slot("2026-12", due, stale=True)


def test_the_next_moment_is_after_this_one():
    november, december = (utc(f"{day} 09:30 Europe/Amsterdam") for day in ("2026-11-03", "2026-12-01"))
    assert upcoming(CHECKIN, NL, november - MINUTE) == [november]
    assert upcoming(CHECKIN, NL, november) == [december]
    assert upcoming(CHECKIN, NL, november, 0) == []


def test_a_rhythm_that_may_not_be_late_is_for_its_day_only():
    rhythm = Rhythm("standup", "week", "friday", time(9, 30), late=0)
    assert slot(rhythm, NL, utc("2026-11-06 16:59 Europe/Amsterdam")) == Slot(
        "2026-W45", utc("2026-11-06 09:30 Europe/Amsterdam"), stale=False
    )
    assert slot(rhythm, NL, utc("2026-11-08 12:00 Europe/Amsterdam")) is None  # no working day has passed
    tuesday = Rhythm("standup", "week", "tuesday", time(9, 30), late=0)
    late = slot(tuesday, NL, utc("2026-11-04 09:00 Europe/Amsterdam"))
    assert late is not None and late.stale


def test_a_nudge_that_its_period_ended_upon_is_missed():
    evening = monthly("last day", time(16, 30))
    now = utc("2026-12-01 09:00 Europe/Amsterdam")
    assert slot(evening, NL, now) is None
    assert closed(evening, NL, now) == Slot("2026-11", utc("2026-11-30 16:30 Europe/Amsterdam"), stale=True)
    assert closed(evening, NL, now, resumed=date(2026, 12, 1)) is None


def test_a_weekday_changed_in_mid_week_is_the_same_period():
    tuesday, thursday = weekly("tuesday"), weekly("thursday")
    first = slot(tuesday, NL, utc("2026-11-03 10:00 Europe/Amsterdam"))
    second = slot(thursday, NL, utc("2026-11-05 10:00 Europe/Amsterdam"))
    assert first and second and first.period == second.period == "2026-W45"


@pytest.mark.parametrize(
    "ask", [open_now, lambda c, now: slot(CHECKIN, c, now), lambda c, now: upcoming(CHECKIN, c, now)]
)
def test_a_moment_without_a_zone_is_refused(ask):
    with pytest.raises(ValueError, match="needs its time zone"):
        ask(NL, datetime(2026, 11, 3, 9, 30))  # noqa: DTZ001


# -- reminders


@pytest.mark.parametrize(
    ("nudged", "step", "local"),
    [
        ("2026-11-03 09:30", 1, "2026-11-06 09:30"),
        ("2026-11-03 09:30", 2, "2026-11-10 09:30"),
        ("2026-11-06 15:00", 1, "2026-11-11 09:30"),  # sent late: counted from when it was sent
        ("2026-11-03 09:30", 3, None),
        ("2026-11-03 09:30", 0, None),
        ("2026-12-22 09:30", 1, "2026-12-28 09:30"),  # Christmas on a Friday
        ("2026-11-26 09:30", 1, None),  # the month closes first
    ],
)
def test_reminders_come_on_working_days_and_stop_with_the_period(nudged, step, local):
    expected = local and utc(f"{local} Europe/Amsterdam")
    assert reminder(CHECKIN, NL, utc(f"{nudged} Europe/Amsterdam"), step) == expected


def test_a_reminder_belongs_to_the_period_of_its_nudge():
    honolulu = Calendar("Pacific/Honolulu")  # where it is still November
    nudged = utc("2026-12-01 09:30 Europe/Amsterdam")
    assert reminder(CHECKIN, honolulu, nudged, 1) is None
    assert reminder(CHECKIN, honolulu, nudged, 1, "2026-12") == utc("2026-12-03 09:30 Pacific/Honolulu")


# -- every zone, ten years

# "localtime" is this machine's own zone and not on every machine; "Factory" and "posixrules" are no places
ZONES = sorted(available_timezones() - {"localtime", "Factory", "posixrules"})
FIRST, LAST = date(2024, 1, 1), date(2034, 12, 31)
COUNTRIES = ("", "NL", "SE", "US", "IL", "AE", "JP", "DE-BY", "BR", "IN")
ON = {
    "week": (*WEEKDAYS, "first workday", "last workday"),
    "month": (
        *(f"{nth} {day}" for nth in ("first", "second", "third", "fourth", "last") for day in WEEKDAYS),
        *(f"day {n}" for n in range(1, 32)),
        *("last day", "first workday", "last workday", "5 days before end", "3 weeks before end"),
    ),
    "quarter": ("first tuesday", "last friday", "day 92", "last workday", "2 weeks before end", "89 days before end"),
    "half-year": ("fourth monday", "last sunday", "day 184", "first workday", "2 weeks before end"),
    "year": ("third wednesday", "last friday", "day 366", "last day", "51 weeks before end"),
}

explore = settings(derandomize="EXPLORE" not in os.environ, deadline=None, max_examples=150)
minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
hours = st.tuples(minutes, minutes).filter(lambda pair: pair[0] < pair[1])
calendars = st.builds(
    lambda zone, country, days, hours: Calendar(zone, country, tuple(days), *hours),
    st.sampled_from(ZONES),
    st.sampled_from(COUNTRIES),
    st.sets(st.integers(0, 6), min_size=1),
    hours | st.just((time(9), time(17))),
)
rhythms = st.sampled_from([(every, on) for every, all_on in ON.items() for on in all_on]).flatmap(
    lambda said: st.builds(Rhythm, st.just("checkin"), st.just(said[0]), st.just(said[1]), minutes, st.just((1, 3, 5)))
)
days = st.dates(FIRST, LAST)
moments = st.datetimes(datetime(2024, 1, 2), datetime(2034, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def happens(local, zone):
    """PEP 495: only in a gap is the offset before the change (fold 0) the smaller."""
    there = local.replace(tzinfo=ZoneInfo(zone))
    return there.replace(fold=0).utcoffset() >= there.replace(fold=1).utcoffset()


def works(calendar, day):
    opening, closing = datetime.combine(day, calendar.start), datetime.combine(day, calendar.end)
    at_work = (opening + n * MINUTE for n in range((closing - opening) // MINUTE))
    off = day.weekday() not in calendar.days or day in holidays_in(calendar.country, day.year)
    return not off and any(happens(minute, calendar.zone) for minute in at_work)


def own_day(on, every, period):
    """The rhythm's day, found by counting through the period instead of by arithmetic."""
    first, last = bounds(every, period)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    words = on.split()
    if words[-1] in WEEKDAYS:
        such = [day for day in days if WEEKDAYS[day.weekday()] == words[-1]]
        return such[{"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}[words[0]] if words[1:] else 0]
    if words[0] == "day":
        return days[: int(words[1])][-1]
    if words[-1] == "end":
        return days[-1 - int(words[0]) * (7 if words[1].startswith("week") else 1)]
    return days[0] if words[0] == "first" else days[-1]


@explore
@given(rhythms, calendars, days)
def test_one_moment_a_period_on_the_right_working_day(rhythm, calendar, day):
    period = period_of(rhythm.every, day)
    first, last = bounds(rhythm.every, period)
    worked = [d for n in range((last - first).days + 1) if works(calendar, d := first + n * DAY)]
    at = moment(rhythm, calendar, period)
    if not worked:
        assert at is None
        return
    local = at.astimezone(ZoneInfo(calendar.zone))
    own = own_day(rhythm.on, rhythm.every, period)
    assert local.date() == min((d for d in worked if d >= own), default=worked[-1])  # before its day: the period wins
    assert calendar.start <= local.time() < calendar.end
    if calendar.start <= rhythm.at < calendar.end and happens(datetime.combine(local.date(), rhythm.at), calendar.zone):
        assert local.time() == rhythm.at
    assert at.tzinfo is UTC and open_now(calendar, at)


@explore
@given(rhythms, calendars, days, days)
def test_leave_only_ever_puts_a_nudge_off(rhythm, calendar, day, resumed):
    period = period_of(rhythm.every, day)
    usual, at = moment(rhythm, calendar, period), moment(rhythm, calendar, period, resumed)
    if at is not None:
        local = at.astimezone(ZoneInfo(calendar.zone)).date()
        assert usual is not None and at >= usual
        assert max(resumed, bounds(rhythm.every, period)[0]) <= local <= bounds(rhythm.every, period)[1]
    if usual is not None and resumed <= usual.astimezone(ZoneInfo(calendar.zone)).date():
        assert at == usual


@explore
@given(rhythms, calendars, moments, st.integers(1, 8))
def test_upcoming_agrees_with_moment(rhythm, calendar, now, count):
    found = upcoming(rhythm, calendar, now, count)
    assert len(found) == count and all(a < b for a, b in pairwise([now, *found]))
    period = period_of(rhythm.every, now.astimezone(ZoneInfo(calendar.zone)).date())
    known = []
    while len(known) < count:
        if (at := moment(rhythm, calendar, period)) and at > now:
            known.append(at)
        period = period_after(rhythm.every, period)
    assert found == known


@explore
@given(rhythms, calendars, moments, st.integers(1, 3))
def test_a_reminder_counts_working_days(rhythm, calendar, now, step):
    (nudged,) = upcoming(rhythm, calendar, now)
    sent = nudged.astimezone(ZoneInfo(calendar.zone)).date()
    at = reminder(rhythm, calendar, nudged, step)
    _, last = bounds(rhythm.every, period_of(rhythm.every, sent))
    left = [day for n in range(1, (last - sent).days + 1) if works(calendar, day := sent + n * DAY)]
    if len(left) < rhythm.remind[step - 1]:
        assert at is None
    else:
        assert at.astimezone(ZoneInfo(calendar.zone)).date() == left[rhythm.remind[step - 1] - 1]
        assert open_now(calendar, at)


@explore
@given(calendars)
def test_a_calendar_survives_its_key(calendar):
    assert Calendar.parse(calendar.key) == calendar


def test_every_zone_has_its_check_in_every_month_for_ten_years():
    months = [f"{year}-{month:02}" for year in range(2024, 2034) for month in range(1, 13)]
    for zone in ZONES:
        calendar, here = Calendar(zone), ZoneInfo(zone)
        for month in months:
            local = moment(CHECKIN, calendar, month).astimezone(here)
            assert (local.weekday(), local.hour, local.minute, local.day <= 7) == (1, 9, 30, True), (zone, month)
            assert f"{local:%Y-%m}" == month


# -- a clock that is stepped


@cache
def clock_changes():
    """Every (zone, first moment of a UTC week in which its offset changes), 2024–2034."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    weeks = [start + n * 7 * DAY for n in range(573)]
    found = []
    for zone in ZONES:
        offsets = [week.astimezone(ZoneInfo(zone)).utcoffset() for week in weeks]
        found += [(zone, weeks[n]) for n, (a, b) in enumerate(pairwise(offsets)) if a != b]
    return found


def change(zone, week):
    """The first minute (UTC) of the new offset."""
    low, high = week, week + 7 * DAY
    before = low.astimezone(ZoneInfo(zone)).utcoffset()
    while high - low > MINUTE:
        middle = low + (high - low) // MINUTE // 2 * MINUTE
        low, high = (middle, high) if middle.astimezone(ZoneInfo(zone)).utcoffset() == before else (low, middle)
    return high


def test_no_clock_change_on_earth_loses_an_hour_that_was_promised():
    changes = clock_changes()
    assert len({zone for zone, _ in changes}) > 150
    for zone, week in changes:
        calendar = Calendar(zone, "", *ROUND_THE_CLOCK)
        local = change(zone, week).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        for wished in (local - 90 * MINUTE, local - 30 * MINUTE, local, local + 30 * MINUTE):  # one is in the gap
            day, at = wished.date(), wished.time()
            found = on_day(calendar, day, at).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            if happens(wished, zone):
                assert found == wished, (zone, wished)
            else:  # on the same date, after the gap or, where the gap ends the day, before it
                late = found - wished
                assert found.date() == day and abs(late) <= 2 * HOUR, (zone, wished)
                assert late > timedelta() or not happens(datetime.combine(day, time(23, 58)), zone), (zone, wished)


def play(rhythm, calendar, clock):
    """What a planner with a unique row for each period makes of it: {period: (sent or missed, when)}."""
    rows = {}
    for now in clock:
        for found in (closed(rhythm, calendar, now), slot(rhythm, calendar, now)):
            if found and found.period not in rows:
                rows[found.period] = (found.stale, now)
    return rows


@settings(explore, max_examples=40)
@given(st.data())
def test_stepped_by_minutes_through_a_clock_change_each_period_is_nudged_once(data):
    zone, week = data.draw(st.sampled_from(clock_changes()))
    at = change(zone, week)
    weekday = WEEKDAYS[(at - MINUTE).astimezone(ZoneInfo(zone)).weekday()]
    wished = data.draw(st.integers(0, 5 * 60))
    rhythm = Rhythm("checkin", "week", weekday, time(wished // 60, wished % 60))
    open, close = data.draw(hours | st.just(ROUND_THE_CLOCK[1:]))
    calendar = Calendar(zone, "", tuple(range(7)), open, close)
    clock = [at - 30 * HOUR + n * MINUTE for n in range(54 * 60)]
    due = [m for m in upcoming(rhythm, calendar, clock[0] - MINUTE, 2) if m <= clock[-1]]
    rows = play(rhythm, calendar, clock)
    sent = sorted(when for stale, when in rows.values() if not stale and when > clock[0])
    assert due and set(due) <= set(sent)  # at its very minute
    assert len(sent) - len(due) <= 1  # and a late one, if the clock was first read after its moment
    assert all(open_now(calendar, when) for when in sent)


@settings(explore, max_examples=40)
@given(rhythms.filter(lambda r: r.every in ("week", "month")), calendars, moments, st.data())
def test_whatever_the_downtime_each_period_is_sent_or_missed_once_and_never_at_night(rhythm, calendar, start, data):
    clock = [start + n * HOUR for n in range(75 * 24)]
    for _ in range(data.draw(st.integers(0, 3))):
        down = data.draw(st.integers(0, len(clock) - 1))
        del clock[down : down + data.draw(st.integers(1, 15 * 24))]
    rows = play(rhythm, calendar, clock)
    assert all(stale or open_now(calendar, when) for stale, when in rows.values())
    seen = {period_of(rhythm.every, now.astimezone(ZoneInfo(calendar.zone)).date()) for now in clock}
    for period in sorted(seen)[:-1]:  # all but the one still running
        if period_after(rhythm.every, period) in seen:  # unless the bot slept through the whole next one
            assert (period in rows) == (moment(rhythm, calendar, period) is not None)


# -- the defaults


@pytest.mark.parametrize("calendar", [NL, SE, US])
def test_twice_a_year_something_comes_on_days_of_its_own(calendar):
    """R2: far from the check-in, the look back, and each other, so that no week has more than one of them."""
    rhythms = Settings().rhythms
    since = datetime(2024, 1, 1, tzinfo=UTC)
    often = {"checkin": 12, "review": 4, "aspirations": 2, "expectations": 2}  # a year
    days = [(at.date(), name) for name, n in often.items() for at in upcoming(rhythms[name], calendar, since, 11 * n)]
    for (before, one), (after, other) in pairwise(sorted(days)):
        assert (after - before).days >= 7 or {one, other} == {"checkin", "review"}, (before, one, after, other)


def test_who_a_rhythm_is_for():
    for whom, leader, other in (("everybody", True, True), ("managers", True, False), ("nobody", False, False)):
        rhythm = Rhythm("tips", "week", "monday", time(9, 30), whom=whom)
        assert (rhythm.concerns(True), rhythm.concerns(False)) == (leader, other)
