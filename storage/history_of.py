"""What one may see of somebody else's history: what was said in the open, and what they shared with the reader.

Never searched by words: what nobody may read must not be found either.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select

from bot.core.events import Event
from bot.core.goals import Goal
from bot.core.history import Query
from bot.core.people import Person
from storage import access
from storage import people as folk
from storage.access import shares
from storage.aspirations import aspirations
from storage.audit import Audited
from storage.dialogues import dialogues as talks
from storage.engine import Session
from storage.entries import SOURCES, Entry, Page, Source, entries, feedback_on, paged
from storage.feedback import f
from storage.goals import goal_of, goals
from storage.kudos import k
from storage.learning import learning
from storage.people import people
from storage.summaries import summaries

MANY = 500  # goals of a person
LEARNING = ("learning_set", "learning_over")
TALKS: dict[str, access.Kind] = {"checkin": "checkin", "review": "review", "grow": "grow"}


async def page(session: Session, event: Event, query: Query) -> Page:
    """A page without a person is one of somebody of whom nothing can be seen, whoever they are."""
    query = replace(query, words="")
    owner = await folk.by_id(session, query.person)
    if owner is None or access.relation(event.actor, owner) == "other company":
        return Page(replace(query, mark=None, newer=False), ())
    seen = await _seen_goals(session, event, owner)
    found = list[Entry]()
    for rank, source in enumerate(SOURCES):
        if query.kind in ("", source.kind) and (rows := _rows(event, owner, source, list(seen))) is not None:
            found += await entries(session, event, query, rank, source, rows)
    shown = paged(query, found, owner)
    for id in sorted({record(entry) for entry in shown.entries if private(entry, seen)}):
        await Audited(event, owner.id, "read", id).save(session)
    return shown


def _rows(event: Event, owner: Person, source: Source, seen: list[str]) -> Select[Any] | None:
    """Those of the owner's rows that the actor may see; None where there can be none."""
    rows, actor = source.rows(owner.id), event.actor
    if source.kind == "kudos":
        told = access.may_read(access.relation(actor, owner), "kudos", shared=False, public=True)
        return rows.where(k.kind == "public", k.words != "") if told and not access.outsider(actor) else None
    if source.kind == "goals":
        return rows.where(goals.c.id.in_(seen)) if seen else None
    if source.name in LEARNING and access.may_read(access.relation(actor, owner), "learning", shared=True):
        return rows.where(learning.c.seen_by == "manager")
    if source.name == "summary" and access.may_read(access.relation(actor, owner, True), "summary", shared=True):
        return rows.where(summaries.c.manager == actor.id)
    if source.name == "expected" and access.may_read(access.relation(actor, owner), "expectation", shared=False):
        return rows
    if source.name == "wish" and access.may_read(access.relation(actor, owner), "aspiration", shared=True):
        return rows.where(aspirations.c.reader == actor.id)
    if source.name == "feedback_got" and access.may_read(access.relation(actor, owner, True), "feedback", shared=True):
        # What its giver let the manager read. Another giver's company would be another company's word.
        shown = feedback_on(owner.id).where(f.manager == actor.id, f.seen_by != "receiver")
        return shown.where(people.c.company == actor.company)
    if source.name in TALKS and access.may_read(access.relation(actor, owner, True), TALKS[source.name], shared=True):
        given = select(shares.c.about).where(shares.c.person == owner.id, shares.c.reader == actor.id)
        return rows.where(talks.c.id.in_(given))
    return None


async def _seen_goals(session: Session, event: Event, owner: Person) -> dict[str, Goal]:
    rows = await session.all(select(goals).where(goals.c.person == owner.id).limit(MANY))
    found = (goal_of(row) for row in rows)
    return {goal.id: goal for goal in found if access.may_see(event.actor, goal, owner)}


def private(entry: Entry, seen: dict[str, Goal]) -> bool:
    """Whether reading it is written down: what was shared with few."""
    goal = seen.get(record(entry))
    shared = entry.name in ("expected", "wish", *TALKS, "summary", *LEARNING, "feedback_got")
    return shared or (goal is not None and goal.visibility == "manager")


def record(entry: Entry) -> str:
    """What the entry tells of: a word about a goal is read with the goal."""
    return str(entry.names.get("goal", entry.mark.id))
