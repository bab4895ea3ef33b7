"""Logs: lines for people on a terminal, JSON for machines; control characters never reach either."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

_hidden: list[Callable[[str], str]] = []
"""Masks of the configurations that were in force: a secret stays one after a reload."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def set_up_logs(log_format: str, *, verbose: bool) -> None:
    """Send logs to stderr; warnings of libraries go the same way."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=16, sort_keys=False)
    )
    before: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts")
        if log_format == "json"
        else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        _safe,
    ]
    if log_format == "json":
        before.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*before, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s", force=True)


def hide(mask: Callable[[str], str]) -> None:
    """Let no log line show what this mask hides."""
    _hidden.append(mask)


class _Stderr:
    """stderr as it is when a line is written; a reader that has gone (EPIPE) or a full disk stops nothing."""

    def write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
        except (OSError, ValueError):
            return

    def flush(self) -> None:
        try:
            sys.stderr.flush()
        except (OSError, ValueError):
            return


def _safe(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide secrets, and write control characters as escapes: a feed's title must not draw lines of its own."""
    for name, value in event.items():
        if isinstance(value, str):
            for mask in _hidden:
                value = mask(value)  # noqa: PLW2901 - one value, made safe step by step
            event[name] = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", value)
    return event
