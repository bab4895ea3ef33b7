"""One moment of a database (protocols.Transaction): its parts, by subject."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.store.sql.archives import SqlArchives
from aggregator.store.sql.articles import SqlArticles
from aggregator.store.sql.editions import SqlEditions
from aggregator.store.sql.feeds import SqlFeeds
from aggregator.store.sql.gaps import SqlGaps
from aggregator.store.sql.hub import SqlHub
from aggregator.store.sql.listings import SqlListings
from aggregator.store.sql.lists import SqlLists
from aggregator.store.sql.pages import SqlPages
from aggregator.store.sql.pushes import SqlPushes
from aggregator.store.sql.readers import SqlReaders, SqlTallies
from aggregator.store.sql.releases import SqlReleases
from aggregator.store.sql.requests import SqlRequests
from aggregator.store.sql.stories import SqlStories
from aggregator.store.sql.tellings import SqlTellings

if TYPE_CHECKING:
    from aggregator.store.sql.entries import SqlEntries
    from aggregator.store.sql.session import Session


class SqlTransaction:
    """What is alike in every backend; each has entries of its own, as it searches them in its own way."""

    def __init__(self, session: Session, entries: SqlEntries) -> None:
        self._db = session
        self._created: datetime | None = None
        self.entries = entries
        self.feeds = SqlFeeds(session)
        self.lists = SqlLists(session)
        self.requests = SqlRequests(session)
        self.gaps = SqlGaps(session)
        self.listings = SqlListings(session)
        self.articles = SqlArticles(session)
        self.releases = SqlReleases(session, entries)
        self.archives = SqlArchives(session, entries)
        self.editions = SqlEditions(session)
        self.stories = SqlStories(session)
        self.tellings = SqlTellings(session, entries)
        self.hub = SqlHub(session)
        self.pages = SqlPages(session, entries)
        self.readers = SqlReaders(session)
        self.tallies = SqlTallies(session)
        self.pushes = SqlPushes(session)

    @property
    def created(self) -> datetime:
        """When the database was made."""
        if self._created is None:
            self._created = datetime.fromisoformat(self._meta("created"))
        return self._created

    @property
    def instance(self) -> str:
        """What names this database among all."""
        return self._meta("instance")

    def _meta(self, name: str) -> str:
        return str(self._db.one("SELECT value FROM meta WHERE name = %s", [name])["value"])
