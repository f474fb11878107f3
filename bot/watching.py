"""Who watches a running Kadens: what counts and what traces is put in at start; and each request has its span."""

import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.core import watch
from bot.core.watch import Span
from bot.metrics import CONTENT_TYPE, Metrics
from bot.settings import Secrets

log = logging.getLogger(__name__)


class Requests:
    """ASGI middleware, the outermost: a span for each request. `routes`: the platform of each path that we know; any
    other path is "other", for it is somebody else's word."""

    def __init__(self, app: ASGIApp, routes: Mapping[str, str]) -> None:
        self.app, self.routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in self.routes else "other"
        with Span("request", path, self.routes.get(path, ""), outcome="none") as span:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.outcome = str(message["status"])
                await send(message)

            await self.app(scope, receive, told)


def endpoint(
    metrics: Metrics, token: str, fresh: Callable[[], Awaitable[None]]
) -> Callable[[Request], Awaitable[Response]]:
    """/metrics: for whoever brings the token, and nowhere to be found for everybody else.

    A rule by the asker's address would not do: behind a proxy everybody comes from the proxy's. `fresh` looks up what
    is counted only when somebody asks.
    """
    wanted = f"Bearer {token}".encode()

    async def told(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not token or not hmac.compare_digest(given, wanted):
            return JSONResponse({"error": "there is nothing here"}, 404)
        began = time.perf_counter()
        try:
            await fresh()
        except Exception as error:
            metrics.away(error)
        else:
            metrics.answered(time.perf_counter() - began)
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return told


@contextmanager
def watching(secrets: Secrets) -> Iterator[Metrics]:
    """Count, and where OTEL_EXPORTER_OTLP_ENDPOINT is set trace, what this process does until the end of the block.

    Raises Mistake where traces are wanted and their packages are not there.
    """
    found = list[watch.Listener]()
    metrics = Metrics()
    found.append(metrics)
    ends: Callable[[], None] = lambda: None  # noqa: E731
    if secrets.otel_exporter_otlp_endpoint:
        from bot.traces import exported

        traces = exported(secrets.otel_exporter_otlp_endpoint)
        found.append(traces)
        ends = traces.close
    watch.listeners.extend(found)
    try:
        yield metrics
    finally:
        for each in found:
            watch.listeners.remove(each)
        ends()
