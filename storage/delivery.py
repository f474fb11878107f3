"""What delivery asks of the outbox: what is next, and what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Row, and_, func, literal, or_, select, tuple_, update
from sqlmodel import Field, SQLModel

from bot.core.people import Place
from bot.core.sending import Outgoing
from storage.engine import Session, table
from storage.outbox import CARD, FILE, outbox, row, unsent


class PauseRow(SQLModel, table=True):
    """A workspace, or one conversation in it, in which nothing is said until then."""

    __tablename__ = "pauses"
    workspace: str = Field(primary_key=True)
    conversation: str = Field(primary_key=True, default="")
    since: datetime  # a clock that is set back to before this ends the rest
    until: datetime = Field(index=True)


pauses = table(PauseRow)


@dataclass(frozen=True, slots=True)
class Claim:
    id: int
    tries: int
    unsure: bool  # an earlier try may have arrived
    until: datetime  # from then on somebody else may claim it
    message: Outgoing


def _spoken_by(platforms: Iterable[str]) -> ColumnElement[bool]:
    return or_(*(row.workspace.startswith(f"{platform}:", autoescape=True) for platform in platforms))


async def claim(
    session: Session, now: datetime, lease_until: datetime, limit: int, platforms: Iterable[str]
) -> list[Claim]:
    """The head of each conversation and never what stands behind it: that is all that keeps the order.

    `platforms` by name: what is meant for another waits until somebody claims for that one.
    """
    first = select(func.min(row.id)).where(unsent).group_by(row.workspace, row.conversation)
    heads = row.id.in_(first) if session.sqlite else row.id == func.any(func.array(first.scalar_subquery()))
    resting = select(pauses.c.workspace, pauses.c.conversation).where(pauses.c.until > now, pauses.c.since <= now)
    # A message that was told to somebody else instead may come to stand before one that is being sent there.
    held = select(row.workspace, row.conversation).where(row.lease_until.is_not(None), row.lease_until > now, unsent)
    # Never tried is due, whatever a clock that was set back says of when it was written.
    due = or_(row.tries == 0, row.not_before <= now)
    conversation = tuple_(row.workspace, row.conversation)
    taken = (
        select(row.id)
        # `unsent` again: once locked, a row that changed under us is judged anew; the subquery is not.
        .where(heads, unsent, or_(row.lease_until.is_(None), row.lease_until <= now), due, _spoken_by(platforms))
        .where(conversation.not_in(resting), tuple_(row.workspace, literal("")).not_in(resting))
        .where(conversation.not_in(held))
        .order_by(row.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite leaves this out: it has one writer anyway
        .cte("taken")
    )
    # A lease that ran out means that whoever held it went away in the middle of a try.
    claimed = (
        update(outbox)
        .where(row.id.in_(select(taken.c.id)))
        .values(lease_until=lease_until, tries=row.tries + 1, unsure=or_(row.unsure, row.lease_until.is_not(None)))
        .returning(outbox)
    )
    rows = sorted(await session.all(claimed), key=lambda found: int(found.id))
    roots, targets = await _roots(session, rows), await _targets(session, rows)
    claims = []
    for found in rows:
        try:
            claims.append(_claim(found, roots, targets))
        except (ValidationError, LookupError) as error:
            # One row that cannot be read must not stop the claims: it is set aside, its words left where they are.
            await _set_aside(session, found.id, now, type(error).__name__)
    if rows and not claims:  # what stood behind those that were set aside
        return await claim(session, now, lease_until, limit, platforms)
    return claims


def _claim(found: Row[Any], roots: Mapping[Any, str], targets: Mapping[Any, str]) -> Claim:
    thread = found.thread or roots.get((found.workspace, found.conversation, found.thread_topic))
    place = Place(found.workspace, found.conversation, thread, found.kind)
    card = CARD.validate_json(found.card) if found.card else None
    file = FILE.validate_json(found.file) if found.file else None
    target = targets[found.target, found.workspace, found.conversation] if found.target else None
    message = Outgoing(found.key, place, card, found.verb, found.only_for, target, file)
    return Claim(found.id, found.tries, found.unsure, found.lease_until, message)


async def _roots(session: Session, rows: Iterable[Row[Any]]) -> dict[Any, str]:
    """Where each thread began, for those that have begun."""
    wanted = {(found.workspace, found.conversation, found.thread_topic) for found in rows if found.thread_topic}
    if not wanted:
        return {}
    thread = (row.workspace, row.conversation, row.thread_topic)
    begun = select(func.min(row.id)).where(tuple_(*thread).in_(sorted(wanted)), row.sent_as.is_not(None))
    roots = begun.where(row.verb == "post").group_by(*thread)
    found = await session.all(select(*thread, row.sent_as).where(row.id.in_(roots)))
    return {(root.workspace, root.conversation, root.thread_topic): root.sent_as for root in found}


async def _targets(session: Session, rows: Iterable[Row[Any]]) -> dict[Any, str]:
    """The platform's ids of what is to be changed, where it was meant to be: elsewhere it is another message."""
    if not (ids := {found.target for found in rows if found.target}):
        return {}
    query = select(row.id, row.workspace, row.conversation, row.sent_as).where(row.id.in_(ids))
    found = await session.all(query.where(row.sent_as.is_not(None)))
    return {(target.id, target.workspace, target.conversation): target.sent_as for target in found}


async def sent(
    session: Session, claim: Claim, now: datetime, sent_as: str, pause: datetime | None = None, sure: bool = False
) -> None:
    """It is out. Its words are with the platform now and no longer here. `sure`: no earlier try arrived too."""
    words = {"card": None, "file": None, "otherwise": None}
    gone = {"sent_at": now, "sent_as": sent_as, "lease_until": None, "error": None, **words}
    certain = {"unsure": False} if sure else {}
    await session.run(update(outbox).where(row.id == claim.id).values(**gone, **certain))
    if pause:
        place = claim.message.place
        await rest(session, place.workspace, pause, now, place.conversation)


def _ours(claim: Claim) -> ColumnElement[bool]:
    """Who took longer than the lease has nothing more to say about it: somebody else is at it."""
    return and_(row.id == claim.id, row.lease_until == claim.until)


async def failed(session: Session, claim: Claim, error: str, again_at: datetime) -> None:
    values = {"error": error, "not_before": again_at, "lease_until": None, "unsure": True}
    await session.run(update(outbox).where(_ours(claim)).values(**values))


async def given_up(session: Session, claim: Claim, now: datetime, error: str) -> None:
    """Never tried again, and visible from now on. Where there is somebody to tell instead, they are told."""
    found = await session.first(select(row.fallback, row.otherwise, row.card).where(_ours(claim)))
    if found and found.fallback and found.fallback != claim.message.place.conversation:
        instead = {
            "conversation": found.fallback,
            "kind": "direct",
            "thread": None,
            "only_for": None,
            "card": found.otherwise or found.card,
            "about": None,
            "fallback": None,
            "otherwise": None,
            "lease_until": None,
            "tries": 0,
        }
        await session.run(update(outbox).where(_ours(claim)).values(**instead))
    elif found:
        await _set_aside(session, claim.id, now, error)
        if error == "Unreachable" and claim.message.verb == "update":
            # The message itself is gone: what comes next about its topic need not look for it again.
            gone = select(row.target).where(row.id == claim.id).scalar_subquery()
            await session.run(update(outbox).where(row.id == gone).values(about=None))
    session.spoke = True  # what stood behind it can go


async def _set_aside(session: Session, id: int, now: datetime, error: str) -> None:
    await session.run(update(outbox).where(row.id == id).values(failed_at=now, error=error, lease_until=None))


async def rest(session: Session, workspace: str, until: datetime, now: datetime, conversation: str = "") -> None:
    """Nothing is said there until then; a longer rest that was asked for already stays."""
    await session.run(pauses.delete().where(pauses.c.until <= now))
    new = session.insert(pauses).values(workspace=workspace, conversation=conversation, since=now, until=until)
    keys, shorter = ["workspace", "conversation"], or_(pauses.c.until < until, pauses.c.since > now)
    changed = {"since": now, "until": until}
    await session.run(new.on_conflict_do_update(index_elements=keys, set_=changed, where=shorter))


async def release(session: Session, claim: Claim) -> None:
    """Back into the queue untried: we were asked to wait, or to stop."""
    await session.run(update(outbox).where(_ours(claim)).values(lease_until=None, tries=row.tries - 1))


async def next_at(session: Session, now: datetime, platforms: Iterable[str]) -> datetime | None:
    """When to look again: now, or when the first rest, lease or delay is over; None when nothing waits."""
    mine = [unsent, _spoken_by(platforms)]
    if await session.first(select(row.id).where(*mine).limit(1)) is None:
        return None
    waits = (
        select(func.min(row.not_before)).where(*mine, row.tries > 0, row.not_before > now),
        select(func.min(row.lease_until)).where(*mine, row.lease_until > now),
        select(func.min(pauses.c.until)).where(pauses.c.until > now, pauses.c.since <= now),
    )
    return min(filter(None, [await session.value(query) for query in waits]), default=now)


@dataclass(frozen=True, slots=True)
class Backlog:
    waiting: int
    oldest: datetime | None
    failed: int
    unsure: int  # sent again, or given up, without knowing whether an earlier try arrived
    reasons: Mapping[str, int]


async def backlog(session: Session) -> Backlog:
    """What waits and what was given up, for doctor and metrics. No words, no names."""
    count = func.count().label("waiting")
    waiting = await session.first(select(count, func.min(row.not_before).label("oldest")).where(unsent))
    reasons = await session.all(
        select(row.error, func.count().label("times"))
        .where(row.failed_at.is_not(None))
        .group_by(row.error)
        .order_by(row.error)
    )
    unsure = await session.value(select(func.count()).where(row.unsure))
    assert waiting is not None
    by_reason = {str(reason.error): int(reason.times) for reason in reasons}
    return Backlog(waiting.waiting, waiting.oldest, sum(by_reason.values()), unsure, by_reason)
