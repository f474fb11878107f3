"""Nobody is told more in a week than is good for them: the rest waits, whole and in order, and nothing is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from bot.core.cards import Card, Text
from bot.core.effects import KeepDialogue, Replace, Retract, Tell
from bot.core.features import Feature
from bot.core.progress import Progress
from bot.core.settings import Messages, Settings
from handlers.digest import digest, first_line
from handlers.erasure import erasure
from handlers.kudos import kudos
from scheduler.nudges import plan, play
from storage.digest import AttentionRow, Full, HeldRow
from storage.followups import FollowUp
from storage.nudges import NudgeRow
from tests.conftest import count, person, rows

THURSDAY = datetime(2026, 3, 5, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 9, 31, tzinfo=UTC)
THREE = Settings(messages=Messages(week=3), values=("care",))


def colleagues():
    """A feature by which people tell each other things."""
    feature = Feature("note")

    @feature.command("note")
    def note(event):
        for to in event.mentions:
            yield Tell(to, Card(parts=(Text(event.text),)), about=f"note:{event.text}")

    @feature.command("thread")
    def thread(event):
        yield Tell(event.mentions[0], Card(event.text), "note:thread", awaited=event.text == "answer")

    @feature.command("reword")
    def reword(event):
        yield Replace(f"note:{event.text}", Card("reworded"))

    @feature.command("unsay")
    def unsay(event):
        yield Retract(f"note:{event.text}")

    @feature.command("own")
    def own(event):
        yield Tell(event.actor, Card("here you are"))

    @feature.due("standing")
    @feature.due("goals")
    def nudge(event):
        yield Tell(event.actor, Card(f"nudge {event.period}"))

    @feature.due("promise")
    def promise(event):
        yield Tell(event.actor, Card("as promised"), awaited=True)

    @feature.due("checkin")
    @feature.due("review")
    def begin(event):
        yield KeepDialogue(Progress(f"checkin:{event.ref}", "checkin", event.period))
        yield Tell(event.actor, Card(f"begins {event.period}"))

    return feature


@pytest.fixture
async def desk(company):
    desk = company(colleagues(), digest, settings=THREE, now=THURSDAY)
    desk.ana, desk.ben = await desk.person("Ana"), await desk.person("Ben")
    return desk


async def told(desk, *texts, to=None):
    for text in texts:
        await desk.command(desk.ana, "note", text, mentions=(to or desk.ben,))


def lines(sent):
    """What each message says first."""
    return [first_line(each.card) for each in sent if each.card]


async def test_two_are_told_and_the_third_waits_for_monday(desk):
    await told(desk, "one", "two", "three", "four")
    assert lines(await desk.deliver()) == ["one", "two"]
    assert await count(desk.store, HeldRow, person="ben") == 2
    desk.now = MONDAY
    await plan(desk.store, desk.now)
    await play(desk.turns, desk.store, desk.now)
    [card] = [each.card for each in await desk.deliver()]
    assert card.title == "2 messages waited for you"
    assert card.parts[0] == Text("• three\n• four")
    await desk.press(desk.ben, "Show them all")
    assert lines(await desk.deliver()) == ["three", "four", "Here are all 2."]
    assert await count(desk.store, HeldRow) == 0


async def test_a_new_week_begins_anew(desk):
    await told(desk, "one", "two")
    desk.now += timedelta(days=4)
    await told(desk, "three")
    assert lines(await desk.deliver()) == ["one", "two", "three"]
    [row] = await rows(desk.store, AttentionRow)
    assert (row.week, row.told) == ("2026-W11", 1)


async def test_the_week_is_the_readers_own(desk):
    ela = await desk.person("Ela", "Pacific/Auckland")
    desk.now = datetime(2026, 3, 8, 10, 30, tzinfo=UTC)  # Sunday evening here and 23:30 there
    await told(desk, "one", "two", "three", to=ela)
    desk.later(hours=1)
    await told(desk, "monday there", to=ela)
    assert lines(await desk.deliver()) == ["one", "two", "monday there"]


async def test_what_one_asks_for_oneself_is_always_told(desk):
    await told(desk, "one", "two", "three")
    for _ in range(5):
        await desk.command(desk.ben, "own")
    assert lines(await desk.deliver()) == ["one", "two"] + ["here you are"] * 5


async def test_the_last_message_of_a_week_is_kept_for_what_begins_a_talk(desk):
    await told(desk, "one", "two", "three")
    await desk.due(desk.ben, "checkin", "2026-03")
    assert lines(await desk.deliver()) == ["one", "two", "begins 2026-03"]
    with pytest.raises(Full):
        await desk.due(desk.ben, "review", "2026-Q1")
    await desk.due(desk.ben, "promise", "a day that Ben chose")
    assert lines(await desk.deliver()) == ["as promised"]


async def owed(desk, rhythm, period, step=0):
    row = {"person": "ben", "rhythm": rhythm, "period": period, "step": step, "due_at": desk.now, "state": "owed"}
    async with desk.store.transaction() as session:
        await session.run(NudgeRow.__table__.insert().values(**row, tries=0))


async def test_a_nudge_that_has_to_wait_comes_in_the_next_week_and_leaves_no_trace_until_then(desk):
    await told(desk, "one", "two")
    await owed(desk, "goals", "g1")
    await owed(desk, "checkin", "2026-03", step=1)
    await play(desk.turns, desk.store, desk.now)
    assert lines(await desk.deliver()) == ["one", "two"]
    states = {row.rhythm: (row.state, row.due_at) for row in await rows(desk.store, NudgeRow)}
    assert states["goals"] == ("owed", datetime(2026, 3, 9, 9, tzinfo=UTC))
    desk.now = MONDAY
    await play(desk.turns, desk.store, desk.now)
    assert lines(await desk.deliver()) == ["nudge g1"]


async def test_a_reminder_that_has_to_wait_is_left_out(desk):
    await told(desk, "one", "two")
    await owed(desk, "checkin", "2026-03")
    await play(desk.turns, desk.store, desk.now)
    await owed(desk, "checkin", "2026-03", step=1)
    await play(desk.turns, desk.store, desk.now)
    assert lines(await desk.deliver()) == ["one", "two", "begins 2026-03"]
    assert [row.state for row in await rows(desk.store, NudgeRow, step=1)] == ["missed"]


async def test_what_waits_is_changed_and_taken_back_like_all_else(desk):
    await told(desk, "one", "two", "three", "four")
    await desk.command(desk.ana, "reword", "three")
    await desk.command(desk.ana, "unsay", "four")
    await desk.command(desk.ben, "kadens waiting")
    assert lines(await desk.deliver()) == ["one", "two", "reworded"]


async def test_what_waits_in_a_thread_goes_before_its_answer(desk):
    await told(desk, "one", "two")
    for text in ("begin", "answer"):
        await desk.command(desk.ana, "thread", text, mentions=(desk.ben,))
    assert lines(await desk.deliver()) == ["one", "two", "begin", "answer"]


async def test_nothing_waits_where_there_is_no_bound(company):
    desk = company(colleagues(), digest)
    desk.ana, desk.ben = await desk.person("Ana"), await desk.person("Ben")
    await told(desk, *map(str, range(9)))
    assert len(await desk.deliver()) == 9
    assert await count(desk.store, AttentionRow) == 0


async def test_nothing_to_show_says_so(desk):
    await desk.command(desk.ben, "kadens waiting")
    assert lines(await desk.deliver()) == ["Nothing is waiting for you. You have heard it all."]


async def test_pressed_twice_all_is_told_once(desk):
    await told(desk, "one", "two", "three")
    await asyncio.gather(*(desk.act(desk.ben, "digest.show") for _ in range(4)))
    sent = lines(await desk.deliver())
    assert sent.count("three") == 1


async def test_many_at_once_are_counted_one_by_one(desk):
    others = [await person(desk.store, f"C{n}") for n in range(8)]
    each = (desk.command(other, "note", "hello", mentions=(desk.ben, desk.ana)) for other in others)
    await asyncio.gather(*each)
    sent = [message.place.conversation for message in await desk.deliver()]
    assert sorted(sent) == ["U-ana", "U-ana", "U-ben", "U-ben"]
    assert await count(desk.store, HeldRow) == 12


async def test_a_long_list_says_how_many_more(desk):
    await told(desk, "one", "two", *(f"line {n}" for n in range(23)))
    await desk.due(desk.ben, "digest", "digest")
    card = (await desk.deliver())[-1].card
    assert card.title == "23 messages waited for you"
    assert card.parts[0].body.count("\n") == 19
    assert card.parts[1].body == "and 3 more"


async def test_kudos_that_are_taken_back_while_they_wait_are_never_told(company):
    desk = company(kudos, digest, settings=THREE, now=THURSDAY)
    ana, ben = await desk.person("Ana"), await desk.person("Ben", first_kudos=False)
    for n in range(3):
        await desk.command(ana, "kudos", f"thanks number {n}", mentions=(ben,))
        desk.later(minutes=1)
    assert await count(desk.store, HeldRow) == 1
    await desk.command(ana, "kudos undo")
    assert await count(desk.store, HeldRow) == 0


async def test_erasing_takes_along_what_waits(company):
    desk = company(kudos, digest, erasure, settings=THREE, now=THURSDAY)
    ana, ben = await desk.person("Ana"), await desk.person("Ben", first_kudos=False)
    for n in range(4):
        await desk.command(ana, "kudos", f"thanks number {n} from Ana", mentions=(ben,))
    await desk.submit(ana, "erasure.form", answers={"word": "erase", "others": "keep"})
    kept = await rows(desk.store, HeldRow)
    assert all("Ana" not in row.card for row in kept)
    await desk.submit(ben, "erasure.form", answers={"word": "erase", "others": "keep"})
    assert await count(desk.store, HeldRow) == 0
    assert await count(desk.store, AttentionRow) == 0


async def test_one_message_a_week_is_no_bound_to_live_with():
    with pytest.raises(ValidationError, match="2 or more"):
        Messages(week=1)


async def test_a_follow_up_of_the_digest_is_never_too_late(desk):
    await told(desk, "one", "two", "three")
    desk.now = MONDAY + timedelta(days=21)
    await plan(desk.store, desk.now)
    await play(desk.turns, desk.store, desk.now)
    assert lines(await desk.deliver())[-1] == "One message waited for you"
    async with desk.store.transaction() as session:
        await FollowUp("ben", "digest", "digest", desk.now.date()).save(session)
