"""The check-in as people live it: from the nudge to the manager's reply, and back a month later."""

from datetime import UTC, datetime

import pytest

from bot.core.effects import OpenForm, Refuse
from bot.core.sending import Can
from bot.core.settings import Settings
from handlers import FEATURES
from storage.checkin import CheckinRow, OpenPointRow
from storage.dialogues import DialogueRow, progress_of
from storage.nudges import NudgeRow
from tests.conftest import Company, count, rows
from tests.dialogues.script import Script

MONDAY = datetime(2026, 4, 6, 12, tzinfo=UTC)  # the day before the first Tuesday

ONLY_ANA = Settings.model_validate({"people": {"pilot": ["U-ana"]}})  # is spoken to first

NUDGE = """
    + 1 days
    > ana: Your April check-in / I am Kadens.
"""
ANSWERS = """
    ana: well on the way
    > ana: What went well
    ana: the demo
    > ana: What is in the way?
    ana: access to the logs
    > ana: What would you like to learn
    ana: skip
    > ana: How is your energy
    ana: 4 because of the sun
    > ana: And your workload
    ana [3]
    > ana: What makes it so?
    ana: two people are ill
    > ana: What would you like to talk about
    ana: my next step
    > ana: Shall I share this
"""


@pytest.fixture
async def script(company: Company) -> Script:
    desk = company(*FEATURES, now=MONDAY, settings=ONLY_ANA)
    max = await desk.person("Max")
    ana = await desk.person("Ana", manager="max")
    return Script(desk, ana, max)


async def test_from_the_nudge_to_the_managers_reply_and_back(script: Script) -> None:
    await script.expects(
        NUDGE,
        ANSWERS,
        """
        ana [Share with my manager]
        > ana: Thank you, that is your April check-in / Progress: well on the way
        > max: Ana’s April check-in / Progress: well on the way / Went well: the demo
        max in shared: That is a lot. What can I take off you?
        > ana: Max says / That is a lot. What can I take off you?
        ana in checkin: the on-call of Friday
        > max: Ana says / the on-call of Friday
        max [Say thanks]
        > ana: Max read it, and says thank you
        > max: Ana knows you read it.
        max [Add to our 1:1]
        > max: It is on the list for your next 1:1 with Ana.
        """,
    )
    [checkin] = await rows(script.desk.store, CheckinRow)
    assert (checkin.person, checkin.period, checkin.energy, checkin.workload) == ("ana", "2026-04", 4, 3)


async def test_kept_for_oneself_it_reaches_nobody(script: Script) -> None:
    await script.expects(NUDGE, ANSWERS, "ana [Only for me]", "> ana: …Only you can see it.")
    assert script.desk.shown(script.people["max"]) == []


async def test_what_was_in_the_way_comes_back_until_it_is_settled(script: Script) -> None:
    await script.expects(NUDGE, ANSWERS, "ana [Only for me]", "> ana: Thank you")
    await script.expects(
        """
        + 28 days
        > ana: Your May check-in / Two minutes, in your own words.
        """
    )
    [card] = [c for c in script.desk.shown(script.people["ana"]) if c.title == "Your May check-in"]
    assert "access to the logs" in str(card)
    await script.expects(
        """
        ana [Settled]
        > ana: How is it going with what you set out to do? / Last time: well on the way
        """
    )
    for question in ("What went well", "What is in the way", "What would", "How is your", "And your", "What would"):
        await script.expects("ana: skip", f"> ana: {question}")
    await script.expects("ana: skip", "> ana: Shall I", "ana [Only for me]", "> ana: Thank you")
    [point] = await rows(script.desk.store, OpenPointRow)
    assert point.settled_at == script.desk.now


async def test_back_skip_pause_and_resume_after_days(script: Script) -> None:
    await script.expects(
        NUDGE,
        """
        ana: on the way
        > ana: What went well
        ana: back
        > ana: Your April check-in / How is it going
        ana: better
        > ana: What went well
        ana: pause
        > ana: Paused.
        + 3 days
        > ana: Your April check-in is still here
        ana [Pick up where I was]
        > ana: What went well
        ana: help
        > ana: Just answer in your own words.
        """,
    )


async def test_reminders_go_to_who_has_not_answered_and_stop(script: Script) -> None:
    await script.expects(
        NUDGE,
        """
        + 2 days
        > nobody
        + 1 days
        > ana: Your April check-in is still here
        + 4 days
        > ana: A last quiet word
        + 15 days
        > nobody
        """,
    )


async def test_answering_early_counts_and_brings_no_nudge(script: Script) -> None:
    await script.expects(
        "ana: /checkin", "> ana: Your April check-in", ANSWERS, "ana [Only for me]", "> ana: Thank you"
    )
    await script.expects("+ 20 days", "> nobody")
    await script.expects("ana: /checkin", "> ana: Your April check-in is done.")
    assert await count(script.desk.store, CheckinRow) == 1


async def test_skipping_and_snoozing_from_the_nudge(script: Script) -> None:
    await script.expects(
        NUDGE,
        """
        ana [In three days]
        > ana: I will come back with your check-in on Friday 10 April.
        + 2 days
        > nobody
        + 1 days
        > ana: As you asked, here is your April check-in again.
        ana [Not this time]
        > ana: Fine, no check-in this time.
        + 20 days
        > nobody
        """,
    )


async def test_snoozed_into_the_next_month_that_month_s_own_comes_at_its_moment(script: Script) -> None:
    await script.expects(
        NUDGE,
        """
        ana: /kadens snooze check-in 2026-05-05
        > ana: I will come back with your check-in on Tuesday 5 May.
        + 27 days
        > nobody
        + 1 days
        > ana: Your May check-in
        """,
    )


async def test_editing_a_message_edits_the_answer_and_deleting_takes_it_out(script: Script) -> None:
    await script.expects(
        NUDGE,
        """
        ana: on the way
        > ana: What went well
        ana ✎ on the way > nearly there
        > nobody
        """,
    )
    assert await said(script) == {"progress": "nearly there"}
    await script.expects("ana ✎ on the way >", "> nobody")
    assert await said(script) == {"progress": ""}


async def said(script: Script) -> dict[str, str]:
    [row] = await rows(script.desk.store, DialogueRow)
    return progress_of(row).answers


async def test_the_form_ends_in_the_same_record(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await script.expects(NUDGE)
    opened = await desk.press(ana, "All at once")
    assert isinstance(opened, OpenForm)
    answers = {"progress": "fine", "energy": "9", "workload": "2", "share": "manager"}
    refused = await desk.submit(ana, opened.form.id, opened.form.value, answers=answers)
    assert refused == Refuse({"energy": "Please start with a number from 1 to 5."})
    assert await count(desk.store, CheckinRow) == 0
    assert await desk.submit(ana, opened.form.id, opened.form.value, answers={**answers, "energy": "5"}) is None
    await desk.deliver()
    [checkin] = await rows(desk.store, CheckinRow)
    assert (checkin.energy, checkin.workload) == (5, 2)
    assert "Ana’s April check-in" in [card.title for card in desk.shown(script.people["max"])]


async def test_an_edit_reaches_the_managers_card_and_unsharing_takes_it_away(script: Script) -> None:
    desk, ana, max = script.desk, script.people["ana"], script.people["max"]
    await script.expects(NUDGE, ANSWERS, "ana [Share with my manager]", "> ana: *", "> max: *")
    opened = await desk.press(ana, "Change my answers")
    assert isinstance(opened, OpenForm)
    kept = {getattr(field, "id", ""): str(getattr(field, "value", "") or "") for field in opened.form.fields}
    assert kept["well"] == "the demo" and kept["energy"] == "4"
    await desk.submit(ana, "talk.fill", opened.form.value, answers={**kept, "well": "the second demo"})
    await desk.deliver()
    assert "the second demo" in str(desk.shown(max)[0])
    await desk.submit(ana, "talk.fill", opened.form.value, answers={**kept, "share": "me"})
    await desk.deliver()
    assert desk.shown(max) == []


async def test_what_the_form_had_no_room_for_stays_as_it_was(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await script.expects(NUDGE, ANSWERS, "ana [Share with my manager]", "> ana: *", "> max: *")
    opened = await desk.press(ana, "Change my answers")
    assert isinstance(opened, OpenForm)
    shown = {getattr(field, "id", ""): str(getattr(field, "value", "") or "") for field in opened.form.fields}
    words = shown.pop("well")
    emptied = next(id for id, value in shown.items() if value and id not in ("energy", "workload", "share"))
    answers = {**shown, emptied: ""}
    assert await desk.submit(ana, "talk.fill", opened.form.value, answers=answers) is None
    [kept] = await rows(desk.store, DialogueRow, id=opened.form.value)
    answers = progress_of(kept).answers
    assert answers["well"] == words and answers[emptied] == ""


async def test_a_direct_message_outside_the_thread_answers_unless_it_is_a_command(script: Script) -> None:
    await script.expects(
        NUDGE,
        """
        ana: review of the plan is done, kudos to all
        > ana: What went well
        ana: help
        > ana: Just answer
        ana: /kudos me
        > ana: Your kudos
        ana: kadens home
        > ana: Hello Ana
        ana: kudos me
        > ana: Your kudos
        """,
    )


async def test_a_period_that_is_over_is_closed(script: Script) -> None:
    await script.expects(NUDGE, "ana: on the way", "> ana: What went well")
    script.desk.later(days=40)
    await script.expects("ana in checkin: too late", "> ana: That check-in is closed.")


async def test_a_team_can_have_its_own_questions(company: Company) -> None:
    asks = {"Design": {"ask": [{"en": "Which screen are you proud of?"}], "without": ["learn"]}}
    desk = company(*FEATURES, now=MONDAY, settings=Settings.model_validate({"checkin": {"teams": asks}}))
    ana = await desk.person("Ana", team="Design")
    script = Script(desk, ana)
    await script.expects("ana: /checkin", "> ana: Your April", *["ana: skip", "> ana: *"] * 2)
    await script.expects("ana: skip", "> ana: Which screen are you proud of?")


async def test_the_manager_sees_who_answered_and_nothing_else(script: Script) -> None:
    await script.expects(NUDGE, "max: /checkin team", "> max: Check-ins in your team, April / Ana: was asked, not")
    await script.expects(ANSWERS, "ana [Only for me]", "> ana: *")
    await script.expects(
        "max: /checkin team", "> max: Check-ins in your team, April / Ana: has answered / This shows who"
    )


async def test_without_threads_one_conversation_has_the_floor_and_a_button_brings_the_other_back(
    company: Company,
) -> None:
    teams = Can(threads_in_direct=False, whispers=False, looks_back=False)
    desk = company(*FEATURES, now=MONDAY, settings=ONLY_ANA, can=teams)
    script = Script(desk, await desk.person("Ana"))
    await script.expects(
        NUDGE,
        """
        ana: grow
        > ana: Your other conversation waits here.
        > ana: GROW, a talk with yourself
        ana: a new role
        > ana: Where are you with it now?
        ana [Pick up where I was]
        > ana: Your other conversation waits here.
        > ana: Your April check-in / How is it going
        ana: fine
        > ana: What went well
        """,
    )


async def test_an_old_button_does_not_undo_what_was_answered(script: Script) -> None:
    await script.expects(NUDGE, ANSWERS, "ana [Only for me]", "> ana: Thank you")
    await script.expects("ana [Not this time]", "> ana: Your check-in is done already, thank you.")
    assert {row.state for row in await rows(script.desk.store, NudgeRow, rhythm="checkin")} == {"answered"}
