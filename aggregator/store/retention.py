"""What a backend forgets: texts that nobody lists any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


class Retention(Protocol):
    """Old texts. What an entry is called and known by stays, so that it never comes back as new."""

    def forget(
        self, before: datetime, *, released_since: datetime, kept: Collection[int], after: int, limit: int
    ) -> list[int]:
        """Drop the texts of entries that no source has listed since `before`, with their revisions and vectors.

        Those are left alone that were released anywhere since `released_since`, and those `kept`. At most `limit`, of
        the entries with keys `after` this one; return the keys.
        """
