"""The goals of a company as a tree, for one reader: what is not theirs to see is counted, never named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select, update

from bot.core.events import Action, Event, Submission
from bot.core.goals import Goal, may_change
from bot.core.people import Person
from bot.core.tree import Branch, Served, Tree, grown
from storage import access, goals
from storage.audit import Audited
from storage.engine import Session
from storage.goals import goals as kept
from storage.people import people

MOST = 500  # goals of the company and its teams
NEAR = 200  # personal goals under one goal
WHOSE = ("team", "manager", "gone", "name", "company")  # what the policy asks of an owner


async def tree(session: Session, event: Event) -> Tree:
    above = await _above(session, event)
    served = await _served(session, event)
    return grown(event.actor, above, served, await goals.mine(session, event))


async def _above(session: Session, event: Event) -> list[Goal]:
    """The open goals of the company and its teams that the actor may see, with their key results."""
    query = select(kept).where(_open(event), kept.c.person.is_(None)).order_by(kept.c.level, kept.c.title, kept.c.id)
    found = await goals.grouped(session, await session.all(query.limit(MOST)))
    return [goal for goal in found if access.may_see(event.actor, goal, None)]


def _open(event: Event) -> ColumnElement[bool]:
    return and_(kept.c.company == event.actor.company, kept.c.state == "open", kept.c.objective.is_(None))


async def _served(session: Session, event: Event) -> dict[str, Served]:
    """By the goal they serve: how many personal goals there are, and how those stand that the actor may see."""
    found = dict[str, Served]()
    for row in await session.all(_personal(event).where(kept.c.parent.is_not(None))):
        goal, owner = _of(row)
        seen = access.may_see(event.actor, goal, owner)
        one = Served(1, (goal.confidence,) if seen else (), int(owner.id == event.actor.id))
        found[row.parent] = found.get(row.parent, Served()) + one
    return found


def _personal(event: Event) -> Any:
    whose = (people.c[name].label(f"whose_{name}") for name in WHOSE)
    query = select(kept, *whose).join(people, people.c.id == kept.c.person)
    return query.where(_open(event), kept.c.level == "personal", people.c.gone.is_(False))


def _of(row: Row[Any]) -> tuple[Goal, Person]:
    whose = {name: getattr(row, f"whose_{name}") for name in WHOSE}
    return goals.goal_of(row), Person(row.person, workspace="", account="", **whose)


@dataclass(frozen=True, slots=True)
class Limb:
    """One goal of the company or a team, with all that is under it."""

    branch: Branch
    parent: Goal | None = None
    people: tuple[tuple[str, Goal], ...] = ()  # name and goal: what serves it directly and may be seen
    hidden: int = 0  # that serve it directly, too


async def limb(session: Session, event: Action) -> Limb | None:
    """What is under the goal that the action's value names before a `|`. Reading what is for few is written down."""
    id = event.value.partition("|")[0]
    whole = await tree(session, event)
    branches = {each.goal.id: each for root in (*whole.company, *whole.loose) for each in (root, *root.teams)}
    if (branch := branches.get(id)) is None:
        return None
    parent = branches.get(branch.goal.parent or "")
    rows = await session.all(_personal(event).where(kept.c.parent == id).order_by(people.c.name, kept.c.title))
    pairs = [_of(row) for row in rows]
    seen = [(owner, goal) for goal, owner in pairs if access.may_see(event.actor, goal, owner)]
    for owner, goal in seen[:NEAR]:
        if goal.visibility == "manager" and owner.id != event.actor.id:
            await Audited(event, owner.id, "read", goal.id).save(session)
    named = tuple((owner.name, goal) for owner, goal in seen[:NEAR])
    return Limb(branch, parent.goal if parent else None, named, len(pairs) - len(seen))


@dataclass(frozen=True, slots=True)
class Aligning:
    """Which of the actor's goals can be linked, and to what."""

    own: Sequence[Goal] = ()
    above: Sequence[Goal] = ()


async def aligning(session: Session, event: Action | Submission) -> Aligning:
    """One's own goals, and the team goals one may change; what they can serve."""
    above = await _above(session, event)
    teams = [goal for goal in above if goal.level == "team" and may_change(event.actor, goal, None)]
    return Aligning([*await goals.mine(session, event), *teams], await goals.above(session, event))


async def set_for_all(session: Session, company: str) -> list[Goal]:
    """The open goals of a company and its teams, the oldest first."""
    here = and_(kept.c.company == company, kept.c.person.is_(None), kept.c.objective.is_(None), kept.c.state == "open")
    return [goals.goal_of(row) for row in await session.all(select(kept).where(here).order_by(kept.c.at, kept.c.id))]


@dataclass(frozen=True, slots=True)
class LookedAfter:
    """Somebody else looks after a goal of a team or the company from now on."""

    goal: str
    person: str

    async def save(self, session: Session) -> None:
        this = and_(kept.c.id == self.goal, kept.c.person.is_(None))
        await session.run(update(kept).where(this).values(set_by=self.person))
