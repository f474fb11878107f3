"""A signed `/kudos` that is durably stored, against a bare slack-bolt app that only acknowledges.

Both on Starlette, uvicorn and uvloop, each in its own process, with 50 connections. What our outbox sends meanwhile is
answered with 429, as Slack would at such a rate, so that the intake is measured and not the sending.
"""

import hashlib
import hmac
import sys
import time
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from bench.load import Load, load, request
from bench.servers import free_port, kadens, process

SECRET = "8f742231b10e88880abcd99eeefff85a"
PEOPLE = 400
_numbers = count(1)


def commands(number: int) -> list[bytes]:
    """So many `/kudos`, each of another moment."""
    return [_signed(next(_numbers)) for _ in range(number)]


def _signed(number: int) -> bytes:
    giver, receiver = number % PEOPLE, (number * 7 + 1) % PEOPLE
    fields = {
        "team_id": "T1",
        "channel_id": f"C{number % 20}",
        "channel_name": "general",
        "user_id": f"UG{giver}",
        "user_name": f"giver{giver}",
        "command": "/kudos",
        "text": f"<@UR{receiver}|somebody> thanks for the help with number {number} #care",
        "response_url": "https://hooks.slack.com/commands/T1/1/a",
        "trigger_id": f"1.{number}.x",
    }
    raw, stamp = urlencode(fields).encode(), f"{time.time():.0f}"
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return request("/slack/events", raw, headers)


async def measure(folder: Path, rounds: int) -> tuple[list[Load], list[Load]]:
    """Ours and the bare one, in turns."""
    bare, sink, ours, theirs = free_port(), free_port(), list[Load](), list[Load]()
    env = {"SLACK_SIGNING_SECRET": SECRET, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": f"http://127.0.0.1:{sink}/"}
    async with (
        process("bench.sink", str(sink), port=sink),
        process("bench.intake", str(bare), port=bare),
        kadens(folder, **env) as port,
    ):
        for at in (port, bare):
            await load(at, commands(2 * PEOPLE))  # meets everybody once, and warms up
        for _ in range(rounds):
            ours.append(await load(port, commands(1000)))
            theirs.append(await load(bare, commands(3000)))
    return ours, theirs


def _bare(port: int) -> None:
    """The least that can be done with slack-bolt: verify, acknowledge."""
    import uvicorn
    from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
    from slack_bolt.async_app import AsyncAck, AsyncApp
    from slack_bolt.authorization import AuthorizeResult
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)

    @app.command("/kudos")
    async def kudos(ack: AsyncAck) -> None:
        await ack()

    web = Starlette(routes=[Route("/slack/events", AsyncSlackRequestHandler(app).handle, methods=["POST"])])
    uvicorn.run(web, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    _bare(int(sys.argv[1]))
