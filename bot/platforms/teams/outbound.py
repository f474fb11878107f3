"""To Teams: one adapter of the Bot Framework's with one shared connection pool, and what delivery asks of it.

CloudAdapter is not used: it opens a connection for each reply and rebuilds a list of 999×501 numbers twice an activity.
"""

import json
import logging
import random
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from botbuilder.core import BotAdapter, TurnContext
from botbuilder.schema import (
    Activity,
    ActivityTypes,
    Attachment,
    ChannelAccount,
    ConversationAccount,
    ConversationParameters,
    ConversationReference,
    ResourceResponse,
)
from yarl import URL

from bot.core.cards import Card
from bot.core.people import Kind, Place
from bot.core.sending import Can, Outgoing, SlowDown, Unreachable
from bot.platforms.teams import render
from bot.platforms.teams.auth import KnownHosts, Token
from storage import teams
from storage.engine import Store
from storage.teams import Reference

log = logging.getLogger(__name__)

PATIENCE = aiohttp.ClientTimeout(total=8)  # delivery waits ten
# Asked to be tried again, with jitter: learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
BUSY = frozenset({412, 429, 502, 504})
WAIT = (1.0, 3.0)  # seconds, where nothing is said
DEFAULT_SERVICE_URL = "https://smba.trafficmanager.net/teams/"
# 7 messages in a second, 8 in two, 60 in thirty and 1,800 an hour are allowed in one conversation; a fifth of a second
# apart keeps the bursts out, and a longer run is told to wait by the platform itself.
CAN = Can(threads_in_direct=False, whispers=False, deletes=True, looks_back=False, pace=0.2)


class Refused(Exception):
    """Teams did not take a message. Says its status and its code, never its words."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"Teams answered {status} {code}".strip())
        self.status = status


class Gone(Unreachable):
    """The conversation, or the message, is not there (any more)."""


class StrangeHost(Exception):
    """A service URL that is none of Microsoft's is never written to."""


class Connector(BotAdapter):
    """The Bot Connector's REST interface behind the Bot Framework's own adapter."""

    def __init__(self, token: Token, hosts: KnownHosts, http: Callable[[], aiohttp.ClientSession]) -> None:
        super().__init__()
        self.token, self.hosts, self.http = token, hosts, http

    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        sent = []
        for activity in activities:
            if activity.type == ActivityTypes.invoke_response:
                context.turn_state[self._INVOKE_RESPONSE_KEY] = activity  # the answer to the request itself
                sent.append(ResourceResponse())
                continue
            # TurnContext makes a proactive message the reply to the continuation it invented.
            activity.reply_to_id = None
            found = await self.call("POST", activity.service_url, self._path(activity.conversation.id), body(activity))
            sent.append(ResourceResponse(id=str(found.get("id") or "")))
        return sent

    async def update_activity(self, context: TurnContext, activity: Activity) -> ResourceResponse:
        activity.reply_to_id = None
        path = self._path(activity.conversation.id, activity.id)
        await self.call("PUT", activity.service_url, path, body(activity))
        return ResourceResponse(id=activity.id)

    async def delete_activity(self, context: TurnContext, reference: ConversationReference) -> None:
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

    async def call(self, method: str, service_url: str, path: str, said: Any = None) -> dict[str, Any]:
        """One request. Raises SlowDown, Unreachable, Refused, or aiohttp's own errors where the outcome is unknown."""
        if service_url not in self.hosts:
            raise StrangeHost
        url = URL(f"{service_url.rstrip('/')}/{path}", encoded=True)
        for again in (True, False):
            headers = await self.token.header()
            sent = json.dumps(said, ensure_ascii=False).encode() if said is not None else None
            headers["Content-Type"] = "application/json; charset=utf-8"
            async with self.http().request(method, url, data=sent, headers=headers, timeout=PATIENCE) as answer:
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


async def _json(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        found = await answer.json(content_type=None)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _judge(status: int, retry_after: str, found: dict[str, Any]) -> None:
    if status < 400:
        return
    error = found.get("error")
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    code = re.sub(r"[^A-Za-z0-9]", "", code)[:60]
    if status in BUSY:
        # Only a 429 can mean the whole app; the others are about this one conversation.
        raise SlowDown(_seconds(retry_after), conversation=status != 429)
    if status == 403:  # MessageWritesBlocked: blocked or taken out. BotNotInConversationRoster: never let in.
        raise Unreachable(f"403 {code}".strip())
    if status == 404:
        raise Gone(f"404 {code}".strip())
    raise Refused(status, code)


def _seconds(retry_after: str) -> float:
    """Retry-After comes as seconds or as a date; where it is missing, a little while that differs each time."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return random.uniform(*WAIT)


def body(activity: Activity) -> dict[str, Any]:
    """An activity as it travels: botbuilder would send the card through msrest, key by key."""
    attachments, activity.attachments = activity.attachments, None
    said: dict[str, Any] = activity.serialize()
    activity.attachments = attachments
    if attachments:
        said["attachments"] = [{"contentType": each.content_type, "content": each.content} for each in attachments]
    return said


def activity_of(card: Card) -> Activity:
    """A card as a message. The summary is what a notification shows."""
    attachment = Attachment(content_type=render.CONTENT, content=render.message(card))
    return Activity(type=ActivityTypes.message, summary=render.summary(card) or None, attachments=[attachment])


class TeamsPlatform:
    """What delivery needs of Teams."""

    can = CAN

    def __init__(self, connector: Connector, store: Store, app_id: str, clock: Callable[[], datetime]) -> None:
        self.connector, self.store, self.app_id, self.clock = connector, store, app_id, clock

    async def find(self, message: Outgoing) -> str | None:
        return None  # Teams cannot tell what became of a message

    async def send(self, message: Outgoing) -> str:
        """Raises SlowDown, Unreachable, Refused, or what the network said."""
        place = message.place
        async with self.store.reading() as session:
            known = await teams.reference(session, place.workspace, place.conversation)
            service_url = known.service_url if known else await teams.service_url(session, place.workspace)
        if known and known.gone:
            raise Unreachable("the bot was taken out")
        fresh = known is None or not known.address
        reference = known if known and known.address else await self._first(place, service_url)
        try:
            return await self._deliver(message, reference)
        except Gone:
            # Whoever clears a chat's history takes the conversation away, not the bot: a new one can be opened.
            if fresh or place.kind != "direct" or message.verb in ("update", "delete"):
                raise
            return await self._deliver(message, await self._first(place, service_url))

    async def _first(self, place: Place, service_url: str | None) -> Reference:
        """Where to write to somebody who has not written to us; for a place that is no person's, its own name."""
        url = service_url or DEFAULT_SERVICE_URL
        if place.kind != "direct":
            return Reference(place.workspace, place.conversation, place.conversation, url)
        tenant = place.workspace.partition(":")[2]
        asked = ConversationParameters(
            is_group=False,
            bot=ChannelAccount(id=f"28:{self.app_id}"),
            members=[ChannelAccount(id=place.conversation)],
            channel_data={"tenant": {"id": tenant}},
            tenant_id=tenant,
        )
        reference = ConversationReference(service_url=url, channel_id="msteams")
        address = await self.connector.create_conversation(reference, conversation_parameters=asked)
        made = Reference(place.workspace, place.conversation, address, url, "direct")
        async with self.store.transaction() as session:
            await teams.keep(session, made, self.clock())
        return made

    async def _deliver(self, message: Outgoing, reference: Reference) -> str:
        match message.verb:
            case "delete":
                return await self._delete(message, reference)
            case "update":
                return await self._update(message.card, message.target, message.place, reference)
            case "home":
                return await self._home(message, reference)
            case "post":
                return await self._post(message.card, message.place, reference)

    async def _post(self, card: Card | None, place: Place, reference: Reference) -> str:
        if card is None:
            raise ValueError("a message needs a card")
        sent: list[str] = []

        async def say(context: TurnContext) -> None:
            found = await context.send_activity(activity_of(card))
            sent.append(found.id)

        await self.connector.continue_conversation(self._where(place, reference), say)
        return sent[0]

    async def _update(self, card: Card | None, target: str | None, place: Place, reference: Reference) -> str:
        if card is None or target is None:
            raise ValueError("a message that changes needs its card and its id")
        activity = activity_of(card)
        activity.id = target

        async def change(context: TurnContext) -> None:
            await context.update_activity(activity)

        await self.connector.continue_conversation(self._where(place, reference), change)
        return target

    async def _delete(self, message: Outgoing, reference: Reference) -> str:
        target = message.target
        if target is None:
            raise ValueError("a message that goes needs its id")

        async def retract(context: TurnContext) -> None:
            await context.delete_activity(target)

        try:
            await self.connector.continue_conversation(self._where(message.place, reference), retract)
        except Gone:
            log.info("a message to be taken back was gone already")
        return target

    async def _home(self, message: Outgoing, reference: Reference) -> str:
        """The last home card is drawn anew; where there is none, or it was deleted, a new one."""
        if reference.home:
            try:
                return await self._update(message.card, reference.home, message.place, reference)
            except (Gone, Refused) as error:
                if isinstance(error, Refused) and error.status != 400:
                    raise
        home = await self._post(message.card, message.place, reference)
        async with self.store.transaction() as session:
            await teams.keep_home(session, reference.workspace, reference.conversation, home)
        return home

    def _where(self, place: Place, reference: Reference) -> ConversationReference:
        """A thread is part of a channel's address; other conversations have none."""
        channel = reference.threads or reference.address.endswith(("@thread.tacv2", "@thread.skype"))
        threaded = channel and place.kind != "direct" and place.thread
        address = f"{reference.address};messageid={place.thread}" if threaded else reference.address
        return ConversationReference(
            bot=ChannelAccount(id=f"28:{self.app_id}"),
            conversation=ConversationAccount(id=address),
            channel_id="msteams",
            service_url=reference.service_url,
        )
