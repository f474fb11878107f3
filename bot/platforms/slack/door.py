"""The door: nothing that did not come from Slack, just now and in a sane size, is even read.

Source: docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

LARGEST = 1_000_000  # bytes; Slack's own requests stay far below
READING = 5.0  # seconds for a body to arrive
FRESH = 300  # seconds; what is older may be a replay
FIELDS = 100  # in a form; a slash command has some fifteen


class TurnedAway(Exception):
    """`status` says why; the reason holds nothing of what was sent."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


async def body(request: Request) -> bytes:
    """The whole body. Raises TurnedAway: 413 over LARGEST, 408 when it does not arrive, 400 when it breaks off."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > LARGEST:
        raise TurnedAway(413, "too large")
    read = bytearray()
    try:
        async with asyncio.timeout(READING):
            async for chunk in request.stream():
                read += chunk
                if len(read) > LARGEST:
                    raise TurnedAway(413, "too large")
    except TimeoutError:
        raise TurnedAway(408, "too slow") from None
    except ClientDisconnect:
        raise TurnedAway(400, "broken off") from None
    return bytes(read)


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
    return len(raw) < 1000 and b"ssl_check=1" in raw.split(b"&") and b"command=" not in raw and b"payload=" not in raw


def parsed(content_type: str, raw: bytes) -> dict[str, Any]:
    """The body as Slack writes it: JSON, a form, or a form with JSON in its field `payload`. Raises TurnedAway."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = raw.decode()
        if kind == "application/json":
            found = _json(text)
        elif kind == "application/x-www-form-urlencoded":
            fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS))
            found = _json(fields["payload"]) if "payload" in fields else fields
        else:
            raise TurnedAway(415, "neither JSON nor a form")
    except (ValueError, RecursionError):  # not UTF-8, not JSON, too many fields, too deep
        raise TurnedAway(400, "malformed") from None
    if not isinstance(found, dict):
        raise TurnedAway(400, "malformed")
    if found.get("type") == "url_verification" and not isinstance(found.get("challenge"), str):
        raise TurnedAway(400, "no challenge")
    return found


def _json(text: str) -> Any:
    found = json.loads(text)
    if "\\ud" in text.lower():
        # Half a surrogate pair is a string to Python and nothing a database takes.
        json.dumps(found, ensure_ascii=False).encode()
    return found
