"""What Slack sends, as our events. Pure: a body that is read already and a moment in, an event out.

Source of all shapes: docs.slack.dev/reference/events, /interactivity and /reference/interaction-payloads.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.events import (
    Action,
    Arrived,
    Command,
    Event,
    Met,
    Opened,
    Reaction,
    Rewritten,
    Shortcut,
    Submission,
    Words,
)
from bot.core.people import Kind, Person, Place, stranger
from bot.platforms.slack.payload import (
    ID,
    SLACKBOT,
    Body,
    Malformed,
    Spoken,
    carried,
    filled,
    id_of,
    name_of,
    part,
    place_of,
    profile,
    spoken,
    text_of,
    thread_of,
    us,
    workspace_of,
)
from storage.people import Profile

# Subtypes of what a person says; all others are Slack's own announcements (docs.slack.dev/reference/events/message).
SPEECH = frozenset({None, "file_share", "me_message", "thread_broadcast"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    """Slack tells of somebody's profile."""

    profile: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped(Event):
    """A user group came, changed or went. Members None: Slack did not name them all, they must be asked for."""

    group: str
    handle: str
    members: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class PutOut:
    """Somebody took us out of a workspace, at this moment as Slack has it."""

    workspace: str
    at: datetime


def read(body: Body, at: datetime, prefix: str = "") -> Arrived | Told | Grouped | PutOut | None:
    """The event in this body; None where it means nothing to us. Raises Malformed."""
    if "command" in body:
        return _command(body, at, prefix)
    match body.get("type"):
        case "event_callback":
            return _event(body, at)
        case "block_actions":
            return _action(body, at)
        case "view_submission":
            return _submission(body, at)
        case "message_action":
            return _message_shortcut(body, at)
        case "shortcut":
            user = _user(body)
            base = _base(body, user, user.home, at)
            # A shortcut that stands in both menus has a # in one of its names.
            return Shortcut(**base, opens=True, name=name_of(body, "callback_id").partition("#")[0])
        case str():
            return None
        case _:
            raise Malformed("neither a type nor a command")


def trigger(body: Body) -> str | None:
    found = body.get("trigger_id")
    return found if isinstance(found, str) else None


def whereabouts(body: Body) -> tuple[str | None, str | None]:
    """The channel and the person, as far as they can be told: for an apology."""
    inner = body.get("event") if isinstance(body.get("event"), dict) else body
    assert isinstance(inner, Mapping)
    channel, person = inner.get("channel") or inner.get("channel_id"), inner.get("user") or inner.get("user_id")
    ids = [found.get("id") if isinstance(found, dict) else found for found in (channel, person)]
    return (ids[0] if isinstance(ids[0], str) else None), (ids[1] if isinstance(ids[1], str) else None)


def _command(body: Body, at: datetime, prefix: str) -> Command:
    workspace = workspace_of(body)
    actor = stranger(workspace, id_of(body, "user_id"), text_of(body, "user_name"))
    said = spoken(text_of(body, "text"))
    place = place_of(actor, id_of(body, "channel_id"), text_of(body, "channel_name"))
    return Command(
        **_base(body, actor, place, at),
        opens=True,
        name=id_of(body, "command").lower().removeprefix("/").removeprefix(prefix),
        text=said.text,
        mentions=_people(workspace, said),
        groups=said.groups,
    )


def _action(body: Body, at: datetime) -> Action:
    user, actions = _user(body), body.get("actions")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], dict):
        raise Malformed("actions")
    place = user.home
    if isinstance(body.get("channel"), dict):
        container = body.get("container") if isinstance(body.get("container"), dict) else {}
        message = body.get("message") if isinstance(body.get("message"), dict) else {}
        assert isinstance(container, dict) and isinstance(message, dict)
        thread = thread_of(message) or thread_of({"ts": container.get("message_ts"), **container})
        place = _channel_place(user, body, thread)
    return Action(
        **_base(body, user, place, at),
        opens=True,
        action=name_of(actions[0], "action_id").partition("#")[0],  # the renderer's number, which made it unique
        value=text_of(actions[0], "value"),
    )


def _message_shortcut(body: Body, at: datetime) -> Shortcut:
    user, message = _user(body), part(body, "message")
    place = _channel_place(user, body, thread_of(message))
    if place.kind == "direct":
        # Between two other people, or with us: no telling which, and a thread of theirs is none of ours.
        place = user.home
    author = None
    if message.get("user"):
        author = stranger(user.workspace, id_of(message, "user"), bot=bool(message.get("bot_id")))
    return Shortcut(
        **_base(body, user, place, at),
        opens=True,
        name=name_of(body, "callback_id").partition("#")[0],
        author=author,
        text=spoken(text_of(message, "text")).text,
        message=id_of(message, "ts"),
    )


def _submission(body: Body, at: datetime) -> Submission:
    user, view = _user(body), part(body, "view")
    value, place = carried(view, user)
    answers, people = filled(view, user.workspace)
    return Submission(
        **_base(body, user, place, at),
        opens=True,
        form=name_of(view, "callback_id"),
        value=value,
        answers=answers,
        people=people,
    )


def _event(body: Body, at: datetime) -> Arrived | Told | Grouped | PutOut | None:
    event = part(body, "event")
    match event.get("type"):
        case "message":
            return _message(body, event, at)
        case "app_mention":
            # Editing a message that names us sends it once more, as a new event.
            if event.get("bot_id") or event.get("edited") or not event.get("user"):
                return None
            return _words(
                body, event, place_of(_who(body, event), id_of(event, "channel"), thread=thread_of(event)), at
            )
        case "reaction_added" | "reaction_removed" as type:
            return _reaction(body, event, type == "reaction_removed", at)
        case "app_home_opened" if event.get("tab", "home") == "home":
            actor = _who(body, event)
            return Opened(**_base(body, actor, actor.home, at))
        case "member_joined_channel" if event.get("user") == us(body):
            kind: Kind = "public" if event.get("channel_type") == "C" else "private"
            actor = _who(body, event, "inviter" if event.get("inviter") else "user")
            place = Place(actor.workspace, id_of(event, "channel"), kind=kind)
            return Met(**_base(body, actor, place, at), kind=kind)
        case "app_uninstalled":
            return _put_out(body, at)
        case "tokens_revoked" if part(event, "tokens").get("bot"):  # people's own tokens we never had
            return _put_out(body, at)
        case "team_join" | "user_change" as type:
            return _told(body, part(event, "user"), type == "team_join", at)
        case "subteam_created" | "subteam_updated":
            return _grouped(body, part(event, "subteam"), at)
        case "subteam_members_changed":
            base = _base(body, _nobody(body), _nobody(body).home, at)
            return Grouped(**base, group=id_of(event, "subteam_id"), handle="", members=None)
        case str():
            return None
        case _:
            raise Malformed("an event without a type")


def _message(body: Body, event: Body, at: datetime) -> Words | Rewritten | None:
    if event.get("channel_type") != "im":
        return None
    id_of(event, "channel")  # whoever answers will need it
    subtype = event.get("subtype")
    if subtype == "message_changed":
        return _changed(body, part(event, "message"), event.get("previous_message"), at)
    if subtype == "message_deleted":
        return _deleted(body, event.get("previous_message"), at)
    if subtype not in SPEECH or event.get("bot_id") or not event.get("user"):
        return None
    actor = _who(body, event)
    if actor.bot or actor.account == SLACKBOT:
        return None
    return _words(body, event, Place(actor.workspace, actor.account, thread_of(event), "direct"), at)


def _words(body: Body, event: Body, place: Place, at: datetime) -> Words:
    actor, said = _who(body, event), spoken(text_of(event, "text"), us(body) or "")
    mentions = _people(actor.workspace, said)
    base = _base(body, actor, place, at)
    return Words(**base, text=said.text, mentions=mentions, groups=said.groups, message=id_of(event, "ts"))


def _changed(body: Body, message: Body, before: Any, at: datetime) -> Rewritten | None:
    if message.get("subtype") == "tombstone":  # deleted, but replies hang on it
        return _deleted(body, before, at)
    # A link preview changes a message too: only other words are an edit.
    same = isinstance(before, dict) and before.get("text") == message.get("text")
    if same or message.get("bot_id") or not message.get("user"):
        return None
    actor = _who(body, message)
    place = Place(actor.workspace, actor.account, thread_of(message), "direct")
    text = spoken(text_of(message, "text"), us(body) or "").text
    return Rewritten(**_base(body, actor, place, at), message=id_of(message, "ts"), text=text)


def _deleted(body: Body, before: Any, at: datetime) -> Rewritten | None:
    if not isinstance(before, dict) or before.get("bot_id") or not before.get("user"):
        return None
    actor = _who(body, before)
    place = Place(actor.workspace, actor.account, thread_of(before), "direct")
    return Rewritten(**_base(body, actor, place, at), message=id_of(before, "ts"), text=None)


def _reaction(body: Body, event: Body, removed: bool, at: datetime) -> Reaction | None:
    item = part(event, "item")
    if item.get("type") != "message" or event.get("user") == us(body):
        return None
    actor, author = _who(body, event), None
    if event.get("item_user"):
        author = _who(body, event, "item_user")
    return Reaction(
        **_base(body, actor, place_of(actor, id_of(item, "channel")), at),
        emoji=name_of(event, "reaction").partition("::")[0],  # "clap::skin-tone-3"
        author=author,
        message=id_of(item, "ts"),
        removed=removed,
    )


def _put_out(body: Body, at: datetime) -> PutOut:
    """Slack's own clock counts, for the word may come late; it tells whole seconds."""
    told = body.get("event_time")
    moment = at
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 1 << 40:
        moment = min(at, datetime.fromtimestamp(told, UTC) + timedelta(seconds=1))
    return PutOut(workspace_of(body), moment)


def _told(body: Body, user: Body, new: bool, at: datetime) -> Told:
    actor = _who(body, user, "id")
    try:
        told = profile(actor.workspace, user, at.date() if new else None)
    except (AttributeError, KeyError, TypeError) as error:
        raise Malformed("user") from error
    return Told(**_base(body, actor, actor.home, at), profile=told)


def _grouped(body: Body, group: Body, at: datetime) -> Grouped:
    base = _base(body, _nobody(body), _nobody(body).home, at)
    members, count = group.get("users"), str(group.get("user_count") or 0)
    if group.get("date_delete"):
        found: tuple[str, ...] | None = ()
    # Events name 500 members at most (docs.slack.dev/reference/events/subteam_updated).
    elif isinstance(members, list) and count.isdecimal() and len(members) >= int(count):
        if not all(isinstance(member, str) and ID.fullmatch(member) for member in members):
            raise Malformed("users")
        found = tuple(members)
    else:
        found = None
    return Grouped(**base, group=id_of(group, "id"), handle=text_of(group, "handle"), members=found)


def _base(body: Body, actor: Person, place: Place, at: datetime) -> dict[str, Any]:
    return {"id": f"slack:{_event_id(body)}", "actor": actor, "place": place, "at": at}


def _event_id(body: Body) -> str:
    """Slack's own id of an event; an interaction has none, but its trigger is unique."""
    if body.get("type") == "event_callback":
        return id_of(body, "event_id")
    if found := trigger(body):
        return id_of({"trigger_id": found}, "trigger_id")
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _who(body: Body, of: Body, field: str = "user") -> Person:
    account = id_of(of, field)
    return stranger(workspace_of(body), account, bot=account == us(body))


def _nobody(body: Body) -> Person:
    return stranger(workspace_of(body), us(body) or SLACKBOT, bot=True)


def _user(body: Body) -> Person:
    user = part(body, "user")
    return stranger(workspace_of(body), id_of(user, "id"), text_of(user, "name") or text_of(user, "username"))


def _people(workspace: str, said: Spoken) -> tuple[Person, ...]:
    return tuple(stranger(workspace, account, name) for account, name in said.people)


def _channel_place(user: Person, body: Body, thread: str | None) -> Place:
    channel = part(body, "channel")
    return place_of(user, id_of(channel, "id"), text_of(channel, "name"), thread)
