"""Mentors: what is offered and to whom, one asking, a yes or a kind no, and how each of it ends."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.core.cards import Form
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.mentors import MOST, MOVES, TOPIC, WORDS, Mentoring, Offer, State
from bot.core.people import Person
from bot.core.sending import Outgoing
from handlers.growth import growth
from handlers.learning import learning
from handlers.mentors import mentors
from handlers.skills import skills
from storage import people as folk
from storage.followups import FollowUpRow
from storage.learning import LearningRow
from storage.mentors import MentoringRow, MentorOfferRow
from tests.conftest import SLACK, Company, Desk, buttons, count, rows

NOW = datetime(2026, 4, 14, 12, tzinfo=UTC)  # a Tuesday
ANA = Person("ana", "Ana", SLACK, "U-ana", company="c")
MAX = replace(ANA, id="max", name="Max")


@pytest.mark.parametrize("state", ["asked", "accepted", "declined", "lapsed", "withdrawn", "ended"])
def test_what_can_be_done_in_each_state(state: State) -> None:
    one = Mentoring("m", "o", MAX, ANA, "Budgets", "help", NOW, state)
    able = {(who.id, move) for who in (MAX, ANA) for move in ("accept", "decline", "withdraw", "end", "lapse")
            if one.may(who, move)}  # fmt: skip
    assert able == {
        "asked": {("max", "accept"), ("max", "decline"), ("ana", "withdraw"), ("max", "lapse"), ("ana", "lapse")},
        "accepted": {("max", "end"), ("ana", "end")},
    }.get(state, set())
    assert not replace(one, mentee=replace(ANA, gone=True)).may(MAX, "accept")
    assert not {before for _, before in MOVES} - {"asked", "accepted"}  # all others are ends


def test_an_offer_is_found_by_all_words_wherever_they_stand() -> None:
    offer = Offer("o", MAX, "First talks", "Ångström and more", NOW)
    assert offer.fits("") and offer.fits("TALKS ångström") and offer.fits("max") and not offer.fits("talks budgets")


class House:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        person = self.desk.person
        self.max, self.ana, self.ben = await person("Max"), await person("Ana"), await person("Ben")
        self.gus, self.eve = await person("Gus", guest=True), await person("Eve", workspace="slack:T2")
        return self

    async def offers(self, who: Person, topic: str = "Budgets", words: str = "") -> str:
        before = {row.id for row in await rows(self.desk.store, MentorOfferRow)}
        assert await self.desk.submit(who, "mentors.offer", answers={"topic": topic, "words": words}) is None
        [id] = {row.id for row in await rows(self.desk.store, MentorOfferRow)} - before
        return str(id)

    async def asks(self, who: Person, offer: str, words: str = "My first budget") -> str:
        before = {row.id for row in await rows(self.desk.store, MentoringRow)}
        assert await self.desk.submit(who, "mentors.ask", offer, answers={"words": words}) is None
        [id] = {row.id for row in await rows(self.desk.store, MentoringRow)} - before
        await self.desk.deliver()
        return str(id)

    async def asked(self) -> str:
        return await self.asks(self.ana, await self.offers(self.max))

    async def accepted(self) -> str:
        id = await self.asked()
        await self.desk.press(self.max, "Yes, gladly")
        await self.desk.deliver()
        return id

    async def state(self, id: str) -> str:
        [row] = await rows(self.desk.store, MentoringRow, id=id)
        return str(row.state)

    async def days(self) -> dict[tuple[str, str], date]:
        return {(row.person, row.rhythm): row.day for row in await rows(self.desk.store, FollowUpRow)}

    async def leaves(self, who: str) -> None:
        async with self.desk.store.transaction() as session:
            await session.run(update(folk.people).where(folk.people.c.id == who).values(gone=True))


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(growth, learning, skills, mentors, now=NOW)).furnished()


def form(answer: Answer | None) -> Form:
    assert isinstance(answer, OpenForm), answer
    return answer.form


def said(messages: list[Outgoing], to: Person) -> list[str]:
    here = [each for each in messages if each.place.conversation == to.account and each.verb == "post"]
    return [each.card.summary for each in here if each.card]


# Offering.


async def test_an_offer_is_seen_by_colleagues_until_it_is_taken_back(house: House) -> None:
    desk = house.desk
    id = await house.offers(house.max, "First talks", "an hour a month")
    await desk.deliver()
    for who, sees in ((house.ana, True), (house.gus, False), (house.eve, False)):
        await desk.command(who, "growth mentors", "talks")
        [shown] = await desk.deliver()
        assert ("Max: First talks" in str(shown.card)) is sees
        assert ("Ask" in [each.label for each in buttons(shown.card)]) is sees
    await desk.command(house.ana, "growth mentors", "budgets")
    assert "Nobody offers that yet" in str((await desk.deliver())[0].card)
    await desk.act(house.ana, "mentors.close", id)  # somebody else's
    assert await count(desk.store, MentorOfferRow, closed_at=None) == 1
    await desk.press(house.max, "Take it back")
    await desk.deliver()
    await desk.command(house.ana, "growth mentors")
    assert "First talks" not in str((await desk.deliver())[-1].card)
    assert await desk.act(house.ana, "mentors.ask", id) is None


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"topic": " "}, {"topic"}),
        ({"topic": "x" * (TOPIC + 1), "words": "x" * (WORDS + 1)}, {"topic", "words"}),
    ],
)
async def test_what_cannot_be_offered(house: House, answers: dict[str, str], wrong: set[str]) -> None:
    refused = await house.desk.submit(house.max, "mentors.offer", answers=answers)
    assert isinstance(refused, Refuse) and set(refused.objections) == wrong
    assert await count(house.desk.store, MentorOfferRow) == 0


async def test_a_guest_offers_nothing_and_nobody_everything(house: House) -> None:
    desk = house.desk
    assert await desk.act(house.gus, "mentors.offer") is None
    assert isinstance(await desk.submit(house.gus, "mentors.offer", answers={"topic": "X"}), Refuse)
    results = await asyncio.gather(
        *(desk.submit(house.max, "mentors.offer", answers={"topic": f"T{n}"}) for n in range(MOST + 3))
    )
    assert sum(isinstance(each, Refuse) for each in results) == 3 and await count(desk.store, MentorOfferRow) == MOST


async def test_the_list_has_pages(house: House) -> None:
    desk = house.desk
    for n in range(7):
        await house.offers(house.max if n % 2 else house.ben, f"Topic {n}")
        desk.later(minutes=1)
    await desk.deliver()
    await desk.command(house.ana, "growth mentors", "topic")
    await desk.deliver()
    await desk.press(house.ana, "More")
    [second] = await desk.deliver()
    text = str(second.card)
    assert "Topic 1" in text and "Topic 0" in text and "Topic 2" not in text


# Asking.


async def test_one_asks_and_the_mentor_says_yes(house: House) -> None:
    desk = house.desk
    offer = await house.offers(house.max)
    await desk.deliver()
    await desk.command(house.ana, "growth mentors", "budgets")
    await desk.deliver()
    opened = form(await desk.press(house.ana, "Ask"))
    assert opened.value == offer
    assert await desk.submit(house.ana, opened.id, opened.value, answers={"words": "My first budget"}) is None
    messages = await desk.deliver()
    assert said(messages, house.max) == ["Ana would like your help with Budgets:"] and "My first budget" in str(
        messages
    )
    assert await house.days() == {
        ("max", "mentors.wait"): date(2026, 4, 21),
        ("ana", "mentors.wait"): date(2026, 4, 28),
    }
    await desk.press(house.max, "Yes, gladly")
    messages = await desk.deliver()
    assert said(messages, house.ana) == ["Max helps you with Budgets. Find a first half hour together."]
    assert said(messages, house.max) == ["Lovely. I have told Ana."]
    assert await house.days() == {("ana", "mentors.look"): date(2026, 5, 12)}
    planned = form(await desk.press(house.ana, "Put it in my plan"))
    answers = {"words": "Talk", "kind": str(planned.fields[1].value), "day": "2026-05-01"}  # type: ignore[union-attr]
    await desk.submit(house.ana, planned.id, planned.value, answers=answers)
    [action] = await rows(desk.store, LearningRow)
    assert (action.person, action.kind, action.source) == ("ana", "mentor", planned.value)


@pytest.mark.parametrize("words", ["", "x" * (WORDS + 1)])
async def test_asking_takes_a_line(house: House, words: str) -> None:
    offer = await house.offers(house.max)
    refused = await house.desk.submit(house.ana, "mentors.ask", offer, answers={"words": words})
    assert isinstance(refused, Refuse) and await count(house.desk.store, MentoringRow) == 0


@pytest.mark.parametrize("who", ["max", "gus", "eve"])
async def test_who_cannot_ask(house: House, who: str) -> None:
    offer = await house.offers(house.max)
    actor = {"max": house.max, "gus": house.gus, "eve": house.eve}[who]
    assert await house.desk.act(actor, "mentors.ask", offer) is None
    assert isinstance(await house.desk.submit(actor, "mentors.ask", offer, answers={"words": "me"}), Refuse)
    assert await count(house.desk.store, MentoringRow) == 0


async def test_asked_twice_at_once_it_is_asked_once(house: House) -> None:
    offer = await house.offers(house.max)
    results = await asyncio.gather(
        *(house.desk.submit(house.ana, "mentors.ask", offer, answers={"words": "me"}) for _ in range(5))
    )
    assert sum(each is None for each in results) == 1 and await count(house.desk.store, MentoringRow) == 1


# What becomes of it.


@pytest.mark.parametrize("words", ["", "Ask Ben, he knows more"])
async def test_a_kind_no(house: House, words: str) -> None:
    desk = house.desk
    id = await house.asked()
    opened = form(await desk.press(house.max, "Not now"))
    assert await desk.submit(house.max, opened.id, opened.value, answers={"words": words}) is None
    messages = await desk.deliver()
    assert said(messages, house.ana) == ["Max would have liked to help with Budgets, and cannot right now."]
    assert (words in str(messages)) and await house.state(id) == "declined" and await house.days() == {}
    [row] = await rows(desk.store, MentoringRow)
    assert row.answer == words and row.ended_at == NOW


async def test_the_first_of_two_answers_counts(house: House) -> None:
    desk = house.desk
    id = await house.asked()
    await asyncio.gather(
        desk.act(house.max, "mentors.accept", id),
        desk.act(house.ana, "mentors.withdraw", id),
        desk.act(house.max, "mentors.accept", id),
        desk.submit(house.max, "mentors.decline", id, answers={"words": ""}),
    )
    state = await house.state(id)
    assert state in ("accepted", "withdrawn", "declined")
    assert await house.days() == ({("ana", "mentors.look"): date(2026, 5, 12)} if state == "accepted" else {})
    told = said(await desk.deliver(), house.max)
    assert told.count("Lovely. I have told Ana.") == (state == "accepted")


async def test_withdrawn_it_needs_no_answer(house: House) -> None:
    desk = house.desk
    id = await house.asked()
    await desk.press(house.ana, "No longer needed")
    changed = await desk.deliver()
    assert {each.verb for each in changed} == {"update"} and await house.days() == {}
    await desk.act(house.max, "mentors.accept", id)
    assert said(await desk.deliver(), house.max) == ["Ana no longer needs help with Budgets."]
    assert await house.state(id) == "withdrawn"


async def test_the_mentor_is_reminded_once_and_then_nobody_waits(house: House) -> None:
    desk = house.desk
    id = await house.asked()
    desk.now += timedelta(days=7)
    await desk.due(house.max, "mentors.wait", id)
    assert said(await desk.deliver(), house.max) == ["Ana is still hoping for an answer"]
    desk.now += timedelta(days=7)
    await desk.due(house.ana, "mentors.wait", id)
    messages = await desk.deliver()
    assert said(messages, house.ana)[0].startswith("Max did not get round to answering about Budgets.")
    assert said(messages, house.max) == [] and await house.state(id) == "lapsed"
    await desk.due(house.ana, "mentors.wait", id, 1)
    assert await desk.deliver() == []


async def test_after_a_month_it_goes_on_or_ends_with_thanks(house: House) -> None:
    desk = house.desk
    id = await house.accepted()
    desk.now = datetime(2026, 5, 12, 9, tzinfo=UTC)
    await desk.due(house.ana, "mentors.look", id)
    assert said(await desk.deliver(), house.ana) == ["Does it still help to talk to Max?"]
    await desk.press(house.ana, "Yes, we go on")
    await desk.deliver()
    assert await house.days() == {("ana", "mentors.look"): date(2026, 6, 9)}
    opened = form(await desk.press(house.ana, "Bring it to an end"))
    assert "keep it nowhere" in str(opened.fields)
    long = await desk.submit(house.ana, opened.id, opened.value, answers={"words": "x" * (WORDS + 1)})
    assert isinstance(long, Refuse) and await house.state(id) == "accepted"
    assert await desk.submit(house.ana, opened.id, opened.value, answers={"words": "THANKS"}) is None
    messages = await desk.deliver()
    assert said(messages, house.max) == ["You helped Ana with Budgets."] and "THANKS" in str(messages)
    assert await house.state(id) == "ended" and await house.days() == {}
    assert [row.answer for row in await rows(desk.store, MentoringRow)] == [""], "kept nowhere, as the form says"


async def test_the_mentor_leaving_ends_it(house: House) -> None:
    desk = house.desk
    id = await house.accepted()
    await house.leaves("max")
    await desk.due(house.ana, "mentors.look", id)
    assert said(await desk.deliver(), house.ana) == ["Max has left, so your mentoring has come to an end."]
    assert await house.state(id) == "ended" and await house.days() == {}


async def test_who_asked_leaving_leaves_nothing_to_answer(house: House) -> None:
    desk = house.desk
    id = await house.asked()
    await house.leaves("ana")
    for action in ("mentors.accept", "mentors.decline"):
        assert await desk.act(house.max, action, id) is None
    await desk.due(house.max, "mentors.wait", id)
    assert set(said(await desk.deliver(), house.max)) == {"Ana has left."} and await house.state(id) == "asked"


@pytest.mark.parametrize("who", ["ben", "gus", "eve"])
async def test_it_is_between_the_two(house: House, who: str) -> None:
    desk = house.desk
    other = {"ben": house.ben, "gus": house.gus, "eve": house.eve}[who]
    id = await house.asks(house.ana, await house.offers(house.max), "MARKED")
    for action in ("accept", "decline", "withdraw", "end", "on"):
        assert await desk.act(other, f"mentors.{action}", id) is None
    for name in ("mentors.decline", "mentors.end"):
        await desk.submit(other, name, id, answers={"words": "x"})
    for rhythm in ("mentors.wait", "mentors.look"):
        await desk.due(other, rhythm, id)
    opened = form(await desk.act(other, "learning.form", id))
    await desk.command(other, "growth mentors")
    await desk.command(other, "growth")
    told = str([message.card for message in await desk.deliver()]) + str(opened)
    assert "MARKED" not in told and "Budgets" not in told.replace("Max: Budgets", "")
    assert await house.state(id) == "asked"
    for action, mine in (("accept", house.ana), ("decline", house.ana), ("withdraw", house.max), ("end", house.max)):
        await desk.act(mine, f"mentors.{action}", id)
    assert await house.state(id) == "asked"
