"""The `kadens` command as somebody meets it: a real process in a folder of its own."""

import json
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from bot.platforms.slack.manifest import scopes
from tests.app.process import KADENS, environment, run

APP_ID = "c9e8c047-2a34-40a1-b28a-b162d5f5327c"


def test_help_says_how_to_begin_and_comes_at_once(tmp_path: Path) -> None:
    started = time.perf_counter()
    done = run(tmp_path, "--help")
    assert time.perf_counter() - started < 1.5  # a tenth of a second on an idle machine
    assert done.returncode == 0
    for word in ("demo", "serve", "doctor", "manifest", "db", ".env", "app.yaml"):
        assert word in done.stdout
    # What takes long to import is not imported for it.
    heavy = "pydantic|sqlalchemy|slack_bolt|botbuilder|nicegui|apscheduler|holidays|aiohttp"
    code = f"import sys, bot.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n" \
        f"print([n for n in '{heavy}'.split('|') if n in sys.modules])"  # fmt: skip
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True, capture_output=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "serve",
        "backup",
        "restore",
        "doctor",
        "manifest",
        "manifest slack",
        "manifest teams",
        "db",
        "db upgrade",
        "db downgrade",
        "import people",
        "import catalogue",
        "people join",
    ],
)
def test_every_command_has_its_own_help(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, *command.split(), "--help")
    assert done.returncode == 0 and f"usage: kadens {command}" in done.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("", "command"),
        ("dance", "invalid choice: 'dance'"),
        ("serve --port many", "'many' is no port"),
        ("serve --port 70000", "'70000' is no port"),
        ("serve", "kadens demo"),
        ("manifest", "platform"),
        ("manifest slack", "--socket-mode"),
        ("manifest slack --url http://x", "write https://"),
        ("manifest teams", "--url"),
        ("manifest teams --url https://x", "TEAMS_APP_ID"),
        ("db", "what"),
        ("db downgrade", "revision"),
        ("db downgrade base", "no revision yet"),
        ("backup all.backup", "There is no database sqlite:///kadens.db."),
        ("restore none.backup", "none.backup: No such file or directory"),
        ("restore .", "Is a directory"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path: Path, args: str, words: str) -> None:
    done = run(tmp_path, *args.split())
    assert done.returncode == 2
    assert words in done.stderr and done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if not line.startswith(("usage:", " "))]) == 1


def test_a_broken_configuration_gives_its_lines_and_no_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("colour: blue\nkudos:\n  guests: perhaps\n")
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=topsecret\nDATABASE_URL=mysql://topsecret\n")
    done = run(tmp_path, "serve")
    assert done.returncode == 2 and "Traceback" not in done.stderr and "topsecret" not in done.stderr
    assert done.stderr.splitlines()[0].startswith("DATABASE_URL")
    (tmp_path / ".env").write_text("TEAMS_APP_ID=\n")
    done = run(tmp_path, "serve")
    assert done.returncode == 2 and [line[:16] for line in done.stderr.splitlines()] == [
        "app.yaml, line 1",
        "app.yaml, line 3",
    ]


def test_slacks_manifest_can_be_read_and_fits_the_code(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("prefix: acme-\n")
    done = run(tmp_path, "manifest", "slack", "--url", "https://bot.example.com")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["oauth_config"]["scopes"]["bot"] == scopes()
    commands = found["features"]["slash_commands"]
    assert {command["url"] for command in commands} == {"https://bot.example.com/slack/events"}
    assert "/acme-kudos" in {command["command"] for command in commands}
    socket = json.loads(run(tmp_path, "manifest", "slack", "--socket-mode").stdout)
    assert socket["settings"]["socket_mode_enabled"] and "https" not in json.dumps(socket["features"])


def test_the_package_for_teams_is_whole(tmp_path: Path) -> None:
    env = {"TEAMS_APP_ID": APP_ID, "TEAMS_APP_PASSWORD": "x"}
    done = run(tmp_path, "manifest", "teams", "--url", "https://bot.example.com", "--out", "app.zip", **env)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "app.zip") as package:
        assert package.testzip() is None
        found = json.loads(package.read("manifest.json"))
        assert found["bots"][0]["botId"] == APP_ID
        assert set(package.namelist()) >= {"manifest.json", *found["icons"].values()}
    done = run(tmp_path, "manifest", "teams", "--url", "https://x.example", "--out", "no/such/app.zip", **env)
    assert done.returncode == 2 and done.stderr == "no/such/app.zip: No such file or directory\n"


def test_the_database_goes_up_and_down(tmp_path: Path) -> None:
    assert "nothing yet; this release wants" in run(tmp_path, "db", "current").stdout
    up = run(tmp_path, "db", "upgrade")
    assert up.returncode == 0, up.stderr
    head = up.stdout.strip()
    assert run(tmp_path, "db", "current").stdout.strip() == head and " " not in head
    assert run(tmp_path, "db", "upgrade").returncode == 0  # a second time changes nothing
    bad = run(tmp_path, "db", "downgrade", "nonsense")
    assert bad.returncode == 2 and "'nonsense'" in bad.stderr and bad.stderr.count("\n") == 1
    assert run(tmp_path, "db", "downgrade", "base").returncode == 0
    assert "nothing yet" in run(tmp_path, "db", "current").stdout


def test_a_database_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    run(tmp_path, "db", "upgrade")
    with sqlite3.connect(tmp_path / "kadens.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'later'")
    done = run(tmp_path, "serve", TEAMS_APP_ID="")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "The database sqlite:///kadens.db was made by a later release of Kadens; install that one."
    )


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/kadens.db", "postgresql://u:topsecret@127.0.0.1:1/x"])
def test_a_database_out_of_reach_is_a_sentence(tmp_path: Path, url: str) -> None:
    done = run(tmp_path, "serve", TEAMS_APP_ID="", DATABASE_URL=url)
    assert done.returncode == 2 and "topsecret" not in done.stderr and "Traceback" not in done.stderr
    assert "database" in done.stderr.splitlines()[-1]


def test_the_demo_opens_and_leaves_nothing_behind(tmp_path: Path) -> None:
    env = environment(TMPDIR=str(tmp_path), DISPLAY="", WAYLAND_DISPLAY="")
    command = [str(KADENS), "demo", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, text=True, stdout=subprocess.PIPE) as demo:
        assert demo.stdout
        lines = iter(demo.stdout.readline, "")
        assert any("Kadens is ready to be tried at http://127.0.0.1:" in line for line in lines)
        demo.terminate()
        assert demo.wait(20) == 0
    assert not os.listdir(tmp_path)
