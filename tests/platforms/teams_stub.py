"""A recording stand-in for what Teams is to a bot: the Bot Connector, the keys that sign its requests, the sign-in
service. Real HTTP on 127.0.0.1. It keeps messages as Teams does and can be told to be busy, blocked, broken or away.

In a test:           async with TeamsStub() as stub: ...  stub.url, stub.calls, stub.trouble(429, retry_after=2)
As its own process:  python -m tests.platforms.teams_stub --port 9320
                     and asked by HTTP: GET /_calls, DELETE /_calls, POST /_trouble {"status": 429, …}, POST /_sign
"""

import argparse
import asyncio
import json
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

APP, SECRET = "c9e8c047-2a34-40a1-b28a-b162d5f5327c", "correct horse"
ISSUER = "https://api.botframework.com"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """A key for each name; making one takes a tenth of a second, so a run makes it once."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Call:
    method: str
    path: str
    body: Any
    authorization: str
    at: float
    status: int = 200
    port: int = 0  # where it came from: of one connection, one port


@dataclass
class Trouble:
    """What happens to the next `times` calls whose method and path fit."""

    status: int
    code: str = ""
    retry_after: str | None = None
    times: int = 1
    method: str = ""
    path: str = ""
    lose: bool = False  # do it, but break the connection instead of answering

    def meant(self, call: Call) -> bool:
        return self.times != 0 and call.method.startswith(self.method) and self.path in call.path


@dataclass
class TeamsStub:
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    messages: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))  # by conversation and id
    troubles: list[Trouble] = field(default_factory=list)
    kids: list[str] = field(default_factory=lambda: ["one"])
    endorsements: list[str] = field(default_factory=lambda: ["msteams"])
    away: bool = False  # keys and metadata cannot be had
    hang: float = 0.0  # seconds before keys are given
    fetched: int = 0  # how often the keys were asked for
    tokens: list[str] = field(default_factory=list)  # that were given out
    expires_in: int = 3600
    channels: list[dict[str, str]] = field(default_factory=list)
    members: dict[str, dict[str, str]] = field(default_factory=dict)  # by account
    rosters: dict[str, list[dict[str, str]]] = field(default_factory=dict)  # by team: all its members
    users: list[dict[str, Any]] = field(default_factory=list)  # Microsoft Graph's
    consented: bool = True  # to reading them
    next_host: str = "127.0.0.1"  # where Graph's next page is
    page: int = 2  # people a page, of a roster and of Graph
    drive: dict[str, bytes] = field(default_factory=dict)  # somebody's OneDrive, by address
    drive_status: int = 201
    redirect: tuple[int, str] | None = None  # every call is sent elsewhere
    _ids: int = 1_772_800_000_000
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> "TeamsStub":
        app = web.Application()
        app.router.add_get("/openid", self._metadata)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        app.router.add_put("/drive/{name}", self._uploaded)
        app.router.add_route("*", "/_{what}", self._told)
        app.router.add_route("*", "/teams/v3/{rest:.*}", self._connector)
        app.router.add_get("/graph/v1.0/users", self._graph)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/teams/"

    @property
    def drive_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/drive/"

    @property
    def metadata_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/openid"

    @property
    def graph_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graph"

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def trouble(self, status: int, code: str = "", **more: Any) -> None:
        self.troubles.append(Trouble(status, code, **more))

    def signed(self, key: str = "", kid: str | None = None, **claims: Any) -> str:
        """A token as the Bot Connector sends it; a claim of None is left out."""
        now, key = int(time.time()), key or self.kids[-1]
        said = {"iss": ISSUER, "aud": APP, "nbf": now - 60, "exp": now + 3600, "serviceurl": self.url, **claims}
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, private_key(key), "RS256", {"kid": key if kid is None else kid})

    def said(self, method: str = "POST") -> list[Call]:
        """What reached a conversation."""
        return [c for c in self.calls if c.method == method and "/activities" in c.path and c.status < 400]

    async def _metadata(self, request: web.Request) -> web.Response:
        await self._there()
        keys = f"http://127.0.0.1:{self.port}/keys"
        return web.json_response({"issuer": ISSUER, "jwks_uri": keys, "authorization_endpoint": "https://invalid"})

    async def _keys(self, request: web.Request) -> web.Response:
        await self._there()
        self.fetched += 1
        keys = []
        for kid in self.kids:
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(kid).public_key()))
            keys.append({**public, "kid": kid, "use": "sig", "endorsements": self.endorsements})
        odd = {"kty": "XXX", "kid": "odd"}  # a kind of key nobody here can read
        return web.json_response({"keys": [odd, *keys]})

    async def _there(self) -> None:
        await asyncio.sleep(self.hang)
        if self.away:
            raise web.HTTPServiceUnavailable

    async def _token(self, request: web.Request) -> web.Response:
        asked = await request.post()
        wanted = {"grant_type": "client_credentials", "client_id": APP, "client_secret": SECRET}
        if any(asked.get(name) != value for name, value in wanted.items()) or not asked.get("scope"):
            return web.json_response({"error": "invalid_client", "error_description": f"not {SECRET}"}, status=401)
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return web.json_response({"access_token": self.tokens[-1], "expires_in": self.expires_in})

    async def _uploaded(self, request: web.Request) -> web.Response:
        """learn.microsoft.com/graph/api/driveitem-createuploadsession: one range, and no token of ours."""
        content = await request.read()
        ranged = request.headers.get("Content-Range") == f"bytes 0-{len(content) - 1}/{len(content)}"
        if not ranged or "Authorization" in request.headers:
            raise web.HTTPBadRequest
        if self.drive_status < 300:
            self.drive[str(request.url)] = content
        return web.Response(status=self.drive_status, headers={"Location": f"{self.drive_url}elsewhere"})

    async def _told(self, request: web.Request) -> web.Response:
        match request.method, request.match_info["what"]:
            case "GET", "calls":
                return web.json_response([asdict(call) for call in self.calls])
            case "DELETE", "calls":
                self.calls.clear()
                return web.json_response({})
            case "POST", "trouble":
                self.trouble(**await request.json())
                return web.json_response({})
            case "POST", "be":  # otherwise: {"hang": 1, "kids": ["two"]}
                for name, value in (await request.json()).items():
                    setattr(self, name, value)
                return web.json_response({})
            case "POST", "sign":
                return web.json_response({"token": self.signed(**await request.json())})
        raise web.HTTPNotFound

    async def _connector(self, request: web.Request) -> web.Response:
        raw = await request.read()
        path = unquote(request.raw_path).removeprefix("/teams/")
        authorization = request.headers.get("Authorization", "")
        port = request.transport.get_extra_info("peername")[1] if request.transport else 0
        call = Call(request.method, path, json.loads(raw) if raw else None, authorization, time.monotonic(), port=port)
        self.calls.append(call)
        if self.redirect:
            call.status = self.redirect[0]
            return web.Response(status=call.status, headers={"Location": self.redirect[1]})
        trouble = next((t for t in self.troubles if t.meant(call)), None)
        if trouble:
            trouble.times -= 1
        if trouble and not trouble.lose:
            call.status = trouble.status
            headers = {"Retry-After": trouble.retry_after} if trouble.retry_after else {}
            error = {"error": {"code": trouble.code, "message": "words of the platform's own"}}
            return web.json_response(error, status=trouble.status, headers=headers)
        found = self._done(call)
        if trouble:
            assert request.transport
            request.transport.abort()
        return web.json_response(found, status=call.status)

    async def _graph(self, request: web.Request) -> web.Response:
        """GET /v1.0/users with its manager expanded, page by page (learn.microsoft.com/graph/api/user-list)."""
        call = Call("GET", request.path_qs, None, request.headers.get("Authorization", ""), time.monotonic())
        self.calls.append(call)
        trouble = next((t for t in self.troubles if t.meant(call)), None)
        if trouble:
            trouble.times -= 1
            call.status = trouble.status
            headers = {"Retry-After": trouble.retry_after} if trouble.retry_after else {}
            return web.json_response({"error": {"code": trouble.code}}, status=trouble.status, headers=headers)
        if not self.consented or call.authorization.removeprefix("Bearer ") not in self.tokens:
            call.status = 403
            return web.json_response({"error": {"code": "Authorization_RequestDenied"}}, status=403)
        asked = set(request.query["$select"].split(",")) | {request.query["$expand"]}
        at = int(request.query.get("$skiptoken", 0))
        shown = [{k: v for k, v in user.items() if k in asked} for user in self.users[at : at + self.page]]
        found: dict[str, Any] = {"value": shown}
        if at + self.page < len(self.users):
            following = request.url.update_query({"$skiptoken": at + self.page})
            found["@odata.nextLink"] = str(following.with_host(self.next_host))
        return web.json_response(found)

    def _done(self, call: Call) -> dict[str, Any]:
        match call.method, call.path.split("/")[1:]:
            case "POST", ["conversations"]:
                return {"id": f"a:{call.body['members'][0]['id']}"}
            case "POST", ["conversations", conversation, "activities", *_]:  # said, or said in reply
                self._ids += 1
                self.messages[conversation.partition(";")[0]][str(self._ids)] = call.body
                call.status = 201
                return {"id": str(self._ids)}
            case "PUT" | "DELETE" as method, ["conversations", conversation, "activities", id]:
                there = self.messages[conversation.partition(";")[0]]
                if id not in there:
                    call.status = 404
                    return {"error": {"code": "ActivityNotFoundInConversation", "message": "gone"}}
                if method == "PUT":
                    there[id] = call.body
                else:
                    del there[id]
                return {"id": id}
            case "GET", ["conversations", team, last] if last.startswith("pagedmembers?") and team in self.rosters:
                asked = dict(part.split("=") for part in last.partition("?")[2].split("&"))
                at = int(asked.get("continuationToken", 0))
                found: dict[str, Any] = {"members": self.rosters[team][at : at + self.page]}
                if at + self.page < len(self.rosters[team]):
                    found["continuationToken"] = str(at + self.page)
                return found
            case "GET", ["conversations", _, "members", id] if id in self.members:
                return {"id": id, "tenantId": "t", **self.members[id]}
            case "GET", ["teams", _, "conversations"]:
                return {"conversations": self.channels}
        call.status = 404
        return {"error": {"code": "NotFound", "message": "no such path"}}


async def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--port", type=int, default=0)
    async with TeamsStub(asked.parse_args().port) as stub:
        print(stub.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
