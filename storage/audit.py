"""Who read or changed what of somebody else: a line that stays when the thing itself is gone. No words, only ids."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, SQLModel

from bot.core.events import Event
from storage.engine import Session, table


class AuditRow(SQLModel, table=True):
    __tablename__ = "audit"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str = Field(index=True)
    person: str = Field(index=True)  # whose record it is
    action: str  # "kudos.undo"
    record: str


audit = table(AuditRow)


@dataclass(frozen=True, slots=True)
class Audited:
    event: Event
    person: str
    action: str
    record: str

    async def save(self, session: Session) -> None:
        row = {"at": self.event.at, "actor": self.event.actor.id, "person": self.person}
        await session.run(audit.insert().values(**row, action=self.action, record=self.record))
