"""Which stories become visible in the outputs that have one item for each: the lead of a story is chosen here, once.

An output is told of a story when its first entry there has been held for long enough (`hold`). The lead is the
earliest published of the story's entries that belong to the output; from then on the story's other entries join its
coverage and announce nothing. A story that is news is released now, however late; one that the output has had, or
would have had, was split, or lost its lead, or fills an output that is new: it keeps its place among what is old.
Written by the serial stage, after stories are decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.releasing import OVER_CAP, Cap, day_of, outputs_of

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.store.protocols import Transaction
    from aggregator.store.stories import Due, Teller


def tell(tx: Transaction, settings: Settings, now: datetime) -> set[str]:
    """Release the stories that are due; return the outputs whose documents changed."""
    cap, changed = Cap(tx, settings), set()
    for due in sorted(tx.tellings.due(now), key=_first):
        output = settings.published.get(due.output)
        if output is not None and output.tells_stories:
            _tell_one(tx, due, cap, now)
            changed.add(due.output)
    for name, output in settings.published.items():
        if output.digest is not None and tx.tellings.close_days(name, day_of(now)):
            changed.add(name)
    return changed


def _tell_one(tx: Transaction, due: Due, cap: Cap, now: datetime) -> None:
    keys = [teller.key for teller in due.tellers]
    if due.told:
        tx.tellings.told(due.output, keys)
        return
    at = due.as_of or now
    lead = next((one for one in sorted(due.tellers, key=_lead) if cap.allows(due.output, one.feed, at)), None)
    if lead is None:
        tx.tellings.drop(due.output, keys)
        tx.entries.set_held(set(keys) - outputs_of(tx, keys).keys(), OVER_CAP)
        return
    tx.releases.append(due.output, [lead.key], at)
    tx.tellings.told(due.output, keys)


def _first(due: Due) -> datetime:
    return min(teller.published for teller in due.tellers)


def _lead(teller: Teller) -> tuple[datetime, int, int]:
    """Order by who leads: the earliest published, then the better source, then the first stored."""
    return teller.published, teller.rank, teller.key
