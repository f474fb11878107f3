"""Check-ins as facts: the words stand in their dialogue, here is what is counted and what comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import UniqueConstraint, select, update
from sqlmodel import Field, SQLModel

from bot.core.calendar import period
from bot.core.events import Command, Due, Event
from bot.core.goal_words import Word
from bot.core.goals import Goal
from bot.core.people import Person
from bot.core.progress import Progress
from storage import cadences, dialogues, goals, nudges
from storage import people as folk
from storage.dialogues import dialogues as talks
from storage.engine import Session, table


class CheckinRow(SQLModel, table=True):
    __tablename__ = "checkins"
    __table_args__ = (UniqueConstraint("person", "period", name="uq_checkins_person"),)
    id: str = Field(primary_key=True)  # the dialogue's
    person: str = Field(foreign_key="people.id")
    period: str
    at: datetime
    energy: int | None = None
    workload: int | None = None


class OpenPointRow(SQLModel, table=True):
    """Something that was in the way, asked about again until it is settled."""

    __tablename__ = "open_points"
    id: str = Field(primary_key=True)  # the id of the check-in that named it
    person: str = Field(foreign_key="people.id", index=True)
    words: str
    at: datetime
    settled_at: datetime | None = None


checkins, points = table(CheckinRow), table(OpenPointRow)


@dataclass(frozen=True, slots=True)
class Checkin:
    """A finished check-in. Finished again after an edit, it is the same one."""

    id: str
    person: str
    period: str
    at: datetime
    energy: int | None
    workload: int | None

    async def save(self, session: Session) -> None:
        said = {"energy": self.energy, "workload": self.workload}
        row = {"id": self.id, "person": self.person, "period": self.period, "at": self.at, **said}
        insert = session.insert(checkins).values(row)
        await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=said))


@dataclass(frozen=True, slots=True)
class InTheWay:
    """What this check-in says is in the way; without words, nothing is."""

    id: str
    person: str
    words: str
    at: datetime

    async def save(self, session: Session) -> None:
        await session.run(points.delete().where(points.c.id == self.id))
        if self.words:
            row = {"id": self.id, "person": self.person, "words": self.words, "at": self.at}
            await session.run(points.insert().values(row))


@dataclass(frozen=True, slots=True)
class Settled:
    """A point is, or after an edit is not, settled."""

    id: str
    at: datetime | None

    async def save(self, session: Session) -> None:
        await session.run(update(points).where(points.c.id == self.id).values(settled_at=self.at))


@dataclass(frozen=True, slots=True)
class Said:
    """What this check-in says of a goal; after an edit perhaps nothing any more."""

    id: str
    author: str
    at: datetime
    word: Word

    async def save(self, session: Session) -> None:
        word, goal = self.word, self.word.before.id
        if word:
            said = (word.value, word.confidence, word.story)
            await goals.Updated(self.id, goal, self.author, self.at, *said).save(session)
        else:
            await goals.Unsaid(self.id, goal).save(session)


@dataclass(frozen=True, slots=True)
class Opening:
    """What beginning, resuming or reminding needs."""

    period: str
    progress: Progress | None  # of this period
    manager: Person | None
    points: tuple[tuple[str, str], ...] = ()  # id and words of what was in the way
    last: Mapping[str, str] = field(default_factory=dict)  # the answers of the check-in before
    goals: Sequence[Goal] = ()  # the actor's own that are open


async def opening(session: Session, event: Command | Due | Event) -> Opening:
    now = current(event) if not isinstance(event, Due) else event.period
    mine = (talks.c.person == event.actor.id) & (talks.c.dialogue == "checkin")
    rows = await session.all(select(talks).where(mine).order_by(talks.c.began.desc()).limit(4))
    recent = [dialogues.progress_of(row) for row in rows]
    # Somebody who was two people to us can have begun twice: what is finished counts.
    now_ones = sorted((each for each in recent if each.subject == now), key=lambda each: not each.finished)
    this = next(iter(now_ones), None)
    before = next((progress for progress in recent if progress.subject != now), None)
    last = before.answers if before else {}
    own = await goals.mine(session, event) if this is None else ()
    points = await _open_points(session, event, this)
    return Opening(now, this, await folk.manager(session, event), points, last, own)


async def _open_points(session: Session, event: Event, this: Progress | None) -> tuple[tuple[str, str], ...]:
    mine = (points.c.person == event.actor.id) & points.c.settled_at.is_(None)
    own = points.c.id != (this.id if this else "")
    rows = await session.all(select(points).where(mine, own).order_by(points.c.at).limit(5))
    return tuple((row.id, row.words) for row in rows)


def current(event: Event) -> str:
    """The period the actor is in, by their own day."""
    return period(event.settings.rhythms["checkin"].every, event.today)


@dataclass(frozen=True, slots=True)
class Team:
    """Who of the actor's reports has answered: the state of it, nothing of what was said."""

    period: str
    people: tuple[tuple[Person, str], ...]


async def team(session: Session, event: Event) -> Team:
    reports, now = await folk.reports(session, event), await cadences.period_of_team(session, event, "checkin")
    states = await nudges.states(session, [person.id for person in reports], "checkin", now)
    return Team(now, tuple((person, states.get(person.id, "")) for person in reports))


async def between(session: Session, person: str, since: datetime, until: datetime) -> list[tuple[Any, Progress]]:
    """Somebody's own finished check-ins of a time with their words, the earliest first."""
    query = (
        select(checkins, talks)
        .join(talks, talks.c.id == checkins.c.id)
        .where(checkins.c.person == person, checkins.c.at >= since, checkins.c.at < until)
        .order_by(checkins.c.at)
    )
    return [(row, dialogues.progress_of(row)) for row in await session.all(query)]


async def trend(session: Session, event: Event) -> list[Any]:
    """The actor's own energy and workload of the last half year."""
    since = event.at - timedelta(days=183)
    mine = (checkins.c.person == event.actor.id) & (checkins.c.at >= since)
    return list(await session.all(select(checkins).where(mine).order_by(checkins.c.at)))
