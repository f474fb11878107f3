"""The playground put together, and its server: loopback only, and never part of `serve`."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from socket import socket

import uvicorn
from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response

from bot.platforms.playground.files import download
from bot.platforms.playground.origin import SameOrigin
from bot.platforms.playground.page import View
from bot.platforms.playground.world import Playground

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
HERE = Path(__file__).parent


async def serve(playground: Playground, port: int, started: Callable[[str], None] = print) -> None:
    """Serve the page until stopped. `started` gets the address once it can be opened."""
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
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(NAMES))
    app.add_middleware(SameOrigin, hosts=NAMES)
    pages.add_static_files("/playground", HERE / "static")

    @app.get("/files/{id}")
    def file(id: str) -> Response:
        return download(playground.chat, id)

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
