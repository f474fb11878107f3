"""Everything that is kept about somebody, for themselves: by the rules of storage/keeping.py, and all of it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select

from bot.core.events import Event
from bot.core.people import SOMEBODY, Person
from storage import people as folk
from storage.audit import Audited
from storage.dialogues import GIVEN
from storage.engine import Session
from storage.feedback import f
from storage.keeping import Rule, holds, ruled, sections
from storage.keeping import of as of_table
from storage.people import accounts, people

Values = Mapping[str, Any]  # by column; a Person where an id of one is kept


def _answers(stored: str) -> list[dict[str, str]]:
    return [{"question": g.question, "asked": g.asked, "reply": g.reply} for g in GIVEN.validate_json(stored)]


# Columns that hold more than one thing.
READ: Mapping[tuple[str, str], Callable[[str], Any]] = {
    ("dialogues", "given"): _answers,
    ("cadences", "said"): json.loads,
}


@dataclass(frozen=True, slots=True)
class Export:
    """All sections, in their order, the earliest first in each; those with nothing in them too."""

    person: Person
    sections: Mapping[str, tuple[Values, ...]]


async def gather(session: Session, event: Event) -> Export:
    """The actor's own. Others appear by name, where they are the other side.

    What others were given that the actor may see stands in it too: that is reading it, and written down.
    """
    seen = select(f.id, f.receiver).where(f.manager == event.actor.id, f.seen_by != "receiver")
    for row in await session.all(seen.order_by(f.at, f.id)):
        await Audited(event, row.receiver, "read", row.id).save(session)
    return await of(session, event.actor)


async def of(session: Session, person: Person) -> Export:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sections()}
    for table, rule in ruled():
        for section in dict.fromkeys(who.section for who in rule.people.values() if who.section):
            rows = await session.all(
                select(table).where(_mine(table, rule, person.id, section)).order_by(*_order(table))
            )
            shown = columns(table, rule)
            found[section] += [{name: _read(table, name, getattr(row, name)) for name in shown} for row in rows]
    await _name(session, found)
    return Export(person, {name: tuple(rows) for name, rows in found.items()})


async def called(session: Session, account: str) -> list[Person]:
    """Who has this account, `slack:T1/U2` or just `U2`, or this e-mail; one line for each person."""
    workspace, _, short = account.rpartition("/")
    who = accounts.c.account == (short if workspace else account)
    mail = accounts.c.email == account.lower()
    which = and_(who, accounts.c.workspace == workspace) if workspace else or_(who, mail)
    query = select(people).where(people.c.id.in_(select(accounts.c.person).where(which)))
    return [folk.person(row) for row in await session.all(query)]


def columns(table: Table, rule: Rule) -> list[str]:
    """What of a table is exported."""
    always = set(rule.people) if len(rule.people) == 1 and not rule.within else set()  # their own id, in every row
    return [column.name for column in table.c if column.name not in {*rule.hide, *always, "id"}]


def _mine(table: Table, rule: Rule, person: str, section: str) -> ColumnElement[bool]:
    which = [_by(table, rule, name, person) for name, who in rule.people.items() if who.section == section]
    if section == next(who.section for who in rule.people.values() if who.section):
        for column, name in rule.within:
            parent, above = of_table(name)
            owned = select(parent.c.id).where(_by(parent, above, next(iter(above.people)), person))
            which.append(table.c[column].in_(owned))
    return or_(*which)


def _by(table: Table, rule: Rule, column: str, person: str) -> ColumnElement[bool]:
    only = rule.people[column].only
    mine = table.c[column] == person
    return and_(mine, only(table.c)) if only else mine


def _order(table: Table) -> list[Any]:
    moments = [column for column in table.c if issubclass(holds(column), date)]
    return [*(column for column in moments if not column.nullable), *table.primary_key.columns]


def _read(table: Table, column: str, value: Any) -> Any:
    if (value is not None and table.c[column].foreign_keys) or (table.name, column) in IDS:
        return _Id(value) if value else None
    read = READ.get((table.name, column))
    return read(value) if read and value else value


# Ids of people that no key holds: their lines outlast them.
IDS = {("audit", "actor"), ("audit", "person")}


NOBODY = Person("", SOMEBODY, "", "")


@dataclass(frozen=True, slots=True)
class _Id:
    person: str


async def _name(session: Session, found: Mapping[str, Iterable[dict[str, Any]]]) -> None:
    rows = [row for rows in found.values() for row in rows]
    ids = {value.person for row in rows for value in row.values() if isinstance(value, _Id)}
    known = await folk.many(session, ids) if ids else {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, _Id):
                row[name] = known.get(value.person, NOBODY)
