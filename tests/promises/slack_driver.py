"""Slack: signed HTTP requests in, its Web API out."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.platforms.slack.app import Secrets, Slack
from bot.platforms.slack.outbound import SlackPlatform
from storage.engine import Store
from tests.platforms.slack_stub import BOT, BOT_ID, SlackStub, direct, user
from tests.platforms.test_slack_app import SECRET, encoded, signed, until, visiting
from tests.platforms.test_slack_inbound import payload
from tests.promises.driver import Driver, Seen, Sheet, Someone, Typed, Word

TOKEN = re.compile(r"<([^<>]*)>")
HALL = "C1"


class SlackDriver(Driver):
    workspace, hall = "slack:T1", HALL
    ana, bo, cai, dee = Someone("U1", "Ana"), Someone("U2", "Bo"), Someone("U3", "Cai"), Someone("U9", "Dee")

    def __init__(self, store: Store, stub: SlackStub) -> None:
        super().__init__(store, "slack", SlackPlatform)
        secrets = Secrets(SECRET, "xoxb-1", "", stub.url)
        self.stub = stub
        self.slack = Slack(self.turns, store, secrets, store.settings, self.clock)
        self.platform = self.slack.platform
        self.web: httpx.AsyncClient

    async def _send(self, name: str, who: Someone, **more: Any) -> Any:
        body, number = payload(name), next(self.ids)
        if "event" in body:
            body["event_id"] = f"Ev{number}"
            body["event"] |= {"user": who.account, **more}
        else:
            body |= {"trigger_id": f"{number}.1", **more}
            if "user" in body:
                body["user"] = {"id": who.account, "name": who.name, "username": who.name, "team_id": "T1"}
        answers = await asyncio.gather(*(self._knock(body) for _ in range(self.times)))
        await until(self.slack)
        await self.deliver()
        return next((answer for answer in answers if answer), None)

    async def _knock(self, body: dict[str, Any]) -> Any:
        raw, kind = encoded(body)
        response = await self.web.post("/slack/events", content=raw, headers=signed(raw, self.now.timestamp(), kind))
        assert response.status_code == 200, response.status_code
        return response.json() if response.content else None

    async def _opened(self, *asked: Any, **more: Any) -> Sheet | None:
        before = len(self.stub.views)
        await self._send(*asked, **more)
        return _sheet(self.stub.views[-1]) if len(self.stub.views) > before else None

    async def order(self, who: Someone, command: str, *words: Word, room: str | None = None) -> Sheet | None:
        where = {"channel_id": room or direct(who.account), "channel_name": "general" if room else "directmessage"}
        whose = {"user_id": who.account, "user_name": who.name.lower()}
        return await self._opened("command", who, command=f"/{command}", text=_written(words), **where, **whose)

    async def say(self, who: Someone, *words: Word, room: str | None = None, thread: str | None = None) -> str:
        ts, text = f"1795000100.{next(self.ids):06d}", _written(words)
        placed = {"ts": ts, "channel": room or direct(who.account)} | ({"thread_ts": thread} if thread else {})
        if room:
            await self._send("app_mention", who, text=f"<@{BOT}> {text}", **placed)
        else:
            await self._send("message_im", who, text=text, **placed)
        return ts

    async def edit(self, who: Someone, message: str, *words: Word, thread: str | None = None) -> None:
        changed = payload("message_changed")["event"]
        for part in ("message", "previous_message"):
            changed[part] |= {"user": who.account, "ts": message}
            changed[part].pop("thread_ts", None)
            changed[part] |= {"thread_ts": thread} if thread else {}
        changed["message"]["text"] = _written(words)
        await self._send("message_changed", who, **{**changed, "user": who.account, "channel": direct(who.account)})

    async def press(self, who: Someone, seen: Seen, label: str) -> Sheet | None:
        button = next(each for each in _buttons(seen.raw) if each["text"]["text"] == label)
        channel = seen.room or direct(who.account)
        container: dict[str, Any] = {"type": "message", "message_ts": seen.id, "channel_id": channel}
        name = "block_actions"
        more: dict[str, Any] = {"message": seen.raw}
        if seen.only_for:  # an ephemeral message is not told along
            name, more, container["is_ephemeral"] = "block_actions_ephemeral", {}, True
        where = {"id": channel, "name": "general" if seen.room else "directmessage"}
        pressed = [{**button, "block_id": "b"}]
        return await self._opened(name, who, actions=pressed, channel=where, container=container, **more)

    async def submit(self, who: Someone, sheet: Sheet, typed: Typed) -> Sheet | None:
        view = payload("view_submission")["view"] | sheet.raw
        values = {id: {id: _value(element, typed.get(id))} for id, element in _inputs(sheet.raw).items()}
        answer = await self._send("view_submission", who, view=view | {"state": {"values": values}})
        if answer is None:
            return None
        if answer["response_action"] == "update":
            return _sheet(answer["view"])
        # The modal stays as it is; Slack shows only what names one of its inputs.
        assert answer["response_action"] == "errors" and answer["errors"].keys() <= _inputs(sheet.raw).keys()
        stays = {id: words if isinstance(words, str) else ",".join(one.account for one in words)
                 for id, words in typed.items()}  # fmt: skip
        return Sheet(stays, answer["errors"], sheet.raw)

    async def react(self, who: Someone, seen: Seen, removed: bool = False) -> None:
        name = "reaction_removed" if removed else "reaction_added"
        item = {"type": "message", "channel": seen.room or direct(who.account), "ts": seen.id}
        await self._send(name, who, reaction="raised_hands", item=item, item_user=BOT)

    async def echo(self, seen: Seen, *words: Word) -> None:
        us, ours = Someone(BOT, "kadens"), {"bot_id": BOT_ID}
        await self._send("message_im_bot", us, text=_written(words), ts="1795000900.000001")
        await self._send("app_mention", us, text=f"<@{BOT}> {_written(words)}", ts="1795000900.000002", **ours)
        await self.react(us, seen)

    async def look_at_home(self, who: Someone) -> str:
        await self._send("app_home_opened", who, channel=direct(who.account))
        return self.homes(who)[0]

    def seen(self, who: Someone, room: str | None = None) -> list[Seen]:
        channel = room or direct(who.account)
        whispers = [e for e in self.stub.ephemeral if e["channel"] == channel and e["user"] == who.account]
        found = [*self.stub.posted(channel), *whispers]
        return [_seen(said, room, self.stub) for said in sorted(found, key=lambda said: str(said["ts"]))]

    def homes(self, who: Someone) -> list[str]:
        return [_seen(self.stub.homes[who.account] | {"ts": ""}, None, self.stub).text]

    async def files(self, who: Someone) -> list[tuple[str, bytes]]:
        said = self.stub.posted(direct(who.account))
        shared = [self.stub.files[each["id"]] for each_said in said for each in each_said.get("files", ())]
        return [(each["name"], each["content"]) for each in shared]

    def busy(self, seconds: int) -> None:
        self.stub.limit("chat.postMessage", seconds)

    def lose(self) -> None:
        self.stub.lose("chat.postMessage")

    @property
    def tries(self) -> int:
        return len(self.stub.named("chat.postMessage"))

    def bar(self, *rooms_or_people: str | Someone) -> None:
        for each in rooms_or_people:
            if isinstance(each, Someone):
                self.stub.channels[direct(each.account)] = "user_disabled"
            else:
                self.stub.channels[each] = "not_in_channel"


@asynccontextmanager
async def slack(store: Store) -> AsyncIterator[SlackDriver]:
    async with SlackStub() as stub:
        stub.users = [user(f"U{n}", name, locale="en-US") for n, name in enumerate(("Ana", "Bo", "Cai"), 1)]
        driver = SlackDriver(store, stub)
        await driver.slack.sync()
        async with visiting(driver.slack) as driver.web:
            yield driver
        await driver.slack.stop()


def _written(words: tuple[Word, ...]) -> str:
    """As Slack writes what was typed (docs.slack.dev/messaging/formatting-message-text)."""
    return " ".join(
        f"<@{each.account}|{each.name.lower()}>" if isinstance(each, Someone) else html.escape(each, quote=False)
        for each in words
    )


def _seen(said: dict[str, Any], room: str | None, stub: SlackStub) -> Seen:
    mentions, odd, read = set[str](), list[str](), list[str]()
    for text in _texts(said["blocks"]):
        shown = text["text"]
        if text["type"] == "mrkdwn":
            if not text.get("verbatim"):  # else Slack makes links of names
                odd.append(shown)
            for token in TOKEN.findall(shown):
                if re.fullmatch("@[UW][A-Z0-9]+", token):
                    mentions.add(token[1:])
                elif not re.fullmatch(r"https?://[^|]*", token):
                    odd.append(token)
            shown = html.unescape(TOKEN.sub(r"\1", shown))
        read.append(shown)
    buttons = tuple(each["text"]["text"] for each in _buttons(said))
    thread = said.get("thread_ts")
    return Seen(said["ts"], "\n".join(read), buttons, thread, said.get("user") if said.get("user") != BOT else None,
                frozenset(mentions), tuple(odd), _pictures(said, stub), room, said)  # fmt: skip


def _pictures(said: dict[str, Any], stub: SlackStub) -> tuple[tuple[bytes, str], ...]:
    shown = [block for block in said["blocks"] if block["type"] == "image"]
    return tuple((stub.files[block["slack_file"]["id"]]["content"], block["alt_text"]) for block in shown)


def _texts(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if isinstance(block.get("text"), dict):
            yield block["text"]
        yield from block.get("fields", ())
        if block["type"] == "context":
            yield from block["elements"]


def _buttons(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for block in said["blocks"] if block["type"] == "actions" for each in block["elements"]]


def _inputs(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}


def _sheet(view: dict[str, Any]) -> Sheet:
    filled = {}
    for id, element in _inputs(view).items():
        filled[id] = element.get("initial_value") or ",".join(element.get("initial_users", ()))
    return Sheet(filled, {}, view)


def _value(element: dict[str, Any], typed: Any) -> dict[str, Any]:
    """The state of an input (docs.slack.dev/reference/interaction-payloads/view-interactions-payload)."""
    kind = element["type"]
    match kind:
        case "plain_text_input":
            return {"type": kind, "value": typed or None}
        case "multi_users_select":
            return {"type": kind, "selected_users": [one.account for one in typed or ()]}
        case "checkboxes" | "multi_static_select":
            chosen = (typed or "").split(",")
            return {"type": kind, "selected_options": [o for o in element["options"] if o["value"] in chosen]}
        case _:
            option = next((o for o in element.get("options", ()) if o["value"] == typed), None)
            return {"type": kind, "selected_option": option}
