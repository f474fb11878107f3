"""The example company: its history plays through the real turns, and moving the clock goes on from there."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.core.cards import Bar
from bot.platforms.playground.chat import Message
from bot.platforms.playground.demo import StoryDoesNotHold, numbered
from bot.platforms.playground.people import BOT, MEMBERS
from bot.platforms.playground.story import BEGINS, ENDS, STORY, Presses, Reacts, Says, read
from bot.platforms.playground.world import Playground
from storage.engine import Store
from storage.feedback import FeedbackRow
from storage.goals import GoalRow, GoalUpdateRow
from storage.kudos import KudosRow
from storage.outbox import OutboxRow
from storage.people import PersonRow
from storage.requests import FeedbackAskedRow
from tests.conftest import count
from tests.platforms.playground_world import open_demo


def test_the_story_is_told_in_order_and_between_its_ends() -> None:
    lines = list(read(STORY.read_text(encoding="utf-8")))
    moments = [line.at for line in lines]
    assert moments == sorted(moments)
    assert moments[0] > BEGINS and moments[-1] < ENDS
    assert {type(line) for line in lines} == {Says, Reacts, Presses}
    assert {line.who for line in lines} <= set(MEMBERS)


def test_the_lines_below_fill_in_what_opens() -> None:
    [said, pressed] = read(
        """2026-09-01
09:00 mila kadens: /goal
      title: A calm one
      measure: Churn from 5 to 3 %
      measure: Waiting from 2 to 1 days
09:05 mila presses goals.update on A calm one
      value: 4
"""
    )
    assert isinstance(said, Says) and said.words == "/goal"
    assert said.answers == {"title": "A calm one", "measure": "Churn from 5 to 3 %\nWaiting from 2 to 1 days"}
    assert isinstance(pressed, Presses) and (pressed.action, pressed.title) == ("goals.update", "A calm one")
    assert pressed.answers == {"value": "4"}


def test_a_field_can_be_named_by_its_number() -> None:
    """Where what is behind the dot is an id that no story can know."""
    ids = ["level.skill:a", "words.skill:a", "level.skill:b", "goal.0"]
    assert [numbered(name, ids) for name in ("level.1", "words.0", "goal.0")] == [ids[2], ids[1], "goal.0"]
    assert [numbered(name, ids) for name in ("level.2", "title", "words.x")] == ["level.2", "title", "words.x"]


def test_a_line_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="line 2 of the story"):
        list(read("2026-09-01\n09:00 mila dances\n"))


async def test_the_whole_history_is_delivered_and_nobody_finds_an_empty_room(store: Store) -> None:
    world = await open_demo(store)
    async with store.reading() as session:
        unsent = await session.value(select(func.count()).where(OutboxRow.sent_at.is_(None)))  # type: ignore[union-attr]
    assert unsent == 0
    assert await count(store, KudosRow) >= 8
    assert ENDS <= world.clock() < ENDS + timedelta(minutes=1)
    messages = world.chat.messages.values()
    for account in MEMBERS:
        assert any(m.conversation == account and m.author == BOT for m in messages), f"{account} sees an empty page"
        assert world.chat.unread(account, account) == {}
    assert not any(m.only_for and not m.deleted for m in messages)
    shared = [m for m in messages if m.conversation == "sanne" and m.card and _bars(m)]
    assert len(shared) >= 2  # two months of Mila's, with their numbers
    await _goals_and_feedback(store)
    silent = [m for m in messages if m.conversation == "daan" and m.card and m.card.title]
    assert silent[-1].card and silent[-1].card.title == "Hoe gaat het hiermee?"


async def _goals_and_feedback(store: Store) -> None:
    """Goals of all levels and states, feedback given and asked for, and a chart worth looking at."""
    async with store.reading() as session:
        goals: list[Any] = list(await session.all(select(GoalRow.__table__)))  # type: ignore[attr-defined]
        updates: list[Any] = list(await session.all(select(GoalUpdateRow.__table__)))  # type: ignore[attr-defined]
        people: list[Any] = list(await session.all(select(PersonRow.__table__)))  # type: ignore[attr-defined]
    assert {goal.level for goal in goals} == {"personal", "team", "company"}
    assert {goal.state for goal in goals} >= {"open", "achieved"}
    assert {goal.kind for goal in goals} == {"measure", "objective", "milestone", "development"}
    assert await count(store, FeedbackRow) >= 3 and await count(store, FeedbackAskedRow) == 2
    assert len([person for person in people if person.takes_timing or person.takes_form]) == 3
    [onboarding] = [goal.id for goal in goals if goal.title.startswith("An onboarding")]
    told = [update for update in updates if update.goal == onboarding]
    assert len([update for update in told if update.value is not None]) >= 6
    assert {update.confidence for update in told} >= {"on_track", "at_risk"}


def _bars(message: Message) -> list[Bar]:
    return [part for part in message.card.parts if isinstance(part, Bar)] if message.card else []


async def test_a_story_that_finds_nothing_to_act_on_says_so(store: Store) -> None:
    with pytest.raises(StoryDoesNotHold, match="mila"):
        await open_demo(store, [Presses(BEGINS + timedelta(hours=1), "mila", "no.such")])


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("09:00 mila kadens: /goal\n      aim: Less", "has no aim"),
        ("09:00 mila kadens: /goal\n      kind: measure", "title: "),
        ("09:00 mila kadens: /kadens help\n      title: Less", "no form opened"),
    ],
)
async def test_a_form_that_is_not_taken_is_told_with_its_reason(store: Store, told: str, why: str) -> None:
    with pytest.raises(StoryDoesNotHold, match=f"mila: .*{why}"):
        await open_demo(store, list(read(f"2026-09-01\n{told}")))


@pytest.fixture
async def world(store: Store) -> Playground:
    return await open_demo(store, [])


async def test_the_check_in_follows_mondays_tip_and_each_goes_out_at_its_own_time(world: Playground) -> None:
    nudge = await world.next_nudge(world.clock())
    assert nudge is not None and nudge.isoformat() == "2026-11-02T14:30:00+00:00"  # of who leads in New York
    await world.travel(nudge)
    nudge = await world.next_nudge(world.clock())
    assert nudge is not None and nudge.isoformat() == "2026-11-03T08:30:00+00:00"
    before = len(world.chat.messages)
    await world.travel(nudge + timedelta(days=1))
    new = list(world.chat.messages.values())[before:]
    assert {m.conversation for m in new} == set(MEMBERS)
    hours = {MEMBERS[m.conversation].zone: f"{m.at:%d %H:%M}" for m in new}
    assert hours == {
        "Europe/Amsterdam": "03 08:30",
        "Europe/Stockholm": "03 08:30",
        "America/New_York": "03 14:30",
    }


async def test_the_clock_does_not_stand_still_where_nothing_is_due(world: Playground) -> None:
    to = world.clock() + timedelta(hours=1)
    await world.travel(to)
    assert world.clock() >= to


async def test_two_hands_on_the_clock_move_it_twice(world: Playground) -> None:
    begun, day = world.clock(), timedelta(days=1)
    assert await asyncio.gather(world.move(day), world.move(day)) == [True, True]
    assert timedelta() <= world.clock() - begun - 2 * day < timedelta(minutes=1)


async def test_without_anybody_due_the_clock_stays(world: Playground) -> None:
    async def nobody(now: datetime) -> None:
        return None

    world.next_nudge = nobody
    begun = world.clock()
    assert not await world.move(None)
    assert world.clock() - begun < timedelta(minutes=1)
