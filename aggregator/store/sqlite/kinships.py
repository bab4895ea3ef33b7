"""What of kinships is SQLite's own (store.sql.kinships)."""

from __future__ import annotations

from aggregator.store.sql.kinships import SqlKinships


class SqliteKinships(SqlKinships):
    """Kinships in SQLite, which uses an index for each end of a relation only where they are asked for one by one."""

    next_together = """
        SELECT other FROM together JOIN relation ON relation.entry = key WHERE kind = 'together'
        UNION SELECT entry FROM together JOIN relation ON relation.other = key WHERE kind = 'together'"""
