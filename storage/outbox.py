"""What came in, once; what goes out, once, in order, when the platform will have it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    ColumnElement,
    Index,
    Row,
    UniqueConstraint,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlmodel import Field, SQLModel

from bot.core.cards import Card
from bot.core.effects import Message, Post, Replace, Retract, ShowHome, Tell, Whisper
from bot.core.events import Event
from bot.core.people import Place
from bot.core.sending import Outgoing
from storage.engine import Session, table

CARD: TypeAdapter[Card] = TypeAdapter(Card)
WAITING = text("sent_at IS NULL AND failed_at IS NULL")
LEASED = text("lease_until IS NOT NULL")


class EventRow(SQLModel, table=True):
    """What we have taken in: the reason nothing happens twice."""

    __tablename__ = "events"
    id: str = Field(primary_key=True)
    at: datetime


class OutboxRow(SQLModel, table=True):
    """What is to be said. Once it is said the words are taken out: the platform has them, we keep where they are."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_waiting", "workspace", "conversation", "id", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_outbox_leased", "workspace", "conversation", sqlite_where=LEASED, postgresql_where=LEASED),
        Index("ix_outbox_threads", "workspace", "conversation", "thread_topic"),
        Index("ix_outbox_said", "workspace", "conversation", "sent_as"),
        UniqueConstraint("key", name="uq_outbox_key"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str
    verb: str
    workspace: str
    conversation: str
    kind: str
    thread: str | None = None  # the platform's id, where somebody else began the thread
    thread_topic: str | None = None  # ours: the first message of a topic begins its thread
    about: str | None = Field(default=None, index=True)
    target: int | None = None  # the row whose message is to be changed or to go
    only_for: str | None = None
    fallback: str | None = None  # the account told instead, where the place cannot be reached
    otherwise: str | None = None  # and what they are told
    card: str | None
    not_before: datetime
    lease_until: datetime | None = None
    tries: int = 0
    unsure: bool = False  # a try began whose end nobody saw; cleared where the platform could be asked
    sent_at: datetime | None = None
    sent_as: str | None = None
    failed_at: datetime | None = None
    error: str | None = None


class PauseRow(SQLModel, table=True):
    """A workspace, or one conversation in it, in which nothing is said until then."""

    __tablename__ = "pauses"
    workspace: str = Field(primary_key=True)
    conversation: str = Field(primary_key=True, default="")
    since: datetime  # a clock that is set back to before this ends the rest
    until: datetime = Field(index=True)


events, outbox, pauses = table(EventRow), table(OutboxRow), table(PauseRow)
row = outbox.c
unsent = row.sent_at.is_(None) & row.failed_at.is_(None)


@dataclass(frozen=True, slots=True)
class Claim:
    id: int
    tries: int
    unsure: bool  # an earlier try may have arrived
    until: datetime  # from then on somebody else may claim it
    message: Outgoing


async def first_time(session: Session, event: Event) -> bool:
    """Whether this event has never been seen. As the first statement of a turn it also takes SQLite's writer lock."""
    new = session.insert(events).values(id=event.id, at=event.at).on_conflict_do_nothing().returning(events.c.id)
    return await session.first(new) is not None


async def put(session: Session, event: Event, number: int | str, message: Message) -> None:
    """One effect into the outbox. `number` tells the effects of one event apart."""
    session.spoke = True
    key = f"{event.id}/{number}"
    match message:
        case Post(place, card, about, otherwise):
            more = {
                "about": about,
                "otherwise": _json(otherwise),
                "fallback": event.actor.account if otherwise else None,
            }
            _add(session, event, key, place, card, more)
        case Tell(person, card, thread, about):
            _add(session, event, key, person.home, card, {"about": about, "thread_topic": thread})
        case Whisper(card):
            more = {"only_for": event.actor.account, "fallback": event.actor.account}
            _add(session, event, key, event.place, card, more)
        case ShowHome(person, card):
            _add(session, event, key, person.home, card, {"verb": "home"})
        case Replace(about, card):
            await _change(session, event, key, about, "update", card)
        case Retract(about):
            await _change(session, event, key, about, "delete", None)


def _json(card: Card | None) -> str | None:
    return CARD.dump_json(card).decode() if card else None


def _add(session: Session, event: Event, key: str, place: Place, card: Card, more: Mapping[str, Any]) -> None:
    row = {
        **NOTHING,
        "key": key,
        "workspace": place.workspace,
        "conversation": place.conversation,
        "kind": place.kind,
        "thread": place.thread,
        "card": _json(card),
        "not_before": event.at,
    }
    session.add(outbox, row | {name: value or None for name, value in more.items()})


# What most messages leave empty: rows that go in together have the same columns.
NOTHING: Mapping[str, Any] = {
    "verb": "post",
    "thread_topic": None,
    "about": None,
    "only_for": None,
    "fallback": None,
    "otherwise": None,
    "tries": 0,
    "unsure": False,
}


async def _change(session: Session, event: Event, key: str, about: str, verb: str, card: Card | None) -> None:
    """One row for each message about the topic. They stand behind it in its conversation, so it is there by then."""
    await session.flush()
    same = [row.workspace, row.conversation, row.kind, row.thread, row.thread_topic, row.only_for]
    columns = ["key", "verb", "target", "card", "not_before", "tries", "unsure", *(column.name for column in same)]
    copied = select(
        literal(f"{key}/") + cast(row.id, row.key.type), literal(verb), row.id, literal(_json(card), row.card.type),
        literal(event.at, row.not_before.type), literal(0), literal(False), *same,
    ).where(row.about == about, row.verb == "post", row.failed_at.is_(None))  # fmt: skip
    await session.run(outbox.insert().from_select(columns, copied))


async def topic_of(session: Session, place: Place) -> str | None:
    """Our own name for the thread this was said in, if we began it."""
    here = (row.workspace == place.workspace) & (row.conversation == place.conversation)
    query = select(row.thread_topic).where(here, row.sent_as == place.thread, row.verb == "post")
    found: Any = await session.value(query.limit(1))
    return str(found) if found else None


async def about(session: Session, place: Place, message: str) -> str | None:
    """What a message of ours is about, by the platform's id of it; None when it is none of ours."""
    here = (row.workspace == place.workspace) & (row.conversation == place.conversation)
    query = select(func.coalesce(row.about, "")).where(here, row.sent_as == message, row.verb == "post")
    found: Any = await session.value(query.limit(1))
    return None if found is None else str(found)


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
    target = targets[found.target, found.workspace, found.conversation] if found.target else None
    message = Outgoing(found.key, place, card, found.verb, found.only_for, target)
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
    gone = {"sent_at": now, "sent_as": sent_as, "lease_until": None, "card": None, "otherwise": None, "error": None}
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
