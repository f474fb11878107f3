"""The rhythm of a team: what its manager chose, and how many of it have answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select

from bot.core.cadences import Course, courses
from bot.core.calendar import period
from bot.core.events import Event
from bot.core.overlays import overlaid
from bot.core.settings import Settings
from storage.engine import Session
from storage.nudges import nudges
from storage.overlays import cadences, companies
from storage.people import active, local_day, people


@dataclass(frozen=True, slots=True)
class Team:
    """The actor's own reports, those we may speak to, and what was said about their rhythm."""

    size: int
    said: str  # as the actor chose, see bot.core.cadences; "": nothing
    company: Settings  # what holds for those who have no rhythm of their own
    running: Mapping[str, Course]  # how each rhythm runs for them today, of those that all of them have
    latest: date  # the latest day that it is now for any of them
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # by rhythm and state, in this period

    def asked(self, rhythm: str) -> int:
        """How many have a line in this period: asked, answered before that, or too late to be asked."""
        return sum(self.counts.get(rhythm, {}).values())


async def team(session: Session, event: Event) -> Team:
    said, company = await _layers(session, event)
    running = {name: each for name, each in courses(company, said, event.today).items() if shared(each)}
    theirs = (people.c.manager == event.actor.id, active())
    zones = {row.zone: row.people for row in await session.all(
        select(people.c.zone, func.count().label("people")).where(*theirs).group_by(people.c.zone)
    )}  # fmt: skip
    counts = {name: await _counts(session, theirs, course, event.today) for name, course in running.items()}
    latest = max([event.today, *(local_day(zone, event.at) for zone in zones)])
    return Team(sum(zones.values()), said, company, running, latest, counts)


def shared(course: Course) -> bool:
    return course.rhythm.whom == "everybody"


async def _counts(session: Session, theirs: tuple[Any, ...], course: Course, day: date) -> dict[str, int]:
    this = period(course.rhythm.every, day)
    query = (
        select(nudges.c.state, func.count().label("people"))
        .join(people, people.c.id == nudges.c.person)
        .where(*theirs, nudges.c.rhythm == course.rhythm.name, nudges.c.period == this, nudges.c.step == 0)
        .group_by(nudges.c.state)
    )
    return {row.state: row.people for row in await session.all(query)}


async def period_of_team(session: Session, event: Event, rhythm: str) -> str:
    """The period the actor's reports are in, which may be another than the actor's own."""
    said, company = await _layers(session, event)
    return period(courses(company, said, event.today)[rhythm].rhythm.every, event.today)


async def _layers(session: Session, event: Event) -> tuple[str, Settings]:
    """What the actor chose for their team, and the settings it lies over."""
    query = (
        select(cadences.c.said.label("own"), companies.c.said.label("company"))
        .select_from(people)
        .outerjoin(cadences, cadences.c.manager == people.c.id)
        .outerjoin(companies, companies.c.company == people.c.company)
        .where(people.c.id == event.actor.id)
    )
    row = await session.first(query)
    company = overlaid(session.settings, row.company if row else None, None, event.today)
    return (row.own if row else None) or "", company


@dataclass(frozen=True, slots=True)
class Chosen:
    """The manager's team has this rhythm from now on; "": the company's."""

    event: Event
    said: str

    async def save(self, session: Session) -> None:
        manager = self.event.actor.id
        if not self.said:
            await session.run(cadences.delete().where(cadences.c.manager == manager))
            return
        insert = session.insert(cadences).values(manager=manager, said=self.said, at=self.event.at)
        changed = {"said": self.said, "at": self.event.at}
        await session.run(insert.on_conflict_do_update(index_elements=["manager"], set_=changed))
