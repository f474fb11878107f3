"""The quarter's look back of a person, and where it stands with their manager."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import UniqueConstraint, func, select
from sqlmodel import Field, SQLModel

from bot.core.calendar import period
from bot.core.events import Command, Due, Event, Reply
from bot.core.pack import Evidence
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.summary import Summary
from storage import access, cadences, dialogues, summaries
from storage import evidence as pack
from storage import people as folk
from storage.access import Closing
from storage.dialogues import dialogues as talks
from storage.engine import Session, table


class ReviewRow(SQLModel, table=True):
    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("person", "period", name="uq_reviews_person"),)
    id: str = Field(primary_key=True)  # the dialogue's
    person: str = Field(foreign_key="people.id")
    period: str
    at: datetime


reviews = table(ReviewRow)


@dataclass(frozen=True, slots=True)
class Review:
    """A finished look back."""

    id: str
    person: str
    period: str
    at: datetime

    async def save(self, session: Session) -> None:
        row = {"id": self.id, "person": self.person, "period": self.period, "at": self.at}
        await session.run(session.insert(reviews).values(row).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody who reports to the actor, and the talk the two have: the one that goes on, else of this period."""

    person: Person
    summary: Summary | None


@dataclass(frozen=True, slots=True)
class Opening:
    period: str
    progress: Progress | None  # of this period
    manager: Person | None
    evidence: Evidence | None  # for who begins
    summary: Summary | None = None  # the talk of this period
    before: Summary | None = None  # one of another period that goes on: they have looked back, or let it pass
    reports: int = 0
    named: bool = False  # somebody was named
    report: Report | None = None  # they, if they report to the actor


async def opening(session: Session, event: Event) -> Opening:
    now = event.period if isinstance(event, Due) else current(event)
    mine = (talks.c.person == event.actor.id) & (talks.c.dialogue == "review") & (talks.c.subject == now)
    finished = talks.c.state == "finished"  # of somebody who was two people to us, the one that counts
    row = await session.first(select(talks).where(mine).order_by(finished.desc(), talks.c.began.desc()).limit(1))
    this = dialogues.progress_of(row) if row else None
    named = isinstance(event, Command) and bool(event.mentions)
    summary = await summaries.of(session, event, event.actor, now)
    going_on = await summaries.going_on(session, event, event.actor)
    return Opening(
        now,
        this,
        await _manager(session, event),
        None if this else await pack.evidence(session, event, event.actor, now),
        summary,
        going_on if going_on and going_on.reflected_at and going_on.period != now else None,
        await _reports(session, event),
        named,
        await report(session, event, event.mentions[0].id) if isinstance(event, Command) and named else None,
    )


async def report(session: Session, event: Event, id: str) -> Report | None:
    """Who reports to the actor, with the talk the two have; None too where that of now was had with somebody else."""
    person = await folk.by_id(session, id)
    if person is None or person.gone or person.manager != event.actor.id or person.company != event.actor.company:
        return None
    summary = await summaries.going_on(session, event, person)
    now = await cadences.period_of_team(session, event, "review")
    summary = summary or await summaries.of(session, event, person, now)
    return Report(person, summary) if summary or not await summaries.taken(session, person, now) else None


async def _manager(session: Session, event: Event) -> Person | None:
    """With whom there is a talk to have."""
    found = await folk.manager(session, event)
    return found if found and not found.gone and found.company == event.actor.company else None


async def _reports(session: Session, event: Event) -> int:
    theirs = folk.reporting_to(event.actor.id).subquery()
    return int(await session.value(select(func.count()).select_from(theirs)))


def current(event: Event) -> str:
    return period(event.settings.rhythms["review"].every, event.today)


@dataclass(frozen=True, slots=True)
class Ending:
    """Whom an ended look back can be shared with, and the talk it is for."""

    closing: Closing
    manager: Person | None = None
    summary: Summary | None = None


async def ending(session: Session, event: Reply) -> Ending:
    closing, manager = await access.closing(session, event), await _manager(session, event)
    return Ending(closing, manager, await summaries.of(session, event, event.actor, event.progress.subject))
