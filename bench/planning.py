"""Planning the monthly nudges of 100,000 people, or of a million, against plain SQL that inserts the very same rows by
one statement: as the people they are of are stored, and in the order in which ours lays them down, the best there is
for the indexes. Nobody has them ready in that order: to find it, and the rows, is what planning does. The same where
500 managers have chosen one of five rhythms for their teams. Twenty zones, sixty calendars, some away, some gone, some
new. What a running process has looked at since midnight it has looked at."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.crowd import NOW, TEAMS, Crowd, fill
from scheduler.nudges import plan
from scheduler.rounds import Lately
from storage import schema
from storage.engine import Store

PEOPLE = 100_000
MIDNIGHT = NOW.replace(hour=0, minute=30)
__all__ = ["PEOPLE", "TEAMS", "measure"]


@dataclass
class Taken:
    """Seconds, a round each: of ours, and of plain SQL in either order; and of planning again when all has been, by a
    process that knows nothing of it."""

    people: int
    rows: int = 0
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    laid: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        seconds = {name: median(getattr(self, name)[1:]) for name in ("ours", "theirs", "laid", "again")}
        ratios = {of: _ratio(self.ours[1:], other[1:]) for of, other in (("theirs", self.theirs), ("laid", self.laid))}
        told = {name: {"seconds": round(value, 3)} for name, value in seconds.items()}
        return {"people": self.people, "rows": self.rows, **told, "ratio": ratios["theirs"], "of_laid": ratios["laid"]}


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return round(median(one / other for one, other in zip(ours, theirs, strict=True)), 3)


async def measure(folder: Path, rounds: int, teams: int = 0, people: int = PEOPLE) -> Taken:
    """In turns, after a first round that does not count. `teams`: how many have a rhythm of their own."""
    path, taken = folder / f"planning-{teams}-{people}.db", Taken(people)
    url = f"sqlite+aiosqlite:///{path}"
    await schema.upgrade(url)
    store = Store(url)
    try:
        await fill(store, Crowd(people, history=False), teams)
        for number in range(rounds + 1):
            _sql(path, "DELETE FROM nudges")
            lately = Lately()
            await plan(store, MIDNIGHT, lately)
            settled = _count(path)  # what was too late for anybody is recorded by then, and is none of the month's rows
            taken.ours.append(await _planned(store, lately))
            taken.rows = _count(path) - settled
            taken.again.append(await _planned(store, Lately()))
            new = f"FROM nudges WHERE nudges.rowid > {settled}"
            if number == 0:
                _sql(path, f"CREATE TABLE laid AS SELECT * {new} ORDER BY rowid")
                _sql(
                    path,
                    "CREATE TABLE stored AS SELECT laid.* FROM laid, people WHERE id = person ORDER BY people.rowid",
                )
            for seconds, table in ((taken.theirs, "stored"), (taken.laid, "laid")):
                _sql(path, f"DELETE {new}")
                seconds.append(_sql(path, f"INSERT INTO nudges SELECT * FROM {table}"))
                assert _count(path) == settled + taken.rows
    finally:
        await store.close()
    return taken


async def _planned(store: Store, lately: Lately) -> float:
    began = time.perf_counter()
    await plan(store, NOW, lately)
    return time.perf_counter() - began


def _sql(path: Path, statement: str) -> float:
    """Seconds of one statement, as durable as the store's own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        began = time.perf_counter()
        database.execute(statement)
        return time.perf_counter() - began


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM nudges").fetchone()[0])
