"""A home and a history at a million people: everything from the event that is taken in to the commit.

A manager with thirty reports, two years of check-ins, 500 kudos and 20 goals, among 1,000,000 people with 4,000,000
kudos between them. Held against nothing: what it may take is stated in milliseconds.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import quantiles

from bot.core.cards import Card
from bot.core.effects import KeepDialogue, Tell
from bot.core.events import Action, Command, Event, Opened
from bot.core.features import Routes
from bot.core.history import Query
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.sending import Can
from bot.turn import Turns
from handlers import FEATURES
from storage import homes, schema
from storage import people as folk
from storage.engine import Store

PEOPLE, KUDOS, ALLOWED = 1_000_000, 4_000_000, 100.0  # people, rows, milliseconds
NOW = datetime(2026, 11, 17, 10, tzinfo=UTC)
CAN = Can(threads_in_direct=True, whispers=True, looks_back=True)
_numbers = count(1)

# One statement each: the rows are made where they are kept. Of Python's own making a million takes a minute.
MANY = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {}) "
DAY = "strftime('%Y-%m-%d %H:%M:%f000', '2026-11-17', '-' || ({}) || ' hours')"


@dataclass
class Figures:
    """Milliseconds by what was looked at."""

    people: int
    times: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, began: float) -> None:
        self.times.setdefault(name, []).append((time.perf_counter() - began) * 1e3)

    def of(self, name: str) -> tuple[float, float]:
        """p50 and p95."""
        cuts = quantiles(self.times[name], n=20, method="inclusive")
        return round(cuts[9], 1), round(cuts[18], 1)


async def measure(folder: Path, rounds: int, people: int = PEOPLE, kudos: int = KUDOS) -> Figures:
    path = folder / "home.db"
    url = f"sqlite+aiosqlite:///{path}"
    await schema.upgrade(url)
    store, found = Store(url), Figures(people)
    try:
        _fill(path, store, people, kudos)
        turns = Turns(Routes(*FEATURES), store, dict.fromkeys(("slack", "teams", "playground"), CAN))
        async with store.reading() as session:
            manager, someone = await folk.by_id(session, "p0"), await folk.by_id(session, "p7")
        assert manager and someone
        for number in range(rounds * 20 + 1):
            for name, event in looks(manager, someone):
                began = time.perf_counter()
                await turns.take(event)
                if number:  # the first reads the file
                    found.add(name, began)
            async with store.transaction() as session:
                began = time.perf_counter()
                await homes.changed(session, event, [Tell(manager, Card()), KeepDialogue(Progress("talk:1", "grow"))])
                found.add("marking, of each turn that writes", began)
    finally:
        await store.close()
    return found


def looks(manager: Person, someone: Person) -> Iterator[tuple[str, Event]]:
    def of(kind: type[Event], who: Person = manager, **more: object) -> Event:
        base = {"id": f"look{next(_numbers)}", "actor": who, "place": who.home, "at": NOW}
        return kind(**base, **more)  # type: ignore[arg-type]

    yield "home", of(Opened)
    yield "home of a newcomer", of(Opened, replace(someone))
    yield "history", of(Command, name="kadens history")
    yield "history, words", of(Action, action="history.show", value=str(Query(words="number 499")))
    whole = str(Query(words="nowhere"))
    yield "history, 10,000 rows", of(Action, replace(manager, id="p1"), action="history.show", value=whole)


def _fill(path: Path, store: Store, people: int, kudos: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for table, rows, columns in _tables(store.settings.people.calendar().key, people, kudos):
            given = {**_blanks(database, table), **columns}
            values = f"SELECT {', '.join(given.values())} FROM n"
            database.execute(f"INSERT INTO {table} ({', '.join(given)}) {MANY.format(rows)} {values}")


def _tables(calendar: str, people: int, kudos: int) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Table, how many rows, and what each column is by the row's number `i`."""
    place = {"workspace": "'slack:T1'"}
    who = {"id": "'p' || i", "company": "'slack:T1'", "account": "'U' || i", "name": "'Person ' || i", "lang": "'en'"}
    # The first has thirty reports; everybody else ten.
    line = "CASE WHEN i BETWEEN 1 AND 30 THEN 'p0' WHEN i > 30 THEN 'p' || (i / 10) END"
    zone = {"zone": "'Europe/Amsterdam'", "calendar": f"'{calendar}'"}
    yield "people", people, {**place, **who, **zone, "manager": line}

    said = {"words": "'thanks for number ' || i", "day": "'2026-11-01'", "kind": "'public'", "conversation": "'C1'"}
    anybody = f"'p' || (i * 7919 % {people})", f"'p' || (2 + i * 104729 % {people - 2})"
    for name, rows, giver, receiver, at in (
        ("kudos", kudos, *anybody, "i % 20000"),
        ("own", 500, "'p' || (40 + i)", "'p0'", "i"),
        ("much", 10_000, "'p' || (40 + i)", "'p1'", "i % 20000"),
    ):
        between = {"giving": f"'{name}:' || i", "giver": giver, "receiver": receiver, "at": DAY.format(at)}
        yield "kudos", rows, {**place, **said, **between}

    mine, month = {"id": "'checkin:' || i", "person": "'p0'"}, DAY.format("i * 720")
    told = """'[{"question":"well","asked":"?","reply":"it went well","message":""}]'"""
    about = {"dialogue": "'checkin'", "subject": "'2025-01'", "seeds": "'{}'", "given": told, "state": "'finished'"}
    yield "dialogues", 24, {**mine, **about, "began": month, "touched": month}
    yield "checkins", 24, {**mine, "period": "printf('%d-%02d', 2026 - i / 12, 12 - i % 12)", "at": month}

    owner = f"'p' || (CASE WHEN i < 20 THEN 0 ELSE i * 31 % {people} END)"
    goal = {"id": "'goal:' || i", "company": "'slack:T1'", "person": owner, "set_by": "'p0'", "title": "'Goal ' || i"}
    what = {
        "level": "'personal'",
        "kind": "'measure'",
        "visibility": "'team'",
        "state": "'open'",
        "word": "'going well'",
    }
    how = {"start": "0", "target": "100", "value": "60", "word_at": DAY.format("i % 900"), "at": DAY.format("i % 2000")}
    yield "goals", people // 5, {**goal, **what, **how}
    word = {"id": "'update:' || i", "goal": "'goal:' || (i % 20)", "author": "'p0'", "story": "'a word ' || i"}
    yield "goal_updates", 200, {**word, "at": DAY.format("i")}
    point = {"id": "'point:' || i", "person": "'p' || (1 + i)", "manager": "'p0'", "words": "'talk about ' || i"}
    yield "agenda", 30, {**point, "source": "'s' || i", "at": DAY.format("i")}
    round_ = {"rhythm": "'checkin'", "period": "'2026-11'", "step": "0", "state": "'said'", "due_at": DAY.format("5")}
    yield "nudges", min(people, 100_000), {"person": "'p' || i", **round_}


def _blanks(database: sqlite3.Connection, table: str) -> dict[str, str]:
    """For each column that must not be empty, the emptiest there is."""
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    return {
        name: "0" if kind in ("BOOLEAN", "INTEGER", "FLOAT") else "''" for _, name, kind, must, *_ in columns if must
    }
