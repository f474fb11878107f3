"""KADENS_KEYS: made, changed and missed; and what goes together in .env for an app that anybody can install."""

from pathlib import Path

import pytest

from bot.__main__ import main
from bot.app import opens
from bot.core.sealed import BadKeys, Sealer, WrongKey, new_key
from bot.settings import Mistake, Secrets, secrets
from storage import schema, slack
from storage.engine import Store
from storage.slack import Grant, GrantRow
from tests.conftest import NOON, rows

OLD, NEW = new_key(), new_key()
MANY = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "hush", "SLACK_SIGNING_SECRET": "s" * 32, "KADENS_KEYS": OLD}


def test_the_first_key_seals_and_all_open() -> None:
    sealed = Sealer(OLD).seal("xoxb-1")
    assert "xoxb" not in sealed and Sealer(f"{NEW}, {OLD}").open(sealed) == "xoxb-1"
    anew = Sealer(f"{NEW},{OLD}").anew(sealed)
    assert anew and Sealer(NEW).open(anew) == "xoxb-1" and Sealer(NEW).anew(anew) is None
    for wrong in (sealed, "", "nonsense", anew[:-9]):
        with pytest.raises(WrongKey):
            Sealer(NEW).open(wrong)


@pytest.mark.parametrize(
    "keys", ["", " , ", "short", f"{OLD},x", OLD[:-2]], ids=["none", "blank", "short", "one", "cut"]
)
def test_what_is_no_key_is_said_without_showing_it(keys: str) -> None:
    with pytest.raises(BadKeys) as told:
        Sealer(keys)
    assert OLD[:20] not in str(told.value) and OLD not in repr(Sealer(OLD))


@pytest.mark.parametrize(
    ("without", "more", "words"),
    [
        ("KADENS_KEYS", {}, "KADENS_KEYS is missing"),
        ("SLACK_CLIENT_SECRET", {}, "SLACK_CLIENT_SECRET is missing"),
        ("SLACK_CLIENT_ID", {}, "SLACK_CLIENT_ID is missing"),
        ("SLACK_SIGNING_SECRET", {}, "SLACK_SIGNING_SECRET is missing"),
        ("", {"SLACK_BOT_TOKEN": "xoxb-1"}, "do not go together"),
        ("", {"KADENS_KEYS": "short"}, "number 1 is no key"),
    ],
)
def test_half_of_it_is_a_mistake(tmp_path: Path, without: str, more: dict[str, str], words: str) -> None:
    told = {name: value for name, value in (MANY | more).items() if name != without}
    with pytest.raises(Mistake, match=words):
        secrets(tmp_path / ".env", told)


def test_all_of_it_is_slack(tmp_path: Path) -> None:
    found = secrets(tmp_path / ".env", MANY)
    assert found.slack and OLD not in repr(found) and "hush" not in repr(found)


async def sealed(url: str, **grants: str) -> None:
    store = Store(url)
    async with store.transaction() as session:
        for name, key in grants.items():
            await slack.keep(session, Sealer(key), Grant(f"slack:{name}", f"xoxb-{name}", "xoxe-1"), NOON)
    await store.close()


async def test_before_serving_a_lost_key_is_named_and_nothing_lost(store: Store) -> None:
    await sealed(store.url, T1=OLD, T2=NEW)
    many = Secrets(slack_client_id="1.2", kadens_keys=f"{NEW},{OLD}")
    await opens(store, many)
    with pytest.raises(Mistake, match="slack:T1"):
        await opens(store, Secrets(slack_client_id="1.2", kadens_keys=NEW))
    assert len(await rows(store, GrantRow)) == 2


def test_keys_are_changed_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    url = "sqlite+aiosqlite:///kadens.db"
    monkeypatch.chdir(tmp_path)
    assert main(["keys", "new"]) == 0
    Sealer(capsys.readouterr().out.strip())
    asyncio.run(schema.upgrade(url))
    asyncio.run(sealed(url, T1=OLD, T2=NEW))
    monkeypatch.setenv("KADENS_KEYS", NEW)
    assert main(["keys", "rotate"]) == 1 and "slack:T1" in capsys.readouterr().out
    monkeypatch.setenv("KADENS_KEYS", f"{NEW},{OLD}")
    assert main(["keys", "rotate"]) == 0 and "1 tokens" in capsys.readouterr().out
    monkeypatch.setenv("KADENS_KEYS", NEW)
    assert main(["keys", "rotate"]) == 0 and "0 tokens" in capsys.readouterr().out
    monkeypatch.setenv("KADENS_KEYS", OLD)
    assert main(["keys", "rotate", "--forget-lost"]) == 0 and "forgotten: slack:T1, slack:T2" in capsys.readouterr().out


async def test_a_token_is_in_no_repr() -> None:
    assert "xoxb" not in repr(Grant("slack:T1", "xoxb-1", "xoxe-1")) and "xoxe" not in str(Grant("x", "a", "xoxe-1"))
