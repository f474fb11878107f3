"""Who one is here: manager, language, settings; and one's own say over the rhythm."""

from datetime import UTC, date, datetime

import pytest

from bot.core.effects import OpenForm, Refuse
from bot.core.settings import Settings
from handlers import FEATURES
from storage import directory
from storage import people as folk
from storage.absences import AbsenceRow
from storage.nudges import NudgeRow
from storage.people import PersonRow
from storage.places import ChannelRow
from tests.conftest import HALL, Company, count, rows
from tests.dialogues.script import Script

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
NOBODY = Settings.model_validate({"people": {"pilot": ["nobody"]}})


@pytest.fixture
async def script(company: Company) -> Script:
    desk = company(*FEATURES, now=TUESDAY, settings=NOBODY)
    return Script(desk, *[await desk.person(name) for name in ("Ana", "Max", "Zoe")])


async def test_a_manager_is_named_and_confirms(script: Script) -> None:
    await script.expects(
        """
        ana: /kadens manager
        > ana: Tell me who your manager is
        ana: /kadens manager @max
        > ana: I asked Max.
        > max: Ana says you are their manager
        max [Yes, I am]
        > ana: Max confirmed being your manager.
        ana: /kadens manager
        > ana: Your manager is Max.
        ana: /kadens manager @max
        > ana: Max is your manager already.
        max: /checkin team
        > max: Check-ins in your team, April / Ana: not asked yet
        """
    )


async def test_a_refusal_and_a_stale_button(script: Script) -> None:
    await script.expects(
        """
        ana: /kadens manager @max
        > ana: *
        > max: *
        max [No]
        > ana: Max says it is somebody else.
        """
    )
    await script.desk.act(script.people["max"], "people.confirm", "ana")
    [row] = await rows(script.desk.store, PersonRow, id="ana")
    assert row.manager is None and row.manager_asked is None


async def test_only_the_one_who_was_asked_can_confirm(script: Script) -> None:
    await script.expects("ana: /kadens manager @max", "> ana: *", "> max: *")
    await script.desk.act(script.people["zoe"], "people.confirm", "ana")
    [row] = await rows(script.desk.store, PersonRow, id="ana")
    assert row.manager is None


async def test_oneself_a_bot_and_a_circle_are_refused(script: Script) -> None:
    await script.expects("ana: /kadens manager @ana", "> ana: You cannot be your own manager.")
    await script.expects("ana: /kadens manager @max", "> ana: *", "> max: *", "max [Yes, I am]", "> ana: *")
    await script.expects("max: /kadens manager @zoe", "> max: *", "> zoe: *", "zoe [Yes, I am]", "> max: *")
    for who in ("ana", "max"):
        await script.expects(f"zoe: /kadens manager @{who}", f"> zoe: {who.title()} reports to you already")


async def test_the_form_refuses_beside_its_field(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await script.expects("ana: /kadens settings", "> ana: Your settings / Language: English / Time zone: UTC")
    assert isinstance(await desk.press(ana, "My manager"), OpenForm)
    refused = await desk.submit(ana, "people.manager", people={"manager": (ana,)})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"manager"}


async def test_the_language_is_ones_own_and_stays_when_the_platform_says_otherwise(script: Script) -> None:
    await script.expects("ana: /kadens language xx", "> ana: I speak English (en)")
    await script.desk.command(script.people["ana"], "kadens", "language sv")
    await script.desk.deliver()
    async with script.desk.store.transaction() as session:
        told = folk.Profile("slack:T1", "U-ana", "Ana Berg", zone="Europe/Stockholm", lang="en")
        await directory.learn(session, [told], TUESDAY)
    [row] = await rows(script.desk.store, PersonRow, id="ana")
    assert (row.lang, row.name, row.zone) == ("sv", "Ana Berg", "Europe/Stockholm")
    assert row.calendar.startswith("Europe/Stockholm|SE|")  # whose holidays count follows from where one lives


async def test_a_zone_nobody_knows_changes_nothing(script: Script) -> None:
    async with script.desk.store.transaction() as session:
        await directory.learn(session, [folk.Profile("slack:T1", "U-ana", "Ana", zone="Moon/Base")], TUESDAY)
    [row] = await rows(script.desk.store, PersonRow, id="ana")
    assert row.calendar.startswith("UTC|")


async def test_privacy_help_and_plain_words(script: Script) -> None:
    await script.expects("ana: /kadens privacy", "> ana: Who can see what / Your check-ins")
    await script.expects("ana: help me please", "> ana: What I can do")
    await script.expects("ana: kadens help", "> ana: What I can do")
    for name in ("checkin", "kudos", "grow", "review"):
        await script.expects(f"ana: {name} help", "> ana: *")


async def test_away_by_words_form_and_back(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await script.expects(
        """
        ana: /kadens away 2026-05-01 2026-05-10
        > ana: I will be quiet from Friday 1 May until Sunday 10 May.
        ana: /kadens away 2026-05-10 2026-05-01
        > ana: The last day is before the first one.
        ana: /kadens away some day
        > ana: I could not read those days.
        """
    )
    [absence] = await rows(desk.store, AbsenceRow)
    assert (absence.rhythm, absence.first, absence.last) == ("*", date(2026, 5, 1), date(2026, 5, 10))
    assert isinstance(await desk.command(ana, "kadens", "away"), OpenForm)
    refused = await desk.submit(ana, "rhythm.away", answers={"first": "2026-04-20", "last": ""})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"last"}
    await script.expects("ana: /kadens back", "> ana: Welcome back.")
    assert await count(desk.store, AbsenceRow) == 0


async def test_skip_snooze_and_pause_by_words(script: Script) -> None:
    await script.expects(
        """
        ana: /kadens skip check-in
        > ana: Fine, no check-in this time.
        ana: /kadens snooze check-in 3
        > ana: I will come back with your check-in on Friday 17 April.
        ana: /kadens snooze look back 2026-05-04
        > ana: I will come back with your look back on Monday 4 May.
        ana: /kadens snooze
        > ana: Which one, and how long?
        ana: /kadens snooze check-in yesterday
        > ana: Which one, and how long?
        ana: /kadens pause look back
        > ana: Your look back rests until you say
        ana: /kadens resume
        > ana: Welcome back.
        ana: /kadens rhythm
        > ana: Your rhythm / check-in: every month
        """
    )
    [row] = await rows(script.desk.store, NudgeRow)
    assert (row.rhythm, row.period, row.state) == ("checkin", "2026-04", "skipped")


async def test_let_into_a_channel_it_says_hello_and_remembers_what_kind_of_place_it_is(script: Script) -> None:
    from bot.core.events import Met

    await script.desk.take(Met(**script.desk.base(script.people["ana"], HALL), kind="public"))
    [message] = await script.desk.deliver()
    assert message.place == HALL
    [row] = await rows(script.desk.store, ChannelRow)
    assert (row.conversation, row.kind) == ("C1", "public")


async def test_home_has_own_tasks_first(script: Script) -> None:
    await script.expects(
        """
        max: /kadens manager @ana
        > max: *
        > ana: *
        ana: /grow
        > ana: *
        ana: /kadens home
        > ana: Hello Ana / For you / Max says you are their manager
        ana [Start my check-in]
        > ana: Your April check-in
        zoe: /kadens
        > zoe: Hello Zoe / For you / Nothing is waiting for you.
        """
    )


async def test_history_shows_given_and_received_and_pages(script: Script) -> None:
    desk, ana, zoe = script.desk, script.people["ana"], script.people["zoe"]
    await script.expects("ana: /kadens history", "> ana: Your history / Nothing here yet.")
    for number in range(8):
        desk.later(hours=7)
        who, to = (ana, zoe) if number % 2 else (zoe, ana)
        await desk.command(who, "kudos", f"reason {number}", HALL, mentions=(to,))
    await desk.deliver()
    await desk.command(ana, "kadens", "history")
    [first] = await desk.deliver()
    assert "reason 7" in str(first.card) and "reason 2" in str(first.card) and "reason 1" not in str(first.card)
    await desk.press(ana, "Older")
    [second] = await desk.deliver()
    assert "reason 1" in str(second.card) and "reason 0" in str(second.card) and "reason 2" not in str(second.card)
