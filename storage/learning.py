"""Learning actions: what somebody means to do to grow, by when, and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Index, and_, delete, func, or_, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Command, Due, Event, Remark, Submission
from bot.core.goal_forms import line_of
from bot.core.learning import WORDS, Draft, Kind, Planning, SeenBy
from bot.core.people import Person
from storage import access, catalogue, sources
from storage import people as folk
from storage.audit import Audited
from storage.engine import Session, table
from storage.followups import FollowUp, followups

RHYTHM = "learning"  # of the follow-up on an action's day
MANY = 50  # open actions of one person in a list
State = Literal["open", "done", "dropped"]


class LearningRow(SQLModel, table=True):
    __tablename__ = "learning"
    __table_args__ = (Index("ix_learning_person", "person", "state", "day"),)
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    kind: str
    words: str
    day: date
    source: str = Field(default="", index=True)  # what it came of: "feedback:ab12", "grow:ab12"; empty: nothing
    seen_by: str = "me"
    aspiration: str = Field(default="", index=True)  # what it serves
    at: datetime
    state: str = "open"
    learned: str = ""  # or, of one that was dropped, why
    closed_at: datetime | None = None


learning = table(LearningRow)
c = learning.c


@dataclass(frozen=True, slots=True)
class LearningAction:
    """Recorded, it stands in the person's plan and is followed up on its day. Recorded again under its id it reads
    as it does now, for as long as it is open."""

    id: str  # "learning:ab12"
    person: str  # a Person.id
    kind: Kind
    words: str
    day: date
    source: str
    at: datetime
    seen_by: SeenBy = "me"
    aspiration: str = ""
    state: State = "open"
    learned: str = ""
    closed_at: datetime | None = None

    async def save(self, session: Session) -> None:
        said = {"kind": self.kind, "words": self.words, "day": self.day, "seen_by": self.seen_by}
        said["aspiration"] = self.aspiration
        row = {"id": self.id, "person": self.person, "source": self.source, "at": self.at, **said}
        insert = session.insert(learning).values(row)
        mine = and_(c.person == self.person, c.state == "open")
        await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=said, where=mine))
        still = and_(c.id == self.id, mine)
        if await session.first(select(c.id).where(still)):
            await FollowUp(self.person, RHYTHM, self.id, self.day).save(session)


@dataclass(frozen=True, slots=True)
class LearningMoved:
    """Another day for an open one."""

    id: str
    person: str
    day: date

    async def save(self, session: Session) -> None:
        mine = and_(c.id == self.id, c.person == self.person, c.state == "open")
        if await session.first(select(c.id).where(mine)):
            await session.run(update(learning).where(mine).values(day=self.day))
            await FollowUp(self.person, RHYTHM, self.id, self.day).save(session)


@dataclass(frozen=True, slots=True)
class LearningClosed:
    """It is done, or was let go of; the words say what was learned, or why. The first end counts."""

    id: str
    person: str
    state: Literal["done", "dropped"]
    learned: str
    at: datetime

    async def save(self, session: Session) -> None:
        mine = and_(c.id == self.id, c.person == self.person, c.state == "open")
        ended = {"state": self.state, "learned": self.learned, "closed_at": self.at}
        await session.run(update(learning).where(mine).values(ended))
        asked = and_(followups.c.person == self.person, followups.c.rhythm == RHYTHM)
        await session.run(delete(followups).where(asked, followups.c.about == self.id))


# Reading.


def action_of(row: Any) -> LearningAction:
    said = (row.id, row.person, row.kind, row.words, row.day, row.source, row.at, row.seen_by, row.aspiration)
    return LearningAction(*said, row.state, row.learned, row.closed_at)


async def mine(session: Session, event: Event) -> list[LearningAction]:
    """The actor's own that are open, the next first."""
    own = and_(c.person == event.actor.id, c.state == "open")
    rows = await session.all(select(learning).where(own).order_by(c.day, c.id).limit(MANY))
    return [action_of(row) for row in rows]


async def seen(session: Session, event: Event) -> dict[str, int]:
    """How many of the actor's own open ones each sees."""
    own = and_(c.person == event.actor.id, c.state == "open")
    query = select(c.seen_by, func.count().label("many")).where(own).group_by(c.seen_by)
    return {row.seen_by: row.many for row in await session.all(query)}


async def own(session: Session, event: Event, id: str) -> LearningAction | None:
    """One of the actor's own, open or over."""
    row = await session.first(select(learning).where(c.id == id, c.person == event.actor.id))
    return action_of(row) if row else None


async def theirs(session: Session, event: Event, owner: Person) -> list[LearningAction]:
    """Of somebody's open ones those the actor may see, the next first. Another's reading is written down."""
    rows = await session.all(select(learning).where(c.person == owner.id, c.state == "open").order_by(c.day, c.id))
    near = access.relation(event.actor, owner)
    found = [row for row in rows if access.may_read(near, "learning", row.seen_by == "manager")]
    if found and owner.id != event.actor.id:
        await Audited(event, owner.id, "read", RHYTHM).save(session)
    return [action_of(row) for row in found[:MANY]]


async def between(session: Session, person: str, since: datetime, until: datetime) -> list[LearningAction]:
    """Planned or ended in this time, the earliest first: for evidence, whose readers are asked about elsewhere."""
    during = or_(and_(c.at >= since, c.at < until), and_(c.closed_at >= since, c.closed_at < until))
    rows = await session.all(select(learning).where(c.person == person, during).order_by(c.at, c.id))
    return [action_of(row) for row in rows]


# For the forms.


async def planning(session: Session, event: Command | Action | Submission) -> Planning:
    """A new one: of a few words, of what a button carries (`feedback:ab12`, `catalogue:ab12`), or of nothing yet."""
    offered = await catalogue.offered(session, event)
    source = "" if isinstance(event, Command) else event.value
    manager = await _manager(session, event)
    if isinstance(event, Command):
        return Planning(manager, offered, Draft(words=line_of(event.text)[:WORDS]))
    if source.startswith("catalogue:"):
        chosen = next((each for each in offered if source == f"catalogue:{each.id}"), None)
        return Planning(manager, offered, Draft(kind=chosen.kind, offering=chosen.id) if chosen else Draft())
    made = await sources.made_of(session, event, source)
    if made is None:
        return Planning(manager, offered)
    # What was private where it comes from stays so until they say otherwise.
    return Planning(manager, offered, Draft(made.words[:WORDS], made.kind, made.day, "me"))


async def changing(session: Session, event: Action | Submission) -> tuple[LearningAction | None, Planning]:
    action = await own(session, event, event.value)
    manager = await _manager(session, event)
    if action is None:
        return None, Planning(manager, ())
    return action, Planning(manager, (), Draft(action.words, action.kind, action.day, action.seen_by))


async def pressed(session: Session, event: Action | Submission) -> LearningAction | None:
    return await own(session, event, event.value)


async def remarked(session: Session, event: Remark) -> LearningAction | None:
    return await own(session, event, event.topic)


async def due(session: Session, event: Due) -> LearningAction | None:
    """The one whose day has come; `period` is its id."""
    return await own(session, event, event.period)


@dataclass(frozen=True, slots=True)
class Plan:
    """Somebody's open actions, as the actor may see them. `who` is None for who is unknown here."""

    who: Person | None
    actions: tuple[LearningAction, ...] = ()


async def plan(session: Session, event: Command | Action) -> Plan:
    """Of the person named, else the actor's own."""
    named = event.mentions[0].id if isinstance(event, Command) and event.mentions else ""
    id = event.value if isinstance(event, Action) else named
    who = await folk.by_id(session, id) if id else event.actor
    if who is None or who.company != event.actor.company:
        return Plan(None)
    if who.id == event.actor.id:
        return Plan(who, tuple(await mine(session, event)))
    return Plan(who, tuple(await theirs(session, event, who)))


async def _manager(session: Session, event: Event) -> Person | None:
    found = await folk.manager(session, event)
    return found if found and not found.gone and found.company == event.actor.company else None
