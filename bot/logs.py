"""Logs on stderr: a line of JSON each, or on a terminal something for the eye. No personal words get into them.

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

OURS = ("bot", "handlers", "kadens", "scheduler", "storage")


def set_up(level: int = logging.INFO) -> None:
    """All that is logged through `logging` goes to stderr. Others than ourselves are heard from warnings on."""
    terminal = sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _place_only,
    ]
    last: Processor = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(sort_keys=True)
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


def unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For the event loop: what nobody caught. Its own message would quote the error's words."""
    error = context.get("exception")
    logging.getLogger("bot").error("nobody caught this", exc_info=error if isinstance(error, BaseException) else None)
