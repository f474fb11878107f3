"""Looking back: one's own, of every kind, page by page, found again by words and times; and of others what one may."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import insert

from bot.core.cards import Card, Choice, Quote, Text
from bot.core.effects import Grant, OpenForm
from bot.core.events import Action
from bot.core.history import KINDS, Mark, Query, folded, matcher, read
from bot.core.people import Person
from bot.core.settings import Settings
from bot.core.spans import dated, limits, moments, read_span, recent, span_named
from handlers import FEATURES
from storage import access
from storage.audit import AuditRow
from storage.checkin import CheckinRow
from storage.dialogues import DialogueRow
from storage.engine import Store, table
from storage.entries import PAGE, SOURCES
from storage.feedback import FeedbackRow
from storage.goals import GoalRow, GoalUpdateRow
from storage.grow import CommitmentRow
from storage.kudos import KudosRow
from storage.review import ReviewRow
from tests.conftest import HALL, Company, Databases, Desk, buttons, rows, statements
from tests.features.test_home import goal, put, said, scans, thanks

TUESDAY = datetime(2026, 4, 14, 12, tzinfo=UTC)
TODAY = date(2026, 4, 14)
QUIET = Settings.model_validate({"people": {"pilot": ["nobody"]}})


@pytest.fixture
async def desk(company: Company) -> Desk:
    return company(*FEATURES, now=TUESDAY, settings=QUIET)


async def shows(desk: Desk, who: Person, text: str = "", **more: Any) -> Card:
    """The card a command brings."""
    name, _, rest = f"kadens history {text}".strip().partition(" ") if "command" not in more else (
        more.pop("command"), "", text)  # fmt: skip
    await desk.command(who, name, rest, **more)
    return last(await desk.deliver(), who)


def last(sent: list[Any], who: Person) -> Card:
    [found] = [m.card for m in sent if who.account in (m.only_for, m.place.conversation)]
    assert found is not None
    return found


def quotes(card: Card) -> list[str]:
    return [part.body for part in card.parts if isinstance(part, Quote)]


def lines(card: Card) -> list[str]:
    return [part.body for part in card.parts if isinstance(part, Text)]


def talk(id: str, who: str, kind: str, words: str, at: datetime, period: str = "2026-04") -> dict[str, Any]:
    said = f'[{{"question":"well","asked":"?","reply":"{words}","message":""}}]'
    row = {"id": id, "person": who, "dialogue": kind, "subject": period, "seeds": "{}", "given": said}
    return {**row, "state": "finished", "began": at, "touched": at, "thread": ""}


def feedback(id: str, giver: str, receiver: str, words: str, seen_by: str = "receiver", manager: str | None = None,
             at: datetime = TUESDAY) -> dict[str, Any]:  # fmt: skip
    row = {"id": f"feedback:{id}", "giver": giver, "receiver": receiver, "manager": manager, "situation": words}
    return {**row, "behaviour": "", "impact": "", "wish": "", "seen_by": seen_by, "at": at}


async def everything(store: Store, who: str = "ana", other: str = "ben", mark: str = "") -> None:
    """One record of each kind, an hour apart, all of a person."""
    at = [TUESDAY - timedelta(hours=n) for n in range(12)]
    w = f"{mark}words"
    await put(
        store,
        KudosRow,
        thanks(f"{who}1", other, who, f"{w} got", at[0]),
        thanks(f"{who}2", who, other, f"{w} gave", at[1]),
    )
    await put(store, DialogueRow, talk(f"checkin:{who}", who, "checkin", f"{w} checkin", at[2]),
              talk(f"review:{who}", who, "review", f"{w} review", at[3], "2026-Q1"),
              talk(f"grow:{who}", who, "grow", f"{w} grow", at[4], ""))  # fmt: skip
    await put(
        store,
        CheckinRow,
        {"id": f"checkin:{who}", "person": who, "period": "2026-04", "at": at[2], "energy": 4, "workload": 2},
    )
    await put(store, ReviewRow, {"id": f"review:{who}", "person": who, "period": "2026-Q1", "at": at[3]})
    promise = {"id": f"c:{who}", "person": who, "words": f"{w} promise", "day": TODAY, "at": at[5], "thread": "t"}
    await put(store, CommitmentRow, {**promise, "state": "partly", "learned": "to ask"})
    row = goal(
        who, who, f"{w} goal", at[8], state="achieved", closed_at=at[6], learned=f"{w} learned", visibility="manager"
    )
    await put(store, GoalRow, row)
    await put(store, GoalUpdateRow, {"id": f"u:{who}", "goal": f"goal:{who}", "author": who, "at": at[7], "value": 60.0,
                                     "story": f"{w} story"})  # fmt: skip
    await put(store, FeedbackRow, feedback(f"{who}1", other, who, f"{w} feedback got", at=at[9]),
              feedback(f"{who}2", who, other, f"{w} feedback gave", at=at[10]))  # fmt: skip


# Own.


async def test_all_that_was_said_given_and_received_stands_there_the_latest_first(desk: Desk) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    first = await shows(desk, ana)
    await desk.press(ana, "Older")
    second = last(await desk.deliver(), ana)
    assert [*quotes(first), *quotes(second)] == [
        f"words {word}"
        for word in ("got", "gave", "checkin", "review", "grow", "promise", "learned", "story", "goal",
                     "feedback got", "feedback gave")
    ]  # fmt: skip
    assert lines(first)[:3] == [
        "Tuesday 14 April: thanked by Ben",
        "Tuesday 14 April: you thanked Ben",
        "Tuesday 14 April: your April check-in",
    ]
    assert "Energy 4 of 5, workload 2 of 5" in said(first)
    assert "you said you would, by Tuesday 14 April (partly done)" in said(first)
    assert "words goal (achieved)" in said(second) and "words goal, 60" in said(second)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kudos", ["got", "gave"]),
        ("checkins", ["checkin"]),
        ("Check-ins", ["checkin"]),
        ("reviews", ["review"]),
        ("grow", ["grow"]),
        ("commitments", ["promise"]),
        ("goals", ["learned", "story", "goal"]),
        ("feedback", ["feedback got", "feedback gave"]),
        ("search words got", ["got", "feedback got"]),
        ("PROMISE", ["promise"]),
        ("search goals", []),
        ("goals april", ["learned", "story", "goal"]),
        ("goals march", []),
        ("q2 promise", ["promise"]),
        ("last year", []),
        ("feedback gave", ["feedback gave"]),
        ("ben feedback", ["feedback got", "feedback gave"]),
        ("to ask", ["promise"]),
    ],
)
async def test_by_kind_time_and_words(desk: Desk, text: str, words: list[str]) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    found = [quote.removeprefix("words ") for quote in quotes(await shows(desk, ana, text))]
    assert found == (words if text != "to ask" else ["to ask"])


FIRST = {"checkin": "checkin", "kudos": "got", "goal": "learned", "feedback": "feedback got", "grow": "grow"}


@pytest.mark.parametrize(("command", "word"), [*FIRST.items(), ("review", "review")])
async def test_every_feature_has_its_own(desk: Desk, command: str, word: str) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    await desk.command(ana, command, "history")
    card = last(await desk.deliver(), ana)
    assert quotes(card)[0] == f"words {word}" and said(card).startswith("Your history / Only: ")


async def test_the_other_two_languages_have_their_own_words(desk: Desk) -> None:
    ana, _ = await desk.person("Ana", lang="sv"), await desk.person("Ben")
    await everything(desk.store)
    assert quotes(await shows(desk, ana, "åtaganden APRIL")) == ["words promise"]
    assert quotes(await shows(desk, ana, "sök tack")) == []
    assert quotes(await shows(desk, ana, "mål")) == ["words learned", "words story", "words goal"]
    assert quotes(await shows(desk, ana, "goals förra året")) == []


async def test_equal_moments_lose_nothing_between_pages_in_either_direction(desk: Desk) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    ids = ["Z", "a", "b", "B", "é", "ö", *map(str, range(20))]
    for id in ids:
        await put(
            desk.store,
            KudosRow,
            thanks(id, "ben", "ana", f"got {id}", TUESDAY),
            thanks(f"g{id}", "ana", "ben", f"gave {id}", TUESDAY),
        )
    forwards, card = list[str](), await shows(desk, ana)
    pages = [quotes(card)]
    while "Older" in {button.label for button in buttons(card)}:
        await desk.press(ana, "Older")
        card = last(await desk.deliver(), ana)
        pages.append(quotes(card))
    forwards = [quote for each in pages for quote in each]
    assert sorted(forwards) == sorted([*(f"got {id}" for id in ids), *(f"gave {id}" for id in ids)])
    assert all(len(each) == PAGE for each in pages[:-1])
    backwards = [pages[-1]]
    while "Newer" in {button.label for button in buttons(card)}:
        await desk.press(ana, "Newer")
        card = last(await desk.deliver(), ana)
        backwards.insert(0, quotes(card))
    assert [quote for each in backwards for quote in each] == forwards


async def test_one_card_turns_its_pages_where_it_stands(desk: Desk) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    for n in range(20):
        await put(desk.store, KudosRow, thanks(str(n), "ben", "ana", f"got {n}", TUESDAY - timedelta(days=n)))
    await shows(desk, ana)
    shown = len(desk.platform.shown)
    for label in ("Older", "Older", "Newer", "Newer", "Kudos", "Everything"):
        await desk.press(ana, label)
        [message] = await desk.deliver()
        assert message.verb == "update"
    assert len(desk.platform.shown) == shown


async def test_what_has_been_forgotten_of_the_card_is_said_anew(desk: Desk) -> None:
    """The outbox is emptied after some time: the button of an old card must not be dead."""
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    await shows(desk, ana)
    from storage.outbox import outbox

    async with desk.store.transaction() as session:
        await session.run(outbox.delete())
    await desk.press(ana, "Older")
    [message] = await desk.deliver()
    assert message.verb == "post" and message.card and "words story" in quotes(message.card)


async def test_a_page_asked_for_among_others_is_whispered(desk: Desk) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    await desk.command(ana, "kadens", "history", HALL)
    [message] = await desk.deliver()
    assert message.only_for == "U-ana"
    await desk.press(ana, "Older")
    [message] = await desk.deliver()
    assert message.only_for == "U-ana" and message.card and "words story" in quotes(message.card)


async def test_nobody_turns_anothers_card(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    card = await shows(desk, ana)
    [older] = [button for button in buttons(card) if button.label == "Older"]
    await desk.act(ben, older.action, older.value)
    [message] = await desk.deliver()
    assert message.place.conversation == "U-ben" and message.verb == "post"
    assert quotes(message.card) == ["words feedback got", "words feedback gave"], "Ben's own, and nothing of hers"


async def test_days_are_the_readers_own_and_have_their_year_where_it_is_another(desk: Desk) -> None:
    ana, _ = await desk.person("Ana", "Pacific/Auckland"), await desk.person("Ben")
    late = datetime(2025, 12, 31, 10, 59, tzinfo=UTC)  # 31 December, a minute before midnight in Auckland
    await put(desk.store, KudosRow, thanks("1", "ben", "ana", "old", late))
    await put(desk.store, KudosRow, thanks("2", "ben", "ana", "new", late + timedelta(minutes=1)))
    card = await shows(desk, ana)
    assert lines(card) == ["Thursday 1 January: thanked by Ben", "31 December 2025: thanked by Ben"]
    assert quotes(await shows(desk, ana, "2025")) == ["old"]
    assert quotes(await shows(desk, ana, "2026")) == ["new"]


async def test_thanks_to_many_are_one_entry(desk: Desk) -> None:
    ana = await desk.person("Ana")
    for name in ("Ben", "Cy", "Dan"):
        await desk.person(name)
        await put(desk.store, KudosRow, thanks("1", "ana", name.lower(), "for it all", TUESDAY))
    assert lines(await shows(desk, ana)) == ["Tuesday 14 April: you thanked Ben, Cy and Dan"]


async def test_the_form_narrows_it_down_and_the_card_says_to_what(desk: Desk) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    await shows(desk, ana)
    form = await desk.press(ana, "Search and filter")
    assert isinstance(form, OpenForm)
    [kind, period, _] = form.form.fields
    assert isinstance(kind, Choice) and [value for value, _ in kind.options] == ["all", *KINDS]
    assert isinstance(period, Choice) and dict(period.options)["2025"] == "2025"
    assert ("2026-03", "March") in period.options and ("2026-Q1", "Q1") in period.options
    answers = {"kind": "kudos", "period": "2026-04", "words": " GOT  "}
    await desk.submit(ana, "history.filter", form.form.value, answers=answers)
    [message] = await desk.deliver()
    assert message.verb == "update" and message.card and quotes(message.card) == ["words got"]
    assert "Only: Kudos, April and “GOT”" in said(message.card)
    form = await desk.press(ana, "Search and filter")
    assert isinstance(form, OpenForm) and [getattr(f, "value", "") for f in form.form.fields] == [
        "kudos",
        "2026-04",
        "GOT",
    ]
    await desk.submit(ana, "history.filter", form.form.value, answers={"kind": "all", "period": "all"})
    [message] = await desk.deliver()
    assert message.card and len(quotes(message.card)) == PAGE


@pytest.mark.parametrize(
    "value",
    ["", "?", "ana", "|||||||||", "kudos|2026-13|nobody|x|newer|~~|", "x" * 2000, "2026-04-14T12:00:00+00:00",
     f"kudos||||newer|0001-01-01T00:00:00+14:00~0~x|{'w' * 500}", "||||newer|2026-04-14T12:00:00+00:00~zero~id|",
     "||||newer|9999-12-31T23:59:59-14:00~99999999999999999999~id|", "|2026-W99|ana|0123456789abcdef|||"],
)  # fmt: skip
async def test_a_value_that_no_button_of_ours_has_shows_a_page_all_the_same(desk: Desk, value: str) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    for action in ("history.older", "history.newer", "history.show"):
        await desk.act(ana, action, value)
        assert last(await desk.deliver(), ana).title
    assert isinstance(await desk.act(ana, "history.filter", value), OpenForm)
    await desk.submit(ana, "history.filter", value, answers={"kind": "?", "period": "2026-99", "words": "w" * 999})
    assert last(await desk.deliver(), ana).title


async def test_nothing_found_says_what_to_do(desk: Desk) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    assert "It begins with your first check-in" in said(await shows(desk, ana))
    await everything(desk.store)
    card = await shows(desk, ana, "search nowhere to be found")
    assert "Nothing found" in said(card) and "Everything" in {button.label for button in buttons(card)}
    await desk.press(ana, "Everything")
    assert len(quotes(last(await desk.deliver(), ana))) == PAGE


async def test_a_value_of_a_button_stays_short() -> None:
    mark = Mark(TUESDAY, 10, f"followup:{'x' * 60}")
    query = Query("commitments", "2026-W14", "w" * 80, "p" * 32, mark, True, "0123456789abcdef")
    assert len(str(query)) < 400 and Query.read(str(query)) == query


async def test_a_choice_or_a_number_is_not_shown_as_somebodys_words(desk: Desk) -> None:
    ana = await desk.person("Ana")
    row = talk("checkin:ana", "ana", "checkin", "said in words", TUESDAY)
    chosen = [
        ("settled.0", "still"),
        ("goal.1", "on_track"),
        ("energy", "4"),
        ("share", "me"),
        ("gone", "an old one"),
    ]
    given = ",".join(f'{{"question":"{id}","asked":"?","reply":"{reply}","message":""}}' for id, reply in chosen)
    row["given"] = f"[{given},{row['given'][1:]}"
    await put(desk.store, DialogueRow, row)
    await put(desk.store, CheckinRow, {"id": "checkin:ana", "person": "ana", "period": "2026-04", "at": TUESDAY})
    assert quotes(await shows(desk, ana)) == ["an old one"]
    assert quotes(await shows(desk, ana, "search in words")) == ["said in words"]
    for word in ("still", "track"):
        assert quotes(await shows(desk, ana, f"search {word}")) == []


# Words.


async def test_what_a_database_calls_a_wildcard_is_a_letter_like_any_other(desk: Desk) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    for n, words in enumerate(("100% done", "a_b", "1000 done", "axb", "back\\slash")):
        await put(desk.store, KudosRow, thanks(str(n), "ben", "ana", words, TUESDAY - timedelta(hours=n)))
    for text, found in (("100%", ["100% done"]), ("a_b", ["a_b"]), ("%", ["100% done"]), ("\\", ["back\\slash"])):
        assert quotes(await shows(desk, ana, f"search {text}")) == found


@pytest.mark.parametrize("words", ["Åsa på ÖN", "CAFÉ", "Straße", unicodedata.normalize("NFD", "Åsa på ön café")])
async def test_capitals_and_accents_are_found_however_they_are_written(desk: Desk, words: str) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    text = "Åsa på ön drack en café på Straße"
    for written in (text, unicodedata.normalize("NFD", text), text.upper()):
        await put(desk.store, KudosRow, thanks(written, "ben", "ana", written, TUESDAY))
    assert len(quotes(await shows(desk, ana, f"search {words}"))) == 3


async def test_what_is_found_is_what_is_shown_and_pages_go_on_through_all(desk: Desk) -> None:
    """The match stands far back, and in the third of its answers."""
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    async with desk.store.transaction() as session:
        many = [
            thanks(f"n{n:05}", "ben", "ana", "needle" if n % 1000 == 7 else "hay", TUESDAY - timedelta(minutes=n))
            for n in range(9000)
        ]
        await session.run(insert(table(KudosRow)), many)
    card, found = await shows(desk, ana, "search needle"), list[str]()
    found += quotes(card)
    await desk.press(ana, "Older")
    card = last(await desk.deliver(), ana)
    assert [*found, *quotes(card)] == ["needle"] * 9 and "Older" not in {button.label for button in buttons(card)}


# Of others.


async def shared(desk: Desk, owner: Person, reader: Person, about: str) -> None:
    async with desk.store.transaction() as session:
        event = Action(**desk.base(owner, None), action="x")
        await access.grant(session, event, Grant(about, reader))


async def test_of_somebody_else_what_was_said_in_the_open_and_what_they_shared(desk: Desk) -> None:
    mia, ben = await desk.person("Mia"), await desk.person("Ben")
    ana = await desk.person("Ana", manager="mia")
    await everything(desk.store)
    async with desk.store.transaction() as session:
        at = table(KudosRow)
        await session.run(
            at.insert().values(**thanks("p", "ben", "ana", "words in private", TUESDAY) | {"kind": "private"})
        )
    await put(desk.store, GoalRow, goal("open", "ana", "open goal", visibility="everyone"))
    card = await shows(desk, ben, "@ana", mentions=(ana,))
    assert sorted(quotes(card)) == ["open goal", "words gave", "words got"]
    assert said(card).startswith("What you may see of Ana") and await rows(desk.store, AuditRow) == []
    await shared(desk, ana, ben, "checkin:ana")
    assert "words checkin" in quotes(await shows(desk, ben, "", mentions=(ana,)))
    [line] = await rows(desk.store, AuditRow)
    assert (line.actor, line.person, line.action, line.record) == ("ben", "ana", "read", "checkin:ana")
    manager = await shows(desk, mia, "goals", mentions=(ana,))
    assert quotes(manager) == ["open goal", "words learned", "words story", "words goal"]
    assert {row.record for row in await rows(desk.store, AuditRow, actor="mia")} == {"goal:ana"}
    assert quotes(await shows(desk, ana, "goals", mentions=(ana,)))[0] == "open goal", "of oneself it is one's own"


async def test_feedback_on_a_report_is_for_the_manager_it_was_shared_with(desk: Desk) -> None:
    mia, zoe = await desk.person("Mia"), await desk.person("Zoe", role="hr")
    ana, ben = await desk.person("Ana", manager="mia"), await desk.person("Ben")
    await put(
        desk.store, FeedbackRow,
        feedback("1", "ben", "ana", "between us"),
        feedback("2", "ben", "ana", "for both", "both", "mia"),
        feedback("3", "ben", "ana", "for the manager", "manager", "mia"),
    )  # fmt: skip
    assert quotes(await shows(desk, mia, "feedback", mentions=(ana,))) == ["for the manager", "for both"]
    assert {row.record for row in await rows(desk.store, AuditRow)} == {"feedback:2", "feedback:3"}
    assert quotes(await shows(desk, ana, "feedback")) == ["for both", "between us"]
    assert quotes(await shows(desk, ben, "feedback")) == ["for the manager", "for both", "between us"]
    for other in (ben, zoe):
        assert quotes(await shows(desk, other, "feedback", mentions=(ana,))) == []


async def test_guests_see_of_others_only_what_was_shared_with_them(desk: Desk) -> None:
    ana, gus, _ = await desk.person("Ana"), await desk.person("Gus", guest=True), await desk.person("Ben")
    await everything(desk.store)
    await put(desk.store, GoalRow, goal("open", "ana", "open goal", visibility="everyone"))
    assert quotes(await shows(desk, gus, "", mentions=(ana,))) == []
    await shared(desk, ana, gus, "grow:ana")
    assert quotes(await shows(desk, gus, "", mentions=(ana,))) == ["words grow"]


async def test_another_company_is_as_if_it_were_not_there(desk: Desk) -> None:
    ana, _ = await desk.person("Ana"), await desk.person("Ben")
    eve = await desk.person("Eve", workspace="slack:T2")
    await everything(desk.store)
    await shared(desk, ana, eve, "checkin:ana")
    card = await shows(desk, eve, "", mentions=(ana,))
    assert "There is nothing that you may see here" in said(card) and "Ana" not in said(card)
    for value in (str(Query(person="ana")), str(Query(person="nobody"))):
        await desk.act(eve, "history.show", value)
        assert said(last(await desk.deliver(), eve)) == said(card)
    assert await rows(desk.store, AuditRow) == []


async def test_others_are_not_searched_by_words(desk: Desk) -> None:
    ana, ben = await desk.person("Ana"), await desk.person("Ben")
    await everything(desk.store)
    await shared(desk, ana, ben, "checkin:ana")
    whole = await shows(desk, ben, "", mentions=(ana,))
    searched = await shows(desk, ben, "search checkin", mentions=(ana,))
    assert quotes(searched) == quotes(whole), "the words are left aside, so that they tell nothing"
    await desk.act(ben, "history.show", str(Query(person="ana", words="checkin")))
    assert quotes(last(await desk.deliver(), ben)) == quotes(whole)


STEP = st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["all", "kudos", "feedback"]))


@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(STEP, min_size=1, max_size=5), st.sampled_from(["", "search", "sök", "kudos", "april", "feedback 2026"])
)
async def test_nothing_of_others_is_ever_found(
    databases: Databases, steps: list[tuple[int, int, str]], before: str
) -> None:
    """In companies made at random every record is marked with whom it is between: each finds only their own."""
    store = Store(databases(), QUIET)
    try:
        desk = Desk(store, *FEATURES, now=TUESDAY)
        names = ("Ana", "Ben", "Cy", "Dan")
        people = [await desk.person(name, manager="ana" if name != "Ana" else None) for name in names]
        for number, (one, other, what) in enumerate(steps):
            a, b = people[one].id, people[other].id
            mark = f"zq{number}zq{a}zq{b}zq "
            if what == "all" and not await rows(store, CheckinRow, person=a):
                await everything(store, a, b, mark)
            elif what == "feedback":
                manager = "manager" if a != b and b != "ana" else "receiver"
                await put(
                    store,
                    FeedbackRow,
                    feedback(f"f{number}", a, b, mark, manager, "ana" if manager == "manager" else None),
                )
            else:
                await put(store, KudosRow, thanks(f"k{number}", a, b, mark, TUESDAY))
        for someone in people:
            for word in ("zq", *(f"zq{number}zq" for number in range(len(steps)))):
                text = f"history {before} {word}"
                await desk.command(someone, "kadens", text)
                while True:
                    card = last(await desk.deliver(), someone)
                    for mark in re.findall(r"zq\d+zq(\w+?)zq(\w+?)zq", str(card)):
                        assert someone.id in mark
                    older = [button for button in buttons(card) if button.label == "Older"]
                    if not older:
                        break
                    await desk.act(someone, older[0].action, older[0].value)
    finally:
        await store.close()


# What is asked for.


@pytest.mark.parametrize(
    ("text", "lang", "key"),
    [
        ("november", "en", "2025-11"), ("april", "en", "2026-04"), ("Nov", "en", "2025-11"),
        ("november 2024", "en", "2024-11"), ("2025-11", "en", "2025-11"), ("2026", "en", "2026"),
        ("q4", "en", "2025-Q4"), ("Q1", "en", "2026-Q1"), ("q4 2024", "en", "2024-Q4"), ("2024-q4", "en", "2024-Q4"),
        ("2024-h1", "en", "2024-H1"), ("quarter 2", "en", "2026-Q2"), ("week 47", "en", "2025-W47"),
        ("w3", "en", "2026-W03"), ("week 53 2020", "en", "2020-W53"), ("this month", "en", "2026-04"),
        ("last month", "en", "2026-03"), ("last quarter", "en", "2026-Q1"), ("last year", "en", "2025"),
        ("last week", "en", "2026-W15"), ("today", "en", "2026-04-14"), ("yesterday", "en", "2026-04-13"),
        ("2026-04-01", "en", "2026-04-01"), ("november", "sv", "2025-11"), ("januari", "sv", "2026-01"),
        ("maj 2024", "sv", "2024-05"), ("förra månaden", "sv", "2026-03"), ("FÖRRA ÅRET", "sv", "2025"),
        ("i fjol", "sv", "2025"), ("kvartal 4", "sv", "2025-Q4"), ("k4", "sv", "2025-Q4"),
        ("vecka 47", "sv", "2025-W47"), ("v47", "sv", "2025-W47"), ("i går", "sv", "2026-04-13"),
        ("den här månaden", "sv", "2026-04"), ("last month", "sv", "2026-03"), ("januari", "nl", "2026-01"),
        ("mei", "nl", "2025-05"), ("vorige maand", "nl", "2026-03"), ("vorig jaar", "nl", "2025"),
        ("kwartaal 4", "nl", "2025-Q4"), ("gisteren", "nl", "2026-04-13"), ("dit jaar", "nl", "2026"),
        ("deze week", "nl", "2026-W16"), ("week 60", "en", None), ("q5", "en", None), ("soon", "en", None),
        ("", "en", None), ("9999-99", "en", None), ("förra månaden", "nl", None), ("30", "en", None),
        ("2026-13", "en", None), ("12 december", "en", None),
    ],
)  # fmt: skip
def test_times_are_read_in_three_languages(text: str, lang: str, key: str | None) -> None:
    assert read_span(text, lang, TODAY) == key


def test_a_time_is_named_with_its_year_where_that_is_another() -> None:
    assert [span_named(key, "en", TODAY) for key in ("2026-04", "2025-11", "2025-Q4", "2025", "2026-W03")] == [
        "April", "November 2025", "Q4 2025", "2025", "week 3",
    ]  # fmt: skip
    assert (
        span_named("2025-11", "sv", TODAY) == "november 2025"
        and span_named("2026-04-13", "nl", TODAY) == "maandag 13 april"
    )
    assert [dated(date(2025, 12, 31), lang, TODAY) for lang in ("en", "sv", "nl")] == [
        "31 December 2025", "31 december 2025", "31 december 2025",
    ]  # fmt: skip
    assert list(recent(TODAY)) == ["2026-04", "2026-03", "2026-Q2", "2026-Q1", "2026", "2025"]


def test_a_time_begins_and_ends_at_the_readers_midnight() -> None:
    assert moments("2026-03", "Europe/Amsterdam") == (
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),
    )
    assert limits("2026-04-14") == (TODAY, TODAY)
    for nothing in ("", "2026-4", "20260414", "2026-04-14T00:00"):
        with pytest.raises(ValueError):
            limits(nothing)


SAID = {"kudos": "kudos", "goals": "goals"}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("kudos november", Query("kudos", "2025-11")),
        ("November KUDOS", Query("kudos", "2025-11")),
        ("search kudos november", Query(words="kudos november")),
        ("kudos search november", Query("kudos", words="november")),
        ("export to last month", Query(period="2026-03", words="export to")),
        ("kudos goals", Query("kudos", words="goals")),
        ("q4 q3", Query(period="2025-Q4", words="q3")),
        ("search", Query()),
        ("\ue000U1\ue001kudos november\ue002 goals", Query("goals")),
        ("x" * 200, Query(words="x" * 80)),
    ],
)
def test_what_a_command_asks_for(text: str, query: Query) -> None:
    assert read(text, "en", TODAY, SAID, {"search"}) == query


def test_words_match_all_of_them_in_any_order() -> None:
    matches = matcher("two ONE")
    assert matches(["one", "two"]) and matches(["xtwonex one"]) and not matches(["one"])
    assert matcher(" ")([]) and folded("ÅÄÖ") == "åäö"


# Fast, however many people there are.


async def test_every_statement_goes_by_an_index(desk: Desk) -> None:
    ben = await desk.person("Ben")
    ana = await desk.person("Ana", manager="ben")
    await everything(desk.store)
    await put(desk.store, GoalRow, goal("open", "ana", "open goal", visibility="everyone"))
    await shared(desk, ana, ben, "checkin:ana")
    at = Mark(TUESDAY, 1, "kudos:x")
    looks = [
        Query(),
        Query(words="story"),
        Query(period="2026-04", mark=at),
        Query(mark=at, newer=True),
        Query(person="ana"),
    ]
    looks += [Query(kind) for kind in KINDS]
    with statements(desk.store) as asked_for:
        for query in looks:
            await desk.act(ben if query.person else ana, "history.show", str(query))
    assert len(asked_for) > 80 and await scans(desk.store, asked_for) == []
    with statements(desk.store) as asked_for:
        await desk.act(ana, "history.show", str(Query()))
    assert len(asked_for) <= len(SOURCES) + 5
