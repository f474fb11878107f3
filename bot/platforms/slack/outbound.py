"""What leaves for Slack.

A message's id is its `ts`: the same string comes back as `thread_ts` of a reply and as `item.ts` of a reaction.
Changing or deleting needs the channel's own id as well; for a direct conversation, which we name by its person, Slack
is asked (`conversations.open` is idempotent) and the answer kept in memory only, since it can be asked again.
"""

import asyncio
import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from bot.core.cards import Card, Form, plain
from bot.core.paper import content
from bot.core.people import Place
from bot.core.sending import Can, Limit, Outgoing, SlowDown, Unfit, Unreachable
from bot.platforms.slack import forms, render
from bot.platforms.slack.api import Away, Refused
from bot.platforms.slack.files import Pictures, uploaded
from bot.platforms.slack.texts import escaped
from bot.platforms.slack.workspaces import Workspace, Workspaces

log = logging.getLogger(__name__)

# One message a second in a conversation; what it takes in a whole workspace is not published ("several hundred a
# minute"), so this is ours and Retry-After the truth (docs.slack.dev/apis/web-api/rate-limits).
CAN = Can(threads_in_direct=True, whispers=True, looks_back=True, each=(Limit(1, 1.0),), rate=20.0, burst=10)
OURS = "kadens"  # the event_type of the metadata on our messages
LOOK_BACK, PAGES = 100, 5  # messages a page, pages of a thread
# What Slack may say of a block with a picture that it has not looked at yet, or no longer has.
NOT_SHOWN = frozenset({"invalid_arguments", "invalid_attachments", "invalid_blocks", "invalid_blocks_format"})
LOOKED_AT = 1.5  # seconds until a fresh picture can be shown
LANDING = (0.0, 0.5, 1.0, 2.0)  # seconds between two looks whether a shared file has come
SHARED = 1000  # files whose ids are remembered

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

# Errors that say something of the message itself: it would be refused again, whoever it is for.
UNFIT = frozenset(
    {
        "cannot_reply_to_message",
        "invalid_arguments",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_json",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
        "view_too_large",
    }
)


class NotShared(Exception):
    """Slack took a file and said that it shared it, but it stands nowhere."""


def _mark(message: Outgoing) -> str:
    """What a block of a shared file's message is called, so that it is known again."""
    return f"{OURS}-{hashlib.sha256(message.key.encode()).hexdigest()[:32]}"


class SlackPlatform:
    """Slack, as delivery sees it."""

    can = CAN

    def __init__(self, workspaces: Workspaces) -> None:
        self.workspaces = workspaces
        self._shared = OrderedDict[str, str]()  # by key: the file that was shared under it, or is being shared

    async def send(self, message: Outgoing) -> str:
        """Send, with the token of the message's workspace; the `ts` of what was sent.

        Raises SlowDown, Unreachable, Unfit, Refused or Away.
        """
        here = await self.workspaces.of(message.place.workspace)
        try:
            match message.verb:
                case "post":
                    return await self._post(here, message)
                case "update" | "delete":
                    return await self._change(here, message)
                case "home":
                    return await self._home(here, message)
                case "file":
                    return await self._file(here, message)
        except Refused as error:
            if error.code in UNREACHABLE:
                raise Unreachable(error.code) from None
            if error.code in UNFIT:
                raise Unfit(error.code) from None
            raise

    async def find(self, message: Outgoing) -> str | None:
        """The `ts` of the message sent under this key. What changes a message can be done twice without harm: None."""
        if message.verb not in ("post", "file") or (message.only_for and message.place.kind != "direct"):
            return None  # nobody can look up a whisper
        try:
            return await self._stands(await self.workspaces.of(message.place.workspace), message)
        except Refused as error:
            log.warning("slack cannot look back: %s", error)
            return None

    async def met(self, workspace: str, person: str, channel: str) -> None:
        """A direct conversation of ours, as an event happened to name it."""
        (await self.workspaces.of(workspace)).direct[person] = channel

    async def open_form(self, workspace: str, trigger: str, form: Form) -> None:
        """Show the form. Raises Refused when the trigger, which lives for three seconds, is no longer good."""
        here = await self.workspaces.of(workspace)
        await here.api.call("views.open", trigger_id=trigger, view=forms.modal(form))

    async def say_privately(self, workspace: str, channel: str | None, person: str, text: str) -> None:
        """One plain sentence for one person, past the outbox: for when there is no store to keep it in."""
        text, here = escaped(plain(text)), await self.workspaces.of(workspace)
        if channel and not channel.startswith("D"):
            await here.api.call("chat.postEphemeral", channel=channel, user=person, text=text)
        else:  # not to that conversation: it may be one between two other people
            await here.api.call("chat.postMessage", channel=person, text=text)

    async def _post(self, here: Workspace, message: Outgoing) -> str:
        place = message.place
        # A person's own id will do: asking for the conversation's (50 a minute, or so) would be the slowest part.
        channel = here.direct.get(place.conversation, place.conversation)

        async def post(card: Mapping[str, Any]) -> str:
            if message.only_for and place.kind != "direct":
                whose = {"channel": channel, "user": message.only_for, "thread_ts": place.thread}
                return str((await here.api.call("chat.postEphemeral", **card, **whose))["message_ts"])
            metadata = {"event_type": OURS, "event_payload": {"key": message.key}}
            args = {**card, "channel": channel, "metadata": metadata, "unfurl_links": False, "unfurl_media": False}
            try:
                said = await here.api.call("chat.postMessage", thread_ts=place.thread, **args)
            except Refused as error:
                if error.code != "thread_not_found":
                    raise
                said = await here.api.call("chat.postMessage", **args)  # its first message was deleted: say it anyhow
            if place.kind == "direct" and said.get("channel"):
                here.direct[place.conversation] = str(said["channel"])
            return str(said["ts"])

        return await self._shown(here, message.card, render.message, post)

    async def _change(self, here: Workspace, message: Outgoing) -> str:
        assert message.target is not None
        target, where = message.target, {"channel": await self._channel(here, message.place), "ts": message.target}

        async def change(card: Mapping[str, Any]) -> str:
            await here.api.call("chat.update", **where, **card)
            return target

        try:
            if message.verb == "update":
                return await self._shown(here, message.card, render.message, change)
            await here.api.call("chat.delete", **where)
        except Refused as error:
            if error.code != "message_not_found":  # somebody deleted it: there is nothing left to do
                raise
        return target

    async def _home(self, here: Workspace, message: Outgoing) -> str:
        async def publish(view: Mapping[str, Any]) -> str:
            await here.api.call("views.publish", user_id=message.place.conversation, view=view)
            return "home"

        return await self._shown(here, message.card, render.home, publish)

    async def _shown(
        self,
        here: Workspace,
        card: Card | None,
        rendered: Callable[[Card, Pictures], Mapping[str, Any]],
        say: Callable[[Mapping[str, Any]], Awaitable[str]],
    ) -> str:
        """With its pictures, if Slack shows them; a fresh one may need a moment, and none keeps a message back."""
        assert card is not None
        pictures = await here.gallery.of(card)
        for wait in (0.0, LOOKED_AT) if pictures else ():
            await asyncio.sleep(wait)
            try:
                return await say(rendered(card, pictures))
            except Refused as error:
                if error.code not in NOT_SHOWN:
                    raise
        here.gallery.forget(pictures)
        return await say(rendered(card, {}))

    async def _file(self, here: Workspace, message: Outgoing) -> str:
        """A file in the direct conversation, under the card that says what it is; the `ts` of the two.

        Slack now and then says that it shared a file and does not: it counts as sent once it stands there.
        """
        file, card = message.file, message.card
        assert file is not None and card is not None
        channel, blocks = await self._channel(here, message.place), render.message(card)["blocks"]
        blocks[0] = {**blocks[0], "block_id": _mark(message)}
        shared = {"channel_id": channel, "blocks": json.dumps(blocks)}
        id = await uploaded(here.api, file.name, await asyncio.to_thread(content, file), **shared)
        self._shared[message.key] = id
        if len(self._shared) > SHARED:
            self._shared.popitem(last=False)
        for wait in LANDING:
            await asyncio.sleep(wait)
            try:
                if (found := await self._stands(here, message)) is not None:
                    return found
            except (Refused, SlowDown, Away):  # nobody can look just now: it was said to be shared
                return id
        raise NotShared

    async def _stands(self, here: Workspace, message: Outgoing) -> str | None:
        channel = await self._channel(here, message.place)
        async for found in self._said(here, channel, message.place.thread):
            if self._is(message, found):
                return str(found["ts"])
        return None

    def _is(self, message: Outgoing, said: Mapping[str, Any]) -> bool:
        """Whether this is what was sent under the key: by its metadata, which a shared file cannot have."""
        if message.verb == "file":
            marks = {block.get("block_id") for block in said.get("blocks") or ()}
            files = {file.get("id") for file in said.get("files") or ()}
            return _mark(message) in marks or self._shared.get(message.key, "") in files
        metadata = said.get("metadata") or {}
        return bool(metadata.get("event_type") == OURS and metadata["event_payload"].get("key") == message.key)

    async def _channel(self, here: Workspace, place: Place) -> str:
        if place.kind != "direct":
            return place.conversation
        if place.conversation not in here.direct:
            try:
                opened = await here.api.call("conversations.open", users=place.conversation)
                here.direct[place.conversation] = opened["channel"]["id"]
            except Refused as error:
                if error.code in UNREACHABLE:
                    raise
                log.warning("slack: %s; trying the person's own id", error)
            except (KeyError, TypeError):
                log.warning("slack: conversations.open named no channel; trying the person's own id")
        return here.direct.get(place.conversation, place.conversation)

    async def _said(self, here: Workspace, channel: str, thread: str | None) -> AsyncIterator[Mapping[str, Any]]:
        """What was said there: a channel's last words first, a thread from its beginning."""
        args: dict[str, Any] = {"channel": channel, "limit": LOOK_BACK, "include_all_metadata": True}
        cursor, pages = None, PAGES if thread else 1
        while pages:
            if thread:
                page = await here.api.read("conversations.replies", ts=thread, cursor=cursor, **args)
            else:
                page = await here.api.read("conversations.history", **args)
            for said in page.get("messages") or ():
                yield said
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            pages = pages - 1 if cursor else 0
