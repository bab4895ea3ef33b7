"""Logs: lines for people on a terminal, JSON for machines; neither secrets nor control characters reach them.

Everything that a process says goes this way: our own events, what libraries log, warnings, and mistakes that
nobody caught. The web process is a child with logs of its own, set up by the same words (`log_arguments`).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog

from aggregator.config.secrets import Mask

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from types import TracebackType

FORMATS = ("json", "text")

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 controls, line separators, and what turns the direction of text (Unicode, "bidi")."""

_hidden: list[Mask] = [Mask.hiding(())]
"""Masks of the configurations that were in force: a secret stays one after a reload."""
_arguments: list[str] = []
_only_events: list[bool] = [False]


def set_up_logs(log_format: str, *, verbose: bool) -> None:
    """Send logs to stderr; `log_format` is one of FORMATS."""
    _only_events[0] = False
    _arguments[:] = ["--log-format", log_format, *(["--verbose"] if verbose else [])]
    before = [structlog.processors.add_log_level, _stamp(log_format), structlog.processors.format_exc_info]
    after = [_safe, _renderer(log_format)]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *before],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught


def speak_in_events() -> None:
    """Make an event of all that is said from now on where logs are JSON: whoever reads stderr parses each line."""
    _only_events[0] = "json" in _arguments


def speaks_in_events() -> bool:
    """Tell whether what is said to people would stand among JSON."""
    return _only_events[0]


def log_arguments() -> tuple[str, ...]:
    """Return the options with which a child process logs as this one does."""
    return tuple(_arguments)


def hide(mask: Mask) -> None:
    """Let no log line show what this mask hides."""
    if mask not in _hidden:
        _hidden.append(mask)


def masked(text: str) -> str:
    """Return a text without the secrets of every configuration that was in force."""
    for mask in _hidden:
        text = mask(text)
    return text


def harmless(text: str) -> str:
    """Return a text with control characters as escapes: what a feed says must not drive a terminal."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


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


def _stamp(log_format: str) -> Any:
    if log_format == "json":
        return structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts")
    return structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)


def _renderer(log_format: str) -> Any:
    if log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        pad_event_to=16,
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,  # the others show variables
    )


def _safe(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: _traceback(value) if name == "exception" else _shown(value) for name, value in event.items()}


def _shown(value: Any) -> Any:
    """Return a value without secrets, and without what draws lines of its own."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _shown(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(one) for one in value]
    return harmless(masked(str(value)))


def _traceback(text: str) -> str:
    """Keep the lines, none of which may look like one of the log's own."""
    return "\n    ".join(map(harmless, masked(text).split("\n")))


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger(__name__).critical("mistake", exc_info=(kind, error, trace))
