"""Settings in layers: what app.yaml says, over it what admins said in chat, over it the rhythm of one's own team."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from bot.core.cadences import courses
from bot.core.settings import Settings, Thresholds

log = logging.getLogger(__name__)

# What can be set in chat, by the path it has in app.yaml.
CHAT = (
    "values",
    "kudos.emojis",
    "kudos.allowance",
    "kudos.guests",
    "kudos.leaderboard",
    "kudos.recognition",
    "languages.channels",
    "people.first_days",
    "people.not_yet",
    "people.pilot",
    "people.admins",
    *(f"thresholds.{name}" for name in Thresholds.model_fields),
)
# Of these a place is added to what the file has for other places; an empty word takes out the file's.
PLACED = ("kudos.recognition", "languages.channels")


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """Settings as a key. They hold mappings, which have no hash, and never change."""

    settings: Settings

    def __hash__(self) -> int:
        return id(self.settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.settings is self.settings


def overlaid(base: Settings, company: str | None, cadence: str | None, day: date) -> Settings:
    """The settings that hold for somebody. `company` and `cadence` as they are kept, None where there is nothing;
    `day` is theirs. What is kept and cannot be used counts as not said: it must stop nobody.
    """
    if not company and not cadence:
        return base
    return _overlaid(_Same(base), company or "", cadence or "", day)


@lru_cache(maxsize=4096)
def _overlaid(base: _Same, company: str, cadence: str, day: date) -> Settings:
    settings = _company(base, company)
    if not cadence:
        return settings
    held = {name: course.rhythm for name, course in courses(settings, cadence, day).items()}
    return settings.model_copy(update={"rhythms": held})


@lru_cache(maxsize=1024)
def _company(base: _Same, company: str) -> Settings:
    found = said(company)
    try:
        return over(base.settings, found)
    except ValidationError:
        settings = base.settings
    for path, value in found.items():
        try:
            settings = over(settings, {path: value})
        except ValidationError:
            log.error("%s as it was set in chat no longer holds: app.yaml's does", path)
    return settings


@lru_cache(maxsize=1024)
def said(company: str) -> Mapping[str, Any]:
    """What admins said, by path. What cannot be read counts as nothing."""
    try:
        found = json.loads(company) if company else {}
        return {path: value for path, value in found.items() if path in CHAT}
    except (ValueError, AttributeError) as error:
        log.error("the settings a company has in the store cannot be read (%s): app.yaml's hold", type(error).__name__)
        return {}


def over(base: Settings, found: Mapping[str, Any]) -> Settings:
    """`base` with these settings, each by its path. Raises pydantic's ValidationError, which has all that is wrong."""
    if not found:
        return base
    plain = base.model_dump(exclude={"rhythms"})
    for path, value in found.items():
        *rooms, name = path.split(".")
        section = plain
        for room in rooms:
            section = section[room]
        if path in PLACED and isinstance(value, Mapping):
            value = {place: word for place, word in {**section[name], **value}.items() if word}
        section[name] = value
    return Settings.model_validate(plain).model_copy(update={"rhythms": base.rhythms})


def at(settings: Settings, path: str) -> Any:
    """What a setting is now."""
    found: Any = settings
    for name in path.split("."):
        found = getattr(found, name)
    return found
