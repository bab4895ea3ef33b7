"""Keys of private sources, and what hostile text does to a terminal and a log: neither gets out."""

from __future__ import annotations

import json

import pytest

KEYS = ("path-key-1", "query-key-2", "pass-key-3")
LINKS = ("?page=1", "#top", "next", "./", "")


def private_feed(own: str) -> str:
    """Return a feed whose every address is relative; `own` is its address, as some publishers repeat it."""
    items = "".join(
        f"<item><title>Item {number}</title><guid isPermaLink='false'>g{number}</guid><link>{link}</link>"
        f"<description>&lt;a href='{link or '?'}'>a&lt;/a> &lt;img src='pic.png'></description>"
        f"<enclosure url='sound{number}.mp3' type='audio/mpeg' length='1'/><comments>{link}</comments></item>"
        for number, link in enumerate(LINKS)
    )
    return (
        "<rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom' xml:base='sub/'><channel><title>Members</title>"
        f"<link>./</link><atom:link rel='self' href='{own}'/><image><url>icon.png</url></image>"
        f"<description>d</description>{items}</channel></rss>"
    )


def private_source(publisher) -> str:
    """Serve a private feed; return its address with a key in every part."""
    path = f"/{KEYS[0]}/feed?key={KEYS[1]}"
    url = publisher.serve(path, private_feed(publisher.base + path)).replace("://", f"://ann:{KEYS[2]}@")
    return f"{{url: '{url}', private: true, tags: [club]}}"


def leaks(*texts: str) -> list[str]:
    """Return the keys that are in texts."""
    return [key for key in KEYS if any(key in text for text in texts)]


def test_no_key_is_published_through_a_relative_link(home, publisher, start, make) -> None:
    """Links, pictures, sounds and the feed's own page do not become addresses with the source's key in them."""
    more = "outputs: [{name: club, tags: [club], token: club-token-1234}]\npolling: {host_gap: 10ms}\n"
    home.write(private_source(publisher), more=more)
    daemon = start().ready()
    documents = [f"club-token-1234/club.{ending}" for ending in ("atom", "rss", "json")]
    make.wait_for(lambda: all(b"Item 4" in daemon.get(path)[2] for path in documents))
    assert leaks(*(daemon.get(path)[2].decode() for path in documents)) == []
    shown = [home.run(*words).stdout for words in (["entries"], ["search", "item"], ["feeds", "--json"])]
    entry = next(entry for entry in home.entries() if entry["title"] == "Item 0")
    shown += [home.run("show", entry["id"]).stdout, home.run("why", "127.0.0.1").stdout, daemon.log.read_text()]
    assert leaks(*shown) == []
    assert entry["link"] == f"{publisher.base}/sub/?page=1"


def test_looking_needs_no_secrets(home, publisher, make, monkeypatch) -> None:
    """Where the daemon's secrets are not set, commands that look go on and tell none; those that ask or publish refuse."""
    path = f"/feed?key={KEYS[1]}"
    publisher.serve(path, private_feed("x"))
    public = publisher.serve("/public", make.rss(make.item(1)))
    home.write(f"'{publisher.base}/feed?key=${{KEY}}'", f"{{url: '{public}', headers: {{X-Key: '${{OTHER}}'}}}}")
    for name, key in (("KEY", KEYS[1]), ("OTHER", KEYS[2])):
        monkeypatch.setenv(name, key)
    home.run("poll")
    shown = home.run("feeds").stdout
    monkeypatch.delenv("KEY")
    monkeypatch.delenv("OTHER")
    entry = next(entry for entry in home.entries() if entry["title"] == "Item 0")
    shown += home.run("show", entry["id"]).stdout + home.run("search", "item").stdout + home.run("why", "public").stdout
    feeds = home.json("feeds")["feeds"]
    assert [one["state"] for one in feeds] == ["new", "ok"]
    assert "secret that is not set here" in feeds[0]["reason"]
    doctor = home.run("doctor").stdout
    assert "KEY is not set" in doctor
    assert leaks(shown, doctor, json.dumps([feeds, entry])) == []
    for words in (["poll"], ["check"]):
        refused = home.run(*words, code=78)
        assert "KEY is not set" in refused.stdout + refused.stderr


def test_check_shows_no_key(home, publisher, make) -> None:
    """Neither where a private source redirects, nor what a page in its place names, nor an error tells a key."""
    page = "<html><head><link rel='alternate' type='application/rss+xml' href='?feed=rss'></head></html>"
    moved = publisher.serve(f"/{KEYS[0]}/new", private_feed("x"))
    redirect = publisher.serve(f"/{KEYS[0]}/old", b"", status=301, headers={"Location": moved})
    html = publisher.serve(f"/{KEYS[0]}/page?key={KEYS[1]}", page, headers={"Content-Type": "text/html"})
    missing = f"{publisher.base}/{KEYS[0]}/missing"
    home.write(private_source(publisher), *(f"{{url: '{url}', private: true}}" for url in (redirect, html, missing)))
    text = home.run("check", "--online", code=1)
    data = home.run("check", "--online", "--json", code=1)
    assert leaks(text.stdout, text.stderr, data.stdout, data.stderr) == []
    found = json.loads(data.stdout)["sources"]
    assert [one["entries"] for one in found] == [5, 5, 0, 0]
    assert found[1]["moved_to"] == f"{publisher.base}/***"
    assert "web page" in found[2]["error"]


@pytest.mark.fault("T18")
def test_hostile_text_drives_no_terminal(home, publisher, make) -> None:
    """C0 and C1 controls and bidi overrides reach stdout from no command; JSON means what was stored."""
    title = "A\x9b31m\x85 B\u2028"
    author = "<dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'>Eve\u202e\x9bX</dc:creator>"
    guid = "<guid isPermaLink='false'>g\x9b\u202e</guid>"
    item = f"<item><title>{title}</title>{guid}{author}<link>https://site.example/1</link></item>"
    home.write(publisher.serve("/feed", make.rss(item, title="Feed \x9b2J\u202e")))
    told = [
        home.run(*words).stdout for words in (["poll"], ["feeds"], ["feeds", "--json"], ["entries"], ["search", "a"])
    ]
    (entry,) = home.entries()
    told += [home.run("show", entry["id"], *more).stdout for more in ([], ["--json"])]
    told.append(home.run("check", publisher.base + "/feed").stdout)
    odd = [char for text in told for char in text if char in "\x1b\x7f\u2028\u202e" or "\x80" <= char <= "\x9f"]
    assert odd == []
    assert entry["sightings"][0]["guid"].endswith("\u202e")


def test_the_daemon_says_everything_in_one_format(home, publisher, start, make) -> None:
    """In JSON every line is an object, also of the web process when its database is broken; after SIGTERM no traceback."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    make.wait_for(lambda: b"Story 1" in daemon.get("all.atom")[2])
    for path in home.folder.glob("db/aggregator.db*"):
        path.rename(home.folder / path.name)
    (home.folder / "db/aggregator.db").write_text("no database")
    assert daemon.get("")[0] == 503
    (home.folder / "db/aggregator.db").unlink()
    for path in home.folder.glob("aggregator.db*"):
        path.rename(home.folder / "db" / path.name)
    assert daemon.stop() == 0
    lines = daemon.log.read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert "serve.database_unreadable" in events
    assert events[-1] == "daemon.stopped"
    assert all("ts" in json.loads(line) for line in lines)
    assert "Traceback" not in daemon.log.read_text()
    refused = json.loads(home.run("run", "--no-serve", "--no-poll", code=2).stderr)
    assert (refused["event"], "nothing to do" in refused["error"]) == ("failed", True)
    (refused,) = home.run("--log-format", "json", "show", "urn:none", code=2).stderr.splitlines()
    assert json.loads(refused)["remedy"].startswith("Give its link")
    assert json.loads(home.run("--log-format", "json", "show", code=2).stderr)["event"] == "failed"
