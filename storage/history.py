"""What somebody has given and received so far, of every kind, the latest first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from bot.core.events import Action, Command, Event
from storage import people as folk
from storage.checkin import checkins
from storage.dialogues import GIVEN
from storage.dialogues import dialogues as talks
from storage.engine import Session
from storage.grow import commitments
from storage.kudos import kudos
from storage.review import reviews

PAGE = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a history. `kind` names the sentence that shows it, `names` what is filled in."""

    kind: str  # received, given, checkin, review, commitment
    at: datetime
    words: str
    names: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    entries: tuple[Entry, ...]
    older: datetime | None  # where the next page begins


async def first_page(session: Session, event: Command) -> Page:
    return await page(session, event, event.at, included=True)


async def older_page(session: Session, event: Action) -> Page:
    try:
        before = datetime.fromisoformat(event.value)
        before = before.astimezone(UTC) if before.tzinfo else event.at
    except (ValueError, OverflowError):  # the first and the last day there are have no UTC everywhere
        before = event.at
    return await page(session, event, before)


async def page(session: Session, event: Event, before: datetime, included: bool = False) -> Page:
    """The actor's own records only: no other person's door is opened here."""
    me, found = event.actor.id, list[Entry]()
    found += await _kudos(session, me, before, included)
    for kind, rows in (("checkin", checkins), ("review", reviews)):
        query = select(rows.c.at, rows.c.period, talks.c.given).join(talks, talks.c.id == rows.c.id)
        query = query.where(rows.c.person == me, _until(rows.c.at, before, included)).order_by(rows.c.at.desc())
        for row in await session.all(query.limit(PAGE + 1)):
            replies = [given.reply for given in GIVEN.validate_json(row.given) if len(given.reply) > 1]
            found.append(Entry(kind, row.at, replies[0] if replies else "", {"period": row.period}))
    own = commitments.c.person == me
    query = select(commitments).where(own, _until(commitments.c.at, before, included))
    for row in await session.all(query.order_by(commitments.c.at.desc()).limit(PAGE + 1)):
        found.append(Entry("commitment", row.at, row.words, {"day": row.day, "state": row.state}))
    found.sort(key=lambda entry: entry.at, reverse=True)
    more = len(found) > PAGE
    return Page(tuple(found[:PAGE]), found[PAGE - 1].at if more else None)


def _until(column: Any, before: datetime, included: bool) -> Any:
    return column <= before if included else column < before


async def _kudos(session: Session, me: str, before: datetime, included: bool) -> list[Entry]:
    rows = list[tuple[str, Any]]()
    for kind, side in (("received", kudos.c.receiver), ("given", kudos.c.giver)):
        query = select(kudos).where(side == me, kudos.c.joins.is_(None), _until(kudos.c.at, before, included))
        rows += [(kind, row) for row in await session.all(query.order_by(kudos.c.at.desc()).limit(PAGE + 1))]
    who = await folk.many(session, {row.giver for _, row in rows} | {row.receiver for _, row in rows})
    return [
        Entry(kind, row.at, row.words, {"who": who[row.giver if kind == "received" else row.receiver].name})
        for kind, row in rows
    ]
