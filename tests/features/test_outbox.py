"""What came in, once; what waits, in order."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event as hooks
from sqlalchemy import text

from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Chart,
    Divider,
    Facts,
    File,
    Heading,
    Note,
    Point,
    Quote,
    Text,
)  # fmt: skip
from bot.core.effects import Post, Replace, Retract, SendFile, ShowHome, Tell, Whisper
from bot.core.events import Action, Command, Due
from bot.core.people import Place
from bot.core.sending import Limit
from bot.platforms.memory import ALL
from storage import absences, delivery, followups, limits, nudges, outbox, reminders, rounds, unreachable, waiting
from storage.delivery import Want
from storage.limits import AHEAD, RESERVE, PauseRow
from storage.outbox import OutboxRow
from storage.reminders import Group, Reminder
from storage.rounds import Kin, Slot, Whom
from storage.waiting import Queue
from tests.conftest import HALL, NOON, SLACK, count, person, rows

LEASE = NOON + timedelta(minutes=2)
THREAD = Place(SLACK, "C1", "1700.1", "public")


@pytest.fixture
async def ana(store):
    return await person(store, "Ana")


async def put(store, actor, *messages, id="e1", place=HALL, at=NOON):
    event = Command(id=id, actor=actor, place=place, at=at, name="x")
    async with store.transaction() as session:
        for number, message in enumerate(messages):
            await outbox.put(session, event, number, message)


async def claim(store, now=NOON, until=None, limit=50, platforms=("slack",)):
    async with store.transaction() as session:
        want = Want(limit, dict.fromkeys(platforms, ALL))
        return (await delivery.claim(session, now, until or now + timedelta(minutes=2), want)).claims


async def mark(store, claim, sent_as, **more):
    async with store.transaction() as session:
        await delivery.sent(session, claim, NOON, sent_as, **more)


async def send_all(store, ids="m"):
    """Everything that waits is sent; returns what was claimed, in order."""
    done = []
    while claims := await claim(store):
        for one in claims:
            done.append(one)
            await mark(store, one, one.message.target or f"{ids}{len(done)}")
    return [one.message for one in done]


async def test_an_event_is_new_once(store, ana):
    event = Command(id="e1", actor=ana, place=HALL, at=NOON, name="x")
    seen = []
    for _ in range(2):
        async with store.transaction() as session:
            seen.append(await outbox.first_time(session, event))
    assert seen == [True, False]


async def test_an_event_whose_turn_failed_is_new_again(store, ana):
    event = Command(id="e1", actor=ana, place=HALL, at=NOON, name="x")
    with pytest.raises(RuntimeError):
        async with store.transaction() as session:
            await outbox.first_time(session, event)
            raise RuntimeError
    async with store.transaction() as session:
        assert await outbox.first_time(session, event)


async def test_each_kind_of_message_finds_its_address(store, ana):
    whisper, home = Whisper(Card("whisper")), ShowHome(ana, Card("h"))
    await put(store, ana, Post(THREAD, Card("post")), Tell(ana, Card("tell")), whisper, home)
    sent = await send_all(store)
    addresses = {m.card.title: (m.place.conversation, m.place.thread, m.place.kind, m.verb, m.only_for) for m in sent}
    assert addresses == {
        "post": ("C1", "1700.1", "public", "post", None),
        "tell": ("U-ana", None, "direct", "post", None),
        "whisper": ("C1", None, "public", "post", "U-ana"),
        "h": ("U-ana", None, "direct", "home", None),
    }


async def test_a_card_comes_out_as_it_went_in(store, ana):
    card = Card(
        "Title",
        (
            Text("text"), Heading("heading"), Note("note"), Quote("quote"), Facts((("a", "b"), ("c", "d"))),
            Bar("energy", 3, 5, "story"), Divider(),
            Chart((Point(date(2026, 3, 1), 2.5, "bad"),), "alt", Point(date(2026, 4, 1), 5)),
            Buttons((Button("Yes", "act", "v", "primary", opens=True), Button("No", "act2"))),
        ),
    )  # fmt: skip
    await put(store, ana, Post(HALL, card))
    assert (await send_all(store))[0].card == card


async def test_only_the_head_of_a_conversation_is_claimed(store, ana):
    other = Place(SLACK, "C2")
    await put(store, ana, Post(HALL, Card("a1")), Post(HALL, Card("a2")), Post(other, Card("b1")))
    first = await claim(store)
    assert [one.message.card.title for one in first] == ["a1", "b1"]
    assert await claim(store) == []
    await mark(store, first[0], "m1")
    assert [one.message.card.title for one in await claim(store)] == ["a2"]


async def test_what_is_said_is_no_longer_kept(store, ana):
    await put(store, ana, Post(HALL, Card("secret"), otherwise=Card("secret")))
    await send_all(store)
    (row,) = await rows(store, OutboxRow)
    assert (row.card, row.otherwise, row.sent_as) == (None, None, "m1")


async def test_a_document_waits_with_its_card_and_goes_with_it(store, ana):
    file = File("kadens-my-data.html", "text/html", "<p>Öl & 🎉</p>")
    await put(store, ana, SendFile(ana, file, Card("Your data")))
    [sent] = await send_all(store)
    assert (sent.verb, sent.file, sent.card) == ("file", file, Card("Your data"))
    assert (sent.place.conversation, sent.place.kind) == ("U-ana", "direct")
    (row,) = await rows(store, OutboxRow)
    assert (row.card, row.file) == (None, None)


async def test_of_homes_that_wait_only_the_last_is_shown(store, ana):
    ben = await person(store, "Ben")
    await put(store, ana, ShowHome(ana, Card("one")), ShowHome(ben, Card("bens")), Tell(ana, Card("word")))
    await put(store, ana, ShowHome(ana, Card("two")), id="e2")
    assert sorted(m.card.title for m in await send_all(store)) == ["bens", "two", "word"]
    await put(store, ana, ShowHome(ana, Card("three")), id="e3")
    [one] = await claim(store)
    await put(store, ana, ShowHome(ana, Card("four")), id="e4")  # the other one is on its way
    await mark(store, one, "home")
    assert [m.card.title for m in await send_all(store)] == ["four"]


async def show(store, actor, title, asked=False, id="e1", event=Command, place=None):
    """A home where there is only the direct conversation for it."""
    more = {"name": "x"} if event is Command else {"action": "home.show", "value": ""}
    happened = event(id=id, actor=actor, place=place or actor.home, at=NOON, **more)
    async with store.transaction() as session:
        await outbox.put_home(session, happened, 0, ShowHome(actor, Card(title), asked), Card("below"))


async def test_without_a_place_of_its_own_a_home_is_one_card_kept_up_to_date(store, ana):
    await show(store, ana, "nobody asked", id="e0")
    assert await send_all(store) == []
    await show(store, ana, "one", asked=True)
    await show(store, ana, "two", id="e2")
    await show(store, ana, "three", id="e3")
    sent = await send_all(store)
    assert [(m.verb, m.card.title, m.target) for m in sent] == [("post", "one", None), ("update", "three", "m1")]


async def test_a_home_that_is_the_last_word_is_drawn_anew_where_its_button_was_pressed(store, ana):
    await show(store, ana, "one", asked=True)
    await send_all(store)
    await show(store, ana, "two", asked=True, id="e2", event=Action)
    assert [(m.verb, m.card.title, m.target) for m in await send_all(store)] == [("update", "two", "m1")]


@pytest.mark.parametrize("why", ["in words", "something was said since", "a document was sent since", "elsewhere"])
async def test_a_home_further_up_gives_way_to_a_fresh_one(store, ana, why):
    await show(store, ana, "one", asked=True)
    if "said" in why:
        await put(store, ana, Tell(ana, Card("word")), id="e9")
    if "sent" in why:
        await put(store, ana, SendFile(ana, File("a.csv", "text/csv", "a"), Card("word")), id="e9")
    await send_all(store)
    event, place = Command if why == "in words" else Action, HALL if why == "elsewhere" else None
    await show(store, ana, "two", asked=True, id="e2", event=event, place=place)
    sent = await send_all(store, "n")
    assert [(m.verb, m.card.title, m.target) for m in sent] == [("post", "two", None), ("update", "below", "m1")]
    await show(store, ana, "three", id="e3")
    assert [(m.verb, m.card.title, m.target) for m in await send_all(store)] == [("update", "three", "n1")]


async def test_a_home_that_is_gone_is_not_looked_for_twice(store, ana):
    await show(store, ana, "one", asked=True)
    await send_all(store)
    await show(store, ana, "two", id="e2")
    [one] = await claim(store)
    async with store.transaction() as session:
        await delivery.given_up(session, one, NOON, "Unreachable")
    await show(store, ana, "three", id="e3")
    assert await send_all(store) == []
    await show(store, ana, "four", asked=True, id="e4", event=Action)
    assert [(m.verb, m.card.title) for m in await send_all(store)] == [("post", "four")]


async def test_everybody_has_a_home_of_their_own(store, ana):
    ben = await person(store, "Ben")
    await show(store, ana, "anas", asked=True)
    await show(store, ben, "bens", asked=True, id="e2")
    await show(store, ana, "anas again", id="e3")
    sent = {m.card.title: (m.verb, m.place.conversation) for m in await send_all(store)}
    assert sent == {
        "anas": ("post", "U-ana"), "bens": ("post", "U-ben"), "anas again": ("update", "U-ana"),
    }  # fmt: skip


async def test_the_first_message_of_a_topic_begins_its_thread(store, ana):
    await put(store, ana, *(Tell(ana, Card(f"q{n}"), thread="checkin:1") for n in (1, 2, 3)), Tell(ana, Card("other")))
    sent = await send_all(store)
    assert [(m.card.title, m.place.thread) for m in sent] == [("q1", None), ("q2", "m1"), ("q3", "m1"), ("other", None)]
    async with store.reading() as session:
        assert await outbox.topic_of(session, Place(SLACK, "U-ana", "m1")) == "checkin:1"
        assert await outbox.topic_of(session, Place(SLACK, "U-ana", "m4")) is None
        assert await outbox.topic_of(session, Place(SLACK, "C9", "m1")) is None


async def test_two_people_have_a_thread_each_under_one_topic(store, ana):
    ben = await person(store, "Ben")
    await put(store, ana, *(Tell(who, Card(f"{who.id}{n}"), thread="grow:1") for n in (1, 2) for who in (ana, ben)))
    sent = await send_all(store)
    assert {m.card.title: m.place.thread for m in sent} == {"ana1": None, "ben1": None, "ana2": "m1", "ben2": "m2"}


async def test_our_own_messages_are_known_by_what_they_are_about(store, ana):
    await put(store, ana, Post(HALL, Card("k"), about="kudos:1"), Post(HALL, Card("nothing")))
    await send_all(store)
    async with store.reading() as session:
        assert [await outbox.about(session, HALL, id) for id in ("m1", "m2", "m3")] == ["kudos:1", "", None]


async def test_replace_and_retract_reach_every_message_about_it_even_one_not_yet_sent(store, ana):
    elsewhere = Place(SLACK, "C2", "1600.5")
    await put(store, ana, Post(HALL, Card("a"), about="kudos:1"))
    await send_all(store)
    await put(store, ana, Post(elsewhere, Card("b"), about="kudos:1"), Replace("kudos:1", Card("new")), id="e2")
    await put(store, ana, Retract("kudos:1"), id="e3")
    sent = await send_all(store, "n")
    found = {where: [(m.verb, m.place.thread, m.target) for m in sent if m.place.conversation == where]
             for where in ("C1", "C2")}  # fmt: skip
    assert found["C1"] == [("update", None, "m1"), ("delete", None, "m1")]
    assert found["C2"] == [("post", "1600.5", None), ("update", "1600.5", "n1"), ("delete", "1600.5", "n1")]
    assert len({m.key for m in sent}) == 5


async def test_a_change_to_what_never_arrived_is_set_aside_and_the_next_goes(store, ana):
    await put(store, ana, Post(HALL, Card("a"), about="t"), Replace("t", Card("b")), Post(HALL, Card("c")))
    (one,) = await claim(store)
    async with store.transaction() as session:
        await delivery.given_up(session, one, NOON, "Refused")
    assert [m.card.title for m in await send_all(store)] == ["c"]
    async with store.reading() as session:
        assert (await waiting.backlog(session)).reasons == {"KeyError": 1, "Refused": 1}


async def test_a_row_that_cannot_be_read_is_set_aside_with_its_words(store, ana):
    await put(store, ana, Post(HALL, Card("a")), Post(HALL, Card("b")))
    broken = '{"title": "from the future", "parts": [{"kind": "hologram"}]}'
    async with store.transaction() as session:
        await session.run(outbox.outbox.update().where(outbox.outbox.c.key == "e1/0").values(card=broken))
    assert [m.card.title for m in await send_all(store)] == ["b"]
    (row,) = await rows(store, OutboxRow, key="e1/0")
    assert (row.error, row.card) == ("ValidationError", broken)


async def test_what_nobody_can_receive_is_told_to_the_actor_instead(store, ana):
    await put(store, ana, Post(THREAD, Card("public"), otherwise=Card("I could not post there")), Whisper(Card("psst")))
    told = []
    while claims := await claim(store):
        async with store.transaction() as session:
            for one in claims:
                if one.message.place.conversation == "C1":
                    await delivery.given_up(session, one, NOON, "Unreachable")
                else:
                    told.append(one.message)
                    await delivery.sent(session, one, NOON, f"m{len(told)}")
    assert [(m.card.title, m.place.conversation, m.place.thread, m.only_for) for m in told] == [
        ("I could not post there", "U-ana", None, None),
        ("psst", "U-ana", None, None),
    ]
    assert await count(store, OutboxRow, error="Unreachable") == 0


async def test_what_cannot_be_told_to_anybody_else_either_is_given_up(store, ana):
    await put(store, ana, Whisper(Card("psst")))
    for _ in range(2):
        (one,) = await claim(store)
        async with store.transaction() as session:
            await delivery.given_up(session, one, NOON, "Unreachable")
    assert await claim(store) == []
    assert await count(store, OutboxRow, error="Unreachable") == 1


async def test_what_is_told_instead_waits_for_what_is_being_sent_there(store, ana):
    await put(store, ana, Post(HALL, Card("public"), otherwise=Card("instead")), Tell(ana, Card("under way")))
    public, under_way = await claim(store)
    async with store.transaction() as session:
        await delivery.given_up(session, public, NOON, "Unreachable")
    assert await claim(store) == []
    await mark(store, under_way, "m1")
    assert [one.message.card.title for one in await claim(store)] == ["instead"]


async def test_a_lease_that_ran_out_says_that_nobody_knows(store, ana):
    await put(store, ana, Post(HALL, Card("a")))
    (first,) = await claim(store)
    assert not first.unsure and first.tries == 1
    assert await claim(store, NOON + timedelta(seconds=119)) == []
    (second,) = await claim(store, NOON + timedelta(seconds=121))
    assert second.unsure and second.tries == 2 and second.message.key == first.message.key
    await mark(store, second, "m1", sure=True)
    assert [row.unsure for row in await rows(store, OutboxRow)] == [False]


async def test_who_took_longer_than_the_lease_has_nothing_more_to_say(store, ana):
    await put(store, ana, Post(HALL, Card("a")))
    (late,) = await claim(store)
    (now,) = await claim(store, LEASE)
    async with store.transaction() as session:
        await delivery.failed(session, late, NOON, "OSError", LEASE)
        await delivery.given_up(session, late, NOON, "Unreachable")
        await delivery.release(session, late)
    (row,) = await rows(store, OutboxRow)
    assert (row.lease_until, row.tries, row.error, row.failed_at) == (now.until, 2, None, None)
    await mark(store, late, "m1")  # but that it did arrive is the truth, whoever says it
    assert (await rows(store, OutboxRow))[0].sent_as == "m1"


async def test_released_claims_are_as_if_never_tried(store, ana):
    await put(store, ana, Post(HALL, Card("a")))
    claims = await claim(store)
    async with store.transaction() as session:
        for one in claims:
            await delivery.release(session, one)
    (again,) = await claim(store)
    assert again == claims[0]


@pytest.mark.parametrize("conversation", ["", "C1"])
async def test_a_rest_holds_the_workspace_or_the_conversation(store, ana, conversation):
    places = [HALL, Place(SLACK, "C2"), Place("slack:T2", "C1")]
    await put(store, ana, *(Post(place, Card(f"{place.workspace} {place.conversation}")) for place in places))
    until = NOON + timedelta(seconds=30)
    async with store.transaction() as session:
        for end in (until, until - timedelta(seconds=20)):  # the longer one stays
            if conversation:
                await limits.pause(session, HALL, end, NOON)
            else:
                await limits.rest(session, SLACK, end, NOON)
    free = {one.message.card.title for one in await claim(store, until - AHEAD * 1.1)}
    assert free == ({"slack:T1 C2", "slack:T2 C1"} if conversation else {"slack:T2 C1"})
    assert "slack:T1 C1" in {one.message.card.title for one in await claim(store, until)}


async def test_pauses_that_are_over_are_forgotten(store, ana):
    async with store.transaction() as session:
        for n in range(5):
            await limits.pause(session, Place(SLACK, f"C{n}"), NOON + timedelta(seconds=n), NOON)
    await claim(store, NOON + timedelta(seconds=3))
    assert await count(store, PauseRow) == 1


async def test_a_clock_set_back_by_an_hour_holds_nothing_up(store, ana):
    await put(store, ana, Post(HALL, Card("a")), at=NOON)
    async with store.transaction() as session:
        await limits.rest(session, SLACK, NOON + timedelta(seconds=5), NOON)
        await limits.pause(session, HALL, NOON + timedelta(seconds=5), NOON)
    assert await claim(store, NOON - timedelta(hours=1))


async def test_what_is_for_another_platform_waits_for_it(store, ana):
    teams = Place("teams:t1", "C1")
    await put(store, ana, Post(teams, Card("teams")), Post(HALL, Card("slack")))
    async with store.reading() as session:
        assert await delivery.next_at(session, NOON, {"playground": ALL}) is None
    assert [one.message.card.title for one in await claim(store, platforms=["slack"])] == ["slack"]
    assert [one.message.card.title for one in await claim(store, platforms=["teams"])] == ["teams"]


async def test_it_says_when_to_look_again(store, ana):
    async def again(now=NOON):
        async with store.reading() as session:
            return await delivery.next_at(session, now, {"slack": ALL})

    assert await again() is None
    await put(store, ana, Post(HALL, Card("a")))
    assert await again() == NOON
    (one,) = await claim(store)
    assert await again() == LEASE
    async with store.transaction() as session:
        await delivery.failed(session, one, NOON, "OSError", NOON + timedelta(seconds=8))
    assert await again() == NOON + timedelta(seconds=8)
    async with store.transaction() as session:
        await limits.rest(session, SLACK, NOON + timedelta(seconds=3), NOON)
    assert await again() == NOON + timedelta(seconds=3) - RESERVE


async def test_the_backlog_has_figures_and_no_words(store, ana):
    await put(store, ana, Post(HALL, Card("a")), Post(HALL, Card("b")), Post(Place(SLACK, "C2"), Card("c")))
    one, other = await claim(store)
    async with store.transaction() as session:
        await delivery.given_up(session, one, NOON, "ValueError")
        await delivery.failed(session, other, NOON, "TimeoutError", LEASE)
        await limits.rest(session, SLACK, LEASE, NOON)
        await unreachable.keep(session, HALL, "is_archived", NOON)
        found, later = await waiting.backlog(session), await waiting.backlog(session, LEASE)
    assert (found.waiting, found.oldest, found.failed, found.unsure) == (2, NOON, 1, 1)
    assert found.reasons == {"ValueError": 1} and found.unreachable == {"is_archived": 1}
    assert found.queues == (Queue(SLACK, 2, NOON, LEASE, {"TimeoutError": 1}),)
    assert [queue.resting_until for queue in later.queues] == [None]


# -- what the indexes are for


@pytest.fixture
def plans(store):
    """The query plan of every statement that is run, as SQLite tells it, by statement."""
    found, asking = {}, []

    def explain(connection, cursor, statement, parameters, context, many):
        if not asking and not many and statement.startswith(("SELECT", "UPDATE", "WITH", "INSERT", "DELETE")):
            asking.append(True)
            explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found[statement] = [row[3] for row in explained]
            asking.clear()

    for engine in store.engines:
        hooks.listen(engine, "before_cursor_execute", explain)
    yield found
    for engine in store.engines:
        hooks.remove(engine, "before_cursor_execute", explain)


def scanned(plans, table):
    """Steps that read this whole table, from any statement."""
    alone = (f"SCAN {table}", f"SCAN {table}_1")
    return {step: statement for statement, steps in plans.items() for step in steps if step in alone}


@pytest.mark.sqlite
async def test_no_hot_query_of_the_outbox_reads_the_whole_table(store, ana, plans):
    async with store.transaction() as session:
        await session.run(text("ANALYZE"))
    await put(
        store, ana, Post(HALL, Card("a"), about="t"), Tell(ana, Card("b"), thread="t"), Replace("t", Card("c")),
        Post(Place(SLACK, "C2"), Card("d")),
    )  # fmt: skip
    claims = await claim(store)
    await mark(store, claims[0], "m1", can=replace(ALL, each=(Limit(1, 1), Limit(2, 3))))
    async with store.transaction() as session:
        await delivery.failed(session, claims[1], NOON, "OSError", LEASE)
        await delivery.release(session, claims[2])
        await delivery.next_at(session, NOON, {"slack": ALL})
        await outbox.topic_of(session, THREAD)
        await outbox.about(session, HALL, "m1")
    await claim(store, LEASE)
    assert len(plans) > 10
    assert scanned(plans, "outbox") == {} and scanned(plans, "events") == {} and scanned(plans, "pauses") == {}


@pytest.mark.sqlite
async def test_no_hot_query_of_the_nudges_reads_the_whole_table(store, ana, plans):
    day, due = NOON.date(), Due(id="d", actor=ana, place=HALL, at=NOON, rhythm="checkin", period="2026-03")
    async with store.transaction() as session:
        whom = Whom("checkin", day, day, day)
        slot = Slot("2026-03", NOON, "owed", NOON - timedelta(days=5), NOON + timedelta(days=25))
        assert await rounds.plan(session, whom, {Kin(ana.calendar): slot}) == 1
        assert len(await nudges.owed(session, NOON, 100)) == 1
        await nudges.said(session, due)
        await nudges.all_said(session, [due])
        assert await reminders.waiting(session, "checkin", 1, ["2026-03"], NOON)
        group = Group(Kin(ana.calendar), "2026-03", NOON, NOON)
        assert await reminders.remind(session, "checkin", 1, [Reminder(group, NOON, "owed", day)]) == 1
        await followups.coming(session, day)
        await followups.plan(session, ana.calendar, day, NOON, day, False)
        await rounds.absent(session, whom)
        await absences.leave(session, ["ana"], day)
        await nudges.next_owed(session, NOON)
    assert len(plans) > 8
    for table in ("nudges", "followups", "absences"):
        assert scanned(plans, table) == {}


async def test_a_thousand_conversations_do_not_make_a_claim_slow(store, ana):
    """Not a stop-watch: the statement must do work for what waits, not for all that was ever sent."""
    values = {"verb": "post", "workspace": SLACK, "kind": "direct", "card": '{"title":"x"}', "not_before": NOON}
    old = [{"key": f"o{n}", "conversation": f"U{n % 1000}", **values, "tries": 1, "unsure": False, "sent_at": NOON,
            "sent_as": f"m{n}"} for n in range(5000)]  # fmt: skip
    new = [{"key": f"n{n}", "conversation": f"U{n % 1000}", **values, "tries": 0, "unsure": False}
           for n in range(5000)]  # fmt: skip
    async with store.transaction() as session:
        await session.run(outbox.outbox.insert(), old)
        await session.run(outbox.outbox.insert(), new)
    claims = await claim(store, limit=32)
    assert [one.message.key for one in claims] == [f"n{n}" for n in (*range(16), *range(984, 1000))]
