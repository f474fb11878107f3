"""What has to be remembered to write to somebody on Teams: where their conversation is, by which id they are known, and
which documents wait for their yes.

Teams knows a person by two ids: the one a bot talks to ("29:…", other for each bot) and the directory's (a GUID, the
same everywhere). Menus and people pickers name only the second. The account by which we first met somebody stays
theirs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select, tuple_, update
from sqlmodel import Field, SQLModel

from bot.core.cards import File
from bot.core.people import Kind, Place
from storage import unreachable
from storage.engine import Session, table
from storage.outbox import FILE
from storage.people import accounts as folk


class ConversationRow(SQLModel, table=True):
    __tablename__ = "teams_conversations"
    workspace: str = Field(primary_key=True)
    conversation: str = Field(primary_key=True)  # as Place names it: a direct one by the account of its person
    address: str  # as Teams names it
    service_url: str
    kind: str | None = None  # public, private, direct; None: not told yet
    threads: bool = False  # a channel
    team: str = ""  # of a channel: the team it is in
    installs: int = 0  # how often the bot was taken out again: tells one coming from the next
    gone: bool = False
    seen: datetime = Field(index=True)


class AccountRow(SQLModel, table=True):
    __tablename__ = "teams_accounts"
    workspace: str = Field(primary_key=True)
    directory: str = Field(primary_key=True)  # the directory's id; where Teams tells none, the account again
    account: str = Field(index=True)
    told: str = ""  # what Teams last said of them, to see whether it says something new


class FileRow(SQLModel, table=True):
    """A document whose person has been asked whether they want it. Its content goes with their answer, or after a day;
    the rest stays that long, so that a second press is known as one."""

    __tablename__ = "teams_files"
    id: str = Field(primary_key=True)
    workspace: str = Field(index=True)
    account: str
    file: str | None  # None: it was answered
    until: datetime = Field(index=True)
    lease_until: datetime | None = None  # it is on its way


conversations, accounts, files = table(ConversationRow), table(AccountRow), table(FileRow)
KEPT = timedelta(days=1)  # how long a document waits


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a conversation can be written to."""

    workspace: str
    conversation: str
    address: str
    service_url: str
    kind: Kind | None = None
    threads: bool = False
    installs: int = 0
    gone: bool = False
    team: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.workspace, self.conversation


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
        row.installs,
        row.gone,
        row.team,
    )


def _here(workspace: str, conversation: str) -> Any:
    return (conversations.c.workspace == workspace) & (conversations.c.conversation == conversation)


async def reference(session: Session, workspace: str, conversation: str) -> Reference | None:
    row = await session.first(select(conversations).where(_here(workspace, conversation)))
    return _reference(row) if row else None


async def references(session: Session, those: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Reference]:
    """Those that are there of many, by workspace and conversation."""
    here = tuple_(conversations.c.workspace, conversations.c.conversation).in_(list(those))
    found = map(_reference, await session.all(select(conversations).where(here)))
    return {reference.key: reference for reference in found}


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
        **({"team": reference.team} if reference.team else {}),
    }
    new = {"workspace": reference.workspace, "conversation": reference.conversation, "installs": 0, **values}
    insert = session.insert(conversations).values(new)
    await session.run(insert.on_conflict_do_update(index_elements=["workspace", "conversation"], set_=values))
    await unreachable.met(session, reference.workspace, [reference.conversation])


async def removed(session: Session, workspace: str, conversation: str = "", team: str = "") -> None:
    """The bot was taken out: of a conversation, of a team with all its channels or, without either, of the tenant.

    Nothing is sent there until it is put in again.
    """
    here = conversations.c.workspace == workspace
    if conversation:
        place = _here(workspace, conversation)
        here = or_(place, here & (conversations.c.team == team)) if team else place
    out = update(conversations).where(here, conversations.c.gone.is_(False))
    await session.run(out.values(gone=True, installs=conversations.c.installs + 1))


async def anywhere(session: Session, workspace: str) -> bool:
    """Whether the bot is still somewhere in this tenant, as far as it was told."""
    here = select(conversations.c.conversation).where(conversations.c.workspace == workspace)
    return await session.first(here.where(conversations.c.gone.is_(False)).limit(1)) is not None


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


async def keep_file(session: Session, id: str, place: Place, file: File, now: datetime) -> None:
    """The document waits for its person's answer. What nobody answered in time goes."""
    await session.run(files.delete().where(files.c.until <= now))
    until, content = now + KEPT, FILE.dump_json(file).decode()
    row = {"id": id, "workspace": place.workspace, "account": place.conversation, "file": content, "until": until}
    await session.run(session.insert(files).values(row).on_conflict_do_nothing())  # a second try asks about the same


@dataclass(frozen=True, slots=True)
class Waiting:
    file: File | None  # None: answered already, or on its way


async def take_file(session: Session, id: str, place: Place, now: datetime, lease: timedelta) -> Waiting | None:
    """The document, for `lease` nobody else's to bring; None where there is none, or no longer, for this person."""
    theirs = (files.c.id == id, files.c.workspace == place.workspace, files.c.account == place.conversation)
    free = or_(files.c.lease_until.is_(None), files.c.lease_until <= now)
    taken = update(files).where(*theirs, files.c.until > now, files.c.file.is_not(None), free)
    row = await session.first(taken.values(lease_until=now + lease).returning(files.c.file))
    if row:
        return Waiting(FILE.validate_json(row.file))
    known = await session.first(select(files.c.id).where(*theirs, files.c.until > now))
    return Waiting(None) if known else None


async def answered_file(session: Session, id: str) -> None:
    """It is where it should be, or is not wanted: its content is nobody's business any more."""
    await session.run(update(files).where(files.c.id == id).values(file=None, lease_until=None))


async def release_file(session: Session, id: str) -> None:
    """It could not be brought: another try may."""
    await session.run(update(files).where(files.c.id == id).values(lease_until=None))
