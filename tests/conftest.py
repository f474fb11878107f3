"""A small company on a store that is real, a clock that stands still, and the platform that remembers."""

import asyncio
import inspect
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count as numbers
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, event, func, select
from sqlmodel import SQLModel

from bot.core.calendar import Calendar
from bot.core.cards import Button, Buttons, Card
from bot.core.effects import Answer
from bot.core.events import Action, Arrived, Command, Due, Reaction, Submission, Words
from bot.core.features import Feature, Routes
from bot.core.people import Person, Place
from bot.core.sending import Can, Outgoing
from bot.core.settings import Messages, Settings
from bot.platforms.memory import ALL, Memory
from bot.turn import Turns
from scheduler.delivery import Delivery
from storage import people as folk
from storage import schema
from storage.engine import Store, table
from tests import postgres

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)  # a Friday
SLACK, TEAMS, DEMO = "slack:T1", "teams:t1", "playground:demo"
HALL = Place(SLACK, "C1", kind="public")


def unbound(settings: Settings) -> Settings:
    """All is told at once: how much is enough for a week has tests of its own."""
    return settings.model_copy(update={"messages": Messages(week=0)})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what the tests keep things in; with postgresql only those run that keep anything",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the one process that all others of a run belong to
        place = postgres.place()
        os.environ["KADENS_TEST_SERVER"] = str(place.__enter__())
        config.add_cleanup(lambda: place.__exit__(None, None, None))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("database") == "postgresql":
        stored = [item for item in items if "databases" in getattr(item, "fixturenames", ())]
        meant = [item for item in stored if not item.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(meant)])
        items[:] = meant


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, made once: copying it is faster than making them for each test."""
    path = tmp_path_factory.mktemp("empty") / "kadens.db"
    engine = create_engine(f"sqlite:///{path}")
    schema.metadata().create_all(engine)
    with engine.connect() as connection:  # as each store wants it: to change it waits for the disk
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def server() -> postgres.Server:
    """This test run's PostgreSQL, with a database "empty" that has all tables. To stop one, begin your own."""
    return postgres.shared(Path(os.environ["KADENS_TEST_SERVER"]))


Databases = Callable[..., str]


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """`databases()`: the URL of a new database with all tables; `databases(tables=False)`: of one that has none yet.
    They are gone after the test."""
    made = list[str]()
    if request.node.get_closest_marker("postgresql") or request.config.getoption("database") == "postgresql":
        server: postgres.Server = request.getfixturevalue("server")

        def make(tables: bool = True) -> str:
            made.append(f"kadens_{uuid4().hex}")
            return server.database(made[-1], "empty" if tables else "template0")

        yield make
        for name in made:
            server.drop(name)
    else:
        empty: Path = request.getfixturevalue("empty_database")

        def make(tables: bool = True) -> str:
            made.append(f"kadens{len(made) or ''}.db")
            if tables:
                shutil.copy(empty, tmp_path / made[-1])
            return f"sqlite+aiosqlite:///{tmp_path / made[-1]}"

        yield make


@pytest.fixture
def url(databases: Databases) -> str:
    """The address of a database of this test's own, for tests that open it themselves or from another process."""
    return databases()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = Store(url, unbound(Settings()))
    yield store
    await store.close()


async def count(store: Store, row: type[SQLModel], **where: Any) -> int:
    """How many rows of this kind there are, those with these values only."""
    wanted = table(row)
    query = select(func.count()).select_from(wanted).where(*(wanted.c[name] == value for name, value in where.items()))
    async with store.reading() as session:
        return int(await session.value(query))


async def rows(store: Store, row: type[SQLModel], **where: Any) -> list[Any]:
    wanted = table(row)
    async with store.reading() as session:
        return list(await session.all(select(wanted).where(*(wanted.c[name] == v for name, v in where.items()))))


async def person(
    store: Store,
    name: str,
    zone: str = "UTC",
    country: str = "",
    *,
    workspace: str = SLACK,
    account: str | None = None,
    calendar: Calendar | None = None,
    started: date | None = None,
    **values: Any,
) -> Person:
    """Somebody the store knows from now on. Account and id follow from the name: Ana is `U-ana` and `ana`."""
    id, defaults = name.lower(), store.settings.people
    calendar = calendar or defaults.calendar(zone, country)
    row = {
        "id": id,
        "company": workspace,
        "workspace": workspace,
        "account": account or f"U-{id}",
        "name": name,
        "lang": "en",
        "zone": calendar.zone,
        "country": calendar.country,
        "calendar": calendar.key,
        "started": started,
        **values,
    }
    async with store.transaction() as session:
        await session.run(folk.people.insert().values(row))
        account_row = {"workspace": workspace, "account": row["account"], "person": id}
        await session.run(folk.accounts.insert().values(account_row))
        found = await folk.by_id(session, id)
    assert found is not None
    return found


async def crowd(store: Store, number: int, zones: Iterable[str] = ("UTC",), workspace: str = SLACK) -> None:
    """Many people at once, `p0` and up, spread over the zones."""
    keys = [store.settings.people.calendar(zone).key for zone in zones]
    many = [
        {"id": f"p{n}", "company": workspace, "workspace": workspace, "account": f"U{n}", "name": f"Person {n}",
         "lang": "en", "zone": keys[n % len(keys)].partition("|")[0], "calendar": keys[n % len(keys)]}
        for n in range(number)
    ]  # fmt: skip
    theirs = [{"workspace": workspace, "account": row["account"], "person": row["id"]} for row in many]
    async with store.transaction() as session:
        await session.run(folk.people.insert(), many)
        await session.run(folk.accounts.insert(), theirs)


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database meanwhile, with the values; of a statement for many rows, theirs."""
    found = list[tuple[str, Any]]()

    def note(_: Any, __: Any, statement: str, values: Any, *rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            found.append((statement, values))

    for engine in store.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        for engine in store.engines:
            event.remove(engine, "before_cursor_execute", note)


class Desk:
    """One company at work: turns over the given features, a remembering platform, and a clock moved by hand.

    What people do is a method each; `deliver` sends what waits and returns what arrived by that. Every event has its
    own id unless one is given: `id="e1"` twice is the same event twice.
    """

    def __init__(self, store: Store, *features: Feature, now: datetime = NOON, platform: Memory | None = None) -> None:
        self.store, self.now, self.platform = store, now, platform or Memory()
        self.routes = Routes(*features)
        self._ids = numbers(1)

    @property
    def cans(self) -> dict[str, Can]:
        return dict.fromkeys(("slack", "teams", "playground"), self.platform.can)

    @property
    def turns(self) -> Turns:
        return Turns(self.routes, self.store, self.cans)

    def clock(self) -> datetime:
        return self.now

    def later(self, **duration: float) -> None:
        """Move the clock: `later(hours=2)`."""
        self.now += timedelta(**duration)

    async def person(self, name: str, *where: Any, **values: Any) -> Person:
        return await person(self.store, name, *where, **values)

    def base(self, actor: Person, place: Place | None, **more: Any) -> dict[str, Any]:
        event = {"id": f"e{next(self._ids)}", "actor": actor, "place": place or actor.home, "at": self.now}
        return {**event, "settings": self.store.settings, **more}

    async def take(self, event: Arrived) -> Answer | None:
        return await self.turns.take(event)

    async def say(self, actor: Person, text: str, place: Place | None = None, **more: Any) -> Answer | None:
        """Plain words; without a place in the direct conversation with the bot."""
        message = more.pop("message", f"w{next(self._ids)}")
        return await self.take(Words(**self.base(actor, place, **more), text=text, message=message))

    async def command(
        self, actor: Person, name: str, text: str = "", place: Place | None = None, **more: Any
    ) -> Answer | None:
        """A slash command, which may open a form."""
        return await self.take(Command(**self.base(actor, place, **{"opens": True, **more}), name=name, text=text))

    async def act(
        self, actor: Person, action: str, value: str = "", place: Place | None = None, **more: Any
    ) -> Answer | None:
        base = self.base(actor, place, **{"opens": True, **more})
        return await self.take(Action(**base, action=action, value=value))

    async def press(self, actor: Person, label: str, **more: Any) -> Answer | None:
        """The last shown button with this label, pressed where it stands. LookupError when there is none."""
        for id, message in reversed(list(self.platform.shown.items())):
            reader = message.only_for or (message.place.conversation if message.place.kind == "direct" else None)
            if reader not in (None, actor.account):
                continue
            for button in buttons(message.card):
                if button.label == label:
                    place = message.place
                    where = Place(place.workspace, place.conversation, place.thread or id, place.kind)
                    return await self.act(actor, button.action, button.value, where, **more)
        raise LookupError(f"no button {label!r}; there are {[b.label for m in self.shown(actor) for b in buttons(m)]}")

    async def submit(
        self, actor: Person, form: str, value: str = "", place: Place | None = None, **more: Any
    ) -> Answer | None:
        return await self.take(Submission(**self.base(actor, place, **more), form=form, value=value))

    async def react(self, actor: Person, emoji: str, message: str, place: Place, **more: Any) -> Answer | None:
        more = {"author": None, **more}
        extra = {name: more.pop(name) for name in ("author", "removed") if name in more}
        base = self.base(actor, place, **more)
        return await self.take(Reaction(**base, emoji=emoji, message=message, **extra))

    async def due(self, actor: Person, rhythm: str, period: str, step: int = 0) -> Answer | None:
        """A rhythm's moment, without waiting for it."""
        base = self.base(actor, None, id=f"due/{actor.id or actor.account}/{rhythm}/{period}/{step}")
        return await self.take(Due(**base, rhythm=rhythm, period=period, step=step))

    async def deliver(self) -> list[Outgoing]:
        """Send what waits, and return what arrived."""
        before = len(self.platform.sent)
        await Delivery(self.store, dict.fromkeys(self.cans, self.platform), self.clock).run()
        return self.platform.sent[before:]

    def shown(self, reader: Person) -> list[Card]:
        """The cards that stand in this person's direct conversation, the oldest first."""
        home = (reader.workspace, reader.account)
        shown = self.platform.shown.values()
        return [m.card for m in shown if (m.place.workspace, m.place.conversation) == home and m.card]


Company = Callable[..., Desk]


@pytest.fixture
def company(store: Store) -> Company:
    """`company(kudos, grow, now=…, can=…, settings=…)`: a Desk over these features."""

    def make(*features: Feature, can: Can = ALL, settings: Settings | None = None, **more: Any) -> Desk:
        if settings:
            store.settings = settings if "messages" in settings.model_fields_set else unbound(settings)
        return Desk(store, *features, platform=Memory(can), **more)

    return make


def buttons(card: Card | None) -> list[Button]:
    return [button for part in (card.parts if card else ()) if isinstance(part, Buttons) for button in part.row]


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait for what happens elsewhere. TimeoutError when it does not."""
    async with asyncio.timeout(seconds):
        # What is waited for may be in another process, which sets no Event of ours.
        while not (await found if inspect.isawaitable(found := condition()) else found):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
