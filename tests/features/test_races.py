"""Two replicas at one thing at the same time. On SQLite one writer keeps them apart; on PostgreSQL, locks do."""

import asyncio
from datetime import date, timedelta
from itertools import count as numbers

import pytest
from sqlalchemy import text

from bot.core.cards import mention
from bot.core.people import Place, stranger
from bot.core.settings import Settings
from handlers import FEATURES
from scheduler import nudges
from storage import followups as days
from storage.directory import learn
from storage.engine import Store
from storage.followups import FollowUp, FollowUpRow
from storage.goals import Adjusted, GoalRow, NewGoal, Updated
from storage.kudos import KudosRow
from storage.nudges import NudgeRow
from storage.people import AccountRow, PersonRow, Profile
from tests.conftest import HALL, SLACK, TEAMS, Desk, count, crowd, rows
from tests.features.test_goals import goal

BOTH = Settings.model_validate(
    {"companies": {"noordlicht": [SLACK, TEAMS]}, "kudos": {"allowance": {"default": 3}}, "people": {"pilot": ["U-0"]}}
)
TOGETHER = range(12)


@pytest.fixture
async def replicas(url):
    """Three processes' worth of stores on one database, each with a desk of its own whose events are its own."""
    stores = [Store(url, BOTH) for _ in range(3)]
    desks = [Desk(store, *FEATURES) for store in stores]
    for number, desk in enumerate(desks):
        desk._ids = numbers(1 + number * 10_000)
    yield desks
    for store in stores:
        await store.close()


def each(replicas):
    """The desks in turn, for ever."""
    while True:
        yield from replicas


async def saved(desk, *facts):
    async with desk.store.transaction() as session:
        for fact in facts:
            await fact.save(session)


async def test_who_is_met_by_many_at_once_is_one_person(replicas):
    """Each names the same strangers, in another order; and the platform's list tells of them too."""
    named = [stranger(SLACK, f"U-{n}", name=f"N{n}") for n in range(3)]
    givers = [stranger(SLACK, f"U-giver{n}", name=f"G{n}") for n in TOGETHER]

    async def thank(desk, number):
        order = named[number % 3 :] + named[: number % 3]
        text = " ".join(map(mention, order)) + " for all of it"
        await desk.command(givers[number], "kudos", text, HALL, mentions=tuple(order))

    async def list_them(desk):
        async with desk.store.transaction() as session:
            await learn(session, [Profile(SLACK, one.account, one.name) for one in reversed(named)], desk.now)

    work = [thank(desk, number) for desk, number in zip(each(replicas), TOGETHER, strict=False)]
    done = await asyncio.gather(*work, list_them(replicas[0]), return_exceptions=True)
    assert [result for result in done if isinstance(result, Exception)] == []
    store = replicas[0].store
    assert await count(store, AccountRow) == await count(store, PersonRow) == len(named) + len(givers)
    assert await count(store, KudosRow) == len(named) * len(givers)


async def test_an_allowance_holds_for_one_person_on_two_platforms(replicas):
    desk = replicas[0]
    await desk.person("Ana", company="noordlicht")
    ben = await desk.person("Ben", company="noordlicht")
    async with desk.store.transaction() as session:
        await session.run(text("INSERT INTO accounts (workspace, account, person, email, guest, gone)"
                               " VALUES ('teams:t1', '29:ana', 'ana', '', false, false)"))  # fmt: skip
    as_one, as_other = stranger(SLACK, "U-ana", name="Ana"), stranger(TEAMS, "29:ana", name="Ana")
    who = [as_one, as_other] * 6
    work = [
        desk.command(actor, "kudos", f"{mention(ben)} thanks", actor.home, mentions=(ben,))
        for desk, actor in zip(each(replicas), who, strict=False)
    ]
    await asyncio.gather(*work)
    assert await count(desk.store, KudosRow, giver="ana") == 3


async def test_emojis_on_one_message_make_one_card_with_all_of_them(replicas):
    desk = replicas[0]
    author = await desk.person("Ben")
    fans = [await desk.person(f"F{n}") for n in range(6)]
    await asyncio.gather(
        *(one.react(fan, "tada", "17.5", HALL, author=author) for one, fan in zip(each(replicas), fans, strict=False))
    )
    await desk.deliver()
    [card] = [m.card for m in desk.platform.shown.values() if m.card and m.place.conversation == "C1"]
    assert all(fan.name in str(card) for fan in fans)
    assert sum("what kudos are" in str(m.card) or "short thank-yous" in str(m.card) for m in desk.platform.sent) <= 1


async def test_who_joins_in_while_it_is_taken_back_leaves_nothing(replicas):
    desk = replicas[0]
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    fans = [await desk.person(f"F{n}") for n in range(6)]
    await desk.command(ana, "kudos", f"{mention(ben)} thanks", HALL, mentions=(ben,))
    await desk.deliver()
    [given] = await rows(desk.store, KudosRow)
    message = next(id for id, m in desk.platform.shown.items() if m.place.conversation == "C1")
    joins = [one.react(fan, "tada", message, HALL) for one, fan in zip(each(replicas), fans, strict=False)]
    await asyncio.gather(*joins[:3], replicas[1].act(ana, "kudos.undo", given.giving, HALL), *joins[3:])
    assert await count(desk.store, KudosRow) == 0


async def test_an_objective_is_the_mean_of_its_results_whoever_moves_them_at_once(replicas):
    desk = replicas[0]
    await desk.person("Ana")
    results = tuple(goal(id=f"r{n}", objective="o", start=0, target=10) for n in range(6))
    whole = goal(id="o", kind="objective", results=results)
    await saved(desk, NewGoal(whole))

    async def move(desk, number):
        await saved(desk, Updated(f"u{number}", f"r{number}", "ana", desk.now, value=10.0))

    async def show(desk, visibility):
        await saved(desk, Adjusted(f"a{visibility}", "o", "ana", desk.now, {"visibility": visibility}))

    moves = [move(desk, number) for desk, number in zip(each(replicas), range(6), strict=False)]
    await asyncio.gather(*moves[:3], show(replicas[1], "public"), *moves[3:], show(replicas[2], "team"))
    [objective] = await rows(desk.store, GoalRow, id="o")
    assert objective.value == 100
    assert len({row.visibility for row in await rows(desk.store, GoalRow)}) == 1


async def test_replicas_that_plan_and_say_at_once_do_it_once(replicas):
    desk = replicas[0]
    for one in replicas:
        one.store.settings = Settings()
    await crowd(desk.store, 200, ("Europe/Amsterdam", "Europe/London", "Europe/Helsinki"))
    at = desk.now.replace(day=31) + timedelta(days=7)
    await asyncio.gather(*(nudges.plan(one.store, at) for one in replicas))
    planned = await count(desk.store, NudgeRow)
    assert planned and planned % 200 == 0
    await asyncio.gather(*(nudges.play(one.turns, one.store, at) for one in replicas))
    keys = [message.key for message in await desk.deliver()]
    assert len(keys) == len(set(keys)) == await count(desk.store, NudgeRow, state="said") > 0


async def test_a_day_chosen_while_days_are_planned_is_not_lost(replicas, monkeypatch):
    """Between the statement that makes the nudges and the one that marks their days as planned."""
    desk, other = replicas[0], replicas[1]
    if desk.store.dialect == "sqlite":
        pytest.skip("nobody can write in between there")
    ana = await desk.person("Ana")
    day, insert = date(2026, 3, 5), days.insert

    async def interrupted(session, chosen):
        made = await insert(session, chosen)
        await saved(other, FollowUp("ana", "grow", "grow:2", day))
        return made

    monkeypatch.setattr(days, "insert", interrupted)
    await saved(desk, FollowUp("ana", "grow", "grow:1", day))
    async with desk.store.transaction() as session:
        await days.plan(session, ana.calendar, day, desk.now, desk.now.date(), False)
    kept = {row.about: row.planned for row in await rows(desk.store, FollowUpRow)}
    assert kept == {"grow:1": True, "grow:2": False}


async def test_two_dialogues_begun_at_once_leave_one_with_the_floor(replicas):
    desk = replicas[0]
    ana = await desk.person("Ana", company="noordlicht")
    home = Place(SLACK, "U-ana", kind="direct")
    await asyncio.gather(
        *(one.command(ana, name, "", home) for one, name in zip(replicas, ("checkin", "grow", "review"), strict=True))
    )
    await desk.deliver()


@pytest.mark.postgresql
async def test_a_unit_that_is_in_anothers_way_is_done_again(replicas):
    one, other = replicas[0].store, replicas[1].store
    for name in ("Ana", "Ben"):
        await replicas[0].person(name)
    locked = [asyncio.Event(), asyncio.Event()]

    async def cross(store, first, second, number):
        async def work(session):
            await session.run(text(f"UPDATE people SET role = role || 'x' WHERE id = '{first}'"))
            locked[number].set()
            await locked[1 - number].wait()
            await session.run(text(f"UPDATE people SET role = role || 'x' WHERE id = '{second}'"))

        await store.unit(work)

    await asyncio.gather(cross(one, "ana", "ben", 0), cross(other, "ben", "ana", 1))
    assert {row.role for row in await rows(one, PersonRow)} == {"xx"}
