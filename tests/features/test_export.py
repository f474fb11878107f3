"""Everything about me: whole, mine alone, readable as a page and as data."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import count as numbers
from typing import Any

import pytest

from bot.core.cards import File
from bot.core.documents import Document, Entry, Section, as_csv, as_json, html
from bot.core.people import stranger
from bot.core.settings import Settings
from bot.core.wording import LANGUAGES, wording
from handlers import FEATURES
from storage.export import columns
from storage.keeping import holds, ruled, sections
from tests.conftest import HALL, Company, Desk
from tests.features.test_access import House, talk

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
CALM = Settings.model_validate({"people": {"pilot": ["nobody"]}})
say = wording("export")


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(*FEATURES, now=TUESDAY, settings=CALM)).furnished()


async def files(desk: Desk, who: Any) -> tuple[File, File]:
    await desk.deliver()
    await desk.command(stranger(who.workspace, who.account), "kadens", "my-data")
    page, data = [m for m in await desk.deliver() if m.file]
    assert {page.place.conversation, data.place.conversation} == {who.account}
    assert page.file and data.file
    return page.file, data.file


# The registry.


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_section_and_column_has_its_word(lang: str) -> None:
    for section in sections():
        assert say(lang, f"sections.{section}")
    for table, rule in ruled():
        if any(who.section for who in rule.people.values()):
            for column in columns(table, rule):
                assert column == "given" or say(lang, f"fields.{column}"), f"{table.name}.{column}"


def test_what_is_left_out_is_ids_and_marks_of_ours() -> None:
    """Nothing somebody said is hidden: of what is, all are named here, so that a new one is looked at."""
    hidden = {f"{table.name}.{name}" for table, rule in ruled() for name in rule.hide if holds(table.c[name]) is str}
    assert {each.partition(".")[2] for each in hidden} == {
        "about", "account", "aspiration", "calendar", "company", "conversation", "emojis", "goal", "giving", "joins",
        "manager_from", "objective", "offer", "pair", "parent", "plan", "record", "request", "seeds", "skill", "source",
        "thread", "waiting", "workspace",
    }  # fmt: skip


# What is in it.


async def test_all_of_mine_is_in_both_files_and_nothing_of_others(house: House) -> None:
    desk, ana, max, ben = house.desk, house.ana, house.max, house.ben
    for name in ("checkin", "grow", "review"):
        await talk(desk, ana, name, f"mine {name} <b>&", "manager")
        await talk(desk, ben, name, f"bens {name}", "manager")
    await desk.command(ana, "kudos", "I gave this #care", HALL, mentions=(ben,))
    await desk.command(ben, "kudos", "I got this", HALL, mentions=(ana,))
    await desk.command(ben, "kudos", "Max got that", HALL, mentions=(max,))
    about = (await desk.command(ana, "kadens", "away 2026-05-01 2026-05-10"), "")[1]
    assert about == ""
    await desk.deliver()
    await desk.press(max, "Reply")
    await desk.deliver()
    page, data = await files(desk, ana)
    found = json.loads(data.body)
    assert list(found)[:3] == ["about", "made_at", "format"] and set(found) == {*list(found)[:3], *sections()}
    assert found["about"] == "Ana" and found["made_at"] == "2026-04-14T12:00:00+00:00"
    assert [each["words"] for each in found["kudos_given"]] == ["I gave this"]
    assert [(each["giver"], each["receiver"]) for each in found["kudos_received"]] == [("Ben", "Ana")]
    assert {each["dialogue"] for each in found["talks"]} == {"checkin", "grow", "review"}
    said = [each["reply"] for talk in found["talks"] for each in talk["given"]]
    assert {f"mine {name} <b>&" for name in ("checkin", "grow", "review")} <= set(said)
    assert found["absences"] == [{"rhythm": "*", "first": "2026-05-01", "last": "2026-05-10"}]
    assert found["profile"][0]["name"] == "Ana" and found["profile"][0]["manager"] == "Max"
    assert {each["reader"] for each in found["shares"]} == {"Max"}
    for file in (page, data):
        assert "bens" not in file.body and "Max got that" not in file.body
    assert "mine checkin &lt;b&gt;&amp;" in page.body and "<b>&" not in page.body
    assert "I gave this" in page.body and "1 May 2026" in page.body and "14 April 2026" in page.body


async def test_the_one_who_has_nothing_gets_a_page_that_says_so(house: House) -> None:
    page, data = await files(house.desk, house.zoe)
    assert "Nothing is kept of: " in page.body and "Check-ins" in page.body
    found = json.loads(data.body)
    assert found["checkins"] == [] and len(found["accounts"]) == 1


async def test_who_read_mine_is_in_it(house: House) -> None:
    desk = house.desk
    about = await talk(desk, house.ana, "checkin", "mine", "manager")
    await desk.act(house.max, "shared.ask", about)
    _, data = await files(desk, house.ana)
    [line] = [each for each in json.loads(data.body)["audit"] if each["actor"] == "Max"]
    assert line == {"at": "2026-04-14T12:00:00+00:00", "actor": "Max", "person": "Ana", "action": "read"}


async def test_what_was_given_to_my_manager_alone_is_not_in_mine(house: House) -> None:
    table = next(table for table, _ in ruled() if table.name == "feedback")
    ids = numbers()
    async with house.desk.store.transaction() as session:
        for seen_by in ("receiver", "both", "manager"):
            words = {name: f"{name} for {seen_by}" for name in ("situation", "behaviour", "impact", "wish")}
            row = {"id": f"feedback:{next(ids)}", "giver": "ben", "receiver": "ana", "manager": "max", "at": TUESDAY}
            await session.run(table.insert().values(row | words | {"seen_by": seen_by}))
    _, mine = await files(house.desk, house.ana)
    assert {each["seen_by"] for each in json.loads(mine.body)["feedback_received"]} == {"receiver", "both"}
    assert "for manager" not in mine.body
    _, managers = await files(house.desk, house.max)
    assert {each["seen_by"] for each in json.loads(managers.body)["feedback_seen"]} == {"both", "manager"}
    _, givers = await files(house.desk, house.ben)
    assert len(json.loads(givers.body)["feedback_given"]) == 3


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_the_page_speaks_the_persons_language(house: House, lang: str) -> None:
    desk = house.desk
    await desk.command(house.ana, "kadens", f"language {lang}")
    await talk(desk, house.ana, "checkin", "mine", "manager")
    await desk.command(house.ana, "kadens", "snooze checkin 3")
    page, data = await files(desk, house.ana)
    assert f'<html lang="{lang}">' in page.body and say(lang, "sections.checkins") in page.body
    others = {say(other, "sections.points") for other in LANGUAGES if other != lang}
    assert not [words for words in others if words in page.body]
    assert say(lang, "file_name") in page.name and "checkins" in json.loads(data.body)  # keys are the same in all


async def test_asked_for_in_a_channel_it_goes_to_the_person(house: House) -> None:
    await house.desk.command(house.ana, "kadens", "my-data", HALL)
    sent = await house.desk.deliver()
    assert [(m.place.conversation, m.only_for) for m in sent if not m.file] == [("C1", "U-ana")]
    assert {m.place.conversation for m in sent if m.file} == {"U-ana"}


# The page itself.

NASTY = "<script>alert(1)</script> \" ' & </style> \x00 \x1b \ud800 \ue000U1\ue001Ana\ue002 שלום &lt;"


class Seen(HTMLParser):
    """Tags, attributes and words, as a browser reads them."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.tags, self.links, self.open, self.words = list[str](), list[str](), list[str](), list[str]()
        self.feed(body)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def nasty() -> Document:
    entry = Entry(NASTY, ((NASTY, NASTY),), ((NASTY, NASTY), ("", NASTY)))
    return Document(NASTY, "en", (NASTY,), (Section(NASTY, (entry,), NASTY), Section("2", ())), "Contents")


def test_every_word_on_the_page_is_text() -> None:
    body = html(nasty())
    seen = Seen(body)
    assert "script" not in seen.tags and not seen.open, "every tag is closed"
    assert "".join(seen.words).count("<script>alert(1)</script>") == 12
    assert "Ana" in body and not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\ue000-\ue003]", body)
    body.encode("utf-8")


def test_the_page_fetches_nothing_and_the_browser_is_told_so() -> None:
    body = html(nasty())
    assert set(Seen(body).links) <= {"#s0", "#s1"} and not re.search(r"url\(|@import|https?://", body)
    assert "default-src 'none'" in body and "<link" not in body


def test_the_page_is_made_for_light_dark_paper_and_phone() -> None:
    body = html(nasty())
    for wanted in (
        "prefers-color-scheme: dark",
        "@media print",
        "max-width: 30rem",
        "width=device-width",
        "color-scheme",
    ):
        assert wanted in body


def test_json_keeps_order_and_letters() -> None:
    assert as_json({"b": "å", "a": [1]}) == '{\n  "b": "å",\n  "a": [\n    1\n  ]\n}\n'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "  =", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_spreadsheet_runs_what_somebody_wrote(start: str) -> None:
    table = as_csv(["what"], [[f"{start}cmd|' /C calc'!A0"]])
    assert table.splitlines()[1].startswith(("'", "\"'"))


def test_a_table_is_read_back_as_it_was() -> None:
    import csv
    import io

    rows = [["a, b", 'say "hi"', "två\nrader", "1-2", "plain"]]
    table = as_csv(["1", "2", "3", "4", "5"], rows)
    assert table.startswith("\ufeff") and list(csv.reader(io.StringIO(table[1:])))[1:] == rows
