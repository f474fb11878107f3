"""app.yaml and .env: every mistake is said at once, names its line and says what to write."""

import re
from pathlib import Path

import pytest

from bot.core.settings import Settings
from bot.settings import DATABASE, Mistake, Secrets, database, secrets, settings, shown

ROOT = Path(__file__).parents[2]


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """What is said of this app.yaml, without the file's name."""
    path = tmp_path / "app.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(Mistake) as found:
        settings(path)
    lines = str(found.value).splitlines()
    assert all(line.startswith("app.yaml") for line in lines), lines
    return [line.removeprefix("app.yaml, ") for line in lines]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("prefix: Acme!", 1, "small letters"),
        ("languages:\n  default: fr", 2, "write 'en', 'sv' or 'nl'"),
        ("languages:\n  channels: [C1]", 2, "lines of its own"),
        ("languages:\n  channels:\n    C1: de", 3, "write 'en', 'sv' or 'nl'"),
        ("values: care", 1, "write a list"),
        ("values: [care, two words]", 1, "write one word"),
        ("values:\n  - care\n  - craft\n  - Care", 4, "twice"),
        ("kudos:\n  emojis: [heart, a b]", 2, "no emoji"),
        ("kudos:\n  emojis:\n    - ':heart:'\n    - heart", 4, "twice"),
        ("kudos:\n  allowance: {default: many}", 2, "whole number"),
        ("kudos:\n  allowance: {default: -1}", 2, "0 or more"),
        ("kudos:\n  allowance: {manager: 10}", 2, "default: 5"),
        ("kudos:\n  guests: perhaps", 2, "yes or no"),
        ("kudos:\n  recogniton: {}", 2, "did you mean recognition?"),
        ("kudos:\n  recognition: {T1: C1}", 2, "slack:T0123456"),
        ("people:\n\n  zone: Europe/Atlantis", 3, "write for example 'Europe/Amsterdam'"),
        ("people:\n  country: Nederland", 2, "'NL' or 'DE-BY'"),
        ("people:\n  country: XX", 2, "'NL' or 'DE-BY'"),
        ("people:\n  country: NL-XX", 2, "'NL' or 'DE-BY'"),
        ("people:\n  days: [mon]", 2, "monday"),
        ("people:\n  days: []", 2, "at least one"),
        ("people:\n  start: 25:00", 2, "09:30"),
        ("people:\n  start: 570", 2, "09:30"),
        ("people:\n  zone: UTC\n  start: 18:00", 3, "end later"),
        ("people:\n  first_days: a week", 2, "whole number"),
        ("quiet: {start: 07:00, end: 23:00}", 1, "all working hours"),
        ("thresholds:\n  sure: 11", 2, "10 or less"),
        ("followup: noon", 1, "09:30"),
        ("rhythms:\n  lunch:\n    at: 12:00", 2, "there are checkin, review"),
        ("rhythms:\n  checkin: monthly", 2, "lines of its own"),
        ("rhythms:\n  checkin:\n    every: fortnight", 3, "write 'week', 'month'"),
        ("rhythms:\n  checkin:\n    at: 09:30\n    on: frist tuesday", 4, "'first tuesday'"),
        ("rhythms:\n  checkin:\n    on: day 40", 3, "no day of a month"),
        ("rhythms:\n  checkin:\n    every: week", 3, "'monday'"),
        ("rhythms:\n  checkin:\n    at: late", 3, "09:30"),
        ("rhythms:\n  checkin:\n    remind: 3", 3, "write a list"),
        ("rhythms:\n  tips:\n    whom: bosses", 3, "write 'everybody', 'managers' or 'nobody'"),
        ("rhythms:\n  checkin:\n    remind: [5, 3]", 2, "rising"),
        ("rhythms:\n  checkin:\n    reminds: [3]", 3, "did you mean remind?"),
        ("rhythms:\n  checkin:\n    name: hello", 1, "take the line 'name' out"),
        ("checkin:\n  teams:\n    Design:\n      without: [well, wrong]", 4, "there are settled, goal"),
        ("checkin:\n  teams:\n    Design:\n      ask: [{}]", 4, "at least 1"),
        ("checkin:\n  teams:\n    Design:\n      ask:\n        - de: Was?", 5, "write 'en', 'sv' or 'nl'"),
        ("people:\n  managers: hr", 2, "write 'chat' or 'directory'"),
        ("companies:\n  a b: ['slack:T1']", 2, "no name of a company"),
        ("companies:\n  'slack:T1': ['slack:T1']", 2, "without a colon"),
        ("companies:\n  acme: [T1]", 2, "slack:T0123456"),
        ("companies:\n  acme: []", 2, "at least one"),
        ("companies:\n  acme: slack:T1", 2, "write a list"),
        ("companies:\n  acme:\n    - slack:T1\n    - teams:x\n  other:\n    - slack:T1", 6, "one company"),
        ("companies:\n  acme:\n    - slack:T1\n    - slack:T1", 4, "stands here twice"),
        ("colour: blue", 1, "there are prefix"),
        ("prefix: a\nprefix: b", 2, "stands twice"),
        ("values: [care", 2, "expected"),
        ("? [a]\n: b", 1, "a key must be a word"),
        ("- a list", 1, "lines of its own"),
        ("just words", 1, "lines of its own"),
    ],
)
def test_a_mistake_names_its_line_and_says_what_to_write(tmp_path: Path, text: str, line: int, words: str) -> None:
    said = mistakes(tmp_path, text)
    assert len(said) == 1, said
    assert said[0].startswith(f"line {line}: "), said
    assert words in said[0]


def test_all_mistakes_are_said_in_one_go_and_in_order(tmp_path: Path) -> None:
    said = mistakes(
        tmp_path,
        "prefix: Acme!\n"
        "languages:\n  default: fr\n"
        "kudos:\n  emojis: [a b]\n  guests: perhaps\n"
        "people:\n  zone: Mars\n  country: XX\n  start: late\n"
        "rhythms:\n  checkin:\n    at: late\n    on: frist tuesday\n  lunch:\n    at: 12:00\n"
        "checkin:\n  teams:\n    Design:\n      without: [wrong]\n"
        "colour: blue\n",
    )
    lines = [int(found[1]) for each in said if (found := re.match(r"line (\d+): ", each))]
    assert lines == [1, 3, 5, 6, 8, 9, 10, 13, 14, 15, 20, 21]


@pytest.mark.parametrize("text", ["\x01", "a: &x [*x]"])
def test_what_is_no_page_at_all_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    assert len(mistakes(tmp_path, text)) == 1


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "app.yaml"
    for text in ("", "# nothing\n", "kudos:\n  # nothing here either\npeople:\nrhythms:\n  checkin:\n"):
        path.write_text(text)
        assert settings(path) == Settings()
    assert settings(tmp_path / "none.yaml") == Settings()


def test_what_was_named_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KADENS_CONFIG", str(tmp_path / "missing.yaml"))
    with pytest.raises(Mistake, match=r"missing\.yaml cannot be read"):
        settings()


def test_what_people_write_in_their_own_way_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "app.yaml"
    path.write_text(
        "values: ['#care', craft]\nkudos:\n  emojis: [':Clap:', heart]\n"
        "people: {days: [Monday, friday], start: 8:00, country: de-by}\n"
        "rhythms: {checkin: {on: Last Friday, at: 9:05, remind: []}}\n"
    )
    found = settings(path)
    assert found.values == ("care", "craft") and found.kudos.emojis == ("clap", "heart")
    assert found.people.calendar().key == "Europe/Amsterdam|DE-BY|04|08:00|17:00"
    rhythm = found.rhythms["checkin"]
    assert (rhythm.name, rhythm.every, rhythm.on, rhythm.remind) == ("checkin", "month", "Last Friday", ())
    assert f"{rhythm.at:%H:%M}" == "09:05"
    assert found.rhythms["review"] == Settings().rhythms["review"]


def test_the_file_we_ship_shows_the_defaults(tmp_path: Path) -> None:
    shipped = ROOT / "app.yaml"
    assert settings(shipped) == Settings()
    # With every # taken away it is still right, and what it shows as a default is one.
    path = tmp_path / "app.yaml"
    path.write_text(re.sub(r"(?m)^( *)#(?! \S)", r"\1", shipped.read_text("utf-8")), "utf-8")
    found = settings(path)
    languages, kudos = Settings().languages.model_dump(), Settings().kudos.model_dump()
    assert found.languages.model_dump() == {**languages, "channels": {"C0123456789": "nl"}}
    given = {"allowance": {"default": 5, "manager": 10}, "recognition": {"slack:T0123456789": "C0123456789"}}
    assert found.kudos.model_dump() == {**kudos, **given}
    assert set(found.checkin.teams) == {"Design"}
    for name in ("prefix", "values", "people", "quiet", "rhythms", "followup", "thresholds"):
        assert getattr(found, name) == getattr(Settings(), name), name


# .env


def env(tmp_path: Path, text: str, **environment: str) -> Secrets:
    path = tmp_path / ".env"
    path.write_text(text, "utf-8")
    return secrets(path, environment)


SLACK = "SLACK_BOT_TOKEN=xoxb-1\nSLACK_SIGNING_SECRET=hush\n"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    assert env(tmp_path, SLACK).slack_signing_secret == "hush"
    assert env(tmp_path, SLACK, SLACK_SIGNING_SECRET="louder").slack_signing_secret == "louder"
    assert secrets(tmp_path / "none", {}) == Secrets()


def test_unset_and_empty_are_different_for_teams(tmp_path: Path) -> None:
    assert env(tmp_path, "").teams_app_id is None and not env(tmp_path, "").teams
    assert env(tmp_path, "TEAMS_APP_ID=").teams_app_id == "" and env(tmp_path, "TEAMS_APP_ID=").teams
    assert env(tmp_path, "", TEAMS_APP_ID="").teams
    assert not env(tmp_path, "#TEAMS_APP_ID=x").teams


def test_passwords_are_taken_as_they_are(tmp_path: Path) -> None:
    assert env(tmp_path, f"{SLACK}TEAMS_APP_ID=a\nTEAMS_APP_PASSWORD='p$HOME ${{x}} #'\n").teams_app_password == (
        "p$HOME ${x} #"
    )


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", DATABASE),
        ("sqlite:///kadens.db", "sqlite+aiosqlite:///kadens.db"),
        ("sqlite:////var/kadens.db", "sqlite+aiosqlite:////var/kadens.db"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("postgresql://a:b@c/d", "postgresql+asyncpg://a:b@c/d"),
        ("postgres://a:b@c/d?ssl=require", "postgresql+asyncpg://a:b@c/d?ssl=require"),
    ],
)
def test_a_database_gets_its_driver(tmp_path: Path, given: str, url: str) -> None:
    assert env(tmp_path, f"DATABASE_URL={given}").database_url == url


@pytest.mark.parametrize(
    "url", ["kadens.db", "mysql://x/y", "postgresql+psycopg://x/y", "sqlite://", "sqlite:///:memory:"]
)
def test_what_is_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(Mistake, match=r"DATABASE_URL: .*sqlite:///kadens\.db"):
        database(url)


def test_all_that_is_wrong_with_env_is_said_in_one_go(tmp_path: Path) -> None:
    text = (
        "SLACK_SIGNING_SECRET=topsecret\nthis is no line\nTEAMS_APP_ID=abc\nDATABASE_URL=mysql://topsecret@x/y\n"
        "SLACK_API_URL=http://topsecret.example.com\n"
    )
    with pytest.raises(Mistake) as found:
        env(tmp_path, text)
    said = str(found.value)
    assert "topsecret" not in said
    lines = said.splitlines()
    assert len(lines) == 5
    for line, words in zip(
        lines, (".env, line 2", "DATABASE_URL", "SLACK_BOT_TOKEN", "TEAMS_APP_PASSWORD", "SLACK_API_URL"), strict=True
    ):
        assert line.startswith(words)


def test_a_bot_token_alone_is_half_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="SLACK_SIGNING_SECRET is missing"):
        env(tmp_path, "SLACK_BOT_TOKEN=xoxb-1")
    assert env(tmp_path, "SLACK_BOT_TOKEN=xoxb-1\nSLACK_APP_TOKEN=xapp-1").slack


def test_secrets_never_show(tmp_path: Path) -> None:
    text = "".join(f"{name}=topsecret\n" for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "TEAMS_APP_PASSWORD"))
    found = env(tmp_path, f"{text}DATABASE_URL=postgresql://u:topsecret@h/x\nTEAMS_APP_ID=a\n")
    assert "topsecret" not in repr(found) + str(found) + f"{[found]}"
    assert "slack_bot_token" in repr(found)
    assert shown(found.database_url) == "postgresql://h/x"
    assert shown("postgresql+asyncpg://u:p@w@h:1/x?password=topsecret") == "postgresql://h:1/x"


def test_the_example_we_ship_configures_nothing(tmp_path: Path) -> None:
    shipped = (ROOT / ".env.example").read_text("utf-8")
    assert env(tmp_path, shipped) == Secrets()
    named = set(re.findall(r"(?m)^#([A-Z_]+)=", shipped)) - {"KADENS_CONFIG"}
    assert named == {name.upper() for name in Secrets.__dataclass_fields__}
