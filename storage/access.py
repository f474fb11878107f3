"""Who may read what of somebody else's: the only door to another person's private record.

The rule is one table. A relation is how the actor stands to the owner of a record; a record is private unless its
owner shared it. HR and leaders have no door here but to improvement plans, which are fair because HR can read them:
else they see counts, made elsewhere, and what was shared with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select
from sqlmodel import Field, SQLModel

from bot.core.effects import Grant
from bot.core.events import Event, Reply
from bot.core.goals import Goal, Visibility
from bot.core.people import Person
from bot.core.progress import Progress
from storage import dialogues
from storage import people as folk
from storage.audit import Audited
from storage.dialogues import dialogues as talks
from storage.engine import Session, table

Relation = Literal["self", "manager", "former manager", "teammate", "colleague", "hr", "other company"]
Kind = Literal[
    "checkin",
    "grow",
    "review",
    "preparing",
    "summary",
    "kudos",
    "participation",
    "agenda",
    "feedback",
    "pack",
    "learning",
    "skill",
    "mentor offer",
    "expectation",
    "aspiration",
    "improvement",
    "team plan",
    "open goal",
    "team goal",
    "private goal",
]

GOALS: Mapping[Visibility, Kind] = {"everyone": "open goal", "team": "team goal", "manager": "private goal"}

# What needs no word of the owner's, and what needs their having shared it with this very person.
OPEN: frozenset[tuple[Relation, Kind]] = frozenset(
    {
        *(("self", kind) for kind in ("checkin", "grow", "review", "kudos", "participation", "agenda", "feedback")),
        *(("self", kind) for kind in ("preparing", "summary")),
        ("manager", "participation"),
        ("manager", "agenda"),
        # The evidence for a talk between these two; each record in it by its own rule.
        *((near, "pack") for near in ("self", "manager")),
        ("self", "learning"),
        # What a role asks is between its person and whoever manages them now; what somebody wishes for is their own.
        *((near, "expectation") for near in ("self", "manager")),
        ("self", "aspiration"),
        # The gap between two views is for those two: who managed the person before is none of them.
        *((near, "skill") for near in ("self", "manager")),
        *((near, "mentor offer") for near in ("self", "manager", "teammate", "colleague", "hr")),
        # HR can read an improvement plan too, for it to be fair; nobody else, not who managed the person before.
        *((near, "improvement") for near in ("self", "manager", "hr")),
        # How a team works is the team's: its lead counts as oneself, the people it reports to as teammates.
        *((near, "team plan") for near in ("self", "manager", "teammate")),
        *((near, kind) for near in ("self", "manager") for kind in GOALS.values()),
        *(("teammate", kind) for kind in ("open goal", "team goal")),
        ("colleague", "open goal"),
        ("hr", "open goal"),
    }
)
SHARED: frozenset[tuple[Relation, Kind]] = frozenset(
    {
        *(("manager", kind) for kind in ("checkin", "grow", "review")),
        *(("hr", kind) for kind in ("checkin", "grow", "review")),
        # A quarter's talk is between the two who have it. What a manager prepared can be shared with who it is about,
        # who stands to its owner as anybody does that was given something.
        *((near, "summary") for near in ("manager", "former manager")),
        ("former manager", "preparing"),
        # What was shared with somebody stays with them: it was said to the person, not to the post.
        *(("former manager", kind) for kind in ("checkin", "grow", "review")),
        # A plan is shared with whoever manages the person, for as long as they do.
        ("manager", "learning"),
        # A wish changes, unlike what was said once: only who is still their manager reads on.
        ("manager", "aspiration"),
        # Feedback is its giver's, and read by those it was given to, however they stand to the giver.
        *((near, "feedback") for near in ("manager", "former manager", "teammate", "colleague", "hr")),
    }
)


def may_read(relation: Relation, kind: Kind, shared: bool, public: bool = False) -> bool:
    """The whole policy. `shared`: the owner shared this record with the actor; `public`: it was said in the open."""
    if relation == "other company":
        return False
    return public or (relation, kind) in OPEN or (shared and (relation, kind) in SHARED)


class ShareRow(SQLModel, table=True):
    """The owner of a dialogue lets one other person read what they said in it."""

    __tablename__ = "shares"
    about: str = Field(primary_key=True)  # the dialogue's id
    reader: str = Field(primary_key=True, foreign_key="people.id", index=True)
    person: str = Field(foreign_key="people.id", index=True)
    at: datetime


shares = table(ShareRow)


async def grant(session: Session, event: Event, granted: Grant) -> None:
    """Only the owner of a dialogue can let others read it."""
    owner = await session.value(select(talks.c.person).where(talks.c.id == granted.about))
    if owner != event.actor.id:
        return
    await session.run(delete(shares).where(shares.c.about == granted.about))
    if granted.reader:
        row = {"about": granted.about, "person": owner, "reader": granted.reader.id, "at": event.at}
        await session.run(shares.insert().values(row))


@dataclass(frozen=True, slots=True)
class Closing:
    """Whom an ended dialogue can be shared with, and who can read it until now."""

    manager: Person | None = None
    shared_with: frozenset[str] = frozenset()


async def closing(session: Session, event: Reply) -> Closing:
    """What was said to somebody stays said to them: an edit reaches who could read it, whoever is manager by now."""
    shared = await readers(session, event.progress.id)
    kept = await folk.by_id(session, next(iter(shared), None))
    return Closing(kept or await folk.manager(session, event), shared)


async def shared_dialogue(session: Session, event: Event, about: str) -> Progress | None:
    """The words of a dialogue, for its owner or one who was given them; another's reading is written down."""
    row = await session.first(select(talks).where(talks.c.id == about))
    owner = await folk.by_id(session, row.person) if row else None
    if row is None or owner is None:
        return None
    mine = (shares.c.about == about) & (shares.c.reader == event.actor.id)
    shared = await session.first(select(shares.c.about).where(mine)) is not None
    if not may_read(relation(event.actor, owner, shared), row.dialogue, shared):
        return None
    if event.actor.id != owner.id:
        await Audited(event, owner.id, "read", about).save(session)
    return dialogues.progress_of(row)


def relation(actor: Person, owner: Person, shared: bool = False) -> Relation:
    """How the actor stands to the owner of a record."""
    if actor.company != owner.company:
        return "other company"
    if actor.id == owner.id:
        return "self"
    if owner.manager == actor.id:
        return "manager"
    if shared:
        return "former manager"
    return relation_of(actor)


def of_team(actor: Person, lead: Person, team: str) -> Relation:
    """How the actor stands to what a team has in common; `team`: its name, where it has one."""
    near = relation(actor, lead)
    if near in ("self", "manager", "other company"):
        return near
    ours = actor.manager == lead.id or (bool(team) and actor.team == team)
    return "teammate" if ours else near


def may_see(actor: Person, goal: Goal, owner: Person | None) -> bool:
    """Whether the actor may read this goal. `owner` is whose it is; None for a team's or the company's."""
    if actor.company != goal.company:
        return False
    if owner and actor.id == owner.id:
        return True
    if outsider(actor) or (goal.state == "offered" and actor.id != goal.set_by):
        return False
    if owner is None:
        near: Relation = "teammate" if goal.team and goal.team == actor.team else relation_of(actor)
        return actor.id == goal.set_by or may_read(near, GOALS[goal.visibility], shared=False)
    near = relation(actor, owner)
    if near in ("colleague", "hr") and teammates(actor, owner):
        near = "teammate"
    # Who has left is nobody's teammate; their manager still knows what was open.
    return may_read(near, GOALS[goal.visibility], shared=False) and (not owner.gone or near == "manager")


def outsider(actor: Person) -> bool:
    """Who is told nothing of what is open to the whole company: it was said to those who work there."""
    return actor.guest or actor.bot


def relation_of(actor: Person) -> Relation:
    """How somebody stands to what belongs to nobody in particular."""
    return "hr" if actor.role == "hr" else "colleague"


def teammates(one: Person, other: Person) -> bool:
    """The same manager, or the same team."""
    return bool(one.manager and one.manager == other.manager) or bool(one.team and one.team == other.team)


async def readers(session: Session, about: str) -> frozenset[str]:
    """With whom a record is shared."""
    return frozenset(row.reader for row in await session.all(select(shares.c.reader).where(shares.c.about == about)))
