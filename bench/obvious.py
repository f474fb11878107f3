"""The bot that one writes first: a bolt listener that stores one row through SQLModel's AsyncSession, as its docs show,
and acknowledges. `python -m bench.obvious PORT DATABASE_URL`; without an address it only acknowledges.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import uvicorn
import uvloop
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.applications import Starlette
from starlette.routing import Route

from bench.intake import SECRET

Work = Callable[[dict[str, Any]], Awaitable[None]]


class Thanks(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    team: str
    giver: str
    text: str
    at: datetime


async def storing(url: str) -> Work:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)

    async def store(command: dict[str, Any]) -> None:
        async with AsyncSession(engine) as session:
            at = datetime.now(UTC)
            session.add(Thanks(team=command["team_id"], giver=command["user_id"], text=command["text"], at=at))
            await session.commit()

    return store


def serve(port: int, begin: Callable[[], Awaitable[Work]] | None = None) -> None:
    """A bolt app that does the work there is, and acknowledges."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

    async def run() -> None:
        app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
        work = await begin() if begin else None

        @app.command("/kudos")
        async def kudos(ack: AsyncAck, command: dict[str, Any]) -> None:
            if work:
                await work(command)
            await ack()

        web = Starlette(routes=[Route("/slack/events", AsyncSlackRequestHandler(app).handle, methods=["POST"])])
        quiet = {"log_level": "error", "access_log": False, "lifespan": "off"}
        await uvicorn.Server(uvicorn.Config(web, host="127.0.0.1", port=port, **quiet)).serve()  # type: ignore[arg-type]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    serve(int(sys.argv[1]), *(partial(storing, url) for url in sys.argv[2:]))
