"""The entries of a history: where they stand, and how a page of them is read.

Each kind of record is a source that is read by an index of its person, page by page; the pages are merged. Words are
looked for here and not by the database, which folds a to z only: in the person's own rows, so nothing else is read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, collate, func, literal, or_, select

from bot.core.cards import plain
from bot.core.dialogue import Structure
from bot.core.events import Event
from bot.core.history import Mark, Query, folded, matcher
from bot.core.pages import read, shaped
from bot.core.people import Person
from bot.core.spans import moments
from bot.core.wording import SHELF
from storage.aspirations import aspirations
from storage.checkin import checkins
from storage.dialogues import GIVEN
from storage.dialogues import dialogues as talks
from storage.engine import Session
from storage.expectations import expectations
from storage.feedback import f
from storage.goals import goals, updates
from storage.grow import commitments
from storage.improvement import improvements
from storage.kudos import k
from storage.learning import learning
from storage.meetings import meetings
from storage.mentors import m
from storage.oneonone import promises
from storage.people import people
from storage.review import reviews
from storage.summaries import summaries

PAGE = 6
CHECKIN = ("period", "energy", "workload")
WORDS = (f.situation, f.behaviour, f.impact, f.wish)
BATCH = 2000  # rows in which words are looked for at once


@dataclass(frozen=True, slots=True)
class Told:
    """What a row says: texts of people, the first of which is shown, and what its sentence is filled with."""

    texts: tuple[str, ...] = ()
    names: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    kind: str  # of bot.core.history.KINDS
    name: str  # of the sentence that shows an entry
    rows: Callable[[str], Select[Any]]  # those of a person, by id
    at: ColumnElement[Any]
    id: ColumnElement[Any]
    told: Callable[[Row[Any]], Told]


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    mark: Mark
    words: str
    names: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    query: Query
    entries: tuple[Entry, ...]
    older: Mark | None = None  # behind which the next page begins
    newer: Mark | None = None
    who: Person | None = None  # somebody else, whose history this is as far as the actor may see it
    stands: bool = False  # the card this was asked from is there and can become this page


# Where it all stands.


def _expected(me: str) -> Select[Any]:
    """Each wording of what is expected of them."""
    query = select(expectations, people.c.name).join(people, people.c.id == expectations.c.author)
    return query.where(expectations.c.person == me)


def _wished(me: str) -> Select[Any]:
    return select(aspirations).where(aspirations.c.person == me)


def _received(me: str) -> Select[Any]:
    query = select(k.giving.label("id"), k.at, k.words, people.c.name).join(people, people.c.id == k.giver)
    return query.where(k.receiver == me, k.joins.is_(None))


def _given(me: str) -> Select[Any]:
    """One entry a giving, however many were thanked."""
    names = func.aggregate_strings(people.c.name, "\n").label("names")
    query = select(k.giving.label("id"), k.at, k.words, names).join(people, people.c.id == k.receiver)
    return query.where(k.giver == me, k.joins.is_(None)).group_by(k.giving, k.at, k.words)


def _checkins(me: str) -> Select[Any]:
    c = checkins.c
    query = select(c.id, c.at, c.period, c.energy, c.workload, talks.c.given)
    return query.join(talks, talks.c.id == c.id).where(c.person == me)


def _reviews(me: str) -> Select[Any]:
    query = select(reviews.c.id, reviews.c.at, reviews.c.period, talks.c.given)
    return query.join(talks, talks.c.id == reviews.c.id).where(reviews.c.person == me)


def _agreed(me: str) -> Select[Any]:
    """What they and their manager took from a quarter."""
    s = summaries.c
    said = (s.words, s.goals, s.learning, s.reason, s.period, people.c.name)
    query = select(s.id, s.closed_at.label("at"), *said).join(people, people.c.id == s.manager)
    return query.where(s.person == me, s.state == "agreed", s.closed_at.is_not(None))


def _grow(me: str) -> Select[Any]:
    query = select(talks.c.id, talks.c.began.label("at"), talks.c.subject, talks.c.given)
    return query.where(talks.c.person == me, talks.c.state == "finished", talks.c.dialogue == "grow")


def _commitments(me: str) -> Select[Any]:
    return select(commitments).where(commitments.c.person == me)


def _goals(me: str) -> Select[Any]:
    return select(goals).where(goals.c.person == me, goals.c.state != "offered", goals.c.objective.is_(None))


def _planned(me: str) -> Select[Any]:
    return select(learning).where(learning.c.person == me)


def _learned(me: str) -> Select[Any]:
    c = learning.c
    query = select(c.id, c.closed_at.label("at"), c.words, c.learned, c.state)
    return query.where(c.person == me, c.closed_at.is_not(None))


def _helped(me: str) -> Select[Any]:
    """Those they were a mentee in, from when the mentor said yes."""
    query = select(m.id, m.answered_at.label("at"), m.topic, m.words, people.c.name)
    began = (m.state.in_(("accepted", "ended")), m.answered_at.is_not(None))
    return query.join(people, people.c.id == m.mentor).where(m.mentee == me, *began)


def _helping(me: str) -> Select[Any]:
    query = select(m.id, m.answered_at.label("at"), m.topic, people.c.name)
    began = (m.state.in_(("accepted", "ended")), m.answered_at.is_not(None))
    return query.join(people, people.c.id == m.mentee).where(m.mentor == me, *began)


def _closed(me: str) -> Select[Any]:
    query = select(goals.c.id, goals.c.closed_at.label("at"), goals.c.title, goals.c.learned, goals.c.state)
    mine = (goals.c.person == me, goals.c.state.in_(("achieved", "closed")))
    return query.where(*mine, goals.c.closed_at.is_not(None), goals.c.objective.is_(None))


def _updates(me: str) -> Select[Any]:
    query = select(updates, goals.c.title, goals.c.unit).join(goals, goals.c.id == updates.c.goal)
    return query.where(goals.c.person == me)


def _plans(me: str) -> Select[Any]:
    """Improvement plans, from when they were written."""
    i = improvements.c
    query = select(i.id, i.at, i.goal, i.ends, people.c.name).join(people, people.c.id == i.manager)
    return query.where(i.person == me)


def _plans_over(me: str) -> Select[Any]:
    i = improvements.c
    query = select(i.id, i.ended_at.label("at"), i.goal, i.reason, i.outcome, i.state)
    return query.where(i.person == me, i.ended_at.is_not(None))


def feedback_on(receiver: str) -> Select[Any]:
    query = select(f.id, f.at, *WORDS, people.c.name).join(people, people.c.id == f.giver)
    return query.where(f.receiver == receiver)


def _got(me: str) -> Select[Any]:
    """What was meant for the manager alone is not for the one it is about."""
    return feedback_on(me).where(f.seen_by != "manager")


def _written(me: str) -> Select[Any]:
    return select(f.id, f.at, *WORDS, people.c.name).join(people, people.c.id == f.receiver).where(f.giver == me)


def _met(me: str) -> Select[Any]:
    """One-to-ones that were held, with whom."""
    c = meetings.c
    query = select(c.id, c.at, people.c.name).join(people, people.c.id == case((c.one == me, c.other), else_=c.one))
    return query.where(or_(c.one == me, c.other == me), c.state == "held")


def _promised(me: str) -> Select[Any]:
    return select(promises).where(promises.c.person == me)


def _told_feedback(row: Row[Any]) -> Told:
    return Told(("\n".join(filter(None, (row.situation, row.behaviour, row.impact, row.wish))),), {"who": row.name})


def _replies(dialogue: str, row: Row[Any]) -> tuple[str, ...]:
    """What was said in words: a number or a choice by itself tells nothing here."""
    given = (each for each in GIVEN.validate_json(row.given) if len(each.reply) > 1)
    return tuple(each.reply for each in given if each.question.partition(".")[0] not in _wordless(dialogue))


@cache
def _wordless(dialogue: str) -> frozenset[str]:
    questions = shaped(read(SHELF / f"{dialogue}.yaml"), Structure).questions
    return frozenset(each.id for each in questions if each.choices or each.scale or each.day)


def _figure(row: Row[Any]) -> dict[str, Any]:
    return {"goal": row.goal, "title": row.title, "value": row.value, "unit": row.unit}


SOURCES = (
    Source("kudos", "received", _received, k.at, k.giving, lambda row: Told((row.words,), {"who": row.name})),
    Source("kudos", "given", _given, k.at, k.giving,
           lambda row: Told((row.words,), {"who": sorted(row.names.split("\n"))})),
    Source("checkins", "checkin", _checkins, checkins.c.at, checkins.c.id,
           lambda row: Told(_replies("checkin", row), {name: getattr(row, name) for name in CHECKIN})),
    Source("reviews", "review", _reviews, reviews.c.at, reviews.c.id,
           lambda row: Told(_replies("review", row), {"period": row.period})),
    Source("reviews", "summary", _agreed, summaries.c.closed_at, summaries.c.id,
           lambda row: Told((row.words, row.goals, row.learning, row.reason),
                            {"period": row.period, "who": row.name})),
    Source("grow", "grow", _grow, talks.c.began, talks.c.id,
           lambda row: Told((*filter(None, (row.subject,)), *_replies("grow", row)))),
    Source("commitments", "commitment", _commitments, commitments.c.at, commitments.c.id,
           lambda row: Told((row.words, row.learned), {"by": row.day, "state": row.state})),
    Source("goals", "goal_set", _goals, goals.c.at, goals.c.id, lambda row: Told((row.title, row.why))),
    Source("goals", "goal_update", _updates, updates.c.at, updates.c.id,
           lambda row: Told((row.story,), _figure(row))),
    Source("goals", "goal_closed", _closed, goals.c.closed_at, goals.c.id,
           lambda row: Told((row.learned,), {"title": row.title, "state": row.state})),
    Source("expectations", "expected", _expected, expectations.c.at, expectations.c.id,
           lambda row: Told((row.words, row.remark), {"who": row.name})),
    Source("aspirations", "wish", _wished, aspirations.c.at, aspirations.c.id,
           lambda row: Told((row.words,), {"state": row.state})),
    Source("learning", "learning_set", _planned, learning.c.at, learning.c.id,
           lambda row: Told((row.words,), {"by": row.day, "state": row.state})),
    Source("learning", "learning_over", _learned, learning.c.closed_at, learning.c.id,
           lambda row: Told((row.learned, row.words), {"state": row.state})),
    Source("learning", "helped", _helped, m.answered_at, m.id,
           lambda row: Told((row.topic, row.words), {"who": row.name})),
    Source("oneonones", "met", _met, meetings.c.at, meetings.c.id, lambda row: Told((), {"who": row.name})),
    Source("oneonones", "promise", _promised, promises.c.at, promises.c.id,
           lambda row: Told((row.words, row.word), {"state": row.state})),
    Source("plans", "plan", _plans, improvements.c.at, improvements.c.id,
           lambda row: Told((row.goal,), {"who": row.name, "by": row.ends})),
    Source("plans", "plan_over", _plans_over, improvements.c.ended_at, improvements.c.id,
           lambda row: Told((row.reason, row.goal), {"state": row.outcome or row.state})),
    Source("learning", "helping", _helping, m.answered_at, m.id, lambda row: Told((row.topic,), {"who": row.name})),
    Source("feedback", "feedback_got", _got, f.at, f.id, _told_feedback),
    Source("feedback", "feedback_given", _written, f.at, f.id, _told_feedback),
)  # fmt: skip


async def entries(
    session: Session, event: Event, query: Query, rank: int, source: Source, rows: Select[Any]
) -> list[Entry]:
    """The entries of a source that a page can need."""
    matches, mark, found = matcher(query.words), query.mark, list[Entry]()
    limit = BATCH if query.words else PAGE + 1
    rows = _within(session, event, query, source, rows).limit(limit)
    while len(found) <= PAGE:
        some = await session.all(rows.where(_beyond(session, source, rank, mark, query.newer)))
        for row in some:
            told = source.told(row)
            told = replace(told, texts=tuple(plain(text) for text in told.texts if text))
            if matches([*told.texts, *_texts(told.names.values())]):
                found.append(_entry(source, rank, row, told, query.words))
        if len(some) < limit:
            break
        mark = Mark(some[-1].at, rank, some[-1].id)
    return found[: PAGE + 1]


def _entry(source: Source, rank: int, row: Row[Any], told: Told, words: str) -> Entry:
    """Shown with what was looked for, where that is in one of several texts."""
    wanted = folded(words).split()
    fits = (text for text in told.texts if any(word in folded(text) for word in wanted))
    shown = next(fits, next(iter(told.texts), ""))
    return Entry(source.name, Mark(row.at, rank, row.id), shown, told.names)


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from value


def _within(session: Session, event: Event, query: Query, source: Source, rows: Select[Any]) -> Select[Any]:
    if query.period:
        begins, over = moments(query.period, event.actor.zone)
        rows = rows.where(source.at >= begins, source.at < over)
    id = _bytewise(session, source.id)
    if query.newer:
        return rows.order_by(source.at, id)
    return rows.order_by(source.at.desc(), id.desc())


def _bytewise(session: Session, id: ColumnElement[Any]) -> ColumnElement[Any]:
    """In the order in which we compare ids: a database may have its own, by its language."""
    return collate(id, "BINARY" if session.sqlite else "C")


def _beyond(session: Session, source: Source, rank: int, mark: Mark | None, newer: bool) -> ColumnElement[bool]:
    """Behind the mark: of equal moments the source decides, and within a source the id."""
    if mark is None:
        return literal(True)
    at, id = source.at, _bytewise(session, source.id)
    after = at > mark.at if newer else at < mark.at
    if rank == mark.rank:
        behind = id > mark.id if newer else id < mark.id
        return or_(after, and_(at == mark.at, behind))
    return or_(after, at == mark.at) if (rank > mark.rank) == newer else after


def paged(query: Query, found: Sequence[Entry], who: Person | None = None) -> Page:
    """One page of what the sources gave, and where the ones beside it begin."""
    ordered = sorted(found, key=lambda entry: entry.mark, reverse=not query.newer)
    more, shown = len(ordered) > PAGE, ordered[:PAGE]
    shown = shown[::-1] if query.newer else shown
    if not shown:
        return Page(query, (), who=who)
    older = shown[-1].mark if more or query.newer else None
    newer = shown[0].mark if (more if query.newer else query.mark) else None
    return Page(query, tuple(shown), older, newer, who)
