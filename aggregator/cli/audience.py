"""Who reads what is published, as `aggregator feeds` tells it: subscribers of services, and of our own hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.cli.words import counted
from aggregator.decide.readership import REMEMBERED, by_service
from aggregator.store.hub import DELIVERED, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from aggregator.store.protocols import Transaction

_NAMED = 5
"""Services of an output that are named in a line."""


def audience(tx: Transaction, now: datetime) -> dict[str, Any]:
    """Return what is known of readers: `readers`, by output and service, and `hub`; empty when there are none."""
    found: dict[str, Any] = {}
    if readers := by_service(tx.readers.known(now - REMEMBERED)):
        found["readers"] = readers
    count, delivered, failed = tx.hub.count(), tx.tallies.get(DELIVERED), tx.tallies.get(FAILED)
    if count.asked or count.active or delivered or failed:
        found["hub"] = {
            "subscribers": count.active,
            "asked": count.asked,
            "failing": count.failing,
            "waiting": count.waiting,
            "delivered": delivered,
            "failed": failed,
        }
    return found


def audience_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the same in words."""
    for output, services in found.get("readers", {}).items():
        named = [f"{name} {count}" for name, count in list(services.items())[:_NAMED]]
        more = [f"{len(services) - _NAMED} more services"] if len(services) > _NAMED else []
        count = sum(services.values())
        yield f"{output}: {count} subscriber{'s' * (count != 1)} ({', '.join(named + more)})"
    if hub := found.get("hub"):
        yield (
            f"hub: {counted(hub['subscribers'], 'subscriber')}, {hub['asked']} to be confirmed;"
            f" {hub['waiting']} deliveries wait, {hub['delivered']} arrived, {hub['failed']} failed"
        )
