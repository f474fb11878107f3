"""What the README, docs/ and deploy/ say is so: commands can be typed, files are there, settings and metrics exist."""

import contextlib
import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.__main__ import parser
from bot.metrics import Metrics
from bot.settings import NAMES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FILES = [*PAGES, ROOT / ".env.example", *sorted((ROOT / "deploy").iterdir())]
# Not ours, or read before .env is.
OTHERS = {"KADENS_CONFIG", "KADENS_POSTGRES", "KADENS_NO_SKIP", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}
DATE = re.compile(r"\$+\(date [^)]*\)")
COMMAND = re.compile(r"(?:bin/kadens|(?<![\w/@.-])kadens)((?: +[^\s`#|&;<>)]+)*)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code(path: Path) -> Iterator[str]:
    """What is written to be typed: fenced blocks, words in backquotes, and lines that start something in deploy/."""
    text = path.read_text()
    if path.suffix == ".md":
        for fence in re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S):
            yield from fence.splitlines()
        yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    elif path.suffix == ".service":
        yield from re.findall(r"^ExecStart=(.*)$", text, re.M)


def commands(path: Path) -> Iterator[list[str]]:
    for line in code(path):
        for found in COMMAND.findall(DATE.sub("today", line)):
            words = [word.strip("'\".[]") for word in found.split()]
            if words and words[0] in subcommands():
                yield words


def subcommands() -> set[str]:
    for action in parser()._actions:
        if action.dest == "command":
            assert action.choices
            return set(action.choices)
    raise LookupError


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix in (".md", ".service")], ids=named)
def test_every_command_can_be_typed(path: Path) -> None:
    for words in commands(path):
        said = io.StringIO()
        if len(words) == 1 and words[0] in ("manifest", "import", "people", "db"):
            continue  # the name of a family
        typed = ["8080" if word == "%i" else word for word in words]
        with contextlib.redirect_stderr(said):
            try:
                parser().parse_args(typed)
            except SystemExit as ended:
                assert ended.code == 0, f"kadens {' '.join(words)}: {said.getvalue()}"


def test_the_commands_of_the_readme_are_found_at_all() -> None:
    """The test above can fail."""
    typed = [words for path in PAGES for words in commands(path)]
    assert len(typed) > 20 and {"serve", "doctor", "backup", "restore", "db"} <= {words[0] for words in typed}


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_file_that_is_named_is_there(path: Path) -> None:
    rooms = "bench|bot|deploy|docs|handlers|prompts|scheduler|storage|tests"
    for name in re.findall(rf"(?<![\w/])((?:{rooms})/[\w./@-]*\w)", path.read_text()):
        assert (ROOT / name).exists() or name == "bench/results.json", name
    for name in re.findall(r"(?<![\w/])(requirements[\w-]*\.txt|[\w-]+\.(?:yaml|toml))(?![\w/])", path.read_text()):
        assert any((folder / name).exists() for folder in (ROOT, ROOT / "deploy")) or name == "people.csv", name


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = {*NAMES, *OTHERS}
    for name in re.findall(r"\b(?:KADENS|SLACK|TEAMS|POSTGRES|DATABASE|TRUSTED|OTEL)_[A-Z_]+\b", path.read_text()):
        assert name in known, name


def test_every_setting_stands_in_the_example() -> None:
    text = (ROOT / ".env.example").read_text()
    assert {name for name in NAMES if not re.search(rf"^#?{name}=", text, re.M)} == set()


def test_every_metric_that_is_named_exists_and_the_other_way_round() -> None:
    known = {family.name for family in Metrics().registry.collect()}
    told = set(re.findall(r"\bkadens_[a-z_]+", (ROOT / "docs" / "operate.md").read_text()))
    assert {name.removesuffix("_total") for name in told} == known


def test_the_proxy_lets_in_what_the_platforms_send_and_nothing_else() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    locations = dict(re.findall(r"location (=? ?\S+) \{ (\w+)", text))
    assert locations == {
        "/slack/": "proxy_pass", "= /teams/messages": "proxy_pass", "= /healthz": "proxy_pass", "/": "return"
    }  # fmt: skip


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    made = list[Path]()
    for unit in (path for path in (ROOT / "deploy").iterdir() if path.suffix in (".service", ".timer")):
        made.append(tmp_path / unit.name.replace("@", "@8080"))
        made[-1].write_text(unit.read_text().replace("/opt/kadens/.venv/bin/kadens", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", *made], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
