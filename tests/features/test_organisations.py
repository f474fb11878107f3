"""Organisations made at random: nobody ever gets words that are not theirs to read, whatever ids they send.

The rules stand here a second time, in other words than in storage/access.py, so that the two can disagree.
"""

import shutil
from dataclasses import dataclass, field
from itertools import count as numbers
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.effects import OpenForm
from bot.core.events import Action, Command, Opened, Submission
from bot.core.goals import VISIBILITIES
from storage.feedback import FeedbackRow
from storage.goals import GoalRow
from storage.people import Changed
from storage.requests import FeedbackRequestRow
from tests.conftest import SLACK, Desk, rows
from tests.features.village import FEATURES, OTHER, STORY, TUESDAY, Village, mark, opened

NAMES = ("ana", "bea", "cas", "dag", "eli", "fin", "gro", "hal")
ONE = 6  # of these are one company, the others another


@dataclass(frozen=True)
class Someone:
    """Of the organisation, as it is drawn."""

    team: str
    role: str
    guest: bool


@dataclass
class Record:
    kind: str  # goal, feedback, request
    owner: int
    seen_by: str
    readers: set[int] = field(default_factory=set)  # of what was said to certain people, for good
    id: str = ""


ROLES = st.sampled_from(["", "", "hr", "manager", "admin"])
PEOPLE = st.lists(
    st.builds(
        Someone,
        st.sampled_from(["", "Care", "Ops"]),
        st.sampled_from(["", "", "hr", "manager", "admin"]),
        st.booleans(),
    ),
    min_size=len(NAMES),
    max_size=len(NAMES),
)
SOMEBODY = st.integers(0, len(NAMES) - 1)
LINES = st.lists(st.none() | SOMEBODY, min_size=len(NAMES), max_size=len(NAMES))
SAID = st.one_of(
    st.tuples(st.just("goal"), SOMEBODY, SOMEBODY, st.sampled_from(VISIBILITIES)),
    st.tuples(st.just("feedback"), SOMEBODY, SOMEBODY, st.sampled_from(["receiver", "both"])),
    st.tuples(st.just("request"), SOMEBODY, SOMEBODY, st.just("")),
)
BY_ID = {
    "goal": [(Action, f"goals.{each}") for each in ("show", "update", "adjust", "close", "still", "accept", "reopen")]
    + [(Submission, f"goals.{each}") for each in ("update", "close", "adjust")]
    + [(Action, "tree.goal"), (Submission, "tree.align")],
    "feedback": [(Action, f"feedback.{each}") for each in ("show", "thank", "reply")]
    + [(Submission, "feedback.reply"), (Action, "goals.form")],
    "request": [(Action, f"feedback.{each}") for each in ("answer", "close", "decline")],
}
LOOKS = [(Command, each) for each in ("goal", "goal tree", "feedback me", "kadens history", "kadens my-data", "kadens")]
LOOKS += [(Opened, "home"), (Action, "goals.form"), (Action, "privacy.show")]
PRESS = st.tuples(SOMEBODY, st.integers(0, 99), st.integers(0, 99))


class Organisation:
    def __init__(self, village: Village, drawn: list[Someone]) -> None:
        self.village, self.desk, self.drawn = village, village.desk, drawn
        self.managers: list[int | None] = [None] * len(drawn)
        self.records, self.may = dict[str, Record](), dict[str, set[str]]()

    def who(self, n: int) -> Any:
        return self.village._p(NAMES[n])

    def company(self, n: int) -> str:
        return SLACK if n < ONE else OTHER

    async def settle(self) -> None:
        for n, each in enumerate(self.drawn):
            more: dict[str, Any] = {"team": each.team, "role": each.role, "guest": each.guest}
            known = await self.desk.person(NAMES[n].capitalize(), workspace=self.company(n), **more)
            self.village.people[NAMES[n]] = known

    async def line_up(self, managers: list[int | None]) -> None:
        """Who reports to whom from now on; never to oneself, nor to another company."""
        async with self.desk.store.transaction() as session:
            for n, manager in enumerate(managers):
                fits = manager is not None and manager != n and self.company(manager) == self.company(n)
                self.managers[n] = manager if fits else None
                named = NAMES[manager] if fits and manager is not None else None
                await Changed(NAMES[n], {"manager": named}).save(session)
        self.note()

    # The rules, in other words.

    def reads(self, n: int, record: Record) -> bool:
        """Whether this one may read it, as things stand now."""
        if n == record.owner and record.kind != "feedback":
            return True
        if self.company(n) != self.company(record.owner):
            return False
        if record.kind != "goal":
            return n in record.readers
        boss = self.managers[record.owner]
        me, owner = self.drawn[n], self.drawn[record.owner]
        beside = (boss is not None and boss == self.managers[n]) or (me.team != "" and me.team == owner.team)
        near = {"everyone": True, "team": beside or boss == n, "manager": boss == n}[record.seen_by]
        return near and not me.guest

    def note(self) -> None:
        """What they may read now they may have been shown."""
        for name, record in self.records.items():
            those = {f"U-{NAMES[n]}" for n in range(len(NAMES)) if self.reads(n, record)}
            self.may[name] = self.may.get(name, set()) | those

    # What they do.

    async def say(self, kind: str, first: int, second: int, seen_by: str) -> None:
        name = f"r{len(self.records)}x"
        word, me, to = mark(name), self.who(first), self.who(second)
        record = Record(kind, first, seen_by)
        if kind == "goal":
            record.id = await self._set(me, word, seen_by)
        elif kind == "feedback":
            form = await self.desk.command(me, "feedback", mentions=(to,))
            if not isinstance(form, OpenForm) or form.form.id != "feedback.write":
                return
            boss = self.managers[second]
            record.readers = {first, second} | ({boss} if seen_by == "both" and boss is not None else set())
            answers = {**STORY, "behaviour": word, "seen_by": seen_by}
            refused = await self.desk.submit(me, "feedback.write", form.form.value, answers=answers, opens=True)
            assert refused is None, refused
            record.id = await self._id(FeedbackRow, "behaviour", word)
        else:
            asked = {"question": f"{word}?", "about": "me"}
            if await self.desk.submit(me, "feedback.ask", answers=asked, people={"whom": (to,)}) is not None:
                return
            record.readers = {first, second}
            record.id = await self._id(FeedbackRequestRow, "question", word)
        self.records[name] = record
        self.note()

    async def _set(self, me: Any, word: str, seen_by: str) -> str:
        answers = {"title": f"{word} is what I want", "kind": "milestone", "due": "2026-06-01", "why": word}
        assert await self.desk.submit(me, "goals.form", answers={**answers, "visibility": seen_by}) is None
        id = await self._id(GoalRow, "why", word)
        story = {"confidence": "at_risk", "story": f"{word} goes on"}
        assert await self.desk.submit(me, "goals.update", id, answers=story) is None
        return id

    async def _id(self, kind: Any, column: str, word: str) -> str:
        return next(str(row.id) for row in await rows(self.desk.store, kind) if word in getattr(row, column))

    async def press(self, n: int, first: int, second: int) -> list[str]:
        """Anything, with the id of anything: mostly by a route that takes one."""
        records = list(self.records.values())
        if records and first % 4:
            record = records[second % len(records)]
            kind, key = BY_ID[record.kind][first % len(BY_ID[record.kind])]
            return await self.send(n, kind, key, f"development|{record.id}" if key == "goals.form" else record.id)
        kind, key = LOOKS[first % len(LOOKS)]
        return await self.send(n, kind, key, "ana" if kind is Command and second % 2 else "")

    async def send(self, n: int, kind: type, key: str, value: str) -> list[str]:
        """What anybody got by it that is not theirs."""
        came = await self.village.press(self.who(n), kind, key, value)
        reached = {self.who(n).account: came.told, **came.elsewhere}
        return [
            f"{key} by {NAMES[n]}: {to} reads {name}, {self.records[name]}"
            for to, text in reached.items()
            for name in self.records
            if mark(name) in text and to not in self.may[name]
        ]


runs = numbers(1)


async def live(empty: Path, folder: Path, drawn: list[Someone], said: Any, lines: Any, presses: Any) -> None:
    path = Path(shutil.copy(empty, folder / f"organisation{next(runs)}.db"))
    desk = Desk(opened(path), *FEATURES, now=TUESDAY)
    village = Village(desk, path, {"g_company": "nobody"})
    try:
        here = Organisation(village, drawn)
        await here.settle()
        await here.line_up(lines[0])
        for what in said:
            await here.say(*what)
            desk.later(minutes=1)
        told = list(village._sent())
        wrong = [(to, name) for to, text in told for name in here.records if mark(name) in text]
        assert [each for each in wrong if each[0] not in here.may[each[1]]] == []
        await here.line_up(lines[1])
        for press in presses:
            assert await here.press(*press) == []
            desk.later(minutes=1)
    finally:
        await desk.store.close()


def drawn_with(said: int, presses: int) -> Any:
    return given(
        PEOPLE,
        st.lists(SAID, min_size=3, max_size=said),
        st.tuples(LINES, LINES),
        st.lists(PRESS, min_size=presses // 2, max_size=presses),
    )


LOOSE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=8, deadline=None, suppress_health_check=LOOSE)
@drawn_with(said=6, presses=40)
async def test_nobody_reads_what_is_not_theirs(
    empty_database: Path, tmp_path: Path, people: Any, said: Any, lines: Any, presses: Any
) -> None:
    await live(empty_database, tmp_path, people, said, lines, presses)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=LOOSE)
@drawn_with(said=12, presses=120)
async def test_nobody_reads_what_is_not_theirs_in_many_organisations(
    empty_database: Path, tmp_path: Path, people: Any, said: Any, lines: Any, presses: Any
) -> None:
    await live(empty_database, tmp_path, people, said, lines, presses)


async def test_the_words_can_be_found(empty_database: Path, tmp_path: Path) -> None:
    """One organisation in which much is read, and a rule that is too strict is noticed."""
    path = Path(shutil.copy(empty_database, tmp_path / "one.db"))
    desk = Desk(opened(path), *FEATURES, now=TUESDAY)
    here = Organisation(Village(desk, path), [Someone("Care", "", False)] * len(NAMES))
    await here.settle()
    await here.line_up([1, None, 1, *[None] * 5])
    for each in (("goal", 0, 0, "team"), ("goal", 0, 0, "manager"), ("feedback", 2, 0, "both"), ("request", 0, 2, "")):
        await here.say(*each)
    assert here.may["r1x"] == {"U-ana", "U-bea"} and here.may["r2x"] == {"U-ana", "U-bea", "U-cas"}
    goal, given_to = here.records["r1x"].id, here.records["r2x"].id
    for who, kind, key, id in ((1, Action, "goals.show", goal), (1, Action, "feedback.show", given_to)):
        assert await here.send(who, kind, key, id) == []
        assert await here.send(5, kind, key, id) == []
    here.may = {name: set() for name in here.may}
    assert await here.send(1, Action, "goals.show", goal) and await here.send(1, Action, "feedback.show", given_to)
    assert await here.send(0, Command, "kadens my-data", "")
    await desk.store.close()
