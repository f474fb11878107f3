"""The coaching manager (W5): one's own rhythm first, questions for the stage, and a tip on Mondays, each once."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core import coach
from bot.core.settings import RHYTHMS, Settings
from bot.core.wording import LANGUAGES
from handlers import FEATURES
from scheduler.nudges import plan, play
from storage.coach import TipRow
from storage.meetings import meetings
from storage.nudges import nudges
from storage.people import people
from tests.conftest import rows
from tests.dialogues.script import Script

MONDAY = datetime(2026, 11, 9, 9, 30, tzinfo=UTC)
QUIET = {name: {"whom": "nobody"} for name in RHYTHMS}
TIPS = Settings.model_validate({"rhythms": {name: own for name, own in QUIET.items() if name != "tips"}})


@pytest.fixture
async def script(company):
    desk = company(*FEATURES, now=datetime(2026, 11, 6, 12, tzinfo=UTC), settings=Settings(rhythms=QUIET))
    folk = [await desk.person("Max"), await desk.person("Zoe")]
    folk += [await desk.person(name, manager="max") for name in ("Ana", "Ben", "Cy")]
    return Script(desk, *folk)


async def heard(script, who="max"):
    return [script._said(message)[1] for message in await script.desk.deliver() if script._said(message)[0] == who]


async def held(script, one, other, at, state="held"):
    row = {"id": f"{one}{other}{at}", "pair": "p", "one": one, "other": other, "day": at.date(), "at": at}
    async with script.desk.store.transaction() as session:
        await session.run(meetings.insert().values(**row, state=state))


# Their own rhythm, and the stage.


async def test_leaders_see_their_own_rhythm_first(script):
    now = script.desk.now
    await held(script, "max", "ana", now - timedelta(days=3))
    await held(script, "cy", "max", now - timedelta(days=20))
    await held(script, "ben", "max", now - timedelta(days=40))  # too long ago
    await held(script, "ben", "max", now - timedelta(days=2), "missed")
    await script.expects(
        "max: /grow coach",
        "> max: Coach / First your own rhythm / Check-in: not yet for November / Goals: none is open / "
        "1:1s in four weeks: with Ana and Cy; not with Ben / Where you are now / Which part of a talk are you in?",
    )


async def test_a_figure_about_goals_comes_with_the_last_word(script):
    await script.desk.command(script.people["max"], "goal", "Customers stay, from 40 to 60 % by June")
    await script.desk.deliver()
    await script.desk.command(script.people["max"], "grow", "coach")
    assert "Goals: 1 open, without a word yet" in (await heard(script))[-1]


async def test_who_leads_nobody_is_told_nothing_of_one_to_ones(script):
    await script.desk.command(script.people["zoe"], "grow", "coach")
    [said] = await heard(script, "zoe")
    assert "1:1s" not in said and "Which part of a talk" in said


@pytest.mark.parametrize("word", ["options", "möjligheter", "Opties"])
async def test_questions_for_a_stage_by_its_name_in_any_language(script, word):
    await script.desk.command(script.people["max"], "grow", f"coach {word}")
    [said] = await heard(script)
    assert said.startswith("Options / As many ways as there are.") and "And what else?" in said


async def test_other_questions_come_until_the_first_ones_come_again(script):
    await script.expects(
        "max: /grow coach goal",
        "> max: Goal / What they want, in their own words. Take your time here; a clear goal makes the rest short. / "
        "What would you like to have",
        "max [Other questions]",
        "> max: …Which part of it is in your own hands?",
        "max [Other questions]",
        "> max: …What would you like to have",
        "max [Next: Reality]",
        "> max: Reality /",
        "max [How to listen]",
        "> max: Listening, three habits for today / Be there: nothing else open",
        "max [Three others]",
        "> max: …Ask about the word that came up twice.",
        "max [Questions for a talk]",
        "> max: Coach / First your own rhythm",
    )


@pytest.mark.parametrize("value", ["", "goal|-1", "goal|x", "goal|9999999", "goal|²", "nowhere|1"])
async def test_a_forged_button_shows_what_there_is(script, value):
    await script.desk.act(script.people["max"], "coach.stage", value)
    [said] = await heard(script)
    assert said.startswith(("Goal /", "I have questions for"))


async def test_a_word_that_is_no_stage_is_answered_with_those_there_are(script):
    await script.expects("max: /grow coach tea", "> max: I have questions for goal, reality, options and will")
    await script.expects("max: /grow coach help", "> max: Coach, for talks you lead / /grow coach shows")


async def test_the_stage_of_a_talk_one_sits_beside_is_known(script):
    await script.expects(
        "max: /grow @ana less hurry",
        "> ana: Max invites you",
        "> max: I invited Ana.",
        "ana [Let’s do it]",
        "> ana: GROW: less hurry",
        "> max: Ana has begun.",
        "max: /grow coach",
        "> max: …Ana is at “Goal” in the talk you two share. / What would you like to have",
        "ana: one evening without mail",
        "> ana: *",
        "> max: *",
        "max [More questions for this]",
        "> max: Reality /",
        "max: /grow coach",
        "> max: …Ana is at “Reality” in the talk you two share.",
        "zoe: /grow coach",
        "> zoe: …Which part of a talk",
    )


async def test_a_talk_that_was_only_shared_with_nobody_shows_nothing(script):
    await script.expects("ana: /grow my own thing", "> ana: *")
    await script.desk.command(script.people["max"], "grow", "coach")
    [said] = await heard(script)
    assert "Ana is at" not in said


# The tips.


def test_there_are_forty_tips_in_turn_in_every_language():
    order = coach.tips()
    assert len(order) == len(set(order)) >= 40
    assert [coach.theme_of(tip) for tip in order[:4]] == ["listening", "asking", "feedback", "workload"]
    for lang in LANGUAGES:
        texts = [coach.say(lang, f"tips.{tip}") for tip in order]
        assert len(set(texts)) == len(texts) and all(40 <= len(text) <= 220 for text in texts)


def test_none_comes_twice_before_all_were_told():
    told, at = {}, MONDAY
    for _ in range(2):
        told_now = []
        for _ in coach.tips():
            tip = coach.following(told)
            told_now.append(tip)
            told[tip], at = at, at + timedelta(weeks=1)
        assert sorted(told_now) == sorted(coach.tips())


def test_a_tip_that_left_the_page_is_no_trouble():
    told = dict.fromkeys(coach.tips(), MONDAY) | {"gone.tip": MONDAY + timedelta(days=1)}
    assert coach.following(told) in coach.tips() and coach.latest(told) in coach.tips()
    assert coach.latest({"gone.tip": MONDAY}) is None


async def mondays(script, count):
    """Who was told what in so many weeks."""
    found = []
    for _ in range(count):
        await plan(script.desk.store, script.desk.now)
        await play(script.desk.turns, script.desk.store, script.desk.now)
        found += [script._said(message) for message in await script.desk.deliver()]
        script.desk.now += timedelta(weeks=1)
    return found


async def test_on_mondays_a_tip_comes_to_managers_alone(script):
    script.desk.store.settings, script.desk.now = TIPS, MONDAY
    found = await mondays(script, 3)
    assert {who for who, _ in found} == {"max"}
    tips = [text.removeprefix("A thought for your week / ").split(" / ")[0] for _, text in found]
    assert tips == [coach.say("en", f"tips.{tip}") for tip in coach.tips()[:3]]
    assert {row.tip for row in await rows(script.desk.store, TipRow, person="max")} == set(coach.tips()[:3])


async def test_whose_own_check_in_waits_is_told_with_the_tip(script):
    script.desk.store.settings, script.desk.now = TIPS, MONDAY
    row = {"person": "max", "rhythm": "checkin", "period": "2026-11", "step": 0, "due_at": MONDAY, "tries": 0}
    async with script.desk.store.transaction() as session:
        await session.run(nudges.insert().values(**row, state="said"))
    [(_, text)] = await mondays(script, 1)
    assert text.endswith("your own check-in for November still waits. People do what they see.")


async def test_who_leads_nobody_any_more_by_then_hears_nothing(script):
    script.desk.store.settings, script.desk.now = TIPS, MONDAY
    await plan(script.desk.store, script.desk.now)
    async with script.desk.store.transaction() as session:
        await session.run(people.update().where(people.c.manager == "max").values(manager=None))
    assert await mondays(script, 1) == []


async def test_what_was_put_off_comes_again_and_not_one_more(script):
    script.desk.store.settings, script.desk.now = TIPS, MONDAY
    [(_, first)] = await mondays(script, 1)
    script.desk.now = MONDAY + timedelta(hours=1)
    snoozed = "> max: I will come back with your weekly tip on Wednesday 11 November."
    await script.expects("max: /kadens snooze tips 2", snoozed, "+ 3 days", f"> max: {first}")
    assert len(await rows(script.desk.store, TipRow, person="max")) == 1


async def test_a_tip_can_rest(script):
    script.desk.store.settings, script.desk.now = TIPS, MONDAY
    await script.expects("max: /kadens pause weekly tip", "> max: Your weekly tip rests until", "+ 15 days", "> nobody")
    await script.expects("ana: /kadens pause weekly tip", "> ana: Which one?")


async def test_the_home_of_who_leads_others_goes_there(script):
    await script.desk.command(script.people["max"], "kadens", "home")
    await script.desk.deliver()
    await script.expects("max [Coaching]", "> max: Coach / First your own rhythm")
    await script.desk.command(script.people["ana"], "kadens", "home")
    await script.desk.deliver()
    with pytest.raises(LookupError):
        await script.desk.press(script.people["ana"], "Coaching")


@pytest.mark.parametrize(("whom", "who"), [("everybody", {"max", "ana"}), ("managers", {"max"}), ("nobody", set())])
async def test_a_home_offers_the_check_in_only_to_whom_it_concerns(script, whom, who):
    script.desk.store.settings = Settings.model_validate({"rhythms": {**QUIET, "checkin": {"whom": whom}}})
    offered = set()
    for each in ("max", "ana"):
        await script.desk.command(script.people[each], "kadens", "home")
        shown = [message.card for message in await script.desk.deliver() if message.card]
        offered |= {each for card in shown if "checkin.start" in str(card)}
    assert offered == who
