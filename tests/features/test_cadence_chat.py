"""R1 in chat: a manager looks at the team's rhythm, chooses another, sees the days, and keeps it."""

from datetime import date, time

import pytest

from bot.core.cadences import Beat, Stage, stages
from bot.core.calendar import Rhythm
from bot.core.effects import OpenForm, Refuse
from bot.core.people import stranger
from bot.core.settings import Settings
from handlers import FEATURES
from storage.audit import AuditRow
from storage.nudges import NudgeRow
from storage.overlays import CadenceRow
from storage.settings import LogRow
from tests.conftest import count, rows
from tests.dialogues.script import Script, text_of
from tests.features.test_cadences import MONTHLY, ONLY_CHECKIN, WEEKLY, choose, on

YEARLY = Rhythm("review", "year", "last day", time(9, 30))
PILOT = Settings.model_validate({"people": {"pilot": ["nobody"]}, "rhythms": ONLY_CHECKIN})


@pytest.fixture
async def script(company):
    desk = company(*FEATURES, now=on(11, 10), settings=PILOT)
    people = [await desk.person(name) for name in ("Max", "Zoe")]
    people += [await desk.person(name, manager="max") for name in ("Ana", "Ben")]
    return Script(desk, *people)


async def said_of(script, who):
    return [text_of(message) for message in await script.desk.deliver() if who in script._said(message)]


async def fill(script, who, value, **answers):
    return await script.desk.submit(script.people[who], "cadence.form", value, answers=answers)


async def test_a_manager_chooses_a_rhythm_and_sees_the_days_before_it_holds(script):
    await script.expects("max: /kadens team", "> max: Your team’s rhythm / Check-in / every month, the first Tuesday")
    opened = await script.desk.press(script.people["max"], "Every week")
    assert isinstance(opened, OpenForm) and opened.form.value == "checkin|week"
    [days, at] = opened.form.fields
    assert ("thursday", "Thursday") in days.options and at.value == "09:30"
    assert await fill(script, "max", "checkin|week", on="thursday", at="10") is None
    [card] = await said_of(script, "max")
    assert card.startswith(
        "Check-in: shall it be like this? / every week, Thursday, 10:00 / The next days are Thursday 19"
    )
    assert "begins with the period that starts on Monday 16 November" in card
    assert await count(script.desk.store, CadenceRow) == 0
    await script.expects("max [Save]", "> max: Check-in: your team’s rhythm is set / every week, Thursday, 10:00")
    await script.expects("max [Save]", "> max: Check-in: your team’s rhythm is set")
    assert await count(script.desk.store, CadenceRow) == await count(script.desk.store, LogRow) == 1
    [line] = await rows(script.desk.store, AuditRow, actor="max")
    assert (line.action, line.record) == ("settings.set", "team.checkin")
    await script.expects("max: /kadens team", "> max: …From Monday 16 November: every week, Thursday, 10:00.")


async def test_the_team_follows_it_and_nobody_else_does(script):
    await fill(script, "max", "checkin|month", on="last friday", at="16:00")
    await script.desk.deliver()
    await script.desk.press(script.people["max"], "Save")
    await script.desk.deliver()
    for who, day in (("ana", "the last Friday, 16:00"), ("max", "the first Tuesday"), ("zoe", "the first Tuesday")):
        await script.expects(f"{who}: /kadens rhythm", f"> {who}: …every month, {day}")


async def test_counts_are_of_the_teams_own_period(script):
    await choose(script.desk.store, "max", WEEKLY, date(2026, 10, 20))
    await script.desk.command(script.people["ana"], "kadens", "skip")
    await script.desk.deliver()
    [row] = await rows(script.desk.store, NudgeRow, person="ana")
    assert row.period == "2026-W46"
    await script.expects("max: /kadens team", "> max: …Answers for week 46: 0 of 2")
    await script.expects("max: /checkin team", "> max: Check-ins in your team, week 46 / Ana: skips this one")
    await script.expects("max: /kadens home", "> max: …Your team’s check-ins, week 46")


async def test_all_objections_come_at_once_and_a_forged_day_is_none(script):
    refused = await fill(script, "max", "checkin|week", on="first tuesday", at="noon")
    assert isinstance(refused, Refuse) and set(refused.objections) == {"on", "at"}
    for value in ("", "lunch|week", "review|week", "checkin|week|first tuesday|09:00", "checkin|month|day 99|09:00"):
        await script.desk.act(script.people["max"], "cadence.save", value)
        [card] = await said_of(script, "max")
        assert card.startswith("That choice is no longer on offer.")
    assert await count(script.desk.store, CadenceRow) == 0


async def test_back_to_the_companys(script):
    await choose(script.desk.store, "max", MONTHLY, date(2026, 10, 20))
    await script.expects("max: /kadens team", "> max: *", "max [Back to the company’s]", "> max: *")
    await script.expects("max [Save]", "> max: Check-in: your team’s rhythm is set / every month, the first Tuesday")
    assert await count(script.desk.store, CadenceRow) == 0
    [line] = await rows(script.desk.store, LogRow)
    assert "last friday" in line.old and line.new == ""


async def test_the_reviews_cadence_is_the_companys(script):
    script.desk.store.settings = PILOT.model_copy(update={"rhythms": {**PILOT.rhythms, "review": YEARLY}})
    await script.desk.command(script.people["max"], "kadens", "team")
    await script.desk.deliver()
    opened = await script.desk.press(script.people["max"], "Another day or hour")
    assert isinstance(opened, OpenForm) and opened.form.value == "review|year"
    await fill(script, "max", "review|year", on="last workday", at="11:00")
    await script.desk.deliver()
    await script.desk.press(script.people["max"], "Save")
    [row] = await rows(script.desk.store, CadenceRow)
    assert stages(row.said)["review"] == (Stage(date.min, Beat("last workday", time(11))),)


async def test_what_is_not_for_everybody_is_not_the_teams(script):
    """A team's managers have the company's rhythm; no form or forged button of their manager's says otherwise."""
    script.desk.store.settings = Settings.model_validate({"people": {"pilot": ["nobody"]}})
    await script.desk.command(script.people["max"], "kadens", "team")
    [card] = await said_of(script, "max")
    assert "Look back" in card and "Look ahead" in card and "xpectations" not in card and "tip" not in card
    refused = await fill(script, "max", "tips|week", on="thursday", at="10:00")
    assert isinstance(refused, Refuse)
    await script.desk.act(script.people["max"], "cadence.save", "tips|week|thursday|10:00")
    assert await count(script.desk.store, CadenceRow) == 0


@pytest.mark.parametrize("action", ["cadence.form", "cadence.save", "cadence.back", "cadence.show"])
async def test_who_has_no_team_is_told_so_kindly(script, action):
    await script.expects("zoe: /kadens team", "> zoe: You have no team here yet.")
    await script.desk.act(script.people["zoe"], action, "checkin|week|monday|09:00")
    [card] = await said_of(script, "zoe")
    assert card.startswith("You have no team here yet.")
    assert await count(script.desk.store, CadenceRow) == 0


async def test_another_companys_people_are_nobodys_team(script):
    zoe = await script.desk.person("Other", workspace="teams:t9")
    await script.desk.command(stranger(zoe.workspace, zoe.account), "kadens", "team")
    assert "You have no team here yet." in str((await script.desk.deliver())[0].card)


async def test_a_button_of_the_time_before_says_so(script):
    await choose(script.desk.store, "max", WEEKLY, date(2026, 10, 20))
    await script.desk.act(script.people["ana"], "rhythm.skip", "checkin|2026-11")
    [card] = await said_of(script, "ana")
    assert card.startswith("That was the rhythm of another time.")
