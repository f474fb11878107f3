"""kill -9 between any two steps of sending: what was not sent is, and what was is looked up and not sent again."""

import asyncio
import signal
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest

from bot.core.cards import Card
from bot.core.effects import Tell
from bot.core.events import Command
from bot.platforms.slack.api import Api
from bot.platforms.slack.outbound import SlackPlatform
from bot.platforms.slack.workspaces import Own
from scheduler.delivery import LEASE, Delivery
from storage import outbox, waiting
from storage.outbox import OutboxRow
from tests.conftest import HALL, person, rows
from tests.faults.conftest import ROOT
from tests.faults.dies import FIFTH, STEPS
from tests.platforms.slack_stub import SlackStub

PEOPLE = 12


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_at_any_step_loses_nothing_and_doubles_nothing(store, url, step):
    ana = await person(store, "Ana")
    crowd = [await person(store, f"P{n}", account=f"U{n}") for n in range(PEOPLE)]
    async with store.transaction() as session:
        event = Command(id="e1", actor=ana, place=HALL, at=datetime.now(UTC), name="x")
        for number, someone in enumerate(crowd):
            await outbox.put(session, event, number, Tell(someone, Card("hello")))
    async with SlackStub() as stub:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.dies", url, stub.url, step, cwd=ROOT
        )
        assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
        assert len(said(stub)) >= (0 if step.startswith("claimed") else FIFTH)
        api = Api("xoxb-1", stub.url)
        try:
            await Delivery(store, {"slack": SlackPlatform(Own(api))}, lambda: datetime.now(UTC) + LEASE).run()
        finally:
            await api.close()
        marked = [row for row in await rows(store, OutboxRow) if row.sent_as]
        assert Counter(said(stub)) == Counter({row.key: 1 for row in marked}) and len(marked) == PEOPLE
        assert len(stub.named("conversations.history")) > 0
    async with store.reading() as session:
        assert (await waiting.backlog(session)).unsure == 0


def said(stub: SlackStub) -> list[str]:
    posted = [message for channel in stub.messages.values() for message in channel.values()]
    return [message["metadata"]["event_payload"]["key"] for message in posted]
