"""Keeps what the web process noted of services that read for many, and how many subscribers publishers are told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.readership import MOST_NAMES, REMEMBERED, readership_from, total
from aggregator.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.store.protocols import Store, Transaction

_TOLD = "subscribers"
"""The number in our User-Agent: it changes at night only, so that it tells nobody when we were started."""


def keep(store: Store, records: object, outputs: Collection[str], now: datetime) -> int:
    """Keep what was said of these outputs; return how much that was. Raise Usage for what is no list."""
    if not isinstance(records, list):
        raise Usage("`seen` of the command is not a list.", 'Write "seen": [[OUTPUT, FORMAT, SERVICE, ID, NUMBER]].')
    found = [said for one in records[:MOST_NAMES] if (said := readership_from(one)) and said.output in outputs]
    with store.transaction() as tx:
        tx.readers.note(found, now, most=MOST_NAMES)
    return len(found)


def tidy(tx: Transaction, now: datetime) -> int:
    """Forget who has not asked for a month; return, and keep, how many subscribers there are now."""
    tx.readers.forget(now - REMEMBERED)
    count = total(tx.readers.known(now - REMEMBERED))
    tx.tallies.put(_TOLD, count, now)
    return count


def told(tx: Transaction) -> int:
    """Return how many subscribers publishers are told of; 0 when nothing is known."""
    return tx.tallies.get(_TOLD)
