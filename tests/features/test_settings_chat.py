"""One's own settings in chat (R5): language, days and hours, ways of taking feedback, and letting a rhythm rest."""

from datetime import UTC, date, datetime

import pytest

from bot.core.calendar import Calendar
from bot.core.effects import OpenForm, Refuse
from bot.core.settings import RHYTHMS, Settings
from bot.core.typed import read_clock, read_zone
from handlers import FEATURES
from scheduler.nudges import plan
from storage import directory
from storage.absences import AbsenceRow
from storage.nudges import NudgeRow
from storage.people import PersonRow, Profile
from tests.conftest import count, rows
from tests.dialogues.script import Script

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
NOBODY = Settings.model_validate({"people": {"pilot": ["nobody"]}})
SAME = {"lang": "en", "zone": "UTC", "days": "monday,tuesday,wednesday,thursday,friday", "start": "09:00",
        "end": "17:00", "timing": "unsaid", "form": "unsaid", "detail": "unsaid"}  # fmt: skip


@pytest.fixture
async def script(company):
    desk = company(*FEATURES, now=TUESDAY, settings=NOBODY)
    return Script(desk, *[await desk.person(name) for name in ("Ana", "Max")])


async def save(script, **answers):
    return await script.desk.submit(script.people["ana"], "settings.form", answers=SAME | answers)


async def ana(script):
    [row] = await rows(script.desk.store, PersonRow, id="ana")
    return row


async def test_the_card_shows_all_of_it_and_the_form_is_filled_in(script):
    await script.expects("ana: /kadens settings", "> ana: Your settings / Language: English / Time zone: UTC / Working")
    opened = await script.desk.press(script.people["ana"], "Change")
    assert isinstance(opened, OpenForm)
    values = {field.id: field.value for field in opened.form.fields}
    assert values == SAME
    await save(script)
    row = await ana(script)
    # Nothing was changed, so nothing counts as chosen: the platform's word goes on.
    assert (row.lang_chosen, row.zone_chosen, row.hours) == (False, False, "")


async def test_what_is_chosen_holds_and_wins_over_the_platform(script):
    await save(script, lang="sv", zone="stockholm", days="monday,wednesday", start="8", end="16.30", timing="time",
               form="person", detail="headline")  # fmt: skip
    [message] = await script.desk.deliver()
    shown = str(message.card)
    for words in ("Sparat.", "Europe/Stockholm", "måndag och onsdag", "08:00 till 16:30", "med tid att tänka"):
        assert words in shown
    row = await ana(script)
    assert (row.lang, row.lang_chosen, row.zone, row.zone_chosen) == ("sv", True, "Europe/Stockholm", True)
    assert (row.takes_timing, row.takes_form, row.takes_detail) == ("time", "person", "headline")
    assert (row.calendar, row.hours) == ("Europe/Stockholm|SE|02|08:00|16:30", "02|08:00|16:30")
    async with script.desk.store.transaction() as session:
        told = Profile("slack:T1", "U-ana", "Ana", zone="America/Lima", lang="nl")
        await directory.learn(session, [told], TUESDAY)
    row = await ana(script)
    assert (row.lang, row.calendar) == ("sv", "Europe/Stockholm|SE|02|08:00|16:30")


async def test_hours_like_everybodys_follow_the_company_again(script):
    await save(script, start="10:00")
    assert (await ana(script)).hours == "01234|10:00|17:00"
    await save(script)
    assert (await ana(script)).hours == ""


async def test_the_hours_are_those_in_which_nudges_come(script):
    script.desk.store.settings = Settings(rhythms={"review": {"every": "year", "on": "last day"}})
    await save(script, zone="Europe/Amsterdam", days="wednesday", start="13:00", end="15:00")
    await plan(script.desk.store, datetime(2026, 5, 6, 10, 59, tzinfo=UTC))
    assert await count(script.desk.store, NudgeRow, person="ana", state="owed") == 0
    await plan(script.desk.store, datetime(2026, 5, 6, 11, tzinfo=UTC))  # Wednesday, one o'clock there
    assert await count(script.desk.store, NudgeRow, person="ana", state="owed") == 1


async def test_all_objections_come_at_once_beside_their_fields(script):
    refused = await save(script, lang="xx", zone="Moon/Base", days="someday", start="x", end="25:00")
    assert isinstance(refused, Refuse)
    assert set(refused.objections) == {"lang", "zone", "days", "start", "end"}
    refused = await save(script, start="17:00", end="09:00")
    assert isinstance(refused, Refuse) and "after it begins" in refused.objections["end"]
    refused = await save(script, start="21:00", end="23:00")
    assert isinstance(refused, Refuse) and "quiet ones (20:00 to 07:00)" in refused.objections["end"]
    row = await ana(script)
    assert (row.lang, row.calendar) == ("en", Calendar("UTC").key)


async def test_nothing_that_was_not_offered_is_taken(script):
    await save(script, timing="<b>", form="", detail="writing", board="hidden")
    row = await ana(script)
    assert (row.takes_timing, row.takes_form, row.takes_detail, row.off_board) == ("", "", "", False)


async def test_the_leaderboard_is_only_asked_about_where_there_is_one(script):
    script.desk.store.settings = Settings.model_validate({**NOBODY.model_dump(exclude={"rhythms"}),
                                                          "kudos": {"leaderboard": True}})  # fmt: skip
    await script.expects("ana: /kadens settings", "> ana: …Leaderboard: you stand on it")
    await save(script, board="hidden")
    assert (await ana(script)).off_board
    await script.desk.deliver()
    await script.expects("ana: /kadens settings", "> ana: …Leaderboard: you are left out")


async def test_away_shows_on_the_card_and_ends_there(script):
    await script.expects(
        """
        ana: /kadens away 2026-04-20 2026-04-24
        > ana: *
        ana: /kadens settings
        > ana: …Away: Monday 20 April to Friday 24 April
        ana [I am back]
        > ana: Welcome back.
        ana: /kadens settings
        > ana: …Away: no
        """
    )


async def test_one_rhythm_rests_until_it_is_resumed_and_no_other(script):
    desk, who = script.desk, script.people["ana"]
    await script.expects("ana: /kadens away 2026-04-20 2026-04-24", "> ana: *", "ana: /kadens settings", "> ana: *")
    opened = await desk.press(who, "Let something rest")
    assert isinstance(opened, OpenForm)
    await desk.submit(who, "rhythm.rest", answers={"which": "checkin", "until": ""})
    await desk.deliver()
    await script.expects("ana: /kadens settings", "> ana: …Check-in: rests until you resume it / Look back: next on")
    await script.expects("ana [Resume check-in]", "> ana: Your check-in goes on from now.")
    [left] = await rows(desk.store, AbsenceRow)
    assert left.rhythm == "*"


async def test_a_rhythm_rests_until_a_day(script):
    desk, who = script.desk, script.people["ana"]
    await desk.submit(who, "rhythm.rest", answers={"which": "checkin", "until": "2026-05-20"})
    await desk.deliver()
    [row] = await rows(desk.store, AbsenceRow)
    assert (row.rhythm, row.first, row.last) == ("checkin", date(2026, 4, 14), date(2026, 5, 19))
    await script.expects("ana: /kadens settings", "> ana: …Check-in: quiet until Tuesday 19 May")
    await script.expects("ana: /kadens resume check-in", "> ana: Your check-in goes on from now.")
    assert await count(desk.store, AbsenceRow) == 0
    refused = await desk.submit(who, "rhythm.rest", answers={"which": "lunch", "until": "2020-01-01"})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"which", "until"}
    await desk.act(who, "rhythm.resume", "lunch")
    assert "rhythm of another time" in str((await desk.deliver())[0].card)


async def test_an_answer_given_early_is_not_announced_again(script):
    await script.expects("ana: /kadens skip review", "> ana: *")
    await script.expects("ana: /kadens settings", "> ana: …Look back: next on Wednesday 16 September")


@pytest.mark.parametrize(
    ("typed", "read"),
    [("9", "09:00"), ("9:30", "09:30"), ("09.30", "09:30"), ("17 uur", "17:00"), ("24", None), ("9:3", None),
     ("", None), ("nine", None), ("-1", None), ("٩", None)],
)  # fmt: skip
def test_hours_as_people_type_them(typed, read):
    at = read_clock(typed)
    assert (f"{at:%H:%M}" if at else None) == read


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("Europe/Amsterdam", "Europe/Amsterdam"), ("amsterdam", "Europe/Amsterdam"), ("New York", "America/New_York"),
     ("utc", "UTC"), ("europe", None), ("", None), ("../etc/passwd", None), ("Atlantis", None)],
)  # fmt: skip
def test_zones_as_people_type_them(typed, zone):
    assert read_zone(typed) == zone


async def test_a_rhythm_is_shown_only_to_whom_it_concerns(script):
    everybodys, managers = ("check-in", "look back", "look ahead"), ("expectations round", "weekly tip")
    for who in ("ana", "max"):
        await script.desk.command(script.people[who], "kadens", "rhythm")
        await script.desk.command(script.people[who], "kadens", "settings")
        told = " ".join(text for _, text in (script._said(each) for each in await script.desk.deliver())).lower()
        assert all(told.count(name) == 2 for name in everybodys), told
        assert [name in told for name in managers] == [False, False]
        await script.expects(f"{who}: /kadens skip weekly tip", f"> {who}: Which one?")
        opened = await script.desk.act(script.people[who], "rhythm.rest", "tips", opens=True)
        assert "tips" not in dict(opened.form.fields[0].options)
    await script.desk.person("Cy", manager="max")
    await script.desk.command(script.people["max"], "kadens", "rhythm")
    told = script._said((await script.desk.deliver())[-1])[1]
    assert all(name in told for name in (*everybodys, *managers))
    await script.expects("max: /kadens skip weekly tip", "> max: Fine, no weekly tip this time.")


async def test_where_all_is_turned_off_there_is_nothing_to_rest(script):
    off = {name: {"whom": "nobody"} for name in RHYTHMS}
    script.desk.store.settings = Settings.model_validate({"rhythms": off})
    await script.expects("ana: /kadens rhythm", "> ana: Your rhythm / No rhythm is meant for you here.")
    await script.expects("ana: /kadens settings", "> ana: Your settings")
    with pytest.raises(LookupError):
        await script.desk.press(script.people["ana"], "Let something rest")
    await script.desk.act(script.people["ana"], "rhythm.rest", "checkin", opens=True)
    assert script._said((await script.desk.deliver())[-1])[1].startswith("No rhythm is meant for you here.")
