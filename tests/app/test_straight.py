"""Whoever redirects us gets nothing."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import straight
from bot.straight import Redirected


@pytest.fixture
async def there() -> AsyncIterator[tuple[TestServer, list[str]]]:
    reached = list[str]()

    async def away(request: web.Request) -> web.Response:
        status = int(request.match_info["status"])
        return web.Response(status=status, headers={"Location": f"http://127.0.0.1:{server.port}/elsewhere"})

    async def elsewhere(request: web.Request) -> web.Response:
        reached.append(await request.text())
        return web.Response(text="here")

    application = web.Application()
    application.router.add_route("*", "/away/{status}", away)
    application.router.add_route("*", "/elsewhere", elsewhere)
    server = TestServer(application)
    await server.start_server()
    yield server, reached
    await server.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_follows(there: tuple[TestServer, list[str]], status: int, method: str) -> None:
    server, reached = there
    said = {"client_secret": "correct horse"} if method == "POST" else None
    async with straight.session() as http:
        for _ in range(3):
            with pytest.raises(Redirected):
                await http.request(method, server.make_url(f"/away/{status}"), data=said)
        async with http.get(server.make_url("/elsewhere")) as answer:
            assert await answer.text() == "here"
    assert reached == [""]
