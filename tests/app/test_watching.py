"""What an operator sees of a running Kadens: metrics, logs that belong together, and nobody's words in either."""

import json
import re
import signal
from pathlib import Path

import aiohttp

from tests.app.process import Served, served, signed, slack
from tests.app.test_serve import get, kudos, rows, until
from tests.platforms.slack_stub import SlackStub

TOKEN = "t0ken-of-sixteen-letters"
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')


async def give(server: Served, number: int, **other: str) -> int:
    raw, headers = signed({**kudos(number), **other})
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/slack/events", data=raw, headers=headers) as answer,
    ):
        return answer.status


async def read(server: Served, token: str = TOKEN) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/metrics", headers=headers) as answer:
        return answer.status, await answer.text()


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found = dict[str, list[tuple[dict[str, str], float]]]()
    for line in text.splitlines():
        if match := SAMPLE.fullmatch(line):
            found.setdefault(match[1], []).append((dict(LABEL.findall(match[2] or "")), float(match[3])))
    return found


def value(text: str, name: str, **labels: str) -> float:
    """All samples with these labels together."""
    return sum(number for has, number in samples(text).get(name, []) if labels.items() <= has.items())


async def test_what_happened_is_counted_and_nobody_is_in_it(tmp_path: Path) -> None:
    async with SlackStub() as stub, served(tmp_path, KADENS_METRICS_TOKEN=TOKEN, **slack(stub.url)) as server:
        for number in (1, 1, 2):
            assert await give(server, number) == 200
        await until(lambda: rows(tmp_path, "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)])
        assert (await get(server, "/nothing/U91"))[0] == 404
        status, text = await read(server)
        assert await server.end(signal.SIGTERM) == 0
    assert status == 200
    given = {"platform": "slack", "kind": "command", "feature": "kudos"}
    assert value(text, "kadens_turn_seconds_count", **given, outcome="done") == 2
    assert value(text, "kadens_turn_seconds_count", platform="slack", outcome="repeat") == 1
    assert value(text, "kadens_request_seconds_count", platform="slack", route="/slack/events", status="200") == 3
    assert value(text, "kadens_request_seconds_count", route="other", status="404") == 1
    assert value(text, "kadens_commit_seconds_count") == 2
    said = len(stub.named("chat.postMessage")) + len(stub.named("chat.postEphemeral"))
    assert value(text, "kadens_delivery_seconds_count", platform="slack", verb="post", outcome="sent") == said > 2
    assert value(text, "kadens_beat_seconds_count", outcome="done") >= 1
    assert value(text, "kadens_outbox_waiting") == 0 and value(text, "kadens_database_up") == 1
    assert value(text, "kadens_errors_total") == 0
    for word in ("U9", "U2", "a1", "b1", "T1", "C1", "thanks", "D1"):
        assert word not in re.sub(r"^# .*$", "", text, flags=re.M).replace("_count", ""), word


async def test_metrics_are_for_who_brings_the_token(tmp_path: Path) -> None:
    async with served(tmp_path, TEAMS_APP_ID="", KADENS_METRICS_TOKEN=TOKEN) as server:
        assert (await read(server))[0] == 200
        for wrong in ("", "t0ken", TOKEN.upper(), f"{TOKEN} "):
            status, text = await read(server, wrong)
            assert (status, json.loads(text)) == (404, {"error": "there is nothing here"}) or wrong.strip() == TOKEN
        assert await server.end(signal.SIGTERM) == 0
        assert TOKEN not in server.log
    async with served(tmp_path, TEAMS_APP_ID="", KADENS_LOG="text") as server:
        assert (await read(server, ""))[0] == 404  # without a token there is nothing, not even for ""
        assert (await get(server, "/metrics"))[0] == 404
        assert await server.end(signal.SIGTERM) == 0
    # And text for the eye where that is wanted, without colours where no terminal is.
    assert not server.said[-1].startswith("{") and "stopped" in server.said[-1] and "\x1b" not in server.log


async def test_what_goes_wrong_is_counted_and_all_lines_of_one_event_bear_its_name(tmp_path: Path) -> None:
    """Those of the turn, and those of the deliveries that come of it."""
    async with SlackStub() as stub, served(tmp_path, KADENS_METRICS_TOKEN=TOKEN, **slack(stub.url)) as server:
        stub.limit("chat.postMessage", 0.1, times=1)
        stub.fail("chat.postMessage", 500, times=2)  # which is written down
        assert await give(server, 1) == 200
        assert await give(server, 2, command="/frobnicate") == 200  # and so is this, in the turn
        await until(lambda: server.log.count("try 1 of") >= 2)
        _, text = await read(server)
        assert await server.end(signal.SIGTERM) == 0
    assert value(text, "kadens_delivery_seconds_count", outcome="slow_down") == 1
    assert value(text, "kadens_delivery_seconds_count", outcome="error") == 2
    assert value(text, "kadens_errors_total", during="delivery") == 2
    assert value(text, "kadens_turn_seconds_count", outcome="unheard", feature="") == 1
    assert value(text, "kadens_outbox_waiting", platform="slack") > 0
    assert value(text, "kadens_outbox_failing", platform="slack") > 0
    told = [json.loads(line) for line in server.said]
    (turned,) = [line for line in told if "nobody listens" in line["event"]]
    assert len(turned["request"]) == len(turned["turn"]) == 16 and turned["platform"] == "slack"
    tries = [line for line in told if "try 1 of" in line["event"]]
    assert len({line["turn"] for line in tries}) == 1 and tries[0]["turn"] != turned["turn"]
    assert {line["platform"] for line in tries} == {"slack"}
