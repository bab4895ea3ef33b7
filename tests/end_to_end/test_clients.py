"""Two feed readers that people use, subscribed to what we publish: each sees every entry once."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SLOW = "polling: {host_gap: 10ms}\n"


@pytest.fixture
def updated(home, publisher, start, make) -> tuple[Any, Callable[[], None]]:
    """A daemon with four entries of two sources, one story in both; and a function that brings an update."""
    shared = make.item(7, "Told by both")
    one = publisher.serve("/one", make.rss(make.item(1), make.item(2), shared))
    two = publisher.serve("/two", make.rss(shared.replace("/7</link>", "/7?utm_source=two</link>"), make.item(3)))
    home.write(one, two, more=SLOW)
    daemon = start().ready()
    make.wait_for(lambda: b"Told by both" in daemon.get("all.atom")[2] and b"Story 3" in daemon.get("all.atom")[2])

    def update() -> None:
        publisher.serve("/one", make.rss(make.item(4), make.item(1, "Story 1, corrected"), make.item(2), shared))
        home.run("poll", "--all", "--force")

    return daemon, update


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_reader_sees_every_entry_once(updated, ending: str, tmp_path: Path) -> None:
    """The library `reader` has 4 entries, then 5 with one edited in place, in every format."""
    make_reader = pytest.importorskip("reader").make_reader
    daemon, update = updated
    client = make_reader(str(tmp_path / "reader.db"))
    client.add_feed(f"{daemon.base}all.{ending}")
    client.update_feeds()
    first = {entry.id: entry for entry in client.get_entries()}
    assert sorted(entry.title for entry in first.values()) == ["Story 1", "Story 2", "Story 3", "Told by both"]
    update()
    client.update_feeds(scheduled=False)  # it would wait for our max-age
    second = {entry.id: entry for entry in client.get_entries()}
    titles = sorted(entry.title for entry in second.values())
    assert titles == ["Story 1, corrected", "Story 2", "Story 3", "Story 4", "Told by both"]
    assert set(first) < set(second), "ids stay"
    client.close()


@pytest.mark.newsboat
@pytest.mark.skipif(shutil.which("newsboat") is None, reason="newsboat is not installed: apt install newsboat")
@pytest.mark.parametrize("ending", ["atom", "rss"])
def test_newsboat_sees_every_entry_once(updated, ending: str, tmp_path: Path) -> None:
    """Newsboat has 4 articles, then 5, with the edited title and every guid once."""
    daemon, update = updated
    (tmp_path / "urls").write_text(f"{daemon.base}all.{ending}\n")
    (tmp_path / "config").write_text("")
    (tmp_path / "home").mkdir()

    def reload() -> list[tuple[str, str]]:
        files = {"-u": "urls", "-C": "config", "-c": "cache.db"}
        words = [word for option, name in files.items() for word in (option, str(tmp_path / name))]
        subprocess.run(
            ["newsboat", *words, "-x", "reload"], check=True, timeout=30, capture_output=True,
            env={"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        with sqlite3.connect(tmp_path / "cache.db") as cache:
            found = cache.execute("SELECT guid, title FROM rss_item ORDER BY title").fetchall()
        cache.close()
        return found

    first = reload()
    assert [title for _, title in first] == ["Story 1", "Story 2", "Story 3", "Told by both"]
    update()
    second = reload()
    assert [title for _, title in second] == ["Story 1, corrected", "Story 2", "Story 3", "Story 4", "Told by both"]
    assert len({guid for guid, _ in second}) == 5
    assert {guid for guid, _ in first} < {guid for guid, _ in second}
