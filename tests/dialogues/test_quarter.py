"""A quarter's talk of two people, from its opening to what they agreed, as lists of lines."""

from datetime import UTC, date, datetime

import pytest

from bot.core.effects import OpenForm, Refuse
from bot.core.settings import Settings
from handlers import FEATURES
from storage.goals import GoalRow
from storage.learning import LearningRow
from storage.summaries import SummaryRow
from tests.conftest import Company, rows
from tests.dialogues.script import Script

JUNE = datetime(2026, 6, 10, 12, tzinfo=UTC)  # a Wednesday, before the quarter's look back
CALM = Settings.model_validate({"people": {"pilot": ["U-ana"]}, "messages": {"week": 0}})
LOOKED_BACK = """
    ana: the search
    > ana: What did you learn
    ana: to ask earlier
    > ana: What would you do differently?
    ana: skip
    > ana: What matters most next quarter?
    ana: speed
    > ana: Shall I share this
"""
SHARED = f"""
    {LOOKED_BACK}
    ana [Share with my manager]
    > ana: Thank you, that is your look back on Q2 / Proud of: the search
    > max: Ana looks back on Q2 / Proud of: the search
"""
PREPARED = """
    max: she found the bug nobody saw
    > max: When were they at their best?
    max: in the night of the move
    > max: What was hard for them
    max: skip
    > max: What can you offer
    max: two days a week for speed
    > max: What would you like to ask
    max: what would you do with a free hand
    > max: Shall I share these notes
"""


@pytest.fixture
async def script(company: Company) -> Script:
    desk = company(*FEATURES, now=JUNE, settings=CALM)
    max = await desk.person("Max")
    return Script(desk, await desk.person("Ana", manager="max"), max)


async def state(script: Script) -> str:
    [row] = await rows(script.desk.store, SummaryRow)
    return str(row.state)


async def propose(script: Script, who: str, **answers: str) -> Refuse | None:
    """Write it down, by the button."""
    desk, person = script.desk, script.people[who]
    opened = await desk.press(person, "Write it down")
    assert isinstance(opened, OpenForm)
    found = await desk.submit(person, opened.form.id, opened.form.value, answers=answers)
    assert found is None or isinstance(found, Refuse)
    return found


async def test_a_quarter_from_its_opening_to_what_two_people_agreed(script: Script) -> None:
    desk = script.desk
    await script.expects("+ 7 days", "> ana: Looking back on Q2 / Four short questions")
    assert await state(script) == "reflecting"
    await script.expects(SHARED)
    assert await state(script) == "preparing"
    await script.expects(
        "ana: /review", "> ana: Q2: you and Max / You look back: Wednesday 17 June / Max prepares: now"
    )
    await script.expects("max [Prepare]", "> max: Your talk with Ana about Q2 / Five open questions", PREPARED)
    await script.expects(
        """
        max [Only for me]
        > ana: Max is ready for your talk about Q2.
        > max: You are prepared for Ana / What mattered: she found the bug nobody saw
        """
    )
    assert await state(script) == "conversation"
    written = {"words": "A quarter of finding things.", "goals": "Pages load in 2 s\nCalls from 9 to 4"}
    assert await propose(script, "max", **written, learning="Shadow the platform team") is None
    await script.expects(
        "max: /review @ana", "> ana: Max wrote down your talk about Q2. Is that it?", "> max: *", "> max: Q2"
    )
    await script.expects("ana [Yes, that is it]", "> max: You agreed on Q2", "> ana: You agreed on Q2")
    assert await state(script) == "agreed"
    await script.expects("ana [Set these goals]", "> ana: All 2 are your goals now")
    await script.expects("ana [Plan the learning]", "> ana: It is in your plan")
    goals = {row.title: row for row in await rows(desk.store, GoalRow)}
    assert goals["Calls"].target == 4 and goals["Pages load in 2 s"].due == date(2026, 9, 30)
    assert {row.visibility for row in goals.values()} == {"manager"}
    [planned] = await rows(desk.store, LearningRow)
    assert (planned.person, planned.words, planned.seen_by) == ("ana", "Shadow the platform team", "manager")
