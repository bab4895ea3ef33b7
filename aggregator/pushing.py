"""What polls and feeds.yaml say of hubs, in the serial stage: which are to tell us of news, and what they missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.pushing import is_active, names_hub, offered, polled

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.config.settings import FeedSettings, Settings
    from aggregator.decide.pushing import Push
    from aggregator.model import Document, FeedState
    from aggregator.store.protocols import Transaction


def heard(
    tx: Transaction,
    feed: FeedState,
    document: Document | None,
    found: tuple[Collection[str], datetime],
    configured: tuple[FeedSettings, Settings],
) -> Push | None:
    """Keep what a good poll says of its feed's hub, and return the subscription there; None where there is none.

    `feed` is what was known before; `found` names what was news, and when.
    """
    (source, settings), (names, now) = configured, found
    header = document.header if document is not None else feed.header
    if not names_hub(feed.header) and not names_hub(header):
        return None
    if document is not None:
        offer = offered(header, feed, source) if is_active(settings) else None
        tx.pushes.want(feed.key, offer, settings.site.url, now)
    push = tx.pushes.of(feed.key)
    if push is None:
        return None
    after = polled(push, names, feed.last_success, now)
    if after != push:
        tx.pushes.keep(after)
    return after


def want_all(tx: Transaction, settings: Settings, now: datetime) -> None:
    """Make the subscriptions those that the sources of the configuration offer."""
    wanted = set()
    for feed in tx.pushes.offering() if is_active(settings) else ():
        source = settings.sources.get(feed.url)
        offer = offered(feed.header, feed, source) if source is not None else None
        if offer is not None:
            wanted.add(feed.key)
            tx.pushes.want(feed.key, offer, settings.site.url, now)
    for key in tx.pushes.all().keys() - wanted:
        tx.pushes.want(key, None, settings.site.url, now)
