"""Subscriptions to our documents (store.hub.Hub)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.store import hub_rows
from aggregator.store.rows import to_ms, to_ms_up

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from aggregator.decide.websub import Intent, Standing, Subscription
    from aggregator.store.hub import HubCount
    from aggregator.store.sql.session import Session

_DUE = """
    SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY site ORDER BY due_at, {key}) AS place FROM {table} WHERE due_at <= %s
    ) AS placed WHERE place <= %s ORDER BY due_at, {key} LIMIT %s"""


class SqlHub:
    """The hub in a database."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def standing(self, topic: str, callback: str, site: str) -> Standing:
        row = self._db.one(
            """
            WITH asked AS (SELECT topic, callback, site FROM intent WHERE mode <> 'denied'),
                every AS (SELECT topic, callback, site FROM asked UNION SELECT topic, callback, site FROM subscription)
            SELECT
                (SELECT count(*) FROM every WHERE topic = %(topic)s AND callback = %(callback)s) AS known,
                (SELECT count(*) FROM every) AS subscriptions,
                (SELECT count(*) FROM every WHERE site = %(site)s) AS of_site,
                (SELECT count(*) FROM asked WHERE site = %(site)s) AS asked_of_site""",
            {"topic": topic, "callback": callback, "site": site},
        )
        return hub_rows.standing(row)

    def ask(self, intent: Intent, at: datetime) -> None:
        self._db.execute(
            "INSERT INTO intent (challenge, topic, callback, site, mode, lease, secret, tries, due_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (topic, callback) DO UPDATE SET"
            " challenge = excluded.challenge, mode = excluded.mode, lease = excluded.lease, secret = excluded.secret,"
            " tries = excluded.tries, due_at = excluded.due_at",
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
            self._db.execute("DELETE FROM intent WHERE challenge = %s", [intent.challenge])
        else:
            self._db.execute(
                "UPDATE intent SET tries = %s, due_at = %s WHERE challenge = %s",
                [intent.tries + 1, to_ms_up(until), intent.challenge],
            )

    def confirm(self, intent: Intent, until: datetime, known: str) -> None:
        self.put_off(intent, None)
        if intent.mode != "subscribe":
            self._db.execute(
                "DELETE FROM subscription WHERE topic = %s AND callback = %s", [intent.topic, intent.callback]
            )
            return
        self._db.execute(
            "INSERT INTO subscription (topic, callback, site, secret, expires_at, wanted, told)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (topic, callback)"
            " DO UPDATE SET secret = excluded.secret, expires_at = excluded.expires_at",
            [intent.topic, intent.callback, intent.site, intent.secret, to_ms(until), known, known],
        )

    def news(self, topic: str, version: str, now: datetime) -> int:
        return self._db.execute(
            "UPDATE subscription SET wanted = %s, due_at = CASE WHEN told <> %s THEN coalesce(due_at, %s) END"
            " WHERE topic = %s AND wanted <> %s",
            [version, version, to_ms(now), topic, version],
        ).rowcount

    def told(self, subscription: Subscription, version: str) -> None:
        self._db.execute(
            "UPDATE subscription SET told = %s, due_at = CASE WHEN wanted <> %s THEN due_at END, tries = 0,"
            " failing_since = NULL WHERE id = %s",
            [version, version, subscription.key],
        )

    def failed(self, subscription: Subscription, now: datetime, again_at: datetime | None) -> None:
        if again_at is None:
            self._db.execute("DELETE FROM subscription WHERE id = %s", [subscription.key])
        else:
            self._db.execute(
                "UPDATE subscription SET due_at = CASE WHEN due_at IS NOT NULL THEN %s END, tries = %s,"
                " failing_since = coalesce(failing_since, %s) WHERE id = %s",
                [to_ms_up(again_at), subscription.tries + 1, to_ms(now), subscription.key],
            )

    def keep_only(self, topics: Collection[str], now: datetime) -> list[Subscription]:
        self._db.execute("DELETE FROM subscription WHERE expires_at <= %s", [to_ms(now)])
        others = self._db.execute(
            "SELECT * FROM subscription WHERE topic <> ALL(%s) ORDER BY id",
            [sorted(topics)],
        )
        ended = [hub_rows.subscription(row) for row in others.fetchall()]
        self._db.executemany("DELETE FROM subscription WHERE id = %s", [[one.key] for one in ended])
        return ended

    def count(self) -> HubCount:
        row = self._db.one(
            "SELECT (SELECT count(*) FROM intent WHERE mode = 'subscribe') AS asked, count(*) AS active,"
            " count(due_at) AS waiting, count(failing_since) AS failing FROM subscription"
        )
        return hub_rows.count(row)
