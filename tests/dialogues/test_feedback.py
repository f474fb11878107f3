"""Feedback as people live it: given, asked back, answered, thanked for; and asked of three."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.core.cards import Text
from bot.core.effects import Answer, OpenForm
from bot.core.people import Person
from bot.core.settings import Settings
from handlers.feedback import feedback
from handlers.requests import requests
from storage import people as folk
from storage.feedback import FeedbackRow
from storage.followups import FollowUpRow
from storage.requests import FeedbackAskedRow, FeedbackRequestRow
from storage.sharing import RemarkRow
from tests.conftest import Company, Desk, buttons, rows
from tests.dialogues.script import Script

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
WORDS = {
    "situation": "In yesterday’s demo, when the screen froze",
    "behaviour": "You told a joke and drew it on the wall",
    "impact": "I stopped sweating, and we got the order",
}
SETTINGS = Settings.model_validate({"people": {"pilot": ["nobody"]}})


@pytest.fixture
async def script(company: Company) -> Script:
    desk = company(feedback, requests, now=TUESDAY, settings=SETTINGS)
    people = [await desk.person("Max"), await desk.person("Ana", manager="max")]
    return Script(desk, *people, *[await desk.person(name, manager="max") for name in ("Ben", "Cy", "Dan")])


async def fill(desk: Desk, who: Person, answer: Answer | None, **answers: str) -> Answer | None:
    """Fill in the form that was answered with, and send it."""
    assert isinstance(answer, OpenForm), answer
    form = answer.form
    return await desk.submit(who, form.id, form.value, opens=True, answers={**WORDS, **answers})


async def gives(script: Script, giver: str, to: str, **answers: str) -> None:
    desk, people = script.desk, script.people
    opened = await desk.command(people[giver], "feedback", mentions=(people[to],))
    assert await fill(desk, people[giver], opened, **{"seen_by": "receiver", **answers}) is None


async def hears(script: Script, *lines: str) -> None:
    """What arrives by what was done without the script."""
    sent = [message for message in await script.desk.deliver() if message.verb == "post"]
    script.heard += [script._said(message) for message in sent]
    await script.expects(*lines)


async def test_given_asked_back_answered_and_thanked(script: Script) -> None:
    await gives(script, "ben", "ana", wish="Do it again in the autumn")
    await hears(
        script,
        "> ana: Ben has feedback for you 🌱 / The moment / In yesterday’s demo, when the screen froze / What happened",
        "> ben: Passed on to Ana. / Only Ana sees it. If Ana asks back, it comes here, and you answer here.",
    )
    await script.expects(
        """
        ana in feedback.got: Which joke was it?
        > ben: Ana says / Which joke was it? / Just answer here, I pass it on.
        ben in feedback.given: The one with the penguin.
        > ana: Ben says / The one with the penguin.
        ana [Say thanks]
        > ben: Ana read it, and says thank you 🙏
        > ana: Ben knows you read it.
        """
    )
    said = [(row.author, row.reader, row.words) for row in await rows(script.desk.store, RemarkRow)]
    assert said[:2] == [("ana", "ben", "Which joke was it?"), ("ben", "ana", "The one with the penguin.")]
    [row] = await rows(script.desk.store, FeedbackRow)
    assert row.thanked_at == script.desk.now
    labels = [button.label for card in script.desk.shown(script.people["ana"]) for button in buttons(card)]
    assert "Say thanks" not in labels and "Make it a goal" in labels


async def test_the_manager_reads_along_where_the_giver_chose_so(script: Script) -> None:
    await gives(script, "ben", "ana", seen_by="both")
    await hears(
        script,
        "> ana: …Max sees this too. Ben chose so.",
        "> max: Ben gave Ana feedback and shares it with you / The moment",
        "> ben: Passed on to Ana and Max. / Ana sees it, and sees that Max does too.",
    )
    await script.expects(
        """
        max in feedback.seen: What happened there?
        > max: Ana and Ben talk about this with each other.
        max [Say thanks]
        > ben: Max read it, and says thank you
        > max: Ben knows you read it.
        ben in feedback.given: You are welcome.
        > ana: Ben says / You are welcome.
        """
    )


async def test_asked_of_three_and_only_the_third_is_reminded(script: Script) -> None:
    desk, people = script.desk, script.people
    await script.expects(
        """
        ana: /feedback ask @ben @cy @dan What could I do better in reviews?
        > ben: Ana asks you for feedback on themselves. / What could I do better in reviews?
        > cy: Ana asks
        > dan: Ana asks
        > ana: You asked for feedback / What could I do better in reviews? / Ben: not yet
        cy [Not this time]
        > ana: Cy could not this time.
        > cy: That is fine. Ana only hears that it could not be this time.
        """
    )
    assert await fill(desk, people["ben"], await desk.press(people["ben"], "Answer"), seen_by="receiver") is None
    await hears(
        script,
        "> ana: Ben answered your question 🌱 / The question: “What could I do better in reviews?” / The moment",
        "> ben: Passed on to Ana.",
    )
    [status] = [card for card in desk.shown(people["ana"]) if card.title == "You asked for feedback"]
    assert Text("Ben: answered\nCy: could not this time\nDan: not yet") in status.parts
    await script.expects(  # asked on a Tuesday: Friday and the Tuesday after
        """
        + 2 days
        > nobody
        + 1 days
        > dan: Ana would still be glad to hear from you / Ana asks
        + 3 days
        > nobody
        + 1 days
        > dan: One last time, and then I leave you in peace
        + 20 days
        > nobody
        + 2 days
        > ana: The time is up, so I closed your question.
        """
    )
    assert await rows(desk.store, FollowUpRow, rhythm="feedback.request", planned=False) == []
    [request] = await rows(desk.store, FeedbackRequestRow)
    assert request.closed_at and request.closes.isoformat() == "2026-05-12"
    states = {row.person: row.state for row in await rows(desk.store, FeedbackAskedRow)}
    assert states == {"ben": "answered", "cy": "declined", "dan": "asked"}
    assert "Ana’s question is closed." in str(desk.shown(people["dan"])[-1])
    await desk.act(people["dan"], "feedback.answer", request.id)
    await hears(script, "> dan: This question is closed. You can still give feedback yourself.")


async def test_a_manager_asks_about_a_report(script: Script) -> None:
    desk, people = script.desk, script.people
    asked = await desk.command(people["max"], "feedback ask")
    assert isinstance(asked, OpenForm)
    answers = {"about": "ana", "question": "How does Ana run a workshop?"}
    whom = {"whom": (people["ben"], people["cy"])}
    assert await desk.submit(people["max"], "feedback.ask", asked.form.value, answers=answers, people=whom) is None
    await hears(
        script,
        "> ben: Max asks you for feedback on Ana. / How does Ana run a workshop? / Max is Ana’s manager and sees your",
        "> cy: Max asks",
        "> ana: Max asked 2 colleagues for feedback on you. / How does Ana run a workshop? / Each of them chooses",
        "> max: You asked for feedback on Ana",
    )
    await fill(desk, people["ben"], await desk.press(people["ben"], "Answer"), seen_by="manager")
    await hears(
        script,
        "> max: Ben answered your question about Ana / The question: “How does Ana run a workshop?” / The moment",
        "> ben: Passed on to Max. / Only Max sees it, not Ana. If Max asks back",
    )
    await script.expects(
        """
        max in feedback.seen: Can you say more?
        > ben: Max says / Can you say more?
        ben in feedback.given: Rather in person.
        > max: Ben says / Rather in person.
        """
    )
    await fill(desk, people["cy"], await desk.press(people["cy"], "Answer"), seen_by="both")
    await hears(
        script,
        "> ana: Cy answered Max’s question about you 🌱",
        "> max: …The moment",
        "> cy: Passed on to Ana and Max. / Ana sees it, and sees that Max does too.",
        "> max: Everybody you asked has answered, so I closed your question.",
    )


async def test_the_asker_closes_it_and_nobody_is_reminded(script: Script) -> None:
    await script.expects(
        """
        ana: /feedback ask @ben Anything I should stop doing?
        > ben: *
        > ana: *
        ana [Close it]
        > ana: Closed. I do not remind anybody any more.
        + 40 days
        > nobody
        """
    )
    assert "Ana’s question is closed." in str(script.desk.shown(script.people["ben"]))


async def test_who_has_left_drops_out_silently(script: Script) -> None:
    desk = script.desk
    await script.expects(
        """
        ana: /feedback ask @ben @cy What should I know?
        > ben: *
        > cy: *
        > ana: You asked for feedback / What should I know? / Ben: not yet
        """
    )
    async with desk.store.transaction() as session:
        await session.run(update(folk.people).where(folk.people.c.id == "ben").values(gone=True))
    await script.expects(
        """
        + 3 days
        > cy: Ana would still be glad
        cy [Not this time]
        > ana: Cy could not this time.
        > cy: *
        > ana: Everybody you asked has answered
        + 9 days
        > nobody
        """
    )
    assert "Ben" not in str(desk.shown(script.people["ana"])[0])
