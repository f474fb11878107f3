"""Asking for feedback: who can be asked, what one answer does, when somebody is reminded, and when it ends."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.core.cards import Choice, Form, PeoplePicker, Remark, TextBox
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Opened, Shortcut
from bot.core.features import Routes
from bot.core.people import Person
from bot.core.requests import LIMIT, MOST, FeedbackRequest, check, day_after, status_card
from bot.core.settings import Settings
from bot.platforms.slack import inbound
from bot.platforms.slack.manifest import manifest
from handlers import FEATURES
from handlers.feedback import feedback
from handlers.requests import requests
from storage import people as folk
from storage import requests as store_of
from storage.feedback import FeedbackRow
from storage.followups import FollowUpRow
from storage.places import keep_group
from storage.requests import FeedbackAskedRow, FeedbackRequestRow
from tests.conftest import HALL, SLACK, Company, Desk, count, rows

NOW = datetime(2026, 4, 14, 12, tzinfo=UTC)  # a Tuesday
OTHER = "slack:T2"
WORDS = {"situation": "In yesterday’s demo with Cy", "behaviour": "You told a joke", "impact": "I laughed"}
CALENDAR = "UTC||01234|09:00|17:00"
ANA = Person("ana", "Ana", SLACK, "U-ana", company="c", manager="max", calendar=CALENDAR)
BEN, MAX = replace(ANA, id="ben", name="Ben", manager=None), replace(ANA, id="max", name="Max", manager=None)


# What can be asked.


@pytest.mark.parametrize(
    ("whom", "about", "question", "wrong"),
    [
        ((BEN,), ANA, "Well?", {}),
        ((), ANA, "", {"whom": "Choose at least one", "question": "Say what"}),
        ((ANA,), ANA, "Well?", {"whom": "Leave yourself out."}),
        ((BEN, ANA), ANA, "Well?", {"whom": "Leave yourself out."}),
        ((MAX,), MAX, "Well?", {"whom": "Max is who you ask about."}),
        ((replace(BEN, bot=True),), ANA, "Well?", {"whom": "Ben is a bot"}),
        ((replace(BEN, gone=True),), ANA, "Well?", {"whom": "Ben no longer works here."}),
        ((replace(BEN, company="d"),), ANA, "Well?", {"whom": "I only know the people of your own company."}),
        ((BEN,), None, "Well?", {"about": "You can ask about yourself"}),
        ((BEN,), ANA, "x" * LIMIT, {}),
        ((BEN,), ANA, "x" * (LIMIT + 1), {"question": "Please keep"}),
        (tuple(replace(BEN, id=str(n)) for n in range(MOST)), ANA, "Well?", {}),
        (tuple(replace(BEN, id=str(n)) for n in range(MOST + 1)), ANA, "Well?", {"whom": "Choose at most 10"}),
    ],
)
def test_what_cannot_be_asked(
    whom: tuple[Person, ...], about: Person | None, question: str, wrong: dict[str, str]
) -> None:
    found = check(ANA, whom, about, question, Settings())
    assert found.keys() == wrong.keys() and all(found[field].startswith(said) for field, said in wrong.items())


def test_guests_are_asked_where_they_may() -> None:
    alone = Settings.model_validate({"feedback": {"guests": False}})
    guest = replace(BEN, guest=True)
    assert check(ANA, (guest,), ANA, "Well?", Settings()) == {}
    assert check(ANA, (guest,), ANA, "Well?", alone)["whom"].startswith("Ben is a guest here")


@pytest.mark.parametrize(
    ("change", "open"),
    [
        ({}, True),
        ({"closed_at": NOW}, False),
        ({"by": replace(MAX, gone=True)}, False),
        ({"about": replace(ANA, gone=True)}, False),
        ({"about": replace(ANA, manager="zoe")}, False),  # the report has another manager now
        ({"by": ANA}, True),
        ({"by": replace(ANA, manager=None), "about": replace(ANA, manager=None)}, True),
    ],
)
def test_when_it_can_be_answered(change: dict[str, object], open: bool) -> None:
    request = replace(FeedbackRequest("r", MAX, ANA, "?", NOW, date(2026, 5, 12)), **change)  # type: ignore[arg-type]
    assert request.open(date(2026, 5, 12)) is open
    assert not request.open(date(2026, 5, 13))


@pytest.mark.parametrize(
    ("calendar", "zone", "at", "days", "day"),
    [
        (CALENDAR, "UTC", NOW, 3, date(2026, 4, 17)),
        (CALENDAR, "UTC", NOW, 5, date(2026, 4, 21)),
        ("Europe/Amsterdam|NL|01234|09:00|17:00", "Europe/Amsterdam", datetime(2026, 4, 24, 12, tzinfo=UTC), 1,
         date(2026, 4, 28)),  # the king's birthday
        ("Asia/Tokyo||01|09:00|17:00", "Asia/Tokyo", datetime(2026, 4, 13, 16, tzinfo=UTC), 1, date(2026, 4, 20)),
    ],
)  # fmt: skip
def test_days_are_the_persons_own_working_days(calendar: str, zone: str, at: datetime, days: int, day: date) -> None:
    assert day_after(replace(ANA, calendar=calendar, zone=zone), at, days) == day


def test_who_left_is_not_on_the_list() -> None:
    those = ((replace(BEN, gone=True), "asked"), (MAX, "declined"))
    request = FeedbackRequest("r", ANA, ANA, "?", NOW, date(2026, 5, 12), asked=those)  # type: ignore[arg-type]
    assert "Ben" not in str(status_card(request, (3, 5))) and request.waiting == ()
    nobody = replace(request, asked=those[:1])  # type: ignore[arg-type]
    assert "Nobody is reminded." in str(status_card(nobody, ()))


@pytest.mark.parametrize("told", [{"remind": [5, 3]}, {"remind": [0]}, {"remind": [3, 20]}, {"closes": 0}])
def test_days_that_make_no_sense_are_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Settings.model_validate({"feedback": told})


# On the real store.


class House:
    """Ana and her manager Max, and some to ask; Eve is of another company."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        person = self.desk.person
        self.max = await person("Max")
        self.ana, self.ben = await person("Ana", manager="max"), await person("Ben", manager="max")
        self.cy, self.eve = await person("Cy"), await person("Eve", workspace=OTHER)
        return self

    async def asks(self, who: Person, *whom: Person, about: str = "me", question: str = "How do I run reviews?") -> str:
        before = {row.id for row in await rows(self.desk.store, FeedbackRequestRow)}
        answers = {"about": about, "question": question}
        assert await self.desk.submit(who, "feedback.ask", answers=answers, people={"whom": whom}) is None
        [id] = {row.id for row in await rows(self.desk.store, FeedbackRequestRow)} - before
        await self.desk.deliver()
        return str(id)

    async def answers(self, who: Person, id: str, seen_by: str = "receiver", **more: str) -> Answer | None:
        opened = await self.desk.act(who, "feedback.answer", id)
        assert isinstance(opened, OpenForm), opened
        answers = {**WORDS, "seen_by": seen_by, **more}
        return await self.desk.submit(who, opened.form.id, opened.form.value, opens=True, answers=answers)

    async def states(self, id: str) -> dict[str, str]:
        return {row.person: row.state for row in await rows(self.desk.store, FeedbackAskedRow, request=id)}

    async def asked_of(self, who: Person) -> list[str]:
        async with self.desk.store.reading() as session:
            return [each.id for each in await store_of.asked_of_me(session, Opened(**self.desk.base(who, None)))]

    async def change(self, who: str, **values: object) -> None:
        async with self.desk.store.transaction() as session:
            await session.run(update(folk.people).where(folk.people.c.id == who).values(**values))


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(feedback, requests, now=NOW)).furnished()


def form(answer: Answer | None) -> Form:
    assert isinstance(answer, OpenForm), answer
    return answer.form


async def test_the_form_offers_reports_to_who_has_them(house: House) -> None:
    plain = form(await house.desk.command(house.ana, "feedback ask"))
    assert [type(each) for each in plain.fields] == [PeoplePicker, TextBox]
    managers = form(await house.desk.command(house.max, "feedback ask"))
    choice = next(each for each in managers.fields if isinstance(each, Choice))
    assert choice.options == (("me", "About me"), ("ana", "Ana"), ("ben", "Ben")) and choice.value == "me"


async def test_half_a_command_opens_the_form_with_what_was_said(house: House) -> None:
    desk = house.desk
    opened = form(await desk.command(house.ana, "feedback ask", "How am I  doing?"))
    assert opened.fields[-1].value == "How am I doing?"  # type: ignore[union-attr]
    opened = form(await desk.command(house.ana, "feedback ask", "", mentions=(house.ben,)))
    assert opened.fields[0].people == (house.ben,)  # type: ignore[union-attr]
    await desk.command(house.ana, "feedback ask", "How am I doing?", opens=False)
    await desk.deliver()
    again = form(await desk.press(house.ana, "Open the form"))
    assert again.fields[-1].value == "How am I doing?"  # type: ignore[union-attr]


async def test_a_command_is_refused_privately_all_at_once(house: House) -> None:
    desk = house.desk
    refused = await desk.command(house.ana, "feedback ask", "x" * 501, HALL, mentions=(house.ana, house.eve))
    [said] = await desk.deliver()
    assert refused is None and said.only_for == house.ana.account and said.card
    assert all(words in str(said.card) for words in ("Leave yourself out.", "I only know", "Please keep the question"))
    unknown = await desk.command(house.ana, "feedback ask", "Well?", HALL, groups=("S1",))
    [said] = await desk.deliver()
    assert unknown is None and "I do not know who is in that group yet" in str(said.card)
    assert await count(desk.store, FeedbackRequestRow) == 0


async def test_a_group_is_asked_one_by_one(house: House) -> None:
    desk = house.desk
    async with desk.store.transaction() as session:
        await keep_group(session, SLACK, "S1", "team", ["U-ana", "U-ben", "U-cy"])
    await desk.command(house.ana, "feedback ask", "How do I do?", HALL, groups=("S1",))
    [row] = await rows(desk.store, FeedbackRequestRow)
    assert await house.states(row.id) == {"ben": "asked", "cy": "asked"}


async def test_a_repeat_asks_once(house: House) -> None:
    desk = house.desk
    for _ in range(2):
        await desk.command(house.ana, "feedback ask", "Well?", mentions=(house.ben, house.ben), id="same")
    assert await count(desk.store, FeedbackRequestRow) == 1 and await count(desk.store, FeedbackAskedRow) == 1
    assert await count(desk.store, FollowUpRow) == 2


@pytest.mark.parametrize("about", ["ben", "max", "nobody", "eve"])
async def test_only_about_oneself_or_a_report(house: House, about: str) -> None:
    answers = {"about": about, "question": "Well?"}
    refused = await house.desk.submit(house.ana, "feedback.ask", answers=answers, people={"whom": (house.cy,)})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"about"}
    assert await count(house.desk.store, FeedbackRequestRow) == 0


async def test_answering_is_once_however_often_it_is_pressed(house: House) -> None:
    desk = house.desk
    id = await house.asks(house.ana, house.ben, house.cy)
    first, second = [form(await desk.act(house.ben, "feedback.answer", id)) for _ in range(2)]
    answers = {**WORDS, "seen_by": "receiver"}
    sent = [desk.submit(house.ben, each.id, each.value, opens=True, answers=answers) for each in (first, second) * 4]
    results = await asyncio.gather(*sent)
    assert sorted(type(each).__name__ for each in results) == ["NoneType"] + ["Refuse"] * 7
    assert await count(desk.store, FeedbackRow) == 1 and await house.states(id) == {"ben": "answered", "cy": "asked"}
    await desk.deliver()
    assert await desk.act(house.ben, "feedback.answer", id) is None
    await desk.act(house.ben, "feedback.decline", id)
    assert {"You answered this already. Thank you!"} == {m.card.summary for m in await desk.deliver() if m.card}
    assert await house.states(id) == {"ben": "answered", "cy": "asked"}


async def test_two_who_answer_at_once_both_count(house: House) -> None:
    id = await house.asks(house.ana, house.ben, house.cy)
    assert await asyncio.gather(*(house.answers(who, id) for who in (house.ben, house.cy))) == [None, None]
    assert await house.states(id) == {"ben": "answered", "cy": "answered"}
    [row] = await rows(house.desk.store, FeedbackRequestRow)
    assert row.closed_at is not None and await count(house.desk.store, FollowUpRow) == 0


async def test_declining_leaves_no_reason_and_no_reminder(house: House) -> None:
    desk = house.desk
    id = await house.asks(house.ana, house.ben, house.cy)
    await asyncio.gather(*(desk.act(house.ben, "feedback.decline", id) for _ in range(4)))
    to_ana = [m for m in await desk.deliver() if m.place.conversation == "U-ana" and m.verb == "post"]
    assert [m.card.summary for m in to_ana if m.card] == ["Ben could not this time."]
    assert await count(desk.store, FollowUpRow, person="ben") == 0 and await count(desk.store, FollowUpRow) == 2
    refused = await desk.submit(house.ben, "feedback.answer", id, opens=True, answers={**WORDS, "seen_by": "receiver"})
    assert isinstance(refused, Refuse) and await count(desk.store, FeedbackRow) == 0


@pytest.mark.parametrize("whose", ["asker", "colleague", "other company", "who it is about"])
async def test_only_who_was_asked_can_answer(house: House, whose: str) -> None:
    desk = house.desk
    id = await house.asks(house.max, house.cy, about="ana", question="MARKED question")
    zoe = await desk.person("Zoe")
    presser = {"asker": house.max, "colleague": zoe, "other company": house.eve, "who it is about": house.ana}[whose]
    for value in (id, f"{id}|max", f"{id}|max|again"):
        assert await desk.act(presser, "feedback.answer", value) is None
        refused = await desk.submit(presser, "feedback.answer", value, opens=True, answers={**WORDS, "seen_by": "both"})
        assert isinstance(refused, Refuse) and "MARKED" not in str(refused)
        await desk.act(presser, "feedback.decline", value)
    if presser is not house.max:
        await desk.act(presser, "feedback.close", id)
    assert await house.states(id) == {"cy": "asked"} and await count(desk.store, FeedbackRow) == 0
    assert "MARKED" not in str([m.card for m in await desk.deliver()])
    assert (await rows(desk.store, FeedbackRequestRow))[0].closed_at is None


async def test_the_choice_on_a_managers_question(house: House) -> None:
    """The two who can see it are named; to be let in by forging is no choice."""
    desk = house.desk
    id = await house.asks(house.max, house.cy, house.ben, about="ana")
    opened = form(await desk.act(house.cy, "feedback.answer", id))
    choice = next(each for each in opened.fields if isinstance(each, Choice))
    assert choice.options == (("both", "Ana and Max, who asked"), ("manager", "Only Max, who asked"))
    assert "The question: “How do I run reviews?”" in [each.body for each in opened.fields if isinstance(each, Remark)]
    for seen_by in ("receiver", "", "everyone"):
        refused = await house.answers(house.cy, id, seen_by)
        assert isinstance(refused, Refuse) and set(refused.objections) == {"seen_by"}
    assert await house.answers(house.cy, id, "manager") is None
    [row] = await rows(desk.store, FeedbackRow)
    assert (row.receiver, row.manager, row.seen_by, row.request) == ("ana", "max", "manager", id)


async def test_an_example_is_asked_for_once_in_an_answer_too(house: House) -> None:
    id = await house.asks(house.ana, house.ben)
    again = form(await house.answers(house.ben, id, situation="You always do"))
    assert again.id == "feedback.answer" and again.value == f"{id}|max|again"
    answers = {**WORDS, "situation": "You always do", "seen_by": "receiver"}
    sent = await house.desk.submit(house.ben, again.id, again.value, opens=True, answers=answers)
    assert sent is None and await count(house.desk.store, FeedbackRow, situation="You always do") == 1


@pytest.mark.parametrize("what", ["asker left", "another manager", "closed", "time is up", "person left"])
async def test_what_is_over_is_neither_asked_nor_answered(house: House, what: str) -> None:
    desk = house.desk
    id = await house.asks(house.max, house.cy, house.ben, about="ana")
    assert await house.asked_of(house.cy) == [id]
    if what == "closed":
        await desk.act(house.max, "feedback.close", id)
    elif what == "time is up":
        desk.now += timedelta(days=29)
    else:
        who = {"asker left": "max", "person left": "ana"}.get(what)
        await (house.change(who, gone=True) if who else house.change("ana", manager="cy"))
    await desk.deliver()
    assert await house.asked_of(house.cy) == []
    assert await desk.act(house.cy, "feedback.answer", id) is None
    refused = await desk.submit(house.cy, "feedback.answer", id, opens=True, answers={**WORDS, "seen_by": "both"})
    assert isinstance(refused, Refuse)
    await desk.due(house.cy, "feedback.request", id)
    await desk.act(house.cy, "feedback.decline", id)
    assert {m.place.conversation for m in await desk.deliver()} == {"U-cy"}
    assert await house.states(id) == {"cy": "asked", "ben": "asked"} and await count(desk.store, FeedbackRow) == 0


async def test_closing_twice_and_after_the_time(house: House) -> None:
    desk = house.desk
    id = await house.asks(house.ana, house.ben)
    for _ in range(2):
        await desk.act(house.ana, "feedback.close", id)
    await desk.due(house.ana, "feedback.close", id)
    posts = [m.card.summary for m in await desk.deliver() if m.verb == "post" and m.card]
    assert posts == ["Closed. I do not remind anybody any more."] * 2
    await desk.act(house.ana, "feedback.close", "request:nobody")
    assert [m.card.summary for m in await desk.deliver() if m.card] == ["Only who asked can close this."]


async def test_reminders_follow_the_settings(company: Company) -> None:
    never = Settings.model_validate({"feedback": {"remind": [], "closes": 2}})
    house = await House(company(feedback, requests, now=NOW, settings=never)).furnished()
    await house.asks(house.ana, house.ben)
    [row] = await rows(house.desk.store, FollowUpRow)
    assert (row.person, row.rhythm, row.day) == ("ana", "feedback.close", date(2026, 4, 16))


async def test_asked_of_me_tells_what_is_asked_and_not_who_else(house: House) -> None:
    desk = house.desk
    first = await house.asks(house.ana, house.cy, house.ben)
    desk.later(minutes=1)
    second = await house.asks(house.max, house.cy, about="ana", question="And?")
    assert await house.asked_of(house.cy) == [first, second]
    async with desk.store.reading() as session:
        found = await store_of.asked_of_me(session, Opened(**desk.base(house.cy, None)))
    assert [(each.by.id, each.about.id, each.question, each.asked) for each in found] == [
        ("ana", "ana", "How do I run reviews?", ()),
        ("max", "ana", "And?", ()),
    ]
    await house.answers(house.cy, first)
    assert await house.asked_of(house.cy) == [second] and await house.asked_of(house.eve) == []


# The menus.


def test_slack_has_it_in_both_menus_and_hears_both_as_one() -> None:
    listed = manifest(Routes(*FEATURES), Settings(), "https://kadens.example")["features"]["shortcuts"]
    ours = {(each["callback_id"], each["type"]): each["name"] for each in listed if "feedback" in each["callback_id"]}
    assert ours == {
        ("feedback", "global"): "Give feedback",
        ("feedback#here", "message"): "Give feedback about this",
    }
    assert len({each["callback_id"] for each in listed}) == len(listed) <= 10
    body = {"trigger_id": "t.1", "user": {"id": "U1", "team_id": "T1"}, "team": {"id": "T1"}}
    message = {"channel": {"id": "C1", "name": "hall"}, "message": {"ts": "1.1", "user": "U2", "text": "Done!"}}
    heard = [
        inbound.read({**body, "type": "shortcut", "callback_id": "feedback"}, NOW),
        inbound.read({**body, **message, "type": "message_action", "callback_id": "feedback#here"}, NOW),
    ]
    assert all(isinstance(each, Shortcut) and each.name == "feedback" for each in heard)
