"""A person's improvement plan: what makes it fair, every state and step, who sees it, and that it always ends."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import update

from bot.core.cards import Card, Day, TextBox
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Due, Opened
from bot.core.improvement import (
    CHECK,
    CLOSED,
    LAPSE,
    MANAGERS,
    PROMISED,
    READERS,
    REMIND,
    STEPS,
    WAITING,
    Plan,
    Side,
    State,
    Step,
    early,
    over,
    possible,
)
from bot.core.people import Person
from handlers.improvement import improvement
from handlers.improving import improving
from storage import people as folk
from storage.audit import AuditRow
from storage.followups import FollowUpRow
from storage.improvement import ImprovementLineRow, ImprovementPromiseRow, ImprovementRow, waiting
from tests.conftest import Company, Desk, buttons, count, rows
from tests.dialogues.script import text_of

NOW = datetime(2026, 4, 14, 12, tzinfo=UTC)  # a Tuesday
TODAY = NOW.date()
ENDS = date(2026, 6, 16)
FILLED = {
    "whom": "ana",
    "assessment": "Reviews are answered within two days. Yours take a week.",
    "examples": "On 2 April Ben waited eight days; on 9 April the release had to be moved.",
    "goal": "Every review answered within two days, for four weeks",
    "measure": "The list of open reviews, looked at together each Tuesday",
    "actions": "Reviews first thing in the morning",
    "ends": ENDS.isoformat(),
    "support": "I take the support rota from you",
    "support_day": "2026-04-20",
}
PLAN = Plan("improvement:x", "ana", "max", "a", "e", "g", "m", "x", ENDS, NOW)


# What can be done, and by whom.


def test_every_state_ends_by_itself_and_a_closed_one_stays_closed() -> None:
    for state in get_args(State):
        if state in CLOSED:
            assert {after for (before, _), after in STEPS.items() if before == state} == {state}
        else:
            reached, at = {state}, state
            while at not in CLOSED:
                at = STEPS[at, "lapse"]
                assert at not in reached, "nobody acts, and it goes in a circle"
                reached.add(at)


def test_nothing_begins_or_ends_without_having_been_read() -> None:
    into = {(before, step) for (before, step), after in STEPS.items() if after == "running" and before == "proposed"}
    assert into == {("proposed", "acknowledge")}
    ended = {(before, step) for (before, step), after in STEPS.items() if after == "ended" and before != "ended"}
    assert ended == {("concluding", "acknowledge"), ("concluding", "lapse")}


@pytest.mark.parametrize("state", get_args(State))
def test_both_can_say_how_they_see_it_at_every_step(state: State) -> None:
    assert all(possible(replace(PLAN, state=state), "view", side) for side in ("person", "manager"))


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("step", get_args(Step))
def test_who_may_take_which_step(state: State, step: Step) -> None:
    for reader in get_args(Side):
        plan = replace(PLAN, state=state, waiting=reader)
        may = {side for side in get_args(Side) if possible(plan, step, side)}
        assert "" not in may, "HR reads only"
        if (state, step) not in STEPS:
            assert not may
        elif step in READERS or (step, state) == ("change", "proposed"):
            assert may == {reader} - {""}
        elif step in MANAGERS:
            assert may == {"manager"}
        else:
            assert may == {"person", "manager"}


def test_days() -> None:
    assert early(PLAN, ENDS - timedelta(days=1)) and not early(PLAN, ENDS)
    running = replace(PLAN, state="running")
    assert not over(running, ENDS + timedelta(days=28)) and over(running, ENDS + timedelta(days=29))
    assert not over(replace(PLAN, state="concluding"), ENDS + timedelta(days=99))


# On the real store.


class House:
    """Ana and Ben, who report to Max; Old, Zoe of HR, Cy beside, and Eve of another company."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        person = self.desk.person
        self.max, self.nia = await person("Max"), await person("Nia")
        self.ana, self.ben = await person("Ana", manager="max"), await person("Ben", manager="max")
        self.zoe, self.cy = await person("Zoe", role="hr"), await person("Cy")
        self.eve = await person("Eve", workspace="slack:T2", role="hr")
        return self

    async def form(self, who: Person, name: str, value: str, **answers: str) -> Answer | None:
        """Opened and filled in; an answer that is no form is what opening it was answered with."""
        opened = await self.desk.act(who, f"improvement.{name}", value)
        if not isinstance(opened, OpenForm):
            return opened
        boxes = [field for field in opened.form.fields if isinstance(field, TextBox | Day)]
        typed = {field.id: str(field.value or "") for field in boxes}
        return await self.desk.submit(who, opened.form.id, opened.form.value, answers={**typed, **answers})

    async def written(self, **answers: str) -> str:
        refused = await self.form(self.max, "form", "", **{**FILLED, **answers})
        assert refused is None, refused
        [row] = await rows(self.desk.store, ImprovementRow)
        return str(row.id)

    async def running(self) -> str:
        id = await self.written()
        assert await self.form(self.ana, "read", id) is None
        await self.desk.deliver()
        return id

    async def plan(self) -> Any:
        [row] = await rows(self.desk.store, ImprovementRow)
        return row

    async def promise(self, kind: str = "support") -> Any:
        return next(row for row in await rows(self.desk.store, ImprovementPromiseRow) if row.kind == kind)

    async def lines(self) -> list[tuple[str, str]]:
        found = await rows(self.desk.store, ImprovementLineRow)
        return [(row.author, row.what) for row in sorted(found, key=lambda row: (row.at, row.id))]

    async def asks(self, who: str) -> dict[str, date]:
        return {row.rhythm: row.day for row in await rows(self.desk.store, FollowUpRow, person=who, planned=False)}

    async def due(self, who: Person, rhythm: str, about: str, step: int = 0) -> None:
        base = self.desk.base(who, None)
        await self.desk.take(Due(**base, rhythm=rhythm, period=about, step=step))

    async def told(self, who: Person) -> list[str]:
        sent = [m for m in await self.desk.deliver() if m.verb == "post" and m.card]
        return [text_of(m) for m in sent if m.place.conversation == who.account]

    async def change(self, who: str, **values: object) -> None:
        async with self.desk.store.transaction() as session:
            await session.run(update(folk.people).where(folk.people.c.id == who).values(**values))


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(improvement, improving, now=NOW)).furnished()


async def test_from_being_written_to_its_outcome(house: House) -> None:
    desk = house.desk
    id = await house.written()
    [to_ana] = await house.told(house.ana)
    assert "Max has written an improvement plan for you" in to_ana and FILLED["examples"] in to_ana
    assert "Support, by Monday 20 April: I take the support rota from you" in to_ana
    assert (await house.plan()).state == "proposed" and PROMISED not in await house.asks("max")
    assert await house.form(house.ana, "read", id, view="Half of it was while I was ill.") is None
    plan = await house.plan()
    assert (plan.state, plan.started_at) == ("running", desk.now)
    assert any("Ana has read the plan" in each and "while I was ill" in each for each in await house.told(house.max))
    assert await house.asks("max") == {CHECK: date(2026, 4, 21), PROMISED: date(2026, 4, 20)}
    desk.later(days=6)
    await house.due(house.max, PROMISED, (await house.promise()).id)
    assert "You promised this to Ana, by Monday 20 April" in (await house.told(house.max))[0]
    await desk.press(house.max, "It is given")
    assert "marked this as given" in (await house.told(house.ana))[0]
    desk.later(days=1)
    for who in (house.ana, house.max):
        await house.due(who, CHECK, id)
    await desk.deliver()
    assert await house.form(house.ana, "check", id, standing="forward", check="All but one within two days") is None
    assert "Ana sees a step forward. / All but one" in (await house.told(house.max))[0]
    desk.later(days=60)
    assert await house.form(house.max, "conclude", id, outcome="reached", reason="Four weeks, all of them") is None
    assert "Max has written what came of the plan" in (await house.told(house.ana))[0]
    assert (await house.plan()).state == "concluding"
    assert await house.form(house.ana, "read", id) is None
    plan = await house.plan()
    assert (plan.state, plan.outcome, plan.waiting) == ("ended", "reached", "")
    assert plan.ended_at == desk.now and await count(desk.store, FollowUpRow, planned=False) == 0
    done = [what for _, what in await house.lines()]
    assert sorted(done[:3]) == ["acknowledge", "view", "written"]  # at one moment here
    assert done[3:] == ["give", "check", "conclude", "acknowledge"]


# Fair before it begins.


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"examples": " "}, {"examples": "Please write this too."}),
        ({"support": ""}, {"support": "Please write this too."}),
        ({"support_day": ""}, {"support_day": "Choose a day from today"}),
        ({"support_day": "2026-04-13"}, {"support_day": "Choose a day from today"}),
        ({"support_day": "2026-06-17"}, {"support_day": "Choose a day from today"}),
        ({"training": "A course"}, {"training_day": "Choose a day from today"}),
        ({"training": "A course", "training_day": "2026-05-01"}, {}),
        ({"ends": "2026-05-11"}, {"ends": "Choose a day between Tuesday 12 May"}),
        ({"ends": "2026-05-12"}, {}),
        ({"ends": "2026-10-16"}, {"ends": "Choose a day between"}),
        ({"ends": "soon"}, {"ends": "Choose a day between"}),
        ({"goal": "Better reviews"}, {"goal": "Say it so that somebody else would see"}),
        ({"goal": "x" * 301}, {"goal": "Please keep it under 300"}),
        ({"assessment": "x" * 801}, {"assessment": "Please keep it under 800"}),
        ({"whom": "cy"}, {"whom": "Choose somebody who reports to you."}),
        ({"whom": "max"}, {"whom": "Choose somebody who reports to you."}),
    ],
)
async def test_what_cannot_be_put_to_anybody(house: House, change: dict[str, str], wrong: dict[str, str]) -> None:
    refused = await house.form(house.max, "form", "", **{**FILLED, **change})
    found = refused.objections if isinstance(refused, Refuse) else {}
    assert found.keys() == wrong.keys() and all(found[name].startswith(words) for name, words in wrong.items())
    assert await count(house.desk.store, ImprovementRow) == (0 if wrong else 1)


async def test_one_at_a_time_also_when_written_twice_at_once(house: House) -> None:
    answers = [await house.form(house.max, "form", "", **FILLED) for _ in range(1)]
    again = await house.desk.submit(house.max, "improvement.form", answers=FILLED)
    assert answers == [None] and isinstance(again, Refuse) and again.objections == {"whom": "Ana has a plan already."}
    both = [house.desk.submit(house.max, "improvement.form", answers={**FILLED, "whom": "ben"}) for _ in range(2)]
    assert sorted(type(each).__name__ for each in await asyncio.gather(*both)) == ["NoneType", "Refuse"]
    assert await count(house.desk.store, ImprovementRow) == 2
    assert await house.desk.act(house.max, "improvement.form") is None
    assert "There is nobody here without one." in (await house.told(house.max))[-1]


async def test_the_person_can_change_it_before_it_begins_and_the_manager_reads_that(house: House) -> None:
    id = await house.written()
    refused = await house.form(house.max, "change", id, goal=PLAN.goal)
    assert refused is None and (await house.plan()).waiting == "person", "one after the other"
    same = await house.form(house.ana, "change", id, why="so")
    assert isinstance(same, Refuse) and same.objections == {"why": "Nothing is otherwise than before."}
    later = (ENDS + timedelta(days=14)).isoformat()
    assert (
        await house.form(house.ana, "change", id, ends=later, actions="Mornings, and pairing", why="Holidays") is None
    )
    plan = await house.plan()
    assert (plan.ends.isoformat(), plan.actions, plan.waiting) == (later, "Mornings, and pairing", "manager")
    await house.desk.deliver()
    assert await house.form(house.ana, "read", id) is None and (await house.plan()).state == "proposed"
    assert await house.form(house.max, "promise", id, kind="training", promise="A course", day="2026-05-04") is None
    assert (await house.promise("training")).state == "open" and (await house.plan()).waiting == "person"
    assert await house.form(house.ana, "read", id) is None
    assert (await house.plan()).state == "running"
    assert {row.agreed for row in await rows(house.desk.store, ImprovementLineRow, what="change")} == {True}
    asked = [row.day.isoformat() for row in await rows(house.desk.store, FollowUpRow, rhythm=PROMISED)]
    assert sorted(asked) == ["2026-04-20", "2026-05-04"]


# A change holds once both have read it.


async def test_a_change_waits_for_the_other_whoever_makes_it(house: House) -> None:
    id, new = await house.running(), "Every review answered within three days"
    assert await house.form(house.ana, "change", id, goal=new, why="We are two fewer") is None
    assert (await house.plan()).goal == FILLED["goal"] and (await house.plan()).state == "changing"
    [told] = await house.told(house.max)
    assert new in told and FILLED["goal"] in told and "It counts once you have read it." in told
    assert await house.form(house.max, "change", id, goal=PLAN.goal) is None, "one change at a time"
    assert await house.form(house.ana, "read", id) is None and (await house.plan()).state == "changing"
    assert await house.form(house.max, "read", id) is None
    assert ((await house.plan()).goal, (await house.plan()).state) == (new, "running")
    assert await house.form(house.max, "change", id, assessment="Otherwise", why="Seen again") is None
    assert await house.form(house.ana, "decline", id, decline="Not so: see March") is None
    assert ((await house.plan()).assessment, (await house.plan()).state) == (FILLED["assessment"], "running")
    assert any("Not so: see March" in each for each in await house.told(house.max))
    assert WAITING not in await house.asks("ana") | await house.asks("max")


async def test_what_the_manager_found_is_not_the_persons_to_change(house: House) -> None:
    id = await house.running()
    opened = await house.desk.act(house.ana, "improvement.change", id)
    assert isinstance(opened, OpenForm) and "assessment" not in str(opened.form.fields)
    answers = {**FILLED, "assessment": "All is well", "examples": "None", "why": "so"}
    refused = await house.desk.submit(house.ana, "improvement.change", id, answers=answers)
    assert isinstance(refused, Refuse) and (await house.plan()).assessment == FILLED["assessment"]


async def test_a_promised_day_moves_only_when_both_have_read_it(house: House) -> None:
    id = await house.running()
    promise = (await house.promise()).id
    assert await house.form(house.max, "move", promise, day="2026-05-11", why="I am away") is None
    row = await house.promise()
    assert (row.day, row.next_day) == (date(2026, 4, 20), date(2026, 5, 11))
    assert "moved from 20 April 2026 to Monday 11 May" in (await house.told(house.ana))[0]
    assert await house.form(house.ana, "decline", id, decline="I need it now") is None
    row = await house.promise()
    assert (row.day, row.next_day, row.state) == (date(2026, 4, 20), None, "open")
    assert await house.form(house.max, "move", promise, day="2026-04-27", why="A week") is None
    assert await house.form(house.ana, "read", id) is None
    assert (await house.promise()).day == date(2026, 4, 27) == (await house.asks("max"))[PROMISED]


async def test_more_is_promised_and_counts_once_it_is_read(house: House) -> None:
    id = await house.running()
    assert await house.form(house.max, "promise", id, kind="training", promise="A course", day="2026-05-04") is None
    assert (await house.promise("training")).state == "waiting"
    assert await house.form(house.ana, "read", id) is None
    assert (await house.promise("training")).state == "open"
    assert await house.form(house.ana, "promise", id, promise="x", day="2026-05-04") is None
    assert await house.form(house.ana, "move", (await house.promise()).id, day="2026-05-04", why="x") is None
    assert await count(house.desk.store, ImprovementPromiseRow) == 2 and (await house.plan()).state == "running"


# The outcome.


async def test_never_not_reached_too_early_or_while_support_is_missing(house: House) -> None:
    id = await house.running()
    early_on = await house.form(house.max, "conclude", id, outcome="not_reached", reason="No")
    assert isinstance(early_on, Refuse) and early_on.objections["outcome"].startswith("There is time until")
    house.desk.later(days=63)
    missing = await house.form(house.max, "conclude", id, outcome="not_reached", reason="No")
    assert isinstance(missing, Refuse) and "I take the support rota" in missing.objections["outcome"]
    await house.desk.act(house.max, "improvement.given", (await house.promise()).id)
    assert await house.form(house.max, "conclude", id, outcome="not_reached", reason="No") is None
    assert await house.form(house.ana, "conclude", id, outcome="reached", reason="Yes") is None
    assert (await house.plan()).outcome == "not_reached"


async def test_a_word_is_never_taken_back_and_can_be_added_at_the_end(house: House) -> None:
    id = await house.running()
    assert await house.form(house.max, "withdraw", id, withdraw="We found another way") is None
    assert (await house.plan()).state == "withdrawn" and await house.asks("ana") == await house.asks("max") == {}
    for who in (house.ana, house.max):
        assert await house.form(who, "view", id, view=f"{who.name} sees it so") is None
    assert [each for each in await house.lines() if each[1] == "view"] == [("ana", "view"), ("max", "view")]
    for name in ("read", "check", "change", "conclude", "withdraw", "promise"):
        assert await house.form(house.max, name, id) is None
    assert (await house.plan()).state == "withdrawn"
    assert await house.form(house.max, "form", "", **FILLED) is None, "another one can be written"


@pytest.mark.parametrize("who", ["ana", "max"])
async def test_withdrawn_while_a_reading_is_waited_for_nobody_is_waited_for_any_more(house: House, who: str) -> None:
    """Ana was to read the plan itself; or Max, what she would change in it."""
    id, reader, round = await house.written(), getattr(house, who), 1
    if who == "max":
        assert await house.form(house.ana, "change", id, goal="Quite another goal", why="so") is None
        round = 2
    assert WAITING in await house.asks(who)
    assert await house.form(house.max, "withdraw", id, withdraw="We found another way") is None
    plan = await house.plan()
    assert (plan.state, plan.waiting) == ("withdrawn", "") and WAITING not in await house.asks(who)
    await house.told(reader)
    for step in (0, 1):  # planned before it was withdrawn
        await house.due(reader, WAITING, f"{id}|{round}", step=step)
    assert await house.told(reader) == [] and (await house.plan()).state == "withdrawn"
    assert [what for _, what in await house.lines()].count("lapse") == 0


# When nobody acts.


async def test_who_does_not_read_is_reminded_once_and_then_it_goes_on(house: House) -> None:
    id = await house.written()
    assert (await house.asks("ana"))[WAITING] == date(2026, 4, 17)  # three working days
    await house.desk.deliver()
    await house.due(house.ana, WAITING, f"{id}|1")
    assert "This still waits for you" in (await house.told(house.ana))[0]
    assert (await house.asks("ana"))[WAITING] == date(2026, 4, 23)
    await house.due(house.ana, WAITING, f"{id}|1", step=1)
    assert (await house.plan()).state == "withdrawn" and LAPSE > REMIND
    assert "never began, because it was not read" in (await house.told(house.max))[0]


@pytest.mark.parametrize(("to", "after"), [("change", "running"), ("conclude", "ended")])
async def test_what_is_not_read_in_time(house: House, to: str, after: str) -> None:
    id = await house.running()
    more = {"outcome": "partly", "reason": "Half"} if to == "conclude" else {"goal": "Quite another goal", "why": "so"}
    assert await house.form(house.max, to, id, **more) is None
    await house.due(house.ana, WAITING, f"{id}|1", step=1)
    assert (await house.plan()).state in ("changing", "concluding"), "that was another reading"
    await house.due(house.ana, WAITING, f"{id}|2", step=1)
    plan = await house.plan()
    assert (plan.state, plan.goal, plan.waiting) == (after, FILLED["goal"], "")


async def test_a_plan_that_nobody_ends_is_over_by_itself(house: House) -> None:
    id = await house.running()
    house.desk.later(days=63)
    await house.due(house.max, CHECK, id)
    assert "Today is the last day." in (await house.told(house.max))[0]
    house.desk.later(days=29)
    await house.due(house.ana, CHECK, id)
    assert (await house.plan()).state == "withdrawn"
    assert "over without an outcome" in (await house.told(house.ana))[0]


async def test_each_week_brings_the_next(house: House) -> None:
    id = await house.running()
    for week in range(1, 4):
        house.desk.later(days=7)
        await house.due(house.ana, CHECK, id, week)
        [told] = await house.told(house.ana)
        assert f"Week {week} of your plan" in told
        assert (await house.asks("ana"))[CHECK] == TODAY + timedelta(days=7 * (week + 1))


# Another manager.


async def test_who_manages_next_takes_over_what_has_begun_and_what_was_promised(house: House) -> None:
    id = await house.running()
    await house.form(house.max, "promise", id, kind="training", promise="A course", day="2026-05-04")
    await house.change("ana", manager="nia")
    await house.desk.deliver()
    await house.due(house.ana, CHECK, id)
    plan = await house.plan()
    assert (plan.manager, plan.state, plan.waiting) == ("nia", "changing", "manager")
    sent = await house.desk.deliver()
    assert [m.verb for m in sent if m.place.conversation == "U-max"] == ["delete"], "theirs is taken away"
    nia = [text_of(m) for m in sent if m.place.conversation == "U-nia" and m.card]
    assert "You are Ana’s manager now" in nia[0] and "A course" not in nia[0].partition("So far")[0]
    assert (await house.asks("nia"))[PROMISED] == date(2026, 4, 20) and CHECK in await house.asks("nia")
    await house.desk.act(house.max, "improvement.show", id)
    assert await house.told(house.max) == ["I know of no such plan."]
    assert await house.form(house.nia, "read", id) is None and (await house.plan()).state == "running"
    await house.desk.act(house.nia, "improvement.given", (await house.promise()).id)
    assert (await house.promise()).state == "given"


async def test_who_manages_next_takes_it_over_by_opening_it(house: House) -> None:
    id = await house.running()
    await house.change("ana", manager="nia")
    assert await house.form(house.nia, "check", id, check="x") is None and (await house.plan()).manager == "max"
    await house.desk.act(house.nia, "improvement.show", id)
    assert (await house.plan()).manager == "nia"


async def test_what_has_not_begun_does_not_begin_with_another_manager(house: House) -> None:
    id = await house.written()
    await house.change("ana", manager="nia")
    await house.desk.deliver()
    await house.due(house.ana, WAITING, f"{id}|1")
    assert (await house.plan()).state == "withdrawn"
    assert "so it does not begin" in (await house.told(house.ana))[0]


@pytest.mark.parametrize("gone", ["ana", "max"])
async def test_when_one_of_them_has_left_before_it_began(house: House, gone: str) -> None:
    id = await house.written()
    await house.change(gone, gone=True)
    await house.due(house.ana if gone == "max" else house.max, CHECK, id)
    assert (await house.plan()).state == "withdrawn" and await house.asks("ana") == await house.asks("max") == {}


async def test_without_a_manager_it_rests_and_still_ends(house: House) -> None:
    id = await house.running()
    await house.change("max", gone=True)
    house.desk.later(days=7)
    await house.due(house.ana, CHECK, id)
    assert "There is no manager beside it at the moment." in (await house.told(house.ana))[0]
    house.desk.later(days=90)
    await house.due(house.ana, CHECK, id, 1)
    assert (await house.plan()).state == "withdrawn"


# Who sees it.


async def test_it_is_seen_by_three_and_reading_is_written_down(house: House) -> None:
    id = await house.running()
    for who in (house.ben, house.cy, house.eve, house.nia):
        for press in (("improvement.show", id), ("improvement.read", id), ("improvement.mine", "")):
            await house.desk.act(who, *press)
        await house.desk.command(who, "growth improvement", mentions=(house.ana,))
        assert FILLED["goal"] not in str(await house.told(who)), who.name
    assert await count(house.desk.store, AuditRow, actor="cy") == 0
    await house.desk.command(house.zoe, "growth improvement", mentions=(house.ana,))
    await house.desk.deliver()
    await house.desk.press(house.zoe, "Open it")
    [told] = await house.told(house.zoe)
    assert FILLED["examples"] in told and "Improvement plan: Ana" in told
    assert {row.record for row in await rows(house.desk.store, AuditRow, actor="zoe", person="ana")} == {id}
    [card] = [card for card in house.desk.shown(house.zoe) if FILLED["examples"] in str(card)]
    assert [button.action for button in buttons(card)] == []
    for name in ("check", "view", "conclude", "withdraw", "read"):
        assert await house.form(house.zoe, name, id) is None
    assert set(await house.told(house.zoe)) == {"You can read this plan; it is between the two of them."}


async def test_the_board_says_what_there_is(house: House) -> None:
    async def board(who: Person, *named: Person) -> Card:
        await house.desk.deliver()
        await house.desk.command(who, "growth improvement", mentions=named)
        [message] = [m for m in await house.desk.deliver() if m.card]
        assert message.card
        return message.card

    assert "There is none here." in str(await board(house.ana))
    assert [b.label for b in buttons(await board(house.max, house.ana))] == ["Write a plan"]
    assert [b.label for b in buttons(await board(house.zoe, house.ana))] == []
    await house.running()
    assert [b.label for b in buttons(await board(house.max))] == ["Open it", "Write a plan"]  # for Ben
    for who in (house.ana, house.zoe):
        assert [b.label for b in buttons(await board(who))] == ["Open it"]
    assert "Only the person, their manager and HR" in str(await board(house.cy, house.ana))


async def test_many_lines_are_read_page_by_page(house: House) -> None:
    id = await house.running()
    for n in range(8):
        house.desk.later(minutes=1)
        assert await house.form(house.ana, "check", id, check=f"word {n}") is None
    await house.desk.deliver()
    seen = ""
    for page in range(3):
        await house.desk.act(house.ana, "improvement.show", f"{id}|{page}")
        seen += str(await house.told(house.ana))
    assert all(f"word {n}" in seen for n in range(8))


# At the same moment.


async def test_two_at_once_do_not_trip(house: House) -> None:
    id = await house.running()
    change = {**FILLED, "goal": "Another goal than before", "why": "so"}
    end = {"outcome": "reached", "reason": "Yes"}
    await asyncio.gather(
        house.desk.submit(house.ana, "improvement.change", id, answers=change),
        house.desk.submit(house.max, "improvement.conclude", id, answers=end),
        house.desk.submit(house.max, "improvement.change", id, answers=change),
    )
    done = [what for _, what in await house.lines() if what in ("change", "conclude")]
    state = (await house.plan()).state
    assert (state, done) in [("changing", ["change"]), ("concluding", ["conclude"])]


async def test_the_same_press_three_times_is_one(house: House) -> None:
    id = await house.running()
    again = [house.desk.submit(house.ana, "improvement.check", id, answers={"check": "w"}, id="same") for _ in range(3)]
    await asyncio.gather(*again)
    given = [house.desk.act(house.max, "improvement.given", (await house.promise()).id) for _ in range(3)]
    await asyncio.gather(*given)
    done = [what for _, what in await house.lines()]
    assert (done.count("check"), done.count("give")) == (1, 1)


async def test_what_waits_to_be_read_stands_in_the_home_of_who_has_to(house: House) -> None:
    async def unread(who: Person) -> list[str]:
        async with house.desk.store.reading() as session:
            found = await waiting(session, Opened(**house.desk.base(who, None)))
        return [owner.id for _, owner in found]

    id = await house.written()
    assert (await unread(house.ana), await unread(house.max)) == (["ana"], [])
    assert await house.form(house.ana, "read", id) is None
    assert await unread(house.ana) == []
    assert await house.form(house.ana, "change", id, goal="Quite another goal", why="so") is None
    assert (await unread(house.ana), await unread(house.max)) == ([], ["ana"])
    await house.change("ana", manager="nia")
    assert await unread(house.max) == [], "not theirs any more"
