"""aggregator add and remove, as a person types them."""

from __future__ import annotations

import time

from aggregator.cli.rewriting import alone

HEAD = """# mine
network: {allow_private: [127.0.0.0/8], timeout: 5s}   # my own server
polling: {host_gap: 10ms}
feeds:   # all of them
"""


def write(home, *urls: str) -> str:
    """Write a file with comments; return its text."""
    text = HEAD + "".join(f"  - {url}   # number {place}\n" for place, url in enumerate(urls))
    home.config.write_text(text)
    return text


def test_add_and_remove_leave_the_rest_as_it_was(home, publisher, make) -> None:
    """A feed is added below the others and read; taken out again, the file is what it was, byte for byte."""
    old = publisher.serve("/old", make.rss(make.item(1)))
    new = publisher.serve("/new", make.rss(make.item(2), title="The new one"))
    before = write(home, old)
    said = home.run("add", new, "--tag", "lab", "--title", "New: one").stdout
    assert f"added {new}: 1 entries" in said
    assert "because default_interval 1 h" in said
    assert home.config.read_text() == before + f'  - url: {new}\n    title: "New: one"\n    tags: [lab]\n'
    assert [entry["title"] for entry in home.entries()] == ["Story 2"]
    assert publisher.asked("/new") == [200]
    assert "removed" in home.run("remove", "New: one").stdout
    assert home.config.read_text() == before
    assert len(home.entries()) == 1, "what it brought stays"


def test_what_cannot_be_added_changes_nothing(home, publisher, make) -> None:
    """What is there already, is no feed, or does not answer is refused with why; feeds.yaml and its rights stay."""
    old = publisher.serve("/old", make.rss(make.item(1)))
    page = publisher.serve("/page", "<html><head><title>Nothing</title></head></html>")
    before = write(home, old)
    home.config.chmod(0o640)
    for url, code, words in (
        (old, 2, "already"),
        (publisher.base + "/missing", 1, "404 Not Found"),
        (page, 1, "No feed is named in it"),
        ("ftp://files.example/feed", 2, "an address starts with https://"),
        ("https://a.example/\nfeeds: []", 2, "aggregator: "),
    ):
        refused = home.run("add", url, code=code)
        assert words in refused.stderr, refused.stderr
        assert home.config.read_text() == before
    assert home.config.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in home.folder.iterdir() if path.name.startswith(".feeds")] == []


def test_add_while_the_daemon_runs(home, publisher, make, start) -> None:
    """The daemon reads the changed file and the new feed at once; the server is asked once."""
    write(home, publisher.serve("/old", make.rss(make.item(1))))
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="/new"></head></html>'
    site = publisher.serve("/", page)
    new = publisher.serve("/new", make.rss(make.item(2)))
    daemon = start().ready()
    said = home.run("add", site)
    assert f"added {new}: 1 entries" in said.stdout
    assert "names its feed" in said.stderr
    assert home.config.read_text().endswith(f"  - {new}\n")
    make.wait_for(lambda: b"Story 2" in daemon.get("all.atom")[2])
    assert (publisher.asked("/"), publisher.asked("/new")) == ([200], [200])
    home.run("remove", new)
    make.wait_for(lambda: len(home.json("feeds")["feeds"]) == 1)


def test_the_daemon_reads_no_file_that_is_being_edited(home, publisher, make, start) -> None:
    """What a command tries is the command's to ask for; once it is done the daemon reads the file by itself."""
    write(home)
    daemon = start().ready()
    with alone(home.config):
        write(home, publisher.serve("/new", make.rss(make.item(1))))
        time.sleep(5)  # it looks every two seconds
        assert "config.reloaded" not in daemon.log.read_text()
    make.wait_for(lambda: "config.reloaded" in daemon.log.read_text())


def test_a_site_that_does_not_name_its_feed(home, publisher, make) -> None:
    """The common places are tried in order, each once, and the first feed is added; a feed of comments is not."""
    write(home)
    names = '<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">'
    site = publisher.serve("/blog/", "<html><head><title>Blog</title></head><a href='/x'>x</a></html>")
    new = publisher.serve("/blog/index.xml", make.rss(make.item(1)))
    said = home.run("add", site)
    assert f"added {new}: 1 entries" in said.stdout
    assert home.config.read_text().endswith(f"feeds:   # all of them\n  - {new}\n")
    paths = [path for path, _, _ in publisher.requests]
    assert paths == ["/blog/", "/blog/feed", "/blog/rss.xml", "/blog/feed.xml", "/blog/index.xml"]
    publisher.serve(
        "/two", f"<html><head>{names}<link rel=alternate type=application/atom+xml href=/two.atom></head></html>"
    )
    publisher.serve("/two.atom", make.rss(make.item(2)))
    assert "added" in home.run("add", publisher.base + "/two").stdout
    assert publisher.asked("/comments/feed") == []


def test_looking_ends_where_a_server_is_annoyed(home, publisher) -> None:
    """A host that answers 429 to one place is not asked for the others."""
    before = write(home)
    site = publisher.serve("/", "<html><head><title>Blog</title></head></html>")
    publisher.serve("/feed", "slow down", status=429)
    assert "No feed is named in it" in home.run("add", site, code=1).stderr
    assert [path for path, _, _ in publisher.requests] == ["/", "/feed"]
    assert home.config.read_text() == before


def test_remove_what_is_not_there(home, publisher) -> None:
    """An address that no source has is named, and nothing is changed."""
    before = write(home, publisher.base + "/old")
    assert "No source has" in home.run("remove", "https://other.example/", code=2).stderr
    assert home.config.read_text() == before
