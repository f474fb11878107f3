"""Workspaces that put us out long ago: everything of them is erased, and nothing of anybody else's is touched."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, or_, select, update

from bot.core.events import Event
from bot.core.people import Person, Place
from storage.engine import Session
from storage.erasure import Erased
from storage.installations import installations
from storage.keeping import Rule, of, ruled
from storage.outbox import events
from storage.people import accounts, people, person


async def due(session: Session, now: datetime) -> list[str]:
    """The workspaces whose time is over, by retention.uninstalled; 0 there: none ever is."""
    days = session.settings.retention.uninstalled
    if not days:
        return []
    over = installations.c.gone_at <= now - timedelta(days=days)
    return [row.workspace for row in await session.all(select(installations.c.workspace).where(over))]


async def erase(session: Session, workspace: str, now: datetime) -> None:
    """Everything of this workspace. Where its company has us elsewhere too, what was given to people there stays with
    them, without the name, and who has an account there stays with that."""
    company = session.settings.company(workspace)
    if await _elsewhere(session, company, workspace):
        for someone in await _only_here(session, workspace):
            await Erased(_event(someone, now), someone).save(session)
        await _moved(session, workspace)
        await _emptied(session, lambda table: [table.c.workspace == workspace] if _its_own(table) else [])
    else:
        await _company(session, company, workspace)
    session.erased = True


def _its_own(table: Table) -> bool:
    """Whether a workspace in it says whose the row is; in other tables it says where something was given."""
    _, rule = of(table.name)
    return "workspace" in table.c and (not rule.people or table.name in ("accounts", "installations"))


def _event(someone: Person, now: datetime) -> Event:
    place = Place(someone.workspace, someone.account, kind="direct")
    return Event(id=f"departed/{someone.id}/{now.date()}", actor=someone, place=place, at=now)


async def _elsewhere(session: Session, company: str, workspace: str) -> bool:
    others = [each for each in session.settings.companies.get(company, ()) if each != workspace]
    gone = select(installations.c.workspace).where(installations.c.gone_at.is_not(None))
    used = select(accounts.c.person).where(accounts.c.workspace.in_(others), accounts.c.workspace.not_in(gone))
    return bool(others) and await session.first(used.limit(1)) is not None


async def _only_here(session: Session, workspace: str) -> list[Person]:
    here = select(accounts.c.person).where(accounts.c.workspace == workspace)
    there = select(accounts.c.person).where(accounts.c.workspace != workspace)
    only = select(people).where(people.c.id.in_(here), people.c.id.not_in(there))
    return [person(row) for row in await session.all(only)]


async def _moved(session: Session, workspace: str) -> None:
    """Who is written to here is written to where else they are."""
    query = (
        select(people.c.id, accounts.c.workspace, accounts.c.account)
        .join(accounts, accounts.c.person == people.c.id)
        .where(people.c.workspace == workspace, accounts.c.workspace != workspace)
        .order_by(accounts.c.gone.desc())  # one that is in use comes last, and stays
    )
    homes: Mapping[str, Any] = {row.id: row for row in await session.all(query)}
    for id, row in homes.items():
        home = {"workspace": row.workspace, "account": row.account}
        await session.run(update(people).where(people.c.id == id).values(home))


async def _company(session: Session, company: str, workspace: str) -> None:
    theirs = select(people.c.id).where(people.c.company == company)
    for row in await session.all(theirs):
        for made_of in ("due", "home"):
            start = f"{made_of}/{row.id}/"
            await session.run(events.delete().where(events.c.id.startswith(start, autoescape=True)))
    spaces = {workspace, *session.settings.companies.get(company, ())}

    def which(table: Table) -> list[ColumnElement[bool]]:
        rule = next(rule for each, rule in ruled() if each is table)
        found: list[ColumnElement[bool]] = [table.c[name].in_(theirs) for name in rule.people]
        if "workspace" in table.c:
            found.append(table.c.workspace.in_(spaces))
        if "company" in table.c:
            found.append(table.c.company == company)
        return found + _within(table, rule, theirs, company)

    for name in ("manager", "manager_asked"):
        await session.run(update(people).where(people.c.company == company).values({name: None}))
    await _emptied(session, which)


def _within(table: Table, rule: Rule, theirs: Select[Any], company: str) -> list[ColumnElement[bool]]:
    """What hangs on a row of the company, by whatever way that belongs to it."""
    found = list[ColumnElement[bool]]()
    for column, name in rule.within:
        parent, above = of(name)
        owned: list[ColumnElement[bool]] = [parent.c[each].in_(theirs) for each in above.people]
        if "company" in parent.c:
            owned.append(parent.c.company == company)
        owned += _within(parent, above, theirs, company)
        found.append(table.c[column].in_(select(parent.c.id).where(or_(*owned))))
    return found


async def _emptied(session: Session, which: Callable[[Table], list[ColumnElement[bool]]]) -> None:
    """Those rows of every table go, what hangs on others first, and people last: by them it is known whose a row is."""
    others = [each for each in reversed(ruled()) if each[0] is not people]
    for table, rule in (*others, of("people")):
        if not (conditions := which(table)):
            continue
        here = or_(*conditions)
        for name in rule.loose:
            gone = table.c[name].in_(select(table.c.id).where(here))
            await session.run(update(table).where(gone).values({name: None}))
        await session.run(table.delete().where(here))
