"""Figures as people write them: in an update, and in a key result."""

import re
from dataclasses import dataclass

TITLE, UNIT = 200, 20  # characters
_GROUPS = "|".join(
    f"[0-9]{{1,3}}(?:{group}[0-9]{{3}}){times}{rest}"
    for group, times, rest in (
        ("[ \u00a0\u202f]", "+", "(?:[.,][0-9]{1,6})?"),
        (",", "+", r"\.[0-9]{1,6}"),
        (r"\.", "+", ",[0-9]{1,6}"),
        (",", "{2,3}", ""),
        (r"\.", "{2,3}", ""),
    )
)
_NUMBER = rf"[-+−]?(?:{_GROUPS}|[0-9]{{1,12}}(?:[.,][0-9]{{1,6}})?)"
_SAID = re.compile(rf"\s*({_NUMBER})(?:\s*/\s*[0-9]+)?(.*)", re.DOTALL)
_AFTER = re.compile(r"\s*(?:%|percent|procent)?\s*(?:[,;:.!–—-]+(?=\s|$)\s*|\n\s*|$)", re.IGNORECASE)
GROUPED = {"en": ",", "nl": "."}  # what stands between thousands, where it is not a space


def number(text: str, lang: str = "en") -> float | None:
    """The number this text is, as the language writes it or as a programmer would: `1 200`, `1,200`, `3,5`, `60`."""
    text = text.strip().removesuffix("%").strip()
    return _read(text, lang) if re.fullmatch(_NUMBER, text) else None


def _read(text: str, lang: str) -> float:
    text = re.sub("[ \u00a0\u202f]", "", text).replace("−", "-")
    marks = re.findall("[.,]", text)
    if not marks:
        return float(text)
    again = len(marks) > 1 and len(set(marks)) == 1
    own = marks == [GROUPED.get(lang)] and re.fullmatch(r"[-+]?[0-9]{1,3}[.,][0-9]{3}", text)
    if again or own:  # thousands: the mark comes twice, or is the language's own and stands before three digits
        return float(re.sub("[.,]", "", text))
    whole, _, rest = text.rpartition(marks[-1])
    return float(f"{re.sub('[.,]', '', whole)}.{rest}")


def parse_update(text: str, lang: str = "en", unit: str = "") -> tuple[float | None, str]:
    """`60, the last customer said yes`: the figure it begins with, and the story. A number that is only the first
    word of a sentence (`3 customers said yes`) is no figure; one followed by the goal's `unit` is."""
    whole = text.strip()
    if not (found := _SAID.fullmatch(whole)):
        return None, whole
    rest = found[2]
    if unit and rest.lstrip().lower().startswith(unit.lower()):
        after = rest.lstrip()[len(unit) :]
        if not after[:1].isalnum():
            return _read(found[1], lang), after.lstrip(" \t\n,;:.–—-")
    if not (end := _AFTER.match(rest)):
        return None, whole
    return _read(found[1], lang), rest[end.end() :].strip()


@dataclass(frozen=True, slots=True)
class Result:
    """A key result as it was written: `Churn from 5 to 3 %`."""

    title: str
    start: float
    target: float
    unit: str = ""


_MONEY = r"[€$£]?\s?"
_FROM_TO = re.compile(
    rf"(?P<title>.*?)[\s:,–—-]+(?:(?:from|från|van)\s+)?{_MONEY}(?P<start>{_NUMBER})\s*(?P<first>\S{{0,20}}?)\s*"
    rf"(?:\bto\b|\btill\b|\bnaar\b|\btot\b|->|→|=>)\s*(?P<money>[€$£]?)\s?(?P<target>{_NUMBER})(?P<unit>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TO = re.compile(
    rf"(?P<title>.*?)[\s:,–—-]+(?:to|till|naar|tot|->|→|=>)\s+(?P<money>[€$£]?)\s?(?P<target>{_NUMBER})(?P<unit>.*)",
    re.IGNORECASE | re.DOTALL,
)


def parse_result(line: str, lang: str = "en") -> Result | None:
    """What a line says, in any of our languages; without a start it begins at 0. None where no figures can be told."""
    found = _FROM_TO.fullmatch(line.strip()) or _TO.fullmatch(line.strip())
    if not found or (title := found["title"].strip(" :,–—-")).lower() in ("", "from", "från", "van"):
        return None
    start = _read(found["start"], lang) if "start" in found.groupdict() else 0.0
    target, unit = _read(found["target"], lang), found["unit"].strip(" .,;") or found["money"]
    if start == target or len(title) > TITLE or len(unit) > UNIT:
        return None
    return Result(title, start, target, unit)


def parse_named(text: str, lang: str = "en") -> Result | None:
    """What a title says of its figures: only with both of them, for `Go to 3 cities` is a title."""
    return parse_result(text, lang) if _FROM_TO.fullmatch(text.strip()) else None


def parse_results(text: str, lang: str = "en") -> tuple[tuple[Result, ...], tuple[tuple[int, str], ...]]:
    """The key results of a text, one a line, and the lines that are none with their numbers, from 1."""
    lines = [(n, line.strip().lstrip("•*").strip()) for n, line in enumerate(text.splitlines(), 1)]
    read = [(n, line, parse_result(line, lang)) for n, line in lines if line]
    return tuple(found for _, _, found in read if found), tuple((n, line) for n, line, found in read if not found)


def parse_way(text: str, lang: str = "en") -> Result | None:
    """The same without a title: `from 40 to 60 %`; a figure alone is where to, from 0."""
    if found := parse_result(f"x {text.strip()}", lang):
        return found
    there = amount(text, lang)
    return Result("x", 0.0, *there) if there and there[0] else None


def amount(text: str, lang: str = "en") -> tuple[float, str] | None:
    """A figure and its unit: `60 %`, `€ 5`, `1 200 kr`, `3.5`."""
    found = re.fullmatch(rf"(?P<money>[€$£]?)\s?(?P<n>{_NUMBER})(?P<unit>[^0-9]*)", text.strip())
    if not found or len(unit := found["unit"].strip(" .,;") or found["money"]) > UNIT:
        return None
    return _read(found["n"], lang), unit
