"""GROW from the first question to the day of the commitment, alone and with the manager beside."""

from datetime import UTC, date, datetime

import pytest

from bot.core.cards import Remark
from bot.core.effects import OpenForm
from bot.core.settings import Settings
from handlers import FEATURES
from storage.grow import CommitmentRow
from tests.conftest import Company, buttons, rows
from tests.dialogues.script import Script

NOBODY = Settings.model_validate({"people": {"pilot": ["nobody"]}})  # is spoken to first: rhythms are silent here
WEDNESDAY = datetime(2026, 4, 8, 12, tzinfo=UTC)

TALK = """
    ana: /grow a calmer inbox
    > ana: GROW: a calmer inbox / Ten minutes
    ana: an empty inbox on Friday
    > ana: Where are you with it now?
    ana: three hundred unread
    > ana: What could you do?
    ana: delete everything
    > ana: And what else?
    ana: read mail twice a day
    > ana: Which one will you do first?
    ana: two fixed hours for mail
    > ana: How sure are you
"""


PROMISE = """
    ana: 9
    > ana: By which day?
    ana [In a week]
    > ana: Shall I share this
    ana [Only for me]
    > ana: That is a plan
"""


@pytest.fixture
async def script(company: Company) -> Script:
    desk = company(*FEATURES, now=WEDNESDAY, settings=NOBODY)
    max = await desk.person("Max")
    return Script(desk, await desk.person("Ana", manager="max"), max, await desk.person("Ben"))


async def test_an_unsure_will_asks_for_a_smaller_step_and_its_day_is_followed_up(script: Script) -> None:
    await script.expects(
        TALK,
        """
        ana: 6, meetings get in the way
        > ana: What smaller step would you be sure of?
        ana: one hour after lunch
        > ana: By which day?
        ana: in two weeks
        > ana: Shall I share this
        ana [Only for me]
        > ana: That is a plan / You will: “one hour after lunch” I will ask you here on Wednesday 22 April how it went.
        + 13 days
        > nobody
        + 1 days
        > ana: Today is the day. You wanted to: “one hour after lunch” / How did it go?
        ana [Partly]
        > ana: What did you learn from it?
        ana in grow: mornings are better
        > ana: What is your next step?
        ana: before nine
        > ana: By which day?
        ana [In a week]
        > ana: Part of it is done, and that counts. / I will ask again on Wednesday 29 April.
        + 7 days
        > ana: Today is the day. You wanted to: “before nine”
        ana [Done]
        > ana: What did you learn
        ana: skip
        > ana: What is your next step?
        ana: skip
        > ana: You did what you said.
        + 30 days
        > nobody
        """,
    )
    first, second = sorted(await rows(script.desk.store, CommitmentRow), key=lambda row: row.day)
    assert (first.words, first.state, first.learned) == ("one hour after lunch", "partly", "mornings are better")
    assert (second.words, second.state, second.day) == ("before nine", "done", date(2026, 4, 29))


async def test_a_sure_will_goes_straight_to_the_day(script: Script) -> None:
    await script.expects(TALK, "ana: 9", "> ana: By which day?", "ana: yesterday", "> ana: I need a day within a year")


async def test_it_waits_for_days_and_goes_on_exactly_there(script: Script) -> None:
    await script.expects(TALK, "+ 9 days", "> nobody", "ana in grow: 10", "> ana: By which day?")
    await script.expects("ana: stop", "> ana: Stopped.", "ana [Pick up where I was]", "> ana: By which day?")


async def test_the_same_thread_carries_the_follow_up(script: Script) -> None:
    await script.expects(TALK, PROMISE)
    await script.expects("+ 7 days", "> ana: Today is the day.")
    sent = script.desk.platform.sent
    assert len({message.place.thread for message in sent[1:]}) == 1 and sent[-1].place.thread == "m1"


async def test_an_answer_that_is_needed_is_asked_for_again_when_its_message_is_deleted(script: Script) -> None:
    await script.expects("ana: /grow", "> ana: GROW", "ana: a calmer inbox", "> ana: Where are you with it now?")
    await script.expects("ana ✎ a calmer inbox >", "> ana: GROW")
    await script.expects("ana: less mail", "> ana: Where are you with it now?")


async def test_a_day_the_form_did_not_ask_for_is_asked_afterwards(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await script.expects(TALK, PROMISE, "+ 7 days", "> ana: Today is the day.")
    opened = await desk.press(ana, "All at once")
    assert isinstance(opened, OpenForm) and "day" not in [getattr(field, "id", "") for field in opened.form.fields]
    answers = {"how": "partly", "learned": "", "next": "before nine"}
    assert await desk.submit(ana, "talk.fill", opened.form.value, answers=answers) is None
    await script.expects("ana: help", "> ana: By which day?", "> ana: Just answer")
    await script.expects("ana [In a week]", "> ana: Part of it is done")


async def test_a_commitment_can_become_a_goal(script: Script) -> None:
    """Of the talk itself, of what was not done yet, and of the next step; what is done needs none."""
    desk, ana = script.desk, script.people["ana"]

    async def offered() -> dict[str, str]:
        """The form behind the button, filled in with the promise."""
        opened = await desk.press(ana, "Make it a goal")
        assert isinstance(opened, OpenForm) and opened.form.id == "goals.form"
        asked = [field for field in opened.form.fields if not isinstance(field, Remark)]
        return {field.id: str(getattr(field, "value", "")) for field in asked}

    await script.expects(TALK, PROMISE)
    form = await offered()
    assert (form["title"], form["kind"], form["due"]) == ("two fixed hours for mail", "development", "2026-04-15")
    await script.expects("+ 7 days", "> ana: Today is", "ana [Not yet]", "> ana: *", "ana: skip", "> ana: *")
    await script.expects("ana: skip", "> ana: Not yet, then.")
    assert (await offered())["title"] == "two fixed hours for mail"


async def test_the_next_step_can_become_a_goal_and_what_is_done_need_not(script: Script) -> None:
    desk, ana = script.desk, script.people["ana"]
    await script.expects(TALK, PROMISE)
    await script.expects("+ 7 days", "> ana: Today", "ana [Done]", "> ana: *", "ana: skip", "> ana: *")
    await script.expects("ana: one hour less", "> ana: *", "ana [In a week]", "> ana: You did what you said.")
    opened = await desk.press(ana, "Make it a goal")
    assert isinstance(opened, OpenForm) and "one hour less" in str(opened.form)
    await script.expects("+ 7 days", "> ana: Today", "ana [Done]", "> ana: *", "ana: skip", "> ana: *")
    await script.expects("ana: skip", "> ana: You did what you said.")
    assert "Make it a goal" not in [button.label for button in buttons(desk.shown(ana)[-1])]


async def test_shared_with_the_manager_who_answers(script: Script) -> None:
    await script.expects(
        TALK,
        """
        ana: 8
        > ana: By which day?
        ana: 2026-05-01
        > ana: Shall I share this
        ana [Share with my manager]
        > ana: That is a plan
        > max: Ana shared a GROW talk with you / Goal: an empty inbox on Friday
        max in shared: I will keep the mornings free
        > ana: Max says / I will keep the mornings free
        """,
    )


async def test_a_manager_sits_beside(script: Script) -> None:
    await script.expects(
        """
        max: /grow @ana the next role
        > max: I invited Ana.
        > ana: Max invites you to a GROW talk / About: the next role
        ana [Let’s do it]
        > ana: GROW: the next role / Max is part of this talk
        > max: Ana has begun. Their answers come here
        ana: lead the spring release
        > ana: Where are you with it now?
        > max: What would you like to be true in three months that is not true today? / lead the spring release / You
        max in shared: What would be the first sign?
        > ana: Max says / What would be the first sign?
        """
    )


async def test_only_ones_own_manager_can_invite(script: Script) -> None:
    await script.expects("ben: /grow @ana a talk", "> ben: You can invite people who have said you are their manager.")


async def test_declining_gives_no_reason(script: Script) -> None:
    await script.expects(
        "max: /grow @ana",
        "> max: *",
        "> ana: Max invites you",
        "ana [Not now]",
        "> max: Ana would rather not do it now.",
        "> ana: That is fine.",
    )
