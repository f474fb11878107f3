"""What a team wants to do better together, and what was seen of it on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, and_, case, delete, literal, or_, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.people import Person
from bot.core.teamplan import PAGE, RHYTHM, Found, Look, State, TeamPlan, leader, leads_on
from storage import access
from storage import people as folk
from storage.engine import Session, table
from storage.followups import FollowUp, followups
from storage.people import active, people

MANY = 20  # plans of a list
MEMBERS = 99  # of a team who are told


class TeamPlanRow(SQLModel, table=True):
    __tablename__ = "team_plans"
    __table_args__ = (Index("ix_team_plans_team", "company", "team"),)
    id: str = Field(primary_key=True)
    company: str
    lead: str = Field(foreign_key="people.id", index=True)
    team: str
    way: str
    compared: str
    start: float
    target: float
    unit: str
    value: float
    ends: date
    steps: str
    learns: str
    at: datetime
    state: str
    closed_at: datetime | None = None


class TeamLookRow(SQLModel, table=True):
    __tablename__ = "team_looks"
    __table_args__ = (Index("ix_team_looks_plan", "plan", "at"),)
    id: str = Field(primary_key=True)
    plan: str
    author: str = Field(foreign_key="people.id", index=True)
    at: datetime
    what: str
    words: str = ""
    value: float | None = None


plans, looks = table(TeamPlanRow), table(TeamLookRow)


@dataclass(frozen=True, slots=True)
class Kept:
    """A team's plan as it is from now on, with what was seen. Who reads it to change it holds it (see `pressed`)."""

    plan: TeamPlan
    before: State | None  # None: it is new
    look: Look

    async def save(self, session: Session) -> None:
        row = _row(self.plan)
        if self.before is None:
            await session.run(plans.insert().values(row))
        else:
            same = and_(plans.c.id == self.plan.id, plans.c.state == self.before)
            await session.run(update(plans).where(same).values(row))
        await session.run(looks.insert().values(_row(self.look)))
        if self.plan.state != "running":
            await session.run(delete(followups).where(_asks(self.plan.id)))


@dataclass(frozen=True, slots=True)
class Next:
    """When its lead is asked about it again. Whom they lead is followed up too, and hears nothing: by them it is found
    who leads the team when its lead has left it."""

    plan: TeamPlan
    led: tuple[str, ...]  # a Person.id each
    day: date

    async def save(self, session: Session) -> None:
        those = (self.plan.lead, *self.led)
        await session.run(delete(followups).where(_asks(self.plan.id), followups.c.person.not_in(those)))
        for person in those:
            await FollowUp(person, RHYTHM, self.plan.id, self.day).save(session)


def _asks(plan: str) -> ColumnElement[bool]:
    return and_(followups.c.rhythm == RHYTHM, followups.c.about == plan)


def _row(thing: TeamPlan | Look) -> dict[str, Any]:
    return {each.name: getattr(thing, each.name) for each in fields(thing)}


@dataclass(frozen=True, slots=True)
class Board:
    """The plans of the teams the actor is of."""

    plans: tuple[TeamPlan, ...]
    reports: bool  # whether the actor leads a team
    found: Found | None = None  # one that was asked for


async def asked(session: Session, event: Command) -> Board:
    return await _board(session, event)


async def shown(session: Session, event: Action) -> Board:
    """The list; and with `teamplan:ab12`, or `teamplan:ab12|2` for a page further down, that plan."""
    id, _, said = event.value.partition("|")
    page = int(said) if said.isdecimal() and len(said) < 4 else 0
    if id:
        await session.hold(id)  # who leads the team by now takes it over by opening it
    return await _board(session, event, await find(session, event, id, page) if id else None)


async def pressed(session: Session, event: Action | Submission) -> Found | None:
    await session.hold(event.value)  # of two who act at once the second sees what the first one did
    return await find(session, event, event.value)


async def due(session: Session, event: Due) -> Found | None:
    """The plan, for its lead, and for those they led when it was last asked about."""
    await session.hold(event.period)
    row, lead = await _one(session, event.period)
    mine = select(followups.c.person).where(_asks(event.period), followups.c.person == event.actor.id)
    if row is None or lead is None or (lead.id != event.actor.id and await session.first(mine) is None):
        return None
    return await _found(session, event, row, lead)


async def leading(session: Session, event: Action | Submission) -> tuple[Person, ...]:
    """The people of the actor's own team, if they lead one."""
    leads = bool(await folk.reports(session, event))
    return await _members(session, event.actor, event.actor.team) if leads else ()


async def _board(session: Session, event: Event, found: Found | None = None) -> Board:
    actor = event.actor
    mine: list[ColumnElement[bool]] = [plans.c.lead.in_([actor.id, *([actor.manager] if actor.manager else [])])]
    if actor.team:
        mine.append(and_(plans.c.company == actor.company, plans.c.team == actor.team))
    query = select(plans).where(or_(*mine)).order_by(plans.c.at.desc(), plans.c.id).limit(MANY)
    rows = await session.all(query)
    leads = await folk.many(session, {row.lead for row in rows})
    seen = tuple(_plan(row) for row in rows if _may_see(actor, leads[row.lead], row.team))
    return Board(seen, bool(await folk.reports(session, event)), found)


def _may_see(actor: Person, lead: Person, team: str) -> bool:
    return access.may_read(access.of_team(actor, lead, team), "team plan", shared=False) and not access.outsider(actor)


async def find(session: Session, event: Event, id: str, page: int = 0) -> Found | None:
    """The plan, for who leads the team, who is of it, and whom its lead reports to."""
    row, lead = await _one(session, id)
    if row is None or lead is None or not _may_see(event.actor, lead, row.team):
        return None
    return await _found(session, event, row, lead, page)


async def _one(session: Session, id: str) -> tuple[Row[Any] | None, Person | None]:
    """With who leads it."""
    row = await session.first(select(plans).where(plans.c.id == id))
    return row, await folk.by_id(session, row.lead) if row else None


async def _found(session: Session, event: Event, row: Row[Any], lead: Person, page: int = 0) -> Found:
    query = select(looks).where(looks.c.plan == row.id).order_by(looks.c.at.desc(), looks.c.id.desc())
    some = [_look(each) for each in await session.all(query.offset(page * PAGE).limit(PAGE + 1))]
    names = {each.id: each.name for each in (await folk.many(session, {look.author for look in some})).values()}
    of, members = access.of_team(event.actor, lead, row.team), await _members(session, lead, row.team)
    stays = row.state != "running" or leads_on(lead, row.team, members)
    return Found(
        _plan(row), lead, members, tuple(some[:PAGE]), names, page, len(some) > PAGE, of == "self", of == "teammate",
        None if stays else await _leader(session, row),
    )  # fmt: skip


async def _leader(session: Session, row: Row[Any]) -> Person | None:
    """Whom those report to by now whom its lead led, as far as they still are of the team."""
    here = or_(people.c.team == row.team, literal(row.team == ""))
    query = select(people.c.id, people.c.manager).join(followups, followups.c.person == people.c.id)
    query = query.where(_asks(row.id), people.c.id != row.lead, people.c.manager.is_not(None), here, active())
    led = {each.id: each.manager for each in await session.all(query)}
    found = await folk.by_id(session, leader(led))
    return found if found and found.id != row.lead and not (found.gone or access.outsider(found)) else None


async def _members(session: Session, lead: Person, team: str) -> tuple[Person, ...]:
    ours = or_(people.c.manager == lead.id, and_(people.c.team == team, people.c.team != ""))
    query = select(people).where(people.c.company == lead.company, ours, people.c.id != lead.id, active())
    first = case((people.c.manager == lead.id, 0), else_=1)  # of a large team those who report to its lead
    rows: Sequence[Row[Any]] = await session.all(query.order_by(first, people.c.name, people.c.id).limit(MEMBERS))
    return tuple(folk.person(row) for row in rows)


def _plan(row: Row[Any]) -> TeamPlan:
    return TeamPlan(**{each.name: getattr(row, each.name) for each in fields(TeamPlan)})


def _look(row: Row[Any]) -> Look:
    return Look(**{each.name: getattr(row, each.name) for each in fields(Look)})
