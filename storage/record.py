"""Recognition over a period: who was thanked by whom, for what and which values; only what was said in the open.

No sum, no order but the alphabet's: it is there to be read in a talk about pay or promotion, not to be counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select

from bot.core.events import Command, Event, Submission
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.audit import audit
from storage.engine import Session
from storage.kudos import k
from storage.outbox import outbox
from storage.people import people, person

ALL = "*"  # every team
TEAMS = 99  # Slack shows 100 options
READERS = ("hr", "admin")


@dataclass(frozen=True, slots=True)
class Thanks:
    """One thank-you to one person. `day` is the giver's own."""

    day: date
    giver: Person
    receiver: Person
    values: tuple[str, ...]
    words: str
    joined: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose record the actor may have: that of everybody, of their own reports, or nobody's."""

    everybody: bool
    reports: frozenset[str]
    teams: tuple[str, ...] = ()

    @property
    def nobody(self) -> bool:
        return not (self.everybody or self.reports)


async def reach(session: Session, event: Event) -> Reach:
    actor = event.actor
    reports = frozenset(report.id for report in await folk.reports(session, event))
    if actor.role not in READERS:
        return Reach(False, reports)
    named = select(people.c.team).where(people.c.company == actor.company, people.c.team != "").distinct()
    found = await session.all(named.order_by(people.c.team).limit(TEAMS))
    return Reach(True, reports, tuple(row.team for row in found))


async def asking(session: Session, event: Command | Event) -> Reach:
    return await reach(session, event)


@dataclass(frozen=True, slots=True)
class Record:
    reach: Reach
    thanks: tuple[Thanks, ...]  # by receiver, then by day


async def drawn_up(session: Session, event: Submission) -> Record:
    """What the form asks for. Who stands in it finds in their own data that it was drawn up."""
    allowed = await reach(session, event)
    days = period(event.answers)
    if allowed.nobody or days is None:
        return Record(allowed, ())
    thanks = await between(session, event, allowed, *days, team=event.answers.get("team", ALL))
    await _write_down(session, event, {each.receiver.id for each in thanks})
    return Record(allowed, thanks)


def period(answers: Mapping[str, str]) -> tuple[date, date] | None:
    """First and last day, both inclusive; None where they are no days, or in the wrong order."""
    try:
        first, last = date.fromisoformat(answers.get("first", "")), date.fromisoformat(answers.get("last", ""))
    except ValueError:
        return None
    return (first, last) if first <= last else None


async def between(
    session: Session, event: Event, allowed: Reach, first: date, last: date, team: str = ALL
) -> tuple[Thanks, ...]:
    """Public thanks to the actor's company or reports, by the giver's own day."""
    giver, receiver = people.alias("giver"), people.alias("receiver")
    query = (
        select(k.giving, k.day, k.value, k.words, k.giver, receiver)
        .join(receiver, receiver.c.id == k.receiver)
        .join(giver, giver.c.id == k.giver)
        .where(k.day >= first, k.day <= last, k.joins.is_(None), _in_the_open())
        .where(*_whom(receiver, event.actor, allowed, team))
    )
    rows = await session.all(query)
    joined = await _joined(session, {row.giving for row in rows})
    who = await folk.many(session, {row.giver for row in rows})
    found = [
        Thanks(row.day, who[row.giver], person(row), tuple(row.value.split()), row.words, joined.get(row.giving, ()))
        for row in rows
        if access.may_read(access.relation(event.actor, person(row)), "kudos", shared=False, public=True)
    ]
    return tuple(sorted(found, key=lambda each: (each.receiver.name.casefold(), each.receiver.id, each.day)))


def _in_the_open() -> ColumnElement[bool]:
    """In a public channel; or to us alone, and shown in the recognition channel. What was private stays there."""
    shown = exists().where(outbox.c.about == k.giving, outbox.c.kind == "public", outbox.c.failed_at.is_(None))
    return or_(k.kind == "public", and_(k.kind == "direct", shown))


def _whom(receiver: Any, actor: Person, allowed: Reach, team: str) -> list[ColumnElement[bool]]:
    which = [receiver.c.company == actor.company, receiver.c.account != ""]
    if not allowed.everybody:
        which.append(receiver.c.manager == actor.id)
    elif team != ALL:
        which.append(receiver.c.team == team)
    return which


async def _joined(session: Session, givings: set[str]) -> dict[str, tuple[Person, ...]]:
    """Who added their own thanks, by giving."""
    found = dict[str, dict[str, Person]]()
    ids = sorted(givings)
    for start in range(0, len(ids), 500):
        query = (
            select(k.joins, people).join(people, people.c.id == k.giver).where(k.joins.in_(ids[start : start + 500]))
        )
        for row in await session.all(query.order_by(people.c.name)):
            found.setdefault(row.joins, {})[row.id] = person(row)
    return {giving: tuple(those.values()) for giving, those in found.items()}


async def _write_down(session: Session, event: Event, ids: set[str]) -> None:
    lines = [
        {"at": event.at, "actor": event.actor.id, "person": id, "action": "record", "record": f"record:{event.ref}"}
        for id in sorted(ids - {event.actor.id})
    ]
    if lines:
        await session.run(audit.insert(), lines)
