"""The server: one Starlette app with the routes of every platform, on uvicorn, stopped well."""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import logs
from bot.app import App, build
from bot.core.settings import Settings
from bot.settings import LOOPBACK, Mistake, Secrets, shown
from storage import schema

log = logging.getLogger(__name__)

REQUESTS = 8  # seconds that requests under way have to end in


def web(app: App) -> Starlette:
    """All routes of the platforms, and how we are."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def ready(_: Request) -> Response:
        reason = await app.unready()
        return JSONResponse({"ready": False, "reason": reason}, 503) if reason else JSONResponse({"ready": True})

    theirs = [route for side in app.platforms.values() for route in side.routes()]
    found = Starlette(
        routes=[Route("/healthz", alive), Route("/readyz", ready), *theirs],
        exception_handlers={HTTPException: _refused, Exception: _broken},
    )
    found.router.redirect_slashes = False
    return found


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {404: "there is nothing here", 405: "not in this way"}.get(error.status_code, "refused")
    return JSONResponse({"error": said}, error.status_code, headers=error.headers)


async def _broken(_: Request, error: Exception) -> Response:
    # What is raised again after this is written down once more by uvicorn, by place and kind only.
    return JSONResponse({"error": "something broke here"}, 500)


def is_loopback(host: str) -> bool:
    try:
        return host in LOOPBACK or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Server(uvicorn.Server):
    """uvicorn, which tells nobody when it listens, and whose own handling of signals ends the process by the signal."""

    def __init__(self, config: uvicorn.Config, listens: Callable[[], None]) -> None:
        super().__init__(config)
        self.listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens()

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def listening(host: str, port: int) -> socket.socket:
    """A socket bound there. Raises Mistake where that cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere it would let two servers share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        busy = error.errno == errno.EADDRINUSE
        raise Mistake(_busy(host, port) if busy else f"Cannot listen on {host}: {error.strerror}.") from None
    return found


def _busy(host: str, port: int) -> str:
    return f"Port {port} is already in use on {host}; choose another one with --port."


def free(port: int, host: str = "127.0.0.1") -> None:
    """Raises Mistake where somebody else listens there."""
    with listening(host, port) as found:
        try:
            found.listen()
        except OSError:
            raise Mistake(_busy(host, port)) from None


async def serve(secrets: Secrets, settings: Settings, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve until SIGTERM or SIGINT, then stop well. Raises Mistake where it cannot begin."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.unhandled)
    try:
        app = build(secrets, settings, is_loopback(host))
    except ModuleNotFoundError as error:
        raise Mistake(broken_database(secrets.database_url, error)) from None
    try:
        door = listening(host, port)
        await _upgraded(secrets.database_url)
    except BaseException:
        await app.store.close()
        raise
    config = uvicorn.Config(
        web(app),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=REQUESTS,
        ws="none",
    )

    def listens() -> None:
        log.info("listening on http://%s:%s for %s", host, door.getsockname()[1], " and ".join(app.platforms))

    server = Server(config, listens)
    with _told_to_stop(server):
        async with _running(app):
            await server.serve(sockets=[door])
            log.info("stopping")
    log.info("stopped")


@asynccontextmanager
async def _running(app: App) -> AsyncIterator[None]:
    try:
        await app.start()
        yield
    finally:
        await app.stop()


@contextlib.contextmanager
def _told_to_stop(server: uvicorn.Server) -> Any:
    """A second signal does not hurry anything: all that is still to be done has its own, short time."""

    def stop(*_: Any) -> None:
        server.should_exit = True

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


async def _upgraded(url: str) -> None:
    """Bring the database up to date. Raises Mistake, without a word of what the database's driver says."""
    try:
        await schema.upgrade(url)
    except Exception as error:
        raise Mistake(broken_database(url, error)) from None


def broken_database(url: str, error: Exception) -> str:
    """One sentence, without the password that stands in the address."""
    if type(error).__name__ == "CommandError":
        return f"The database {shown(url)} was made by a later release of Kadens; install that one."
    if isinstance(error, ModuleNotFoundError):
        return f"The database {shown(url)} needs the package {error.name}: pip install {error.name}"
    cause = error.__cause__ or error
    reason = str(getattr(error, "orig", error)) if url.startswith("sqlite") else type(cause).__name__
    return f"The database {shown(url)} cannot be used: {reason or type(error).__name__}."
