"""`kadens serve` as a real process: its health, its manners at the door, and how it ends."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import time
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.app.process import Served, faketime, run, served, signed, slack
from tests.platforms.slack_stub import SlackStub

KUDOS = {
    "team_id": "T1",
    "channel_id": "C1",
    "channel_name": "general",
    "command": "/kudos",
    "response_url": "https://hooks.slack.com/commands/T1/1/a",
}


def kudos(number: int) -> dict[str, str]:
    """Everybody gives one, so that no allowance is spent."""
    text = f"<@U{number + 1}|b{number}> thanks for the help with number {number}"
    return {**KUDOS, "user_id": f"U9{number}", "user_name": f"a{number}", "text": text, "trigger_id": f"1.{number}.x"}


def rows(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "kadens.db")) as database:
        return database.execute(query).fetchall()


async def get(server: Served, path: str, method: str = "GET") -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.request(method, f"{server.url}{path}") as answer:
        return answer.status, json.loads(await answer.read() or b"null")


async def until(what: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.05)


async def test_health_readiness_and_the_ways_that_lead_nowhere(tmp_path: Path) -> None:
    async with SlackStub() as stub, served(tmp_path, TEAMS_APP_ID="", **slack(stub.url)) as server:
        assert await get(server, "/healthz") == (200, {"alive": True})
        assert await get(server, "/readyz") == (200, {"ready": True})
        for path in ("/", "/nothing", "/slack", "/healthz/", "/docs", "/teams/messages/x"):
            assert await get(server, path) == (404, {"error": "there is nothing here"}), path
        assert await get(server, "/slack/events") == (405, {"error": "not in this way"})
        assert await get(server, "/readyz", "POST") == (405, {"error": "not in this way"})
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{server.url}/slack/events", data=b"{}") as answer:
                assert answer.status == 401 and "server" not in answer.headers
            async with http.post(f"{server.url}/teams/messages", json={"nonsense": []}) as answer:
                assert answer.status == 400
        await until(lambda: rows(tmp_path, "SELECT count(*) FROM people")[0][0] == len(stub.users))
        assert await server.end(signal.SIGTERM) == 0
    told = [json.loads(line) for line in server.said]
    assert any("ANYBODY" in line["event"] for line in told)
    assert told[-1]["event"] == "stopped"
    assert {"event", "level", "logger", "timestamp"} <= told[0].keys()


async def test_readiness_says_why_not(tmp_path: Path) -> None:
    async with served(tmp_path, TEAMS_APP_ID="") as server:
        with closing(sqlite3.connect(tmp_path / "kadens.db")) as database:
            database.execute("UPDATE alembic_version SET version_num = '0000'")
            database.commit()
        status, said = await get(server, "/readyz")
        assert status == 503 and not said["ready"] and "kadens db upgrade" in said["reason"]
        assert (await get(server, "/healthz"))[0] == 200
        for name in ("kadens.db", "kadens.db-wal", "kadens.db-shm"):
            (tmp_path / name).unlink()
        (tmp_path / "kadens.db").write_bytes(b"no database at all" * 500)
        # Connections that are open still see the old file; readiness is a matter of what comes next.
        assert (await get(server, "/healthz"))[0] == 200


async def test_a_platform_that_is_off_has_no_route(tmp_path: Path) -> None:
    async with served(tmp_path, TEAMS_APP_ID="") as server:
        assert (await get(server, "/slack/events", "POST"))[0] == 404
        assert (await get(server, "/teams/messages", "POST"))[0] in (400, 415)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_well_under_load(tmp_path: Path, ending: int) -> None:
    """Whatever was answered with 200 is stored, and nothing stays claimed."""
    answered, failed, numbers = list[int](), list[str](), count(1)

    async def keep_asking(http: aiohttp.ClientSession, url: str) -> None:
        while not failed:
            number = next(numbers)
            raw, headers = signed(kudos(number))
            try:
                async with http.post(f"{url}/slack/events", data=raw, headers=headers) as answer:
                    await answer.read()
                    assert answer.status == 200, answer.status
                    answered.append(number)
            except aiohttp.ClientError as error:
                failed.append(type(error).__name__)

    async with SlackStub() as stub, served(tmp_path, **slack(stub.url)) as server, aiohttp.ClientSession() as http:
        stub.hang("chat.postMessage", 1.5, times=3)  # sends are under way when the end comes
        askers = [asyncio.create_task(keep_asking(http, server.url)) for _ in range(16)]
        await until(lambda: len(answered) > 80)
        began = time.monotonic()
        assert await server.end(ending) == 0, server.log
        assert time.monotonic() - began < 20
        await asyncio.gather(*askers)
    stored = {id for (id,) in rows(tmp_path, "SELECT id FROM events")}
    assert all(any(f"1.{number}.x" in id for id in stored) for number in answered)
    # Of nothing there is a half: each command has its kudos, and each kudos what is said of it.
    taken = {id for id in stored if ".x" in id}
    assert rows(tmp_path, "SELECT count(*) FROM kudos") == [(len(taken),)]
    said = {key.rpartition("/")[0] for (key,) in rows(tmp_path, "SELECT key FROM outbox")}
    assert taken <= said and set(failed) <= {"ClientConnectorError", "ServerDisconnectedError", "ClientOSError"}
    assert rows(tmp_path, "SELECT count(*) FROM outbox WHERE lease_until IS NOT NULL") == [(0,)]
    assert rows(tmp_path, "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND unsure") == [(0,)]
    assert "Traceback" not in server.log and "error" not in {json.loads(line)["level"] for line in server.said}
    assert "thanks for" not in server.log


async def test_what_waited_when_it_stopped_goes_out_when_it_comes_back(tmp_path: Path) -> None:
    async with SlackStub() as stub:
        stub.limit("chat.postMessage", 1.0, times=-1)
        async with served(tmp_path, **slack(stub.url)) as server, aiohttp.ClientSession() as http:
            raw, headers = signed(kudos(1))
            async with http.post(f"{server.url}/slack/events", data=raw, headers=headers) as answer:
                assert answer.status == 200
            await until(lambda: stub.named("chat.postMessage"))
            assert await server.end(signal.SIGTERM) == 0
        assert not any(stub.messages.values())
        stub.troubles.clear()
        async with served(tmp_path, **slack(stub.url)):
            await until(lambda: rows(tmp_path, "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)])
        # The card; and to the receiver who we are, and a word.
        assert sum(len(said) for said in stub.messages.values()) == 3


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        for command in ("serve", "demo"):
            done = run(tmp_path, command, "--port", port, TEAMS_APP_ID="")
            assert done.returncode == 2, command
            assert done.stderr == f"Port {port} is already in use on 127.0.0.1; choose another one with --port.\n"
    assert not (tmp_path / "kadens.db").exists()


def test_teams_without_authentication_stays_on_this_machine(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::"):
        done = run(tmp_path, "serve", "--host", host, "--port", "0", TEAMS_APP_ID="")
        assert done.returncode == 2 and "loopback" in done.stderr and done.stderr.count("\n") == 1


def test_a_host_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--host", "198.51.100.7", "--port", "0", **slack("http://127.0.0.1:1/"))
    assert (
        done.returncode == 2
        and done.stderr.startswith("Cannot listen on 198.51.100.7")
        and "Traceback" not in done.stderr
    )


# Under a clock that is not the real one. 2026-12-01 is a first Tuesday; 09:30 in Stockholm is 08:30 in UTC.


async def test_a_check_in_arrives_when_the_clock_on_the_wall_says_so(tmp_path: Path) -> None:
    """Ten times as fast as time, beginning a minute before."""
    env = {"LD_PRELOAD": str(faketime()), "FAKETIME": "@2026-12-01 08:29:00 x10", "TZ": "UTC"}
    async with SlackStub() as stub, served(tmp_path, **slack(stub.url), **env) as server:
        await until(lambda: rows(tmp_path, "SELECT count(*) FROM people")[0][0] == len(stub.users))
        assert not stub.named("chat.postMessage")
        await until(lambda: len(stub.named("chat.postMessage")) >= len(stub.users), 40)
        assert await server.end(signal.SIGTERM) == 0, server.log
    due = {moment[:19] for (moment,) in rows(tmp_path, "SELECT due_at FROM nudges WHERE rhythm = 'checkin'")}
    assert due == {"2026-12-01 08:30:00"}
    assert sorted(stub.messages) == ["D1", "D2", "D3"]
    assert rows(tmp_path, "SELECT count(*) FROM outbox WHERE sent_at < '2026-12-01 08:30'") == [(0,)]


@pytest.mark.slow
async def test_a_clock_that_jumps_nudges_once(tmp_path: Path) -> None:
    """Ten days forwards, back by an hour, and forwards again: the wall's clock only, as when a machine wakes up."""
    wall = tmp_path / "wall"

    def set_wall(moment: str) -> None:
        (tmp_path / "new").write_text(f"@{moment}\n")
        os.replace(tmp_path / "new", wall)

    set_wall("2026-11-21 08:29:00")
    env = {
        "LD_PRELOAD": str(faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(wall),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
    async with SlackStub() as stub, served(tmp_path, **slack(stub.url), **env) as server:
        await until(lambda: rows(tmp_path, "SELECT count(*) FROM people")[0][0] == len(stub.users))
        set_wall("2026-12-01 08:30:10")
        # To each: who we are, and the question.
        await until(lambda: len(stub.named("chat.postMessage")) == 2 * len(stub.users))
        set_wall("2026-12-01 07:29:00")
        await asyncio.sleep(4)
        assert await get(server, "/readyz") == (200, {"ready": True})
        set_wall("2026-12-01 09:45:00")
        await asyncio.sleep(4)
        assert await get(server, "/readyz") == (200, {"ready": True})
        assert await server.end(signal.SIGTERM) == 0, server.log
    assert len(stub.named("chat.postMessage")) == 2 * len(stub.users)
    asked = "FROM nudges WHERE rhythm = 'checkin' AND step = 0"
    assert rows(tmp_path, f"SELECT count(*), min(state), max(state) {asked}") == [(3, "said", "said")]
