"""A thousand people and a million, side by side in one run: what one turn, one home, one page of a history and one
claim of the delivery take, p99 against p99. And how long a turn waits while a month is planned for the million.

A claim grows not with the people but with the workspaces in which something waits, of which it looks into 256 at most:
the thousand are one, the million nine hundred.

Each figure is of everything from the event that is taken in to the commit. The two databases take turns, one event
each; a round is a few hundred of them, and of the rounds' p99 the middle one counts.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar

from sqlalchemy import func, select

from bench.crowd import NOW, Crowd, fill
from bot.core.cards import mention
from bot.core.events import Action, Command, Opened
from bot.core.features import Routes
from bot.core.history import Query
from bot.core.people import Person, Place, stranger
from bot.core.sending import Can
from bot.turn import Turns
from handlers import FEATURES
from scheduler.nudges import plan
from scheduler.rounds import Lately
from storage import delivery, schema
from storage.delivery import Want
from storage.engine import Session, Store
from storage.nudges import nudges

SIZES, ALLOWED = (1_000, 1_000_000), 2.0
TIMES = 200  # of each, a round
CAN = Can(threads_in_direct=True, whispers=True, looks_back=True)
KINDS = ("kudos turn", "home", "history page", "history, words", "delivery claim")
Kind = TypeVar("Kind", Opened, Command, Action)
_numbers = count(1)


@dataclass
class Town:
    """One of the two databases, and the milliseconds of each round."""

    crowd: Crowd
    store: Store
    turns: Turns
    built: float = 0.0  # seconds
    times: dict[str, list[list[float]]] = field(default_factory=dict)

    def p99(self, kind: str) -> float:
        return median(quantiles(some, n=100, method="inclusive")[98] for some in self.times[kind])

    def p50(self, kind: str) -> float:
        return median(median(some) for some in self.times[kind])


@dataclass
class Found:
    towns: tuple[Town, ...]
    planned: int = 0
    seconds: float = 0.0  # of planning a month for the largest
    waited: float = 0.0  # milliseconds: the longest that a turn took meanwhile

    def ratio(self, kind: str) -> float:
        small, large = self.towns[0], self.towns[-1]
        return large.p99(kind) / small.p99(kind)


async def measure(
    folder: Path, rounds: int, sizes: tuple[int, ...] = SIZES, url: Callable[[str], str] | None = None
) -> Found:
    """`url` by the name of an empty database; without it they are SQLite's, in the folder."""
    place = url or (lambda name: f"sqlite+aiosqlite:///{folder / name}.db")
    found = Found(tuple([await _town(people, place(f"scale{people}")) for people in sizes]))
    try:
        for number in range(rounds + 1):
            for kind in KINDS:
                await _round(found.towns, kind, TIMES if number else 20, keep=bool(number))  # the first reads the file
        await _planning(found)
    finally:
        for town in found.towns:
            await town.store.close()
    return found


async def _town(people: int, url: str) -> Town:
    await schema.upgrade(url)
    store = Store(url)
    began = time.perf_counter()
    crowd = Crowd(people, store.dialect == "sqlite")
    await fill(store, crowd)
    turns = Turns(Routes(*FEATURES), store, dict.fromkeys(("slack", "teams", "playground"), CAN))
    return Town(crowd, store, turns, time.perf_counter() - began)


async def _round(towns: tuple[Town, ...], kind: str, times: int, keep: bool) -> None:
    took: dict[int, list[float]] = {town.crowd.people: [] for town in towns}
    for number in range(times):
        for town in towns if number % 2 else reversed(towns):
            work = _work(town, kind)
            began = time.perf_counter()
            await work()
            took[town.crowd.people].append((time.perf_counter() - began) * 1e3)
    for town in towns if keep else ():
        town.times.setdefault(kind, []).append(took[town.crowd.people])


def _work(town: Town, kind: str) -> Callable[[], Awaitable[Any]]:
    """Whoever gives kudos or is looked at is somebody else each time; what is not the same for all is person 0's."""
    if kind == "delivery claim":
        return lambda: _claim(town)
    first, looked = _person(town.crowd, 0), _person(town.crowd, _somebody(town.crowd))
    events: dict[str, Callable[[], Opened | Command | Action]] = {
        "kudos turn": lambda: _kudos(town.crowd),
        "home": lambda: _of(Opened, looked),
        "history page": lambda: _of(Command, first, name="kadens history"),
        "history, words": lambda: _of(Action, first, action="history.show", value=str(Query(words="number 499"))),
    }
    event = events[kind]()
    return lambda: town.turns.take(event)


def _somebody(crowd: Crowd) -> int:
    while crowd.away(number := random.randrange(crowd.people)):
        pass
    return number


def _person(crowd: Crowd, number: int) -> Person:
    """As a payload names them."""
    return stranger(f"slack:T{crowd.base(number)}", f"U{number}", f"Person {number}")


def _of(kind: type[Kind], who: Person, place: Place | None = None, **more: Any) -> Kind:
    base: dict[str, Any] = {"id": f"look{next(_numbers)}", "actor": who, "place": place or who.home, "at": NOW}
    return kind(**base, **more)


def _kudos(crowd: Crowd) -> Command:
    giver = _somebody(crowd)
    actor, whom = _person(crowd, giver), _person(crowd, crowd.beside(giver))
    place = Place(actor.workspace, "C1", kind="public")
    return _of(Command, actor, place, name="kudos", text=f"{mention(whom)} for the help #care", mentions=(whom,))


async def _claim(town: Town) -> None:
    """What a process that delivers asks for: the last turns' messages wait among all that was ever sent."""
    now = NOW + timedelta(seconds=next(_numbers))

    async def work(session: Session) -> None:
        await delivery.claim(session, now, now + timedelta(minutes=2), Want(2, {"slack": CAN}))

    await town.store.unit(work)


async def _planning(found: Found) -> None:
    """The month of the largest; what the process would have looked at since midnight it has looked at."""
    town, lately = found.towns[-1], Lately()
    await plan(town.store, NOW.replace(hour=0, minute=30), lately)
    before, longest, over = await _rows(town.store), [0.0], asyncio.Event()

    async def turns() -> None:
        while not over.is_set():
            event, began = _kudos(town.crowd), time.perf_counter()
            await town.turns.take(event)
            longest.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(0.005)

    meanwhile, began = asyncio.create_task(turns()), time.perf_counter()
    await plan(town.store, NOW, lately)
    found.seconds = time.perf_counter() - began
    over.set()
    await meanwhile
    found.planned, found.waited = await _rows(town.store) - before, max(longest)


async def _rows(store: Store) -> int:
    async with store.reading() as session:
        return int(await session.value(select(func.count()).select_from(nudges)))


def figures(found: Found) -> dict[str, Any]:
    """Milliseconds; `ratio`: of the p99s."""
    small, large = found.towns[0], found.towns[-1]
    return {
        "people": [town.crowd.people for town in found.towns],
        "built": {"seconds": [round(town.built, 1) for town in found.towns]},
        **{
            kind: {
                **{size: {"p50": round(town.p50(kind), 2), "p99": round(town.p99(kind), 2)}
                   for size, town in (("small", small), ("large", large))},
                "ratio": round(found.ratio(kind), 2),
            }
            for kind in KINDS
        },
        "planning": {"rows": found.planned, "seconds": round(found.seconds, 2), "longest turn": round(found.waited, 1)},
    }  # fmt: skip


def table(found: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    few, many = (f"{people:,} people" for people in found["people"])
    yield f"p99, of at most {ALLOWED:.0f} times", few, many, "ratio"
    for kind in KINDS:
        took = found[kind]
        yield f"  {kind}", f"{took['small']['p99']:.1f} ms", f"{took['large']['p99']:.1f} ms", f"{took['ratio']:.2f}"
    month = found["planning"]
    longest = f"{month['longest turn']:.0f} ms"
    yield f"  planning {month['rows']:,} · longest turn then", f"{month['seconds']:.1f} s", longest, ""
