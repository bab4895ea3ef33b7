"""Columns of `feed`, `request` and `poll_log` that feeds.yaml and polls change, for every backend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aggregator.decide.identity import item_keys
from aggregator.decide.sites import host_of, site_of
from aggregator.listings import NamedBy
from aggregator.model import Item, Outcome
from aggregator.store.polls import PollCount
from aggregator.store.rows import HEADER, HINTS, from_ms, to_json, to_ms, to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.config.settings import FeedSettings
    from aggregator.model import FeedState
    from aggregator.store.protocols import PollRecord
    from aggregator.store.rows import Row


def place_of(url: str) -> tuple[str, str]:
    """Return host and site of an address."""
    host = host_of(url)
    return host, site_of(host)


def poll_columns(poll: PollRecord) -> dict[str, Any]:
    """Return the columns of `feed` that a poll changes."""
    at = to_ms(poll.at)
    changes: dict[str, Any] = {"last_poll": at, "fresh_until": to_ms_or_none(poll.fresh_until)}
    if poll.outcome not in (Outcome.ERROR, Outcome.GONE):
        changes["last_success"] = at
    if poll.new:
        changes["last_new"] = at
    return changes | failure_columns(poll) | _move_columns(poll) | _document_columns(poll)


def log_columns(feed: FeedState, poll: PollRecord) -> dict[str, Any]:
    """Return a poll's line of `poll_log`."""
    fetched = poll.fetched
    return {
        "feed": feed.key,
        "at": to_ms(poll.at),
        "outcome": poll.outcome.value,
        "status": fetched.status if fetched else None,
        "bytes": fetched.bytes_received if fetched else 0,
        "elapsed_ms": round(fetched.elapsed * 1000) if fetched else 0,
        "new": poll.new,
        "updated": poll.updated,
        "duplicates": poll.duplicates,
        "error": poll.error,
    }


POLL_SUMS = """
    count(*) AS polls, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(elapsed_ms), 0) AS elapsed_ms,
    coalesce(sum(new), 0) AS new, coalesce(sum(updated), 0) AS updated, coalesce(sum(duplicates), 0) AS duplicates,
    count(CASE WHEN status = 304 THEN 1 END) AS not_modified"""
"""Of lines of `poll_log`, as `poll_count` takes them."""


def poll_count(rows: Sequence[Row]) -> PollCount:
    """Return what the polls of each outcome come to together."""

    def total(column: str) -> int:
        return sum(int(row[column]) for row in rows)

    outcomes = {Outcome(row["outcome"]): int(row["polls"]) for row in rows}
    counts = {name: total(name) for name in ("unconditional", "not_modified", "bytes", "new", "updated", "duplicates")}
    return PollCount(outcomes, seconds=total("elapsed_ms") / 1000, **counts)


def failure_columns(of: PollRecord | FeedState) -> dict[str, Any]:
    """Return the columns that tell of failures."""
    since = to_ms_or_none(of.failing_since)
    return {"errors": of.errors, "failing_since": since, "error": of.error, "remedy": of.remedy}


def _move_columns(poll: PollRecord) -> dict[str, Any]:
    move = poll.move
    changes: dict[str, Any] = {
        "moved_to": move.to if move else None,
        "moved_since": to_ms(move.since) if move else None,
        "moved_times": move.times if move else 0,
    }
    if poll.fetch_url is not None:
        changes |= {"fetch_url": poll.fetch_url, "etag": None, "last_modified": None, "asked_as": None}
    return changes


def _document_columns(poll: PollRecord) -> dict[str, Any]:
    """Return the columns that a document or a 304 changes; those of a failed poll stay as they are."""
    changes: dict[str, Any] = {}
    if poll.header is not None:
        changes["header"] = to_json(HEADER, poll.header)
    if poll.hints is not None:
        changes["hints"] = to_json(HINTS, poll.hints)
    if poll.validators is not None and poll.fetch_url is None:
        changes["etag"], changes["last_modified"] = poll.validators.etag, poll.validators.last_modified
        changes["asked_as"] = poll.asked_as
    if poll.body_hash is not None:
        changes["body_hash"] = poll.body_hash
    if poll.items is not None:
        changes["items"] = poll.items
    if poll.rhythm is not None:
        counted = poll.rhythm
        changes["rhythm_entries"], changes["rhythm_days"] = counted.entries, counted.days
        changes["news_at"] = to_ms_or_none(counted.at)
    if poll.naming is not None:
        named = poll.naming
        changes["naming"], changes["naming_reason"] = named.by.value, named.reason
        changes["naming_since"], changes["naming_doubts"] = to_ms_or_none(named.since), named.doubts
    for name, moment in (("claimed", poll.claimed), ("restamped_at", poll.restamped_at)):
        if moment is not None:
            changes[name] = to_ms(moment)
    return changes


def name_of(row: Row, by: NamedBy) -> str:
    """Return the key of an item as far as its sighting tells; of the content it tells too little."""
    if by is NamedBy.CONTENT:
        return str(row["key"])
    item = Item(title=row["title"], guid=row["guid"], link=row["link"], published=from_ms(row["published"]))
    return item_keys([item], by)[0]


CONFIGURED = ("position", "title", "kind", "tags", "rank", "prefix", "enabled", "private")
"""The columns that feeds.yaml says, and nothing else changes."""


def configured(position: int, source: FeedSettings) -> dict[str, Any]:
    """Return their values for the source at a place of feeds.yaml."""
    values = (
        position, source.title, source.kind, json.dumps(source.tags), source.rank, source.prefix, source.enabled,
        source.private,
    )  # fmt: skip
    return dict(zip(CONFIGURED, values, strict=True))
