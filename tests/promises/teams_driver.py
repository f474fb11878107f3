"""Teams: requests with a token in, the Bot Connector out."""

import asyncio
import base64
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from bot.platforms.teams import files
from bot.platforms.teams.app import Secrets, Teams
from bot.platforms.teams.outbound import TeamsPlatform
from bot.platforms.teams.render import CONTENT, NOTHING
from storage.engine import Store
from tests.platforms.teams_stub import APP, SECRET, TeamsStub
from tests.platforms.teams_world import CHANNEL, TEAM, TENANT, parts, payload
from tests.promises.driver import Driver, Seen, Sheet, Someone, Typed, Word

US = {"id": f"28:{APP}", "name": "Kadens"}
FIRST = 1_772_800_000_001  # the id of the stand-in's first message
# A tag, an entity, or a mark that nobody took the meaning from.
ODD = re.compile(r"<[a-zA-Z/!?#][^>]*>?|&[a-zA-Z#]\w*;|(?<!\\)[*_`\[\]]")


def guid(letter: str) -> str:
    return f"{letter * 8}-0000-4000-8000-000000000001"


class TeamsDriver(Driver):
    workspace, hall = f"teams:{TENANT}", CHANNEL
    ana, bo = Someone("29:1a-ana-Xx0", "Ana Öberg", guid("a")), Someone("29:1b-bo-Yy0", "Bo (ops)", guid("b"))
    cai, dee = Someone("29:1c-cai", "Cai", guid("c")), Someone("29:1d-dee", "Dee", guid("d"))

    def __init__(self, store: Store, stub: TeamsStub) -> None:
        super().__init__(store, "teams", TeamsPlatform)
        secrets = Secrets(APP, SECRET, "", stub.metadata_url, stub.token_url)
        self.stub = stub
        self.teams = Teams(self.turns, store, secrets, store.settings, self.clock, loopback=True)
        self.platform = self.teams.platform
        self.web: httpx.AsyncClient

    async def _send(self, name: str, who: Someone, room: str | None, thread: str | None = None, **more: Any) -> Any:
        id = more.get("id") or str(1_772_700_000_000 + next(self.ids))
        sender = {"id": who.account, "name": who.name, "aadObjectId": who.directory}
        kept = {"serviceUrl": self.stub.url, "id": id, "from": sender, "locale": "en-US", "recipient": US}
        body = payload(name) | _where(who, room, thread or id) | kept | {"entities": []} | more
        headers = {"Authorization": f"Bearer {self.stub.signed()}"}
        posts = (self.web.post("/teams/messages", json=body, headers=headers) for _ in range(self.times))
        answers = await asyncio.gather(*posts)
        assert {answer.status_code for answer in answers} == {200}, [answer.status_code for answer in answers]
        await self.deliver()
        bodies = [answer.json() for answer in answers if answer.content]
        return next((found for found in bodies if "card" in str(found)), bodies[0] if bodies else None)

    async def order(self, who: Someone, command: str, *words: Word, room: str | None = None) -> Sheet | None:
        await self.say(who, command, *words, room=room)  # there are no slash commands that would say more
        return None

    async def say(self, who: Someone, *words: Word, room: str | None = None, thread: str | None = None) -> str:
        id = str(1_772_700_000_000 + next(self.ids))
        text, entities = _written(words)
        if room:
            entities = [{"type": "mention", "mentioned": US, "text": "<at>Kadens</at>"}, *entities]
            text = f"<at>Kadens</at>&nbsp;{text}"
        await self._send("message_personal", who, room, thread, id=id, text=text, entities=entities)
        return id

    async def edit(self, who: Someone, message: str, *words: Word, thread: str | None = None) -> None:
        text, entities = _written(words)
        await self._send("message_update", who, None, thread, id=message, text=text, entities=entities)

    async def press(self, who: Someone, seen: Seen, label: str) -> Sheet | None:
        data = next(each["data"] for each in _buttons(seen.raw) if each["title"] == label)
        if data.get("msteams") != {"type": "task/fetch"}:
            await self._send("message_submit", who, seen.room, seen.thread, replyToId=seen.id, value=data)
            return None
        value = {"data": data, "context": {"theme": "default"}}
        answer = await self._send("task_fetch", who, seen.room, seen.thread, replyToId=seen.id, value=value)
        return _sheet(answer, seen.room, seen.thread)

    async def submit(self, who: Someone, sheet: Sheet, typed: Typed) -> Sheet | None:
        inputs = {id: words if isinstance(words, str) else ",".join(one.directory for one in words)
                  for id, words in typed.items()}  # fmt: skip
        data = {**sheet.raw["actions"][0]["data"], **inputs}
        where = sheet.room, sheet.thread
        return _sheet(await self._send("task_submit", who, *where, value={"data": data}), *where)

    async def react(self, who: Someone, seen: Seen, removed: bool = False) -> None:
        those = [{"type": "1f64c_raisinghands-tone3"}]
        more = {"reactionsAdded": None if removed else those, "reactionsRemoved": those if removed else None}
        await self._send("reaction_added", who, seen.room, seen.thread, replyToId=seen.id, **more)

    async def echo(self, seen: Seen, *words: Word) -> None:
        us = Someone(US["id"], "Kadens")
        for room in (None, self.hall):
            await self.say(us, *words, room=room)
        await self.react(us, seen)

    async def look_at_home(self, who: Someone) -> str:
        await self.say(who, "kadens home")  # a bot without a tab of its own
        return self.seen(who)[-1].text

    def seen(self, who: Someone, room: str | None = None) -> list[Seen]:
        posted = [c for c in self.stub.calls if c.method == "POST" and c.status == 201]
        threads = {str(FIRST + n): call.path.split("/")[2].partition(";messageid=")[2] for n, call in enumerate(posted)}
        rooms = [room] if room else [f"a:{who.account}", f"a:{who.directory}"]
        found = {id: said for each in rooms for id, said in self.stub.messages[each].items()}
        cards = {id: said for id, said in found.items() if said["attachments"][0]["contentType"] == CONTENT}
        return [_seen(id, cards[id], threads[id] or None, room) for id in sorted(cards)]

    def homes(self, who: Someone) -> list[str]:
        return [each.text for each in self.seen(who)]

    async def files(self, who: Someone) -> list[tuple[str, bytes]]:
        """They press Allow, and find them in their drive."""
        for id, said in list(self.stub.messages[f"a:{who.account}"].items()):
            asked = said["attachments"][0]
            if asked["contentType"] == files.CONSENT:
                await self._send("file_consent", who, None, replyToId=id, value=self._allowed(asked))
                await self.settled()
        infos = [said["attachments"][0] for said in self.stub.messages[f"a:{who.account}"].values()]
        there = [each for each in infos if each["contentType"] == files.INFO]
        return [(each["name"], self.stub.drive[each["contentUrl"]]) for each in there]

    def _allowed(self, asked: dict[str, Any]) -> dict[str, Any]:
        value = payload("file_consent")["value"]
        url = f"{self.stub.drive_url}{asked['name']}"
        info = {**value["uploadInfo"], "uploadUrl": url, "contentUrl": url, "name": asked["name"]}
        return {**value, "context": asked["content"]["acceptContext"], "uploadInfo": info}

    async def settled(self) -> None:
        """What an answer set going is over."""
        await asyncio.gather(*self.teams._tasks)

    def busy(self, seconds: int) -> None:
        self.stub.trouble(429, retry_after=str(seconds), method="POST", path="/activities")

    def lose(self) -> None:
        self.stub.trouble(200, method="POST", path="/activities", lose=True)

    @property
    def tries(self) -> int:
        return len([c for c in self.stub.calls if c.method == "POST" and c.path.endswith("/activities")])

    def bar(self, *rooms_or_people: str | Someone) -> None:
        for each in rooms_or_people:
            path = each.account if isinstance(each, Someone) else each
            self.stub.trouble(403, "MessageWritesBlocked", path=path, times=-1)


@asynccontextmanager
async def teams(store: Store) -> AsyncIterator[TeamsDriver]:
    async with TeamsStub() as stub:
        driver = TeamsDriver(store, stub)
        people = (driver.ana, driver.bo, driver.cai, driver.dee)
        stub.members = {who.account: {"name": who.name, "aadObjectId": who.directory} for who in people}
        await driver.teams.start()
        transport = httpx.ASGITransport(Starlette(routes=driver.teams.routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://kadens") as driver.web:
            yield driver
        await driver.teams.stop()


def _where(who: Someone, room: str | None, thread: str) -> dict[str, Any]:
    tenant = {"tenant": {"id": TENANT}}
    if room is None:
        alone = {"conversationType": "personal", "tenantId": TENANT, "id": f"a:{who.account}"}
        return {"conversation": alone, "channelData": tenant}
    talk: dict[str, Any] = {
        "conversationType": "channel",
        "isGroup": True,
        "tenantId": TENANT,
        "id": f"{room};messageid={thread}",
    }
    channel = {"teamsChannelId": room, "teamsTeamId": TEAM, "channel": {"id": room, "type": "standard"}}
    return {"conversation": talk, "channelData": {**tenant, **channel, "team": {"id": TEAM}}}


def _written(words: tuple[Word, ...]) -> tuple[str, list[dict[str, Any]]]:
    """As Teams writes what was typed: escaped, with the people in it as entities."""
    said, entities = list[str](), list[dict[str, Any]]()
    for each in words:
        if isinstance(each, Someone):
            said.append(f"<at>{each.name}</at>")
            mentioned = {"id": each.account, "name": each.name}
            entities.append({"type": "mention", "mentioned": mentioned, "text": said[-1]})
        else:
            said.append(html.escape(each, quote=False))
    return " ".join(said), entities


def _seen(id: str, said: dict[str, Any], thread: str | None, room: str | None) -> Seen:
    card = said["attachments"][0]["content"]
    texts = [part["text"] for part in parts(card) if part["type"] == "TextBlock"]
    for facts in (part["facts"] for part in parts(card) if part["type"] == "FactSet"):
        texts += [text for fact in facts for text in (fact["title"], fact["value"])]
    mentions, odd, read = set[str](), list[str](), list[str]()
    for text in texts:
        for entity in card["msteams"].get("entities", ()):
            if entity["text"] in text:
                mentions.add(entity["mentioned"]["id"])
                text = text.replace(entity["text"], "@" + entity["mentioned"]["name"])
        odd += ODD.findall(text)
        read.append(re.sub(r"\\(.)", r"\1", text).replace(NOTHING, ""))
    buttons = tuple(each["title"] for each in _buttons(card))
    drawn = tuple((base64.b64decode(part["url"].partition(",")[2]), part["altText"]) for part in _images(card))
    return Seen(id, "\n".join(read), buttons, thread, None, frozenset(mentions), tuple(odd), drawn, room, card)


def _images(card: Any) -> list[dict[str, Any]]:
    return [part for part in parts(card) if part["type"] == "Image"]


def _buttons(card: Any) -> list[dict[str, Any]]:
    return [part for part in parts(card) if part["type"] == "Action.Submit"]


def _sheet(answer: Any, room: str | None = None, thread: str | None = None) -> Sheet | None:
    """The dialog that stays or comes, with every objection beside the input it stands before."""
    if not answer or answer["task"]["type"] != "continue":
        return None
    card = answer["task"]["value"]["card"]["content"]
    filled, wrong, above = dict[str, str](), dict[str, str](), ""
    for part in card["body"]:
        if part["type"].startswith("Input."):
            filled[part["id"]] = part.get("value", "")
            if above:
                wrong[part["id"]] = above
        above = part["text"] if part.get("color") == "attention" else ""
    return Sheet(filled, wrong, card, room, thread)
