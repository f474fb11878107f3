"""What Microsoft's own adapter does where ours does otherwise: docs/teams.md has the table.

Each test shows the library's defect beside our own behaviour. One that fails here after an update says that the library
was mended, and that something of ours may go.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from botbuilder.core import ActivityHandler, InvokeResponse, TurnContext
from botframework.connector.auth import PasswordServiceClientCredentialFactory
from botframework.connector.auth.jwt_token_extractor import JwtTokenExtractor
from msrest.universal_http.requests import ClientRetryPolicy

from bench import echo
from tests.platforms.teams_stub import APP, TeamsStub
from tests.platforms.teams_world import payload, world

SAID = payload("message_personal", text="tiny hello")
FETCH = payload("task_fetch", value={"data": {"kadens": {"action": "tiny.form", "value": ""}}})


@pytest.fixture(scope="module")
def microsoft() -> Iterator[str]:
    """A Teams in a process of its own, for the library stops the whole event loop while it asks for keys."""
    started = subprocess.Popen([sys.executable, "-m", "tests.platforms.teams_stub"], stdout=-1, text=True)
    assert started.stdout
    yield started.stdout.readline().strip()
    started.terminate()
    started.wait()
    started.stdout.close()


@dataclass
class Theirs:
    """CloudAdapter's echo, and the Teams it speaks to."""

    url: str
    teams: str  # its service URL
    http: aiohttp.ClientSession

    async def asked(self, what: str, **said: Any) -> Any:
        async with self.http.request(
            "GET" if what == "calls" else "POST", f"{self.teams}../_{what}", json=said or None
        ) as answer:
            return await answer.json()

    async def knock(self, body: dict[str, Any], token: str = "") -> int:
        token = token or (await self.asked("sign", serviceurl=self.teams))["token"]
        sent = {**body, "serviceUrl": self.teams}
        async with self.http.post(self.url, json=sent, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.status


async def answered(app: web.Application, microsoft: str, knock: Any) -> Any:
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        return await knock(Theirs(str(server.make_url("/teams/messages")), microsoft, http))


@pytest.fixture
async def theirs(microsoft):
    JwtTokenExtractor.metadataCache.clear()
    async with TestServer(echo.app(microsoft.removesuffix("teams/"))) as server, aiohttp.ClientSession() as http:
        made = Theirs(str(server.make_url("/teams/messages")), microsoft, http)
        await made.asked("be", kids=["one"], hang=0, calls=[])
        yield made


@pytest.fixture
async def ours(store):
    async with TeamsStub() as stub, world(store, stub) as made:
        yield made


async def test_both_take_what_teams_signed(theirs, ours):
    assert (await theirs.knock(SAID), (await ours.knock(SAID)).status_code) == (201, 200)


BAD = {
    "garbage": lambda url: ("garbage", {}),
    "three dots": lambda url: ("a.b.c", {}),
    "expired": lambda url: ("", {"exp": int(time.time()) - 4000}),
    "signed with another key": lambda url: ("", {"key": "two", "kid": "one"}),
    "a key nobody knows": lambda url: ("", {"kid": "new"}),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_a_500_there_and_a_401_here(theirs, ours, name):
    token, claims = BAD[name](theirs.teams)
    bad = token or (await theirs.asked("sign", serviceurl=theirs.teams, **claims))["token"]
    assert await theirs.knock(SAID, bad) == 500
    assert (await ours.knock(SAID, token or ours.stub.signed(**claims))).status_code == 401


async def test_keys_that_turn_are_not_followed_there_for_a_day_and_here_at_once(theirs, ours):
    assert await theirs.knock(SAID) == 201
    await theirs.asked("be", kids=["one", "two"])
    new = (await theirs.asked("sign", serviceurl=theirs.teams, key="two"))["token"]
    assert await theirs.knock(SAID, new) == 500
    assert (await ours.knock(SAID)).status_code == 200
    ours.stub.kids = ["one", "two"]
    ours.later(minutes=1)
    assert (await ours.knock(SAID, ours.stub.signed("two"))).status_code == 200


async def longest_stop(work: Any) -> float:
    """Seconds for which nobody else could do anything while `work` went on."""
    stops, going = [0.0], asyncio.create_task(work)
    while not going.done():
        began = time.monotonic()
        await asyncio.sleep(0.01)
        stops.append(time.monotonic() - began)
    await going
    return max(stops)


async def test_asking_for_keys_stops_everybody_there_and_nobody_here(theirs, ours):
    token = (await theirs.asked("sign", serviceurl=theirs.teams))["token"]
    await theirs.asked("be", hang=1.0)
    stop = await longest_stop(theirs.knock(SAID, token))
    await theirs.asked("be", hang=0)
    ours.stub.hang = 1.0
    assert stop > 0.9 > await longest_stop(ours.knock(SAID))


class Counted(list[int]):
    """How often somebody looks whether a number is in it."""

    looked = 0

    def __contains__(self, number: object) -> bool:
        self.looked += 1
        return super().__contains__(number)


async def test_two_thousand_look_ups_in_a_list_for_each_message_there_and_none_here(theirs, ours, monkeypatch):
    codes = Counted(ClientRetryPolicy.safe_codes)
    monkeypatch.setattr(ClientRetryPolicy, "safe_codes", codes)
    assert await theirs.knock(SAID) == 201
    assert (type(ClientRetryPolicy.safe_codes.copy()), codes.looked) == (list, 2 * 999)
    codes.looked = 0
    assert (await ours.knock(SAID)).status_code == 200
    await ours.deliver()
    assert ours.stub.said() and codes.looked == 0


async def test_a_connection_for_each_reply_there_and_one_for_all_here(theirs, ours):
    for number in range(4):
        assert await theirs.knock({**SAID, "id": f"{number}"}) == 201
    assert len({call["port"] for call in await theirs.asked("calls") if call["method"] == "POST"}) == 4
    for number in range(4):
        assert (await ours.knock({**SAID, "id": f"{number}"})).status_code == 200
        await ours.deliver()
    replies = ours.stub.said()
    assert (len(replies), len({call.port for call in replies})) == (4, 1)


async def test_a_sign_in_client_without_a_memory_for_each_reply_there_and_one_token_here(ours):
    factory = PasswordServiceClientCredentialFactory(APP, "hush")
    asked = (APP, "https://api.botframework.com", "https://login.microsoftonline.com/x", True)
    one, two = [await factory.create_credentials(*asked) for _ in range(2)]
    assert one is not two and one.app is None and two.app is None  # each makes its own, with its own tokens
    for number in range(3):
        assert (await ours.knock({**SAID, "id": f"{number}"})).status_code == 200
        await ours.deliver()
    assert len(ours.stub.said()) == 3 and len(ours.stub.tokens) == 1


class Dialogs(ActivityHandler):
    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        return InvokeResponse(status=200, body={"task": {"type": "message", "value": "Hello"}})


async def test_an_invoke_with_an_answer_is_a_500_there_and_answered_here(microsoft, ours):
    app = echo.app(microsoft.removesuffix("teams/"), Dialogs())
    assert await answered(app, microsoft, lambda there: there.knock(FETCH)) == 500
    answer = await ours.knock(FETCH)
    assert (answer.status_code, answer.json()["task"]["type"]) == (200, "continue")
