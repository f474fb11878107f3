"""Installing: a page, Slack's own question, and back with a code that Slack makes a token of.

docs.slack.dev/authentication/installing-with-oauth. The state is good once, for ten minutes, in the browser that began.
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.bounds import Rates
from bot.core.events import Installed as LetIn
from bot.core.people import stranger
from bot.core.sending import SlowDown
from bot.platforms.slack.api import SLACK, Api, Away, Refused
from bot.platforms.slack.manifest import REDIRECT, scopes
from bot.platforms.slack.pages import headers, language, page
from bot.platforms.slack.workspaces import Installed, tokens
from bot.turn import Turns
from storage import slack
from storage.engine import Store
from storage.slack import Grant, lacking

log = logging.getLogger(__name__)

INSTALL = "/slack/install"
COOKIE = "__Host-kadens-install"
SECRET = re.compile(r"[A-Za-z0-9_-]{20,100}")
ID = re.compile(r"[A-Z0-9]{2,30}")
BURST, STEADY = 300.0, 2.0  # installations that are begun: at once, and a second
# What is wrong with the code somebody came with, not with us.
CODES = frozenset({"invalid_code", "code_already_used", "invalid_grant_type", "code_expired"})


class Unlike(ValueError):
    """Slack's answer is of no shape that Slack sends."""


@dataclass
class Door:
    """The two routes by which workspaces come in."""

    turns: Turns
    store: Store
    workspaces: Installed
    paced: Rates = field(default_factory=lambda: Rates(BURST, STEADY))

    def routes(self) -> list[Route]:
        return [
            Route(INSTALL, self._shown, methods=["GET"]),
            Route(INSTALL, self._begun, methods=["POST"]),
            Route(REDIRECT, self._back, methods=["GET"]),
        ]

    @property
    def slack(self) -> str:
        """Where Slack's own pages are."""
        parts = urlsplit(self.workspaces.url or SLACK)
        return f"{parts.scheme}://{parts.netloc}"

    async def _shown(self, request: Request) -> Response:
        return page("begin", _language(request), slack=self.slack)

    async def _begun(self, request: Request) -> Response:
        """On to Slack. A second tab of the same browser keeps the first one's secret, so that both can end well."""
        if wait := self.paced.wait("all"):
            busy = page("away", _language(request), slack=self.slack)
            busy.headers["Retry-After"] = f"{wait:.0f}"
            return busy
        self.paced.take("all")
        state, browser = secrets.token_urlsafe(24), _browser(request) or secrets.token_urlsafe(24)
        async with self.store.transaction() as session:
            await slack.begin(session, f"{state}.{browser}", self.workspaces.clock())
        asked = {"client_id": self.workspaces.client[0], "scope": ",".join(scopes()), "state": state}
        answer = RedirectResponse(f"{self.slack}/oauth/v2/authorize?{urlencode(asked)}", 303, headers(self.slack))
        answer.set_cookie(COOKIE, browser, max_age=600, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    async def _back(self, request: Request) -> Response:
        lang, told = _language(request), request.query_params
        state, browser = told.get("state", ""), _browser(request)
        async with self.store.transaction() as session:
            now = self.workspaces.clock()
            known = SECRET.fullmatch(state) and browser and await slack.use(session, f"{state}.{browser}", now)
        if not known:
            return page("expired", lang, slack=self.slack)
        if told.get("error"):
            return page("refused" if told["error"] == "access_denied" else "code", lang, slack=self.slack)
        if not 0 < len(code := told.get("code", "")) <= 500:
            return page("code", lang, slack=self.slack)
        return await self._exchanged(code, state, lang)

    async def _exchanged(self, code: str, state: str, lang: str) -> Response:
        id, secret = self.workspaces.client
        asking = Api("", self.workspaces.url, self.workspaces.line)
        try:
            said = await asking.form("oauth.v2.access", client_id=id, client_secret=secret, code=code)
            grant = granted(said, tokens(said, self.workspaces.clock()))
        except (Away, SlowDown) as error:
            log.warning("slack is away while somebody installs: %s", type(error).__name__)
            return page("away", lang, slack=self.slack)
        except (Refused, Unlike) as error:
            if isinstance(error, Refused) and error.code in CODES:
                return page("code", lang, slack=self.slack)
            log.error("installing failed: %s", error)  # bad_client_secret and the like: see `kadens doctor`
            return page("ours", lang, slack=self.slack)
        if missing := lacking(grant.scopes, scopes()):
            return page("scopes", lang, slack=self.slack, scopes=missing)
        return await self._kept(grant, said, state, lang)

    async def _kept(self, grant: Grant, said: Mapping[str, Any], state: str, lang: str) -> Response:
        now = self.workspaces.clock()
        async with self.store.transaction() as session:
            await slack.keep(session, self.workspaces.sealer, grant, now)
        await self.workspaces.forget(grant.workspace)
        told = said.get("authed_user")
        who = told.get("id") if isinstance(told, Mapping) else None
        known = isinstance(who, str) and ID.fullmatch(who)
        actor = stranger(grant.workspace, str(who) if known else grant.bot, lang=lang if known else "", bot=not known)
        id = f"slack:installed/{grant.workspace}/{hashlib.sha256(state.encode()).hexdigest()[:24]}"
        enterprise = _id(said.get("enterprise"))
        await self.turns.take(LetIn(id=id, actor=actor, place=actor.home, at=now, enterprise=enterprise))
        log.info("%s has installed us", grant.workspace)
        app, team = said.get("app_id"), _id(said.get("team"))
        link = f"{self.slack}/app_redirect?{urlencode({'app': str(app), 'team': team})}" if team else self.slack
        return page("done", lang, slack=self.slack, link=link, where=grant.name)


def granted(said: Mapping[str, Any], told: Mapping[str, Any]) -> Grant:
    """What oauth.v2.access answered, with the tokens found in it. Raises Unlike."""
    whole = said.get("is_enterprise_install") is True
    owner = said.get("enterprise" if whole else "team")
    id, bot = _id(owner), said.get("bot_user_id")
    if not id or not isinstance(bot, str) or not ID.fullmatch(bot):
        raise Unlike("oauth.v2.access names no workspace, or no account of ours")
    name = owner.get("name") if isinstance(owner, Mapping) else ""
    return Grant(
        f"slack:{id}",
        name=str(name or id)[:100],
        bot=bot,
        scopes=str(said.get("scope") or ""),
        **told,
    )


def _id(of: Any) -> str:
    id = of.get("id") if isinstance(of, Mapping) else None
    return id if isinstance(id, str) and ID.fullmatch(id) else ""


def _language(request: Request) -> str:
    return language(request.headers.get("accept-language", ""))


def _browser(request: Request) -> str:
    found = request.cookies.get(COOKIE, "")
    return found if SECRET.fullmatch(found) else ""
