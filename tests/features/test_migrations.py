"""Migrations with people's data in them: to an earlier release and back, on both databases."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bot.backup import backup, restore
from storage import schema
from tests.features.test_backup import contents, sqlite
from tests.features.village import settled


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of one of every record."""
    folder = tmp_path_factory.mktemp("village")
    asyncio.run(schema.upgrade(sqlite(folder / "village.db")))
    settled(folder / "village.db")
    asyncio.run(backup(sqlite(folder / "village.db"), folder / "all.backup"))
    return folder / "all.backup"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite(tmp_path / "lived.db")
        return
    server: Any = request.getfixturevalue("server")
    name = f"migrated_{uuid4().hex}"
    yield server.database(name)
    server.drop(name)


async def seen(url: str, folder: Path, name: str) -> dict[str, list[Any]]:
    """What is in it, whichever database it is."""
    await backup(url, folder / f"{name}.backup")
    await restore(sqlite(folder / f"{name}.db"), folder / f"{name}.backup")
    return contents(folder / f"{name}.db")


def rows(found: dict[str, list[Any]]) -> dict[str, int]:
    return {name: len(rows) for name, rows in found.items()}


async def test_the_release_before_keeps_what_it_knows(url: str, kept: Path, tmp_path: Path) -> None:
    await restore(url, kept)
    before = await seen(url, tmp_path, "before")
    await schema.downgrade(url, "0002")
    assert await schema.current(url) == "0002"
    await schema.upgrade(url)
    after = await seen(url, tmp_path, "after")
    assert rows(after).keys() == rows(before).keys()
    await schema.upgrade(sqlite(tmp_path / "old.db"), "0002")
    for name in contents(tmp_path / "old.db"):
        # What the new release has added to an old table is gone; no row is.
        assert len(before[name]) == len(after[name]), name
    for name in ("people", "accounts", "kudos", "checkins", "goals", "feedback", "reviews", "commitments", "events"):
        assert rows(before)[name] == rows(after)[name] > 0, name


@pytest.mark.slow
async def test_the_first_release_and_back(url: str, kept: Path, tmp_path: Path) -> None:
    await restore(url, kept)
    before = await seen(url, tmp_path, "before")
    await schema.downgrade(url, "0001")
    await schema.upgrade(url)
    after = await seen(url, tmp_path, "after")
    for name in ("people", "accounts", "kudos", "checkins", "reviews", "commitments", "events"):
        assert rows(before)[name] == rows(after)[name] > 0, name
    await schema.downgrade(url, "base")
    assert await schema.current(url) is None
