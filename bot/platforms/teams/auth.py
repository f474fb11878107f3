"""Who may speak to us in Microsoft's name, and how we prove who we are.

Requests are checked as learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication says:
issuer, audience, signature, times, the `serviceurl` claim, and that the key is meant for Teams.
"""

import asyncio
import hashlib
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt

from bot.core.sending import SlowDown

log = logging.getLogger(__name__)

METADATA = "https://login.botframework.com/v1/.well-known/openidconfiguration"
# What the Bot Connector is called, by the ending of the cloud's own names: the public cloud and GCC, GCC High and DoD
# (learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages).
HOSTS: Mapping[str, frozenset[str]] = {
    "com": frozenset({"smba.trafficmanager.net", "smba.infra.gcc.teams.microsoft.com"}),
    "us": frozenset({"smba.infra.gov.teams.microsoft.us", "smba.infra.dod.teams.microsoft.us"}),
}
PLAIN = re.compile(r"[A-Za-z0-9.:/_~%\[\]-]+")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ALGORITHMS = ("RS256", "RS384", "RS512")
LEEWAY = 300  # seconds by which two clocks may differ, as the documentation allows
PATIENCE = aiohttp.ClientTimeout(total=5)
A_DAY, BETWEEN = 86_400.0, 30.0  # keys are fetched daily, and for an unknown one at most this often (seconds)
REMEMBERED = 4096  # verified tokens


class Unauthorized(Exception):
    """The request does not prove that it comes from Teams."""


class KeysUnreachable(Exception):
    """Microsoft's keys cannot be fetched, so nobody can be believed or doubted."""


class NoToken(Exception):
    """The sign-in service refused our own name and password."""


def is_loopback(url: str) -> bool:
    return _host(url) in LOOPBACK


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def cloud(metadata: str) -> str:
    """Whose keys those are: "us", the government's, or "com", everybody else's."""
    return "us" if _host(metadata).endswith(".us") else "com"


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """Which service URLs of one cloud are answered. Loopback only on trial: without authentication, or with keys from
    loopback."""

    loopback: bool = False
    cloud: str = "com"

    def __contains__(self, url: object) -> bool:
        # Two readers of one address must not find two hosts in it: plain letters only, and nothing behind the path.
        if not isinstance(url, str) or not PLAIN.fullmatch(url):
            return False
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None:
            return False
        if self.loopback and host in LOOPBACK:
            return parts.scheme in ("http", "https")
        return parts.scheme == "https" and port in (None, 443) and host in HOSTS[self.cloud]


@dataclass(frozen=True, slots=True)
class Claims:
    service_url: str
    endorsements: frozenset[str] | None  # the channels whose messages the key may sign; None: it does not say
    until: float


@dataclass
class Keys:
    """The keys that sign requests to us, kept for a day, and fetched anew for one we do not know."""

    url: str
    http: Callable[[], aiohttp.ClientSession]
    clock: Callable[[], float] = time.time
    between: float = BETWEEN
    issuer: str = ""
    by_kid: Mapping[str, jwt.PyJWK] = field(default_factory=dict)
    endorsed: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    _fetched: float = 0.0
    _tried: float = 0.0
    _failed: bool = False
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of this name, or None where there is none. KeysUnreachable where that cannot be told."""
        if kid not in self.by_kid or self.clock() - self._fetched > A_DAY:
            await self._refresh(kid)
        if kid not in self.by_kid and self._failed:
            raise KeysUnreachable
        return self.by_kid.get(kid)

    async def _refresh(self, kid: str) -> None:
        """Whoever sends unknown names must not make us ask Microsoft each time: one attempt in a while, for all."""
        seen = self._tried
        async with self._one:
            waited = self._tried != seen  # another request asked while we stood in line
            if waited or (self._tried and self.clock() - self._tried < self.between):
                return
            self._tried = self.clock()
            try:
                await self._fetch()
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, AttributeError) as error:
                self._failed = True
                log.warning("the keys of Teams cannot be fetched: %s", type(error).__name__)
            else:
                self._failed, self._fetched = False, self.clock()

    async def _fetch(self) -> None:
        metadata = await self._get(self.url)
        found = await self._get(str(metadata["jwks_uri"]))
        by_kid, endorsed = dict[str, jwt.PyJWK](), dict[str, frozenset[str] | None]()
        for key in found["keys"]:
            try:
                by_kid[key["kid"]] = jwt.PyJWK(key)
            except (jwt.PyJWTError, KeyError):
                continue  # one key of a kind we cannot read does not spoil the others
            marks = key.get("endorsements")
            endorsed[key["kid"]] = frozenset(marks) if marks else None
        self.issuer, self.by_kid, self.endorsed = str(metadata["issuer"]), by_kid, endorsed

    async def _get(self, url: str) -> Any:
        async with self.http().get(url, timeout=PATIENCE, allow_redirects=False) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None)


@dataclass
class Gate:
    """Lets in what Teams signed. `app_id` empty: lets everybody in (whoever made us saw to it that we are alone)."""

    app_id: str
    keys: Keys
    clock: Callable[[], float] = time.time
    _verified: OrderedDict[bytes, Claims] = field(default_factory=OrderedDict)

    async def check(self, authorization: str) -> Claims | None:
        """What the token says; None where no authentication is asked. Raises Unauthorized or KeysUnreachable."""
        if not self.app_id:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("no token")
        name = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(name)
        if claims is None or claims.until <= self.clock():
            claims = await self._verify(token.strip())
            self._verified[name] = claims
            if len(self._verified) > REMEMBERED:
                self._verified.popitem(last=False)
        return claims

    async def _verify(self, token: str) -> Claims:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self.keys.find(kid) if isinstance(kid, str) else None
            if key is None or not isinstance(kid, str):
                raise Unauthorized("unknown key")
            said = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self.app_id,
                issuer=self.keys.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthorized(type(error).__name__) from None
        service_url = said.get("serviceurl") or said.get("serviceUrl") or ""
        return Claims(str(service_url), self.keys.endorsed.get(kid), float(said["exp"]) + LEEWAY)


def matches(claims: Claims | None, service_url: str, channel: str) -> bool:
    """Whether the token fits what the body says: the same service URL, and a key that may sign for the channel."""
    if claims is None:
        return True
    if claims.endorsements is not None and channel not in claims.endorsements:
        return False
    return bool(claims.service_url) and _same(claims.service_url) == _same(service_url)


def _same(url: str) -> str:
    return url.rstrip("/").lower()


def token_url(tenant: str, metadata: str) -> str:
    """Where we get our own token. A single-tenant bot asks the tenant it is registered in, whichever tenants it serves;
    a multi-tenant one, which Azure no longer makes, asks Microsoft's own."""
    return f"https://login.microsoftonline.{cloud(metadata)}/{tenant or 'botframework.com'}/oauth2/v2.0/token"


def scope(metadata: str) -> str:
    return f"https://api.botframework.{cloud(metadata)}/.default"


@dataclass
class Token:
    """Our own token, by client credentials, kept until shortly before it ends. Without an app id there is none."""

    app_id: str
    password: str = field(repr=False)
    url: str
    scope: str
    http: Callable[[], aiohttp.ClientSession]
    clock: Callable[[], float] = time.time
    _token: str = field(default="", repr=False)
    _until: float = 0.0
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def header(self) -> dict[str, str]:
        """Raises NoToken when we are refused, SlowDown when we are asked to wait, and aiohttp's own errors."""
        if not self.app_id:
            return {}
        async with self._one:
            if self.clock() >= self._until:
                await self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """It was refused: the next one is asked for anew."""
        self._until = 0.0

    async def _fetch(self) -> None:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self.app_id,
            "client_secret": self.password,
            "scope": self.scope,
        }
        async with self.http().post(self.url, data=asked, timeout=PATIENCE, allow_redirects=False) as answer:
            if answer.status == 429:
                raise SlowDown(30.0)
            if answer.status != 200:
                # The answer's words can hold what we sent; its number says enough.
                raise NoToken(f"the sign-in service answered {answer.status}")
            said = await answer.json(content_type=None)
        self._token = str(said["access_token"])
        # A few minutes early, so that no token ends on its way.
        self._until = self.clock() + max(float(said.get("expires_in", 3600)) - LEEWAY, 30.0)
