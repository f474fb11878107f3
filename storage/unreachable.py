"""Who cannot be reached: asked of the platform once, remembered, and not tried with every nudge again."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select, tuple_
from sqlmodel import Field, SQLModel

from bot.core.people import Place
from storage.engine import Session, table

# Nobody tells us that a channel was opened again, or an account: once in so long a message is tried after all.
AGAIN = timedelta(days=7)


class UnreachableRow(SQLModel, table=True):
    """A conversation, or a person by their account, in which the platform takes nothing from us."""

    __tablename__ = "unreachable"
    workspace: str = Field(primary_key=True)
    conversation: str = Field(primary_key=True)
    reason: str  # the platform's own code for it
    since: datetime
    until: datetime = Field(index=True)  # then one message is tried again


unreachable = table(UnreachableRow)
u = unreachable.c
Where = tuple[str, str]  # workspace, conversation


async def keep(session: Session, place: Place, reason: str, now: datetime) -> None:
    """Nobody can be reached there, as the platform says."""
    changed = {"reason": reason, "until": now + AGAIN}
    new = session.insert(unreachable).values(
        workspace=place.workspace, conversation=place.conversation, since=now, **changed
    )
    await session.run(new.on_conflict_do_update(index_elements=["workspace", "conversation"], set_=changed))


async def among(session: Session, places: Iterable[Where], now: datetime) -> Mapping[Where, str]:
    """Those of these conversations that are known to be out of reach, and why."""
    if not (wanted := sorted(set(places))):
        return {}
    query = select(unreachable).where(tuple_(u.workspace, u.conversation).in_(wanted), u.until > now)
    return {(found.workspace, found.conversation): found.reason for found in await session.all(query)}


async def met(session: Session, workspace: str, conversations: Iterable[str] | None = None) -> None:
    """They can be reached (again): all of a workspace, or these."""
    here = [u.workspace == workspace]
    if conversations is not None:
        here.append(u.conversation.in_(list(conversations)))
    await session.run(unreachable.delete().where(and_(*here)))


async def counted(session: Session) -> Mapping[str, int]:
    """How many there are, by reason. No names."""
    query = select(u.reason, func.count().label("number")).group_by(u.reason).order_by(u.reason)
    return {str(found.reason): int(found.number) for found in await session.all(query)}
