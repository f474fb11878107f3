"""What leaves for Slack: the only file that calls its Web API.

A message's id is its `ts`: the same string comes back as `thread_ts` of a reply and as `item.ts` of a reaction.
Changing or deleting needs the channel's own id as well; for a direct conversation, which we name by its person, Slack
is asked (`conversations.open` is idempotent) and the answer kept in memory only, since it can be asked again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.cards import Form, plain
from bot.core.people import Place
from bot.core.sending import Can, Outgoing, SlowDown, Unreachable
from bot.platforms.slack import render

log = logging.getLogger(__name__)
# A logger of its own for the SDK: at DEBUG it writes down whole requests, with what people said in them.
quiet = logging.getLogger("kadens.slack.sdk")
quiet.setLevel(logging.WARNING)

SLACK = "https://slack.com/api/"
PATIENCE = aiohttp.ClientTimeout(total=8, sock_connect=3)  # seconds; delivery gives up on a send after ten
OURS = "kadens"  # the event_type of the metadata on our messages
LOOK_BACK, PAGES = 100, 5  # messages a page, pages of a thread

# Errors after which no try will ever arrive (docs.slack.dev/reference/methods/chat.postMessage and its siblings).
UNREACHABLE = frozenset(
    {
        "account_inactive",  # the app was taken out of the workspace, or the workspace is gone
        "cannot_dm_bot",
        "cant_delete_message",
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "ekm_access_denied",
        "is_archived",
        "messages_tab_disabled",
        "not_enabled",  # no home tab
        "not_in_channel",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "team_access_not_granted",
        "user_disabled",
        "user_not_found",
        "user_not_in_channel",
        "user_not_visible",
        "users_not_found",
    }
)
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


class Away(OSError):
    """Slack, or the line to it, is down. Whether a message arrived is not known."""


class Api:
    """Slack's Web API through one shared session."""

    def __init__(self, token: str, url: str = "") -> None:
        # No retries of the SDK's own: after a lost connection it would post again, without looking whether it arrived.
        self.client = AsyncWebClient(token=token, base_url=url or SLACK, logger=quiet, retry_handlers=[])
        self._session: aiohttp.ClientSession | None = None

    async def call(self, method: str, **args: Any) -> Mapping[str, Any]:
        """Call a method that changes something. Raises SlowDown, Refused or Away."""
        return await self._asked(method, json={name: value for name, value in args.items() if value is not None})

    async def read(self, method: str, **args: Any) -> Mapping[str, Any]:
        """Call a method that only reads. Raises as `call` does."""
        return await self._asked(method, http_verb="GET", params={k: v for k, v in args.items() if v is not None})

    async def pages(self, method: str, **args: Any) -> AsyncIterator[Mapping[str, Any]]:
        """All pages of a list; waits as long as Slack asks to between two of them."""
        cursor: str | None = None
        while cursor != "":
            try:
                page = await self.read(method, cursor=cursor, **args)
            except SlowDown as wait:
                await asyncio.sleep(wait.retry_after)
                continue
            yield page
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")

    async def close(self) -> None:
        if self._session:
            await self._session.close()
        self._session = None

    async def _asked(self, method: str, **args: Any) -> Mapping[str, Any]:
        if self._session is None:  # not before: a session belongs to the loop it was made in
            self._session = aiohttp.ClientSession(timeout=PATIENCE)
            self.client.session = self._session
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
    if status == 429 or code in LIMITED:
        return SlowDown(_seconds(response.headers.get("Retry-After"), LIMITED.get(code, 30)))
    if code in NO_TOKEN:
        log.error("slack does not take our token (%s): see `kadens doctor`; all messages wait", code)
        return SlowDown(TOKEN_REST)
    if status >= 500 or code in AWAY:
        return Away(f"{method}: {code or f'HTTP {status}'}")
    return Refused(method, code or f"HTTP {status}")


def _seconds(text: str | None, otherwise: float) -> float:
    try:
        return max(0.0, min(3600.0, float(text or "")))
    except ValueError:
        return otherwise


class SlackPlatform:
    """Slack, as delivery sees it."""

    can = Can(threads_in_direct=True, whispers=True, looks_back=True, pace=1.0)

    def __init__(self, api: Api) -> None:
        self.api = api
        self._direct = dict[str, str]()  # by person: the id of our direct conversation

    async def send(self, message: Outgoing) -> str:
        """Send; the `ts` of what was sent. Raises SlowDown, Unreachable, Refused or Away."""
        try:
            match message.verb:
                case "post":
                    return await self._post(message)
                case "update" | "delete":
                    return await self._change(message)
                case "home":
                    assert message.card is not None
                    view = render.home(message.card)
                    await self.api.call("views.publish", user_id=message.place.conversation, view=view)
                    return "home"
        except Refused as error:
            if error.code in UNREACHABLE:
                raise Unreachable(str(error)) from None
            raise

    async def find(self, message: Outgoing) -> str | None:
        """The `ts` of the message sent under this key. What changes a message can be done twice without harm: None."""
        if message.verb != "post" or (message.only_for and message.place.kind != "direct"):
            return None  # nobody can look up a whisper
        try:
            channel = await self._channel(message.place)
            async for found in self._said(channel, message.place.thread):
                metadata = found.get("metadata") or {}
                if metadata.get("event_type") == OURS and metadata["event_payload"].get("key") == message.key:
                    return str(found["ts"])
        except Refused as error:
            log.warning("slack cannot look back: %s", error)
        return None

    def met(self, person: str, channel: str) -> None:
        """A direct conversation of ours, as an event happened to name it."""
        self._direct[person] = channel

    async def open_form(self, trigger: str, form: Form) -> None:
        """Show the form. Raises Refused when the trigger, which lives for three seconds, is no longer good."""
        await self.api.call("views.open", trigger_id=trigger, view=render.modal(form))

    async def say_privately(self, channel: str | None, person: str, text: str) -> None:
        """One plain sentence for one person, past the outbox: for when there is no store to keep it in."""
        text = render.escaped(plain(text))
        if channel and not channel.startswith("D"):
            await self.api.call("chat.postEphemeral", channel=channel, user=person, text=text)
        else:  # not to that conversation: it may be one between two other people
            await self.api.call("chat.postMessage", channel=person, text=text)

    async def _post(self, message: Outgoing) -> str:
        place, card = message.place, message.card
        assert card is not None
        args: dict[str, Any] = {**render.message(card), "channel": await self._channel(place)}
        if message.only_for and place.kind != "direct":
            args |= {"user": message.only_for, "thread_ts": place.thread}
            return str((await self.api.call("chat.postEphemeral", **args))["message_ts"])
        metadata = {"event_type": OURS, "event_payload": {"key": message.key}}
        args |= {"metadata": metadata, "unfurl_links": False, "unfurl_media": False}
        try:
            said = await self.api.call("chat.postMessage", thread_ts=place.thread, **args)
        except Refused as error:
            if error.code != "thread_not_found":
                raise
            said = await self.api.call("chat.postMessage", **args)  # its first message was deleted: say it all the same
        if place.kind == "direct" and said.get("channel"):
            self.met(place.conversation, str(said["channel"]))
        return str(said["ts"])

    async def _change(self, message: Outgoing) -> str:
        assert message.target is not None
        where = {"channel": await self._channel(message.place), "ts": message.target}
        try:
            if message.verb == "update":
                assert message.card is not None
                await self.api.call("chat.update", **where, **render.message(message.card))
            else:
                await self.api.call("chat.delete", **where)
        except Refused as error:
            if error.code != "message_not_found":  # somebody deleted it: there is nothing left to do
                raise
        return message.target

    async def _channel(self, place: Place) -> str:
        if place.kind != "direct":
            return place.conversation
        if place.conversation not in self._direct:
            try:
                opened = await self.api.call("conversations.open", users=place.conversation)
                self._direct[place.conversation] = opened["channel"]["id"]
            except Refused as error:
                if error.code in UNREACHABLE:
                    raise
                log.warning("slack: %s; trying the person's own id", error)
            except (KeyError, TypeError):
                log.warning("slack: conversations.open named no channel; trying the person's own id")
        return self._direct.get(place.conversation, place.conversation)

    async def _said(self, channel: str, thread: str | None) -> AsyncIterator[Mapping[str, Any]]:
        """What was said there: a channel's last words first, a thread from its beginning."""
        args: dict[str, Any] = {"channel": channel, "limit": LOOK_BACK, "include_all_metadata": True}
        cursor, pages = None, PAGES if thread else 1
        while pages:
            if thread:
                page = await self.api.read("conversations.replies", ts=thread, cursor=cursor, **args)
            else:
                page = await self.api.read("conversations.history", **args)
            for said in page.get("messages") or ():
                yield said
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            pages = pages - 1 if cursor else 0
