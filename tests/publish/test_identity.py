from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aggregator.config.settings import OutputSettings
from aggregator.decide.identity import feed_id
from aggregator.publish.identity import output_id
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_a_renamed_output_has_the_id_of_its_first_name(tmp_path: Path) -> None:
    """The id is that of the name known first, in whatever order the earlier ones stand, some of them unknown."""
    with contextlib.closing(SqliteStore(tmp_path / "a.db")) as store, store.transaction() as tx:
        for hours, name in enumerate(("vendors", "companies", "labs")):
            tx.releases.open_output(name, NOON + timedelta(hours=hours))
        first = feed_id(tx.instance, "vendors")
        for was in (("vendors", "companies"), ("companies", "vendors"), ("unknown", "vendors")):
            assert output_id(tx, OutputSettings(name="labs", was=was)) == first
        assert output_id(tx, OutputSettings(name="labs")) == feed_id(tx.instance, "labs")
        assert output_id(tx, OutputSettings(name="unknown")) == feed_id(tx.instance, "unknown")
