"""What came in, once; and what is to go out, in order. How it leaves stands in storage/delivery.py."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Index, UniqueConstraint, bindparam, cast, func, literal, select, text, update
from sqlmodel import Field, SQLModel

from bot.core.cards import Card, File, spelled
from bot.core.effects import Message, Post, Replace, Retract, SendFile, ShowHome, Tell, Whisper
from bot.core.events import Action, Due, Event
from bot.core.people import SOMEBODY, Person, Place
from bot.core.wording import wording
from storage.engine import Session, insert, table
from storage.prepared import Prepared

say = wording("common")
CARD: TypeAdapter[Card] = TypeAdapter(Card)
FILE: TypeAdapter[File] = TypeAdapter(File)
Said = Post | Tell | SendFile | Whisper | ShowHome
WAITING = text("sent_at IS NULL AND failed_at IS NULL")
# All of them; but who looks for the first of one conversation must not take this index, as PostgreSQL does without
# statistics: it would read all that waits in the workspace.
QUEUED = text("sent_at IS NULL AND failed_at IS NULL AND id > 0")
LEASED = text("lease_until IS NOT NULL")
TOPIC, THREAD, NAMED = (text(f"{name} IS NOT NULL") for name in ("about", "thread_topic", "sent_as"))
SENT, FAILED = text("sent_at IS NOT NULL"), text("failed_at IS NOT NULL")
UNSURE, UNSURE_SQLITE = text("unsure"), text("unsure = 1")  # as the queries say it


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
        Index("ix_outbox_queue", "workspace", "id", sqlite_where=QUEUED, postgresql_where=QUEUED),
        Index("ix_outbox_leased", "workspace", "conversation", sqlite_where=LEASED, postgresql_where=LEASED),
        # Of those only that have it: each index is a page more to write with every message.
        Index("ix_outbox_topic", "about", sqlite_where=TOPIC, postgresql_where=TOPIC),
        Index(
            "ix_outbox_thread",
            "workspace",
            "conversation",
            "thread_topic",
            sqlite_where=THREAD,
            postgresql_where=THREAD,
        ),
        Index("ix_outbox_sent_as", "workspace", "conversation", "sent_as", sqlite_where=NAMED, postgresql_where=NAMED),
        Index("ix_outbox_lately", "workspace", "conversation", "sent_at", sqlite_where=SENT, postgresql_where=SENT),
        Index("ix_outbox_failed", "error", sqlite_where=FAILED, postgresql_where=FAILED),
        Index("ix_outbox_unsure", "id", sqlite_where=UNSURE_SQLITE, postgresql_where=UNSURE),
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
    about: str | None = None
    target: int | None = None  # the row whose message is to be changed or to go
    only_for: str | None = None
    fallback: str | None = None  # the account told instead, where the place cannot be reached
    otherwise: str | None = None  # and what they are told
    card: str | None
    file: str | None = None
    heard: bool | None = None  # who is told, or that place, has just spoken to us: they can be reached
    not_before: datetime  # when it was put in
    lease_until: datetime | None = None
    tries: int = 0
    unsure: bool = False  # a try began whose end nobody saw; cleared where the platform could be asked
    sent_at: datetime | None = None
    sent_as: str | None = None
    failed_at: datetime | None = None
    error: str | None = None


events, outbox = table(EventRow), table(OutboxRow)
row = outbox.c
unsent = row.sent_at.is_(None) & row.failed_at.is_(None)


async def first_time(session: Session, event: Event) -> bool:
    """Whether this event has never been seen. As the first statement of a turn it also takes SQLite's writer lock."""
    return (await session.run(_ARRIVAL, {"id": event.id, "at": event.at})).rowcount == 1


_ARRIVAL = Prepared(lambda dialect: insert(events, dialect).on_conflict_do_nothing())


async def put(session: Session, event: Event, number: int | str, message: Message) -> None:
    """One effect into the outbox. `number` tells the effects of one event apart."""
    session.spoke = True
    key = f"{event.id}/{number}"
    match message:
        case Post(place, _, about, otherwise):
            more = {
                "about": about,
                "otherwise": written(event, message, otherwise) if otherwise else None,
                "fallback": event.actor.account if otherwise else None,
            }
            _add(session, event, key, place, message, more)
        case Tell(person, _, thread, about):
            _add(session, event, key, person.home, message, {"about": about, "thread_topic": thread})
        case Whisper():
            more = {"only_for": event.actor.account, "fallback": event.actor.account}
            _add(session, event, key, event.place, message, more)
        case SendFile(person, file):
            more = {"verb": "file", "file": FILE.dump_json(file).decode()}
            _add(session, event, key, person.home, message, more)
        case ShowHome(person):
            await _drop(session, row.verb == "home", _here(person.home))
            _add(session, event, key, person.home, message, {"verb": "home"})
        case Replace(about, card):
            await _change(session, event, key, row.about == about, "update", written(event, message, card))
        case Retract(about):
            await _change(session, event, key, row.about == about, "delete", None)


async def put_home(session: Session, event: Event, number: int | str, home: ShowHome, below: Card) -> None:
    """A home where there is no place for it but the direct conversation: one card is alive, as ShowHome says.

    `below` is what becomes of an older one: it says that the home is further down.
    """
    session.spoke = True
    key, topic, place = f"{event.id}/{number}", f"home:{home.person.id}", home.person.home
    await session.flush()
    query = select(row.id).where(row.about == topic, row.verb == "post", row.failed_at.is_(None))
    # Locked: of two events about one home the second sees which card is the living one.
    alive = await session.value(query.order_by(row.id.desc()).limit(1).with_for_update())
    if home.asked and not (alive and await _last_word(session, event, place, alive)):
        _add(session, event, key, place, home, {"about": topic})
        if alive:
            await _change(session, event, key, row.id == alive, "update", written(event, home, below))
            await session.run(update(outbox).where(row.id == alive).values(about=None))
    elif alive:
        await _drop(session, row.verb == "update", row.target == alive)
        await _change(session, event, key, row.id == alive, "update", written(event, home, home.card))


async def _last_word(session: Session, event: Event, place: Place, id: int) -> bool:
    """Whether nothing was said after it: a button was pressed there, and we said nothing since."""
    last = await session.value(select(func.max(row.id)).where(_here(place), row.verb.in_(("post", "file"))))
    pressed = isinstance(event, Action) and event.place.kind == "direct"
    return pressed and bool(last == id)


def _here(place: Place) -> ColumnElement[bool]:
    return (row.workspace == place.workspace) & (row.conversation == place.conversation)


async def _drop(session: Session, *which: ColumnElement[bool]) -> None:
    """What nobody has tried to send yet, and what something newer takes the place of."""
    untried = (unsent, row.tries == 0, row.lease_until.is_(None))
    await session.run(outbox.delete().where(*which, *untried))


def written(event: Event, message: Message, card: Card) -> str:
    """A card as it is kept. Who was erased is named in the language of who reads it."""
    text = CARD.dump_json(card).decode()
    if SOMEBODY in text:
        text = CARD.dump_json(spelled(card, say(_reader(event, message), "somebody"))).decode()
    return text


def _reader(event: Event, message: Message) -> Person | str:
    match message:
        case Tell(person) | SendFile(person) | ShowHome(person):
            return person
        case Post(place) if place.kind != "direct":  # else only the actor is there
            return event.settings.languages.of(place.conversation)
        case Replace():
            return event.settings.languages.default  # the same words for all who have it
        case _:
            return event.actor


def _add(session: Session, event: Event, key: str, place: Place, message: Said, more: Mapping[str, Any]) -> None:
    row = {
        **NOTHING,
        "key": key,
        "workspace": place.workspace,
        "conversation": place.conversation,
        "kind": place.kind,
        "thread": place.thread,
        "card": written(event, message, message.card),
        "not_before": event.at,
        "heard": not isinstance(event, Due) and place.conversation in (event.actor.account, event.place.conversation),
    }
    session.add(outbox, row | {name: value or None for name, value in more.items()})


# What most messages leave empty: rows that go in together have the same columns.
NOTHING: Mapping[str, Any] = {
    "verb": "post",
    "file": None,
    "thread_topic": None,
    "about": None,
    "only_for": None,
    "fallback": None,
    "otherwise": None,
    "tries": 0,
    "unsure": False,
}


async def _change(
    session: Session, event: Event, key: str, which: ColumnElement[bool], verb: str, card: str | None
) -> None:
    """One row for each of those messages. They stand behind it in its conversation, so it is there by then."""
    await session.flush()
    same = [row.workspace, row.conversation, row.kind, row.thread, row.thread_topic, row.only_for]
    columns = ["key", "verb", "target", "card", "not_before", "tries", "unsure", *(column.name for column in same)]
    copied = select(
        literal(f"{key}/") + cast(row.id, row.key.type), literal(verb), row.id, literal(card, row.card.type),
        literal(event.at, row.not_before.type), literal(0), literal(False), *same,
    ).where(which, row.verb == "post", row.failed_at.is_(None))  # fmt: skip
    await session.run(outbox.insert().from_select(columns, copied))


async def topic_of(session: Session, place: Place) -> str | None:
    """Our own name for the thread this was said in, if we began it."""
    values = {"workspace": place.workspace, "conversation": place.conversation, "thread": place.thread}
    found: Any = await session.value(_TOPIC, values)
    return str(found) if found else None


_TOPIC = Prepared(
    lambda _: (
        select(row.thread_topic)
        .where(row.workspace == bindparam("workspace"), row.conversation == bindparam("conversation"))
        .where(row.sent_as == bindparam("thread"), row.verb == "post")
        .limit(1)
    )
)


async def about(session: Session, place: Place, message: str) -> str | None:
    """What a message of ours is about, by the platform's id of it; None when it is none of ours."""
    query = select(func.coalesce(row.about, "")).where(_here(place), row.sent_as == message, row.verb == "post")
    found: Any = await session.value(query.limit(1))
    return None if found is None else str(found)
