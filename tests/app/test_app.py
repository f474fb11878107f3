"""The parts put together, without a process: readiness, and logs that keep people's words to themselves."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot import logs
from bot.app import SILENT, App, Pulse, build
from bot.core.settings import Settings
from bot.settings import Mistake, Secrets
from storage import schema

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was before."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


async def test_nothing_configured_is_a_mistake(url: str) -> None:
    with pytest.raises(Mistake, match="Neither Slack nor Teams"):
        build(Secrets(url), Settings())
    with pytest.raises(Mistake, match="loopback"):
        build(Secrets(url, teams_app_id=""), Settings(), loopback=False)


async def test_it_is_ready_only_while_the_clock_beats_and_things_are_delivered(tmp_path: object) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/kadens.db"
    app = build(Secrets(database, teams_app_id=""), Settings())
    assert "kadens db upgrade" in str(await app.unready())
    await schema.upgrade(database)
    assert await app.unready() == "nothing is being delivered"
    await app.start()
    assert await app.unready() is None
    app.pulse._last -= SILENT + 1
    assert "has not beaten for 31 seconds" in str(await app.unready())
    app.pulse()
    assert await app.unready() is None
    await app.stop()
    assert await app.unready() == "stopping"


async def test_many_who_ask_at_once_whether_it_is_ready_all_hear_it(url: str) -> None:
    app = build(Secrets(url, teams_app_id=""), Settings())
    # Whoever asks again at once begins the next look while others still wait to read the last one.
    looked = await asyncio.gather(*(_again(app) for _ in range(20)))
    assert len({str(why) for some in looked for why in some}) == 1
    await app.stop()


async def _again(app: App) -> list[str | None]:
    return [await app.unready() for _ in range(5)]


async def test_stopping_twice_or_before_the_start_does_no_harm(url: str) -> None:
    app = build(Secrets(url, slack_bot_token="xoxb-1", slack_signing_secret="x", teams_app_id=""), Settings())
    await app.stop()
    await app.stop()


def test_the_pulse_passes_the_time_on() -> None:
    pulse = Pulse(lambda: NOON)
    assert pulse() == NOON and 0 <= pulse.silent < 1


def test_logs_are_json_without_what_people_said(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", told := io.StringIO())
    logs.set_up()
    try:
        raise ValueError("the words of somebody")
    except ValueError as error:
        logging.getLogger("storage.kudos").exception("it broke")
        logging.getLogger("storage.kudos").error("it broke", exc_info=error)
    logging.getLogger("storage.kudos").info("three nudges planned")
    logging.getLogger("somebody.else").info("chatter")
    logging.getLogger("somebody.else").warning("look %s", "here")
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["it broke", "it broke", "three nudges planned", "look here"]
    assert lines[0]["error"] == lines[1]["error"] == "ValueError" and "test_app.py" in lines[0]["where"][-1]
    assert "words of somebody" not in told.getvalue() and "Traceback" not in told.getvalue()


async def test_what_nobody_caught_is_said_without_its_words(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", told := io.StringIO())
    logs.set_up()
    asyncio.get_running_loop().set_exception_handler(logs.unhandled)

    async def breaks() -> None:
        raise LookupError("the words of somebody")

    task = asyncio.create_task(breaks())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    await asyncio.sleep(0)
    line = json.loads(told.getvalue())
    assert (line["event"], line["error"]) == ("nobody caught this", "LookupError")
    assert "words of somebody" not in told.getvalue()
