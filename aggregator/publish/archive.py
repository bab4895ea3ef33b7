"""Which archive documents an output has (RFC 5005 section 4): one a month of release, or several, linked in a chain.

A part of a month that is over has all that was released in it. The running one has all that the subscription document
does not show: who follows prev-archive from there misses nothing. A function of stored rows, as that document is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.decide.months import PART, Parts, held_by_archive
from aggregator.publish.channel import Chain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.config.settings import OutputSettings
    from aggregator.decide.months import Part
    from aggregator.publish.channel import Channel
    from aggregator.store.protocols import Transaction


@dataclass(frozen=True, slots=True)
class Volume:
    """An archive document as it is to be."""

    part: Part
    held: int | None
    """So many of the part's releases are in it at least, the first of them; None: all, the part is over."""
    head: Channel
    """What it says of itself; without entries."""
    gone: frozenset[int] = frozenset()
    """Keys of what was withdrawn of the part."""
    first: frozenset[int] = frozenset()
    """Keys of those that are held, in the running part."""
    bereft: frozenset[int] = frozenset()
    """Keys of what may tell of an article that was withdrawn."""

    @property
    def mark(self) -> tuple[object, ...]:
        """What the document depends on, but for what its entries say."""
        so_far = self.part.count if self.held is None else self.held
        return self.part.first, so_far, self.gone, self.first, self.head.path, self.head.chain, self.bereft


def has_archives(output: OutputSettings) -> bool:
    """Whether an output's releases tell what it showed.

    They do not where it chooses or sums up stories anew at every look: a size tier, a digest.
    """
    return output.top is None and output.digest is None


class Catalogue:
    """Which documents there are of each output; what was released before the last look is not counted again."""

    def __init__(self) -> None:
        self._parts: defaultdict[str, Parts] = defaultdict(lambda: Parts(PART))

    def volumes(self, tx: Transaction, output: OutputSettings, subscription: Channel) -> list[Volume]:
        """Return an output's archive documents, the oldest first; the last part of the newest month is the running one.

        `subscription` is its subscription document, as of the same moment as `tx`.
        """
        parts = self._parts[output.name]
        if has_archives(output):
            parts.add(tx.archives.released(output.name, parts.seen))
        bound = parts.all()
        if not bound:
            return []
        gone = _gone(tx, output, parts)
        bereft = tx.archives.bereft(output.name) if output.tells_stories else frozenset()
        keys, last = _held(tx, output, bound[-1], subscription)
        heads = _heads(subscription, bound, last)
        volumes = [
            Volume(part, None, head, gone[part.name], bereft=bereft) for part, head in zip(bound, heads, strict=True)
        ]
        return [*volumes[:-1], replace(volumes[-1], held=len(keys), first=frozenset(keys))]


def _gone(tx: Transaction, output: OutputSettings, parts: Parts) -> defaultdict[str, frozenset[int]]:
    """Return the keys of what was withdrawn, by the name of the part."""
    gone: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
    for one in tx.archives.withdrawn(output.name):
        gone[parts.of(one.number, one.released_at).name] |= {one.key}
    return gone


def _held(tx: Transaction, output: OutputSettings, running: Part, subscription: Channel) -> tuple[list[int], datetime]:
    """Return the keys of what the running part's document holds at least, and the date of the last of them."""
    places = tx.archives.places(output.name, running, private=output.token is not None)
    keys = [place.key for place in places]
    held = held_by_archive(keys, {entry.key for entry in subscription.entries}, output.limit)
    return keys[:held], places[held - 1].released_at if held else running.last


def _heads(subscription: Channel, parts: Sequence[Part], last: datetime) -> list[Channel]:
    """Return what each document says of itself; the running one's newest entry is of the date `last`."""
    plain = [replace(subscription, path=f"{subscription.path}/{part.name}", entries=(), hubs=()) for part in parts]
    addresses = [head.address("atom") for head in plain]
    current = subscription.address("atom")
    neighbours = zip([None, *addresses[:-1]], [*addresses[1:], None], strict=True)
    dates = [*(part.last for part in parts[:-1]), last]
    return [
        replace(head, updated=updated, chain=Chain(current, previous, following))
        for head, updated, (previous, following) in zip(plain, dates, neighbours, strict=True)
    ]


def linked(subscription: Channel, found: Sequence[Volume]) -> Channel:
    """Return the subscription document with a link to the newest archive.

    Clients know an archive by its address and read it once: while it grows, the address says how far it has.
    """
    if not found:
        return subscription
    address = f"{found[-1].head.address('atom')}?entries={found[-1].held}"
    return replace(subscription, chain=Chain(subscription.address("atom"), address, is_archive=False))
