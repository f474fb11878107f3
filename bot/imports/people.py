"""Who people are in the company, from a file: their manager, team, role, country, days and hours.

Only columns that are there change anything. An empty cell leaves what there is, "-" clears it. Everything that is wrong
is told at once, then it is all or nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from bot.core.calendar import WEEKDAYS, Calendar, country_of, known_country
from bot.core.settings import Settings
from bot.core.typed import read_clock
from bot.imports import NoCompany, Outcome, Problem, Row, Sheet, Unreadable, day, sheet
from storage import imports, lines
from storage.engine import Store
from storage.imports import Found, Kept
from storage.people import LINE

WHO = ("email", "account")
COLUMNS = (*WHO, "workspace", "name", "manager", "team", "role", "country", "days", "start", "end", "started")
ROLES = ("manager", "hr", "admin", "leader")
CLEAR = "-"
SIZES: Mapping[str, int] = {"name": 200, "team": 80}  # characters
DAY = re.compile(r"[a-z]{3,9}")


@dataclass(slots=True)
class Report(Outcome):
    changes: list[tuple[int, str]] = field(default_factory=list)  # by line

    def told(self, what: str, dry: bool) -> str:
        if self.problems:
            lines = [str(problem) for problem in sorted(self.problems)]
            many = f"{len(lines)} problem{'s' * (len(lines) > 1)}"
            return "\n".join((*lines, f"{many}; nothing was imported."))
        counts = f"{what}: {self.changed} changed, {self.same} as they were"
        if not dry:
            return f"{counts}."
        shown = [f"line {line}, {change}" for line, change in sorted(self.changes)]
        return "\n".join((*shown, f"No problems. {counts}. Nothing was written."))


@dataclass(slots=True)
class Wish:
    """A line, the person it is about, and what it wants of them."""

    row: Row
    person: Kept
    new: dict[str, Any] = field(default_factory=dict)  # by column of the table: what is not so yet


async def load(store: Store, body: bytes, at: datetime, company: str = "", dry: bool = False) -> Report:
    """Read the file into the store; `dry` only says what would happen. With any problem nothing is written.

    `company`: only people of this one. Raises NoCompany where there is none of that name.
    """
    read = sheet(body, COLUMNS)
    report = Report(problems=list(read.problems))
    if not set(WHO) & set(read.columns):
        report.problems += [Problem(1, "", "names nobody; add a column email or account")] if read.columns else []
        return report
    opened = store.reading() if dry else store.transaction()
    async with opened as session:
        if not dry:
            await session.hold(LINE)
        # As app.yaml has them now: with the next round everybody is in theirs.
        known = sorted({store.settings.company(each) for each in await imports.workspaces(session)})
        if company and company not in known:
            raise NoCompany(f"There is no company {company!r}; there are: {', '.join(known)}.")
        named = (row[column] for row in read.rows for column in (*WHO, "manager"))
        found = await imports.found(session, named)
        managers = await lines.every(session) if "manager" in read.columns else {}
        wishes = list(Reader(read, found, store.settings, company, report).wishes())
        changed = [wish for wish in wishes if wish.new]
        rings = _rings(changed, managers)
        above = {wish.person.manager or "" for wish in wishes} | {id for ring in rings for id in ring}
        names = {**await imports.names(session, above), **found.names}
        report.problems += _round(changed, rings, names)
        report.changed, report.same = len(changed), len(wishes) - len(changed)
        report.changes = [(wish.row.line, _shown(wish, names)) for wish in changed]
        if not (report.problems or dry):
            await imports.keep(session, {wish.person.id: wish.new for wish in changed}, at)
    return report


def _rings(changed: Sequence[Wish], managers: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The circles there would be, also those that several lines close together, or a line and what is kept."""
    after = dict[str, str | None](managers)
    after |= {wish.person.id: wish.new["manager"] for wish in changed if "manager" in wish.new}
    return lines.circles({id: above for id, above in after.items() if above})


def _round(changed: Sequence[Wish], rings: Sequence[Sequence[str]], names: Mapping[str, str]) -> Iterator[Problem]:
    drawn = {wish.person.id: wish for wish in changed if "manager" in wish.new}
    for ring in rings:
        for at, id in enumerate(ring):
            if id in drawn:
                told = [names.get(each, each) for each in (*ring[at:], *ring[: at + 1])]
                yield drawn[id].row.problem("manager", f"goes round in a circle: {' → '.join(told)}")


# One line.


@dataclass(slots=True)
class Reader:
    """Reads lines; what is wrong with them goes into the report."""

    read: Sheet
    found: Found
    settings: Settings
    company: str
    report: Report

    def wishes(self) -> Iterator[Wish]:
        seen = dict[str, int]()
        for row in self.read.rows:
            before = len(self.report.problems)
            person = self._person(row)
            values = dict(self._values(row, person))
            if person and (line := seen.setdefault(person.id, row.line)) != row.line:
                self._wrong(row, "", f"is about {person.name}, as line {line} is")
            if person and len(self.report.problems) == before:
                try:
                    yield Wish(row, person, _new(person, values, self.settings))
                except ValueError:  # nothing else that stands here can be wrong by itself
                    self._wrong(row, "end" if "end" in values else "start", "the day has to end after it begins")

    def _wrong(self, row: Row, column: str, what: str) -> None:
        self.report.problems.append(row.problem(column, what))

    def _person(self, row: Row) -> Kept | None:
        found = list[Kept]()
        for column in WHO:
            if row[column] in ("", CLEAR):
                continue
            person = self._one(row, column, row["workspace"], self.company)
            if person is None:
                return None
            found.append(person)
        if not found:
            self._wrong(row, "", "names nobody; fill in email or account")
            return None
        if found[0].id != found[-1].id:
            self._wrong(row, "account", f"is {found[-1].name}, but the e-mail address is {found[0].name}'s")
            return None
        return found[0]

    def _one(self, row: Row, column: str, workspace: str, company: str) -> Kept | None:
        """Whom a cell names: somebody of this company, where one is given, who is here and no bot."""
        those = self.found.those(row[column], workspace)
        here = [each for each in those if not company or each.company == company]
        active = [each for each in here if not (each.gone or each.bot)]
        if len(active) == 1:
            return active[0]
        text = row[column][:60]
        if active:
            other = "the account" if "@" in text else "the e-mail address"
            hint = f"write {other} instead" if column == "manager" or workspace else "fill in the column workspace"
            self._wrong(row, column, f"more than one person has “{text}”; {hint}")
        elif here:
            state = "is a bot" if here[0].bot else "has left"
            self._wrong(row, column, f"“{text}” {state}")
        elif those:
            self._wrong(row, column, f"“{text}” is of another company")
        else:
            where = f" in {workspace[:60]}" if workspace else ""
            self._wrong(row, column, f"nobody I know has “{text}”{where}")
        return None

    def _values(self, row: Row, person: Kept | None) -> Iterator[tuple[str, Any]]:
        for column in COLUMNS:
            text = row[column]
            if column in (*WHO, "workspace") or not text:
                continue
            try:
                yield column, None if text == CLEAR else self._value(row, column, text, person)
            except Unreadable as error:
                self._wrong(row, column, str(error))

    def _value(self, row: Row, column: str, text: str, person: Kept | None) -> Any:
        match column:
            case "manager":
                return self._manager(row, person)
            case "role":
                return self._role(text)
            case "country":
                if not known_country(text):
                    raise Unreadable(f"“{text[:40]}” is no country I know holidays of; write for example NL or DE-BY")
                return text.upper()
            case "days":
                return days(text)
            case "start" | "end":
                if (found := read_clock(text)) is None:
                    raise Unreadable(f"“{text[:40]}” is no time of day; write for example 09:00")
                return found
            case "started":
                return day(text)
        if len(text) > SIZES[column]:
            raise Unreadable(f"has {len(text)} characters; {SIZES[column]} are the most")
        return " ".join(text.split())

    def _manager(self, row: Row, person: Kept | None) -> str | None:
        above = self._one(row, "manager", "", person.company if person else self.company)
        if above and above.guest:
            self._wrong(row, "manager", f"{above.name} is a guest")
        elif above and person and above.id == person.id:
            self._wrong(row, "manager", "is the person themselves")
        return above.id if above else None

    def _role(self, text: str) -> str:
        roles = dict.fromkeys((*ROLES, *(role for role in self.settings.kudos.allowance if role != "default")))
        if text.lower() in roles:
            return text.lower()
        if text in roles:
            return text
        near = get_close_matches(text.lower(), roles, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(roles)}"
        raise Unreadable(f"“{text[:40]}” is no role; {hint}")


def days(text: str) -> tuple[int, ...]:
    """Weekdays by name, whole or their first three letters, and spans of them: "mon-thu", "monday, wednesday".

    Raises Unreadable.
    """
    found = list[int]()
    for part in re.split(r"[\s,;+/]+", re.sub(r"\s*[-–]\s*", "-", text.strip().lower())):
        first, dash, last = part.partition("-")
        begin, end = _weekday(first, text), _weekday(last, text) if dash else _weekday(first, text)
        found += [(begin + n) % 7 for n in range((end - begin) % 7 + 1)]
    return tuple(sorted(set(found)))


def _weekday(name: str, text: str) -> int:
    for number, weekday in enumerate(WEEKDAYS):
        if DAY.fullmatch(name) and weekday.startswith(name):
            return number
    raise Unreadable(f"“{text[:40]}” are no days of the week; write for example mon-fri, or mon tue thu")


# What becomes of it.


def _new(kept: Kept, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """What these values change of what is kept of the person, by column of the table. ValueError for odd hours."""
    new = dict[str, Any]()
    for column in ("team", "role"):
        if column in values:
            new[column] = values[column] or ""
    if "name" in values:
        new |= {"name": values["name"] or kept.name, "name_chosen": values["name"] is not None}
    if "manager" in values:
        new |= {"manager": values["manager"], "manager_from": "csv" if values["manager"] else ""}
    if "country" in values:
        told = country_of(kept.zone) or settings.people.country
        new |= {"country": values["country"] or told, "country_chosen": values["country"] is not None}
    if "started" in values:
        new["started"] = values["started"]
    if {"days", "start", "end"} & values.keys():
        new["hours"] = _hours(kept, values, settings)
    if {"country", "hours"} & new.keys():
        country, hours = new.get("country", kept.country), new.get("hours", kept.hours)
        usual = settings.people.calendar(kept.zone, country)
        new["calendar"] = Calendar.parse(f"{kept.zone}|{usual.country}|{hours}").key if hours else usual.key
    return {name: value for name, value in new.items() if value != getattr(kept, name)}


def _hours(kept: Kept, values: Mapping[str, Any], settings: Settings) -> str:
    """Days and hours of their own; "" where they are the company's."""
    usual = settings.people.calendar(kept.zone, kept.country)
    own = Calendar.parse(f"{kept.zone}|{usual.country}|{kept.hours}") if kept.hours else usual
    said = {name: values[name] if values[name] is not None else getattr(usual, name) for name in values.keys() & TIMES}
    found = {name: said.get(name, getattr(own, name)) for name in TIMES}
    key = Calendar(kept.zone, usual.country, found["days"], found["start"], found["end"]).key
    return "" if key == usual.key else key.split("|", 2)[2]


TIMES = frozenset({"days", "start", "end"})


def _shown(wish: Wish, names: Mapping[str, str]) -> str:
    def said(name: str, value: Any) -> str:
        if name == "manager":
            value = names.get(value, value)
        return str(value) if value else "nothing"

    told = [
        f"{name} {said(name, getattr(wish.person, name))} → {said(name, value)}"
        for name, value in wish.new.items()
        if name in SHOWN
    ]
    return f"{wish.person.name}: {', '.join(told) or 'stays so, whatever the platform says'}"


SHOWN = ("name", "manager", "team", "role", "country", "hours", "started")
