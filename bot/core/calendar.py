"""How a person's days run, and the periods and phrases in which a rhythm is told. Dates only; when a nudge falls due
stands in bot.core.moments."""

import re
import warnings
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import holidays

Every = Literal["week", "month", "quarter", "half-year", "year"]
Whom = Literal["everybody", "managers", "nobody"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_MONTHS: dict[Every, int] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
_LENGTHS: dict[Every, tuple[int, int]] = {  # days: the shortest and the longest
    "month": (28, 31),
    "quarter": (90, 92),
    "half-year": (181, 184),
    "year": (365, 366),
}
_WRITTEN: dict[Every, str] = {  # the one way each period is written, which is also its key in the store
    "week": r"(\d{4})-W(\d\d)",
    "month": r"(\d{4})-(\d\d)",
    "quarter": r"(\d{4})-Q(\d)",
    "half-year": r"(\d{4})-H(\d)",
    "year": r"(\d{4})",
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """How one person's days run. Equal calendars have equal keys, so people can be grouped by `key` in SQL.

    `zone` is an IANA name. `country` is "" (no public holidays), "NL", or with its region "DE-BY". `days` are the
    working weekdays, Monday = 0. Working hours run from `start` up to but not including `end`, whole minutes of local
    time, within one day. Raises ValueError with a sentence for whoever typed it.
    """

    zone: str
    country: str = ""
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    start: time = time(9)
    end: time = time(17)

    def __post_init__(self) -> None:
        # one spelling for each calendar, or people with the same days would fall into different groups
        object.__setattr__(self, "days", tuple(sorted(set(self.days))))
        object.__setattr__(self, "country", self.country.upper())
        if not _zone_exists(self.zone):
            raise ValueError(f"'{self.zone}' is no time zone; write for example 'Europe/Amsterdam'")
        if not re.fullmatch(r"([A-Z]{2}(-[A-Z0-9]{1,12})?)?", self.country):
            raise ValueError(f"'{self.country}' is no country; write for example 'NL' or 'DE-BY', or leave it empty")
        if not self.days or not set(self.days) <= set(range(7)):
            raise ValueError("working days are one or more of 0 (Monday) to 6 (Sunday)")
        if not (_whole_minute(self.start) and _whole_minute(self.end) and self.start < self.end):
            raise ValueError("working hours are two local times such as 09:00 and 17:00, the first before the second")

    @property
    def key(self) -> str:
        """All of the calendar in one short string: "Europe/Amsterdam|NL|01234|09:00|17:00"."""
        return f"{self.zone}|{self.country}|{''.join(map(str, self.days))}|{self.start:%H:%M}|{self.end:%H:%M}"

    @classmethod
    def parse(cls, key: str) -> "Calendar":
        """The calendar behind `key`. Raises ValueError unless it is exactly what `key` gives: another spelling of the
        same calendar would be another group, and whoever looks it up by key would miss it."""
        try:
            zone, country, days, start, end = key.split("|")
            found = cls(zone, country, tuple(map(int, days)), time.fromisoformat(start), time.fromisoformat(end))
        except ValueError as wrong:
            raise ValueError(f"'{key}' is no calendar: {wrong}") from wrong
        if found.key != key:
            raise ValueError(f"'{key}' is no calendar; it is written '{found.key}'")
        return found


@lru_cache(maxsize=1024)
def _zone_exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # OSError: "Europe" is a folder of the zone data
        return False
    return True


def _whole_minute(at: time) -> bool:
    """Seconds would be lost in a key, and a time of day with a zone of its own belongs to no person's day."""
    return at.tzinfo is None and not at.second and not at.microsecond


@lru_cache(maxsize=1)
def _regions() -> dict[str, dict[str, str]]:
    """For each country, each region in capitals (as calendars have it) and as the holidays package spells it."""
    return {name: {r.upper(): r for r in regions} for name, regions in holidays.list_supported_countries().items()}


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    lines = files("tzdata").joinpath("zoneinfo/zone.tab").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {zone: country for country, _, zone, *_ in rows}


def country_of(zone: str) -> str:
    """The country in which people keep this time zone, "NL" for Europe/Amsterdam; "" where none can be told."""
    return _countries().get(zone, "")


def known_country(country: str) -> bool:
    """Whether `holidays_in` knows this country and, where one is named, its region. "" (no holidays) is known too."""
    name, dash, region = country.upper().partition("-")
    regions = _regions().get(name)
    return not country or (regions is not None and (not dash or region in regions))


@lru_cache(maxsize=4096)
def holidays_in(country: str, year: int) -> frozenset[date]:
    """The days on which the country does not work. A region that is not known keeps its country's days and an unknown
    country has none: one odd line in a CSV file must not keep everybody else's nudges from being planned.

    Where days that stand in no law are free for everyone all the same (Midsummer's Eve in Sweden), these count too.
    """
    name, _, region = country.upper().partition("-")
    if not country or (regions := _regions().get(name)) is None:
        return frozenset()
    subdivision = regions.get(region)
    known = holidays.country_holidays(name, subdivision).supported_categories
    kinds = tuple(kind for kind in ("public", "de_facto") if kind in known)
    with warnings.catch_warnings():  # of feasts that no astronomer has dated yet; the days that are known still count
        warnings.simplefilter("ignore", UserWarning)
        return frozenset(holidays.country_holidays(name, subdivision, years=year, categories=kinds))


def period(every: Every, day: date) -> str:
    """The period `day` belongs to: "2026-W53" (ISO, from Monday), "2026-11", "2026-Q4", "2026-H2", "2026"."""
    if every == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    number = (day.month - 1) // _MONTHS[every] + 1
    ending = {"month": f"-{number:02}", "quarter": f"-Q{number}", "half-year": f"-H{number}", "year": ""}
    return f"{day.year:04}{ending[every]}"


@lru_cache(maxsize=4096)
def bounds(every: Every, period: str) -> tuple[date, date]:
    """Its first and last day, both inclusive. Raises ValueError for what is no period of this kind."""
    written = re.fullmatch(_WRITTEN[every], period, re.ASCII)
    try:
        if not written:
            raise ValueError
        year, number = int(written[1]), int(written[written.lastindex or 1])
        if every == "week":
            first = date.fromisocalendar(year, number, 1)
            return first, first + 6 * _DAY
        months = _MONTHS[every]
        first = date(year, 1 if every == "year" else (number - 1) * months + 1, 1)
        following = date(year + 1, 1, 1) if first.month + months > 12 else date(year, first.month + months, 1)
        return first, following - _DAY
    except ValueError:
        raise ValueError(f"'{period}' is no {every}") from None


def before(every: Every, name: str) -> str:
    return period(every, bounds(every, name)[0] - _DAY)


def after(every: Every, name: str) -> str:
    return period(every, bounds(every, name)[1] + _DAY)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A rhythm's day in words, taken apart. What `count` counts depends on `kind`:

    "weekday": the first to fourth (1–4) or last (-1) `weekday` of the period; "day": days from its start, from 1;
    "before end": days before its last day, from 0. The first and last workday are day 1 and the last day: those who do
    not work on it have theirs moved to exactly that.
    """

    kind: Literal["weekday", "day", "before end"]
    count: int
    weekday: int = 0  # Monday = 0


_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_GRAMMAR = re.compile(
    rf"(?P<alone>{'|'.join(WEEKDAYS)})"
    rf"|(?P<nth>{'|'.join(_NTH)}) (?P<weekday>{'|'.join(WEEKDAYS)})"
    r"|day (?P<day>\d{1,3})"
    r"|(?P<last>last day)"
    r"|(?P<edge>first|last) workday"
    r"|(?P<count>\d{1,3}) (?P<unit>day|week)s? before (?:the )?end"
)


@lru_cache(maxsize=512)
def phrase(every: Every, on: str) -> Phrase:
    """What `on` says about a period of this kind; capitals and spaces do not matter. Raises ValueError with a sentence
    for whoever wrote it, also when the day would not be inside every such period."""
    found = _GRAMMAR.fullmatch(" ".join(on.lower().split()))
    if not found or not _fits(every, found):
        raise ValueError(f"'{on}' is no day of a {every}; {_examples(every)}")
    return _said(found)


def _said(found: re.Match[str]) -> Phrase:
    if day := found["weekday"] or found["alone"]:
        return Phrase("weekday", _NTH[found["nth"] or "first"], WEEKDAYS.index(day))
    if found["day"]:
        return Phrase("day", int(found["day"]))
    if found["edge"]:
        return Phrase("day", 1) if found["edge"] == "first" else Phrase("before end", 0)
    if found["last"]:
        return Phrase("before end", 0)
    return Phrase("before end", int(found["count"]) * (7 if found["unit"] == "week" else 1))


def _fits(every: Every, found: re.Match[str]) -> bool:
    if every == "week":
        return bool(found["alone"] or found["edge"])
    shortest, longest = _LENGTHS[every]
    said = _said(found)
    if said.kind == "before end":
        return said.count < shortest
    if said.kind == "day":
        return 1 <= said.count <= longest  # "day 31" is the last day of a shorter month
    return not found["alone"]  # a month has four or five of each: which one?


def _examples(every: Every) -> str:
    if every == "week":
        return "write for example 'monday', 'first workday' or 'last workday'"
    if every == "month":
        return "write for example 'first tuesday', 'day 5' or 'last workday'"
    return "write for example 'first tuesday', 'day 5', 'last workday' or '2 weeks before end'"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One nudge a person in each period. Raises ValueError with a sentence for whoever wrote it.

    `at` is local time, moved into each person's working hours. `remind` counts working days after the nudge, rising.
    `late` is the number of working days after its moment in which a nudge that was not sent is still timely. `whom` it
    is for: a manager is who has somebody reporting to them.
    """

    name: str
    every: Every
    on: str  # see `phrase`
    at: time
    remind: tuple[int, ...] = ()
    late: int = 3
    whom: Whom = "everybody"

    def __post_init__(self) -> None:
        if self.every not in get_args(Every):
            raise ValueError(f"'{self.every}' is no cadence; write one of {', '.join(get_args(Every))}")
        phrase(self.every, self.on)
        if not _whole_minute(self.at):
            raise ValueError("a rhythm's time is a local time in hours and minutes, such as 09:30")
        if sorted({day for day in self.remind if day > 0}) != list(self.remind):
            raise ValueError("reminders come a rising number of working days after the nudge, such as 3 and 5")
        if self.late < 0:
            raise ValueError("a nudge can be late by 0 or more working days")
        if self.whom not in get_args(Whom):
            raise ValueError(f"'{self.whom}' is nobody we know; write one of {', '.join(get_args(Whom))}")

    def concerns(self, leads: bool) -> bool:
        """Whether it is for somebody who has reports, or has none."""
        return self.whom == "everybody" or (leads and self.whom == "managers")
