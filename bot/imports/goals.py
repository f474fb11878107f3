"""Goals of the company and its teams from a file: all that is wrong at once, then all or nothing, and never twice.

A goal is known again by its level, team and title. What a file has no column for stays as it is.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from bot.core.figures import UNIT
from bot.core.goals import TEXT, TITLE, Goal, Kind, Level
from bot.core.people import Person
from bot.imports import Outcome, Problem, Row, Sheet, Unreadable, company_of, day, figure, sheet
from storage import imports, tree
from storage.engine import Session, Store
from storage.goals import Adjusted, NewGoal

COLUMNS = ("level", "team", "title", "why", "kind", "start", "target", "unit", "due", "parent", "owner")
NEEDED = ("level", "title")
SIZES: Mapping[str, int] = {"title": TITLE, "why": TEXT, "unit": UNIT, "team": 80}  # characters
KINDS: tuple[Kind, ...] = ("measure", "objective", "milestone")  # one cannot grow for a team
Key = tuple[Level, str, str]  # level, team and title, in small letters


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line of the file."""

    row: Row
    goal: Goal  # without owner and parent, which are looked up
    key: Key


async def load(store: Store, body: bytes, at: datetime, company: str = "", dry: bool = False) -> Outcome:
    """Read the file into the store; `dry` only says what would happen. With any problem nothing is written.

    Raises NoCompany where it cannot be told whose goals these are.
    """
    async with store.transaction() as session:
        company = company_of(await imports.companies(session), company)
        read = sheet(body, COLUMNS, NEEDED)
        known = await Known.of(session, company, read)
        outcome = Outcome(problems=list(read.problems))
        if not {problem.column for problem in read.problems} & set(NEEDED):
            facts = list(_compared(read, known, at, outcome))
            if not (outcome.problems or dry):
                for fact in facts:
                    await fact.save(session)
    return outcome


@dataclass(frozen=True, slots=True)
class Known:
    """What the file is held against."""

    company: str
    goals: Mapping[Key, Goal]
    teams: Mapping[str, str]  # as people are in them, by small letters
    owners: Mapping[str, tuple[Person, ...]]
    leaders: Mapping[str, Person]

    @staticmethod
    async def of(session: Session, company: str, read: Sheet) -> "Known":
        goals = {key_of(goal): goal for goal in reversed(await tree.set_for_all(session, company))}
        teams = {name.lower(): name for name in await imports.teams(session, company)}
        owners = await imports.named(session, company, (row["owner"] for row in read.rows))
        return Known(company, goals, teams, owners, await imports.leaders(session, company))


def key_of(goal: Goal) -> Key:
    return goal.level, goal.team.casefold(), " ".join(goal.title.split()).casefold()


def _compared(read: Sheet, known: Known, at: datetime, outcome: Outcome) -> Iterator[Any]:
    """What has to be written, and the counts; what is wrong goes into `outcome`."""
    lines = [_read(row, known, at, outcome.problems) for row in read.rows]
    wanted, seen = [each for each in lines if each], dict[Key, int]()
    for each in wanted:
        if (line := seen.setdefault(each.key, each.row.line)) != each.row.line:
            outcome.problems.append(each.row.problem("title", f"is the same goal as on line {line}"))
    company = {key[2]: goal for key, goal in known.goals.items() if key[0] == "company"}
    for each in wanted:
        if each.key[0] == "company":
            company.setdefault(each.key[2], each.goal)
    for each in sorted(wanted, key=lambda each: each.key[0]):  # the company's first: a team's goal can serve it
        goal = _linked(each, known, company, outcome.problems)
        before = known.goals.get(each.key)
        if before is None:
            outcome.added += 1
            yield NewGoal(goal)
        elif new := _new(before, goal, each.row, read.columns):
            outcome.changed += 1
            yield from _changes(before, goal, new, at)
        else:
            outcome.same += 1


def _changes(before: Goal, goal: Goal, new: dict[str, Any], at: datetime) -> Iterator[Any]:
    owner = new.pop("set_by", before.set_by)
    if owner != before.set_by:
        yield tree.LookedAfter(before.id, owner)
    if new:
        yield Adjusted(f"import:{secrets.token_hex(8)}", before.id, owner, at, new)


def _new(before: Goal, goal: Goal, row: Row, columns: Sequence[str]) -> dict[str, Any]:
    """What the file says otherwise. An empty kind, owner or target says nothing; all else that is empty is emptied."""
    names = {"why", "due", "parent"} & set(columns)
    if goal.kind != before.kind and (row["kind"] or row["target"]):
        names |= {"kind", "start", "target", "unit"}
    elif goal.kind == before.kind == "measure":
        names |= {"start", "target", "unit"} & set(columns)
    new = {name: getattr(goal, name) for name in sorted(names) if getattr(goal, name) != getattr(before, name)}
    return new | ({"set_by": goal.set_by} if row["owner"] and goal.set_by != before.set_by else {})


# One line.


def _read(row: Row, known: Known, at: datetime, problems: list[Problem]) -> Wanted | None:
    """The goal of a line; None, and what is wrong, where it is none."""
    wrong = list[Problem]()
    level = _level(row, wrong)
    for column, most in SIZES.items():
        if len(row[column]) > most:
            wrong.append(row.problem(column, f"has {len(row[column])} characters; {most} are the most"))
    title = " ".join(row["title"].split())
    if not title:
        wrong.append(row.problem("title", "is empty"))
    team = _team(row, level, known, wrong)
    kind, figures = _kind(row, wrong)
    due = _cell(row, "due", day, wrong)
    problems += wrong
    if wrong or level is None:
        return None
    id, unit = f"goal:{secrets.token_hex(8)}", row["unit"] if kind == "measure" else ""
    goal = Goal(id=id, company=known.company, level=level, team=team, title=title, why=row["why"], kind=kind, unit=unit,
                due=due, visibility="everyone", at=at, word_at=at, set_by="", **figures)  # fmt: skip
    return Wanted(row, goal, key_of(goal))


def _level(row: Row, wrong: list[Problem]) -> Level | None:
    match row["level"].lower():
        case "company" | "team" as level:
            return level
        case "":
            wrong.append(row.problem("level", "is empty; write company or team"))
        case other:
            wrong.append(row.problem("level", f"“{other[:40]}” is no level; write company or team"))
    return None


def _team(row: Row, level: Level | None, known: Known, wrong: list[Problem]) -> str:
    name = " ".join(row["team"].split())
    if level == "company" and name:
        wrong.append(row.problem("team", "a goal of the company has no team; leave it empty, or write team as level"))
    if level != "team":
        return ""
    if not name:
        wrong.append(row.problem("team", "is empty; write whose goal it is"))
    elif known.teams and name.lower() not in known.teams:
        near = get_close_matches(name.lower(), known.teams, 1)
        hint = f"; did you mean “{known.teams[near[0]]}”?" if near else ""
        wrong.append(row.problem("team", f"nobody is in a team “{name[:40]}”{hint}"))
    return known.teams.get(name.lower(), name)


def _cell(row: Row, column: str, read: Any, wrong: list[Problem]) -> Any:
    try:
        return read(row[column])
    except Unreadable as error:
        wrong.append(row.problem(column, str(error)))
        return None


def _kind(row: Row, wrong: list[Problem]) -> tuple[Kind, dict[str, Any]]:
    """The kind and its figures. A goal with a target is a measure, one without is an objective, if nothing is said."""
    before = len(wrong)
    start, target = _cell(row, "start", figure, wrong), _cell(row, "target", figure, wrong)
    readable = len(wrong) == before
    said = row["kind"].lower()
    kind = next((each for each in KINDS if each == said), None)
    if said and kind is None:
        wrong.append(row.problem("kind", f"“{said[:40]}” is no kind; write {' or '.join(KINDS)}"))
    kind = kind or ("measure" if row["target"] else "objective")
    if kind != "measure":
        for column in ("start", "target"):
            if row[column] and not (said and kind is None):
                wrong.append(row.problem(column, f"a goal of the kind {kind} has no figures; leave it empty"))
        return kind, {"start": 0.0, "target": 1.0, "value": 0.0} if kind == "milestone" else {}
    if target is None:
        if readable:
            wrong.append(row.problem("target", "is empty; a goal of the kind measure has to have one"))
        return kind, {}
    if readable and target == (start or 0.0):
        wrong.append(row.problem("target", "is where it starts; write where it should be"))
    return kind, {"start": start or 0.0, "target": target, "value": start or 0.0}


def _linked(each: Wanted, known: Known, company: Mapping[str, Goal], problems: list[Problem]) -> Goal:
    """The goal with who looks after it and what it serves."""
    row, goal = each.row, each.goal
    parent = " ".join(row["parent"].split())
    if parent and goal.level == "company":
        problems.append(row.problem("parent", "a goal of the company serves no other; leave it empty"))
    elif parent and (above := company.get(parent.casefold())):
        goal = replace(goal, parent=above.id)
    elif parent:
        near = get_close_matches(parent.casefold(), company, 1, 0.7)
        hint = f"; did you mean “{company[near[0]].title}”?" if near else ", neither in this file nor set before"
        problems.append(row.problem("parent", f"no goal of the company is called “{parent[:60]}”{hint}"))
    return replace(goal, set_by=_owner(each, known, problems))


def _owner(each: Wanted, known: Known, problems: list[Problem]) -> str:
    row, goal = each.row, each.goal
    if row["owner"]:
        those = known.owners.get(row["owner"].lower(), ())
        if len(those) == 1:
            return those[0].id
        who = "more than one person has" if those else "nobody of this company has"
        problems.append(row.problem("owner", f"{who} the e-mail address or account “{row['owner'][:60]}”"))
        return ""
    if before := known.goals.get(each.key):
        return before.set_by
    leader = known.leaders.get(goal.team) or known.leaders.get("")
    if leader is None:
        problems.append(row.problem("owner", "is empty, and nobody has the role hr; write who looks after this goal"))
        return ""
    return leader.id
