"""What has to be remembered to write to somebody on Teams: where their conversation is, and by which id they are known.

Teams knows a person by two ids: the one a bot talks to ("29:…", other for each bot) and the directory's (a GUID, the
same everywhere). Menus and people pickers name only the second. The account by which we first met somebody stays
theirs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel import Field, SQLModel

from bot.core.people import Kind
from storage.engine import Session, table
from storage.people import accounts as folk


class ConversationRow(SQLModel, table=True):
    __tablename__ = "teams_conversations"
    workspace: str = Field(primary_key=True)
    conversation: str = Field(primary_key=True)  # as Place names it: a direct one by the account of its person
    address: str  # as Teams names it
    service_url: str
    kind: str | None = None  # public, private, direct; None: not told yet
    threads: bool = False  # a channel
    home: str | None = None  # the card that is kept up to date
    installs: int = 0  # how often the bot was taken out again: tells one coming from the next
    gone: bool = False
    seen: datetime = Field(index=True)


class AccountRow(SQLModel, table=True):
    __tablename__ = "teams_accounts"
    workspace: str = Field(primary_key=True)
    directory: str = Field(primary_key=True)  # the directory's id; where Teams tells none, the account again
    account: str = Field(index=True)
    told: str = ""  # what Teams last said of them, to see whether it says something new


conversations, accounts = table(ConversationRow), table(AccountRow)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a conversation can be written to."""

    workspace: str
    conversation: str
    address: str
    service_url: str
    kind: Kind | None = None
    threads: bool = False
    home: str | None = None
    installs: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    directory: str
    account: str
    told: str = ""


def _reference(row: Row[Any]) -> Reference:
    return Reference(
        row.workspace,
        row.conversation,
        row.address,
        row.service_url,
        row.kind,
        row.threads,
        row.home,
        row.installs,
        row.gone,
    )


def _here(workspace: str, conversation: str) -> Any:
    return (conversations.c.workspace == workspace) & (conversations.c.conversation == conversation)


async def reference(session: Session, workspace: str, conversation: str) -> Reference | None:
    row = await session.first(select(conversations).where(_here(workspace, conversation)))
    return _reference(row) if row else None


async def service_url(session: Session, workspace: str) -> str | None:
    """The address under which this tenant was last heard; good for everybody in it."""
    of_them = select(conversations.c.service_url).where(conversations.c.workspace == workspace)
    found: str | None = await session.value(of_them.order_by(conversations.c.seen.desc()).limit(1))
    return found


async def keep(session: Session, reference: Reference, at: datetime) -> None:
    """The conversation is there, at this address. Its kind is not forgotten for a payload that does not tell it."""
    values = {
        "address": reference.address,
        "service_url": reference.service_url,
        "threads": reference.threads,
        "gone": False,
        "seen": at,
        **({"kind": reference.kind} if reference.kind else {}),
    }
    new = {"workspace": reference.workspace, "conversation": reference.conversation, "installs": 0, **values}
    insert = session.insert(conversations).values(new)
    await session.run(insert.on_conflict_do_update(index_elements=["workspace", "conversation"], set_=values))


async def removed(session: Session, workspace: str, conversation: str) -> None:
    """The bot was taken out: nothing is sent there until it is put in again."""
    here = update(conversations).where(_here(workspace, conversation), conversations.c.gone.is_(False))
    await session.run(here.values(gone=True, installs=conversations.c.installs + 1, home=None))


async def keep_home(session: Session, workspace: str, conversation: str, message: str) -> None:
    await session.run(update(conversations).where(_here(workspace, conversation)).values(home=message))


async def known(session: Session, workspace: str, directory: Iterable[str]) -> Mapping[str, Known]:
    """Who is already known by these ids of the directory."""
    wanted = list(directory)
    if not wanted:
        return {}
    query = select(accounts).where(accounts.c.workspace == workspace, accounts.c.directory.in_(wanted))
    return {row.directory: Known(row.directory, row.account, row.told) for row in await session.all(query)}


async def directory(session: Session, workspace: str, those: Iterable[str]) -> Mapping[str, str]:
    """The directory's ids of these accounts, for people pickers."""
    wanted = list(those)
    if not wanted:
        return {}
    query = select(accounts).where(accounts.c.workspace == workspace, accounts.c.account.in_(wanted))
    return {str(row.account): str(row.directory) for row in await session.all(query)}


async def met(session: Session, workspace: str, those: Iterable[str]) -> frozenset[str]:
    """Which of these accounts are people's whom we have heard of."""
    query = select(folk.c.account).where(folk.c.workspace == workspace, folk.c.account.in_(list(those)))
    return frozenset(str(row.account) for row in await session.all(query))


async def know(session: Session, workspace: str, someone: Known) -> str:
    """Keep who this is. Returns the account they were met by first: it stays theirs."""
    new = {"workspace": workspace, "directory": someone.directory, "account": someone.account, "told": someone.told}
    insert = session.insert(accounts).values(new)
    told = insert.on_conflict_do_update(index_elements=["workspace", "directory"], set_={"told": someone.told})
    account: Any = await session.value(told.returning(accounts.c.account))
    return str(account)
