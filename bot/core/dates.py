"""Days as people write them: `next friday`, `om två veckor`, `eind van de maand`, `12 december`, or a button's `+14`.

A text is read as a whole or not at all: a sentence with a day somewhere in it, a bare number or a clock is no day, for
asking again costs less than a promise followed up on the wrong one.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from babel import Locale

LONGEST = 60  # characters of a text that can be nothing but a day
Reader = Callable[[re.Match[str], date], date | None]


def read_day(text: str, lang: str, today: date | None = None) -> date | None:
    """The day this text means, in the person's language or in English; None when it means none.

    Where no year or month is said it is the first such day from `today` on. A weekday by itself is always ahead (on a
    Friday, `friday` is in a week); with `next` it is the one of next week, Monday to Sunday. Without `today` only
    `2026-12-12` is read.
    """
    text = " ".join(unicodedata.normalize("NFC", text).lower().split()).strip(" .,;!?")
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
        if today is None or len(text) > LONGEST:
            return None
        if found := re.fullmatch(r"\+([0-9]{1,3})", text):
            return today + timedelta(days=int(found[1]))
        readings = (_read(text, each, today) for each in dict.fromkeys((lang, "en")) if each in WORDS)
        return next((day for day in readings if day), None)
    except (ValueError, OverflowError):  # 30 February, or a year beyond the calendar
        return None


def _read(text: str, lang: str, today: date) -> date | None:
    words = WORDS[lang]
    text = re.sub(rf"^(?:(?:{words.before}) )+", "", text)
    while text:
        if text in words.days:
            return today + timedelta(days=words.days[text])
        for shape, reader in _shapes(lang):
            if found := shape.fullmatch(text):
                return reader(found, today)
        shorter = re.sub(rf"(?:{words.after})$", "", text)
        text = shorter if shorter != text else ""
    return None


@dataclass(frozen=True)
class Words:
    """How a language says days: alternatives of a regular expression, for lower-case text with single spaces."""

    before: str  # may stand in front and changes nothing: `by friday`
    after: str  # the same behind, with its space: ` afternoon`
    days: Mapping[str, int]  # days from today
    numbers: Mapping[str, int]
    half_year: str
    day: str
    week: str
    month: str
    quarter: str
    year: str
    within: str
    hence: str
    next: str
    this: str
    coming: str  # before a weekday only: a coming week is this one to some and the next to others
    on: str  # between a week and its day: `next week on friday`
    end: str
    the: str
    nth: str
    of: str
    more: Mapping[str, int]  # short names of months (1 to 12) and weekdays (Monday = -7 to Sunday = -1) besides Babel's


def _counted(words: str, more: dict[str, int]) -> dict[str, int]:
    return {word: n for n, word in enumerate(words.split(), 1)} | more


def _from_today(*words: str) -> dict[str, int]:
    return {word: n for n, alternatives in enumerate(words) for word in alternatives.split("|")}


EN = Words(
    before="by|on|before|until|till|til|from|for|due|latest|at the latest|no later than|not later than",
    after=r",? (?:in the )?(?:morning|afternoon|evening|night)| (?:at )?(?:noon|lunch)"
    r"|,? [0-9]{1,2}:[0-9]{2}| at [0-9]{1,2}(?:[:.][0-9]{2})?(?: ?[ap]m)?| at the latest",
    days=_from_today(
        "today|tonight|this afternoon|this evening", "tomorrow", "the day after tomorrow|day after tomorrow"
    )
    | {"a fortnight": 14, "in a fortnight": 14, "within a fortnight": 14},
    numbers=_counted(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
        {"a": 1, "an": 1, "a couple of": 2},
    ),
    half_year="half a year|a half year",
    day="days?",
    week="weeks?[’']?",
    month="months?",
    quarter="quarter",
    year="years?",
    within="in|within",
    hence="from now|from today|time",
    next="next",
    this="this",
    coming="this coming|the coming|coming|upcoming",
    on="on|by",
    end="(?:by |at )?(?:the )?end of",
    the="the",
    nth="st|nd|rd|th",
    of="of",
    more={"sep": 9, "sept": 9, "tues": -6, "thur": -4, "thurs": -4},
)
SV = Words(
    before="på|till|tills|fram till|senast|innan|före|från|från och med|fr o m|till och med|t o m|redan",
    after=r",? (?:på )?(?:morgon|förmiddag|eftermiddag|kväll)(?:en)?|,? (?:kl\.? ?)?[0-9]{1,2}:[0-9]{2}"
    r"|,? kl\.? ?[0-9]{1,2}(?:[:.][0-9]{2})?",
    days=_from_today(
        "i dag|idag|i kväll|ikväll|i eftermiddag", "i morgon|imorgon|i morrn|imorrn", "i övermorgon|övermorgon"
    ),
    numbers=_counted("ett två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton", {"en": 1, "ett par": 2}),
    half_year="ett halvår|ett halvt år",
    day="dag|dagar|dagen",
    week="vecka|veckor|veckan",
    month="månad|månader|månaden",
    quarter="kvartal|kvartalet",
    year="år|året",
    within="om|inom",
    hence="från nu|från och med nu",
    next="nästa",
    this="denna|den här|det här",
    coming="kommande|nu på",
    on="på",
    end="(?:i |vid |mot )?slutet (?:av|på)",
    the="den",
    nth=":?[ae]",
    of="i",
    more={"tor": -4, "sept": 9},
)
NL = Words(
    before="op|voor|vóór|tegen|uiterlijk|uiterlijk op|tot|tot en met|t/m|vanaf|van|per|al",
    after=r",? ?(?:’s |'s )?(?:ochtends?|morgens?|middags?|avonds?)|,? (?:om )?[0-9]{1,2}:[0-9]{2}"
    r"| om [0-9]{1,2}(?:[:.][0-9]{2})?(?: uur)?| a\.s| aanstaande",
    days=_from_today("vandaag|vanmiddag|vanavond", "morgen", "overmorgen"),
    numbers=_counted("een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien", {"één": 1}),
    half_year="een half jaar|een halfjaar|half jaar",
    day="dag|dagen",
    week="week|weken",
    month="maand|maanden",
    quarter="kwartaal",
    year="jaar",
    within="over|in|binnen",
    hence="vanaf nu",
    next="volgende|volgend",
    this="deze|dit",
    coming=r"komende|aankomende|aanstaande|a\.s\.",
    on="op",
    end="(?:aan |tegen )?(?:het )?einde?(?: van)?",
    the="de|het",
    nth="de|ste|e",
    of="van",
    more={"mrt": 3, "sept": 9},
)
WORDS: Mapping[str, Words] = {"en": EN, "sv": SV, "nl": NL}


@lru_cache(maxsize=8)
def _names(lang: str) -> tuple[dict[str, int], dict[str, int]]:
    """Weekdays (Monday = 0) and months (January = 1), whole and shortened."""
    locale, more = Locale.parse(lang), WORDS[lang].more
    found = []
    for names in (locale.days["format"], locale.months["format"]):
        found.append({names[width][n].lower().strip("."): n for width in ("abbreviated", "wide") for n in names[width]})
    weekdays, months = found
    if lang == "nl":
        del weekdays["zo"]  # "in a moment"
    weekdays |= {name: n + 7 for name, n in more.items() if n < 0}
    if lang == "sv":
        weekdays |= {f"{name}en": n for name, n in weekdays.items() if name.endswith("dag")}
    return weekdays, months | {name: n for name, n in more.items() if n > 0}


@lru_cache(maxsize=8)
def _shapes(lang: str) -> tuple[tuple[re.Pattern[str], Reader], ...]:
    return tuple((re.compile(shape), reader) for shape, reader in (*_relative(lang), *_dated(lang)))


def _relative(lang: str) -> Iterator[tuple[str, Reader]]:
    """Days counted from today."""
    words, (weekdays, _) = WORDS[lang], _names(lang)
    weekday, number = f"(?P<weekday>{_any(weekdays)})", f"(?P<n>[0-9]{{1,3}}|{_any(words.numbers)})"
    next_, week = f"(?P<next>{words.next})", f"(?:{words.week})"
    units = "|".join(f"(?P<{unit}>{getattr(words, unit)})" for unit in ("day", "week", "month", "quarter", "year"))

    def ahead(found: re.Match[str], today: date) -> date:
        n = weekdays[found["weekday"]]
        return _of_week(today, 1, n) if found["next"] else today + timedelta(days=(n - today.weekday() - 1) % 7 + 1)

    def of_week(found: re.Match[str], today: date) -> date | None:
        day = _of_week(today, 1 if found["next"] else 0, weekdays[found["weekday"]])
        return day if day >= today else None

    def later(found: re.Match[str], today: date) -> date:
        said = found["n"]
        return _later(today, int(said) if said.isdecimal() else words.numbers[said], found)

    yield f"(?:(?:{next_}|{words.this}|{words.coming}) )?{weekday}", ahead
    yield f"(?:{next_}|{words.this}) {week},? (?:(?:{words.on}) )?{weekday}", of_week
    yield f"{weekday},? (?:{words.of} |in )?(?:{next_}|{words.this}) {week}", of_week
    yield f"(?:(?:{words.within}) )?{number} (?:{units})(?: (?:{words.hence}))?", later
    yield f"(?:{words.within}) (?:{words.half_year})", lambda found, today: _add_months(today, 6)
    yield f"(?:i )?(?:{words.next}) {week}", lambda found, today: today + timedelta(days=7)
    yield f"(?:i )?(?:{words.next}) (?:{words.month})", lambda found, today: _add_months(today, 1)
    ending = f"(?:{words.end}) (?:(?:{next_}|{words.this}|{words.the}) )?(?:{units})"
    yield ending, lambda found, today: _end(today, 1 if found["next"] else 0, found)


def _dated(lang: str) -> Iterator[tuple[str, Reader]]:
    """Days of a month."""
    words, (weekdays, months) = WORDS[lang], _names(lang)
    weekday, month = rf"(?:(?P<weekday>{_any(weekdays)})\.?,? )?", rf"(?P<month>{_any(months)})\.?"
    day, nth, the = "(?P<day>[0-9]{1,2})", f"(?:{words.nth})", f"(?:{words.the})"
    year = "(?:,? (?P<year>[0-9]{4}))?"

    def fits(found: re.Match[str], day: date | None) -> date | None:
        said = found["weekday"]
        return day if day and (not said or weekdays[said] == day.weekday()) else None

    def of_month(found: re.Match[str], today: date) -> date | None:
        n, month = int(found["day"]), months[found["month"]]
        return fits(found, date(int(found["year"]), month, n) if found["year"] else _coming(today, month, n))

    def numbered(found: re.Match[str], today: date) -> date | None:
        days = (_add_months(today.replace(day=1), n, int(found["day"])) for n in range(3))
        return fits(found, next((day for day in days if day.day == int(found["day"]) and day >= today), None))

    def end_of_month(found: re.Match[str], today: date) -> date:
        n = months[found["month"]]
        return _add_months(date(today.year + (n < today.month), n, 1), 0, 31)

    def in_digits(found: re.Match[str], today: date) -> date | None:
        day, month, year = int(found["day"]), int(found["month"]), found["year"]
        if lang == "en" and month > 12:
            day, month = month, day
        elif lang == "en" and day <= 12 and day != month:
            return None  # half of the English-speaking world writes the month first
        if year:
            return fits(found, date(int(year) + (2000 if len(year) == 2 else 0), month, day))
        return fits(found, _coming(today, month, day))

    yield f"{weekday}(?:{the} )?{day}{nth}", numbered
    yield f"{weekday}{the} {day}", numbered
    yield rf"{weekday}(?:{the} )?{day}(?:{nth}|\.)? ?(?:{words.of} )?{month}{year}", of_month
    yield f"{weekday}{month} (?:{the} )?{day}{nth}?{year}", of_month
    yield f"(?:{words.end}) {month}", end_of_month
    digits = "(?P<day>[0-9]{1,2}){0}(?P<month>[0-9]{1,2})"
    yield weekday + digits.replace("{0}", "/") + "(?:/(?P<year>[0-9]{4}|[0-9]{2}))?", in_digits
    yield weekday + digits.replace("{0}", r"(?P<mark>[.-])") + "(?P=mark)(?P<year>[0-9]{4})", in_digits
    if lang == "nl":
        yield weekday + digits.replace("{0}", "-") + "(?P<year>)", in_digits


def _any(names: Mapping[str, int]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


def _of_week(today: date, weeks: int, weekday: int) -> date:
    """This weekday of the week that is so many after today's."""
    return today + timedelta(days=7 * weeks + weekday - today.weekday())


def _add_months(day: date, months: int, wanted: int = 0) -> date:
    """The same day (or the one `wanted`) some months later, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(wanted or day.day, monthrange(year, month + 1)[1]))


def _coming(today: date, month: int, day: int) -> date | None:
    """The first such day from today on. ValueError for one that no year has."""
    date(2000, month, day)  # a leap year has every day
    for year in range(today.year, today.year + 9):
        if day <= monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
    return None


def _later(today: date, n: int, unit: re.Match[str]) -> date:
    if unit["day"] or unit["week"]:
        return today + timedelta(days=n if unit["day"] else 7 * n)
    return _add_months(today, n * (1 if unit["month"] else 3 if unit["quarter"] else 12))


def _end(today: date, later: int, unit: re.Match[str]) -> date:
    """The last day of this unit, or of the next: of a week its Friday, on a weekend its Sunday."""
    if unit["day"]:
        return today + timedelta(days=later)
    if unit["week"]:
        friday = _of_week(today, later, 4)
        return friday if friday >= today else _of_week(today, later, 6)
    months = 1 if unit["month"] else 3 if unit["quarter"] else 12
    first = today.replace(month=(today.month - 1) // months * months + 1, day=1)
    return _add_months(first, months * (later + 1) - 1, 31)
