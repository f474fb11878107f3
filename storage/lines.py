"""Who manages whom, as the company's own lists say it: drawn for many at once, and never in a circle."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from storage.directory import rewrite
from storage.engine import Session
from storage.people import LINE, people


@dataclass(frozen=True, slots=True)
class Line:
    manager: str | None  # a Person.id
    source: str  # csv, graph


async def every(session: Session) -> dict[str, str]:
    """By person: their manager. LINE has to be held by whoever draws lines after this."""
    query = select(people.c.id, people.c.manager).where(people.c.manager.is_not(None))
    return {row.id: row.manager for row in await session.all(query)}


def circle(managers: Mapping[str, str], person: str) -> tuple[str, ...]:
    """The people of a circle that the line above this person ends in; nobody where it comes to an end."""
    at, seen = person, list[str]()
    while at in managers:
        if at in seen:
            return tuple(seen[seen.index(at) :])
        seen.append(at)
        at = managers[at]
    return ()


def circles(managers: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Every circle there is, each once."""
    ends, found = set[str](), list[tuple[str, ...]]()
    for person in managers:
        at, way = person, dict[str, int]()
        while at in managers and at not in ends and at not in way:
            way[at] = len(way)
            at = managers[at]
        if at in way:
            found.append(tuple(list(way)[way[at] :]))
        ends.update(way)
    return found


async def draw(session: Session, lines: Mapping[str, Line]) -> int:
    """These lines, but none that closes a circle, crosses the border of a company, leads to somebody who cannot manage,
    or takes the place of one that counts more. Returns how many are new."""
    await session.hold(LINE)
    ids = {*lines, *(line.manager for line in lines.values() if line.manager)}
    query = select(people.c.id, people.c.company, people.c.manager, people.c.manager_from, people.c.bot,
                   people.c.guest, people.c.gone).where(people.c.id.in_(ids))  # fmt: skip
    found = {row.id: row for row in await session.all(query)}
    weak = {"", "graph"} | ({"chat"} if session.settings.people.managers == "directory" else set())
    wanted = dict[str, Line]()
    for person, line in lines.items():
        own, above = found[person], found.get(line.manager or "")
        if own.manager_from not in weak or (line.manager is None and own.manager_from != line.source):
            continue
        outside = above and (above.bot or above.guest or above.gone or above.company != own.company)
        if own.manager != line.manager and not outside and person != line.manager:
            wanted[person] = line
    if not wanted:
        return 0
    managers, rows = await every(session), list[dict[str, str | None]]()
    for person, line in wanted.items():
        before = managers.pop(person, None)
        if line.manager:
            managers[person] = line.manager
            if circle(managers, person):
                managers.pop(person)
                if before:
                    managers[person] = before
                continue
        source = line.source if line.manager else ""
        rows.append({"id": person, "manager": line.manager, "manager_from": source})
    await rewrite(session, people, ("id",), rows)
    return len(rows)
