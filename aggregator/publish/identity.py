"""Which feed an output is, whatever it is called now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.identity import feed_id

if TYPE_CHECKING:
    from aggregator.config.settings import OutputSettings
    from aggregator.store.protocols import Transaction


def output_id(tx: Transaction, output: OutputSettings) -> str:
    """Return the permanent id of an output's feed: made of the first of its names that the database knew.

    So it stays when the output is renamed (RFC 4287 section 4.2.6).
    """
    opened = [(at, name) for name in (*output.was, output.name) if (at := tx.releases.opened(name)) is not None]
    return feed_id(tx.instance, min(opened)[1] if opened else output.name)
