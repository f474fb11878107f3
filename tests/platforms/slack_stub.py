"""A recording stand-in for Slack's Web API: real HTTP (and WebSocket, for Socket Mode) on 127.0.0.1.

It keeps messages as Slack does, so that they can be changed, deleted and looked up, refuses what Slack would refuse,
and can be told to be slow, away, out of patience or unwilling.

In a test: `async with SlackStub() as stub`, then stub.url, stub.calls, stub.refuse("chat.update", "is_archived") …
As its own process: `python -m tests.platforms.slack_stub --port 9310 --log calls.jsonl [--pace 1.0] [--rate 20]`, told
by HTTP what to do: POST /_trouble with the fields of Trouble, GET /_calls, DELETE /_calls, GET /_messages.
"""

import argparse
import asyncio
import contextlib
import json
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from aiohttp import WSMsgType, web

from bot.platforms.slack.manifest import scopes

TEAM, BOT, BOT_ID = "T1", "U0BOT", "B0BOT"
NEEDS = {  # arguments without which Slack answers invalid_arguments
    "chat.postMessage": ("channel",),
    "chat.postEphemeral": ("channel", "user"),
    "chat.update": ("channel", "ts"),
    "chat.delete": ("channel", "ts"),
    "views.open": ("trigger_id", "view"),
    "views.publish": ("user_id", "view"),
    "conversations.history": ("channel",),
    "conversations.replies": ("channel", "ts"),
    "users.info": ("user",),
    "files.getUploadURLExternal": ("filename", "length"),
    "files.completeUploadExternal": ("files",),
    "usergroups.users.list": ("usergroup",),
}


@dataclass
class Call:
    method: str
    args: dict[str, Any]
    at: float  # seconds, monotonic
    team: str = TEAM  # whose token it came with
    outcome: str = "ok"  # or the error, "429", "500", "hung"


@dataclass
class Trouble:
    """What happens to the next `times` calls of `method` ("*": any) whose arguments are like `when`."""

    method: str = "*"
    error: str = ""  # Slack's word, with HTTP 200
    status: int = 200
    retry_after: float | None = None
    hang: float = 0.0  # seconds before the answer
    lose: bool = False  # do it, but break the connection instead of answering
    times: int = 1  # -1: for ever
    when: dict[str, Any] = field(default_factory=dict)

    def meant(self, call: Call) -> bool:
        there = all(call.args.get(name) == value for name, value in self.when.items())
        return self.times != 0 and self.method in ("*", call.method) and there


class SlackStub:
    def __init__(self, port: int = 0, log: TextIO | None = None, pace: float = 0.0, rate: float = 0.0) -> None:
        self.port, self.log = port, log
        self.pace, self.rate = pace, rate  # seconds between two posts of a channel; posts a second of the workspace
        self.calls = list[Call]()
        self.troubles = list[Trouble]()
        self.messages = defaultdict[str, dict[str, dict[str, Any]]](dict)  # by channel and ts
        self.ephemeral = list[dict[str, Any]]()
        self.views = list[dict[str, Any]]()
        self.files = dict[str, dict[str, Any]]()  # by id: name, length, and what was uploaded
        self.unshared = 0  # of so many files it is said that they were shared, and they are not
        self.homes = dict[str, dict[str, Any]]()
        self.users = [user("U1", "ana"), user("U2", "bo"), user("U3", "cai")]
        self.groups = dict[str, dict[str, Any]]()
        self.page = 2  # users a page
        self.scopes = "chat:write,commands"
        self.channels = dict[str, str]()  # by id: the error that posting there gives
        # Once one workspace has installed the app only tokens that were granted are good.
        self.tokens = dict[str, str]()  # the workspace of each
        self.refreshes = dict[str, str]()  # the workspace of each token that renews another; good once
        self.codes = dict[str, dict[str, Any]]()  # what oauth.v2.access answers; good once
        self.client = ("123.456", "client-secret")
        self.below = ["T7", "T8"]  # the workspaces of an organisation
        self.acknowledged = list[dict[str, Any]]()  # over Socket Mode
        self.connected, self._heard = asyncio.Event(), asyncio.Condition()
        self._sockets = set[web.WebSocketResponse]()
        self._posted, self._recent = dict[str, float](), deque[float]()
        self._stamp = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    def named(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def posted(self, channel: str) -> list[dict[str, Any]]:
        return list(self.messages[channel].values())

    # What it can be told to do.

    def grant(self, code: str, owned: str, user: str | None = "U1", **more: Any) -> None:
        """Somebody said yes: the code that their browser brings back. `owned` with E: a whole organisation."""
        whole = owned.startswith("E")
        owner = {"id": owned, "name": f"The {owned}"}
        self.codes[code] = {
            "app_id": "A0KADENS",
            "authed_user": {"id": user} if user else {},
            "scope": ",".join(scopes()),
            "token_type": "bot",
            "bot_user_id": BOT,
            "team": None if whole else owner,
            "enterprise": owner if whole else None,
            "is_enterprise_install": whole,
            **more,
        }

    def _fresh(self, team: str, lives: bool) -> dict[str, Any]:
        self._stamp += 1
        token, refresh = f"xoxb-{team}-{self._stamp}", f"xoxe-{team}-{self._stamp}"
        self.tokens[token] = team
        if not lives:
            return {"access_token": token}
        self.refreshes[refresh] = team
        return {"access_token": token, "refresh_token": refresh, "expires_in": 43200}

    def revoke(self, team: str) -> None:
        self.tokens = {token: whose for token, whose in self.tokens.items() if whose != team}
        self.tokens.setdefault("", "")

    def refuse(self, method: str, error: str, times: int = 1, **when: Any) -> None:
        self.troubles.append(Trouble(method, error=error, times=times, when=when))

    def limit(self, method: str, retry_after: float, times: int = 1) -> None:
        self.troubles.append(Trouble(method, status=429, retry_after=retry_after, error="ratelimited", times=times))

    def fail(self, method: str, status: int = 500, times: int = 1) -> None:
        self.troubles.append(Trouble(method, status=status, times=times))

    def hang(self, method: str, seconds: float = 3600, times: int = 1) -> None:
        self.troubles.append(Trouble(method, hang=seconds, times=times))

    def lose(self, method: str, times: int = 1) -> None:
        self.troubles.append(Trouble(method, lose=True, times=times))

    async def push(self, payload: Mapping[str, Any], envelope: str, kind: str = "events_api") -> None:
        """Send something over Socket Mode."""
        for socket in self._sockets:
            await socket.send_json({"type": kind, "envelope_id": envelope, "payload": payload})

    async def until_acknowledged(self, number: int) -> None:
        async with self._heard:
            await self._heard.wait_for(lambda: len(self.acknowledged) >= number)

    # Its life.

    async def __aenter__(self) -> "SlackStub":
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/upload/{id}", self._uploaded)
        app.router.add_get("/socket", self._socket)
        app.router.add_post("/_trouble", self._told)
        app.router.add_get("/_calls", self._seen)
        app.router.add_delete("/_calls", self._forget)
        app.router.add_get("/_messages", self._kept)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in list(self._sockets):
            await socket.close()
        assert self._runner
        await self._runner.cleanup()

    async def _uploaded(self, request: web.Request) -> web.Response:
        file, content = self.files[request.match_info["id"]], await request.read()
        if len(content) != file["length"] or "Authorization" in request.headers:
            raise web.HTTPBadRequest
        file["content"] = content
        return web.Response(text=f"OK - {len(content)}")

    async def _told(self, request: web.Request) -> web.Response:
        self.troubles.append(Trouble(**await request.json()))
        return web.json_response({"ok": True})

    async def _seen(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(call) for call in self.calls])

    async def _forget(self, _: web.Request) -> web.Response:
        self.calls.clear()
        return web.json_response({"ok": True})

    async def _kept(self, _: web.Request) -> web.Response:
        return web.json_response(self.messages)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self._sockets.add(socket)
        self.connected.set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                async with self._heard:
                    self.acknowledged.append(json.loads(message.data))
                    self._heard.notify_all()
        self._sockets.discard(socket)
        return socket

    # The Web API.

    async def _api(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.match_info["method"], await _arguments(request), time.monotonic())
        self.calls.append(call)
        trouble = next((trouble for trouble in self.troubles if trouble.meant(call)), None)
        try:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not token and call.method != "oauth.v2.access":
                return self._answer(call, {"ok": False, "error": "not_authed"})
            if self.tokens and call.method != "oauth.v2.access":
                if token not in self.tokens:
                    return self._answer(call, {"ok": False, "error": "token_revoked"})
                call.team = self.tokens[token]
            if trouble:
                trouble.times -= 1
                if trouble.hang:
                    call.outcome = "hung"
                    await asyncio.sleep(trouble.hang)
                if trouble.lose:
                    self._do(call)
                    call.outcome = "lost"
                    assert request.transport
                    request.transport.abort()
                    return web.Response()
                if trouble.status != 200 or trouble.error:
                    return self._troubled(call, trouble)
            if (wait := self._too_fast(call)) is not None:
                return self._troubled(call, Trouble(status=429, retry_after=wait, error="ratelimited"))
            return self._answer(call, self._do(call))
        finally:
            if self.log:
                self.log.write(json.dumps(asdict(call)) + "\n")
                self.log.flush()

    def _answer(self, call: Call, data: dict[str, Any]) -> web.Response:
        if not data.get("ok"):
            call.outcome = data["error"]
        return web.json_response(data, headers={"X-OAuth-Scopes": self.scopes})

    def _troubled(self, call: Call, trouble: Trouble) -> web.Response:
        call.outcome = trouble.error if trouble.status == 200 else str(trouble.status)
        headers = {} if trouble.retry_after is None else {"Retry-After": f"{trouble.retry_after:g}"}
        if trouble.error:
            return web.json_response({"ok": False, "error": trouble.error}, status=trouble.status, headers=headers)
        return web.Response(text="<h1>oh dear</h1>", content_type="text/html", status=trouble.status, headers=headers)

    def _too_fast(self, call: Call) -> float | None:
        """Seconds to wait, where a pace was asked for and is exceeded."""
        if not call.method.startswith("chat.post"):
            return None
        now, channel = call.at, str(call.args.get("channel"))
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if self.pace and now - self._posted.get(channel, -1e9) < self.pace * 0.95:
            return max(1.0, self.pace)
        if self.rate and len(self._recent) >= self.rate:
            return 1.0
        self._posted[channel] = now
        self._recent.append(now)
        return None

    def _do(self, call: Call) -> dict[str, Any]:
        if missing := [name for name in NEEDS.get(call.method, ()) if not call.args.get(name)]:
            return {"ok": False, "error": "invalid_arguments", "missing": missing}
        perform = getattr(self, "_" + call.method.replace(".", "_").lower(), None)
        if perform is None:
            return {"ok": False, "error": "unknown_method"}
        found: dict[str, Any] = perform(**call.args)
        return found if "ok" in found else {"ok": True, **found}

    def _ts(self) -> str:
        self._stamp += 1
        return f"1795000000.{self._stamp:06d}"

    def _oauth_v2_access(
        self, client_id: str, client_secret: str, code: str = "", grant_type: str = "", refresh_token: str = ""
    ) -> dict[str, Any]:
        if (client_id, client_secret) != self.client:
            return {"ok": False, "error": "bad_client_secret"}
        if grant_type == "refresh_token":
            team = self.refreshes.pop(refresh_token, None)
            return self._fresh(team, True) if team else {"ok": False, "error": "invalid_refresh_token"}
        found = self.codes.pop(code, None)
        if found is None:
            return {"ok": False, "error": "invalid_code"}
        owner = found.get("enterprise") if found.get("is_enterprise_install") else found.get("team")
        return {**self._fresh((owner or {}).get("id", "?"), found.pop("rotates", False)), **found}

    def _auth_teams_list(self, **_: Any) -> dict[str, Any]:
        return {"teams": [{"id": team, "name": team} for team in self.below]}

    def _auth_test(self) -> dict[str, Any]:
        return {"team_id": TEAM, "team": "Stub", "user_id": BOT, "bot_id": BOT_ID, "url": "https://stub.slack.com/"}

    def _chat_postmessage(self, channel: str, thread_ts: str | None = None, **args: Any) -> dict[str, Any]:
        channel = direct(channel) if channel.startswith("U") else channel
        if error := self._wrong(channel, args):
            return {"ok": False, "error": error}
        if thread_ts and thread_ts not in self.messages[channel] and not thread_ts.startswith("1"):
            return {"ok": False, "error": "thread_not_found"}
        said = {"type": "message", "user": BOT, "bot_id": BOT_ID, "ts": self._ts(), **args}
        if thread_ts:
            said["thread_ts"] = thread_ts
        self.messages[channel][said["ts"]] = said
        return {"channel": channel, "ts": said["ts"], "message": said}

    def _chat_postephemeral(self, channel: str, user: str, **args: Any) -> dict[str, Any]:
        if error := self._wrong(channel, args):
            return {"ok": False, "error": error}
        ts = self._ts()
        self.ephemeral.append({"channel": channel, "user": user, "ts": ts, **args})
        return {"message_ts": ts}

    def _chat_update(self, channel: str, ts: str, **args: Any) -> dict[str, Any]:
        if error := self._wrong(channel, args):
            return {"ok": False, "error": error}
        if ts not in self.messages[channel]:
            return {"ok": False, "error": "message_not_found"}
        self.messages[channel][ts].update(args)
        return {"channel": channel, "ts": ts, "text": args.get("text")}

    def _chat_delete(self, channel: str, ts: str) -> dict[str, Any]:
        if self.messages[channel].pop(ts, None) is None:
            return {"ok": False, "error": "message_not_found"}
        return {"channel": channel, "ts": ts}

    def _wrong(self, channel: str, args: Mapping[str, Any]) -> str | None:
        if channel in self.channels:
            return self.channels[channel]
        if channel[:1] not in "CDG":  # changing takes the conversation's own id
            return "channel_not_found"
        if not args.get("text") and not args.get("blocks"):
            return "no_text"
        return "invalid_blocks" if len(args.get("blocks", ())) > 50 or self._unknown(args) else None

    def _unknown(self, shown: Mapping[str, Any]) -> bool:
        """Whether a picture is to be shown that was never brought here."""
        ids = [block["slack_file"]["id"] for block in shown.get("blocks", ()) if block["type"] == "image"]
        return any("done" not in self.files.get(id, {}) for id in ids)

    def _files_getuploadurlexternal(self, filename: str, length: str) -> dict[str, Any]:
        id = f"F{len(self.files) + 1}"
        self.files[id] = {"id": id, "name": filename, "length": int(length)}
        return {"file_id": id, "upload_url": f"http://127.0.0.1:{self.port}/upload/{id}"}

    def _files_completeuploadexternal(self, files: str, channel_id: str = "", blocks: str = "[]") -> dict[str, Any]:
        found = [self.files[each["id"]] for each in json.loads(files)]
        if not all("content" in each for each in found):
            return {"ok": False, "error": "file_not_found"}
        for each in found:
            each["done"] = True
        if channel_id in self.channels:
            return {"ok": False, "error": self.channels[channel_id]}
        if channel_id and self.unshared:
            self.unshared -= 1
        elif channel_id:
            shown = [{key: each[key] for key in ("id", "name")} for each in found]
            shared = {"subtype": "file_share", "files": shown, "blocks": json.loads(blocks), "text": ""}
            said = {"type": "message", "user": BOT, "bot_id": BOT_ID, "ts": self._ts(), **shared}
            self.messages[channel_id][said["ts"]] = said
        return {"files": [{"id": each["id"], "title": each["name"]} for each in found]}

    def _views_open(self, trigger_id: str, view: dict[str, Any]) -> dict[str, Any]:
        if trigger_id.startswith("old"):
            return {"ok": False, "error": "expired_trigger_id"}
        self.views.append(view)
        return {"view": {"id": f"V{len(self.views)}", **view}}

    def _views_publish(self, user_id: str, view: dict[str, Any], hash: str | None = None) -> dict[str, Any]:
        if self._unknown(view):
            return {"ok": False, "error": "invalid_arguments"}
        self.homes[user_id] = view
        return {"view": {"id": f"VH{user_id}", **view}}

    def _conversations_open(self, users: str, return_im: bool = False) -> dict[str, Any]:
        if users.startswith("UBOT"):
            return {"ok": False, "error": "cannot_dm_bot"}
        return {"channel": {"id": direct(users)}}

    def _conversations_info(self, channel: str, **_: Any) -> dict[str, Any]:
        if channel in self.channels:
            return {"ok": False, "error": self.channels[channel]}
        return {"channel": {"id": channel, "name": "general", "is_private": False, "is_member": True}}

    def _conversations_history(self, channel: str, limit: Any = 100, **_: Any) -> dict[str, Any]:
        said = [message for message in self.messages[channel].values() if "thread_ts" not in message]
        return {"messages": said[::-1][: int(limit)], "has_more": len(said) > int(limit)}

    def _conversations_replies(self, channel: str, ts: str, cursor: str = "", **args: Any) -> dict[str, Any]:
        said = [m for m in self.messages[channel].values() if ts in (m["ts"], m.get("thread_ts"))]
        return _paged("messages", said, cursor, int(args.get("limit", 100)))

    def _users_list(self, cursor: str = "", include_locale: str = "0", **_: Any) -> dict[str, Any]:
        members = [self._shown(user, include_locale) for user in self.users]
        return _paged("members", members, cursor, self.page)

    def _users_info(self, user: str, include_locale: str = "0") -> dict[str, Any]:
        found = next((someone for someone in self.users if someone["id"] == user), None)
        return {"user": self._shown(found, include_locale)} if found else {"ok": False, "error": "user_not_found"}

    def _shown(self, user: dict[str, Any], include_locale: str) -> dict[str, Any]:
        return {k: v for k, v in user.items() if k != "locale" or include_locale in ("1", "true", "True")}

    def _usergroups_list(self, include_users: str = "0", **_: Any) -> dict[str, Any]:
        hidden = () if include_users in ("1", "true") else ("users",)
        return {"usergroups": [{k: v for k, v in g.items() if k not in hidden} for g in self.groups.values()]}

    def _usergroups_users_list(self, usergroup: str) -> dict[str, Any]:
        if usergroup not in self.groups:
            return {"ok": False, "error": "no_such_subteam"}
        return {"users": self.groups[usergroup]["all"]}

    def _apps_connections_open(self) -> dict[str, Any]:
        return {"url": f"ws://127.0.0.1:{self.port}/socket"}


def direct(user: str) -> str:
    return "D" + user[1:]


def user(id: str, name: str, **more: Any) -> dict[str, Any]:
    """A user object (docs.slack.dev/reference/objects/user-object)."""
    return {
        "id": id,
        "team_id": TEAM,
        "name": name,
        "deleted": False,
        "real_name": name.title(),
        "tz": "Europe/Stockholm",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": {"real_name": name.title(), "display_name": name, "team": TEAM},
        "is_admin": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "locale": "sv-SE",
        **more,
    }


def _paged(name: str, items: list[dict[str, Any]], cursor: str, size: int) -> dict[str, Any]:
    at = int(cursor or 0)
    following = str(at + size) if at + size < len(items) else ""
    return {name: items[at : at + size], "response_metadata": {"next_cursor": following}}


async def _arguments(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        found: dict[str, Any] = await request.json()
        return found
    return {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}


async def _serve(port: int, log: TextIO | None, pace: float, rate: float) -> None:
    async with SlackStub(port, log, pace, rate) as stub:
        print(stub.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    options = argparse.ArgumentParser(description="A recording stand-in for Slack's Web API.")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--log", type=Path, help="one JSON line for each call, written at once")
    options.add_argument("--pace", type=float, default=0.0, help="seconds between two posts in one channel, else 429")
    options.add_argument("--rate", type=float, default=0.0, help="posts a second in the whole workspace, else 429")
    given = options.parse_args()
    log = given.log.open("a") if given.log else None
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(given.port, log, given.pace, given.rate))


if __name__ == "__main__":
    main()
