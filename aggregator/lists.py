"""Remote lists and the store: the one place where settings as loaded become those that the program works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.config.secrets import Mask
from aggregator.decide.lists import expanded

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.store.protocols import Transaction


def effective(tx: Transaction, settings: Settings) -> Settings:
    """Return settings with the sources that their remote lists named when they were read last."""
    if not settings.lists:
        return settings
    known = (tx.lists.get(address) for address in settings.lists)
    return expanded(settings, {state.address: state.feeds for state in known if state is not None})


def adopted(tx: Transaction, settings: Settings, now: datetime) -> Settings:
    """Make the store's lists those of the configuration; return settings with what they name."""
    mask = Mask.of(settings) if settings.lists else str
    tx.lists.sync({address: mask(address) != address for address in settings.lists}, now)
    return effective(tx, settings)
