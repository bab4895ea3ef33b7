"""A poll's report, as JSON (the words of `aggregator poll --json`) and in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from aggregator.model import Outcome

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.decide.lists import ListState
    from aggregator.model import PollReport, Request

_log = structlog.get_logger(__name__)
_LEVELS = {Outcome.NEW: "info", Outcome.UPDATED: "info", Outcome.ERROR: "warning", Outcome.GONE: "warning"}

SCHEMA = 1
"""Number of the JSON's shape; it grows when a field changes its meaning or goes."""


def rfc3339(moment: datetime | None) -> str | None:
    """Write a UTC datetime as RFC 3339 with `Z`, milliseconds only where there are some."""
    if moment is None:
        return None
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def report_json(report: PollReport) -> dict[str, Any]:
    """Return one feed's part of the report."""
    return {
        "url": report.url,
        "outcome": report.outcome.value,
        "status": report.status,
        "new": report.new,
        "updated": report.updated,
        "duplicates": report.duplicates,
        "entries": report.entries,
        "error": report.error,
        "next_poll_at": rfc3339(report.next_poll_at),
        "reason": report.reason,
    }


def list_json(state: ListState) -> dict[str, Any]:
    """Return what a reading of a remote list came to."""
    return {
        "list": state.address,
        "sources": len(state.feeds),
        "error": f"{state.error} {state.remedy or ''}".strip() if state.error else None,
        "next_poll_at": rfc3339(state.next_at),
        "reason": state.reason,
    }


def round_json(feeds: Sequence[dict[str, Any]], elapsed: float) -> dict[str, Any]:
    """Return the whole report of a round; `elapsed` in seconds from the first request to a poll's last commit."""
    outcomes = [feed["outcome"] for feed in feeds]
    return {
        "schema": SCHEMA,
        "elapsed_s": round(elapsed, 3),
        "feeds": list(feeds),
        "totals": {
            **{name: sum(feed[name] for feed in feeds) for name in ("new", "updated", "duplicates")},
            "errors": sum(outcome in (Outcome.ERROR, Outcome.GONE) for outcome in outcomes),
            "skipped": outcomes.count(Outcome.SKIPPED),
        },
    }


def log_poll(report: PollReport, *, blamed: bool = True) -> None:
    """Log a poll: news and failures for everybody, the rest for those who want to know more (-v).

    A failure that is not blamed on the source has been told once for all.
    """
    level = _LEVELS.get(report.outcome, "debug") if blamed else "debug"
    told = {name: value for name, value in report_json(report).items() if value not in (None, 0, "")}
    getattr(_log, level)(report.kind.value, **told)


def report_of(task: asyncio.Task[PollReport], request: Request) -> PollReport | None:
    """Return what a poll that is over came to; None when it was broken off, or could not be written: that is logged."""
    if task.cancelled():
        return None
    if (error := task.exception()) is not None:
        _log.error("poll.not_written", feed=request.feed.url, error=str(error))
        return None
    return task.result()
