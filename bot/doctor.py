"""`kadens doctor`: what is missing or wrong, a line each, and how to mend it. Shows no secret and changes nothing."""

import asyncio
import os
import re
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import aiohttp

from bot.core.settings import Settings
from bot.settings import Mistake, Secrets, config_path, secrets, settings, shown
from bot.web import broken_database
from storage import delivery, overlays, schema, syncs
from storage.engine import Store

PATIENCE = aiohttp.ClientTimeout(total=5, sock_connect=3)  # seconds, for each question to a platform
DATABASE = 5.0  # seconds for the database to answer
OLD = 49.0  # hours after which people should have been read anew, which happens daily
LATE = 15 * 60  # seconds after which a message that still waits is worth a word
SLACK = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class Finding:
    mark: Literal["✓", "!", "✗"]
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}"


def fine(text: str) -> Finding:
    return Finding("✓", text)


def perhaps(text: str) -> Finding:
    return Finding("!", text)


def wrong(text: str) -> Finding:
    return Finding("✗", text)


async def examine(say: Callable[[object], None] = print) -> int:
    """Say every finding as it comes. Returns 1 if something is wrong, else 0."""
    found = []
    async for finding in findings():
        say(finding)
        found.append(finding)
    return int(any(finding.mark == "✗" for finding in found))


async def findings() -> AsyncIterator[Finding]:
    """Everything that can be looked at from here, what depends on nothing first."""
    version = sys.version.split()[0]
    yield (
        fine(f"Python {version}") if sys.version_info >= (3, 11) else wrong(f"Python {version}: install 3.11 or newer")
    )
    company: Settings | None = None
    try:
        company = settings()
        yield fine("app.yaml") if config_path().exists() else perhaps("there is no app.yaml: all defaults hold")
    except Mistake as mistake:
        for line in str(mistake).splitlines():
            yield wrong(line)
    try:
        found = secrets()
    except Mistake as mistake:
        for line in str(mistake).splitlines():
            yield wrong(line)
        return
    for finding in _env(Path(".env")):
        yield finding
    async for finding in _database(found.database_url):
        yield finding
    if not found.slack and not found.teams:
        yield wrong("neither Slack nor Teams is configured: copy .env.example to .env and fill in your platform's part")
    async with aiohttp.ClientSession(timeout=PATIENCE) as http:
        if found.slack:
            async for finding in _slack(http, found, company or Settings()):
                yield finding
        if found.teams:
            async for finding in _teams(http, found):
                yield finding


def _env(path: Path) -> Iterator[Finding]:
    if not path.is_file():
        yield perhaps("there is no .env here: only what the environment says counts")
    elif os.name == "posix" and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield perhaps(".env can be read by others on this machine: chmod 600 .env")
    else:
        yield fine(".env")


# The database and what waits in it.


async def _database(url: str) -> AsyncIterator[Finding]:
    path = Path(url.partition(":///")[2].partition("?")[0]) if url.startswith("sqlite") else None
    if path and not path.exists():
        if os.access(path.parent, os.W_OK):
            yield perhaps(f"the database {shown(url)} is not there yet: `kadens serve` makes it")
        else:
            yield wrong(f"the database {shown(url)} cannot be made: {path.parent} is no directory we may write in")
        return
    try:
        store = Store(url)
    except ModuleNotFoundError as error:
        yield wrong(broken_database(url, error))
        return
    try:
        async with asyncio.timeout(DATABASE):
            revision, head = await _revision(store), schema.head()
            if revision != head:
                yield wrong(f"the database is at revision {revision or 'nothing'}, not {head}: run `kadens db upgrade`")
                return
            yield fine(f"database {shown(url)}")
            async with store.reading() as session:
                for finding in _outbox(await delivery.backlog(session)):
                    yield finding
                if paths := await overlays.set_in_chat(session):
                    yield fine(f"set in chat, whatever app.yaml says: {', '.join(paths)}")
                for finding in _people(await syncs.census(session)):
                    yield finding
    except TimeoutError:
        yield wrong(f"the database {shown(url)} does not answer within {DATABASE:.0f} seconds: is it busy, or away?")
    except Exception as error:
        yield wrong(broken_database(url, error))
    finally:
        await store.close()


async def _revision(store: Store) -> str | None:
    async with store.transaction():  # which shows that we may write
        pass
    return await schema.revision(store)


def _outbox(found: delivery.Backlog) -> Iterator[Finding]:
    age = (datetime.now(UTC) - found.oldest).total_seconds() if found.oldest else 0.0
    if not found.waiting:
        yield fine("outbox: nothing waits")
    elif age < LATE:
        yield fine(f"outbox: {found.waiting} messages wait, the oldest for {max(age, 0):.0f} s")
    else:
        text = f"outbox: {found.waiting} messages wait, the oldest for {age / 60:.0f} minutes"
        yield perhaps(f"{text}: does `kadens serve` run, and is its platform configured?")
    if found.failed:
        reasons = ", ".join(f"{times} × {reason}" for reason, times in found.reasons.items())
        yield perhaps(f"outbox: {found.failed} messages were given up ({reasons}); nobody got them")
    if found.unsure:
        yield perhaps(f"outbox: of {found.unsure} messages nobody knows whether they arrived once or twice")


def _people(found: syncs.Census) -> Iterator[Finding]:
    if found.people:
        yield fine(f"people: {found.people} are here, {found.unmanaged} of them without a manager")
    for workspace, at in found.read.items():
        hours = (datetime.now(UTC) - at).total_seconds() / 3600 if at else None
        if hours is None:
            yield perhaps(f"people: those of {workspace} were not read yet; `kadens serve` does so")
        elif hours < OLD:
            yield fine(f"people: those of {workspace} were read {max(hours, 0):.0f} hours ago")
        else:
            yield perhaps(f"people: those of {workspace} were read {hours / 24:.0f} days ago: does `kadens serve` run?")


# Slack.


async def _slack(http: aiohttp.ClientSession, found: Secrets, company: Settings) -> AsyncIterator[Finding]:
    if found.slack_signing_secret:
        if re.fullmatch(r"[0-9a-f]{32}", found.slack_signing_secret):
            yield fine("Slack: signing secret")
        else:
            yield wrong("Slack: SLACK_SIGNING_SECRET is not 32 of 0-9 and a-f: copy it from Basic Information")
    if not found.slack_bot_token.startswith("xoxb-"):
        yield wrong("Slack: SLACK_BOT_TOKEN does not begin with xoxb-: copy the Bot User OAuth Token")
    said, scopes = await _asked(http, found, "auth.test", found.slack_bot_token)
    if said.get("away"):
        yield wrong(f"Slack: it cannot be reached ({said['away']}): let this machine reach {_slack_api(found)}")
        return
    if not said.get("ok"):
        yield wrong(f"Slack: the bot token is not taken ({said.get('error')}): install the app anew, copy its token")
        return
    workspace = f"slack:{said.get('team_id')}"
    yield fine(f"Slack: the bot token works in {said.get('team')} ({workspace})")
    for finding in _scopes(scopes):
        yield finding
    if found.slack_app_token:
        opened, _ = await _asked(http, found, "apps.connections.open", found.slack_app_token)
        if opened.get("ok"):
            yield fine("Slack: Socket Mode")
        else:
            text = f"Slack: Socket Mode does not open ({opened.get('error')})"
            yield wrong(f"{text}: SLACK_APP_TOKEN is an xapp- token with connections:write")
    async for finding in _recognition(http, found, company, workspace):
        yield finding


async def _asked(
    http: aiohttp.ClientSession, found: Secrets, method: str, token: str, **args: str
) -> tuple[Mapping[str, Any], str | None]:
    """What Slack says, or under `away` why it said nothing; and the token's scopes, where they are told."""
    url = f"{_slack_api(found)}/{method}"
    try:
        async with http.post(url, data=args, headers={"Authorization": f"Bearer {token}"}) as answer:
            said, scopes = await answer.json(content_type=None), answer.headers.get("x-oauth-scopes")
            return said if isinstance(said, dict) else {"error": "no answer of Slack's"}, scopes
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return {"away": type(error).__name__, "error": type(error).__name__}, None


def _slack_api(found: Secrets) -> str:
    return (found.slack_api_url or SLACK).rstrip("/")


def _scopes(told: str | None) -> Iterator[Finding]:
    from bot.platforms.slack.manifest import scopes

    if told is None:
        yield perhaps("Slack: it does not say which scopes the token has")
    elif missing := sorted(set(scopes()) - {scope.strip() for scope in told.split(",")}):
        yield wrong(
            f"Slack: scopes are missing: {', '.join(missing)}. Paste `kadens manifest slack` and install the app anew"
        )
    else:
        yield fine("Slack: all scopes are granted")


async def _recognition(
    http: aiohttp.ClientSession, found: Secrets, company: Settings, workspace: str
) -> AsyncIterator[Finding]:
    for where, channel in company.kudos.recognition.items():
        if not where.startswith("slack:"):
            continue
        if where != workspace:
            yield perhaps(f"Slack: kudos.recognition names {where}, but the bot is in {workspace}")
            continue
        said, _ = await _asked(http, found, "conversations.info", found.slack_bot_token, channel=channel)
        there, named = said.get("channel") or {}, f"Slack: the recognition channel {channel}"
        if not said.get("ok"):
            yield wrong(
                f"Slack: the recognition channel {channel} is out of reach ({said.get('error')}): invite Kadens"
            )
        elif there.get("is_archived"):
            yield wrong(f"{named} is archived: choose another one in app.yaml")
        elif there.get("is_private") and not there.get("is_member"):
            yield wrong(f"{named} is private: invite Kadens into it")
        else:
            yield fine(f"Slack: recognition channel {channel}")


# Teams.


async def _teams(http: aiohttp.ClientSession, found: Secrets) -> AsyncIterator[Finding]:
    from bot.platforms.teams.auth import METADATA, Token, scope, token_url

    app_id, metadata = found.teams_app_id or "", found.teams_openid_metadata_url or METADATA
    if not app_id:
        yield perhaps("Teams: TEAMS_APP_ID is empty, so there is no authentication: for trials on this machine only")
        return
    for name, value in (("TEAMS_APP_ID", app_id), ("TEAMS_TENANT_ID", found.teams_tenant_id)):
        if value and not _guid(value):
            yield wrong(f"Teams: {name} is no id of Microsoft's: copy it from the app registration")
        elif value:
            yield fine(f"Teams: {name}")
    url = found.teams_token_url or token_url(found.teams_tenant_id, metadata)
    try:
        await Token(app_id, found.teams_app_password, url, scope(metadata), lambda: http).header()
        yield fine("Teams: we get a token with TEAMS_APP_PASSWORD")
    except Exception as error:
        text = f"Teams: we get no token ({type(error).__name__})"
        yield wrong(f"{text}: look at TEAMS_APP_ID, TEAMS_APP_PASSWORD (it expires) and TEAMS_TENANT_ID")
    try:
        async with http.get(metadata) as answer:
            keys = (await answer.json(content_type=None))["jwks_uri"]
        async with http.get(str(keys)) as answer:
            answer.raise_for_status()
        yield fine("Teams: Microsoft's keys")
    except Exception as error:
        text = f"Teams: Microsoft's keys cannot be fetched ({type(error).__name__})"
        yield wrong(f"{text}: let this machine reach {metadata}")
    async for finding in _graph(http, found, metadata):
        yield finding


async def _graph(http: aiohttp.ClientSession, found: Secrets, metadata: str) -> AsyncIterator[Finding]:
    from bot.platforms.teams.auth import is_loopback
    from bot.platforms.teams.graph import Graph, NotConsented, graph_url

    url = (found.teams_graph_url or ("" if is_loopback(metadata) else graph_url(metadata))).rstrip("/")
    if not url or not found.teams_tenant_id:  # of many tenants each can consent by itself
        return
    app_id, password = found.teams_app_id or "", found.teams_app_password
    graph = Graph(app_id, password, url, metadata, lambda: http, time.time, found.teams_token_url)
    try:
        await graph.people(found.teams_tenant_id)
        yield fine("Teams: Microsoft Graph tells who manages whom")
    except NotConsented:
        text = "Teams: Microsoft Graph does not tell who manages whom"
        yield perhaps(f"{text}: consent to its permission User.Read.All, or use `kadens import people`")
    except Exception as error:
        yield perhaps(f"Teams: Microsoft Graph cannot be asked ({type(error).__name__}): let this machine reach {url}")


def _guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
