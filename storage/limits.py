"""How fast we may speak, shared by all replicas: a conversation's rest, and the next free place in a workspace's row.

In a workspace every message has a place of its own in time, `1 / rate` seconds after the one before, given out when it
is claimed: so the platform's limit is never passed, whoever sends, and nearly all of it is used.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlmodel import Field, SQLModel

from bot.core.people import Place
from bot.core.sending import Can, Limit
from storage.engine import Session, table
from storage.outbox import outbox, row

AHEAD = timedelta(seconds=1.2)  # places are given out so long before their moment: a few claims a second, not one each
RESERVE = timedelta(seconds=0.9)  # what there still is of them when more are given out: a disk may be slow

EVERY = 1_000_000  # workspaces


class PauseRow(SQLModel, table=True):
    """A conversation in which nothing is said until then: it had its share, or its next message just failed."""

    __tablename__ = "pauses"
    workspace: str = Field(primary_key=True)
    conversation: str = Field(primary_key=True)
    since: datetime  # a clock that is set back to before this ends the rest
    until: datetime = Field(index=True)


class BudgetRow(SQLModel, table=True):
    """What of a workspace's rate is used."""

    __tablename__ = "budgets"
    workspace: str = Field(primary_key=True)
    at: datetime  # when this was written; a clock that is set back to before it begins anew
    next_at: datetime  # the first place in time that nobody has
    rest_until: datetime | None = None  # the platform asked us to wait until then


pauses, budgets = table(PauseRow), table(BudgetRow)


@dataclass(frozen=True, slots=True)
class Budget:
    """A workspace in which something waits."""

    workspace: str
    can: Can
    begins: datetime  # its next free place in time; one that is just over may still be taken, as the platform's burst
    rest: datetime | None  # until when its platform asked us to wait, while that is still to come
    fresh: bool  # it has no row yet

    def places(self, now: datetime, limit: int) -> list[datetime]:
        """The moments for so many messages at most."""
        if self.begins > now + AHEAD:
            return []
        if not self.can.rate:
            return [self.begins] * limit
        number = int((now + AHEAD - self.begins).total_seconds() * self.can.rate) + 1
        return [self.begins + n * self.step for n in range(min(number, limit))]

    @property
    def step(self) -> timedelta:
        return timedelta(seconds=1 / self.can.rate) if self.can.rate else timedelta()


async def waiting(
    session: Session, now: datetime, cans: Mapping[str, Can], after: str = "", most: int = EVERY
) -> tuple[list[Budget], str]:
    """Workspaces of these platforms in which something waits, by name from `after` on, and the last that was looked at
    if so many were not all, else nothing."""
    found, lines = list[Budget](), await session.all(_waiting(), {"after": after, "most": most})
    for line in lines:
        if can := cans.get(line.workspace.partition(":")[0]):
            known = line.at is not None and line.at <= now
            rest = line.rest_until if known and line.rest_until and line.rest_until > now else None
            begins = _begins(line, now, can) if known else now
            found.append(Budget(line.workspace, can, begins, rest, line.at is None))
    return found, lines[-1].workspace if len(lines) == most else ""


def _begins(line: Row[Any], now: datetime, can: Can) -> datetime:
    lull = timedelta(seconds=can.burst / can.rate) if can.rate else timedelta()
    begins: datetime = max(now - lull, line.next_at, line.rest_until or line.next_at)
    return begins


@lru_cache(maxsize=1)
def _waiting() -> Select[tuple[str, datetime, datetime, datetime]]:
    """From one workspace to the next by the index: what waits in each is not read."""
    mine, other = outbox.alias(), outbox.alias()
    none = and_(mine.c.sent_at.is_(None), mine.c.failed_at.is_(None))
    none = and_(none, mine.c.workspace > bindparam("after", type_=String))
    names = (func.min(mine.c.workspace).label("workspace"), literal(1).label("number"))
    first = select(*names).where(none).cte("waiting", recursive=True)
    none = and_(other.c.sent_at.is_(None), other.c.failed_at.is_(None))
    after = select(func.min(other.c.workspace)).where(none, other.c.workspace > first.c.workspace).scalar_subquery()
    more = and_(first.c.workspace.is_not(None), first.c.number < bindparam("most", type_=Integer))
    each = first.union_all(select(after, first.c.number + 1).where(more))
    columns = (each.c.workspace, budgets.c.at, budgets.c.next_at, budgets.c.rest_until)
    beside = each.outerjoin(budgets, budgets.c.workspace == each.c.workspace)
    return select(*columns).select_from(beside).where(each.c.workspace.is_not(None)).order_by(each.c.workspace)


async def begin(session: Session, fresh: Iterable[str], now: datetime) -> None:
    """A row for these workspaces, which have none. In their order, lest two replicas wait for each other."""
    rows = [{"workspace": workspace, "at": now, "next_at": now} for workspace in sorted(fresh)]
    if rows:
        await session.run(session.insert(budgets).on_conflict_do_nothing(), rows)


async def held(session: Session, budget: Budget, now: datetime) -> bool:
    """Keep other replicas from giving out places in this workspace until the transaction ends. False: one is at it, or
    was since we looked."""
    if session.sqlite:  # we are alone
        return True
    mine = select(budgets).where(budgets.c.workspace == budget.workspace)
    line = await session.first(mine.with_for_update(skip_locked=True))
    return line is not None and (line.at > now or _begins(line, now, budget.can) <= budget.begins)


async def spend(session: Session, budget: Budget, now: datetime, last: datetime) -> None:
    """All places up to `last` are given out."""
    used = update(budgets).where(budgets.c.workspace == budget.workspace)
    await session.run(used.values(at=now, next_at=last + budget.step))


async def rest(session: Session, workspace: str, until: datetime, now: datetime) -> None:
    """Nothing is said in the whole workspace until then; a longer rest that was asked for already stays."""
    new = session.insert(budgets).values(workspace=workspace, at=now, next_at=now, rest_until=until)
    shorter = or_(budgets.c.rest_until.is_(None), budgets.c.rest_until < until, budgets.c.at > now)
    # What was given out by a clock that has been set back since is no longer so.
    places = case((budgets.c.at > now, now), else_=budgets.c.next_at)
    changed = {"at": now, "next_at": places, "rest_until": until}
    await session.run(new.on_conflict_do_update(index_elements=["workspace"], set_=changed, where=shorter))


async def pause(session: Session, place: Place, until: datetime, now: datetime) -> None:
    """Nothing is said in this conversation until then; a longer pause stays."""
    values = {"since": now, "until": until}
    new = session.insert(pauses).values(workspace=place.workspace, conversation=place.conversation, **values)
    keys, shorter = ["workspace", "conversation"], or_(pauses.c.until < until, pauses.c.since > now)
    await session.run(new.on_conflict_do_update(index_elements=keys, set_=values, where=shorter))


async def had(session: Session, place: Place, now: datetime, limits: Sequence[Limit]) -> None:
    """Something was said there just now: what the platform allows in one conversation may be used up by that."""
    single, many = (
        [limit for limit in limits if limit.messages == 1],
        tuple(each for each in limits if each.messages > 1),
    )
    ends = [now + timedelta(seconds=limit.seconds) for limit in single]
    if many:
        # Of so many the first must be so long ago before one more can be said.
        here = {"workspace": place.workspace, "conversation": place.conversation}
        firsts = await session.first(_firsts(many), here) or ()
        pairs = zip(firsts, many, strict=True)
        ends += [first + timedelta(seconds=limit.seconds) for first, limit in pairs if first is not None]
    if ends and max(ends) > now:
        await pause(session, place, max(ends), now)


@lru_cache(maxsize=8)  # asked for each message that was sent
def _firsts(limits: tuple[Limit, ...]) -> Select[Any]:
    """When the first of as many messages as each limit has was said in a conversation."""
    here = (row.workspace == bindparam("workspace"), row.conversation == bindparam("conversation"))
    said = select(row.sent_at).where(*here, row.sent_at.is_not(None)).order_by(row.sent_at.desc())
    return select(*(said.offset(limit.messages - 1).limit(1).scalar_subquery() for limit in limits))


async def over(session: Session, now: datetime) -> None:
    """Pauses that are over are forgotten."""
    await session.run(pauses.delete().where(pauses.c.until <= now))


def rests(
    workspace: ColumnElement[str], conversation: ColumnElement[str], now: ColumnElement[datetime]
) -> ColumnElement[bool]:
    """Whether a conversation pauses."""
    here = and_(pauses.c.workspace == workspace, pauses.c.conversation == conversation)
    return exists().where(here, pauses.c.until > now, pauses.c.since <= now)


async def next_end(session: Session, now: datetime) -> datetime | None:
    """When the first conversation's pause is over."""
    found: datetime | None = await session.value(
        select(func.min(pauses.c.until)).where(pauses.c.until > now, pauses.c.since <= now)
    )
    return found
