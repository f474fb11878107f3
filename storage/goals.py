"""Goals as they are kept, and what can happen to one. What was said about them is read in storage.updates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, and_, case, select, update
from sqlmodel import Field, SQLModel

from bot.core.events import Event
from bot.core.goals import Confidence, Goal, mean
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.audit import Audited
from storage.engine import Session, table
from storage.followups import FollowUp, followups
from storage.nudges import last_said
from storage.people import LAYERS, layered, local_day, people, settings_of

APART = timedelta(days=7)  # between two nudges about somebody's goals, at least
STALE = ("goals", "stale")  # rhythm and subject of the one follow-up a person has for all their goals
MANY = 100  # goals of one person, or offered in one list


class GoalRow(SQLModel, table=True):
    """One goal, or a key result of one. Without a person it is a team's or the company's."""

    __tablename__ = "goals"
    __table_args__ = (
        Index("ix_goals_person", "person", "state"),
        Index("ix_goals_company", "company", "level", "state"),
    )
    id: str = Field(primary_key=True)
    company: str
    person: str | None = Field(default=None, foreign_key="people.id")
    level: str
    team: str = ""
    kind: str
    title: str
    why: str = ""
    start: float | None = None
    target: float | None = None
    value: float | None = None
    unit: str = ""
    due: date | None = None
    parent: str | None = Field(default=None, index=True)
    objective: str | None = Field(default=None, index=True)
    visibility: str
    state: str
    confidence: str = ""
    word: str = ""
    word_at: datetime
    asked_at: datetime | None = None
    silent: int = 0
    set_by: str = Field(foreign_key="people.id", index=True)
    at: datetime
    closed_at: datetime | None = None
    learned: str = ""
    aspiration: str = Field(default="", index=True)  # what it serves of what its person wants; who sees it is not told


class GoalUpdateRow(SQLModel, table=True):
    __tablename__ = "goal_updates"
    id: str = Field(primary_key=True)
    goal: str = Field(index=True)
    author: str = Field(foreign_key="people.id", index=True)
    at: datetime
    value: float | None = None
    confidence: str = ""
    story: str = ""


class GoalChangeRow(SQLModel, table=True):
    __tablename__ = "goal_changes"
    id: str = Field(primary_key=True)
    goal: str = Field(index=True)
    author: str = Field(foreign_key="people.id", index=True)
    at: datetime
    field: str
    old: str
    new: str
    reason: str = ""


goals, updates, changes = table(GoalRow), table(GoalUpdateRow), table(GoalChangeRow)
COLUMNS = tuple(each.name for each in fields(Goal) if each.name != "results")


def row_of(goal: Goal) -> dict[str, Any]:
    return {name: getattr(goal, name) for name in COLUMNS} | {"word_at": goal.said_at}


# What can happen to a goal.


@dataclass(frozen=True, slots=True)
class NewGoal:
    """A goal and, with an objective, its key results. Set twice it is one goal."""

    goal: Goal

    async def save(self, session: Session) -> None:
        rows = [row_of(each) for each in (self.goal, *self.goal.results)]
        await session.run(session.insert(goals).on_conflict_do_nothing(), rows)
        if self.goal.state == "open":
            await plan_nudge(session, self.goal.person)


@dataclass(frozen=True, slots=True)
class Updated:
    """A word about an open goal. Kept again under the same id it takes the place of what it said before.

    None and "" leave the figure, the confidence and the last story as they were; even an update that says none of them
    is a word: the goal is still the right one.
    """

    id: str
    goal: str
    author: str  # a Person.id
    at: datetime
    value: float | None = None
    confidence: Confidence = ""
    story: str = ""

    async def save(self, session: Session) -> None:
        goal = await locked(session, self.goal)
        if goal is None or goal.state != "open":
            return
        before = await session.first(select(updates).where(updates.c.id == self.id, updates.c.goal == self.goal))
        said = {"value": self.value, "confidence": self.confidence, "story": self.story}
        row = {"id": self.id, "goal": self.goal, "author": self.author, "at": self.at, **said}
        insert = session.insert(updates).values(row)
        # An id that is another goal's already is left alone.
        same = updates.c.goal == self.goal
        await session.run(insert.on_conflict_do_update(index_elements=["id"], set_=said, where=same))
        await _follow(session, goal, self.id, before)


@dataclass(frozen=True, slots=True)
class Unsaid:
    """This word about an open goal is taken back; the goal stands where the words before it left it."""

    id: str
    goal: str

    async def save(self, session: Session) -> None:
        goal = await locked(session, self.goal)
        if goal is None or goal.state != "open":
            return
        this = (updates.c.id == self.id) & (updates.c.goal == self.goal)
        if before := await session.first(select(updates).where(this)):
            await session.run(updates.delete().where(this))
            await _follow(session, goal, self.id, before)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Some of a goal is otherwise from now on; what it was stays in its history, with the reason."""

    id: str
    goal: str
    author: str
    at: datetime
    values: Mapping[str, Any]  # by column: title, why, start, target, unit, due, visibility, parent, kind
    reason: str = ""

    async def save(self, session: Session) -> None:
        goal = await locked(session, self.goal)
        if goal is None or goal.state not in ("open", "offered"):
            return
        new = {name: value for name, value in self.values.items() if getattr(goal, name) != value}
        if not new:
            return
        for name, value in new.items():
            await note_change(session, self, name, getattr(goal, name), value, self.reason)
        await put(session, goals.c.id == self.goal, word_at=self.at, silent=0, asked_at=None, **new)
        if "visibility" in new:
            await put(session, goals.c.objective == self.goal, visibility=new["visibility"])
        if goal.state == "open":
            await plan_nudge(session, goal.person)


async def put(session: Session, which: ColumnElement[bool], **values: Any) -> None:
    await session.run(update(goals).where(which).values(**values))


async def note_change(session: Session, fact: Any, name: str, old: Any, new: Any, reason: str) -> None:
    id = fact.id if isinstance(fact, Adjusted) else f"change:{fact.goal}:{fact.at.isoformat()}:{new}"
    row = {"id": f"{id}:{name}", "goal": fact.goal, "author": fact.author, "at": fact.at, "field": name}
    was, now = ("" if value is None else str(value) for value in (old, new))
    insert = session.insert(changes).values(**row, old=was, new=now, reason=reason)
    await session.run(insert.on_conflict_do_nothing())


async def _follow(session: Session, goal: Goal, last: str, before: Row[Any] | None) -> None:
    """The goal stands where its updates say: of each kind of word the last one counts, and of two said in the same
    moment the one kept `last`. `before` is what that one said until now."""
    query = select(updates).where(updates.c.goal == goal.id)
    latest = (updates.c.at.desc(), case((updates.c.id == last, 0), else_=1), updates.c.id.desc())
    said = await session.all(query.order_by(*latest).limit(MANY))
    word_at = max(said[0].at, goal.said_at) if said else goal.said_at
    values: dict[str, Any] = {"word_at": word_at, "asked_at": None, "silent": 0}
    for name, kept in (("value", "value"), ("confidence", "confidence"), ("word", "story")):
        found = (getattr(row, kept) for row in said)
        now = next((each for each in found if each not in (None, "")), None)
        if now is not None:
            values[name] = now
        elif before and getattr(before, kept) not in (None, "") and (name, goal.kind) != ("value", "objective"):
            # What was taken back does not stay behind. An objective's figure is its key results', not its updates'.
            values[name] = goal.start if name == "value" else ""
    await put(session, goals.c.id == goal.id, **values)
    if goal.objective:
        results = await _results(session, [goal.objective])
        done = mean(tuple(results.get(goal.objective, ())))
        if done is not None:
            await put(session, goals.c.id == goal.objective, value=round(done * 100, 1))
    await plan_nudge(session, goal.person)


async def plan_nudge(session: Session, who: str | None, asked: datetime | None = None) -> None:
    """Move the person's one follow-up to the day on which the first of their goals will have had no word for too long.

    Key results and goals of no person have none of their own. `asked`: they were asked just now; a word about one goal
    brings the question about another no nearer to the last one.
    """
    if who is None:
        return
    mine = and_(goals.c.person == who, goals.c.state == "open", goals.c.objective.is_(None))
    rows = await session.all(select(goals.c.word_at, goals.c.asked_at).where(mine))
    if not rows:
        await session.run(followups.delete().where(followups.c.person == who, followups.c.rhythm == STALE[0]))
        return
    owner = await session.first(layered(select(people.c.zone, *LAYERS)).where(people.c.id == who))
    zone = (owner.zone if owner else "") or "UTC"
    settings = settings_of(session, owner, rows[0].word_at) if owner else session.settings
    rest = timedelta(days=settings.thresholds.stale_goal)
    at = min(max(row.word_at, row.asked_at or row.word_at) for row in rows)
    last = asked or await last_said(session, who, STALE[0])
    # Days of theirs: where the clock is changed in between, as many days of 24 hours can end on another one.
    day = local_day(zone, at) + rest
    await FollowUp(who, *STALE, max(day, local_day(zone, last) + APART) if last else day).save(session)


# Reading.


async def locked(session: Session, id: str) -> Goal | None:
    """The goal as it is now, and until this transaction ends nobody else changes it. A key result with its objective,
    which is always the first to be locked: its figure is that of all its results."""
    with_it = select(goals.c.objective).where(goals.c.id == id).scalar_subquery()
    await session.run(select(goals.c.id).where(goals.c.id == with_it).with_for_update())
    row = await session.first(select(goals).where(goals.c.id == id).with_for_update())
    return goal_of(row) if row else None


def goal_of(row: Row[Any]) -> Goal:
    return Goal(**{name: getattr(row, name) for name in COLUMNS})


async def _results(session: Session, ids: Iterable[str]) -> dict[str, list[Goal]]:
    found = dict[str, list[Goal]]()
    query = select(goals).where(goals.c.objective.in_(list(ids))).order_by(goals.c.at, goals.c.id)
    for row in await session.all(query):
        found.setdefault(row.objective, []).append(goal_of(row))
    return found


async def grouped(session: Session, rows: Iterable[Row[Any]]) -> list[Goal]:
    """Objectives with their key results."""
    found = [goal_of(row) for row in rows]
    objectives = [goal.id for goal in found if goal.kind == "objective"]
    results = await _results(session, objectives) if objectives else {}
    return [replace(goal, results=tuple(results.get(goal.id, ()))) for goal in found]


def _open_of(person: str) -> ColumnElement[bool]:
    return and_(goals.c.person == person, goals.c.state == "open", goals.c.objective.is_(None))


async def mine(session: Session, event: Event) -> list[Goal]:
    """The actor's own open goals, the oldest first."""
    query = select(goals).where(_open_of(event.actor.id)).order_by(goals.c.at, goals.c.id).limit(MANY)
    return await grouped(session, await session.all(query))


async def theirs(session: Session, event: Event, owner: Person) -> list[Goal]:
    """Of this person's open goals those the actor may see. Reading what is for few is written down."""
    query = select(goals).where(_open_of(owner.id)).order_by(goals.c.at, goals.c.id).limit(MANY)
    found = [g for g in await grouped(session, await session.all(query)) if access.may_see(event.actor, g, owner)]
    await _audit(session, event, found)
    return found


async def find(session: Session, event: Event, id: str) -> Goal | None:
    """The goal, open or closed, if the actor may see it. Reading what is for few is written down."""
    row = await session.first(select(goals).where(goals.c.id == id))
    if row is None:
        return None
    [goal] = await grouped(session, [row])
    owner = await folk.by_id(session, goal.person)
    if not access.may_see(event.actor, goal, owner):
        return None
    await _audit(session, event, [goal])
    return goal


async def _audit(session: Session, event: Event, found: Iterable[Goal]) -> None:
    for goal in found:
        if goal.person not in (None, event.actor.id) and goal.visibility == "manager":
            await Audited(event, str(goal.person), "read", goal.id).save(session)


async def above(session: Session, event: Event) -> list[Goal]:
    """Open goals of teams and the company that the actor may see and a goal can serve: own team's first."""
    actor = event.actor
    here = and_(goals.c.company == actor.company, goals.c.person.is_(None), goals.c.objective.is_(None))
    near = case((goals.c.team == actor.team, 0), (goals.c.level == "company", 1), else_=2)
    query = select(goals).where(here, goals.c.state == "open").order_by(near, goals.c.title, goals.c.id)
    found = [goal_of(row) for row in await session.all(query.limit(2 * MANY))]
    return [goal for goal in found if access.may_see(actor, goal, None)][: MANY - 1]
