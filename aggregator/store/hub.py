"""What a backend keeps for our WebSub hub.

A part of protocols.py, whose rules hold here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.decide.websub import Intent, Standing, Subscription


DELIVERED, FAILED = "hub.delivered", "hub.failed"
"""Tallies of deliveries that arrived, and of attempts that did not."""


@dataclass(frozen=True, slots=True)
class HubCount:
    """How many subscriptions there are."""

    asked: int
    """To be confirmed by their callbacks."""
    active: int
    """All that are confirmed."""
    waiting: int
    """Of these: there is something that they have not been told."""
    failing: int
    """Of these: what was tried last did not arrive."""


class Hub(Protocol):
    """Who is told what is new in which document."""

    def standing(self, topic: str, callback: str, site: str) -> Standing:
        """Return what there is of this subscription, of this site, and in all."""

    def ask(self, intent: Intent, at: datetime) -> None:
        """Keep that a callback is to be asked; an earlier intent of the same topic and callback is replaced."""

    def due(self, now: datetime, *, limit: int, per_site: int) -> tuple[list[Intent], list[Subscription]]:
        """Return intents and deliveries whose time has come, the longest due first; of one site so many of each."""

    def put_off(self, intent: Intent, until: datetime | None) -> None:
        """Note that an intent was tried in vain: it is due again then, or (None) forgotten."""

    def confirm(self, intent: Intent, until: datetime, known: str) -> None:
        """Carry an intent out: subscribe, or renew, until then; or end the subscription. The intent is done with.

        `known`: the document's version that a new subscriber need not be told.
        """

    def news(self, topic: str, version: str, now: datetime) -> int:
        """Note which version of a document is live; who has not been told of it is due, and counted.

        What is tried again later stays so: it will be this version.
        """

    def told(self, subscription: Subscription, version: str) -> None:
        """Note that a version arrived; when there is a later one by now, that is due at once."""

    def failed(self, subscription: Subscription, now: datetime, again_at: datetime | None) -> None:
        """Note that a delivery failed: it is due again then, or (None) the subscription ends."""

    def keep_only(self, topics: Collection[str], now: datetime) -> list[Subscription]:
        """End subscriptions whose lease is over, and those of other topics than these; return the latter."""

    def count(self) -> HubCount:
        """Count subscriptions by their state."""
