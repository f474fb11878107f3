"""Every card and form of every feature, in three languages, plain and wild, through every renderer."""

import asyncio
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.views import View

from bot.core.cards import (
    Bar,
    Button,
    Buttons,
    Card,
    Choice,
    Divider,
    Facts,
    Form,
    Heading,
    Note,
    Quote,
    Remark,
    Text,
    TextBox,
    plain,
)
from bot.core.features import Routes
from bot.core.pages import read
from bot.core.wording import LANGUAGES, SHELF, speaks
from bot.platforms.playground import forms as playground_forms
from bot.platforms.playground import render as playground
from bot.platforms.slack import render as slack
from bot.platforms.teams import forms as teams_forms
from bot.platforms.teams import render as teams
from bot.platforms.teams.forms import Filled
from handlers import FEATURES
from tests.cards.gallery import Gallery, played
from tests.platforms.teams_world import assert_card, parts
from tests.platforms.test_slack_render import check, texts
from tests.platforms.test_teams_render import MARKDOWN, MARKUP


@pytest.fixture(scope="session")
def galleries(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Gallery]:
    found = []
    for lang in LANGUAGES:
        for wild in (False, True):
            path = tmp_path_factory.mktemp("gallery") / "kadens.db"
            found.append(asyncio.run(played(lang, wild, shutil.copy(empty_database, path))))
    return found


def test_every_route_shows_something_in_every_language(galleries: list[Gallery]) -> None:
    for gallery in galleries:
        assert not Routes(*FEATURES).table.keys() - gallery.routes
        assert len(gallery.cards) > 150 and len(gallery.forms) > 15 and len(gallery.refusals) > 8
