"""No statement of a hot path reads a whole table. Nobody lists the statements: a story is played, and each one that
reached the database on the way is explained, so that whoever adds a query has it looked at too."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as hooks
from sqlalchemy import select
from sqlalchemy.engine import make_url

from bot.core.events import Opened
from handlers import FEATURES
from scheduler.clock import Clock
from storage import retention
from storage.engine import Store
from storage.keeping import holds
from storage.people import people
from storage.schema import metadata
from tests.cards import play, play_feedback, play_goals, play_home, play_settings
from tests.cards.gallery import Gallery, Stage, company, settings
from tests.conftest import NOON

# One row a company, a team, a workspace or a channel, or what is gone within a day: read as a whole where it is short.
SMALL = {
    "cadences", "channels", "company_settings", "installations", "oauth_states", "pauses", "budgets", "settings_log",
    "syncs", "teams_conversations", "teams_files", "teams_hosts", "unreachable", "user_groups",
}  # fmt: skip
# Indexes of what waits, in which nothing stays that is done.
WALKED = {"ix_people_led"}  # by which planning meets everybody who leads somebody, whoever that is, once
WAITING = {"ix_homes_stale", "ix_nudges_owed", "ix_outbox_leased", "ix_outbox_waiting", "ix_outbox_retry"}
OURS = re.compile(r"FROM \w+\s*\Z")  # what the story itself looks up in the store: whole tables, to find its way
SCENES = (
    *(play.meeting, play.managers, play.own_settings, play.rhythm, play.checkins, play.shares, play.kudos_given),
    *(play.kudos_seen, play.grow_alone, play.grow_beside, play.reviews, play.homes, play.another_month),
    *(play_settings.own_settings, play_settings.team_rhythm, play_feedback.feedback, play_goals.goals),
    *(play_home.homes, play_home.history),
)


@dataclass
class Seen:
    """One example of each statement."""

    statements: dict[str, str] = field(default_factory=dict)

    def __call__(self, statement: str) -> None:
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", statement) and not OURS.search(statement):
            shape = re.sub(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b", "?", statement)
            self.statements.setdefault(re.sub(r"\?(?:, \?)+", "?", shape), statement)


@pytest.fixture
def seen(url: str) -> Iterator[tuple[Store, Seen]]:
    """A store whose statements are all written down: by the driver itself, which none can go round."""
    store, found = Store(url, settings("en")), Seen()

    def traced(connection: Any, _: Any) -> None:
        if hasattr(connection, "run_async"):
            connection.run_async(lambda raw: raw.set_trace_callback(found))
        else:
            connection.set_trace_callback(found)

    for engine in store.engines:
        hooks.listen(engine, "connect", traced)
    yield store, found


async def story(store: Store) -> None:
    """All that people do from one day to the next, and what the clock does."""
    stage = Stage(store, Gallery("en", False), *FEATURES)
    folk = await company(stage, "en")
    for scene in SCENES:
        await scene(stage, folk)
        await stage.deliver()
    for days in (1, 7, 30):
        now = stage.now + timedelta(days=days)
        await Clock(stage.turns).beat(now)
        await stage.deliver()
    await stage.happens(folk["max"], Opened)


def scans(path: str, statements: dict[str, str]) -> dict[str, list[str]]:
    """What is read as a whole, by statement."""
    found = dict[str, list[str]]()
    with closing(sqlite3.connect(path)) as database:
        for shape, statement in statements.items():
            names = {alias: name for name, alias in re.findall(r'\b(\w+) AS "?(\w+)"?', statement)}
            for *_, line in database.execute(f"EXPLAIN QUERY PLAN {statement}"):
                scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", line)
                name = names.get(scanned[1], scanned[1]) if scanned else ""
                if scanned and name in metadata().tables and name not in SMALL and scanned[2] not in WAITING | WALKED:
                    found.setdefault(shape, []).append(line)
    return found


def as_if_many(path: str) -> None:
    """Statistics, as if each table had a million rows: SQLite chooses by these where there are any."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("ANALYZE")
        database.execute(
            "UPDATE sqlite_stat1 SET stat = '1000000' || substr(stat, instr(stat || ' ', ' ')) WHERE idx NOT NULL"
        )


async def retained(store: Store) -> None:
    """A look at each table, somewhere in its middle, and what becomes of what it finds."""
    async with store.transaction() as session:
        for step in retention.steps(store.settings.retention, NOON):
            key = tuple(0 if holds(column) is int else "" for column in step.table.primary_key.columns)
            await retention.look(session, step, key)
            await retention.sweep(session, step, [key])


@pytest.mark.slow
@pytest.mark.sqlite
async def test_no_statement_of_a_hot_path_reads_a_whole_table(seen: tuple[Store, Seen]) -> None:
    store, found = seen
    await story(store)
    await retained(store)
    await store.close()
    assert len(found.statements) > 300
    path = str(make_url(store.url).database)
    assert scans(path, found.statements) == {}
    as_if_many(path)
    assert scans(path, found.statements) == {}


@pytest.mark.sqlite
async def test_a_statement_that_reads_a_whole_table_is_seen(seen: tuple[Store, Seen]) -> None:
    store, found = seen
    async with store.reading() as session:
        await session.all(select(people).where(people.c.name == "Ana"))
        await session.all(select(people).where(people.c.id == "ana"))
    await store.close()
    [(statement, lines)] = scans(str(make_url(store.url).database), found.statements).items()
    assert "people.name = ?" in statement and lines == ["SCAN people"]
