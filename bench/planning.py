"""Planning the monthly nudges of 100,000 people, or of a million, against plain SQL that inserts the very same rows;
and the same where 500 managers have chosen one of five rhythms for their teams. Twenty zones, sixty calendars, some
away, some gone, some new. What a running process has looked at since midnight it has looked at."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bench.crowd import NOW, TEAMS, Crowd, fill
from scheduler.nudges import plan
from scheduler.rounds import Lately
from storage import schema
from storage.engine import Store

PEOPLE = 100_000
MIDNIGHT = NOW.replace(hour=0, minute=30)
__all__ = ["PEOPLE", "TEAMS", "measure"]


async def measure(
    folder: Path, rounds: int, teams: int = 0, people: int = PEOPLE
) -> tuple[int, list[float], list[float], list[float]]:
    """How many rows, and the seconds of ours and of theirs, in turns; and of planning again when all has been, by a
    process that knows nothing of it. `teams`: how many have a rhythm of their own."""
    path = folder / f"planning-{teams}-{people}.db"
    url = f"sqlite+aiosqlite:///{path}"
    await schema.upgrade(url)
    store, ours, theirs, again = Store(url), list[float](), list[float](), list[float]()
    try:
        await fill(store, Crowd(people, history=False), teams)
        for number in range(rounds + 1):
            _sql(path, "DELETE FROM nudges")
            lately = Lately()
            await plan(store, MIDNIGHT, lately)
            settled = _count(path)  # what was too late for anybody is recorded by then, and is none of the month's rows
            ours.append(await _planned(store, lately))
            rows = _count(path) - settled
            again.append(await _planned(store, Lately()))
            if number == 0:
                _sql(path, f"CREATE TABLE same AS SELECT * FROM nudges WHERE rowid > {settled}")
            _sql(path, f"DELETE FROM nudges WHERE rowid > {settled}")
            theirs.append(_sql(path, "INSERT INTO nudges SELECT * FROM same"))
            assert _count(path) == settled + rows
    finally:
        await store.close()
    return rows, ours[1:], theirs[1:], again[1:]


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
