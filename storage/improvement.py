"""Improvement plans, what was promised in them, and every line that was ever added to one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Row, and_, delete, func, or_, select, union_all, update
from sqlmodel import Field, SQLModel

from bot.core.effects import Effect, Record
from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.improvement import CHECK, CLOSED, PAGE, PROMISED, Found, Line, Move, Plan, Promise, side
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.audit import Audited
from storage.engine import Session, table
from storage.followups import FollowUp, followups
from storage.people import people

MANY = 30  # plans, promises or changes at once


class ImprovementRow(SQLModel, table=True):
    __tablename__ = "improvements"
    __table_args__ = (
        Index("ix_improvements_person", "person", "state"),
        Index("ix_improvements_manager", "manager", "state"),
    )
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id")
    manager: str = Field(foreign_key="people.id")
    assessment: str
    examples: str
    goal: str
    measure: str
    actions: str
    ends: date
    at: datetime
    state: str
    waiting: str
    round: int = 0
    outcome: str = ""
    reason: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


class ImprovementPromiseRow(SQLModel, table=True):
    """Support or training that a manager gives, by a day."""

    __tablename__ = "improvement_promises"
    id: str = Field(primary_key=True)
    plan: str = Field(index=True)
    promiser: str = Field(foreign_key="people.id", index=True)
    kind: str
    words: str
    day: date
    state: str
    next_day: date | None = None


class ImprovementLineRow(SQLModel, table=True):
    __tablename__ = "improvement_lines"
    __table_args__ = (Index("ix_improvement_lines_plan", "plan", "at"),)
    id: str = Field(primary_key=True)
    plan: str
    author: str = Field(foreign_key="people.id", index=True)
    at: datetime
    what: str
    words: str = ""
    standing: str = ""
    field: str = ""
    old: str = ""
    new: str = ""
    day: date | None = None
    agreed: bool | None = None


improvements, promises, lines = table(ImprovementRow), table(ImprovementPromiseRow), table(ImprovementLineRow)


@dataclass(frozen=True, slots=True)
class Kept:
    """A plan as it is from now on, with what was added to it.

    Whoever reads a plan to change it holds it (see `pressed`), so that of two who act at once the second sees what the
    first one did.
    """

    move: Move

    async def save(self, session: Session) -> None:
        move, plan = self.move, self.move.plan
        if move.before is None:
            await session.run(improvements.insert().values(_row(plan)))
        else:
            same = and_(improvements.c.id == plan.id, improvements.c.state == move.before)
            await session.run(update(improvements).where(same).values(_row(plan)))
        if move.agreed is not None:
            unread = and_(lines.c.plan == plan.id, lines.c.what == "change", lines.c.agreed.is_(None))
            await session.run(update(lines).where(unread).values(agreed=move.agreed))
        for each in move.promised:
            insert = session.insert(promises).values(_row(each))
            await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=_row(each)))
        if move.added:
            await session.run(lines.insert(), [_row(each) for each in move.added])
        await self._ask(session)

    async def _ask(self, session: Session) -> None:
        for ask in self.move.asks:
            if ask.day:
                await FollowUp(ask.person, ask.rhythm, ask.about, ask.day).save(session)
            else:
                this = (followups.c.person == ask.person, followups.c.about == ask.about)
                await session.run(delete(followups).where(*this, followups.c.rhythm == ask.rhythm))
        if self.move.plan.state in CLOSED:
            theirs = select(promises.c.id).where(promises.c.plan == self.move.plan.id)
            about = or_(followups.c.about == self.move.plan.id, followups.c.about.in_(theirs))
            await session.run(delete(followups).where(followups.c.rhythm.in_((CHECK, PROMISED)), about))


def kept(steps: Iterable[Effect | Move]) -> Iterator[Effect]:
    """The same, with each move as a fact to be recorded."""
    for step in steps:
        yield Record(Kept(step)) if isinstance(step, Move) else step


def _row(thing: Plan | Promise | Line) -> dict[str, Any]:
    return {each.name: getattr(thing, each.name) for each in fields(thing)}


# One of them.


async def pressed(session: Session, event: Action | Submission) -> Found | None:
    """The plan a button or form is about, `improvement:ab12` or with more behind a bar, if the actor may see it."""
    id, _, said = event.value.partition("|")
    return await _held(session, event, id, int(said) if said.isdecimal() and len(said) < 4 else 0)


async def due(session: Session, event: Due) -> Found | None:
    return await _held(session, event, event.period.partition("|")[0])


async def promised(session: Session, event: Due | Action | Submission) -> tuple[Found, Promise] | None:
    """A promise and its plan; the plan of another's promise is no more to be seen than the plan itself."""
    id = event.period if isinstance(event, Due) else event.value
    row = await session.first(select(promises).where(promises.c.id == id))
    found = await _held(session, event, row.plan) if row else None
    promise = next((each for each in found.promises if each.id == id), None) if found else None
    return (found, promise) if found and promise else None


async def _held(session: Session, event: Event, id: str, page: int = 0) -> Found | None:
    await session.hold(id)
    return await find(session, event, id, page)


async def find(session: Session, event: Event, id: str, page: int = 0) -> Found | None:
    """The plan, for its person, their manager and HR. That somebody else than the person read it is written down."""
    row = await session.first(select(improvements).where(improvements.c.id == id))
    owner = await folk.by_id(session, row.person) if row else None
    if row is None or owner is None:
        return None
    if not access.may_read(access.relation(event.actor, owner), "improvement", shared=False):
        return None
    if event.actor.id != owner.id and not isinstance(event, Due):
        await Audited(event, owner.id, "read", id).save(session)
    return await _found(session, event, _plan(row), owner, page)


async def _found(session: Session, event: Event, plan: Plan, owner: Person, page: int) -> Found:
    first = page * PAGE
    query = select(lines).where(lines.c.plan == plan.id).order_by(lines.c.at.desc(), lines.c.id.desc())
    some = [_line(row) for row in await session.all(query.offset(first).limit(PAGE + 1))]
    unread = query.where(lines.c.what == "change", lines.c.agreed.is_(None)).limit(MANY)
    pending = [_line(row) for row in await session.all(unread)]
    theirs = select(promises).where(promises.c.plan == plan.id, promises.c.state != "dropped")
    those = [_promise(row) for row in await session.all(theirs.order_by(promises.c.day, promises.c.id).limit(MANY))]
    who = await folk.many(session, {plan.manager, *(each.author for each in some)})
    leads, now = who.get(plan.manager), await folk.by_id(session, owner.manager)
    return Found(
        plan, owner, leads if leads and not leads.gone else None, side(plan, event.actor.id), now, tuple(those),
        tuple(some[:PAGE]), tuple(pending[::-1]), {id: each.name for id, each in who.items()}, page, len(some) > PAGE,
    )  # fmt: skip


def _plan(row: Row[Any]) -> Plan:
    return Plan(**{each.name: getattr(row, each.name) for each in fields(Plan)})


def _promise(row: Row[Any]) -> Promise:
    return Promise(**{each.name: getattr(row, each.name) for each in fields(Promise)})


def _line(row: Row[Any]) -> Line:
    return Line(**{each.name: getattr(row, each.name) for each in fields(Line)})


# Which there are.


@dataclass(frozen=True, slots=True)
class Board:
    """What the actor can see when they ask for improvement plans."""

    plans: tuple[tuple[Plan, Person], ...] = ()  # with whose each is; the actor's own first
    reports: tuple[Person, ...] = ()
    who: Person | None = None  # whose were asked for; None: nobody in particular
    foreign: bool = False  # whose plans the actor may not see, or of whom nothing is known


async def named(session: Session, event: Command) -> Board:
    """`growth improvement`, `growth improvement @ana`."""
    who = event.mentions[0] if event.mentions else None
    reports = tuple(await folk.reports(session, event))
    if who is None:
        return Board(await _mine(session, event), reports)
    owner = await folk.by_id(session, who.id)
    if owner is None or not access.may_read(access.relation(event.actor, owner), "improvement", shared=False):
        return Board((), reports, who, foreign=True)
    return Board(await _of(session, event, owner), reports, owner)


async def shown(session: Session, event: Action) -> Board:
    return Board(await _mine(session, event), tuple(await folk.reports(session, event)))


@dataclass(frozen=True, slots=True)
class Writing:
    """Whom a new plan can be for; `taken`: who has one that is open."""

    reports: tuple[Person, ...]
    taken: frozenset[str]


async def writing(session: Session, event: Action | Submission) -> Writing:
    """Of two plans for one person written at once the second is refused."""
    if isinstance(event, Submission):
        await session.hold(f"improvement/{event.answers.get('whom') or event.value}")
    reports = tuple(await folk.reports(session, event))
    query = select(improvements.c.person).where(
        improvements.c.person.in_([each.id for each in reports]), improvements.c.state.not_in(CLOSED)
    )
    return Writing(reports, frozenset(row.person for row in await session.all(query)))


async def _mine(session: Session, event: Event) -> tuple[tuple[Plan, Person], ...]:
    """The actor's own, however old, and the open ones of their people; for HR all that are open."""
    me, actor = event.actor.id, event.actor
    open_ones = and_(improvements.c.state.not_in(CLOSED), people.c.gone.is_(False))
    every = and_(open_ones, people.c.company == actor.company) if access.relation_of(actor) == "hr" else None
    reach = [
        improvements.c.person == me,
        and_(open_ones, people.c.manager == me),
        *([every] if every is not None else []),
    ]
    query = select(improvements).join(people, people.c.id == improvements.c.person).where(or_(*reach))
    rows = await session.all(query.order_by(improvements.c.at.desc(), improvements.c.id).limit(MANY))
    return await _seen(session, event, rows)


async def _of(session: Session, event: Event, owner: Person) -> tuple[tuple[Plan, Person], ...]:
    query = select(improvements).where(improvements.c.person == owner.id).order_by(improvements.c.at.desc())
    return await _seen(session, event, await session.all(query.limit(MANY)))


async def _seen(session: Session, event: Event, rows: Sequence[Row[Any]]) -> tuple[tuple[Plan, Person], ...]:
    who = await folk.many(session, {row.person for row in rows})
    found = [(_plan(row), who[row.person]) for row in rows]
    may = [(plan, owner) for plan, owner in found
           if access.may_read(access.relation(event.actor, owner), "improvement", shared=False)]  # fmt: skip
    for plan, owner in may:
        if owner.id != event.actor.id:
            await Audited(event, owner.id, "read", plan.id).save(session)
    return tuple(sorted(may, key=lambda pair: pair[1].id != event.actor.id))


async def count(session: Session, event: Event) -> int:
    """How many the actor has or has had."""
    mine = select(func.count()).select_from(improvements).where(improvements.c.person == event.actor.id)
    return int(await session.value(mine))


async def waiting(session: Session, event: Event) -> list[tuple[Plan, Person]]:
    """What the actor has to read before it goes on; with whose it is."""
    i, me, still = improvements.c, event.actor.id, improvements.c.state.not_in(CLOSED)
    mine = select(i.id).where(i.person == me, still, i.waiting == "person")
    theirs = select(i.id).join(people, people.c.id == i.person).where(i.manager == me, still, i.waiting == "manager")
    # Not one OR: each half goes by an index of its own.
    ids = union_all(mine, theirs.where(people.c.manager == me))
    rows = await session.all(select(improvements).where(i.id.in_(ids)).order_by(i.at, i.id).limit(MANY))
    who = await folk.many(session, {row.person for row in rows}) if rows else {}
    return [(_plan(row), who[row.person]) for row in rows]
