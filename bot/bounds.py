"""What every public route bears: how much, for how long, how often and from how many at once.

All of it is generous: no platform's honest traffic comes near. What is bounded here is counted in the memory of one
replica, as a guard against floods; what may really be done by whom is decided behind the doors, in the database.
"""

import asyncio
import ipaddress
import json
import os
import time
from asyncio import TimerHandle
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST = 1_000_000  # bytes of a body; requests of Slack and activities of Teams stay far below
READING = 5.0  # seconds for a body to arrive
HEADERS = 64_000  # bytes of a request line and its headers
KNOCKING = 10.0  # seconds for them to arrive
CONNECTIONS = 2000  # at once; fewer where the system gives the process few files
KEPT = 10_000  # addresses or workspaces that are remembered
# Of one address so many requests in a row are refused one by one, and this many a second; then all are, unread.
REFUSALS, FORGIVEN = 120.0, 2.0
REFUSED = frozenset({400, 401, 403, 404, 405, 408, 413, 415, 431})
# Slack sends 30,000 events an hour and workspace at most (api.slack.com/apis/rate-limits), Teams 1,800 a conversation.
BURST, STEADY = 30_000.0, 20.0  # requests of one workspace: at once, and a second


class TurnedAway(Exception):
    """A request that is refused. The reason holds nothing of what was sent."""

    def __init__(self, status: int, reason: str = "", after: float = 0.0) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason
        self.headers = {"Retry-After": f"{after:.0f}"} if after else {}


def declared(request: Request) -> int:
    """The bytes that the body will have, by its own word; -1 where that is not said. Raises TurnedAway over LARGEST."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdecimal()):
        return -1
    if len(length) > 20 or int(length) > LARGEST:
        raise TurnedAway(413, "too large")
    return int(length)


async def body(request: Request) -> bytes:
    """The whole body. Raises TurnedAway: 413 over LARGEST, 408 when it does not arrive, 400 when it breaks off."""
    declared(request)
    read = bytearray()
    try:
        async with asyncio.timeout(READING):
            async for chunk in request.stream():
                read += chunk
                if len(read) > LARGEST:
                    raise TurnedAway(413, "too large")
    except TimeoutError:
        raise TurnedAway(408, "too slow") from None
    except ClientDisconnect:
        raise TurnedAway(400, "broken off") from None
    return bytes(read)


def parsed(text: str | bytes) -> Any:
    """The JSON in it. Raises ValueError or RecursionError, also for strings that no database takes."""
    found = json.loads(text)
    if ("\\u" if isinstance(text, str) else b"\\u") in text:  # type: ignore[operator]
        for word in _words(found):
            word.encode()  # half a surrogate pair cannot be written down
            if "\0" in word:
                raise ValueError("a NUL")
    return found


def _words(found: Any) -> Iterator[str]:
    """Every string in it, names too."""
    left = [found]
    while left:
        match left.pop():
            case str() as word:
                yield word
            case dict() as pairs:
                left += [*pairs, *pairs.values()]
            case list() as items:
                left += items


class Rates:
    """How much of something each name still may: `burst` at once, `steady` a second for good."""

    def __init__(self, burst: float, steady: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst, self.steady, self.clock = burst, steady, clock
        self._left = OrderedDict[str, tuple[float, float]]()  # by name: what was left, and when

    def take(self, name: str, many: float = 1.0) -> None:
        """Count what this name does."""
        left = self.left(name)
        self._left[name] = max(left - many, -1.0), self.clock()
        self._left.move_to_end(name)
        if len(self._left) > KEPT:  # whoever was silent for longest has the most left anyway
            self._left.popitem(last=False)

    def left(self, name: str) -> float:
        left, at = self._left.get(name, (self.burst, self.clock()))
        return min(self.burst, left + (self.clock() - at) * self.steady)

    def wait(self, name: str) -> float:
        """Seconds until there is something left again; 0 where there is."""
        left = self.left(name)
        return 0.0 if left >= 1.0 else max(1.0, (1.0 - left) / self.steady)


class Paced:
    """A platform's door: what one workspace may send, once it is known that it is that workspace."""

    def __init__(self, burst: float = BURST, steady: float = STEADY) -> None:
        self.rates = Rates(burst, steady)

    def admit(self, workspace: str) -> None:
        """Raises TurnedAway with 429: one workspace's flood does not drown the others."""
        if wait := self.rates.wait(workspace):
            raise TurnedAway(429, "too many requests", wait)
        self.rates.take(workspace)


class Bounds:
    """ASGI middleware: an address that is refused again and again is not listened to for a while.

    Only refusals are counted: whoever proves to be a platform may come as often as it wants, for Slack and Teams
    speak for all their workspaces from a few addresses. Where a proxy stands before us, in the same network, and is not
    named in TRUSTED_PROXIES, everybody has its address: then nobody is told apart, and nobody is shut out.
    """

    def __init__(self, app: ASGIApp, burst: float = REFUSALS, steady: float = FORGIVEN) -> None:
        self.app, self.rates = app, Rates(burst, steady)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        who = _address(scope)
        if who and (wait := self.rates.wait(who)):
            headers = {"Retry-After": f"{wait:.0f}", "Connection": "close"}
            await JSONResponse({"error": "too many requests"}, 429, headers)(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in REFUSED:
                # What is still being sent to us is not waited for.
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
                if who:
                    self.rates.take(who)
            await send(message)

        await self.app(scope, receive, noted)


def _address(scope: Scope) -> str | None:
    """Who asks; of IPv6 the network that one household has. None where it cannot be told who."""
    client = scope.get("client")
    return _network(str(client[0])) if client else None


@lru_cache(maxsize=1024)  # platforms speak from a few
def _network(host: str) -> str | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if not found.is_global:  # no platform has such an address: it is a proxy's
        return None
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


class Protocol(HttpToolsProtocol):
    """uvicorn's own, which waits for headers without end and takes them at any length."""

    _heard = 0  # bytes since the last whole head of a request
    _knocking: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._knocking = self.loop.call_later(KNOCKING, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_in()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._heard += len(data)
        super().data_received(data)
        if self._heard > HEADERS and not self.transport.is_closing():
            self.send_400_response("Too much before the body.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._knocking is None:  # the next one on a connection that is kept
            self._knocking = self.loop.call_later(KNOCKING, self.transport.close)

    def on_headers_complete(self) -> None:
        self._let_in()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._heard = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._heard = 0
        super().on_message_complete()

    def _let_in(self) -> None:
        self._heard = 0
        if self._knocking:
            self._knocking.cancel()
            self._knocking = None


def uvicorn(trusted_proxies: str = "") -> dict[str, Any]:
    """How uvicorn has to be set up. `trusted_proxies`: whose X-Forwarded-For is believed; empty: nobody's."""
    return {
        "http": Protocol,
        "limit_concurrency": min(CONNECTIONS, _files() // 2),
        "timeout_keep_alive": 5,
        "proxy_headers": bool(trusted_proxies),
        "forwarded_allow_ips": trusted_proxies or "",
    }


def _files() -> int:
    """How many this process may have open, connections among them."""
    if os.name != "posix":
        return 2 * CONNECTIONS
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2 * CONNECTIONS if files == resource.RLIM_INFINITY else files
