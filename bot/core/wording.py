"""The words, kept in prompts/ so that writers need not read Python, and checked when they are loaded.

`prompts/en/kudos.yaml` holds what the feature kudos says in English. A sentence is found by its key, its placeholders
are filled by name: a date, a number or a list is written as the language writes it, and where a sentence depends on
a number it has the forms of that language's plural (`one`, `other`), chosen by the placeholder `n`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_decimal

from bot.core.pages import BrokenPage, Page, Where, read
from bot.core.people import Person

SHELF = Path(__file__).parents[2] / "prompts"
FIRST = "en"  # the language the others are compared with, and the one we fall back on
LANGUAGES = ("en", "sv", "nl")
PLURALS = ("zero", "one", "two", "few", "many", "other")


@dataclass(frozen=True)
class Wording:
    name: str
    pages: Mapping[str, Page]

    def __call__(self, reader: Person | str, key: str, **names: Any) -> str:
        """The sentence in the reader's language. KeyError for a key that no page has."""
        lang = speaks(reader)
        lang = lang if lang in self.pages else FIRST
        page = self.pages[lang]
        text = page.words.get(key) or page.words.get(f"{key}.{plural(lang, names.get('n', 0))}")
        if text is None:
            text = page.words[f"{key}.other"]
        return text.format_map({name: written(value, lang) for name, value in names.items()}) if names else text

    def has(self, key: str) -> bool:
        return key in self.pages[FIRST].words

    def many(self, reader: Person | str, key: str) -> list[str]:
        """All sentences of a list: `many(ana, "tips")`."""
        page = self.pages.get(speaks(reader)) or self.pages[FIRST]
        return [text for where, text in page.words.items() if where.startswith(f"{key}.")]


def speaks(reader: Person | str) -> str:
    lang = reader if isinstance(reader, str) else reader.lang
    return lang if lang in LANGUAGES else FIRST


@lru_cache(maxsize=16)
def locale(lang: str) -> Locale:
    # British English for dates and times: the day before the month, the clock of 24 hours, as in the other two.
    return Locale.parse("en_GB" if lang == "en" else lang)


def plural(lang: str, n: Any) -> str:
    return str(locale(lang).plural_form(n if isinstance(n, int | float) else 0))


def written(value: Any, lang: str) -> str:
    """A value as the language writes it."""
    match value:
        case str():
            return value
        case bool():
            return str(value)
        case int() | float():
            return str(format_decimal(value, locale=locale(lang)))
        case datetime():
            return f"{day(value.date(), lang)} {clock(value.time(), lang)}"
        case date():
            return day(value, lang)
        case time():
            return clock(value, lang)
        case Iterable():
            return str(format_list([written(item, lang) for item in value], locale=locale(lang)))
        case _:
            return str(value)


def either(items: list[str], lang: str) -> str:
    """`Settled or Still there`: things to choose from."""
    return str(format_list(items, style="or", locale=locale(lang)))


def day(value: date, lang: str) -> str:
    """`Tuesday 2 December`; the reader knows the year."""
    return str(format_date(value, "EEEE d MMMM", locale=locale(lang)))


def full_day(value: date, lang: str) -> str:
    """`2 December 2026`, for what is read in another year; a moment with its time."""
    text = str(format_date(value, "d MMMM y", locale=locale(lang)))
    return f"{text} {clock(value.time(), lang)}" if isinstance(value, datetime) else text


def weekday_name(number: int, lang: str) -> str:
    """Monday = 0."""
    return str(format_date(date(2024, 1, 1 + number), "EEEE", locale=locale(lang)))


def clock(value: time, lang: str) -> str:
    return str(format_time(value, "HH:mm", locale=locale(lang)))


def month(value: date, lang: str) -> str:
    return str(format_date(value, "LLLL", locale=locale(lang)))


@lru_cache(maxsize=64)
def wording(name: str, shelf: Path = SHELF) -> Wording:
    """All languages of a page; BrokenPage where a translation has other keys or placeholders than the English one."""
    pages = {path.parent.name: read(path) for path in sorted(shelf.glob(f"*/{name}.yaml"))}
    if FIRST not in pages:
        raise BrokenPage(f"{shelf.name}/{FIRST}/{name}.yaml is missing")
    ours = holes(pages[FIRST])
    for lang, page in pages.items():
        theirs = holes(page)
        wrong = [
            page.complaint(tuple(key.split(".")), "is missing" if key in ours else f"does not stand in {FIRST}")
            for key in sorted(ours.keys() ^ theirs.keys())
        ]
        wrong += [
            page.complaint(tuple(key.split(".")), f"has {sorted(names)}, {FIRST} has {sorted(ours[key])}")
            for key, names in theirs.items()
            if names != ours.get(key, names)
        ]
        wrong += formless(page, lang)
        if wrong:
            raise BrokenPage("\n".join(wrong))
    return Wording(name, pages)


def holes(page: Page) -> dict[str, set[str]]:
    """Where a page leaves room for a name, so that a translation can be held against it. Plural forms count as one."""
    found, plurals = dict[str, set[str]](), {".".join(map(str, where)) for where in counted(page.data)}
    for key, text in page.words.items():
        stem, _, _ = key.rpartition(".")
        where = stem if stem in plurals else key
        # One house and two houses: a plural form may leave the number out, never another name.
        found[where] = found.get(where, set()) | names_in(page, key, text)
    return found


def names_in(page: Page, key: str, text: str) -> set[str]:
    """The names a sentence leaves room for. BrokenPage for one without words, and for more than a name in braces."""
    problem = "" if text else "has no words"
    try:
        rooms = [(name, spec, how) for _, name, spec, how in Formatter().parse(text) if name is not None]
    except ValueError as error:
        rooms, problem = [], str(error)
    if any(not name.isidentifier() or spec or how for name, spec, how in rooms):
        problem = "has more than a name between { and }"
    if problem:
        raise BrokenPage(page.complaint(tuple(key.split(".")), problem))
    return {name for name, _, _ in rooms}


def counted(value: Any, where: Where = ()) -> list[Where]:
    """Where a page has the forms of a plural: every key there is the name of one."""
    if isinstance(value, str):
        return []
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    here = [where] if pairs and all(key in PLURALS for key, _ in pairs) else []
    return here + [found for key, inner in pairs for found in counted(inner, (*where, key))]


def formless(page: Page, lang: str) -> list[str]:
    """A complaint for each form of a plural that its language needs and the page does not have."""
    needed = (*locale(lang).plural_form.tags, "other") if lang in LANGUAGES else ("other",)
    wheres = [(where, ".".join(map(str, where))) for where in counted(page.data)]
    return [
        page.complaint(where, f"has no form {form!r}")
        for where, key in wheres
        for form in needed
        if f"{key}.{form}" not in page.words
    ]


def named(period: str, lang: str) -> str:
    """A rhythm's period as people call it: `November`, `Q4`, `2026`, `week 47`."""
    year, _, part = period.partition("-")
    if part.isdecimal():
        return month(date(int(year), int(part), 1), lang)
    if part.startswith("W"):
        return wording("common")(lang, "week", n=int(part[1:]))
    return part or year
