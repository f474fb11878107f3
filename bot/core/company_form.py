"""The company's settings as fields of a form: what is typed there, as app.yaml would have it, and what is wrong."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bot.core.events import Event, Submission
from bot.core.people import Person
from bot.core.settings import Thresholds
from bot.core.wording import wording

say = wording("admin")

# Each field with the path of what it changes, by form.
KUDOS = {
    "values": "values",
    "emojis": "kudos.emojis",
    "allowance": "kudos.allowance",
    "guests": "kudos.guests",
    "leaderboard": "kudos.leaderboard",
}
PEOPLE = {
    "first_days": "people.first_days",
    **{name: f"thresholds.{name}" for name in Thresholds.model_fields},
}
PLACES = {"recognition": "kudos.recognition", "channels": "languages.channels"}
# Said when the bot was let in, or chosen by cards of their own: handlers/welcome.py.
AUDIENCE = {"not_yet": "people.not_yet", "pilot": "people.pilot", "admins": "people.admins"}
FIELDS = {**KUDOS, **PEOPLE, **AUDIENCE, **PLACES}
KEPT = ("admins",)  # not given back in chat: a company would be left without anybody who may
ROLES = ("admin", "hr")


def looks_after(event: Event) -> bool:
    """Whether the actor may change what holds for the company."""
    return event.actor.role in ROLES or event.actor.account in event.settings.people.admins


def typed(event: Submission, name: str) -> Any:
    """What was filled in, as app.yaml would have it."""
    text = event.answers.get(name, "").strip()
    match name:
        case "values" | "emojis":
            return [word for word in re.split(r"[\s,;]+", text) if word]
        case "allowance":
            lines = [line for line in re.split(r"[\n,;]+", text) if line.strip()]
            return {role.strip(): a_day.strip() for role, _, a_day in (line.partition(":") for line in lines)}
    return text


def objections(actor: Person, error: ValidationError, fields: Mapping[str, str]) -> dict[str, str]:
    """A sentence beside each field, with the words in it that will not do."""
    odd = dict[str, list[str]]()
    for mistake in error.errors():
        loc = [str(part) for part in mistake["loc"]]
        field = next((name for path, name in fields.items() if loc[: path.count(".") + 1] == path.split(".")), "")
        word = mistake["input"] if isinstance(mistake["input"], str) else ""
        odd.setdefault(field or next(iter(fields.values())), []).extend([word] if word else [])
    return {name: objection(actor, name, words) for name, words in odd.items()}


def objection(actor: Person, name: str, words: list[str]) -> str:
    if name in Thresholds.model_fields or name == "first_days":
        low, high = bounds(name)
        return say(actor, "wrong.number", low=low, high=high) if high else say(actor, "wrong.count")
    text = say(actor, f"wrong.{name}")
    return say(actor, "wrong.word", words=[f"“{word}”" for word in words], text=text) if words else text


def bounds(name: str) -> tuple[int, int]:
    """The least and the most a threshold can be; 0: no most."""
    field = Thresholds.model_fields.get(name)
    marks = field.metadata if field else ()
    low, high = (next((getattr(mark, side) for mark in marks if hasattr(mark, side)), 0) for side in ("ge", "le"))
    return low, high
