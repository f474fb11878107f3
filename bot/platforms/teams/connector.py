"""The Bot Connector's REST interface, behind the Bot Framework's own adapter and one shared connection pool.

CloudAdapter is not used: it opens a connection for each reply and rebuilds a list of 999×501 numbers twice an activity.
"""

import asyncio
import json
import logging
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from botbuilder.core import BotAdapter, TurnContext
from botbuilder.schema import (
    Activity,
    ActivityTypes,
    ConversationAccount,
    ConversationParameters,
    ConversationReference,
    ResourceResponse,
)
from msrest.serialization import Model
from yarl import URL

from bot.core.people import Kind
from bot.core.sending import SlowDown, Unfit, Unreachable
from bot.platforms.teams.auth import KnownHosts, Token
from bot.platforms.teams.payloads import string

log = logging.getLogger(__name__)

PATIENCE = aiohttp.ClientTimeout(total=8)  # delivery waits ten
# Nobody else than a known host gets what we say and the token that goes with it, whoever is named in an answer.
ONCE: Any = {"timeout": PATIENCE, "allow_redirects": False}
# Asked to be tried again, with jitter: learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
BUSY = frozenset({412, 429, 502, 504})
MEMBERS = 200  # members a page, and so in one transaction
ASKING = 2.0  # seconds to learn a name
WAIT = (1.0, 3.0)  # seconds, where nothing is said


class Refused(Exception):
    """Teams did not take a message. Says its status and its code, never its words."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"Teams answered {status} {code}".strip())
        self.status = status


class Gone(Unreachable):
    """The conversation, or the message, is not there (any more)."""


class StrangeHost(Exception):
    """A service URL that is none of Microsoft's is never written to."""


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    guest: bool
    directory: str = ""
    account: str = ""
    email: str | None = None


class Connector(BotAdapter):
    """What the Bot Framework calls an adapter. Never writes to a host that is none of Microsoft's."""

    def __init__(self, token: Token, hosts: KnownHosts, http: Callable[[], aiohttp.ClientSession]) -> None:
        super().__init__()
        self.token, self.hosts, self.http = token, hosts, http

    async def send_activities(self, context: TurnContext | None, activities: list[Activity]) -> list[ResourceResponse]:
        sent = []
        for activity in activities:
            if activity.type == ActivityTypes.invoke_response and context:
                context.turn_state[self._INVOKE_RESPONSE_KEY] = activity  # the answer to the request itself
                sent.append(ResourceResponse())
                continue
            # TurnContext makes a proactive message the reply to the continuation it invented.
            activity.reply_to_id = None
            found = await self.call("POST", activity.service_url, self._path(activity.conversation.id), body(activity))
            sent.append(ResourceResponse(id=str(found.get("id") or "")))
        return sent

    async def update_activity(self, context: TurnContext | None, activity: Activity) -> ResourceResponse:
        activity.reply_to_id = None
        path = self._path(activity.conversation.id, activity.id)
        await self.call("PUT", activity.service_url, path, body(activity))
        return ResourceResponse(id=activity.id)

    async def delete_activity(self, context: TurnContext | None, reference: ConversationReference) -> None:
        path = self._path(reference.conversation.id, reference.activity_id)
        await self.call("DELETE", reference.service_url, path)

    async def create_conversation(
        self,
        reference: ConversationReference,
        logic: Callable[[TurnContext], Awaitable[Any]] | None = None,
        conversation_parameters: ConversationParameters | None = None,
        channel_id: str | None = None,
        service_url: str | None = None,
        credentials: Any = None,
    ) -> str:
        """Open a conversation and return its id; the same person twice gives the same one."""
        asked = conversation_parameters.serialize() if conversation_parameters else {}
        if "tenantID" in asked:
            asked["tenantId"] = asked.pop("tenantID")  # botbuilder's own spelling, which Teams does not read
        found = await self.call("POST", service_url or reference.service_url, "v3/conversations", asked)
        reference.conversation = ConversationAccount(id=str(found["id"]))
        if logic:
            await self.continue_conversation(reference, logic)
        return str(found["id"])

    async def channels(self, service_url: str, team: str) -> dict[str, Kind]:
        """The channels of a team, and which of them are open to all of it."""
        found = await self.call("GET", service_url, f"v3/teams/{quote(team, safe='')}/conversations")
        listed = found.get("conversations")
        told = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        kinds = {str(each["id"]): str(each.get("type") or "").lower() for each in told if each.get("id")}
        return {id: "public" if kind == "standard" else "private" for id, kind in kinds.items() if kind}

    async def member(self, service_url: str, conversation: str, account: str) -> Member | None:
        """Who this is, as the conversation's own list of members says; None where that cannot be learnt just now."""
        path = f"v3/conversations/{quote(conversation, safe='')}/members/{quote(account, safe='')}"
        try:
            async with asyncio.timeout(ASKING):
                found = await self.call("GET", service_url, path)
        except Exception as error:
            # A name is welcome, but nothing that somebody says may wait or fail for the want of it.
            log.info("a member could not be looked up: %s", type(error).__name__)
            return None
        return _member(found)

    async def members(self, service_url: str, team: str, after: str = "") -> tuple[list[Member], str]:
        """A page of a team's members, and what asks for the next; "" after the last one. Raises as `call` does.

        learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context: 500 is the most a page can have.
        """
        more = f"&continuationToken={quote(after, safe='')}" if after else ""
        path = f"v3/conversations/{quote(team, safe='')}/pagedmembers?pageSize={MEMBERS}{more}"
        found = await self.call("GET", service_url, path)
        listed = found.get("members")
        told = [_member(each) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        return told, str(found.get("continuationToken") or "")

    async def call(self, method: str, service_url: str, path: str, said: Any = None) -> dict[str, Any]:
        """One request. Raises SlowDown, Unreachable, Refused, or aiohttp's own errors where the outcome is unknown."""
        if service_url not in self.hosts:
            raise StrangeHost
        url = URL(f"{service_url.rstrip('/')}/{path}", encoded=True)
        for again in (True, False):
            headers = await self.token.header()
            sent = json.dumps(said, ensure_ascii=False).encode() if said is not None else None
            headers["Content-Type"] = "application/json; charset=utf-8"
            async with self.http().request(method, url, data=sent, headers=headers, **ONCE) as answer:
                if answer.status == 401 and again and self.token.app_id:
                    self.token.forget()
                    continue
                found = await _json(answer)
                _judge(answer.status, answer.headers.get("Retry-After", ""), found)
                return found
        raise AssertionError("the second try returns or raises")

    @staticmethod
    def _path(conversation: str, activity: str | None = None) -> str:
        path = f"v3/conversations/{quote(conversation, safe='')}/activities"
        return f"{path}/{quote(activity, safe='')}" if activity else path


def _member(found: dict[str, Any]) -> Member:
    name = str(found.get("name") or found.get("givenName") or "")
    directory = str(found.get("aadObjectId") or found.get("objectId") or "").lower()
    guest = found.get("userRole") in ("guest", "anonymous")
    email = string(found.get("email")) or string(found.get("userPrincipalName"))
    return Member(name, guest, directory, string(found.get("id")), None if guest else email or None)


async def _json(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        found = await answer.json(content_type=None)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _judge(status: int, retry_after: str, found: dict[str, Any]) -> None:
    if status < 300:
        return
    error = found.get("error")
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    code = code if re.fullmatch(r"[A-Za-z0-9]{1,60}", code) else ""  # else it is no code, but somebody's words
    if status in BUSY:
        # Only a 429 can mean the whole app; the others are about this one conversation.
        raise SlowDown(seconds(retry_after), conversation=status != 429)
    if status == 403:  # MessageWritesBlocked: blocked or taken out. BotNotInConversationRoster: never let in.
        raise Unreachable(f"403 {code}".strip())
    if status == 404:
        raise Gone(f"404 {code}".strip())
    if status in (400, 413):  # the same message is no better the next time
        raise Unfit(f"{status} {code}".strip())
    raise Refused(status, code)


def seconds(retry_after: str) -> float:
    """Retry-After comes as seconds or as a date; where it is missing, a little while that differs each time."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return random.uniform(*WAIT)


def body(thing: Any) -> Any:
    """An activity as it travels. botbuilder's serializer takes six times as long, and goes through cards key by key."""
    if isinstance(thing, Model):
        named = ((how["key"], getattr(thing, name)) for name, how in thing._attribute_map.items())
        return {key: body(value) for key, value in named if value not in (None, "")}
    return [body(each) for each in thing] if isinstance(thing, list) else thing
