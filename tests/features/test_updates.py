"""Goals on the way: updates, changes, the question when nothing is heard, closing, and the history of it all."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.core.cards import Chart, Quote, Text
from bot.core.effects import OpenForm, Refuse
from bot.core.goals import Goal
from bot.core.people import Person, stranger
from bot.core.settings import Settings
from handlers import FEATURES
from scheduler.nudges import plan, play
from storage.followups import FollowUpRow
from storage.goals import GoalChangeRow, GoalRow, GoalUpdateRow, NewGoal, Unsaid, Updated
from storage.outbox import OutboxRow
from storage.people import Changed, PersonRow
from tests.conftest import SLACK, Company, Desk, buttons, count, rows

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
OTHER = "slack:T2"
QUIET = Settings.model_validate({"people": {"pilot": ["nobody"]}, "kudos": {"recognition": {SLACK: "C-thanks"}}})
ID = "goal:calls"
WORD = {"value": "15", "confidence": "on_track", "story": "the script works"}


def who(name: str) -> Person:
    """As a payload names them."""
    return stranger(OTHER if name == "eve" else SLACK, f"U-{name}")


ANA, MAX = who("ana"), who("max")


@pytest.fixture
async def desk(company: Company) -> Desk:
    """Ana, who reports to Max, wants to make more calls."""
    desk = company(*FEATURES, now=TUESDAY, settings=QUIET)
    await desk.person("Max", team="Care")
    for name in ("Ana", "Ben"):
        await desk.person(name, manager="max", team="Care")
    await desk.person("Eve", workspace=OTHER)
    await put(desk)
    return desk


async def put(desk: Desk, **more: Any) -> None:
    base = {"id": ID, "company": SLACK, "person": "ana", "title": "Calls a week", "at": desk.now, "set_by": "ana"}
    base |= {"start": 10.0, "value": 10.0, "target": 20.0, "unit": "calls", "visibility": "everyone"}
    async with desk.store.transaction() as session:
        await NewGoal(Goal(**{**base, **more})).save(session)


async def objective(desk: Desk) -> None:
    results = tuple(
        Goal(id=f"goal:o.{n}", company=SLACK, person="ana", title=title, at=desk.now, set_by="ana", start=start,
             value=start, target=target, unit=unit, objective="goal:o")
        for n, (title, start, target, unit) in enumerate([("Churn", 5.0, 3.0, "%"), ("Calls", 10.0, 20.0, "")])
    )  # fmt: skip
    more = {"start": 0.0, "value": 0.0, "target": 100.0, "unit": "%", "results": results}
    await put(desk, id="goal:o", kind="objective", title="Customers stay", **more)


async def one(desk: Desk, id: str = ID) -> Any:
    [row] = await rows(desk.store, GoalRow, id=id)
    return row


async def told(desk: Desk, person: Person) -> list[str]:
    return [str(m.card) for m in await desk.deliver() if (m.only_for or m.place.conversation) == person.account]


# How it goes.


async def test_the_form_begins_with_what_was_said_last(desk: Desk) -> None:
    await desk.submit(ANA, "goals.update", ID, answers=WORD | {"confidence": "at_risk"})
    form = await desk.act(ANA, "goals.update", ID)
    assert isinstance(form, OpenForm) and "Last: 15 calls, at risk. “the script works”" in str(form.form)
    fields = {field.id: getattr(field, "value", "") for field in form.form.fields if hasattr(field, "id")}
    assert fields == {"value": "15", "confidence": "at_risk", "story": ""}


@pytest.mark.parametrize(
    ("answers", "fields"),
    [
        ({"value": "15", "confidence": "at_risk", "story": ""}, {"story"}),
        ({"value": "15", "confidence": "off_track", "story": " "}, {"story"}),
        ({"value": "some", "confidence": "at_risk", "story": ""}, {"value", "story"}),
        ({"value": "10", "confidence": "on_track", "story": ""}, {"story"}),  # nothing was said
        ({"value": "", "confidence": "", "story": ""}, {"story"}),
        ({"value": "15", "confidence": "on_track", "story": "x" * 1001}, {"story"}),
    ],
)
async def test_a_change_of_confidence_without_a_word_is_refused(
    desk: Desk, answers: dict[str, str], fields: set[str]
) -> None:
    refused = await desk.submit(ANA, "goals.update", ID, answers=answers)
    assert isinstance(refused, Refuse) and set(refused.objections) == fields
    assert await count(desk.store, GoalUpdateRow) == 0


@pytest.mark.parametrize(
    ("answers", "stands"),
    [
        (WORD, (15, "on_track", "the script works")),
        ({"value": "15", "confidence": "on_track"}, (15, "on_track", "")),
        ({"value": "", "confidence": "at_risk", "story": "ill"}, (10, "at_risk", "ill")),
        ({"value": "12 calls", "story": "on we go", "confidence": "forged"}, (12, "", "on we go")),
    ],
)
async def test_an_update(desk: Desk, answers: dict[str, str], stands: tuple[float, str, str]) -> None:
    assert await desk.submit(ANA, "goals.update", ID, answers=answers) is None
    goal = await one(desk)
    assert (goal.value, goal.confidence, goal.word) == stands
    assert (goal.word_at, goal.silent) == (TUESDAY, 0)


async def test_an_update_that_comes_twice_counts_once(desk: Desk) -> None:
    for _ in range(2):
        await desk.submit(ANA, "goals.update", ID, answers=WORD, id="twice")
    assert await count(desk.store, GoalUpdateRow) == 1


async def test_two_at_the_same_moment_are_both_kept(desk: Desk) -> None:
    await asyncio.gather(
        desk.submit(ANA, "goals.update", ID, answers=WORD),
        desk.submit(MAX, "goals.update", ID, answers={"value": "16", "story": "I saw it", "confidence": "on_track"}),
    )
    kept = await rows(desk.store, GoalUpdateRow)
    assert sorted((row.author, row.value) for row in kept) == [("ana", 15), ("max", 16)]
    goal = await one(desk)
    assert (goal.value, goal.word) in [(15, "the script works"), (16, "I saw it")]


async def test_a_manager_updates_with_the_person_and_under_their_own_name(desk: Desk) -> None:
    await desk.submit(MAX, "goals.update", ID, answers=WORD)
    [update] = await rows(desk.store, GoalUpdateRow)
    assert update.author == "max"
    sent = await desk.deliver()
    [hers] = [m for m in sent if m.place.conversation == "U-ana"]
    assert hers.card and hers.card.title == "Max noted something in your goal “Calls a week”"
    assert "the script works" in str(hers.card)
    assert {button.action for button in buttons(hers.card)} >= {"goals.update", "goals.show"}


async def test_the_card_of_the_goal_is_kept_up_to_date(desk: Desk) -> None:
    whole = {"title": "Write the guide", "kind": "milestone", "due": "2026-06-01", "why": "we forget"}
    await desk.submit(ANA, "goals.form", answers=whole)
    await desk.deliver()
    [goal] = await rows(desk.store, GoalRow, title="Write the guide")
    await desk.submit(ANA, "goals.update", goal.id, answers={"done": "no", "confidence": "at_risk", "story": "no time"})
    changed = [message for message in await desk.deliver() if message.verb == "update"]
    assert len(changed) == 1 and "no time" in str(changed[0].card) and "at risk" in str(changed[0].card)
    closing = {"outcome": "closed", "learned": "less is more"}
    await desk.submit(ANA, "goals.close", goal.id, answers=closing)
    [closed] = [message for message in await desk.deliver() if message.verb == "update"]
    assert not buttons(closed.card)


async def test_a_milestone_is_done_or_not(desk: Desk) -> None:
    await put(desk, id="goal:m", kind="milestone", title="Write the guide", start=0.0, target=1.0, value=0.0, unit="")
    await desk.submit(ANA, "goals.update", "goal:m", answers={"done": "yes", "confidence": "on_track"})
    assert (await one(desk, "goal:m")).value == 1
    [answer] = await told(desk, ANA)
    assert "Noted: Yes, done" in answer and "Close" in answer
    await said(desk, "ana", "goal:m", "and I am proud of it")
    assert (await one(desk, "goal:m")).word == "and I am proud of it"


@pytest.mark.parametrize(
    ("text", "value"),
    [("Done, and I am proud of it", 1), ("klart!", 1), ("Klaar", 1), ("klarar det inte", 0), ("done with half", 0)],
)
async def test_done_is_a_word_of_its_own(desk: Desk, text: str, value: float) -> None:
    await put(desk, id="goal:m", kind="milestone", title="Write the guide", start=0.0, target=1.0, value=0.0, unit="")
    await desk.act(ANA, "goals.show", "goal:m")
    await said(desk, "ana", "goal:m", text)
    goal = await one(desk, "goal:m")
    assert (goal.value, goal.word) == (value, text)


async def said(desk: Desk, name: str, goal: str, text: str) -> None:
    """Words in the thread of a goal's card."""
    await desk.say(who(name), text, replace(who(name).home, thread=await thread(desk, goal)))


async def thread(desk: Desk, goal: str) -> str:
    """The platform's id of the message that began the goal's thread."""
    await desk.deliver()
    found = [row.sent_as for row in await rows(desk.store, OutboxRow, thread_topic=goal) if row.sent_as]
    return str(found[0])


async def test_an_objective_is_updated_by_its_key_results(desk: Desk) -> None:
    await objective(desk)
    form = await desk.act(ANA, "goals.update", "goal:o")
    assert isinstance(form, OpenForm)
    assert [getattr(field, "label", "") for field in form.form.fields][2:4] == [
        "Churn from 5 to 3 %",
        "Calls from 10 to 20",
    ]
    answers = {"result.0": "4", "result.1": "20", "result.9": "7", "story": "calls help", "confidence": "on_track"}
    await desk.submit(ANA, "goals.update", "goal:o", answers=answers)
    assert [(await one(desk, f"goal:o.{n}")).value for n in (0, 1)] == [4, 20]
    goal = await one(desk, "goal:o")
    assert (goal.value, goal.word) == (75, "calls help")
    refused = await desk.submit(ANA, "goals.update", "goal:o", answers={"result.0": "few", "confidence": "on_track"})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"result.0"}


async def test_a_key_result_said_by_itself_moves_its_objective(desk: Desk) -> None:
    await objective(desk)
    async with desk.store.transaction() as session:
        await Updated("u1", "goal:o.1", "ana", desk.now, 15.0, "", "half").save(session)
    assert (await one(desk, "goal:o")).value == 25


async def test_said_again_under_the_same_id_it_takes_the_place_of_what_was_said(desk: Desk) -> None:
    """An edited check-in: the goal stands where its last word says, not where the edited one did."""
    later = datetime(2026, 4, 15, 12, tzinfo=UTC)
    async with desk.store.transaction() as session:
        await Updated("u1", ID, "ana", TUESDAY, 12.0, "at_risk", "slow").save(session)
        await Updated("u2", ID, "ana", later, 14.0, "", "better").save(session)
        await Updated("u1", ID, "ana", TUESDAY, 11.0, "off_track", "very slow").save(session)
        await Updated("u1", "goal:other", "ana", TUESDAY, 1.0).save(session)
    goal = await one(desk)
    assert (goal.value, goal.confidence, goal.word) == (14, "off_track", "better")
    assert {(row.id, row.value) for row in await rows(desk.store, GoalUpdateRow)} == {("u1", 11), ("u2", 14)}


async def test_a_word_that_names_no_figure_leaves_it_as_it_was(desk: Desk) -> None:
    """Also one that came with an import, and never was an update."""
    await put(desk, id="goal:i", value=14.0, confidence="at_risk", word="imported")
    async with desk.store.transaction() as session:
        await Updated("u1", "goal:i", "ana", TUESDAY, story="first word").save(session)
    goal = await one(desk, "goal:i")
    assert (goal.value, goal.confidence, goal.word) == (14, "at_risk", "first word")
    async with desk.store.transaction() as session:
        await Updated("u1", "goal:i", "ana", TUESDAY, 16.0, "off_track", "").save(session)
    goal = await one(desk, "goal:i")
    assert (goal.value, goal.confidence, goal.word) == (16, "off_track", "")
    async with desk.store.transaction() as session:
        await Unsaid("u1", "goal:i").save(session)
    goal = await one(desk, "goal:i")
    assert (goal.value, goal.confidence, goal.word) == (10, "", "")  # what was taken back does not stay


FORMS = ("goals.update", "goals.adjust", "goals.close")
PRESSED = ("goals.still", "goals.reopen", "goals.celebrate", "goals.accept", "goals.decline", "goals.keep")


@pytest.mark.parametrize("name", ["ben", "eve", "new", "max"])
@pytest.mark.parametrize("action", [*FORMS, *PRESSED])
async def test_forged_ids_and_other_peoples_goals_change_nothing(desk: Desk, action: str, name: str) -> None:
    if (action, name) == ("goals.update", "max"):  # their manager may
        return
    presser, before = who(name), await state(desk)
    for id in (ID, "goal:nothing", "", "|", f"{ID}|learned", "smart:x"):
        assert not isinstance(await desk.act(presser, action, id), OpenForm)
        if action in FORMS:
            answers = WORD | {"outcome": "achieved", "learned": "x", "reason": "x", "title": "FORGED"}
            await desk.submit(presser, action, id, answers=answers)
    assert await state(desk) == before
    sent = await desk.deliver()
    assert sent and {(m.only_for or m.place.conversation) for m in sent} == {presser.account}
    if name == "eve":
        assert "Calls a week" not in str([m.card for m in sent])


async def state(desk: Desk) -> list[list[str]]:
    kinds = (GoalRow, GoalUpdateRow, GoalChangeRow, FollowUpRow)
    return [sorted(map(str, await rows(desk.store, each))) for each in kinds]


async def test_words_of_another_in_its_thread_are_none_of_its(desk: Desk) -> None:
    """A thread whose owner is somebody else is not theirs to speak in, even by its topic."""
    await desk.act(ANA, "goals.show", ID)
    before, root = await state(desk), await thread(desk, ID)
    for name in ("ben", "eve"):
        place = replace(ANA.home, thread=root)
        await desk.say(who(name), "99, nice", place)
    assert await state(desk) == before


# Changing it.

AS_IT_IS = {"title": "Calls a week", "why": "", "target": "20 calls", "due": "", "visibility": "everyone"}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"target": "30 calls"}, {"reason"}),
        ({"reason": "because"}, {"title"}),  # nothing is different
        ({"title": " ", "target": "many", "due": "2020-01-01"}, {"title", "target", "due", "reason"}),
        ({"target": "10", "reason": "x"}, {"target"}),
        ({"target": "", "reason": "x"}, {"target"}),
        ({"title": "x" * 201, "why": "x" * 1001, "reason": "x" * 1001}, {"title", "why", "reason"}),
    ],
)
async def test_a_change_has_its_reason(desk: Desk, change: dict[str, str], fields: set[str]) -> None:
    refused = await desk.submit(ANA, "goals.adjust", ID, answers=AS_IT_IS | change)
    assert isinstance(refused, Refuse) and set(refused.objections) == fields
    assert await count(desk.store, GoalChangeRow) == 0


async def test_what_it_was_stays_with_the_reason(desk: Desk) -> None:
    change = {"target": "30 calls", "due": "2026-07-01", "visibility": "manager", "reason": "twenty was too easy"}
    for _ in range(2):
        await desk.submit(ANA, "goals.adjust", ID, answers=AS_IT_IS | change, id="twice")
    kept = {row.field: row for row in await rows(desk.store, GoalChangeRow)}
    assert {name: (row.old, row.new) for name, row in kept.items()} == {
        "target": ("20.0", "30.0"),
        "due": ("", "2026-07-01"),
        "visibility": ("everyone", "manager"),
    }
    assert {row.reason for row in kept.values()} == {"twenty was too easy"}
    goal = await one(desk)
    assert (goal.target, goal.due, goal.visibility, goal.value) == (30, date(2026, 7, 1), "manager", 10)
    await desk.act(ANA, "goals.show", ID)
    shown = (await told(desk, ANA))[-1]
    assert "target from 20 calls to 30 calls" in shown and "twenty was too easy" in shown
    assert "date from none to Wednesday 1 July" in shown and "now seen by: Me and my manager" in shown


async def test_a_key_result_is_changed_with_its_objective(desk: Desk) -> None:
    await objective(desk)
    form = await desk.act(ANA, "goals.adjust", "goal:o")
    assert isinstance(form, OpenForm)
    fields = {field.id: getattr(field, "value", "") for field in form.form.fields if hasattr(field, "id")}
    assert (fields["result.0"], fields["result.1"]) == ("Churn from 5 to 3 %", "Calls from 10 to 20")
    answers = {"title": "Customers stay", "visibility": "manager", "result.0": "Churn from 5 to 2 %",
               "result.1": "Calls from 10 to 20", "reason": "we can do more"}  # fmt: skip
    await desk.submit(ANA, "goals.adjust", "goal:o", answers=answers)
    churn, calls = await one(desk, "goal:o.0"), await one(desk, "goal:o.1")
    assert (churn.target, calls.target) == (2, 20)
    assert churn.visibility == calls.visibility == (await one(desk, "goal:o")).visibility == "manager"
    await desk.act(ANA, "goals.show", "goal:o")
    assert "key result “Churn”, now 2, before 3" in (await told(desk, ANA))[-1]
    refused = await desk.submit(ANA, "goals.adjust", "goal:o", answers=answers | {"result.1": "more calls"})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"result.1"}


async def test_a_suggestion_is_taken_on_in_other_words(desk: Desk) -> None:
    await put(desk, id="goal:s", title="Own the release", kind="milestone", state="offered", set_by="max", unit="")
    assert isinstance(await desk.act(ANA, "goals.adjust", "goal:s"), OpenForm)
    await desk.submit(ANA, "goals.adjust", "goal:s", answers={"title": "Own the spring release", "visibility": "team"})
    goal = await one(desk, "goal:s")
    assert (goal.state, goal.title, goal.visibility) == ("open", "Own the spring release", "team")
    assert "Ana took on the goal “Own the spring release”." in str(await told(desk, MAX))


# When nothing is heard.


async def test_one_follow_up_a_person_for_all_their_goals(desk: Desk) -> None:
    [row] = await rows(desk.store, FollowUpRow)
    assert (row.person, row.rhythm, row.about, row.day) == ("ana", "goals", "stale", date(2026, 5, 5))
    desk.later(days=3)
    await put(desk, id="goal:b")
    [row] = await rows(desk.store, FollowUpRow)
    assert row.day == date(2026, 5, 5)
    desk.later(days=2)
    await desk.submit(ANA, "goals.update", ID, answers=WORD)
    [row] = await rows(desk.store, FollowUpRow)
    assert row.day == date(2026, 5, 8)  # the other one's
    for id in (ID, "goal:b"):
        await desk.submit(ANA, "goals.close", id, answers={"outcome": "closed", "nothing": "nothing"})
    assert await rows(desk.store, FollowUpRow) == []


async def test_a_moment_that_comes_after_a_word_says_nothing(desk: Desk) -> None:
    desk.later(days=20)
    await desk.submit(ANA, "goals.update", ID, answers=WORD)
    await desk.deliver()
    desk.later(days=1)
    await desk.due(ANA, "goals", "stale")
    assert await desk.deliver() == []
    assert (await one(desk)).silent == 0


async def test_asked_again_by_a_repeat_it_counts_once(desk: Desk) -> None:
    desk.later(days=21)
    for _ in range(2):
        await desk.due(ANA, "goals", "stale")
    assert len(await desk.deliver()) == 1 and (await one(desk)).silent == 1
    [row] = await rows(desk.store, FollowUpRow)
    assert row.day == date(2026, 5, 26)


async def test_a_word_about_one_goal_brings_the_question_about_another_no_nearer(desk: Desk) -> None:
    desk.later(days=2)
    await put(desk, id="goal:b")
    desk.later(days=19)
    await plan(desk.store, desk.now)
    await play(desk.turns, desk.store, desk.now)
    assert len(await told(desk, ANA)) == 1
    await desk.submit(ANA, "goals.update", ID, answers=WORD)
    [row] = await rows(desk.store, FollowUpRow)
    assert row.day == date(2026, 5, 12)  # on the 7th nothing will have been heard of it, but that is in two days


async def test_a_word_at_night_before_the_clock_is_changed_is_asked_about_on_the_day_on_which_it_is_quiet(
    desk: Desk,
) -> None:
    """Half past midnight in summer time is half past eleven the evening before, three weeks later in winter time."""
    async with desk.store.transaction() as session:
        await Changed("ana", {"zone": "Europe/Amsterdam"}).save(session)
    desk.now = datetime(2026, 10, 7, 22, 30, tzinfo=UTC)
    await desk.submit(ANA, "goals.update", ID, answers=WORD)
    await desk.deliver()
    [row] = await rows(desk.store, FollowUpRow)
    assert row.day == date(2026, 10, 29)
    desk.now = datetime(2026, 10, 29, 8, 30, tzinfo=UTC)
    await desk.due(ANA, "goals", "stale")
    assert len(await told(desk, ANA)) == 1


async def test_many_at_once_are_asked_about_a_few_at_a_time(desk: Desk) -> None:
    for n in range(11):
        await put(desk, id=f"goal:{n:02}", title=f"Goal number {n}")
    desk.later(days=30)
    await desk.due(ANA, "goals", "stale")
    [first] = await told(desk, ANA)
    assert first.count("last word on") == 8
    [row] = await rows(desk.store, FollowUpRow)
    assert row.day == date(2026, 5, 21)  # the others in a week
    desk.later(days=7)
    await desk.due(ANA, "goals", "stale", 1)
    [second] = await told(desk, ANA)
    assert second.count("last word on") == 4


async def test_a_leaver_is_not_asked(desk: Desk) -> None:
    from scheduler import nudges

    async with desk.store.transaction() as session:
        await Changed("ana", {"gone": True}).save(session)
    desk.later(days=40)
    await nudges.plan(desk.store, desk.now)
    await nudges.play(desk.turns, desk.store, desk.now)
    assert await desk.deliver() == [] and (await one(desk)).silent == 0
    assert await count(desk.store, PersonRow, gone=True) == 1


async def test_what_was_kept_can_be_kept_again_and_later_it_is_closed(desk: Desk) -> None:
    for _ in range(2):
        await desk.act(ANA, "goals.still", ID)
    assert "Kept." in str(await told(desk, ANA))
    await desk.submit(ANA, "goals.close", ID, answers={"outcome": "closed", "nothing": "nothing"})
    await desk.deliver()
    await desk.act(ANA, "goals.still", ID)
    assert "This goal is closed" in str(await told(desk, ANA))


# The end.


@pytest.mark.parametrize(
    ("answers", "fields"),
    [
        ({"outcome": "achieved", "learned": ""}, {"learned"}),
        ({"outcome": "forged", "learned": "x"}, {"outcome"}),
        ({"outcome": "", "learned": "x" * 1001}, {"outcome", "learned"}),
        ({}, {"outcome", "learned"}),
    ],
)
async def test_closing_asks_what_was_learned(desk: Desk, answers: dict[str, str], fields: set[str]) -> None:
    refused = await desk.submit(ANA, "goals.close", ID, answers=answers)
    assert isinstance(refused, Refuse) and set(refused.objections) == fields
    assert (await one(desk)).state == "open"


async def test_nothing_this_time_is_an_answer(desk: Desk) -> None:
    await desk.submit(ANA, "goals.close", ID, answers={"outcome": "achieved", "nothing": "nothing"})
    goal = await one(desk)
    assert (goal.state, goal.learned, goal.closed_at) == ("achieved", "", TUESDAY)


async def test_it_can_be_opened_again_for_a_week(desk: Desk) -> None:
    closing = {"outcome": "closed", "learned": "x"}
    await desk.submit(ANA, "goals.close", ID, answers=closing)
    desk.later(days=7)
    await desk.act(ANA, "goals.reopen", ID)
    assert ((await one(desk)).state, await count(desk.store, FollowUpRow)) == ("open", 1)
    await desk.act(ANA, "goals.reopen", ID)  # pressed again
    assert str(await told(desk, ANA)).count("It is open again.") == 2
    await desk.submit(ANA, "goals.close", ID, answers=closing)
    desk.later(days=7, seconds=1)
    await desk.deliver()
    await desk.act(ANA, "goals.reopen", ID)
    assert "more than a week ago" in str(await told(desk, ANA)) and (await one(desk)).state == "closed"
    changed = [row.new for row in await rows(desk.store, GoalChangeRow)]
    assert sorted(changed) == ["closed", "closed", "open"]


@pytest.mark.parametrize(
    ("visibility", "label", "note"),
    [
        ("everyone", "Celebrate it", "all see the title"),
        ("team", "Show it to everyone", "only your team"),
        ("manager", "Show it to everyone", "only you and your manager"),
    ],
)
async def test_the_button_says_who_will_see_it(desk: Desk, visibility: str, label: str, note: str) -> None:
    await put(desk, id="goal:v", visibility=visibility)
    await desk.submit(ANA, "goals.close", "goal:v", answers={"outcome": "achieved", "learned": "PRIVATE"})
    [card] = [m.card for m in await desk.deliver() if m.verb == "post"]
    assert buttons(card)[0].label == label and note in str(card)
    await desk.press(ANA, label)
    [public] = [m for m in await desk.deliver() if m.place.conversation == "C-thanks"]
    assert "Calls a week" in str(public.card) and "PRIVATE" not in str(public.card)


async def test_what_was_learned_is_told_if_they_say_so(desk: Desk) -> None:
    await desk.submit(ANA, "goals.close", ID, answers={"outcome": "achieved", "learned": "ask early"})
    await desk.deliver()
    await desk.press(ANA, "And what I learned")
    [public] = [m for m in await desk.deliver() if m.place.conversation == "C-thanks"]
    assert "ask early" in str(public.card)


async def test_what_was_not_achieved_is_not_celebrated(desk: Desk) -> None:
    await desk.submit(ANA, "goals.close", ID, answers={"outcome": "closed", "learned": "x"})
    await desk.deliver()
    await desk.act(ANA, "goals.celebrate", ID)
    assert [m.place.conversation for m in await desk.deliver()] == ["U-ana"]


async def test_without_a_channel_there_is_nowhere_to_celebrate(company: Company) -> None:
    desk = company(*FEATURES, now=TUESDAY, settings=Settings())
    await desk.person("Ana")
    await put(desk)
    await desk.submit(ANA, "goals.close", ID, answers={"outcome": "achieved", "learned": "x"})
    [card] = [m.card for m in await desk.deliver() if m.verb == "post"]
    assert [button.label for button in buttons(card)] == ["Open it again"]
    await desk.act(ANA, "goals.celebrate", ID)
    assert "no channel" in str(await told(desk, ANA))


async def test_a_channel_of_its_own(company: Company) -> None:
    own = Settings.model_validate({"goals": {"celebrate": {SLACK: "C-goals"}}})
    desk = company(*FEATURES, now=TUESDAY, settings=own)
    await desk.person("Ana")
    await put(desk)
    await desk.submit(ANA, "goals.close", ID, answers={"outcome": "achieved", "learned": "x"})
    await desk.act(ANA, "goals.celebrate", ID)
    assert "C-goals" in {m.place.conversation for m in await desk.deliver()}


# The history.


async def test_the_history_has_everything_in_order_and_pages(desk: Desk) -> None:
    for n in range(10):
        desk.later(days=1)
        await desk.submit(ANA, "goals.update", ID, answers={"value": str(11 + n), "story": f"story {n}"})
    desk.later(hours=1)
    await desk.submit(MAX, "goals.update", ID, answers={"value": "20", "story": "well done", "confidence": "on_track"})
    await desk.deliver()
    await desk.act(ANA, "goals.show", ID)
    [message] = await desk.deliver()
    card = message.card
    assert card
    quotes = [part.body for part in card.parts if isinstance(part, Quote)]
    assert quotes[0] == "well done" and quotes[-1] == "story 3" and len(quotes) == 8
    [chart] = [part for part in card.parts if isinstance(part, Chart)]
    assert [point.value for point in chart.points] == [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
    assert chart.points[-1].tone == "good" and chart.target and chart.target.value == 20
    assert chart.alt == "10 calls on Tuesday 14 April, 20 calls on Friday 24 April, target 20 calls"
    await desk.press(ANA, "Older")
    [older] = [m.card for m in await desk.deliver()]
    assert older and "story 2" in str(older) and "Set on Tuesday 14 April" in str(older)
    assert not [part for part in older.parts if isinstance(part, Chart)]
    texts = [part.body for part in older.parts if isinstance(part, Text)]
    assert texts[0] == "Friday 17 April, Ana: 13 calls"
    for page in ("99", "-1", "x", "9999999"):
        await desk.act(ANA, "goals.show", f"{ID}|{page}")
    assert len(await desk.deliver()) == 4


async def test_tones_follow_the_confidence(desk: Desk) -> None:
    for value, confidence in (("11", "at_risk"), ("12", "off_track"), ("13", "on_track")):
        desk.later(days=1)
        await desk.submit(ANA, "goals.update", ID, answers={"value": value, "confidence": confidence, "story": "so"})
    await desk.act(ANA, "goals.show", ID)
    card = (await desk.deliver())[-1].card
    [chart] = [part for part in (card.parts if card else ()) if isinstance(part, Chart)]
    assert [point.tone for point in chart.points] == ["plain", "warn", "bad", "good"]
