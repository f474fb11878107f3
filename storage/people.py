"""People, and the accounts by which platforms know them."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, tuple_, update
from sqlmodel import Field, SQLModel

from bot.core.calendar import country_of
from bot.core.events import Action, Command, Event
from bot.core.people import Kind, Person
from storage.engine import Session, table


class PersonRow(SQLModel, table=True):
    __tablename__ = "people"
    id: str = Field(primary_key=True)
    company: str = Field(index=True)
    workspace: str  # of the account that nudges go to
    account: str
    name: str
    lang: str
    lang_chosen: bool = False  # said by the person: the platform's word no longer counts
    zone: str
    country: str = ""
    calendar: str = Field(index=True)  # Calendar.key of all that follows from zone, country, days and hours
    manager: str | None = Field(default=None, index=True, foreign_key="people.id")
    manager_asked: str | None = Field(default=None, foreign_key="people.id")  # named, not yet confirmed
    team: str = ""
    role: str = ""
    bot: bool = False
    guest: bool = False
    gone: bool = False
    started: date | None = None  # a newcomer's first day; None for those who were there before the bot
    first_kudos: bool = False  # has had the line that explains kudos
    off_board: bool = False  # wants no place on the leaderboard
    profiled_at: datetime | None = None


class AccountRow(SQLModel, table=True):
    __tablename__ = "accounts"
    workspace: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    person: str = Field(foreign_key="people.id", index=True)


class GroupRow(SQLModel, table=True):
    """A platform's user group, so that `@designers` is known before anybody is asked over the network."""

    __tablename__ = "user_groups"
    workspace: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    handle: str
    members: str  # accounts, joined by commas


class ChannelRow(SQLModel, table=True):
    """What kind of place a conversation is, once we have been let in."""

    __tablename__ = "channels"
    workspace: str = Field(primary_key=True)
    conversation: str = Field(primary_key=True)
    kind: str


people, accounts = table(PersonRow), table(AccountRow)
groups, channels = table(GroupRow), table(ChannelRow)
Key = tuple[str, str]  # workspace, account


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
    )


def _key(someone: Person) -> Key:
    return someone.workspace, someone.account


async def introduced(session: Session, strangers: Iterable[Person]) -> Mapping[Key, Person]:
    """The people behind these accounts; who was not known is known from now on."""
    wanted = {_key(someone): someone for someone in strangers}
    found = await _known(session, wanted)
    if missing := [someone for key, someone in wanted.items() if key not in found]:
        for someone in missing:
            await _welcome(session, someone)
        found |= await _known(session, [_key(someone) for someone in missing])
    return found


async def _known(session: Session, keys: Iterable[Key]) -> dict[Key, Person]:
    """One statement for all. The place an account is met in is where it is answered, so the row tells that account."""
    pair = tuple_(accounts.c.workspace, accounts.c.account)
    here = (accounts.c.workspace.label("met_in"), accounts.c.account.label("met_as"))
    query = select(people, *here).join(accounts, accounts.c.person == people.c.id).where(pair.in_(list(keys)))
    return {(row.met_in, row.met_as): person(row) for row in await session.all(query)}


async def _welcome(session: Session, someone: Person) -> None:
    defaults, id = session.settings.people, secrets.token_hex(8)
    await session.run(
        people.insert().values(
            id=id,
            company=someone.workspace,
            workspace=someone.workspace,
            account=someone.account,
            name=someone.name or someone.account,
            lang=someone.lang or session.settings.languages.default,
            zone=defaults.zone,
            country=defaults.country,
            calendar=defaults.calendar().key,
            bot=someone.bot,
        )
    )
    await session.run(accounts.insert().values(workspace=someone.workspace, account=someone.account, person=id))


async def learn(session: Session, profiles: Iterable[Profile], at: datetime) -> None:
    """Keep what a platform tells of its people."""
    told = {(profile.workspace, profile.account): profile for profile in profiles}
    await introduced(session, [Person("", p.name, p.workspace, p.account, lang="", bot=p.bot) for p in told.values()])
    known = await session.all(
        select(people, accounts.c.account.label("met_as"), accounts.c.workspace.label("met_in"))
        .join(accounts, accounts.c.person == people.c.id)
        .where(tuple_(accounts.c.workspace, accounts.c.account).in_(list(told)))
    )
    for row in known:
        profile = told[row.met_in, row.met_as]
        zone = profile.zone or row.zone
        country = profile.country or country_of(profile.zone or "") or row.country
        await session.run(
            update(people)
            .where(people.c.id == row.id)
            .values(
                name=profile.name or row.name,
                lang=row.lang if row.lang_chosen else profile.lang or row.lang,
                zone=zone,
                country=country,
                calendar=_calendar(session, zone, country, row.calendar),
                bot=profile.bot,
                guest=profile.guest,
                gone=profile.gone,
                started=row.started or profile.started,
                profiled_at=at,
            )
        )


def _calendar(session: Session, zone: str, country: str, before: str) -> str:
    try:
        return session.settings.people.calendar(zone, country).key
    except ValueError:  # a zone this machine's database does not have: the person keeps the days they had
        return before


async def unprofiled(session: Session, workspace_prefix: str, limit: int = 20) -> list[Key]:
    """Accounts whose platform has not yet been asked who they are."""
    query = select(people.c.workspace, people.c.account).where(
        people.c.profiled_at.is_(None), people.c.workspace.startswith(workspace_prefix, autoescape=True)
    )
    return [(row.workspace, row.account) for row in await session.all(query.limit(limit))]


async def by_id(session: Session, id: str | None) -> Person | None:
    row = await session.first(select(people).where(people.c.id == id)) if id else None
    return person(row) if row else None


async def many(session: Session, ids: Iterable[str]) -> dict[str, Person]:
    rows = await session.all(select(people).where(people.c.id.in_(set(ids))))
    return {row.id: person(row) for row in rows}


async def manager(session: Session, event: Event) -> Person | None:
    """The actor's own manager."""
    return await by_id(session, event.actor.manager)


async def reports(session: Session, event: Event) -> list[Person]:
    """Who has confirmed that the actor is their manager, by name."""
    return [person(row) for row in await session.all(reporting_to(event.actor.id).order_by(people.c.name))]


def reporting_to(manager: str) -> Select[Any]:
    return select(people).where(people.c.manager == manager, people.c.gone.is_(False))


async def named_in(session: Session, event: Command) -> tuple[Person, ...]:
    """Everybody a command names: by mention, or as a member of a user group that is known."""
    if not event.groups:
        return event.mentions
    query = select(groups).where(groups.c.workspace == event.actor.workspace, groups.c.id.in_(event.groups))
    keys = [(row.workspace, name) for row in await session.all(query) for name in row.members.split(",") if name]
    known = await introduced(session, [Person("", "", *key) for key in keys])
    # A group never thanks the one who names it.
    members = [someone for someone in known.values() if someone.id != event.actor.id]
    return (*event.mentions, *members)


async def unknown_groups(session: Session, event: Command) -> tuple[str, ...]:
    query = select(groups.c.id).where(groups.c.workspace == event.actor.workspace, groups.c.id.in_(event.groups))
    known = {row.id for row in await session.all(query)} if event.groups else set()
    return tuple(group for group in event.groups if group not in known)


async def keep_group(session: Session, workspace: str, id: str, handle: str, members: Iterable[str]) -> None:
    row = {"workspace": workspace, "id": id, "handle": handle, "members": ",".join(members)}
    insert = session.insert(groups).values(row)
    await session.run(insert.on_conflict_do_update(index_elements=["workspace", "id"], set_=row))


@dataclass(frozen=True, slots=True)
class Channel:
    """A place we were let into, and what kind it is."""

    workspace: str
    conversation: str
    kind: str

    async def save(self, session: Session) -> None:
        row = {"workspace": self.workspace, "conversation": self.conversation, "kind": self.kind}
        insert = session.insert(channels).values(row)
        keys = ["workspace", "conversation"]
        await session.run(insert.on_conflict_do_update(index_elements=keys, set_={"kind": self.kind}))


async def kind_of(session: Session, workspace: str, conversation: str) -> Kind:
    """public or private; what we cannot tell counts as private."""
    query = select(channels.c.kind).where(channels.c.workspace == workspace, channels.c.conversation == conversation)
    found: Kind | None = await session.value(query)
    return found or "private"


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
    return and_(people.c.gone.is_(False), people.c.bot.is_(False), people.c.guest.is_(False))


def settled_in(first_days: date) -> ColumnElement[bool]:
    return or_(people.c.started.is_(None), people.c.started <= first_days)
