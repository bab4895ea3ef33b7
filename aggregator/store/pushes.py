"""What a backend keeps of our subscriptions at other people's hubs.

A part of protocols.py, whose rules hold here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

SPOOL = "pushes"
"""Folder beside the database where deliveries wait."""

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aggregator.decide.pushing import Offer, Push, State
    from aggregator.model import FeedState, Rhythm


@dataclass(frozen=True, slots=True)
class PushCount:
    """How hubs do, all together."""

    states: Mapping[State, int]
    """Subscriptions by their state."""
    delivered: int
    missed: int
    """Entries."""
    refused: int
    """Deliveries."""


class Pushes(Protocol):
    """Who tells us of feeds' news: of each feed one subscription at most, and those that are being left."""

    def offering(self) -> list[FeedState]:
        """Return the sources of the configuration whose documents name hubs."""

    def want(self, feed: int, offer: Offer | None, base: str, now: datetime) -> None:
        """Make what is offered what a feed is subscribed to; another subscription of it is left, with None any.

        What is there already stays as it is; what is new is due at once, with callbacks below `base`.
        """

    def of(self, feed: int) -> Push | None:
        """Return a feed's subscription, none that is being left."""

    def named(self, name: str) -> tuple[Push, str] | None:
        """Return the subscription with this callback, one that is being left too, and its feed's address."""

    def due(self, now: datetime, *, limit: int, per_host: int) -> list[Push]:
        """Return the subscriptions whose hubs are to be asked, the longest due first; so many of one hub's host."""

    def get(self, key: int) -> Push | None:
        """Return a subscription by its key."""

    def keep(self, push: Push) -> None:
        """Write a subscription that is there as it is now."""

    def drop(self, push: Push) -> None:
        """Forget a subscription."""

    def brought(self, feed: FeedState, rhythm: Rhythm, now: datetime) -> None:
        """Keep that a feed has brought something new between two polls, and its rhythm as it is by that."""

    def all(self) -> dict[int, Push]:
        """Return the feeds' subscriptions, none that is being left, by the feeds' keys."""

    def count(self) -> PushCount:
        """Count subscriptions by their state, and what hubs brought and kept to themselves."""
