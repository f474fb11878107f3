"""Microsoft Graph, where the company lets us: who is there, and who manages whom by its own directory.

Needs the application permission User.Read.All (learn.microsoft.com/graph/api/user-list); without it, it stays quiet.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from bot.core.cards import clean
from bot.core.sending import SlowDown
from bot.platforms.teams.auth import NoToken, Token, cloud, token_url
from bot.platforms.teams.connector import seconds
from bot.platforms.teams.payloads import dig, string
from storage.rosters import Listed

PATIENCE = aiohttp.ClientTimeout(total=30)
PAGE = 200  # people a page, and so in one transaction; Graph gives 999 at most
FIELDS = "id,displayName,mail,userPrincipalName,accountEnabled,userType,usageLocation"
# The immediate manager only: a list takes no $levels (learn.microsoft.com/graph/api/user-list-manager).
FIRST = f"/v1.0/users?$select={FIELDS}&$expand=manager&$top={PAGE}"


class NotConsented(Exception):
    """The company has not let us read its directory, or not to its end."""


def graph_url(metadata: str) -> str:
    """Graph of the cloud whose keys sign for Teams (learn.microsoft.com/graph/deployments)."""
    return f"https://graph.microsoft.{cloud(metadata)}"


@dataclass
class Graph:
    """`url` without a slash at its end. `sign_in` empty: each tenant's own sign-in service gives the token."""

    app_id: str
    password: str = field(repr=False)
    url: str
    metadata: str
    http: Callable[[], aiohttp.ClientSession]
    clock: Callable[[], float]
    sign_in: str = ""
    _tokens: dict[str, Token] = field(default_factory=dict)

    async def people(self, tenant: str, after: str = "") -> tuple[list[Listed], str]:
        """A page of the tenant's people and what asks for the next, "" after the last one.

        Raises NotConsented, SlowDown, or aiohttp's own errors.
        """
        try:
            header = await self._token(tenant).header()
        except NoToken:
            raise NotConsented from None
        address = URL(self.url + (after or FIRST), encoded=bool(after))
        async with self.http().get(address, headers=header, timeout=PATIENCE, allow_redirects=False) as answer:
            if answer.status in (400, 401, 403, 404):
                self._token(tenant).forget()
                raise NotConsented
            if answer.status != 200:
                raise SlowDown(seconds(answer.headers.get("Retry-After", "")))
            said = await answer.json(content_type=None)
        users = said.get("value") if isinstance(said, dict) else None
        following = string(said.get("@odata.nextLink")) if isinstance(said, dict) else ""
        if following and not following.startswith(f"{self.url}/"):
            raise NotConsented  # our token goes where we said and nowhere else, whatever a link says
        told = [listed(user) for user in users or () if isinstance(user, dict) and user.get("id")]
        return told, following.removeprefix(self.url)

    def _token(self, tenant: str) -> Token:
        if tenant not in self._tokens:
            url = self.sign_in or token_url(tenant, self.metadata)
            scope = f"{self.url}/.default"
            self._tokens[tenant] = Token(self.app_id, self.password, url, scope, self.http, self.clock)
        return self._tokens[tenant]


def listed(user: Mapping[str, Any]) -> Listed:
    guest = string(user.get("userType")).lower() == "guest"
    country = string(user.get("usageLocation")).upper()
    manager = user.get("manager")
    return Listed(
        string(user.get("id")).lower(),
        name=clean(string(user.get("displayName"))),
        email="" if guest else string(user.get("mail")) or string(user.get("userPrincipalName")),
        country=country if re.fullmatch("[A-Z]{2}", country) else "",
        guest=guest,
        gone=user.get("accountEnabled") is False,
        manager=string(dig(manager, "id")).lower() if isinstance(manager, dict) else "",
    )
