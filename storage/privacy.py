"""Who can see what of one person, as it is now: in figures, without a word of what was said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from bot.core.events import Action, Event
from bot.core.people import Person
from bot.core.progress import Progress
from storage import access, aspirations, dialogues, improvement, learning, meetings, record, summaries
from storage import people as folk
from storage.access import shares
from storage.dialogues import dialogues as talks
from storage.engine import Session
from storage.goals import goals

LATEST = 5


@dataclass(frozen=True, slots=True)
class Shared:
    """A dialogue of the actor's that somebody can read."""

    id: str
    dialogue: str
    subject: str
    reader: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    manager: Person | None
    asked: Person | None  # named as manager, has not said yes
    readers: tuple[tuple[Person, Mapping[str, int]], ...]  # who can read something, and how much of each kind
    latest: tuple[Shared, ...]
    goals: Mapping[str, int]  # open ones of one's own, by visibility
    wishes: Mapping[str, int]  # open aspirations of one's own, by who sees them: manager, me
    learning: Mapping[str, int]  # open actions of one's own plan, by who sees them
    partners: tuple[str, ...]  # whom the actor has one-to-ones with, by name
    plans: int  # improvement plans of the actor's own
    quarters: int  # the actor's talks about a quarter in which something was written down
    reports: int
    read: int  # how much others share with the actor
    record: bool  # may draw up a recognition record


async def situation(session: Session, event: Event) -> Situation:
    me, actor = event.actor.id, event.actor
    row = await session.first(select(folk.people.c.manager_asked).where(folk.people.c.id == me))
    counted = (
        select(shares.c.reader, talks.c.dialogue, func.count().label("many"))
        .join(talks, talks.c.id == shares.c.about)
        .where(shares.c.person == me)
        .group_by(shares.c.reader, talks.c.dialogue)
    )
    found = dict[str, dict[str, int]]()
    for each in await session.all(counted.order_by(talks.c.dialogue)):
        found.setdefault(each.reader, {})[each.dialogue] = each.many
    who = await folk.many(session, found)
    readers = sorted(((who[id], many) for id, many in found.items()), key=lambda pair: pair[0].name.casefold())
    own = select(goals.c.visibility, func.count().label("many")).where(goals.c.person == me, goals.c.state == "open")
    visible = await session.all(own.group_by(goals.c.visibility))
    theirs = await session.value(select(func.count()).select_from(shares).where(shares.c.reader == me))
    return Situation(
        await folk.by_id(session, actor.manager),
        await folk.by_id(session, row.manager_asked if row else None),
        tuple(readers),
        await _latest(session, me, who),
        {each.visibility: each.many for each in visible},
        await aspirations.seen(session, event),
        await learning.seen(session, event),
        tuple(each.partner(actor).name for each in await meetings.mine(session, event) if each.state == "agreed"),
        await improvement.count(session, event),
        await summaries.written(session, event),
        len(await folk.reports(session, event)),
        theirs,
        not (await record.reach(session, event)).nobody,
    )


async def _latest(session: Session, me: str, who: Mapping[str, Person]) -> tuple[Shared, ...]:
    query = (
        select(shares.c.about, shares.c.reader, shares.c.at, talks.c.dialogue, talks.c.subject)
        .join(talks, talks.c.id == shares.c.about)
        .where(shares.c.person == me)
        .order_by(shares.c.at.desc(), shares.c.about)
        .limit(LATEST)
    )
    rows = await session.all(query)
    return tuple(Shared(row.about, row.dialogue, row.subject, who[row.reader], row.at) for row in rows)


@dataclass(frozen=True, slots=True)
class Own:
    """A dialogue of the actor's, with who can read it."""

    progress: Progress
    readers: tuple[Person, ...]


async def pressed(session: Session, event: Action) -> Own | None:
    progress = await dialogues.own(session, event.actor, event.value)
    if progress is None:
        return None
    readers = await folk.many(session, await access.readers(session, progress.id))
    return Own(progress, tuple(sorted(readers.values(), key=lambda person: person.name)))
