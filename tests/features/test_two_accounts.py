"""Somebody who uses Slack and Teams: one history, each nudge once, answered from either side."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.cards import mention
from bot.core.events import Reaction
from bot.core.people import Place, stranger
from bot.core.settings import Settings
from handlers import FEATURES
from scheduler import nudges
from scheduler.ahead import next_moment
from storage import schema
from storage.dialogues import DialogueRow
from storage.nudges import NudgeRow
from storage.people import PersonRow
from tests.conftest import SLACK, TEAMS, Company, Desk, rows, statements

PILOT = Settings.model_validate({"companies": {"noordlicht": [SLACK, TEAMS]}, "people": {"pilot": ["U-ana"]}})
A, TEAMS_ANA = "ana", stranger(TEAMS, "29:ana")


@pytest.fixture
async def both(company: Company) -> Desk:
    """Ana with an account on each; she is written to at Slack."""
    desk = company(*FEATURES, now=datetime(2026, 4, 6, 12, tzinfo=UTC), settings=PILOT)
    await desk.person("Max", company="noordlicht")
    await desk.person("Ana", company="noordlicht", manager="max")
    async with desk.store.transaction() as session:
        row = {"workspace": TEAMS, "account": "29:ana", "person": A}
        await session.run(schema.metadata().tables["accounts"].insert().values(row))
    return desk


async def waited(desk: Desk, days: int) -> list[Any]:
    """What arrives for Ana while the clock goes on, with the planner's beats."""
    until, heard = desk.now + timedelta(days=days), len(desk.platform.sent)
    while (moment := await next_moment(desk.store, desk.now)) and moment <= until:
        desk.now = max(moment, desk.now + timedelta(minutes=1))
        await nudges.plan(desk.store, desk.now)
        await nudges.play(desk.turns, desk.store, desk.now)
        await desk.deliver()
    desk.now = until
    return [m for m in desk.platform.sent[heard:] if m.verb == "post" and m.place.conversation != "U-max"]


async def test_one_nudge_answered_on_the_other_platform_and_no_reminder(both: Desk) -> None:
    nudged = await waited(both, 2)
    assert [(m.place.workspace, m.place.conversation) for m in nudged] == [(SLACK, "U-ana")]
    assert "check-in" in nudged[0].card.title
    # Words on Teams answer what was asked on Slack, and from now on she is written to there.
    await both.say(TEAMS_ANA, "we shipped it")
    asked = next(m for m in await both.deliver() if m.verb == "post")
    assert (asked.place.workspace, asked.place.conversation) == (TEAMS, "29:ana")
    [begun] = await rows(both.store, DialogueRow)
    assert "we shipped it" in begun.given and begun.person == A
    await both.submit(TEAMS_ANA, "talk.fill", begun.id, answers={"well": "the launch", "share": "manager"})
    await both.deliver()
    assert await waited(both, 14) == []  # no reminder, neither here nor there
    assert [row.state for row in await rows(both.store, NudgeRow, step=0, rhythm="checkin")] == ["answered"]
    nudged = await waited(both, 14)
    assert [(m.place.workspace, m.place.conversation) for m in nudged] == [(TEAMS, "29:ana")]


async def test_a_reminder_goes_where_the_person_last_did_something(both: Desk) -> None:
    await waited(both, 2)
    await both.command(TEAMS_ANA, "kadens help")
    await both.deliver()
    reminded = await waited(both, 6)
    assert reminded and {m.place.workspace for m in reminded} == {TEAMS}


async def home(desk: Desk) -> tuple[str, str]:
    [ana] = await rows(desk.store, PersonRow, id=A)
    return ana.workspace, ana.account


async def test_the_home_follows_what_is_done_and_not_what_is_liked(both: Desk) -> None:
    room = Place(TEAMS, "19:room", kind="public")
    like = Reaction(**both.base(TEAMS_ANA, room), emoji="tada", author=stranger(TEAMS, "29:zoe"), message="1")
    await both.take(like)
    assert await home(both) == (SLACK, "U-ana")
    sent = await both.deliver()
    assert {m.place.workspace for m in sent} <= {TEAMS}  # asked what for where she liked it
    for name, do in {
        "words": both.say(TEAMS_ANA, "help"),
        "a command": both.command(TEAMS_ANA, "kadens help"),
        "a button": both.act(TEAMS_ANA, "people.help"),
        "a form": both.submit(TEAMS_ANA, "people.manager"),
    }.items():
        await do
        assert await home(both) == (TEAMS, "29:ana"), name
        await both.say(stranger(SLACK, "U-ana"), "help")
        assert await home(both) == (SLACK, "U-ana"), name


async def test_nothing_more_is_asked_of_the_database_while_nothing_changes(both: Desk) -> None:
    async def said(who: Any) -> int:
        with statements(both.store) as seen:
            await both.command(who, "kadens help")
        assert not [each for each in seen if who is not TEAMS_ANA and "UPDATE people" in each[0]]
        return len(seen)

    here = stranger(SLACK, "U-ana")
    usual = await said(here)
    assert await said(TEAMS_ANA) == usual + 1  # the home moves
    assert await said(TEAMS_ANA) == usual


async def test_somebody_is_named_by_the_account_they_have_where_it_is_read(both: Desk) -> None:
    await both.command(TEAMS_ANA, "kadens help")  # her home is Teams now
    await both.deliver()
    hall = Place(SLACK, "C1", kind="public")
    max_, ana = stranger(SLACK, "U-max"), stranger(SLACK, "U-ana")
    await both.command(max_, "kudos", "for the calm launch", hall, mentions=(ana,))
    sent = await both.deliver()
    [card] = [m for m in sent if m.place == hall and not m.only_for]
    assert card.card and mention(stranger(SLACK, "U-ana", "Ana")) in card.card.title and "29:ana" not in str(card.card)
    [told] = [m for m in sent if m.place.conversation == "29:ana"]
    assert "U-max" not in str(told.card) and "Max" in str(told.card)  # he has no account there
    [row] = await rows(both.store, PersonRow, id="max")
    assert row.workspace == SLACK
