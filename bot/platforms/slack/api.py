"""Slack's Web API: one session, and what its errors mean."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import straight
from bot.core.sending import SlowDown

log = logging.getLogger(__name__)
# A logger of its own for the SDK: at DEBUG it writes down whole requests, with what people said in them.
quiet = logging.getLogger("kadens.slack.sdk")
quiet.setLevel(logging.WARNING)

SLACK = "https://slack.com/api/"
PATIENCE = aiohttp.ClientTimeout(total=8, sock_connect=3)  # seconds; delivery gives up on a send after ten

LIMITED: Mapping[str, float] = {"ratelimited": 30, "rate_limited": 30, "message_limit_exceeded": 60}  # seconds
# Trouble on Slack's side, which passes (docs.slack.dev/apis/web-api/#slack-web-api__evaluating-responses__errors).
AWAY = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"})
# The operator can mend these with another token. Until then everything waits, so that nothing is given up.
NO_TOKEN, TOKEN_REST = frozenset({"invalid_auth", "not_authed", "token_expired", "token_revoked"}), 60.0


class Refused(Exception):
    """Slack said no, or something else than an answer. `code` is Slack's word for it; nobody's words stand in it."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.method, self.code = method, code


class NoToken(SlowDown):
    """Slack does not take our token, and there is no newer one: what is for that workspace waits."""

    def __init__(self) -> None:
        super().__init__(TOKEN_REST)


class NotTaken(Exception):
    """Slack does not take our token. Nobody outside of here meets it."""


class Away(OSError):
    """Slack, or the line to it, is down. Whether a message arrived is not known."""


class Line:
    """One session, which all that speak to Slack share."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:  # not before: a session belongs to the loop it was made in
            self._session = straight.session(timeout=PATIENCE)
        return self._session

    async def close(self) -> None:
        if self._session:
            await self._session.close()
        self._session = None


Other = Callable[[str], Awaitable[str | None]]


class Api:
    """Slack's Web API with one token. `other` is asked for a newer one when Slack no longer takes this."""

    def __init__(self, token: str, url: str = "", line: Line | None = None, other: Other | None = None) -> None:
        # No retries of the SDK's own: after a lost connection it would post again, without looking whether it arrived.
        self.client = AsyncWebClient(token=token or None, base_url=url or SLACK, logger=quiet, retry_handlers=[])
        self.line, self.other = line or Line(), other

    @property
    def token(self) -> str:
        return self.client.token or ""

    @token.setter
    def token(self, token: str) -> None:
        self.client.token = token

    async def call(self, method: str, **args: Any) -> Mapping[str, Any]:
        """Call a method that changes something. Raises SlowDown, Refused or Away."""
        return await self._asked(method, json={name: value for name, value in args.items() if value is not None})

    async def form(self, method: str, **args: Any) -> Mapping[str, Any]:
        """Call a method that takes its arguments as a form only. Raises as `call` does."""
        return await self._asked(method, data={name: value for name, value in args.items() if value is not None})

    async def deliver(self, url: str, content: bytes) -> None:
        """The bytes of a file, to the address that files.getUploadURLExternal named. Raises Refused or Away."""
        try:
            async with self.line.session.post(url, data=content) as answer:
                if answer.status >= 500:
                    raise Away(f"upload: HTTP {answer.status}")
                if answer.status != 200:
                    raise Refused("upload", f"HTTP {answer.status}")
        except (aiohttp.ClientError, ValueError, TimeoutError) as error:
            raise Away(f"upload: {type(error).__name__}") from None

    async def read(self, method: str, **args: Any) -> Mapping[str, Any]:
        """Call a method that only reads. Raises as `call` does."""
        return await self._asked(method, http_verb="GET", params={k: v for k, v in args.items() if v is not None})

    async def close(self) -> None:
        await self.line.close()

    async def _asked(self, method: str, **args: Any) -> Mapping[str, Any]:
        self.client.session = self.line.session
        token = self.token
        try:
            return await self._answered(method, args)
        except NotTaken as error:
            newer = await self.other(token) if self.other else None
            if newer is None:
                log.error("slack does not take our token (%s): see `kadens doctor`; all messages wait", error)
                raise NoToken from None
        try:
            return await self._answered(method, args)
        except NotTaken:
            raise NoToken from None

    async def _answered(self, method: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            data = (await self.client.api_call(method, **args)).data
        except SlackApiError as error:
            # `from None`: the SDK's message quotes the whole answer.
            raise _meaning(method, error.response) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Away(f"{method}: {type(error).__name__}") from None
        if not isinstance(data, dict):
            raise Refused(method, "no_json")
        return data


def _meaning(method: str, response: Any) -> Exception:
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
    data = getattr(response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    # Slack's words for what is wrong are of this kind; whatever else stands there stays out of our logs.
    code = code if re.fullmatch(r"[a-z0-9_]{1,60}", code) else ""
    if status == 429 or code in LIMITED:
        return SlowDown(_seconds(response.headers.get("Retry-After"), LIMITED.get(code, 30)))
    if code in NO_TOKEN:
        return NotTaken(code)
    if status >= 500 or code in AWAY:
        return Away(f"{method}: {code or f'HTTP {status}'}")
    return Refused(method, code or f"HTTP {status}")


def _seconds(text: str | None, otherwise: float) -> float:
    try:
        return max(0.0, min(3600.0, float(text or "")))
    except ValueError:
        return otherwise
