"""What a backend keeps of feeds' last documents.

A part of protocols.py, whose rules hold here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.listings import Line, Listing
    from aggregator.model import FeedState


class Listings(Protocol):
    """Feeds' last documents, as far as they spare reading the next ones."""

    def last(self, feed: FeedState) -> str | None:
        """Return what was kept of a feed's last document, as listings.to_text writes it; None for nothing."""

    def keep(self, feed: FeedState, listing: Listing) -> None:
        """Keep a feed's last document in place of the one before."""

    def unread(self, feed: FeedState, lines: Collection[Line]) -> list[int] | None:
        """Return the sightings of items that were left unread.

        None where one of them is not what it was: listed with something else meanwhile, held back, or supplied by
        another feed.
        """

    def sight(self, sightings: Collection[int], now: datetime) -> None:
        """Note that their feed lists them once more."""
