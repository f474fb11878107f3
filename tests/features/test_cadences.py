"""R1: a manager's own rhythm for the team. What it is, how it is chosen in chat, and that it asks nobody twice.

The properties search the same way each time; `EXPLORE=1 pytest` searches anew.
"""

import asyncio
import os
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, takewhile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.cadences import Beat, Stage, changed, course, current, next_days, periods, stages, written
from bot.core.calendar import Calendar, Rhythm, bounds
from bot.core.cards import Card
from bot.core.effects import Tell
from bot.core.features import Feature
from bot.core.settings import RHYTHMS, Settings
from scheduler.ahead import next_moment
from scheduler.nudges import plan, play
from storage import rounds
from storage.engine import Store
from storage.nudges import NudgeRow
from storage.overlays import CadenceRow
from storage.overlays import cadences as kept
from storage.people import people
from tests.conftest import Desk, crowd, person, rows

DAY = timedelta(days=1)
COMPANY = Rhythm("checkin", "month", "first tuesday", time(9, 30), (3, 5))
WEEKLY = Beat("thursday", time(10), "week")
MONTHLY = Beat("last friday", time(9), "month")
ONLY_CHECKIN = {name: {"whom": "nobody"} for name in RHYTHMS if name != "checkin"}
ALONE = Settings(rhythms=ONLY_CHECKIN)


def on(month, day, hour=12, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def text(*said):
    """What is kept after these choices, each with the day on which it was made."""
    found = ""
    for day, beat in said:
        found = changed(found, COMPANY, beat, day)
    return found


def held(kept, day):
    return course(COMPANY, kept, day).rhythm


# -- what is kept


def test_another_day_of_the_same_cadence_holds_at_once():
    kept = text((date(2026, 11, 4), MONTHLY))
    assert (held(kept, date(2026, 11, 4)).on, held(kept, date(2020, 1, 1)).at) == ("last friday", time(9))
    assert current(kept, "checkin", date(2026, 11, 4)) == (Stage(date.min, MONTHLY), None)


def test_another_cadence_begins_with_its_next_period():
    kept = text((date(2026, 11, 4), WEEKLY))  # a Wednesday
    assert held(kept, date(2026, 11, 8)) == COMPANY
    assert held(kept, date(2026, 11, 9)).every == "week"
    month, week = course(COMPANY, kept, date(2026, 11, 8)), course(COMPANY, kept, date(2026, 11, 9))
    assert not month.covers("2026-11") and month.covers("2026-10")  # November would reach into the weeks
    assert week.covers("2026-W46") and not week.covers("2026-W45")


def test_from_weeks_to_months_the_weeks_go_on_until_the_month_begins():
    kept = text((date(2026, 9, 30), WEEKLY), (date(2026, 11, 18), MONTHLY))
    asked = [name for _, name in takewhile(lambda p: p[1] != "2027-01", periods(COMPANY, kept, date(2026, 11, 18)))]
    assert asked == ["2026-W47", "2026-W48", "2026-12"]  # the week of 30 November reaches into December


def test_who_changes_their_mind_before_it_begins_changes_nothing():
    assert text((date(2026, 11, 4), WEEKLY), (date(2026, 11, 5), None)) == ""
    assert text((date(2026, 11, 4), MONTHLY), (date(2026, 11, 5), WEEKLY), (date(2026, 11, 6), MONTHLY)) == text(
        (date(2026, 11, 4), MONTHLY)
    )


def test_back_to_the_companys_begins_like_any_other_cadence():
    kept = text((date(2026, 9, 30), WEEKLY), (date(2026, 11, 18), None))
    assert held(kept, date(2026, 11, 30)).every == "week" and held(kept, date(2026, 12, 1)) == COMPANY


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        '{"checkin": 1}',
        '{"checkin": [{"since": "x", "on": null}]}',
        '{"checkin":[{"since":"","every":"fortnight","on":"monday","at":"09:00"}]}',
    ],
)
def test_what_cannot_be_read_counts_as_nothing_and_is_said_without_its_contents(broken, caplog):
    stages.cache_clear()
    assert stages(broken) == {}
    assert "cannot be read" in caplog.text and broken not in caplog.text


def test_a_day_the_companys_new_cadence_does_not_have_gives_way_to_the_companys(caplog):
    kept = written({"checkin": (Stage(date.min, Beat("last friday", time(9))),)})
    weekly = Rhythm("checkin", "week", "monday", time(9, 30))
    assert course(weekly, kept, date(2026, 11, 4)).rhythm == weekly


def test_equal_rhythms_are_equal_texts():
    one = text((date(2026, 11, 4), WEEKLY))
    assert written(stages(one)) == one == text((date(2026, 11, 8), WEEKLY))


EVERY = ("week", "month", "quarter")
DAYS = {"week": ("monday", "thursday", "last workday"), "month": ("first tuesday", "day 15", "last friday"),
        "quarter": ("first monday", "2 weeks before end", "last workday")}  # fmt: skip
beats = st.one_of(
    st.none(),
    st.sampled_from([(every, day) for every in EVERY for day in DAYS[every]]).flatmap(
        lambda pair: st.sampled_from((time(9), time(15))).map(lambda at: Beat(pair[1], at, pair[0]))
    ),
)
choices = st.lists(st.tuples(st.integers(0, 40), beats), max_size=6)
search = settings(deadline=None, derandomize="EXPLORE" not in os.environ, print_blob=True)


@search
@given(choices, st.integers(0, 400))
def test_no_two_periods_in_which_people_are_asked_overlap(made, look):
    day, kept = date(2026, 1, 1), ""
    for days, beat in made:
        day += days * DAY
        kept = changed(kept, COMPANY, beat, day)
        assert written(stages(kept)) == kept
    day += look * DAY
    found = [(course, name) for (course, name), _ in zip(periods(COMPANY, kept, day), range(12), strict=False)]
    spans = [bounds(course.rhythm.every, name) for course, name in found]
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    # And from some day on nothing is left out any more.
    settled = [span for span in spans if span[0] > day + 100 * DAY]
    assert all(other[0] - one[1] == DAY for one, other in pairwise(settled))


def test_the_next_days_leave_out_what_was_asked_and_what_is_too_late():
    nl, now = Calendar("Europe/Amsterdam", "NL"), on(11, 10)

    def days(kept, *asked):
        return next_days(COMPANY, kept, nl, now, asked, 3)

    assert days("") == [date(2026, 12, 1), date(2027, 1, 5), date(2027, 2, 2)]
    assert days(text((now.date(), MONTHLY)))[0] == date(2026, 11, 27)
    assert days(text((now.date(), MONTHLY)), "2026-11")[0] == date(2026, 12, 28)  # Christmas Day is a Friday
    assert days(text((now.date(), WEEKLY))) == [date(2026, 11, 19), date(2026, 11, 26), date(2026, 12, 3)]
    assert days(text((now.date(), Beat("day 9", time(9), "month"))))[0] == now.date()  # a day late: at once


# -- planning


def listener():
    feature = Feature("checkin")

    @feature.due("checkin")
    def say(event):
        yield Tell(event.actor, Card(f"{event.period} {event.step} {event.settings.rhythms['checkin'].every}"))

    feature.due("review")(lambda event: iter(()))
    return feature


@pytest.fixture
def desk(company):
    return company(listener(), settings=ALONE, now=on(11, 2))


async def choose(store, manager, beat, day):
    """As the handler does."""
    async with store.transaction() as session:
        found = await session.first(kept.select().where(kept.c.manager == manager))
        said = changed(found.said if found else "", COMPANY, beat, day)
        await session.run(kept.delete().where(kept.c.manager == manager))
        if said:
            await session.run(kept.insert().values(manager=manager, said=said, at=on(11, 1)))


async def asked(desk, until):
    """Plan and say from now until then; who was asked what, and when."""
    found = []
    while (moment := await next_moment(desk.store, desk.now)) and moment <= until:
        desk.now = moment
        await plan(desk.store, desk.now)
        await play(desk.turns, desk.store, desk.now)
        found += [(m.place.conversation[2:], m.card.title.rsplit(" ", 1)[0], desk.now) for m in await desk.deliver()]
    desk.now = until
    return found


async def team(desk):
    for name in ("Max", "Zoe"):
        await desk.person(name)
    for name, manager in (("Ana", "max"), ("Ben", "max"), ("Cy", "zoe")):
        await desk.person(name, manager=manager)


async def test_only_the_managers_own_reports_have_the_teams_rhythm(desk):
    await team(desk)
    await choose(desk.store, "max", Beat("first wednesday", time(11), "month"), date(2026, 11, 2))
    told = await asked(desk, on(11, 5))
    assert sorted(told) == [("ana", "2026-11 0", on(11, 4, 11)), ("ben", "2026-11 0", on(11, 4, 11)),
                            *((name, "2026-11 0", on(11, 3, 9, 30)) for name in ("cy", "max", "zoe"))]  # fmt: skip


async def test_who_moves_to_another_team_is_not_asked_again_in_this_time(desk):
    await team(desk)
    await choose(desk.store, "zoe", WEEKLY, date(2026, 10, 20))
    assert ("ana", "2026-11 0", on(11, 3, 9, 30)) in await asked(desk, on(11, 4))
    async with desk.store.transaction() as session:
        await session.run(people.update().where(people.c.id == "ana").values(manager="zoe"))
    told = await asked(desk, on(11, 13))
    assert [line for line in told if line[0] in ("ana", "cy") and line[1].endswith(" 0")] == [
        ("cy", "2026-W45 0", on(11, 5, 10)),
        ("ana", "2026-W46 0", on(11, 12, 10)),
        ("cy", "2026-W46 0", on(11, 12, 10)),
    ]


async def test_what_was_missed_before_a_move_does_not_keep_the_new_teams_word_away(desk):
    await team(desk)
    await choose(desk.store, "zoe", WEEKLY, date(2026, 10, 20))
    async with desk.store.transaction() as session:
        row = {"person": "cy", "rhythm": "checkin", "period": "2026-11", "step": 0, "due_at": on(11, 3)}
        await session.run(NudgeRow.__table__.insert().values(**row, state="missed", tries=0))
    assert ("cy", "2026-W45 0", on(11, 5, 10)) in await asked(desk, on(11, 6))


async def test_a_quarterly_team_leaves_those_who_missed_a_month_recorded(desk):
    """Regression: what could be missed was reckoned from the start of the longest period anybody had."""
    await team(desk)
    await choose(desk.store, "zoe", Beat("first tuesday", time(10), "quarter"), date(2026, 1, 1))
    first = await asked(desk, on(11, 4))
    assert ("ana", "2026-11 0", on(11, 3, 9, 30)) in first and "cy" not in {name for name, _, _ in first}
    desk.now = datetime(2027, 1, 4, 12, tzinfo=UTC)  # nobody was there in December
    await plan(desk.store, desk.now)
    found = await rows(desk.store, NudgeRow, state="missed", period="2026-12")
    assert {row.person for row in found} == {"ana", "ben", "max", "zoe"}


async def test_reminders_follow_the_teams_rhythm(desk):
    await team(desk)
    await choose(desk.store, "max", WEEKLY, date(2026, 10, 20))
    told = [(title, at) for name, title, at in await asked(desk, on(11, 16)) if name == "ana"]
    # Thursday's third working day is in the next week: no reminder is left of a week.
    assert told == [("2026-W45 0", on(11, 5, 10)), ("2026-W46 0", on(11, 12, 10))]
    told = [(title, at) for name, title, at in await asked(desk, on(11, 17)) if name == "cy"]
    assert told == []


async def test_a_weeks_reminder_comes_within_the_week(desk):
    desk.now = on(11, 1)
    await team(desk)
    await choose(desk.store, "max", Beat("monday", time(10), "week"), date(2026, 10, 20))
    told = [(title, at) for name, title, at in await asked(desk, on(11, 13)) if name == "ana"]
    assert told == [("2026-W45 0", on(11, 2, 10)), ("2026-W45 1", on(11, 5, 10)),
                    ("2026-W46 0", on(11, 9, 10)), ("2026-W46 1", on(11, 12, 10))]  # fmt: skip


async def test_a_change_in_the_middle_of_the_month_asks_nobody_twice(desk):
    await team(desk)
    first = await asked(desk, on(11, 4))
    assert [line[:2] for line in first if line[0] == "ana"] == [("ana", "2026-11 0")]
    await choose(desk.store, "max", MONTHLY, date(2026, 11, 4))
    assert [line for line in await asked(desk, on(12, 1, 8)) if line[0] == "ana" and line[1].endswith(" 0")] == []
    assert ("ana", "2026-12 0", on(12, 25, 9)) in await asked(desk, on(12, 31))


async def test_a_nudge_put_off_into_another_cadence_gives_way_to_it(desk):
    await team(desk)
    await plan(desk.store, on(11, 3, 9, 30))
    await choose(desk.store, "max", WEEKLY, date(2026, 11, 4))
    desk.now = on(11, 9, 12)
    await play(desk.turns, desk.store, desk.now)
    assert [row.state for row in await rows(desk.store, NudgeRow, person="ana", period="2026-11")] == ["missed"]
    told = await asked(desk, on(11, 13))
    assert [line[:2] for line in told if line[0] == "ana"] == [("ana", "2026-W46 0")]


async def test_the_word_comes_with_the_teams_settings(desk):
    await team(desk)
    await choose(desk.store, "max", WEEKLY, date(2026, 10, 20))
    desk.now = on(11, 5, 10)
    await plan(desk.store, desk.now)
    await play(desk.turns, desk.store, desk.now)
    told = {m.place.conversation: m.card.title for m in await desk.deliver()}
    assert told["U-ana"] == "2026-W45 0 week"


async def test_a_rhythm_nobody_can_read_stops_nobody(desk, caplog):
    await team(desk)
    stages.cache_clear()
    async with desk.store.transaction() as session:
        await session.run(kept.insert().values(manager="max", said='{"checkin": ["secret"]}', at=on(11, 1)))
    assert {name for name, _, _ in await asked(desk, on(11, 4))} == {"ana", "ben", "cy", "max", "zoe"}
    assert "cannot be read" in caplog.text and "secret" not in caplog.text


async def test_teams_are_planned_a_few_managers_at_a_time(desk, monkeypatch):
    await crowd(desk.store, 100, ("UTC", "Europe/London"))
    monkeypatch.setattr(rounds, "TEAMS", 2)
    monkeypatch.setattr(rounds, "SLICE", 9)
    said = [text((date(2026, 1, 1), Beat(f"day {n}", time(9), "month"))) for n in (2, 3)]
    async with desk.store.transaction() as session:
        for n in range(10):
            team = people.c.id.in_([f"p{10 + n * 9 + each}" for each in range(9)])
            await session.run(people.update().where(team).values(manager=f"p{n}"))
        await session.run(kept.insert(), [{"manager": f"p{n}", "said": said[n % 2], "at": on(1, 1)} for n in range(7)])
    await plan(desk.store, on(11, 4, 10))
    owed = [row.person for row in await rows(desk.store, NudgeRow, state="owed")]
    assert len(owed) == len(set(owed)) == 100


async def test_many_teams_with_few_rhythms_are_planned_by_few_statements(desk, monkeypatch):
    await crowd(desk.store, 1000, ("UTC", "Europe/London"))
    real, inserts = rounds.insert, []

    async def counted(*arguments):
        inserts.append(await real(*arguments))
        return inserts[-1]

    monkeypatch.setattr(rounds, "insert", counted)
    said = [text((date(2026, 1, 1), Beat(f"day {n}", time(9), "month"))) for n in (2, 3, 4)]
    async with desk.store.transaction() as session:
        for n in range(100):
            team = people.c.id.in_([f"p{100 + n * 9 + each}" for each in range(9)])
            await session.run(people.update().where(team).values(manager=f"p{n}"))
        await session.run(kept.insert(), [{"manager": f"p{n}", "said": said[n % 3], "at": on(1, 1)} for n in range(90)])
    await plan(desk.store, on(11, 4, 10))
    owed = [row.person for row in await rows(desk.store, NudgeRow, state="owed")]
    assert len(owed) == len(set(owed)) == 1000
    assert len(inserts) <= 8
    inserts.clear()
    assert await plan(desk.store, on(11, 4, 11)) is None
    assert sum(inserts) == 0


# -- over random changes, on the real store


def quickly(databases, scenario):
    """A scenario on a store of its own, inside of a test that hypothesis runs many times."""

    async def run():
        store = Store(databases(), ALONE)
        try:
            return await scenario(store)
        finally:
            await store.close()

    return asyncio.run(run())


changes = st.lists(st.tuples(st.integers(0, 20), beats), min_size=1, max_size=4)
each_its_own = settings(search, suppress_health_check=[HealthCheck.function_scoped_fixture])  # a database of its own


@settings(each_its_own, max_examples=4)
@given(changes)
def test_whatever_a_manager_changes_each_period_asks_once(databases, made):
    quickly(databases, lambda store: asks_once(store, made))


@pytest.mark.slow
@settings(each_its_own, max_examples=100)
@given(changes)
def test_whatever_a_manager_changes_each_period_asks_once_for_long(databases, made):
    quickly(databases, lambda store: asks_once(store, made))


async def asks_once(store, made):
    """One afternoon after the other, with the choices in between; then two months without any.

    Half past two is late enough for every choice, and inside of working hours in winter and in summer.
    """
    desk = Desk(store, listener(), now=on(1, 1, 14, 30))
    await person(store, "Max")
    await person(store, "Ana", "Europe/Amsterdam", manager="max")
    for days, beat in made:
        await afternoons(desk, days)
        await choose(store, "max", beat, desk.now.date())
    changed_at = desk.now.date()
    await afternoons(desk, 62)
    lines = [row for row in await rows(store, NudgeRow, person="ana", step=0) if row.state == "said"]
    mine = sorted((row.due_at.date(), row.period) for row in lines)
    for (before, _), (_, this) in pairwise(mine):
        assert not within(before, this), f"{this} asks although {before} was asked in it"
    # What begins after the last change and is over asks: nothing is left out.
    [kept] = [row.said for row in await rows(store, CadenceRow)] or [""]
    coming = takewhile(lambda p: ended(p) < desk.now.date(), periods(COMPANY, kept, changed_at))
    due = {this for each, this in coming if bounds(each.rhythm.every, this)[0] > changed_at}
    assert due <= {this for _, this in mine}


def ended(found):
    return bounds(found[0].rhythm.every, found[1])[1]


async def afternoons(desk, days):
    for _ in range(days):
        if desk.now.weekday() < 5:
            await plan(desk.store, desk.now)
            await play(desk.turns, desk.store, desk.now)
        desk.now += DAY


def within(day, period):
    every = next(every for every in ("week", "month", "quarter") if _is(every, period))
    first, last = bounds(every, period)
    return first <= day <= last


def _is(every, period):
    try:
        return bool(bounds(every, period))
    except ValueError:
        return False
