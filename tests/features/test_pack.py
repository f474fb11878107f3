"""The evidence pack: what stands in it for whom, as a card and as a document, and what of it is written down."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.cards import Choice, File
from bot.core.documents import Document, Entry, Section
from bot.core.effects import OpenForm
from bot.core.paper import content, pdf
from bot.core.people import Person, Place, stranger
from bot.core.settings import Settings
from bot.core.wording import LANGUAGES, wording
from handlers import FEATURES
from storage.access import ShareRow
from storage.audit import AuditRow
from storage.dialogues import DialogueRow
from storage.goals import GoalRow
from storage.learning import LearningAction
from storage.oneonone import Promised
from storage.requests import FeedbackRequestRow
from storage.summaries import SummaryRow
from tests.conftest import HALL, SLACK, Company, Desk, rows
from tests.features.test_access import House, kudos

TUESDAY = datetime(2026, 5, 12, 12, tzinfo=UTC)  # in the second quarter
CALM = Settings.model_validate({"people": {"pilot": ["nobody"]}})
DEN = Place(SLACK, "G1", kind="private")
STORY = {"situation": "In yesterday’s demo, when the screen froze", "impact": "I stopped sweating"}
FREE = ("well", "way", "energy_story", "workload_story", "goal", "will", "smaller", "proud", "next")
say = wording("pack")
OPENLY = {"goal-team", "kudos-open"}
SHARED = {"goal-both", "checkin-shared", "feedback-both", "learning-shared", "grow-shared"}
OWN = {"checkin-own", "kudos-den", "feedback-own", "learning-own", "grow-own"}


@pytest.fixture
async def house(company: Company) -> House:
    return await House(company(*FEATURES, now=TUESDAY, settings=CALM)).furnished()


@pytest.fixture
async def full(house: House) -> House:
    """Ana has one of each that her manager may see, and one of each that is hers."""
    await goal(house, "goal-team", "team")
    await goal(house, "goal-both", "manager")
    await talk(house, "grow", "grow-shared", "manager")
    house.desk.now -= timedelta(days=35)
    await talk(house, "checkin", "checkin-own", "me")
    house.desk.now = TUESDAY + timedelta(minutes=2)
    await talk(house, "checkin", "checkin-shared", "manager")
    await talk(house, "grow", "grow-own", "me")
    await kudos(house.desk, house.ben, house.ana, "kudos-open")
    await kudos(house.desk, house.ben, house.ana, "kudos-den", DEN)
    for name, seen_by in (("feedback-both", "both"), ("feedback-own", "receiver")):
        await feedback(house, name, seen_by)
    async with house.desk.store.transaction() as session:
        for name, whose in (("learning-own", "me"), ("learning-shared", "manager")):
            made = LearningAction(name, "ana", "course", name, TUESDAY.date(), "", house.desk.now, whose)  # type: ignore[arg-type]
            await made.save(session)
    await house.desk.deliver()
    return house


async def goal(house: House, name: str, seen: str) -> str:
    answers = {"title": name, "kind": "measure", "start": "2", "target": "10", "due": "2026-06-20", "visibility": seen}
    assert await house.desk.submit(house.ana, "goals.form", answers=answers) is None
    [row] = await rows(house.desk.store, GoalRow, title=name)
    await update(house, row.id, "5", "at_risk", f"{name} story")
    return str(row.id)


async def update(house: House, id: str, value: str, confidence: str, story: str) -> None:
    said = {"value": value, "confidence": confidence, "story": story}
    assert await house.desk.submit(house.ana, "goals.update", id, answers=said) is None


async def talk(house: House, name: str, mark: str, share: str) -> None:
    """A further talk of a kind there is already one of."""
    known = {row.id for row in await rows(house.desk.store, DialogueRow)}
    await house.desk.command(house.ana, name)
    [id] = {row.id for row in await rows(house.desk.store, DialogueRow)} - known
    free = dict.fromkeys(
        ("well", "way", "energy_story", "workload_story", "goal", "will", "smaller", "proud", "next"), mark
    )
    answers = {**free, "energy": "2", "workload": "4", "sure": "9", "day": "2026-06-01", "share": share}
    assert await house.desk.submit(house.ana, "talk.fill", id, answers=answers) is None


async def feedback(house: House, behaviour: str, seen_by: str) -> None:
    opened = await house.desk.command(house.ben, "feedback", mentions=(house.ana,))
    assert isinstance(opened, OpenForm)
    words = {**STORY, "behaviour": behaviour, "seen_by": seen_by}
    assert await house.desk.submit(house.ben, opened.form.id, opened.form.value, answers=words, opens=True) is None


async def answered(house: House, who: Person, question: str) -> None:
    """Ben is asked about Ana, and his answer is for her manager too."""
    said = {"about": "ana" if who.id == "max" else "me", "question": question}
    assert await house.desk.submit(who, "feedback.ask", answers=said, people={"whom": (house.ben,)}) is None
    [request] = await rows(house.desk.store, FeedbackRequestRow, question=question)
    opened = await house.desk.act(house.ben, "feedback.answer", request.id)
    assert isinstance(opened, OpenForm)
    answer = {**STORY, "behaviour": f"what {who.id} asked", "seen_by": "both"}
    assert await house.desk.submit(house.ben, opened.form.id, opened.form.value, answers=answer, opens=True) is None


async def asked(desk: Desk, who: Person, text: str = "", *mentions: Person, place: Place | None = None) -> str:
    await desk.deliver()
    await desk.command(who, "review", f"pack {text}".strip(), place, mentions=mentions)
    return " ".join(str(message.card) for message in await desk.deliver())


async def files(desk: Desk, who: Person, action: str, value: str) -> list[File]:
    await desk.deliver()
    await desk.act(who, action, value)
    sent = await desk.deliver()
    assert {message.place.conversation for message in sent} <= {who.account}
    return [message.file for message in sent if message.file]


def seen(text: str) -> set[str]:
    return {name for name in (*OPENLY, *SHARED, *OWN) if name in text}


# Who sees what.


async def test_ones_own_holds_everything(full: House) -> None:
    [page] = await files(full.desk, full.ana, "pack.page", "ana|2026-Q2")
    assert seen(page.body) == OPENLY | SHARED | OWN
    assert await rows(full.desk.store, AuditRow) == []


async def test_what_one_asked_for_oneself_stays_ones_own_and_only_the_answer_is_shared(house: House) -> None:
    await answered(house, house.ana, "Am I too quiet?")
    await answered(house, house.max, "How does she lead?")
    for reader, questions in (
        (house.ana, {"Am I too quiet?", "How does she lead?"}),
        (house.max, {"How does she lead?"}),
    ):
        [page] = await files(house.desk, reader, "pack.page", "ana|2026-Q2")
        assert "what ana asked" in page.body and "what max asked" in page.body
        assert {
            question for question in ("Am I too quiet?", "How does she lead?") if question in page.body
        } == questions


async def test_a_manager_sees_what_was_shared_or_is_open_and_that_is_written_down(full: House) -> None:
    [page] = await files(full.desk, full.max, "pack.page", "ana|2026-Q2")
    assert seen(page.body) == OPENLY | SHARED
    lines = await rows(full.desk.store, AuditRow)
    assert {(line.actor, line.person) for line in lines} == {("max", "ana")}
    read = {line.record.partition(":")[0] for line in lines if line.action == "read"}
    assert read == {"checkin", "feedback", "goal", "grow", "learning-shared"}
    assert [line.record for line in lines if line.action == "pack"] == ["pack:2026-Q2"]


async def test_nobody_else_gets_one(full: House) -> None:
    for who in (full.ben, full.zoe, full.eve):
        for action in ("pack.show", "pack.pdf", "pack.page"):
            await full.desk.deliver()
            await full.desk.act(who, action, "ana|2026-Q2")
            [message] = await full.desk.deliver()
            assert message.file is None and say("en", "not_yours") in str(message.card)
            assert "Ana" not in str(message.card) and not seen(str(message.card))
    assert await rows(full.desk.store, AuditRow) == []


async def test_the_manager_of_then_gets_none_once_there_is_another(full: House) -> None:
    await full.desk.command(full.ana, "kadens manager", mentions=(full.zoe,))
    await full.desk.act(full.zoe, "people.confirm", "ana")
    assert say("en", "not_yours") in await asked(full.desk, full.max, "", full.ana)
    # The new one has what is open, and nothing that was said to the one before.
    assert seen(await asked(full.desk, full.zoe, "", full.ana)) == OPENLY | {"goal-both", "learning-shared"}


async def test_what_is_no_longer_shared_stands_in_it_no_longer(full: House) -> None:
    for share in await rows(full.desk.store, ShareRow):
        await full.desk.act(full.ana, "privacy.withdraw", share.about)
    assert not {"checkin-shared", "grow-shared"} & seen(await asked(full.desk, full.max, "", full.ana))


async def test_what_the_two_agreed_stands_first_and_for_the_two_alone(full: House) -> None:
    desk = full.desk
    await talk(full, "review", "looked back", "me")
    await desk.act(full.max, "preparing.ready", "ana")
    [row] = await rows(desk.store, SummaryRow)
    words = {"words": "we take this", "goals": "one\ntwo", "learning": "to listen"}
    assert await desk.submit(full.ana, "summary.form", f"{row.id}|0", answers=words) is None
    [page] = await files(desk, full.max, "pack.page", "ana|2026-Q2")
    assert "we take this" not in page.body  # not yet agreed
    await desk.act(full.max, "summary.agree", f"{row.id}|1")
    await desk.submit(full.max, "summary.remark", row.id, answers={"words": "a good quarter"})
    for who in (full.ana, full.max):
        [page] = await files(desk, who, "pack.page", "ana|2026-Q2")
        for said in ("we take this", "• one\n• two", "• to listen", "a good quarter", "said yes on 12 May 2026"):
            assert said in page.body
        assert page.body.index("we take this") < page.body.index("goal-team")
    await desk.command(full.ana, "kadens manager", mentions=(full.zoe,))
    await desk.act(full.zoe, "people.confirm", "ana")
    assert "we take this" not in await asked(desk, full.zoe, "", full.ana)


async def test_what_was_promised_in_a_one_to_one_is_for_its_two(house: House) -> None:
    desk = house.desk
    async with desk.store.transaction() as session:
        for other in ("max", "ben"):
            await Promised(f"talk:{other}", "ana", other, (("ana", f"said to {other}"),), desk.now).save(session)
    assert "said to max (still to come)" in await asked(desk, house.ana)
    seen_by_max = await asked(desk, house.max, "", house.ana)
    assert "said to max" in seen_by_max and "said to ben" not in seen_by_max


# As a card.


async def test_the_card_has_the_latest_of_each_with_its_words(full: House) -> None:
    text = await asked(full.desk, full.ana)
    assert seen(text) == OPENLY | SHARED | OWN
    assert "5, at risk – goal-team story" in text
    assert "Energy 2 of 5: checkin-shared" in text and "Workload 4 of 5: checkin-shared" in text
    assert "Thanked 2 times:" in text


async def test_in_a_channel_only_the_asker_sees_it(full: House) -> None:
    await full.desk.deliver()
    await full.desk.command(full.ana, "review", "pack", HALL)
    [message] = await full.desk.deliver()
    assert message.only_for == full.ana.account


async def test_more_than_a_few_are_counted(house: House) -> None:
    for n in range(5):
        await goal(house, f"goal number {n}", "team")
        house.desk.later(minutes=1)
    text = await asked(house.desk, house.ana)
    assert "and 2 more, in the document" in text and "goal number 4" in text and "goal number 0" not in text


async def test_of_the_time_that_was_named(full: House) -> None:
    for text, span in (("", "2026-Q2"), ("Q2", "2026-Q2"), ("april", "2026-04"), ("2026", "2026")):
        await asked(full.desk, full.ana, text)
        [file] = await press(full, full.ana, say("en", "as_pdf"))
        assert file.name == f"kadens-pack-{span}.pdf"
    assert seen(await asked(full.desk, full.ana, "april")) == {"checkin-own"}


async def test_of_a_time_without_anything_there_is_nothing_to_hand_over(house: House) -> None:
    assert say("en", "none") in await asked(house.desk, house.ana, "Q1")
    with pytest.raises(LookupError):
        await house.desk.press(house.ana, say("en", "as_pdf"))


async def press(house: House, who: Person, label: str) -> list[File]:
    await house.desk.press(who, label)
    return [message.file for message in await house.desk.deliver() if message.file]


async def test_a_goal_stands_as_it_stood_then(house: House) -> None:
    """The next quarter’s words change nothing of this one’s."""
    id = await goal(house, "goal-team", "team")
    house.desk.now = datetime(2026, 7, 14, 12, tzinfo=UTC)
    await update(house, id, "9", "on_track", "much later")
    closing = {"outcome": "achieved", "learned": "patience"}
    await house.desk.submit(house.ana, "goals.close", id, answers=closing)
    before = await asked(house.desk, house.ana, "Q2")
    assert "5, at risk – goal-team story" in before and "achieved" not in before and "much later" not in before
    [page] = await files(house.desk, house.ana, "pack.page", "ana|2026-Q2")
    assert "patience" not in page.body and "5, at risk" in page.body
    after = await asked(house.desk, house.ana, "Q3")
    assert "9, on track – much later – achieved" in after
    [page] = await files(house.desk, house.ana, "pack.page", "ana|2026-Q3")
    assert "patience" in page.body


async def test_a_goal_nobody_spoke_of_says_so(house: House) -> None:
    await goal(house, "goal-team", "team")
    house.desk.now = datetime(2026, 7, 14, 12, tzinfo=UTC)
    assert f"goal-team: {say('en', 'no_word')}" in await asked(house.desk, house.ana)


# Asked for by a form.


async def test_the_form_offers_oneself_and_ones_people(full: House) -> None:
    for who, names in ((full.max, ["Mine", "Ana", "Ben"]), (full.ana, ["Mine"])):
        opened = await full.desk.act(who, "pack.form", "ana|2026-Q1")
        assert isinstance(opened, OpenForm)
        whose, span, _ = opened.form.fields
        assert isinstance(whose, Choice) and isinstance(span, Choice)
        assert [label for _, label in whose.options] == names and whose.value == "ana"
        assert span.value == "2026-Q1" and ("2026-Q2", "Q2") in span.options


async def test_the_form_hands_over_what_was_chosen(full: House) -> None:
    desk, answers = full.desk, {"who": "ana", "span": "2026-Q2"}
    await desk.submit(full.max, "pack.form", answers=answers | {"how": "pdf"})
    [message] = await desk.deliver()
    assert message.file and message.file.mime == "application/pdf"
    for odd in ({}, {"who": "nobody", "span": "?", "how": "?"}, answers | {"who": "dan"}):
        await desk.submit(full.max, "pack.form", answers=odd)
    assert [message.file for message in await desk.deliver()] == [None] * 3


# As a PDF.


async def test_the_pdf_says_what_the_page_says(full: House) -> None:
    for who, marks in ((full.ana, OPENLY | SHARED | OWN), (full.max, OPENLY | SHARED)):
        [file] = await files(full.desk, who, "pack.pdf", "ana|2026-Q2")
        assert seen(words(content(file))) == marks


async def test_in_its_readers_language(full: House) -> None:
    max = stranger(SLACK, "U-max")
    for lang in LANGUAGES:
        await full.desk.command(max, "kadens", f"language {lang}")
        [page] = await files(full.desk, max, "pack.page", "ana|2026-Q2")
        [file] = await files(full.desk, max, "pack.pdf", "ana|2026-Q2")
        text = words(content(file))
        for name in ("goals", "checkins", "kudos", "feedback", "promises", "learning"):
            assert f"{say(lang, f'sections.{name}')}</h2>" in page.body and say(lang, f"sections.{name}") in text
        assert f'<html lang="{lang}">' in page.body and "2026" in page.body.partition("</h1>")[0]


def words(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def paper(*said: str, title: str = "Ana") -> bytes:
    entries = tuple(Entry(each, ((each, each),), ((each, each),)) for each in said)
    return content(pdf("a", Document(title, "en", said[:1], (Section("Words", entries, "note"),))))


SCRIPTS = ["Łódź Ærøskøbing Ünal", "Привет мир", "Ελληνικά", "العربية", "עברית", "हिन्दी", "ไทย", "日本語 한국어 中文"]
SCRIPTS += ["🎉 👩‍👩‍👧 🇳🇱 👍🏽", "\u202egnihtemos\u202c", "é e\u0301 \u200b\u2028 \u00a0 x", "\t \r\n a\rb\nc"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_any_script_can_be_printed(script: str) -> None:
    data = paper(script, title=script)
    assert data.startswith(b"%PDF-") and "Words" in words(data)


@pytest.mark.parametrize("script", SCRIPTS[:3])
def test_letters_stay_letters(script: str) -> None:
    assert script in words(paper(script))


@pytest.mark.parametrize(
    "markup", ["#panic()", '#read("/etc/passwd")', "= x", "$x^2$", "*b* _i_", "@ref", "<a>", "`raw`", "// no", "\\"]
)
def test_what_people_write_is_never_markup(markup: str) -> None:
    assert markup in words(paper(markup)) and markup in pypdf.PdfReader(io.BytesIO(paper(title=markup))).metadata.title  # type: ignore[union-attr,operator]


@given(st.lists(st.text(max_size=60), max_size=4))
@settings(max_examples=40, deadline=None)
def test_whatever_is_written_it_is_drawn(said: list[str]) -> None:
    assert paper(*said).startswith(b"%PDF-")


def test_the_same_words_are_the_same_bytes_at_any_time() -> None:
    file = pdf("a", Document("Ana", "sv", ("Hej",), ()))
    first = content(file)
    content.cache_clear()
    assert content(file) == first


def test_a_long_word_stays_on_the_page() -> None:
    page = pypdf.PdfReader(io.BytesIO(paper("https://example.org/" + "x" * 400))).pages[0]
    edges = list[float]()

    def look(text: str, _: Any, matrix: list[float], *__: Any) -> None:
        edges.append(matrix[4] + 4.5 * len(text.strip()))

    page.extract_text(visitor_text=look)
    assert max(edges) < float(page.mediabox.width)
