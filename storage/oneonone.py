"""What two people have between them: points for their next talk, what each said they would do, notes of one's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Row, UniqueConstraint, and_, or_, select, union_all, update
from sqlmodel import Field, SQLModel

from bot.core import oneonone as core
from bot.core.events import Action, Command, Event, Shortcut, Submission
from bot.core.goals import Goal
from bot.core.oneonone import Between, Pair, Promise, Remembered
from bot.core.people import Person
from storage import goals, meetings
from storage import people as folk
from storage.engine import Session, table
from storage.people import people, person

MANY = 100


class AgendaRow(SQLModel, table=True):
    """A point. Of somebody and their manager in this order; of two others, in any."""

    __tablename__ = "agenda"
    __table_args__ = (UniqueConstraint("source", "manager", name="uq_agenda_source"),)
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id", index=True)
    manager: str = Field(foreign_key="people.id", index=True)
    words: str
    source: str  # "checkin:ab12": what it is about
    author: str | None = Field(default=None, foreign_key="people.id", index=True)  # of older ones it is not known
    at: datetime
    done_at: datetime | None = None


class PromiseRow(SQLModel, table=True):
    """What one of two said in a one-to-one they would do."""

    __tablename__ = "promises"
    __table_args__ = (Index("ix_promises_person", "person", "state"), Index("ix_promises_other", "other", "state"))
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    other: str = Field(foreign_key="people.id")
    words: str
    source: str = Field(index=True)  # the talk about the meeting in which it was written down
    at: datetime
    state: str = "open"  # open, done, dropped
    word: str = ""  # with which it was dropped
    closed_at: datetime | None = None


class NoteRow(SQLModel, table=True):
    """For its author alone."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_author", "author", "about"),)
    id: str = Field(primary_key=True)
    author: str = Field(foreign_key="people.id")
    about: str = Field(foreign_key="people.id", index=True)  # with whom it is to be talked about
    words: str
    at: datetime


agenda, promises, notes = table(AgendaRow), table(PromiseRow), table(NoteRow)


# What can happen.


@dataclass(frozen=True, slots=True)
class Point:
    """Something to talk about. The same source twice is one point."""

    id: str
    person: str
    manager: str
    words: str
    source: str
    at: datetime
    author: str | None = None

    async def save(self, session: Session) -> None:
        row = {"id": self.id, "person": self.person, "manager": self.manager, "words": self.words}
        insert = session.insert(agenda).values(**row, source=self.source, author=self.author, at=self.at)
        await session.run(insert.on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Talked:
    """These points are off the list."""

    ids: tuple[str, ...]
    at: datetime

    async def save(self, session: Session) -> None:
        those = and_(agenda.c.id.in_(self.ids), agenda.c.done_at.is_(None))
        await session.run(update(agenda).where(those).values(done_at=self.at))


@dataclass(frozen=True, slots=True)
class Promised:
    """What both said they would do, as it was written down in one talk. Written anew it takes the place of what stood
    there, but for what was done or dropped meanwhile."""

    source: str
    one: str
    other: str
    said: tuple[tuple[str, str], ...]  # whose, and the words
    at: datetime

    async def save(self, session: Session) -> None:
        still = and_(promises.c.source == self.source, promises.c.state == "open")
        await session.run(promises.delete().where(still))
        for n, (who, words) in enumerate(self.said):
            row = {"id": f"promise:{self.source}:{n}", "person": who, "words": words, "source": self.source}
            other = self.other if who == self.one else self.one
            insert = session.insert(promises).values(**row, other=other, at=self.at, state="open", word="")
            await session.run(insert.on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Kept:
    """Done, or dropped with a word."""

    id: str
    state: core.PromiseState
    at: datetime
    word: str = ""

    async def save(self, session: Session) -> None:
        this = and_(promises.c.id == self.id, promises.c.state == "open")
        await session.run(update(promises).where(this).values(state=self.state, word=self.word, closed_at=self.at))


@dataclass(frozen=True, slots=True)
class Noted:
    id: str
    author: str
    about: str
    words: str
    at: datetime

    async def save(self, session: Session) -> None:
        row = {"id": self.id, "author": self.author, "about": self.about, "words": self.words, "at": self.at}
        await session.run(session.insert(notes).values(row).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Forgotten:
    id: str
    author: str

    async def save(self, session: Session) -> None:
        await session.run(notes.delete().where(notes.c.id == self.id, notes.c.author == self.author))


# Reading. Each statement asks for what has the actor as one of its two.


async def points(session: Session, event: Event) -> list[tuple[Person, str]]:
    """What the actor has to talk about, with whom, the oldest first."""
    mine, theirs = ((agenda.c.person, agenda.c.manager), (agenda.c.manager, agenda.c.person))
    sides = (
        select(agenda.c.at, agenda.c.words, people)
        .join(people, people.c.id == other)
        .where(me == event.actor.id, agenda.c.done_at.is_(None))
        for me, other in (mine, theirs)
    )
    # Not one OR: each half goes by an index of its own.
    both = union_all(*sides).subquery()
    rows = await session.all(select(both).order_by(both.c.at).limit(MANY))
    return [(person(row), row.words) for row in rows]


@dataclass(frozen=True, slots=True)
class Found:
    """Whom the actor has one-to-ones with, and what there is with the one this is about."""

    partners: tuple[Person, ...]
    between: Between | None = None
    what: str = ""  # the words of the record this is about; "": it is not there, or not theirs
    pairs: tuple[Pair, ...] = ()


async def opened(session: Session, event: Command | Shortcut) -> Found:
    """With the one who is named, or with the only one there is."""
    pairs = await meetings.mine(session, event)
    those = await _partners(session, event, pairs)
    named = event.mentions[:1] if isinstance(event, Command) else ()
    wanted = [each.id for each in named] or ([each.id for each in those] if len(those) == 1 else [])
    partner = next((each for each in those if each.id in wanted), None)
    return Found(those, await between(session, event, partner, pairs) if partner else None, pairs=tuple(pairs))


async def pressed(session: Session, event: Action | Submission) -> Found:
    """With the one whose id the value begins with, or whom the form's `who` names."""
    id = event.value.partition("|")[0]
    if not id and isinstance(event, Submission):
        id = event.answers.get("who", "")
    return await _with(session, event, id)


async def _with(session: Session, event: Event, id: str, what: str = "") -> Found:
    pairs = await meetings.mine(session, event)
    those = await _partners(session, event, pairs)
    partner = next((each for each in those if each.id == id), None)
    return Found(those, await between(session, event, partner, pairs) if partner else None, what, tuple(pairs))


async def point(session: Session, event: Action) -> Found:
    """The open point of this id."""
    await session.hold(event.value)
    mine = or_(agenda.c.person == event.actor.id, agenda.c.manager == event.actor.id)
    query = select(agenda).where(agenda.c.id == event.value, mine, agenda.c.done_at.is_(None))
    return await _about(session, event, await session.first(query), "person", "manager")


async def promise(session: Session, event: Action | Submission) -> Found:
    """The open promise of this id."""
    await session.hold(event.value)
    mine = or_(promises.c.person == event.actor.id, promises.c.other == event.actor.id)
    query = select(promises).where(promises.c.id == event.value, mine, promises.c.state == "open")
    return await _about(session, event, await session.first(query), "person", "other")


async def note(session: Session, event: Action) -> Found:
    mine = and_(notes.c.id == event.value, notes.c.author == event.actor.id)
    return await _about(session, event, await session.first(select(notes).where(mine)), "author", "about")


async def _about(session: Session, event: Event, row: Row[Any] | None, one: str, other: str) -> Found:
    if row is None:
        return Found(())
    two = (getattr(row, one), getattr(row, other))
    return await _with(session, event, next((id for id in two if id != event.actor.id), ""), row.words)


async def between(
    session: Session, event: Event, partner: Person, pairs: Iterable[Pair], aims: bool = False
) -> Between:
    you = partner.id
    ours = [pair for pair in pairs if pair.partner(event.actor).id == you]
    return Between(
        partner,
        next((pair for pair in ours if pair.state == "agreed"), None),
        next((pair for pair in ours if pair.state == "proposed"), None),
        (await meetings.coming(session, event)).get(you),
        await _points(session, event, you),
        await _promises(session, event, you),
        await _notes(session, event, you),
        await _goals(session, event, partner) if aims else (),
    )


async def _points(session: Session, event: Event, you: str) -> tuple[core.Point, ...]:
    c, me = agenda.c, event.actor.id
    ours = or_(and_(c.person == me, c.manager == you), and_(c.person == you, c.manager == me))
    rows = await session.all(select(agenda).where(ours, c.done_at.is_(None)).order_by(c.at, c.id).limit(MANY))
    return tuple(core.Point(row.id, row.words, row.author) for row in rows)


async def _promises(session: Session, event: Event, you: str) -> tuple[Promise, ...]:
    c, me = promises.c, event.actor.id
    ours = or_(and_(c.person == me, c.other == you), and_(c.person == you, c.other == me))
    rows = await session.all(select(promises).where(ours, c.state == "open").order_by(c.at, c.id).limit(MANY))
    return tuple(Promise(row.id, row.person, row.words, row.at) for row in rows)


async def _notes(session: Session, event: Event, you: str) -> tuple[Remembered, ...]:
    mine = and_(notes.c.author == event.actor.id, notes.c.about == you)
    rows = await session.all(select(notes).where(mine).order_by(notes.c.at, notes.c.id).limit(MANY))
    return tuple(Remembered(row.id, row.words) for row in rows)


async def _goals(session: Session, event: Event, partner: Person) -> tuple[Goal, ...]:
    """Of whoever of them reports to the other."""
    if partner.manager == event.actor.id:
        return tuple(await goals.theirs(session, event, partner))
    return tuple(await goals.mine(session, event)) if event.actor.manager == partner.id else ()


async def _partners(session: Session, event: Event, pairs: Iterable[Pair]) -> tuple[Person, ...]:
    """Manager and reports, whom one has a rhythm with, and whom there is still a point or a promise with; by name, the
    manager first."""
    actor = event.actor
    manager = await folk.manager(session, event)
    found = [*([manager] if manager else []), *(pair.partner(actor) for pair in pairs if pair.state == "agreed")]
    found += [*await folk.reports(session, event), *(who for who, _ in await points(session, event))]
    others = await _promised(session, event) - {each.id for each in found}
    found += (await folk.many(session, others)).values()
    known = {each.id: each for each in found if not each.gone and each.company == actor.company and each.id != actor.id}
    return tuple(sorted(known.values(), key=lambda each: (each.id != actor.manager, each.name.casefold(), each.id)))


async def _promised(session: Session, event: Event) -> set[str]:
    """To whom, and by whom, something is promised that is not done or dropped yet."""
    c, me = promises.c, event.actor.id
    mine = select(c.other.label("who")).where(c.person == me, c.state == "open")
    theirs = select(c.person.label("who")).where(c.other == me, c.state == "open")
    return {row.who for row in await session.all(mine.union(theirs))}
