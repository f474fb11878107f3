"""Units of work: whole or not at all, many to a commit, and never a word before the disk has it."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import bindparam, event, select, text

from storage.engine import Session, Store, insert
from storage.outbox import EventRow, events
from storage.people import people
from storage.prepared import Prepared
from storage.together import Waited
from tests.conftest import NOON, count, person, rows

Work = Callable[[Session], Coroutine[Any, Any, Any]]
ARRIVAL = Prepared(lambda dialect: insert(events, dialect).on_conflict_do_nothing())


def arrives(id: str, then: Callable[[Session], Any] | None = None) -> Work:
    async def work(session: Session) -> str:
        await session.run(ARRIVAL, {"id": id, "at": NOON})
        if then and (more := then(session)) is not None:
            await more
        return id

    return work


def breaks(_: Session) -> None:
    raise LookupError("as planned")


async def test_each_gets_its_own_answer_and_all_of_it_is_there(store: Store) -> None:
    found = await asyncio.gather(*(store.unit(arrives(f"e{n}")) for n in range(200)))
    assert found == [f"e{n}" for n in range(200)]
    assert await count(store, EventRow) == 200


@pytest.mark.sqlite
async def test_what_comes_together_is_committed_together(store: Store) -> None:
    commits = list[Any]()
    event.listen(store.engines[-1], "commit", commits.append)
    await asyncio.gather(*(store.unit(arrives(f"e{n}")) for n in range(60)))
    assert len(commits) < 20
    for n in range(5):
        await store.unit(arrives(f"f{n}"))
    assert len(commits) > 5


async def test_one_that_breaks_leaves_no_trace_and_takes_nobody_along(store: Store) -> None:
    works = [arrives(f"e{n}", breaks if n % 3 == 0 else None) for n in range(30)]
    found = await asyncio.gather(*(store.unit(work) for work in works), return_exceptions=True)
    assert [isinstance(each, LookupError) for each in found] == [n % 3 == 0 for n in range(30)]
    assert {row.id for row in await rows(store, EventRow)} == {f"e{n}" for n in range(30) if n % 3}


@pytest.mark.sqlite
async def test_who_is_done_again_because_another_broke_counts_once(store: Store) -> None:
    tries = Counter[str]()

    def work(id: str, then: Callable[[Session], Any] | None = None) -> Work:
        def noted(session: Session) -> Any:
            tries[id] += 1
            session.spoke = tries[id] == 1  # the first try did, and was taken back
            return then(session) if then else None

        return arrives(id, noted)

    store.spoken.clear()
    units = [store.unit(work(f"e{n}", breaks if n == 4 else None)) for n in range(5)]
    found = await asyncio.gather(*units, return_exceptions=True)
    assert [str(each) for each in found] == ["e0", "e1", "e2", "e3", "as planned"]
    assert tries == {"e0": 2, "e1": 2, "e2": 2, "e3": 2, "e4": 1} and await count(store, EventRow) == 4
    assert not store.spoken.is_set()


async def test_a_statement_that_fails_in_the_middle_takes_back_what_went_before(store: Store) -> None:
    def twice(session: Session) -> Any:
        return session.run(events.insert(), {"id": "e1", "at": NOON})

    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.unit(arrives("e1", twice))
    assert await count(store, EventRow) == 0
    assert await store.unit(arrives("e1")) == "e1"


@pytest.mark.sqlite
async def test_one_that_waits_for_something_else_is_refused(store: Store) -> None:
    with pytest.raises(Waited):
        await store.unit(arrives("e1", lambda _: asyncio.sleep(0)))
    assert await count(store, EventRow) == 0
    assert await store.unit(arrives("e2")) == "e2"


@pytest.mark.sqlite
async def test_a_commit_that_fails_is_told_to_all_that_were_in_it_and_to_nobody_else(store: Store) -> None:
    """Nobody may believe that something is kept which is not."""

    def owes(session: Session) -> Any:
        # What breaks only at the commit: a reference that is looked at as late as that.
        return session.run(text("PRAGMA defer_foreign_keys = ON"))

    async def breaks_late(session: Session) -> None:
        await owes(session)
        await session.run(text("INSERT INTO accounts (workspace, account, person, email, guest, gone)"
                               " VALUES ('slack:T1', 'U1', 'nobody', '', 0, 0)"))  # fmt: skip

    found = await asyncio.gather(
        store.unit(arrives("e1")), store.unit(breaks_late), store.unit(arrives("e2")), return_exceptions=True
    )
    assert all(isinstance(each, Exception) for each in found)
    assert await count(store, EventRow) == 0
    assert await store.unit(arrives("e3")) == "e3"
    assert await count(store, EventRow) == 1


@pytest.mark.sqlite
async def test_while_another_process_writes_we_wait_and_the_loop_goes_on(store: Store) -> None:
    await store.unit(arrives("e0"))
    beats = 0
    with closing(sqlite3.connect(store.engine.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        unit = asyncio.create_task(store.unit(arrives("e1")))
        while beats < 20:
            await asyncio.sleep(0.01)
            beats += 1
        assert not unit.done()
        other.execute("COMMIT")
    assert await unit == "e1"


@pytest.mark.sqlite  # on PostgreSQL nobody waits for anybody
async def test_who_goes_away_before_it_begins_leaves_nothing(store: Store) -> None:
    async with store.transaction():
        waiting = asyncio.create_task(store.unit(arrives("e1")))
        await asyncio.sleep(0.01)
        waiting.cancel()
    await store.unit(arrives("e2"))
    assert {row.id for row in await rows(store, EventRow)} == {"e2"}


async def test_units_and_transactions_take_turns(store: Store) -> None:
    async def long(n: int) -> None:
        async with store.transaction() as session:
            await arrives(f"long{n}")(session)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(long(n) for n in range(10)), *(store.unit(arrives(f"e{n}")) for n in range(50)))
    assert await count(store, EventRow) == 60


async def test_what_was_added_for_later_is_written_with_it(store: Store) -> None:
    async def work(session: Session) -> None:
        session.add(events, {"id": "e1", "at": NOON})
        session.add(events, {"id": "e2", "at": NOON})
        session.spoke = True

    store.spoken.clear()
    await store.unit(work)
    assert store.spoken.is_set() and await count(store, EventRow) == 2


async def test_a_prepared_statement_says_the_same_by_either_way(store: Store) -> None:
    """Moments, days, flags and empty ones come back as what they are."""
    ana = await person(store, "Ana", started=NOON.date(), guest=True)
    await person(store, "Bo", manager=ana.id)
    named = people.c.name.in_([bindparam("a"), bindparam("b")])
    query = select(people, people.c.guest.is_(True).label("guests")).where(named).order_by(people.c.id)
    asked = Prepared(lambda _: query)
    values = {"a": "Ana", "b": "Bo"}
    async with store.transaction() as session:
        slow = [row._asdict() for row in await session.all(asked, values)]

    async def work(session: Session) -> list[dict[str, Any]]:
        first = await session.first(asked, values)
        assert await session.value(asked, values) == first.id
        return [row._asdict() for row in await session.all(asked, values)]

    fast = await store.unit(work)
    assert fast == slow
    assert [type(value) for row in fast for value in row.values()] == [
        type(value) for row in slow for value in row.values()
    ]
    assert fast[0]["started"] == NOON.date() and fast[0]["guest"] is True and fast[1]["started"] is None


async def test_a_prepared_insert_knows_the_literals_and_the_moments(store: Store) -> None:
    late = Prepared(lambda dialect: insert(events, dialect).values(at=NOON).on_conflict_do_nothing())

    async def work(session: Session) -> tuple[int, int]:
        one = (await session.run(late, {"id": "e1"})).rowcount
        return one, (await session.run(late, {"id": "e1"})).rowcount

    assert await store.unit(work) == (1, 0)
    assert (await rows(store, EventRow))[0].at == NOON


async def test_an_hour_that_comes_twice_in_a_zone_is_two_moments(store: Store) -> None:
    """Python calls the two equal; what was converted for one must not be written for the other."""
    early, late = (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Stockholm"), fold=fold) for fold in (0, 1))
    assert early == late

    async def work(session: Session) -> None:
        for id, at in (("e1", early), ("e2", late), ("e3", early.astimezone(UTC)), ("e4", late.astimezone(UTC))):
            await session.run(ARRIVAL, {"id": id, "at": at})

    await store.unit(work)
    kept = {row.id: row.at for row in await rows(store, EventRow)}
    assert kept["e2"] - kept["e1"] == timedelta(hours=1)
    assert kept["e1"] == kept["e3"] and kept["e2"] == kept["e4"]
