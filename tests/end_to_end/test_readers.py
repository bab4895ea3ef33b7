"""Who reads what is published, from the control socket to the page, the command and publishers' logs."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from aggregator.decide.readership import Readership
from aggregator.run import readers
from aggregator.run.control import call
from aggregator.store.sqlite.lock import read_holder
from aggregator.store.sqlite.store import SqliteStore


def test_readers_are_shown(home, publisher, start, make) -> None:
    """What the web process hands on is on /sources and in `aggregator feeds`, as words and as JSON."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    assert "readers" not in home.json("feeds")
    control = Path(read_holder(home.folder / "db/lock")["control"])
    seen = [["all", "atom", "Feedly", "", 16], ["all", "rss", "Feedbin", "7", 3], ["none", "rss", "Feedbin", "7", 3]]
    *_, said = ({}, *call(control, {"command": "readers", "seen": seen}))
    assert said == {"done": True}
    assert "19: Feedly 16, Feedbin 3" in daemon.get("sources")[2].decode()
    assert home.json("feeds")["readers"] == {"all": {"Feedly": 16, "Feedbin": 3}}
    assert "all: 19 subscribers (Feedly 16, Feedbin 3)" in home.run("feeds").stdout


def test_publishers_are_told_for_how_many_we_ask(home, publisher, make) -> None:
    """User-Agent has the number that the last night counted; nothing before that."""
    url = publisher.serve("/feed", make.rss(make.item(1)))
    home.write(url)
    home.run("poll")
    with contextlib.closing(SqliteStore(home.folder / "db/aggregator.db")) as store, store.transaction() as tx:
        tx.readers.note([Readership("all", "atom", "Feedly", "", 19)], datetime.now(UTC), most=9)
        readers.tidy(tx, datetime.now(UTC))
    home.run("poll", "--force")
    first, second = (headers["User-Agent"] for path, headers, _ in publisher.requests if path == "/feed")
    assert "subscriber" not in first
    assert "; 19 subscribers; feed-id " in second
