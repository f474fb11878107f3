"""kill -9 of `kadens serve` itself, with all its features, over a stand-in for Slack that looks back as Slack does."""

import asyncio
import json
import os
import random
import signal
import socket
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from sqlalchemy import update

from bot.core.settings import RHYTHMS, WEEKDAYS, Settings
from storage import outbox, schema, waiting
from storage.engine import Store
from storage.nudges import NudgeRow
from storage.outbox import OutboxRow
from tests.conftest import SLACK, count, crowd, rows, until
from tests.faults.conftest import ROOT
from tests.platforms.slack_stub import SlackStub, user

PEOPLE = 120


def always() -> dict:
    """A check-in each week that is due today, at whatever hour of whatever day this test is run."""
    today = WEEKDAYS[datetime.now(UTC).weekday()]
    return {
        "people": {"zone": "UTC", "days": list(WEEKDAYS), "start": "00:00", "end": "23:59"},
        "quiet": {"start": "00:00", "end": "00:00"},
        "messages": {"week": 0},
        "rhythms": {
            **{key: {"whom": "nobody"} for key in RHYTHMS},
            "checkin": {"every": "week", "on": today, "at": "00:00", "remind": []},
        },
    }


class Serving:
    def __init__(self, folder, stub: SlackStub) -> None:
        self.folder, self.stub, self.processes = folder, stub, list[asyncio.subprocess.Process]()
        self.url = f"sqlite+aiosqlite:///{folder / 'kadens.db'}"
        (folder / "app.yaml").write_text(json.dumps(always()))  # JSON is YAML
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    async def start(self) -> asyncio.subprocess.Process:
        secrets = {"SLACK_SIGNING_SECRET": "s" * 32, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": self.stub.url}
        env = {**os.environ, **secrets, "DATABASE_URL": self.url, "PYTHONPATH": str(ROOT)}
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", "--port", str(self.port),
                cwd=self.folder, env=env, stdout=log, stderr=log,
            )  # fmt: skip
        self.processes.append(process)
        return process

    async def ready(self) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}/readyz") as reply:
                return reply.status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def clear_up(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @property
    def said(self) -> Counter[str]:
        """How often each message stands in Slack, by our key."""
        posted = [message for channel in self.stub.messages.values() for message in channel.values()]
        return Counter(message["metadata"]["event_payload"]["key"] for message in posted)


async def leases_run_out(store: Store) -> None:
    """Three minutes pass, for the messages that a process held which is no more."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with store.transaction() as session:
        await session.run(update(outbox.outbox).where(outbox.row.lease_until.is_not(None)).values(lease_until=past))


async def quiet(store: Store) -> bool:
    left = await count(store, NudgeRow, state="owed") + await count(store, OutboxRow, sent_at=None)
    return not left and await count(store, NudgeRow, state="said") >= PEOPLE


async def killed(serving: Serving, store: Store, kills: int) -> None:
    chance = random.Random(5)
    for _ in range(kills):
        process = await serving.start()
        if chance.random() < 0.8:  # some die while they start, most in the middle of their work
            await until(serving.ready, 30)
        await asyncio.sleep(chance.uniform(0, 1.5))
        assert process.returncode is None, (serving.folder / "log").read_text()[-2000:]
        process.kill()
        await process.wait()
        await leases_run_out(store)
    serving.stub.rate = 0
    process = await serving.start()
    await until(lambda: quiet(store), 120)
    await until(serving.ready, 20)  # before that nobody listens for a signal
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest.fixture
async def stub():
    async with SlackStub(rate=3) as stub:
        stub.users = [user(f"U{n}", f"person{n}") for n in range(PEOPLE)]
        stub.page = 200
        stub.hang("chat.postMessage", 0.1, times=-1)  # so that many a kill falls between a send and its answer
        yield stub


@pytest.fixture
async def serving(stub, tmp_path):
    serving = Serving(tmp_path, stub)
    await schema.upgrade(serving.url)
    yield serving
    await serving.clear_up()


@pytest.fixture
async def store(serving):
    store = Store(serving.url, Settings.model_validate(always()))
    await crowd(store, PEOPLE, workspace=SLACK)
    yield store
    await store.close()


@pytest.mark.slow
async def test_kadens_serve_killed_fifty_times_tells_everybody_once(serving, store, stub):
    await killed(serving, store, kills=50)
    sent = [row for row in await rows(store, OutboxRow) if row.verb == "post"]
    nudges = await rows(store, NudgeRow)
    async with store.reading() as session:
        backlog = await waiting.backlog(session)
    said = serving.said
    looked_up = sum(1 for call in stub.calls if call.method in ("conversations.history", "conversations.replies"))
    slowed = sum(1 for call in stub.calls if call.outcome == "429")
    print(
        f"\n50 kills of `kadens serve`, {len(nudges)} nudges, {len(sent)} messages: {len(sent) - len(said)} lost, "
        f"{sum(said.values()) - len(said)} doubled; {backlog.unsure} of unknown outcome, {looked_up} looked up, "
        f"{slowed} slowed down"
    )
    assert {nudge.state for nudge in nudges} == {"said"} and len(nudges) == PEOPLE
    assert said == Counter({row.key: 1 for row in sent}), "everything once"
    assert len({row.conversation for row in sent}) == PEOPLE
    assert (backlog.waiting, backlog.failed, backlog.unsure) == (0, 0, 0)
    assert looked_up, "some were killed between a send and its mark"
