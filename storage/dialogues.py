"""Dialogues kept between one reply and the next. Only what was given is kept; where one stands follows from it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Index, Row, bindparam, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Event
from bot.core.people import Person
from bot.core.progress import Given, Progress
from storage.engine import Session, table
from storage.prepared import Prepared

GIVEN: TypeAdapter[tuple[Given, ...]] = TypeAdapter(tuple[Given, ...])
SEEDS: TypeAdapter[Mapping[str, tuple[str, ...]]] = TypeAdapter(dict[str, tuple[str, ...]])


class DialogueRow(SQLModel, table=True):
    __tablename__ = "dialogues"
    __table_args__ = (Index("floor", "person", "state", "touched"),)
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    dialogue: str
    subject: str
    seeds: str
    given: str
    state: str
    began: datetime
    touched: datetime
    thread: str = Field(default="", index=True)


dialogues = table(DialogueRow)
d = dialogues.c

_MINE = d.person == bindparam("owner")
_OWN = Prepared(lambda _: select(dialogues).where(d.id == bindparam("dialogue"), _MINE))
_IN_THREAD = Prepared(
    lambda _: (
        select(dialogues)
        .where((d.id == bindparam("topic")) | (d.thread == bindparam("topic")), _MINE)
        .order_by(d.state == "finished", d.touched.desc())
        .limit(1)
    )
)
_FLOOR = Prepared(lambda _: select(dialogues).where(_MINE, d.state == "open").order_by(d.touched.desc()).limit(1))


async def keep(session: Session, event: Event, progress: Progress) -> None:
    """Save how far it is. A dialogue stays its owner's, whoever's event moves it on."""
    values = {
        "subject": progress.subject,
        "seeds": SEEDS.dump_json(progress.seeds).decode(),
        "given": GIVEN.dump_json(progress.given).decode(),
        "state": progress.state,
        "touched": event.at,
    }
    new = {"id": progress.id, "person": event.actor.id, "dialogue": progress.dialogue, "began": event.at}
    new |= {"thread": progress.thread, **values}
    insert = session.insert(dialogues).values(new)
    await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=values))


async def own(session: Session, owner: Person, id: str) -> Progress | None:
    """The dialogue of this id, as long as it is the owner's."""
    row = await session.first(_OWN, {"dialogue": id, "owner": owner.id})
    return progress_of(row) if row else None


async def in_thread(session: Session, owner: Person, topic: str) -> Progress | None:
    """The owner's dialogue in the thread of this topic: one that is not finished before one that is."""
    row = await session.first(_IN_THREAD, {"topic": topic, "owner": owner.id})
    return progress_of(row) if row else None


async def with_the_floor(session: Session, owner: Person) -> Progress | None:
    """The open dialogue that was moved on last: words said outside any thread answer it."""
    row = await session.first(_FLOOR, {"owner": owner.id})
    return progress_of(row) if row else None


async def pause_others(session: Session, event: Event, progress: Progress) -> list[Progress]:
    """Every other open dialogue of the actor is paused; returns them."""
    others = (d.person == event.actor.id) & (d.state == "open") & (d.id != progress.id)
    paused = update(dialogues).where(others).values(state="paused").returning(dialogues)
    return [progress_of(row) for row in await session.all(paused)]


async def answered_by(session: Session, owner: Person, message: str) -> Progress | None:
    """The dialogue in which this message of the owner's is an answer."""
    kept_as = f'"message":{json.dumps(message)}'
    mine = (d.person == owner.id) & d.given.contains(kept_as, autoescape=True)
    row = await session.first(select(dialogues).where(mine).order_by(d.touched.desc()).limit(1))
    return progress_of(row) if row else None


async def unfinished(session: Session, event: Event) -> list[Progress]:
    """What the actor has begun and not ended, the last touched first."""
    states = d.state.in_(("open", "paused"))
    query = select(dialogues).where(d.person == event.actor.id, states)
    return [progress_of(row) for row in await session.all(query.order_by(d.touched.desc()).limit(20))]


def progress_of(row: Row[Any]) -> Progress:
    return Progress(
        row.id,
        row.dialogue,
        row.subject,
        SEEDS.validate_json(row.seeds),
        GIVEN.validate_json(row.given),
        row.state,
        row.thread,
    )
