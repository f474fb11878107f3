"""What an invoke is answered with. Pure.

learn.microsoft.com/microsoftteams/platform: task-modules-and-cards/task-modules/task-modules-bots (dialogs),
messaging-extensions/how-to/action-commands (menus), task-modules-and-cards/cards/universal-actions-for-adaptive-cards.
"""

from dataclasses import dataclass
from typing import Any

from bot.core.cards import Form
from bot.core.effects import Answer, OpenForm, Refuse
from bot.platforms.teams import forms, render
from bot.platforms.teams.forms import Filled, say
from bot.platforms.teams.render import Json

OPENING = ("task/fetch", "composeExtension/fetchTask")


@dataclass(frozen=True, slots=True)
class Asked:
    """An invoke, as far as its answer depends on it."""

    name: str
    again: Form | None = None  # the form that was submitted
    cancelled: bool = False
    submitted: bool = False


def answer(asked: Asked, found: Answer | None, filled: Filled) -> Json | None:
    """The body of the reply; None for an empty one, which closes a dialog."""
    if asked.name == "adaptiveCard/action":
        return _in_the_card(asked, found, filled)
    match found:
        case OpenForm(form):
            return forms.task(form, Filled(filled.lang, directory=filled.directory))
        case Refuse(objections):
            if asked.again is None:
                return _said(" ".join(objections.values()))
            refused = Filled(filled.lang, objections, filled.typed, filled.directory)
            return forms.task(asked.again, refused)
        case None:
            return _said(say(filled.lang, "nothing")) if asked.name in OPENING else None


def slow(asked: Asked, lang: str) -> Json:
    """The turn goes on, but Teams waits no longer than five seconds."""
    words = say(lang, "slow")
    return _message(words) if asked.name == "adaptiveCard/action" else _said(words)


def _in_the_card(asked: Asked, found: Answer | None, filled: Filled) -> Json:
    match found:
        case OpenForm(form):
            return _card(forms.inline(form, Filled(filled.lang, directory=filled.directory)))
        case Refuse(objections):
            if asked.again is None:
                return _message(" ".join(objections.values()))
            refused = Filled(filled.lang, objections, filled.typed, filled.directory)
            return _card(forms.inline(asked.again, refused))
        case None:
            key = "cancelled" if asked.cancelled else "done" if asked.submitted else "pressed"
            return _message(say(filled.lang, key))


def _said(words: str) -> Json:
    return {"task": {"type": "message", "value": words}}


def _card(content: Any) -> Json:
    return {"statusCode": 200, "type": render.CONTENT, "value": content}


def _message(words: str) -> Json:
    return {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": words}
