"""Opening a database on a server, and what goes wrong with one."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.config.settings import FeedSettings
from aggregator.errors import (
    ConfigError,
    DiskFull,
    FolderNotWritable,
    ForeignDatabase,
    LockedDatabase,
    NewerDatabase,
    UnreachableDatabase,
)
from aggregator.store.opening import open_store, shown

if TYPE_CHECKING:
    from postgres_server import PostgresServer

    from aggregator.store.postgres.store import PostgresStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
A = "https://a.example/feed"

Open = "Callable[..., PostgresStore]"


def _sync(store: PostgresStore, *urls: str) -> None:
    with store.transaction() as tx:
        tx.feeds.sync({url: FeedSettings(url=url) for url in urls}, NOON)


def test_an_empty_database_gets_its_tables(postgres: PostgresServer, opened: Open) -> None:
    """The first to open it to write makes the tables, once, also when several begin together."""
    url, names = postgres.empty(), set()

    def begin() -> None:
        store = open_store(url)
        with store.snapshot() as tx:
            names.add(tx.instance)
        store.close()

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 1


def test_who_only_reads_makes_no_tables(postgres: PostgresServer, opened: Open) -> None:
    """A database that has no tables yet is one whose daemon has not begun."""
    url = postgres.empty()
    with pytest.raises(LockedDatabase, match=r"is empty.*aggregator migrate"):
        opened(url, readonly=True)
    with postgres.connect(url) as db:
        assert db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_another_programs_database(postgres: PostgresServer, opened: Open) -> None:
    """A database with tables that are not ours is left alone."""
    url = postgres.empty()
    with postgres.connect(url) as db:
        db.execute("CREATE TABLE invoices (id integer)")
    for readonly in (False, True):
        with pytest.raises(ForeignDatabase, match="invoices"):
            opened(url, readonly=readonly)


def test_the_task_queues_tables_are_ours(postgres: PostgresServer, opened: Open) -> None:
    """The fleet's task queue lives in the same database."""
    url = postgres.empty()
    with postgres.connect(url) as db:
        db.execute("CREATE TABLE procrastinate_jobs (id integer)")
    _sync(opened(url), A)


def test_a_later_versions_database(postgres: PostgresServer, opened: Open) -> None:
    """A database with a migration that we do not know is not touched."""
    url = postgres.ready()
    with postgres.connect(url) as db:
        db.execute("INSERT INTO aggregator_migration (name) VALUES ('m999_later')")
    with pytest.raises(NewerDatabase, match="m999_later"):
        opened(url)


def test_a_database_that_is_not_there(postgres: PostgresServer, opened: Open) -> None:
    """The remedy is to make it."""
    with pytest.raises(UnreachableDatabase, match=r"does not exist.*createdb"):
        opened(postgres.url("nowhere"))


def test_a_user_that_is_not_there(postgres: PostgresServer, opened: Open) -> None:
    """The remedy is in the address, or on the server."""
    with pytest.raises(UnreachableDatabase, match=r"pg_hba.conf"):
        opened(postgres.url().replace("aggregator@", "nobody:s3cret@"))


def test_a_server_that_does_not_listen(opened: Open) -> None:
    """The message names the database, not the password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(UnreachableDatabase, match=r"news at 127\.0\.0\.1") as caught:
            opened(f"postgresql://u:s3cret@127.0.0.1:{port}/news")
    assert "s3cret" not in str(caught.value)


def test_an_address_that_is_none(opened: Open) -> None:
    """The configuration is wrong, and where."""
    with pytest.raises(ConfigError, match="database: this is not the address"):
        opened("postgresql://[x/news")


def test_a_server_of_another_encoding(postgres: PostgresServer, opened: Open) -> None:
    """Text of any script must fit."""
    with postgres.connect() as db:
        db.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    postgres.made.append("latin")
    with pytest.raises(ForeignDatabase, match="LATIN1"):
        opened(postgres.url("latin"))


def test_a_connection_that_was_cut(postgres: PostgresServer, opened: Open) -> None:
    """What was begun is lost with an error that says so; the next transaction has a new connection."""
    url = postgres.ready()
    store = opened(url)
    with postgres.connect(url) as db, pytest.raises(UnreachableDatabase), store.transaction() as tx:  # noqa: PT012 - in the middle
        tx.feeds.sync({A: FeedSettings(url=A)}, NOON)
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tx.feeds.all()
    with store.snapshot() as tx:
        assert tx.feeds.all() == []
    _sync(store, A)


def test_a_connection_that_was_cut_between(postgres: PostgresServer, opened: Open) -> None:
    """A connection that was lost while nobody used it costs one error, not the process."""
    url = postgres.ready()
    store = opened(url)
    with postgres.connect(url) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(UnreachableDatabase):
        _sync(store, A)
    _sync(store, A)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("40001", LockedDatabase),
        ("40P01", LockedDatabase),
        ("55P03", LockedDatabase),
        ("57014", LockedDatabase),
        ("53100", DiskFull),
        ("53300", LockedDatabase),
        ("25006", FolderNotWritable),
        ("42501", FolderNotWritable),
        ("57P01", UnreachableDatabase),
    ],
)
def test_errors_of_the_server(postgres: PostgresServer, opened: Open, code: str, kind: type[Exception]) -> None:
    """What the server says becomes an error with a name and a remedy, and nothing is kept."""
    store = opened(postgres.ready())
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"
    with pytest.raises(kind, match="PostgreSQL database") as caught, store.transaction() as tx:  # noqa: PT012 - in the middle
        tx.feeds.sync({A: FeedSettings(url=A)}, NOON)
        tx._db.execute(raising)
    assert caught.value.remedy
    with store.snapshot() as tx:
        assert tx.feeds.all() == []


def test_a_snapshot_writes_nothing(postgres: PostgresServer, opened: Open) -> None:
    """Who reads cannot write by mistake."""
    store = opened(postgres.ready())
    with pytest.raises(FolderNotWritable), store.snapshot() as tx:
        tx.feeds.sync({A: FeedSettings(url=A)}, NOON)


def test_a_mistake_of_ours_stays_one(postgres: PostgresServer, opened: Open) -> None:
    """A statement that makes no sense is no trouble of the database's."""
    import psycopg  # noqa: PLC0415 - see conftest.py

    store = opened(postgres.ready())
    with pytest.raises(psycopg.errors.UndefinedTable), store.transaction() as tx:
        tx._db.execute("SELECT * FROM nothing")


def test_a_store_that_was_let_go_of(postgres: PostgresServer, opened: Open) -> None:
    """It opens no connection again."""
    store = opened(postgres.ready())
    store.close()
    with pytest.raises(UnreachableDatabase, match="let go of"), store.snapshot():
        pass


def test_text_that_a_server_cannot_hold(postgres: PostgresServer, opened: Open) -> None:
    """U+0000 in what is looked for finds nothing, and is no error."""
    store = opened(postgres.ready())
    with store.snapshot() as tx:
        assert tx.entries.get("a\0b") is None
        assert tx.feeds.get("a\0b") is None


def test_without_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, the error says how to install it."""
    monkeypatch.setattr("aggregator.store.opening.find_spec", lambda name: None)
    with pytest.raises(UnreachableDatabase, match=r'pip install "\.\[fleet\]"'):
        open_store("postgresql://u:s3cret@db.example/news")
    assert shown("postgresql://u:s3cret@db.example/news") == "PostgreSQL"


def test_names_have_no_secrets() -> None:
    """A database is called by its name and its server."""
    pytest.importorskip("psycopg")
    assert shown("postgresql://u:s3cret@db.example:5433/news") == "PostgreSQL database news at db.example:5433"
    assert shown("postgres://db.example") == "PostgreSQL database (default) at db.example"
