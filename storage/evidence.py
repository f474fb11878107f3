"""The evidence of somebody's time, as far as one reader may see it: the same sources for both sides of a review, each
record asked about by itself."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from bot.core.events import Event
from bot.core.feedback import Feedback
from bot.core.goals import Goal, Update
from bot.core.kudos import Giving
from bot.core.pack import Evidence, GoalSoFar, Promise, Talked
from bot.core.people import Person
from bot.core.spans import moments
from bot.core.summary import Summary
from storage import access, checkin, feedback, grow, learning, recognition, summaries
from storage import people as folk
from storage.access import shares
from storage.audit import Audited
from storage.engine import Session
from storage.goals import changes, goals, grouped, updates
from storage.oneonone import promises
from storage.updates import CELEBRATED, change_of, update_of

MANY = 200  # goals of a time; and of what was said of them, ten times that


async def evidence(session: Session, event: Event, owner: Person, span: str) -> Evidence:
    """What the actor may see of `owner`'s span, by the owner's own days; nothing where they may have no pack of them.

    Another's reading of what is not open to all is written down, record by record. ValueError for what is no span.
    """
    if not access.may_read(access.relation(event.actor, owner), "pack", shared=False):
        return Evidence(owner, span)
    since, until = moments(span, owner.zone)
    during, given = (since, until), await _given(session, event, owner)
    found = Evidence(
        owner,
        span,
        await _goals(session, event, owner, since, until),
        await _checkins(session, event, owner, given, *during),
        await _kudos(session, event, owner, *during),
        await _feedback(session, event, owner, *during),
        await _promises(session, event, owner, given, *during),
        await _learning(session, event, owner, *during),
    )
    found = replace(found, agreed=await _agreed(session, event, owner, span))
    authors = {said.author for each in found.goals for said in each.words}
    authors |= {said.author for each in found.goals for said in each.changes}
    names = {person.id: person.name for person in (await folk.many(session, authors)).values()} if authors else {}
    return replace(found, names=tuple(sorted(names.items())))


async def _agreed(session: Session, event: Event, owner: Person, span: str) -> Summary | None:
    """What the two of them agreed on at the end of it, for these two."""
    found = await summaries.of(session, event, owner, span)
    return await summaries.find(session, event, found.id) if found and found.state == "agreed" else None


async def _given(session: Session, event: Event, owner: Person) -> frozenset[str]:
    """The dialogues that the owner shared with the actor."""
    mine = (shares.c.person == owner.id, shares.c.reader == event.actor.id)
    return frozenset(row.about for row in await session.all(select(shares.c.about).where(*mine)))


def _may(event: Event, owner: Person, kind: access.Kind, shared: bool) -> bool:
    return access.may_read(access.relation(event.actor, owner), kind, shared)


async def _read(session: Session, event: Event, owner: Person, ids: Iterable[str]) -> None:
    if event.actor.id != owner.id:
        for id in sorted(set(ids)):
            await Audited(event, owner.id, "read", id).save(session)


async def _goals(
    session: Session, event: Event, owner: Person, since: datetime, until: datetime
) -> tuple[GoalSoFar, ...]:
    """Those that were there at some moment of it, as they stood at its end."""
    there = and_(goals.c.at < until, or_(goals.c.closed_at.is_(None), goals.c.closed_at >= since))
    mine = (goals.c.person == owner.id, goals.c.objective.is_(None), goals.c.state != "offered")
    rows = await session.all(select(goals).where(*mine, there).order_by(goals.c.at, goals.c.id).limit(MANY))
    seen = [goal for goal in await grouped(session, rows) if access.may_see(event.actor, goal, owner)]
    ids = [id for goal in seen for id in (goal.id, *(each.id for each in goal.results))]
    said = await _said(session, updates, ids, until)
    changed = await _said(session, changes, ids, until, changes.c.field != CELEBRATED, changes.c.at >= since)
    await _read(session, event, owner, (goal.id for goal in seen if goal.visibility == "manager"))
    found = []
    for goal in seen:
        own = {goal.id, *(each.id for each in goal.results)}
        words = tuple(update_of(row) for row in said if row.goal in own and row.at >= since)
        then = as_of(goal, [update_of(row) for row in said], until)
        found.append(GoalSoFar(then, words, tuple(change_of(row) for row in changed if row.goal in own)))
    return tuple(found)


async def _said(session: Session, told: Any, ids: list[str], until: datetime, *which: Any) -> list[Any]:
    query = select(told).where(told.c.goal.in_(ids), told.c.at < until, *which)
    latest = await session.all(query.order_by(told.c.at.desc(), told.c.id.desc()).limit(10 * MANY)) if ids else []
    return list(reversed(latest))


def as_of(goal: Goal, said: list[Update], until: datetime) -> Goal:
    """The goal as its updates had left it by then; closed after that, it was still open."""
    values = [each.value for each in said if each.goal == goal.id and each.value is not None]
    sure = [each.confidence for each in said if each.goal == goal.id and each.confidence]
    still = goal.closed_at is not None and goal.closed_at >= until
    return replace(
        goal,
        value=values[-1] if values else goal.start if goal.kind != "objective" else goal.value,
        confidence=sure[-1] if sure else "",
        state="open" if still else goal.state,
        learned="" if still else goal.learned,
        results=tuple(as_of(each, said, until) for each in goal.results),
    )


async def _checkins(
    session: Session, event: Event, owner: Person, given: frozenset[str], since: datetime, until: datetime
) -> tuple[Talked, ...]:
    said = await checkin.between(session, owner.id, since, until)
    seen = [(row, progress) for row, progress in said if _may(event, owner, "checkin", row.id in given)]
    await _read(session, event, owner, (row.id for row, _ in seen))
    return tuple(Talked(row.period, row.at, row.energy, row.workload, progress.given) for row, progress in seen)


async def _kudos(session: Session, event: Event, owner: Person, since: datetime, until: datetime) -> tuple[Giving, ...]:
    """To others only what was said in the open: what was said in private stays there."""
    thanks = await recognition.received(session, owner, since, until)
    if event.actor.id != owner.id:
        told = access.may_read(access.relation(event.actor, owner), "kudos", shared=False, public=True)
        thanks = [each for each in thanks if told and each.place.kind == "public" and each.words]
    return tuple(reversed(thanks))


async def _feedback(
    session: Session, event: Event, owner: Person, since: datetime, until: datetime
) -> tuple[Feedback, ...]:
    """What the owner got; to others as far as it was given to them too."""
    said = await feedback.between(session, owner.id, since, until, event.actor.id)
    seen = [each for each in said if access.may_read(access.relation(event.actor, each.giver, True), "feedback", True)]
    await _read(session, event, owner, (each.id for each in seen))
    return tuple(seen)


async def _promises(
    session: Session, event: Event, owner: Person, given: frozenset[str], since: datetime, until: datetime
) -> tuple[Promise, ...]:
    """A promise is as private as the talk it was made in."""
    said = await grow.between(session, owner.id, since, until)
    seen = [each for each in said if _may(event, owner, "grow", bool({each.id, each.thread} & given))]
    await _read(session, event, owner, (each.id for each in seen))
    made = [(each.at, Promise(each.words, each.day, each.state, each.learned)) for each in seen]
    made += await _agreed_on(session, event, owner, since, until)
    return tuple(promise for _, promise in sorted(made, key=lambda each: each[0]))


async def _agreed_on(
    session: Session, event: Event, owner: Person, since: datetime, until: datetime
) -> list[tuple[datetime, Promise]]:
    """What the owner promised in one-to-ones; to another only in those with them."""
    own, p = event.actor.id == owner.id, promises.c
    if not _may(event, owner, "agenda", shared=True):
        return []
    mine = and_(p.person == owner.id, p.at >= since, p.at < until)
    rows = await session.all(select(promises).where(mine if own else and_(mine, p.other == event.actor.id)))
    return [(row.at, Promise(row.words, None, row.state, row.word)) for row in rows]


async def _learning(
    session: Session, event: Event, owner: Person, since: datetime, until: datetime
) -> tuple[Promise, ...]:
    said = await learning.between(session, owner.id, since, until)
    seen = [each for each in said if _may(event, owner, "learning", each.seen_by == "manager")]
    await _read(session, event, owner, (each.id for each in seen))
    return tuple(Promise(each.words, each.day, each.state, each.learned, each.kind) for each in seen)
