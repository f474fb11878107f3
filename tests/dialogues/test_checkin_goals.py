"""One’s goals in the check-in: each is asked about, by a tap or in a sentence, and the words stand in its history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.cards import Bar, Note
from bot.core.effects import OpenForm, Refuse
from bot.core.goals import Goal
from bot.core.settings import Settings
from handlers import FEATURES
from storage.goals import GoalRow, GoalUpdateRow, NewGoal
from tests.conftest import Company, Desk, buttons, rows
from tests.dialogues.script import Script

MONDAY = datetime(2026, 4, 6, 12, tzinfo=UTC)
NO_PAUSE = Settings.model_validate({"people": {"pilot": ["U-nobody"]}})  # nobody is spoken to first


async def goal(desk: Desk, id: str, title: str, days_ago: int = 0, **values: Any) -> None:
    at = desk.now - timedelta(days=days_ago)
    plain: dict[str, Any] = {"kind": "measure", "start": 0.0, "target": 80.0, "person": "ana", "set_by": "ana"}
    made = Goal(id=id, company="slack:T1", title=title, at=at, **{**plain, **values})
    async with desk.store.transaction() as session:
        await NewGoal(made).save(session)


@pytest.fixture
async def script(company: Company) -> Script:
    desk = company(*FEATURES, now=MONDAY, settings=NO_PAUSE)
    max = await desk.person("Max")
    ana = await desk.person("Ana", manager="max")
    await goal(desk, "goal:1", "Ten customers", 9, unit="customers", confidence="on_track", word="two more", value=20.0)
    await goal(desk, "goal:2", "Speak in public", 3, kind="development", start=None, target=None)
    return Script(desk, ana, max)


BEGIN = "ana: /checkin\n> ana: Your April check-in"
REST = "\n".join(
    f"> ana: {asked}\nana: skip"
    for asked in ("What went well", "What is in the way", "What would", "How is", "And your", "What would")
)
SHARED = f"{REST}\n> ana: Shall I share this\nana [Share with my manager]\n> ana: Thank you\n> max: Ana’s April"


async def of(desk: Desk, id: str) -> Any:
    [row] = await rows(desk.store, GoalRow, id=id)
    return row


async def said(desk: Desk, id: str) -> list[tuple[float | None, str, str]]:
    found = sorted(await rows(desk.store, GoalUpdateRow, goal=id), key=lambda row: row.at)
    return [(row.value, row.confidence, row.story) for row in found]


async def test_each_goal_is_asked_about_with_its_last_state(script: Script) -> None:
    await script.expects(BEGIN)
    [card] = script.desk.shown(script.people["ana"])
    assert Bar("On track", 25, 100, "two more") in card.parts
    assert "Ten customers" in str(card.parts) and any(isinstance(p, Note) and "60" in p.body for p in card.parts)
    assert [b.label for b in buttons(card)][:4] == ["On track", "At risk", "Off track", "Nothing new"]


async def test_a_tap_and_a_sentence_become_words_of_the_goals(script: Script) -> None:
    await script.expects(
        BEGIN,
        """
        ana: 60, the last customer said yes
        > ana: How is it going with “Speak in public”?
        ana [At risk]
        > ana: What changed with “Speak in public”?
        ana: no stage found
        """,
        SHARED,
    )
    desk = script.desk
    assert await said(desk, "goal:1") == [(60.0, "", "the last customer said yes")]
    assert await said(desk, "goal:2") == [(None, "at_risk", "no stage found")]
    first, second = await of(desk, "goal:1"), await of(desk, "goal:2")
    assert (first.value, first.word, first.silent) == (60.0, "the last customer said yes", 0)
    assert (second.confidence, second.word, second.word_at) == ("at_risk", "no stage found", desk.now)
    [shared] = desk.shown(script.people["max"])
    assert Bar("Ten customers – On track", 75, 100, "the last customer said yes") in shared.parts
    assert "no stage found" in str(shared) and "Speak in public – At risk" in str(shared)


async def test_a_change_of_confidence_without_a_word_is_refused(script: Script) -> None:
    await script.expects(
        BEGIN,
        """
        ana [Off track]
        > ana: What changed with “Ten customers”?
        ana: skip
        > ana: This one I do need
        ana: /checkin
        > ana: Your April check-in is open
        ana: back
        > ana: Your April check-in / How is it going with “Ten customers”?
        ana [On track]
        > ana: How is it going with “Speak in public”?
        ana [On track]
        """,
        SHARED,
    )
    assert await said(script.desk, "goal:1") == [(None, "on_track", "")]
    assert (await of(script.desk, "goal:1")).word == "two more"  # a tap without words leaves the last ones standing


async def test_a_figure_alone_is_the_word_where_one_is_owed(script: Script) -> None:
    await script.expects(BEGIN, "ana [At risk]", "> ana: What changed", "ana: 10", "> ana: How is it")
    await script.expects("ana: skip", SHARED)
    assert await said(script.desk, "goal:1") == [(10.0, "at_risk", "10")]
    assert await said(script.desk, "goal:2") == []


async def test_nothing_new_says_nothing(script: Script) -> None:
    await script.expects(BEGIN, "ana [Nothing new]", "> ana: How is it", "ana [Nothing new]", SHARED)
    assert await said(script.desk, "goal:1") == await said(script.desk, "goal:2") == []
    assert "Ten customers" not in str(script.desk.shown(script.people["max"]))


async def test_an_edit_takes_the_place_of_what_was_said_and_a_deletion_takes_it_out(script: Script) -> None:
    desk, words = script.desk, "60, the last customer said yes"
    await script.expects(BEGIN, f"ana: {words}", "> ana: How is it", "ana: skip", SHARED)
    await script.expects(f"ana ✎ {words} > at risk, they said no after all", "> nobody")
    assert await said(desk, "goal:1") == [(None, "at_risk", "they said no after all")]
    assert (await of(desk, "goal:1")).value == 0
    await script.expects(f"ana ✎ {words} >", "> nobody")
    assert await said(desk, "goal:1") == []
    row = await of(desk, "goal:1")
    assert (row.word, row.confidence, row.value) == ("", "", 0)


async def test_a_deleted_word_is_out_also_while_it_has_to_be_said_anew(script: Script) -> None:
    await script.expects(BEGIN, "ana [At risk]", "> ana: What changed", "ana: they hesitate", "> ana: How is it")
    await script.expects("ana: skip", SHARED)
    assert await said(script.desk, "goal:1") == [(None, "at_risk", "they hesitate")]
    await script.expects("ana ✎ they hesitate >", "> ana: What changed with “Ten customers”?")
    assert await said(script.desk, "goal:1") == []
    await script.expects("ana: they are on holiday", "> ana: Thank you")
    assert await said(script.desk, "goal:1") == [(None, "at_risk", "they are on holiday")]


async def test_the_form_ends_in_the_same_words_and_asks_what_changed(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await script.expects(BEGIN)
    opened = await desk.press(ana, "All at once")
    assert isinstance(opened, OpenForm)
    assert [getattr(field, "id", "") for field in opened.form.fields][:4] == [
        "goal.0",
        "goal_story.0",
        "goal.1",
        "goal_story.1",
    ]
    answers = {"goal.0": "off_track", "goal.1": "on_track", "share": "manager"}
    refused = await desk.submit(ana, opened.form.id, opened.form.value, answers=answers)
    assert refused == Refuse({"goal_story.0": "This one I do need, a few words are fine."})
    assert await said(desk, "goal:1") == await said(desk, "goal:2") == []
    answers["goal_story.0"] = "5, two of them left"
    assert await desk.submit(ana, opened.form.id, opened.form.value, answers=answers) is None
    assert await said(desk, "goal:1") == [(5.0, "off_track", "two of them left")]
    assert await said(desk, "goal:2") == [(None, "on_track", "")]


async def test_five_goals_are_asked_about_those_without_a_word_for_longest(script: Script) -> None:
    for number, days in enumerate((1, 40, 30, 20, 2)):
        await goal(script.desk, f"goal:x{number}", f"Goal of {days} days ago", days)
    await goal(script.desk, "goal:closed", "Closed", 90, state="closed")
    await goal(script.desk, "goal:max", "Of Max", 90, person="max")
    await script.expects(BEGIN)
    for title in ("Goal of 30", "Goal of 20", "Ten customers", "Speak in public"):
        await script.expects("ana: skip", f"> ana: How is it going with “{title}")
    await script.expects("ana: skip", "> ana: What went well")


async def test_who_has_no_goals_is_asked_what_they_set_out_to_do(script: Script) -> None:
    await script.expects("max: /checkin", "> max: Your April check-in / Two minutes")
    assert "set out to do" in str(script.desk.shown(script.people["max"]))


async def test_a_goal_that_was_closed_meanwhile_keeps_its_end(script: Script) -> None:
    await script.expects(BEGIN, "ana: 70, nearly", "> ana: How is it")
    table = GoalRow.__table__  # type: ignore[attr-defined]
    async with script.desk.store.transaction() as session:
        await session.run(table.update().where(table.c.id == "goal:1").values(state="closed"))
    await script.expects("ana: skip", SHARED)
    assert await said(script.desk, "goal:1") == []
