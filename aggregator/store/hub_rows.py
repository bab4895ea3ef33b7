"""Rows of the hub and the domain's types, for every backend."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.websub import Intent, Standing, Subscription
from aggregator.store.hub import HubCount
from aggregator.store.rows import from_ms, from_ms_or_none

if TYPE_CHECKING:
    from aggregator.store.rows import Row


def intent(row: Row) -> Intent:
    """Read a row of `intent`."""
    return Intent(
        topic=row["topic"],
        callback=row["callback"],
        site=row["site"],
        mode=row["mode"],
        challenge=row["challenge"],
        lease=timedelta(seconds=row["lease"]),
        secret=row["secret"],
        tries=row["tries"],
    )


def subscription(row: Row) -> Subscription:
    """Read a row of `subscription`."""
    return Subscription(
        key=row["id"],
        topic=row["topic"],
        callback=row["callback"],
        site=row["site"],
        secret=row["secret"],
        expires_at=from_ms(row["expires_at"]),
        tries=row["tries"],
        failing_since=from_ms_or_none(row["failing_since"]),
    )


def standing(row: Row) -> Standing:
    """Read a row of counts."""
    return Standing(bool(row["known"]), row["subscriptions"], row["of_site"], row["asked_of_site"])


def count(row: Row) -> HubCount:
    """Read a row of counts."""
    return HubCount(row["asked"], row["active"], row["waiting"], row["failing"])
