"""A bot with the tiny feature in a process of its own, without authentication, on 127.0.0.1: for the real client.

python -m tests.platforms.teams_bot --port 3978
"""

import argparse
import asyncio
import contextlib
import tempfile
from datetime import UTC, datetime

import uvicorn
from sqlalchemy import create_engine
from starlette.applications import Starlette

from bot.core.features import Routes
from bot.platforms.teams.app import Secrets, Teams
from bot.platforms.teams.outbound import CAN
from bot.turn import Turns
from scheduler.delivery import Delivery
from storage import schema
from storage.engine import Store
from tests.platforms.teams_world import tiny


def clock() -> datetime:
    return datetime.now(UTC)


async def serve(port: int, folder: str) -> None:
    engine = create_engine(f"sqlite:///{folder}/kadens.db")
    schema.metadata().create_all(engine)
    engine.dispose()
    store = Store(f"sqlite+aiosqlite:///{folder}/kadens.db")
    teams = Teams(Turns(Routes(tiny), store, {"teams": CAN}), store, Secrets(), store.settings, clock, loopback=True)
    await teams.start()
    app = Starlette(routes=teams.routes())
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    delivering = asyncio.create_task(deliver(Delivery(store, {"teams": teams.platform}, clock), store))
    await server.serve()
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    await teams.stop()
    await store.close()


async def deliver(delivery: Delivery, store: Store) -> None:
    while True:
        store.spoken.clear()
        await delivery.run()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(store.spoken.wait(), 0.2)


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--port", type=int, required=True)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(serve(asked.parse_args().port, folder))
