"""Who reads what is published, from the control socket to the page, the command and publishers' logs."""

from __future__ import annotations

from pathlib import Path

from aggregator.run.control import call
from aggregator.store.sqlite.lock import read_holder


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
