"""The PostgreSQL backend: one connection, other processes beside it."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg import IsolationLevel

from aggregator.errors import UnreachableDatabase
from aggregator.store.postgres.archives import PostgresArchives
from aggregator.store.postgres.articles import PostgresArticles
from aggregator.store.postgres.connection import errors_of, name_of, open_for_reading, open_for_writing
from aggregator.store.postgres.editions import PostgresEditions
from aggregator.store.postgres.entries import PostgresEntries
from aggregator.store.postgres.feeds import PostgresFeeds
from aggregator.store.postgres.gaps import PostgresGaps
from aggregator.store.postgres.hub import PostgresHub
from aggregator.store.postgres.kinships import PostgresKinships
from aggregator.store.postgres.listings import PostgresListings
from aggregator.store.postgres.lists import PostgresLists
from aggregator.store.postgres.pages import PostgresPages
from aggregator.store.postgres.pushes import PostgresPushes
from aggregator.store.postgres.queue import PostgresQueue
from aggregator.store.postgres.readers import PostgresReaders, PostgresTallies
from aggregator.store.postgres.releases import PostgresReleases
from aggregator.store.postgres.requests import PostgresRequests
from aggregator.store.postgres.retention import PostgresRetention
from aggregator.store.postgres.session import Session
from aggregator.store.postgres.stories import PostgresStories
from aggregator.store.postgres.tellings import PostgresTellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.store.fleet import Fleet
    from aggregator.store.postgres.connection import Connection


class PostgresTransaction:
    """One moment of the database (protocols.Transaction)."""

    def __init__(self, session: Session) -> None:
        self._db = session
        self._created: datetime | None = None
        self.feeds = PostgresFeeds(session)
        self.lists = PostgresLists(session)
        self.requests = PostgresRequests(session)
        self.queue = PostgresQueue(session, self.requests)
        self.gaps = PostgresGaps(session)
        self.entries = PostgresEntries(session)
        self.listings = PostgresListings(session)
        self.articles = PostgresArticles(session)
        self.releases = PostgresReleases(session, self.entries)
        self.archives = PostgresArchives(session, self.entries)
        self.editions = PostgresEditions(session)
        self.retention = PostgresRetention(session)
        self.stories = PostgresStories(session)
        self.kinships = PostgresKinships(session)
        self.tellings = PostgresTellings(session, self.entries)
        self.hub = PostgresHub(session)
        self.pages = PostgresPages(session, self.entries)
        self.readers = PostgresReaders(session)
        self.tallies = PostgresTallies(session)
        self.pushes = PostgresPushes(session)

    @property
    def fleet(self) -> Fleet | None:
        return self.queue.state()

    @property
    def created(self) -> datetime:
        if self._created is None:
            self._created = datetime.fromisoformat(self._meta("created"))
        return self._created

    @property
    def size(self) -> int:
        return int(self._db.one("SELECT pg_database_size(current_database()) AS size")["size"])

    @property
    def instance(self) -> str:
        return self._meta("instance")

    def _meta(self, name: str) -> str:
        return str(self._db.one("SELECT value FROM meta WHERE name = %s", [name])["value"])


class PostgresStore:
    """A database on a server (protocols.Store); one thread at a time may use it, and other processes beside it."""

    def __init__(self, url: str, *, readonly: bool = False) -> None:
        """Open, make or upgrade the tables; raises a StoreError that names the remedy."""
        self.name = name_of(url)
        self._url = url
        self._open = open_for_reading if readonly else open_for_writing
        self._connection: Connection | None = self._open(url)
        self._closed = False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        """Read and write, all or nothing: one process at a time, so that what was read is still true when written.

        Each statement sees what was committed until it began. Claims alone wait for nobody who writes (Session).
        """
        yield from self._within(IsolationLevel.READ_COMMITTED, writes=True)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[PostgresTransaction]:
        """Read one moment's state, beside writers."""
        yield from self._within(IsolationLevel.REPEATABLE_READ, writes=False)

    def _within(self, isolation: IsolationLevel, *, writes: bool) -> Iterator[PostgresTransaction]:
        connection = self._connected()
        with errors_of(self.name):
            connection.isolation_level, connection.read_only = isolation, not writes
            with connection.transaction():
                yield PostgresTransaction(Session(connection, writes=writes))

    def _connected(self) -> Connection:
        """Return the connection, a new one when it was lost."""
        if self._closed:
            raise UnreachableDatabase(f"{self.name} was let go of.")
        if self._connection is None or self._connection.closed:
            self._connection = self._open(self._url)
        return self._connection

    def keep_up(self) -> None:
        """Nothing: the server's autovacuum does it."""

    def close(self) -> None:
        """Let go of the connection."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()
