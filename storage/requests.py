"""Who asked whom for feedback, and who has answered. The words of the answers stand in storage.feedback."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, and_, delete, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.feedback import Value
from bot.core.people import Person
from bot.core.requests import ME, FeedbackRequest, State
from storage import people as folk
from storage import places
from storage.engine import Session, table
from storage.followups import followups

REMIND, CLOSE = "feedback.request", "feedback.close"  # rhythms of follow-ups, of the asked and of the asker


class FeedbackRequestRow(SQLModel, table=True):
    __tablename__ = "feedback_requests"
    id: str = Field(primary_key=True)
    by: str = Field(foreign_key="people.id", index=True)
    about: str = Field(foreign_key="people.id", index=True)
    question: str
    at: datetime
    closes: date
    closed_at: datetime | None = None


class FeedbackAskedRow(SQLModel, table=True):
    """One of the people asked. No reason is kept of who declined: none is asked for."""

    __tablename__ = "feedback_asked"
    __table_args__ = (Index("ix_feedback_asked_person", "person", "state"),)
    request: str = Field(primary_key=True)
    person: str = Field(primary_key=True, foreign_key="people.id")
    state: str = "asked"  # asked, answered, declined
    answered_at: datetime | None = None


requests, asked = table(FeedbackRequestRow), table(FeedbackAskedRow)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, put to all of its people."""

    request: FeedbackRequest

    async def save(self, session: Session) -> None:
        r = self.request
        row = {"id": r.id, "by": r.by.id, "about": r.about.id, "question": r.question, "at": r.at, "closes": r.closes}
        await session.run(requests.insert().values(row))
        people = [{"request": r.id, "person": person.id, "state": state} for person, state in r.asked]
        await session.run(asked.insert(), people)


@dataclass(frozen=True, slots=True)
class Settled:
    """One of them has answered or declined, and is not reminded any more."""

    request: str
    person: str
    state: State
    at: datetime

    async def save(self, session: Session) -> None:
        mine = and_(asked.c.request == self.request, asked.c.person == self.person, asked.c.state == "asked")
        await session.run(update(asked).where(mine).values(state=self.state, answered_at=self.at))
        reminder = and_(followups.c.person == self.person, followups.c.rhythm == REMIND)
        await session.run(delete(followups).where(reminder, followups.c.about == self.request))


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody is waited for any more."""

    request: str
    at: datetime

    async def save(self, session: Session) -> None:
        still = and_(requests.c.id == self.request, requests.c.closed_at.is_(None))
        await session.run(update(requests).where(still).values(closed_at=self.at))
        ours = followups.c.rhythm.in_((REMIND, CLOSE))
        await session.run(delete(followups).where(ours, followups.c.about == self.request))


# Asking.


@dataclass(frozen=True, slots=True)
class Asking:
    """What putting a question needs: whom, and about whom; None for somebody the actor does not manage."""

    whom: tuple[Person, ...]
    about: Person | None
    reports: tuple[Person, ...]
    unknown_groups: bool = False


async def named(session: Session, event: Command) -> Asking:
    whom = await _fresh(session, await places.named_in(session, event))
    unknown = bool(await places.unknown_groups(session, event))
    return Asking(whom, event.actor, tuple(await folk.reports(session, event)), unknown)


async def chosen(session: Session, event: Submission) -> Asking:
    reports = {report.id: report for report in await folk.reports(session, event)}
    about = event.answers.get("about") or ME
    who = event.actor if about == ME else reports.get(about)
    return Asking(await _fresh(session, event.people.get("whom", ())), who, tuple(reports.values()))


async def reports(session: Session, event: Event) -> list[Person]:
    return await folk.reports(session, event)


async def _fresh(session: Session, people: Sequence[Person]) -> tuple[Person, ...]:
    """As we keep them now, each once, in the order in which they were named."""
    found = await folk.many(session, {person.id for person in people})
    return tuple(found[id] for id in dict.fromkeys(person.id for person in people) if id in found)


# Answering.


@dataclass(frozen=True, slots=True)
class Answering:
    """A request, as one of those it was put to sees it."""

    request: FeedbackRequest
    state: State
    manager: Person | None  # who could see the answer besides: the receiver's own, or the one who asked


async def answering(session: Session, event: Action | Submission) -> Answering | None:
    """None where the actor was not asked."""
    return await _answering(session, event, Value.read(event.value).about)


async def reminded(session: Session, event: Due) -> Answering | None:
    """The same for a reminder's moment; `period` is the request's id."""
    return await _answering(session, event, event.period)


async def _answering(session: Session, event: Event, id: str) -> Answering | None:
    await session.hold(id)  # of two who answer at once the second sees that nobody else is waited for
    mine = and_(asked.c.request == id, asked.c.person == event.actor.id)
    state = await session.value(select(asked.c.state).where(mine))
    request = await find(session, id) if state else None
    if request is None or request.by.company != event.actor.company:
        return None
    manager = await folk.by_id(session, request.about.manager) if request.own else request.by
    there = manager and not manager.gone and manager.company == request.about.company
    return Answering(request, state, manager if there else None)


async def own(session: Session, event: Action | Due) -> FeedbackRequest | None:
    """The request, for who asked it."""
    request = await find(session, event.value if isinstance(event, Action) else event.period)
    return request if request and request.by.id == event.actor.id else None


async def find(session: Session, id: str) -> FeedbackRequest | None:
    row = await session.first(select(requests).where(requests.c.id == id))
    return (await _all(session, [row]))[0] if row else None


async def asked_of_me(session: Session, event: Event) -> list[FeedbackRequest]:
    """What the actor was asked and can still answer, the oldest first. Who else was asked is not told."""
    query = (
        select(requests)
        .join(asked, asked.c.request == requests.c.id)
        .where(asked.c.person == event.actor.id, asked.c.state == "asked", requests.c.closed_at.is_(None))
        .where(requests.c.by != event.actor.id)  # not even once two accounts turn out to be one person
        .order_by(requests.c.at, requests.c.id)
        .limit(20)
    )
    rows = await session.all(query)
    people = await _people(session, rows)
    found = [_request(row, people) for row in rows]
    return [one for one in found if one.open(event.today) and one.by.company == event.actor.company]


async def _all(session: Session, rows: Sequence[Any]) -> list[FeedbackRequest]:
    states = await session.all(select(asked).where(asked.c.request.in_([row.id for row in rows])))
    people = await _people(session, rows, [state.person for state in states])
    found = []
    for row in rows:
        those = [(people[each.person], each.state) for each in states if each.request == row.id]
        found.append(_request(row, people, tuple(sorted(those, key=lambda one: one[0].name))))
    return found


async def _people(session: Session, rows: Sequence[Any], more: Sequence[str] = ()) -> dict[str, Person]:
    return await folk.many(session, {*more, *(id for row in rows for id in (row.by, row.about))})


def _request(row: Any, people: dict[str, Person], those: tuple[tuple[Person, State], ...] = ()) -> FeedbackRequest:
    by, about = people[row.by], people[row.about]
    return FeedbackRequest(row.id, by, about, row.question, row.at, row.closes, row.closed_at, those)
