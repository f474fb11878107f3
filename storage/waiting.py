"""What waits to be sent, where, since when and why, and what was given up. For doctor and metrics; no words in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from storage import limits, unreachable
from storage.engine import Session
from storage.outbox import outbox, row, unsent


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in a workspace."""

    workspace: str
    waiting: int
    since: datetime  # when the oldest of it was put in
    resting_until: datetime | None  # the platform asked us to wait
    failing: Mapping[str, int]  # what was tried and failed, by type of error

    @property
    def platform(self) -> str:
        return self.workspace.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Backlog:
    waiting: int
    oldest: datetime | None
    failed: int
    unsure: int  # sent again, or given up, without knowing whether an earlier try arrived
    reasons: Mapping[str, int]  # of what was given up
    queues: tuple[Queue, ...]  # the longest first
    unreachable: Mapping[str, int]  # people and conversations that are known as out of reach, by reason


async def backlog(session: Session, now: datetime | None = None) -> Backlog:
    """`now`, where given: rests that are over by then are not told."""
    queues = tuple(sorted(await _queues(session, now), key=lambda queue: (-queue.waiting, queue.workspace)))
    count = func.count().label("times")
    given_up = select(row.error, count).where(row.failed_at.is_not(None)).group_by(row.error).order_by(row.error)
    reasons = {str(found.error): int(found.times) for found in await session.all(given_up)}
    unsure = await session.value(select(func.count()).select_from(outbox).where(row.unsure))
    oldest = min((queue.since for queue in queues), default=None)
    waiting, away = sum(queue.waiting for queue in queues), await unreachable.counted(session)
    return Backlog(waiting, oldest, sum(reasons.values()), unsure, reasons, queues, away)


async def _queues(session: Session, now: datetime | None) -> list[Queue]:
    count = func.count().label("waiting")
    each = select(row.workspace, count, func.min(row.id).label("first")).where(unsent).group_by(row.workspace)
    many = each.subquery()
    beside = many.join(outbox, row.id == many.c.first)
    beside = beside.outerjoin(limits.budgets, limits.budgets.c.workspace == many.c.workspace)
    columns = (many.c.workspace, many.c.waiting, row.not_before, limits.budgets.c.rest_until)
    tried = select(row.workspace, row.error, count).where(unsent, row.error.is_not(None))
    failing = dict[str, dict[str, int]]()
    for found in await session.all(tried.group_by(row.workspace, row.error).order_by(row.workspace, row.error)):
        failing.setdefault(found.workspace, {})[found.error] = found.waiting
    queues = []
    for found in await session.all(select(*columns).select_from(beside)):
        rest = found.rest_until if found.rest_until and (now is None or found.rest_until > now) else None
        queue = Queue(found.workspace, found.waiting, found.not_before, rest, failing.get(found.workspace, {}))
        queues.append(queue)
    return queues
