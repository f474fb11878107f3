"""Documents for one person. A bot may not simply send a file: it asks, and once the person allows it, puts the file
into their own OneDrive and shows a card that opens it.

learn.microsoft.com/microsoftteams/platform/bots/how-to/bots-filesv4: personal conversations only, and not in the clouds
of the United States' government and military, where the card that asks cannot be answered.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from botbuilder.schema import Activity, ActivityTypes, Attachment

from bot.core import paper
from bot.core.cards import Card, File, Heading, Note, Text, plain
from bot.core.wording import wording
from bot.platforms.teams.auth import LOOPBACK
from bot.platforms.teams.payloads import Consent, dig, string
from bot.platforms.teams.render import OURS, short

log = logging.getLogger(__name__)
say = wording("teams")

CONSENT = "application/vnd.microsoft.teams.card.file.consent"
INFO = "application/vnd.microsoft.teams.card.file.info"
INVOKE = "fileConsent/invoke"
WITHOUT = (".teams.microsoft.us",)  # where the bot is reached in the clouds that cannot do this
# Where the drives of people are: uploads go there and nowhere else, whatever a request says.
DRIVES, DRIVE_HOSTS = (".sharepoint.com",), frozenset({"graph.microsoft.com", "api.onedrive.com"})
PATIENCE = aiohttp.ClientTimeout(total=60, sock_connect=5)
DESCRIPTION = 1000  # characters


class NotTaken(Exception):
    """The drive did not take the file. Says its status, never its words."""


def file_id(key: str) -> str:
    """The id of what is sent under this key: the same for every try."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def possible(service_url: str) -> bool:
    return not _host(service_url).endswith(WITHOUT)


def impossible(card: Card, lang: str) -> Card:
    """What is said instead: with a way to have it all the same."""
    return Card(card.title, (*card.parts, Note(say(lang, "file.cannot"))))


def asking(file: File, card: Card, id: str, lang: str) -> Activity:
    """The message that asks whether the file is wanted."""
    lines = [plain(part.body) for part in card.parts if isinstance(part, Text | Heading | Note)]
    told = "\n".join(filter(None, (plain(card.title), *lines)))
    content = {
        "description": f"{short(told, DESCRIPTION)}\n{say(lang, 'file.allow')}".strip(),
        "sizeInBytes": len(paper.content(file)),
        "acceptContext": {OURS: {"file": id}},
        "declineContext": {OURS: {"file": id}},
    }
    return _message(card.summary or file.name, Attachment(content_type=CONSENT, content=content, name=file.name))


def opened(consent: Consent) -> Activity:
    """The message that opens the file where it is now."""
    content = {"uniqueId": consent.unique_id, "fileType": consent.kind}
    name, url = consent.name, consent.content_url
    return _message(name, Attachment(content_type=INFO, content=content, name=name, content_url=url))


def _message(summary: str, attachment: Attachment) -> Activity:
    return Activity(type=ActivityTypes.message, summary=short(summary, 250), attachments=[attachment])


def consent(activity: Activity) -> Consent | None:
    """What an invoke says; None where it is about no file of ours."""
    value = activity.value
    id = string(dig(value, "context", OURS, "file"))
    if not id:
        return None
    info = dig(value, "uploadInfo")
    told = [string(dig(info, name)) for name in ("uploadUrl", "contentUrl", "name", "uniqueId", "fileType")]
    return Consent(id, dig(value, "action") == "accept", string(activity.reply_to_id), *told)


def trusted(url: str, loopback: bool) -> bool:
    """Whether a person's files may go there. `loopback`: on trial, as auth.KnownHosts has it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if loopback and host in LOOPBACK:
        return parts.scheme in ("http", "https")
    drive = host in DRIVE_HOSTS or host.endswith(DRIVES)
    return parts.scheme == "https" and port in (None, 443) and drive


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def put(http: Callable[[], aiohttp.ClientSession], url: str, content: bytes) -> None:
    """All of it in one go; the address itself is the permission. Raises NotTaken, or aiohttp's own errors."""
    headers: Mapping[str, Any] = {"Content-Type": "application/octet-stream"}
    if content:
        headers = {**headers, "Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}
    # No redirects: where they lead was not looked at.
    sent = http().put(url, data=content, headers=headers, timeout=PATIENCE, allow_redirects=False)
    async with sent as answer:
        if not 200 <= answer.status < 300:
            raise NotTaken(str(answer.status))
