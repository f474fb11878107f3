"""Expectations: who writes them, what the person says to them, and that each change is acknowledged anew."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from bot.core.cards import Form, TextBox
from bot.core.effects import Answer, OpenForm, Refuse
from bot.core.expectations import NEWS, REMARK, UNREAD, WORDS
from bot.core.people import Person, stranger
from bot.core.settings import Settings
from handlers import FEATURES
from scheduler.nudges import plan, play
from storage.audit import AuditRow
from storage.digest import AttentionRow
from storage.expectations import ExpectationRow
from storage.followups import FollowUpRow
from storage.nudges import NudgeRow
from storage.people import Changed
from tests.conftest import SLACK, Company, Desk, buttons, count, rows

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
QUIET = Settings.model_validate({"people": {"pilot": ["nobody"]}})
THIS = "2026-H1"


class House:
    """Max manages Ana and Ben; Ida manages Max; Cy is a colleague."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def furnished(self) -> "House":
        managers = {"Ida": None, "Max": "ida", "Ana": "max", "Ben": "max", "Cy": None}
        for name, manager in managers.items():
            await self.desk.person(name, manager=manager)
        # As a payload names them: what is known of them is read anew each time.
        self.ida, self.max, self.ana, self.ben, self.cy = (stranger(SLACK, f"U-{name.lower()}") for name in managers)
        return self

    async def writes(self, words: str, who: str = "ana", **answers: str) -> Answer | None:
        opened = form(await self.desk.act(self.max, "expectations.form", who))
        return await self.desk.submit(self.max, opened.id, opened.value, answers={"words": words, **answers})

    async def current(self, who: str = "ana") -> ExpectationRow:
        [row] = await rows(self.desk.store, ExpectationRow, person=who, replaced_at=None)
        return row  # type: ignore[no-any-return]

    async def told(self, who: Person) -> str:
        """All that has just arrived with them."""
        return " ".join(str(m.card) for m in await self.desk.deliver() if m.place.conversation == who.account)

    async def change(self, who: str, **values: object) -> None:
        async with self.desk.store.transaction() as session:
            await Changed(who, values).save(session)


def form(answer: Answer | None) -> Form:
    assert isinstance(answer, OpenForm), answer
    return answer.form


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(*FEATURES, now=TUESDAY, settings=QUIET)).furnished()


# Writing and reading.


async def test_written_read_and_acknowledged(house: House) -> None:
    desk = house.desk
    assert await house.writes("You look after the customers of the north.") is None
    sent = await desk.deliver()
    [hers] = [m for m in sent if m.place.conversation == "U-ana"]
    assert "Max has written down" in str(hers.card) and "You look after the customers" in str(hers.card)
    assert any("On its way to Ana" in str(m.card) for m in sent if m.place.conversation == "U-max")
    desk.later(days=1)
    await desk.press(house.ana, "I have read it")
    row = await house.current()
    assert row.seen_at == desk.now and row.remark == ""
    arrived = await desk.deliver()
    [his] = [m for m in arrived if m.place.conversation == "U-max"]
    assert his.verb == "update" and "Ana read it on 15 April 2026." in str(his.card), "his card changes; no message"
    assert "Max sees that you have read it" in str([m.card for m in arrived if m.place.conversation == "U-ana"])


async def test_a_remark_is_said_to_the_manager_once(house: House) -> None:
    desk = house.desk
    await house.writes("You look after the north.")
    await desk.deliver()
    opened = form(await desk.press(house.ana, "Read it, and something to add"))
    assert await desk.submit(house.ana, opened.id, opened.value, answers={"remark": "And who does the south?"}) is None
    row = await house.current()
    assert (row.remark, row.seen_at) == ("And who does the south?", desk.now)
    assert "And who does the south?" in await house.told(house.max)
    again = await desk.submit(house.ana, opened.id, opened.value, answers={"remark": "And the east?"})
    assert isinstance(again, Refuse) and (await house.current()).remark == "And who does the south?"


async def test_a_remark_can_follow_later(house: House) -> None:
    desk = house.desk
    await house.writes("You look after the north.")
    id = (await house.current()).id
    await desk.act(house.ana, "expectations.seen", id)
    before = (await house.current()).seen_at
    desk.later(days=2)
    await desk.submit(house.ana, "expectations.remark", id, answers={"remark": "One thing"})
    row = await house.current()
    assert (row.seen_at, row.remark) == (before, "One thing")


async def test_each_change_is_acknowledged_anew(house: House) -> None:
    desk = house.desk
    await house.writes("You look after the north.")
    first = (await house.current()).id
    await desk.act(house.ana, "expectations.seen", first)
    await desk.deliver()
    desk.later(days=30)
    assert await house.writes("You look after the north and the west.", news="The west, too") is None
    row = await house.current()
    assert row.id != first and row.seen_at is None and row.news == "The west, too"
    [old] = await rows(desk.store, ExpectationRow, id=first)
    assert old.replaced_at == desk.now and old.seen_at is not None
    words = await house.told(house.ana)
    for said in ("Max has changed", "New: The west, too", "How it reads now stands further down"):
        assert said in words
    # The old card's button says nothing to the new words.
    await desk.act(house.ana, "expectations.seen", first)
    assert (await house.current()).seen_at is None
    assert "This has changed since" in await house.told(house.ana)
    await desk.act(house.ana, "expectations.earlier")
    assert "You look after the north." in await house.told(house.ana)


async def test_the_same_words_again_still_hold_and_ask_nothing(house: House) -> None:
    desk = house.desk
    await house.writes("You look after the north.")
    await desk.act(house.ana, "expectations.seen", (await house.current()).id)
    await desk.deliver()
    desk.later(days=90)
    await house.writes("You look after the north.")
    row = await house.current()
    assert row.looked_at == desk.now and row.seen_at is not None
    assert await house.told(house.ana) == ""


async def test_nobody_changes_what_they_have_not_read(house: House) -> None:
    desk = house.desk
    opened = form(await desk.act(house.max, "expectations.form", "ana"))
    assert await house.writes("First") is None
    late = await desk.submit(house.max, opened.id, opened.value, answers={"words": "Second"})
    assert isinstance(late, Refuse) and "changed meanwhile" in late.objections["words"]
    assert (await house.current()).words == "First"


async def test_two_changes_at_once_are_one_and_a_tap_beside_them_counts_for_its_own(house: House) -> None:
    desk = house.desk
    await house.writes("First")
    first = (await house.current()).id
    forms = [form(await desk.act(house.max, "expectations.form", "ana")) for _ in range(2)]
    changes = [desk.submit(house.max, f.id, f.value, answers={"words": f"Change {n}"}) for n, f in enumerate(forms)]
    found = await asyncio.gather(*changes, desk.act(house.ana, "expectations.seen", first))
    assert sorted(type(each).__name__ for each in found[:2]) == ["NoneType", "Refuse"]
    assert await count(desk.store, ExpectationRow) == 2
    assert (await house.current()).seen_at is None


@pytest.mark.parametrize(
    ("words", "news", "wrong"),
    [
        ("", "", {"words"}),
        ("  ", "x" * (NEWS + 1), {"words", "news"}),
        ("x" * (WORDS + 1), "", {"words"}),
    ],
)
async def test_all_that_is_wrong_is_said_at_once(house: House, words: str, news: str, wrong: set[str]) -> None:
    refused = await house.writes(words, news=news)
    assert isinstance(refused, Refuse) and set(refused.objections) == wrong
    assert await count(house.desk.store, ExpectationRow) == 0


@pytest.mark.parametrize("remark", ["", "x" * (REMARK + 1)])
async def test_a_remark_has_words_and_not_too_many(house: House, remark: str) -> None:
    await house.writes("Words")
    id = (await house.current()).id
    refused = await house.desk.submit(house.ana, "expectations.remark", id, answers={"remark": remark})
    assert isinstance(refused, Refuse) and (await house.current()).seen_at is None


# Who.


@pytest.mark.parametrize("who", ["ana", "ben", "cy", "ida"])
async def test_only_the_manager_writes(house: House, who: str) -> None:
    desk, actor = house.desk, getattr(house, who)
    assert await desk.act(actor, "expectations.form", "ana") is None
    refused = await desk.submit(actor, "expectations.form", "ana|", answers={"words": "Mine"})
    assert isinstance(refused, Refuse) and await count(desk.store, ExpectationRow) == 0


@pytest.mark.parametrize("who", ["ben", "cy", "ida"])
async def test_nobody_else_reads_or_answers_it(house: House, who: str) -> None:
    desk, actor = house.desk, getattr(house, who)
    await house.writes("What only two see")
    id = (await house.current()).id
    await desk.deliver()
    await desk.command(actor, "growth expectations", mentions=(house.ana,))
    for action, value in (("show", "ana"), ("earlier", "ana"), ("right", id), ("seen", id)):
        await desk.act(actor, f"expectations.{action}", value)
    assert "What only two see" not in await house.told(actor)
    row = await house.current()
    assert row.seen_at is None and row.looked_at is None


async def test_a_new_manager_reads_on_and_the_one_before_no_more(house: House) -> None:
    desk = house.desk
    await house.writes("What is expected")
    await house.change("ana", manager="cy")
    await desk.deliver()
    await desk.command(house.max, "growth expectations", mentions=(house.ana,))
    assert "What is expected" not in (await house.told(house.max)).replace("What is expected in a role", "")
    await desk.command(house.cy, "growth expectations", mentions=(house.ana,))
    assert "Written by Max" in await house.told(house.cy)
    [line] = await rows(desk.store, AuditRow, actor="cy", action="read")
    assert line.person == "ana"
    opened = form(await desk.act(house.ana, "expectations.remark", (await house.current()).id))
    await desk.submit(house.ana, opened.id, opened.value, answers={"remark": "For my manager of now"})
    arrived = [m for m in await desk.deliver() if "For my manager of now" in str(m.card)]
    assert {m.place.conversation for m in arrived} == {"U-cy", "U-ana"}


async def test_words_typed_where_no_form_opens_are_in_the_one_behind_the_button(house: House) -> None:
    desk = house.desk
    await desk.command(house.max, "growth expectations", "keep us calm", mentions=(house.ana,), opens=False)
    await desk.deliver()
    opened = form(await desk.press(house.max, "Open the form"))
    assert opened.fields[0].value == "keep us calm"  # type: ignore[union-attr]
    assert await desk.submit(house.max, opened.id, opened.value, answers={"words": "keep us calm"}) is None
    assert (await house.current()).words == "keep us calm"


async def test_the_history_tells_every_wording_to_the_two(house: House) -> None:
    desk = house.desk
    for words in ("First words", "Second words"):
        await house.writes(words)
        desk.later(days=1)
    await desk.deliver()
    await desk.command(house.ana, "kadens history", "expectations")
    words = await house.told(house.ana)
    assert "First words" in words and "Second words" in words and "what Max expects of you" in words
    for who, sees in ((house.max, True), (house.ben, False), (house.ida, False)):
        await desk.command(who, "kadens history", "expectations", mentions=(house.ana,))
        assert ("First words" in await house.told(who)) is sees
    assert await count(desk.store, AuditRow, actor="max", action="read") >= 2


async def test_the_command_opens_what_it_can(house: House) -> None:
    desk = house.desk
    opened = form(await desk.command(house.max, "growth", "expectations keep us calm", mentions=(house.ana,)))
    [box] = [each for each in opened.fields if isinstance(each, TextBox)]
    assert box.value == "keep us calm"
    await desk.submit(house.max, opened.id, opened.value, answers={"words": box.value})
    await desk.deliver()
    await desk.command(house.max, "growth expectations", mentions=(house.ana,))
    assert "has not said yet that they read it" in await house.told(house.max)
    await desk.command(house.ana, "growth expectations")
    assert "keep us calm" in await house.told(house.ana)
    await desk.command(house.ben, "growth expectations")
    assert "Max has not written down yet" in await house.told(house.ben)
    talk = form(await desk.press(house.ben, "Add to our 1:1"))
    assert [each.value for each in talk.fields if isinstance(each, TextBox)] == ["What is expected in my role"]
    await desk.command(house.cy, "growth expectations")
    assert "You have not said who your manager is" in await house.told(house.cy)


# Unread.


async def test_who_has_not_read_it_is_reminded_once_within_what_a_week_may_bring(company: Company) -> None:
    made = company(*FEATURES, now=TUESDAY, settings=Settings.model_validate({"messages": {"week": 3}}))
    house = await House(made).furnished()
    desk = house.desk
    await house.writes("You look after the north.")
    id = (await house.current()).id
    [asked] = await rows(desk.store, FollowUpRow, rhythm=UNREAD)
    assert (asked.person, asked.about, asked.day) == ("ana", id, date(2026, 4, 21))
    await desk.command(house.max, "growth expectations", mentions=(house.ana,))
    assert "Ana has not said yet that they read it." in await house.told(house.max)
    desk.later(days=7)
    await desk.due(house.ana, UNREAD, id)
    words = await house.told(house.ana)
    assert "this is what Max expects in your role" in words and "You look after the north." in words
    assert [(row.week, row.told) for row in await rows(desk.store, AttentionRow, person="ana")] == [("2026-W17", 1)]
    await desk.press(house.ana, "I have read it")
    assert (await house.current()).seen_at == desk.now
    changed = [m for m in await desk.deliver() if m.verb == "update" and m.place.conversation == "U-ana"]
    assert len(changed) == 2 and not any("No hurry" in str(m.card) for m in changed), "both cards say so"
    await desk.due(house.ana, UNREAD, id, 1)
    assert await house.told(house.ana) == ""


@pytest.mark.parametrize("how", ["seen", "remark", "changed", "manager"])
async def test_what_was_read_or_holds_no_more_is_asked_for_no_more(house: House, how: str) -> None:
    desk = house.desk
    await house.writes("You look after the north.")
    id = (await house.current()).id
    if how == "seen":
        await desk.act(house.ana, "expectations.seen", id)
    elif how == "remark":
        await desk.submit(house.ana, "expectations.remark", id, answers={"remark": "And the south?"})
    elif how == "changed":
        await house.writes("You look after the west.")
    else:
        await house.change("ana", manager="cy")
    left = {row.about for row in await rows(desk.store, FollowUpRow, rhythm=UNREAD)}
    assert left == {"seen": set(), "remark": set(), "changed": {(await house.current()).id}, "manager": {id}}[how]
    await desk.deliver()
    desk.later(days=7)
    await desk.due(house.ana, UNREAD, id)
    assert await house.told(house.ana) == ""


async def test_by_the_clock_it_comes_a_week_later_and_not_to_who_has_left(company: Company) -> None:
    settings = Settings.model_validate({"rhythms": {"checkin": {"whom": "nobody"}}})
    house = await House(company(*FEATURES, now=TUESDAY, settings=settings)).furnished()
    desk, heard = house.desk, set[tuple[int, str]]()
    for who in ("ana", "ben"):
        await house.writes(f"What is expected of {who}", who)
    await house.change("ben", gone=True)
    await desk.deliver()
    for day in (20, 21, 22):
        desk.now = datetime(2026, 4, day, 10, 40, tzinfo=UTC)
        await plan(desk.store, desk.now)
        await play(desk.turns, desk.store, desk.now)
        heard |= {(day, m.place.conversation) for m in await desk.deliver() if "No hurry" in str(m.card)}
    assert heard == {(21, "U-ana")}


# Twice a year.


async def test_a_manager_of_many_has_one_message_about_all_of_them(house: House) -> None:
    desk = house.desk
    for n in range(10):
        await desk.person(f"Report{n}", manager="max")
    await house.writes("Words")
    desk.later(days=200)
    await desk.deliver()
    await desk.due(house.max, "expectations", "2026-H2")
    [said] = await desk.deliver()
    text = str(said.card)
    assert "Ana: 14 April 2026, not read yet" in text and "Ben: not written down yet" in text
    await desk.press(house.max, "More")
    assert "Report9: not written down yet" in await house.told(house.max)


async def test_with_the_last_look_the_half_year_is_done(house: House) -> None:
    desk = house.desk
    await house.writes("For Ana")
    assert await count(desk.store, NudgeRow) == 0, "Ben is left"
    await house.writes("For Ben", "ben")
    [nudge] = await rows(desk.store, NudgeRow)
    assert (nudge.person, nudge.rhythm, nudge.period, nudge.state) == ("max", "expectations", THIS, "answered")
    await desk.deliver()
    await desk.due(house.max, "expectations", THIS)
    await desk.due(house.max, "expectations.again", THIS)
    assert await desk.deliver() == []
    desk.later(days=200)
    await desk.due(house.max, "expectations", "2026-H2")
    assert len(await desk.deliver()) == 1
    for who in ("ana", "ben"):
        await desk.act(house.max, "expectations.right", (await house.current(who)).id)
    assert await count(desk.store, NudgeRow, period="2026-H2", state="answered") == 1
    await desk.deliver()
    await desk.due(house.max, "expectations", "2026-H2", 1)
    assert await desk.deliver() == [], "and no reminder"


async def test_a_reminder_names_who_is_left(house: House) -> None:
    desk = house.desk
    await house.writes("For Ana")
    await desk.deliver()
    await desk.due(house.max, "expectations", THIS)
    await desk.deliver()
    await desk.due(house.max, "expectations", THIS, 1)
    words = await house.told(house.max)
    assert "What you expect of Ben still waits" in words and "Ana" not in words


async def test_who_manages_nobody_any_more_hears_nothing(house: House) -> None:
    await house.desk.due(house.cy, "expectations", THIS)
    assert await house.desk.deliver() == []


async def test_the_clock_asks_those_who_manage_somebody_and_only_them(company: Company) -> None:
    """Day 110 of the half-year, and a reminder five working days later."""
    house = await House(company(*FEATURES, now=TUESDAY, settings=Settings())).furnished()
    desk, asked = house.desk, set[tuple[int, str, str]]()
    for day in (17, 20, 21, 27):
        for hour in (9, 10):
            desk.now = datetime(2026, 4, day, hour, 40, tzinfo=UTC)
            await plan(desk.store, desk.now)
            await play(desk.turns, desk.store, desk.now)
            for message in await desk.deliver():
                if message.card and "expect" in message.card.summary:
                    asked.add((day, message.place.conversation, message.card.summary))
    title, some = (
        "Does it still say what you expect?",
        "What you expect of 2 people still waits for a look, Ana and Ben",
    )
    assert sorted((day, who) for day, who, _ in asked) == [(20, "U-ida"), (20, "U-max"), (27, "U-ida"), (27, "U-max")]
    assert {said for day, _, said in asked if day == 20} == {title}
    assert any(said.startswith(some) for day, who, said in asked if (day, who) == (27, "U-max"))


# At home.


async def test_what_was_not_read_waits_at_home(house: House) -> None:
    desk = house.desk
    await house.writes("Words")
    await desk.deliver()
    await desk.command(house.ana, "kadens home")
    home = next(m for m in await desk.deliver() if "Read what Max expects of you" in str(m.card))
    assert "expectations.show" in {button.action for button in buttons(home.card)}
    await desk.press(house.ana, "Look at it")
    await desk.deliver()
    await desk.press(house.ana, "I have read it")
    await desk.command(house.ana, "kadens home")
    last = (await desk.deliver())[-1]
    assert "Read what Max expects of you" not in str(last.card)
