"""People, and the accounts by which platforms know them."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Index,
    Row,
    Select,
    String,
    and_,
    bindparam,
    exists,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlmodel import Field, SQLModel

from bot.core.calendar import Calendar
from bot.core.events import Action, Event
from bot.core.overlays import overlaid
from bot.core.people import Person
from bot.core.settings import Settings
from storage.engine import Session, table
from storage.installations import deserted
from storage.overlays import cadences, companies
from storage.prepared import Prepared

UNPROFILED = text("profiled_at IS NULL")


class PersonRow(SQLModel, table=True):
    __tablename__ = "people"
    __table_args__ = (
        Index("ix_people_company", "company", "calendar"),
        Index("ix_people_led", "manager", "gone"),  # who leads somebody: it is read, and no row
        Index("ix_people_unprofiled", "workspace", sqlite_where=UNPROFILED, postgresql_where=UNPROFILED),
        # All that planning asks of those it may speak to: it reads this index and no row.
        Index("ix_people_calendar", "calendar", "id", "company", "workspace", "manager", "started", "gone",
              "bot", "guest",
              sqlite_where=text("gone IS 0 AND bot IS 0 AND guest IS 0"),
              postgresql_where=text("gone IS false AND bot IS false AND guest IS false")),
    )  # fmt: skip
    id: str = Field(primary_key=True)
    company: str
    workspace: str  # of the account that nudges go to
    account: str
    name: str
    name_chosen: bool = False  # told by an import: the platform's word no longer counts
    lang: str
    lang_chosen: bool = False  # said by the person: the platform's word no longer counts
    zone: str
    zone_chosen: bool = False  # the same
    hours: str = ""  # Hours.key, said by the person; "": the company's
    country: str = ""
    country_chosen: bool = False  # the same as name_chosen
    calendar: str  # Calendar.key of all that follows from zone, country, days and hours
    manager: str | None = Field(default=None, foreign_key="people.id")
    manager_from: str = ""  # who said so: chat, csv, graph
    manager_asked: str | None = Field(default=None, index=True, foreign_key="people.id")  # named, not yet confirmed
    team: str = ""
    role: str = ""
    bot: bool = False
    guest: bool = False
    gone: bool = False
    started: date | None = None  # a newcomer's first day; None for those who were there before the bot
    first_kudos: bool = False  # has had the line that explains kudos
    off_board: bool = False  # wants no place on the leaderboard
    takes_timing: str = ""  # how they like to be told things, "" where they have not said: direct, time
    takes_form: str = ""  # writing, person
    takes_detail: str = ""  # detail, headline
    unmet: bool = False  # nobody told them who we are; of those who were there before that was kept, it was said
    profiled_at: datetime | None = None


class AccountRow(SQLModel, table=True):
    __tablename__ = "accounts"
    workspace: str = Field(primary_key=True)
    account: str = Field(primary_key=True, index=True)
    person: str = Field(foreign_key="people.id", index=True)
    email: str = Field(default="", index=True)  # in small letters, and only where the platform vouches for it
    guest: bool = False
    gone: bool = False
    seen: datetime | None = None  # began_at of the round (storage/syncs.py) that last found it on the platform's list


people, accounts = table(PersonRow), table(AccountRow)
Key = tuple[str, str]  # workspace, account
LINE = "reporting line"  # held by whoever changes who manages whom: two lines at once could close a circle


@dataclass(frozen=True, slots=True)
class Profile:
    """What a platform tells of an account. None: it does not tell."""

    workspace: str
    account: str
    name: str
    zone: str | None = None
    lang: str | None = None
    country: str | None = None
    bot: bool = False
    guest: bool = False
    gone: bool = False
    started: date | None = None
    email: str | None = None  # only what the platform vouches for; "": it says there is none


def person(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        workspace=row.workspace,
        account=row.account,
        lang=row.lang,
        zone=row.zone,
        company=row.company,
        calendar=row.calendar,
        manager=row.manager,
        team=row.team,
        role=row.role,
        bot=row.bot,
        guest=row.guest,
        gone=row.gone,
        takes_timing=row.takes_timing,
        takes_form=row.takes_form,
        takes_detail=row.takes_detail,
        unmet=row.unmet,
        first_kudos=row.first_kudos,
    )


def _key(someone: Person) -> Key:
    return someone.workspace, someone.account


async def introduced(session: Session, strangers: Iterable[Person]) -> Mapping[Key, Person]:
    """The people behind these accounts; who was not known is known from now on."""
    return {key: person(row) for key, row in (await _introduced(session, strangers)).items()}


async def received(
    session: Session, strangers: Iterable[Person], at: datetime
) -> Mapping[Key, tuple[Person, Settings]]:
    """The same, with the settings that hold for each of them at this moment."""
    known = await _introduced(session, strangers)
    return {key: (person(row), settings_of(session, row, at)) for key, row in known.items()}


async def _introduced(session: Session, strangers: Iterable[Person]) -> dict[Key, Row[Any]]:
    wanted = {_key(someone): someone for someone in strangers}
    found = await _known(session, wanted)
    if missing := [someone for key, someone in sorted(wanted.items()) if key not in found]:
        new = await _welcome(session, missing)
        found |= await _known(session, [_key(someone) for someone in missing])
        if lost := new - {row.id for row in found.values()}:
            await forget_nobody(session, lost)
    return found


async def _known(session: Session, keys: Iterable[Key]) -> dict[Key, Row[Any]]:
    """One statement for all. The place an account is met in is where it is answered, so the row tells that account."""
    wanted = list(keys)
    if not wanted:
        return {}
    values = {f"{part}{n}": value for n, key in enumerate(wanted) for part, value in zip("wa", key, strict=True)}
    rows = await session.all(_by_accounts(len(wanted)), values)
    return {(row.met_in, row.met_as): row for row in rows}


@lru_cache(maxsize=16)  # every event asks for its one or two people
def _by_accounts(number: int) -> Prepared:
    pair = tuple_(accounts.c.workspace, accounts.c.account)
    keys = [tuple_(bindparam(f"w{n}", type_=String), bindparam(f"a{n}", type_=String)) for n in range(number)]
    here = (accounts.c.workspace.label("met_in"), accounts.c.account.label("met_as"))
    query = layered(select(people, *LAYERS, *here).join(accounts, accounts.c.person == people.c.id))
    query = query.where(or_(*(pair == key for key in keys)))
    return Prepared(lambda _: query)


# What was said in chat over app.yaml, for the company and for the team of a person.
LAYERS = (companies.c.said.label("company_said"), cadences.c.said.label("cadence_said"))


def layered(query: Select[Any]) -> Select[Any]:
    """A query of people, joined by what LAYERS names."""
    team = query.outerjoin(cadences, cadences.c.manager == people.c.manager)
    return team.outerjoin(companies, companies.c.company == people.c.company)


def settings_of(session: Session, row: Row[Any], at: datetime) -> Settings:
    """The settings that hold for the person of a `layered` row at this moment."""
    if row.company_said is None and row.cadence_said is None:
        return session.settings
    return overlaid(session.settings, row.company_said, row.cadence_said, local_day(row.zone, at))


def local_day(zone: str, at: datetime) -> date:
    try:
        return at.astimezone(ZoneInfo(zone)).date()
    except (KeyError, ValueError, OSError):  # a zone this machine's database does not have
        return at.date()


async def _welcome(session: Session, strangers: Iterable[Person]) -> set[str]:
    """Returns the ids of the new. Where two turns meet somebody at once, the account stays with the first; whoever
    meets several does so in the order of their accounts, or each could wait for the other."""
    new = [newcomer(session, Profile(s.workspace, s.account, s.name, lang=s.lang, bot=s.bot)) for s in strangers]
    await session.run(people.insert(), new)
    keys = ({"workspace": row["workspace"], "account": row["account"], "person": row["id"]} for row in new)
    await session.run(session.insert(accounts).on_conflict_do_nothing(), list(keys))
    return {row["id"] for row in new}


async def forget_nobody(session: Session, ids: Iterable[str]) -> None:
    """Of these people those without an account: somebody else had made them at the same time."""
    nobody = ~exists().where(accounts.c.person == people.c.id)
    await session.run(people.delete().where(people.c.id.in_(list(ids)), nobody))


def newcomer(session: Session, told: Profile) -> dict[str, Any]:
    """All that is kept of somebody who was not known until now."""
    defaults, settings = session.settings.people, session.settings
    columns = {column.name: column.default.arg if column.default else None for column in people.c}  # type: ignore[attr-defined]
    return columns | {
        "id": secrets.token_hex(8),
        "company": settings.company(told.workspace),
        "workspace": told.workspace,
        "account": told.account,
        "name": told.name or told.account,
        "lang": told.lang or settings.languages.default,
        "zone": defaults.zone,
        "country": defaults.country,
        "calendar": defaults.calendar().key,
        "bot": told.bot,
        "unmet": True,
    }


def calendar_of(session: Session, zone: str, country: str, hours: str, before: str) -> str:
    """Calendar.key of somebody's days. `hours`: of their own, "" for the company's; `before`: what it was."""
    try:
        key = session.settings.people.calendar(zone, country).key
        return Calendar.parse(f"{zone}|{country}|{hours}").key if hours else key
    except ValueError:  # a zone this machine's database does not have: the person keeps the days they had
        return before


async def unprofiled(session: Session, workspace: str, limit: int = 20) -> list[Key]:
    """Accounts whose platform has not yet been asked who they are."""
    query = select(people.c.workspace, people.c.account).where(
        people.c.profiled_at.is_(None), people.c.workspace == workspace
    )
    return [(row.workspace, row.account) for row in await session.all(query.limit(limit))]


async def by_id(session: Session, id: str | None) -> Person | None:
    row = await session.first(select(people).where(people.c.id == id)) if id else None
    return person(row) if row else None


async def many(session: Session, ids: Iterable[str]) -> dict[str, Person]:
    wanted = set(ids)
    rows = await session.all(select(people).where(people.c.id.in_(wanted))) if wanted else ()
    return {row.id: person(row) for row in rows}


async def manager(session: Session, event: Event) -> Person | None:
    """The actor's own manager."""
    return await by_id(session, event.actor.manager)


async def reports(session: Session, event: Event) -> list[Person]:
    """Who has confirmed that the actor is their manager, by name."""
    return [person(row) for row in await session.all(reporting_to(event.actor.id).order_by(people.c.name))]


def reporting_to(manager: str) -> Select[Any]:
    return select(people).where(people.c.manager == manager, people.c.gone.is_(False))


@dataclass(frozen=True, slots=True)
class Changed:
    """Some of what we keep of a person is now otherwise."""

    person: str
    values: Mapping[str, Any]

    async def save(self, session: Session) -> None:
        await session.run(update(people).where(people.c.id == self.person).values(**self.values))


async def asked_of(session: Session, event: Event) -> list[Person]:
    """Who has said that the actor is their manager, and waits for a yes."""
    query = select(people).where(people.c.manager_asked == event.actor.id, people.c.gone.is_(False))
    return [person(row) for row in await session.all(query.order_by(people.c.name))]


async def asking(session: Session, event: Action) -> Person | None:
    """The person a confirmation is about, while it still waits for the actor."""
    query = select(people).where(people.c.id == event.value, people.c.manager_asked == event.actor.id)
    row = await session.first(query)
    return person(row) if row else None


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose manager the actor is asked to be, and whether that would close a circle by now."""

    report: Person
    circle: bool


async def confirming(session: Session, event: Action) -> Asked | None:
    """What a yes of the actor's is about, while it waits for them. Two that together close a circle wait in line."""
    await session.hold(LINE)
    report = await asking(session, event)
    return Asked(report, await leads_back(session, event.actor.id, (report.id,))) if report else None


async def leads_back(session: Session, manager: str, to: Iterable[str]) -> bool:
    """Whether the line above this manager, who counts too, leads to one of those. LINE has to be held."""
    wanted, at, seen = set(to), manager, set[str]()
    while at and at not in seen:
        if at in wanted:
            return True
        seen.add(at)
        at = await session.value(select(people.c.manager).where(people.c.id == at))
    return False


async def above(session: Session, someone: Person | None, limit: int = 50) -> frozenset[str]:
    """Ids of everybody up this person's reporting line, so that nobody becomes their own manager's manager."""
    line = list[str]()
    at = someone.manager if someone else None
    while at and at not in line and len(line) < limit:
        line.append(at)
        at = await session.value(select(people.c.manager).where(people.c.id == at))
    return frozenset(line)


def active() -> ColumnElement[bool]:
    """Who may be spoken to first."""
    here = people.c.workspace.not_in(deserted())
    return and_(people.c.gone.is_(False), people.c.bot.is_(False), people.c.guest.is_(False), here)


def leads(id: ColumnElement[str]) -> ColumnElement[bool]:
    """Who has somebody reporting to them, of those with such an id."""
    theirs = people.alias("reports")
    return exists().where(theirs.c.manager == id, theirs.c.gone.is_(False))


async def is_manager(session: Session, person: str) -> bool:
    row = await session.first(reporting_to(person).limit(1))
    return row is not None


def settled_in(first_days: date) -> ColumnElement[bool]:
    return or_(people.c.started.is_(None), people.c.started <= first_days)
