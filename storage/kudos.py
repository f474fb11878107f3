"""Kudos as facts, and the questions we ask of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, and_, bindparam, delete, func, or_, select, text, update
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Command, Event, Reaction, Reply, Shortcut, Submission
from bot.core.kudos import Giving
from bot.core.people import Kind, Person, Place
from storage import people as folk
from storage import places
from storage.audit import Audited
from storage.engine import Session, insert, table
from storage.people import people, person
from storage.prepared import Prepared

BY_EMOJI, JOINING = text("source IS NOT NULL"), text("joins IS NOT NULL")


class KudosRow(SQLModel, table=True):
    """One thank-you to one person. Several people thanked in one go share `giving`."""

    __tablename__ = "kudos"
    __table_args__ = (
        # One per person, message and giver, however often the emoji is clicked; NULL sources never clash.
        Index("uq_kudos_source", "giver", "receiver", "source", unique=True),
        Index("ix_kudos_source", "source", sqlite_where=BY_EMOJI, postgresql_where=BY_EMOJI),
        Index("ix_kudos_joining", "joins", sqlite_where=JOINING, postgresql_where=JOINING),
        Index("ix_kudos_given", "giver", "at"),
        Index("ix_kudos_received", "receiver", "at"),
    )
    giving: str = Field(primary_key=True)
    receiver: str = Field(primary_key=True, foreign_key="people.id")
    giver: str = Field(foreign_key="people.id")
    words: str
    value: str = ""  # joined by spaces where there are several
    at: datetime
    day: date  # the giver's own, for the allowance
    workspace: str
    conversation: str
    thread: str | None = None
    kind: str
    source: str | None = None  # by reaction: "C1/1700.1", the message; joining in: "kudos:ab12"
    emojis: str = ""  # by which it was given, joined by spaces: it goes with the last of them
    joins: str | None = None  # the giving one's own thanks were added to


kudos = table(KudosRow)
k = kudos.c


@dataclass(frozen=True, slots=True)
class Kudos:
    """A giving, kept. Saved twice for one message and giver, it is there once."""

    giving: Giving
    day: date  # the giver's own
    joins: str | None = None  # the giving these thanks were added to
    first_time: frozenset[str] = frozenset()  # ids of those who get the line that explains kudos

    async def save(self, session: Session) -> None:
        giving, place = self.giving, self.giving.place
        row = {
            "giving": giving.id,
            "giver": giving.giver.id,
            "words": giving.words,
            "value": " ".join(giving.values),
            "at": giving.at,
            "day": self.day,
            "workspace": place.workspace,
            "conversation": place.conversation,
            "thread": place.thread,
            "kind": place.kind,
            "source": giving.source,
            "emojis": " ".join(giving.emojis),
            "joins": self.joins,
        }
        rows = [{**row, "receiver": receiver.id} for receiver in giving.receivers]
        await session.run(_ONCE, rows)
        if self.first_time:
            explained = update(people).where(people.c.id.in_(self.first_time)).values(first_kudos=True)
            await session.run(explained)


@dataclass(frozen=True, slots=True)
class Reworded:
    """The words of a giving, said later."""

    giving: str
    words: str
    values: tuple[str, ...] = ()

    async def save(self, session: Session) -> None:
        values = {"words": self.words, "value": " ".join(self.values)}
        await session.run(update(kudos).where(k.giving == self.giving).values(values))


@dataclass(frozen=True, slots=True)
class Emojis:
    """By which emojis a giving stands now."""

    giving: str
    emojis: tuple[str, ...]

    async def save(self, session: Session) -> None:
        await session.run(update(kudos).where(k.giving == self.giving).values(emojis=" ".join(self.emojis)))


@dataclass(frozen=True, slots=True)
class Removed:
    """These people's part of a giving is gone, with the thanks that others added to it; an audit line stays."""

    event: Event
    giving: str
    receivers: tuple[Person, ...]
    action: str

    async def save(self, session: Session) -> None:
        ids = [receiver.id for receiver in self.receivers]
        this = or_(k.giving == self.giving, k.joins == self.giving)
        await session.run(delete(kudos).where(this, k.receiver.in_(ids)))
        for id in ids:
            await Audited(self.event, id, self.action, self.giving).save(session)


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who had joined in does no longer."""

    giving: str
    giver: str

    async def save(self, session: Session) -> None:
        await session.run(delete(kudos).where(k.joins == self.giving, k.giver == self.giver))


_ONCE = Prepared(lambda dialect: insert(kudos, dialect).on_conflict_do_nothing())
_ON_THEIR_DAY = Prepared(
    lambda _: select(func.count()).where(
        # By the index: a day of theirs, wherever they are, began less than two days ago.
        k.giver == bindparam("giver"),
        k.at > bindparam("since"),
        k.day == bindparam("day"),
        k.joins.is_(None),
    )
)


async def given_today(session: Session, event: Event) -> int:
    """How many thanks the actor gave on their own day. Joining in is free."""
    values = {"giver": event.actor.id, "day": event.today, "since": event.at - timedelta(days=2)}
    found: int = await session.value(_ON_THEIR_DAY, values)
    return found


@dataclass(frozen=True, slots=True)
class Desk:
    """What giving kudos needs to know."""

    given: int  # today, by the actor
    named: tuple[Person, ...]
    unknown_groups: tuple[str, ...] = ()
    kind: Kind = "private"  # of the place
    first_time: frozenset[str] = frozenset()  # ids of the named who have never had the line that explains kudos


async def desk(session: Session, event: Command) -> Desk:
    named = await places.named_in(session, event)
    unknown = await places.unknown_groups(session, event)
    return Desk(
        await given_today(session, event), named, unknown, await _kind(session, event), await _new(session, named)
    )


async def form_desk(session: Session, event: Submission) -> Desk:
    named = event.people.get("to", ())
    return Desk(await given_today(session, event), named, (), await _kind(session, event), await _new(session, named))


async def _kind(session: Session, event: Event) -> Kind:
    """What the place is: as its event says, or as we learned when we were let in."""
    if event.place.kind != "private":
        return event.place.kind
    return await places.kind_of(session, event.place.workspace, event.place.conversation)


async def _new(session: Session, named: Sequence[Person]) -> frozenset[str]:
    """Who of them never had the line that explains kudos. Locked: of two who thank a newcomer at once, one says it."""
    ids = {someone.id for someone in named if not someone.first_kudos}
    if not ids:
        return frozenset()
    query = select(people.c.id).where(people.c.id.in_(ids), people.c.first_kudos.is_(False)).order_by(people.c.id)
    return frozenset(row.id for row in await session.all(query.with_for_update(key_share=True)))


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a reaction needs to know."""

    given: int
    kind: Kind
    giving: Giving | None  # of the reaction itself, when it was counted before; or the card that is joined
    others: tuple[Giving, ...]  # the thanks others gave for the same message by reaction
    new: bool  # the receiver has never had the line that explains kudos


def source_of(event: Reaction) -> str:
    return f"{event.place.conversation}/{event.message}"


async def reacted(session: Session, event: Reaction) -> Reacted:
    source = event.about.partition(":")[2] if event.about.startswith("thanked:") else source_of(event)
    await session.hold(f"{event.place.workspace}/{source}")  # of two emojis at once the second joins the first
    same = await givings(session, and_(k.source == source, people.c.workspace == event.place.workspace))
    own = next((giving for giving in same if giving.giver.id == event.actor.id), None)
    others = tuple(giving for giving in same if giving.giver.id != event.actor.id)
    new = bool(event.author and await _new(session, [event.author]))
    return Reacted(await given_today(session, event), await _kind(session, event), own, others, new)


async def joining(session: Session, event: Reaction) -> Giving | None:
    """The giving whose card was reacted to."""
    return await _here(session, event, event.about)


async def find(session: Session, giving: str) -> Giving | None:
    """One giving with who joined in, until this turn ends as it is now: what is shown of it is drawn from this. None
    when it was taken back."""
    await session.hold(giving)
    found = await givings(session, k.giving == giving)
    if not found:
        return None
    query = (
        select(people).join(kudos, k.giver == people.c.id).where(k.joins == giving).distinct().order_by(people.c.name)
    )
    joined = tuple(person(row) for row in await session.all(query))
    return replace(found[0], joined=joined)


async def pressed(session: Session, event: Action) -> Giving | None:
    return await _here(session, event, event.value)


async def _here(session: Session, event: Event, id: str) -> Giving | None:
    """A giving in the actor's own company; another's is none of theirs."""
    giving = await find(session, id)
    return giving if giving and giving.giver.company == event.actor.company else None


async def submitted(session: Session, event: Submission) -> Giving | None:
    return await find(session, event.value)


async def explained(session: Session, event: Reply) -> Giving | None:
    """The giving whose words are being asked for: the subject of the little dialogue."""
    return await find(session, event.progress.subject)


async def chosen(session: Session, event: Shortcut) -> Kind:
    return await _kind(session, event)


async def last_given(session: Session, event: Event) -> Giving | None:
    """The actor's own last one."""
    mine = and_(k.giver == event.actor.id, k.joins.is_(None))
    last = await session.value(select(k.giving).where(mine).order_by(k.at.desc(), k.giving).limit(1))
    return await find(session, last) if last else None


async def givings(session: Session, where: ColumnElement[bool], limit: int = 500) -> list[Giving]:
    """Givings with all their people, the latest first."""
    query = select(kudos, people.c.id).join(people, people.c.id == k.giver).where(where)
    rows = await session.all(query.order_by(k.at.desc(), k.giving, k.receiver).limit(limit))
    who = await folk.many(session, {row.giver for row in rows} | {row.receiver for row in rows})
    found = dict[str, list[Any]]()
    for row in rows:
        found.setdefault(row.giving, []).append(row)
    return [_giving(those, who) for those in found.values()]


def _giving(rows: list[Any], who: dict[str, Person]) -> Giving:
    row = rows[0]
    receivers = tuple(who[each.receiver] for each in rows)
    place = Place(row.workspace, row.conversation, row.thread, row.kind)
    return Giving(
        row.giving,
        who[row.giver],
        receivers,
        row.words,
        tuple(row.value.split()),
        row.at,
        place,
        row.source,
        tuple(row.emojis.split()),
    )
