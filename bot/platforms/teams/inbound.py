"""What Teams sends, as our events. Pure: nothing here asks anybody anything.

Everything of a payload may be missing or of another type: Unreadable says so where nothing can be made of it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from botbuilder.schema import Activity

from bot.core.cards import clean, mention
from bot.core.events import Action, Arrived, Met, Reaction, Rewritten, Shortcut, Submission, Words
from bot.core.people import Kind, Person, Place, stranger
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
AT = re.compile(r"<at\b[^>]*>(.*?)</at>", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<[^>]*>")
DIRECTORY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


class Unreadable(ValueError):
    """This is no activity of Teams."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody, as far as the payload tells."""

    account: str
    directory: str
    name: str = ""
    lang: str | None = None
    zone: str | None = None
    country: str | None = None
    bot: bool = False

    @property
    def told(self) -> str:
        return "|".join((self.name.replace("|", "/"), self.lang or "", self.zone or "", self.country or ""))


@dataclass(frozen=True, slots=True)
class Arrival:
    """One payload: what happened, and what it lets us know of who and where."""

    events: tuple[Arrived, ...]
    place: Place
    address: str  # the conversation as Teams names it
    service_url: str
    kind: Kind | None  # None: the payload does not tell
    threads: bool
    team: str
    contacts: tuple[Contact, ...]  # whoever did it first
    installed: bool | None = None
    addressed: bool = True  # False: said near us, not to us
    known: bool = True  # False: an invoke that we do not speak


def read(activity: Activity, at: datetime) -> Arrival:
    """What an activity means. Raises Unreadable."""
    workspace = f"teams:{tenant(activity)}"
    conversation, sender = _text(_of(activity.conversation, "id")), activity.from_property
    if not conversation or not activity.service_url or not activity.type:
        raise Unreadable("an activity needs a type, a conversation and a service URL")
    here = _arrival(activity, workspace, conversation)
    ours = _text(_of(activity.recipient, "id"))
    account = _text(_of(sender, "id"))
    if not account or account == ours or account.startswith("28:"):
        here = replace(here, contacts=())  # a bot, be it ourselves: only that we are gone may be told by one
        return replace(here, installed=False) if _text(activity.action).startswith("remove") else here
    base = {
        "actor": stranger(workspace, account, clean(_text(_of(sender, "name"))), lang=here.contacts[0].lang or ""),
        "place": here.place,
        "at": at,
        "id": _id(activity, workspace),
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


def tenant(activity: Activity) -> str:
    """From the channel data: botbuilder looks for conversation.tenantID, which nobody sends."""
    found = _text(_at(activity.channel_data, "tenant", "id"))
    extra = _of(activity.conversation, "additional_properties")
    found = found or _text(_at(extra, "tenantId"))
    if not found:
        raise Unreadable("an activity of Teams names its tenant")
    return found


def carried(activity: Activity) -> Any:
    """What one of our cards put beside the inputs."""
    return _data(activity).get(OURS)


def typed(activity: Activity) -> dict[str, str]:
    """What stands in the inputs of a submitted card."""
    data = _data(activity)
    return {str(key): _input(value) for key, value in data.items() if key not in (OURS, "msteams")}


def language(activity: Activity) -> str:
    return _lang(activity) or ""


# -- who and where


def _arrival(activity: Activity, workspace: str, conversation: str) -> Arrival:
    place, kind = _place(activity, workspace, conversation)
    team = _text(_at(activity.channel_data, "team", "id"))
    contacts = (_sender(activity),) if _of(activity.from_property, "id") else ()
    address = conversation.partition(";messageid=")[0]
    return Arrival((), place, address, activity.service_url, kind, _is_channel(activity), team, contacts)


def _is_channel(activity: Activity) -> bool:
    return bool(_of(activity.conversation, "conversation_type") == "channel")


def _place(activity: Activity, workspace: str, id: str) -> tuple[Place, Kind | None]:
    conversation, _, thread = id.partition(";messageid=")
    # A menu used in the chat of two people comes as "personal" too, but there nobody talks to us.
    if _of(activity.conversation, "conversation_type") == "personal" and not conversation.startswith("19:"):
        account = _text(_of(activity.from_property, "id"))
        return Place(workspace, account, kind="direct"), "direct"
    if not _is_channel(activity):
        return Place(workspace, conversation, kind="private"), "private"
    if activity.type == "message" and not thread and activity.id:
        thread = activity.id
    kind = _kind(activity)
    return Place(workspace, conversation, thread or None, kind or "private"), kind


def _kind(activity: Activity) -> Kind | None:
    """Of a channel. Payloads seldom tell; a team's General channel, which has the id of its team, is always open."""
    channel = _at(activity.channel_data, "channel")
    told = _text(_at(channel, "type") or _at(channel, "membershipType")).lower()
    if told:
        return "public" if told == "standard" else "private"
    general = _text(_at(channel, "id"))
    return "public" if general and general == _text(_at(activity.channel_data, "team", "id")) else None


def _sender(activity: Activity) -> Contact:
    who = activity.from_property
    account, directory = _text(_of(who, "id")), _text(_of(who, "aad_object_id"))
    client = _client(activity)
    zone = _zone(_text(activity.local_timezone)) or _zone(_text(_at(client, "timezone")))
    country = _text(_at(client, "country")).upper()
    return Contact(
        account,
        directory.lower() or account,
        clean(_text(_of(who, "name"))),
        _lang(activity),
        zone,
        country if re.fullmatch("[A-Z]{2}", country) else None,
        account.startswith("28:"),
    )


def _client(activity: Activity) -> Any:
    return next((e.additional_properties for e in activity.entities or () if _of(e, "type") == "clientInfo"), None)


def _lang(activity: Activity) -> str | None:
    lang = (_text(activity.locale) or _text(_at(_client(activity), "locale"))).partition("-")[0].lower()
    return lang if re.fullmatch("[a-z]{2,3}", lang) else None


@lru_cache(maxsize=1024)
def _zone(name: str) -> str | None:
    try:
        return ZoneInfo(name).key if name else None
    except (KeyError, ValueError, OSError):  # a name nobody knows, or one that is no name at all
        return None


def _id(activity: Activity, workspace: str) -> str:
    """Of the event. An edit has the id of its message, so the moment belongs to it; an invoke may have none."""
    conversation = _text(_of(activity.conversation, "id"))
    name = f"{workspace}/{activity.type}/{conversation}/{activity.id or ''}"
    moment = activity.timestamp.isoformat() if activity.timestamp else ""
    if activity.type in ("messageUpdate", "messageDelete"):
        return f"{name}/{moment}"
    if activity.id:
        return name
    rest = repr((moment, _of(activity.from_property, "id"), activity.name, activity.reply_to_id, activity.value))
    return f"{name}{hashlib.sha256(rest.encode()).hexdigest()[:32]}"


# -- what happened


def _message(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    if isinstance(activity.value, dict) and OURS in activity.value:
        return replace(here, events=_pressed(activity, here, base, opens=False))
    text, mentions, addressed = _words(activity, here.place.workspace)
    addressed = addressed or here.place.kind == "direct"
    if not text and not (addressed and here.place.kind != "direct"):
        return here  # a picture, say
    words = Words(**base, text=text, mentions=mentions, message=_text(activity.id))
    return replace(here, events=(words,), addressed=addressed)


def _words(activity: Activity, workspace: str) -> tuple[str, tuple[Person, ...], bool]:
    """The text without our own mention and with everybody else's made ours, who they are, and whether we were meant."""
    text, named, us, said, at = _text(activity.text), _mentioned(activity), False, list[str](), 0
    people = dict[str, Person]()
    plain = _untagged if _text(activity.text_format) in ("xml", "html") else unescape
    for found in AT.finditer(text):
        said.append(clean(plain(text[at : found.start()])))
        at = found.end()
        who = named.get(found[0]) or named.get(unescape(found[1]).strip())
        id = _text(_at(who, "id"))
        if id and id == _of(activity.recipient, "id"):
            us = True
        elif id:
            person = stranger(workspace, id, clean(_text(_at(who, "name"))), bot=id.startswith("28:"))
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
        if _text(_of(entity, "type")).lower() == "mention":
            who = _at(entity.additional_properties, "mentioned")
            named.setdefault(_text(_at(who, "name")), who)
            named[_text(_at(entity.additional_properties, "text"))] = who
    named.pop("", None)
    return named


def _rewritten(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    text = _words(activity, here.place.workspace)[0] if activity.type == "messageUpdate" else None
    if not activity.id:
        raise Unreadable("an edit names its message")
    return replace(here, events=(Rewritten(**base, message=activity.id, text=text),))


def _reactions(activity: Activity, base: Mapping[str, Any]) -> Iterable[Reaction]:
    """Teams only tells of reactions to what the bot itself said."""
    workspace, message = base["place"].workspace, _text(activity.reply_to_id)
    author = stranger(workspace, _text(_of(activity.recipient, "id")), _text(_of(activity.recipient, "name")), bot=True)
    both = [(r, False) for r in activity.reactions_added or ()] + [(r, True) for r in activity.reactions_removed or ()]
    for number, (reaction, removed) in enumerate(both):
        emoji = _emoji(_text(_of(reaction, "type")))
        if emoji and message and author.account:
            again = {**base, "id": f"{base['id']}/{number}"}
            yield Reaction(**again, emoji=emoji, author=author, message=message, removed=removed)


def _emoji(type: str) -> str:
    code, _, name = type.lower().partition("_")
    code = code.split("-")[0]  # a skin tone, or the sign that makes a character an emoji
    return REACTIONS.get(type.lower()) or REACTIONS.get(code) or clean(name or type.lower())[:64]


def _members(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    added = [m for m in activity.members_added or () if _of(m, "id")]
    ours = _of(activity.recipient, "id")
    people = tuple(
        Contact(m.id, _text(m.aad_object_id).lower() or m.id, clean(_text(m.name)), bot=m.id.startswith("28:"))
        for m in added
        if m.id not in (ours, here.contacts[0].account)
    )
    here = replace(here, contacts=(*here.contacts, *people))
    if any(member.id == ours for member in added):
        return _came(here, base)
    if any(_of(member, "id") == ours for member in activity.members_removed or ()):
        return replace(here, installed=False)
    return here


def _installation(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    action = _text(activity.action)
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
        value = _at(value, "action", "data") if activity.name == "adaptiveCard/action" else _at(value, "data")
    return value if isinstance(value, dict) else {}


def _invoke(activity: Activity, here: Arrival, base: Mapping[str, Any]) -> Arrival:
    match activity.name:
        case "task/fetch" | "task/submit" | "adaptiveCard/action" | "composeExtension/submitAction":
            return replace(here, events=_pressed(activity, here, base, opens=True))
        case "composeExtension/fetchTask":
            return replace(here, events=(_shortcut(activity, base),))
        case _:
            return replace(here, known=False)


def _pressed(activity: Activity, here: Arrival, base: Mapping[str, Any], opens: bool) -> tuple[Arrived, ...]:
    data = _data(activity)
    ours = data.get(OURS)
    if not isinstance(ours, dict):
        raise Unreadable("this was not submitted by one of our cards")
    if action := _text(ours.get("action")):
        return (Action(**base, action=clean(action), value=clean(_text(ours.get("value"))), opens=opens),)
    if ours.get("cancel"):
        return ()
    if not (form := _text(ours.get("form"))):
        raise Unreadable("one of our cards says what it is")
    pickers = [str(id) for id in ours.get("people") or () if isinstance(id, str)]
    inputs = typed(activity)
    workspace = here.place.workspace
    people = {
        id: tuple(stranger(workspace, one.strip()) for one in inputs.pop(id, "").split(",") if one.strip())
        for id in pickers
    }
    placed = {**base, "place": _carried(here, ours.get("place")), "opens": opens}
    return (
        Submission(**placed, form=clean(form), value=clean(_text(ours.get("value"))), answers=inputs, people=people),
    )


def _carried(here: Arrival, carried: Any) -> Place:
    """Where the form was opened. A client carries it, so it is believed only where it names the same conversation."""
    place = here.place
    if place.kind == "direct" or _text(_at(carried, "conversation")) != place.conversation:
        return place
    kind = _text(_at(carried, "kind"))
    thread = _text(_at(carried, "thread")) or None
    return replace(place, thread=thread, kind=here.kind or ("public" if kind == "public" else "private"))


def _shortcut(activity: Activity, base: Mapping[str, Any]) -> Shortcut:
    name, payload = _text(_at(activity.value, "commandId")), _at(activity.value, "messagePayload")
    if not name:
        raise Unreadable("a menu says which of its lines was chosen")
    place, message = base["place"], _text(_at(payload, "id"))
    if message and _is_channel(activity) and not place.thread:
        place = replace(place, thread=_text(_at(payload, "replyToId")) or message)
    text = _untagged(_text(_at(payload, "body", "content")))
    author = _author(_at(payload, "from"), place.workspace)
    more = {**base, "place": place, "opens": True}
    return Shortcut(**more, name=name, author=author, text=clean(text), message=message)


def _author(who: Any, workspace: str) -> Person | None:
    """Who wrote a message: a person by the directory's id, which the turn must not see before it is resolved."""
    if user := _text(_at(who, "user", "id")):
        return stranger(workspace, user.lower(), clean(_text(_at(who, "user", "displayName"))))
    if app := _text(_at(who, "application", "id")):
        return stranger(workspace, f"28:{app}", clean(_text(_at(who, "application", "displayName"))), bot=True)
    return None


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said = list[str]()

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("br", "p", "div", "li", "tr"):
            self.said.append("\n")


def _untagged(html: str) -> str:
    """HTML as the words in it."""
    reader = _Plain()
    reader.feed(html)
    reader.close()
    text = "".join(reader.said).replace("\xa0", " ")
    return re.sub(r"[ \t]*\n\s*", "\n", text).strip() if "\n" in text else text


# -- what may be anything


def _of(thing: Any, name: str) -> Any:
    return getattr(thing, name, None)


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _input(value: Any) -> str:
    """Inputs are words, except that numbers come as numbers and toggles as truth."""
    match value:
        case str():
            return clean(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:g}" if abs(value) < 1e6 else str(value)
        case _:
            return ""
