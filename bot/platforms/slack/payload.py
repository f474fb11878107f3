"""The small things all of Slack's payloads are made of: ids, texts, places, people. Pure.

Whatever is not of the shape that Slack sends raises Malformed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from bot.bounds import parsed
from bot.core.cards import BAR, OPEN, SHUT, clean
from bot.core.people import Person, Place, stranger
from bot.platforms.slack.forms import NOTHING
from storage.people import Profile

Body = Mapping[str, Any]

SLACKBOT = "USLACKBOT"  # a bot that Slack does not call one (docs.slack.dev/reference/objects/user-object)
TOKEN = re.compile(r"<([^<>]*)>")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # the last one last
ID = re.compile(r"[!-~]{1,255}")
LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")


class Malformed(ValueError):
    """Signed, but not of a shape that Slack sends."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text as people read it, with mentions of our own kind, and who is named in it. Groups are taken out."""

    text: str
    people: tuple[tuple[str, str], ...] = ()  # account, name
    groups: tuple[str, ...] = ()


def part(of: Body, name: str) -> Body:
    found = of.get(name)
    if not isinstance(found, dict):
        raise Malformed(name)
    return found


def id_of(of: Body, name: str) -> str:
    found = of.get(name)
    if not isinstance(found, str) or not ID.fullmatch(found):
        raise Malformed(name)
    return found


def name_of(of: Body, name: str) -> str:
    found = text_of(of, name)
    if not found or len(found) > 255:
        raise Malformed(name)
    return found


def text_of(of: Body, name: str) -> str:
    """Something that was typed, or nothing."""
    found = of.get(name)
    if found is not None and not isinstance(found, str):
        raise Malformed(name)
    return clean(found or "")


def workspace_of(body: Body) -> str:
    """Whose installation this is for, as our name of it: a workspace, or a whole organisation where that installed us.

    It is not always where something happened, nor whose the person is: in a channel that two companies share, an event
    is addressed to one of them (docs.slack.dev/apis/events-api/#authorizations).
    """
    told = body.get("authorizations")
    first = told[0] if isinstance(told, list) and told else None
    if isinstance(first, dict) and (found := _installation(first)):
        return found
    return _installation(body) or _inside(body)


def _installation(of: Body) -> str:
    enterprise = of.get("enterprise_id") or of.get("enterprise")
    if of.get("is_enterprise_install") in (True, "true") and enterprise:
        return f"slack:{id_of({'id': enterprise['id']} if isinstance(enterprise, dict) else {'id': enterprise}, 'id')}"
    return f"slack:{id_of(of, 'team_id')}" if of.get("team_id") else ""


def _inside(body: Body) -> str:
    """Of an interaction. A form that was opened by way of a shared channel says where we are installed."""
    view, team = body.get("view"), body.get("team")
    if isinstance(view, dict) and view.get("app_installed_team_id"):
        return f"slack:{id_of(view, 'app_installed_team_id')}"
    if isinstance(team, dict):
        return f"slack:{id_of(team, 'id')}"
    return f"slack:{id_of(part(body, 'user'), 'team_id')}"


def us(body: Body) -> str | None:
    """Our own account, which every event names in its authorizations."""
    for installed in body.get("authorizations") or ():
        if isinstance(installed, dict) and installed.get("is_bot"):
            return str(installed.get("user_id"))
    return None


def place_of(actor: Person, channel: str, name: str = "", thread: str | None = None) -> Place:
    """A conversation by its id and, where Slack tells it, its name; what cannot be told is private."""
    if channel.startswith("D"):
        return Place(actor.workspace, actor.account, thread, "direct")
    # A private channel's id begins with C as well nowadays: only the name tells. Slack hides it as "privategroup".
    public = channel.startswith("C") and name and name != "privategroup" and not name.startswith("mpdm-")
    return Place(actor.workspace, channel, thread, "public" if public else "private")


def thread_of(message: Body) -> str | None:
    """The thread a message is in. The first message of a thread stands outside it."""
    thread = message.get("thread_ts")
    return id_of(message, "thread_ts") if thread and thread != message.get("ts") else None


def spoken(text: str, us: str = "") -> Spoken:
    """Slack's text as it was typed (docs.slack.dev/messaging/formatting-message-text)."""
    people, groups = dict[str, str](), list[str]()

    def resolved(found: re.Match[str]) -> str:
        what, _, label = found[1].partition("|")
        if what.startswith("@") and ID.fullmatch(what[1:]):
            if what[1:] == us:
                return " "
            # Slack names only the account; the turn knows the name.
            name = label.removeprefix("@")
            people.setdefault(what[1:], _plain(name))
            return f"{OPEN}{what[1:]}{BAR}{name or what[1:]}{SHUT}"
        if what.startswith("!subteam^"):
            groups.append(what.removeprefix("!subteam^"))
            return " "
        if what.startswith("#"):
            return f"#{label or what[1:]}"
        if what.startswith("!"):  # <!here>, <!date^…|yesterday>
            return label or f"@{what[1:].partition('^')[0]}"
        address = what.removeprefix("mailto:")
        # A bare address that Slack made a link of is shown as it was typed.
        return label if label and label in address else f"{label} ({address})" if label else address

    plain = _plain(TOKEN.sub(resolved, clean(text)))
    if groups or us:  # what is taken out leaves a hole, also before a comma
        plain = re.sub(r"[ \t]+([,.;:!?](?:\s|$))", r"\1", re.sub(r"[ \t]{2,}", " ", plain))
    return Spoken(plain.strip(), tuple(people.items()), tuple(dict.fromkeys(groups)))


def _plain(text: str) -> str:
    for entity, sign in ENTITIES:
        text = text.replace(entity, sign)
    return text


def carried(view: Body, user: Person) -> tuple[str, Place]:
    """What the form is about and where it was opened, as forms.carried wrote it down."""
    try:
        told = parsed(text_of(view, "private_metadata"))
        value, where = str(told["value"]), told["place"]
        if not where:
            return value, user.home
        workspace, conversation, thread, kind = where
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed("private_metadata") from error
    if workspace != user.workspace or kind not in ("direct", "private", "public"):
        raise Malformed("private_metadata")
    there = {"conversation": conversation, "thread": thread}
    return value, Place(workspace, id_of(there, "conversation"), id_of(there, "thread") if thread else None, kind)


def inputs(body: Body) -> list[str]:
    """The block_ids of the inputs of a submitted form."""
    shown = part(body, "view").get("blocks")
    blocks = [block for block in shown if isinstance(block, dict)] if isinstance(shown, list) else []
    return [str(block.get("block_id")) for block in blocks if block.get("type") == "input"]


def filled(view: Body, workspace: str) -> tuple[dict[str, str], dict[str, tuple[Person, ...]]]:
    """What was filled into a form: words and choices, and people."""
    answers, people = dict[str, str](), dict[str, tuple[Person, ...]]()
    for field, elements in part(part(view, "state"), "values").items():
        if not isinstance(elements, dict) or len(elements) != 1:
            raise Malformed("state")
        [element] = elements.values()
        if not isinstance(element, dict):
            raise Malformed("state")
        if (picked := _picked(element)) is not None:
            people[field] = tuple(stranger(workspace, account) for account in picked)
        else:
            answers[field] = _answer(element)
    return answers, people


def _picked(element: Body) -> list[str] | None:
    match element.get("type"):
        case "multi_users_select":
            picked = element.get("selected_users") or []
        case "users_select":
            picked = [element["selected_user"]] if element.get("selected_user") else []
        case _:
            return None
    if not isinstance(picked, list) or not all(isinstance(id, str) and ID.fullmatch(id) for id in picked):
        raise Malformed("selected_users")
    return picked


def _answer(element: Body) -> str:
    match element.get("type"):
        case "plain_text_input":
            return text_of(element, "value")
        case "datepicker":
            return text_of(element, "selected_date")
        case "static_select" | "radio_buttons":
            return _option(element.get("selected_option"))
        case "multi_static_select" | "checkboxes":
            chosen = element.get("selected_options") or []
            if not isinstance(chosen, list):
                raise Malformed("selected_options")
            return ",".join(map(_option, chosen))
        case _:
            raise Malformed("an element that no form of ours has")


def _option(option: Any) -> str:
    if option is None:
        return ""
    if not isinstance(option, dict):
        raise Malformed("selected_option")
    value = text_of(option, "value")
    return "" if value == NOTHING else value


def profile(workspace: str, user: Mapping[str, Any], started: date | None = None) -> Profile:
    """A user object as a profile. Raises AttributeError, KeyError or TypeError for what is no user object."""
    told = user.get("profile") or {}
    id, zone = str(user["id"]), user.get("tz")
    # The locale is told only where it is asked for, and never in events: None keeps what we know.
    locale = user.get("locale")
    return Profile(
        workspace,
        id,
        clean(
            str(told.get("display_name") or told.get("real_name") or user.get("real_name") or user.get("name") or id)
        ),
        zone=zone if zone in _zones() else None,
        lang=re.split("[-_]", locale)[0].lower() if isinstance(locale, str) and LOCALE.fullmatch(locale) else None,
        bot=bool(user.get("is_bot")) or id == SLACKBOT,
        # Somebody of another company, met in a shared channel, is a guest here too.
        guest=any(user.get(word) for word in ("is_restricted", "is_ultra_restricted", "is_stranger")),
        gone=bool(user.get("deleted")),
        started=started,
        # Who has not answered Slack's mail could have named anybody's address. Nothing without users:read.email.
        email=told.get("email") if user.get("is_email_confirmed") and isinstance(told.get("email"), str) else None,
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
