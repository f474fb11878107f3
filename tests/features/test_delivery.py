"""From the outbox to the platform: in order, at its pace, and nothing lost."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.cards import Card
from bot.core.effects import Post, Replace, Tell, Whisper
from bot.core.events import Command
from bot.core.people import Place
from bot.core.sending import SlowDown, Unreachable
from bot.platforms.memory import ALL, Lost, Memory
from scheduler import delivery as module
from scheduler.delivery import AT_ONCE, LEASE, LINE_TRIES, PATIENCE, TRIES, Delivery
from storage import delivery as kept
from storage import outbox
from storage.engine import Store
from storage.outbox import OutboxRow
from tests.conftest import HALL, NOON, SLACK, count, person, rows, until

TWO, ELSEWHERE = Place(SLACK, "C2"), Place("slack:T2", "C3")
BLIND = replace(ALL, looks_back=False)


class Office:
    """A store, a platform that remembers, and a clock that stands still."""

    def __init__(self, store, actor, can=ALL):
        self.store, self.actor, self.now, self.platform, self.put_in = store, actor, NOON, Memory(can), 0

    def delivery(self, **more):
        return Delivery(self.store, {"slack": self.platform}, lambda: self.now, **more)

    async def put(self, *messages):
        self.put_in += 1
        async with self.store.transaction() as session:
            event = Command(id=f"e{self.put_in}", actor=self.actor, place=HALL, at=self.now, name="x")
            for number, message in enumerate(messages):
                if isinstance(message, tuple):
                    message = Post(message[1], Card(message[0]))
                await outbox.put(session, event, number, message)

    async def run(self, seconds=0.0):
        self.now += timedelta(seconds=seconds)
        await self.delivery().run()

    @property
    def titles(self):
        return self.platform.titles

    async def backlog(self):
        async with self.store.reading() as session:
            return await kept.backlog(session)


@pytest.fixture
async def office(store):
    return Office(store, await person(store, "Ana"))


async def test_everything_that_waits_is_sent_once(office):
    await office.put(("a", HALL), ("b", TWO), Tell(office.actor, Card("c")))
    await office.run()
    await office.run()
    assert sorted(office.titles) == ["a", "b", "c"]


async def test_order_holds_within_a_conversation_and_nowhere_else(office):
    await office.put(("a1", HALL), ("a2", HALL), ("b1", TWO), ("a3", HALL))
    office.platform.troubles = [ValueError("down")]
    await office.run()
    assert office.titles == ["b1"]
    await office.run(2)
    assert office.titles == ["b1", "a1", "a2", "a3"]


async def test_the_thread_a_message_begins_is_there_for_the_next(office):
    await office.put(*(Tell(office.actor, Card(f"q{n}"), thread="t") for n in range(3)))
    await office.run()
    assert [m.place.thread for m in office.platform.sent] == [None, "m1", "m1"]


async def test_retry_after_holds_the_whole_workspace_and_no_other(office):
    await office.put(("a", HALL), ("b", TWO), ("c", ELSEWHERE))
    office.platform.troubles = [SlowDown(30)]
    await office.run()
    assert set(office.titles) <= {"b", "c"} and "c" in office.titles  # b may have been under way
    waiting = {"a", "b"} - set(office.titles)
    await office.run(29)
    assert waiting.isdisjoint(office.titles)
    await office.run(1)
    assert sorted(office.titles) == ["a", "b", "c"]


async def test_nothing_already_claimed_is_sent_after_retry_after(office, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 1)
    await office.put(*((f"{n}", Place(SLACK, f"C{n}")) for n in range(9)))
    office.platform.troubles = [None, SlowDown(30)]
    one_at_a_time = office.delivery(_gate=asyncio.Semaphore(1))
    await one_at_a_time.run()
    assert office.titles == ["0"]
    assert {row.tries for row in await rows(office.store, OutboxRow, sent_at=None)} == {0}
    assert {row.lease_until for row in await rows(office.store, OutboxRow)} == {None}
    await office.run(30)
    assert len(office.titles) == 9


async def test_retry_after_of_one_conversation_holds_only_that(office):
    await office.put(("a", HALL), ("b", TWO))
    office.platform.troubles = [SlowDown(30, conversation=True)]
    await office.run()
    assert office.titles == ["b"]
    await office.run(30)
    assert office.titles == ["b", "a"]


async def test_being_asked_to_wait_is_not_a_failed_try(office):
    await office.put(("a", HALL))
    office.platform.troubles = [SlowDown(1)] * (TRIES + 1) + [ValueError("then a hiccup")]
    for _ in range(TRIES + 3):
        await office.run(2)
    assert office.titles == ["a"]


async def test_a_conversation_rests_between_two_messages_where_the_platform_says_so(store):
    office = Office(store, await person(store, "Ana"), replace(ALL, pace=1.5))
    await office.put(("a1", HALL), ("a2", HALL), ("b1", TWO))
    await office.run()
    assert sorted(office.titles) == ["a1", "b1"]
    await office.run(1.4)
    assert len(office.titles) == 2
    await office.run(0.1)
    assert office.titles[-1] == "a2"


async def test_it_gives_up_after_some_tries_and_the_next_in_line_goes(office, caplog):
    await office.put(("a", HALL), ("b", HALL))
    office.platform.troubles = [ValueError("secret words")] * TRIES
    for _ in range(TRIES - 1):
        await office.run(300)
        assert office.titles == []
    await office.run(300)
    assert office.titles == ["b"]
    assert (await office.backlog()).reasons == {"ValueError": 1}
    assert "secret" not in caplog.text and "e1/0" in caplog.text


async def test_a_failing_message_holds_its_conversation_for_some_four_minutes(office):
    await office.put(("a", HALL), ("b", HALL))
    office.platform.troubles = [ValueError()] * TRIES
    seconds = 0
    while not office.titles:
        await office.run(1)
        seconds += 1
    assert 4 * 60 <= seconds <= 5 * 60


async def test_a_line_that_is_down_is_given_hours(office):
    await office.put(("a", HALL))
    office.platform.barred["C1"] = ConnectionError()
    for _ in range(LINE_TRIES - 1):
        await office.run(300)
    assert (await office.backlog()).waiting == 1
    del office.platform.barred["C1"]
    await office.run(300)
    assert office.titles == ["a"]


async def test_unreachable_is_not_tried_again_and_somebody_else_is_told(office):
    office.platform.barred["C1"] = Unreachable()
    await office.put(Post(HALL, Card("a"), otherwise=Card("not there")), Whisper(Card("w")), ("lost", HALL))
    await office.run()
    assert [(m.card.title, m.place.conversation) for m in office.platform.sent] == [
        ("not there", "U-ana"),
        ("w", "U-ana"),
    ]
    assert (await office.backlog()).reasons == {"Unreachable": 1}


async def test_a_crash_after_the_claim_waits_for_the_lease(office):
    await office.put(("a", HALL))
    async with office.store.transaction() as session:
        assert await kept.claim(session, office.now, office.now + LEASE, 9, ["slack"])
    await office.run()
    assert office.titles == []
    await office.run(LEASE.total_seconds())
    assert office.titles == ["a"]


async def test_an_unknown_outcome_is_looked_up_and_not_sent_again(office):
    await office.put(("a", HALL), ("b", HALL))
    office.platform.troubles = [Lost()]
    await office.run()
    await office.run(2)
    assert office.titles == ["a", "b"]
    assert [m.key for m in office.platform.asked] == ["e1/0"]
    assert [row.sent_as for row in await rows(office.store, OutboxRow)] == ["m1", "m2"]
    assert (await office.backlog()).unsure == 0


async def test_where_nobody_can_look_back_it_is_sent_again_and_counted(store):
    office = Office(store, await person(store, "Ana"), BLIND)
    await office.put(("a", HALL), ("b", HALL))
    office.platform.troubles = [Lost()]
    await office.run()
    await office.run(2)
    assert office.titles == ["a", "a", "b"] and office.platform.asked == []
    assert (await office.backlog()).unsure == 1


async def test_what_one_person_sees_is_in_no_history(office):
    await office.put(Whisper(Card("w")))
    office.platform.troubles = [Lost()]
    await office.run()
    await office.run(2)
    assert office.titles == ["w", "w"] and office.platform.asked == []
    assert (await office.backlog()).unsure == 1


async def test_a_change_made_twice_is_as_good_as_once(store):
    office = Office(store, await person(store, "Ana"), BLIND)
    await office.put(Post(HALL, Card("a"), about="t"))
    await office.run()
    await office.put(Replace("t", Card("b")))
    office.platform.troubles = [Lost()]
    await office.run()
    await office.run(2)
    assert office.titles == ["a", "b", "b"]
    assert (await office.backlog()).unsure == 0


async def test_four_workers_send_each_message_once_and_in_order(office):
    places = (HALL, TWO, ELSEWHERE)
    await office.put(*((f"{n}", place) for n in range(20) for place in places))
    await asyncio.gather(*(office.delivery().run() for _ in range(4)))
    for place in places:
        assert [m.card.title for m in office.platform.sent if m.place == place] == [f"{n}" for n in range(20)]


class Slow(Memory):
    """Takes its time, and notes how many sends are under way at once."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.now, self.most, self.started = seconds, 0, 0, asyncio.Event()

    async def send(self, message):
        self.now += 1
        self.most = max(self.most, self.now)
        self.started.set()
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        return await super().send(message)


async def test_conversations_are_served_at_once_but_not_too_many(office):
    office.platform = Slow(0.01)
    await office.put(*((f"{n}", Place(SLACK, f"C{n}")) for n in range(40)))
    await office.run()
    assert len(office.titles) == 40
    assert office.platform.most == AT_ONCE


async def test_who_does_not_answer_in_time_is_tried_again(office, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    office.platform = Slow(5)
    await office.put(("a", HALL))
    await office.run()
    (row,) = await rows(office.store, OutboxRow)
    assert (row.error, row.tries, row.unsure, row.lease_until) == ("TimeoutError", 1, True, None)


def test_a_lease_outlasts_all_that_is_claimed():
    waves = module.BATCH / AT_ONCE
    assert LEASE.total_seconds() > waves * 2 * PATIENCE
    assert LEASE.total_seconds() / 4 > 2 * PATIENCE


async def test_what_was_claimed_before_the_machine_slept_is_not_sent_after_it(office):
    """The lease has run out: by now somebody else may be sending it."""

    class Sleeps(Memory):
        async def send(self, message):
            office.now += timedelta(hours=1)
            return await super().send(message)

    office.platform = Sleeps()
    await office.put(("a", HALL), ("b", TWO))
    delivery = office.delivery(_gate=asyncio.Semaphore(1))
    delivery._claim = once(delivery._claim)
    await delivery.run()
    assert office.titles == ["a"]
    assert [(row.lease_until, row.tries) for row in await rows(office.store, OutboxRow, sent_at=None)] == [(None, 0)]


def once(work):
    calls = []

    async def first(*arguments):
        calls.append(arguments)
        return await work(*arguments) if len(calls) == 1 else []

    return first


async def test_stopping_ends_what_is_under_way_and_releases_the_rest(office):
    office.platform = Slow(0.05)
    await office.put(*((f"{n}", Place(SLACK, f"C{n}")) for n in range(20)))
    stop = asyncio.Event()
    running = asyncio.create_task(office.delivery().forever(stop))
    await office.platform.started.wait()
    stop.set()
    await running
    assert len(office.titles) == AT_ONCE
    waiting = await rows(office.store, OutboxRow, sent_at=None)
    assert {(row.lease_until, row.tries, row.unsure) for row in waiting} == {(None, 0, False)}


async def test_forever_hears_at_once_of_what_is_said(office):
    stop = asyncio.Event()
    running = asyncio.create_task(office.delivery().forever(stop))
    await asyncio.sleep(0.05)
    started = asyncio.get_running_loop().time()
    await office.put(("a", HALL))
    await until(lambda: office.titles)
    assert asyncio.get_running_loop().time() - started < module.POLL / 2
    stop.set()
    await running


async def test_forever_hears_soon_of_what_another_process_says(office, monkeypatch):
    monkeypatch.setattr(module, "POLL", 0.05)
    stop, other = asyncio.Event(), Store(office.store.url)
    running = asyncio.create_task(office.delivery().forever(stop))
    await asyncio.sleep(0.02)
    office.store, ours = other, office.store
    await office.put(("a", HALL))
    office.store = ours
    await until(lambda: office.titles)
    stop.set()
    await running
    await other.close()


async def test_forever_lives_on_when_the_store_cannot_be_reached(office, monkeypatch, caplog):
    monkeypatch.setattr(module, "POLL", 0.02)
    clock = [None, None, NOON]

    def broken():
        now = clock.pop(0) if len(clock) > 1 else clock[0]
        if now is None:
            raise ConnectionError("password=secret")
        return now

    await office.put(("a", HALL))
    stop = asyncio.Event()
    running = asyncio.create_task(Delivery(office.store, {"slack": office.platform}, broken).forever(stop))
    await until(lambda: office.titles)
    stop.set()
    await running
    assert "ConnectionError" in caplog.text and "secret" not in caplog.text


async def test_how_a_send_ended_is_kept_even_if_the_store_needs_a_while(office, monkeypatch, caplog):
    """The file was locked just when the message had gone out: it must not go out again."""
    caplog.set_level(logging.ERROR)
    await office.put(("a", HALL))
    real, failures = kept.sent, [OSError("locked"), OSError("locked")]

    async def sent(*arguments, **more):
        if failures:
            raise failures.pop()
        await real(*arguments, **more)

    monkeypatch.setattr(kept, "sent", sent)
    await office.run()
    assert office.titles == ["a"] and await count(office.store, OutboxRow, sent_as="m1") == 1
    assert caplog.text.count("could not be kept") == 2


TROUBLE = st.sampled_from(
    [None, None, None, SlowDown(3), SlowDown(2, conversation=True), ValueError(), ConnectionError(), Lost()]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    troubles=st.lists(TROUBLE, max_size=30),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    looks_back=st.booleans(),
)
async def test_whatever_goes_wrong_order_holds_and_nothing_is_lost(office, troubles, sizes, looks_back):
    store = office.store
    async with store.transaction() as session:  # the same store for all examples
        await session.run(outbox.outbox.delete())
        await session.run(kept.pauses.delete())
    office = Office(store, office.actor, replace(ALL, looks_back=looks_back))
    office.platform.troubles = list(troubles)
    for n in range(max(sizes)):
        await office.put(*((f"{n}", Place(SLACK, f"C{where}")) for where, size in enumerate(sizes) if n < size))
    for _ in range(80):
        await office.run(301)
        if not (await office.backlog()).waiting:
            break
    for where, size in enumerate(sizes):
        arrived = [int(m.card.title) for m in office.platform.sent if m.place.conversation == f"C{where}"]
        given_up = await count(store, OutboxRow, conversation=f"C{where}", sent_at=None)
        assert arrived == sorted(arrived), "order"
        assert len(set(arrived)) + given_up >= size, "nothing lost"
        if looks_back:
            assert len(arrived) == len(set(arrived)), "nothing doubled"
    doubled = len(office.platform.sent) - len({m.key for m in office.platform.sent})
    assert doubled <= sum(isinstance(trouble, Lost) for trouble in troubles)
    if doubled:
        assert (await office.backlog()).unsure > 0
