"""Backup and restore: everything or nothing, from either database into either."""

import asyncio
import gzip
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bot.backup import backup, restore
from bot.core.cards import Card, Text
from bot.core.effects import Tell
from bot.core.events import Command
from bot.core.people import Place
from bot.settings import Mistake
from storage import archive, outbox, schema
from storage.engine import Store
from storage.outbox import EventRow, OutboxRow
from storage.people import PersonRow
from tests.conftest import NOON, SLACK, count, crowd, person, rows
from tests.features.village import settled


def sqlite(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of every record there is, in a database of this release."""
    path = tmp_path_factory.mktemp("village") / "village.db"
    asyncio.run(schema.upgrade(sqlite(path)))
    settled(path)
    return path


@pytest.fixture
def postgresql(server: Any) -> Iterator[str]:
    """The URL of an empty database there."""
    name = f"backup_{uuid4().hex}"
    yield server.database(name)
    server.drop(name)


@pytest.fixture(scope="module")
def kept(village: Path) -> Path:
    """A backup of it."""
    asyncio.run(backup(sqlite(village), village.with_name("all.backup")))
    return village.with_name("all.backup")


def contents(path: Path) -> dict[str, list[Any]]:
    """All rows of all tables, as SQLite has them."""
    with closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(database.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


async def test_what_is_backed_up_comes_back_as_it_was(village: Path, tmp_path: Path) -> None:
    said = await backup(sqlite(village), tmp_path / "all.backup")
    total = sum(len(rows) for name, rows in contents(village).items() if name != archive.REVISION)
    assert f"{total} rows" in said and total > 100
    assert stat.S_IMODE((tmp_path / "all.backup").stat().st_mode) == 0o600
    told = await restore(sqlite(tmp_path / "new.db"), tmp_path / "all.backup")
    assert f"{total} rows" in told
    assert contents(tmp_path / "new.db") == contents(village)
    assert sorted(os.listdir(tmp_path)) == ["all.backup", "new.db"]


async def test_a_company_that_has_grown_moves_to_postgresql_and_back(
    village: Path, tmp_path: Path, server: Any
) -> None:
    url = server.database(f"moved_{tmp_path.name.replace('-', '_')}"[:60], "template0")
    await backup(sqlite(village), tmp_path / "there.backup")
    await restore(url, tmp_path / "there.backup")
    store = Store(url)
    assert await count(store, PersonRow) == len(contents(village)["people"])
    # What numbers itself goes on behind what there is.
    async with store.transaction() as session:
        ana = await person(store, "Newcomer")
        event = Command(id="new", actor=ana, place=ana.home, at=NOON, name="x", text="")
        await outbox.put(session, event, 0, Tell(ana, Card(parts=(Text("hello"),))))
    assert await count(store, OutboxRow, key="new/0") == 1
    async with store.transaction() as session:
        await session.run(outbox.outbox.delete().where(outbox.row.key == "new/0"))
    await store.close()
    await backup(url, tmp_path / "back.backup")
    await restore(sqlite(tmp_path / "back.db"), tmp_path / "back.backup")
    after, before = contents(tmp_path / "back.db"), contents(village)
    for name in ("people", "accounts"):
        after[name] = [row for row in after[name] if "newcomer" not in row]
    assert after == before


async def test_a_backup_while_others_write_is_of_one_moment(databases: Any, tmp_path: Path) -> None:
    """Each writer adds a kudos and its event in one transaction: a backup has both or neither."""
    url = databases(tables=False)
    await schema.upgrade(url)
    store, stop = Store(url), asyncio.Event()
    await crowd(store, 2000)  # the backup takes a while

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            async with store.transaction() as session:
                await session.run(outbox.events.insert().values(id=f"e{number}", at=NOON))
                row = {"key": f"e{number}/0", "workspace": SLACK, "conversation": "C1", "kind": "public", "card": "{}"}
                await session.run(outbox.outbox.insert().values(**outbox.NOTHING, **row, not_before=NOON))

    writing = asyncio.create_task(write())
    try:
        for number in range(3):
            before = await count(store, EventRow)
            await backup(url, tmp_path / f"{number}.backup")
            await restore(sqlite(tmp_path / f"{number}.db"), tmp_path / f"{number}.backup")
            copy = contents(tmp_path / f"{number}.db")
            assert len(copy["events"]) == len(copy["outbox"]) >= before
        assert await count(store, EventRow) > len(copy["events"])  # who wrote was not held up
    finally:
        stop.set()
        await writing
        await store.close()


def spoiled(raw: bytes, how: str) -> bytes:
    text = gzip.decompress(raw)
    lines = text.splitlines(keepends=True)
    row = next(n for n, line in enumerate(lines) if line.startswith(b"[") and b"T1" in line)
    match how:
        case "cut off":
            return raw[: len(raw) * 2 // 3]
        case "cut at a line":
            return gzip.compress(b"".join(lines[:-1]))
        case "a row less":
            return gzip.compress(b"".join(lines[:row] + lines[row + 1 :]))
        case "a row twice":
            return gzip.compress(b"".join([*lines[:row], lines[row], *lines[row:]]))
        case "a word changed":
            return gzip.compress(text.replace(b"slack:T1", b"slack:T9", 1))
        case "a bit changed":
            return raw[:4000] + bytes([raw[4000] ^ 4]) + raw[4001:]
        case "more behind it":
            return gzip.compress(text + lines[row])
        case "of a later format":
            return gzip.compress(text.replace(b'"kadens":1', b'"kadens":2'))
        case "of a later release":
            return gzip.compress(text.replace(b'"revision":"0', b'"revision":"9'))
        case "none":
            return b"SQLite format 3\0" * 40
        case _:
            return b""


def spoil(kept: Path, copy: Path, how: str) -> None:
    copy.write_bytes(spoiled(kept.read_bytes(), how))


@pytest.mark.parametrize(
    "how",
    ["cut off", "cut at a line", "a row less", "a row twice", "a word changed", "a bit changed", "more behind it",
     "of a later format", "of a later release", "none", "empty"],
)  # fmt: skip
async def test_what_is_not_whole_is_refused_and_nothing_changed(
    village: Path, kept: Path, tmp_path: Path, how: str
) -> None:
    spoil(kept, tmp_path / "bad.backup", how)
    shutil.copy(village, tmp_path / "mine.db")
    before = contents(tmp_path / "mine.db")
    with pytest.raises(Exception, match=r"backup|release|revision") as refused:
        await restore(sqlite(tmp_path / "mine.db"), tmp_path / "bad.backup", replace=True)
    assert type(refused.value).__name__ in ("Mistake", "CommandError")
    assert contents(tmp_path / "mine.db") == before


async def test_a_database_with_something_in_it_stays_unless_it_is_said(
    village: Path, kept: Path, tmp_path: Path
) -> None:
    url = sqlite(tmp_path / "mine.db")
    await schema.upgrade(url)
    store = Store(url)
    await person(store, "Only")
    await store.close()
    with pytest.raises(Mistake, match=r"people: 1.*--replace"):
        await restore(url, kept)
    assert len(contents(tmp_path / "mine.db")["people"]) == 1
    await restore(url, kept, replace=True)
    assert contents(tmp_path / "mine.db") == contents(village)


async def test_a_backup_of_an_earlier_release_is_brought_to_this_one(tmp_path: Path) -> None:
    await schema.upgrade(sqlite(tmp_path / "old.db"), "0001")
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        database.execute(
            "INSERT INTO people (id, company, workspace, account, name, lang, lang_chosen, zone, country, calendar,"
            " team, role, bot, guest, gone, first_kudos, off_board)"
            " VALUES ('ana', 'slack:T1', 'slack:T1', 'U-ana', 'Ana\n\"Ö\"', 'en',"
            " 0, 'UTC', '', 'UTC|', '', '', 0, 0, 0, 0, 0)"
        )
        database.commit()
    await backup(sqlite(tmp_path / "old.db"), tmp_path / "old.backup")
    told = await restore(sqlite(tmp_path / "new.db"), tmp_path / "old.backup")
    assert f"from revision 0001 to {schema.head()}" in told
    store = Store(sqlite(tmp_path / "new.db"))
    assert [found.name for found in await rows(store, PersonRow)] == ['Ana\n"Ö"']
    await store.close()


async def test_only_a_backups_place_is_taken(village: Path, tmp_path: Path) -> None:
    shutil.copy(village, tmp_path / "kadens.db")
    with pytest.raises(Mistake, match="is no backup"):
        await backup(sqlite(village), tmp_path / "kadens.db")
    assert contents(tmp_path / "kadens.db") == contents(village)
    for _ in range(2):
        await backup(sqlite(village), tmp_path / "again.backup")
    with pytest.raises(Mistake, match="is a folder"):
        await backup(sqlite(village), tmp_path)
    with pytest.raises(Mistake, match="No such file"):
        await backup(sqlite(village), tmp_path / "no" / "such.backup")
    with pytest.raises(Mistake, match="No such file"):
        await restore(sqlite(tmp_path / "kadens.db"), tmp_path / "none.backup", replace=True)


async def test_a_damaged_database_is_not_backed_up(village: Path, tmp_path: Path) -> None:
    shutil.copy(village, tmp_path / "kadens.db")
    await backup(sqlite(tmp_path / "kadens.db"), tmp_path / "good.backup")
    good = (tmp_path / "good.backup").read_bytes()
    with (tmp_path / "kadens.db").open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 4096 * 6)
    with pytest.raises(Exception, match=r"damaged|malformed"):
        await backup(sqlite(tmp_path / "kadens.db"), tmp_path / "good.backup")
    assert (tmp_path / "good.backup").read_bytes() == good and "good.backup.part" not in os.listdir(tmp_path)


async def test_moments_days_numbers_and_long_words_arrive_as_they_were(tmp_path: Path, server: Any) -> None:
    """Through PostgreSQL and back."""
    first, second = (
        sqlite(tmp_path / "1.db"),
        server.database(f"kinds_{tmp_path.name.replace('-', '_')}"[:60], "template0"),
    )
    await schema.upgrade(first)
    store, long = Store(first), "long \u2028 words, 'quotes', \\ and 🎉 " * 4000
    at = datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=UTC)
    ana = await person(store, long, started=at.date())
    event = Command(id="e1", actor=ana, place=Place(SLACK, "C1"), at=at + timedelta(microseconds=1), name="x", text="")
    async with store.transaction() as session:
        await outbox.put(session, event, 0, Tell(ana, Card(long)))
    await store.close()
    await backup(first, tmp_path / "1.backup")
    await restore(second, tmp_path / "1.backup")
    await backup(second, tmp_path / "2.backup")
    await restore(sqlite(tmp_path / "2.db"), tmp_path / "2.backup")
    assert contents(tmp_path / "1.db") == contents(tmp_path / "2.db")
    store = Store(second)
    assert [(row.not_before, json.loads(row.card)["title"]) for row in await rows(store, OutboxRow)] == [
        (event.at, long)
    ]
    await store.close()
