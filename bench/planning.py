"""Planning the monthly nudges of 100,000 people, against plain SQL that inserts the very same rows; and the same where
500 managers have chosen one of five rhythms for their teams."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, date, datetime
from datetime import time as hour
from pathlib import Path

from bot.core.cadences import Beat, Stage, written
from bot.core.calendar import Every
from scheduler.nudges import plan
from storage import people as folk
from storage import schema
from storage.engine import Store
from storage.overlays import cadences

PEOPLE, MANAGERS, TEAMS = 100_000, 5_000, 500  # as many managers, of whom so many chose a rhythm for their team
CHOSEN: tuple[tuple[Every, str], ...] = (
    ("week", "tuesday"),
    ("month", "day 1"),
    ("month", "first tuesday"),
    ("quarter", "last workday"),
    ("week", "last workday"),
)
ZONES = ("Europe/Amsterdam", "Europe/Stockholm", "Europe/Lisbon", "Europe/Helsinki")
NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)  # a first Tuesday: the check-in is due in all of these zones


async def measure(folder: Path, rounds: int, teams: int = 0) -> tuple[int, list[float], list[float]]:
    """How many rows, and the seconds of both, in turns. `teams`: how many have a rhythm of their own."""
    path = folder / f"planning-{teams}.db"
    url = f"sqlite+aiosqlite:///{path}"
    await schema.upgrade(url)
    store, ours, theirs = Store(url), list[float](), list[float]()
    try:
        await _crowd(store, teams)
        for number in range(rounds + 1):
            _sql(path, "DELETE FROM nudges")
            began = time.perf_counter()
            await plan(store, NOW)
            ours.append(time.perf_counter() - began)
            if number == 0:
                _sql(path, "CREATE TABLE same AS SELECT * FROM nudges")
                rows = _count(path)
            _sql(path, "DELETE FROM nudges")
            theirs.append(_sql(path, "INSERT INTO nudges SELECT * FROM same"))
            assert _count(path) == rows
    finally:
        await store.close()
    return rows, ours[1:], theirs[1:]


async def _crowd(store: Store, teams: int) -> None:
    keys = [store.settings.people.calendar(zone).key for zone in ZONES]
    many = [
        {
            "id": f"p{n}",
            "company": "slack:T1",
            "workspace": "slack:T1",
            "account": f"U{n}",
            "name": f"Person {n}",
            "lang": "en",
            "zone": ZONES[n % len(ZONES)],
            "calendar": keys[n % len(keys)],
            "manager": f"p{n % MANAGERS}" if n >= MANAGERS else None,
        }
        for n in range(PEOPLE)
    ]
    beats = [Beat(on, hour(9), every) for every, on in CHOSEN]
    said = [written({"checkin": (Stage(date.min, beat),)}) for beat in beats]
    chosen = [{"manager": f"p{n}", "said": said[n % len(said)], "at": NOW} for n in range(teams)]
    async with store.transaction() as session:
        await session.run(folk.people.insert(), many)
        if chosen:
            await session.run(cadences.insert(), chosen)


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
