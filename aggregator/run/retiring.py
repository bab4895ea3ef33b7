"""Texts that nobody lists any more are dropped at night; what readers may still be shown keeps its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from aggregator.publish.selection import CEILING

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.store.protocols import Store, Transaction

_log = structlog.get_logger(__name__)
_BATCH = 200
"""Entries of one transaction: results of polls are written between two."""
_IN_ARCHIVES_BY = timedelta(days=35)
"""So long after its release an entry stands in the archive document of its month."""


class Retiring:
    """Drops old texts, some at a time; for the thread that may use the store."""

    def __init__(self, store: Store, settings: Settings, now: datetime) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._last = 0
        self.count = 0
        """Entries whose texts were dropped."""
        self._kept: set[int] | None = None

    def step(self) -> bool:
        """Drop some; return whether there may be more."""
        with self._store.transaction() as tx:
            if self._kept is None:
                self._kept = _shown(tx, self._settings)
            keys = tx.retention.forget(
                self._now - self._settings.retention.entries,
                released_since=self._now - _IN_ARCHIVES_BY,
                kept=self._kept,
                after=self._last,
                limit=_BATCH,
            )
        self._last, self.count = max([self._last, *keys]), self.count + len(keys)
        return bool(keys)


def _shown(tx: Transaction, settings: Settings) -> set[int]:
    """Return the entries that documents of outputs show, or may show when the operator lets them show more."""
    shown: set[int] = set()
    for output in settings.published.values():
        if output.digest:
            days = tx.tellings.issues(output.name, limit=max(output.limit, 1))
            shown.update(entry.key for _, entries in days for entry in entries)
        else:
            released = tx.releases.select(
                output.name, limit=CEILING, window=settings.publishing.window, ceiling=CEILING
            )
            shown.update(one.entry.key for one in released)
    return shown
