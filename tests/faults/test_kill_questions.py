"""kill -9 while goals' questions and reminders of feedback are due: everybody is asked each, once."""

import asyncio
import contextlib
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from bot.core.goals import Goal
from bot.core.people import Person
from bot.core.requests import FeedbackRequest, day_after
from bot.core.wording import wording
from storage import people as folk
from storage.followups import FollowUp, FollowUpRow
from storage.goals import GoalRow, NewGoal
from storage.nudges import NudgeRow
from storage.requests import CLOSE, REMIND, Asked
from tests.conftest import crowd, rows, until
from tests.faults.conftest import MONDAY, House
from tests.faults.test_kill import ZONES, settled

updates, requests = wording("updates"), wording("requests")
PEOPLE = 80
LONG_AGO = MONDAY - timedelta(days=19)  # with a word every 21 days, their questions are due on Wednesday
STALE, REMINDED = "stale", "reminded"


async def furnish(house: House) -> None:
    """Each has a goal of which nothing is heard, and is asked for feedback by the one before."""
    await crowd(house.store, PEOPLE, ZONES)
    async with house.store.transaction() as session:
        known = await folk.many(session, [f"p{n}" for n in range(PEOPLE)])
        people = [known[f"p{n}"] for n in range(PEOPLE)]
        for n, each in enumerate(people):
            goal = Goal(id=f"goal:{n}", company=each.company, title="Fewer calls", at=LONG_AGO, set_by=each.id,
                        person=each.id, kind="development")  # fmt: skip
            await NewGoal(goal).save(session)
            await ask(session, people[n - 1], each, f"request:{n}", MONDAY)


async def ask(session: object, by: Person, whom: Person, id: str, at: datetime) -> None:
    closes = day_after(by, at, 20)
    await Asked(FeedbackRequest(id, by, by, "How do I do?", at, closes, asked=((whom, "asked"),))).save(session)  # type: ignore[arg-type]
    await FollowUp(by.id, CLOSE, id, closes).save(session)  # type: ignore[arg-type]
    await FollowUp(whom.id, REMIND, id, day_after(whom, at, 3)).save(session)  # type: ignore[arg-type]


def told(house: House) -> Counter[tuple[str, str]]:
    """How often each was asked about their goals, and reminded of a request."""
    found = Counter[tuple[str, str]]()
    for message in house.recorder.arrived:
        if message["title"] == updates("en", "stale_title", n=1):
            found[message["conversation"], STALE] += 1
        elif message["title"].endswith(requests("en", "remind_1", by="")):
            found[message["conversation"], REMINDED] += 1
    return found


@pytest.mark.slow
@pytest.mark.both
@pytest.mark.parametrize("seed", [3, 4])
async def test_killed_while_questions_and_reminders_are_due(house: House, seed: int) -> None:
    house.features, chance, kills = "all", random.Random(seed), 6
    house.recorder.slow_down = 0.02
    await furnish(house)
    house.clock.set(MONDAY + timedelta(days=3, hours=6))  # Thursday noon: all of them are due
    for _ in range(kills):
        before = len(house.recorder.arrived)
        worker = await house.start()
        with contextlib.suppress(TimeoutError):  # it takes seconds to start: most die in the middle of their work
            await until(lambda before=before: len(house.recorder.arrived) > before, chance.uniform(2, 8))  # type: ignore[misc]
        await asyncio.sleep(chance.uniform(0, 0.1))
        await house.kill(worker)
        if len(told(house)) > PEOPLE:  # half of it: what is left is for the one that finishes
            break
    killed_in = len(told(house))
    worker = await house.start()
    await until(lambda: worker.returncode is not None or len(told(house)) >= 2 * PEOPLE, 60)
    assert worker.returncode is None, "it died by itself"
    await settled(house)
    await house.end(worker)
    found, everybody = told(house), {(f"U{n}", what) for n in range(PEOPLE) for what in (STALE, REMINDED)}
    doubled = sum(times - 1 for times in found.values())
    lost = len(everybody - found.keys())
    print(f"\n{kills} kills, {len(everybody)} questions, {killed_in} said by then: {lost} lost, {doubled} doubled")
    assert 0 < killed_in < len(everybody), "killed in the middle of it"
    assert found.keys() == everybody and set(found.values()) == {1}
    said = [row for row in await rows(house.store, NudgeRow) if row.rhythm in ("goals", REMIND)]
    assert {row.state for row in said} == {"said"} and len(said) == 2 * PEOPLE
    assert {row.silent for row in await rows(house.store, GoalRow)} == {1}
    planned = [row for row in await rows(house.store, FollowUpRow) if row.rhythm == "goals"]
    assert len(planned) == PEOPLE and not any(row.planned for row in planned)
