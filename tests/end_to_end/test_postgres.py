"""The program on PostgreSQL: the same commands, the same daemon, the same pages."""

from __future__ import annotations

from pathlib import Path

import pytest


def _on_server(postgres, *, secret: str = "") -> str:
    return postgres.empty().replace("aggregator@", f"aggregator:{secret}@" if secret else "aggregator@")


def test_commands_on_a_server(home, publisher, make, postgres) -> None:
    """`migrate`, `poll`, `entries`, `search` and `feeds` do what they do on a file; no file is made."""
    home.write(
        publisher.serve("/feed", make.rss(make.item(1, "Zebras"), make.item(2))),
        more=f"database: {_on_server(postgres)}\n",
    )
    assert "up to date" in home.run("migrate").stderr
    home.run("poll")
    assert [entry["title"] for entry in home.entries()] == ["Story 2", "Zebras"]
    assert [feed["entries"] for feed in home.json("feeds")["feeds"]] == [2]
    assert not list(home.folder.rglob("*.db"))


def test_a_daemon_on_a_server(home, publisher, start, make, postgres) -> None:
    """It publishes and serves, tells no password, and goes on when its connections are cut."""
    database = _on_server(postgres, secret="s3cret")
    home.write(publisher.serve("/feed", make.rss(make.item(1))), more=f"database: {database}\n")
    daemon = start().ready()
    make.wait_for(lambda: b"Story 1" in daemon.get("all.atom", check=False)[2])
    assert b"A feed" in daemon.get("sources")[2]
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if b"s3cret" in _read(one)]
    with postgres.connect(database) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    publisher.serve("/feed", make.rss(make.item(1), make.item(2)))
    make.wait_for(lambda: b"Story 2" in daemon.get("all.atom", check=False)[2], 60)
    make.wait_for(lambda: daemon.get("sources", check=False)[0] == 200)
    assert daemon.stop() == 0
    assert "s3cret" not in daemon.log.read_text()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_a_server_that_is_not_there(home, publisher, make) -> None:
    """The error names the database and what to do, not the password."""
    pytest.importorskip("psycopg")
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    done = home.run("--database", "postgresql://u:s3cret@127.0.0.1:1/news", "poll", code=69)
    assert "PostgreSQL database news at 127.0.0.1:1 cannot be opened" in done.stderr
    assert "Check that the server runs" in done.stderr
    assert "s3cret" not in done.stderr


def test_moving_to_a_server(home, publisher, make, postgres) -> None:
    """`migrate --to` copies all; with the new address the program goes on where it was."""
    home.write(publisher.serve("/feed", make.rss(make.item(1), make.item(2))))
    home.run("poll")
    before, database = home.entries(), _on_server(postgres)
    moved = home.run("migrate", "--to", database)
    assert "entry" in moved.stdout
    assert "All rows were compared" in moved.stderr
    home.write(
        publisher.serve("/feed", make.rss(make.item(1), make.item(2), make.item(3))), more=f"database: {database}\n"
    )
    assert home.entries() == before
    home.run("poll", "--force")
    assert len(home.entries()) == 3
    assert (
        "in use"
        in home.run(
            "--database", f"sqlite:///{home.folder}/db/aggregator.db", "migrate", "--to", database, code=65
        ).stderr
    )
