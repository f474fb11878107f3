"""Two people who turn out to be one: everything of the second becomes the first's, in one transaction.

Which columns hold people is read from the tables themselves, so that a new table cannot be forgotten.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Table, UniqueConstraint, and_, delete, func, select, tuple_, update

from storage import schema
from storage.audit import audit
from storage.dialogues import dialogues
from storage.engine import Session
from storage.keeping import ruled
from storage.outbox import outbox
from storage.people import LINE, calendar_of, leads_back, people

STATES = ("dropped", "missed", "owed", "said", "skipped", "answered")  # of a nudge, from the least that is known of it
# Of two rows that cannot both stay, by table: what makes one of them the better. Elsewhere that of who is kept stays.
BETTER: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "cadences": lambda row: row["at"],
    "checkins": lambda row: row["at"],
    "followups": lambda row: (not row["planned"], -row["day"].toordinal()),
    "homes": lambda row: row["shown_at"],
    "nudges": lambda row: STATES.index(row["state"]),
    "reviews": lambda row: row["at"],
    "summaries": lambda row: (row["version"], row["at"]),
}
# What is between two people, and means nothing between somebody and themselves.
BETWEEN = (
    ("agenda", "person", "manager"),
    ("expectations", "person", "author"),
    ("feedback", "giver", "receiver"),
    ("improvements", "person", "manager"),
    ("kudos", "giver", "receiver"),
    ("meetings", "one", "other"),
    ("mentorings", "mentor", "mentee"),
    ("notes", "author", "about"),
    ("oneonones", "one", "other"),
    ("promises", "person", "other"),
    ("shares", "person", "reader"),
    ("summaries", "person", "manager"),
)
ROUNDS = {"checkin": "checkins", "review": "reviews"}  # dialogues of which a period has one, and what ends them
SOURCES = ("csv", "graph", "chat", "")  # of who says who the manager is: the first one counts most
CHOSEN = ("name", "lang", "zone", "country")


@cache
def columns() -> tuple[Column[Any], ...]:
    """Every column that holds a person's id, but those of `people`. The audit names no table: its lines stay."""
    tables = schema.metadata().sorted_tables
    held = [c for t in tables for c in t.c if any(k.target_fullname == "people.id" for k in c.foreign_keys)]
    return (*(c for c in held if c.table is not people), audit.c.actor, audit.c.person)


async def merge(session: Session, kept: str, gone: str, at: datetime, actor: str = "e-mail") -> None:
    """All that was `gone`'s is `kept`'s from now on. `actor`: who says that they are one, for the audit."""
    await session.hold(LINE)
    # Locked: turns of theirs that are under way end first, and none begins.
    query = select(people).where(people.c.id.in_((kept, gone))).order_by(people.c.id).with_for_update()
    found: dict[str, dict[str, Any]] = {row.id: dict(row._mapping) for row in await session.all(query)}
    if kept == gone or len(found) < 2:
        return
    await session.flush()
    for column in columns():
        await _move(session, column, gone, kept)
    await _one_line(session, found[kept], found[gone])
    await _one_round_each(session, kept)
    await _with_themselves(session, kept)
    beside = f'"{gone}"'
    reports = select(people.c.id).where(people.c.manager == kept)
    begun = dialogues.c.person.in_(reports) & dialogues.c.state.in_(("open", "paused"))
    renamed = func.replace(dialogues.c.seeds, beside, f'"{kept}"')
    await session.run(update(dialogues).where(begun, dialogues.c.seeds.contains(beside)).values(seeds=renamed))
    await session.run(update(outbox).where(outbox.c.about == f"home:{gone}").values(about=f"home:{kept}"))
    await session.run(delete(people).where(people.c.id == gone))
    line = {"at": at, "actor": actor, "person": kept, "action": "people.join", "record": gone}
    await session.run(audit.insert().values(line))


async def _move(session: Session, column: Column[Any], old: str, new: str) -> None:
    """Everything that this column says of the one it says of the other. What cannot stay twice goes first."""
    table = column.table
    assert isinstance(table, Table)
    for names in _uniques(table):
        if column.name in names:
            await _settle(session, table, column.name, [name for name in names if name != column.name], old, new)
    await session.run(update(table).where(column == old).values({column.name: new}))


def _uniques(table: Table) -> Iterator[tuple[str, ...]]:
    yield tuple(column.name for column in table.primary_key)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield tuple(column.name for column in constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield tuple(column.name for column in index.columns)


async def _settle(session: Session, table: Table, name: str, others: list[str], old: str, new: str) -> None:
    mine, theirs = table.alias("mine"), table.alias("theirs")
    same = and_(mine.c[name] == new, theirs.c[name] == old, *(mine.c[other] == theirs.c[other] for other in others))
    one = [column.label(f"mine_{column.name}") for column in mine.c]
    two = [column.label(f"theirs_{column.name}") for column in theirs.c]
    key, better, worse = [column.name for column in table.primary_key], BETTER.get(table.name), list[Any]()
    for row in await session.all(select(*one, *two).select_from(mine.join(theirs, same))):
        ours = {column.name: row._mapping[f"mine_{column.name}"] for column in table.c}
        other = {column.name: row._mapping[f"theirs_{column.name}"] for column in table.c}
        loser = ours if better and better(other) > better(ours) else other
        worse.append(tuple(loser[each] for each in key))
    if worse:
        await session.run(delete(table).where(tuple_(*(table.c[each] for each in key)).in_(worse)))


async def _one_line(session: Session, kept: Mapping[str, Any], gone: Mapping[str, Any]) -> None:
    """Their one place in the reporting line, and what is known of either."""
    both = (kept["id"], gone["id"])
    for name in ("manager", "manager_asked"):
        await session.run(update(people).where(people.c[name] == gone["id"]).values({name: kept["id"]}))
    values = {"manager": None, "manager_from": "", "manager_asked": None}
    for one in sorted((kept, gone), key=lambda one: SOURCES.index(one["manager_from"])):
        # The other may have stood above or below: then the line would lead back to them.
        if one["manager"] and one["manager"] not in both and not await leads_back(session, one["manager"], both):
            values |= {"manager": one["manager"], "manager_from": one["manager_from"]}
            break
    asked = next((one["manager_asked"] for one in (kept, gone) if one["manager_asked"] not in (None, *both)), None)
    await session.run(
        update(people)
        .where(people.c.id == kept["id"])
        .values({**values, "manager_asked": asked, **_known(session, kept, gone)})
    )


def _known(session: Session, kept: Mapping[str, Any], gone: Mapping[str, Any]) -> dict[str, Any]:
    said = ("team", "role", "hours", "takes_timing", "takes_form", "takes_detail")
    found = {name: kept[name] or gone[name] for name in said}
    for name in CHOSEN:
        other = gone[f"{name}_chosen"] and not kept[f"{name}_chosen"]
        found |= {name: (gone if other else kept)[name], f"{name}_chosen": other or kept[f"{name}_chosen"]}
    found["calendar"] = calendar_of(session, found["zone"], found["country"], found["hours"], kept["calendar"])
    found |= {name: kept[name] or gone[name] for name in ("first_kudos", "off_board")}
    found |= {name: kept[name] and gone[name] for name in ("guest", "gone", "unmet")}
    # None: there before the bot was.
    found["started"] = min(kept["started"], gone["started"]) if kept["started"] and gone["started"] else None
    if kept["gone"] and not gone["gone"]:
        found |= {"workspace": gone["workspace"], "account": gone["account"]}
    return found


async def _one_round_each(session: Session, kept: str) -> None:
    """Of two talks about one period the finished one counts, else the last touched; the other one stays, unfinished."""
    tables = schema.metadata().tables
    for name, ends in ROUNDS.items():
        done = tables[ends]
        counted = select(done.c.id).where(done.c.person == kept)
        mine = select(
            dialogues.c.id, dialogues.c.subject, dialogues.c.id.in_(counted).label("counts"), dialogues.c.touched
        )
        rows = await session.all(mine.where(dialogues.c.person == kept, dialogues.c.dialogue == name))
        best = dict[str, Any]()
        for row in rows:
            best[row.subject] = max(best.get(row.subject, row), row, key=lambda each: (each.counts, each.touched))
        others = [row.id for row in rows if best[row.subject].id != row.id]
        if others:
            await session.run(update(dialogues).where(dialogues.c.id.in_(others)).values(state="stopped"))


async def _with_themselves(session: Session, kept: str) -> None:
    for name, one, other in BETWEEN:
        table = schema.metadata().tables[name]
        same = and_(table.c[one] == kept, table.c[other] == kept)
        for child, rule in ruled():  # with what hangs on it
            for column in (column for column, parent in rule.within if parent == name and "id" in table.c):
                await session.run(delete(child).where(child.c[column].in_(select(table.c.id).where(same))))
        await session.run(delete(table).where(same))


async def renamed(session: Session, workspace: str, old: str, new: str) -> None:
    """The people of a workspace belong to another company now. What was the old one's goes with the last of them."""
    here = (people.c.workspace == workspace) & (people.c.company == old)
    await session.run(update(people).where(here).values(company=new))
    if await session.first(select(people.c.id).where(people.c.company == old).limit(1)):
        return
    for table in schema.metadata().sorted_tables:
        if "company" in table.c and table is not people:
            await _move(session, table.c.company, old, new)
