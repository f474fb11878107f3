"""The workspaces we were let into, of any platform; and how one that lets us go is left alone at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Index, Select, select, text, update
from sqlmodel import Field, SQLModel

from bot.core.events import Installed
from storage import unreachable
from storage.engine import Session, table
from storage.outbox import outbox, row, unsent

GONE = text("gone_at IS NOT NULL")


class InstallationRow(SQLModel, table=True):
    __tablename__ = "installations"
    __table_args__ = (Index("ix_installations_gone", "gone_at", sqlite_where=GONE, postgresql_where=GONE),)
    workspace: str = Field(primary_key=True)
    enterprise: str = ""  # the platform's id of an organisation above it
    who: str | None = Field(default=None, foreign_key="people.id", index=True)  # None: the operator, by configuration
    installed_at: datetime
    gone_at: datetime | None = None


installations = table(InstallationRow)
REASON = "Uninstalled"  # of what waited to be said


@dataclass(frozen=True, slots=True)
class Installation:
    workspace: str
    enterprise: str
    who: str | None
    installed_at: datetime
    gone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """The event's workspace has let us in, for the first time or again."""

    event: Installed

    async def save(self, session: Session) -> None:
        event = self.event
        values = {"enterprise": event.enterprise, "who": event.actor.id, "installed_at": event.at, "gone_at": None}
        new = session.insert(installations).values(workspace=event.actor.workspace, **values)
        await session.run(new.on_conflict_do_update(index_elements=["workspace"], set_=values))
        await unreachable.met(session, event.actor.workspace)


async def configured(session: Session, workspace: str, at: datetime) -> None:
    """A workspace whose door the operator opened, by a secret in .env: app.yaml says who is spoken to first there."""
    new = session.insert(installations).values(workspace=workspace, installed_at=at, enterprise="")
    back = {"gone_at": None, "installed_at": at}
    gone = installations.c.gone_at.is_not(None)
    await session.run(new.on_conflict_do_update(index_elements=["workspace"], set_=back, where=gone))


async def left(session: Session, workspace: str, at: datetime) -> bool:
    """We were put out of a workspace at this moment, as its platform says. What waits to be said there is set aside,
    nobody is nudged there any more, its records stay until retention.uninstalled is over. Returns whether it is new.

    A word that comes late, from before we were let in again, does nothing.
    """
    here = installations.c.workspace == workspace
    gone = update(installations).where(here, installations.c.gone_at.is_(None), installations.c.installed_at <= at)
    if (await session.run(gone.values(gone_at=at))).rowcount != 1:
        return False
    waiting = update(outbox).where(row.workspace == workspace, unsent)
    await session.run(waiting.values(failed_at=at, error=REASON, lease_until=None))
    return True


async def find(session: Session, workspace: str) -> Installation | None:
    """None where nobody ever let us in, or all was erased since."""
    found = await session.first(select(installations).where(installations.c.workspace == workspace))
    return Installation(**found._mapping) if found else None


async def known(session: Session, platform: str = "") -> Mapping[str, Installation]:
    """All there are, of one platform if it is named; those that are gone too."""
    query = select(installations).order_by(installations.c.workspace)
    if platform:
        query = query.where(installations.c.workspace.startswith(f"{platform}:", autoescape=True))
    return {found.workspace: Installation(**found._mapping) for found in await session.all(query)}


def deserted() -> Select[tuple[str]]:
    """The workspaces that put us out."""
    return select(installations.c.workspace).where(installations.c.gone_at.is_not(None))
