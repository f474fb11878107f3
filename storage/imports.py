"""What reading a file into the store has to look up: which company it is about, and whom its cells name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from bot.core.people import Person
from storage import people as folk
from storage.audit import audit
from storage.directory import rewrite
from storage.engine import Session
from storage.people import accounts, people


async def companies(session: Session) -> list[str]:
    """The companies we know anybody of."""
    query = (
        select(people.c.company).where(people.c.bot.is_(False)).group_by(people.c.company).order_by(people.c.company)
    )
    return [row.company for row in await session.all(query)]


async def teams(session: Session, company: str) -> list[str]:
    """The teams somebody is in, as they are written."""
    here = (people.c.company == company) & (people.c.team != "") & people.c.gone.is_(False)
    rows = await session.all(select(people.c.team).where(here).group_by(people.c.team).order_by(people.c.team))
    return [row.team for row in rows]


async def named(session: Session, company: str, names: Iterable[str]) -> Mapping[str, tuple[Person, ...]]:
    """By e-mail or account as written, in small letters: whom of this company that is. Several, if it does not tell."""
    wanted = sorted({name.lower() for name in names if name})
    found = {name: dict[str, Person]() for name in wanted}
    for at in range(0, len(wanted), 400):  # SQLite binds no more than so many names at once
        some = wanted[at : at + 400]
        address = func.lower(accounts.c.account).in_(some) | accounts.c.email.in_(some)
        here = (people.c.company == company) & people.c.gone.is_(False) & people.c.bot.is_(False)
        query = select(people, accounts.c.account.label("known_as"), accounts.c.email.label("written_to"))
        for row in await session.all(query.join(accounts, accounts.c.person == people.c.id).where(here, address)):
            for name in {row.known_as.lower(), row.written_to} & found.keys():
                found[name][row.id] = folk.person(row)
    return {name: tuple(those.values()) for name, those in found.items()}


async def leaders(session: Session, company: str) -> Mapping[str, Person]:
    """By team: its first manager; under "" who looks after what is the whole company's."""
    here = (people.c.company == company) & people.c.gone.is_(False) & people.c.role.in_(("hr", "leader", "manager"))
    found = dict[str, Person]()
    for row in await session.all(select(people).where(here).order_by(people.c.role, people.c.name, people.c.id)):
        if row.role == "manager" and row.team:
            found.setdefault(row.team, folk.person(row))
        elif row.role != "manager":
            found.setdefault("", folk.person(row))
    return found


# Who people are.

MANY = 400  # names of a statement


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file about people is held against."""

    id: str
    company: str
    name: str
    name_chosen: bool
    zone: str
    country: str
    country_chosen: bool
    calendar: str
    hours: str
    manager: str | None
    manager_from: str
    team: str
    role: str
    started: date | None
    bot: bool
    guest: bool
    gone: bool


@dataclass(slots=True)
class Found:
    """People by what a file calls them."""

    people: dict[str, Kept] = field(default_factory=dict)
    called: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))  # workspace and id

    def those(self, text: str, workspace: str = "") -> list[Kept]:
        """Whom an e-mail address or an account names, in this workspace if one is given."""
        ids = {id for where, id in self.called.get(text.lower(), ()) if workspace in ("", where)}
        return [self.people[id] for id in sorted(ids)]

    @property
    def names(self) -> dict[str, str]:
        return {person.id: person.name for person in self.people.values()}


async def workspaces(session: Session) -> list[str]:
    return [row.workspace for row in await session.all(select(accounts.c.workspace).distinct())]


async def found(session: Session, names: Iterable[str]) -> Found:
    """Everybody whom one of these names means: an e-mail address, or an account however it is spelled."""
    wanted, result = sorted({name for name in names if name}), Found()
    everywhere = await workspaces(session)
    rows = list[Any]()
    for at in range(0, len(wanted), MANY):
        some = wanted[at : at + MANY]
        written = {*some, *(name.upper() for name in some), *(name.lower() for name in some)}
        account = accounts.c.workspace.in_(everywhere) & accounts.c.account.in_(written)
        for which in (account, accounts.c.email.in_({name.lower() for name in some})):
            here = select(people, *(accounts.c[n].label(f"its_{n}") for n in ("workspace", "account", "email")))
            rows += await session.all(here.join(accounts, accounts.c.person == people.c.id).where(which))
    for row in rows:
        for name in (row.its_account.lower(), row.its_email):
            result.called[name].add((row.its_workspace, row.id))
        if row.id not in result.people:
            columns = {name: getattr(row, name) for name in Kept.__dataclass_fields__}
            result.people[row.id] = Kept(**columns | {"company": session.settings.company(row.workspace)})
    return result


async def names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    wanted, result = sorted(set(ids)), dict[str, str]()
    for at in range(0, len(wanted), MANY):
        query = select(people.c.id, people.c.name).where(people.c.id.in_(wanted[at : at + MANY]))
        result |= {row.id: row.name for row in await session.all(query)}
    return result


async def keep(session: Session, changes: Mapping[str, Mapping[str, Any]], at: datetime) -> None:
    """These columns of these people, by id; each with its line in the audit. Few statements, however many people."""
    alike = defaultdict[tuple[str, ...], list[dict[str, Any]]](list)
    for id, new in changes.items():
        asked = {"manager_asked": None} if "manager" in new else {}  # what was asked in chat is answered by this
        alike[tuple(sorted(new))].append({"id": id, **new, **asked})
    for rows in alike.values():
        await rewrite(session, people, ("id",), rows)
    if changes:
        told = [
            {"at": at, "actor": "cli", "person": id, "action": "people.import", "record": ",".join(sorted(new))}
            for id, new in changes.items()
        ]
        await session.run(audit.insert(), told)
