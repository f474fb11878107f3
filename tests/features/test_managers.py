"""Who manages whom: no circle, however answers fall together; and what changes with a manager, and what does not."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.effects import OpenForm, Refuse
from bot.core.events import Opened
from bot.core.goals import Goal
from bot.core.people import Person, stranger
from bot.core.settings import Settings
from handlers import FEATURES
from storage import access, oneonone
from storage import people as folk
from storage.access import ShareRow
from storage.dialogues import DialogueRow
from storage.oneonone import AgendaRow
from storage.people import PersonRow
from tests.conftest import SLACK, Company, Desk, buttons, rows
from tests.dialogues.script import Script
from tests.features.test_access import FREE

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
NOBODY = Settings.model_validate({"people": {"pilot": ["nobody"]}})
LISTED = Settings.model_validate({"people": {"pilot": ["nobody"], "managers": "directory"}})


@pytest.fixture
async def desk(company: Company) -> Desk:
    return company(*FEATURES, now=TUESDAY, settings=NOBODY)


@pytest.fixture
async def script(desk: Desk) -> Script:
    return Script(desk, *[await desk.person(name) for name in ("Ana", "Max", "Zoe")])


async def managers(desk: Desk) -> dict[str, str]:
    return {row.id: row.manager for row in await rows(desk.store, PersonRow) if row.manager}


async def asked(desk: Desk, who: str, whom: str) -> None:
    named = stranger(SLACK, f"U-{whom}")
    await desk.command(stranger(SLACK, f"U-{who}"), "kadens manager", mentions=(named,))
    await desk.deliver()


# No circle.


async def test_a_circle_that_the_line_became_meanwhile_is_refused_at_the_yes(script: Script) -> None:
    await script.expects("ana: /kadens manager @max", "> ana: *", "> max: *")
    await script.expects("max: /kadens manager @ana", "> max: *", "> ana: *")
    await script.expects(
        """
        ana [Yes, I am]
        > max: Ana confirmed being your manager.
        max [Yes, I am]
        > ana: Max said yes, but reports to you by now, so it would go round in a circle.
        """
    )
    assert await managers(script.desk) == {"max": "ana"}
    [ana] = await rows(script.desk.store, PersonRow, id="ana")
    assert ana.manager_asked is None and not buttons(script.desk.shown(script.people["max"])[-1])
    # Pressed once more, nothing happens.
    await script.desk.act(script.people["max"], "people.confirm", "ana")
    assert await managers(script.desk) == {"max": "ana"}


@pytest.mark.parametrize("names", [("ana", "max"), ("ana", "max", "zoe")])
async def test_answers_that_together_close_a_circle_leave_it_open(script: Script, names: tuple[str, ...]) -> None:
    desk, pairs = script.desk, list(zip(names, (*names[1:], names[0]), strict=True))
    for who, whom in pairs:
        await asked(desk, who, whom)
    turns = [desk.act(stranger(SLACK, f"U-{whom}"), "people.confirm", who) for who, whom in pairs]
    await asyncio.gather(*turns)
    assert len(await managers(desk)) == len(names) - 1


async def test_a_line_of_a_hundred_people_is_looked_at_to_its_end(desk: Desk) -> None:
    for number in range(100):
        await desk.person(f"P{number}", manager=f"p{number - 1}" if number else None)
    await asked(desk, "p0", "p99")
    await desk.act(stranger(SLACK, "U-p99"), "people.confirm", "p0")
    [first] = await rows(desk.store, PersonRow, id="p0")
    assert first.manager is None


async def test_nobody_of_another_company_and_no_guest_manages(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await desk.person("Eve", workspace="slack:T2")
    await desk.person("Ria", guest=True)
    for who, where in (("Eve", "slack:T2"), ("Ria", SLACK)):
        await desk.command(ana, "kadens manager", mentions=(stranger(where, f"U-{who.lower()}"),))
        [said] = await desk.deliver()
        assert f"{who} is not of your company here." in str(said.card)
    assert [row for row in await rows(desk.store, PersonRow) if row.manager_asked] == []


# The company's own list.


async def test_where_the_company_s_list_says_it_chat_asks_to_talk_to_hr(script: Script) -> None:
    desk = script.desk
    await asked(desk, "ana", "max")
    desk.store.settings = LISTED
    await script.expects("ana: /kadens manager @zoe", "> ana: Your company’s own list does not say yet who")
    await script.expects("max [Yes, I am]", "> max: That question is no longer open.")
    ana = script.people["ana"]
    assert await desk.act(ana, "people.manager") is None
    refused = await desk.submit(ana, "people.manager", people={"manager": (script.people["zoe"],)})
    assert isinstance(refused, Refuse) and "HR" in refused.objections["manager"]
    await desk.deliver()
    async with desk.store.transaction() as session:
        await folk.Changed("ana", {"manager": "zoe", "manager_from": "csv"}).save(session)
    await script.expects("ana: /kadens manager", "> ana: Your manager is Zoe. That comes from your company’s own list.")
    assert await managers(desk) == {"ana": "zoe"}
    desk.store.settings = NOBODY
    assert isinstance(await desk.act(ana, "people.manager"), OpenForm)


# When somebody's manager changes. What was said to the one before was said to them.


@pytest.fixture
async def ana(desk: Desk) -> Person:
    await desk.person("Max")
    await desk.person("Zoe")
    return await desk.person("Ana", manager="max", manager_from="chat")


ME, MAX, ZOE = stranger(SLACK, "U-ana"), stranger(SLACK, "U-max"), stranger(SLACK, "U-zoe")


async def talk(desk: Desk, name: str, mark: str, share: str) -> str:
    """A whole talk of Ana's in which every free word is the mark; once there is one, it is changed. Its id."""
    mine = await rows(desk.store, DialogueRow, person="ana", dialogue=name)
    if not mine:
        await desk.command(ME, name)
        mine = await rows(desk.store, DialogueRow, person="ana", dialogue=name)
    answers = {**dict.fromkeys(FREE, mark), "energy": "2", "workload": "4", "sure": "3", "day": "2026-05-01"}
    await desk.submit(ME, "talk.fill", mine[0].id, answers={**answers, "share": share})
    await desk.deliver()
    return str(mine[0].id)


async def gets(desk: Desk, manager: str) -> None:
    """Ana's manager is another one from now on."""
    await asked(desk, "ana", manager)
    await desk.act(stranger(SLACK, f"U-{manager}"), "people.confirm", "ana")
    await desk.deliver()
    assert await managers(desk) == {"ana": manager}


def sees(desk: Desk, who: Person) -> str:
    return str(desk.shown(who))


async def readers(desk: Desk) -> dict[str, str]:
    return {row.about: row.reader for row in await rows(desk.store, ShareRow)}


@pytest.mark.parametrize("name", ["checkin", "grow", "review"])
async def test_an_edit_reaches_who_it_was_shared_with_and_not_the_new_manager(
    desk: Desk, ana: Person, name: str
) -> None:
    about = await talk(desk, name, "BEFORE", "manager")
    await gets(desk, "zoe")
    assert await readers(desk) == {about: "max"} and "BEFORE" in sees(desk, MAX)
    await talk(desk, name, "EDITED", "manager")
    assert await readers(desk) == {about: "max"}
    assert "EDITED" in sees(desk, MAX) and "EDITED" not in sees(desk, ZOE) and "BEFORE" not in sees(desk, ZOE)
    assert "Max" in sees(desk, ME) and await desk.act(ZOE, "shared.reply", about) is None
    # Taken back it is nobody's; shared after that, it is shared anew, with who is manager now.
    await talk(desk, name, "MINE", "me")
    assert await readers(desk) == {} and "EDITED" not in sees(desk, MAX)
    await talk(desk, name, "AGAIN", "manager")
    assert await readers(desk) == {about: "zoe"}
    assert "AGAIN" in sees(desk, ZOE) and "AGAIN" not in sees(desk, MAX)


@pytest.mark.parametrize("name", ["checkin", "grow", "review"])
async def test_going_back_in_a_shared_talk_does_not_move_it(desk: Desk, ana: Person, name: str) -> None:
    about = await talk(desk, name, "BEFORE", "manager")
    await gets(desk, "zoe")
    await desk.act(ME, "talk.back", about)  # the last question again, then the same answer
    [row] = await rows(desk.store, DialogueRow, id=about)
    await talk(desk, name, "EDITED", "manager")
    assert row.state == "open" and await readers(desk) == {about: "max"} and "EDITED" not in sees(desk, ZOE)


@pytest.mark.parametrize("name", ["checkin", "grow", "review"])
async def test_what_is_shared_from_the_change_on_goes_to_the_new_one(desk: Desk, ana: Person, name: str) -> None:
    await desk.command(ME, name)  # begun before
    await desk.deliver()
    await gets(desk, "zoe")
    about = await talk(desk, name, "AFTER", "manager")
    assert await readers(desk) == {about: "zoe"} and "AFTER" in sees(desk, ZOE) and "AFTER" not in sees(desk, MAX)


async def test_who_has_answered_is_seen_by_the_present_manager_only(desk: Desk, ana: Person) -> None:
    await talk(desk, "checkin", "WORDS", "me")

    async def team(who: Person) -> str:
        await desk.command(who, "checkin team")
        return str((await desk.deliver())[-1].card)

    assert "Ana" in await team(MAX) and "Ana" not in await team(ZOE)
    await gets(desk, "zoe")
    assert "Ana" not in await team(MAX) and "Ana" in await team(ZOE)


async def test_points_stay_with_the_two_who_made_them(desk: Desk, ana: Person) -> None:
    about = await talk(desk, "checkin", "WORDS", "manager")
    await desk.act(MAX, "shared.agenda", about)
    await gets(desk, "zoe")
    await desk.act(MAX, "shared.agenda", about)
    assert {(row.person, row.manager) for row in await rows(desk.store, AgendaRow)} == {("ana", "max")}
    async with desk.store.reading() as session:
        for who, has in (("max", True), ("zoe", False), ("ana", True)):
            actor = await folk.by_id(session, who)
            assert actor and bool(await oneonone.points(session, Opened(**desk.base(actor, None)))) is has, who


@pytest.mark.parametrize("visibility", ["manager", "team", "everyone"])
async def test_goals_follow_the_present_manager(desk: Desk, ana: Person, visibility: Any) -> None:
    goal = Goal(id="goal:1", company=SLACK, person="ana", level="personal", kind="development", title="Speak up",
                visibility=visibility, state="open", set_by="ana", at=TUESDAY, word_at=TUESDAY)  # fmt: skip
    found = dict[tuple[str, str], bool]()
    for manager in ("max", "zoe"):
        await gets(desk, manager) if manager == "zoe" else None
        async with desk.store.reading() as session:
            people = {id: await folk.by_id(session, id) for id in ("ana", "max", "zoe")}
        for who in ("max", "zoe"):
            actor, owner = people[who], people["ana"]
            assert actor and owner
            found[manager, who] = access.may_see(actor, goal, owner)
    open_to_all = visibility == "everyone"
    assert found == {("max", "max"): True, ("max", "zoe"): open_to_all,
                     ("zoe", "max"): open_to_all, ("zoe", "zoe"): True}  # fmt: skip


async def test_a_talk_with_the_one_before_beside_goes_on_with_them(desk: Desk, ana: Person) -> None:
    """They were asked in as a person. The new manager sees nothing of it."""
    await desk.command(MAX, "grow", "a quieter inbox", mentions=(ME,))
    await desk.deliver()
    await desk.act(ME, "grow.accept", "max|a quieter inbox")
    await desk.deliver()
    await gets(desk, "zoe")
    [begun] = await rows(desk.store, DialogueRow)
    await desk.say(ME, "QUIET MORNINGS")
    await desk.deliver()
    assert "QUIET MORNINGS" in sees(desk, MAX) and "QUIET MORNINGS" not in sees(desk, ZOE)
    await talk(desk, "grow", "ENDED", "manager")
    assert await readers(desk) == {begun.id: "max"} and "ENDED" not in sees(desk, ZOE)
