"""The quarter's look back, two weeks before the quarter ends, with its evidence at hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.cards import Quote
from bot.core.goals import Goal
from bot.core.settings import Settings
from handlers import FEATURES
from storage.goals import NewGoal, Updated
from storage.review import ReviewRow
from tests.conftest import HALL, Company, rows
from tests.dialogues.script import Script

MAY = datetime(2026, 5, 6, 12, tzinfo=UTC)
ONLY_ANA = Settings.model_validate({"people": {"pilot": ["U-ana"]}})


@pytest.fixture
async def script(company: Company) -> Script:
    desk = company(*FEATURES, now=MAY, settings=ONLY_ANA)
    max = await desk.person("Max")
    return Script(desk, await desk.person("Ana", manager="max"), max)


async def test_it_comes_with_the_quarters_own_words_and_is_shared(script: Script) -> None:
    desk = script.desk
    await desk.command(script.people["max"], "kudos", "for the calm launch", HALL, mentions=(script.people["ana"],))
    await desk.deliver()
    await script.expects("ana: /checkin", "> ana: Your May check-in")
    await script.expects("ana: fine", "> ana: *", "ana: we shipped the new search", "> ana: *")
    for _ in range(4):
        await script.expects("ana: skip", "> ana: *")
    await script.expects("ana: skip", "> ana: Shall", "ana [Only for me]", "> ana: Thank you")
    await script.expects("ana: /kadens skip check-in", "> ana: *")
    await script.expects("+ 27 days", "> ana: Your June check-in", "ana [Not this time]", "> ana: *")
    await script.expects(
        """
        + 14 days
        > ana: Looking back on Q2 / Four short questions
        """
    )
    [card] = [card for card in desk.shown(script.people["ana"]) if card.title == "Looking back on Q2"]
    assert "we shipped the new search" in str(card) and "Max: for the calm launch" in str(card)
    await script.expects(
        """
        ana: the search
        > ana: What did you learn
        ana: to ask earlier
        > ana: What would you do differently?
        ana: skip
        > ana: What matters most next quarter?
        ana: speed
        > ana: Shall I share this
        ana [Share with my manager]
        > ana: Thank you, that is your look back on Q2 / Proud of: the search
        > max: Ana looks back on Q2 / Proud of: the search
        max in shared: I saw that too
        > ana: Max says / I saw that too
        """
    )
    [row] = await rows(desk.store, ReviewRow)
    assert (row.person, row.period) == ("ana", "2026-Q2")


async def test_the_last_word_about_each_goal_is_at_hand(script: Script) -> None:
    desk = script.desk
    made: dict[str, Any] = {"company": "slack:T1", "person": "ana", "set_by": "ana"}
    async with desk.store.transaction() as session:
        for id, title, at in (("goal:1", "Ten customers", MAY), ("goal:2", "Speak in public", MAY)):
            await NewGoal(Goal(id=id, title=title, at=at, start=0.0, target=10.0, unit="calls", **made)).save(session)
        for number, (value, story, days) in enumerate(
            ((1.0, "of last quarter", -60), (3.0, "one said no", -9), (6.0, "two said yes", -2), (None, "", -1))
        ):
            at = MAY + timedelta(days=days)
            await Updated(f"u{number}", "goal:1", "ana", at, value, "on_track", story).save(session)
        await Updated("v1", "goal:2", "ana", MAY - timedelta(days=90), None, "", "long ago").save(session)
    await script.expects("ana: /review", "> ana: Looking back on Q2")
    [card] = desk.shown(script.people["ana"])
    [line] = [part.body for part in card.parts if isinstance(part, Quote) and part.body.startswith("Ten customers")]
    assert "6 calls" in line and line.endswith("two said yes")
    for other in ("of last quarter", "one said no", "long ago"):
        assert other not in str(card)


async def test_by_command_before_it_is_asked(script: Script) -> None:
    await script.expects("ana: /review", "> ana: Looking back on Q2", "ana: /review", "> ana: Your look back on")
    await script.expects("ana: pause", "> ana: Paused.")
