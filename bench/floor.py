"""The floor under our intake: a bolt app whose listener does nothing but what a kudos turn asks of the database, said
by the drivers themselves, and acknowledges. `python -m bench.floor PORT DATABASE_URL`.

At the start it takes one turn of each person and notes the statements with their values; a request says those of the
next one again, with ids of its own. Nothing is read, decided or written out as a card: no bot in Python that keeps what
ours keeps could take in more, whoever writes it.

What it reaches of a bare bolt, and what ours does, stands in docs/deploy.md. Of the 0.6 ms that a request of ours takes
on SQLite half is the turn (0.15 its statements, then deciding, three cards in the languages of who reads them, and rows
made of them), a third the web server and bolt, the rest reading what came and the beat of the clock.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count, cycle
from typing import Any

import asyncpg
from sqlalchemy import Connection, event, make_url

from bench.intake import PEOPLE
from bench.obvious import Work, serve
from bot.core.cards import mention
from bot.core.events import Command
from bot.core.features import Routes
from bot.core.people import Place, stranger
from bot.core.sending import Can
from bot.core.settings import Settings
from bot.turn import Turns
from handlers import FEATURES
from storage import schema
from storage.engine import Store

SETTINGS: Mapping[str, Any] = {"kudos": {"allowance": {"default": 1_000_000}}, "messages": {"week": 0}}
Statement = tuple[str, Any, bool]  # with its values, or with many of them


@dataclass(frozen=True)
class Noted:
    """A turn: its event's two names, which stand in what it keeps, and all that it asked of the database."""

    id: str
    ref: str
    said: list[Statement]

    def again(self, number: int) -> list[Statement]:
        """As another event would."""
        others = {self.id: f"{self.id}-{number}", self.ref: f"{self.ref}-{number}"}
        return [(sql, _renamed(row, others), many) for sql, row, many in self.said]


def _renamed(values: Any, others: Mapping[str, str]) -> Any:
    if isinstance(values, str):
        for one, other in others.items():
            values = values.replace(one, other)
        return values
    return tuple(_renamed(each, others) for each in values) if isinstance(values, list | tuple) else values


async def noted(store: Store) -> list[Noted]:
    """What one turn of each person asks of the database."""
    turns = Turns(Routes(*FEATURES), store, {"slack": Can(threads_in_direct=True, whispers=True, looks_back=True)})
    found, heard = list[Noted](), list[Statement]()
    for engine in store.engines:
        event.listen(engine, "before_cursor_execute", lambda c, cu, sql, row, x, many: heard.append((sql, row, many)))
    for number in range(2 * PEOPLE):  # the first time they are met
        giver, receiver = (stranger("slack:T1", f"U{n % PEOPLE}", "somebody") for n in (number, number * 7 + 1))
        place = Place("slack:T1", f"C{number % 20}", kind="public")
        said = f"{mention(receiver)} for the help #care"
        heard.clear()
        base: dict[str, Any] = {"id": f"floor{os.getpid()}.{number}x", "actor": giver, "place": place}
        told = Command(**base, at=datetime.now(UTC), name="kudos", text=said, mentions=(receiver,))
        await turns.take(told)
        if number >= PEOPLE:
            found.append(Noted(told.id, told.ref, [each for each in heard if not each[0].startswith("BEGIN")]))
    return found


async def replaying(url: str) -> Work:
    await schema.upgrade(url)
    store = Store(url, Settings.model_validate(SETTINGS))
    store.listen()  # as a server does: the others are told after the commit
    turns, numbers = cycle(await noted(store)), count()
    if store.dialect == "sqlite":

        async def sqlite(command: dict[str, Any]) -> None:
            assert store._together  # as many to a commit as ours
            await store._together.run(partial(_said, next(turns).again(next(numbers))))

        return sqlite
    dsn = make_url(url).set(drivername="postgresql").render_as_string(False)
    pool = await asyncpg.create_pool(dsn, reset=_as_it_is)

    async def postgres(command: dict[str, Any]) -> None:
        async with pool.acquire() as connection:
            await connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({(number := next(numbers)) % PEOPLE})")
            for sql, row, many in next(turns).again(number):
                await (connection.executemany(sql, row) if many else connection.fetch(sql, *row))
            await connection.execute("COMMIT")

    return postgres


async def _as_it_is(connection: Any) -> None:
    """Nothing of a connection is changed here that would have to be put back."""


async def _said(statements: list[Statement], connection: Connection) -> None:
    cursor: Any = connection.connection.cursor()
    for sql, row, many in statements:
        (cursor.executemany if many else cursor.execute)(sql, row)
        cursor.fetchall()


if __name__ == "__main__":
    serve(int(sys.argv[1]), partial(replaying, sys.argv[2]))
