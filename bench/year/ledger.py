"""What arrived, kept in a file of its own so that the process's memory shows Kadens and not its observer."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import mean, quantiles

from bot.core.sending import Can, Outgoing

TABLES = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE arrived (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE told (
    person TEXT, rhythm TEXT, period TEXT, step INT, at TEXT, PRIMARY KEY (person, rhythm, period, step)
);
CREATE TABLE skipped (person TEXT, rhythm TEXT, period TEXT, at TEXT);
CREATE TABLE snoozed (person TEXT, rhythm TEXT, period TEXT, at TEXT, until TEXT);
"""


@dataclass
class Ledger:
    path: Path
    doubled: int = 0
    messages: int = 0
    weekly: dict[str, Counter[int]] = field(default_factory=dict)  # by role: how many people got so many in a week
    _week: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.executescript(TABLES)

    def arrived(self, key: str) -> None:
        self.messages += 1
        self.doubled += 1 - self._add("arrived", key)

    def told(self, person: str, rhythm: str, period: str, step: int, at: datetime) -> bool:
        """Whether this is the first message of its nudge: a nudge may be several."""
        return bool(self._add("told", person, rhythm, period, step, at.isoformat()))

    def skipped(self, person: str, rhythm: str, period: str, at: datetime) -> None:
        self._add("skipped", person, rhythm, period, at.isoformat())

    def snoozed(self, person: str, rhythm: str, period: str, at: datetime, until: str) -> None:
        self._add("snoozed", person, rhythm, period, at.isoformat(), until)

    def _add(self, table: str, *values: object) -> int:
        marks = ",".join("?" * len(values))
        return self.db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", values).rowcount

    def reached(self, person: str, role: str) -> None:
        self._week[person, role] += 1

    def week_over(self, people: Counter[str]) -> None:
        """`people` by role: who got nothing counts too."""
        for role, many in people.items():
            got = [times for (_, of), times in self._week.items() if of == role]
            self.weekly.setdefault(role, Counter()).update([*got, *([0] * (many - len(got)))])
        self._week.clear()

    def per_week(self, role: str) -> tuple[float, float, int]:
        """Messages to a person in a week: mean, p95, most."""
        each = sorted(self.weekly[role].elements())
        return mean(each), quantiles(each, n=20)[18], each[-1]


class Forgetful:
    """The platform that remembers for a moment only: whoever reads is told, and then it is gone."""

    def __init__(self, can: Can, read: Callable[[Outgoing, str], None]) -> None:
        self.can, self._read, self._sent = can, read, 0

    async def send(self, message: Outgoing) -> str:
        self._sent += 1
        id = message.target or f"m{self._sent}"
        self._read(message, id)
        return id

    async def find(self, message: Outgoing) -> str | None:
        raise AssertionError("nothing is ever unsure here")
