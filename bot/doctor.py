"""`kadens doctor`: what is missing or wrong, a line each, and how to mend it. Shows no secret and changes nothing."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import aiohttp

from bot import straight
from bot.core.sealed import Sealer, WrongKey
from bot.core.settings import Settings
from bot.databases import broken_database
from bot.doctor_slack import slack
from bot.doctor_teams import teams
from bot.findings import Finding, fine, perhaps, wrong
from bot.settings import Mistake, config_path, secrets, settings, shown
from storage import overlays, retention, schema, syncs, waiting
from storage import slack as granted
from storage.engine import Session, Store

PATIENCE = aiohttp.ClientTimeout(total=5, sock_connect=3)  # seconds, for each question to a platform
DATABASE = 5.0  # seconds for the database to answer
OLD = 49.0  # hours after which people should have been read anew, which happens daily
WORKSPACES = 10  # that are told one by one
LATE = 15 * 60  # seconds after which a message that still waits is worth a word


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
    async for finding in _database(found.database_url, found.kadens_keys if found.slack_client_id else ""):
        yield finding
    if not found.slack and not found.teams:
        yield wrong("neither Slack nor Teams is configured: copy .env.example to .env and fill in your platform's part")
    async with straight.session(timeout=PATIENCE) as http:
        if found.slack:
            async for finding in slack(http, found, company or Settings()):
                yield finding
        if found.teams:
            async for finding in teams(http, found):
                yield finding


def _env(path: Path) -> Iterator[Finding]:
    if not path.is_file():
        yield perhaps("there is no .env here: only what the environment says counts")
    elif os.name == "posix" and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield perhaps(".env can be read by others on this machine: chmod 600 .env")
    else:
        yield fine(".env")


# The database and what waits in it.


async def _database(url: str, keys: str = "") -> AsyncIterator[Finding]:
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
                for finding in _outbox(await waiting.backlog(session)):
                    yield finding
                if paths := await overlays.set_in_chat(session):
                    yield fine(f"set in chat, whatever app.yaml says: {', '.join(paths)}")
                for finding in _people(await syncs.census(session)):
                    yield finding
                for finding in _retention(await retention.last(session, datetime.now(UTC))):
                    yield finding
                if keys:
                    async for finding in _grants(session, keys):
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


def _outbox(found: waiting.Backlog) -> Iterator[Finding]:
    age = (datetime.now(UTC) - found.oldest).total_seconds() if found.oldest else 0.0
    if not found.waiting:
        yield fine("outbox: nothing waits")
    elif age < LATE:
        yield fine(f"outbox: {found.waiting} messages wait, the oldest for {max(age, 0):.0f} s")
    else:
        text = f"outbox: {found.waiting} messages wait, the oldest for {age / 60:.0f} minutes"
        yield perhaps(f"{text}: does `kadens serve` run, and is its platform configured?")
    for queue in found.queues[:WORKSPACES]:
        yield from _queue(queue)
    if len(found.queues) > WORKSPACES:
        yield perhaps(f"outbox: so it is in {len(found.queues) - WORKSPACES} workspaces more")
    if found.unreachable:
        reasons = ", ".join(f"{times} × {reason}" for reason, times in found.unreachable.items())
        yield perhaps(f"outbox: people and channels out of reach: {reasons}; they are not tried again for nothing")
    if found.failed:
        reasons = ", ".join(f"{times} × {reason}" for reason, times in found.reasons.items())
        yield perhaps(f"outbox: {found.failed} messages were given up ({reasons}); nobody got them")
    if found.unsure:
        yield perhaps(f"outbox: of {found.unsure} messages nobody knows whether they arrived once or twice")


def _queue(found: waiting.Queue) -> Iterator[Finding]:
    """Why it waits, where that is known."""
    now = datetime.now(UTC)
    where = f"outbox: {found.workspace}: {found.waiting} wait"
    if found.resting_until and found.resting_until > now:
        yield perhaps(f"{where}: it asked us to be quiet for {(found.resting_until - now).total_seconds():.0f} s more")
    if found.failing:
        reasons = ", ".join(f"{times} × {reason}" for reason, times in found.failing.items())
        yield perhaps(f"{where}, of which the last try failed: {reasons}")


def _retention(last: date | None) -> Iterator[Finding]:
    if last is None:  # it has not run for a day yet, or not for long
        return
    if (datetime.now(UTC).date() - last).days < 2:
        yield fine(f"retention: what was old enough went on {last}")
    else:
        yield perhaps(f"retention: what is old enough last went on {last}: does `kadens serve` run?")


async def _grants(session: Session, keys: str) -> AsyncIterator[Finding]:
    """The workspaces that installed the app from Slack."""
    sealer, fit = Sealer(keys), 0
    for workspace in await granted.workspaces(session):
        try:
            grant = await granted.find(session, sealer, workspace)
        except WrongKey:
            yield wrong(f"Slack: the token of {workspace} was sealed with another key: add that to KADENS_KEYS")
            continue
        if grant and grant.failed_at:
            yield perhaps(
                f"Slack: the token of {workspace} is not renewed since {grant.failed_at:%F %R} ({grant.error})"
            )
        fit += 1
    yield fine(f"Slack: installed in {fit} workspaces")


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
