"""The app manifest: what Slack has to be told of this app, derived from what the code does.

Source: docs.slack.dev/reference/app-manifest; scopes stand with each method and event in docs.slack.dev/reference.
"""

from collections.abc import Mapping
from typing import Any

from bot.core.features import Routes
from bot.core.menus import Line, lines
from bot.core.settings import Settings
from bot.core.wording import FIRST, wording

words = wording("manifest")

# What each thing we use asks for. The tests hold these tables against the code, in both directions.
METHODS: Mapping[str, tuple[str, ...]] = {
    "auth.teams.list": (),  # of an organisation: the workspaces that have us
    "auth.test": (),
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write", "chat:write.public"),  # .public: /kudos in a channel nobody invited us to
    "chat.update": ("chat:write",),
    # Only to look up whether a message of ours arrived, when its sending was cut off.
    "conversations.history": ("channels:history", "groups:history", "im:history"),
    "conversations.open": ("im:write",),
    "conversations.replies": ("channels:history", "groups:history", "im:history"),
    "files.completeUploadExternal": ("files:write",),  # progress pictures, and documents one asked for
    "files.getUploadURLExternal": ("files:write",),
    "oauth.v2.access": (),  # installing, and renewing a token
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.info": ("users:read",),
    "users.list": ("users:read", "users:read.email"),  # the e-mail joins somebody's accounts on two platforms
    "views.open": (),
    "views.publish": (),
}
EVENTS: Mapping[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_uninstalled": (),
    "member_joined_channel": ("channels:read", "groups:read"),
    "message.im": ("im:history",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "subteam_created": ("usergroups:read",),
    "subteam_members_changed": ("usergroups:read",),
    "subteam_updated": ("usergroups:read",),
    "team_join": ("users:read",),
    "tokens_revoked": (),
    "user_change": ("users:read",),
}
COMMANDS = ("commands",)  # slash commands and shortcuts
HERE = "#here"  # behind the name of a shortcut on a message: each callback_id is there once
PATH, REDIRECT = "/slack/events", "/slack/oauth_redirect"
# Characters Slack takes.
LIMITS = {"name": 35, "description": 140, "command": 32, "usage": 1000, "shortcut": 24, "shortcut note": 150}


class NoWords(LookupError):
    """A command or shortcut has no words in prompts/en/manifest.yaml, or more than Slack takes."""


def manifest(
    routes: Routes, settings: Settings, url: str = "", socket: bool = False, many: bool = False, org: bool = False
) -> dict[str, Any]:
    """The manifest of an app at this address (`https://…`), or of one that uses Socket Mode and needs none.

    `many`: any workspace can install it, by way of our own pages, and its tokens are renewed; `org`: a whole
    organisation (Enterprise Grid) too.

    Raises NoWords where a command or shortcut lacks its words.
    """
    to = {} if socket else {"url": address(url)}
    hook = {} if socket else {"request_url": address(url)}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": _say("app.name", "name"),
            "description": _say("app.description", "description"),
            "background_color": "#2b4c5e",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": _say("app.name", "name"), "always_online": True},
            "shortcuts": [_shortcut(line) for line in lines(routes.shortcuts)],
            "slash_commands": [{**_command(name, settings.prefix), **to} for name in routes.commands],
        },
        "oauth_config": {**({"redirect_urls": [redirect(url)]} if many and url else {}), "scopes": {"bot": scopes()}},
        "settings": {
            "event_subscriptions": {**hook, "bot_events": sorted(EVENTS)},
            "interactivity": {"is_enabled": True, **hook},
            "org_deploy_enabled": org,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": many,
        },
    }


def scopes() -> list[str]:
    """Every scope something asks for, and no other."""
    return sorted({*COMMANDS, *(scope for uses in (METHODS, EVENTS) for asked in uses.values() for scope in asked)})


def address(url: str) -> str:
    return url if url.endswith(PATH) else url.rstrip("/") + PATH


def redirect(url: str) -> str:
    return url.removesuffix(PATH).rstrip("/") + REDIRECT


def _command(name: str, prefix: str) -> dict[str, Any]:
    command = f"/{prefix}{name}"
    if len(command) > LIMITS["command"]:
        raise NoWords(f"{command} is longer than {LIMITS['command']} characters: choose a shorter prefix")
    return {
        "command": command,
        "description": _say(f"commands.{name}", "description"),
        "usage_hint": _say(f"usage.{name}", "usage"),
        "should_escape": True,  # else a mention arrives as a mere name, which is nobody
    }


def _shortcut(line: Line) -> dict[str, Any]:
    return {
        "name": _say(f"shortcuts.{line.key}", "shortcut"),
        "type": "message" if line.here else "global",
        "callback_id": f"{line.name}{HERE}" if line.here else line.name,
        "description": _say(f"notes.{line.key}", "shortcut note"),
    }


def _say(key: str, limit: str) -> str:
    if not words.has(key):
        raise NoWords(f"prompts/{FIRST}/manifest.yaml: {key} is missing")
    text = words(FIRST, key)
    if len(text) > LIMITS[limit]:
        raise NoWords(f"prompts/{FIRST}/manifest.yaml: {key} is longer than {LIMITS[limit]} characters")
    return text
