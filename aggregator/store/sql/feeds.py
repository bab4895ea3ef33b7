"""Sources (protocols.Feeds)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.decide.sites import host_of, site_of
from aggregator.model import Header, Hints, RequestKind
from aggregator.store.feed_columns import (
    CONFIGURED,
    POLL_SUMS,
    configured,
    failure_columns,
    log_columns,
    name_of,
    place_of,
    poll_columns,
    poll_count,
)
from aggregator.store.rows import (
    FEED_COLUMNS,
    HEADER,
    HINTS,
    feed_state,
    from_ms,
    poll_line,
    rhythm,
    to_json,
    to_ms,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aggregator.config.settings import FeedSettings
    from aggregator.listings import NamedBy
    from aggregator.model import FeedState, Rhythm
    from aggregator.store.polls import PollCount
    from aggregator.store.protocols import PollLine, PollRecord
    from aggregator.store.sql.session import Session

_SELECT = f"""
    SELECT {FEED_COLUMNS} FROM feed
    LEFT JOIN request ON request.feed = feed.id AND request.kind = 'poll' AND NOT request.parked"""
_ASKED = "SELECT id FROM feed WHERE position IS NOT NULL AND enabled"


class SqlFeeds:
    """Feeds in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def sync(self, sources: Mapping[str, FeedSettings], now: datetime) -> None:
        known = {row["url"]: row for row in self._db.execute(f"SELECT url, {', '.join(CONFIGURED)} FROM feed")}
        gone = [url for url, row in known.items() if row["position"] is not None and url not in sources]
        self._db.execute("UPDATE feed SET position = NULL WHERE url = ANY(%s)", [gone])
        for position, source in enumerate(sources.values()):
            settings, row = configured(position, source), known.get(source.url)
            if row is None or any(row[name] != value for name, value in settings.items()):
                self._hand_over(source, now)
                self._upsert(source, settings, now)
        self._db.execute(f"UPDATE request SET parked = NOT parked WHERE parked = (feed IN ({_ASKED}))")
        self._enqueue(now)

    def _hand_over(self, source: FeedSettings, now: datetime) -> None:
        """Let a new address continue the history of the first of its earlier ones that is known."""
        if self._db.execute("SELECT 1 FROM feed WHERE url = %s", [source.url]).fetchone():
            return
        for old in source.was:
            moved = self._db.execute(
                """
                UPDATE feed SET url = %s, fetch_url = %s, etag = NULL, last_modified = NULL, body_hash = NULL,
                    asked_as = NULL, moved_to = NULL, moved_since = NULL, moved_times = 0,
                    errors = 0, failing_since = NULL, error = NULL, remedy = NULL, gone = FALSE
                WHERE url = %s RETURNING id""",
                [source.url, source.url, old],
            ).fetchone()
            if moved:
                self._ask_elsewhere(moved["id"], host_of(source.url), now)
                return

    def _ask_elsewhere(self, feed: int, host: str, now: datetime) -> None:
        """Make a feed's request due at another host; what the old one asked for (Retry-After) binds it alone."""
        self._db.execute(
            """
            UPDATE request SET not_before = CASE host WHEN %(host)s THEN not_before ELSE 0 END,
                host = %(host)s,
                site = %(site)s, due_at = %(now)s, reason = 'its address has changed in feeds.yaml'
            WHERE feed = %(feed)s AND kind = 'poll'""",
            {"feed": feed, "host": host, "site": site_of(host), "now": to_ms(now)},
        )

    def _upsert(self, source: FeedSettings, settings: Mapping[str, Any], now: datetime) -> None:
        fixed = {"url": source.url, "fetch_url": source.url, "added_at": to_ms(now)}
        fixed |= {"header": to_json(HEADER, Header()), "hints": to_json(HINTS, Hints())}
        names = [*fixed, *settings]
        self._db.execute(
            f"INSERT INTO feed ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"
            f" ON CONFLICT (url) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in settings)}",
            [*fixed.values(), *settings.values()],
        )

    def _enqueue(self, now: datetime) -> None:
        missing = self._db.execute(
            f"""
            SELECT id, fetch_url FROM feed WHERE id IN ({_ASKED})
              AND NOT EXISTS (SELECT 1 FROM request WHERE request.feed = feed.id AND request.kind = 'poll')
            ORDER BY position"""
        ).fetchall()
        self._db.executemany(
            "INSERT INTO request (kind, feed, host, site, due_at, reason) VALUES (%s, %s, %s, %s, %s, 'never polled')",
            [(RequestKind.POLL.value, row["id"], *place_of(row["fetch_url"]), to_ms(now)) for row in missing],
        )

    def get(self, url: str) -> FeedState | None:
        row = self._db.execute(f"{_SELECT} WHERE feed.url = %s", [url]).fetchone()
        return None if row is None else feed_state(row)

    def all(self) -> list[FeedState]:
        rows = self._db.execute(f"{_SELECT} WHERE feed.position IS NOT NULL ORDER BY feed.position")
        return [feed_state(row) for row in rows]

    def record(self, feed: FeedState, poll: PollRecord) -> None:
        self._change(feed, poll_columns(poll) | {"gone": poll.gone})
        if poll.fetch_url is not None:
            self._db.execute(
                "UPDATE request SET host = %s, site = %s WHERE feed = %s AND kind = 'poll'",
                [*place_of(poll.fetch_url), feed.key],
            )
        self._log(feed, poll)

    def absolve(self, feed: FeedState) -> None:
        self._change(feed, failure_columns(feed))

    def _change(self, feed: FeedState, changes: Mapping[str, Any]) -> None:
        assignments = ", ".join(f"{name} = %s" for name in changes)
        self._db.execute(f"UPDATE feed SET {assignments} WHERE id = %s", [*changes.values(), feed.key])

    def rekey(self, feed: FeedState, keys: Mapping[str, str], by: NamedBy) -> None:
        kept = self._db.execute(
            "SELECT sighting.id, sighting.key, sighting.guid, sighting.link, entry.title, entry.published"
            " FROM sighting JOIN entry ON entry.id = sighting.entry WHERE sighting.feed = %s"
            " ORDER BY sighting.last_seen DESC",
            [feed.key],
        ).fetchall()
        names = [(keys.get(row["key"]) or name_of(row, by), row["id"]) for row in kept]
        self._db.executemany(
            "UPDATE sighting SET key = %s WHERE id = %s AND NOT EXISTS (SELECT 1 FROM sighting AS other"
            f" WHERE other.feed = sighting.feed AND {self._db.is_text('other.key')})",
            [(name, sighting, name) for name, sighting in names],
        )
        self._db.execute("DELETE FROM listing WHERE feed = %s", [feed.key])

    def rhythms(self) -> dict[str, Rhythm]:
        rows = self._db.execute(
            f"SELECT url, rhythm_entries, rhythm_days, news_at FROM feed WHERE NOT gone AND id IN ({_ASKED})"
        )
        return {row["url"]: rhythm(row) for row in rows}

    def polls_since(self, moment: datetime) -> PollCount:
        rows = self._db.execute(
            f"SELECT outcome, {POLL_SUMS}, count(*) FILTER (WHERE unconditional) AS unconditional"
            " FROM poll_log WHERE at >= %s GROUP BY outcome",
            [to_ms(moment)],
        )
        return poll_count(rows.fetchall())

    def polls_after(self, last: int, moment: datetime) -> list[tuple[int, datetime]]:
        # Numbers are given under the writers' lock: a later one is not seen before an earlier one.
        # Of a whole log only what is recent; later, of what was logged meanwhile, all: the shorter way each time.
        way = "rowid" if last else "poll_log_at"
        found = self._db.execute(
            f"SELECT id, at FROM poll_log /* by {way} */ WHERE id > %s AND at >= %s ORDER BY id", [last, to_ms(moment)]
        )
        return [(row["id"], from_ms(row["at"])) for row in found]

    def _log(self, feed: FeedState, poll: PollRecord) -> None:
        columns = log_columns(feed, poll) | {"unconditional": poll.unconditional}
        self._db.execute(
            f"INSERT INTO poll_log ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
            list(columns.values()),
        )

    def polls(self, feed: FeedState, limit: int) -> list[PollLine]:
        rows = self._db.execute(
            "SELECT * FROM poll_log WHERE feed = %s ORDER BY at DESC, id DESC LIMIT %s", [feed.key, limit]
        )
        return [poll_line(row) for row in rows]

    def forget_polls(self, before: datetime) -> int:
        return self._db.execute("DELETE FROM poll_log WHERE at < %s", [to_ms(before)]).rowcount
