"""Upgrades: a copy first, all or nothing, and an older program never touches a newer database."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.errors import NewerDatabase
from aggregator.run.clock import utc_now
from aggregator.store.sqlite.copies import check, restore
from aggregator.store.sqlite.store import SqliteStore

SCHEMAS = sorted((Path(__file__).parents[1] / "store/sqlite/schemas").glob("*.sql"))
KILLED = """
import os, signal, sys
from pathlib import Path
from aggregator.store.sqlite import connection
connect = connection._connect
def watched(uri):
    db = connect(uri)
    db.set_trace_callback(lambda sql: os.kill(os.getpid(), signal.SIGKILL) if sys.argv[2] in sql else None)
    return db
connection._connect = watched
connection.open_for_writing(Path(sys.argv[1]))
"""


def load(script: Path, path: Path) -> None:
    """Make the database that a version left."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))


def content(path: Path) -> list[str]:
    """Return tables and rows of a database, as it is on its disk."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [line for line in connection.iterdump() if "entry_fts" not in line]


@pytest.mark.fault("F28")
@pytest.mark.parametrize("script", SCHEMAS, ids=lambda script: script.stem)
def test_F28_a_copy_precedes_each_upgrade(script: Path, tmp_path: Path) -> None:
    """The database of every version is whole beside its successor, and can be put back; of the newest there is no copy."""
    path = tmp_path / "aggregator.db"
    load(script, path)
    before = content(path)
    SqliteStore(path).close()
    copies = list(tmp_path.glob("aggregator.db.before-*"))
    assert len(copies) == (script != SCHEMAS[-1])
    for copy in copies:
        assert content(copy) == before
        restore_and_check(copy, tmp_path / "again.db", before)
    check(path)


def restore_and_check(copy: Path, path: Path, before: list[str]) -> None:
    """Put a copy of an earlier version somewhere: it is what it was, until it is opened."""
    SqliteStore(path).close()
    path.write_bytes(copy.read_bytes())
    assert content(path) == before
    with contextlib.closing(SqliteStore(path)) as store, store.snapshot() as tx:
        assert len(tx.feeds.all()) == 2
    assert restore(path, path.with_name("other.db"), utc_now()) is None


def test_every_version_is_there() -> None:
    """Each migration has the database that it left."""
    with contextlib.closing(sqlite3.connect(":memory:")) as last:
        last.executescript(SCHEMAS[-1].read_text(encoding="utf-8"))
        names = [row[0] for row in last.execute("SELECT name FROM _sqlite_migrations ORDER BY name")]
    assert [script.stem[1:] for script in SCHEMAS] == [name[1:4] for name in names]


@pytest.mark.fault("F28", "F1")
@pytest.mark.parametrize(
    "moment", ["ADD COLUMN rhythm_entries", "CREATE TABLE article", "CREATE TABLE tally", "COMMIT"]
)
def test_F28_killed_in_an_upgrade(moment: str, tmp_path: Path) -> None:
    """Killed at its begin, in its middle and at its end, it leaves the database of the earlier version, whole."""
    path = tmp_path / "aggregator.db"
    load(SCHEMAS[0], path)
    before = content(path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), moment], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert content(path) == before
    (copy,) = tmp_path.glob("aggregator.db.before-*")
    assert content(copy) == before
    with contextlib.closing(SqliteStore(path)) as store, store.snapshot() as tx:
        assert len(tx.feeds.all()) == 2


@pytest.mark.fault("F28")
def test_F28_an_older_program_leaves_it_alone(tmp_path: Path) -> None:
    """What a later version wrote is refused in clear words by who cannot read it, and not changed."""
    path = tmp_path / "aggregator.db"
    SqliteStore(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('aggregator', 'm999_later')")
    before = path.read_bytes()
    with pytest.raises(NewerDatabase, match="written by a later version") as raised:
        SqliteStore(path)
    assert "Install that version again, or restore the backup" in raised.value.remedy
    assert path.read_bytes() == before
