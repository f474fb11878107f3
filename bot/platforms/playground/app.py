"""The playground put together, and its server: loopback only, and never part of `serve`."""

import asyncio
import logging
import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from socket import socket

import uvicorn
from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from bot.core.effects import Answer
from bot.core.events import Arrived
from bot.core.settings import Settings
from bot.platforms.playground.chat import Chat
from bot.platforms.playground.clock import Clock
from bot.platforms.playground.inbound import Inbound
from bot.turn import Turns

log = logging.getLogger(__name__)
HOST = "127.0.0.1"
HEARTBEAT = 15  # seconds of real time between two looks at what is due
HERE = Path(__file__).parent


@dataclass
class Playground:
    """Everything the page needs. `act(now)` does all that is due: plans, plays and delivers."""

    turns: Turns
    settings: Settings
    chat: Chat
    clock: Clock
    act: Callable[[datetime], Awaitable[None]]
    next_nudge: Callable[[datetime], Awaitable[datetime | None]]
    commands: Mapping[str, str]  # by name, with prefix: what a completion says of each
    shortcuts: Mapping[str, str]  # by name: the label in a message's menu
    inbound: Inbound = field(init=False)
    _acting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _moving: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.inbound = Inbound(self.turns.routes.commands, self.clock, self.settings.prefix)

    async def take(self, event: Arrived) -> Answer | None:
        answer = await self.turns.take(event)
        await self.catch_up()
        return answer

    async def catch_up(self) -> None:
        async with self._acting:  # two tabs at once would plan and deliver the same things
            await self.act(self.clock())

    async def move(self, by: timedelta | None) -> bool:
        """Move the clock on, or without `by` to the next nudge; False where nobody is due one."""
        async with self._moving:  # of two hands on the clock the second begins where the first has brought it
            now = self.clock()
            to = now + by if by else await self.next_nudge(now)
            if to:
                await self.travel(to)
            return to is not None

    async def travel(self, to: datetime) -> None:
        """Move the clock on, and on the way stop wherever something is due: each nudge goes out at its own time."""
        while (nudge := await self.next_nudge(self.clock())) and self.clock() < nudge <= to:
            self.clock.to(nudge)
            await self.catch_up()
        if to > self.clock():
            self.clock.to(to)
        await self.catch_up()

    async def heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                await self.catch_up()
            except Exception as error:
                log.error("the playground's heartbeat: %s", type(error).__name__)


async def serve(playground: Playground, port: int, started: Callable[[str], None] = print) -> None:
    """Serve the page until stopped. `started` gets the address once it can be opened."""
    from bot.platforms.playground.page import View

    address = f"http://{HOST}:{port}"

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        beat = asyncio.create_task(playground.heartbeat())
        yield
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat

    # Only these names: another site whose name was made to point here cannot read the page.
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    pages.add_static_files("/playground", HERE / "static")

    @ui.page("/")
    def index(me: str = "", at: str = "", thread: str = "") -> None:
        View(playground).build(me, at, thread)

    ui.run_with(app, title="Kadens playground", favicon="🪴", tailwind=False, show_welcome_message=False)
    # A tab that stays open must not keep the process from ending.
    config = uvicorn.Config(app, host=HOST, port=port, log_level="warning", timeout_graceful_shutdown=1)
    await _Server(config, lambda: started(address)).serve()


class _Server(uvicorn.Server):
    """uvicorn tells nobody when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self.listening = listening

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.listening()


def open_browser(address: str) -> None:
    """Where there is a desktop to open it on."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform in ("darwin", "win32"):
        webbrowser.open(address)
