"""A real Teams client for tests: the Microsoft 365 Agents Playground, driven over its own HTTP and WebSocket interface.

    async with bot_process() as endpoint, TeamsClient(endpoint) as client:
        await client.install()
        await client.say("checkin")
        asked = await client.shown("What went well?")
        await client.press(asked, "4")
        dialog = await client.press(asked, "All at once")     # a button that opens a dialog gives its card
        closed = await client.submit(dialog, "Done", well="…")  # None once the bot has closed it

Everything runs on 127.0.0.1. What it cannot do itself (dialogs, reactions, other people) it sends as a custom activity.
"""

import asyncio
import os
import shutil
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.platforms.teams_world import button, parts

HERE = Path(__file__).parents[1] / "teams_client"
CLI = HERE / "node_modules" / "@microsoft" / "m365agentsplayground" / "cli.js"
TENANT = "00000000-0000-0000-0000-0000000000001"
BOT = "00000000-0000-0000-0000-00000000000011"
ME, OTHERS = "user-id-0", {"Megan": "user-id-1", "Adele": "user-id-2", "Isaiah": "user-id-3"}
GENERAL, CHANNEL = "team-id", "channel-announcements-id"
PATIENCE = 20.0  # seconds: a machine may have more to do than this test


def need_client() -> None:
    """Skip where Node or the client is missing; fail where nothing may be skipped."""
    reason = "" if shutil.which("node") else "Node is not installed"
    if not reason and not CLI.exists():
        reason = "the Agents Playground is not installed: npm ci in tests/teams_client"
    if reason:
        pytest.fail(reason) if os.environ.get("KADENS_NO_SKIP") else pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Shown:
    """A message of the bot's as it stands now."""

    id: str
    conversation: str
    card: dict[str, Any]
    updates: int = 0

    @property
    def texts(self) -> list[str]:
        return [part["text"] for part in parts(self.card) if part["type"] == "TextBlock"]

    @property
    def buttons(self) -> list[str]:
        return [part["title"] for part in parts(self.card) if part["type"].startswith("Action.")]


class TeamsClient:
    def __init__(self, bot_endpoint: str) -> None:
        self.endpoint, self.port = bot_endpoint, free_port()
        self.messages = dict[str, Shown]()  # in the order in which they came
        self.log = list[dict[str, Any]]()  # all traffic, both ways
        self.me, self.home, self.group = ME, "", ""
        self._changed = asyncio.Condition()
        self._tasks = list[asyncio.Task[None]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "TeamsClient":
        command = ["node", "--require", str(HERE / "loopback.cjs"), str(CLI), "start", "--port", str(self.port)]
        command += ["--service-url", f"{self.url}/_connector", "--disable-telemetry"]
        env = {"BOT_ENDPOINT": self.endpoint, "DEFAULT_CHANNEL_ID": "msteams", "TEAMSAPPTESTER_BROWSER": "none"}
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=HERE, env={**os.environ, **env}, stdout=quiet, stderr=quiet
        )
        self._http = aiohttp.ClientSession()
        try:
            config = await self._ready()
        except BaseException:
            await self.__aexit__()
            raise
        self.home, self.group = config["config"]["personalChat"]["id"], config["config"]["groupChats"][0]["id"]
        await self._listen("/_ws_conversation/v1/conversations/stream", self._said)
        await self._listen("/_ws/log/stream", self._logged)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()

    async def _ready(self) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while True:
                assert self._process.returncode is None, "the Agents Playground stopped at once"
                try:
                    async with self._http.get(f"{self.url}/_internal/v1/config") as answer:
                        found: dict[str, Any] = await answer.json()
                        return found
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)

    async def _listen(self, path: str, heard: Callable[[dict[str, Any]], None]) -> None:
        socket = await self._http.ws_connect(f"{self.url}{path}", max_msg_size=0)

        async def listen() -> None:
            async for message in socket:
                heard(message.json())
                async with self._changed:
                    self._changed.notify_all()

        self._tasks.append(asyncio.create_task(listen()))

    def _said(self, told: dict[str, Any]) -> None:
        message = told.get("message") or {}
        if (message.get("from") or {}).get("id") not in (BOT, None) or not message.get("messageId"):
            return
        id, attachments = str(message["messageId"]), message.get("attachments") or []
        card = attachments[0]["content"] if attachments else {}
        before = self.messages.get(id)
        conversation = str(told.get("actionConversationId"))
        self.messages[id] = Shown(id, conversation, card, before.updates + 1 if before else 0)

    def _logged(self, told: dict[str, Any]) -> None:
        if told.get("log"):
            self.log.append(told["log"])

    async def until(self, found: Callable[[], Any], what: str = "") -> Any:
        """The first truthy thing `found` gives, within PATIENCE."""
        async with self._changed:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._changed.wait_for(found)
            except TimeoutError:
                shown = "\n".join(f"  {m.id} {m.conversation}: {m.texts} {m.buttons}" for m in self.messages.values())
                raise AssertionError(f"never seen: {what or found}; there is\n{shown}") from None
        return found()

    async def shown(self, text: str, where: str = "", updated: bool = False) -> Shown:
        """The last message in which this text stands; waits for it."""

        def found() -> Shown | None:
            fits = (
                message
                for message in reversed(list(self.messages.values()))
                if any(text in each for each in message.texts)
                and message.conversation.startswith(where)
                and (message.updates or not updated)
            )
            return next(fits, None)

        message: Shown = await self.until(found, text)
        return message

    # -- what people do

    async def install(self, conversation: str = "") -> None:
        await self._post(f"/_debug/conversation/{conversation or self.home}/installation", {})

    async def say(self, text: str, conversation: str = "", mention_bot: bool = False, **mentions: str) -> str:
        """Words of the signed-in person: `say("kudos @Megan for …", CHANNEL, mention_bot=True, Megan="user-id-1")`."""
        named = [{"mentioned": {"id": id}, "text": f"<at>{name}</at>"} for name, id in mentions.items()]
        for name in mentions:
            text = text.replace(f"@{name}", f"<at>{name}</at>")
        if mention_bot:
            text = f"<at>Test Bot</at> {text}"
            named.append({"mentioned": {"id": BOT}, "text": "<at>Test Bot</at>"})
        said = {"text": text, "textFormat": "plain", "from": {"id": ME}, "mentions": named}
        answer = await self._post(f"/_conversation/v1/conversations/{conversation or self.home}/messages", said)
        return str(answer["messageId"])

    async def press(self, message: Shown, title: str, **inputs: str) -> dict[str, Any] | None:
        """Press a button. One that opens a dialog gives what the bot answered; of others nothing comes back at once."""
        action = button(message.card, title)
        value = {**filled_in(message.card), **action["data"], **inputs}
        where = {"conversation": {"id": message.conversation}, "from": {"id": ME}, "replyToId": message.id}
        if action["type"] == "Action.Execute":
            pressed = {"type": action["type"], "verb": action.get("verb"), "data": value}
            asked = {"name": "adaptiveCard/action", "value": {"action": pressed, "trigger": "manual"}, **where}
            return await self._post("/_conversation/v1/invoke", asked)
        if (value.get("msteams") or {}).get("type") == "task/fetch":
            more = {"type": "invoke", "name": "task/fetch", "value": {"data": value, "context": {"theme": "default"}}}
            return await self.custom(message.conversation, **more, replyToId=message.id)
        await self._post("/_conversation/v1/submit", {"value": value, **where})
        return None

    async def execute(self, message: Shown, data: Mapping[str, Any]) -> dict[str, Any]:
        """A universal action on a message of the bot's; the client puts the card of the answer in its place."""
        action = {"type": "Action.Execute", "data": data}
        asked = {"name": "adaptiveCard/action", "value": {"action": action, "trigger": "manual"}}
        where = {"conversation": {"id": message.conversation}, "from": {"id": ME}, "replyToId": message.id}
        return await self._post("/_conversation/v1/invoke", {**asked, **where})

    async def submit(
        self, dialog: Mapping[str, Any] | None, title: str, conversation: str = "", **inputs: str
    ) -> dict[str, Any] | None:
        """Send a dialog; what the bot answers (a dialog with objections, say), or None once it is closed."""
        value = {**filled_in(card_of(dialog)), **button(card_of(dialog), title)["data"], **inputs}
        more = {"type": "invoke", "name": "task/submit", "value": {"data": value}}
        return await self.custom(conversation or self.home, **more)

    async def menu(self, command: str, conversation: str = "", **payload: Any) -> dict[str, Any]:
        """Choose from the menu of a message (with its `messagePayload`), or the one beside the box."""
        value = {"commandId": command, "commandContext": "message" if payload else "compose"}
        if payload:
            value["messagePayload"] = payload
        asked = {"name": "composeExtension/fetchTask", "value": value, "from": {"id": ME}}
        return await self._post(
            "/_conversation/v1/invoke", {**asked, "conversation": {"id": conversation or self.home}}
        )

    async def menu_submit(
        self, command: str, dialog: Mapping[str, Any], title: str, conversation: str = "", **inputs: str
    ) -> dict[str, Any]:
        value = {
            "commandId": command,
            "data": {**filled_in(card_of(dialog)), **button(card_of(dialog), title)["data"], **inputs},
        }
        asked = {"name": "composeExtension/submitAction", "value": value, "from": {"id": ME}}
        return await self._post(
            "/_conversation/v1/invoke", {**asked, "conversation": {"id": conversation or self.home}}
        )

    async def react(self, message: Shown, type: str = "like", removed: bool = False, by: str = ME) -> None:
        key = "reactionsRemoved" if removed else "reactionsAdded"
        more = {"type": "messageReaction", key: [{"type": type}], "replyToId": message.id}
        await self.custom(message.conversation, **more, **{"from": person(by)})

    async def custom(self, conversation: str, **activity: Any) -> dict[str, Any] | None:
        """Any activity, as the client fills it in for this conversation. Returns what the bot answered."""
        base = f"{self.url}/_internal/v1/customActivities"
        async with self._http.get(f"{base}/template", params={"conversationId": conversation}) as answer:
            template = await answer.json()
        id = str(uuid.uuid4())
        data = {"channelData": {"tenant": {"id": TENANT}}}
        await self._post("/_internal/v1/customActivities", {**template, **data, **activity, "id": id})

        def found() -> dict[str, Any] | None:
            return next((each for each in self.log if _id(each) == id), None)

        response = (await self.until(found, "the answer to a custom activity"))["response"]
        assert response["statusCode"] == 200, response
        return response.get("body") or None

    async def _post(self, path: str, said: Any) -> dict[str, Any]:
        async with self._http.post(f"{self.url}{path}", json=said) as answer:
            assert answer.status < 300, await answer.text()
            found = await answer.json(content_type=None) if answer.content_length else {}
            return found if isinstance(found, dict) else {}


def card_of(dialog: Mapping[str, Any] | None) -> dict[str, Any]:
    assert dialog, "the dialog is closed"
    if "task" not in dialog:  # of a universal action
        found: dict[str, Any] = dialog["value"]
        return found
    assert dialog["task"]["type"] == "continue", dialog
    content: dict[str, Any] = dialog["task"]["value"]["card"]["content"]
    return content


def filled_in(card: Mapping[str, Any]) -> dict[str, str]:
    """What a client sends of the inputs nobody touched: what stood in them, empty words included."""
    inputs = (part for part in parts(card) if part["type"].startswith("Input."))
    return {part["id"]: part.get("value", "") for part in inputs}


def _id(logged: Mapping[str, Any]) -> str:
    body = (logged.get("request") or {}).get("body") or {}
    return str(body.get("id")) if isinstance(body, dict) and logged.get("response") else ""


def person(id: str) -> dict[str, str]:
    return {"id": id, "aadObjectId": f"00000000-0000-0000-0000-{20 + int(id[-1]):013d}"}


@asynccontextmanager
async def bot_process(*command: str, **env: str) -> AsyncIterator[str]:
    """A bot in a process of its own; without a command the one with the tiny feature. Yields where it listens.

    `{port}` in the command is the port it shall listen on.
    """
    port = free_port()
    wanted = command or ("-m", "tests.platforms.teams_bot", "--port", "{port}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *(part.format(port=port) for part in wanted), env={**os.environ, **env}
    )
    try:
        async with asyncio.timeout(30):
            while True:
                assert process.returncode is None, "the bot stopped at once"
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                    continue
                writer.close()
                await writer.wait_closed()
                break
        yield f"http://127.0.0.1:{port}/teams/messages"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
