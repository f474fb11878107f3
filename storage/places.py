"""Places and groups: what kind of place a conversation is, and who is in a platform's user group."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Field, SQLModel

from bot.core.events import Command
from bot.core.people import Kind, Person
from storage.engine import Session, table
from storage.people import introduced


class GroupRow(SQLModel, table=True):
    """A platform's user group, so that `@designers` is known before anybody is asked over the network."""

    __tablename__ = "user_groups"
    workspace: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    handle: str
    members: str  # accounts, joined by commas


class ChannelRow(SQLModel, table=True):
    """What kind of place a conversation is, once we have been let in."""

    __tablename__ = "channels"
    workspace: str = Field(primary_key=True)
    conversation: str = Field(primary_key=True)
    kind: str


groups, channels = table(GroupRow), table(ChannelRow)


async def named_in(session: Session, event: Command) -> tuple[Person, ...]:
    """Everybody a command names: by mention, or as a member of a user group that is known."""
    if not event.groups:
        return event.mentions
    query = select(groups).where(groups.c.workspace == event.actor.workspace, groups.c.id.in_(event.groups))
    keys = [(row.workspace, name) for row in await session.all(query) for name in row.members.split(",") if name]
    known = await introduced(session, [Person("", "", *key) for key in keys])
    # A group never thanks the one who names it.
    members = [someone for someone in known.values() if someone.id != event.actor.id]
    return (*event.mentions, *members)


async def unknown_groups(session: Session, event: Command) -> tuple[str, ...]:
    if not event.groups:
        return ()
    query = select(groups.c.id).where(groups.c.workspace == event.actor.workspace, groups.c.id.in_(event.groups))
    known = {row.id for row in await session.all(query)}
    return tuple(group for group in event.groups if group not in known)


async def keep_group(session: Session, workspace: str, id: str, handle: str, members: Iterable[str]) -> None:
    row = {"workspace": workspace, "id": id, "handle": handle, "members": ",".join(members)}
    insert = session.insert(groups).values(row)
    await session.run(insert.on_conflict_do_update(index_elements=["workspace", "id"], set_=row))


@dataclass(frozen=True, slots=True)
class Channel:
    """A place we were let into, and what kind it is."""

    workspace: str
    conversation: str
    kind: str

    async def save(self, session: Session) -> None:
        row = {"workspace": self.workspace, "conversation": self.conversation, "kind": self.kind}
        insert = session.insert(channels).values(row)
        keys = ["workspace", "conversation"]
        await session.run(insert.on_conflict_do_update(index_elements=keys, set_={"kind": self.kind}))


async def kind_of(session: Session, workspace: str, conversation: str) -> Kind:
    """public or private; what we cannot tell counts as private."""
    query = select(channels.c.kind).where(channels.c.workspace == workspace, channels.c.conversation == conversation)
    found: Kind | None = await session.value(query)
    return found or "private"
