"""A time as people ask for it when they look back: `november`, `q4`, `2026`, `förra månaden`, `week 47 2025`.

A span is kept by its key: a period's (see `calendar.period`), or a single day's `2026-11-03`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import get_args
from zoneinfo import ZoneInfo

from babel.dates import format_date

from bot.core.calendar import Every, before, bounds, period
from bot.core.dates import WORDS
from bot.core.wording import LANGUAGES, locale, named, written

LAST: Mapping[str, str] = {"en": "last|previous|past", "sv": "förra|i förra", "nl": "vorige|vorig|afgelopen"}
DAYS: Mapping[str, Mapping[str, int]] = {
    "en": {"today": 0, "yesterday": 1},
    "sv": {"i dag": 0, "idag": 0, "i går": 1, "igår": 1},
    "nl": {"vandaag": 0, "gisteren": 1},
}
LAST_YEAR = ("i fjol",)
UNITS: tuple[Every, ...] = ("week", "month", "quarter", "year")
LONGEST = 3  # words of a span


def read_span(text: str, lang: str, today: date) -> str | None:
    """The key of the span this text names, in the reader's language or in English: where no year is said the latest
    that has begun by `today`. None where it names none."""
    text = " ".join(text.casefold().split())
    try:
        for each in dict.fromkeys((lang, "en")):
            if each in LANGUAGES and (key := _relative(text, each, today) or _dated(text, each, today)):
                limits(key)
                return key
    except (ValueError, OverflowError):  # week 60, or a year beyond the calendar
        return None
    return None


def _relative(text: str, lang: str, today: date) -> str | None:
    if text in DAYS[lang]:
        return (today - timedelta(days=DAYS[lang][text])).isoformat()
    if lang == "sv" and text in LAST_YEAR:
        return before("year", period("year", today))
    words = WORDS[lang]
    for unit in UNITS:
        named_so = f"(?:{getattr(words, unit)})"
        if re.fullmatch(f"(?:i )?(?:{words.this}) {named_so}", text):
            return period(unit, today)
        if re.fullmatch(f"(?:{LAST[lang]}) {named_so}", text):
            return before(unit, period(unit, today))
    return None


def _dated(text: str, lang: str, today: date) -> str | None:
    if re.fullmatch(r"(?:19|20)\d\d(?:-(?:\d\d(?:-\d\d)?|[qhw]\d{1,2}))?", text, re.ASCII):
        return text.upper()
    words, year = WORDS[lang], "(?:,? (?P<year>(?:19|20)[0-9]{2}))?"
    if found := re.fullmatch(rf"(?:(?:{words.week}) ?|[wv])(?P<n>[0-9]{{1,2}}){year}", text):
        return _latest("week", "-W{:02}", int(found["n"]), found["year"], today)
    if found := re.fullmatch(rf"(?:(?:{words.quarter}) ?|q|k)(?P<n>[1-4]){year}", text):
        return _latest("quarter", "-Q{}", int(found["n"]), found["year"], today)
    if (found := re.fullmatch(rf"(?P<name>\w+)\.?{year}", text)) and found["name"] in _months(lang):
        return _latest("month", "-{:02}", _months(lang)[found["name"]], found["year"], today)
    return None


def _latest(every: Every, ending: str, number: int, year: str | None, today: date) -> str:
    """The period of this number: of the year that was said, else the latest that has begun."""
    if year:
        return year + ending.format(number)
    this = today.isocalendar().year if every == "week" else today.year
    key = f"{this:04}{ending.format(number)}"
    return key if bounds(every, key)[0] <= today else f"{this - 1:04}{ending.format(number)}"


@lru_cache(maxsize=8)
def _months(lang: str) -> dict[str, int]:
    """Whole names and short ones."""
    names = locale(lang).months["format"]
    return {
        name.casefold().strip("."): number for width in ("abbreviated", "wide") for number, name in names[width].items()
    }


def limits(key: str) -> tuple[date, date]:
    """Its first and last day. Raises ValueError for what is no span's key."""
    for every in get_args(Every):
        try:
            return bounds(every, key)
        except ValueError:
            continue
    day = date.fromisoformat(key)
    if key != day.isoformat():
        raise ValueError(f"'{key}' is no span")
    return day, day


def moments(key: str, zone: str) -> tuple[datetime, datetime]:
    """When it begins, and when it is over, for somebody who lives in this zone."""
    first, last = limits(key)
    begins, over = (datetime.combine(day, time(), ZoneInfo(zone)) for day in (first, last + timedelta(days=1)))
    return begins.astimezone(UTC), over.astimezone(UTC)


def recent(today: date) -> Iterator[str]:
    """The spans that are asked for most: this and the last month, quarter and year."""
    for unit in UNITS[1:]:
        key = period(unit, today)
        yield from (key, before(unit, key))


def span_named(key: str, lang: str, today: date) -> str:
    """As people call it, with the year where it is not this year's: `November`, `Q4 2025`."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", key):
        return dated(date.fromisoformat(key), lang, today)
    year, _, part = key.partition("-")
    return f"{named(key, lang)} {year}" if part and int(year) != today.year else named(key, lang)


def dated(day: date, lang: str, today: date) -> str:
    """`Tuesday 2 December`, and with its year where that is not this one: `2 December 2025`."""
    return written(day, lang) if day.year == today.year else str(format_date(day, "d MMMM y", locale=locale(lang)))
