"""What stands in `.env` and in `app.yaml`, read once at start: every mistake in one go, each with its line.

`.env` holds what is secret and where things are; what the environment says wins over it. `app.yaml` holds all the rest.
"""

import difflib
import io
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from dotenv.parser import parse_stream

from bot.core.calendar import Every, phrase
from bot.core.pages import BrokenPage, Page, Where, read, shaped
from bot.core.sealed import BadKeys, Sealer
from bot.core.settings import RHYTHMS, Settings
from bot.core.wording import SHELF

DATABASE = "sqlite+aiosqlite:///kadens.db"
DRIVERS: Mapping[str, str] = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
TOKEN = 16  # letters that a token must have at least
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Mistake(Exception):
    """Something the operator can mend. Its text says what is wrong and what to write; it holds no secret."""


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What `.env` says; empty: not set. The repr names what is set and shows none of it."""

    database_url: str = DATABASE
    slack_signing_secret: str = ""
    slack_bot_token: str = ""
    slack_app_token: str = ""
    slack_client_id: str = ""  # set: any workspace can install the app, and there is no slack_bot_token
    slack_client_secret: str = ""
    kadens_keys: str = ""  # what other companies' tokens are sealed with; the first seals, all open
    slack_api_url: str = ""
    teams_app_id: str | None = None  # None: no Teams; empty: Teams without authentication
    teams_app_password: str = ""
    teams_tenant_id: str = ""  # where the bot is registered
    teams_tenants: str = ""  # which tenants it serves, with commas between; "*": all; empty: its own, or all
    teams_openid_metadata_url: str = ""
    teams_token_url: str = ""  # where Teams' own token is asked for, when not at Microsoft's
    teams_graph_url: str = ""  # Microsoft Graph, when not the one of Teams' own cloud
    kadens_metrics_token: str = ""  # what /metrics has to be asked with; empty: there is no /metrics
    kadens_log: str = ""  # json or text; empty: text on a terminal, else json
    otel_exporter_otlp_endpoint: str = ""  # who collects traces
    trusted_proxies: str = ""  # addresses and networks whose X-Forwarded-For is believed, with commas between

    def __repr__(self) -> str:
        return f"Secrets({', '.join(field.name for field in fields(self) if getattr(self, field.name))})"

    @property
    def slack(self) -> bool:
        return bool(self.slack_bot_token or self.slack_client_id)

    @property
    def teams(self) -> bool:
        return self.teams_app_id is not None


NAMES = {field.name.upper(): field.name for field in fields(Secrets)}


def secrets(path: Path = Path(".env"), environment: Mapping[str, str] = os.environ) -> Secrets:
    """What the environment and the file at `path` (which may be missing) say. Raises Mistake with a line for each."""
    try:
        text = path.read_text("utf-8") if path.is_file() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{path.name} cannot be read: {_why(error)}") from None
    # The parser alone: dotenv's own reader would look for ${names} inside of passwords, and pass over broken lines.
    lines = list(parse_stream(io.StringIO(text)))
    wrong = [
        f"{path.name}, line {each.original.line}: this is no setting; write NAME=value" for each in lines if each.error
    ]
    told = {**{each.key: each.value for each in lines if each.key}, **environment}
    found = {NAMES[name]: value.strip() for name, value in told.items() if name in NAMES and value is not None}
    try:
        found["database_url"] = database(found.get("database_url") or DATABASE)
    except Mistake as mistake:
        wrong.append(str(mistake))
    read = Secrets(**found)
    wrong += _halves(read) + _addresses(read) + _proxies(read) + _watched(read)
    if wrong:
        raise Mistake("\n".join(wrong))
    return read


def database(url: str) -> str:
    """The address with the driver we use. Raises Mistake where it cannot be one."""
    scheme, colon, rest = url.partition("://")
    if not colon or scheme not in DRIVERS:
        raise Mistake("DATABASE_URL: write sqlite:///kadens.db, or postgresql://user:password@host/name")
    if DRIVERS[scheme].startswith("sqlite") and rest.partition("?")[0].strip("/") in ("", ":memory:"):
        raise Mistake("DATABASE_URL: a database in memory would forget everything; write sqlite:///kadens.db")
    return f"{DRIVERS[scheme]}://{rest}"


def shown(url: str) -> str:
    """A database's address without its password and our driver, for logs and findings."""
    scheme, _, rest = url.partition("://")
    # To the last @: a password may have been written with a / or a ? in it.
    return f"{scheme.partition('+')[0]}://{rest.rpartition('@')[2].partition('?')[0]}"


def _halves(found: Secrets) -> list[str]:
    """A platform that is only half configured would only half work."""
    wrong = _installing(found)
    if (found.slack_signing_secret or found.slack_app_token) and not found.slack:
        wrong.append("SLACK_BOT_TOKEN is missing: copy the Bot User OAuth Token (xoxb-…) from your app's page at Slack")
    if found.slack_bot_token and not (found.slack_signing_secret or found.slack_app_token):
        wrong.append("SLACK_SIGNING_SECRET is missing (or SLACK_APP_TOKEN, for Socket Mode)")
    if found.teams_app_id and not found.teams_app_password:
        wrong.append("TEAMS_APP_PASSWORD is missing: it is the client secret of the app registration")
    return wrong


def _installing(found: Secrets) -> list[str]:
    """Slack for many workspaces: all of what that takes, or nothing of it."""
    wrong = []
    if found.kadens_keys:
        try:
            Sealer(found.kadens_keys)
        except BadKeys as error:
            wrong.append(str(error))
    if not (found.slack_client_id or found.slack_client_secret):
        return wrong
    if found.slack_bot_token:
        wrong.append(
            "SLACK_BOT_TOKEN and SLACK_CLIENT_ID do not go together: the one is for a single workspace, the other for"
            " all that install the app. Take one of them out"
        )
    for name in ("slack_client_id", "slack_client_secret", "slack_signing_secret"):
        if not getattr(found, name):
            wrong.append(f"{name.upper()} is missing: copy it from Basic Information → App Credentials")
    if not found.kadens_keys:
        wrong.append("KADENS_KEYS is missing: tokens of workspaces are sealed with it. `kadens keys new` makes one")
    return wrong


def _addresses(found: Secrets) -> list[str]:
    wrong = []
    for name in ("slack_api_url", "teams_openid_metadata_url", "teams_token_url", "teams_graph_url"):
        url = getattr(found, name)
        try:
            parts = urlsplit(url)
            fine = not url or (parts.scheme == "https" and parts.hostname) or parts.hostname in LOOPBACK
        except ValueError:
            fine = False
        if not fine:
            wrong.append(f"{name.upper()}: write an address that begins with https://")
    return wrong


def _proxies(found: Secrets) -> list[str]:
    wrong = []
    for each in filter(None, map(str.strip, found.trusted_proxies.split(","))):
        try:
            ipaddress.ip_network(each)
        except ValueError:
            wrong.append(f"TRUSTED_PROXIES: '{each}' is no address or network; write 10.0.0.7, or 10.0.0.0/24")
    return wrong


def _watched(found: Secrets) -> list[str]:
    wrong = []
    if found.kadens_metrics_token and len(found.kadens_metrics_token) < TOKEN:
        wrong.append(f"KADENS_METRICS_TOKEN: write {TOKEN} letters or more, such as `openssl rand -hex 24` gives")
    if found.kadens_log not in ("", "json", "text"):
        wrong.append("KADENS_LOG: write json or text")
    if found.otel_exporter_otlp_endpoint and not re.match(r"https?://\w", found.otel_exporter_otlp_endpoint):
        wrong.append("OTEL_EXPORTER_OTLP_ENDPOINT: write an address such as http://localhost:4318")
    return wrong


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    return Path(environment.get("KADENS_CONFIG") or "app.yaml")


def settings(path: Path | None = None) -> Settings:
    """What `app.yaml` says; without the file, all defaults. Raises Mistake with a line for each thing that is wrong."""
    path = path or config_path()
    if not path.exists() and "KADENS_CONFIG" not in os.environ:
        return Settings()
    wrong, found = list[str](), Settings()
    try:
        page = read(path)
        wrong = _unknown_questions(page) + _odd_days(page)
        found = shaped(_without_blanks(page), Settings, _said)
    except BrokenPage as broken:
        wrong += str(broken).splitlines()
    except RecursionError:
        wrong = [f"{path.name} is nested too deep"]
    if wrong:
        # From its own file name on, a page's path is of no use to whoever edits it.
        named = {line.replace("/".join(path.parts[-2:]), path.name) for line in wrong}
        raise Mistake("\n".join(sorted(named, key=_line)))
    return found


def _line(complaint: str) -> tuple[int, str]:
    found = re.search(r", line (\d+)", complaint)
    return int(found[1]) if found else 0, complaint


def _without_blanks(page: Page) -> Page:
    """A section whose lines are all commented out says nothing, as if it were not there."""

    def kept(value: Any, depth: int) -> Any:
        if not depth or not isinstance(value, dict):
            return value
        return {key: kept(inner, depth - 1) for key, inner in value.items() if inner != ""}

    return Page(page.name, kept(page.data, 3) or {}, page.lines)


WORDS: Mapping[str, str] = {  # pydantic's kinds of mistakes, as a person would say what to write
    "bool_parsing": "write yes or no",
    "bool_type": "write yes or no",
    "dataclass_type": "needs lines of its own below it, such as 'at: 09:30'",
    "dict_type": "needs lines of its own below it, such as 'name: value'",
    "mapping_type": "needs lines of its own below it, such as 'name: value'",
    "greater_than_equal": "write a number, {ge} or more",
    "int_parsing": "write a whole number, such as 3",
    "int_type": "write a whole number, such as 3",
    "is_instance_of": "needs lines of its own below it, such as 'name: value'",
    "less_than_equal": "write a number, {le} or less",
    "literal_error": "write {expected}",
    "model_type": "needs lines of its own below it, such as 'name: value'",
    "string_type": "write one word or sentence",
    "time_parsing": "write a time of day such as 09:30",
    "too_long": "has {actual_length} entries; {max_length} is the most",
    "too_short": "needs at least {min_length} entry",
    "tuple_type": "write a list, such as [one, two]",
}
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def _said(page: Page, where: Where, mistake: Mapping[str, Any]) -> str:
    where = tuple(part for part in where if part != "[key]")
    kind, ctx = mistake["type"], mistake.get("ctx", {})
    if kind in UNKNOWN:
        return page.complaint(where, _unknown(where))
    told = WORDS[kind].format_map(ctx) if kind in WORDS else mistake["msg"].removeprefix("Value error, ")
    return page.complaint(_nearer(page, where, told), told)


def _unknown(where: Where) -> str:
    """What could have been meant, of all names that stand in the settings at this depth."""
    known = _fields(Settings(), where[:-1])
    meant = difflib.get_close_matches(str(where[-1]), known, 1)
    if meant:
        return f"is not known here; did you mean {meant[0]}?"
    return f"is not known here; there are {', '.join(known)}" if known else "is not known here"


def _fields(value: Any, where: Where) -> list[str]:
    for part in where:
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, str(part), None)
    names = getattr(type(value), "model_fields", None) or getattr(value, "__dataclass_fields__", None) or ()
    return [name for name in names if name != "name"]


def _nearer(page: Page, where: Where, told: str) -> Where:
    """Of a mistake found in the whole of something, the line that holds the very words the complaint quotes."""
    if " is no day of a " in told:
        return _day(page, str(where[1]))
    value = _at(page, where)
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    quotes = {_bare(quote) for quote in re.findall(r"'(.+?)'", told)}
    quoted = list[Where]()
    for key, inner in pairs:
        listed = enumerate(inner) if isinstance(inner, list) else ()
        quoted += [(key,)] if isinstance(inner, str) and _bare(inner) in quotes else []
        quoted += [(key, n) for n, each in listed if isinstance(each, str) and _bare(each) in quotes]
    return (*where, *quoted[-1]) if quoted else where


def _bare(word: str) -> str:
    return word.strip(":").lstrip("#").lower()


def _at(page: Page, where: Where) -> Any:
    """What stands there as it was written; None where there is nothing."""
    value = page.data
    for part in where:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return None
    return value


def _each(page: Page, *where: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = _at(page, where)
    pairs = found.items() if isinstance(found, dict) else ()
    return [(name, inner) for name, inner in pairs if isinstance(inner, dict)]


# What no single value shows. Looked at before the rest is known to be sound, so that all is said in one go.


def _unknown_questions(page: Page) -> list[str]:
    asked = [question["id"] for question in read(SHELF / "checkin.yaml").data["questions"]]
    wrong = []
    for team, own in _each(page, "checkin", "teams"):
        without = own.get("without")
        for number, id in enumerate(without if isinstance(without, list) else ()):
            if id not in asked:
                problem = f"'{id}' is no question of the check-in; there are {', '.join(asked)}"
                wrong.append(page.complaint(("checkin", "teams", team, "without", number), problem))
    return wrong


def _odd_days(page: Page) -> list[str]:
    """A rhythm's day that is no day of its period, or that the default day is not."""
    wrong = []
    for name, own in _each(page, "rhythms"):
        given = {**RHYTHMS.get(name, {}), **own}
        if name in RHYTHMS and given["every"] in get_args(Every):
            try:
                phrase(given["every"], str(given["on"]))
            except ValueError as error:
                wrong.append(page.complaint(_day(page, name), str(error)))
    return wrong


def _day(page: Page, rhythm: str) -> Where:
    """What was written and makes the day odd: the day itself or, where that is the default, the cadence."""
    return ("rhythms", rhythm, "on" if _at(page, ("rhythms", rhythm, "on")) else "every")


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
