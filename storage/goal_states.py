"""How a goal comes to be somebody's, ends, begins again, and is asked about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_

from bot.core.goals import Goal
from storage.engine import Session
from storage.goals import changes, goals, locked, note_change, plan_nudge, put, row_of


@dataclass(frozen=True, slots=True)
class Sharpened:
    """What was missing when the goal was set is said now, by whose it is. No change of mind, so no line of history."""

    goal: str
    author: str
    values: Mapping[str, Any]
    results: tuple[Goal, ...] | None = None  # None: as they are

    async def save(self, session: Session) -> None:
        goal = await locked(session, self.goal)
        if goal is None or goal.state != "open" or goal.person != self.author:
            return
        await put(session, goals.c.id == self.goal, **self.values)
        if self.results is not None:
            await session.run(goals.delete().where(goals.c.objective == self.goal))
            await session.run(goals.insert(), [row_of(each) for each in self.results])


@dataclass(frozen=True, slots=True)
class Closed:
    """It was achieved, or is no longer a goal."""

    goal: str
    author: str
    at: datetime
    state: str  # achieved, closed
    learned: str = ""

    async def save(self, session: Session) -> None:
        goal = await locked(session, self.goal)
        if goal is None or goal.state != "open":
            return
        await note_change(session, self, "state", goal.state, self.state, self.learned)
        this = (goals.c.id == self.goal) | (goals.c.objective == self.goal)
        await put(session, this, state=self.state, closed_at=self.at)
        await put(session, goals.c.id == self.goal, learned=self.learned)
        await plan_nudge(session, goal.person)


@dataclass(frozen=True, slots=True)
class Reopened:
    """It is a goal again."""

    goal: str
    author: str
    at: datetime

    async def save(self, session: Session) -> None:
        goal = await locked(session, self.goal)
        if goal is None or goal.state not in ("achieved", "closed"):
            return
        await note_change(session, self, "state", goal.state, "open", "")
        this = (goals.c.id == self.goal) | (goals.c.objective == self.goal)
        await put(session, this, state="open", closed_at=None, learned="", word_at=self.at, asked_at=None, silent=0)
        await plan_nudge(session, goal.person)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A goal that was offered is now the person's own."""

    goal: str
    at: datetime

    async def save(self, session: Session) -> None:
        goal = await locked(session, self.goal)
        if goal and goal.state == "offered":
            this = (goals.c.id == self.goal) | (goals.c.objective == self.goal)
            await put(session, this, state="open", word_at=self.at)
            await plan_nudge(session, goal.person)


@dataclass(frozen=True, slots=True)
class Declined:
    """A goal that was offered never was one: nothing of it is kept."""

    goal: str

    async def save(self, session: Session) -> None:
        goal = await locked(session, self.goal)
        if goal and goal.state == "offered":
            await session.run(changes.delete().where(changes.c.goal == self.goal))
            await session.run(goals.delete().where((goals.c.id == self.goal) | (goals.c.objective == self.goal)))


@dataclass(frozen=True, slots=True)
class Asked:
    """The person was asked about these goals of theirs."""

    person: str
    goals: tuple[str, ...]
    at: datetime

    async def save(self, session: Session) -> None:
        mine = and_(goals.c.id.in_(self.goals), goals.c.person == self.person, goals.c.state == "open")
        await put(session, mine, silent=goals.c.silent + 1, asked_at=self.at)
        await plan_nudge(session, self.person, self.at)
