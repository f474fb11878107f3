"""What delivery asks of the outbox: what is next, and what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Row, Update, and_, bindparam, exists, func, or_, select, text, update

from bot.core.people import Place
from bot.core.sending import Can, Outgoing
from storage import limits, unreachable
from storage.engine import Session
from storage.limits import AHEAD, RESERVE, Budget
from storage.listed import among
from storage.nudges import unsaid
from storage.outbox import CARD, FILE, outbox, row, unsent
from storage.unreachable import Where

MANY = 64  # workspaces that a claim takes something of; the next claim goes on with those behind them
LOOKED = 256  # and that it looks into
# What the clock began and could not be sent for so long, over a weekend say, is stale: it is recorded as missed. What
# somebody said to somebody else is passed on however late it is.
STALE = timedelta(days=3)
TRIED = ("post", "file", "home")  # what is not tried where nobody can be reached


@dataclass(frozen=True, slots=True)
class Claim:
    id: int
    tries: int
    unsure: bool  # an earlier try may have arrived
    at: datetime  # its place in time: not to be sent before
    until: datetime  # from then on somebody else may claim it
    message: Outgoing


@dataclass(frozen=True, slots=True)
class Round:
    """What a look at the outbox found."""

    claims: list[Claim] = field(default_factory=list)
    again: datetime | None = None  # when there are new places in time
    full: bool = True  # all that waits only waits for such places
    rests: Mapping[str, datetime] = field(default_factory=dict)  # workspaces whose platform asked us to wait: how long
    last: str = ""  # the workspace looked into last


@dataclass(frozen=True, slots=True)
class Want:
    """What a process asks for."""

    seats: int  # messages
    cans: Mapping[
        str, Can
    ]  # of the platforms by name: what is meant for another waits until somebody asks for that one
    each: int = 0  # messages of one workspace that it has in hand at most; 0: as many as it gets
    busy: Mapping[str, int] = field(default_factory=dict)  # by workspace: what it has in hand already
    after: str = ""  # the workspace it looked into last: who comes behind it is first this time

    def of(self, workspace: str, share: int) -> int:
        return min(share, self.each - self.busy.get(workspace, 0)) if self.each else share


async def claim(session: Session, now: datetime, lease_until: datetime, want: Want) -> Round:
    """The next message of each conversation and never what stands behind it: that is all that keeps the order.

    Workspaces take turns, so that who has ten messages does not wait for who has 100,000. In a workspace that has more
    than it may say, half is what waited longest and half what was put in last: people who are just talking with us.
    """
    if (
        not session.sqlite
    ):  # a plan for any values, as it makes one after some claims, reads all that waits: 2 s, not 5 ms
        await session.run(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    await limits.over(session, now)
    waiting, last = await _waiting(session, now, want)
    turns = [budget for budget in waiting if budget.begins <= now + AHEAD]
    ends = [budget.begins - RESERVE for budget in waiting if budget.begins > now + AHEAD]
    await limits.begin(session, [budget.workspace for budget in turns[:MANY] if budget.fresh], now)
    rows, places, full = list[Row[Any]](), dict[int, datetime](), len(turns) <= MANY and not last
    for n, budget in enumerate(turns[:MANY]):
        share = ceil((want.seats - len(rows)) / min(len(turns) - n, MANY))
        given = budget.places(now, max(want.of(budget.workspace, share), 0))
        if not given or not await limits.held(session, budget, now):
            full = False
            continue
        taken = await _heads(session, budget.workspace, now, lease_until, len(given))
        if taken and budget.can.rate:
            await limits.spend(session, budget, now, given[len(taken) - 1])
            ends.append(given[len(taken) - 1] + budget.step - RESERVE)
        # All places of this while are used; or there is nothing more to be said at once, or no seat for it.
        full = full and bool(budget.can.rate) and given[-1] + budget.step > now + AHEAD and len(taken) == len(given)
        places |= {found.id: at for found, at in zip(taken, given, strict=False)}
        rows += taken
    claims = await _read(session, rows, places, now)
    if rows and not claims:  # what stood behind those that were set aside
        return await claim(session, now, lease_until, want)
    rests = {budget.workspace: budget.rest for budget in waiting if budget.rest}
    last = last if len(turns) <= MANY and last else turns[min(len(turns), MANY) - 1].workspace if turns else ""
    return Round(claims, min(ends, default=None), full and bool(waiting), rests, last)


async def _waiting(session: Session, now: datetime, want: Want) -> tuple[list[Budget], str]:
    """Where something waits, from the workspace on whose turn it is; and where the look ended, if not with the last."""
    found, last = await limits.waiting(session, now, want.cans, want.after, LOOKED)
    if want.after and not last:  # round again, from the first
        seen = {budget.workspace for budget in found}
        again, _ = await limits.waiting(session, now, want.cans, most=LOOKED)
        found += [budget for budget in again if budget.workspace not in seen]
    return found, last


async def _heads(session: Session, workspace: str, now: datetime, lease_until: datetime, number: int) -> list[Row[Any]]:
    values = {"in_workspace": workspace, "now": now, "lease": lease_until}
    half = ceil(number / 2)
    oldest = await session.all(_next(False), {**values, "number": half})
    if len(oldest) < half or half == number:  # there are no others
        return sorted(oldest, key=lambda found: int(found.id))
    newest = await session.all(_next(True), {**values, "number": number - half})
    return sorted([*oldest, *newest], key=lambda found: int(found.id))


@lru_cache(maxsize=2)
def _next(newest: bool) -> Update:
    """Along the index of what waits in a workspace, so far as it takes to find so many: what else waits is not read.

    On PostgreSQL "the first of each conversation" through NOT EXISTS or IN (… GROUP BY) took seconds; a subquery of one
    value is asked for each row that is come by, and by the index.
    """
    moment = row.not_before.type
    now = bindparam("now", type_=moment)
    first, held = outbox.alias(), outbox.alias()
    before = and_(first.c.sent_at.is_(None), first.c.failed_at.is_(None))
    same = and_(first.c.workspace == row.workspace, first.c.conversation == row.conversation)
    head = select(func.min(first.c.id)).where(same, before).correlate(outbox).scalar_subquery()
    # A message that was told to somebody else instead may come to stand before one that is being sent there.
    same = and_(held.c.workspace == row.workspace, held.c.conversation == row.conversation)
    under_way = and_(held.c.lease_until.is_not(None), held.c.lease_until > now, held.c.sent_at.is_(None))
    taken = (
        select(row.id)
        .where(row.workspace == bindparam("in_workspace"), unsent, row.id > 0, row.id == head)
        .where(or_(row.lease_until.is_(None), row.lease_until <= now))
        .where(~limits.rests(row.workspace, row.conversation, now).correlate(outbox))
        .where(~exists().where(same, under_way, held.c.failed_at.is_(None)).correlate(outbox))
        .order_by(row.id.desc() if newest else row.id)
        .limit(bindparam("number"))
        .with_for_update(skip_locked=True)  # SQLite leaves this out: it has one writer anyway
        .cte("taken")
    )
    # A lease that ran out means that whoever held it went away in the middle of a try.
    unsure = or_(row.unsure, row.lease_until.is_not(None))
    lease = bindparam("lease", type_=moment)
    values = {"lease_until": lease, "tries": row.tries + 1, "unsure": unsure}
    return update(outbox).where(row.id.in_(select(taken.c.id))).values(values).returning(outbox)


async def _read(
    session: Session, rows: Iterable[Row[Any]], places: Mapping[int, datetime], now: datetime
) -> list[Claim]:
    """As messages to be sent; what cannot be, or need not, is set aside."""
    rows = list(rows)
    if not rows:
        return []
    roots, targets = await _roots(session, rows), await _targets(session, rows)
    away, stale = await _away(session, rows, now), list[str]()
    claims = []
    for found in rows:
        try:
            one = _claim(found, roots, targets, places[found.id])
        except (ValidationError, LookupError) as error:
            # One row that cannot be read must not stop the claims: it is set aside, its words left where they are.
            await _set_aside(session, found.id, now, type(error).__name__)
            continue
        if found.key.startswith("due/") and found.not_before < now - STALE and one.message.verb in TRIED:
            stale.append(one.message.event)
            await _set_aside(session, found.id, now, "Missed")
        elif reason := away.get((found.workspace, found.conversation), "") if one.message.verb in TRIED else "":
            await given_up(session, one, now, f"Unreachable: {reason}" if reason != "-" else "Unreachable")
        else:
            claims.append(one)
    await unsaid(session, stale)
    return claims


async def _away(session: Session, rows: Iterable[Row[Any]], now: datetime) -> Mapping[Where, str]:
    """Which of these conversations are known as out of reach, and why. Who has just spoken to us no longer is."""
    away = await unreachable.among(session, ((found.workspace, found.conversation) for found in rows), now)
    back = {(found.workspace, found.conversation) for found in rows if found.heard} & away.keys()
    for workspace, conversation in sorted(back):
        await unreachable.met(session, workspace, [conversation])
    return {where: reason for where, reason in away.items() if where not in back}


def _claim(found: Row[Any], roots: Mapping[Any, str], targets: Mapping[Any, str], at: datetime) -> Claim:
    thread = found.thread or roots.get((found.workspace, found.conversation, found.thread_topic))
    place = Place(found.workspace, found.conversation, thread, found.kind)
    card = CARD.validate_json(found.card) if found.card else None
    file = FILE.validate_json(found.file) if found.file else None
    target = targets[found.target, found.workspace, found.conversation] if found.target else None
    message = Outgoing(found.key, place, card, found.verb, found.only_for, target, file)
    return Claim(found.id, found.tries, found.unsure, at, found.lease_until, message)


async def _roots(session: Session, rows: Iterable[Row[Any]]) -> dict[Any, str]:
    """Where each thread began, for those that have begun."""
    wanted = {(found.workspace, found.conversation, found.thread_topic) for found in rows if found.thread_topic}
    if not wanted:
        return {}
    thread = (row.workspace, row.conversation, row.thread_topic)
    begun = select(func.min(row.id)).where(among(session, thread, sorted(wanted)), row.sent_as.is_not(None))
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
    session: Session, claim: Claim, now: datetime, sent_as: str, can: Can | None = None, sure: bool = False
) -> None:
    """It is out. Its words are with the platform now and no longer here. `sure`: no earlier try arrived too."""
    words = {"card": None, "file": None, "otherwise": None}
    gone = {"sent_at": now, "sent_as": sent_as, "lease_until": None, "error": None, **words}
    certain = {"unsure": False} if sure else {}
    await session.run(update(outbox).where(row.id == claim.id).values(**gone, **certain))
    if can:
        await limits.had(session, claim.message.place, now, can.each)


def _ours(claim: Claim) -> ColumnElement[bool]:
    """Who took longer than the lease has nothing more to say about it: somebody else is at it."""
    return and_(row.id == claim.id, row.lease_until == claim.until)


async def failed(session: Session, claim: Claim, now: datetime, error: str, again_at: datetime) -> None:
    """Its conversation waits with it until then."""
    values = {"error": error, "lease_until": None, "unsure": True}
    if (await session.run(update(outbox).where(_ours(claim)).values(**values))).rowcount:
        await limits.pause(session, claim.message.place, again_at, now)


async def out_of_reach(session: Session, claim: Claim, now: datetime, reason: str) -> None:
    """Nobody can be reached there. That is remembered, unless it may be true of this message only."""
    message = claim.message
    if message.verb in ("post", "file") and not message.only_for and not message.place.thread:
        await unreachable.keep(session, message.place, reason or "-", now)
    await given_up(session, claim, now, f"Unreachable: {reason}" if reason else "Unreachable")


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
        if error.startswith("Unreachable") and claim.message.verb == "update":
            # The message itself is gone: what comes next about its topic need not look for it again.
            gone = select(row.target).where(row.id == claim.id).scalar_subquery()
            await session.run(update(outbox).where(row.id == gone).values(about=None))
    session.spoke = True  # what stood behind it can go


async def _set_aside(session: Session, id: int, now: datetime, error: str) -> None:
    await session.run(update(outbox).where(row.id == id).values(failed_at=now, error=error, lease_until=None))


async def release(session: Session, claim: Claim) -> None:
    """Back into the queue untried: we were asked to wait, or to stop."""
    await session.run(update(outbox).where(_ours(claim)).values(lease_until=None, tries=row.tries - 1))


async def next_at(session: Session, now: datetime, cans: Mapping[str, Can]) -> datetime | None:
    """When to look again: now, or when the first pause, lease or rest is over; None when nothing waits."""
    waiting, _ = await limits.waiting(session, now, cans)
    if not waiting:
        return None
    leased = select(func.min(row.lease_until)).where(unsent, row.lease_until.is_not(None), row.lease_until > now)
    ends = [budget.begins - RESERVE for budget in waiting if budget.begins > now + AHEAD]
    ends += filter(None, [await session.value(leased), await limits.next_end(session, now)])
    return min(ends, default=now)
