"""The recognition record: what was said in the open, for who may have it, and no ranking."""

import csv
import io
import re
from datetime import UTC, date, datetime

import pytest

from bot.core.cards import Choice, File
from bot.core.effects import OpenForm, Refuse
from bot.core.people import Person, Place, stranger
from bot.core.settings import Settings
from handlers import FEATURES
from storage.audit import AuditRow
from storage.people import Changed
from tests.conftest import HALL, SLACK, Company, Desk, count, rows
from tests.dialogues.script import text_of
from tests.features.test_access import OTHER, House

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
DEN, HOME = Place(SLACK, "G1", kind="private"), Place(SLACK, "U-ana", kind="direct")
CALM = Settings.model_validate({"people": {"pilot": ["nobody"]}, "kudos": {"allowance": {"default": 99}}})
SHOWN = Settings.model_validate({"people": {"pilot": ["nobody"]}, "kudos": {"recognition": {SLACK: "C-thanks"}}})
YEAR = {"first": "2026-01-01", "last": "2026-12-31"}


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(*FEATURES, now=TUESDAY, settings=CALM)).furnished()


async def drawn(desk: Desk, who: Person, **answers: str) -> tuple[str, list[list[str]]]:
    """The page, and the table's lines without its head."""
    await desk.deliver()
    refused = await desk.submit(who, "record.form", answers=YEAR | answers)
    assert refused is None
    sent = await desk.deliver()
    files = [m.file for m in sent if m.file]
    assert all(m.place.conversation == who.account for m in sent)
    if not files:
        return "", []
    page, table = files
    assert isinstance(page, File) and isinstance(table, File)
    assert (page.mime, table.mime) == ("text/html", "text/csv")
    assert page.name == "kadens-recognition-2026-01-01-2026-12-31.html"
    return page.body, list(csv.reader(io.StringIO(table.body[1:])))[1:]


async def thank(desk: Desk, giver: Person, to: Person, words: str, place: Place = HALL) -> None:
    await desk.command(giver, "kudos", words, place, mentions=(to,))
    await desk.deliver()


# Who may have it.


@pytest.mark.parametrize("role", ["hr", "admin"])
async def test_hr_and_admins_have_the_companys(house: House, role: str) -> None:
    desk = house.desk
    async with desk.store.transaction() as session:
        await Changed("zoe", {"role": role}).save(session)
    await thank(desk, house.ben, house.ana, "staying calm #care #craft")
    await thank(desk, house.ana, house.max, "listening")
    zoe = stranger(SLACK, "U-zoe")
    assert isinstance(await desk.command(zoe, "kadens", "record"), OpenForm)
    page, lines = await drawn(desk, zoe)
    assert lines == [
        ["2026-04-14", "Ben", "Ana", "", "#care #craft", "staying calm", ""],
        ["2026-04-14", "Ana", "Max", "", "", "listening", ""],
    ]
    assert page.index("<h2>Ana</h2>") < page.index("<h2>Max</h2>") and "staying calm" in page


async def test_a_manager_has_that_of_their_own_people_only(house: House) -> None:
    desk = house.desk
    await thank(desk, house.zoe, house.ana, "to Ana")
    await thank(desk, house.ana, house.zoe, "to Zoe")
    await thank(desk, house.ana, house.max, "to Max")
    form = await desk.command(house.max, "kadens", "record")
    assert isinstance(form, OpenForm) and not [f for f in form.form.fields if isinstance(f, Choice)]
    _, lines = await drawn(desk, house.max, team="*")
    assert [line[5] for line in lines] == ["to Ana"]


async def test_everybody_else_is_told_kindly_and_gets_nothing(house: House) -> None:
    desk = house.desk
    await thank(desk, house.zoe, house.ana, "to Ana")
    for who in (house.ana, house.ben, house.dan):
        for asked in (desk.command(who, "kadens", "record"), desk.submit(who, "record.form", answers=YEAR)):
            assert await asked is None
            [told] = await desk.deliver()
            assert "That record is for HR, and for managers of their own people." in text_of(told) and not told.file
    assert await count(desk.store, AuditRow) == 0


async def test_another_company_is_in_nobodys(house: House) -> None:
    desk = house.desk
    await thank(desk, house.eve, house.dan, "theirs", Place(OTHER, "C1", kind="public"))
    await thank(desk, house.ben, house.ana, "ours")
    assert [line[5] for line in (await drawn(desk, house.zoe))[1]] == ["ours"]
    assert [line[5] for line in (await drawn(desk, house.eve))[1]] == ["theirs"]  # Dan's manager


# What is in it.


async def test_what_was_private_or_taken_back_is_not_in_it(house: House) -> None:
    desk = house.desk
    await thank(desk, house.ben, house.ana, "in the den", DEN)
    await thank(desk, house.ana, house.ben, "to the bot alone", HOME)
    desk.later(minutes=1)
    await thank(desk, house.ben, house.ana, "thought better of it")
    await desk.command(house.ben, "kudos", "undo", HALL)
    await desk.deliver()
    assert await drawn(desk, house.zoe) == ("", [])


async def test_what_was_told_to_the_bot_and_shown_to_all_is_in_it(house: House) -> None:
    desk = house.desk
    desk.store.settings = SHOWN
    await thank(desk, house.ana, house.ben, "shown in the recognition channel", HOME)
    await thank(desk, house.ana, house.ben, "stays in the den", DEN)
    assert [line[5] for line in (await drawn(desk, house.zoe))[1]] == ["shown in the recognition channel"]


async def test_who_is_on_no_leaderboard_still_is_in_it(house: House) -> None:
    async with house.desk.store.transaction() as session:
        await Changed("ana", {"off_board": True}).save(session)
    await thank(house.desk, house.ben, house.ana, "all the same")
    assert len((await drawn(house.desk, house.zoe))[1]) == 1


async def test_names_from_a_to_z_days_in_order_no_sum_and_who_joined_in(house: House) -> None:
    desk = house.desk
    for day, to in ((1, house.max), (2, house.ben), (3, house.ana), (4, house.ben), (5, house.ben)):
        desk.now = TUESDAY.replace(day=day)
        await thank(desk, house.zoe, to, "for help")
    await desk.react(house.ana, "tada", next(iter(desk.platform.shown)), HALL)
    await desk.press(house.ana, "Join in", id="joins the last shown")
    page, lines = await drawn(desk, house.zoe)
    assert [(line[2], line[0][-1]) for line in lines] == [
        ("Ana", "3"),
        ("Ben", "2"),
        ("Ben", "4"),
        ("Ben", "5"),
        ("Max", "1"),
    ]
    assert re.findall(r"<h2>(\w+)</h2>", page) == ["Ana", "Ben", "Max"]
    assert any("Ana" in line[6] for line in lines)
    plain = re.sub(r"<[^>]+>", " ", page.partition("<main>")[2])
    assert not re.search(r"\d", re.sub(r"\d+ \w+ 2026", "", plain)), "no number but days"


async def test_a_team_and_a_time(house: House) -> None:
    desk = house.desk
    async with desk.store.transaction() as session:
        await Changed("ana", {"team": "Design"}).save(session)
        await Changed("ben", {"team": "Care"}).save(session)
    await thank(desk, house.zoe, house.ana, "Ana in April")
    await thank(desk, house.zoe, house.ben, "Ben in April")
    desk.later(days=60)
    await thank(desk, house.zoe, house.ana, "Ana in June")
    form = await desk.command(house.zoe, "kadens", "record")
    assert isinstance(form, OpenForm)
    [choice] = [field for field in form.form.fields if isinstance(field, Choice)]
    assert [value for value, _ in choice.options] == ["*", "Care", "Design"]
    said = {line[5] for line in (await drawn(desk, house.zoe, team="Design"))[1]}
    assert said == {"Ana in April", "Ana in June"}
    page_name = await desk.submit(house.zoe, "record.form", answers={"first": "2026-06-01", "last": "2026-06-30"})
    assert page_name is None
    [_, table] = [m.file for m in await desk.deliver() if m.file]
    assert table and "Ana in June" in table.body and "April" not in table.body


@pytest.mark.parametrize(
    ("first", "last"), [("", ""), ("2026-02-30", "2026-03-01"), ("2026-03-02", "2026-03-01"), ("x", "y")]
)
async def test_days_that_are_none_are_refused_beside_their_field(house: House, first: str, last: str) -> None:
    refused = await house.desk.submit(house.zoe, "record.form", answers={"first": first, "last": last})
    assert isinstance(refused, Refuse) and set(refused.objections) == {"last"}
    assert await count(house.desk.store, AuditRow) == 0


async def test_formulas_and_markup_are_text(house: House) -> None:
    desk = house.desk
    await thank(desk, house.ben, house.ana, "=cmd|' /C calc'!A0 <script>alert(1)</script>, \"really\"")
    page, [line] = await drawn(desk, house.zoe)
    assert line[5].startswith("'=cmd") and "<script>" not in page and "&lt;script&gt;" in page


async def test_everybody_in_it_finds_that_it_was_drawn_up(house: House) -> None:
    desk = house.desk
    await thank(desk, house.ben, house.ana, "one")
    await thank(desk, house.ben, house.ana, "two")
    await thank(desk, house.ana, house.zoe, "HR is thanked too")
    await drawn(desk, house.zoe)
    lines = [row for row in await rows(desk.store, AuditRow) if row.action == "record"]
    assert [(row.actor, row.person) for row in lines] == [("zoe", "ana")]


async def test_half_a_year_until_today_is_offered(house: House) -> None:
    form = await house.desk.command(house.zoe, "kadens", "record")
    assert isinstance(form, OpenForm)
    days = {field.id: getattr(field, "value", None) for field in form.form.fields}
    assert (days["first"], days["last"]) == (date(2025, 10, 14), date(2026, 4, 14))
