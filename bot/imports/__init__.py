"""Files with commas, as spreadsheets write them, read so that everything that is wrong is told at once and by line.

What a file means is said beside this: `goals.py`, `people.py`. Here is what all of them share: the encoding, the
separator, the lines, and how a figure or a day is written. Nothing is guessed: what can be read in two ways is told.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from bot.core.cards import clean

SEPARATORS = (",", ";", "\t")
LONGEST = 200  # problems that are listed one by one


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something in a file that has to be mended before any of it is taken. It repeats no more than one cell."""

    line: int  # of the file, as an editor counts them: the header stands on line 1
    column: str  # "": the line as a whole
    what: str

    def __str__(self) -> str:
        return f"line {self.line}{', ' if self.column else ''}{self.column}: {self.what}"


@dataclass(frozen=True, slots=True)
class Row:
    line: int  # on which it begins
    cells: Mapping[str, str]  # by column, without spaces around; every known column is there

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def problem(self, column: str, what: str) -> Problem:
        return Problem(self.line, column, what)


@dataclass(frozen=True, slots=True)
class Sheet:
    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    columns: tuple[str, ...] = ()  # those the file has: what it has not is not to be changed


@dataclass(slots=True)
class Outcome:
    """What a run did, or would do."""

    added: int = 0
    changed: int = 0
    same: int = 0
    problems: list[Problem] = field(default_factory=list)

    def told(self, what: str, dry: bool) -> str:
        """For the terminal: every problem by line, or the counts."""
        if self.problems:
            lines = [str(problem) for problem in sorted(self.problems)]
            more = [f"and {len(lines) - LONGEST} more"] if len(lines) > LONGEST else []
            many = f"{len(lines)} problem{'s' * (len(lines) > 1)}"
            return "\n".join((*lines[:LONGEST], *more, f"{many}; nothing was imported."))
        counts = f"{self.added} new, {self.changed} changed, {self.same} as they were"
        return f"No problems. {what}: {counts}. Nothing was written." if dry else f"{what}: {counts}."


def sheet(body: bytes, known: Sequence[str], needed: Iterable[str] = ()) -> Sheet:
    """The rows of a file whose columns are `known`, in any order; those `needed` have to be there.

    UTF-8 with or without a byte order mark (UTF-16 with one), separated by commas, semicolons or tabs, with any ends
    of lines; empty lines do not count. A file that cannot be read has no rows, only problems.
    """
    try:
        text = _decoded(body)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        return _broken(line, "is not UTF-8; in the spreadsheet choose “CSV UTF-8” when you save it")
    if not text.strip():
        return _broken(1, f"is empty; its first line names the columns: {', '.join(known)}")
    found = list[tuple[int, list[str]]]()
    problems = list[Problem]()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, known), strict=True)
    began = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((began, [clean(cell).strip() for cell in cells]))
            began = reader.line_num + 1
    except csv.Error as error:
        what = "a quote that opens here is never closed" if "end of data" in str(error) else f"cannot be read: {error}"
        problems.append(Problem(began, "", what))
    if not found:
        return Sheet(problems=tuple(problems))
    (first, header), *lines = found
    columns = [re.sub(r"[\s-]+", "_", name.lower()) for name in header]
    problems += _wrong_header(first, columns, known, tuple(needed))
    rows = list[Row]()
    for line, cells in lines:
        if any(cells[len(columns) :]):
            what = (
                f"has {len(cells)} cells, the first line has {len(columns)}; text with a separator in it needs quotes"
            )
            problems.append(Problem(line, "", what))
        rows.append(Row(line, {**dict.fromkeys(known, ""), **dict(zip(columns, cells, strict=False))}))
    return Sheet(tuple(rows), tuple(problems), tuple(columns))


def _broken(line: int, what: str) -> Sheet:
    return Sheet(problems=(Problem(line, "", what),))


def _decoded(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16")
    return body.decode("utf-8-sig")


def _separator(text: str, known: Sequence[str]) -> str:
    """The one by which most columns are known in the first line that says anything."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def recognised(separator: str) -> int:
        return sum(cell.strip().strip('"').strip().lower() in known for cell in first.split(separator))

    return max(SEPARATORS, key=recognised)


def _wrong_header(line: int, columns: list[str], known: Sequence[str], needed: tuple[str, ...]) -> list[Problem]:
    wrong = [Problem(line, name, "is missing") for name in needed if name not in columns]
    for number, name in enumerate(columns):
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            wrong.append(Problem(line, name or "?", f"is no column I know; {hint}"))
        elif name in columns[:number]:
            wrong.append(Problem(line, name, "stands twice"))
    return wrong


class Unreadable(ValueError):
    """A cell does not say what its column wants. Its text says what to write."""


def figure(text: str) -> float | None:
    """A figure with a decimal point or comma, spaces between thousands, perhaps a percent sign; None for an empty cell.

    Raises Unreadable, also for what two countries read differently (`1.200`).
    """
    plain = re.sub("[ \u00a0\u202f'’]", "", text).removesuffix("%").replace("−", "-")
    if not plain:
        return None
    if not re.fullmatch(r"[-+]?\d[\d.,]*", plain) or len(plain) > 18:
        raise Unreadable(f"“{text[:40]}” is no figure")
    marks = re.findall("[.,]", plain)
    if len(set(marks)) == 2:  # the last one is the decimal's, the others stand between thousands
        last = marks[-1]
        if marks.count(last) > 1:
            raise Unreadable(f"“{text[:40]}” is no figure")
        plain = plain.replace("." if last == "," else ",", "")
    elif len(marks) > 1:
        if not re.fullmatch(r"[-+]?\d{1,3}([.,]\d{3})+", plain):
            raise Unreadable(f"“{text[:40]}” is no figure")
        plain = re.sub("[.,]", "", plain)
    elif re.fullmatch(r"[-+]?[1-9]\d{0,2}[.,]\d{3}", plain):
        whole, decimal = re.sub("[.,]", "", plain), plain.replace(",", ".").rstrip("0")
        raise Unreadable(f"“{text[:40]}” can be read in two ways; write {whole} or {decimal.rstrip('.')}")
    return float(plain.replace(",", "."))


def day(text: str) -> date | None:
    """`2026-12-31`, or with the day first `31-12-2026`, `31.12.2026`; None for an empty cell.

    Raises Unreadable, also for `03/04/2026`, which two countries read differently.
    """
    if not text:
        return None
    parts = re.fullmatch(r"(\d{4})([-./])(\d{1,2})\2(\d{1,2})|(\d{1,2})([-./])(\d{1,2})\6(\d{4})", text)
    if parts is None:
        raise Unreadable(f"“{text[:40]}” is no day; write it like 2026-12-31")
    if parts[1]:
        numbers = (int(parts[1]), int(parts[3]), int(parts[4]))
    else:
        numbers = (int(parts[8]), int(parts[7]), int(parts[5]))
        if parts[6] == "/" and numbers[1] <= 12 and numbers[2] <= 12 and numbers[1] != numbers[2]:
            raise Unreadable(f"“{text}” can be read in two ways; write it like 2026-12-31")
    try:
        return date(*numbers)
    except ValueError:
        raise Unreadable(f"“{text}” is a day that no calendar has") from None


class NoCompany(ValueError):
    """It cannot be told which company a file is about. Its text says what to write."""


def company_of(known: Sequence[str], named: str = "") -> str:
    """The company a file is about: the one that is named, or the only one there is."""
    if not known:
        raise NoCompany("Nobody is known yet. Import people first, or let Kadens meet your company: kadens serve.")
    if named and named not in known:
        raise NoCompany(f"There is no company {named!r}; there are: {', '.join(known)}.")
    if not named and len(known) > 1:
        raise NoCompany(f"There is more than one company; name one with --company: {', '.join(known)}.")
    return named or known[0]
