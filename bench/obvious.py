"""The bot that one writes first: a bolt listener that stores one row through SQLModel's AsyncSession, as its docs show,
and acknowledges. `python -m bench.obvious PORT DATABASE_URL`; without an address it only acknowledges.
"""

import asyncio
import sys
from datetime import UTC, datetime
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


class Thanks(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    team: str
    giver: str
    text: str
    at: datetime


def main(port: int, url: str = "") -> None:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    engine = create_async_engine(url) if url else None

    @app.command("/kudos")
    async def kudos(ack: AsyncAck, command: dict[str, Any]) -> None:
        if engine:
            async with AsyncSession(engine) as session:
                at = datetime.now(UTC)
                session.add(Thanks(team=command["team_id"], giver=command["user_id"], text=command["text"], at=at))
                await session.commit()
        await ack()

    async def begin() -> None:
        if engine:
            async with engine.begin() as connection:
                await connection.run_sync(SQLModel.metadata.create_all)

    web = Starlette(routes=[Route("/slack/events", AsyncSlackRequestHandler(app).handle, methods=["POST"])])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(begin())
        server = uvicorn.Server(
            uvicorn.Config(web, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")
        )
        runner.run(server.serve())


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
