"""How the hubs of sources do, for aggregator feeds."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from aggregator.decide.pushing import is_trusted, summary
from aggregator.decide.sites import host_of
from aggregator.run.clock import utc_now
from aggregator.run.report import rfc3339

if TYPE_CHECKING:
    from aggregator.cli.context import Context
    from aggregator.decide.pushing import Push


def known_pushes(context: Context) -> dict[str, Push]:
    """Return the subscriptions at hubs, by the addresses of the sources."""
    with closing(context.open_for_reading()) as store, store.snapshot() as tx:
        pushes = tx.pushes.all()
        return {feed.url: pushes[feed.key] for feed in tx.feeds.all() if feed.key in pushes} if pushes else {}


def push_json(url: str, push: Push) -> dict[str, Any]:
    """Return one as `aggregator feeds --json` prints it."""
    return {
        "url": url,
        "hub": host_of(push.hub),
        "state": push.state.value,
        "until": rfc3339(push.lease_until),
        "trusted": is_trusted(push, utc_now()),
        "delivered": push.delivered,
        "missed": push.missed,
        "refused": push.refused,
        "last_delivery": rfc3339(push.last_delivery),
        "why": push.why or None,
    }


def pushes_in_words(pushes: dict[str, Push]) -> str:
    """Say of all together how they are."""
    return summary(pushes.values(), utc_now())
