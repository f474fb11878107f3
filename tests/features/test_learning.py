"""The plan of what to learn: planned, changed, asked about on its day, ended with a word; and who sees it."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.cards import Card, Choice, Day, Form, TextBox
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Opened
from bot.core.learning import LEARNED, WORDS, Draft, Offering, options
from bot.core.people import Person
from bot.core.settings import Settings
from handlers.feedback import feedback
from handlers.grow import grow
from handlers.growth import growth
from handlers.history import history
from handlers.home import home
from handlers.learning import learning
from handlers.mentors import mentors
from handlers.privacy import privacy
from handlers.skills import skills
from storage import learning as store_of
from storage.audit import AuditRow
from storage.engine import Store
from storage.feedback import FeedbackRow
from storage.followups import FollowUpRow
from storage.grow import CommitmentRow
from storage.learning import LearningAction, LearningRow
from tests.conftest import Company, Desk, buttons, count, rows

NOW = datetime(2026, 4, 14, 12, tzinfo=UTC)  # a Tuesday
DAY = date(2026, 5, 12)
WORDS_SAID = "Watch Cy run a retrospective"
OFFERED = Settings.model_validate(
    {"learning": {"catalogue": [{"title": "Writing", "link": "https://l.example/w", "kind": "coaching"}]}}
)


class House:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        self.max = await self.desk.person("Max")
        self.ana, self.ben = await self.desk.person("Ana", manager="max"), await self.desk.person("Ben", manager="max")
        return self

    async def plans(self, who: Person, value: str = "", **answers: str) -> str:
        """The id of the action."""
        before = {row.id for row in await rows(self.desk.store, LearningRow)}
        said = {"words": WORDS_SAID, "kind": "job", "day": DAY.isoformat(), "seen_by": "me", **answers}
        assert await self.desk.submit(who, "learning.form", value, answers=said) is None
        [id] = {row.id for row in await rows(self.desk.store, LearningRow)} - before
        return str(id)

    async def row(self, id: str) -> LearningRow:
        [row] = await rows(self.desk.store, LearningRow, id=id)
        return row  # type: ignore[no-any-return]

    async def days(self, who: str = "ana") -> dict[str, date]:
        found = await rows(self.desk.store, FollowUpRow, person=who, rhythm="learning")
        return {row.about: row.day for row in found}


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(growth, learning, skills, mentors, grow, feedback, now=NOW)).furnished()


def form(answer: Answer | None) -> Form:
    assert isinstance(answer, OpenForm), answer
    return answer.form


def field(of: Form, id: str) -> TextBox | Choice | Day:
    return next(each for each in of.fields if getattr(each, "id", "") == id)  # type: ignore[return-value]


def words_of(card: Card | None) -> str:
    return str(card)


# Planning.


async def test_what_is_planned_stands_in_the_plan_and_is_asked_about_on_its_day(house: House) -> None:
    desk = house.desk
    asked = form(await desk.command(house.ana, "growth learn", "Watch  Cy"))
    assert field(asked, "words").value == "Watch Cy" and field(asked, "day").value == date(2026, 5, 14)
    id = await house.plans(house.ana, seen_by="manager")
    row = await house.row(id)
    assert (row.words, row.kind, row.day, row.seen_by, row.state) == (WORDS_SAID, "job", DAY, "manager", "open")
    assert await house.days() == {id: DAY}
    [said] = await desk.deliver()
    assert said.card and said.card.title == "It is in your plan"
    assert [button.label for button in buttons(said.card)] == ["Done", "Change", "Let go"]


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"words": " "}, {"words"}),
        ({"words": "x" * (WORDS + 1)}, {"words"}),
        ({"day": ""}, {"day"}),
        ({"day": "2026-04-13"}, {"day"}),
        ({"day": "2027-04-16"}, {"day"}),
        ({"words": "", "day": "soon"}, {"words", "day"}),
    ],
)
async def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(
    house: House, answers: dict[str, str], wrong: set[str]
) -> None:
    said = {"words": WORDS_SAID, "kind": "job", "day": DAY.isoformat(), **answers}
    refused = await house.desk.submit(house.ana, "learning.form", answers=said)
    assert isinstance(refused, Refuse) and set(refused.objections) == wrong
    assert await count(house.desk.store, LearningRow) == 0 and await house.days() == {}


async def test_what_the_company_offers_can_be_chosen(company: Company) -> None:
    house = await House(company(growth, learning, skills, mentors, now=NOW, settings=OFFERED)).furnished()
    desk, [offering] = house.desk, [Offering("Writing", "coaching", "https://l.example/w")]
    await desk.command(house.ana, "growth catalogue", "WRIT")
    [shown] = await desk.deliver()
    assert "Writing (https://l.example/w)" in words_of(shown.card)
    opened = form(await desk.press(house.ana, "Plan this"))
    choice = field(opened, "offered")
    assert isinstance(choice, Choice) and choice.value == offering.id and choice.options == ((offering.id, "Writing"),)
    id = await house.plans(house.ana, opened.value, words="for my reports", offered=offering.id)
    row = await house.row(id)
    assert (row.words, row.kind) == ("Writing (https://l.example/w) – for my reports", "coaching")
    # What holds a link and words is not cut when it is changed.
    long = await house.plans(house.ana, words="x" * WORDS, offered=offering.id)
    again = form(await desk.act(house.ana, "learning.change", long))
    assert len(str(field(again, "words").value)) > WORDS
    unchanged = {"words": str(field(again, "words").value), "kind": "course", "day": DAY.isoformat()}
    assert await desk.submit(house.ana, "learning.change", long, answers=unchanged) is None


def test_a_form_shows_what_fits_the_words_first() -> None:
    many = tuple(Offering(f"Course {n:03}") for n in range(120))
    found = options(many, Draft(words="119", offering=many[118].id))
    assert len(found) == 90 and [label for _, label in found[:3]] == ["Course 118", "Course 119", "Course 000"]


async def test_a_guest_is_offered_nothing(company: Company) -> None:
    desk = company(growth, learning, skills, mentors, now=NOW, settings=OFFERED)
    gus = await desk.person("Gus", guest=True)
    await desk.command(gus, "growth catalogue")
    [shown] = await desk.deliver()
    assert "Writing" not in words_of(shown.card) and "Nothing found" in words_of(shown.card)


# Out of feedback and promises.


async def test_feedback_and_promises_go_on_in_the_plan_and_stay_private(house: House) -> None:
    desk = house.desk
    opened = form(await desk.command(house.ben, "feedback", mentions=(house.ana,)))
    words = {"situation": "In yesterday’s demo with Cy", "behaviour": "You spoke fast", "impact": "I got lost"}
    said = {**words, "wish": "Pause now and then", "seen_by": "receiver"}
    await desk.submit(house.ben, opened.id, opened.value, answers=said)
    await desk.deliver()
    planned = form(await desk.press(house.ana, "Plan to learn it"))
    assert field(planned, "words").value == "Pause now and then" and field(planned, "seen_by").value == "me"
    [given] = await rows(desk.store, FeedbackRow)
    row = await house.row(await house.plans(house.ana, planned.value))
    assert row.source == given.id
    # Nobody gets at the words by the id.
    for other in (house.ben, house.max):
        assert field(form(await desk.act(other, "learning.form", given.id)), "words").value == ""


async def test_a_commitment_goes_on_with_its_day(house: House) -> None:
    desk = house.desk
    async with desk.store.transaction() as session:
        table = store_of.learning.metadata.tables[str(CommitmentRow.__tablename__)]
        row = {"id": "grow:1", "person": "ana", "words": "Read it", "day": DAY, "at": NOW, "thread": "grow:1"}
        await session.run(table.insert().values(**row, state="open", learned=""))
    planned = form(await desk.act(house.ana, "learning.form", "grow:1"))
    assert (field(planned, "words").value, field(planned, "day").value) == ("Read it", DAY)
    assert field(form(await desk.act(house.max, "learning.form", "grow:1")), "words").value == ""


# Changing and ending.


async def test_a_change_moves_the_question_too(house: House) -> None:
    desk = house.desk
    id = await house.plans(house.ana)
    opened = form(await desk.act(house.ana, "learning.change", id))
    assert (field(opened, "words").value, field(opened, "kind").value) == (WORDS_SAID, "job")
    later = DAY + timedelta(days=9)
    answers = {"words": "Run one", "kind": "project", "day": later.isoformat(), "seen_by": "manager"}
    assert await desk.submit(house.ana, "learning.change", id, answers=answers) is None
    row = await house.row(id)
    assert (row.words, row.kind, row.day, row.seen_by, row.at) == ("Run one", "project", later, "manager", NOW)
    assert await house.days() == {id: later}


async def test_it_is_asked_about_and_can_wait(house: House) -> None:
    desk = house.desk
    id = await house.plans(house.ana)
    desk.now = datetime(2026, 5, 12, 9, tzinfo=UTC)
    await desk.due(house.ana, "learning", id)
    shown = (await desk.deliver())[-1]
    assert shown.card and shown.card.title == "How did it go?"
    for _ in range(2):  # pressed twice it waits once
        await desk.press(house.ana, "In two weeks")
        await desk.deliver()
    assert await house.days() == {id: DAY + timedelta(days=14)} and (await house.row(id)).day == date(2026, 5, 26)


@pytest.mark.parametrize(("label", "state"), [("Done", "done"), ("Let go", "dropped")])
async def test_it_ends_once_and_with_a_word(house: House, label: str, state: str) -> None:
    desk = house.desk
    id = await house.plans(house.ana)
    await desk.deliver()
    opened = form(await desk.press(house.ana, label))
    for words in ("", " ", "x" * (LEARNED + 1)):
        refused = await desk.submit(house.ana, opened.id, opened.value, answers={"learned": words})
        assert isinstance(refused, Refuse) and set(refused.objections) == {"learned"}
    sent = [desk.submit(house.ana, opened.id, opened.value, answers={"learned": f"a word {n}"}) for n in range(4)]
    await asyncio.gather(*sent)
    row = await house.row(id)
    assert (row.state, row.closed_at) == (state, NOW) and row.learned.startswith("a word ")
    assert await house.days() == {}
    await desk.deliver()
    kept = row.learned
    other = "learning.drop" if state == "done" else "learning.done"
    for action in (other, "learning.change", "learning.later"):
        assert await desk.act(house.ana, action, id) is None
    assert await desk.submit(house.ana, other, id, answers={"learned": "again"}) is None
    await desk.due(house.ana, "learning", id)
    said = {message.card.summary for message in await desk.deliver() if message.card}
    assert said == {"That one is done already." if state == "done" else "You let go of that one already."}
    assert (await house.row(id)).learned == kept and await house.days() == {}


async def test_nobody_touches_anothers(house: House) -> None:
    desk = house.desk
    id = await house.plans(house.ana, seen_by="manager")
    await desk.deliver()
    answers = {"words": "mine", "kind": "job", "day": DAY.isoformat(), "learned": "mine"}
    for who in (house.max, house.ben):
        for name in ("learning.change", "learning.done", "learning.drop"):
            assert await desk.act(who, name, id) is None
            assert await desk.submit(who, name, id, answers=answers) is None
        await desk.act(who, "learning.later", id)
        await desk.due(who, "learning", id)
    said = {message.card.summary for message in await desk.deliver() if message.card}
    assert said == {"I cannot find that in your plan."}
    row = await house.row(id)
    assert (row.words, row.state, row.day) == (WORDS_SAID, "open", DAY)


async def test_a_fact_of_anybody_elses_id_changes_nothing(house: House) -> None:
    """Other features record it too: an id that is there already is its owner's alone."""
    id = await house.plans(house.ana)
    async with house.desk.store.transaction() as session:
        await LearningAction(id, "ben", "rest", "Forged", DAY, "", NOW).save(session)
    assert (await house.row(id)).words == WORDS_SAID and await house.days("ben") == {}


# Who sees it.


@pytest.mark.parametrize(("who", "seen"), [("max", {"SHOWN"}), ("ben", set()), ("eve", set()), ("old", set())])
async def test_a_manager_sees_what_is_shared_and_that_is_written_down(house: House, who: str, seen: set[str]) -> None:
    desk = house.desk
    others = {"eve": await desk.person("Eve", workspace="slack:T2"), "old": await desk.person("Old")}
    reader = {"max": house.max, "ben": house.ben, **others}[who]
    await house.plans(house.ana, words="SHOWN", seen_by="manager")
    await house.plans(house.ana, words="HIDDEN", seen_by="me")
    await desk.deliver()
    await desk.command(reader, "growth plan", mentions=(house.ana,))
    await desk.act(reader, "learning.list", "ana")
    told = str([message.card for message in await desk.deliver()])
    assert {word for word in ("SHOWN", "HIDDEN") if word in told} == seen
    assert await count(desk.store, AuditRow, person="ana", actor=who) == (2 if seen else 0)


async def test_without_a_manager_there_is_nobody_to_choose(house: House) -> None:
    opened = form(await house.desk.act(house.max, "learning.form"))
    assert [getattr(each, "id", "") for each in opened.fields] == ["words", "kind", "day"]
    id = await house.plans(house.max, seen_by="manager")
    assert (await house.row(id)).seen_by == "me"


async def test_the_plan_shows_the_next_first_and_says_what_is_late(house: House) -> None:
    desk = house.desk
    await house.plans(house.ana, words="Later", day="2026-06-01")
    await house.plans(house.ana, words="Sooner", day="2026-04-20")
    desk.now += timedelta(days=10)
    await desk.deliver()
    await desk.command(house.ana, "growth plan")
    [shown] = await desk.deliver()
    text = words_of(shown.card)
    assert text.index("Sooner") < text.index("Later") and text.count("that day is over") == 1


async def test_between_takes_what_was_planned_or_ended_then(store: Store) -> None:
    desk = Desk(store, learning, now=NOW)
    house = await House(desk).furnished()
    old, new = await house.plans(house.ana, words="Old"), await house.plans(house.ana, words="New")
    desk.now += timedelta(days=40)
    await desk.submit(house.ana, "learning.done", old, answers={"learned": "x"})
    async with store.reading() as session:
        spring = await store_of.between(session, "ana", NOW, NOW + timedelta(days=1))
        later = await store_of.between(session, "ana", NOW + timedelta(days=1), NOW + timedelta(days=90))
        event = Opened(**desk.base(house.ana, None))
        assert [each.id for each in await store_of.mine(session, event)] == [new]
    assert {each.id for each in spring} == {old, new} and [each.id for each in later] == [old]


# Where else it stands.


@pytest.fixture
async def town(company: Company) -> House:
    """With what shows it besides."""
    features = (growth, learning, skills, mentors, grow, feedback, history, home, privacy)
    return await House(company(*features, now=NOW)).furnished()


async def test_it_stands_in_ones_history_and_what_is_shared_in_the_managers(town: House) -> None:
    desk = town.desk
    shown = await town.plans(town.ana, words="SHOWN", seen_by="manager")
    await town.plans(town.ana, words="HIDDEN")
    await desk.submit(town.ana, "learning.done", shown, answers={"learned": "FOUND OUT"})
    await desk.deliver()
    for reader, marks in ((town.ana, {"SHOWN", "HIDDEN", "FOUND OUT"}), (town.max, {"SHOWN", "FOUND OUT"})):
        await desk.command(reader, "growth history", mentions=() if reader is town.ana else (town.ana,))
        told = str((await desk.deliver())[-1].card)
        assert {mark for mark in ("SHOWN", "HIDDEN", "FOUND OUT") if mark in told} == marks
        assert ("from your plan" in told) is (reader is town.ana)
    await desk.command(town.ben, "growth history", mentions=(town.ana,))
    assert "SHOWN" not in str((await desk.deliver())[-1].card)


async def test_what_is_near_and_who_asks_stand_at_home(town: House) -> None:
    desk = town.desk
    near, far = await town.plans(town.ana, words="NEAR", day="2026-04-20"), await town.plans(town.ana, words="FAR")
    await desk.submit(town.ana, "mentors.offer", answers={"topic": "Budgets"})
    await desk.deliver()
    await desk.command(town.ben, "growth mentors")
    await desk.deliver()
    opened = form(await desk.press(town.ben, "Ask"))
    await desk.submit(town.ben, opened.id, opened.value, answers={"words": "My first one"})
    await desk.deliver()
    await desk.command(town.ana, "kadens home")
    card = (await desk.deliver())[-1].card
    text, pressed = words_of(card), {(each.action, each.value) for each in buttons(card)}
    assert "NEAR" in text and "FAR" not in text and "My first one" in text
    assert ("learning.done", near) in pressed and ("learning.done", far) not in pressed
    assert {"mentors.accept", "mentors.decline", "growth.show"} <= {action for action, _ in pressed}


async def test_privacy_tells_how_much_of_the_plan_who_sees(town: House) -> None:
    desk = town.desk
    await desk.command(town.ana, "kadens privacy")
    assert "Your plan to learn is empty." in words_of((await desk.deliver())[-1].card)
    for seen_by in ("manager", "manager", "me"):
        await town.plans(town.ana, seen_by=seen_by)
    await desk.command(town.ana, "kadens privacy")
    assert "Of your plan to learn 2 can be seen by you and your manager, and 1 by you alone." in words_of(
        (await desk.deliver())[-1].card
    )


# The overview.


async def test_growth_shows_what_is_next_and_the_way_to_everything(house: House) -> None:
    desk = house.desk
    await desk.command(house.ana, "growth")
    [empty] = await desk.deliver()
    assert "Nothing in your plan yet" in words_of(empty.card)
    await house.plans(house.ana, words="NEXT")
    await house.plans(house.ana, words="AFTER", day="2026-08-01")
    await desk.deliver()
    await desk.act(house.ana, "growth.show")
    [shown] = await desk.deliver()
    assert "NEXT" in words_of(shown.card) and "AFTER" not in words_of(shown.card)
    labels = [button.label for button in buttons(shown.card)]
    assert {"My skills", "My plan", "Mentors", "What is expected", "What I want"} <= set(labels)
    assert "My team’s expectations" not in labels
    await desk.command(house.max, "growth")
    assert "My team’s expectations" in [button.label for button in buttons((await desk.deliver())[-1].card)]
    await desk.command(house.ana, "growth help")
    [told] = await desk.deliver()
    assert "/growth mentors" in words_of(told.card)
