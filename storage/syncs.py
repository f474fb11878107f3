"""Rounds over a platform's list of people: which replica is at it, how far it is, and when the last one was whole."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlmodel import Field, SQLModel

from storage.directory import absent, companies
from storage.engine import Session, table
from storage.people import active, people

LEASE = timedelta(minutes=5)  # a page is asked for and kept in a fraction of it; who went away is missed after it
LONGEST = timedelta(hours=1)  # a lease with the time a platform asked to be left alone


class SyncRow(SQLModel, table=True):
    __tablename__ = "syncs"
    workspace: str = Field(primary_key=True)
    cursor: str = ""  # where the round goes on; the platform's own word for it
    began_at: datetime | None = None
    finished_at: datetime | None = None  # before began_at: the round goes on
    lease_until: datetime | None = None


syncs = table(SyncRow)
s = syncs.c


@dataclass(frozen=True, slots=True)
class Round:
    workspace: str
    cursor: str
    began: datetime
    until: datetime  # from then on somebody else may go on with it


async def claim(session: Session, workspace: str, now: datetime, every: timedelta | None = None) -> Round | None:
    """The round to go on with, or a new one; None while somebody is at it, or the last began less than `every` ago.

    A round that nobody ended in that time begins anew: the platform has forgotten where it was.
    """
    await session.run(session.insert(syncs).values(workspace=workspace, cursor="").on_conflict_do_nothing())
    row = await session.first(select(syncs).where(s.workspace == workspace).with_for_update())
    assert row is not None
    if row.lease_until and now < row.lease_until <= now + LONGEST:  # a later one is of a clock that was set back
        return None
    going = row.began_at and (row.finished_at is None or row.finished_at < row.began_at)
    fresh = row.began_at and row.began_at <= now < row.began_at + (every or timedelta(days=1))
    if fresh and not going and every:
        return None
    cursor, began = (row.cursor, row.began_at) if going and fresh else ("", now)
    found = Round(workspace, cursor, began, now + LEASE)
    await session.run(update(syncs).where(s.workspace == workspace).values(_values(found)))
    if not cursor:
        await companies(session)
    return found


def _values(round: Round) -> dict[str, object]:
    return {"cursor": round.cursor, "began_at": round.began, "lease_until": round.until}


async def go_on(session: Session, round: Round, now: datetime, cursor: str, wait: float = 0) -> Round | None:
    """A page is kept: the next begins at `cursor`, in `wait` seconds. None where somebody else has the round now."""
    following = replace(round, cursor=cursor, until=now + LEASE + timedelta(seconds=wait))
    ours = (s.workspace == round.workspace) & (s.lease_until == round.until)
    kept = await session.run(update(syncs).where(ours).values(_values(following)))
    return following if kept.rowcount else None


async def finish(session: Session, round: Round, now: datetime, whole: bool = True, all_listed: bool = True) -> int:
    """The last page is kept. Whoever a `whole` round did not list is gone, as storage.directory.absent says; returns
    how many that are."""
    ours = (s.workspace == round.workspace) & (s.lease_until == round.until)
    # Not before it began: a clock that is set back would leave it open.
    done = {"cursor": "", "finished_at": max(now, round.began), "lease_until": None}
    if not (await session.run(update(syncs).where(ours).values(done))).rowcount:
        return 0
    return await absent(session, round.workspace, round.began, all_listed) if whole else 0


@dataclass(frozen=True, slots=True)
class Census:
    """How many are here, for doctor. No names."""

    people: int
    unmanaged: int  # without a manager
    read: Mapping[str, datetime | None]  # by workspace: when all of its people were read the last time


async def census(session: Session) -> Census:
    count = func.count().label("many")
    row = await session.first(select(count, func.count(people.c.manager).label("managed")).where(active()))
    assert row is not None
    where = select(people.c.workspace).where(active()).distinct()
    last = {each.workspace: each.finished_at for each in await session.all(select(syncs))}
    read = {each.workspace: last.get(each.workspace) for each in await session.all(where)}
    return Census(row.many, row.many - row.managed, {name: read[name] for name in sorted(read)})
