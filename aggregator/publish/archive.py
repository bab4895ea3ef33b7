"""Which archive documents an output has (RFC 5005 section 4): one a month of release, linked in a chain.

A month that is over has all that was released in it. The running one has all that the subscription document does not
show: who follows prev-archive from there misses nothing. A function of stored rows, as the subscription document is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.decide.months import held_by_archive
from aggregator.publish.channel import Chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.config.settings import OutputSettings
    from aggregator.publish.channel import Channel
    from aggregator.store.archives import Month
    from aggregator.store.protocols import Transaction


@dataclass(frozen=True, slots=True)
class Volume:
    """An archive document as it is to be."""

    month: Month
    held: int | None
    """So many of the month's releases are in it at least, the first of them; None: all, the month is over."""
    head: Channel
    """What it says of itself; without entries."""
    first: frozenset[int] = frozenset()
    """Keys of these, in the running month."""
    bereft: frozenset[int] = frozenset()
    """Keys of what may tell of an article that was withdrawn."""

    @property
    def mark(self) -> tuple[object, ...]:
        """What the document depends on, but for what its entries say."""
        return self.month.gone, self.held, self.first, self.head.path, self.head.chain, self.bereft


def has_archives(output: OutputSettings) -> bool:
    """Whether an output's releases tell what it showed.

    They do not where it chooses or sums up stories anew at every look: a size tier, a digest.
    """
    return output.top is None and output.digest is None


def volumes(tx: Transaction, output: OutputSettings, subscription: Channel) -> list[Volume]:
    """Return an output's archive documents, the oldest first; the month of the newest release is the running one."""
    months = tx.archives.months(output.name) if has_archives(output) else []
    if not months:
        return []
    places = tx.archives.places(output.name, months[-1].name, private=output.token is not None)
    shown = {entry.key for entry in subscription.entries}
    keys = [place.key for place in places]
    held = held_by_archive(keys, shown, output.limit)
    running = replace(months[-1], last=places[held - 1].released_at if held else months[-1].last)
    bereft = tx.archives.bereft(output.name) if output.tells_stories else frozenset()
    *over, newest = _heads(subscription, [*months[:-1], running])
    closed = [Volume(month, None, head, bereft=bereft) for month, head in zip(months[:-1], over, strict=True)]
    return [*closed, Volume(running, held, newest, frozenset(keys[:held]), bereft)]


def _heads(subscription: Channel, months: Sequence[Month]) -> list[Channel]:
    plain = [replace(subscription, path=f"{subscription.path}/{month.name}", entries=(), hubs=()) for month in months]
    addresses = [head.address("atom") for head in plain]
    current = subscription.address("atom")
    neighbours = zip([None, *addresses[:-1]], [*addresses[1:], None], strict=True)
    return [
        replace(head, updated=month.last, chain=Chain(current, previous, following))
        for head, month, (previous, following) in zip(plain, months, neighbours, strict=True)
    ]


def linked(subscription: Channel, found: Sequence[Volume]) -> Channel:
    """Return the subscription document with a link to the newest archive.

    Clients know an archive by its address and read it once: while it grows, the address says how far it has.
    """
    if not found:
        return subscription
    address = f"{found[-1].head.address('atom')}?entries={found[-1].held}"
    return replace(subscription, chain=Chain(subscription.address("atom"), address, is_archive=False))
