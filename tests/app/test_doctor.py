"""`kadens doctor` against stand-ins that answer as Slack and Microsoft do."""

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.fernet import Fernet

from bot import doctor
from bot.core.cards import Card, Text
from bot.core.effects import Tell
from bot.core.events import Command
from bot.core.people import Person
from bot.core.sealed import Sealer
from bot.platforms.memory import ALL
from bot.platforms.slack.manifest import scopes
from storage import delivery, limits, outbox, retention, schema, syncs, unreachable
from storage import slack as granted
from storage.delivery import Want
from storage.engine import Store
from tests.app.process import SECRET, run
from tests.conftest import person
from tests.platforms.slack_stub import Call, SlackStub
from tests.platforms.teams_stub import APP, TeamsStub
from tests.platforms.teams_stub import SECRET as PASSWORD

HUSH = "topsecret"


class Workspace(SlackStub):
    """With all scopes granted, and the channels that doctor asks for. No scopes: it does not tell them."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes = ",".join(scopes())
        self.rooms: Mapping[str, dict[str, Any]] = {"C1": {"is_private": False}}

    async def __aenter__(self) -> "Workspace":
        await super().__aenter__()
        return self

    def _answer(self, call: Call, data: dict[str, Any]) -> web.Response:
        answer = super()._answer(call, data)
        if not self.scopes:
            del answer.headers["x-oauth-scopes"]
        return answer

    def _conversations_info(self, channel: str, **_: Any) -> dict[str, Any]:
        unknown = {"ok": False, "error": "channel_not_found"}
        return {"channel": self.rooms[channel]} if channel in self.rooms else unknown


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and nothing of this machine's environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("SLACK_", "TEAMS_", "KADENS_CONFIG", "DATABASE"))]:
        monkeypatch.delenv(name)


def configured(slack: str = "", teams: TeamsStub | None = None, **more: str) -> None:
    values = dict[str, str]()
    if slack:
        values |= {"SLACK_SIGNING_SECRET": SECRET, "SLACK_BOT_TOKEN": f"xoxb-{HUSH}", "SLACK_API_URL": slack}
    if teams:
        values |= {"TEAMS_APP_ID": APP, "TEAMS_APP_PASSWORD": PASSWORD, "TEAMS_TOKEN_URL": teams.token_url}
        values["TEAMS_OPENID_METADATA_URL"] = teams.metadata_url
    path = Path(".env")
    path.write_text("".join(f"{name}={value}\n" for name, value in {**values, **more}.items()))
    path.chmod(0o600)


def write(name: str, text: str) -> None:
    Path(name).write_text(text)


async def examined() -> tuple[int, list[str]]:
    said = list[str]()
    code = await doctor.examine(lambda finding: said.append(str(finding)))
    assert all(line[:2] in ("✓ ", "! ", "✗ ") and "\n" not in line for line in said)
    assert HUSH not in "".join(said) and PASSWORD not in "".join(said) and SECRET not in "".join(said)
    assert (code == 1) == any(line.startswith("✗") for line in said)
    return code, said


def test_in_an_empty_folder_it_says_how_to_begin(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor")
    assert done.returncode == 1 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line[0] for line in lines] == ["✓", "!", "!", "!", "✗"]
    assert "copy .env.example to .env" in lines[-1]
    assert not list(tmp_path.iterdir())  # it only looks


def test_it_says_all_that_is_wrong_with_the_files(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("colour: blue\nprefix: A!\n")
    (tmp_path / ".env").write_text("nonsense here\nSLACK_BOT_TOKEN=xoxb-1\n")
    done: subprocess.CompletedProcess[str] = run(tmp_path, "doctor")
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and [line[0] for line in lines] == ["✓", "✗", "✗", "✗", "✗"]
    for line, words in zip(
        lines[1:], ("app.yaml, line 1", "app.yaml, line 2", ".env, line 1", "SLACK_SIGNING"), strict=True
    ):
        assert words in line


async def test_when_all_is_well_it_says_so() -> None:
    async with Workspace() as slack, TeamsStub() as teams:
        configured(slack.url, teams, TEAMS_TENANTS="*")
        write("app.yaml", "kudos:\n  recognition: {'slack:T1': C1}\n")
        await schema.upgrade("sqlite+aiosqlite:///kadens.db")
        code, said = await examined()
    assert code == 0 and [line for line in said if not line.startswith("✓")] == []
    looked_at = "database|outbox|signing secret|slack:T1|scopes|channel C1|TEAMS_APP_ID|token|keys"
    for words in looked_at.split("|"):
        assert any(words in line for line in said), words


async def test_what_is_wrong_at_slack_is_named() -> None:
    async with Workspace() as slack:
        slack.scopes = ",".join(set(scopes()) - {"chat:write", "reactions:read"})
        slack.rooms = {"C1": {"is_archived": True}}
        configured(slack.url, SLACK_SIGNING_SECRET="short", SLACK_APP_TOKEN="xapp-1")
        write("app.yaml", "kudos:\n  recognition: {'slack:T1': C1, 'slack:T2': C2}\n")
        _, said = await examined()
        wrong = [line for line in said if line.startswith("✗")]
        assert len(wrong) == 3
        assert "SLACK_SIGNING_SECRET" in wrong[0]
        assert "chat:write, reactions:read" in wrong[1] and "kadens manifest slack" in wrong[1]
        assert "archived" in wrong[2]
        assert "✓ Slack: Socket Mode" in said and any("slack:T2" in line for line in said)
        slack.rooms, slack.scopes = {"C1": {"is_private": True, "is_member": False}}, ""
        _, said = await examined()
        assert any("private" in line for line in said) and any("does not say which scopes" in line for line in said)
        slack.rooms = {}
        assert any("channel_not_found" in line for line in (await examined())[1])
        slack.refuse("auth.test", "invalid_auth")
        _, said = await examined()
        assert any("invalid_auth" in line for line in said)
    _, said = await examined()  # and now it is away
    assert any(line.startswith("✗ Slack: it cannot be reached") for line in said)


async def test_who_is_known_and_since_when() -> None:
    url, now = "sqlite+aiosqlite:///kadens.db", datetime.now(UTC)
    await schema.upgrade(url)
    store = Store(url)
    await person(store, "Max")
    await person(store, "Ana", manager="max")
    await person(store, "Gus", gone=True)
    await person(store, "Eve", workspace="teams:t1")
    await person(store, "Bo", workspace="playground:demo")
    async with store.transaction() as session:
        for workspace, hours in (("slack:T1", 3), ("teams:t1", 96)):
            at = now - timedelta(hours=hours)
            row = {"workspace": workspace, "cursor": "", "began_at": at, "finished_at": at}
            await session.run(syncs.syncs.insert().values(row))
    await store.close()
    async with Workspace() as slack:
        configured(slack.url)
        _, said = await examined()
    assert [line for line in said if "people: " in line] == [
        "✓ people: 4 are here, 3 of them without a manager",
        "! people: those of playground:demo were not read yet; `kadens serve` does so",
        "✓ people: those of slack:T1 were read 3 hours ago",
        "! people: those of teams:t1 were read 4 days ago: does `kadens serve` run?",
    ]


async def test_whether_the_company_lets_us_read_its_directory() -> None:
    async with TeamsStub() as teams:
        tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
        configured(teams=teams, TEAMS_TENANT_ID=tenant, TEAMS_GRAPH_URL=teams.graph_url)
        _, said = await examined()
        assert "✓ Teams: Microsoft Graph tells who manages whom" in said
        teams.consented = False
        code, said = await examined()
        [line] = [line for line in said if "Graph" in line]
        assert code == 0 and line.startswith("!") and "User.Read.All" in line
        teams.consented = True
        teams.trouble(503, path="/graph/", times=1)
        assert any("Graph cannot be asked" in line for line in (await examined())[1])


async def test_which_tenants_teams_answers_is_said() -> None:
    own, other = "72f988bf-86f1-41af-91ab-2d7cd011db47", "72f988bf-86f1-41af-91ab-2d7cd011db48"
    said = dict[str, list[str]]()
    async with TeamsStub() as teams:
        for name, own_, listed in (
            ("nobody named", "", ""), ("all", own, "*"), ("only others", own, other), ("from before", "", own),
            ("no ids", own, "contoso.com"), ("two", own, f"{own},{other}"),
        ):  # fmt: skip
            configured(teams=teams, TEAMS_TENANT_ID=own_, TEAMS_TENANTS=listed, TEAMS_GRAPH_URL=teams.graph_url)
            said[name] = (await examined())[1]

    def about(name: str, words: str) -> list[str]:
        return [line[0] for line in said[name] if words in line]

    assert about("nobody named", "every tenant that installs the app is answered") == ["!"]
    assert about("all", "every tenant is answered, as TEAMS_TENANTS says") == ["✓"]
    assert about("only others", "gets no answer") == ["!"]
    assert about("from before", "Azure makes no new ones") == ["!"]
    assert about("no ids", "TEAMS_TENANTS: write ids") == ["✗"]
    assert about("two", f"who manages whom in tenant {other}") == ["✓"] and about("two", "TEAMS_TENANTS") == []


async def test_what_is_wrong_at_teams_is_named() -> None:
    async with TeamsStub() as teams:
        configured(teams=teams, TEAMS_APP_PASSWORD="other", TEAMS_TENANT_ID="contoso")
        teams.away = True
        _, said = await examined()
    wrong = [line for line in said if line.startswith("✗")]
    assert len(wrong) == 3
    assert "TEAMS_TENANT_ID" in wrong[0] and "no token" in wrong[1] and "keys" in wrong[2]
    configured(TEAMS_APP_ID="")
    code, said = await examined()
    assert code == 0 and any("no authentication" in line for line in said)


async def test_the_database_is_looked_into() -> None:
    configured(TEAMS_APP_ID="")
    url = "sqlite+aiosqlite:///kadens.db"
    write("kadens.db", "")
    assert any("run `kadens db upgrade`" in line for line in (await examined())[1])
    await schema.upgrade(url)
    store, now = Store(url), datetime.now(UTC)
    async with store.transaction() as session:
        for number, age in enumerate((3, 2, 1)):
            who = Person(f"p{number}", "Ana", "slack:T1", f"U{number}")
            event = Command(id=f"e{number}", actor=who, place=who.home, at=now - timedelta(hours=age), name="kudos")
            await outbox.put(session, event, 0, Tell(who, Card("", (Text(HUSH),))))
    async with store.transaction() as session:
        claims = (await delivery.claim(session, now, now + timedelta(minutes=1), Want(2, {"slack": ALL}))).claims
        await delivery.given_up(session, claims[0], now, "Unreachable")
        await delivery.failed(session, claims[1], now, "TimeoutError", now)
        await limits.rest(session, "slack:T1", now + timedelta(seconds=90), now)
        await unreachable.keep(session, who.home, "user_disabled", now)
        assert await retention.claim(session, now - timedelta(days=3))
    await store.close()
    _, said = await examined()
    told = [line for line in said if "outbox" in line]
    assert told[0].startswith("! outbox: 2 messages wait, the oldest for 120 minutes")
    assert told[1].startswith("! outbox: slack:T1: 2 wait: it asked us to be quiet for")
    assert told[2] == "! outbox: slack:T1: 2 wait, of which the last try failed: 1 × TimeoutError"
    assert told[3].startswith("! outbox: people and channels out of reach: 1 × user_disabled")
    assert told[4].startswith("! outbox: 1 messages were given up (1 × Unreachable)")
    assert told[5].startswith("! outbox: of 1 messages nobody knows")
    day = (now - timedelta(days=3)).date()
    assert f"! retention: what is old enough last went on {day}: does `kadens serve` run?" in said


async def test_slack_for_many_workspaces() -> None:
    """Each has its token in the database: whether our keys open them, and whether they are renewed."""
    mine, lost = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    async with Workspace() as stub:
        configured(SLACK_CLIENT_ID="1.2", SLACK_CLIENT_SECRET=HUSH, SLACK_SIGNING_SECRET=SECRET, KADENS_KEYS=mine,
                   SLACK_API_URL=stub.url)  # fmt: skip
        await schema.upgrade("sqlite+aiosqlite:///kadens.db")
        store, now = Store("sqlite+aiosqlite:///kadens.db"), datetime.now(UTC)
        async with store.transaction() as session:
            for workspace, key in (("slack:T1", mine), ("slack:T2", mine), ("slack:T3", lost)):
                await granted.keep(session, Sealer(key), granted.Grant(workspace, f"xoxb-{HUSH}"), now)
            stale = await granted.find(session, Sealer(mine), "slack:T2")
            assert stale
            await granted.not_renewed(session, stale, now, "invalid_refresh_token")
        await store.close()
        code, said = await examined()
    told = [line for line in said if "Slack" in line]
    assert code == 1 and any("✓ Slack: installed in 2 workspaces" in line for line in told)
    assert any(line.startswith("✗ Slack: the token of slack:T3 was sealed with another key") for line in told)
    assert any(line.startswith("! Slack: the token of slack:T2 is not renewed since") for line in told)
    assert "✓ Slack: any workspace can install the app, at /slack/install" in told


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////no/such/folder/kadens.db", "no directory we may write in"),
        ("sqlite:///broken.db", "not a database"),
        (f"postgresql://u:{HUSH}@127.0.0.1:1/x", "postgresql://127.0.0.1:1/x"),
    ],
)
async def test_a_database_that_cannot_be_used_is_named(url: str, words: str) -> None:
    write("broken.db", "this is no database" * 100)
    configured(TEAMS_APP_ID="", DATABASE_URL=url)
    assert any(line.startswith("✗") and words in line for line in (await examined())[1])


async def test_what_others_can_read_is_said() -> None:
    configured(TEAMS_APP_ID="")
    os.chmod(".env", 0o644)
    assert "! .env can be read by others on this machine: chmod 600 .env" in (await examined())[1]
