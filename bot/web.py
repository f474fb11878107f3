"""The server: one Starlette app with the routes of every platform, on uvicorn, stopped well."""

import asyncio
import contextlib
import errno
import gc
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
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import bounds, logs
from bot.app import LOOK, App, build, opens
from bot.core.settings import Settings
from bot.databases import broken_database
from bot.metrics import Metrics
from bot.settings import LOOPBACK, Mistake, Secrets
from bot.watching import Requests, endpoint, watching
from storage import schema, waiting

log = logging.getLogger(__name__)

LEAVE = 1.0  # seconds between saying that no more should come to us, and letting nobody in
REQUESTS = 8  # seconds that requests under way have to end in


def web(app: App, metrics: Metrics, token: str = "") -> Starlette:
    """All routes of the platforms, and how we are. `token`: what /metrics is asked with; empty: there is none."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def ready(_: Request) -> Response:
        reason = await app.unready()
        return JSONResponse({"ready": False, "reason": reason}, 503) if reason else JSONResponse({"ready": True})

    async def fresh() -> None:
        await _looked(app, metrics)

    theirs = {name: side.routes() for name, side in app.platforms.items()}
    ours = [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", endpoint(metrics, token, fresh))]
    platforms = {route.path: name for name, routes in {"": ours, **theirs}.items() for route in routes}
    found = Starlette(
        routes=[*(route for routes in theirs.values() for route in routes), *ours],
        middleware=[Middleware(Requests, routes=platforms), Middleware(bounds.Bounds)],
        exception_handlers={HTTPException: _refused, Exception: _broken},
    )
    found.router.redirect_slashes = False
    return found


async def _looked(app: App, metrics: Metrics) -> None:
    """What is counted only when somebody asks."""
    metrics.running(app.pulse.silent, app.store.engine.pool)
    async with asyncio.timeout(LOOK), app.store.reading() as session:
        metrics.waits(await waiting.backlog(session), app.pulse.now())


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
    with watching(secrets) as metrics:
        try:
            app = build(secrets, settings, is_loopback(host))
        except ModuleNotFoundError as error:
            raise Mistake(broken_database(secrets.database_url, error)) from None
        try:
            door = listening(host, port)
            await _upgraded(secrets.database_url)
            await opens(app.store, secrets)
        except BaseException:
            await app.store.close()
            raise
        gc.freeze()  # what is there now stays: no collection need look through it, which would make somebody wait
        gc.enable()

        def listens() -> None:
            log.info("listening on http://%s:%s for %s", host, door.getsockname()[1], " and ".join(app.platforms))

        server = Server(_uvicorn(app, metrics, secrets), listens)
        with _told_to_stop(server, app):
            async with _running(app):
                await server.serve(sockets=[door])
                log.info("stopping")
    log.info("stopped")


def _uvicorn(app: App, metrics: Metrics, secrets: Secrets) -> uvicorn.Config:
    return uvicorn.Config(
        web(app, metrics, secrets.kadens_metrics_token),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=REQUESTS,
        ws="none",
        **bounds.uvicorn(secrets.trusted_proxies),
    )


@asynccontextmanager
async def _running(app: App) -> AsyncIterator[None]:
    try:
        await app.start()
        yield
    finally:
        await app.stop()


@contextlib.contextmanager
def _told_to_stop(server: uvicorn.Server, app: App) -> Any:
    """A second signal does not hurry anything: all that is still to be done has its own, short time. On SIGTERM a proxy
    hears first that we are not ready; who stops us by Ctrl+C has none."""
    loop = asyncio.get_running_loop()

    def close() -> None:
        server.should_exit = True

    def stop(number: int, _: Any) -> None:
        app.leaving = True
        loop.call_soon_threadsafe(loop.call_later, LEAVE if number == signal.SIGTERM else 0, close)

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
