"""What of retention is PostgreSQL's own (store.sql.retention)."""

from __future__ import annotations

from aggregator.store.sql.retention import SqlRetention


class PostgresRetention(SqlRetention):
    """Retention in PostgreSQL."""

    also = ", search = ts_filter(search, '{a}')"
    without_text = """(page::jsonb || '{"content": null, "text": ""}')::text"""
