"""Feedback as it was given: its words and who may see them are written once and never changed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, Select, UniqueConstraint, and_, or_, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Command, Event, Remark, Shortcut, Submission
from bot.core.feedback import Feedback, Value, Words
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.audit import Audited
from storage.engine import Session, table
from storage.requests import requests
from storage.sharing import remarks

PAGE = 5


class FeedbackRow(SQLModel, table=True):
    __tablename__ = "feedback"
    __table_args__ = (
        # One answer to a request from each; what nobody asked for has NULL, which never clashes.
        UniqueConstraint("request", "giver", name="uq_feedback_request"),
        Index("ix_feedback_received", "receiver", "at"),
        Index("ix_feedback_given", "giver", "at"),
    )
    id: str = Field(primary_key=True)
    giver: str = Field(foreign_key="people.id")
    receiver: str = Field(foreign_key="people.id")
    manager: str | None = Field(default=None, foreign_key="people.id", index=True)  # at that moment, or who asked
    situation: str
    behaviour: str
    impact: str
    wish: str = ""
    seen_by: str
    request: str | None = None
    at: datetime
    thanked_at: datetime | None = None


feedback = table(FeedbackRow)
f = feedback.c


@dataclass(frozen=True, slots=True)
class Given:
    feedback: Feedback

    async def save(self, session: Session) -> None:
        given, words = self.feedback, self.feedback.words
        seen_too = given.manager.id if given.manager and given.seen_by != "receiver" else None
        row = {
            "id": given.id,
            "giver": given.giver.id,
            "receiver": given.receiver.id,
            "manager": seen_too,
            "situation": words.situation,
            "behaviour": words.behaviour,
            "impact": words.impact,
            "wish": words.wish,
            "seen_by": given.seen_by,
            "request": given.request,
            "at": given.at,
        }
        await session.run(session.insert(feedback).values(row).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Thanked:
    id: str
    at: datetime

    async def save(self, session: Session) -> None:
        first = and_(f.id == self.id, f.thanked_at.is_(None))
        await session.run(update(feedback).where(first).values(thanked_at=self.at))


# Giving.


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom it is for, and who manages them now."""

    receiver: Person | None = None
    manager: Person | None = None


async def named(session: Session, event: Command | Shortcut) -> Desk:
    who = event.mentions[:1] if isinstance(event, Command) else (event.author,)
    return await _desk(session, next((person.id for person in who if person), ""))


async def picked(session: Session, event: Submission) -> Desk:
    return await _desk(session, next((person.id for person in event.people.get("to", ())), ""))


async def carried(session: Session, event: Action | Submission) -> Desk:
    """Whom a form or its button is about: looked up, for anybody can send any value. Of who is elsewhere nothing is
    told, not even that they are."""
    found = await _desk(session, Value.read(event.value).about)
    return found if found.receiver and found.receiver.company == event.actor.company else Desk()


async def _desk(session: Session, id: str) -> Desk:
    receiver = await folk.by_id(session, id)
    manager = await folk.by_id(session, receiver.manager) if receiver else None
    there = receiver and manager and not manager.gone and manager.company == receiver.company
    return Desk(receiver, manager if there else None)


# Reading: through the policy, by one of those who may.


@dataclass(frozen=True, slots=True)
class Seen:
    """One feedback, for one who may read it."""

    feedback: Feedback
    thanked: bool  # the actor has said thanks for it


async def pressed(session: Session, event: Action) -> Seen | None:
    return await find(session, event, event.value)


async def submitted(session: Session, event: Submission) -> Seen | None:
    return await find(session, event, event.value)


async def remarked(session: Session, event: Remark) -> Seen | None:
    """What a remark in one of its threads is about: `feedback.got:ID`."""
    return await find(session, event, event.topic.partition(":")[2])


async def find(session: Session, event: Event, id: str) -> Seen | None:
    found = await _all(session, _query().where(f.id == id))
    if not found or not _may(event.actor, found[0]):
        return None
    if found[0].role(event.actor) == "seen":
        await Audited(event, found[0].receiver.id, "read", id).save(session)
    mine = select(remarks.c.id).where(remarks.c.id == thanks_id(id, event.actor))
    return Seen(found[0], await session.first(mine) is not None)


def thanks_id(id: str, person: Person) -> str:
    """Of the remark that says thanks: one for each reader."""
    return f"thanks:{id}:{person.id}"


def _may(actor: Person, given: Feedback) -> bool:
    shared = actor.id in {reader.id for reader in given.readers}
    return access.may_read(access.relation(actor, given.giver, shared), "feedback", shared)


async def received(session: Session, event: Event, id: str) -> Feedback | None:
    """Feedback the actor was given, and may build on."""
    seen = await find(session, event, id)
    return seen.feedback if seen and seen.feedback.role(event.actor) == "got" else None


@dataclass(frozen=True, slots=True)
class Page:
    found: tuple[Feedback, ...]
    older: str = ""  # where the next page begins


async def first_page(session: Session, event: Command) -> Page:
    return await page(session, event)


async def older_page(session: Session, event: Action) -> Page:
    return await page(session, event, event.value)


async def page(session: Session, event: Event, before: str = "") -> Page:
    """What the actor received and gave, the latest first; `before` as the page before said it."""
    me = event.actor.id
    query = _query().where(or_(f.giver == me, and_(f.receiver == me, f.seen_by != "manager")))
    if place := _place(before):
        query = query.where(or_(f.at < place[0], and_(f.at == place[0], f.id < place[1])))
    found = await _all(session, query.order_by(f.at.desc(), f.id.desc()).limit(PAGE + 1))
    last = found[PAGE - 1] if len(found) > PAGE else None
    return Page(tuple(found[:PAGE]), f"{last.at.isoformat()}|{last.id}" if last else "")


def _place(before: str) -> tuple[datetime, str] | None:
    at, _, id = before.partition("|")
    try:
        moment = datetime.fromisoformat(at)
        return (moment.astimezone(UTC), id) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


async def between(session: Session, person: str, since: datetime, until: datetime, reader: str = "") -> list[Feedback]:
    """What somebody received in a time, the earliest first, as far as `reader` (a person's id; else the receiver) was
    given it to read, or gave it."""
    reader = reader or person
    mine: ColumnElement[bool] = f.seen_by != "manager"
    if reader != person:
        mine = or_(f.manager == reader, f.giver == reader)
    query = _query().where(f.receiver == person, mine, f.at >= since, f.at < until)
    return await _all(session, query.order_by(f.at, f.id))


async def given_since(session: Session, person: str, since: datetime) -> list[Feedback]:
    """What somebody gave from then on, to whomever."""
    return await _all(session, _query().where(f.giver == person, f.at >= since).order_by(f.at, f.id))


def _query() -> Select[Any]:
    asked = requests.c.question.label("question"), requests.c.by.label("asked_by")
    return select(feedback, *asked).outerjoin(requests, requests.c.id == f.request)


async def _all(session: Session, query: Select[Any]) -> list[Feedback]:
    rows = await session.all(query)
    ids = {id for row in rows for id in (row.giver, row.receiver, row.manager) if id}
    people = await folk.many(session, ids) if ids else {}
    return [_feedback(row, people) for row in rows]


def _feedback(row: Any, people: dict[str, Person]) -> Feedback:
    return Feedback(
        row.id,
        people[row.giver],
        people[row.receiver],
        people[row.manager] if row.manager else None,
        Words(row.situation, row.behaviour, row.impact, row.wish),
        row.seen_by,
        row.at,
        row.request,
        row.question or "",
        row.asked_by or "",
        row.thanked_at,
    )
