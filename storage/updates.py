"""What was said about goals: one goal's history, and those of which nothing has been heard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.core.cards import Point
from bot.core.events import Action, Due, Event, Remark, Submission
from bot.core.goal_cards import TONES
from bot.core.goals import Change, Goal, Update, share
from bot.core.people import Person
from storage import people as folk
from storage.engine import Session
from storage.goals import changes, find, mine, updates
from storage.people import local_day

PAGE = 8  # entries of a history
POINTS = 60  # of a picture: the last ones
REOPEN = timedelta(days=7)
CELEBRATED = "celebrated"


@dataclass(frozen=True, slots=True)
class Seen:
    """A goal the actor may see, and who has to do with it."""

    goal: Goal
    owner: Person | None  # None: a team's or the company's
    manager: Person | None = None  # of the owner
    setter: Person | None = None  # who set it
    parent: Goal | None = None  # what it serves, where the actor may see that too
    celebrated: bool = False  # since it was closed


async def seen(session: Session, event: Event, id: str) -> Seen | None:
    goal = await find(session, event, id)
    if goal is None:
        return None
    owner = await folk.by_id(session, goal.person)
    manager = await folk.by_id(session, owner.manager) if owner else None
    setter = await folk.by_id(session, goal.set_by)
    parent = await find(session, event, goal.parent) if goal.parent else None
    told = select(changes.c.id).where(changes.c.goal == goal.id, changes.c.field == CELEBRATED)
    told = told.where(changes.c.at >= (goal.closed_at or goal.at))
    return Seen(goal, owner, manager, setter, parent, await session.value(told) is not None)


async def pressed(session: Session, event: Action) -> Seen | None:
    return await seen(session, event, event.value.partition("|")[0])


async def submitted(session: Session, event: Submission) -> Seen | None:
    return await seen(session, event, event.value.partition("|")[0])


async def remarked(session: Session, event: Remark) -> Seen | None:
    """What is said in a goal's thread is about the goal."""
    return await seen(session, event, event.topic)


# The history.


@dataclass(frozen=True, slots=True)
class Timeline:
    seen: Seen
    entries: tuple[Update | Change, ...]  # the latest first
    names: Mapping[str, str]  # of authors, by id
    points: tuple[Point, ...]
    results: Mapping[str, str] = field(default_factory=dict)  # titles of key results and of goals served, by id
    page: int = 0
    more: bool = False


async def timeline(session: Session, event: Action) -> Timeline | None:
    """`goal:ab12`, or `goal:ab12|2` for the third page."""
    id, _, said = event.value.partition("|")
    page = int(said) if said.isdecimal() and len(said) < 5 else 0
    about = await seen(session, event, id)
    if about is None:
        return None
    goal, enough = about.goal, (page + 1) * PAGE + 1
    ids = (goal.id, *(each.id for each in goal.results))
    words = select(updates).where(updates.c.goal == goal.id).order_by(updates.c.at.desc(), updates.c.id.desc())
    changed = select(changes).where(changes.c.goal.in_(ids), changes.c.field != CELEBRATED)
    changed = changed.order_by(changes.c.at.desc(), changes.c.id.desc())
    entries: list[Update | Change] = [update_of(row) for row in await session.all(words.limit(enough))]
    entries += [change_of(row) for row in await session.all(changed.limit(enough))]
    entries.sort(key=lambda entry: (entry.at, entry.id), reverse=True)
    shown = tuple(entries[page * PAGE : enough - 1])
    names = {p.id: p.name for p in (await folk.many(session, {each.author for each in shown})).values()}
    titles = {each.id: each.title for each in goal.results}
    for each in shown:
        for served in (each.old, each.new) if isinstance(each, Change) and each.field == "parent" else ():
            if served and served not in titles and (other := await find(session, event, served)):
                titles[served] = other.title
    points = await _points(session, about)
    return Timeline(about, shown, names, points, titles, page, len(entries) > enough - 1)


def update_of(row: Any) -> Update:
    return Update(row.id, row.goal, row.author, row.at, row.value, row.confidence, row.story)


def change_of(row: Any) -> Change:
    return Change(row.id, row.goal, row.author, row.at, row.field, row.old, row.new, row.reason)


async def _points(session: Session, about: Seen) -> tuple[Point, ...]:
    """Where it began, and each figure since; one a day, the last. An objective's are percents of its key results."""
    goal, zone = about.goal, about.owner.zone if about.owner else "UTC"
    if share(goal) is None or goal.kind in ("milestone", "development"):
        return ()
    query = select(updates).where(updates.c.goal == goal.id)
    rows = list(await session.all(query.order_by(updates.c.at.desc(), updates.c.id.desc()).limit(POINTS)))[::-1]
    value, sure, found = goal.start or 0.0, "", dict[date, Point]()
    if len(rows) < POINTS:
        found[local_day(zone, goal.at)] = Point(local_day(zone, goal.at), value)
    for row in rows:
        # What was not said stays as it was said before.
        value, sure = value if row.value is None else row.value, row.confidence or sure
        day = local_day(zone, row.at)
        found[day] = Point(day, value, TONES.get(sure, "plain"))
    return tuple(found[day] for day in sorted(found))


# Those without a word.


@dataclass(frozen=True, slots=True)
class Quiet:
    """Open goals of the actor of which nothing was said, nor asked, for too long."""

    goals: tuple[Goal, ...]


async def quiet(session: Session, event: Due) -> Quiet:
    rest, today = timedelta(days=event.settings.thresholds.stale_goal), event.today

    def last(goal: Goal) -> datetime:
        return max(goal.said_at, goal.asked_at or goal.said_at)

    own = await mine(session, event)
    return Quiet(tuple(goal for goal in own if local_day(event.actor.zone, last(goal)) + rest <= today))


@dataclass(frozen=True, slots=True)
class Celebrated:
    """It was told to everybody: a second tap tells it no second time."""

    goal: str
    author: str
    at: datetime

    async def save(self, session: Session) -> None:
        row = {"id": f"celebrated:{self.goal}:{self.at.isoformat()}", "goal": self.goal, "author": self.author}
        await session.run(changes.insert().values(**row, at=self.at, field=CELEBRATED, old="", new="", reason=""))
