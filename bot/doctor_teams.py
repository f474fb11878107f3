"""What `kadens doctor` asks Microsoft."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import aiohttp

from bot.findings import Finding, fine, perhaps, wrong
from bot.settings import Secrets

ASKED = 20  # tenants whose consent is looked at


async def teams(http: aiohttp.ClientSession, found: Secrets) -> AsyncIterator[Finding]:
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
    for finding in _served(found):
        yield finding
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


def _served(found: Secrets) -> Iterator[Finding]:
    """Whom the bot answers."""
    from bot.platforms.teams.tenants import ANY, Tenants

    tenants = Tenants.of(found.teams_tenants, found.teams_tenant_id)
    for name in sorted(tenants.names - {ANY, found.teams_tenant_id.lower()}):
        if not _guid(name):
            yield wrong("Teams: TEAMS_TENANTS: write ids of tenants with commas between, or * for every one")
            return
    if tenants.all and found.teams_tenants:
        yield fine("Teams: every tenant is answered, as TEAMS_TENANTS says")
    elif tenants.all:
        yield perhaps("Teams: every tenant that installs the app is answered: name yours in TEAMS_TENANTS")
    elif own := found.teams_tenant_id.lower():
        if own not in tenants.names:
            yield perhaps("Teams: the bot's own tenant, TEAMS_TENANT_ID, is not in TEAMS_TENANTS and gets no answer")
    else:
        yield perhaps(
            "Teams: without TEAMS_TENANT_ID this is a multi-tenant bot, of which Azure makes no new ones: "
            "if yours is a single-tenant one, write the tenant it is registered in"
        )


async def _graph(http: aiohttp.ClientSession, found: Secrets, metadata: str) -> AsyncIterator[Finding]:
    """Each tenant consents for itself; of a bot that answers every one, only its own can be asked about."""
    from bot.platforms.teams.auth import is_loopback
    from bot.platforms.teams.graph import Graph, graph_url
    from bot.platforms.teams.tenants import Tenants

    url = (found.teams_graph_url or ("" if is_loopback(metadata) else graph_url(metadata))).rstrip("/")
    served = Tenants.of(found.teams_tenants, found.teams_tenant_id)
    tenants = sorted(name for name in served.names | {found.teams_tenant_id.lower()} if _guid(name))
    if not url:
        return
    app_id, password = found.teams_app_id or "", found.teams_app_password
    graph = Graph(app_id, password, url, metadata, lambda: http, time.time, found.teams_token_url)
    for tenant in [each for each in tenants if each in served][:ASKED]:
        yield await _consented(graph, tenant, f" in tenant {tenant}" if len(tenants) > 1 else "")


async def _consented(graph: Any, tenant: str, where: str) -> Finding:
    from bot.platforms.teams.graph import NotConsented

    try:
        await graph.people(tenant)
        return fine(f"Teams: Microsoft Graph tells who manages whom{where}")
    except NotConsented:
        return perhaps(
            f"Teams: Microsoft Graph does not tell who manages whom{where}: all else works without; "
            "consent to its permission User.Read.All, or use `kadens import people`"
        )
    except Exception as error:
        text = f"Teams: Microsoft Graph cannot be asked ({type(error).__name__})"
        return perhaps(f"{text}: let this machine reach {graph.url}")


def _guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
