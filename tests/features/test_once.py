"""Exactly once: whatever arrives three times at once has one effect, and two people at one thing do not trip up."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.effects import OpenForm
from bot.core.events import Action, Command, Due, Remark, Submission
from bot.core.people import SOMEBODY, Place
from storage.feedback import FeedbackRow
from storage.goals import GoalChangeRow, GoalRow, GoalUpdateRow
from storage.outbox import OutboxRow
from storage.people import PersonRow
from storage.requests import FeedbackAskedRow, FeedbackRequestRow
from storage.settings import LogRow
from storage.sharing import RemarkRow
from tests.conftest import count, rows
from tests.features.village import CAST, FILLED, STORY, Village, moved_in, settled, snapshot

# Who does what, with which record: each of them has an effect.
DONE: list[tuple[str, type, str, str]] = [
    ("self", Command, "goal", "Fewer calls by June, 10 to 5"),
    ("self", Command, "feedback ask", "How do I do?"),
    ("self", Command, "kadens my-data", ""),
    ("self", Command, "kadens history", ""),
    ("self", Command, "kadens erase", ""),
    ("self", Submission, "goals.form", ""),
    ("manager", Submission, "goals.update", "g_open"),
    ("self", Submission, "goals.adjust", "g_open"),
    ("self", Submission, "goals.close", "g_open"),
    ("self", Submission, "tree.align", "g_open"),
    ("self", Action, "goals.still", "g_open"),
    ("self", Action, "goals.accept", "g_offered"),
    ("self", Action, "goals.decline", "g_offered"),
    ("self", Action, "goals.reopen", "g_done"),
    ("self", Action, "goals.celebrate", "g_done"),
    ("self", Action, "goals.show", "g_open"),
    ("self", Remark, "goal", "g_open"),
    ("self", Due, "goals", "stale"),
    ("team", Submission, "feedback.write", "ana"),
    ("colleague", Submission, "feedback.ask", ""),
    ("giver", Submission, "feedback.answer", "q_own"),
    ("giver", Action, "feedback.decline", "q_own"),
    ("self", Action, "feedback.close", "q_own"),
    ("self", Action, "feedback.thank", "f_only"),
    ("giver", Submission, "feedback.reply", "f_only"),
    ("giver", Due, "feedback.request", "q_own"),
    ("self", Due, "feedback.close", "q_own"),
    ("self", Submission, "oneonone.point", "max"),
    ("self", Submission, "oneonone.note", "max"),
    ("manager", Action, "oneonone.talked", "o_point"),
    ("self", Action, "oneonone.forget", "o_note"),
    ("self", Action, "oneonone.done", "o_promise"),
    ("self", Submission, "oneonone.drop", "o_promise"),
    ("team", Action, "meetings.propose", "ana|2026-04-23|1|13:30|UTC"),
    ("giver", Action, "meetings.agree", "o_asked"),
    ("giver", Action, "meetings.decline", "o_asked"),
    ("self", Action, "meetings.end", "o_pair"),
    ("manager", Submission, "meetings.move", "o_meet"),
    ("manager", Action, "meetings.cancel", "o_meet"),
    ("self", Due, "oneonone", "o_meet"),
    ("self", Due, "oneonone.after", "o_meet"),
    ("team", Submission, "improvement.read", "i_ben"),
    ("self", Submission, "improvement.change", "i_max"),
    ("manager", Submission, "improvement.promise", "i_max"),
    ("manager", Submission, "improvement.move", "i_promise"),
    ("manager", Action, "improvement.given", "i_promise"),
    ("self", Submission, "improvement.check", "i_max"),
    ("team", Submission, "improvement.view", "i_ben"),
    ("manager", Submission, "improvement.conclude", "i_max"),
    ("manager", Submission, "improvement.withdraw", "i_ben"),
    ("self", Due, "improvement", "i_max"),
    ("team", Due, "improvement.waiting", "i_ben|1"),
    ("manager", Due, "improvement.promised", "i_promise"),
    ("manager", Submission, "teamplan.form", ""),
    ("self", Submission, "teamplan.look", "y_ours"),
    ("manager", Submission, "teamplan.measure", "y_ours"),
    ("manager", Submission, "teamplan.change", "y_ours"),
    ("manager", Submission, "teamplan.stop", "y_ours"),
    ("manager", Due, "teamplan", "y_ours"),
    ("manager", Submission, "record.form", ""),
    ("manager", Submission, "pack.form", ""),
    ("manager", Action, "pack.pdf", "ana|2026-Q2"),
    ("hr", Submission, "cycle.form", ""),
    ("self", Action, "pack.show", ""),
    ("manager", Action, "cadence.save", "checkin|week|tuesday|10:00"),
    ("admin", Submission, "admin.kudos", ""),
    ("admin", Submission, "admin.channel", "slack:T1|C1"),
    ("self", Submission, "settings.form", ""),
    ("self", Action, "privacy.withdraw", "t_max"),
    ("self", Submission, "erasure.form", ""),
    ("manager", Action, "admin.show", ""),
    ("self", Submission, "learning.form", ""),
    ("self", Submission, "learning.change", "l_shared"),
    ("self", Submission, "learning.done", "l_shared"),
    ("self", Submission, "learning.drop", "l_private"),
    ("self", Action, "learning.later", "l_shared"),
    ("self", Due, "learning", "l_shared"),
    ("manager", Submission, "skills.form", "ana"),
    ("manager", Submission, "skills.rate", "ana"),
    ("self", Submission, "skills.remove", "ana"),
    ("self", Submission, "mentors.offer", ""),
    ("giver", Action, "mentors.close", "m_offer"),
    ("colleague", Submission, "mentors.ask", "m_offer"),
    ("giver", Action, "mentors.accept", "m_asked"),
    ("giver", Submission, "mentors.decline", "m_asked"),
    ("self", Action, "mentors.withdraw", "m_asked"),
    ("self", Due, "mentors.wait", "m_asked"),
    ("giver", Due, "mentors.wait", "m_asked"),
    ("self", Action, "summary.agree", "r_max|1"),
    ("self", Action, "summary.agenda", "r_max"),
    ("self", Action, "summary.goals", "r_old"),
    ("self", Action, "summary.learning", "r_old"),
    ("manager", Submission, "summary.form", "r_max|1"),
    ("self", Submission, "summary.remark", "r_old"),
    ("manager", Remark, "summary", "r_max"),
    ("self", Due, "review.talk", "r_max"),
    ("manager", Action, "preparing.start", "ben"),
    ("manager", Action, "preparing.ready", "ben"),
    ("manager", Submission, "expectations.form", "ana|x_max"),
    ("manager", Action, "expectations.right", "x_max"),
    ("manager", Due, "expectations", "2026-H1"),
    ("self", Due, "expectations.unread", "x_max"),
    ("manager", Due, "tips", "2026-W16"),
    ("self", Action, "expectations.seen", "x_max"),
    ("self", Submission, "expectations.remark", "x_max"),
    ("self", Submission, "aspirations.form", ""),
    ("self", Submission, "aspirations.link", "w_private"),
    ("self", Action, "aspirations.share", "w_private|manager"),
    ("self", Action, "aspirations.move", "w_max|reached"),
    ("self", Action, "aspirations.still", ""),
    ("self", Due, "aspirations", "2026-H1"),
    ("manager", Action, "aspirations.agenda", "w_max"),
]


@pytest.fixture(scope="module")
def built(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Village:
    return settled(Path(shutil.copy(empty_database, tmp_path_factory.mktemp("once") / "village.db")))


@pytest.fixture
async def home(built: Village, tmp_path: Path) -> AsyncIterator[Village]:
    moved = moved_in(built, Path(shutil.copy(built.path, tmp_path / "village.db")))
    yield moved
    await moved.desk.store.close()


async def outcome(home: Village) -> tuple[Any, list[tuple[Any, ...]]]:
    """All that is kept, and all that is said and was not before."""
    said = [(row.verb, row.conversation, row.about, row.card) for row in await rows(home.desk.store, OutboxRow)]
    nobody = {row.id for row in await rows(home.desk.store, PersonRow, name=SOMEBODY)}  # of no id that one could guess

    def told(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple("nobody" if value in nobody else value for value in row)

    kept = {name: sorted(map(told, each), key=repr) for name, each in snapshot(home.path).items()}
    return kept, sorted(said, key=repr)


@pytest.mark.parametrize(("relation", "kind", "key", "record"), DONE, ids=lambda each: getattr(each, "__name__", each))
async def test_three_times_at_once_is_once(
    built: Village, home: Village, relation: str, kind: type, key: str, record: str
) -> None:
    if record == "stale":
        home.desk.later(days=30)
    value = "|".join(home.ids.get(part, part) for part in record.split("|"))
    before = await outcome(home)

    async def happen() -> None:
        who = home.who(relation)
        if key == "feedback ask":
            await home.desk.command(who, key, value, mentions=(home.who("giver"),), id="the same")
        elif kind is Remark:
            thread = next(each for conversation, each in home.threads(value) if conversation == who.account)
            await home.desk.say(who, "5, it moves", Place(who.workspace, who.account, thread, "direct"), id="the same")
        else:
            await home._happen(who, kind, key, value, id="the same")

    await happen()
    once = await outcome(home)
    assert once != before, "it has an effect"
    home.restore(built.path)
    assert await outcome(home) == before
    await asyncio.gather(*(happen() for _ in range(3)))
    assert await outcome(home) == once


# Two people, or two presses, at the same moment.


async def test_eight_updates_at_once_are_eight_and_the_last_value_holds(home: Village) -> None:
    id, known = home.ids["g_open"], await count(home.desk.store, GoalUpdateRow, goal=home.ids["g_open"])
    updates = [{"value": str(n), "confidence": "at_risk", "story": f"word {n}"} for n in range(10, 18)]
    people = [home.who(each) for each in ("self", "manager")] * 4

    async def say(n: int) -> None:
        home.desk.later(seconds=1)
        await home.desk.submit(people[n], "goals.update", id, answers=updates[n])

    await asyncio.gather(*(say(n) for n in range(8)))
    [goal] = await rows(home.desk.store, GoalRow, id=id)
    said = sorted(await rows(home.desk.store, GoalUpdateRow, goal=id), key=lambda row: row.at)[known:]
    assert [row.value for row in said] == [10, 11, 12, 13, 14, 15, 16, 17]
    assert [row.author for row in said] == ["ana", "max"] * 4
    assert (goal.value, goal.word) == (17, "word 17")


async def test_a_goal_closed_twice_at_once_is_closed_once(home: Village) -> None:
    id = home.ids["g_open"]
    answers = [FILLED["goals.close"], {"outcome": "closed", "learned": "something else"}]
    await asyncio.gather(*(home.desk.submit(home.who("self"), "goals.close", id, answers=each) for each in answers))
    [change] = await rows(home.desk.store, GoalChangeRow, goal=id)
    [goal] = await rows(home.desk.store, GoalRow, id=id)
    assert (change.field, change.new, change.reason) == ("state", goal.state, goal.learned)


async def test_an_offer_accepted_and_declined_at_once_has_one_answer(home: Village) -> None:
    id, ana = home.ids["g_offered"], home.who("self")
    await asyncio.gather(home.desk.act(ana, "goals.accept", id), home.desk.act(ana, "goals.decline", id))
    goals = await rows(home.desk.store, GoalRow, id=id)
    told = [row.card for row in await rows(home.desk.store, OutboxRow, conversation="U-max", sent_at=None)]
    assert len([card for card in told if card and "Ana" in card]) == 1
    assert [goal.state for goal in goals] in (["open"], [])


async def test_a_goal_is_celebrated_once_however_often_it_is_pressed_at_once(home: Village) -> None:
    press = [home.desk.act(home.who("self"), "goals.celebrate", home.ids["g_done"]) for _ in range(3)]
    await asyncio.gather(*press)
    assert await count(home.desk.store, OutboxRow, conversation="C-wins") == 1


async def test_two_people_thank_for_one_feedback_at_once(home: Village) -> None:
    id = home.ids["f_both"]
    thank = [home.desk.act(home.who(each), "feedback.thank", id) for each in ("self", "manager", "self", "manager")]
    await asyncio.gather(*thank)
    assert sorted(row.author for row in await rows(home.desk.store, RemarkRow, about=id)) == ["ana", "max"]


async def test_two_answers_to_one_request_are_one(home: Village) -> None:
    id, fay = home.ids["q_own"], home.who("giver")
    opened = await home.desk.act(fay, "feedback.answer", id)
    assert isinstance(opened, OpenForm)
    words = [{**STORY, "behaviour": f"answer {n}", "seen_by": "receiver"} for n in range(2)]
    form = (opened.form.id, opened.form.value)
    await asyncio.gather(*(home.desk.submit(fay, *form, answers=each, opens=True) for each in words))
    assert await count(home.desk.store, FeedbackRow, request=id) == 1
    got = [row.card for row in await rows(home.desk.store, OutboxRow, conversation="U-ana", sent_at=None)]
    assert len([card for card in got if card and "answer " in card]) == 1


async def test_an_answer_and_a_decline_at_once_are_one_of_them(home: Village) -> None:
    id, fay = home.ids["q_own"], home.who("giver")
    words = {**STORY, "behaviour": "the answer", "seen_by": "receiver"}
    answer = home.desk.submit(fay, "feedback.answer", id, answers=words, opens=True)
    await asyncio.gather(answer, home.desk.act(fay, "feedback.decline", id))
    [asked] = await rows(home.desk.store, FeedbackAskedRow, request=id)
    assert (asked.state == "answered") is (await count(home.desk.store, FeedbackRow, request=id) == 1)


async def test_the_last_two_answers_at_once_end_the_request_once(home: Village) -> None:
    ana, asked = home.who("self"), (home.who("team"), home.who("colleague"))
    answers = {"question": "Well now?", "about": "me"}
    assert await home.desk.submit(ana, "feedback.ask", answers=answers, people={"whom": asked}) is None
    [request] = await rows(home.desk.store, FeedbackRequestRow, question="Well now?")
    await asyncio.gather(*(home.desk.act(each, "feedback.decline", request.id) for each in asked))
    [request] = await rows(home.desk.store, FeedbackRequestRow, question="Well now?")
    assert request.closed_at is not None
    told = [row.card for row in await rows(home.desk.store, OutboxRow, conversation="U-ana", verb="post")]
    assert len([card for card in told if card and "Everybody" in card]) <= 1


async def test_two_admins_at_once_keep_what_both_of_them_set(home: Village) -> None:
    ada, zoe = home.who("admin"), home.who("hr")
    values = {**FILLED["admin.kudos"], "values": "care, craft, play"}
    channel = home.desk.submit(zoe, "admin.channel", "slack:T1|C1", answers=FILLED["admin.channel"])
    await asyncio.gather(home.desk.submit(ada, "admin.kudos", answers=values), channel)
    changed = {row.setting: row.by for row in await rows(home.desk.store, LogRow)}
    assert changed["kudos.recognition"] == CAST["hr"] and changed["values"] == CAST["admin"]
