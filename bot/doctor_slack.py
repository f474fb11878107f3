"""What `kadens doctor` asks Slack."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import aiohttp

from bot.core.sealed import Sealer, WrongKey
from bot.core.settings import Settings
from bot.findings import Finding, fine, perhaps, wrong
from bot.settings import Secrets
from storage import slack as granted
from storage.engine import Store
from storage.slack import Grant, lacking

SLACK = "https://slack.com/api/"
ASKED = 20  # workspaces whose tokens are tried


async def slack(http: aiohttp.ClientSession, found: Secrets, company: Settings) -> AsyncIterator[Finding]:
    if found.slack_signing_secret:
        if re.fullmatch(r"[0-9a-f]{32}", found.slack_signing_secret):
            yield fine("Slack: signing secret")
        else:
            yield wrong("Slack: SLACK_SIGNING_SECRET is not 32 of 0-9 and a-f: copy it from Basic Information")
    if found.slack_client_id:  # each workspace has its own token: what became of those stands in the database
        said, _ = await _asked(http, found, "api.test", "")
        if said.get("away"):
            yield wrong(f"Slack: it cannot be reached ({said['away']}): let this machine reach {_slack_api(found)}")
        else:
            yield fine("Slack: any workspace can install the app, at /slack/install")
            async for finding in _installed(http, found):
                yield finding
        return
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


async def _installed(http: aiohttp.ClientSession, found: Secrets) -> AsyncIterator[Finding]:
    """Whether Slack takes the token of each workspace, and what it allows. What cannot be read is told elsewhere."""
    grants, store = list[Grant](), Store(found.database_url)
    try:
        async with store.reading() as session:
            for name in (await granted.workspaces(session))[:ASKED]:
                with contextlib.suppress(WrongKey):
                    grants += filter(None, [await granted.find(session, Sealer(found.kadens_keys), name)])
    except Exception:  # why it cannot be read is said where the database is looked at
        return
    finally:
        await store.close()
    for grant in grants:
        said, scopes = await _asked(http, found, "auth.test", grant.token)
        if not said.get("ok"):
            text = f"Slack: {grant.workspace} does not take its token ({said.get('error')})"
            yield wrong(f"{text}: let them install the app anew, at /slack/install")
        elif said.get("away") is None and grant.workspace[6:] not in (said.get("team_id"), said.get("enterprise_id")):
            yield wrong(f"Slack: the token of {grant.workspace} is another workspace's: let them install the app anew")
        elif missing := lacking(scopes if scopes is not None else grant.scopes, wanted()):
            yield perhaps(f"Slack: {grant.workspace} lacks {', '.join(missing)}: let them install the app anew")
        else:
            renewed = f", renewed {grant.renewed_at:%F %R}" if grant.renewed_at and grant.expires_at else ""
            yield fine(f"Slack: {grant.workspace} takes its token{renewed}")


def wanted() -> list[str]:
    from bot.platforms.slack.manifest import scopes

    return scopes()


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
