"""Erase me: what is theirs is gone from tables, outbox, files and logs; what was given stays, without the name."""

import itertools
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from io import StringIO
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from sqlalchemy import Table, select, update

from bot import logs
from bot.core.cards import Card, Facts, Text
from bot.core.effects import OpenForm, Refuse
from bot.core.people import SOMEBODY, Person, Place, stranger
from bot.core.sending import Outgoing
from bot.core.settings import Settings
from handlers import FEATURES
from storage import schema
from storage.audit import AuditRow
from storage.dialogues import DialogueRow
from storage.keeping import RULES, holds, ruled
from storage.kudos import KudosRow
from storage.outbox import CARD, EventRow, OutboxRow, outbox
from storage.people import AccountRow, Changed, PersonRow, by_id
from storage.sharing import RemarkRow
from tests.conftest import HALL, SLACK, Company, Desk, buttons, count, rows
from tests.features.test_access import look, talk

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
NAME = "Zyxanna Quorl"
MARK = "qzplant"  # every word of hers has it
CALM = Settings.model_validate({"people": {"pilot": ["nobody"]}})
DEN = Place(SLACK, "G1", kind="private")


# The registry.


def test_every_table_has_a_rule_and_every_rule_a_table() -> None:
    assert set(RULES) == set(schema.metadata().tables)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_fits_its_table(name: str) -> None:
    table, rule = schema.metadata().tables[name], RULES[name]
    ids = {column.name for column in table.c if any(key.column.table.name == "people" for key in column.foreign_keys)}
    own = {"id"} if name == "people" else {"actor", "person"} if name == "audit" else set[str]()
    assert set(rule.people) == ids | own
    for column in (*rule.hide, *rule.loose, *(each.column for each in rule.aged), *(c for c, _ in rule.within)):
        assert column in table.c, column
    assert not rule.account or {rule.account, "workspace"} <= set(table.c.keys())
    for column, who in rule.people.items():
        assert who.erased != "empty" or table.c[column].nullable
    exported = any(who.section for who in rule.people.values())
    assert exported != bool(rule.why), "exported, or a reason why not"
    assert bool(rule.aged) != bool(rule.stays), "aged, or a reason why not"
    for each in rule.aged:
        assert each.kind == "longest" or each.kind in type(CALM.retention).model_fields
    for topic in rule.topics:
        assert {column for _, column, _, _ in Formatter().parse(topic) if column} <= set(table.c.keys())
        assert name == "people" or not topic.endswith(":"), "what begins so is filled in with the person's id"
    for column, parent in rule.within:
        assert "id" in schema.metadata().tables[parent].c and column


# A life with words in it.


class Life:
    """Zyxanna, her manager Max, Ben whom she manages, and Cy beside."""

    def __init__(self, desk: Desk, path: Path) -> None:
        self.desk, self.path = desk, path

    async def begun(self) -> "Life":
        person = self.desk.person
        self.max = await person("Max")
        await person("Zyx", manager="max", account="U-ZYX", team="Quorls", role="quorling")
        self.ben, self.cy = await person("Ben", manager="zyx", lang="sv"), await person("Cy")
        async with self.desk.store.transaction() as session:  # her id shall not be her name
            await Changed("zyx", {"name": NAME}).save(session)
        async with self.desk.store.reading() as session:
            found = await by_id(session, "zyx")
        assert found
        self.zyx = found
        return self

    async def spoken(self) -> None:
        """Everything by the features themselves."""
        desk, zyx, max, ben, cy = self.desk, self.zyx, self.max, self.ben, self.cy
        for name, share in (("checkin", "manager"), ("grow", "manager"), ("review", "me")):
            await talk(desk, zyx, name, f"{MARK} {name}", share)
        about = (await rows(desk.store, DialogueRow, dialogue="checkin"))[0].id
        await desk.submit(max, "shared.reply", about, answers={"words": "a reply to it"})
        await desk.act(max, "shared.agenda", about)
        await talk(desk, ben, "checkin", "of Ben’s own", "manager")
        bens = (await rows(desk.store, DialogueRow, person="ben", dialogue="checkin"))[0].id
        await desk.submit(zyx, "shared.reply", bens, answers={"words": f"{MARK} to Ben"})
        await desk.command(zyx, "kudos", f"{MARK} gave one #care", HALL, mentions=(cy,))
        await desk.command(zyx, "kudos", f"{MARK} gave one there", DEN, mentions=(cy, max))
        await desk.command(cy, "kudos", "thanks for all of it", HALL, mentions=(zyx,))
        await desk.command(cy, "kudos", "thanks to you two", HALL, mentions=(zyx, max))
        await desk.react(zyx, "tada", "9.1", HALL, author=cy)
        await desk.deliver()
        card = (
            await rows(
                desk.store, OutboxRow, about=(await rows(desk.store, KudosRow, words="thanks to you two"))[0].giving
            )
        )[0]
        await desk.act(ben, "kudos.join", card.about, HALL)
        await desk.command(zyx, "kadens", "away 2026-05-01 2026-05-10")
        await desk.command(zyx, "kadens", "manager", mentions=(cy,))
        await desk.command(zyx, "grow", f"{MARK} begun and left")
        await desk.deliver()

    async def planted(self) -> None:
        """And a row by hand in every table that knows people, in each of the places one can have in it."""
        numbers = itertools.count(1)
        async with self.desk.store.transaction() as session:
            for table, rule in ruled():
                if table.name in ("people", "accounts"):
                    continue
                for mine, who in rule.people.items():
                    # What only names her in somebody else's record is that one's words.
                    mark = MARK if who.erased in ("goes", "stays") else "others"
                    row = {
                        c.name: value(table, c.name, mark, next(numbers)) for c in table.c if c.name not in rule.people
                    }
                    row |= {name: self.zyx.id if name == mine else self.max.id for name in rule.people}
                    await session.run(session.insert(table).values(row).on_conflict_do_nothing())

    async def waiting(self) -> None:
        """What has not left yet: to her, about her to others, and what could not be sent."""
        desk, zyx, max = self.desk, self.zyx, self.max
        await desk.say(zyx, f"{MARK} is on its way")
        await talk_only(desk, zyx, f"{MARK} shared again")
        await desk.command(zyx, "kudos", f"{MARK} not yet said", HALL, mentions=(max,))
        await desk.command(self.cy, "kudos", "not yet said either", HALL, mentions=(zyx, max))
        async with desk.store.transaction() as session:
            for number, extra in enumerate(
                ({"failed_at": TUESDAY, "error": "X"}, {"lease_until": TUESDAY + timedelta(hours=1)}, {})
            ):
                card = CARD.dump_json(
                    Card(f"{NAME} says", (Text(f"about {NAME}, {MARK if number < 0 else 'others'}"),))
                )
                row = {
                    "key": f"k{number}",
                    "verb": "post",
                    "workspace": SLACK,
                    "conversation": f"U-x{number}",
                    "tries": 0,
                }
                row |= {"kind": "direct", "card": card.decode(), "not_before": TUESDAY, "unsure": False}
                await session.run(outbox.insert().values(row | extra))

    async def erased(self, others: str, word: str = "Erase", who: Person | None = None) -> Any:
        who = who or self.zyx
        await self.desk.command(who, "kadens", "erase")
        form = await self.desk.act(who, "erasure.form")
        assert isinstance(form, OpenForm)
        return await self.desk.submit(who, "erasure.form", answers={"word": word, "others": others})

    async def found(self, *words: str) -> dict[str, set[str]]:
        """Where in the database these words stand: column by word."""
        seen: dict[str, set[str]] = {word: set() for word in words}
        async with self.desk.store.reading() as session:
            for table in schema.metadata().sorted_tables:
                for row in await session.all(select(table)):
                    for column, text in row._mapping.items():
                        for word in words:
                            if word.lower() in str(text).lower():
                                seen[word].add(f"{table.name}.{column}")
        return seen

    def bytes(self, word: str) -> int:
        """How often it stands in the database's files; PostgreSQL's are its own, and emptied when it vacuums."""
        if self.desk.store.dialect != "sqlite":
            return 0
        files = [Path(f"{self.path}{end}") for end in ("", "-wal", "-journal")]
        return sum(file.read_bytes().lower().count(word.lower().encode()) for file in files if file.exists())


async def talk_only(desk: Desk, who: Person, words: str) -> None:
    """Changed and shared, not delivered."""
    about = (await rows(desk.store, DialogueRow, person=who.id, dialogue="checkin"))[0].id
    answers = {"progress": words, "well": words, "energy": "2", "workload": "4", "share": "manager"}
    await desk.submit(who, "talk.fill", about, answers=answers)


def value(table: Table, name: str, mark: str, number: int) -> Any:
    """Something of the column's kind; words wherever words can stand."""
    column = table.c[name]
    kind = holds(column)
    if kind in (datetime, date):
        return TUESDAY - timedelta(days=1) if kind is datetime else date(2026, 6, 1)
    if kind is clock:
        return clock(12)
    if kind in (bool, int, float):
        return None if column.primary_key and column.autoincrement is True else kind(number % 2)
    if name == "given":
        return json.dumps([{"question": "well", "asked": f"{mark} asked", "reply": f"{mark} {number}", "message": ""}])
    return {"seeds": "{}", "said": "{}", "state": "stopped", "seen_by": "receiver"}.get(
        name, f"{mark} {table.name}.{name} {number}"
    )


@pytest.fixture
async def life(company: Company, url: str) -> Life:
    return await Life(company(*FEATURES, now=TUESDAY, settings=CALM), Path(url.partition("///")[2])).begun()


@contextmanager
def logged() -> Iterator[StringIO]:
    """Everything that a running Kadens would write to its log, at its most talkative."""
    root, said = logging.getLogger(), StringIO()
    before = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in (*logs.OURS, "asyncio")}
    logs.set_up(logging.DEBUG)
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(said)
    try:
        yield said
    finally:
        root.handlers[:], root.level = before[0], before[1]
        for name, level in before[2].items():
            logging.getLogger(name).setLevel(level)


async def test_nothing_is_left_of_who_takes_all_along(life: Life) -> None:
    with logged() as log:
        await life.desk.act(life.zyx, "no.such.button")
        await life.spoken()
        await life.planted()
        await life.waiting()
        before = await life.found(MARK, NAME)
        assert len(before[MARK]) > 50 and before[NAME] >= {"people.name", "outbox.card"}
        assert life.bytes(MARK) > 50 or life.desk.store.dialect != "sqlite"
        assert await life.erased("take") is None
        assert await life.found(MARK, NAME, "U-ZYX", "Quorls") == {
            MARK: set(), NAME: set(), "Quorls": set(),
            # Where the last word to her goes.
            "U-ZYX": {"outbox.conversation"},
        }  # fmt: skip
        assert life.bytes(MARK) == life.bytes(NAME) == 0
        await life.desk.deliver()
        assert (await life.found(MARK, NAME))[MARK] == set()
    assert "nobody listens" in log.getvalue(), "the log was heard"
    assert not [word for word in (MARK, NAME, "U-ZYX") if word in log.getvalue()]


GIVEN = {"kudos", "remarks", "feedback", "goal_updates", "goal_changes", "team_looks"}


async def test_what_was_given_stays_with_others_without_the_name(life: Life) -> None:
    await life.spoken()
    await life.planted()
    await life.waiting()
    assert await life.erased("keep") is None
    found = await life.found(MARK, NAME, "U-ZYX")
    tables = {each.partition(".")[0] for each in found[MARK]}
    assert tables == GIVEN | {"outbox"} and found[NAME] == set()  # the outbox: kudos on their way to who gets them
    assert found["U-ZYX"] == {"outbox.conversation"} and life.bytes(NAME) == 0
    [nobody] = await rows(life.desk.store, PersonRow, name=SOMEBODY)
    assert (nobody.gone, nobody.account, nobody.workspace, nobody.company) == (True, "", "", SLACK)
    assert {row.giver for row in await rows(life.desk.store, KudosRow) if MARK in row.words} == {nobody.id}
    assert {row.author for row in await rows(life.desk.store, RemarkRow) if MARK in row.words} == {nobody.id}
    for line in await rows(life.desk.store, AuditRow):
        assert "zyx" not in (line.actor, line.person)


async def test_messages_of_hers_leave_the_chats_of_others(life: Life) -> None:
    desk = life.desk
    await life.spoken()
    assert f"{MARK} checkin" in str(desk.shown(life.max)) and NAME in str(desk.platform.shown)
    assert await life.erased("keep") is None
    await desk.deliver()
    others = [m for m in desk.platform.shown.values() if m.place.conversation != life.zyx.account]
    assert f"{MARK} checkin" not in str(others) and f"{MARK} grow" not in str(others)
    cards = in_the_open(desk)
    assert NAME not in str(cards) and "Somebody who left thanks" in str(cards)
    assert f"{MARK} gave one #care" not in str(cards) and f"{MARK} gave one" in str(cards)
    assert "thanks for all of it" not in str(cards), "thanks to her alone are gone"
    assert "thanks to you two" in str(cards), "those to others stay"
    assert await count(desk.store, KudosRow, words="thanks to you two", receiver="max", joins=None) == 1
    assert not await rows(desk.store, OutboxRow, failed_at=None, sent_at=None)


async def test_who_takes_all_along_takes_the_cards_too(life: Life) -> None:
    await life.spoken()
    assert await life.erased("take") is None
    await life.desk.deliver()
    cards = in_the_open(life.desk)
    assert cards and MARK not in str(cards) and NAME not in str(cards)


def in_the_open(desk: Desk) -> list[Outgoing]:
    """What stands in channels, for all to see."""
    return [m for m in desk.platform.shown.values() if m.place.kind != "direct" and not m.only_for]


async def test_nobody_else_is_harmed(life: Life) -> None:
    """All that is not hers reads as before, but for her name; and everything there is to look at can be looked at."""
    desk = life.desk
    await life.spoken()
    before = {who.id: await own(desk, who) for who in (life.max, life.ben, life.cy)}
    assert await life.erased("keep") is None
    await desk.deliver()
    for who in (life.max, life.ben, life.cy):
        mine, now = before[who.id], await own(desk, who)
        assert mine - now <= {("kudos", "thanks to you two")} if who is life.cy else mine == now
        arrived = len(desk.platform.sent)
        await look(desk, who)
        await desk.deliver()
        seen = str([message.card for message in desk.platform.sent[arrived:]])
        assert NAME not in seen and "ue003" not in seen, who.name  # as repr writes SOMEBODY


async def own(desk: Desk, who: Person) -> set[tuple[str, str]]:
    """What somebody said, and was thanked for."""
    said = {("dialogues", row.given) for row in await rows(desk.store, DialogueRow, person=who.id)}
    got = {("kudos", row.words) for row in await rows(desk.store, KudosRow, receiver=who.id)}
    gave = {("kudos", row.words) for row in await rows(desk.store, KudosRow, giver=who.id) if row.receiver != "zyx"}
    return said | got | gave


@pytest.mark.parametrize(
    ("lang", "somebody"), [("en", "Somebody who left"), ("sv", "Någon som inte"), ("nl", "Iemand")]
)
async def test_history_names_nobody_in_the_readers_language(life: Life, lang: str, somebody: str) -> None:
    desk = life.desk
    await life.spoken()
    assert await life.erased("keep") is None
    async with desk.store.transaction() as session:
        await Changed("cy", {"lang": lang}).save(session)
    await desk.deliver()
    await desk.command(stranger(SLACK, life.cy.account), "kudos", "me")
    [message] = await desk.deliver()
    assert somebody in str(message.card) and f"{MARK} gave one" in str(message.card)


async def test_her_people_are_asked_once_who_manages_them_now(life: Life) -> None:
    desk = life.desk
    assert await life.erased("keep") is None
    told = [m for m in await desk.deliver() if m.place.conversation == life.ben.account]
    assert len(told) == 1 and told[0].card and told[0].card.title == "Vem är din chef nu?"
    assert NAME not in str(told) and [b.action for b in buttons(told[0].card)] == ["people.manager"]
    [ben] = await rows(desk.store, PersonRow, id="ben")
    assert ben.manager is None
    await desk.command(life.ben, "kadens", "manager")
    assert "Berätta vem" in str((await desk.deliver())[-1].card)


async def test_without_anything_given_not_even_a_nameless_row_stays(life: Life) -> None:
    assert await life.erased("keep") is None
    assert {row.id for row in await rows(life.desk.store, PersonRow)} == {"max", "ben", "cy"}
    assert await count(life.desk.store, AccountRow, account="U-ZYX") == 0


@pytest.mark.parametrize("word", ["", "no", "erased", "yes"])
async def test_another_word_erases_nothing(life: Life, word: str) -> None:
    refused = await life.erased("take", word)
    assert isinstance(refused, Refuse) and "erase" in refused.objections["word"]
    assert await count(life.desk.store, PersonRow, id="zyx") == 1


@pytest.mark.parametrize("word", ["erase", " ERASE. ", "“erase”", "radera", "Wissen"])
async def test_the_word_in_any_of_the_languages_will_do(life: Life, word: str) -> None:
    assert await life.erased("keep", word) is None
    assert await count(life.desk.store, PersonRow, id="zyx") == 0


async def test_the_card_says_what_would_go_and_what_would_stay_and_does_nothing(life: Life) -> None:
    desk = life.desk
    await life.spoken()
    before = len(await rows(desk.store, DialogueRow))
    await desk.command(life.zyx, "kadens", "erase")
    [message] = await desk.deliver()
    assert message.card
    facts = dict(row for part in message.card.parts if isinstance(part, Facts) for row in part.rows)
    assert facts["Check-ins"] == "1" and facts["Kudos you gave"] == "4" and facts["Kudos you got"] == "3"
    assert [b.action for b in buttons(message.card)] == ["export.data", "erasure.form"]
    assert len(await rows(desk.store, DialogueRow)) == before and await count(desk.store, PersonRow, id="zyx") == 1


async def test_the_same_press_twice_erases_once_and_a_later_one_meets_a_stranger(life: Life) -> None:
    desk = life.desk
    for _ in range(2):
        await desk.submit(life.zyx, "erasure.form", answers={"word": "erase", "others": "keep"}, id="twice")
    assert await count(desk.store, AccountRow, account="U-ZYX") == 0
    again = stranger(SLACK, "U-ZYX", NAME)
    await desk.submit(again, "erasure.form", answers={"word": "erase"})
    assert await count(desk.store, AccountRow, account="U-ZYX") == 0
    await desk.deliver()
    assert str(desk.shown(life.zyx)).count("You are erased") == 1  # the first was not out yet


async def test_she_can_come_back_as_somebody_new(life: Life) -> None:
    desk = life.desk
    await life.spoken()
    old = (await rows(desk.store, DialogueRow, person="zyx", dialogue="grow"))[0].id
    assert await life.erased("keep") is None
    await desk.deliver()
    again = stranger(SLACK, "U-ZYX", NAME)
    for action in ("talk.resume", "talk.answer", "talk.form", "shared.reply", "kudos.remove", "privacy.withdraw"):
        assert await desk.act(again, action, f"{old}") is None  # old buttons of hers
    await desk.say(again, "hello there", message="new")
    [account] = await rows(desk.store, AccountRow, account="U-ZYX")
    assert account.person != "zyx" and await count(desk.store, DialogueRow, person=account.person) == 0
    await desk.deliver()
    assert "What I can do" in str(desk.shown(life.zyx)[-1])


async def test_what_is_being_sent_that_moment_is_taken_back_once_it_is_out(life: Life) -> None:
    desk = life.desk
    await talk(desk, life.zyx, "checkin", f"{MARK} first", "manager")
    await talk_only(desk, life.zyx, f"{MARK} second")
    async with desk.store.transaction() as session:  # as if a delivery held what waits
        until = TUESDAY + timedelta(minutes=3)
        await session.run(update(outbox).where(outbox.c.sent_at.is_(None)).values(lease_until=until, tries=1))
    assert await life.erased("take") is None
    assert (await life.found(MARK))[MARK] == set()
    desk.later(minutes=10)
    sent = await desk.deliver()
    assert MARK not in str([m for m in desk.platform.shown.values() if m.place.conversation == life.max.account])
    assert sent and MARK not in str(sent)


async def test_another_company_is_not_touched(life: Life) -> None:
    desk = life.desk
    eve = await desk.person("Eve", workspace="slack:T2", account="U-ZYX")  # the same account, elsewhere
    await talk(desk, eve, "checkin", "Eve’s own", "me")
    assert await life.erased("take") is None
    assert await count(desk.store, AccountRow, account="U-ZYX") == 1
    assert await count(desk.store, DialogueRow, person="eve") == 1
    assert [row for row in await rows(desk.store, OutboxRow, workspace="slack:T2") if row.about or row.thread_topic]


async def test_marks_of_events_made_of_her_id_go(life: Life) -> None:
    await life.desk.due(life.zyx, "checkin", "2026-04")
    assert await count(life.desk.store, EventRow, id="due/zyx/checkin/2026-04/0") == 1
    assert await life.erased("keep") is None
    assert not [row for row in await rows(life.desk.store, EventRow) if "zyx" in row.id]


async def test_a_thousand_of_everything_go_quickly(life: Life) -> None:
    desk = life.desk
    async with desk.store.transaction() as session:
        for table, rule in ruled():
            if table.name in ("dialogues", "kudos", "nudges", "remarks", "shares"):
                many = [
                    {c.name: value(table, c.name, MARK, n) for c in table.c if c.name not in rule.people}
                    for n in range(1000)
                ]
                first = next(iter(rule.people))
                people = {name: "zyx" if name == first else "max" for name in rule.people}
                await session.run(table.insert(), [row | people for row in many])
    began = time.perf_counter()
    assert await life.erased("take") is None
    assert time.perf_counter() - began < 5  # half a second on an idle machine
    assert (await life.found(MARK))[MARK] == set()


async def test_feedback_stays_with_who_got_it_and_loses_the_name_where_it_stands(life: Life) -> None:
    desk = life.desk
    words = {"situation": f"{MARK} on Monday in the meeting", "behaviour": f"{MARK} you asked Cy first", "impact": MARK}
    form = await desk.command(life.zyx, "feedback", mentions=(life.max,))
    assert isinstance(form, OpenForm)
    again = await desk.submit(life.zyx, form.form.id, form.form.value, answers={**words, "seen_by": "receiver"})
    assert again is None
    await desk.deliver()
    assert NAME in str(desk.shown(life.max)) and f"{MARK} you asked" in str(desk.shown(life.max))
    assert await life.erased("keep") is None
    await desk.deliver()
    assert NAME not in str(desk.shown(life.max)) and f"{MARK} you asked" in str(desk.shown(life.max))
    assert "omebody who left" in str(desk.shown(life.max))
    await desk.press(life.max, "Say thanks")  # nobody is there to hear it, and nothing breaks
    await desk.deliver()
    assert not await rows(desk.store, OutboxRow, sent_at=None, failed_at=None)


@pytest.mark.parametrize("who", ["zyx", "ben"])
async def test_a_question_about_a_report_is_taken_back_from_whoever_was_told_of_it(life: Life, who: str) -> None:
    """Cy was asked; Ben, whom it is about, and Zyxanna, who asked, each hold a card of it that names the other."""
    desk = life.desk
    asked = {"about": life.ben.id, "question": f"{MARK} how does he do?"}
    assert await desk.submit(life.zyx, "feedback.ask", answers=asked, people={"whom": (life.cy,)}) is None
    await desk.deliver()
    others = [life.ben, life.cy] if who == "zyx" else [life.zyx, life.cy]
    for each in others:
        assert f"{MARK} how" in str(desk.shown(each))
    assert await life.erased("keep", who=getattr(life, who)) is None
    await desk.deliver()
    for each in others:
        assert f"{MARK} how" not in str(desk.shown(each))


async def test_replies_go_with_who_takes_all_along(life: Life) -> None:
    desk = life.desk
    await talk(desk, life.ben, "checkin", "of Ben’s own", "manager")
    bens = (await rows(desk.store, DialogueRow, person="ben", dialogue="checkin"))[0].id
    await desk.submit(life.zyx, "shared.reply", bens, answers={"words": f"{MARK} to Ben"})
    await desk.deliver()
    assert MARK in str(desk.shown(life.ben))
    assert await life.erased("take") is None
    await desk.deliver()
    assert MARK not in str(desk.shown(life.ben)) and NAME not in str(desk.shown(life.ben))
