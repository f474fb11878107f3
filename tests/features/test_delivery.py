"""From the outbox to the platform: in order, at its pace, and nothing lost."""

import asyncio
import logging
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.cards import Card
from bot.core.effects import Post, Replace, Tell, Whisper
from bot.core.events import Command, Due, Installed
from bot.core.people import Place
from bot.core.sending import Limit, SlowDown, Unfit, Unreachable
from bot.platforms.memory import ALL, Lost, Memory
from scheduler import delivery as module
from scheduler.delivery import LEASE, LINE_TRIES, PATIENCE, TRIES, Delivery
from storage import delivery as kept
from storage import installations, limits, nudges, outbox, unreachable
from storage import waiting as queues
from storage.delivery import Round, Want
from storage.engine import Store
from storage.limits import AHEAD, PauseRow
from storage.nudges import NudgeRow
from storage.outbox import OutboxRow
from storage.unreachable import UnreachableRow
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

    async def nudge(self, someone, period):
        self.put_in += 1
        async with self.store.transaction() as session:
            base = {"id": f"due/{someone.id}/checkin/{period}/0", "actor": someone, "place": someone.home}
            event = Due(**base, at=self.now, rhythm="checkin", period=period)
            await outbox.put(session, event, 0, Tell(someone, Card(period)))

    async def run(self, seconds=0.0):
        self.now += timedelta(seconds=seconds)
        await self.delivery().run()

    @property
    def titles(self):
        return self.platform.titles

    async def backlog(self):
        async with self.store.reading() as session:
            return await queues.backlog(session)


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
    await office.run(28)
    assert waiting.isdisjoint(office.titles)
    await office.run(2)
    assert sorted(office.titles) == ["a", "b", "c"]


async def test_nothing_already_claimed_is_sent_after_retry_after(office):
    await office.put(*((f"{n}", Place(SLACK, f"C{n}")) for n in range(9)))
    office.platform.troubles = [None, SlowDown(30)]
    office.platform.can = replace(ALL, rate=50.0)  # nine places in time
    await office.run()
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
    office = Office(store, await person(store, "Ana"), replace(ALL, each=(Limit(1, 1.5),)))
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
    assert 3 * 60 <= seconds <= 4.5 * 60


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
        assert (await kept.claim(session, office.now, office.now + LEASE, Want(9, {"slack": ALL}))).claims
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
    await office.delivery(at_once=8).run()
    assert len(office.titles) == 40
    assert office.platform.most == 8


async def test_who_does_not_answer_in_time_is_tried_again(office, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    office.platform = Slow(5)
    await office.put(("a", HALL))
    await office.run()
    (row,) = await rows(office.store, OutboxRow)
    assert (row.error, row.tries, row.unsure, row.lease_until) == ("TimeoutError", 1, True, None)


def test_a_lease_outlasts_what_is_claimed():
    assert LEASE.total_seconds() / 4 > 2 * PATIENCE, "the look-up and the send of what begins just before"
    assert LEASE * 3 / 4 > AHEAD


async def test_what_was_claimed_before_the_machine_slept_is_not_sent_after_it(office):
    """The lease has run out: by now somebody else may be sending it."""

    class Sleeps(Memory):
        async def send(self, message):
            office.now += timedelta(hours=1)
            return await super().send(message)

    office.platform = Sleeps(replace(ALL, rate=20.0))
    await office.put(("a", HALL), ("b", TWO))
    delivery = office.delivery()
    delivery._claim = once(delivery._claim)
    await delivery.run()
    assert office.titles == ["a"]
    assert [(row.lease_until, row.tries) for row in await rows(office.store, OutboxRow, sent_at=None)] == [(None, 0)]


async def test_a_clock_set_back_between_claim_and_send_holds_nothing_up(office):
    """A place in time of before is an hour ahead then; nobody waits for longer than places are given out ahead."""
    office.platform = Memory(replace(ALL, rate=2.0))
    await office.put(("a", HALL), ("b", TWO))
    delivery = office.delivery()

    async def claimed(claim=delivery._claim):
        found = await claim()
        office.now = NOON - timedelta(hours=1)
        return found

    delivery._claim = once(claimed)
    async with asyncio.timeout(10):
        await delivery.run()
    assert sorted(office.titles) == ["a", "b"]


def once(work):
    calls = []

    async def first(*arguments):
        calls.append(arguments)
        return await work(*arguments) if len(calls) == 1 else Round()

    return first


async def test_stopping_ends_what_is_under_way_and_releases_the_rest(office):
    office.platform = Slow(0.05)
    await office.put(*((f"{n}", Place(SLACK, f"C{n}")) for n in range(20)))
    stop = asyncio.Event()
    office.platform.can = replace(ALL, rate=40.0)
    running = asyncio.create_task(office.delivery().forever(stop))
    await office.platform.started.wait()
    stop.set()
    await running
    assert 0 < len(office.titles) < 10
    waiting = await rows(office.store, OutboxRow, sent_at=None)
    assert {(row.lease_until, row.tries, row.unsure) for row in waiting} == {(None, 0, False)}


async def test_stopping_waits_for_no_further_look(office, monkeypatch):
    monkeypatch.setattr(module, "POLL", 60.0)
    office.platform = Slow(0.05)
    await office.put(("a", HALL))
    stop = asyncio.Event()
    running = asyncio.create_task(office.delivery().forever(stop))
    await office.platform.started.wait()
    stop.set()
    async with asyncio.timeout(5):
        await running
    assert office.titles == ["a"]


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
        for table in (limits.pauses, limits.budgets, unreachable.unreachable):
            await session.run(table.delete())
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


# -- limits, shared by all replicas


class Stamped(Memory):
    """Notes when each message came, on a clock that runs."""

    def __init__(self, can):
        super().__init__(can)
        self.at = []

    async def send(self, message):
        self.at.append((message.place.workspace, time.monotonic()))
        return await super().send(message)


def running():
    """A clock that runs from NOON on."""
    began = time.monotonic()
    return lambda: NOON + timedelta(seconds=time.monotonic() - began)


async def test_all_replicas_together_keep_to_the_rate_of_the_workspace_and_use_it(office):
    platform, now, other = Stamped(replace(ALL, rate=50.0)), running(), Store(office.store.url)
    await office.put(*((f"{n}", Place(SLACK, f"C{n}")) for n in range(60)))
    began = time.monotonic()
    await asyncio.gather(*(Delivery(store, {"slack": platform}, now).run() for store in (office.store, other)))
    await other.close()
    times = sorted(at for _, at in platform.at)
    assert len(times) == 60 == len({m.key for m in platform.sent})
    assert times[-1] - began >= 59 / 50 - 0.01
    in_a_second = max(sum(at <= other < at + 1 for other in times) for at in times)
    assert in_a_second <= 56, "what the machine holds up comes a little later, all at once"


async def test_a_workspace_of_100000_does_not_delay_one_of_ten(store):
    """20,000 messages of one company stand in the outbox when another, with ten, comes to it."""
    ana = await person(store, "Ana")
    office = Office(store, ana)
    values = {"verb": "post", "workspace": SLACK, "kind": "direct", "card": '{"title":"x"}', "not_before": NOON}
    crowd = [{"key": f"k{n}", "conversation": f"U{n}", **values, "tries": 0, "unsure": False} for n in range(20_000)]
    async with store.transaction() as session:
        await session.run(outbox.outbox.insert(), crowd)
    platform, stop = Stamped(replace(ALL, rate=100.0)), asyncio.Event()
    sending = asyncio.create_task(Delivery(store, {"slack": platform}, running()).forever(stop))
    await until(lambda: len(platform.at) > 30)
    began = time.monotonic()
    await office.put(*((f"{n}", Place("slack:T2", f"C{n}")) for n in range(10)))
    await until(lambda: sum(where == "slack:T2" for where, _ in platform.at) == 10)
    stop.set()
    await sending
    theirs = [at - began for where, at in platform.at if where == "slack:T2"]
    assert max(theirs) < 2
    between = [where for where, at in platform.at if began < at < began + max(theirs)]
    assert between.count(SLACK) > 0, "and the other one goes on"


async def test_who_talks_with_us_does_not_wait_for_all_that_waits_already(office):
    await office.put(*((f"{n}", Place(SLACK, f"C{n}")) for n in range(500)))
    office.platform = Stamped(replace(ALL, rate=100.0))
    stop = asyncio.Event()
    sending = asyncio.create_task(Delivery(office.store, {"slack": office.platform}, running()).forever(stop))
    await until(lambda: office.titles)
    await office.put(("an answer", Place(SLACK, "C-new")))
    await until(lambda: "an answer" in office.titles)
    stop.set()
    await sending
    assert len(office.titles) < 400


TEAMS_EACH = (Limit(7, 1), Limit(8, 2), Limit(60, 30), Limit(1800, 3600))


async def test_the_limits_of_a_conversation_hold_over_every_span_of_time(store):
    office = Office(store, await person(store, "Ana"), replace(ALL, each=TEAMS_EACH))
    await office.put(*((f"{n}", HALL) for n in range(70)))
    times = []
    for tick in range(450):
        while True:
            before = len(office.titles)
            await office.run()
            times += [tick / 10] * (len(office.titles) - before)
            if len(office.titles) == before:
                break
        office.now += timedelta(seconds=0.1)
    assert office.titles == [f"{n}" for n in range(70)]
    for limit in TEAMS_EACH:
        most = max(sum(at <= other < at + limit.seconds for other in times) for at in times)
        assert most <= limit.messages
    assert times[6] == 0 and times[7] <= 1.1 and times[8] <= 2.1 and times[60] <= 30.2, "and they are used"


# -- what can never arrive


async def test_what_the_platform_will_never_take_is_set_aside_at_once_with_its_reason(office):
    await office.put(("poison", HALL), ("next", HALL))
    office.platform.troubles = [Unfit("invalid_blocks")]
    await office.run()
    assert office.titles == ["next"]
    assert (await office.backlog()).reasons == {"Unfit: invalid_blocks": 1}


async def test_who_cannot_be_reached_is_asked_of_the_platform_once(office):
    office.platform.barred["U-ana"] = Unreachable("user_disabled")
    for number in range(3):
        await office.nudge(office.actor, f"2026-W{number}")
        await office.run(3600)
    assert office.platform.refused == 1
    found = await office.backlog()
    assert found.reasons == {"Unreachable: user_disabled": 3} and found.unreachable == {"user_disabled": 1}


async def test_who_speaks_to_us_again_can_be_reached(office):
    office.platform.barred["U-ana"] = Unreachable("messages_tab_disabled")
    await office.nudge(office.actor, "2026-W1")
    await office.run()
    office.platform.barred.clear()
    await office.nudge(office.actor, "2026-W2")
    await office.run(1)
    assert office.titles == []
    await office.put(Tell(office.actor, Card("an answer")))  # by an event of theirs
    await office.nudge(office.actor, "2026-W3")
    await office.run(1)
    assert office.titles == ["an answer", "2026-W3"] and (await office.backlog()).unreachable == {}


async def test_somebody_elses_words_for_them_do_not_make_them_reachable(office):
    ben = await person(office.store, "Ben")
    office.platform.barred["U-ben"] = Unreachable("user_disabled")
    await office.nudge(ben, "2026-W1")
    await office.run()
    await office.put(Tell(ben, Card("thanks")))  # Ana's event
    await office.run(1)
    assert office.platform.refused == 1 and (await office.backlog()).failed == 2


async def test_after_a_week_one_message_tries_whether_it_is_still_so(office):
    office.platform.barred["C1"] = Unreachable("is_archived")
    for days in (0, 1, 6.5, 1):
        office.put_in += 1
        async with office.store.transaction() as session:  # by somebody elsewhere
            event = Command(id=f"x{office.put_in}", actor=office.actor, place=TWO, at=office.now, name="x")
            await outbox.put(session, event, 0, Post(HALL, Card("b")))
        await office.run(days * 86400)
    assert office.platform.refused == 2


async def test_a_whisper_or_an_old_card_that_cannot_be_reached_bars_nobody(office):
    await office.put(Post(HALL, Card("a"), about="t"))
    await office.run()
    office.platform.troubles = [Unreachable("cant_update_message"), Unreachable("user_not_in_channel")]
    await office.put(Replace("t", Card("b")), Whisper(Card("w")))
    await office.run()
    assert (await office.backlog()).unreachable == {}


async def test_being_installed_again_forgets_who_could_not_be_reached(office):
    async with office.store.transaction() as session:
        await unreachable.keep(session, HALL, "account_inactive", NOON)
        await unreachable.keep(session, ELSEWHERE, "account_inactive", NOON)
        installed = Installed(id="i1", actor=office.actor, place=HALL, at=NOON)
        await installations.Arrival(installed).save(session)
    assert [row.workspace for row in await rows(office.store, UnreachableRow)] == ["slack:T2"]


# -- an operator's server was off for a week


async def test_what_the_clock_said_days_ago_is_missed_and_what_people_said_is_not(office):
    await office.nudge(office.actor, "2026-W1")
    await office.put(Tell(office.actor, Card("thanks")))
    async with office.store.transaction() as session:
        row = {"person": "ana", "rhythm": "checkin", "period": "2026-W1", "step": 0}
        await session.run(nudges.nudges.insert().values(**row, due_at=NOON, state="said", tries=0))
    await office.run(7 * 86400)
    assert office.titles == ["thanks"]
    assert (await office.backlog()).reasons == {"Missed": 1}
    assert [row.state for row in await rows(office.store, NudgeRow)] == ["missed"]


async def test_over_a_weekend_a_nudge_is_still_said(office):
    await office.nudge(office.actor, "2026-W1")
    await office.run(2.9 * 86400)
    assert office.titles == ["2026-W1"]


# -- looking back has a ration of its own


async def test_who_has_to_wait_to_look_back_holds_only_what_is_to_be_looked_up(office):
    class Rationed(Memory):
        async def find(self, message):
            self.asked.append(message)
            raise SlowDown(60)

    office.platform = Rationed()
    office.platform.troubles = [ConnectionError(), ConnectionError()]
    await office.put(("a", HALL), ("b", TWO))
    await office.run()
    await office.put(("c", ELSEWHERE), ("d", Place(SLACK, "C4")))
    await office.run(2)
    assert sorted(office.titles) == ["c", "d"] and len(office.platform.asked) == 1
    await office.run(59)
    assert len(office.platform.asked) == 1
    await office.run(2)
    assert len(office.platform.asked) == 2 and (await office.backlog()).waiting == 2


async def test_what_failed_together_is_not_tried_again_together(office):
    office.platform.troubles = [ConnectionError()] * 30
    await office.put(*((f"{n}", Place(SLACK, f"C{n}")) for n in range(30)))
    await office.run()
    ends = [pause.until for pause in await rows(office.store, PauseRow)]
    assert max(ends) - min(ends) > timedelta(seconds=0.2)
    assert NOON + timedelta(seconds=1.5) <= min(ends) and max(ends) <= NOON + timedelta(seconds=2)


async def test_a_rest_asked_for_after_the_clock_was_set_back_does_not_keep_the_places_of_before(store):
    """They lie an hour ahead: nothing would be sent until then."""
    async with store.transaction() as session:
        await limits.begin(session, [SLACK], NOON + timedelta(hours=1))
        await limits.rest(session, SLACK, NOON + timedelta(seconds=5), NOON)
        found = await session.first(limits.budgets.select())
    assert (found.at, found.next_at, found.rest_until) == (NOON, NOON, NOON + timedelta(seconds=5))
