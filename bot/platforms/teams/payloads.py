"""What a payload of Teams tells of who and where, and how to read one in which everything may be something else."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from botbuilder.schema import Activity

from bot.core.cards import clean
from bot.core.events import Arrived
from bot.core.people import Kind, Place

# A GUID; those of the Agents Playground have a digit more.
DIRECTORY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12,13}", re.IGNORECASE)


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
    guest: bool = False
    email: str | None = None  # no payload tells it, but the lists of members do

    @property
    def told(self) -> str:
        """All of it in a line, to see whether it is news."""
        guest = "guest" if self.guest else ""
        return "|".join((self.name.replace("|", "/"), self.lang or "", self.zone or "", self.country or "", guest))


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody said to the card that asked."""

    file: str  # our id of it
    allowed: bool
    asked_in: str  # the message of the card
    upload_url: str = ""
    content_url: str = ""
    name: str = ""
    unique_id: str = ""
    kind: str = ""


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
    consent: Consent | None = None  # what was said to a document that was offered


def tenant(activity: Activity) -> str:
    """From the channel data: botbuilder looks for conversation.tenantID, which nobody sends. In small letters.

    Raises Unreadable where there is none, or where the conversation is said to be of another one.
    """
    extra = get(activity.conversation, "additional_properties")
    told = (string(dig(activity.channel_data, "tenant", "id")), string(dig(extra, "tenantId")))
    found = {each.lower() for each in told if each}
    if len(found) != 1 or not DIRECTORY.fullmatch(tenant := found.pop()):
        raise Unreadable("an activity of Teams names its tenant")
    return tenant


def language(activity: Activity) -> str:
    return spoken(activity) or ""


def arrival(activity: Activity, workspace: str, conversation: str) -> Arrival:
    """Where this came from and from whom; what happened is not read yet."""
    place, kind = _place(activity, workspace, conversation)
    team = string(dig(activity.channel_data, "team", "id"))
    contacts = (_sender(activity),) if get(activity.from_property, "id") else ()
    address = conversation.partition(";messageid=")[0]
    return Arrival((), place, address, activity.service_url, kind, is_channel(activity), team, contacts)


def is_channel(activity: Activity) -> bool:
    return bool(get(activity.conversation, "conversation_type") == "channel")


def _place(activity: Activity, workspace: str, id: str) -> tuple[Place, Kind | None]:
    conversation, _, thread = id.partition(";messageid=")
    # A menu used in the chat of two people comes as "personal" too, but there nobody talks to us.
    if get(activity.conversation, "conversation_type") == "personal" and not conversation.startswith("19:"):
        account = string(get(activity.from_property, "id"))
        return Place(workspace, account, kind="direct"), "direct"
    if not is_channel(activity):
        return Place(workspace, conversation, kind="private"), "private"
    if activity.type == "message" and not thread and activity.id:
        thread = activity.id
    kind = _kind(activity)
    return Place(workspace, conversation, thread or None, kind or "private"), kind


def _kind(activity: Activity) -> Kind | None:
    """Of a channel. Payloads seldom tell; a team's General channel, which has the id of its team, is always open."""
    channel = dig(activity.channel_data, "channel")
    told = string(dig(channel, "type") or dig(channel, "membershipType")).lower()
    if told:
        return "public" if told == "standard" else "private"
    general = string(dig(channel, "id"))
    return "public" if general and general == string(dig(activity.channel_data, "team", "id")) else None


def _sender(activity: Activity) -> Contact:
    who = activity.from_property
    account, directory = string(get(who, "id")), string(get(who, "aad_object_id"))
    client = _client(activity)
    zone = _zone(string(activity.local_timezone)) or _zone(string(dig(client, "timezone")))
    country = string(dig(client, "country")).upper()
    return Contact(
        account,
        directory.lower() or account,
        clean(string(get(who, "name"))),
        spoken(activity),
        zone,
        country if re.fullmatch("[A-Z]{2}", country) else None,
        account.startswith("28:"),
    )


def _client(activity: Activity) -> Any:
    return next((e.additional_properties for e in activity.entities or () if get(e, "type") == "clientInfo"), None)


def spoken(activity: Activity) -> str | None:
    lang = (string(activity.locale) or string(dig(_client(activity), "locale"))).partition("-")[0].lower()
    return lang if re.fullmatch("[a-z]{2,3}", lang) else None


@lru_cache(maxsize=1024)
def _zone(name: str) -> str | None:
    try:
        return ZoneInfo(name).key if name else None
    except (KeyError, ValueError, OSError):  # a name nobody knows, or one that is no name at all
        return None


def event_id(activity: Activity, workspace: str) -> str:
    """Of the event. An edit has the id of its message, so the moment belongs to it; an invoke may have none."""
    conversation = string(get(activity.conversation, "id"))
    name = f"{workspace}/{activity.type}/{conversation}/{activity.id or ''}"
    moment = activity.timestamp.isoformat() if activity.timestamp else ""
    if activity.type in ("messageUpdate", "messageDelete"):
        return f"{name}/{moment}"
    if activity.id:
        return name
    rest = repr((moment, get(activity.from_property, "id"), activity.name, activity.reply_to_id, activity.value))
    return f"{name}{hashlib.sha256(rest.encode()).hexdigest()[:32]}"


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said = list[str]()

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("br", "p", "div", "li", "tr"):
            self.said.append("\n")


def untagged(html: str) -> str:
    """HTML as the words in it."""
    reader = _Plain()
    reader.feed(html)
    reader.close()
    text = "".join(reader.said).replace("\xa0", " ")
    return re.sub(r"[ \t]*\n\s*", "\n", text).strip() if "\n" in text else text


# -- what may be anything


def get(thing: Any, name: str) -> Any:
    """An attribute of something of botbuilder's, which may be missing."""
    return getattr(thing, name, None)


def dig(value: Any, *path: str) -> Any:
    """What stands at this path of plain data, if it goes so far."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def string(value: Any) -> str:
    """Only words are words."""
    return value if isinstance(value, str) else ""


def typed_in(value: Any) -> str:
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
