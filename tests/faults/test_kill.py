"""kill -9, at any moment: everybody is told everything, once."""

import asyncio
import random

import pytest

from storage.nudges import NudgeRow
from tests.conftest import crowd, rows
from tests.faults.conftest import House

ZONES = ("Europe/Amsterdam", "Europe/London", "Europe/Helsinki")


async def killed(house: House, kills: int, people: int, seed: int) -> None:
    """Kill the process so many times while it works through week after week; then let one finish in peace."""
    chance, done = random.Random(seed), 0
    await crowd(house.store, people, ZONES)
    await house.to_the_next_moment()
    for _ in range(kills):
        if await house.said() > done and await house.quiet():
            done = await house.said()
            await house.to_the_next_moment()  # always something to be killed in
        worker = await house.start()
        # It takes about a second to start: some die before they have done anything, most in the middle of it.
        await asyncio.sleep(chance.uniform(0.3, 2.2))
        await house.kill(worker)
    worker = await house.start()
    await settled(house)
    for _ in range(2 * len(ZONES)):  # where the day begins later the round is still to come
        if await complete(house, people):
            break
        await house.to_the_next_moment()
        await settled(house)
    await house.end(worker)


async def complete(house: House, people: int) -> bool:
    nudges = await rows(house.store, NudgeRow)
    return len(nudges) == people * len({(n.rhythm, n.period, n.step) for n in nudges})


async def settled(house: House) -> None:
    """Nothing is left to do at this moment: not once, but for as long as a plan could still be on its way."""
    async with asyncio.timeout(90):
        calm = 0
        while calm < 12:
            await asyncio.sleep(0.25)
            calm = calm + 1 if await house.quiet() else 0


def expected(nudges) -> dict[tuple[str, str], int]:
    told = {}
    for nudge in nudges:
        title = f"{nudge.rhythm} {nudge.period} {nudge.step}"
        conversation = "U" + nudge.person.removeprefix("p")
        told[conversation, title] = told[conversation, f"{title} question"] = 1
    return told


async def check(house: House, people: int, kills: int) -> None:
    nudges = await rows(house.store, NudgeRow)
    rounds = {(n.rhythm, n.period, n.step) for n in nudges if n.state == "said"}
    wanted = expected(n for n in nudges if n.state == "said")
    told, unsure = house.nudges(), await house.unsure()
    print(
        f"\n{kills} kills, {people} people, {len(rounds)} rounds, {len(wanted)} messages: "
        f"{len(wanted.keys() - told.keys())} lost, {house.recorder.doubled} doubled; {unsure} of unknown outcome, "
        f"{house.recorder.looked_up} looked up, {house.recorder.slowed} slowed down, {house.recorder.broke} broken off"
    )
    assert told.keys() == wanted.keys(), "nothing lost, nothing invented"
    assert {n.state for n in nudges} == {"said"} and len(nudges) == len(rounds) * people, "everybody, every round"
    house.check_order()
    if house.looks_back:
        assert told == wanted, "nothing doubled"
        assert unsure == 0
    else:
        assert house.recorder.doubled <= unsure


async def test_killed_a_few_times(house):
    house.recorder.slow_down = 0.03
    await killed(house, kills=3, people=24, seed=7)
    await check(house, people=24, kills=3)


@pytest.mark.slow
@pytest.mark.parametrize("looks_back", [True, False], ids=["looks back", "cannot look back"])
async def test_killed_fifty_times(house, looks_back):
    house.looks_back = looks_back
    house.recorder.slow_down, house.recorder.break_off = 0.02, 0.02
    await killed(house, kills=50, people=60, seed=11)
    await check(house, people=60, kills=50)
