"""Points for the next talk between two people."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import UniqueConstraint, or_, select
from sqlmodel import Field, SQLModel

from bot.core.events import Event
from bot.core.people import Person
from storage import people as folk
from storage.engine import Session, table


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
    """What the actor has to talk about, with whom."""
    me = event.actor.id
    mine = or_(agenda.c.person == me, agenda.c.manager == me)
    rows = await session.all(select(agenda).where(mine, agenda.c.done_at.is_(None)).order_by(agenda.c.at).limit(20))
    who = await folk.many(session, {row.person for row in rows} | {row.manager for row in rows})
    return [(who[row.manager if row.person == me else row.person], row.words) for row in rows]
