"""What kudos tell afterwards, of a person, a team and a company."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from bot.core.events import Event
from bot.core.kudos import Giving
from bot.core.people import Person
from storage import access
from storage.engine import Session
from storage.kudos import givings, k, kudos
from storage.people import people, person

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Mine:
    received: int
    given: int
    latest: tuple[Giving, ...]  # received


async def mine(session: Session, event: Event) -> Mine:
    """What the actor gave and got in the last 90 days."""
    since = event.at - timedelta(days=90)
    got, gave = and_(k.receiver == event.actor.id, k.at >= since), and_(k.giver == event.actor.id, k.at >= since)
    received, given = [await session.value(select(func.count()).where(those)) for those in (got, gave)]
    latest = await givings(session, and_(got, k.joins.is_(None)), limit=SHOWN)
    return Mine(received, given, tuple(latest))


async def received(session: Session, someone: Person, since: datetime, until: datetime) -> list[Giving]:
    """What somebody got in a time, the latest first."""
    those = and_(k.receiver == someone.id, k.at >= since, k.at < until, k.joins.is_(None))
    return await givings(session, those)


async def of_team(session: Session, event: Event) -> list[Giving]:
    """The last 30 days of the people around the actor: own reports, colleagues under the same manager, the manager.

    What was said in a private place is left out: it stays there.
    """
    actor = event.actor
    around = [people.c.manager == actor.id, people.c.id == actor.id]
    if actor.manager:
        around += [people.c.manager == actor.manager, people.c.id == actor.manager]
    team = select(people.c.id).where(or_(*around))
    since = event.at - timedelta(days=30)
    those = and_(k.receiver.in_(team), k.at >= since, k.kind == "public", k.joins.is_(None), k.words != "")
    return await givings(session, those, limit=10)


@dataclass(frozen=True, slots=True)
class Lived:
    """A value, how many were thanked for it, and the words of one of them."""

    value: str
    thanks: int
    story: Giving


async def by_value(session: Session, event: Event) -> list[Lived]:
    """The last 90 days of the company, in the values' own order: for conversation, no ranking.

    Nothing for guests: a figure needs its story, and the stories of channels they are not in are not theirs to read.
    """
    if access.outsider(event.actor):
        return []
    since, lived = event.at - timedelta(days=90), list[Lived]()
    for value in event.settings.values:
        named = (" " + k.value + " ").contains(f" {value} ", autoescape=True)
        those = and_(named, k.at >= since, k.kind == "public", k.words != "", k.joins.is_(None))
        here = and_(those, people.c.company == event.actor.company)
        stories = await givings(session, here, limit=1)
        count = select(func.count()).select_from(kudos.join(people, people.c.id == k.giver)).where(here)
        if stories:
            lived.append(Lived(value, await session.value(count), stories[0]))
    return lived


async def board(session: Session, event: Event) -> list[tuple[Person, int]]:
    """Who was thanked how often in the last 30 days, without those who do not want to stand there."""
    since, thanks = event.at - timedelta(days=30), func.count()
    query = (
        select(people, thanks.label("thanks"))
        .join(kudos, k.receiver == people.c.id)
        .where(k.at >= since, people.c.company == event.actor.company, people.c.off_board.is_(False))
        .group_by(*people.c)
        .order_by(thanks.desc(), people.c.name)
        .limit(10)
    )
    return [(person(row), row.thanks) for row in await session.all(query)]
