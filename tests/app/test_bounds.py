"""Floods, drips and endless requests, on real sockets; and that honest traffic never notices."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import bounds
from bot.bounds import Bounds, Paced, Rates, TurnedAway

HEAD = b"POST / HTTP/1.1\r\nHost: kadens\r\n"


async def heard(request: Request) -> Response:
    """As the doors do it: a signature is asked for, and the body read."""
    try:
        said = await bounds.body(request)
    except TurnedAway as away:
        return PlainTextResponse(away.reason, away.status)
    return PlainTextResponse(str(len(said)), 200 if "signed" in request.headers else 401)


async def who(request: Request) -> Response:
    return PlainTextResponse(request.client.host if request.client else "", 403)


def application() -> Starlette:
    routes = [Route("/", heard, methods=["POST"]), Route("/who", who)]
    return Starlette(routes=routes, middleware=[Middleware(Bounds, burst=5, steady=1.0)])


@asynccontextmanager
async def serving(trusted: str = "") -> AsyncIterator[int]:
    config = uvicorn.Config(application(), port=0, log_config=None, lifespan="off", **bounds.uvicorn(trusted))
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving() as port:
        yield port


async def ended(reader: asyncio.StreamReader) -> bytes:
    """All that still came before the connection was closed."""
    async with asyncio.timeout(5):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def test_honest_requests_on_one_connection(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"signed": "yes"}) as web:
        for size in (0, 1, 70_000, 900_000, 12):
            answer = await web.post("/", content=b"x" * size)
            assert (answer.status_code, answer.text) == (200, str(size))


async def test_a_head_that_never_ends_is_not_collected(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    tracemalloc.start()
    writer.write(HEAD + b"X-Long: ")
    try:
        for _ in range(200):  # ten megabytes
            writer.write(b"x" * 50_000)
            await writer.drain()
    except ConnectionError:
        pass
    answer = await ended(reader)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert answer.startswith(b"HTTP/1.1 400") or answer == b""
    writer.close()


@pytest.mark.parametrize("said", [b"", b"POST", HEAD, HEAD + b"X-Slow: y"], ids=["nothing", "word", "line", "header"])
async def test_a_head_that_drips_is_not_waited_for(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "KNOCKING", 0.3)
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in said:
            writer.write(bytes([byte]))
            await writer.drain()
        assert await ended(reader) == b""
        writer.close()


async def test_the_second_head_on_a_connection_may_not_drip_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "KNOCKING", 0.3)
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Signed: yes\r\nContent-Length: 2\r\n\r\nhi")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.write(HEAD)
        assert b"HTTP" not in await ended(reader)
        writer.close()


async def test_a_body_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "READING", 0.2)
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 900000\r\n\r\nx")
        answer = await ended(reader)
        assert answer.startswith(b"HTTP/1.1 408") and b"connection: close" in answer.lower()
        writer.close()


@pytest.mark.parametrize("how", [b"Content-Length: 1000001", b"Transfer-Encoding: chunked"])
async def test_too_large_a_body_ends_the_connection(port: int, how: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + how + b"\r\n\r\n")
    try:
        for _ in range(40):
            writer.write(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
            await writer.drain()
    except ConnectionError:
        pass
    answer = await ended(reader)
    assert answer.startswith(b"HTTP/1.1 413") or answer == b""
    writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS, spoken to the wrong port
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Bad Header: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: kadens\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
async def test_what_is_no_request(port: int, said: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    writer.write_eof()
    answer = await ended(reader)
    assert answer[:10] in (b"HTTP/1.1 4", b""), answer[:100]
    writer.close()


# By address.


async def ask(web: Any, client: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(web, client=(client, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://kadens", headers=headers) as asking:
        return await asking.post("/", content=b"x")


async def test_who_is_refused_again_and_again_is_shut_out_and_nobody_else() -> None:
    web = application()
    for _ in range(5):
        assert (await ask(web, "93.184.216.7")).status_code == 401
    shut = await ask(web, "93.184.216.7", signed="yes")
    assert shut.status_code == 429 and 1 <= int(shut.headers["retry-after"]) <= 10
    assert (await ask(web, "93.184.216.8", signed="yes")).status_code == 200


async def test_honest_requests_are_not_counted() -> None:
    web = application()
    for _ in range(50):
        assert (await ask(web, "93.184.216.7", signed="yes")).status_code == 200


async def test_a_household_of_ipv6_is_one_and_a_proxy_is_nobody() -> None:
    web = application()
    for number in range(6):
        refused = await ask(web, f"2606:2800:220:1::{number}")
    assert refused.status_code == 429
    assert (await ask(web, "2606:2800:220:2::1")).status_code == 401
    for proxy in ("127.0.0.1", "10.0.0.5", "192.168.1.1", "::1", "fd00::1"):  # shutting it out would shut out everybody
        for _ in range(20):
            assert (await ask(web, proxy)).status_code == 401


@pytest.mark.parametrize(("trusted", "seen"), [("", "127.0.0.1"), ("127.0.0.1", "198.51.100.9")])
async def test_whose_forwarding_is_believed(trusted: str, seen: str) -> None:
    async with serving(trusted) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web:
        forged = {"X-Forwarded-For": "1.2.3.4, 198.51.100.9"}
        assert (await web.get("/who", headers=forged)).text == seen


# The arithmetic.


async def test_rates_come_back_with_time_and_are_forgotten_one_by_one() -> None:
    now = 0.0
    rates = Rates(3, 0.5, lambda: now)
    for _ in range(3):
        assert rates.wait("a") == 0
        rates.take("a")
    assert rates.wait("a") == 2.0 and rates.wait("b") == 0
    now = 2.0
    assert rates.wait("a") == 0
    for n in range(bounds.KEPT + 5):
        rates.take(f"n{n}")
    assert len(rates._left) == bounds.KEPT


async def test_one_workspaces_flood_does_not_drown_another() -> None:
    door = Paced(10, 0.1)
    for _ in range(10):
        door.admit("slack:T1")
    with pytest.raises(TurnedAway) as away:
        door.admit("slack:T1")
    assert away.value.status == 429 and int(away.value.headers["Retry-After"]) >= 1
    door.admit("slack:T2")


async def test_what_slack_itself_allows_is_admitted() -> None:
    """30,000 events within an hour, all at once."""
    door = Paced()
    for _ in range(29_999):
        door.admit("slack:T1")
