"""The manifest says what the code does: not less, and not a scope more."""

import ast
import re
from pathlib import Path

import pytest

from bot.core.features import Feature, Routes
from bot.core.settings import Settings
from bot.core.wording import LANGUAGES
from bot.platforms.slack import manifest as module
from bot.platforms.slack.manifest import EVENTS, METHODS, NoWords, manifest, scopes

CODE = Path(module.__file__).parent
SETTINGS = Settings()


def feature(*commands: str, shortcuts: tuple[str, ...] = ()) -> Feature:
    made = Feature("made")
    for command in commands:
        made.command(command)(lambda event: iter(()))
    for shortcut in shortcuts:
        made.shortcut(shortcut)(lambda event: iter(()))
    return made


ROUTES = Routes(feature("kudos", "kudos me", "checkin", "kadens", "kadens home", shortcuts=("kudos", "checkin")))


def tree(name: str) -> ast.Module:
    return ast.parse((CODE / name).read_text())


def called() -> set[str]:
    """The methods that any file of ours names when it calls the Web API."""
    found = set[str]()
    for path in CODE.glob("*.py"):
        for node in ast.walk(tree(path.name)):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="call" | "form" | "read" | "pages"),
                    args=[ast.Constant(value=str(name)), *_],
                ):
                    found.add(name)
    return found


def read() -> set[str]:
    """The events that inbound listens for."""
    [reader] = [n for n in tree("inbound.py").body if isinstance(n, ast.FunctionDef) and n.name == "_event"]
    names = {
        n.value.value for n in ast.walk(reader) if isinstance(n, ast.MatchValue) and isinstance(n.value, ast.Constant)
    }
    return {"message.im" if name == "message" else name for name in names}


def test_every_method_we_call_is_in_the_table_and_no_other():
    assert called() == set(METHODS)


def test_only_api_knows_the_sdks_own_calls():
    for path in CODE.glob("*.py"):
        if path.name != "api.py":
            assert "api_call" not in path.read_text()
        assert not re.search(r"\.(chat|views|users|conversations)_[a-z]+\(", path.read_text()), path.name


def test_every_event_we_read_is_in_the_table_and_no_other():
    assert read() == set(EVENTS)


def test_scopes_are_those_of_the_tables():
    assert set(manifest(ROUTES, SETTINGS, "https://kadens.example")["oauth_config"]["scopes"]["bot"]) == set(scopes())
    assert scopes() == [
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "chat:write.public",
        "commands",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "reactions:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    ]


def test_commands_are_those_of_the_code():
    made = manifest(ROUTES, Settings(prefix="kx-"), "https://kadens.example/")
    commands = made["features"]["slash_commands"]
    assert [command["command"] for command in commands] == ["/kx-kudos", "/kx-checkin", "/kx-kadens"]
    assert all(command["should_escape"] for command in commands)
    assert {command["url"] for command in commands} == {"https://kadens.example/slack/events"}
    assert made["settings"]["event_subscriptions"]["request_url"] == commands[0]["url"]
    assert made["settings"]["interactivity"]["request_url"] == commands[0]["url"]
    assert made["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)


def test_shortcuts_on_messages_and_everywhere():
    shortcuts = manifest(ROUTES, SETTINGS, "https://x")["features"]["shortcuts"]
    assert [(s["callback_id"], s["type"]) for s in shortcuts] == [("kudos#here", "message"), ("checkin", "global")]


def test_socket_mode_needs_no_address():
    made = manifest(ROUTES, SETTINGS, socket=True)
    assert made["settings"]["socket_mode_enabled"] is True
    assert "url" not in str([made["features"], made["settings"]])


def test_a_command_without_words_is_named():
    with pytest.raises(NoWords, match=r"commands\.dance is missing"):
        manifest(Routes(feature("dance")), SETTINGS, "https://x")
    with pytest.raises(NoWords, match="shorter prefix"):
        manifest(Routes(feature("k" * 33)), SETTINGS, "https://x")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_words_fit_in_every_language(lang):
    room = {"commands": "description", "usage": "usage", "shortcuts": "shortcut", "notes": "shortcut note"}
    for key, text in module.words.pages[lang].words.items():
        if limit := room.get(key.partition(".")[0]):
            assert len(text) <= module.LIMITS[limit], (lang, key)


def test_for_many_workspaces_it_names_where_people_come_back_to():
    made = manifest(ROUTES, SETTINGS, "https://kadens.example/", many=True)
    assert made["oauth_config"]["redirect_urls"] == ["https://kadens.example/slack/oauth_redirect"]
    assert made["settings"]["token_rotation_enabled"] and not made["settings"]["org_deploy_enabled"]
    assert manifest(ROUTES, SETTINGS, "https://x", many=True, org=True)["settings"]["org_deploy_enabled"]
    one = manifest(ROUTES, SETTINGS, "https://kadens.example/")
    assert "redirect_urls" not in one["oauth_config"] and not one["settings"]["token_rotation_enabled"]
