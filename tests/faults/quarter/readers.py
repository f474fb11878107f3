"""Who may have got to read a row, said once more, table by table, and by none of the code that it is there to check.

A table in which somebody's words are found and that has no line here fails. What has several readers by what it says
of itself (a goal's visibility, feedback's `seen_by`) is judged as it stood when its words were looked for.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from sqlalchemy import Table, select

from bot.core.aspirations import Aspiration
from bot.core.effects import Effect, Grant, KeepDialogue, Record
from bot.core.events import Event
from bot.core.people import Person
from storage import teamplan
from storage.aspirations import Wished
from storage.engine import Session, Store
from storage.keeping import holds
from storage.oneonone import Promised
from storage.schema import metadata
from storage.sharing import Said
from tests.faults.quarter.town import EVERYBODY, Town
from tests.faults.quarter.words import MARK, Sight, Words

SILENT = ("outbox", "held", "events", "audit", "nudges")  # what goes out itself, and what holds no words


class Talk(NamedTuple):
    """A dialogue, as much of its row as says who may read it."""

    id: str
    person: str
    seeds: str


@dataclass
class Kept:
    """What the tables say beside the row itself."""

    shares: Mapping[str, set[str]]  # by dialogue or aspiration, to whom; taken back or not
    asked: Mapping[str, set[str]]  # by request for feedback
    rows: Mapping[str, Mapping[str, Any]]  # of the tables that others hang on, by id


CHEERED = "C-wins"
Rule = Callable[[Any, Town, datetime, Kept], Iterable[str]]


def named(*columns: str) -> Rule:
    """The people in these columns, and nobody else."""
    return lambda row, town, at, kept: [getattr(row, name) or "" for name in columns]


def talk(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    """Its owner, whom they shared it with, and who sits beside."""
    yield row.person
    yield from kept.shares.get(row.id, ())
    yield from json.loads(row.seeds).get("beside", ())


def commitment(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    """As private as the talk it was made in, or that it follows."""
    yield from (row.person, *kept.shares.get(row.id, ()), *kept.shares.get(row.thread, ()))


def goal(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    """Everybody; the team; or the person and who manages them. One that is offered: the two of them."""
    yield from (row.person or "", row.set_by)
    if row.person:
        yield CHEERED  # whoever reached it can have it celebrated there, and may find later that it was not
    if row.visibility == "everyone":
        yield EVERYBODY
    owner = row.person or row.set_by
    if row.person:
        yield from town.managed(row.person, at)
    if row.visibility == "team":
        yield from town.mates(owner, at)
        yield from (one.id for one in town.humans.values() if row.team and one.team == row.team)


def of_goal(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    yield row.author
    if found := kept.rows["goals"].get(row.goal):
        yield from goal(found, town, at, kept)


def feedback(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    yield row.giver
    if row.seen_by != "manager":
        yield row.receiver
    if row.seen_by != "receiver":
        yield row.manager or ""


def request(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    yield from (row.by, row.about, *kept.asked.get(row.id, ()))


def kudos(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    """What was not said in a private room is shown in the open; what was stays there."""
    yield from (row.giver, row.receiver, row.conversation)
    if row.kind != "private":
        yield EVERYBODY


def with_manager(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    """The person, and whoever manages them now."""
    yield from (row.person, town.manager(row.person, at))


def aspiration(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    yield from (row.person, row.reader or "", *kept.shares.get(row.id, ()))


def expectation(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    yield from (row.person, row.author, town.manager(row.person, at))


def view(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    """How a skill is seen: for the person and who manages them now, and who said it."""
    owner = kept.rows["skills"].get(row.skill)
    yield row.rater
    if owner:
        yield from with_manager(owner, town, at, kept)


def learning(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    yield row.person
    if row.seen_by == "manager":
        yield town.manager(row.person, at)


def improvement(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    """The person, who leads it, who manages them now, and HR."""
    yield from (row.person, row.manager, town.manager(row.person, at), *town.role("hr"))


def of_improvement(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    if plan := kept.rows["improvements"].get(row.plan):
        yield from improvement(plan, town, at, kept)


def of_team(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    """Its team, whoever leads it, and who that one reports to."""
    plan = kept.rows["team_plans"].get(row.plan) if hasattr(row, "plan") else row
    if plan:
        yield from (plan.lead, town.manager(plan.lead, at), *town.mates(plan.lead, at))
        yield from (one.id for one in town.reports(plan.lead, at))
        yield from (one.id for one in town.humans.values() if plan.team and one.team == plan.team)


def anybody(row: Any, town: Town, at: datetime, kept: Kept) -> Iterator[str]:
    yield EVERYBODY


READERS: Mapping[str, Rule] = {
    "dialogues": talk,
    "open_points": named("person"),
    "remarks": named("author", "reader"),
    "agenda": named("person", "manager"),
    "commitments": commitment,
    "kudos": kudos,
    "goals": goal,
    "goal_updates": of_goal,
    "goal_changes": of_goal,
    "feedback": feedback,
    "feedback_requests": request,
    "summaries": named("person", "manager"),
    "expectations": expectation,
    "aspirations": aspiration,
    "skills": with_manager,
    "skill_views": view,
    "learning": learning,
    "mentor_offers": anybody,
    "mentorings": named("mentor", "mentee"),
    "improvements": improvement,
    "improvement_promises": of_improvement,
    "improvement_lines": of_improvement,
    "team_plans": of_team,
    "team_looks": of_team,
    "promises": named("person", "other"),
    "notes": named("author"),
}


# And when a row came about: what is changed on the day after was looked at on its first evening.
CHANGING = dict.fromkeys(("kudos", "aspirations", "team_plans", "improvements", "skills", "learning", "goals"), "at")


@cache
def texts(table: Table) -> tuple[str, ...]:
    """The columns in which there may be words."""
    return tuple(column.name for column in table.columns if holds(column) is str)


# What may be other words on the same day already: the table, and what stands there for its row.
FACTS: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    Said: ("remarks", lambda fact: fact),
    Promised: ("promises", lambda fact: SimpleNamespace(person=fact.one, other=fact.other)),
    teamplan.Kept: ("team_plans", lambda fact: fact.plan),
}
PARENTS = ("goals", "skills", "improvements", "team_plans", "mentorings")


@dataclass
class Judge:
    town: Town
    words: Words
    wrong: list[str] = field(default_factory=list)
    judged: int = 0
    unruled: set[str] = field(default_factory=set)  # tables with words in them of which nothing is said here
    _shares: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # taken back or not
    _rows: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in PARENTS})
    _where: dict[int, dict[tuple[str, str], Any]] = field(default_factory=lambda: defaultdict(dict))

    def decided(self, event: Event, effect: Effect) -> None:
        """What may be other words, or shown to nobody any more, before anybody looks into the tables."""
        actor = event.actor.id
        match effect:
            case KeepDialogue(progress):
                talk = Talk(progress.id, actor, json.dumps(dict(progress.seeds)))
                for found in MARK.findall(" ".join(given.reply for given in progress.given)):
                    self._where[int(found)].setdefault(("dialogues", str(talk)), talk)
            case Grant(about, Person(id=reader)):
                self._shared(event, about, reader)
            case Record(fact) if type(fact) in FACTS:
                table, row_of = FACTS[type(fact)]
                for found in MARK.findall(repr(fact)):
                    self._where[int(found)].setdefault((table, repr(row := row_of(fact))), row)
            case Record(Wished(Aspiration(id=about, reader=str(reader)))):
                self._shared(event, about, reader)

    def _shared(self, event: Event, about: str, reader: str) -> None:
        self._shares[about].add(reader)
        actor = event.actor.id
        if reader not in self.town.managed(actor, event.at) and self.town.manager(reader, event.at) != actor:
            self.wrong.append(f"{actor} let {reader} read {about}, who neither manages them nor the other way")

    async def glance(self, store: Store, since: datetime) -> None:
        """What may be other words by tomorrow."""
        async with store.reading() as session:
            for name, column in CHANGING.items():
                table = metadata().tables[name]
                self._noted(table, await session.all(select(table).where(table.c[column] >= since)))

    async def judge(self, store: Store) -> None:
        """All that was shown since the last time."""
        async with store.reading() as session:
            for table in metadata().sorted_tables:
                if table.name not in SILENT and texts(table):
                    self._noted(table, await session.all(select(table)))
            kept = await self._kept(session)
        for sight in self.words.sights:
            self.judged += 1
            if not self._may(sight, kept):
                self.wrong.append(self._said(sight))
        self.words.sights.clear()

    def _noted(self, table: Table, rows: Iterable[Any]) -> None:
        """Where each word is kept, and was: what is shown today may be told of as it stood yesterday."""
        for row in rows:
            text = " ".join(filter(None, (getattr(row, name) for name in texts(table))))
            for found in MARK.findall(text):
                if table.name in READERS:
                    self._where[int(found)].setdefault((table.name, str(tuple(row))), row)
                else:
                    self.unruled.add(table.name)

    async def _kept(self, session: Session) -> Kept:
        tables = metadata().tables
        asked = defaultdict[str, set[str]](set)
        for row in await session.all(select(tables["shares"])):
            self._shares[row.about].add(row.reader)
        for row in await session.all(select(tables["feedback_asked"])):
            asked[row.request].add(row.person)
        for name, known in self._rows.items():
            known.update({row.id: row for row in await session.all(select(tables[name]))})
        return Kept(self._shares, asked, self._rows)

    def _may(self, sight: Sight, kept: Kept) -> bool:
        word = self.words.said[sight.word]
        where = [(table, row) for (table, _), row in self._where.get(sight.word, {}).items()]
        # What nothing keeps, or not any more, is for those who may read what it was said about.
        where += [(name, rows[word.about]) for name, rows in kept.rows.items() if word.about in rows]
        if sight.reader in (word.to, word.about):
            return True
        for table, row in where:
            readers = set(READERS[table](row, self.town, sight.at, kept))
            if sight.reader in readers or EVERYBODY in readers:
                return True
        return False

    def _said(self, sight: Sight) -> str:
        word = self.words.said[sight.word]
        tables = sorted({table for table, _ in self._where.get(sight.word, {})})
        return f"{sight.reader} was shown what {word.author} said in {word.where} {word.field} {tables} by {sight.key}"
