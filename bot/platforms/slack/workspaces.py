"""The workspaces we speak in, and the token of each: one of the operator's own, or as many as installed us.

Neither a request nor a message costs a look into the database: what was read is good for FRESH, after which another
replica's news are heard too. A token that Slack no longer takes is looked up at once, for it may have been renewed.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.core.sealed import Sealer, WrongKey
from bot.core.sending import SlowDown, Unreachable
from bot.platforms.slack.api import Api, Away, Line, NoToken, Refused
from bot.platforms.slack.files import Gallery
from storage import installations, slack
from storage.engine import Store
from storage.slack import Grant

log = logging.getLogger(__name__)

FRESH, UNKNOWN = timedelta(seconds=30), timedelta(seconds=2)  # what is known, and that somebody is not
KEPT = 5000  # workspaces that are remembered
SPENT = timedelta(minutes=1)  # before its end a token is as good as over
LIFE = 12 * 3600  # seconds of a token whose end Slack does not tell


class Workspace:
    """One of them: how it is spoken to, and what is remembered of it."""

    def __init__(self, name: str, api: Api) -> None:
        self.name, self.api, self.gallery = name, api, Gallery(api)
        self.direct = dict[str, str]()  # by person: the id of our direct conversation

    @property
    def organisation(self) -> bool:
        """Whether it is a whole organisation with workspaces below it."""
        return self.name.startswith("slack:E")


class Workspaces(Protocol):
    async def of(self, name: str) -> Workspace:
        """Raises Unreachable where we are not installed, and NoToken where its token is no good just now."""

    async def has(self, name: str) -> bool:
        """Whether we are installed there."""

    async def all(self) -> Sequence[str]: ...
    async def renew(self) -> None:
        """See that no token ends."""

    async def forget(self, name: str) -> None: ...
    async def close(self) -> None: ...


class Own:
    """The one workspace whose token stands in .env. Whatever is signed by Slack for our app is of it."""

    def __init__(self, api: Api) -> None:
        self.api, self.name = api, ""
        self._it = Workspace("", api)

    async def of(self, name: str) -> Workspace:
        if self.name and name != self.name:  # from before, when there were others
            raise Unreachable("another_workspace")
        return self._it

    async def has(self, name: str) -> bool:
        return True

    async def all(self) -> Sequence[str]:
        """Its name. Raises Refused, SlowDown or Away while Slack does not tell it."""
        if not self.name:
            self.name = self._it.name = f"slack:{(await self.api.call('auth.test'))['team_id']}"
        return [self.name]

    async def renew(self) -> None:
        return None

    async def forget(self, name: str) -> None:
        return None

    async def close(self) -> None:
        await self.api.line.close()


@dataclass(slots=True)
class _Known:
    until: datetime  # from then on it is looked up again
    since: datetime
    here: Workspace | None = None  # None: not installed
    version: int = 0
    ends: datetime | None = None


@dataclass
class Installed:
    """All that installed our app. `client`: the app's id and secret, with which tokens are renewed."""

    store: Store
    sealer: Sealer
    client: tuple[str, str] = field(repr=False)
    clock: Callable[[], datetime]
    url: str = ""
    line: Line = field(default_factory=Line)
    _known: "OrderedDict[str, _Known]" = field(default_factory=OrderedDict)
    _looking: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def of(self, name: str) -> Workspace:
        known = await self._look(name)
        if known.ends and known.ends <= self.clock() + SPENT:
            await self.renew(name)
            known = await self._look(name, again=True)
            if known.ends and known.ends <= self.clock():
                raise NoToken
        return self._here(name, known)

    def _here(self, name: str, known: _Known) -> Workspace:
        if known.here is None:
            raise Unreachable("not_installed")
        return known.here

    async def has(self, name: str) -> bool:
        return (await self._look(name)).here is not None

    async def all(self) -> Sequence[str]:
        async with self.store.reading() as session:
            return await slack.workspaces(session)

    async def forget(self, name: str) -> None:
        self._known.pop(name, None)

    async def close(self) -> None:
        await self.line.close()

    async def _look(self, name: str, again: bool = False) -> _Known:
        known, now = self._known.get(name), self.clock()
        if known and not again and known.since <= now < known.until:
            return known
        async with self._looking.setdefault(name, asyncio.Lock()):
            known = self._known.get(name)  # somebody else may have looked meanwhile
            if not known or again or not known.since <= now < known.until:
                known = await self._read(name, known, now)
        self._looking.pop(name, None)
        return known

    async def _read(self, name: str, before: _Known | None, now: datetime) -> _Known:
        grant: Grant | None = None
        try:
            async with self.store.reading() as session:
                grant = await slack.find(session, self.sealer, name)
        except WrongKey:
            # Nothing is given up for that: with the right key in .env all of it goes on.
            log.error("the token of %s is sealed with a key that is not in KADENS_KEYS: what is for it waits", name)
            raise NoToken from None
        if grant is None:
            found = _Known(now + UNKNOWN, now)
        else:
            here = before.here if before and before.here else Workspace(name, self._api(name, grant))
            here.api.token = grant.token
            found = _Known(now + FRESH, now, here, grant.version, grant.expires_at)
        self._known[name] = found
        self._known.move_to_end(name)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found

    def _api(self, name: str, grant: Grant) -> Api:
        async def other(token: str) -> str | None:
            newest = self._here(name, await self._look(name, again=True)).api.token
            return newest if newest != token else None

        return Api(grant.token, self.url, self.line, other)

    # Renewing.

    async def renew(self, only: str | None = None) -> None:
        """Renew what ends soon, each by one replica."""
        async with self.store.transaction() as session:
            due = await slack.claim(session, self.sealer, self.clock(), only)
        for grant in due:
            try:
                told = await self._renewed(grant)
            except (Refused, SlowDown, Away) as error:
                code = error.code if isinstance(error, Refused) else type(error).__name__
                log.error("the token of %s could not be renewed: %s", grant.workspace, code)
                async with self.store.transaction() as session:
                    await slack.not_renewed(session, grant, self.clock(), code)
                continue
            async with self.store.transaction() as session:
                await slack.renewed(session, self.sealer, grant, self.clock(), **told)
            await self._look(grant.workspace, again=True)

    async def _renewed(self, grant: Grant) -> Mapping[str, Any]:
        """docs.slack.dev/authentication/using-token-rotation"""
        id, secret = self.client
        asked = {"client_id": id, "client_secret": secret, "grant_type": "refresh_token"}
        asking = Api("", self.url, self.line)
        said = await asking.form("oauth.v2.access", refresh_token=grant.refresh, **asked)
        return tokens(said, self.clock())


def tokens(said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The token, what it is renewed with and when it ends, of an answer of oauth.v2.access. Raises Refused."""
    token, refresh = said.get("access_token"), said.get("refresh_token") or ""
    if not isinstance(token, str) or not token or not isinstance(refresh, str):
        raise Refused("oauth.v2.access", "no_token")
    lives = said.get("expires_in")
    seconds = float(lives) if isinstance(lives, int | float) else float(LIFE)
    return {"token": token, "refresh": refresh, "expires_at": now + timedelta(seconds=seconds) if refresh else None}


async def left(store: Store, workspaces: Workspaces, name: str, at: datetime) -> bool:
    """We were put out there: nothing more is sent, and its tokens go. Returns whether that is new."""
    async with store.transaction() as session:
        if new := await installations.left(session, name, at):
            await slack.forget(session, name)
    await workspaces.forget(name)
    return new
