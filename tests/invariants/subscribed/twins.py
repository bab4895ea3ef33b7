"""Two databases fed alike: one reads documents whole, the other only what is new in them. They must not differ."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.config.settings import FeedSettings, Settings
from aggregator.errors import ParseError
from aggregator.model import Fetched
from aggregator.parse import changed
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from aggregator.model import Document, PollReport

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
_TABLES = ("entry", "sighting", "revision", "release", "feed", "request", "entry_fts")


class Side:
    """One database."""

    def __init__(self, path: Path, *urls: str, in_part: bool) -> None:
        self.store, self.in_part = SqliteStore(path), in_part
        self.settings = Settings(feeds=tuple(FeedSettings(url=url) for url in urls))
        self.unread = self.reread = 0
        with self.store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, BEGIN)
            release_missing(tx, self.settings, BEGIN)

    def poll(self, url: str, body: bytes, at: datetime) -> PollReport | str:
        """Read and settle a document as the pipeline does; return the report, or why it could not be read."""
        last = None
        if self.in_part:
            with self.store.snapshot() as tx:
                feed = tx.feeds.get(url)
                last = tx.listings.last(feed) if feed is not None else None
        try:
            document = changed.parse(body, url=url, content_type=None, received=at, last=last)
            self.unread += len(document.parts.unread) if document.parts else 0
            name = hashlib.sha256(body).hexdigest()
            report = self._settled(url, document, at, name)
            if report.reread:
                self.reread += 1
                whole = changed.parse(body, url=url, content_type=None, received=at)
                report = self._settled(url, whole, at, name)
        except ParseError as error:
            return error.message
        return report

    def _settled(self, url: str, document: Document, at: datetime, name: str) -> PollReport:
        with self.store.transaction() as tx:
            if not self.in_part:
                tx._db.execute("DELETE FROM listing")
            (request,) = tx.requests.claim([url], at, lease=timedelta(hours=1))
            fetched = Fetched(url=url, status=200, received=at)
            result = Result(request, at, fetched, document, body_hash=name)
            report = settle(tx, result, self.settings, Chance(0)).report
            if report.reread:
                tx.requests.give_back([request])
            return report

    def all(self) -> dict[str, list[Any]]:
        """Return all that is kept, but for what spares reading."""
        with self.store.snapshot() as tx:
            db = tx._db
            rows = {name: db.execute(f"SELECT * FROM {name} ORDER BY 1, 2") for name in _TABLES}  # noqa: S608
            return {name: [tuple(row) for row in found] for name, found in rows.items()}


class Twins:
    """Both, and what they have in common."""

    def __init__(self, folder: Path, *urls: str) -> None:
        self.whole = Side(folder / "whole.db", *urls, in_part=False)
        self.part = Side(folder / "part.db", *urls, in_part=True)
        self.now = BEGIN

    def poll(self, url: str, body: bytes, at: datetime | None = None) -> PollReport | str:
        """Hand both a document; they report the same."""
        self.now = at or self.now + timedelta(hours=1)
        report = self.whole.poll(url, body, self.now)
        assert self.part.poll(url, body, self.now) == report
        return report

    def agree(self) -> None:
        """All that they keep is the same."""
        whole, part = self.whole.all(), self.part.all()
        for name in _TABLES:
            assert part[name] == whole[name], name

    def close(self) -> None:
        """Let go of the files."""
        self.whole.store.close()
        self.part.store.close()
