"""A message turn of Teams, stored, against a bare botbuilder echo. Neither asks for authentication.

The echo answers inside the request, as echoes do, and so waits for its reply to be taken; ours stores what was said and
what is to be answered, and sends afterwards. Both send to the same sink.
"""

import json
import sys
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.load import Load, load, request
from bench.servers import free_port, kadens, process

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
PEOPLE = 400
_numbers = count(1)


def messages(number: int, sink: int) -> list[bytes]:
    return [_message(next(_numbers), sink) for _ in range(number)]


def _message(number: int, sink: int) -> bytes:
    """Somebody asks for help, in the conversation of their own."""
    person = number % PEOPLE
    sender = {"id": f"29:{person}", "name": f"Person {person}", "aadObjectId": str(UUID(int=person))}
    activity = {
        "type": "message",
        "id": str(number),
        "timestamp": "2026-03-06T12:00:00.511Z",
        "serviceUrl": f"http://127.0.0.1:{sink}/",
        "channelId": "msteams",
        "from": sender,
        "conversation": {"conversationType": "personal", "tenantId": TENANT, "id": f"a:{person}"},
        "recipient": {"id": "28:bot", "name": "Kadens"},
        "channelData": {"tenant": {"id": TENANT}},
        "entities": [{"locale": "en-US", "country": "US", "timezone": "Europe/Stockholm", "type": "clientInfo"}],
        "locale": "en-US",
        "textFormat": "plain",
        "text": "help",
    }
    return request("/teams/messages", json.dumps(activity).encode(), {"Content-Type": "application/json"})


async def measure(folder: Path, rounds: int) -> tuple[list[Load], list[Load]]:
    """Ours and the echo, in turns."""
    bare, sink, ours, theirs = free_port(), free_port(), list[Load](), list[Load]()
    async with (
        process("bench.sink", str(sink), port=sink),
        process("bench.teams", str(bare), port=bare),
        kadens(folder, TEAMS_APP_ID="") as port,
    ):
        for at in (port, bare):
            await load(at, messages(PEOPLE, sink))
        for _ in range(rounds):
            ours.append(await load(port, messages(600, sink)))
            theirs.append(await load(bare, messages(300, sink)))
    return ours, theirs


def _echo(port: int) -> None:
    """The echo of the Bot Framework's own samples."""
    from aiohttp import web
    from botbuilder.core import BotFrameworkAdapter, BotFrameworkAdapterSettings, TurnContext
    from botbuilder.schema import Activity

    adapter = BotFrameworkAdapter(BotFrameworkAdapterSettings("", ""))

    async def echo(context: TurnContext) -> None:
        await context.send_activity(f"You said: {context.activity.text}")

    async def messages(request: web.Request) -> web.Response:
        activity: Any = Activity().deserialize(await request.json())
        await adapter.process_activity(activity, request.headers.get("Authorization", ""), echo)
        return web.Response()

    app = web.Application()
    app.router.add_post("/teams/messages", messages)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    _echo(int(sys.argv[1]))
