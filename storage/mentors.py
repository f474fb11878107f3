"""Who offers to help others with what, who asked them, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Index, and_, delete, or_, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.mentors import MOST, Mentoring, Offer, State
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.engine import Session, table
from storage.followups import FollowUp, followups
from storage.people import people

WAIT, LOOK = "mentors.wait", "mentors.look"  # rhythms: of the one asked, then of the one who waits; of the two at work
BROWSED = 1000  # offers of a company among which a topic is looked for: words of people are compared here


class MentorOfferRow(SQLModel, table=True):
    """Opted into by the mentor; open to their whole company for as long as it stands."""

    __tablename__ = "mentor_offers"
    __table_args__ = (Index("ix_mentor_offers_company", "company", "closed_at"),)
    id: str = Field(primary_key=True)
    company: str
    person: str = Field(foreign_key="people.id", index=True)
    topic: str
    words: str = ""
    at: datetime
    closed_at: datetime | None = None


class MentoringRow(SQLModel, table=True):
    """One asked, and what the mentor said. Seen by these two alone."""

    __tablename__ = "mentorings"
    __table_args__ = (
        Index("ix_mentorings_mentor", "mentor", "state"),
        Index("ix_mentorings_mentee", "mentee", "state"),
    )
    id: str = Field(primary_key=True)
    offer: str
    mentor: str = Field(foreign_key="people.id")
    mentee: str = Field(foreign_key="people.id")
    topic: str
    words: str
    at: datetime
    state: str = "asked"
    answer: str = ""
    answered_at: datetime | None = None
    ended_at: datetime | None = None


offers, mentorings = table(MentorOfferRow), table(MentoringRow)
o, m = offers.c, mentorings.c


# What can happen.


@dataclass(frozen=True, slots=True)
class Offered:
    offer: Offer

    async def save(self, session: Session) -> None:
        one = self.offer
        row = {"id": one.id, "company": one.mentor.company, "person": one.mentor.id, "topic": one.topic}
        insert = session.insert(offers).values(**row, words=one.words, at=one.at)
        await session.run(insert.on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class OfferClosed:
    """Nobody new can ask; what is under way goes on."""

    id: str
    person: str
    at: datetime

    async def save(self, session: Session) -> None:
        mine = and_(o.id == self.id, o.person == self.person, o.closed_at.is_(None))
        await session.run(update(offers).where(mine).values(closed_at=self.at))


@dataclass(frozen=True, slots=True)
class Sought:
    """One asks a mentor, who is reminded once and then no more."""

    mentoring: Mentoring
    remind: date  # the mentor's own day

    async def save(self, session: Session) -> None:
        one = self.mentoring
        row = {"id": one.id, "offer": one.offer, "mentor": one.mentor.id, "mentee": one.mentee.id, "topic": one.topic}
        insert = session.insert(mentorings).values(**row, words=one.words, at=one.at)
        await session.run(insert.on_conflict_do_nothing())
        await FollowUp(one.mentor.id, WAIT, one.id, self.remind).save(session)


@dataclass(frozen=True, slots=True)
class MentoringMoved:
    """From one state to the next; what is in another one by then stays there."""

    id: str
    before: State
    state: Literal["accepted", "declined", "lapsed", "withdrawn", "ended"]
    at: datetime
    answer: str = ""

    async def save(self, session: Session) -> None:
        values: dict[str, Any] = {"state": self.state}
        if self.state in ("accepted", "declined"):
            values |= {"answer": self.answer, "answered_at": self.at}
        if self.state != "accepted":
            values["ended_at"] = self.at
        still = and_(m.id == self.id, m.state == self.before)
        await session.run(update(mentorings).where(still).values(values))
        asked = followups.c.rhythm.in_((WAIT, LOOK))
        await session.run(delete(followups).where(asked, followups.c.about == self.id))


# Offers.


@dataclass(frozen=True, slots=True)
class Board:
    """What is offered in the actor's company, and what they offer and are part of themselves."""

    offers: tuple[Offer, ...]  # of others
    own: tuple[Offer, ...]
    mentorings: tuple[Mentoring, ...]  # asked or accepted, with the actor as either
    topic: str = ""  # looked for
    page: int = 0


async def board(session: Session, event: Command | Action) -> Board:
    """`python`: offers with all these words; of a button `2|python`: their third page."""
    if isinstance(event, Command):
        return await _board(session, event, event.text, 0)
    number, _, topic = event.value.partition("|")
    page = int(number) if number.isdecimal() and len(number) < 4 else 0
    return await _board(session, event, topic, page)


async def _board(session: Session, event: Event, topic: str, page: int) -> Board:
    actor = event.actor
    standing = and_(o.company == actor.company, o.closed_at.is_(None), people.c.gone.is_(False))
    query = select(offers).join(people, people.c.id == o.person).where(standing).order_by(o.at.desc(), o.id)
    rows = await session.all(query.limit(BROWSED))
    mentors = await folk.many(session, {row.person for row in rows})
    found = [_offer(row, mentors[row.person]) for row in rows]
    seen = [one for one in found if may_see(actor, one)]
    others = tuple(one for one in seen if one.mentor.id != actor.id and one.fits(topic))
    own = tuple(one for one in seen if one.mentor.id == actor.id)
    return Board(others, own, tuple(await under_way(session, event)), topic, page)


def may_see(actor: Person, offer: Offer) -> bool:
    near = access.relation(actor, offer.mentor)
    return not access.outsider(actor) and access.may_read(near, "mentor offer", shared=False)


async def offer(session: Session, event: Action | Submission) -> tuple[Offer | None, bool]:
    """One that stands and the actor may see, and whether they have asked for it already."""
    row = await session.first(select(offers).where(o.id == event.value.partition("|")[0], o.closed_at.is_(None)))
    mentor = await folk.by_id(session, row.person) if row else None
    if row is None or mentor is None or mentor.gone or not may_see(event.actor, found := _offer(row, mentor)):
        return None, False
    await session.hold(f"mentoring:{event.actor.id}")  # pressed twice at once it is asked once
    running = and_(m.offer == row.id, m.mentee == event.actor.id, m.state.in_(("asked", "accepted")))
    return found, await session.first(select(m.id).where(running)) is not None


async def own_offers(session: Session, event: Event) -> int:
    """How many of the actor's stand."""
    await session.hold(f"offers:{event.actor.id}")
    mine = and_(o.person == event.actor.id, o.closed_at.is_(None))
    return len(await session.all(select(o.id).where(mine).limit(MOST)))


def _offer(row: Any, mentor: Person) -> Offer:
    return Offer(row.id, mentor, row.topic, row.words, row.at)


# Mentorings.


async def pressed(session: Session, event: Action | Submission) -> Mentoring | None:
    """One in which the actor is mentor or mentee. Held: of two who press at once the second sees what the first did."""
    return await find(session, event, event.value.partition("|")[0])


async def due(session: Session, event: Due) -> Mentoring | None:
    return await find(session, event, event.period)


async def find(session: Session, event: Event, id: str) -> Mentoring | None:
    mine = or_(m.mentor == event.actor.id, m.mentee == event.actor.id)
    row = await session.first(select(mentorings).where(m.id == id, mine).with_for_update())
    return next(iter(await _all(session, [row])), None) if row else None


async def asked_of_me(session: Session, event: Event) -> list[Mentoring]:
    """What the actor was asked as a mentor and has not answered, the oldest first."""
    mine = and_(m.mentor == event.actor.id, m.state == "asked")
    rows = await session.all(select(mentorings).where(mine).order_by(m.at, m.id).limit(20))
    return [one for one in await _all(session, rows) if not one.mentee.gone]


async def under_way(session: Session, event: Event) -> list[Mentoring]:
    """The actor's own, as mentor or mentee, asked or accepted, the oldest first."""
    sides = [select(mentorings).where(who == event.actor.id, m.state.in_(("asked", "accepted"))).limit(50)
             for who in (m.mentor, m.mentee)]  # fmt: skip
    rows = [row for side in sides for row in await session.all(side)]
    return sorted(await _all(session, rows), key=lambda one: (one.at, one.id))


async def _all(session: Session, rows: Sequence[Any]) -> list[Mentoring]:
    if not rows:
        return []
    who = await folk.many(session, {id for row in rows for id in (row.mentor, row.mentee)})
    return [
        Mentoring(row.id, row.offer, who[row.mentor], who[row.mentee], row.topic, row.words, row.at, row.state,
                  row.answer)
        for row in rows
    ]  # fmt: skip
