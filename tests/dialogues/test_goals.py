"""Goals from the first words to the end: set, made clearer, kept alive, asked about, closed and celebrated."""

from datetime import UTC, date, datetime

import pytest

from bot.core.settings import Settings
from handlers import FEATURES
from storage.dialogues import DialogueRow
from storage.goals import GoalRow
from tests.conftest import SLACK, Company, rows
from tests.dialogues.script import Script

WEDNESDAY = datetime(2026, 4, 8, 12, tzinfo=UTC)
QUIET = Settings.model_validate(  # rhythms are silent here, and there is a channel to celebrate in
    {"people": {"pilot": ["nobody"]}, "kudos": {"recognition": {SLACK: "C-thanks"}}}
)


@pytest.fixture
async def script(company: Company) -> Script:
    desk = company(*FEATURES, now=WEDNESDAY, settings=QUIET)
    max = await desk.person("Max", team="Care")
    return Script(desk, await desk.person("Ana", manager="max", team="Care"), max, await desk.person("Zoe"))


async def test_set_by_words_it_asks_only_for_what_is_missing(script: Script) -> None:
    await script.expects(
        """
        ana: /goal win three new customers by 30 june
        > ana: Your goal is set / win three new customers / It counts as it is.
        ana [A figure]
        > ana: How will you see it in figures
        ana: a lot of them
        > ana: I need two figures
        ana: from 0 to 3 customers
        > ana: Why does it matter
        ana: they pay the rent
        > ana: win three new customers / Kind: A figure / Why: they pay the rent / Measure: from 0 to 3 customers
        """
    )
    [goal] = await rows(script.desk.store, GoalRow)
    assert (goal.kind, goal.start, goal.target, goal.value, goal.unit) == ("measure", 0, 3, 0, "customers")
    assert (goal.due, goal.why, goal.state) == (date(2026, 6, 30), "they pay the rent", "open")


async def test_figures_in_the_words_are_understood(script: Script) -> None:
    await script.expects(
        """
        ana: /goal Customers who stay from 80 to 90 % by 30 june
        > ana: Your goal is set / Customers who stay / It counts as it is.
        ana: they are the best advertising
        > ana: Customers who stay / Kind: A figure
        """
    )
    [goal] = await rows(script.desk.store, GoalRow)
    assert (goal.title, goal.kind, goal.start, goal.target, goal.unit) == ("Customers who stay", "measure", 80, 90, "%")


@pytest.mark.parametrize("words", ["keep it", "Keep it!", "behåll", "houden", "[Keep it]"])
async def test_keep_it_ends_it_at_once_with_the_goal_as_it_is(script: Script, words: str) -> None:
    line = f"ana {words}" if words.startswith("[") else f"ana: {words}"
    await script.expects("ana: /goal Quality", "> ana: Your goal is set / Quality", line, "> ana: Quality / Kind: Done")
    [goal] = await rows(script.desk.store, GoalRow)
    [talk] = await rows(script.desk.store, DialogueRow)
    assert (goal.title, goal.due, goal.state, talk.state) == ("Quality", None, "open", "finished")
    # Its button is gone; a press that was under way says no more than that.
    await script.desk.act(script.people["ana"], "goals.keep", talk.id)
    await script.expects("+ 1 minutes", "> ana: It counts as it is.")
    # What is changed after that belongs to its history, with a reason.
    await script.expects("ana in smart: more words", "> ana: This one is finished")
    assert await script.desk.act(script.people["ana"], "talk.form", talk.id) is None
    await script.expects("+ 1 minutes", "> ana: This goal is set. Adjust it any time")


async def test_back_skip_and_another_kind(script: Script) -> None:
    await script.expects(
        """
        ana: /goal write the quarterly report
        > ana: Your goal is set
        ana [Key results]
        > ana: Which results would show it?
        ana: back
        > ana: …What kind of goal is it?
        ana [Done or not]
        > ana: By when?
        ana: skip
        > ana: Why does it matter
        ana: skip
        > ana: write the quarterly report / Kind: Done or not / Who sees it: My team
        """
    )
    [goal] = await rows(script.desk.store, GoalRow)
    assert (goal.kind, goal.target, goal.due, goal.why) == ("milestone", 1, None, "")


async def test_key_results_name_the_line_that_is_none(script: Script) -> None:
    await script.expects(
        """
        ana: /goal make customers stay with us
        > ana: *
        ana [Key results]
        > ana: Which results would show it?
        """
    )
    desk, ana = script.desk, script.people["ana"]
    await desk.say(ana, "Churn from 5 to 3 %\nsmile more\nCalls from 10 to 20")
    [said] = await desk.deliver()
    assert "Line 2 (“smile more”)" in str(said.card)
    await desk.say(ana, "Churn from 5 to 3 %\nCalls from 10 to 20")
    await desk.deliver()
    objective, churn, calls = sorted(await rows(desk.store, GoalRow), key=lambda row: row.id)
    assert (objective.kind, objective.start, objective.target, objective.value) == ("objective", 0, 100, 0)
    assert (churn.title, churn.start, churn.target, churn.unit) == ("Churn", 5, 3, "%")
    assert churn.objective == calls.objective == objective.id


async def test_a_goal_that_moved_on_meanwhile_is_not_put_back(script: Script) -> None:
    """The question about the day waits; what is said of the goal until then stays."""
    await script.expects(
        """
        ana: /goal Calls a week from 10 to 20
        > ana: Your goal is set / Calls a week
        """
    )
    desk, ana = script.desk, script.people["ana"]
    [goal] = await rows(desk.store, GoalRow)
    await desk.submit(ana, "goals.update", goal.id, answers={"value": "15", "confidence": "on_track"})
    await desk.deliver()
    await script.expects("ana: 2026-06-30", "> ana: Why does it matter", "ana: keep it", "> ana: Calls a week")
    [goal] = await rows(desk.store, GoalRow)
    assert (goal.value, goal.due) == (15, date(2026, 6, 30))


SET = """
    ana: /goal Calls a week from 10 to 20 by 30 june
    > ana: Your goal is set / Calls a week
    ana: keep it
    > ana: Calls a week / Kind: A figure
"""


async def test_a_word_in_its_thread_is_an_update(script: Script) -> None:
    await script.expects(
        SET,
        """
        ana in goal: 15, the new script works
        > ana: Noted: 15.
        + 1 minutes
        ana in goal: we talked about it
        > ana: Noted.
        + 1 minutes
        ana in goal: 3 customers said yes
        > ana: Noted.
        > ana: Your words are kept. The figure stays
        ana in goal: 20
        > ana: Noted: 20. / That looks reached!
        """,
    )
    [goal] = await rows(script.desk.store, GoalRow)
    assert (goal.value, goal.word, goal.silent) == (20, "3 customers said yes", 0)


async def test_nothing_is_heard_and_at_the_third_time_the_goal_itself_is_in_question(script: Script) -> None:
    await script.expects(
        SET,
        """
        + 20 days
        > nobody
        + 1 days
        > ana: How is this going? / I have heard nothing for a while.
        + 20 days
        > nobody
        + 1 days
        > ana: How is this going?
        + 21 days
        > ana: …Is this still the right goal?
        ana [Keep it]
        > ana: Kept. I ask again in a while.
        + 20 days
        > nobody
        + 1 days
        > ana: How is this going? / I have heard nothing
        """,
    )
    [goal] = await rows(script.desk.store, GoalRow)
    assert goal.silent == 1


async def test_one_card_for_all_and_a_word_moves_the_question(script: Script) -> None:
    await script.expects(SET, "ana: /goal Learn to listen better to customers", "> ana: *", "ana: keep it", "> ana: *")
    await script.expects("+ 21 days", "> ana: How are these going? / I have heard nothing", "+ 10 days")
    await script.expects("ana in goal: 12, slowly", "> ana: Noted: 12.")
    await script.expects("+ 11 days", "> ana: How is this going?", "+ 9 days", "> nobody", "+ 4 days", "> ana: How is")


async def test_after_a_long_sleep_of_the_server_it_still_asks(script: Script) -> None:
    await script.expects(SET)
    script.desk.later(days=60)
    await script.expects("+ 2 days", "> ana: How is this going?")


async def test_closed_with_what_was_learned_and_celebrated_by_one_tap(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await script.expects(SET, "ana in goal: 20, done", "> ana: Noted: 20. / That looks reached!")
    [goal] = await rows(desk.store, GoalRow)
    await desk.submit(ana, "goals.close", goal.id, answers={"outcome": "achieved", "learned": "asking is enough"})
    await script.expects(
        """
        + 1 minutes
        > ana: Achieved! 🎉 / “Calls a week” is done. Well worked. / You learned: / asking is enough
        ana [Show it to everyone]
        > C-thanks: Ana achieved a goal 🎉 / Calls a week
        > ana: It is in the channel. Enjoy it!
        """
    )
    await desk.act(ana, "goals.celebrate", f"{goal.id}|learned")
    await script.expects("+ 1 minutes", "> ana: It was celebrated already.")
    assert "asking is enough" not in str([m.card for m in desk.platform.sent if m.place.conversation == "C-thanks"])
    await script.expects("ana [Open it again]", "> ana: It is open again.")
    [goal] = await rows(desk.store, GoalRow)
    assert (goal.state, goal.closed_at, goal.learned) == ("open", None, "")


async def test_with_ones_manager(script: Script) -> None:
    desk, max = script.desk, script.people["max"]
    answers = {"title": "Own the spring release", "kind": "milestone", "for": "ana", "due": "2026-06-01"}
    await desk.submit(max, "goals.form", answers=answers)
    await script.expects(
        """
        + 1 minutes
        > ana: Max suggests a goal for you / Own the spring release
        > max: I asked Ana.
        ana: /goal me
        > ana: Your goals / You have no open goals.
        ana [Yes, that is my goal]
        > max: Ana took on the goal “Own the spring release”.
        > ana: Your goal is set / Own the spring release / It counts
        ana: because it is mine
        > ana: Own the spring release / Kind: Done or not / Why: because it is mine
        ana: /goal me
        > ana: Your goals / Own the spring release
        """
    )
    [goal] = await rows(desk.store, GoalRow)
    assert (goal.person, goal.set_by, goal.state) == ("ana", "max", "open")


async def test_a_suggestion_is_declined_and_nothing_is_kept(script: Script) -> None:
    desk, max = script.desk, script.people["max"]
    await desk.submit(max, "goals.form", answers={"title": "Own the release", "kind": "milestone", "for": "ana"})
    await script.expects(
        """
        + 1 minutes
        > ana: *
        > max: *
        ana [No, not this one]
        > max: Ana would rather not take on “Own the release”.
        > ana: That is fine.
        """
    )
    assert await rows(desk.store, GoalRow) == []
    await desk.act(script.people["ana"], "goals.accept", "goal:gone")
    await script.expects("+ 1 minutes", "> ana: That suggestion is no longer open.")
