"""Our subscriptions at other people's hubs (store.pushes.Pushes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.store import push_rows
from aggregator.store.rows import FEED_COLUMNS, feed_state, to_ms, to_ms_or_none

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.decide.pushing import Offer, Push
    from aggregator.model import FeedState, Rhythm
    from aggregator.store.pushes import PushCount
    from aggregator.store.sql.session import Session

_LEAVE = "UPDATE push SET state = 'leaving', tries = 0, due_at = %s, lease_until = NULL WHERE state <> 'leaving'"


class SqlPushes:
    """Subscriptions in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def offering(self) -> list[FeedState]:
        rows = self._db.execute(
            f"""
            SELECT {FEED_COLUMNS} FROM feed
            LEFT JOIN request ON request.feed = feed.id AND request.kind = 'poll' AND NOT request.parked
            WHERE feed.position IS NOT NULL AND replace(header, %s, '') <> header ORDER BY feed.position""",
            [push_rows.HUB_LINK],
        )
        return [feed_state(row) for row in rows]

    def want(self, feed: int, offer: Offer | None, base: str, now: datetime) -> None:
        if offer is None:
            self._db.execute(f"{_LEAVE} AND feed = %s", [to_ms(now), feed])
            return
        self._db.execute(
            f"{_LEAVE} AND feed = %s AND (hub, topic, base) <> (%s, %s, %s)",
            [to_ms(now), feed, offer.hub, offer.topic, base],
        )
        columns = push_rows.new_columns(feed, offer, base, now)
        self._db.execute(
            f"INSERT INTO push ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
            " ON CONFLICT (feed) WHERE state <> 'leaving' DO NOTHING",
            list(columns.values()),
        )

    def of(self, feed: int) -> Push | None:
        return self._one("feed = %s AND state <> 'leaving'", feed)

    def get(self, key: int) -> Push | None:
        return self._one("id = %s", key)

    def _one(self, where: str, value: int) -> Push | None:
        row = self._db.execute(f"SELECT * FROM push WHERE {where}", [value]).fetchone()
        return None if row is None else push_rows.push(row)

    def named(self, name: str) -> tuple[Push, str] | None:
        row = self._db.execute(
            "SELECT push.*, feed.url FROM push JOIN feed ON feed.id = push.feed WHERE name = %s", [name]
        ).fetchone()
        return None if row is None else (push_rows.push(row), row["url"])

    def due(self, now: datetime, *, limit: int, per_host: int) -> list[Push]:
        rows = self._db.execute(
            """
            SELECT * FROM (
                SELECT *, row_number() OVER (PARTITION BY host ORDER BY due_at, id) AS place FROM push
                WHERE due_at <= %s
            ) AS placed WHERE place <= %s ORDER BY due_at, id LIMIT %s""",
            [to_ms(now), per_host, limit],
        )
        return [push_rows.push(row) for row in rows]

    def keep(self, push: Push) -> None:
        columns = push_rows.columns(push)
        assignments = ", ".join(f"{name} = %s" for name in columns)
        self._db.execute(f"UPDATE push SET {assignments} WHERE id = %s", [*columns.values(), push.key])

    def drop(self, push: Push) -> None:
        self._db.execute("DELETE FROM push WHERE id = %s", [push.key])

    def brought(self, feed: FeedState, rhythm: Rhythm, now: datetime) -> None:
        self._db.execute(
            "UPDATE feed SET rhythm_entries = %s, rhythm_days = %s, news_at = %s, last_new = %s WHERE id = %s",
            [rhythm.entries, rhythm.days, to_ms_or_none(rhythm.at), to_ms(now), feed.key],
        )

    def all(self) -> dict[int, Push]:
        rows = self._db.execute("SELECT * FROM push WHERE state <> 'leaving'")
        return {row["feed"]: push_rows.push(row) for row in rows}

    def count(self) -> PushCount:
        return push_rows.count(self._db.execute(push_rows.COUNTS))
