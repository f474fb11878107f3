"""The app package for Teams: the manifest that fits this code's own commands, its words in three languages, two icons.

learn.microsoft.com/microsoft-365/extensibility/schema: version 1.25, the first in which an app says that it works in
every kind of channel. No permission is asked for: what is said to the bot reaches it without.
"""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from bot.core.features import Routes
from bot.core.menus import Line, lines
from bot.core.menus import say as menu
from bot.core.settings import Settings
from bot.core.wording import LANGUAGES, wording

say = wording("teams")
VERSION = "1.25"
SCHEMA = f"https://developer.microsoft.com/json-schemas/teams/v{VERSION}"
SCOPES = ("personal", "team", "groupChat")
LIMITS: Mapping[str, int] = {"commands": 10, "title": 32, "description": 128, "short": 80, "shortcuts": 10}
ACCENT = (79, 70, 229)  # also as #4F46E5
A_DAY = (1980, 1, 1, 0, 0, 0)  # the same package each time, whenever it is made
Color = tuple[int, int, int]


def package(routes: Routes, settings: Settings, app_id: str, host: str) -> bytes:
    """The zip that an administrator uploads. `host` is where the bot is served, `app_id` its id in Entra (a GUID)."""
    files = {
        "manifest.json": _json(manifest(routes, settings, app_id, host)),
        "color.png": icon(192),
        "outline.png": outline(32),
    }
    for lang in LANGUAGES:
        if lang != settings.languages.default:
            files[f"{lang}.json"] = _json(_translation(routes, lang))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in files.items():
            box.writestr(zipfile.ZipInfo(name, A_DAY), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def manifest(routes: Routes, settings: Settings, app_id: str, host: str) -> dict[str, Any]:
    """Raises ValueError when `app_id` is no GUID."""
    lang, site = settings.languages.default, _site(host)
    bot = str(UUID(app_id))
    others = [{"languageTag": other, "file": f"{other}.json"} for other in LANGUAGES if other != lang]
    commands = [{"title": title, "description": words} for title, words in _commands(routes, lang)]
    return {
        "$schema": f"{SCHEMA}/MicrosoftTeams.schema.json",
        "manifestVersion": VERSION,
        "version": "1.0.0",
        # The app is not the bot: two installations of one bot for two hosts are two apps.
        "id": str(uuid5(NAMESPACE_URL, f"{site}/{bot}")),
        "localizationInfo": {"defaultLanguageTag": lang, "additionalLanguages": others},
        "developer": {"name": "Kadens", "websiteUrl": site, "privacyUrl": site, "termsOfUseUrl": site},
        "name": {"short": "Kadens", "full": "Kadens"},
        "description": {"short": _cut(say(lang, "app.short"), "short"), "full": say(lang, "app.full")},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": "#{:02X}{:02X}{:02X}".format(*ACCENT),
        "bots": [
            {
                "botId": bot,
                "scopes": list(SCOPES),
                "isNotificationOnly": False,
                "supportsFiles": True,
                "commandLists": [{"scopes": [scope], "commands": commands} for scope in SCOPES] if commands else [],
            }
        ],
        **({"composeExtensions": [_menu(routes, bot, lang)]} if routes.shortcuts else {}),
        "supportsChannelFeatures": "tier1",
        "defaultInstallScope": "personal",
        # Dialogs are cards and pictures are ours to send: no page of any host is shown.
        "validDomains": [],
    }


def _menu(routes: Routes, bot: str, lang: str) -> dict[str, Any]:
    """A line in the menu of each message, beside the box one writes in, and in the command box."""
    lines = [
        {
            "id": name,
            "type": "action",
            "title": title,
            "description": words,
            "context": ["message", "compose", "commandBox"] if here else ["compose", "commandBox"],
            "fetchTask": True,
        }
        for name, title, words, here in _shortcuts(routes, lang)
    ]
    return {"botId": bot, "commands": lines}


def _translation(routes: Routes, lang: str) -> dict[str, str]:
    words = {
        "$schema": f"{SCHEMA}/MicrosoftTeams.Localization.schema.json",
        "name.short": "Kadens",
        "name.full": "Kadens",
        "description.short": _cut(say(lang, "app.short"), "short"),
        "description.full": say(lang, "app.full"),
    }
    for n, (_, text) in enumerate(_commands(routes, lang)):
        for scope in range(len(SCOPES)):
            words[f"bots[0].commandLists[{scope}].commands[{n}].description"] = text
    for n, (_, title, text, _) in enumerate(_shortcuts(routes, lang)):
        words[f"composeExtensions[0].commands[{n}].title"] = title
        words[f"composeExtensions[0].commands[{n}].description"] = text
    return words


def _commands(routes: Routes, lang: str) -> list[tuple[str, str]]:
    """A command is the word one types, so its title is the same in every language."""
    told = {name: menu(lang, f"commands.{name}") for name in routes.commands if menu.has(f"commands.{name}")}
    names = routes.commands[: LIMITS["commands"]]
    return [(name, _cut(told.get(name) or say(lang, "other.command"), "description")) for name in names]


def _shortcuts(routes: Routes, lang: str) -> list[tuple[str, str, str, bool]]:
    """Each once, for Teams has one menu for both: with its words, and whether it stands on messages too."""
    both = dict[str, list[Line]]()
    for line in lines(routes.shortcuts):
        both.setdefault(line.name, []).append(line)
    found = []
    for name, each in list(both.items())[: LIMITS["shortcuts"]]:
        line, here = each[0], any(one.here for one in each)
        title, words = say(lang, "other.shortcut"), say(lang, "other.note")
        if menu.has(f"shortcuts.{line.key}"):
            title, words = line.label(lang), line.note(lang)
        found.append((name, _cut(title, "title"), _cut(words, "description"), here))
    return found


def _cut(text: str, limit: str) -> str:
    return text[: LIMITS[limit]]


def _site(host: str) -> str:
    """The address people see, which has to be https."""
    parts = urlsplit(host if "://" in host else f"https://{host}")
    return f"https://{parts.netloc}"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()


# -- the icons: a rounded square with four beats of one measure


@cache
def icon(side: int) -> bytes:
    """In colour, filling its square."""
    ground = _round(side * 0.5, side * 0.5, side * 0.5, side * 0.5, side * 0.22)
    beats = _beats(side, 0.56)

    def pixel(x: float, y: float) -> bytes:
        light = 1.12 - 0.24 * y / side  # a little lighter at the top
        back = tuple(min(255, round(part * light)) for part in ACCENT)
        mark = max(_cover(beat(x, y)) for beat in beats)
        rgb = (round(part + (255 - part) * mark) for part in back)
        return bytes((*rgb, round(255 * _cover(ground(x, y)))))

    return _png(side, pixel)


@cache
def outline(side: int) -> bytes:
    """White on nothing, as Teams wants it for its bar."""
    beats = _beats(side, 0.84)

    def pixel(x: float, y: float) -> bytes:
        return bytes((255, 255, 255, round(255 * max(_cover(beat(x, y)) for beat in beats))))

    return _png(side, pixel)


Shape = Callable[[float, float], float]  # the distance to its edge; negative inside


def _beats(side: int, width: float) -> list[Shape]:
    heights, thick = (0.42, 1.0, 0.62, 0.8), side * width * 0.075
    first, step = side * (0.5 - width / 2) + thick, (side * width - 2 * thick) / 3
    return [
        _round(first + n * step, side * 0.5, thick, side * width * 0.5 * height, thick)
        for n, height in enumerate(heights)
    ]


def _round(x: float, y: float, half_width: float, half_height: float, radius: float) -> Shape:
    def distance(px: float, py: float) -> float:
        dx, dy = abs(px - x) - half_width + radius, abs(py - y) - half_height + radius
        return float((max(dx, 0) ** 2 + max(dy, 0) ** 2) ** 0.5 + min(max(dx, dy), 0) - radius)

    return distance


def _cover(distance: float) -> float:
    """How much of a pixel this far from the edge lies inside: smooth edges without drawing larger."""
    return min(1.0, max(0.0, 0.5 - distance))


def _png(side: int, pixel: Callable[[float, float], bytes]) -> bytes:
    rows = (b"\0" + b"".join(pixel(x + 0.5, y + 0.5) for x in range(side)) for y in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)  # 8 bits, with transparency
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
