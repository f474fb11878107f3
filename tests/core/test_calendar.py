"""R1, R3: how days run and how a rhythm's day is written."""

from datetime import date, time, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calendar import (
    Calendar,
    Every,
    Phrase,
    Rhythm,
    after,
    before,
    bounds,
    country_of,
    holidays_in,
    known_country,
    phrase,
)
from bot.core.calendar import period as period_of

AMSTERDAM = Calendar("Europe/Amsterdam", "NL")
CADENCES = get_args(Every)


def test_a_calendar_is_its_key():
    assert AMSTERDAM.key == "Europe/Amsterdam|NL|01234|09:00|17:00"
    assert Calendar.parse(AMSTERDAM.key) == AMSTERDAM
    assert Calendar("UTC").key == "UTC||01234|09:00|17:00"


def test_the_same_days_have_the_same_key_however_they_are_given():
    sunday_first = Calendar("Asia/Jerusalem", "il", (6, 0, 1, 2, 3, 3))
    assert sunday_first == Calendar.parse("Asia/Jerusalem|IL|01236|09:00|17:00")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "Europe/Amsterdam|NL|01234|09:00",
        "Europe/Amsterdam|NL|43210|09:00|17:00",  # the same calendar, but no such group
        "Europe/Amsterdam|nl|01234|09:00|17:00",
        "Europe/Amsterdam|NL|01234|09|17:00",
        "Europe/Amsterdam|NL|0١234|09:00|17:00",
        "Europe/Amsterdam|NL||09:00|17:00",
        "Europe/Atlantis|NL|01234|09:00|17:00",
    ],
)
def test_a_key_has_one_spelling(key):
    with pytest.raises(ValueError, match="is no calendar"):
        Calendar.parse(key)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"zone": "Amsterdam"}, "is no time zone; write for example"),
        ({"zone": "Europe"}, "is no time zone"),  # a folder of the zone data
        ({"zone": ""}, "is no time zone"),
        ({"zone": "../Europe/Amsterdam"}, "is no time zone"),
        ({"country": "Holland"}, "is no country; write for example"),
        ({"country": "NL|"}, "is no country"),
        ({"country": "DE-"}, "is no country"),
        ({"days": ()}, "working days are"),
        ({"days": (7,)}, "working days are"),
        ({"start": time(17), "end": time(9)}, "working hours are"),
        ({"start": time(9), "end": time(9)}, "working hours are"),
        ({"start": time(9, 0, 30)}, "working hours are"),
    ],
)
def test_a_wrong_calendar_says_what_to_write(wrong, said):
    with pytest.raises(ValueError, match=said):
        Calendar(**{"zone": "Europe/Amsterdam", **wrong})


@pytest.mark.parametrize(
    ("country", "known"),
    [
        ("", True),
        ("NL", True),
        ("nl", True),
        ("DE-BY", True),
        ("GB-SCT", True),
        ("DE-XX", False),
        ("XX", False),
        ("NL-", False),
    ],
)
def test_whether_a_country_is_known(country, known):
    assert known_country(country) is known


def test_holidays_of_a_country_a_region_and_of_nowhere():
    corpus_christi = date(2026, 6, 4)
    assert corpus_christi in holidays_in("DE-BY", 2026) - holidays_in("DE", 2026)
    assert holidays_in("DE-XX", 2026) == holidays_in("DE", 2026)
    assert holidays_in("XX", 2026) == holidays_in("", 2026) == frozenset()


def test_a_year_for_which_not_all_feasts_are_dated_yet_keeps_those_that_are():
    assert date(2036, 8, 15) in holidays_in("IN", 2036)


def test_midsummers_eve_is_a_day_off_though_no_law_says_so():
    assert {date(2026, 6, 19), date(2026, 12, 24), date(2026, 12, 31)} <= holidays_in("SE", 2026)


PERIODS = [
    ("week", date(2026, 12, 31), "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
    ("week", date(2027, 1, 3), "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
    ("week", date(2024, 12, 30), "2025-W01", date(2024, 12, 30), date(2025, 1, 5)),
    ("month", date(2028, 2, 29), "2028-02", date(2028, 2, 1), date(2028, 2, 29)),
    ("month", date(2026, 12, 1), "2026-12", date(2026, 12, 1), date(2026, 12, 31)),
    ("quarter", date(2026, 11, 21), "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
    ("quarter", date(2026, 1, 1), "2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
    ("half-year", date(2026, 6, 30), "2026-H1", date(2026, 1, 1), date(2026, 6, 30)),
    ("half-year", date(2026, 11, 21), "2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
    ("year", date(2026, 11, 21), "2026", date(2026, 1, 1), date(2026, 12, 31)),
]


@pytest.mark.parametrize(("every", "day", "name", "first", "last"), PERIODS)
def test_a_period_and_its_bounds(every, day, name, first, last):
    assert (period_of(every, day), bounds(every, name)) == (name, (first, last))


@settings(derandomize=True, deadline=None)
@given(st.sampled_from(CADENCES), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_periods_cover_every_day_once(every, day):
    name = period_of(every, day)
    first, last = bounds(every, name)
    assert first <= day <= last
    assert bounds(every, after(every, name))[0] == last + timedelta(days=1)
    assert before(every, after(every, name)) == name


@pytest.mark.parametrize(
    ("every", "name"),
    [
        ("week", "2025-W53"),  # 2025 has 52
        ("week", "2026-W00"),
        ("month", "2026-13"),
        ("month", "2026-00"),
        ("month", "2026-Q4"),
        ("quarter", "2026-Q0"),
        ("quarter", "2026-Q5"),
        ("half-year", "2026-H3"),
        ("year", "26"),
        ("year", "0000"),
        ("month", "2026-1١"),
    ],
)
def test_what_is_no_period(every, name):
    with pytest.raises(ValueError, match=f"'{name}' is no {every}"):
        bounds(every, name)


@pytest.mark.parametrize(
    ("every", "on", "said"),
    [
        ("week", "monday", Phrase("weekday", 1, 0)),
        ("week", "last workday", Phrase("before end", 0)),
        ("month", "first tuesday", Phrase("weekday", 1, 1)),
        ("month", " Last  FRIDAY ", Phrase("weekday", -1, 4)),
        ("month", "day 31", Phrase("day", 31)),
        ("month", "first workday", Phrase("day", 1)),
        ("quarter", "last day", Phrase("before end", 0)),
        ("quarter", "2 weeks before end", Phrase("before end", 14)),
        ("quarter", "2 weeks before the end", Phrase("before end", 14)),
        ("quarter", "1 day before end", Phrase("before end", 1)),
        ("year", "day 366", Phrase("day", 366)),
    ],
)
def test_a_day_in_words(every, on, said):
    assert phrase(every, on) == said


@pytest.mark.parametrize(
    ("every", "on"),
    [
        ("week", "first tuesday"),
        ("week", "day 2"),
        ("week", "2 days before end"),
        ("month", "tuesday"),
        ("month", "fifth friday"),  # not every month has one
        ("month", "day 0"),
        ("month", "day 32"),
        ("month", "4 weeks before end"),  # before a short February begins
        ("month", "1st tue"),
        ("month", ""),
        ("quarter", "13 weeks before end"),
    ],
)
def test_what_is_no_day_of_such_a_period_says_what_to_write(every, on):
    with pytest.raises(ValueError, match="write for example '") as refused:
        Rhythm("checkin", every, on, time(9, 30))
    for example in str(refused.value).split("'")[3::2]:
        phrase(every, example)  # the advice holds


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"every": "fortnight"}, "is no cadence; write one of week, month"),
        ({"at": time(9, 30, 15)}, "such as 09:30"),
        ({"remind": (5, 3)}, "rising"),
        ({"remind": (0,)}, "rising"),
        ({"remind": (3, 3)}, "rising"),
        ({"late": -1}, "0 or more"),
        ({"whom": "bosses"}, "write one of everybody, managers, nobody"),
    ],
)
def test_a_wrong_rhythm_says_what_to_write(wrong, said):
    with pytest.raises(ValueError, match=said):
        Rhythm(**{"name": "checkin", "every": "month", "on": "first tuesday", "at": time(9, 30), **wrong})


@pytest.mark.parametrize(
    ("zone", "country"), [("Europe/Amsterdam", "NL"), ("America/New_York", "US"), ("UTC", ""), ("Nowhere", "")]
)
def test_the_country_follows_from_the_zone_where_it_can(zone, country):
    assert country_of(zone) == country
