"""Who can see what, said to each in their own figures, and what one can do about it on the spot."""

from datetime import UTC, datetime

import pytest

from bot.core.cards import Card, Facts
from bot.core.effects import OpenForm
from bot.core.people import Person, stranger
from bot.core.settings import Settings
from bot.core.wording import LANGUAGES
from handlers import FEATURES
from storage.access import ShareRow
from storage.dialogues import DialogueRow
from storage.keeping import ruled
from storage.people import Changed
from tests.conftest import Company, Desk, buttons, count, rows
from tests.dialogues.script import text_of
from tests.features.test_access import House, talk

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
CALM = Settings.model_validate({"people": {"pilot": ["nobody"]}, "retention": {"grow": 6, "goals": 0, "kudos": 1}})


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(*FEATURES, now=TUESDAY, settings=CALM)).furnished()


async def page(desk: Desk, who: Person) -> tuple[str, Card]:
    """What is said to them now, and the card."""
    await desk.deliver()
    await desk.command(stranger(who.workspace, who.account), "kadens", "privacy")
    [message] = await desk.deliver()
    assert message.card
    return text_of(message), message.card


async def test_nothing_shared_and_nobody_named(house: House) -> None:
    said, card = await page(house.desk, house.zoe)
    assert said.startswith("Who can see what / Your check-ins")
    assert "You have not named a manager" in said and "You have no open goals" in said
    assert "They read nothing of yours" in said and "You manage" not in said and "Shared last" not in said
    assert [b.action for b in buttons(card)] == ["export.data", "record.form", "erasure.ask"]  # Zoe is of HR


async def test_my_manager_and_what_they_have_of_mine(house: House) -> None:
    desk = house.desk
    for name in ("checkin", "grow"):
        await talk(desk, house.ana, name, "MARKED", "manager")
    await talk(desk, house.ana, "review", "MARKED", "me")
    said, card = await page(desk, house.ana)
    assert "Your manager here is Max." in said and "MARKED" not in said
    assert "You have shared with Max: 1 check-in and 1 GROW talk." in said
    assert [b.action for b in buttons(card)].count("privacy.withdraw") == 2
    assert "Your April check-in, with Max since Tuesday 14 April" in said


async def test_who_was_asked_and_has_not_said_yes(house: House) -> None:
    await house.desk.command(house.zoe, "kadens", "manager", mentions=(house.max,))
    said, _ = await page(house.desk, house.zoe)
    assert "You named Max, who has not said yes yet" in said


async def test_who_was_my_manager_before_and_keeps_what_was_said_to_them(house: House) -> None:
    desk = house.desk
    await talk(desk, house.ana, "checkin", "MARKED", "manager")
    await desk.command(house.ana, "kadens", "manager", mentions=(house.zoe,))
    await desk.act(house.zoe, "people.confirm", "ana")
    said, _ = await page(desk, house.ana)
    assert "Your manager here is Zoe." in said and "You have shared nothing there so far." in said
    assert "Max is not your manager, and keeps what you shared: 1 check-in." in said


async def test_goals_by_who_sees_them(house: House) -> None:
    table = next(table for table, _ in ruled() if table.name == "goals")
    base = {"company": house.ana.company, "person": "ana", "level": "personal", "kind": "milestone", "title": "t",
            "word_at": TUESDAY, "set_by": "ana", "at": TUESDAY}  # fmt: skip
    async with house.desk.store.transaction() as session:
        for n, seen in enumerate(("everyone", "team", "team", "manager")):
            row = {"id": f"goal:{n}", "visibility": seen, "state": "open"}
            await session.run(table.insert().values(base | row))
        await session.run(table.insert().values({**base, "id": "goal:x", "visibility": "everyone", "state": "closed"}))
    said, _ = await page(house.desk, house.ana)
    assert "Of your open goals 1 can be seen by everyone, 2 by your team, and 1 by you and your manager" in said


async def test_a_manager_is_told_what_they_see_and_what_not(house: House) -> None:
    await talk(house.desk, house.ana, "checkin", "MARKED", "manager")
    said, _ = await page(house.desk, house.max)
    assert "You manage 2 people here." in said and "share with you (1 so far)" in said and "MARKED" not in said


async def test_how_long_things_are_kept_is_what_is_set(house: House) -> None:
    _, card = await page(house.desk, house.ana)
    [facts] = [dict(part.rows) for part in card.parts if isinstance(part, Facts)]
    assert facts["GROW talks and commitments"] == "6 months" and facts["Kudos"] == "1 month"
    assert facts["Goals, once closed"] == "until you erase it" and facts["Messages on their way"] == "30 days"


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_in_each_language(house: House, lang: str) -> None:
    async with house.desk.store.transaction() as session:
        await Changed("ana", {"lang": lang}).save(session)
    said, _ = await page(house.desk, house.ana)
    title = {"en": "Who can see what", "sv": "Vem ser vad", "nl": "Wie ziet wat"}[lang]
    assert said.startswith(title) and "Max" in said


@pytest.mark.parametrize("name", ["checkin", "grow", "review"])
async def test_sharing_is_ended_with_one_button_and_stays_ended(house: House, name: str) -> None:
    desk = house.desk
    about = await talk(desk, house.ana, name, "MARKED", "manager")
    assert "MARKED" in str(desk.shown(house.max))
    await page(desk, house.ana)
    await desk.press(house.ana, "Stop sharing")
    [told] = [m for m in await desk.deliver() if m.verb == "post"]
    assert "I took away the card Max had" in text_of(told)
    assert "MARKED" not in str(desk.shown(house.max)) and await count(desk.store, ShareRow) == 0
    assert await desk.act(house.max, "shared.reply", about) is None
    [row] = await rows(desk.store, DialogueRow, id=about)
    assert '"reply":"manager"' not in row.given and "MARKED" in row.given


async def test_a_shared_one_opens_to_look_at(house: House) -> None:
    await talk(house.desk, house.ana, "checkin", "MARKED", "manager")
    await page(house.desk, house.ana)
    assert isinstance(await house.desk.press(house.ana, "Look at it"), OpenForm)


@pytest.mark.parametrize("value", ["", "checkin:nobody", "x" * 300])
async def test_what_is_not_shared_or_not_mine_is_said_kindly(house: House, value: str) -> None:
    desk = house.desk
    about = await talk(desk, house.ana, "checkin", "MARKED", "manager")
    for who, id in ((house.ana, value), (house.max, about), (house.eve, about), (house.ben, about)):
        await desk.act(who, "privacy.withdraw", id)
        [told] = await desk.deliver()
        assert "That is shared with nobody." in text_of(told)
    assert await count(desk.store, ShareRow) == 1


async def test_twice_is_once(house: House) -> None:
    desk = house.desk
    about = await talk(desk, house.ana, "checkin", "MARKED", "manager")
    await desk.act(house.ana, "privacy.withdraw", about)
    await desk.act(house.ana, "privacy.withdraw", about)
    said = [text_of(m) for m in await desk.deliver() if m.verb == "post"]
    assert len(said) == 2 and said[1] == "That is shared with nobody."
