"""The quarter's look back, and the evidence for it: what one said, was thanked for, and did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import UniqueConstraint, select
from sqlmodel import Field, SQLModel

from bot.core.calendar import bounds, period
from bot.core.events import Due, Event
from bot.core.goals import Goal, Update
from bot.core.kudos import Giving
from bot.core.people import Person
from bot.core.progress import Progress
from storage import checkin, dialogues, goals, grow, recognition
from storage import people as folk
from storage.dialogues import dialogues as talks
from storage.engine import Session, table
from storage.grow import Commitment


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
class Evidence:
    """The quarter in the person's own records, each the earliest first."""

    checkins: tuple[Mapping[str, str], ...]  # the answers of each
    kudos: tuple[Giving, ...]
    commitments: tuple[Commitment, ...]
    goals: tuple[tuple[Goal, Update], ...] = ()  # the last word about each


@dataclass(frozen=True, slots=True)
class Opening:
    period: str
    progress: Progress | None  # of this period
    manager: Person | None
    evidence: Evidence


async def opening(session: Session, event: Event) -> Opening:
    now = event.period if isinstance(event, Due) else current(event)
    mine = (talks.c.person == event.actor.id) & (talks.c.dialogue == "review") & (talks.c.subject == now)
    finished = talks.c.state == "finished"  # of somebody who was two people to us, the one that counts
    row = await session.first(select(talks).where(mine).order_by(finished.desc(), talks.c.began.desc()).limit(1))
    this = dialogues.progress_of(row) if row else None
    return Opening(now, this, await folk.manager(session, event), await evidence(session, event, now))


def current(event: Event) -> str:
    return period(event.settings.rhythms["review"].every, event.today)


async def evidence(session: Session, event: Event, of: str) -> Evidence:
    first, last = bounds(event.settings.rhythms["review"].every, of)
    zone = ZoneInfo(event.actor.zone)
    since = datetime.combine(first, time(), zone).astimezone(UTC)
    until = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    said = await checkin.between(session, event.actor.id, since, until)
    thanks = await recognition.received(session, event.actor, since, until)
    promised = await grow.between(session, event.actor.id, since, until)
    words = await goals.between(session, event.actor.id, since, until)
    answers = tuple(progress.answers for _, progress in said)
    return Evidence(answers, tuple(reversed(thanks)), tuple(promised), tuple(words))
