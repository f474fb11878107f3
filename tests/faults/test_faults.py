"""What else can happen to a process: another beside it, a clock that jumps, days of nothing, a file that is locked."""

import asyncio
import sqlite3
import sys
from collections import Counter
from datetime import timedelta

import pytest

from storage.nudges import NudgeRow
from storage.outbox import OutboxRow
from tests.conftest import count, crowd, rows, until
from tests.faults.conftest import MONDAY
from tests.faults.test_kill import check, complete, settled

LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
for seconds in map(float, sys.argv[2:]):
    connection.execute("BEGIN EXCLUSIVE")
    print("locked", flush=True)
    time.sleep(seconds)
    connection.execute("COMMIT")
    time.sleep(0.1)
"""


def path(house):
    return house.store.url.removeprefix("sqlite+aiosqlite:///")


@pytest.mark.slow
@pytest.mark.both
async def test_two_processes_on_one_database_tell_everybody_once(house):
    await crowd(house.store, 80)
    await house.to_the_next_moment()
    workers = [await house.start(), await house.start()]
    for _ in range(4):
        await settled(house)
        assert await complete(house, 80)
        await house.to_the_next_moment()
    await settled(house)
    for worker in workers:
        await house.end(worker)
    await check(house, people=80, kills=0)


@pytest.mark.slow
@pytest.mark.both
async def test_two_processes_of_which_one_is_killed_again_and_again(house):
    await crowd(house.store, 60)
    await house.to_the_next_moment()
    steady = await house.start()
    for number in range(6):
        other = await house.start()
        await asyncio.sleep(0.9 + 0.15 * number)
        await house.kill(other)
        if await house.quiet():
            await settled(house)
            await house.to_the_next_moment()
    await settled(house)
    await house.end(steady)
    await check(house, people=60, kills=6)


@pytest.mark.slow
async def test_a_clock_that_jumps_back_an_hour_repeats_nothing_and_holds_nothing_up(house):
    await crowd(house.store, 60)
    house.recorder.slow_down = 0.05
    due = await house.to_the_next_moment() + timedelta(minutes=50)
    house.clock.set(due)
    worker = await house.start()
    await until(lambda: len(house.recorder.arrived) > 20, 20)
    house.clock.set(due - timedelta(hours=1))  # ten minutes before it was due
    await until(house.nothing_waits, 10)
    house.clock.set(due)
    await settled(house)
    await house.end(worker)
    await check(house, people=60, kills=0)


@pytest.mark.slow
async def test_after_ten_days_down_nothing_comes_in_a_burst(house):
    await crowd(house.store, 30)
    await house.to_the_next_moment()
    worker = await house.start()
    await until(lambda: len(house.recorder.arrived) > 10, 20)
    await house.kill(worker)
    before = len(house.recorder.arrived)
    in_flight = await house.waiting()
    house.clock.set(MONDAY + timedelta(days=11, hours=4))  # Friday of the week after: that week's Tuesday is past too
    worker = await house.start()
    await settled(house)
    await house.end(worker)
    nudges = await rows(house.store, NudgeRow)
    stale = [n for n in nudges if n.period == "2026-W45"]
    assert {n.state for n in stale} <= {"said", "missed"}
    said = {(n.person, n.period, n.step) for n in nudges if n.state == "said"}
    # Three working days late is still timely; what was waiting in the outbox went out; nothing else did.
    this_week = sum(1 for n in nudges if n.period == "2026-W46" and n.state == "said")
    assert this_week == 30
    assert len(house.recorder.arrived) - before <= in_flight + 2 * this_week + 16
    assert house.recorder.doubled == 0
    told = Counter(title.split()[1] for _, title in house.nudges())
    assert told["2026-W46"] == 60
    # Of the week before: who was told all of it in time, and who only heard the beginning and is not asked any more.
    whole = sum(2 for _, period, _ in said if period == "2026-W45")
    assert whole <= told["2026-W45"] <= 60 and told.total() == told["2026-W46"] + told["2026-W45"]


@pytest.mark.slow
@pytest.mark.sqlite
async def test_a_file_that_is_locked_for_seconds_loses_and_doubles_nothing(house):
    await crowd(house.store, 40)
    await house.to_the_next_moment()
    worker = await house.start()
    await until(lambda: len(house.recorder.arrived) > 5, 20)
    locker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOCK, path(house), "3", "2", stdout=asyncio.subprocess.PIPE
    )
    assert locker.stdout and await locker.stdout.readline() == b"locked\n"
    before = len(house.recorder.arrived)
    await asyncio.sleep(2)
    # What was in hand goes out, one in a conversation; behind what cannot be marked nothing is sent.
    meanwhile = Counter(each["conversation"] for each in house.recorder.arrived[before:])
    assert all(number == 1 for number in meanwhile.values()), meanwhile
    assert await locker.wait() == 0
    await settled(house)
    assert worker.returncode is None
    await house.end(worker)
    await check(house, people=40, kills=0)


@pytest.mark.slow
@pytest.mark.sqlite
async def test_a_file_that_is_locked_at_the_start_only_delays_it(house):
    await crowd(house.store, 10)
    await house.to_the_next_moment()
    connection = sqlite3.connect(path(house), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    worker = await house.start()
    await asyncio.sleep(3)
    connection.execute("COMMIT")
    connection.close()
    await until(lambda: len(house.recorder.arrived) == 20, 20)
    await house.end(worker)
    await check(house, people=10, kills=0)


@pytest.mark.slow
@pytest.mark.both
async def test_a_terminated_process_gives_back_what_it_has_claimed(house):
    await crowd(house.store, 1500)
    house.recorder.longest = 1.0  # slower than anybody is asked, so that something waits
    await house.to_the_next_moment()
    worker = await house.start()
    await until(lambda: len(house.recorder.arrived) > 20, 20)
    await house.end(worker)
    assert 20 < len(house.recorder.arrived) < 3000
    waiting = await rows(house.store, OutboxRow, sent_at=None)
    assert waiting and {(row.lease_until, row.unsure, row.tries) for row in waiting} == {(None, False, 0)}
    assert await count(house.store, OutboxRow) - len(waiting) == len(house.recorder.arrived)
