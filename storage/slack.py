"""Workspaces that installed our Slack app: their tokens, sealed, and the states of installations under way."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, update
from sqlmodel import Field, SQLModel

from bot.core.sealed import Sealer, WrongKey
from storage.engine import Session, table

EARLY = timedelta(hours=2)  # before a token's end it is renewed: it lives for twelve
LEASE = timedelta(minutes=1)  # of whoever renews it
LASTING = timedelta(minutes=10)  # of a state
AT_ONCE = 20  # tokens renewed in a row


class GrantRow(SQLModel, table=True):
    __tablename__ = "slack_grants"
    workspace: str = Field(primary_key=True)  # "slack:T…"; of a whole organisation "slack:E…"
    sealed: str  # JSON: the token, and what it is renewed with
    name: str = ""  # as Slack calls the workspace
    bot: str = ""  # our account there
    scopes: str = ""  # with commas between
    version: int = 0  # of the token
    expires_at: datetime | None = Field(default=None, index=True)  # None: never
    renewed_at: datetime | None = None
    failed_at: datetime | None = None  # since when it cannot be renewed
    error: str = ""  # Slack's word for why
    lease_until: datetime | None = None


class StateRow(SQLModel, table=True):
    """An installation that was begun, so that any replica can end it. Holds only a digest of the state."""

    __tablename__ = "slack_states"
    digest: str = Field(primary_key=True)
    until: datetime = Field(index=True)


grants, states = table(GrantRow), table(StateRow)
g = grants.c


@dataclass(frozen=True, slots=True)
class Grant:
    """What a workspace granted us. Its tokens are shown nowhere."""

    workspace: str
    token: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    name: str = ""
    bot: str = ""
    scopes: str = ""
    version: int = 0
    expires_at: datetime | None = None
    renewed_at: datetime | None = None
    failed_at: datetime | None = None
    error: str = ""


# Tokens.


async def keep(session: Session, sealer: Sealer, grant: Grant, at: datetime) -> None:
    """Granted, or granted anew: whatever token was there before is no longer good."""
    values = _sealed(sealer, grant) | {"name": grant.name, "bot": grant.bot, "scopes": grant.scopes, "renewed_at": at}
    new = session.insert(grants).values(workspace=grant.workspace, version=1, **values)
    again = {**values, "version": g.version + 1}
    await session.run(new.on_conflict_do_update(index_elements=["workspace"], set_=again))


def _sealed(sealer: Sealer, grant: Grant) -> dict[str, Any]:
    told = json.dumps({"workspace": grant.workspace, "token": grant.token, "refresh": grant.refresh})
    rest = {"failed_at": None, "error": "", "lease_until": None}
    return {"sealed": sealer.seal(told), "expires_at": grant.expires_at, **rest}


async def find(session: Session, sealer: Sealer, workspace: str) -> Grant | None:
    """None where we are not installed. Raises WrongKey."""
    row = await session.first(select(grants).where(g.workspace == workspace))
    return _opened(sealer, row) if row else None


def _opened(sealer: Sealer, row: Row[Any]) -> Grant:
    told = json.loads(sealer.open(row.sealed))
    if told["workspace"] != row.workspace:  # somebody moved it in the database: it would speak for another company
        raise WrongKey
    names = ("workspace", "name", "bot", "scopes", "version", "expires_at", "renewed_at", "failed_at", "error")
    return Grant(token=told["token"], refresh=told["refresh"], **{name: getattr(row, name) for name in names})


async def workspaces(session: Session) -> list[str]:
    """All that have us, by name."""
    return [row.workspace for row in await session.all(select(g.workspace).order_by(g.workspace))]


async def forget(session: Session, workspace: str) -> None:
    """Its tokens are worth nothing any more."""
    await session.run(grants.delete().where(g.workspace == workspace))


# Renewing them.


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(g.lease_until.is_(None), g.lease_until <= now, g.lease_until > now + LEASE)  # a clock was set back
    return and_(g.expires_at.is_not(None), g.expires_at <= now + EARLY, free)


async def claim(session: Session, sealer: Sealer, now: datetime, only: str | None = None) -> list[Grant]:
    """Tokens to be renewed now, by us alone for LEASE. One that cannot be opened is left for who has its key."""
    which = select(g.workspace).where(_due(now)).order_by(g.expires_at).limit(AT_ONCE)
    if only:
        which = which.where(g.workspace == only)
    locked = which.with_for_update(skip_locked=True)
    taken = update(grants).where(g.workspace.in_(locked)).values(lease_until=now + LEASE).returning(grants)
    found = list[Grant]()
    for row in await session.all(taken):
        try:
            found.append(_opened(sealer, row))
        except WrongKey:
            await _failed(session, row.workspace, row.version, now, "wrong_key")
    return [each for each in found if each.refresh]


async def renewed(session: Session, sealer: Sealer, before: Grant, now: datetime, **new: Any) -> bool:
    """`new`: token, refresh and expires_at. False where somebody installed us anew meanwhile: that one counts."""
    values = _sealed(sealer, replace(before, **new)) | {"renewed_at": now, "version": before.version + 1}
    same = and_(g.workspace == before.workspace, g.version == before.version)
    return (await session.run(update(grants).where(same).values(values))).rowcount == 1


async def not_renewed(session: Session, before: Grant, now: datetime, error: str) -> None:
    """It is tried again after LEASE. `error` is Slack's own word, or the kind of trouble."""
    await _failed(session, before.workspace, before.version, before.failed_at or now, error)


async def _failed(session: Session, workspace: str, version: int, since: datetime, error: str) -> None:
    same = and_(g.workspace == workspace, g.version == version)
    await session.run(update(grants).where(same).values(failed_at=since, error=error))


# Keys.


async def reseal(session: Session, sealer: Sealer) -> tuple[int, Sequence[str]]:
    """Everything under the first key. How many were under another, and the workspaces whose tokens no key opens: those
    stay as they are."""
    changed, lost = 0, list[str]()
    for row in await session.all(select(g.workspace, g.sealed).with_for_update()):
        try:
            anew = sealer.anew(row.sealed)
        except WrongKey:
            lost.append(row.workspace)
            continue
        if anew:
            same = and_(g.workspace == row.workspace, g.sealed == row.sealed)
            changed += (await session.run(update(grants).where(same).values(sealed=anew))).rowcount
    return changed, lost


async def unopened(session: Session, sealer: Sealer) -> list[str]:
    """The workspaces whose tokens no key of ours opens."""
    lost = list[str]()
    for row in await session.all(select(grants).order_by(g.workspace)):
        try:
            _opened(sealer, row)
        except WrongKey:
            lost.append(row.workspace)
    return lost


# Installations under way.


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


async def begin(session: Session, state: str, now: datetime) -> None:
    await session.run(states.delete().where(states.c.until <= now))
    await session.run(states.insert().values(digest=_digest(state), until=now + LASTING))


async def use(session: Session, state: str, now: datetime) -> bool:
    """Whether this state is one of ours, was not used and is not too old. It is used from now on."""
    mine = states.delete().where(states.c.digest == _digest(state)).returning(states.c.until)
    row = await session.first(mine)
    return row is not None and bool(row.until > now)


def lacking(granted: str, wanted: Iterable[str]) -> list[str]:
    """Which of the wanted scopes were not granted."""
    return sorted(set(wanted) - {scope.strip() for scope in granted.split(",")})
