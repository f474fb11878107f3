"""A Slack in bad weather, as a process of its own: what it allows is bounded, its door is shut a third of the time,
some of its answers are 500, and now and then it says nothing at all.

`python -m tests.faults.weather --port 9310 --rate 120`; GET /_weather tells what it saw.

What it does with a call is decided when that arrives; an answer to what it takes comes some tenths of a second later.
Its workspace is a bucket that fills with `rate` a second and holds a second's worth, as "short bursts are allowed".
While the door is shut everything is answered 429 with the whole seconds until it opens, and nothing flows in.
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from typing import Any

from aiohttp import web

from tests.platforms.slack_stub import Call, SlackStub, direct

SHUT, SPELL = 1 / 3, 2  # of the time, in spells of so many seconds
BROKEN, HANGS = 0.02, 0.002  # of the posts: answered 500; not answered for longer than anybody waits
LATENCY = (0.05, 0.25)  # seconds
HANG = 12.0
PACE = 1.0  # seconds between two messages of a conversation
LATE = 0.05  # of that: what the way may take off the distance of two messages
SEED = 2  # with which the door is shut for a third of the first minute, too


class Weather(SlackStub):
    def __init__(self, port: int, rate: float, seed: int, calm: bool) -> None:
        super().__init__(port)
        self.allowed, self.calm, self.seed, self.chance = rate, calm, seed, random.Random(seed)
        self.seen = Counter[str]()
        self.accepted = list[tuple[float, str]]()  # open seconds, and the key
        self._began = self._filled = self._open = 0.0
        self._bucket, self._last = rate, dict[str, float]()

    async def __aenter__(self) -> "Weather":
        await super().__aenter__()
        return self

    def _passed(self) -> float:
        """Let the time pass that went by since the last call; seconds until the door opens, 0 if it is open."""
        now = time.monotonic()
        if not self._began:
            self._began = self._filled = now
        while self._filled < now:
            second = int(self._filled - self._began)
            until = min(now, self._began + second + 1)
            if not self._is_shut(second):
                self._open += until - self._filled
                self._bucket = min(self._bucket + (until - self._filled) * self.allowed, self.allowed)
            self._filled = max(until, self._filled + 1e-6)
        second = first = int(now - self._began)
        while self._is_shut(second):
            second += 1
        return self._began + second - now if second > first else 0.0

    def _is_shut(self, second: int) -> bool:
        """The same in every run, however fast it goes. The day begins with an open door."""
        spell = second // SPELL
        return spell > 0 and not self.calm and random.Random(f"{self.seed} {spell}").random() < SHUT

    async def _api(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["method"] != "chat.postMessage":
            self.seen[request.match_info["method"]] += 1
            return await super()._api(request)
        call = Call("chat.postMessage", await request.json(), time.monotonic())
        if (wait := self._passed()) > 0:
            self.seen["shut"] += 1
            return self._wait(wait)
        channel = call.args["channel"]
        channel = direct(channel) if channel.startswith("U") else channel
        if call.at - self._last.get(channel, -9.0) < PACE - LATE:
            self.seen["too fast for the conversation"] += 1
            return self._wait(PACE)
        if self._bucket < 1:
            self.seen["too fast for the workspace"] += 1
            return self._wait(1.0)
        self._bucket -= 1
        self._last[channel] = call.at
        return await self._taken(call)

    async def _taken(self, call: Call) -> web.StreamResponse:
        fate, arrives = self.chance.random(), self.chance.random() < 0.5
        hangs, broken = (False, False) if self.calm else (fate < HANGS, HANGS <= fate < HANGS + BROKEN)
        said: dict[str, Any] = {}
        if not (hangs or broken) or arrives:
            said = self._do(call)
            assert said["ok"], said
            self.accepted.append((self._open, call.args["metadata"]["event_payload"]["key"]))
        await asyncio.sleep(HANG if hangs else self.chance.uniform(*LATENCY))
        if broken or hangs:
            self.seen["broken" if broken else "hung"] += 1
            return web.Response(status=500)
        return web.json_response(said)

    def _wait(self, seconds: float) -> web.Response:
        headers = {"Retry-After": f"{max(1, round(seconds + 0.49)):d}"}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)

    async def _told_weather(self, _: web.Request) -> web.Response:
        said = {channel: list(those.values()) for channel, those in self.messages.items()}
        order = {where: [one["metadata"]["event_payload"]["key"] for one in those] for where, those in said.items()}
        shut = self._shut_share()
        return web.json_response({"seen": self.seen, "accepted": self.accepted, "order": order, "shut": shut})

    def _shut_share(self) -> float:
        gone = int(time.monotonic() - self._began)
        return sum(self._is_shut(second) for second in range(gone)) / max(gone, 1)


async def _serve(port: int, rate: float, seed: int, calm: bool) -> None:
    stub = Weather(port, rate, seed, calm)
    stub.calls = _Forgetful()  # ten thousand calls with their cards are nobody's to read
    app = web.Application()
    app.router.add_route("*", "/api/{method}", stub._api)
    app.router.add_get("/_weather", stub._told_weather)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


class _Forgetful(list[Call]):
    def append(self, _: Call) -> None:
        pass


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--rate", type=float, required=True)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--calm", action="store_true", help="only the limits")
    given = options.parse_args()
    asyncio.run(_serve(given.port, given.rate, given.seed, given.calm))


if __name__ == "__main__":
    main()
