"""What platforms tell of their people, kept a page at a time: no statement for a person where one does for the page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, or_, select, tuple_, update

from bot.core.calendar import country_of
from storage import merge
from storage.engine import Session
from storage.people import Key, Profile, accounts, calendar_of, forget_nobody, newcomer, people

BATCH = 500  # people of a statement


@dataclass(frozen=True, slots=True)
class Account:
    """What is kept of somebody's account, besides whose it is."""

    email: str = ""
    guest: bool = False
    gone: bool = False

    def told(self, profile: Profile) -> "Account":
        """As the platform has it now. An e-mail counts only for who belongs here: others could name anybody's."""
        if profile.guest or profile.gone or profile.bot:
            return Account("", profile.guest, profile.gone)
        return Account(self.email if profile.email is None else profile.email.strip().lower())


@dataclass(slots=True)
class Held:
    """A person as they are kept, and all accounts they have."""

    row: Mapping[str, Any]
    accounts: dict[Key, Account] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def home(self) -> Key:
        return self.row["workspace"], self.row["account"]

    def has_another(self, key: Key) -> bool:
        """Another account in the workspace of this one, which they use."""
        return any(mine[0] == key[0] and mine != key and not a.gone for mine, a in self.accounts.items())


async def learn(session: Session, profiles: Iterable[Profile], at: datetime, seen: datetime | None = None) -> None:
    """Keep what a platform tells of its people; only what is new is written. `seen`: the round that lists them.

    Who is not known is known from now on. An account whose e-mail somebody of the same company has on another platform
    is that person's; were they two until now, they become one.
    """
    told = {(profile.workspace, profile.account): profile for profile in profiles}
    if not told:
        return
    held = await _held(session, tuple_(accounts.c.workspace, accounts.c.account).in_(list(told)))
    whose = {key: someone for someone in held for key in someone.accounts}
    known = told.keys() & whose.keys()
    was = {key: whose[key].accounts[key] for key in known}
    now = {key: was.get(key, Account()).told(profile) for key, profile in told.items()}
    fresh = {account.email for key, account in now.items() if account != was.get(key)} - {""}
    mates = await _held(session, accounts.c.email.in_(fresh)) if fresh else []
    new = list[Held]()
    for key in told.keys() - known:
        mate = _mate(session, key, now[key], mates)
        whose[key] = mate or Held(newcomer(session, told[key]))
        new += [] if mate else [whose[key]]
    for key, account in now.items():
        whose[key].accounts[key] = account
    await _keep(session, told, whose, was, new, at)
    if seen:
        await _mark(session, told, seen)
    for key in sorted(known):
        if now[key].email != was[key].email and (mate := _mate(session, key, now[key], mates, whose[key])):
            await merge.merge(session, mate.id, whose[key].id, at)


async def _held(session: Session, which: ColumnElement[bool]) -> list[Held]:
    """The people behind some accounts, with all that they have, by one statement."""
    theirs = select(accounts.c.person).where(which)
    here = (accounts.c[name].label(f"its_{name}") for name in ("workspace", "account", "email", "guest", "gone"))
    query = select(people, *here).join(accounts, accounts.c.person == people.c.id).where(people.c.id.in_(theirs))
    found = dict[str, Held]()
    for row in await session.all(query):
        someone = found.setdefault(row.id, Held(dict(row._mapping)))
        account = Account(row.its_email, row.its_guest, row.its_gone)
        someone.accounts[row.its_workspace, row.its_account] = account
    return list(found.values())


def _mate(session: Session, key: Key, account: Account, mates: list[Held], but: Held | None = None) -> Held | None:
    """Who has the same verified e-mail on another platform of the same company; nobody where there are two of them."""
    company = session.settings.company(key[0])
    if not account.email or company == key[0]:
        return None
    found = {
        someone.id: someone
        for someone in mates
        for other, theirs in someone.accounts.items()
        if theirs.email == account.email and other[0] != key[0] and session.settings.company(other[0]) == company
    }
    if but:
        found.pop(but.id, None)
    [mate] = found.values() if len(found) == 1 else [None]
    return mate if mate and not mate.has_another(key) else None


async def _keep(
    session: Session,
    told: Mapping[Key, Profile],
    whose: Mapping[Key, Held],
    was: Mapping[Key, Account],
    new: list[Held],
    at: datetime,
) -> None:
    """Five statements at most, however many people the page has."""
    facts = {held.id: _facts(session, held, told, at) for held in {id(each): each for each in whose.values()}.values()}
    if new:
        await session.run(people.insert(), [{**held.row, **facts.pop(held.id)} for held in new])
    rows = {key: _row(held.accounts[key]) | {"person": held.id} for key, held in whose.items() if key in told}
    if added := [{**_named(key), **row} for key, row in rows.items() if key not in was]:
        added.sort(key=lambda row: (row["workspace"], row["account"]))
        await session.run(session.insert(accounts).on_conflict_do_nothing(), added)
        if new and not session.sqlite:  # a turn may have met them meanwhile
            await forget_nobody(session, [held.id for held in new])
    changed = [{**_named(key), **_row(whose[key].accounts[key])} for key in was if whose[key].accounts[key] != was[key]]
    await rewrite(session, accounts, ("workspace", "account"), changed)
    others = {held.id: held.row for held in whose.values()}
    different = [
        {"id": id, **values}
        for id, values in facts.items()
        if any(others[id][name] != value for name, value in values.items())
    ]
    await rewrite(session, people, ("id",), different)


def _named(key: Key) -> dict[str, str]:
    return {"workspace": key[0], "account": key[1]}


def _row(account: Account) -> dict[str, Any]:
    return {"email": account.email, "guest": account.guest, "gone": account.gone}


def _facts(session: Session, held: Held, told: Mapping[Key, Profile], at: datetime) -> dict[str, Any]:
    """What is to be kept of a person. Who they are follows from the account they are written to at; whether they are
    here, from all of them."""
    here = [key for key, account in held.accounts.items() if not account.gone]
    home = held.home if held.home in here or not here else here[0]
    row, profile = held.row, told.get(home)
    facts = {name: row[name] for name in FACTS}
    if profile:
        zone = row["zone"] if row["zone_chosen"] else profile.zone or row["zone"]
        country = profile.country or country_of("" if row["zone_chosen"] else profile.zone or "") or row["country"]
        country = row["country"] if row["country_chosen"] else country
        facts |= {
            "name": row["name"] if row["name_chosen"] else profile.name or row["name"],
            "lang": row["lang"] if row["lang_chosen"] else profile.lang or row["lang"],
            "zone": zone,
            "country": country,
            "calendar": calendar_of(session, zone, country, row["hours"], row["calendar"]),
            "bot": profile.bot,
            "started": row["started"] or profile.started,
            "profiled_at": row["profiled_at"] or at,
        }
    guest = all(account.guest for account in held.accounts.values() if not account.gone or not here)
    return {**facts, "workspace": home[0], "account": home[1], "guest": guest, "gone": not here}


FACTS = ("name", "lang", "zone", "country", "calendar", "bot", "started", "profiled_at")


async def _mark(session: Session, told: Iterable[Key], seen: datetime) -> None:
    for workspace in {workspace for workspace, _ in told}:
        listed = accounts.c.account.in_([account for where, account in told if where == workspace])
        await session.run(update(accounts).where(accounts.c.workspace == workspace, listed).values(seen=seen))


async def rewrite(session: Session, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Give many rows other values by one statement. Every row names `keys` and the same columns besides.

    The statement is run with many rows of values: joined with a table of VALUES instead, 20,000 people took seven times
    as long, most of it to write the statement down.
    """
    if not rows:
        return
    same = and_(*(table.c[key] == bindparam(f"its_{key}") for key in keys))
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name not in keys}
    given = [{f"{'its' if name in keys else 'new'}_{name}": value for name, value in row.items()} for row in rows]
    await session.run(update(table).where(same).values(new), given)


async def absent(session: Session, workspace: str, began: datetime, all_listed: bool = True) -> int:
    """A round is whole: whoever it did not list and was listed before is gone. How many.

    `all_listed`: whoever belongs here stands on the list. Then so is who was told of before it began, as a member.
    """
    here = accounts.c.workspace == workspace
    if await session.value(select(accounts.c.account).where(here, accounts.c.seen == began).limit(1)) is None:
        return 0  # a list of nobody is believed of no company
    member = and_(accounts.c.guest.is_(False), people.c.profiled_at < began)
    unlisted = accounts.c.seen < began
    if all_listed:
        unlisted = or_(unlisted, and_(accounts.c.seen.is_(None), member))
    query = select(accounts.c.account, people.c.name, people.c.bot).join(people, people.c.id == accounts.c.person)
    rows = await session.all(query.where(here, accounts.c.gone.is_(False), unlisted))
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        await learn(
            session, [Profile(workspace, row.account, row.name, bot=row.bot, gone=True) for row in batch], began
        )
    return len(rows)


async def companies(session: Session) -> None:
    """Everybody is in the company that app.yaml gives their workspace, and so is what belongs to a company."""
    rows = await session.all(select(people.c.workspace, people.c.company).distinct())
    for row in rows:
        company = session.settings.company(row.workspace)
        if company != row.company:
            await merge.renamed(session, row.workspace, row.company, company)
