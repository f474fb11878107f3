"""Who is spoken to first, when, and that it happens once."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import available_timezones

import pytest
import time_machine

from bot.core.calendar import Calendar
from bot.core.cards import Card
from bot.core.effects import Record, Tell
from bot.core.events import Command
from bot.core.features import Feature
from bot.core.settings import RHYTHMS, People, Quiet, Settings
from scheduler import clock as heart
from scheduler import nudges as planner
from scheduler import rounds as later
from scheduler.ahead import next_moment
from scheduler.clock import Clock
from scheduler.hours import awake
from scheduler.nudges import plan, play
from scheduler.rounds import Lately
from storage import absences, nudges, reminders, rounds
from storage.absences import Absence, Back
from storage.followups import FollowUp
from storage.nudges import Answered, NudgeRow
from storage.outbox import OutboxRow
from storage.people import people
from tests.conftest import HALL, count, crowd, rows, until

# November 2026: the first Tuesday is the 3rd, so check-ins are due on the 3rd at 09:30, reminders on the 6th and 10th.
ONLY_CHECKIN = {name: {"whom": "nobody"} for name in RHYTHMS if name != "checkin"}
DUE = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


def moment(day, hour=12, minute=0, month=11):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def listener():
    """A feature that says one line for each moment, so that who was told what can be read off the platform."""
    feature = Feature("checkin")

    def say(event):
        yield Tell(event.actor, Card(f"{event.rhythm} {event.period} {event.step}"))

    for rhythm in ("checkin", "review", "grow"):
        feature.due(rhythm)(say)

    @feature.command("answer")
    def answer(event):
        yield Record(Answered(event, "checkin", event.text))

    return feature


def settings(**more):
    return Settings(rhythms={**ONLY_CHECKIN, **more.pop("rhythms", {})}, **more)


@pytest.fixture
def desk(company):
    return company(listener(), settings=settings(), now=moment(2))


async def beat(desk, now=None, deliver=True):
    """Plan, say and deliver at this moment; returns what people were told by that."""
    desk.now = now or desk.now
    await plan(desk.store, desk.now)
    await play(desk.turns, desk.store, desk.now)
    return sorted((m.place.conversation, m.card.title) for m in await desk.deliver()) if deliver else []


async def state(desk, person="ana", period="2026-11", step=0, rhythm="checkin"):
    found = await rows(desk.store, NudgeRow, person=person, period=period, step=step, rhythm=rhythm)
    return found[0].state if found else None


async def keep(desk, fact):
    async with desk.store.transaction() as session:
        await fact.save(session)


def away(person, first, last, rhythm=absences.ALL):
    return Absence(f"{person}{first}", person, rhythm, first, last)


# -- whom it is for


async def test_a_rhythm_for_managers_comes_to_who_has_reports_and_to_nobody_else(desk):
    desk.store.settings = settings(rhythms={"checkin": {"whom": "managers"}})
    for name, manager in (("Ana", None), ("Ben", "ana"), ("Cy", "ben"), ("Dan", "ana"), ("Eva", "dan")):
        await desk.person(name, manager=manager)
    async with desk.store.transaction() as session:
        await session.run(people.update().where(people.c.id == "eva").values(gone=True))
    assert await next_moment(desk.store, desk.now) == DUE
    assert [told for told, _ in await beat(desk, DUE)] == ["U-ana", "U-ben"]
    assert await beat(desk, moment(6, 9, 30)) == [(f"U-{who}", "checkin 2026-11 1") for who in ("ana", "ben")]


async def test_a_manager_who_was_away_gets_it_afterwards(desk):
    desk.store.settings = settings(rhythms={"checkin": {"whom": "managers"}})
    for name, manager in (("Ana", None), ("Ben", "ana")):
        await desk.person(name, manager=manager)
        await keep(desk, away(name.lower(), date(2026, 11, 2), date(2026, 11, 4)))
    assert await beat(desk, DUE) == []
    assert await beat(desk, moment(5, 9, 30)) == [("U-ana", "checkin 2026-11 0")]


async def test_what_was_planned_before_it_was_turned_off_is_not_said(desk):
    await desk.person("Ana")
    await plan(desk.store, DUE)
    desk.store.settings = settings(rhythms={"checkin": {"whom": "nobody"}})
    assert await beat(desk, DUE + timedelta(minutes=1)) == []
    assert await state(desk) == "missed"


async def test_a_rhythm_that_is_turned_off_comes_to_nobody(desk):
    desk.store.settings = settings(rhythms={"checkin": {"whom": "nobody"}})
    await desk.person("Ana")
    await desk.person("Ben", manager="ana")
    assert await next_moment(desk.store, desk.now) is None
    assert await beat(desk, DUE) == [] and await state(desk) is None


# -- the nudge


async def test_it_comes_on_its_day_and_once(desk):
    await desk.person("Ana")
    assert await beat(desk, moment(3, 9, 29)) == []
    assert await beat(desk, moment(3, 9, 30)) == [("U-ana", "checkin 2026-11 0")]
    for now in (moment(3, 9, 31), moment(3, 15), moment(4, 9, 30)):
        assert await beat(desk, now) == []
    assert await state(desk) == "said"


async def test_everybody_is_told_at_their_own_half_past_nine(desk):
    for name, zone in (("Ana", "Asia/Tokyo"), ("Ben", "Europe/Amsterdam"), ("Cy", "America/Lima")):
        await desk.person(name, zone)
    told = {}
    now = moment(2, 22)
    while now < moment(4):
        for conversation, _ in await beat(desk, now):
            told[conversation] = now
        now += timedelta(minutes=30)
    assert told == {"U-ana": moment(3, 0, 30), "U-ben": moment(3, 8, 30), "U-cy": moment(3, 14, 30)}


async def test_replicas_that_plan_and_play_at_once_do_it_once(desk):
    for name in ("Ana", "Ben", "Cy"):
        await desk.person(name)
    desk.now = DUE
    await asyncio.gather(*(plan(desk.store, DUE) for _ in range(4)))
    await asyncio.gather(*(play(desk.turns, desk.store, DUE) for _ in range(4)))
    assert await count(desk.store, NudgeRow, state="said") == await count(desk.store, OutboxRow) == 3


async def test_who_answers_before_the_nudge_is_not_nudged(desk):
    ana = await desk.person("Ana")
    await desk.command(ana, "answer", "2026-11")
    assert await beat(desk, DUE) == []
    assert await beat(desk, moment(6, 9, 30)) == []
    assert await state(desk) == "answered"


async def test_who_has_begun_before_the_nudge_is_not_nudged_but_reminded(desk):
    ana = await desk.person("Ana")
    event = Command(id="c", actor=ana, place=HALL, at=moment(2, 15), name="checkin")
    await keep(desk, Answered(event, "checkin", "2026-11", "said"))
    assert await beat(desk, DUE) == []
    assert await beat(desk, moment(5, 9, 30)) == [("U-ana", "checkin 2026-11 1")]


async def test_who_begins_between_plan_and_word_is_not_nudged(desk):
    ana = await desk.person("Ana")
    await plan(desk.store, DUE)
    event = Command(id="c", actor=ana, place=HALL, at=DUE, name="checkin")
    await keep(desk, Answered(event, "checkin", "2026-11", "said"))
    assert await beat(desk, DUE) == []


async def test_bots_guests_and_leavers_are_not_nudged(desk):
    for name, what in (("Ana", "bot"), ("Ben", "guest"), ("Cy", "gone")):
        await desk.person(name, **{what: True})
    assert await beat(desk, DUE) == []
    assert await count(desk.store, NudgeRow) == 0


async def test_a_leaver_whose_nudge_was_planned_is_not_told(desk):
    await desk.person("Ana")
    await plan(desk.store, DUE)
    async with desk.store.transaction() as session:
        await session.run(people.update().values(gone=True))
    assert await beat(desk, DUE) == []


async def test_newcomers_have_some_days_in_peace(desk):
    await desk.person("Ana", started=date(2026, 10, 28))
    await desk.person("Ben", started=date(2026, 10, 27))
    assert await beat(desk, DUE) == [("U-ben", "checkin 2026-11 0")]
    assert await beat(desk, moment(4, 9, 29)) == []
    assert await beat(desk, moment(4, 9, 30)) == [("U-ana", "checkin 2026-11 0")]


async def test_only_the_pilot_group_is_spoken_to(desk):
    desk.store.settings = settings(people=People(pilot=("U-ben",)))
    for name in ("Ana", "Ben"):
        await desk.person(name)
    assert await beat(desk, DUE) == [("U-ben", "checkin 2026-11 0")]


async def test_a_holiday_moves_it(desk):
    desk.store.settings = settings(rhythms={"checkin": {"on": "day 25"}})
    await desk.person("Ana", country="NL")  # 25 and 26 December are off, then comes a week-end
    await desk.person("Ben")
    now = datetime(2026, 12, 25, 9, 30, tzinfo=UTC)
    assert await beat(desk, now) == [("U-ben", "checkin 2026-12 0")]
    assert await beat(desk, now + timedelta(days=3)) == [("U-ana", "checkin 2026-12 0")]


async def test_a_calendar_nobody_can_read_stops_nobody_else(desk, caplog):
    await desk.person("Ana")
    async with desk.store.transaction() as session:
        await session.run(people.update().values(calendar="Mars/Olympus||01234|09:00|17:00"))
    await desk.person("Ben")
    assert await beat(desk, DUE) == [("U-ben", "checkin 2026-11 0")]
    assert "Mars" in caplog.text
    assert await next_moment(desk.store, DUE) is not None


# -- quiet hours


@pytest.mark.parametrize(
    ("hours", "quiet", "left"),
    [
        (("09:00", "17:00"), ("20:00", "07:00"), ("09:00", "17:00")),
        (("05:00", "13:00"), ("20:00", "07:00"), ("07:00", "13:00")),
        (("14:00", "22:30"), ("20:00", "07:00"), ("14:00", "20:00")),
        (("09:00", "17:00"), ("12:00", "13:00"), ("13:00", "17:00")),
        (("09:00", "17:00"), ("00:00", "10:00"), ("10:00", "17:00")),
        (("09:00", "17:00"), ("20:00", "20:00"), ("09:00", "17:00")),
        (("21:00", "23:00"), ("20:00", "07:00"), None),
    ],
)
def test_working_hours_are_cut_to_what_is_not_quiet(hours, quiet, left):
    times = [tuple(map(time.fromisoformat, pair)) for pair in (hours, quiet)]
    found = awake(Calendar("UTC", start=times[0][0], end=times[0][1]).key, Quiet(start=times[1][0], end=times[1][1]))
    assert (found and (f"{found.start:%H:%M}", f"{found.end:%H:%M}")) == left


async def test_nobody_is_nudged_in_quiet_hours_whatever_their_working_hours_are(desk):
    desk.store.settings = settings(rhythms={"checkin": {"at": "05:30"}})
    await desk.person("Ana", calendar=Calendar("UTC", start=time(5), end=time(13)))
    assert await beat(desk, moment(3, 6, 59)) == []
    assert await beat(desk, moment(3, 7)) == [("U-ana", "checkin 2026-11 0")]


# -- away


async def test_who_is_away_is_nudged_after_their_return(desk):
    await desk.person("Ana")
    await keep(desk, away("ana", date(2026, 11, 2), date(2026, 11, 12)))
    for day in range(3, 13):
        assert await beat(desk, moment(day, 10)) == []
    assert await beat(desk, moment(13, 9, 29)) == []
    assert await beat(desk, moment(13, 9, 30)) == [("U-ana", "checkin 2026-11 0")]


async def test_leave_that_is_yet_to_come_keeps_no_nudge_away(desk):
    await desk.person("Ana")
    await keep(desk, away("ana", date(2026, 11, 20), date(2026, 11, 30)))
    assert await beat(desk, DUE) == [("U-ana", "checkin 2026-11 0")]


async def test_who_is_away_for_the_whole_period_misses_nothing(desk):
    await desk.person("Ana")
    await keep(desk, away("ana", date(2026, 10, 30), date.max))
    await desk.person("Ben")
    assert await beat(desk, DUE) == [("U-ben", "checkin 2026-11 0")]
    assert await beat(desk, moment(2, 10, month=12)) == [("U-ben", "checkin 2026-12 0")]
    assert [await state(desk, period=period) for period in ("2026-11", "2026-12")] == [None, None]


async def test_a_rhythm_that_is_paused_stops_no_other(desk):
    desk.store.settings = settings(rhythms={"review": {"every": "month", "on": "first tuesday"}})
    await desk.person("Ana")
    await keep(desk, away("ana", date(2026, 11, 1), date(2026, 11, 30), "checkin"))
    assert await beat(desk, DUE) == [("U-ana", "review 2026-11 0")]


async def test_who_goes_away_between_plan_and_word_is_told_after_their_return(desk):
    await desk.person("Ana")
    await plan(desk.store, DUE)
    await keep(desk, away("ana", date(2026, 11, 3), date(2026, 11, 10)))
    for day in (3, 4, 9):
        assert await beat(desk, moment(day, 10)) == []
    assert await beat(desk, moment(11, 9)) == []
    assert await beat(desk, moment(11, 9, 30)) == [("U-ana", "checkin 2026-11 0")]


async def test_who_is_back_early_is_nudged_then(desk):
    await desk.person("Ana")
    await keep(desk, away("ana", date(2026, 11, 2), date(2026, 11, 20)))
    assert await beat(desk, DUE) == []
    await keep(desk, Back("ana", date(2026, 11, 4)))
    assert await beat(desk, moment(4, 10)) == [("U-ana", "checkin 2026-11 0")]


# -- late and stale


async def test_after_a_night_down_it_comes_in_the_morning_at_its_hour(desk):
    await desk.person("Ana")
    assert await beat(desk, moment(3, 22)) == []
    assert await beat(desk, moment(4, 9, 29)) == []
    assert await beat(desk, moment(4, 9, 30)) == [("U-ana", "checkin 2026-11 0")]


async def test_reminders_of_what_came_late_count_from_when_it_came(desk):
    await desk.person("Ana")
    assert await beat(desk, moment(6, 14)) == [("U-ana", "checkin 2026-11 0")]  # three working days late
    for day in (9, 10):
        assert await beat(desk, moment(day, 16)) == []
    assert await beat(desk, moment(11, 9, 30)) == [("U-ana", "checkin 2026-11 1")]


async def test_after_ten_days_down_it_is_recorded_as_missed_and_nothing_is_sent(desk):
    await desk.person("Ana")
    assert await beat(desk, moment(13, 10)) == []
    assert await state(desk) == "missed"
    for day in (16, 18, 20):
        assert await beat(desk, moment(day, 10)) == []
    assert await beat(desk, moment(1, 9, 30, month=12)) == [("U-ana", "checkin 2026-12 0")]


async def test_planned_but_not_said_before_ten_days_down_is_missed(desk):
    await desk.person("Ana")
    await plan(desk.store, DUE)
    assert await state(desk) == "owed"
    assert await beat(desk, moment(13, 10)) == []
    assert await state(desk) == "missed"


async def test_planned_but_not_said_before_a_night_waits_for_the_morning(desk):
    await desk.person("Ana")
    await plan(desk.store, DUE)
    assert await beat(desk, moment(3, 23)) == []
    assert await state(desk) == "owed"
    assert await beat(desk, moment(4, 9)) == []
    assert await beat(desk, moment(4, 9, 30)) == [("U-ana", "checkin 2026-11 0")]


async def test_what_waits_for_the_morning_is_not_in_the_way_of_what_need_not(desk, monkeypatch):
    monkeypatch.setattr(planner, "BATCH", 3)
    for n in range(5):
        await desk.person(f"A{n}", "Asia/Tokyo")
    await desk.person("Zoe", "America/Lima")
    await plan(desk.store, moment(3, 0, 30))  # half past nine in Tokyo; then the machine sleeps
    told = await beat(desk, moment(3, 14, 30))  # half past nine in Lima, half past eleven at night in Tokyo
    assert told == [("U-zoe", "checkin 2026-11 0")]
    assert len(await beat(desk, moment(4, 0, 30))) == 5


async def test_a_nudge_of_the_last_evening_of_a_period_that_passed_is_missed(desk):
    desk.store.settings = settings(rhythms={"checkin": {"every": "week", "on": "friday", "at": "16:30"}})
    await desk.person("Ana")
    assert await beat(desk, moment(30, 16, 30, month=10)) == [("U-ana", "checkin 2026-W44 0")]
    await desk.person("Ben")  # who was not there in that week, as far as we know
    assert await beat(desk, moment(9, 10)) == []
    assert await state(desk, period="2026-W45") == "missed"
    assert await state(desk, "ben", period="2026-W45") is None


async def test_what_was_planned_for_a_period_that_is_over_is_missed(desk):
    await desk.person("Ana")
    await plan(desk.store, DUE)
    await beat(desk, moment(1, 9, month=12))
    assert await state(desk) == "missed"


async def test_a_late_answer_counts(desk):
    ana = await desk.person("Ana")
    await beat(desk, moment(13, 10))
    await desk.command(ana, "answer", "2026-11")
    assert await state(desk) == "answered"


# -- reminders


async def test_reminders_come_after_three_and_five_working_days_and_stop(desk):
    await desk.person("Ana")
    told = {}
    for day in range(3, 30):
        for hour in (9, 10, 16):
            for _, title in await beat(desk, moment(day, hour, 30)):
                told[title] = (day, hour)
    assert told == {"checkin 2026-11 0": (3, 9), "checkin 2026-11 1": (6, 9), "checkin 2026-11 2": (10, 9)}


async def test_only_who_has_not_answered_is_reminded(desk):
    ana = await desk.person("Ana")
    await desk.person("Ben")
    await beat(desk, DUE)
    await desk.command(ana, "answer", "2026-11")
    assert await beat(desk, moment(6, 9, 30)) == [("U-ben", "checkin 2026-11 1")]


async def test_who_answers_between_plan_and_word_is_not_reminded(desk):
    ana = await desk.person("Ana")
    await beat(desk, DUE)
    await plan(desk.store, moment(6, 9, 30))
    await desk.command(ana, "answer", "2026-11")
    assert await beat(desk, moment(6, 9, 30)) == []
    assert await state(desk, step=1) == "answered"


async def test_reminders_that_passed_while_we_were_down_are_not_sent_in_a_burst(desk):
    await desk.person("Ana")
    await beat(desk, DUE)
    assert await beat(desk, moment(10, 11)) == [("U-ana", "checkin 2026-11 2")]
    assert await state(desk, step=1) == "missed"
    assert await beat(desk, moment(25, 11)) == []


async def test_stale_reminders_are_recorded_as_missed(desk):
    await desk.person("Ana")
    await beat(desk, DUE)
    assert await beat(desk, moment(20, 11)) == []
    assert [await state(desk, step=step) for step in (1, 2)] == ["missed", "missed"]


async def test_who_is_away_is_not_reminded(desk):
    await desk.person("Ana")
    await beat(desk, DUE)
    await keep(desk, away("ana", date(2026, 11, 5), date(2026, 11, 8)))
    assert await beat(desk, moment(6, 9, 30)) == []
    assert await beat(desk, moment(9, 9, 30)) == [("U-ana", "checkin 2026-11 1")]


async def test_people_who_began_one_by_one_are_reminded_as_one_group(desk, monkeypatch):
    real, groups = reminders.remind, []

    async def remind(session, rhythm, step, reminders):
        groups.extend(reminders)
        return await real(session, rhythm, step, reminders)

    monkeypatch.setattr(reminders, "remind", remind)
    for n in range(5):
        someone = await desk.person(f"A{n}")
        event = Command(id=f"c{n}", actor=someone, place=HALL, at=moment(2, 10, n), name="checkin")
        await keep(desk, Answered(event, "checkin", "2026-11", "said"))
    assert len(await beat(desk, moment(5, 9, 30))) == 5
    assert len(groups) == 1


# -- follow-ups


async def test_a_commitment_is_followed_up_on_its_day(desk):
    await desk.person("Ana")
    await keep(desk, FollowUp("ana", "grow", "grow:ab12", date(2026, 11, 18)))
    assert await beat(desk, moment(17, 15)) == [] and await beat(desk, moment(18, 9, 29)) == []
    assert await beat(desk, moment(18, 9, 30)) == [("U-ana", "grow grow:ab12 0")]
    assert await beat(desk, moment(19, 9, 30)) == []


async def test_a_follow_up_waits_for_a_working_day_and_for_who_is_away(desk):
    await desk.person("Ana")
    await desk.person("Ben")
    await keep(desk, away("ben", date(2026, 11, 10), date(2026, 12, 1)))
    for id in ("ana", "ben"):
        await keep(desk, FollowUp(id, "grow", f"grow:{id}", date(2026, 11, 14)))  # a Saturday
    assert await beat(desk, moment(14, 10)) == []
    assert await beat(desk, moment(16, 9, 30)) == [("U-ana", "grow grow:ana 0")]
    assert await beat(desk, moment(2, 9, month=12)) == []
    told = await beat(desk, moment(2, 9, 30, month=12))
    assert ("U-ben", "grow grow:ben 0") in told  # weeks late, but Ben was not there to be asked


async def test_a_follow_up_that_nobody_was_there_to_ask_is_asked_late_or_missed(desk):
    await desk.person("Ana")
    await keep(desk, FollowUp("ana", "grow", "grow:1", date(2026, 11, 5)))
    await keep(desk, FollowUp("ana", "grow", "grow:2", date(2026, 11, 13)))
    assert await beat(desk, moment(16, 12)) == [("U-ana", "grow grow:2 0")]
    assert await state(desk, period="grow:1", rhythm="grow") == "missed"


async def test_a_follow_up_can_be_put_off_before_and_after_it_came(desk):
    await desk.person("Ana")
    await keep(desk, FollowUp("ana", "grow", "grow:1", date(2026, 11, 4)))
    await keep(desk, FollowUp("ana", "grow", "grow:1", date(2026, 11, 5)))
    assert await beat(desk, moment(4, 10)) == [("U-ana", "checkin 2026-11 0")]
    assert await beat(desk, moment(5, 10)) == [("U-ana", "grow grow:1 0")]
    await keep(desk, FollowUp("ana", "grow", "grow:1", date(2026, 11, 12)))
    assert await beat(desk, moment(9, 10)) == [("U-ana", "checkin 2026-11 1")]
    assert await beat(desk, moment(12, 10)) == [("U-ana", "checkin 2026-11 2"), ("U-ana", "grow grow:1 1")]


# -- saying it


async def test_a_handler_that_raises_is_tried_later_and_not_for_ever(company, caplog):
    feature = Feature("checkin")

    @feature.due("checkin")
    def stumble(event):
        raise ValueError(f"{event.actor.name} said something secret")
        yield

    desk = company(feature, settings=settings())
    await desk.person("Ana")
    await beat(desk, DUE)
    assert (await state(desk), (await rows(desk.store, NudgeRow))[0].tries) == ("owed", 1)
    await beat(desk, DUE + timedelta(seconds=50))
    assert (await rows(desk.store, NudgeRow))[0].tries == 1
    for hours in range(1, 6):
        await beat(desk, DUE + timedelta(hours=hours))
    assert (await state(desk), (await rows(desk.store, NudgeRow))[0].tries) == ("dropped", nudges.TRIES)
    assert "due/ana/checkin/2026-11/0" in caplog.text and "ValueError" in caplog.text and "secret" not in caplog.text


async def test_one_that_raises_keeps_nobody_else_from_being_told(company):
    feature = Feature("checkin")

    @feature.due("checkin")
    def stumble(event):
        if event.actor.id == "ana":
            raise ValueError
        yield Tell(event.actor, Card("hello"))

    desk = company(feature, settings=settings())
    for name in ("Ana", "Ben", "Cy"):
        await desk.person(name)
    assert await beat(desk, DUE) == [("U-ben", "hello"), ("U-cy", "hello")]


async def test_a_nudge_whose_turn_was_taken_before_does_not_come_up_for_ever(desk):
    ana = await desk.person("Ana")
    await desk.due(ana, "checkin", "2026-11")
    assert await beat(desk, DUE) == [("U-ana", "checkin 2026-11 0")]
    assert await state(desk) == "said"


async def test_a_rhythm_nobody_listens_for_does_not_come_up_for_ever(company):
    desk = company(settings=settings())
    await desk.person("Ana")
    await beat(desk, DUE)
    assert await state(desk) == "said"


# -- many


async def test_thousands_are_planned_by_a_handful_of_statements(desk, monkeypatch):
    await crowd(desk.store, 3000, ("UTC", "Europe/London", "Africa/Dakar"))
    real, statements = rounds.plan_part, []

    async def counted(*arguments):
        statements.append(await real(*arguments))
        return statements[-1]

    monkeypatch.setattr(rounds, "plan_part", counted)
    lately = Lately()
    await plan(desk.store, DUE, lately)
    assert 3000 in statements and len(statements) <= 4
    assert await count(desk.store, NudgeRow, state="owed") == 3000
    statements.clear()
    await plan(desk.store, DUE + timedelta(minutes=1), lately)
    assert statements == []  # nothing new was to be expected


async def test_a_month_is_planned_in_parts_and_whoever_wants_to_write_gets_between(desk, monkeypatch):
    """However the parts fall, nobody is left out and nobody is met twice; somebody away is in one of them."""
    await crowd(desk.store, 100, ("UTC", "Europe/London", "Africa/Dakar"))
    await keep(desk, away("p42", date(2026, 11, 2), date(2026, 11, 20)))
    for name, size in (("SLICE", 7), ("TEAMS", 1), ("FEW", 0)):
        monkeypatch.setattr(rounds, name, size)
    monkeypatch.setattr(later, "BATCH", 1)
    real, parts, other = rounds.plan_part, [], []

    async def between():
        async with desk.store.transaction():
            other.append(len(parts))

    async def counted(*arguments):
        parts.append(await real(*arguments))
        waiting.append(asyncio.create_task(between()))
        return parts[-1]

    waiting = []
    monkeypatch.setattr(rounds, "plan_part", counted)
    await plan(desk.store, DUE)
    await asyncio.gather(*waiting)
    owed = {row.person for row in await rows(desk.store, NudgeRow, state="owed")}
    assert owed == {f"p{n}" for n in range(100)} - {"p42"}
    assert sum(parts) == 99 and max(parts) < 20 and len(parts) >= 10
    if desk.store.dialect == "sqlite":  # elsewhere nobody waits for anybody anyway
        assert sorted(set(other)) == list(range(1, len(parts) + 1))  # after each part somebody wrote


async def test_planning_that_is_to_stop_ends_after_a_part_and_goes_on_the_next_time(desk, monkeypatch):
    await crowd(desk.store, 30)
    for name, size in (("SLICE", 7), ("FEW", 0)):
        monkeypatch.setattr(rounds, name, size)
    lately, looks = Lately(), [True, True, False]
    await plan(desk.store, DUE, lately, lambda: looks.pop(0) if looks else False)
    some = await count(desk.store, NudgeRow)
    assert 0 < some < 30
    await plan(desk.store, DUE, lately)
    assert await count(desk.store, NudgeRow) == 30


async def test_planning_again_writes_nothing(desk, monkeypatch):
    await crowd(desk.store, 30)
    monkeypatch.setattr(rounds, "SLICE", 7)
    await plan(desk.store, DUE)
    monkeypatch.setattr(rounds, "plan_part", None)
    await plan(desk.store, DUE)  # by a process that knows nothing of what was planned


async def test_who_comes_into_a_group_that_was_planned_is_found_soon(desk):
    lately = Lately()
    await desk.person("Ana")
    await plan(desk.store, DUE, lately)
    await desk.person("Ben")
    await plan(desk.store, DUE + timedelta(minutes=2), lately)
    assert await state(desk, "ben") is None
    await plan(desk.store, DUE + timedelta(minutes=6), lately)
    assert await state(desk, "ben") == "owed"


async def test_few_who_came_into_a_group_are_planned_without_going_through_all_of_it(desk, monkeypatch):
    await crowd(desk.store, 3000)
    await plan(desk.store, DUE)
    await desk.person("Ana")
    monkeypatch.setattr(rounds, "plan_part", None)
    await plan(desk.store, DUE)
    assert await state(desk) == "owed"


async def test_who_is_erased_while_they_are_being_planned_is_left_out(desk):
    at = moment(3, 9, 30)
    slot = rounds.Slot("2026-11", at, "owed", at, at)
    await desk.person("Ana")
    async with desk.store.transaction() as session:
        assert await rounds.plan_each(session, "checkin", [("nobody", slot), ("ana", slot)]) == 1
    assert await state(desk) == "owed"


@pytest.mark.parametrize("looked", [moment(12, 22), moment(13, 9)])
async def test_who_is_back_from_leave_is_asked_at_the_rhythm_s_hour_and_not_some_time_after(desk, looked):
    lately, ana = Lately(), await desk.person("Ana")
    async with desk.store.transaction() as session:
        await Absence("a1", ana.id, absences.ALL, date(2026, 11, 2), date(2026, 11, 12)).save(session)
    await plan(desk.store, looked, lately)  # everybody else was asked long ago: the group is looked at seldom
    await plan(desk.store, moment(13, 9, 29), lately)
    assert await state(desk) is None
    await plan(desk.store, moment(13, 9, 30), lately)
    assert await state(desk) == "owed"


async def test_two_hundred_calendars_fit_into_one_statement(desk):
    zones = [zone for zone in sorted(available_timezones()) if zone.startswith(("Europe/", "Africa/", "America/"))][
        :200
    ]
    await crowd(desk.store, 400, zones)
    for hour in range(24):
        await plan(desk.store, moment(3) + timedelta(hours=hour - 6))
    assert await count(desk.store, NudgeRow, rhythm="checkin", period="2026-11") == 400


# -- the next moment


async def test_nobody_has_no_next_moment(desk):
    assert await next_moment(desk.store, desk.now) is None


async def test_from_moment_to_moment_something_always_happens(desk):
    """The playground's button "to the next nudge"."""
    ana = await desk.person("Ana", "Europe/Amsterdam")
    await desk.person("Ben", "America/Lima")
    await keep(desk, away("ben", date(2026, 11, 2), date(2026, 11, 4)))
    await keep(desk, FollowUp("ana", "grow", "grow:1", date(2026, 11, 5)))
    seen, now = [], moment(2)
    for _ in range(7):
        now = await next_moment(desk.store, now)
        told = await beat(desk, now)
        seen += [(now, *line) for line in told]
        assert told, f"nothing happened at {now}"
    assert seen == [
        (moment(3, 8, 30), "U-ana", "checkin 2026-11 0"),
        (moment(5, 8, 30), "U-ana", "grow grow:1 0"),
        (moment(5, 14, 30), "U-ben", "checkin 2026-11 0"),
        (moment(6, 8, 30), "U-ana", "checkin 2026-11 1"),
        (moment(10, 8, 30), "U-ana", "checkin 2026-11 2"),
        (moment(10, 14, 30), "U-ben", "checkin 2026-11 1"),
        (moment(12, 14, 30), "U-ben", "checkin 2026-11 2"),
    ]
    await desk.command(ana, "answer", "2026-12")
    assert await next_moment(desk.store, now) == datetime(2026, 12, 1, 14, 30, tzinfo=UTC)


async def test_what_is_late_at_night_comes_the_next_day_at_its_hour(desk):
    await desk.person("Ana")
    assert await next_moment(desk.store, moment(3, 22)) == moment(4, 9, 30)


# -- the clock


class Moving:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(heart, "BEAT", timedelta(seconds=0.02))


async def test_the_clock_beats_and_stops(desk, quick):
    await desk.person("Ana")
    now = Moving(moment(3, 9))
    clock = Clock(desk.turns, now)
    clock.start()
    await asyncio.sleep(0.1)
    assert await state(desk) is None
    now.now = DUE
    await until(lambda: _is(desk, "said"))
    await clock.stop()
    now.now = moment(6, 9, 30)
    await asyncio.sleep(0.1)
    assert await state(desk, step=1) is None


async def _is(desk, wanted, **more):
    return await state(desk, **more) == wanted


async def test_a_beat_that_raises_is_logged_and_the_next_one_comes(desk, quick, monkeypatch, caplog):
    await desk.person("Ana")
    real, failures = heart.plan, [OSError("secret")]

    async def plan(*arguments):
        if failures:
            raise failures.pop()
        await real(*arguments)

    monkeypatch.setattr(heart, "plan", plan)
    clock = Clock(desk.turns, lambda: DUE)
    clock.start()
    await until(lambda: _is(desk, "said"))
    await clock.stop()
    assert "OSError" in caplog.text and "secret" not in caplog.text


async def test_stopping_ends_the_turn_that_is_being_taken(desk, quick, monkeypatch):
    for n in range(20):
        await desk.person(f"A{n}")
    started, real = asyncio.Event(), type(desk.turns).take

    async def take(turns, event):
        started.set()
        await asyncio.sleep(0.02)
        return await real(turns, event)

    monkeypatch.setattr(type(desk.turns), "take", take)
    clock = Clock(desk.turns, lambda: DUE)
    clock.start()
    await started.wait()
    await clock.stop()
    said = await count(desk.store, NudgeRow, state="said")
    assert 1 <= said < 20 and said == await count(desk.store, OutboxRow)


async def test_a_clock_set_back_by_an_hour_repeats_nothing_and_goes_on(desk, quick):
    await desk.person("Ana")
    now = Moving(DUE + timedelta(minutes=40))
    clock = Clock(desk.turns, now)
    clock.start()
    await until(lambda: _is(desk, "said"))
    now.now = DUE - timedelta(minutes=20)
    await desk.person("Ben")
    await asyncio.sleep(0.1)
    assert await state(desk, "ben") is None  # it is not time yet, again
    now.now = DUE
    await until(lambda: _is(desk, "said", person="ben"))
    await clock.stop()
    assert await count(desk.store, OutboxRow) == 2


async def test_the_heart_goes_on_beating_when_the_machine_s_clock_is_set(desk, quick):
    """APScheduler waits for a moment of the wall clock, which after such a jump is an hour away."""
    beats = []
    clock = Clock(desk.turns, lambda: beats.append(1) or DUE)
    with time_machine.travel(DUE) as wall:
        clock.start()
        for hours in (0, -1, 240, -240):
            wall.shift(timedelta(hours=hours))
            before = len(beats)
            await until(lambda before=before: len(beats) > before + 3, 2)
        await clock.stop()


async def test_one_beat_for_the_playground(desk):
    await desk.person("Ana")
    clock = Clock(desk.turns, desk.clock)
    assert await clock.beat(moment(3, 9)) == 0
    assert await clock.beat(DUE) == 1
    assert await clock.beat(DUE) == 0
