"""Articles' pages (store.articles.Articles)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.articles import Read
from aggregator.model import Held, RequestKind
from aggregator.store import rows
from aggregator.store.articles import ArticleCount, ArticleState
from aggregator.store.feed_columns import place_of
from aggregator.store.rows import PAGE, from_ms_or_none, to_json, to_ms, to_ms_or_none

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from aggregator.decide.articles import ArticlePage, Lacking, Wait
    from aggregator.model import FeedState
    from aggregator.store.sql.session import Session

_WHY = "for the article of a new entry"


class SqlArticles:
    """Articles in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def want(self, feed: FeedState, waits: Mapping[int, Wait], now: datetime) -> None:
        self._db.executemany(
            "INSERT INTO article (entry, feed, url, wanted_at, oldest, why, listed)"
            " SELECT id, %s, %s, %s, %s, %s, title FROM entry WHERE id = %s",
            [
                (feed.key, wait.url, to_ms(now), to_ms_or_none(wait.oldest), wait.why.value, entry)
                for entry, wait in waits.items()
            ],
        )
        self._db.executemany(
            "INSERT INTO request (kind, feed, entry, host, site, due_at, reason) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (RequestKind.ARTICLE.value, feed.key, entry, *place_of(wait.url), to_ms(now), _WHY)
                for entry, wait in waits.items()
            ],
        )

    def lacking(self, entries: Collection[int]) -> list[Lacking]:
        found = self._db.execute(
            """
            SELECT entry.*, feed.url AS feed_url, article.url AS article_url, article.oldest, article.why,
                article.tries, (SELECT key FROM sighting WHERE sighting.entry = entry.id
                    AND sighting.feed = article.feed ORDER BY sighting.id LIMIT 1) AS key
            FROM article JOIN entry ON entry.id = article.entry JOIN feed ON feed.id = entry.feed
            WHERE article.page IS NULL AND article.entry = ANY(%s)
            ORDER BY entry.published, entry.id""",
            [list(entries)],
        )
        return [rows.lacking(row) for row in found]

    def overdue(self, wanted_before: datetime) -> list[int]:
        found = self._db.execute(
            "SELECT id FROM entry WHERE held = %s AND first_seen <= %s", [Held.ARTICLE.value, to_ms(wanted_before)]
        )
        return [row["id"] for row in found]

    def keep(self, entry: int, page: ArticlePage, now: datetime) -> None:
        self._db.execute(
            "UPDATE article SET page = %s, ended_at = %s, tries = tries + 1, error = NULL,"
            " listed = (SELECT title FROM entry WHERE id = article.entry) WHERE entry = %s",
            [to_json(PAGE, page), to_ms(now), entry],
        )
        self._drop(entry)

    def fail(self, entry: int, error: str, now: datetime, *, final: bool) -> None:
        self._db.execute(
            "UPDATE article SET error = %s, tries = tries + 1, ended_at = %s WHERE entry = %s",
            [error, to_ms(now) if final else None, entry],
        )
        if final:
            self._drop(entry)

    def _drop(self, entry: int) -> None:
        self._db.execute(
            "DELETE FROM request WHERE kind = %(kind)s AND entry = %(entry)s"
            " AND feed = (SELECT feed FROM article WHERE entry = %(entry)s)",
            {"kind": RequestKind.ARTICLE.value, "entry": entry},
        )

    def read(self, entries: Collection[int]) -> dict[int, Read]:
        found = self._db.execute(
            "SELECT entry, page, listed FROM article WHERE page IS NOT NULL AND entry = ANY(%s)",
            [list(entries)],
        )
        return {row["entry"]: Read(PAGE.validate_json(row["page"]), row["listed"]) for row in found}

    def of_entry(self, entry: int) -> ArticleState | None:
        row = self._db.execute(
            "SELECT url, page IS NOT NULL AS is_read, ended_at, error FROM article WHERE entry = %s", [entry]
        ).fetchone()
        if row is None:
            return None
        return ArticleState(row["url"], bool(row["is_read"]), from_ms_or_none(row["ended_at"]), row["error"])

    def count(self, feed: FeedState) -> ArticleCount:
        row = self._db.one(
            """
            SELECT count(page) AS read, count(*) FILTER (WHERE ended_at IS NULL) AS waiting,
                count(*) FILTER (WHERE ended_at IS NOT NULL AND page IS NULL) AS failed
            FROM article WHERE feed = %s""",
            [feed.key],
        )
        last = self._db.execute(
            "SELECT error FROM article WHERE feed = %s AND error IS NOT NULL ORDER BY wanted_at DESC, entry LIMIT 1",
            [feed.key],
        ).fetchone()
        return ArticleCount(row["read"], row["waiting"], row["failed"], last["error"] if last else None)
