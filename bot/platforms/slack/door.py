"""The door: nothing that did not come from Slack, just now and in a sane size, is even read.

Source: docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from bot import bounds
from bot.bounds import TurnedAway, declared

FRESH = 300  # seconds; what is older may be a replay
SMALL = 1000  # bytes
FIELDS = 100  # in a form; a slash command has some fifteen


def unsigned(request: Request) -> None:
    """What has no signature is refused unread, by TurnedAway. Slack's look at our certificate has none and is small."""
    if "x-slack-signature" not in request.headers and not 0 <= declared(request) < SMALL:
        raise TurnedAway(401, "not signed by Slack")


def genuine(secret: str, headers: Mapping[str, str], raw: bytes, now: datetime) -> bool:
    """Whether Slack signed this, within the last five minutes. Never raises, whatever the headers hold."""
    stamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 13):
        return False
    if not secret or abs(now.timestamp() - int(stamp)) > FRESH:
        return False
    ours = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(ours.encode(), signature.encode("utf-8", "replace"))


def ssl_check(raw: bytes) -> bool:
    """Slack's look at our certificate comes unsigned, asks nothing and only wants a 200."""
    return len(raw) < SMALL and b"ssl_check=1" in raw.split(b"&") and b"command=" not in raw and b"payload=" not in raw


def parsed(content_type: str, raw: bytes) -> dict[str, Any]:
    """The body as Slack writes it: JSON, a form, or a form with JSON in its field `payload`. Raises TurnedAway."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = raw.decode()
        if kind == "application/json":
            found = bounds.parsed(text)
        elif kind == "application/x-www-form-urlencoded":
            fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS))
            found = bounds.parsed(fields["payload"]) if "payload" in fields else fields
        else:
            raise TurnedAway(415, "neither JSON nor a form")
    except (ValueError, RecursionError):  # not UTF-8, not JSON, too many fields, too deep
        raise TurnedAway(400, "malformed") from None
    if not isinstance(found, dict):
        raise TurnedAway(400, "malformed")
    if found.get("type") == "url_verification" and not isinstance(found.get("challenge"), str):
        raise TurnedAway(400, "no challenge")
    return found


def team(body: Mapping[str, Any]) -> str:
    """Whose flood it would be: the workspace as the body names it, wherever."""
    inside = body.get("team")
    return str(body.get("team_id") or (inside.get("id") if isinstance(inside, dict) else inside))[:64]
