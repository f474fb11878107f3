"""Marked words in everything a person can say, and marked secrets: then all that comes out is searched for them.

They may stand in the database and in what is sent to the platforms' own methods: nowhere else.
"""

import asyncio
import io
import json
import logging
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from copy import deepcopy
from dataclasses import fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import logs
from bot.core import watch
from bot.core.watch import Span
from bot.settings import NAMES, Secrets
from tests.app.process import run, served, signed, slack
from tests.faults import test_hostile_slack, test_hostile_teams
from tests.faults.hostile import Payload, knock
from tests.features.village import FREE, Village, settled
from tests.platforms.slack_stub import SlackStub

WORD = "zqplantedzq"
# What can be filled in freely, in any form there is.
TYPED = {*FREE, "title", "why", "story", "reason", "learned", "situation", "behaviour", "impact", "wish", "words",
         "question", "text", "real_name", "display_name", "user_name", "username", "channel_name", "description",
         "handle", "domain", "search", "measure"}  # fmt: skip


def planted(found: Any, key: str = "") -> Any:
    """With the word in every free text."""
    match found:
        case dict():
            whole = {name: planted(value, name) for name, value in found.items()}
            element = found.get("type")
            if element == "plain_text_input" and key in TYPED:
                whole["value"] = f"{found.get('value') or ''} {WORD}"
            return whole
        case list():
            return [planted(each, key) for each in found]
        case str() if key in TYPED or (key == "name" and found not in ROUTED and "/" not in found):
            return f"{found} {WORD}"
    return found


ROUTED = ("general", "directmessage", "privategroup")


@pytest.fixture(scope="module")
def village(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Village:
    return settled(Path(shutil.copy(empty_database, tmp_path_factory.mktemp("village") / "village.db")))


@contextmanager
def loud() -> Iterator[io.StringIO]:
    """Logs as `kadens serve` writes them, at the loudest that its code can be set to."""
    root, heard, before = logging.getLogger(), io.StringIO(), sys.stderr
    levels = {name: logging.getLogger(name).level for name in (*logs.OURS, "asyncio")}
    handlers, level = root.handlers[:], root.level
    sys.stderr = heard
    try:
        logs.set_up(logging.DEBUG)
        yield heard
    finally:
        sys.stderr, root.handlers[:] = before, handlers
        root.setLevel(level)
        for name, old in levels.items():
            logging.getLogger(name).setLevel(old)


class Spans:
    """What a collector of traces would be sent: all that a span has."""

    def __init__(self) -> None:
        self.said = list[str]()

    def ended(self, span: Span) -> None:
        self.said.append(" ".join(str(getattr(span, name)) for name in Span.__slots__ if hasattr(span, name)))

    def counted(self, what: str, outcome: str, number: int) -> None:
        self.said.append(f"{what} {outcome}")


@contextmanager
def watched(*listeners: Any) -> Iterator[None]:
    watch.listeners.extend(listeners)
    yield
    for each in listeners:
        watch.listeners.remove(each)


Fort = test_hostile_slack.Fort | test_hostile_teams.Fort
SIDES: dict[str, Any] = {"slack": test_hostile_slack, "teams": test_hostile_teams}
Send = Callable[[Payload], Any]


@asynccontextmanager
async def living(side: str, village: Village, path: Path) -> AsyncIterator[tuple[Any, Spans, io.StringIO]]:
    async with SIDES[side].fort(village, path) as here:
        spans = Spans()
        with loud() as heard, watched(here.metrics, spans):
            yield here, spans, heard


async def everything_is_said(here: Any) -> None:
    for body in here.seeds:
        await here.shoot(planted(deepcopy(body)), [])
    talks = [id for (id,) in ask(here, "SELECT id FROM dialogues")]
    for _ in range(12):  # whatever is asked is answered so, question by question
        for body in here.seeds:
            if body.get("event", {}).get("type") == "message" or (body.get("text") and body.get("type") == "message"):
                await here.shoot(planted(deepcopy(body)), [])
    assert talks


async def everything_is_sent(here: Any, times: int = 12) -> None:
    for _ in range(times):
        here.now += timedelta(seconds=40)
        await here.whole.delivery.run()


def ask(here: Any, query: str) -> list[Any]:
    with closing(sqlite3.connect(here.watch.path)) as database:
        return database.execute(query).fetchall()


async def refusals(here: Any) -> str:
    """What whoever is turned away reads."""
    said, door = list[bytes](), SIDES["slack" if hasattr(here, "slack") else "teams"].DOOR
    raw = json.dumps({"type": WORD, "text": WORD}).encode()
    for path in (door, f"/{WORD}", f"{door}?q={WORD}", f"/metrics?{WORD}"):
        for method in ("POST", "GET", "DELETE", WORD):
            for headers in ({"Content-Type": WORD}, {"Authorization": f"Bearer {WORD}"}, {"X-Slack-Signature": WORD}):
                _, answer = await knock(here.app, path, raw, headers, method)
                said.append(answer)
    return b" ".join(said).decode()


def addresses(here: Any) -> str:
    """Every address that was asked for at the platform; of what is read, with its query."""
    if hasattr(here, "slack"):
        return " ".join(f"{call.method} {call.args if call.method in READ else ''}" for call in here.stub.calls)
    return " ".join(call.path for call in here.reached)


READ = ("users.list", "users.info", "usergroups.list", "usergroups.users.list", "conversations.history",
        "conversations.replies", "conversations.info", "auth.test")  # fmt: skip


@pytest.mark.parametrize("side", ["slack", "teams"])
async def test_what_people_say_comes_out_nowhere_else(side: str, village: Village, tmp_path: Path) -> None:
    async with living(side, village, tmp_path / "kadens.db") as (here, spans, heard):
        await everything_is_said(here)
        troubled(here)
        await everything_is_sent(here)
        await mistakes(here)
        here.watch.heard.said.clear()
        out = {
            "logs": heard.getvalue(),
            "spans": " ".join(spans.said),
            "metrics": (await knock(here.app, "/metrics", b"", METRICS, "GET"))[1].decode(),
            "refusals": await refusals(here),
            "addresses": addresses(here),
            "errors of the outbox": str(ask(here, "SELECT DISTINCT error FROM outbox")),
            "ids of events": str(ask(here, "SELECT * FROM events")),
            "audit": str(ask(here, "SELECT * FROM audit")),
            "doctor": await examined(here),
        }
    assert planted_in(here) > 20, "the word has to be somewhere"
    assert "kadens_turn_seconds" in out["metrics"] and "error" in out["logs"]
    for place, text in out.items():
        assert WORD not in text, (place, around(text))


METRICS = {"Authorization": f"Bearer {test_hostile_slack.TOKEN}"}


def planted_in(here: Any) -> int:
    """In how many rows it is kept."""
    with closing(sqlite3.connect(here.watch.path)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return sum(WORD in str(row) for name in names for row in database.execute(f"SELECT * FROM {name}"))


def around(text: str) -> str:
    at = text.index(WORD)
    return text[max(0, at - 300) : at + 100]


def troubled(here: Any) -> None:
    """A platform that answers with people's own words when it refuses."""
    if hasattr(here, "slack"):
        here.stub.refuse("chat.postMessage", f"invalid_blocks {WORD} is too long", times=3)
        here.stub.refuse("chat.update", f"odd {WORD}", times=2)
        here.stub.fail("chat.postMessage", 500, times=3)
        here.stub.lose("chat.postMessage", times=2)
    else:
        here.stub.trouble(400, f"BadSyntax {WORD}", times=3, method="POST", path="activities")
        here.stub.trouble(500, WORD, times=3, method="POST", path="activities")
        here.stub.trouble(429, WORD, retry_after=WORD, times=2, method="POST", path="activities")


async def mistakes(here: Any) -> None:
    """Of ours: tables are gone, so that whatever is said breaks in the database, which quotes what it was given."""
    with closing(sqlite3.connect(here.watch.path)) as database:
        database.executescript("DROP TABLE kudos; DROP TABLE goals; ALTER TABLE dialogues RENAME TO gone;")
    for body in here.seeds:
        here.watch.heard.said.clear()
        try:
            await here.shoot(planted(deepcopy(body)), [])
        except AssertionError:
            continue  # an error was logged, or it was answered with 500: it shall not be pretty, but silent


async def examined(here: Any) -> str:
    """What `kadens doctor` says of this database."""
    url = f"sqlite:///{here.watch.path}"
    found = await asyncio.to_thread(run, here.watch.path.parent, "doctor", DATABASE_URL=url, TEAMS_APP_ID="")
    assert "✓" in found.stdout
    return str(found.stdout + found.stderr)


# Secrets.

KEYS: dict[str, str] = {
    "SLACK_SIGNING_SECRET": "zqsecretzq0000000000000000000001",
    "SLACK_BOT_TOKEN": "xoxb-zqsecretzq-2",
    "SLACK_APP_TOKEN": "xapp-zqsecretzq-3",
    "SLACK_CLIENT_SECRET": "zqsecretzq4",
    "KADENS_KEYS": "zqsecretzq5",
    "TEAMS_APP_PASSWORD": "zqsecretzq6",
    "KADENS_METRICS_TOKEN": "zqsecretzq7-and-a-good-deal-more",
    "DATABASE_URL": "postgresql://kadens:zqsecretzq8@127.0.0.1:9/kadens",
}
SECRET = "zqsecretzq"


def secrets() -> Secrets:
    return Secrets(**{NAMES[name]: value for name, value in KEYS.items() if name in NAMES})


def test_every_secret_is_among_those_that_are_searched_for() -> None:
    """Whatever .env has of the name of a secret."""
    said = {name for name in NAMES if re.search("SECRET|TOKEN|PASSWORD|KEYS|DATABASE_URL", name)}
    assert said - KEYS.keys() == {"TEAMS_TOKEN_URL"}


def test_no_secret_shows_itself() -> None:
    found = secrets()
    assert SECRET not in repr(found) and SECRET not in str(found) and SECRET not in f"{found!r:>10}"


@pytest.mark.parametrize("side", ["slack", "teams"])
async def test_no_part_of_the_whole_shows_a_secret(side: str, village: Village, tmp_path: Path) -> None:
    """A traceback with its variables, or a log line with an object, shows their reprs."""
    async with SIDES[side].fort(village, tmp_path / "kadens.db") as here:
        await here.shoot(here.seeds[0], [])
        kept = (test_hostile_slack.SECRET, test_hostile_slack.BOT) if side == "slack" else ("correct horse", here.token)
        shown = list(reprs(here.whole))
        assert len(shown) > 50
        for what, text in shown:
            assert not any(secret in text for secret in kept), (what, text[:300])


def reprs(root: Any) -> Iterator[tuple[str, str]]:
    """Of everything of ours that hangs on this, by what it is. Plain strings and boxes of them have to show."""
    seen, left = set[int](), [(type(root).__name__, root)]
    while left:
        what, found = left.pop()
        if id(found) in seen or len(what) > 300:
            continue
        seen.add(id(found))
        ours = type(found).__module__.partition(".")[0] in ("bot", "handlers", "scheduler", "storage")
        if ours:
            yield what, repr(found)
            inside = {f.name: getattr(found, f.name, None) for f in fields(found)} if is_dataclass(found) else {}
            inside |= getattr(found, "__dict__", {})
            left += [(f"{what}.{name}", value) for name, value in inside.items()]
        elif isinstance(found, dict | list | tuple | set):
            items = found.items() if isinstance(found, dict) else enumerate(found)
            left += [(f"{what}[{key!r}]"[:300], value) for key, value in items]


BROKEN: dict[str, tuple[str, ...]] = {  # files that are wrong; what is run on them
    "a database that is away": ("serve", "doctor", "db upgrade", "export U1"),
    "lines that are no settings": ("serve", "doctor"),
    "an app.yaml that is wrong": ("serve", "doctor"),
}


@pytest.mark.parametrize("trouble", BROKEN)
def test_what_the_command_line_says_of_trouble_holds_no_secret(trouble: str, tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in KEYS.items() if name not in ("SLACK_CLIENT_SECRET", "KADENS_KEYS")]
    lines.append("TEAMS_APP_ID=c9e8c047-2a34-40a1-b28a-b162d5f5327c")
    # Nobody is asked: these addresses are this machine's, where nobody listens.
    here = "http://127.0.0.1:9"
    lines += [f"SLACK_API_URL={here}/api/", f"TEAMS_OPENID_METADATA_URL={here}/k", f"TEAMS_TOKEN_URL={here}/t"]
    if trouble == "lines that are no settings":
        lines += [f"{name} {value}" for name, value in KEYS.items()]
        lines += [f"{name}: {value}" for name, value in KEYS.items()]
        lines += [f'KADENS_KEYS="{KEYS["KADENS_KEYS"]}', "SLACK_CLIENT_SECRET=zqsecretzq"]
    if trouble == "an app.yaml that is wrong":
        (tmp_path / "app.yaml").write_text("people: [\n")
    (tmp_path / ".env").write_text("\n".join(lines) + "\n")
    os.chmod(tmp_path / ".env", 0o600)
    for command in BROKEN[trouble]:
        found = run(tmp_path, *command.split(), PYTHONASYNCIODEBUG="1", PYTHONDEVMODE="1")
        assert found.returncode != 0, (command, found.stdout)
        assert SECRET not in found.stdout + found.stderr, (command, found.stdout + found.stderr)
        assert "Traceback" not in found.stderr or command == "export U1", found.stderr


async def test_a_running_server_says_neither_words_nor_secrets(tmp_path: Path) -> None:
    """The real process, with the platform refusing our token: what it writes to stderr, and nothing on stdout."""
    async with SlackStub() as stub:
        stub.refuse("*", "invalid_auth", times=-1)
        told = {**slack(stub.url), "SLACK_BOT_TOKEN": KEYS["SLACK_BOT_TOKEN"], "KADENS_METRICS_TOKEN": METRIC}
        async with served(tmp_path, **told) as server:
            async with aiohttp.ClientSession() as http:
                for number in range(5):
                    said = {**SAID, "trigger_id": f"{number}.1", "user_name": WORD}
                    raw, headers = signed(said)
                    async with http.post(f"{server.url}/slack/events", data=raw, headers=headers) as answer:
                        assert answer.status == 200
                async with http.post(f"{server.url}/slack/events?{WORD}", data=WORD, headers={"X": WORD}) as answer:
                    assert WORD not in await answer.text()
            await asyncio.sleep(1.5)
            server.process.terminate()
            await server.process.wait()
        assert "invalid_auth" in server.log
        for never in (WORD, SECRET, METRIC):
            assert never not in server.log


METRIC = "zqsecretzq9-and-a-good-deal-more"
SAID = {
    "team_id": "T1",
    "channel_id": "C1",
    "channel_name": "general",
    "command": "/kudos",
    "user_id": "U1",
    "text": f"<@U2|{WORD}> thanks for {WORD} #care",
}
