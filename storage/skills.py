"""What somebody can do, as they see it and as their manager does. Each sees the other’s once both are said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, select
from sqlmodel import Field, SQLModel

from bot.core.events import Action, Command, Event, Submission
from bot.core.people import Person
from bot.core.skills import MOST, Skill, View, folded
from storage import access
from storage import people as folk
from storage.audit import Audited
from storage.engine import Session, table


class SkillRow(SQLModel, table=True):
    __tablename__ = "skills"
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id", index=True)
    name: str
    at: datetime


class SkillViewRow(SQLModel, table=True):
    """How one of the two sees it: the person, or who managed them when it was said."""

    __tablename__ = "skill_views"
    skill: str = Field(primary_key=True)
    rater: str = Field(primary_key=True, foreign_key="people.id", index=True)
    name: str  # of the skill, as it was called
    level: int
    words: str
    at: datetime


skills, views = table(SkillRow), table(SkillViewRow)


@dataclass(frozen=True, slots=True)
class SkillsAdded:
    """Each by its own id; what is there already stays as it is."""

    person: str
    names: Mapping[str, str]  # by id
    at: datetime

    async def save(self, session: Session) -> None:
        await session.hold(f"skills:{self.person}")
        known = {
            folded(row.name) for row in await session.all(select(skills.c.name).where(skills.c.person == self.person))
        }
        new = [(id, name) for id, name in self.names.items() if folded(name) not in known]
        rows = [{"id": id, "person": self.person, "name": name, "at": self.at} for id, name in new]
        if rows := rows[: max(0, MOST - len(known))]:
            await session.run(session.insert(skills).on_conflict_do_nothing(), rows)


@dataclass(frozen=True, slots=True)
class SkillsSeen:
    """What one of the two says of some of them; said again, it takes the place of what it was."""

    person: str
    rater: str
    said: Mapping[str, tuple[int, str]]  # level and words, by the skill's id
    at: datetime

    async def save(self, session: Session) -> None:
        theirs = and_(skills.c.person == self.person, skills.c.id.in_(list(self.said)))
        for row in await session.all(select(skills.c.id, skills.c.name).where(theirs).with_for_update()):
            level, words = self.said[row.id]
            values = {"name": row.name, "level": level, "words": words, "at": self.at}
            insert = session.insert(views).values(skill=row.id, rater=self.rater, **values)
            await session.run(insert.on_conflict_do_update(index_elements=["skill", "rater"], set_=values))


@dataclass(frozen=True, slots=True)
class SkillDropped:
    id: str
    person: str

    async def save(self, session: Session) -> None:
        mine = and_(skills.c.id == self.id, skills.c.person == self.person)
        if await session.first(select(skills.c.id).where(mine).with_for_update()):
            await session.run(delete(views).where(views.c.skill == self.id))
            await session.run(delete(skills).where(mine))


# Reading.


@dataclass(frozen=True, slots=True)
class Sheet:
    """The skills of one of the two who may see them, as the actor sees them."""

    owner: Person
    other: Person | None  # the second of the two: the manager, or for the manager the person
    skills: tuple[Skill, ...]


async def named(session: Session, event: Command) -> Sheet | None:
    """Of whoever is mentioned, or one's own; None where the actor is neither of the two."""
    return await sheet(session, event, event.mentions[0].id if event.mentions else event.actor.id)


async def carried(session: Session, event: Action | Submission) -> Sheet | None:
    """Of whom a button or form is about: `ana`, or nobody for one's own."""
    return await sheet(session, event, event.value.partition("|")[0] or event.actor.id)


async def sheet(session: Session, event: Event, of: str) -> Sheet | None:
    owner = await folk.by_id(session, of)
    if owner is None or not access.may_read(access.relation(event.actor, owner), "skill", shared=False):
        return None
    mine = owner.id == event.actor.id
    manager = await folk.manager(session, event) if mine else event.actor
    second = manager if manager and not manager.gone and manager.company == owner.company else None
    rows = await session.all(
        select(skills.c.id, skills.c.name, views.c.rater, views.c.level, views.c.words)
        .outerjoin(
            views, and_(views.c.skill == skills.c.id, views.c.rater.in_([owner.id, second.id if second else ""]))
        )
        .where(skills.c.person == owner.id)
        .order_by(skills.c.at, skills.c.id)
    )
    found = dict[str, Skill]()
    for row in rows:
        skill = found.setdefault(row.id, Skill(row.id, row.name))
        view = View(row.level, row.words) if row.rater else None
        found[row.id] = skill.seen(own=view) if row.rater == owner.id else skill.seen(managers=view)
    if found and not mine:
        await Audited(event, owner.id, "read", "skills").save(session)
    return Sheet(owner, second if mine else owner, tuple(found.values()))
