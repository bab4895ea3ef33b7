"""Subscriptions to our documents (store.hub.Hub)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aggregator.store import hub_rows
from aggregator.store.rows import to_ms, to_ms_up

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.decide.websub import Intent, Standing, Subscription
    from aggregator.store.hub import HubCount

_DUE = """
    SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY site ORDER BY due_at, {key}) AS place FROM {table} WHERE due_at <= ?
    ) WHERE place <= ? ORDER BY due_at, {key} LIMIT ?"""


class SqliteHub:
    """The hub in SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def standing(self, topic: str, callback: str, site: str) -> Standing:
        row = self._db.execute(
            """
            WITH asked AS (SELECT topic, callback, site FROM intent WHERE mode <> 'denied'),
                every AS (SELECT topic, callback, site FROM asked UNION SELECT topic, callback, site FROM subscription)
            SELECT
                (SELECT count(*) FROM every WHERE topic = :topic AND callback = :callback) AS known,
                (SELECT count(*) FROM every) AS subscriptions,
                (SELECT count(*) FROM every WHERE site = :site) AS of_site,
                (SELECT count(*) FROM asked WHERE site = :site) AS asked_of_site""",
            {"topic": topic, "callback": callback, "site": site},
        ).fetchone()
        return hub_rows.standing(row)

    def ask(self, intent: Intent, at: datetime) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO intent (challenge, topic, callback, site, mode, lease, secret, tries, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(intent.challenge, intent.topic, intent.callback, intent.site, intent.mode),
                *(int(intent.lease.total_seconds()), intent.secret, intent.tries, to_ms(at)),
            ],
        )

    def due(self, now: datetime, *, limit: int, per_site: int) -> tuple[list[Intent], list[Subscription]]:
        values = [to_ms(now), per_site, limit]
        asked = self._db.execute(_DUE.format(table="intent", key="challenge"), values)
        waiting = self._db.execute(_DUE.format(table="subscription", key="id"), values)
        return [hub_rows.intent(row) for row in asked], [hub_rows.subscription(row) for row in waiting]

    def put_off(self, intent: Intent, until: datetime | None) -> None:
        if until is None:
            self._db.execute("DELETE FROM intent WHERE challenge = ?", [intent.challenge])
        else:
            self._db.execute(
                "UPDATE intent SET tries = ?, due_at = ? WHERE challenge = ?",
                [intent.tries + 1, to_ms_up(until), intent.challenge],
            )

    def confirm(self, intent: Intent, until: datetime, known: str) -> None:
        self.put_off(intent, None)
        if intent.mode != "subscribe":
            self._db.execute(
                "DELETE FROM subscription WHERE topic = ? AND callback = ?", [intent.topic, intent.callback]
            )
            return
        self._db.execute(
            "INSERT INTO subscription (topic, callback, site, secret, expires_at, wanted, told)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (topic, callback)"
            " DO UPDATE SET secret = excluded.secret, expires_at = excluded.expires_at",
            [intent.topic, intent.callback, intent.site, intent.secret, to_ms(until), known, known],
        )

    def news(self, topic: str, version: str, now: datetime) -> int:
        return self._db.execute(
            "UPDATE subscription SET wanted = ?, due_at = CASE WHEN told <> ? THEN coalesce(due_at, ?) END"
            " WHERE topic = ? AND wanted <> ?",
            [version, version, to_ms(now), topic, version],
        ).rowcount

    def told(self, subscription: Subscription, version: str) -> None:
        self._db.execute(
            "UPDATE subscription SET told = ?, due_at = CASE WHEN wanted <> ? THEN due_at END, tries = 0,"
            " failing_since = NULL WHERE id = ?",
            [version, version, subscription.key],
        )

    def failed(self, subscription: Subscription, now: datetime, again_at: datetime | None) -> None:
        if again_at is None:
            self._db.execute("DELETE FROM subscription WHERE id = ?", [subscription.key])
        else:
            self._db.execute(
                "UPDATE subscription SET due_at = CASE WHEN due_at IS NOT NULL THEN ? END, tries = ?,"
                " failing_since = coalesce(failing_since, ?) WHERE id = ?",
                [to_ms_up(again_at), subscription.tries + 1, to_ms(now), subscription.key],
            )

    def keep_only(self, topics: Collection[str], now: datetime) -> list[Subscription]:
        self._db.execute("DELETE FROM subscription WHERE expires_at <= ?", [to_ms(now)])
        others = self._db.execute(
            "SELECT * FROM subscription WHERE topic NOT IN (SELECT value FROM json_each(?)) ORDER BY id",
            [json.dumps(sorted(topics))],
        )
        ended = [hub_rows.subscription(row) for row in others.fetchall()]
        self._db.executemany("DELETE FROM subscription WHERE id = ?", [[one.key] for one in ended])
        return ended

    def count(self) -> HubCount:
        row = self._db.execute(
            "SELECT (SELECT count(*) FROM intent WHERE mode = 'subscribe') AS asked, count(*) AS active,"
            " count(due_at) AS waiting, count(failing_since) AS failing FROM subscription"
        ).fetchone()
        return hub_rows.count(row)
