"""What two people said to each other about something one of them shared."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Event, Remark, Submission
from bot.core.people import Person
from bot.core.progress import Progress
from storage import access
from storage import people as folk
from storage.access import shares
from storage.engine import Session, table


class RemarkRow(SQLModel, table=True):
    __tablename__ = "remarks"
    id: str = Field(primary_key=True)
    about: str = Field(index=True)
    author: str = Field(foreign_key="people.id", index=True)
    reader: str = Field(foreign_key="people.id", index=True)
    words: str
    at: datetime


remarks = table(RemarkRow)


@dataclass(frozen=True, slots=True)
class Said:
    """One of the two said something about it."""

    id: str
    about: str
    author: str
    reader: str
    words: str
    at: datetime

    async def save(self, session: Session) -> None:
        row = {"id": self.id, "about": self.about, "author": self.author, "reader": self.reader}
        await session.run(remarks.insert().values(**row, words=self.words, at=self.at))


@dataclass(frozen=True, slots=True)
class Share:
    """A shared dialogue, seen by one of its two: `other` is who the actor talks to about it."""

    progress: Progress
    owner: Person
    reader: Person

    def other(self, actor: Person) -> Person:
        return self.owner if actor.id == self.reader.id else self.reader


async def remarked(session: Session, event: Remark) -> Share | None:
    """What a remark in a thread of ours is about: `shared:ID` in the reader's, `finished:ID` in the owner's."""
    return await find(session, event, event.topic.partition(":")[2])


async def pressed(session: Session, event: Action) -> Share | None:
    return await find(session, event, event.value.partition("|")[0])


async def submitted(session: Session, event: Submission) -> Share | None:
    return await find(session, event, event.value.partition("|")[0])


async def find(session: Session, event: Event, about: str) -> Share | None:
    """The share, if the actor is one of its two."""
    row = await session.first(select(shares).where(shares.c.about == about).limit(1))
    if row is None or event.actor.id not in (row.person, row.reader):
        return None
    who = await folk.many(session, (row.person, row.reader))
    progress = await access.shared_dialogue(session, event, about)
    return Share(progress, who[row.person], who[row.reader]) if progress else None
