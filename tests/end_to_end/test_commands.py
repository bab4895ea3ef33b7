"""Commands as an operator uses them, each in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import feedparser
import pytest

from aggregator import __version__
from aggregator.demo.publishers import EXPECTED

KEYS = {"url", "outcome", "status", "new", "updated", "duplicates", "entries", "error", "next_poll_at", "reason"}
ENTRY = {
    "id", "title", "link", "published", "updated", "first_seen", "authors", "categories", "language", "summary",
    "content", "enclosures", "source", "story", "sightings", "revisions", "held",
}  # fmt: skip


def test_poll_reports_what_each_source_brought(home, publisher, make) -> None:
    """The report has the documented fields; a second round skips what was just polled, --force asks conditionally."""
    url = publisher.serve("/feed", make.rss(make.item(1), make.item(2)))
    home.write(url)
    first = home.json("poll", "--all")
    assert set(first) == {"schema", "elapsed_s", "feeds", "totals"}
    assert set(first["feeds"][0]) == KEYS
    assert first["totals"] == {"new": 2, "updated": 0, "duplicates": 0, "errors": 0, "skipped": 0}
    assert (first["feeds"][0]["status"], first["feeds"][0]["entries"]) == (200, 2)
    assert home.json("poll", "--all")["feeds"][0]["outcome"] == "skipped"
    assert home.json("poll", "--force", url)["feeds"][0]["outcome"] == "not-modified"
    assert home.json("poll", "--force", "--refetch", url)["feeds"][0]["outcome"] == "unchanged"
    assert publisher.asked("/feed") == [200, 304, 200]


def test_an_entry_has_the_documented_fields(home, publisher, make) -> None:
    """Every line of `entries` is an object with exactly the documented fields, times in RFC 3339 UTC."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    home.run("poll")
    (entry,) = home.entries()
    assert set(entry) == ENTRY
    assert entry["id"] == entry["link"] == "https://site.example/1"
    assert entry["published"] == "2025-09-02T10:00:01Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", entry["first_seen"])
    assert entry["story"]["size"] == 1
    assert entry["source"]["title"] == "A feed"
    assert entry["sightings"][0]["feed"] == publisher.base + "/feed"
    assert entry["held"] is None
    assert home.entries("--output", "all") == [entry]
    assert home.entries("--since", "1h") == [entry]


def test_show_tells_where_an_entry_was_seen_and_what_it_said(home, publisher, make) -> None:
    """An edited entry shows its sightings, its outputs and its earlier title."""
    home.write(publisher.serve("/feed", make.rss(make.item(1, "Before"))))
    home.run("poll")
    publisher.serve("/feed", make.rss(make.item(1, "After")))
    assert home.json("poll", "--all", "--force")["totals"]["updated"] == 1
    (entry,) = home.entries()
    assert (entry["title"], entry["revisions"]) == ("After", 1)
    told = home.run("show", entry["id"]).stdout
    assert "Before" in told
    assert "all" in told
    shown = home.json("show", entry["story"]["id"])
    assert shown["entry"] == entry
    assert [revision["title"] for revision in shown["history"]] == ["Before"]


def test_check_says_what_an_address_would_bring(home, publisher, make) -> None:
    """`check URL` tries one address and prints lines that feeds.yaml takes; `--online` tries all."""
    url = publisher.serve("/feed", make.rss(make.item(1), make.item(2), title="The Feed"))
    home.write()
    home.config.write_text("network: {allow_private: [127.0.0.0/8]}\n")
    told = home.run("check", url).stdout
    assert f"  - url: {url}" in told
    assert "The Feed" in told
    home.config.write_text(
        f"network: {{allow_private: [127.0.0.0/8]}}\nfeeds:\n  - {url}\n  - {publisher.base}/nothing\n"
    )
    report = json.loads(home.run("check", "--online", "--json", code=1).stdout)
    assert [(one["entries"], one["status"]) for one in report["sources"]] == [(2, 200), (0, 404)]
    assert not (home.folder / "db").exists(), "checking stores nothing"


def test_a_private_address_is_refused_with_the_setting_that_allows_it(home, publisher, make) -> None:
    """Without allow_private a source on loopback is refused, and the message names the setting."""
    home.config.write_text(f"feeds:\n  - {publisher.serve('/feed', make.rss(make.item(1)))}\n")
    report = home.json("poll", code=1)
    assert "network.allow_private" in report["feeds"][0]["error"]
    assert publisher.requests == []


def test_export_writes_files_for_any_web_server(home, publisher, make, tmp_path: Path) -> None:
    """Every output but those with a token is written, and the pages; other files stay; a second export changes nothing."""
    home.write(
        publisher.serve("/feed", make.rss(make.item(1))),
        more="outputs: [{name: labs}, {name: secret, token: abcdefgh1234}]\npolling: {host_gap: 10ms}\n",
    )
    home.run("poll")
    www = tmp_path / "www"
    www.mkdir()
    (www / "index.html").write_text("mine")
    said = home.run("export", str(www)).stderr
    assert "15 documents" in said  # with the archives of this month
    assert "index.html was not written by aggregator export. It stays." in said
    assert (www / "index.html").read_text() == "mine"
    page = (www / "subscribe.html").read_text()
    linked = re.findall(r'(?:href|src)="([^"#:]+)"', page)
    assert {"all.atom", "labs.rss", "sources.opml", "subscribe.html", "static/style.css"} <= set(linked)
    assert all((www / href).exists() for href in linked)
    assert "secret" not in page
    names = {path.name for path in www.iterdir()}
    assert {
        "all.atom",
        "all.rss",
        "all.json",
        "labs.atom",
        "all.atom.gz",
        "all.atom.br",
        "sources.opml",
        "sources.atom",
        "index.html",
    } <= names
    assert not any("secret" in name for name in names)
    assert len(feedparser.parse((www / "all.atom").read_bytes()).entries) == 1
    dates = {path: path.stat().st_mtime_ns for path in www.iterdir()}
    assert "0 documents" in home.run("export", str(www)).stderr
    assert dates == {path: path.stat().st_mtime_ns for path in www.iterdir()}


@pytest.mark.fault("T16")
def test_secrets_never_show(home, publisher, make, start) -> None:
    """A private source's key and a token are in no command's output, log, page or public feed."""
    url = publisher.serve("/feed?key=very-secret-key", make.rss(make.item(1, "For members")))
    failing = publisher.base + "/nothing?key=very-secret-key"
    home.write(
        f"{{url: '{url}', private: true}}",
        f"{{url: '{failing}', private: true}}",
        more="outputs: [{name: club, token: club-token-1234}]\npolling: {host_gap: 10ms}\n",
    )
    daemon = start().ready()
    make.wait_for(lambda: b"For members" in daemon.get("club-token-1234/club.atom")[2])
    told = [
        daemon.log.read_text(),
        *(daemon.get(path)[2].decode() for path in ("", "sources", "sources.opml", "all.atom")),
    ]
    told.append(daemon.get("club-token-1234/club.atom")[2].decode().replace("club-token-1234", ""))
    for words in (
        ["feeds"],
        ["feeds", "--json"],
        ["why", "/feed"],
        ["entries"],
        ["poll", "--all"],
        ["poll", "--all", "--json"],
    ):
        done = home.run(*words)
        told += [done.stdout, done.stderr]
    assert not any("very-secret-key" in text or "club-token" in text for text in told)
    assert b"For members" not in daemon.get("all.atom")[2]
    assert daemon.get("club.atom")[0] == daemon.get("wrong-token-12/club.atom")[0] == 404


def test_the_demo_needs_no_network(tmp_path: Path) -> None:
    """`aggregator demo` ends by itself off a terminal, with the counts that its feeds have."""
    done = subprocess.run(
        [sys.executable, "-m", "aggregator", "demo"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=True,
    )
    for expected in EXPECTED:
        counts = f"{expected.new} new, {expected.updated} edited, {expected.duplicates} duplicates"
        assert counts in " ".join(done.stdout.split())
    assert [path for path in tmp_path.iterdir() if not path.name.startswith(".coverage")] == []


def test_schema_and_version(home) -> None:
    """`schema` prints the JSON Schema that the project publishes; `--version` its version."""
    published = Path(__file__).parents[2] / "feeds.schema.json"
    assert home.run("schema").stdout == published.read_text()
    assert __version__ in home.run("--version").stdout


def test_migrate_makes_or_updates_the_database(home, publisher, make) -> None:
    """`migrate` leaves a database that is up to date; `--to` takes a server's address."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    assert "up to date" in home.run("migrate").stderr
    assert (home.folder / "db/aggregator.db").exists()
    assert "postgresql://" in home.run("migrate", "--to", "sqlite:///x.db", code=2).stderr


def test_a_reader_that_stops_reading_is_no_error(home, publisher, make) -> None:
    """`aggregator entries | head -1` ends quietly."""
    home.write(publisher.serve("/feed", make.rss(*(make.item(n, "x" * 900) for n in range(1, 400)))))
    home.run("poll")
    words = " ".join(f"'{word}'" for word in home.command("entries"))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {words} | head -n 1"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["poll", "-h"], ["check", "-h"], ["demo", "-h"]])
def test_help_fits_a_terminal(home, words: list[str]) -> None:
    """Help is there, at most 80 columns wide."""
    lines = home.run(*words).stdout.splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 80
