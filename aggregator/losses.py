"""What of a feed did not reach readers as it should: gaps between two of its documents, and floods held back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta  # noqa: TC003 - the store's codec reads these annotations


@dataclass(frozen=True, slots=True)
class Flood:
    """Old entries that came at once and were held back."""

    at: datetime
    """When the last of them came."""
    entries: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A document that listed nothing of the one before: what came in between is missing, or was recovered since."""

    at: datetime
    """When it was noticed."""
    before: datetime
    """The last good poll before that."""
    least: int
    likely: int
    most: int
    """How many entries were missed: an estimate."""
    since: datetime | None = None
    """The newest date of the document before; None when it gave none."""
    until: datetime | None = None
    """The oldest date of the document that was noticed."""
    window: timedelta | None = None
    """In how much time the feed turned its document over."""
    times: int = 1
    """So many documents in a row listed nothing of the one before."""
    recovered: int = 0
    """Entries that were found in the publisher's archive."""
    page: str | None = None
    """The page of the archive that is asked next; None when the search is over."""
    routes: tuple[str, ...] = ()
    """First pages of other archives, to be tried when this one is none."""
    by_sitemap: bool = False
    """What is asked is a sitemap of the site: the feed has no archive."""
    asked: tuple[str, ...] = ()
    """Pages that were read."""
    tries: int = 0
    """How often this page was asked in vain."""
    ended: datetime | None = None
    """When the search was over."""
    repaired: bool = False
    """It led back to what was known before."""
    outcome: str = ""
    """Why the search ended, where it did not lead so far; or what is wrong with it."""
