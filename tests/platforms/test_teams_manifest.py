"""The app package, against Microsoft's own schema."""

import io
import json
import os
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from jsonschema.validators import validator_for

from bot.core.features import Feature, Routes
from bot.core.settings import Languages, Settings
from bot.platforms.teams import manifest
from tests.platforms.teams_stub import APP
from tests.platforms.teams_world import tiny

SCHEMAS = Path(__file__).parents[1] / "teams_client/node_modules/@microsoft/app-manifest/build/json-schemas/teams"

kudos = Feature("kudos")
kudos.shortcut("kudos")(lambda event: iter(()))
kudos.command("kudos")(lambda event: iter(()))
kudos.command("checkin")(lambda event: iter(()))
ROUTES = Routes(kudos)


def files(routes=ROUTES, settings=None, host="kadens.example.com"):
    with zipfile.ZipFile(io.BytesIO(manifest.package(routes, settings or Settings(), APP, host))) as box:
        assert box.testzip() is None
        return {name: box.read(name) for name in box.namelist()}


def schema(name):
    path = SCHEMAS / f"v{manifest.VERSION}" / name
    if not path.exists():
        reason = "the manifest schemas are not installed: npm ci in tests/teams_client"
        pytest.fail(reason) if os.environ.get("KADENS_NO_SKIP") else pytest.skip(reason)
    found = json.loads(path.read_text("utf-8-sig"))
    return validator_for(found)(found)


@pytest.mark.parametrize("routes", [ROUTES, Routes(tiny), Routes(), Routes(kudos, tiny)])
@pytest.mark.parametrize("lang", ["en", "sv", "nl"])
def test_the_package_is_valid(routes, lang):
    box = files(routes, Settings(languages=Languages(default=lang)))
    said = json.loads(box["manifest.json"])
    assert [error.message for error in schema("MicrosoftTeams.schema.json").iter_errors(said)] == []
    named = [each["file"] for each in said["localizationInfo"]["additionalLanguages"]] + list(said["icons"].values())
    assert {"manifest.json", *named} == box.keys()
    for each in said["localizationInfo"]["additionalLanguages"]:
        words = json.loads(box[each["file"]])
        assert [e.message for e in schema("MicrosoftTeams.Localization.schema.json").iter_errors(words)] == []


def test_it_says_what_the_code_listens_to():
    said = json.loads(files()["manifest.json"])
    [bot], [menu] = said["bots"], said["composeExtensions"]
    assert bot["botId"] == menu["botId"] == APP
    assert bot["scopes"] == ["personal", "team", "groupChat"]
    for each in bot["commandLists"]:
        assert [command["title"] for command in each["commands"]] == ["kudos", "checkin"]
        assert all(command["description"] for command in each["commands"])
    [line] = menu["commands"]
    assert (line["id"], line["title"], line["fetchTask"]) == ("kudos", "Give kudos", True)
    assert line["context"] == ["message", "compose", "commandBox"]


def test_it_asks_for_nothing():
    said = json.loads(files()["manifest.json"])
    assert not {"authorization", "webApplicationInfo", "permissions", "devicePermissions"} & said.keys()
    assert said["validDomains"] == []


def test_without_shortcuts_there_is_no_menu():
    assert "composeExtensions" not in json.loads(files(Routes())["manifest.json"])


def test_the_same_code_makes_the_same_package():
    one, two = (manifest.package(ROUTES, Settings(), APP, "kadens.example.com") for _ in range(2))
    assert one == two


@pytest.mark.parametrize("host", ["kadens.example.com", "https://kadens.example.com/x", "http://kadens.example.com"])
def test_the_address_people_see_is_https(host):
    assert json.loads(files(host=host)["manifest.json"])["developer"]["websiteUrl"] == "https://kadens.example.com"


def test_an_app_id_that_is_none():
    with pytest.raises(ValueError, match="badly formed"):
        manifest.package(ROUTES, Settings(), "kadens", "kadens.example.com")


def pixels(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, *rest = struct.unpack(">IIBBBBB", png[16:29])
    assert rest == [8, 6, 0, 0, 0]
    at, data = 8, b""
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    raw = zlib.decompress(data)
    rows = [raw[n * (width * 4 + 1) + 1 : (n + 1) * (width * 4 + 1)] for n in range(height)]
    return [[tuple(row[x : x + 4]) for x in range(0, width * 4, 4)] for row in rows]


def test_the_colour_icon_is_a_rounded_square_with_a_mark():
    shown = pixels(files()["color.png"])
    assert len(shown) == len(shown[0]) == 192
    assert shown[0][0][3] == 0 and shown[0][96][3] == 255  # round corners, full sides
    colours = {pixel[:3] for row in shown for pixel in row if pixel[3] == 255}
    assert (255, 255, 255) in colours and len(colours) > 50


def test_the_outline_is_white_on_nothing():
    shown = pixels(files()["outline.png"])
    assert len(shown) == len(shown[0]) == 32
    assert {pixel[:3] for row in shown for pixel in row} == {(255, 255, 255)}
    assert {pixel[3] for row in shown for pixel in row} >= {0, 255}
