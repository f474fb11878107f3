"""A team's way of working: begun with a figure and what it is compared with, looked at, and measured again."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import update

from bot.core.cards import Bar, Day, TextBox
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Due
from bot.core.people import Person
from bot.core.teamplan import RHYTHM, STEPS, State, leader
from handlers.teamplan import teamplan
from storage import people as folk
from storage.followups import FollowUpRow
from storage.teamplan import TeamLookRow, TeamPlanRow
from tests.conftest import Company, Desk, buttons, count, rows
from tests.dialogues.script import text_of

NOW = datetime(2026, 4, 14, 12, tzinfo=UTC)  # a Tuesday
FILLED = {
    "way": "How long a review takes",
    "figures": "from 9 to 3 days",
    "compared": "Ops needs 4 days, and last year it was 6",
    "steps": "Reviews first thing in the morning, from Monday on",
    "learns": "Ben learns migrations from Ana",
    "ends": "2026-06-16",
}


def test_it_ends_and_stays_ended() -> None:
    assert {after for (_, step), after in STEPS.items() if step in ("measure", "stop", "lapse")} == {
        "measured",
        "stopped",
    }
    assert {before for before, _ in STEPS} == {"running"} and {*get_args(State)} >= {*STEPS.values()}


class House:
    """Ana and Ben report to Max, who reports to Ida; Cy has the team's name only; Gus is a guest in it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        person = self.desk.person
        self.ida = await person("Ida")
        self.max = await person("Max", manager="ida", team="Care")
        self.ana, self.ben = [await person(name, manager="max", team="Care") for name in ("Ana", "Ben")]
        self.cy, self.dee = await person("Cy", team="Care"), await person("Dee", team="Ops")
        self.gus = await person("Gus", team="Care", guest=True)
        self.zoe, self.eve = await person("Zoe", role="hr"), await person("Eve", workspace="slack:T2", team="Care")
        return self

    async def form(self, who: Person, name: str, about: str, **answers: str) -> Answer | None:
        opened = await self.desk.act(who, f"teamplan.{name}", about)
        if not isinstance(opened, OpenForm):
            return opened
        boxes = [field for field in opened.form.fields if isinstance(field, TextBox | Day)]
        typed = {field.id: str(field.value or "") for field in boxes}
        return await self.desk.submit(who, opened.form.id, opened.form.value, answers={**typed, **answers})

    async def begun(self) -> str:
        assert await self.form(self.max, "form", "", **FILLED) is None
        [row] = await rows(self.desk.store, TeamPlanRow)
        return str(row.id)

    async def plan(self) -> Any:
        [row] = await rows(self.desk.store, TeamPlanRow)
        return row

    async def due(self, id: str, step: int = 0, who: Person | None = None) -> None:
        await self.desk.take(Due(**self.desk.base(who or self.max, None), rhythm=RHYTHM, period=id, step=step))

    async def change(self, who: str, **values: object) -> None:
        async with self.desk.store.transaction() as session:
            await session.run(update(folk.people).where(folk.people.c.id == who).values(**values))

    async def told(self) -> dict[str, list[str]]:
        found = dict[str, list[str]]()
        for m in await self.desk.deliver():
            if m.verb == "post" and m.card:
                found.setdefault(m.place.conversation, []).append(text_of(m))
        return found


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(teamplan, now=NOW)).furnished()


async def test_from_a_figure_to_the_same_figure_again(house: House) -> None:
    desk, id = house.desk, await house.begun()
    told = await house.told()
    assert set(told) == {"U-max", "U-ana", "U-ben", "U-cy"}
    assert "from 9 to 3 days" in told["U-max"][0] and FILLED["compared"] in told["U-max"][0]
    asked = {(row.person, row.rhythm, row.day) for row in await rows(desk.store, FollowUpRow)}
    assert asked == {(who, RHYTHM, date(2026, 4, 28)) for who in ("max", "ana", "ben")}
    desk.later(days=14)
    await house.due(id)
    assert "Two weeks are over." in (await house.told())["U-max"][0]
    assert await house.form(house.ana, "look", id, value="6 days", look="Mornings help") is None
    told = await house.told()
    assert "Ana saw something: / Mornings help" in told["U-max"][0] and set(told) == {"U-ana", "U-max"}
    await desk.act(house.ben, "teamplan.show", id)
    await house.told()
    [card] = [card for card in desk.shown(house.ben) if any(isinstance(part, Bar) for part in card.parts)]
    assert Bar("Now 6 days", 50, 100, "Mornings help") in card.parts
    desk.later(days=49)
    await house.due(id, 1)
    assert "The day was Tuesday 16 June. What does it measure now?" in (await house.told())["U-max"][0]
    assert await house.form(house.max, "measure", id, value="3", measure="Two at a time, never alone") is None
    told = await house.told()
    assert all("Max has measured again: 3 days. / Two at a time" in told[f"U-{who}"][0] for who in ("ana", "ben", "cy"))
    plan = await house.plan()
    assert (plan.state, plan.value, plan.closed_at) == ("measured", 3, desk.now)
    assert await count(desk.store, FollowUpRow) == 0


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"way": ""}, {"way": "Please write this too."}),
        ({"figures": "faster"}, {"figures": "Write two figures"}),
        ({"figures": "from 3 to 3 days"}, {"figures": "Write two figures"}),
        ({"compared": "x" * 801}, {"compared": "Please keep it under 800"}),
        ({"compared": " "}, {"compared": "Please write this too."}),
        ({"ends": "2026-04-20"}, {"ends": "Choose a day from Tuesday 28 April"}),
        ({"ends": "2026-04-28"}, {}),
    ],
)
async def test_what_does_not_make_a_plan(house: House, change: dict[str, str], wrong: dict[str, str]) -> None:
    refused = await house.form(house.max, "form", "", **{**FILLED, **change})
    found = refused.objections if isinstance(refused, Refuse) else {}
    assert found.keys() == wrong.keys() and all(found[name].startswith(words) for name, words in wrong.items())
    assert await count(house.desk.store, TeamPlanRow) == (0 if wrong else 1)


async def test_only_who_leads_a_team_begins_one(house: House) -> None:
    for who in (house.ana, house.zoe):
        assert await house.desk.act(who, "teamplan.form") is None
        await house.desk.submit(who, "teamplan.form", answers=FILLED)
    assert await count(house.desk.store, TeamPlanRow) == 0
    assert (await house.told())["U-ana"] == ["Who leads a team begins this."] * 2


async def test_it_is_open_to_the_team_and_nobody_else(house: House) -> None:
    id = await house.begun()
    await house.told()
    for who, sees in (("ana", True), ("cy", True), ("ida", True), ("dee", False), ("gus", False), ("zoe", False),
                      ("eve", False)):  # fmt: skip
        someone: Person = getattr(house, who)
        await house.desk.act(someone, "teamplan.show", id)
        await house.desk.command(someone, "growth team")
        said = str(await house.told())
        assert (FILLED["compared"] in said) is sees, who
        if who != "ida":
            assert (FILLED["way"] in said) is sees, who
        looked = await house.form(someone, "look", id, look="seen")
        assert (await count(house.desk.store, TeamLookRow, author=who) == 1) is (sees and who != "ida"), looked


async def test_its_lead_changes_and_ends_it(house: House) -> None:
    id = await house.begun()
    for name in ("change", "measure", "stop"):
        assert await house.form(house.ana, name, id, why="x", value="3", measure="x", stop="x") is None
    assert (await house.plan()).state == "running"
    same = await house.form(house.max, "change", id, why="so")
    assert isinstance(same, Refuse) and set(same.objections) == {"why"}
    assert await house.form(house.max, "change", id, steps="In pairs", ends="2026-07-01", why="Holidays") is None
    assert ((await house.plan()).steps, (await house.plan()).ends) == ("In pairs", date(2026, 7, 1))
    await house.told()
    assert await house.form(house.max, "stop", id, stop="We have merged with Ops") is None
    assert "Max has stopped it. / We have merged with Ops" in (await house.told())["U-ana"][0]
    for name in ("look", "measure", "change", "stop"):
        assert await house.form(house.max, name, id) is None
    assert [row.what for row in await rows(house.desk.store, TeamLookRow)].count("stop") == 1


async def test_a_figure_is_a_figure(house: House) -> None:
    id = await house.begun()
    for name, value in (("look", "many"), ("measure", ""), ("measure", "few")):
        refused = await house.form(house.max, name, id, value=value, **{name: "words"})
        assert isinstance(refused, Refuse) and refused.objections == {"value": "Write a figure."}
    assert await house.form(house.ana, "look", id, look="Words alone") is None
    assert (await house.plan()).value == 9


async def test_what_nobody_measures_ends_by_itself(house: House) -> None:
    id = await house.begun()
    house.desk.later(days=63 + 57)
    await house.due(id)
    assert (await house.plan()).state == "stopped" and await count(house.desk.store, FollowUpRow) == 0


async def test_when_its_lead_has_left_the_team_ends_it(house: House) -> None:
    id = await house.begun()
    await house.change("max", gone=True)
    assert await house.form(house.ana, "measure", id, value="4", measure="Better") is None
    assert (await house.plan()).state == "measured"


@pytest.mark.parametrize(
    ("managers", "who"),
    [
        ({}, None),
        ({"ana": "pia", "ben": "pia"}, "pia"),
        ({"ana": "pia", "ben": "max"}, None),  # the others are not said to be anybody else's yet
        ({"ana": "pia", "ben": "pia", "cy": "dee"}, "pia"),
        ({"ana": "ben", "ben": "ida"}, "ben"),  # one of them
        ({"ana": "ben", "cy": "ben", "ben": "ida"}, "ben"),
    ],
)
def test_whom_most_of_them_report_to(managers: dict[str, str], who: str | None) -> None:
    assert leader(managers) == who


@pytest.mark.parametrize("team", ["Care", ""])
@pytest.mark.parametrize("left", [{"gone": True}, {"team": "Ops"}])
async def test_it_passes_to_who_leads_the_team_by_now(house: House, team: str, left: dict[str, Any]) -> None:
    desk = house.desk
    for each in ("max", "ana", "ben"):
        await house.change(each, team=team)
    house.max = replace(house.max, team=team)
    id = await house.begun()
    await house.told()
    await house.change("max", **left)
    desk.later(days=14)
    await house.due(id, who=house.ana)
    assert (await house.plan()).lead == "max", "nobody else leads it yet"
    assert await house.told() == {}
    for each in ("ana", "ben"):
        await house.change(each, manager="dee")
    desk.later(days=14)
    await house.due(id, 1, house.ana)
    sent = await desk.deliver()
    assert {m.place.conversation for m in sent if m.verb == "delete"} == {"U-max"}, "theirs is taken away"
    said = {m.place.conversation: text_of(m) for m in sent if m.verb == "post" and m.card}
    assert set(said) == {"U-dee"} and "You lead this team now" in said["U-dee"] and "Dee leads it from" in said["U-dee"]
    assert ((await house.plan()).lead, (await house.plan()).state) == ("dee", "running")
    await house.due(id, 1, house.ben)
    assert await house.told() == {}, "once"
    desk.later(days=14)
    await house.due(id, who=house.dee)
    assert set(await house.told()) == {"U-dee"}
    assert {row.person for row in await rows(desk.store, FollowUpRow)} == {"dee", "ana", "ben"}
    if "gone" not in left:
        await desk.act(replace(house.max, **left), "teamplan.show", id)
        assert (await house.told())["U-max"] == ["I know of no such plan of your team’s."]
    assert await house.form(house.dee, "measure", id, value="3", measure="Better") is None
    assert (await house.plan()).state == "measured" and await count(desk.store, FollowUpRow) == 0


async def test_one_of_the_team_who_leads_it_by_now_takes_it_over_by_opening_it(house: House) -> None:
    id = await house.begun()
    await house.change("max", gone=True)
    await house.change("ana", manager="ben")
    await house.change("ben", manager="ida")
    house.ana, house.ben = replace(house.ana, manager="ben"), replace(house.ben, manager="ida")
    await house.told()
    for who, lead in ((house.ana, "max"), (house.ben, "ben")):
        await house.desk.act(who, "teamplan.show", id)
        assert (await house.plan()).lead == lead
    assert "You lead this team now" in (await house.told())["U-ben"][0]
    assert await house.form(house.ben, "change", id, steps="In pairs", why="So") is None
    assert (await house.plan()).steps == "In pairs"
    assert [row.what for row in await rows(house.desk.store, TeamLookRow)].count("hand_over") == 1


async def test_who_only_has_some_of_it_with_them_does_not_take_it_over(house: House) -> None:
    id = await house.begun()
    await house.change("ana", manager="dee")  # Ben still reports to Max
    house.desk.later(days=14)
    for who in (house.ana, house.ben, house.max):
        await house.due(id, who=who)
    assert (await house.plan()).lead == "max"


@pytest.mark.parametrize("now", [None, "dee"])
async def test_without_its_lead_it_still_ends_by_itself(house: House, now: str | None) -> None:
    id = await house.begun()
    await house.change("max", gone=True)
    for each in ("ana", "ben"):
        await house.change(each, manager=now)
    house.desk.later(days=63 + 57)
    await house.told()
    await house.due(id, who=house.ben)
    plan = await house.plan()
    assert (plan.state, plan.lead) == ("stopped", now or "max") and await count(house.desk.store, FollowUpRow) == 0
    told = await house.told()
    assert set(told) == ({"U-dee"} if now else set())
    assert not now or "Nobody measured it again, so it is over." in told["U-dee"][0]


@pytest.mark.parametrize("who", ["cy", "dee", "zoe", "eve"])
async def test_whom_it_was_never_followed_up_by_moves_nothing(house: House, who: str) -> None:
    id = await house.begun()
    await house.change("max", gone=True)
    for each in ("ana", "ben"):
        await house.change(each, manager="dee")
    await house.due(id, who=getattr(house, who))
    assert (await house.plan()).lead == "max" and await count(house.desk.store, FollowUpRow, person=who) == 0


async def test_two_who_measure_at_once_measure_once(house: House) -> None:
    id = await house.begun()
    answers = [{"value": str(n), "measure": f"word {n}"} for n in (3, 4)]
    await asyncio.gather(*(house.desk.submit(house.max, "teamplan.measure", id, answers=each) for each in answers))
    [measured] = await rows(house.desk.store, TeamLookRow, what="measure")
    assert (await house.plan()).value == measured.value


async def test_many_looks_are_read_page_by_page(house: House) -> None:
    id = await house.begun()
    for n in range(9):
        house.desk.now += timedelta(minutes=1)
        assert await house.form(house.ana, "look", id, look=f"word {n}") is None
    await house.told()
    seen = ""
    for page in range(2):
        await house.desk.act(house.ben, "teamplan.show", f"{id}|{page}")
        seen += str(await house.told())
    assert all(f"word {n}" in seen for n in range(9))
    [card] = house.desk.shown(house.ben)[-1:]
    assert [each.label for each in buttons(card)][-1] == "Newer"
