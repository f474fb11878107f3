"""Who Teams and the company's directory say is there, a page at a time, and who manages whom by the directory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from storage import directory
from storage.engine import Session
from storage.lines import Line, draw
from storage.people import Profile
from storage.people import accounts as folk
from storage.teams import accounts, conversations


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on a list. `account` empty: only the directory's id is told, and only who is known already is kept."""

    directory: str
    account: str = ""
    name: str = ""
    email: str | None = None  # "": they have none
    country: str = ""
    guest: bool = False
    gone: bool = False
    manager: str | None = None  # the directory's id; "": they have none; None: it is not told

    @property
    def told(self) -> str:
        """As bot.platforms.teams.payloads.Contact says it."""
        return f"{self.name.replace('|', '/')}||||{'guest' if self.guest else ''}"


async def workspaces(session: Session) -> list[str]:
    """The tenants in which the bot is."""
    query = select(conversations.c.workspace).where(conversations.c.gone.is_(False)).distinct()
    return sorted(row.workspace for row in await session.all(query))


async def teams(session: Session, workspace: str) -> list[tuple[str, str]]:
    """The teams the bot is in, by their ids, and where each is asked for."""
    c = conversations.c
    here = (c.workspace == workspace, c.team != "", c.gone.is_(False))
    rows = await session.all(select(c.team, c.service_url, c.seen).where(*here).order_by(c.team, c.seen))
    return sorted({row.team: row.service_url for row in rows}.items())


async def keep(session: Session, workspace: str, listed: Sequence[Listed], at: datetime, began: datetime) -> None:
    """One page. People are learned, and managers drawn where the directory tells them."""
    ids = {one.directory for one in listed} | {one.manager for one in listed if one.manager}
    new = [one for one in listed if one.account]
    if new:
        rows = [
            {"workspace": workspace, "directory": one.directory, "account": one.account, "told": one.told}
            for one in {one.directory: one for one in new}.values()
        ]
        await session.run(session.insert(accounts).on_conflict_do_nothing(), rows)
    here = accounts.c.workspace == workspace
    query = select(accounts.c.directory, accounts.c.account).where(here, accounts.c.directory.in_(ids))
    known = {str(row.directory): str(row.account) for row in await session.all(query)}
    met = set(known.values()) if new else await _met(session, workspace, known.values())
    those = [one for one in listed if one.account or known.get(one.directory) in met]
    await directory.learn(session, [_profile(workspace, known[one.directory], one) for one in those], at, began)
    await _draw(session, workspace, [one for one in those if one.manager is not None], known)


async def _met(session: Session, workspace: str, those: Iterable[str]) -> set[str]:
    query = select(folk.c.account).where(folk.c.workspace == workspace, folk.c.account.in_(list(those)))
    return {str(row.account) for row in await session.all(query)}


def _profile(workspace: str, account: str, one: Listed) -> Profile:
    country = one.country or None
    return Profile(workspace, account, one.name, None, None, country, guest=one.guest, gone=one.gone, email=one.email)


async def _draw(session: Session, workspace: str, told: Sequence[Listed], known: Mapping[str, str]) -> None:
    """A manager whom the bot has not met is none yet: nothing could be said to them."""
    if not told:
        return
    query = select(folk.c.account, folk.c.person).where(
        folk.c.workspace == workspace, folk.c.account.in_(known.values())
    )
    ids = {str(row.account): str(row.person) for row in await session.all(query)}
    lines = dict[str, Line]()
    for one in told:
        person = ids.get(known.get(one.directory, ""))
        manager = ids.get(known.get(one.manager or "", ""))
        if person and (manager or one.manager == ""):
            lines[person] = Line(manager, "graph")
    await draw(session, lines)


async def here_still(session: Session, workspace: str, began: datetime) -> None:
    """Whom we can write to is there, also where no list we may read has them."""
    c = conversations.c
    open_to = select(c.conversation).where(c.workspace == workspace, c.kind == "direct", c.gone.is_(False))
    those = (folk.c.workspace == workspace, folk.c.account.in_(open_to))
    await session.run(update(folk).where(*those).values(seen=began))
