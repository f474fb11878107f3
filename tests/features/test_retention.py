"""What is old goes, kind by kind; what is open stays, however old; nothing else is touched."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from itertools import count as numbers
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from bot.core.settings import Retention, Settings
from scheduler.retention import Retention as Daily
from storage import retention
from storage.dialogues import DialogueRow
from storage.engine import Store
from storage.goals import GoalRow, GoalUpdateRow
from storage.keeping import RULES, Aged, holds, ruled
from storage.outbox import EventRow
from storage.retention import months_before, steps
from storage.sharing import RemarkRow
from tests.conftest import count, person, rows

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
KEPT = Retention()
number = numbers(1)


CODES = {"seeds": "{}", "given": "[]", "said": "{}", "state": "finished", "dialogue": "grow"}


def filled(table: Table, who: str, values: dict[str, Any]) -> dict[str, Any]:
    """A row of this table, all of its columns with something of their kind."""
    row = dict[str, Any]()
    for column in table.c:
        kind = holds(column)
        if any(key.column.table.name == "people" for key in column.foreign_keys) or column.name in ("actor", "person"):
            row[column.name] = who
        elif kind in (datetime, date):
            row[column.name] = None if column.nullable else (NOW if kind is datetime else NOW.date())
        elif kind is time:
            row[column.name] = time(12)
        elif kind in (bool, int, float):
            row[column.name] = next(number) if column.primary_key and kind is int else kind(0)
        else:
            row[column.name] = CODES.get(column.name, f"{table.name} {next(number)}")
    return row | values


async def put(store: Store, name: str, who: str = "ana", **values: Any) -> dict[str, Any]:
    table = next(table for table, _ in ruled() if table.name == name)
    row = filled(table, who, values)
    async with store.transaction() as session:
        await session.run(table.insert().values(row))
    return row


async def left(store: Store, name: str) -> int:
    table = next(table for table, _ in ruled() if table.name == name)
    async with store.reading() as session:
        return int(await session.value(select(func.count()).select_from(table)))


async def swept(store: Store, now: datetime = NOW, kept: Retention = KEPT) -> None:
    for step in steps(kept, now):
        async with store.transaction() as session:
            while keys := (await retention.look(session, step, None)).keys:
                if not await retention.sweep(session, step, keys):
                    break


AGED = [(name, aged) for name, rule in RULES.items() for aged in rule.aged if aged.kind != "longest"]
# What a row of each has to be to be over, where its age alone does not say so.
OVER: dict[tuple[str, str], dict[str, Any]] = {
    ("dialogues", "checkins"): {"dialogue": "checkin", "state": "open"},
    ("dialogues", "reviews"): {"dialogue": "review", "state": "stopped"},
    ("followups", "rhythm"): {"planned": True},
    ("oneonones", "rhythm"): {"state": "ended"},
    ("outbox", "traffic"): {"about": None, "thread_topic": None, "verb": "post"},
}


@pytest.mark.parametrize(("name", "aged"), AGED, ids=lambda each: each if isinstance(each, str) else each.column)
async def test_each_kind_goes_when_its_time_is_over_and_not_before(store: Store, name: str, aged: Aged) -> None:
    await person(store, "Ana")
    await person(store, "Ben")
    days = timedelta(days=1)
    edge = NOW - 30 * days if aged.kind == "traffic" else months_before(NOW, getattr(KEPT, aged.kind))
    kind = holds(next(table for table, _ in ruled() if table.name == name).c[aged.column])
    over = OVER.get((name, aged.kind), {})
    for who, moment in (("ana", edge - 2 * days), ("ben", edge + 2 * days)):
        await put(store, name, who, **over, **{aged.column: moment if kind is datetime else moment.date()})
    await swept(store)
    assert await left(store, name) == 1
    await swept(store, NOW + 5 * days)
    assert await left(store, name) == 0


@pytest.mark.parametrize(
    ("name", "open"),
    [
        ("goals", {"closed_at": None, "state": "open"}),
        ("commitments", {"closed_at": None, "state": "open"}),
        ("open_points", {"settled_at": None}),
        ("agenda", {"done_at": None}),
        ("promises", {"closed_at": None, "state": "open"}),
        ("oneonones", {"state": "agreed"}),
        ("meetings", {"said_at": None, "state": "planned"}),
        ("dialogues", {"dialogue": "grow", "state": "paused"}),
        ("dialogues", {"dialogue": "followup", "state": "open"}),
        ("nudges", {"state": "owed"}),
        ("followups", {"planned": False}),
        ("feedback_requests", {"closed_at": None}),
        ("outbox", {"sent_at": None, "failed_at": None}),
        ("outbox", {"sent_at": NOW - timedelta(days=100), "verb": "post", "about": "kudos:ab12"}),
        ("outbox", {"sent_at": NOW - timedelta(days=100), "verb": "post", "thread_topic": "checkin:ab12"}),
    ],
)
async def test_what_is_open_stays_however_old(store: Store, name: str, open: dict[str, Any]) -> None:
    await person(store, "Ana")
    table = next(table for table, _ in ruled() if table.name == name)
    old = {c.name: datetime(2001, 1, 1, tzinfo=UTC) if holds(c) is datetime else date(2001, 1, 1)
           for c in table.c if holds(c) in (datetime, date) and not c.nullable}  # fmt: skip
    await put(store, name, **old | open)
    await swept(store)
    assert await left(store, name) == 1


async def test_what_hangs_on_something_goes_with_it(store: Store) -> None:
    await person(store, "Ana")
    long_ago = datetime(2015, 1, 1, tzinfo=UTC)
    goal = await put(store, "goals", closed_at=long_ago, parent=None, objective=None)
    kept = await put(store, "goals", closed_at=None, state="open", parent=None, objective=None)
    for each in (goal, kept):
        await put(store, "goal_updates", goal=each["id"], at=long_ago)
    await put(store, "remarks", about=(await put(store, "dialogues", touched=long_ago))["id"], at=NOW)
    await swept(store)
    assert [row.id for row in await rows(store, GoalRow)] == [kept["id"]]
    assert [row.goal for row in await rows(store, GoalUpdateRow)] == [kept["id"]]
    assert await count(store, DialogueRow) == await count(store, RemarkRow) == 0


async def test_a_goal_that_others_serve_stays_until_they_go(store: Store) -> None:
    await person(store, "Ana")
    long_ago = datetime(2015, 1, 1, tzinfo=UTC)
    above = await put(store, "goals", closed_at=long_ago, parent=None, objective=None)
    below = await put(store, "goals", closed_at=None, state="open", parent=above["id"], objective=None)
    await swept(store)
    assert {row.id for row in await rows(store, GoalRow)} == {above["id"], below["id"]}


async def test_zero_keeps_for_ever(store: Store) -> None:
    await person(store, "Ana")
    for name, aged in AGED:
        over = OVER.get((name, aged.kind), {})
        kind = holds(next(table for table, _ in ruled() if table.name == name).c[aged.column])
        old = datetime(2001, 1, 1, tzinfo=UTC)
        await put(store, name, **over, **{aged.column: old if kind is datetime else old.date()})
    before = [await left(store, name) for name in RULES]
    await swept(store, kept=Retention.model_validate(dict.fromkeys(Retention.model_fields, 0)))
    assert [await left(store, name) for name in RULES] == before


async def test_looking_counts_and_touches_nothing(store: Store) -> None:
    for day in range(1, 4):
        await put(store, "events", id=f"old {day}", at=NOW - timedelta(days=30 + day))
    await put(store, "events", id="new", at=NOW)
    async with store.reading() as session:
        assert await retention.due(session, KEPT, NOW) == {"events": 3}
    assert await count(store, EventRow) == 4


# By the clock.


async def old_events(store: Store, many: int) -> None:
    table = next(table for table, _ in ruled() if table.name == "events")
    async with store.transaction() as session:
        await session.run(table.insert(), [{"id": f"old {n}", "at": NOW - timedelta(days=99)} for n in range(many)])


async def test_once_a_day_by_one_of_several_replicas_and_again_the_next(store: Store) -> None:
    await old_events(store, 1200)
    replicas = [Daily(store), Daily(store)]
    await asyncio.gather(*(each.some(NOW) for each in replicas))
    assert {row.id for row in await rows(store, EventRow)} == {"retention/2026-11-20"}
    await old_events(store, 3)
    for each in replicas:
        await each.some(NOW + timedelta(hours=5))
    assert await count(store, EventRow) == 4
    for each in replicas:
        await each.some(NOW + timedelta(days=1))
    assert {row.id for row in await rows(store, EventRow)} == {"retention/2026-11-20", "retention/2026-11-21"}


async def test_it_stops_when_time_is_up_and_goes_on_with_the_next_beat(store: Store) -> None:
    await old_events(store, 1200)
    daily, beats = Daily(store), iter([True, False])
    await daily.some(NOW, lambda: next(beats, False))
    assert await count(store, EventRow) > 700
    await daily.some(NOW)
    assert await count(store, EventRow) == 1


async def test_before_two_o_clock_nothing_happens(store: Store) -> None:
    await old_events(store, 3)
    await Daily(store).some(NOW.replace(hour=1))
    assert await count(store, EventRow) == 3


async def test_a_process_that_ended_in_the_middle_leaves_the_rest_to_the_next_day(store: Store) -> None:
    await old_events(store, 1200)
    beats = iter([True, True, False])
    await Daily(store).some(NOW, lambda: next(beats, False))
    await Daily(store).some(NOW)
    assert await count(store, EventRow) > 1
    await Daily(store).some(NOW + timedelta(days=1))
    assert await count(store, EventRow) == 2


@pytest.mark.sqlite
async def test_what_went_is_in_no_file_any_more(store: Store, url: str) -> None:
    await person(store, "Ana")
    await put(store, "open_points", words="zqoldzq", settled_at=NOW - timedelta(days=2000))
    await Daily(store).some(NOW)
    path = Path(url.partition("///")[2])
    assert b"zqoldzq" not in await asyncio.to_thread(lambda: path.read_bytes() + Path(f"{path}-wal").read_bytes())


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [
        (datetime(2026, 3, 31, tzinfo=UTC), 1, datetime(2026, 2, 28, tzinfo=UTC)),
        (datetime(2024, 2, 29, tzinfo=UTC), 24, datetime(2022, 2, 28, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 13, datetime(2024, 12, 15, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), 12, datetime(2025, 12, 31, tzinfo=UTC)),
    ],
)
def test_months_are_months(now: datetime, months: int, then: datetime) -> None:
    assert months_before(now, months) == then


@pytest.mark.parametrize(("field", "value", "words"), [("rhythm", 6, "13 or more"), ("traffic", 3, "7 or more")])
def test_what_would_break_the_rhythm_is_refused(field: str, value: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings.model_validate({"retention": {field: value}})
