"""`kadens export` and `kadens erase`, as the operator runs them, on a database of their own."""

import asyncio
import json
import sqlite3
import stat
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from storage import schema
from storage.engine import Store
from tests.app.process import run
from tests.conftest import person


def database(folder: Path, *names: tuple[str, str, str]) -> Path:
    """With these people: name, workspace, account."""
    path = folder / "kadens.db"
    url = f"sqlite+aiosqlite:///{path}"

    async def made() -> None:
        await schema.upgrade(url)
        store = Store(url)
        for name, workspace, account in names:
            await person(store, name, workspace=workspace, account=account)
        await store.close()

    wait(made())
    (folder / ".env").write_text(f"DATABASE_URL=sqlite:///{path}\n")
    return path


def wait(work: Coroutine[Any, Any, Any]) -> None:
    asyncio.run(work)


def known(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        return {account for (account,) in connection.execute("SELECT account FROM accounts")}


def test_two_files_for_nobody_elses_eyes(tmp_path: Path) -> None:
    database(tmp_path, ("Ana", "slack:T1", "U1"))
    done = run(tmp_path, "export", "U1", "--out", "for-ana")
    assert done.returncode == 0, done.stderr
    page, data = map(Path, done.stdout.splitlines())
    assert (page.name, data.name) == ("kadens-my-data.html", "kadens-my-data.json")
    for each in (page, data):
        assert stat.S_IMODE((tmp_path / each).stat().st_mode) == 0o600
    assert json.loads((tmp_path / data).read_text("utf-8"))["about"] == "Ana"


def test_erased_with_yes_and_not_without_the_word(tmp_path: Path) -> None:
    path = database(tmp_path, ("Ana", "slack:T1", "U1"), ("Ben", "slack:T1", "U2"))
    asked = run(tmp_path, "erase", "U1")  # nobody is there to answer
    assert asked.returncode == 1 and "Nothing was erased." in asked.stdout and known(path) == {"U1", "U2"}
    done = run(tmp_path, "erase", "U1", "--yes")
    assert done.returncode == 0 and "backups" in done.stdout and done.stderr == ""
    assert known(path) == {"U2"} and b"Ana" not in path.read_bytes()


@pytest.mark.parametrize("command", ["export {} --out x", "erase {} --yes"])
def test_who_is_meant_has_to_be_clear(tmp_path: Path, command: str) -> None:
    path = database(tmp_path, ("Ana", "slack:T1", "U1"), ("Eve", "slack:T2", "U1"))
    nobody = run(tmp_path, *command.format("U9").split())
    assert nobody.returncode == 2 and "Nobody is known as 'U9'" in nobody.stderr
    several = run(tmp_path, *command.format("U1").split())
    assert several.returncode == 2 and "slack:T1/U1, slack:T2/U1" in several.stderr
    assert known(path) == {"U1"} and not (tmp_path / "x").exists()
    assert run(tmp_path, *command.format("slack:T2/U1").split()).returncode == 0


@pytest.mark.parametrize("command", ["export U1 --out x", "erase U1 --yes"])
def test_a_database_that_is_none_is_one_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / ".env").write_text(f"DATABASE_URL=sqlite:///{tmp_path / 'new.db'}\n")
    done = run(tmp_path, *command.split())
    assert done.returncode == 2 and "kadens db upgrade" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["export", "erase"])
def test_each_has_its_help(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command, "--help")
    assert done.returncode == 0 and f"usage: kadens {command}" in done.stdout
