"""structlog set-up: one line an event, names from `gateway.events`, nothing secret and no raw peer octets."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_SECRET = ("password", "secret", "credential")
_LONGEST = 500


def configure(*, json: bool = False, level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging for the process: readable lines, or JSON lines, to ``stream`` (standard error by default)."""
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=24)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Libraries)]:
        root.removeHandler(handler)
    root.addHandler(_Libraries(logging.WARNING))


class _Libraries(logging.Handler):
    """What libraries have to say (asyncio, aiosmtpd) becomes lines like ours: one form, escaped, nothing beside the log."""

    def emit(self, record: logging.LogRecord) -> None:
        get(record.name).log(record.levelno, "library.warning", text=record.getMessage(), exc_info=record.exc_info)



def redact(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask secrets, and escape and shorten everything that came from outside."""
    for key, value in event.items():
        if any(word in key for word in _SECRET):
            event[key] = "***"
        elif isinstance(value, bytes) or (isinstance(value, str) and key not in ("exception", "event")):
            event[key] = printable(value)
    return event


def printable(value: bytes | str) -> str:
    """``value`` without control characters (escaped) and at most `_LONGEST` characters long."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    cut = text[: _LONGEST + 1]
    escaped = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
    return escaped if len(escaped) <= _LONGEST else escaped[:_LONGEST] + "..."


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry ``component=name``."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(component=name)
    return logger
