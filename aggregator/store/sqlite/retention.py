"""What of retention is SQLite's own (store.sql.retention)."""

from __future__ import annotations

from aggregator.store.sql.retention import SqlRetention


class SqliteRetention(SqlRetention):
    """Retention in SQLite."""

    without_text = "json_set(page, '$.content', NULL, '$.text', '')"
