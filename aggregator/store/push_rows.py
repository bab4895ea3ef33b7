"""Rows of subscriptions at other people's hubs and the domain's types, for every backend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aggregator.decide.pushing import Push, State
from aggregator.decide.sites import host_of
from aggregator.store.pushes import PushCount
from aggregator.store.rows import from_ms_or_none, to_ms, to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.decide.pushing import Offer
    from aggregator.store.rows import Row

HUB_LINK = '"rel":"hub"'
"""What a header that names a hub holds, as it is written (rows.HEADER)."""
COUNTS = (
    "SELECT state, count(*) AS number, sum(delivered) AS delivered, sum(missed) AS missed, sum(refused) AS refused"
    " FROM push GROUP BY state"
)


def push(row: Row) -> Push:
    """Read a row of `push`."""
    return Push(
        key=row["id"],
        feed=row["feed"],
        hub=row["hub"],
        topic=row["topic"],
        base=row["base"],
        state=State(row["state"]),
        name=row["name"],
        secret=row["secret"],
        due_at=from_ms_or_none(row["due_at"]),
        tries=row["tries"],
        verified_at=from_ms_or_none(row["verified_at"]),
        lease_until=from_ms_or_none(row["lease_until"]),
        delivered=row["delivered"],
        missed=row["missed"],
        streak=row["streak"],
        refused=row["refused"],
        suspects=frozenset(json.loads(row["suspects"])),
        suspected_at=from_ms_or_none(row["suspected_at"]),
        last_delivery=from_ms_or_none(row["last_delivery"]),
        why=row["why"],
    )


def columns(push: Push) -> dict[str, Any]:
    """Return the columns that change."""
    return {
        "name": push.name,
        "secret": push.secret,
        "state": push.state.value,
        "due_at": to_ms_or_none(push.due_at),
        "tries": push.tries,
        "verified_at": to_ms_or_none(push.verified_at),
        "lease_until": to_ms_or_none(push.lease_until),
        "delivered": push.delivered,
        "missed": push.missed,
        "streak": push.streak,
        "refused": push.refused,
        "suspects": json.dumps(sorted(push.suspects)),
        "suspected_at": to_ms_or_none(push.suspected_at),
        "last_delivery": to_ms_or_none(push.last_delivery),
        "why": push.why,
    }


def new_columns(feed: int, offer: Offer, base: str, now: datetime) -> dict[str, Any]:
    """Return the columns of a subscription that is wanted."""
    return {
        "feed": feed,
        "hub": offer.hub,
        "host": host_of(offer.hub),
        "topic": offer.topic,
        "base": base,
        "state": State.WANTED.value,
        "due_at": to_ms(now),
    }


def count(rows: Iterable[Row]) -> PushCount:
    """Read the rows of COUNTS."""
    found = list(rows)
    delivered, missed, refused = (int(sum(row[name] for row in found)) for name in ("delivered", "missed", "refused"))
    return PushCount({State(row["state"]): row["number"] for row in found}, delivered, missed, refused)
