"""What Teams sends, as our events. Pure: nothing here asks anybody anything.

Everything of a payload may be missing or of another type: Unreadable says so where nothing can be made of it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import Any

from botbuilder.schema import Activity

from bot.core.cards import clean, mention
from bot.core.events import Action, Arrived, Met, Reaction, Rewritten, Shortcut, Submission, Words
from bot.core.people import Person, Place, stranger
from bot.platforms.teams import files
from bot.platforms.teams.payloads import (
    Arrival,
    Contact,
    Unreadable,
    arrival,
    dig,
    event_id,
    get,
    is_channel,
    string,
    tenant,
    typed_in,
    untagged,
)
from bot.platforms.teams.render import OURS

# What people can put on a message (learn.microsoft.com/graph/api/resources/chatmessagereaction); newer clients send
# any emoji as its code point and a name: "1f44f_clappinghands".
REACTIONS = {
    "like": "thumbsup",
    "heart": "heart",
    "laugh": "joy",
    "surprised": "open_mouth",
    "sad": "cry",
    "angry": "rage",
    "1f44d": "thumbsup",
    "2764": "heart",
    "1f44f": "clap",
    "1f389": "tada",
    "1f64c": "raised_hands",
    "1f64f": "pray",
    "1f680": "rocket",
    "1f4aa": "muscle",
    "1f4af": "100",
    "1f525": "fire",
    "2b50": "star",
    "1f31f": "star2",
}
LONGEST = 1000  # characters of an id; those of Teams have some hundred, and become part of addresses
AT = re.compile(r"<at\b[^>]*>(.*?)</at>", re.IGNORECASE | re.DOTALL)


def read(activity: Activity, at: datetime) -> Arrival:
    """What an activity means. Raises Unreadable."""
    workspace = f"teams:{tenant(activity)}"
    conversation, sender = string(get(activity.conversation, "id")), activity.from_property
    if not conversation or not activity.service_url or not activity.type:
        raise Unreadable("an activity needs a type, a conversation and a service URL")
    if len(conversation) > LONGEST or len(string(get(sender, "id"))) > LONGEST:
        raise Unreadable("an id is no essay")
    here = arrival(activity, workspace, conversation)
    ours = string(get(activity.recipient, "id"))
    account = string(get(sender, "id"))
    if not account or account == ours or account.startswith("28:"):
        here = replace(here, contacts=())  # a bot, be it ourselves: only that we are gone may be told by one
        return replace(here, installed=False) if string(activity.action).startswith("remove") else here
    base = {
        "actor": stranger(workspace, account, clean(string(get(sender, "name"))), lang=here.contacts[0].lang or ""),
        "place": here.place,
        "at": at,
        "id": event_id(activity, workspace),
    }
    match activity.type:
        case "message":
            return _message(activity, here, base)
        case "messageUpdate" | "messageDelete":
            return _rewritten(activity, here, base)
        case "messageReaction":
            return replace(here, events=tuple(_reactions(activity, base)))
        case "conversationUpdate":
            return _members(activity, here, base)
        case "installationUpdate":
            return _installation(activity, here, base)
        case "invoke":
            return _invoke(activity, here, base)
        case _:
            return here


def carried(activity: Activity) -> Any:
    """What one of our cards put beside the inputs."""
    return _data(activity).get(OURS)


def typed(activity: Activity) -> dict[str, str]:
    """What stands in the inputs of a submitted card."""
    data = _data(activity)
    return {str(key): typed_in(value) for key, value in data.items() if key not in (OURS, "msteams")}


# -- what happened


def _message(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    if isinstance(activity.value, dict) and OURS in activity.value:
        return replace(here, events=_pressed(activity, here, base, opens=False))
    text, mentions, addressed = _words(activity, here.place.workspace)
    addressed = addressed or here.place.kind == "direct"
    if not text and not (addressed and here.place.kind != "direct"):
        return here  # a picture, say
    words = Words(**base, text=text, mentions=mentions, message=string(activity.id))
    return replace(here, events=(words,), addressed=addressed)


def _words(activity: Activity, workspace: str) -> tuple[str, tuple[Person, ...], bool]:
    """The text without our own mention and with everybody else's made ours, who they are, and whether we were meant."""
    text, named, us, said, at = string(activity.text), _mentioned(activity), False, list[str](), 0
    people = dict[str, Person]()
    plain = untagged if string(activity.text_format) in ("xml", "html") else unescape
    for found in AT.finditer(text):
        said.append(clean(plain(text[at : found.start()])))
        at = found.end()
        who = named.get(found[0]) or named.get(unescape(found[1]).strip())
        id = string(dig(who, "id"))
        if id and id == get(activity.recipient, "id"):
            us = True
        elif id:
            person = stranger(workspace, id, clean(string(dig(who, "name"))), bot=id.startswith("28:"))
            people[id] = person
            said.append(mention(person))
        else:
            said.append(clean(plain(found[1])))
    said.append(clean(plain(text[at:])))
    whole = "".join(said).replace("\xa0", " ").replace("\r\n", "\n")
    return re.sub(r"[ \t]+", " ", whole).strip(), tuple(people.values()), us


def _mentioned(activity: Activity) -> dict[str, Any]:
    """Who is mentioned, by the text that stands for them and by their name."""
    named = dict[str, Any]()
    for entity in activity.entities or ():
        if string(get(entity, "type")).lower() == "mention":
            who = dig(entity.additional_properties, "mentioned")
            named.setdefault(string(dig(who, "name")), who)
            named[string(dig(entity.additional_properties, "text"))] = who
    named.pop("", None)
    return named


def _rewritten(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    text = _words(activity, here.place.workspace)[0] if activity.type == "messageUpdate" else None
    if not activity.id:
        raise Unreadable("an edit names its message")
    return replace(here, events=(Rewritten(**base, message=activity.id, text=text),))


def _reactions(activity: Activity, base: Mapping[str, Any]) -> Iterable[Reaction]:
    """Teams only tells of reactions to what the bot itself said."""
    workspace, message = base["place"].workspace, string(activity.reply_to_id)
    author = stranger(
        workspace, string(get(activity.recipient, "id")), string(get(activity.recipient, "name")), bot=True
    )
    both = [(r, False) for r in activity.reactions_added or ()] + [(r, True) for r in activity.reactions_removed or ()]
    for number, (reaction, removed) in enumerate(both):
        emoji = _emoji(string(get(reaction, "type")))
        if emoji and message and author.account:
            again = {**base, "id": f"{base['id']}/{number}"}
            yield Reaction(**again, emoji=emoji, author=author, message=message, removed=removed)


def _emoji(type: str) -> str:
    code, _, name = type.lower().partition("_")
    code = code.split("-")[0]  # a skin tone, or the sign that makes a character an emoji
    return REACTIONS.get(type.lower()) or REACTIONS.get(code) or clean(name or type.lower())[:64]


def _members(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    added = [m for m in activity.members_added or () if get(m, "id")]
    ours = get(activity.recipient, "id")
    people = tuple(
        Contact(m.id, string(m.aad_object_id).lower() or m.id, clean(string(m.name)), bot=m.id.startswith("28:"))
        for m in added
        if m.id not in (ours, here.contacts[0].account)
    )
    here = replace(here, contacts=(*here.contacts, *people))
    if any(member.id == ours for member in added):
        return _came(here, base)
    if any(get(member, "id") == ours for member in activity.members_removed or ()):
        return replace(here, installed=False)
    return here


def _installation(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    action = string(activity.action)
    if action.startswith("remove"):
        return replace(here, installed=False)
    return _came(here, base) if action.startswith("add") else here


def _came(here: Arrival, base: Mapping[str, Any]) -> Arrival:
    """Teams tells an installation twice, in two ways: both get one id, so that it is one event."""
    id = f"{here.place.workspace}/met/{here.address}"
    return replace(here, events=(Met(**{**base, "id": id}, kind=here.place.kind),), installed=True)


# -- cards, dialogs and menus


def _data(activity: Activity) -> dict[str, Any]:
    """What a card, a dialog or a menu submits."""
    value = activity.value
    if activity.type == "invoke":
        value = dig(value, "action", "data") if activity.name == "adaptiveCard/action" else dig(value, "data")
    return value if isinstance(value, dict) else {}


def _invoke(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    match activity.name:
        case "task/fetch" | "task/submit" | "adaptiveCard/action" | "composeExtension/submitAction":
            return replace(here, events=_pressed(activity, here, base, opens=True))
        case "composeExtension/fetchTask":
            return replace(here, events=(_shortcut(activity, base),))
        case files.INVOKE if found := files.consent(activity):
            return replace(here, consent=found)
        case _:
            return replace(here, known=False)


def _pressed(activity: Activity, here: Arrival, base: Mapping[str, Any], opens: bool) -> tuple[Arrived, ...]:
    data = _data(activity)
    ours = data.get(OURS)
    if not isinstance(ours, dict):
        raise Unreadable("this was not submitted by one of our cards")
    if action := string(ours.get("action")):
        return (Action(**base, action=clean(action), value=clean(string(ours.get("value"))), opens=opens),)
    if ours.get("cancel"):
        return ()
    if not (form := string(ours.get("form"))):
        raise Unreadable("one of our cards says what it is")
    pickers = _names(ours.get("people"))
    # Some clients leave out what is empty; what was not asked for stays away.
    inputs = {**dict.fromkeys(_names(ours.get("asked")), ""), **typed(activity)}
    workspace = here.place.workspace
    people = {
        id: tuple(stranger(workspace, one.strip()) for one in inputs.pop(id, "").split(",") if one.strip())
        for id in pickers
    }
    placed = {**base, "place": _carried(here, ours.get("place")), "opens": opens}
    return (
        Submission(**placed, form=clean(form), value=clean(string(ours.get("value"))), answers=inputs, people=people),
    )


def _names(value: Any) -> list[str]:
    return [id for id in value if isinstance(id, str)] if isinstance(value, list) else []


def _carried(here: Arrival, carried: Any) -> Place:
    """Where the form was opened. A client carries it, so it is believed only where it names the same conversation."""
    place = here.place
    if place.kind == "direct" or string(dig(carried, "conversation")) != place.conversation:
        return place
    kind = string(dig(carried, "kind"))
    thread = string(dig(carried, "thread")) or None
    return replace(place, thread=thread, kind=here.kind or ("public" if kind == "public" else "private"))


def _shortcut(activity: Activity, base: Mapping[str, Any]) -> Shortcut:
    name, payload = string(dig(activity.value, "commandId")), dig(activity.value, "messagePayload")
    if not name:
        raise Unreadable("a menu says which of its lines was chosen")
    place, message = base["place"], string(dig(payload, "id"))
    if message and is_channel(activity) and not place.thread:
        place = replace(place, thread=string(dig(payload, "replyToId")) or message)
    text = untagged(string(dig(payload, "body", "content")))
    author = _author(dig(payload, "from"), place.workspace)
    more = {**base, "place": place, "opens": True}
    return Shortcut(**more, name=name, author=author, text=clean(text), message=message)


def _author(who: Any, workspace: str) -> Person | None:
    """Who wrote a message: a person by the directory's id, which the turn must not see before it is resolved."""
    if user := string(dig(who, "user", "id")):
        return stranger(workspace, user.lower(), clean(string(dig(who, "user", "displayName"))))
    if app := string(dig(who, "application", "id")):
        return stranger(workspace, f"28:{app}", clean(string(dig(who, "application", "displayName"))), bot=True)
    return None
