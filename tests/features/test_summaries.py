"""A quarter's talk on the real store: who may do what of it when, what is asked again, and how it ends."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import update

from bot.core.cards import Card, Choice, Form
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.events import Opened
from bot.core.goals import Goal
from bot.core.people import Person, Place
from bot.core.settings import Settings
from handlers import FEATURES
from storage import people as folk
from storage.dialogues import DialogueRow
from storage.followups import FollowUpRow
from storage.goals import GoalChangeRow, GoalRow, NewGoal
from storage.learning import LearningRow
from storage.nudges import NudgeRow, nudges
from storage.oneonone import AgendaRow
from storage.sharing import RemarkRow
from storage.summaries import SummaryRow
from tests.conftest import Company, Desk, buttons, count, rows

NOW = datetime(2026, 6, 17, 12, tzinfo=UTC)  # a Wednesday, two weeks before the quarter ends
CALM: dict[str, Any] = {"people": {"pilot": ["nobody"]}, "messages": {"week": 0}}
SCALE = [{"en": "Growing into it", "sv": "På väg"}, {"en": "Right here"}]
BACK = {"proud": "the search", "learned": "to ask", "different": "", "next": "speed"}
NOTES = {"did": "found the bug", "best": "that night", "hard": "", "offer": "time", "ask": "what next"}


class House:
    """Ana and Ben with their manager Max; Cy manages nobody yet, and Zoe is HR."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        person = self.desk.person
        self.max = await person("Max")
        self.ana, self.ben = await person("Ana", manager="max"), await person("Ben", manager="max")
        self.cy, self.zoe = await person("Cy"), await person("Zoe", role="hr")
        return self

    async def looks_back(self, who: Person, share: str = "me") -> None:
        await self.desk.command(who, "review")
        await self.fill(who, "review", BACK | {"share": share})

    async def prepares(self, who: Person, share: str = "me") -> None:
        await self.desk.act(self.max, "preparing.start", who.id)
        await self.fill(self.max, "preparing", NOTES | {"share": share})

    async def fill(self, who: Person, dialogue: str, answers: dict[str, str]) -> None:
        self.desk.later(seconds=1)
        found = await rows(self.desk.store, DialogueRow, person=who.id, dialogue=dialogue)
        latest = max(found, key=lambda row: row.began)
        assert await self.desk.submit(who, "talk.fill", latest.id, answers=answers) is None

    async def talks(self, who: Person) -> str:
        """As far as the conversation; the id of it."""
        await self.looks_back(who)
        await self.prepares(who)
        one = await self.one(who)
        assert one.state == "conversation"
        return str(one.id)

    async def one(self, who: Person, period: str = "2026-Q2") -> Any:
        [row] = await rows(self.desk.store, SummaryRow, person=who.id, period=period)
        return row

    async def writes(self, who: Person, id: str, **answers: str) -> Answer | None:
        form = await self.form(who, id)
        return await self.desk.submit(who, form.id, form.value, answers={"words": "a good quarter", **answers})

    async def form(self, who: Person, id: str) -> Form:
        opened = await self.desk.act(who, "summary.form", f"{id}|0")
        assert isinstance(opened, OpenForm), opened
        return opened.form

    async def agrees(self, who: Person, id: str, version: int = 1) -> str:
        await self.desk.act(who, "summary.agree", f"{id}|{version}")
        [row] = await rows(self.desk.store, SummaryRow, id=id)
        return str(row.state)

    async def told(self, who: Person) -> str:
        """What arrived for them just now."""
        sent = await self.desk.deliver()
        return " ".join(str(m.card) for m in sent if m.place.conversation == who.account and m.verb == "post")

    async def change(self, who: str, **values: object) -> None:
        async with self.desk.store.transaction() as session:
            await session.run(update(folk.people).where(folk.people.c.id == who).values(**values))


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(*FEATURES, now=NOW, settings=Settings.model_validate(CALM))).furnished()


def last(desk: Desk, who: Person) -> Card:
    return desk.shown(who)[-1]


# How far it is, for both.


async def test_both_see_the_same_state_from_the_opening_on(house: House) -> None:
    desk = house.desk
    await desk.due(house.ana, "review", "2026-Q2")
    await desk.command(house.max, "review", mentions=(house.ana,))
    assert "Ana looks back', 'now'" in await house.told(house.max)
    await house.fill(house.ana, "review", BACK | {"share": "me"})
    said = await house.told(house.max)
    assert "Ana has looked back on Q2. Now it is your turn" in said and "the search" not in said
    await desk.command(house.ana, "review")
    assert "Max prepares', 'now'" in await house.told(house.ana)
    await house.prepares(house.ana)
    assert "Max is ready for your talk about Q2" in await house.told(house.ana)
    await desk.command(house.ana, "review")
    assert "You two talk', 'now'" in await house.told(house.ana)


async def test_who_has_no_manager_looks_back_alone(house: House) -> None:
    await house.looks_back(house.cy)
    assert await count(house.desk.store, SummaryRow) == 0
    await house.desk.command(house.cy, "review")
    assert "Your look back on Q2 is done." in await house.told(house.cy)


async def test_what_is_shared_comes_with_the_button_to_prepare(house: House) -> None:
    await house.looks_back(house.ana, share="manager")
    await house.desk.deliver()
    [card] = [card for card in house.desk.shown(house.max) if card.title == "Ana looks back on Q2"]
    assert next(button.action for button in buttons(card)) == "preparing.start"
    assert len(house.desk.shown(house.max)) == 1, "one message about it"


async def test_a_manager_can_be_the_first_to_be_ready(house: House) -> None:
    await house.prepares(house.ana)
    assert (await house.one(house.ana)).state == "reflecting"
    assert "Max is ready" not in await house.told(house.ana)
    await house.looks_back(house.ana)
    assert (await house.one(house.ana)).state == "conversation"
    assert "You and Ana are both ready" in await house.told(house.max)
    assert "Max is ready too" in str(house.desk.shown(house.ana)[-1])


async def test_who_lets_it_pass_is_still_talked_with(house: House) -> None:
    desk = house.desk
    await desk.due(house.ana, "review", "2026-Q2")
    row = {
        "person": "ana",
        "rhythm": "review",
        "period": "2026-Q2",
        "step": 0,
        "due_at": NOW,
        "state": "skipped",
        "tries": 0,
    }
    async with desk.store.transaction() as session:
        await session.run(nudges.insert().values(row))
    await desk.act(house.max, "preparing.ready", "ana")
    assert (await house.one(house.ana)).state == "conversation"


async def test_when_the_quarter_is_over_the_talk_goes_on_without_the_look_back(house: House) -> None:
    await house.desk.due(house.ana, "review", "2026-Q2")
    house.desk.later(days=20)
    await house.prepares(house.ana)
    assert (await house.one(house.ana)).state == "conversation"
    await house.desk.command(house.ana, "review")
    said = await house.told(house.ana)
    assert "Q2: you and Max" in said and "Look back on Q3" in said


async def test_the_next_quarters_look_back_ends_what_was_not_agreed(house: House) -> None:
    id = await house.talks(house.ana)
    house.desk.later(days=91)
    await house.desk.due(house.ana, "review", "2026-Q3")
    assert {row.period: row.state for row in await rows(house.desk.store, SummaryRow)} == {
        "2026-Q2": "closed", "2026-Q3": "reflecting"
    }  # fmt: skip
    refused = await house.desk.submit(house.ana, "summary.form", f"{id}|0", answers={"words": "late"})
    assert isinstance(refused, Refuse)
    await house.desk.act(house.ana, "summary.show", id)
    assert "did not happen" in await house.told(house.ana)


# What they agree.


async def test_either_proposes_and_both_have_to_say_yes(house: House) -> None:
    for writer, reader in ((house.ana, house.max), (house.max, house.ben)):
        id = await house.talks(house.ana if writer is house.ana else house.ben)
        assert await house.writes(writer, id) is None
        assert "wrote down your talk about Q2" in await house.told(reader)
        assert await house.agrees(writer, id) == "conversation"
        assert await house.agrees(reader, id) == "agreed"


async def test_who_heard_that_the_talk_can_be_had_is_not_asked_to_write_down_what_stands_there(house: House) -> None:
    id = await house.talks(house.ana)
    assert "Write it down" in await house.told(house.ana)
    await house.writes(house.max, id)
    sent = await house.desk.deliver()
    [ready] = [str(m.card) for m in sent if m.place.conversation == house.ana.account and m.verb == "update"]
    assert "is ready for your talk" in ready and "Button" not in ready


async def test_a_yes_to_words_that_changed_meanwhile_is_none(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    await house.writes(house.max, id)
    await house.writes(house.max, id, words="quite other words")
    assert await house.agrees(house.ana, id, version=1) == "conversation"
    assert "The words have changed" in await house.told(house.ana)
    opened = await house.form(house.ana, id)
    await house.writes(house.max, id, words="and others again")
    refused = await desk.submit(house.ana, opened.id, opened.value, answers={"words": "mine"})
    assert isinstance(refused, Refuse) and "Max wrote something" in refused.objections["words"]
    assert await house.agrees(house.ana, id, version=3) == "agreed"


async def test_two_proposals_at_once_are_one_and_a_refusal(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    both = [desk.submit(who, "summary.form", f"{id}|0", answers={"words": who.name}) for who in (house.ana, house.max)]
    answers = await asyncio.gather(*both)
    assert sorted(isinstance(answer, Refuse) for answer in answers) == [False, True]
    row = await house.one(house.ana)
    assert row.version == 1 and row.words in ("Ana", "Max")


async def test_two_who_say_yes_or_change_at_once_do_not_trip(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    await house.writes(house.ana, id)
    change = desk.submit(house.ana, "summary.form", f"{id}|1", answers={"words": "otherwise"})
    await asyncio.gather(change, desk.act(house.max, "summary.agree", f"{id}|1"))
    row = await house.one(house.ana)
    assert (row.state, row.version, row.words) in (("agreed", 1, "a good quarter"), ("conversation", 2, "otherwise"))


async def test_what_was_agreed_is_changed_by_nobody_but_may_be_remarked_on(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    await house.writes(house.max, id)
    await house.agrees(house.ana, id)
    assert isinstance(await desk.submit(house.max, "summary.form", f"{id}|1", answers={"words": "no"}), Refuse)
    await house.told(house.ana)
    for who, other in ((house.ana, house.max), (house.max, house.ana)):
        opened = await desk.act(who, "summary.remark", id)
        assert isinstance(opened, OpenForm)
        for wrong in ("", "x" * 2001):
            assert isinstance(await desk.submit(who, opened.form.id, id, answers={"words": wrong}), Refuse)
        assert await desk.submit(who, opened.form.id, id, answers={"words": f"{who.name} sees it so"}) is None
        assert f"{who.name} sees it so" in await house.told(other)
    await desk.act(house.max, "summary.show", id)
    said = await house.told(house.max)
    assert "Ana sees it so" in said and "Max sees it so" in said
    assert {row.author for row in await rows(desk.store, RemarkRow)} == {"ana", "max"}


async def test_what_is_said_in_its_thread_is_a_remark(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    await house.writes(house.max, id)
    await desk.deliver()
    [place] = {m.place for m in desk.platform.shown.values() if m.card and "Is that it?" in m.card.title}
    root = next(key for key, m in desk.platform.shown.items() if m.place == place)
    await desk.say(
        house.ana, "one thing is missing", Place(place.workspace, place.conversation, place.thread or root, "direct")
    )
    assert [row.words for row in await rows(desk.store, RemarkRow)] == ["one thing is missing"]
    assert "one thing is missing" in await house.told(house.max)


async def test_without_words_or_with_too_many_it_is_refused_all_at_once(house: House) -> None:
    id = await house.talks(house.ana)
    refused = await house.writes(house.ana, id, words="", goals="\n".join("abcdef"), learning="x" * 1001)
    assert isinstance(refused, Refuse) and set(refused.objections) == {"words", "goals", "learning"}


async def test_a_rating_only_where_the_company_has_a_scale_and_never_without_its_reason(house: House) -> None:
    id = await house.talks(house.ana)
    assert not [each for each in (await house.form(house.max, id)).fields if isinstance(each, Choice)]
    await house.writes(house.max, id, rating="2", reason="so")
    assert (await house.one(house.ana)).rating is None
    house.desk.store.settings = Settings.model_validate({**CALM, "review": {"scale": SCALE}})
    [choice] = [each for each in (await house.form(house.ana, id)).fields if isinstance(each, Choice)]
    assert choice.options == (("1", "Growing into it"), ("2", "Right here"))
    for answers in ({}, {"rating": "2"}, {"rating": "3", "reason": "so"}):
        refused = await house.writes(house.ana, id, **answers)
        assert isinstance(refused, Refuse) and refused.objections.keys() <= {"rating", "reason"}
    assert await house.writes(house.ana, id, rating="1", reason="She asks for help still") is None
    said = await house.told(house.max)
    assert "Where Ana stands: Growing into it" in said and "She asks for help still" in said


@pytest.mark.parametrize(
    ("lang", "hers", "his"),
    [
        (
            "en",
            ["Q2: you and Max", "You look back", "Max prepares", "Where you stand:", "You say", "You wrote this"],
            ["Q2: you and Ana", "Ana looks back", "You prepare", "Where Ana stands:", "Ana says", "once you do too"],
        ),
        (
            "sv",
            ["Q2: du och Max", "Du ser", "Max förbereder", "Så ligger du till:", "Du säger", "Du har skrivit det här"],
            ["Q2: du och Ana", "Ana ser", "Du förbereder", "Så ligger Ana till:", "Ana säger", "när du också gör det"],
        ),
        (
            "nl",
            ["Q2: jij en Max", "Jij kijkt", "Max bereidt", "Zo sta jij ervoor:", "Jij zegt", "Jij schreef dit"],
            ["Q2: jij en Ana", "Ana kijkt", "Jij bereidt", "Zo staat Ana ervoor:", "Ana zegt", "zodra jij dat ook"],
        ),
    ],
)
async def test_each_of_the_two_reads_you_where_it_is_about_them(
    house: House, lang: str, hers: list[str], his: list[str]
) -> None:
    desk, house.ana, house.max = house.desk, replace(house.ana, lang=lang), replace(house.max, lang=lang)
    desk.store.settings = Settings.model_validate({**CALM, "review": {"scale": SCALE}})
    id = await house.talks(house.ana)
    assert await house.writes(house.ana, id, rating="1", reason="so") is None
    await desk.submit(house.ana, "summary.remark", id, answers={"words": "Thank you for it"})
    for who, reads, not_said in ((house.ana, hers, "Ana"), (house.max, his, "Max")):
        await house.told(who)
        await desk.act(who, "summary.show", id)
        said = await house.told(who)
        assert [each for each in reads if each not in said] == [], said
        assert not_said not in said


# Who else.


async def test_it_is_between_the_two(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    await house.writes(house.ana, id, words="zqsecret")
    await house.told(house.max)
    for who in (house.ben, house.cy, house.zoe):
        for action in ("show", "form", "agree", "remark", "agenda", "goals", "learning", "carry"):
            assert await desk.act(who, f"summary.{action}", f"{id}|1") is None
        assert isinstance(await desk.submit(who, "summary.form", f"{id}|1", answers={"words": "x"}), Refuse)
        assert isinstance(await desk.submit(who, "summary.remark", id, answers={"words": "x"}), Refuse)
        for action in ("start", "ready"):
            await desk.act(who, f"preparing.{action}", "ana")
        await desk.command(who, "review", mentions=(house.ana,))
        said = await house.told(who)
        assert "zqsecret" not in said and "between" in said
    row = await house.one(house.ana)
    assert (row.version, row.state) == (1, "conversation") and await count(desk.store, RemarkRow) == 0


async def test_another_manager_begins_anew_and_sees_nothing_of_the_one_before(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    await house.writes(house.max, id, words="zqsecret")
    await desk.submit(house.max, "summary.remark", id, answers={"words": "zqsecret too"})
    assert "zqsecret too" in await house.told(house.ana)
    await house.change("ana", manager="cy")
    await desk.deliver()
    for action in ("show", "form", "agree"):
        await desk.act(house.max, f"summary.{action}", f"{id}|1")
    await desk.command(house.cy, "review", mentions=(house.ana,))
    await desk.act(house.cy, "summary.show", id)
    sent = await desk.deliver()
    assert sent and not [m for m in sent if "zqsecret" in str(m.card)]
    await desk.act(house.ana, "summary.show", id)  # she has heard it
    assert "zqsecret too" in await house.told(house.ana)
    await desk.act(house.cy, "preparing.ready", "ana")
    row = await house.one(house.ana)
    assert (row.manager, row.state, row.words, row.version) == ("cy", "conversation", "", 1)


async def test_what_was_agreed_stays_with_the_manager_it_was_agreed_with(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    await house.writes(house.max, id, words="zqsecret")
    await house.agrees(house.ana, id)
    await house.change("ana", manager="cy")
    await house.told(house.max)
    await desk.act(house.max, "summary.show", id)
    assert "zqsecret" in await house.told(house.max)
    await desk.command(house.cy, "review", mentions=(house.ana,))
    await desk.act(house.cy, "preparing.start", "ana")
    assert "zqsecret" not in await house.told(house.cy)
    assert (await house.one(house.ana)).manager == "max"


async def test_preparation_is_the_managers_own_unless_shared(house: House) -> None:
    await house.talks(house.ana)
    assert "found the bug" not in await house.told(house.ana)
    await house.looks_back(house.ben)
    await house.prepares(house.ben, share="person")
    said = await house.told(house.ben)
    assert "Max shares some thoughts on Q2 with you" in said and "found the bug" in said


# What is asked again.


async def test_a_manager_of_many_is_asked_about_all_of_them_in_one_message(house: House) -> None:
    desk = house.desk
    for who in (house.ana, house.ben):
        await house.looks_back(who)
    days = await rows(desk.store, FollowUpRow, person="max", rhythm="review.team")
    assert [(row.about, row.day) for row in days] == [("2026-Q2", date(2026, 6, 22))]
    await house.told(house.max)
    await desk.due(house.max, "review.team", "2026-Q2")
    sent = [m.card for m in await desk.deliver()]
    assert len(sent) == 1 and "Ana has looked back" in str(sent) and "Ben has looked back" in str(sent)
    for step in (1, 2, 3):
        await desk.due(house.max, "review.team", "2026-Q2", step)
    assert (await rows(desk.store, FollowUpRow, person="max", rhythm="review.team"))[0].day > date(2026, 6, 22)
    for who in (house.ana, house.ben):
        await desk.act(house.max, "preparing.ready", who.id)
        row = await house.one(who)
        await house.writes(house.max, row.id)
    await house.told(house.max)
    await desk.due(house.max, "review.team", "2026-Q2", 4)
    assert await house.told(house.max) == "", "they wait for nobody but the other side"


async def test_a_person_is_asked_whether_they_talked_and_about_a_proposal_twice_at_most(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    await house.told(house.ana)
    await desk.due(house.ana, "review.talk", id)
    assert "Have you two talked about Q2 yet?" in await house.told(house.ana)
    await house.writes(house.max, id)
    await house.told(house.ana)
    await desk.due(house.ana, "review.talk", id, 1)
    assert "still waits for your word" in await house.told(house.ana)
    await house.agrees(house.ana, id)
    await house.told(house.ana)
    await desk.due(house.ana, "review.talk", id, 2)
    assert await house.told(house.ana) == ""


async def test_the_team_by_one_command(house: House) -> None:
    desk = house.desk
    await house.talks(house.ana)
    await desk.command(house.max, "review team")
    said = str((await desk.deliver())[-1].card)
    assert "Ana: you can talk" in said and "Ben has not looked back yet" in said
    await desk.command(house.cy, "review team")
    assert "Nobody has named you" in str((await desk.deliver())[-1].card)


async def test_home_names_what_waits(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)

    async def home(who: Person) -> str:
        await desk.take(Opened(**desk.base(who, None)))
        return str([m.card for m in await desk.deliver() if m.verb == "home"][-1])

    assert "both ready to talk about Q2" in await home(house.ana) and "both ready" in await home(house.max)
    await house.writes(house.max, id)
    assert "Max wrote down your talk about Q2" in await home(house.ana) and "wrote down" not in await home(house.max)
    await house.looks_back(house.ben)
    assert "Prepare the talk with Ben about Q2" in await home(house.max)


# Into the next quarter.


async def test_what_they_agreed_is_taken_along_by_a_tap_and_twice_is_once(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    made: dict[str, Any] = {"company": "slack:T1", "person": "ana", "set_by": "ana", "at": NOW}
    async with desk.store.transaction() as session:
        await NewGoal(Goal(id="goal:1", title="Ends now", due=date(2026, 6, 30), **made)).save(session)
        await NewGoal(Goal(id="goal:2", title="Goes on", due=date(2026, 11, 30), **made)).save(session)
    await house.writes(house.max, id, goals="Calls from 9 to 4\n- Lead a project", learning="Shadow Cy")
    for action in ("goals", "learning", "carry"):
        await desk.act(house.ana, f"summary.{action}", id)
    assert await count(desk.store, GoalRow) == 2 and await count(desk.store, LearningRow) == 0, (
        "not before both said yes"
    )
    await house.agrees(house.ana, id)
    for who in (house.max, house.ana, house.ana):
        for action in ("goals", "learning", "carry"):
            await desk.act(who, f"summary.{action}", id)
    goals = {row.title: (row.kind, row.due, row.set_by) for row in await rows(desk.store, GoalRow)}
    september = date(2026, 9, 30)
    assert goals == {
        "Ends now": ("measure", september, "ana"), "Goes on": ("measure", date(2026, 11, 30), "ana"),
        "Calls": ("measure", september, "ana"), "Lead a project": ("milestone", september, "ana"),
    }  # fmt: skip
    [change] = await rows(desk.store, GoalChangeRow)
    assert (change.field, change.reason) == ("due", "Taken along from Q2")
    [planned] = await rows(desk.store, LearningRow)
    assert (planned.person, planned.source) == ("ana", id)


async def test_it_comes_onto_the_agenda_of_their_next_talk(house: House) -> None:
    desk, id = house.desk, await house.talks(house.ana)
    for who in (house.max, house.ana):
        await desk.act(who, "summary.agenda", id)
    [point] = await rows(desk.store, AgendaRow)
    assert (point.person, point.manager, point.source) == ("ana", "max", id)
    assert "It is on the list for your next 1:1 with Max." in await house.told(house.ana)


async def test_nudges_are_untouched_by_it(house: House) -> None:
    await house.talks(house.ana)
    [row] = await rows(house.desk.store, NudgeRow, person="ana", rhythm="review")
    assert row.state == "answered"
