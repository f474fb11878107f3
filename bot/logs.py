"""Logs on stderr: a line of JSON each, or on a terminal something for the eye. No personal words get into them.

Every line of one request, turn or delivery says which: `request` is the same on all lines of a request, `turn` on all
of its turn and of the deliveries that come of it, in whichever process; `feature` and `platform` where they are known.

What people wrote can stand in the text of an exception (a database quotes the values it refused), so of an exception
only its kind and its place are written down.
"""

import asyncio
import logging
import sys
import traceback
from typing import Any

import structlog
from structlog.types import EventDict, Processor

from bot.core import watch

OURS = ("bot", "handlers", "kadens", "scheduler", "storage")


def set_up(level: int = logging.INFO, form: str = "") -> None:
    """All that is logged through `logging` goes to stderr. Others than ourselves are heard from warnings on.

    `form`: json or text; empty: text on a terminal, json elsewhere.
    """
    text = form == "text" or (not form and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _place_only,
        _whose,
    ]
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if text
        else structlog.processors.JSONRenderer(sort_keys=True)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last], foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    # Told by ourselves, in words of ours: an uncaught error by `unhandled`, a stop by the app.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _place_only(_: Any, __: str, event: EventDict) -> EventDict:
    """An exception's kind, and where it was raised."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["where"] = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)][
            -8:
        ]
    return event


NAMES = {"delivery": "turn"}  # a delivery is part of what its turn decided


def _whose(_: Any, __: str, event: EventDict) -> EventDict:
    """What it belongs to, from the innermost span outwards."""
    span = watch.current()
    while span is not None:
        event.setdefault(NAMES.get(span.kind, span.kind), span.ref)
        for name in ("feature", "platform"):
            if value := getattr(span, name):
                event.setdefault(name, value)
        span = span.parent
    return event


def unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For the event loop: what nobody caught. Its own message would quote the error's words."""
    error = context.get("exception")
    logging.getLogger("bot").error("nobody caught this", exc_info=error if isinstance(error, BaseException) else None)
