"""Points for the next talk between two people."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import UniqueConstraint, select, union_all
from sqlmodel import Field, SQLModel

from bot.core.events import Event
from bot.core.people import Person
from storage.engine import Session, table
from storage.people import people, person

MANY = 100


class AgendaRow(SQLModel, table=True):
    __tablename__ = "agenda"
    __table_args__ = (UniqueConstraint("source", "manager", name="uq_agenda_source"),)
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id", index=True)
    manager: str = Field(foreign_key="people.id", index=True)
    words: str
    source: str  # "checkin:ab12": what it is about
    at: datetime
    done_at: datetime | None = None


agenda = table(AgendaRow)


@dataclass(frozen=True, slots=True)
class Point:
    """Something to talk about. The same source twice is one point."""

    id: str
    person: str
    manager: str
    words: str
    source: str
    at: datetime

    async def save(self, session: Session) -> None:
        row = {"id": self.id, "person": self.person, "manager": self.manager, "words": self.words}
        insert = session.insert(agenda).values(**row, source=self.source, at=self.at)
        await session.run(insert.on_conflict_do_nothing())


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
