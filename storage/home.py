"""What a home shows, read at once: each table is asked one time."""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, or_, select

from bot.core.events import Event
from bot.core.goals import Goal
from bot.core.home import Around, Home, Promise, Thanks
from bot.core.progress import Progress
from storage import (
    cadences,
    checkin,
    dialogues,
    digest,
    expectations,
    goals,
    grow,
    homes,
    improvement,
    learning,
    meetings,
    mentors,
    oneonone,
    requests,
    review,
    summaries,
)
from storage.engine import Session
from storage.kudos import k, kudos
from storage.nudges import nudges
from storage.people import people


async def home(session: Session, event: Event) -> Home:
    before = await homes.looked(session, event)
    offered, own = await _goals(session, event)
    return Home(
        checkin.current(event),
        await _around(session, event),
        tuple(await _still_open(session, event)),
        tuple(Promise(each.id, each.words, each.day) for each in await grow.open_ones(session, event)),
        tuple(await requests.asked_of_me(session, event)),
        offered,
        own,
        await _thanks(session, event),
        tuple(await oneonone.points(session, event)),
        expected=await expectations.waiting(session, event),
        learning=tuple(Promise(each.id, each.words, each.day) for each in await learning.mine(session, event)),
        mentoring=tuple(await mentors.asked_of_me(session, event)),
        quarters=tuple(await summaries.waiting(session, event)),
        rhythms=tuple(await meetings.mine(session, event)),
        unread=tuple(await improvement.waiting(session, event)),
        held=await digest.count(session, event.actor),
        before=before,
    )


async def _still_open(session: Session, event: Event) -> list[Progress]:
    """What the actor can still go on with: a check-in or look back of a period that is over is closed."""
    now = {"checkin": checkin.current(event), "review": review.current(event)}
    found = await dialogues.unfinished(session, event)
    return [progress for progress in found if now.get(progress.dialogue, progress.subject) == progress.subject]


async def _around(session: Session, event: Event) -> Around:
    """Everybody a home names by their post, and the actor, in one statement."""
    me, mine = event.actor.id, checkin.current(event)
    theirs = await cadences.period_of_team(session, event, "checkin")
    now = case((people.c.manager == me, theirs), else_=mine)
    this = and_(
        nudges.c.person == people.c.id, nudges.c.rhythm == "checkin", nudges.c.period == now, nudges.c.step == 0
    )
    query = (
        select(people.c.id, people.c.name, people.c.manager, people.c.manager_asked, nudges.c.state)
        .outerjoin(nudges, this)
        .where(or_(people.c.id == me, people.c.manager == me, people.c.manager_asked == me), people.c.gone.is_(False))
        .order_by(people.c.name, people.c.id)
    )
    rows = await session.all(query)
    return Around(
        tuple((row.id, row.name) for row in rows if row.manager_asked == me),
        tuple((row.name, row.state) for row in rows if row.manager == me),
        next((row.state for row in rows if row.id == me), None),
        theirs,
    )


async def _goals(session: Session, event: Event) -> tuple[tuple[tuple[Goal, str], ...], tuple[Goal, ...]]:
    """Those that were suggested to the actor, and their own open ones with their key results; the oldest first."""
    g = goals.goals.c
    mine = and_(g.person == event.actor.id, g.state.in_(("offered", "open")), g.objective.is_(None))
    query = select(goals.goals, people.c.name.label("setter")).join(people, people.c.id == g.set_by).where(mine)
    rows = await session.all(query.order_by(g.at, g.id).limit(goals.MANY))
    offered = tuple((goals.goal_of(row), row.setter) for row in rows if row.state == "offered")
    return offered, tuple(await goals.grouped(session, [row for row in rows if row.state == "open"]))


async def _thanks(session: Session, event: Event) -> Thanks:
    """Of the actor's own month."""
    first = datetime.combine(event.today.replace(day=1), time(), ZoneInfo(event.actor.zone)).astimezone(UTC)
    wordless: Any = k.words == ""
    query = (
        select(k.words, people.c.name, func.count().over().label("thanks"))
        .select_from(kudos.join(people, people.c.id == k.giver))
        .where(k.receiver == event.actor.id, k.at >= first)
        .order_by(wordless, k.at.desc(), k.giving.desc())
    )
    row = await session.first(query.limit(1))
    return Thanks(row.thanks, row.name, row.words) if row else Thanks()
