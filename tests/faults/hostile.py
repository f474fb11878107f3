"""What the hostile tests share: payloads bent out of shape, doors to knock at, and what must never come of it."""

import json
import logging
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message

from tests.features.village import ROUTES

Json = Any
Payload = dict[str, Json]
Step = tuple[str, int, int]  # what is done, where, and with what

LONG = "x" * 50_000
SWIFT = "PRAGMA synchronous = OFF"


def deep(levels: int) -> Json:
    found: Json = "bottom"
    for number in range(levels):
        found = [found] if number % 2 else {"deeper": found}
    return found


# What nobody sends who means well, or what only looks like what is expected.
ODD: tuple[Json, ...] = (
    # other types
    None, True, False, 0, -1, 1.5, 10**30, 1e308, float("nan"), float("-inf"), [], {}, [None], {"": ""}, [[]],
    deep(40), deep(400), list(range(3000)), {str(n): n for n in range(500)}, [LONG] * 3,
    # odd characters
    "", " ", "\n\t", "\0", "a\0b", "\ud800", "\udfff\ud800", "\u202eevil\u202c", "\u2066\u2069", "\u200b\u200d\ufeff",
    "\u0130", "ß" * 300, "\U0001f9d1\u200d\U0001f91d" * 99, "Z\u0351\u0351\u0351" * 200, LONG, "a\r\nX-Injected: 1",
    # numbers and days as words
    "\u0663", "1e999", "0x10", "-0", "NaN", "true", "null", "2026-02-30", "0000-00-00", "99999-01-01", "25:61",
    # what means something to somebody
    "<!channel>", "<@U-max>", "<!subteam^S1|@all>", "<javascript:alert(1)|x>", "[x](javascript:1)", "<at>Max</at>",
    "<script>alert(1)</script>", "'; DROP TABLE people; --", "%s%n%x", "{0.__class__}", "${jndi:ldap://x}",
    "../../etc/passwd", "file:///etc/passwd", "http://169.254.169.254/", "=HYPERLINK(1)",
    # others' ids, and words of ours
    "T2", "slack:T2", "ana", "max", "U-max", "U-eve", "D1", "C1", "G1", "USLACKBOT", "29:", "28:bot",
    "19:x@thread.tacv2;messageid=1", "help", "share", "|||", "a|b|c", "history ", "development|", "yes", "erase",
)  # fmt: skip
KEYS = tuple(key for _, key in ROUTES.table)
DEEDS = ("replace", "replace", "known", "drop", "wrap", "twice", "swap", "rename", "text", "shuffle")
RECIPES = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 9999), st.integers(0, 9999)), min_size=1, max_size=4
)


def bent(payload: Payload, recipe: Iterable[Step], known: tuple[str, ...] = KEYS) -> Json:
    """The payload after these steps. `known`: words that mean something here, such as ids and names of actions."""
    found: Json = deepcopy(payload)
    for deed, where, what in recipe:
        spots = list(_spots(found))
        if not spots:
            return found
        box, key = spots[where % len(spots)]
        match deed:
            case "replace":
                box[key] = deepcopy(ODD[what % len(ODD)])
            case "known":
                box[key] = known[what % len(known)]
            case "drop":
                del box[key]
            case "wrap":
                box[key] = [box[key]] if what % 2 else {"id": box[key]}
            case "twice" if isinstance(box, list):
                box.extend(deepcopy(box) * (1 + what % 3))
            case "swap":
                other, name = spots[what % len(spots)]
                box[key], other[name] = deepcopy(other[name]), deepcopy(box[key])
            case "rename" if isinstance(box, dict):
                box[str(ODD[what % len(ODD)])[:100]] = box.pop(key)
            case "text":
                box[key] = str(box[key])
            case "shuffle" if isinstance(box[key], str):
                letters = list(box[key])
                random.Random(what).shuffle(letters)
                box[key] = "".join(letters)
            case _:
                box[key] = deepcopy(ODD[what % len(ODD)])
    return found


def _spots(found: Json) -> Iterator[tuple[Any, Any]]:
    """Every place where something stands, without recursion: what was put in may be deep."""
    boxes = [found]
    while boxes:
        box = boxes.pop()
        items = list(box.items() if isinstance(box, dict) else enumerate(box) if isinstance(box, list) else ())
        for key, value in items[:200]:
            yield box, key
            if isinstance(value, dict | list) and len(boxes) < 200:
                boxes.append(value)


def wired(found: Json) -> bytes:
    """As JSON; what Python cannot write so is written as Python does."""
    return json.dumps(found).encode()


def hostile(examples: int) -> Callable[[Any], Any]:
    """The same cases each time: what fails in one run fails in the next."""
    loose = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=loose)


async def knock(
    app: ASGIApp, path: str, raw: bytes, headers: Mapping[str, str], method: str = "POST"
) -> tuple[int, bytes]:
    """One request, straight into the app: its status and what it was answered."""
    sent, said, status = False, bytearray(), 0
    bare, _, query = path.partition("?")

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        said.extend(message.get("body", b""))

    named = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": bare, "raw_path": bare.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [*named, (b"content-length", str(len(raw)).encode())],
        "client": ("127.0.0.1", 1), "server": ("kadens", 443),
    }  # fmt: skip
    await app(scope, receive, send)
    return status, bytes(said)


class Heard(logging.Handler):
    """What was logged as an error, by anybody."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said = list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "aiohttp.server":  # the stubs' own
            self.said.append(f"{record.name}: {record.getMessage()[:3000]}")


@dataclass
class Watch:
    """Counts the cases, and holds against each of them what must never happen."""

    path: Path
    statuses: Counter[int] = field(default_factory=Counter)
    heard: Heard = field(default_factory=Heard)
    slowest: float = 0.0

    def __post_init__(self) -> None:
        self._look = sqlite3.connect(self.path)

    @contextmanager
    def listening(self) -> Iterator["Watch"]:
        logging.getLogger().addHandler(self.heard)
        try:
            yield self
        finally:
            logging.getLogger().removeHandler(self.heard)
            self._look.close()

    def version(self) -> int:
        """Another number after each commit of anybody that wrote something."""
        return int(self._look.execute("PRAGMA data_version").fetchone()[0])

    def tables(self) -> dict[str, int]:
        names = [row[0] for row in self._look.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: self._look.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}

    def judge(self, status: int, wrote: bool, what: str) -> None:
        self.statuses[status] += 1
        assert status in {200, 400, 401, 403, 404, 405, 413, 415, 501}, f"{status} for {what}"
        assert not (status >= 400 and wrote), f"{status}, yet something was written: {what}"
        assert not self.heard.said, f"{self.heard.said} for {what}"

    @property
    def cases(self) -> int:
        return sum(self.statuses.values())

    def report(self, name: str) -> None:
        print(f"\n{name}: {self.cases} cases, {dict(sorted(self.statuses.items()))}")


# Everything else that listens, in every way one can ask.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "X" * 200, "get")
PATHS = (
    "/", "//", "/slack", "/slack/events/", "/slack/events?x=\xff", "/slack/../healthz", "/%2e%2e/etc/passwd", "/\x00",
    "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/.env", "/teams", "/..;/", "*", "",
    "/" + "x" * 8000, "/?a=" + "&b" * 2000, "/slack/install", "/slack/install?state=x", "/slack/oauth",
    "/slack/oauth?code=x&state=y", "/slack/oauth_redirect?code=x&state=y", "/slack/redirect?error=access_denied",
)  # fmt: skip
