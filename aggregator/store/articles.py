"""What a backend keeps of articles' pages: which entries wait for theirs, what was read, what could not be had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from aggregator.decide.articles import ArticlePage, Lacking, Read, Wait
    from aggregator.model import FeedState


@dataclass(frozen=True, slots=True)
class ArticleState:
    """What became of one entry's article."""

    url: str
    is_read: bool
    ended_at: datetime | None
    """When it was read or given up; None while it is asked for."""
    error: str | None
    """Why it could not be had, at the last try."""

    @property
    def words(self) -> str:
        """What became of it, for the operator."""
        if self.is_read:
            return f"read on {self.ended_at:%Y-%m-%d at %H:%M} UTC"
        tried = f": {self.error}" if self.error else ""
        return f"not had{tried}" if self.ended_at is not None else f"asked for{tried}"


@dataclass(frozen=True, slots=True)
class ArticleCount:
    """How many of a source's articles were read, are asked for, and could not be had; and why the last of these."""

    read: int
    waiting: int
    failed: int
    error: str | None

    @property
    def words(self) -> str | None:
        """The counts for the operator; None when no article was ever asked for."""
        if not (self.read or self.waiting or self.failed):
            return None
        return f"{self.read} read, {self.waiting} asked for, {self.failed} not had" + (
            f"; the last of these: {self.error}" if self.error else ""
        )


class Articles(Protocol):
    """Articles' pages, and the requests for them: one an entry, once."""

    def want(self, feed: FeedState, waits: Mapping[int, Wait], now: datetime) -> None:
        """Ask for articles of entries of a feed, in this order, due now."""

    def lacking(self, entries: Collection[int]) -> list[Lacking]:
        """Return those of the entries whose articles were asked for and not read, the oldest first."""

    def overdue(self, wanted_before: datetime) -> list[int]:
        """Return the entries that are held for their articles and were first seen by then."""

    def keep(self, entry: int, page: ArticlePage, now: datetime) -> None:
        """Keep what was read, beside the title that the entry has until then, and ask no more."""

    def fail(self, entry: int, error: str, now: datetime, *, final: bool) -> None:
        """Count a try that failed; a `final` one is the last."""

    def read(self, entries: Collection[int]) -> dict[int, Read]:
        """Return what was read of entries' articles."""

    def of_entry(self, entry: int) -> ArticleState | None:
        """Return what became of an entry's article; None when it was never asked for."""

    def count(self, feed: FeedState) -> ArticleCount:
        """Count a source's articles."""
