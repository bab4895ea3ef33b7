"""Rows of remote lists of sources and the domain's types, for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from aggregator.decide.lists import ListState, Remark, Subscription
from aggregator.model import Validators
from aggregator.store.rows import from_ms_or_none, to_json, to_ms_or_none, to_ms_up

if TYPE_CHECKING:
    from aggregator.store.rows import Row

_FEEDS = TypeAdapter(tuple[Subscription, ...])
_REMARKS = TypeAdapter(tuple[Remark, ...])


def list_columns(state: ListState) -> dict[str, Any]:
    """Write what a reading taught as columns of `list`."""
    return {
        "title": state.title,
        "feeds": to_json(_FEEDS, state.feeds),
        "remarks": to_json(_REMARKS, state.remarks),
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "body_hash": state.body_hash,
        "last_poll": to_ms_or_none(state.last_poll),
        "last_success": to_ms_or_none(state.last_success),
        "errors": state.errors,
        "failing_since": to_ms_or_none(state.failing_since),
        "error": state.error,
        "remedy": state.remedy,
        "due_at": None if state.next_at is None else to_ms_up(state.next_at),
        "reason": state.reason,
        "not_before": None if state.not_before is None else to_ms_up(state.not_before),
    }


def list_state(row: Row) -> ListState:
    """Read a row of `list`."""
    return ListState(
        address=row["address"],
        private=bool(row["private"]),
        title=row["title"],
        feeds=_FEEDS.validate_json(row["feeds"]),
        remarks=_REMARKS.validate_json(row["remarks"]),
        validators=Validators(row["etag"], row["last_modified"]),
        body_hash=row["body_hash"],
        last_poll=from_ms_or_none(row["last_poll"]),
        last_success=from_ms_or_none(row["last_success"]),
        errors=row["errors"],
        failing_since=from_ms_or_none(row["failing_since"]),
        error=row["error"],
        remedy=row["remedy"],
        next_at=from_ms_or_none(row["due_at"]),
        reason=row["reason"],
        not_before=from_ms_or_none(row["not_before"]),
    )
