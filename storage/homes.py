"""Whose home is looked at these days, and since when what stands there is no longer so.

Every turn that writes marks the homes of those it concerns, and the clock has them drawn anew. A mark is the event
that made it: the drawing takes its own id from that, so that two replicas draw once, and what changes while a home is
being drawn marks it again.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Index, bindparam, exists, select, text, update
from sqlmodel import Field, SQLModel

from bot.core.cards import Card
from bot.core.effects import Effect, Grant, KeepDialogue, Record, Replace, Retract, SendFile, Tell
from bot.core.events import Due, Event, Opened
from bot.core.people import Person
from storage.engine import Session, table
from storage.listed import among
from storage.nudges import Answered
from storage.outbox import outbox, unsent
from storage.people import LAYERS, accounts, layered, people, person, settings_of
from storage.prepared import Prepared

WATCHED = timedelta(days=7)  # who has not opened their home for so long is drawn none until they do
TRIES = 3  # a home that cannot be drawn is left until something changes in it, or its person opens it
STALE = text("stale IS NOT NULL")


class HomeRow(SQLModel, table=True):
    __tablename__ = "homes"
    __table_args__ = (Index("ix_homes_stale", "shown_at", sqlite_where=STALE, postgresql_where=STALE),)
    person: str = Field(primary_key=True, foreign_key="people.id")
    workspace: str  # where they opened it last, and as whom
    account: str
    shown_at: datetime  # when they opened it last
    stale: str | None = None  # the event since which it is no longer so
    tries: int = 0
    drawn: str = ""  # the fingerprint of what stands there


homes = table(HomeRow)
h = homes.c


def fingerprint(card: Card) -> str:
    """The same for the same card, so that nothing is sent that is there already."""
    return hashlib.sha256(repr(card).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Drawn:
    """This card is what stands there now."""

    person: str
    card: Card

    async def save(self, session: Session) -> None:
        await session.run(update(homes).where(h.person == self.person).values(drawn=fingerprint(self.card)))


async def looked(session: Session, event: Event) -> str:
    """The actor's home is about to be drawn; returns the fingerprint of what stands there, "" where nothing does.

    To be called before anything that is shown is read: who changes it from here on waits for this row, and marks it.
    """
    if isinstance(event, Opened) and event.renewed:
        fresh = update(homes).where(h.person == event.actor.id).values(stale=None, tries=0)
        return str(await session.value(fresh.returning(h.drawn)) or "")
    seen = {"workspace": event.actor.workspace, "account": event.actor.account, "shown_at": event.at}
    seen |= {"stale": None, "tries": 0}
    insert = session.insert(homes).values(person=event.actor.id, drawn="", **seen)
    shown = insert.on_conflict_do_update(index_elements=["person"], set_=seen).returning(h.drawn)
    return str(await session.value(shown) or "")


def concerned(event: Event, effects: Iterable[Effect]) -> tuple[set[str], set[str]]:
    """The people whose homes this turn may have changed, and the topics whose readers' homes it may have: none of
    either where it has written nothing."""
    ids, topics, wrote = {event.actor.id}, set[str](), isinstance(event, Due)
    for effect in effects:
        match effect:
            case Record(Drawn()):
                pass
            case Record(fact):
                wrote = True
                if isinstance(fact, Answered) and event.actor.manager:  # who sees that it is done, and hears nothing
                    ids.add(event.actor.manager)
            case KeepDialogue():
                wrote = True
            case Grant(reader=reader):
                wrote = True
                ids |= {reader.id} if reader else set()
            case Tell(person=reader) | SendFile(person=reader):
                ids.add(reader.id)
            case Replace(about=about) | Retract(about=about):
                topics.add(about)
    return (ids - {""}, topics) if wrote else (set(), set())


async def changed(session: Session, event: Event, effects: Sequence[Effect]) -> None:
    """Mark what is no longer so: one statement, and none where nothing was written."""
    ids, topics = concerned(event, effects)
    if not ids:
        return
    values: dict[str, Any] = {f"person{n}": id for n, id in enumerate(ids)} | {
        f"topic{n}": topic for n, topic in enumerate(topics)
    }
    values |= {"since": event.at - WATCHED, "mark": event.ref}
    await session.run(_marking(len(ids), len(topics)), values)


@lru_cache(maxsize=64)
def _marking(ids: int, topics: int) -> Prepared:
    theirs: ColumnElement[bool] = h.person.in_([bindparam(f"person{n}") for n in range(ids)])
    if topics:
        told = select(accounts.c.person).join(
            outbox, (outbox.c.workspace == accounts.c.workspace) & (outbox.c.conversation == accounts.c.account)
        )
        named = outbox.c.about.in_([bindparam(f"topic{n}") for n in range(topics)])
        theirs |= h.person.in_(told.where(named, outbox.c.kind == "direct"))
    # In order, or two turns that concern the same people could each wait for the other.
    rows = select(h.person).where(theirs, h.shown_at > bindparam("since")).order_by(h.person).with_for_update()
    marking = update(homes).where(h.person.in_(rows)).values(stale=bindparam("mark"), tries=0)
    return Prepared(lambda _: marking)


async def stale(session: Session, now: datetime, limit: int) -> list[Opened]:
    """What draws the homes that are no longer so: those first whose people looked last. One that is still on its way,
    or waits for a platform that is not there, is left until it has arrived."""
    under_way = exists().where(
        outbox.c.workspace == h.workspace, outbox.c.conversation == h.account, outbox.c.verb == "home", unsent
    )
    query = (
        layered(
            select(h.stale, h.workspace.label("seen_in"), h.account.label("seen_as"), people, *LAYERS).join(
                people, people.c.id == h.person
            )
        )
        .where(h.stale.is_not(None), h.shown_at > now - WATCHED, h.tries < TRIES, people.c.gone.is_(False), ~under_way)
        .order_by(h.shown_at.desc(), h.person)
        .limit(limit)
    )
    found = []
    for row in await session.all(query):
        actor: Person = replace(person(row), workspace=row.seen_in, account=row.seen_as)
        id = f"home/{actor.id}/{row.stale}"
        settings = settings_of(session, row, now)
        found.append(Opened(id=id, actor=actor, place=actor.home, at=now, settings=settings, renewed=True))
    return found


def _mark(event: Opened) -> tuple[str, str]:
    return event.actor.id, event.id.rpartition("/")[2]


async def drawn(session: Session, events: Iterable[Opened]) -> None:
    """A turn that had been taken before did nothing: without this its home would come up again for ever."""
    marks = [_mark(event) for event in events]
    if marks:
        await session.run(update(homes).where(among(session, (h.person, h.stale), marks)).values(stale=None))


async def stumbled(session: Session, event: Opened) -> None:
    """It could not be drawn."""
    who, mark = _mark(event)
    await session.run(update(homes).where(h.person == who, h.stale == mark).values(tries=h.tries + 1))
