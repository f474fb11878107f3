"""Days as people write them, in three languages: read as a whole, or not at all. Every case is read on one Thursday."""

import os
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.dates import read_day
from bot.core.wording import LANGUAGES, day

explore = settings(derandomize="EXPLORE" not in os.environ, deadline=None)  # EXPLORE=1 searches anew
TODAY = date(2026, 11, 19)  # a Thursday


def read(lang: str, text: str) -> str | None:
    """The day as month-day, with its year where that is another one."""
    found = read_day(text, lang, TODAY)
    if found is None:
        return None
    return f"{found:%m-%d}" if found.year == TODAY.year else f"{found:%Y-%m-%d}"


ENGLISH = {
    "today": "11-19",
    "Tonight": "11-19",
    "tomorrow": "11-20",
    "tomorrow morning": "11-20",
    "by tomorrow at 10": "11-20",
    "the day after tomorrow": "11-21",
    "friday": "11-20",
    "Friday!": "11-20",
    "fri": "11-20",
    "on Friday afternoon": "11-20",
    "by friday": "11-20",
    "before friday": "11-20",
    "this friday": "11-20",
    "this coming friday": "11-20",
    "thursday": "11-26",
    "wednesday": "11-25",
    "next friday": "11-27",
    "by next friday": "11-27",
    "next thursday": "11-26",
    "next week": "11-26",
    "next week friday": "11-27",
    "friday next week": "11-27",
    "next week on monday": "11-23",
    "friday this week": "11-20",
    "in two weeks": "12-03",
    "within two weeks": "12-03",
    "two weeks": "12-03",
    "two weeks from now": "12-03",
    "in two weeks’ time": "12-03",
    "in 2 weeks": "12-03",
    "in 10 days": "11-29",
    "in a week": "11-26",
    "a couple of weeks": "12-03",
    "in a fortnight": "12-03",
    "in a month": "12-19",
    "next month": "12-19",
    "in half a year": "2027-05-19",
    "end of the week": "11-20",
    "by the end of this week": "11-20",
    "end of next week": "11-27",
    "end of the month": "11-30",
    "by the end of the month": "11-30",
    "end of next month": "12-31",
    "end of november": "11-30",
    "end of January": "2027-01-31",
    "end of the quarter": "12-31",
    "end of the year": "12-31",
    "the 12th": "12-12",
    "by the 12th": "12-12",
    "12th": "12-12",
    "the 19th": "11-19",
    "the 31st": "12-31",
    "friday the 20th": "11-20",
    "12 december": "12-12",
    "12 Dec": "12-12",
    "12th of December": "12-12",
    "December 12": "12-12",
    "dec. 12th": "12-12",
    "december 12, 2027": "2027-12-12",
    "saturday 12 december": "12-12",
    "12 october": "2027-10-12",
    "19 november": "11-19",
    "29 february": "2028-02-29",
    "may 4": "2027-05-04",
    "24/12": "12-24",
    "12/24": "12-24",
    "24/12/2027": "2027-12-24",
    "1/1": "2027-01-01",
    "24.12.2026": "12-24",
    "2026-12-12": "12-12",
    "+14": "12-03",
    " next   friday ": "11-27",
}
SWEDISH = {
    "idag": "11-19",
    "i morgon": "11-20",
    "imorgon förmiddag": "11-20",
    "i övermorgon": "11-21",
    "fredag": "11-20",
    "på fredag": "11-20",
    "På fredag.": "11-20",
    "nu på fredag": "11-20",
    "senast på fredag": "11-20",
    "till fredag": "11-20",
    "fre": "11-20",
    "på fredag eftermiddag": "11-20",
    "fredag kl 10": "11-20",
    "torsdag": "11-26",
    "nästa fredag": "11-27",
    "fredag nästa vecka": "11-27",
    "på fredag i nästa vecka": "11-27",
    "nästa vecka på fredag": "11-27",
    "nästa vecka": "11-26",
    "om en vecka": "11-26",
    "om två veckor": "12-03",
    "inom två veckor": "12-03",
    "om ett par veckor": "12-03",
    "om 14 dagar": "12-03",
    "om fjorton dagar": "12-03",
    "om en månad": "12-19",
    "nästa månad": "12-19",
    "om ett halvår": "2027-05-19",
    "i slutet av veckan": "11-20",
    "slutet av nästa vecka": "11-27",
    "i slutet av månaden": "11-30",
    "slutet på månaden": "11-30",
    "i slutet av november": "11-30",
    "i slutet av året": "12-31",
    "den 12:e": "12-12",
    "den 12": "12-12",
    "12:e": "12-12",
    "den 31:a": "12-31",
    "fredagen den 20": "11-20",
    "12 december": "12-12",
    "den 12 dec": "12-12",
    "den 12:e december": "12-12",
    "lördagen den 12 december 2026": "12-12",
    "4 maj": "2027-05-04",
    "24/12": "12-24",
    "4/12": "12-04",
    "2026-12-12": "12-12",
    "next friday": "11-27",  # English is understood by all
}
DUTCH = {
    "vandaag": "11-19",
    "morgen": "11-20",
    "morgenochtend": "11-20",
    "morgen om 10 uur": "11-20",
    "overmorgen": "11-21",
    "vrijdag": "11-20",
    "op vrijdag": "11-20",
    "voor vrijdag": "11-20",
    "uiterlijk vrijdag": "11-20",
    "komende vrijdag": "11-20",
    "a.s. vrijdag": "11-20",
    "vrijdag a.s.": "11-20",
    "vrijdagmiddag": "11-20",
    "maandagmorgen": "11-23",
    "vr": "11-20",
    "donderdag": "11-26",
    "volgende vrijdag": "11-27",
    "volgende week vrijdag": "11-27",
    "vrijdag volgende week": "11-27",
    "volgende week": "11-26",
    "over een week": "11-26",
    "over één week": "11-26",
    "over twee weken": "12-03",
    "binnen twee weken": "12-03",
    "in twee weken": "12-03",
    "twee weken": "12-03",
    "over 10 dagen": "11-29",
    "over veertien dagen": "12-03",
    "over een maand": "12-19",
    "volgende maand": "12-19",
    "over een half jaar": "2027-05-19",
    "eind van de week": "11-20",
    "eind volgende week": "11-27",
    "eind van de maand": "11-30",
    "aan het eind van de maand": "11-30",
    "einde van de maand": "11-30",
    "eind deze maand": "11-30",
    "eind volgende maand": "12-31",
    "eind november": "11-30",
    "eind van het jaar": "12-31",
    "eind van het kwartaal": "12-31",
    "de 12e": "12-12",
    "12e": "12-12",
    "vrijdag de 20e": "11-20",
    "12 december": "12-12",
    "12 mrt": "2027-03-12",
    "za 12 dec": "12-12",
    "zaterdag 12 december 2026": "12-12",
    "4 mei": "2027-05-04",
    "24-12": "12-24",
    "4-12": "12-04",
    "4/12": "12-04",
    "24-12-2026": "12-24",
    "in two weeks": "12-03",
}
CASES = [
    (lang, text, day)
    for lang, table in (("en", ENGLISH), ("sv", SWEDISH), ("nl", DUTCH))
    for text, day in table.items()
]


@pytest.mark.parametrize(("lang", "text", "expected"), CASES)
def test_a_day_is_read(lang: str, text: str, expected: str) -> None:
    assert read(lang, text) == expected


NO_DAY = [
    *(
        "",
        " ",
        "?",
        "12",
        "3",
        "2027",
        "20261212",
        "2026-W50-1",
        "１２",
        "12:30",
        "12.30",
        "9.30",
        "2 pm",
        "+",
        "+1000",
        "+-3",
    ),
    *("soon", "now", "later", "someday", "maybe friday", "friday or monday", "I will do it tomorrow", "not on friday"),
    *("friday is my day off", "two weeks ago", "a week or two", "weeks", "the", "next", "end of", "may", "december"),
    *("30 february", "32 december", "december 32", "the 32nd", "the 0th", "0 december", "31 november", "13/13"),
    *("friday 12 december", "friday the 19th", "monday this week", "24.12", "yesterday"),
    *("snart", "kanske på fredag", "fredag eller måndag", "maj", "jag gör det i morgon", "för två veckor sedan", "nu"),
    *("binnenkort", "misschien vrijdag", "zo", "ik doe het morgen", "twee weken geleden", "over een week of twee"),
    *("komende week", "mei", "x" * 61, "tomorrow " * 500, "29 february 2027", "12 december 0000"),
]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("text", NO_DAY)
def test_what_is_no_day_is_not_taken_for_one(lang: str, text: str) -> None:
    assert read(lang, text) is None


def test_day_and_month_in_digits_are_read_only_where_all_write_the_day_first() -> None:
    assert [read(lang, "4/12") for lang in LANGUAGES] == [None, "12-04", "12-04"]
    assert [read(lang, "05/06/2027") for lang in LANGUAGES] == [None, "2027-06-05", "2027-06-05"]
    assert [read(lang, "12/12") for lang in LANGUAGES] == ["12-12"] * 3


def test_no_language_reads_the_words_of_another_except_english() -> None:
    assert read("en", "om två veckor") is read("en", "over twee weken") is read("sv", "over twee weken") is None
    assert read("fr", "next friday") == "11-27"


@pytest.mark.parametrize("lang", LANGUAGES)
@explore
@given(st.dates(date(2024, 1, 1), date(2034, 1, 1)), st.integers(0, 364))
def test_a_day_we_write_is_read_back(lang: str, today: date, days: int) -> None:
    meant = today + timedelta(days=days)
    assert read_day(day(meant, lang), lang, today) == meant


@explore
@given(st.text(max_size=70), st.sampled_from(LANGUAGES), st.dates())
def test_nothing_typed_can_break_it(text: str, lang: str, today: date) -> None:
    found = read_day(text, lang, today)
    assert found is None or isinstance(found, date)


@pytest.mark.parametrize("lang", LANGUAGES)
@explore
@given(st.dates(date(2024, 1, 1), date(2034, 1, 1)))
def test_a_weekday_is_ahead_and_next_is_in_the_week_after(lang: str, today: date) -> None:
    friday, next_ = {"en": ("friday", "next"), "sv": ("fredag", "nästa"), "nl": ("vrijdag", "volgende")}[lang]
    coming, following = read_day(friday, lang, today), read_day(f"{next_} {friday}", lang, today)
    assert coming and following
    assert coming.weekday() == following.weekday() == 4
    assert 1 <= (coming - today).days <= 7
    assert following.isocalendar()[:2] == (today + timedelta(days=7)).isocalendar()[:2]


def test_at_a_weekend_the_end_of_the_week_is_its_sunday() -> None:
    saturday = date(2026, 11, 21)
    assert read_day("end of the week", "en", saturday) == date(2026, 11, 22)
    assert read_day("this friday", "en", saturday) == read_day("next friday", "en", saturday) == date(2026, 11, 27)


def test_months_have_their_own_ends() -> None:
    assert read_day("in a month", "en", date(2027, 1, 31)) == date(2027, 2, 28)
    assert read_day("eind februari", "nl", date(2028, 1, 31)) == date(2028, 2, 29)
    assert read_day("the 31st", "en", date(2027, 2, 1)) == date(2027, 3, 31)
    assert read_day("i slutet av månaden", "sv", date(2026, 12, 31)) == date(2026, 12, 31)


def test_without_today_only_a_written_date_is_read() -> None:
    assert read_day("2026-12-12", "en") == date(2026, 12, 12)
    assert read_day("next friday", "en") is read_day("+14", "en") is read_day("2026-13-12", "en") is None


def test_beyond_the_calendar_there_is_no_day() -> None:
    assert read_day("+999", "en", date.max) is read_day("in 12 years", "en", date.max) is None
    assert read_day("end of january", "en", date.max) is None
