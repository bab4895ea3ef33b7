"""What goes wrong is told, with the remedy and the right exit code, and nothing else stops."""

from __future__ import annotations

import json
import socket
import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.fault("F24")
def test_a_wrong_configuration_tells_every_mistake(home) -> None:
    """Several mistakes are told at once, each with file and line, and the exit code is 78."""
    home.config.write_text(
        "polling: {interval: 5}\nfeeds:\n  - https://a.example/\n  - https://a.example/\n  - url: ftp://b\n"
    )
    for command in (["check"], ["poll"], ["run", "--port", "0"], ["feeds"]):
        done = home.run(*command, code=78)
        told = done.stdout + done.stderr
        assert "feeds.yaml:1" in told
        assert "feeds.yaml:4" in told
        assert "feeds.yaml:5" in told
    report = json.loads(home.run("check", "--json", code=78).stdout)
    assert [problem["line"] for problem in report["problems"]] == sorted(
        problem["line"] for problem in report["problems"]
    )


def test_a_missing_configuration_says_where_it_was_looked_for(home) -> None:
    """Without feeds.yaml the exit code is 78 and the message names the file."""
    assert "feeds.yaml" in home.run("poll", code=78).stderr


def closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_broken_sources_do_not_stop_the_others(home, publisher, make) -> None:
    """A dead source, a web page, an empty body, 15 MB and a broken gzip each say why; the healthy twenty are stored."""
    page = (
        b'<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/real.rss"></head></html>'
    )
    broken = {
        f"http://127.0.0.1:{closed_port()}/dead": "connect",
        publisher.serve("/page", page, headers={"Content-Type": "text/html"}): "real.rss",
        publisher.serve("/empty", b""): "empty",
        publisher.serve("/large", make.rss("<item><title>" + "x" * 15_000_000 + "</title></item>")): "max_body",
        publisher.serve("/gzip", b"\x1f\x8b\x08not", headers={"Content-Encoding": "gzip"}): "gzip",
        publisher.serve("/missing", b"", status=404): "404",
        publisher.serve("/gone", b"", status=410): "410",
        publisher.serve("/down", b"", status=503, headers={"Retry-After": "7200"}): "503",
    }
    healthy = [publisher.serve(f"/ok{n}", make.rss(make.item(n, site=f"https://s{n}.example"))) for n in range(20)]
    home.write(*broken, *healthy)
    report = home.json("poll", "--all", code=1)
    found = {feed["url"]: feed for feed in report["feeds"]}
    assert report["totals"]["errors"] == len(broken)
    assert all(found[url]["outcome"] == "new" for url in healthy)
    for url, word in broken.items():
        assert found[url]["outcome"] == ("gone" if url.endswith("gone") else "error")
        assert word in found[url]["error"], found[url]
    states = {feed["url"]: feed for feed in home.json("feeds")["feeds"]}
    assert states[publisher.base + "/gone"]["state"] == "gone"
    assert states[publisher.base + "/gone"]["next_poll_at"] is None
    assert all(states[url]["remedy"] for url in broken)
    assert len(home.entries()) == 20
    home.run("poll", "--all", "--force", code=1)
    assert publisher.asked("/down") == [503], "Retry-After is never overridden"


@pytest.mark.fault("F6")
@pytest.mark.parametrize(
    ("content", "word"), [(b"", "empty"), (b"not a database at all, but long enough", "not a SQLite")]
)
def test_a_file_that_is_no_database_is_left_alone(home, publisher, make, content: bytes, word: str) -> None:
    """An empty or foreign file in the database's place exits 65 and keeps its bytes."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    path = home.folder / "db/aggregator.db"
    path.parent.mkdir()
    path.write_bytes(content)
    for command in (["poll"], ["run", "--port", "0"], ["entries"]):
        assert word in home.run(*command, code=65).stderr
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(home, publisher, make, tmp_path: Path) -> None:
    """A SQLite file of another program exits 65."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    done = home.run("--database", f"sqlite:///{tmp_path}/other.db", "poll", code=65)
    assert "another program" in done.stderr


@pytest.mark.fault("F4")
def test_a_folder_that_cannot_be_written(home, publisher, make) -> None:
    """A place where nothing can be written exits 78 and names it."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    (home.folder / "file").write_text("not a folder")
    done = home.run("--database", "sqlite:////proc/aggregator.db", "poll", code=78)
    assert "/proc" in done.stderr
    done = home.run("--database", f"sqlite:///{home.folder}/file/aggregator.db", "poll", code=78)
    assert "file" in done.stderr


def test_wrong_words_are_answered_with_the_right_ones(home, publisher, make) -> None:
    """A mistyped command, address or output exits 2 and names what may have been meant."""
    url = publisher.serve("/feed", make.rss(make.item(1)))
    home.write(url)
    assert "'feeds'" in home.run("feed", code=2).stderr
    assert url in home.run("poll", url + "s", code=2).stderr
    assert "all" in home.run("entries", "--output", "al", code=2).stderr
    assert "30s" in home.run("entries", "--since", "soon", code=2).stderr
    home.run("show", "nothing", code=2)


def test_reading_commands_work_before_the_first_poll(home, publisher, make) -> None:
    """Without a database the reading commands answer that there is nothing yet, and make none."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    assert home.json("feeds")["feeds"][0]["state"] == "new"
    assert home.entries() == []
    assert home.json("search", "x")["entries"] == []
    assert not (home.folder / "db").exists()
