"""A remote list of sources (`- opml: URL`), as an operator meets it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

SLOW = "polling: {host_gap: 10ms, min_interval: 1s, default_interval: 1h}\n"


def opml(*folders: str, title: str = "AI blogs") -> str:
    """Return a list: each feed in a folder of a folder."""
    inside = "".join(
        f'<outline text="Labs"><outline text="Small"><outline {one}/></outline></outline>' for one in folders
    )
    return f'<opml version="2.0"><head><title>{title}</title></head><body>{inside}</body></opml>'


def named(url: str, title: str = "") -> str:
    """Return the attributes of a feed's outline."""
    return f'type="rss" text="{title}" xmlUrl="{url}"'


def make_due(home: Any) -> None:
    """Let a day pass for the list."""
    with contextlib.closing(sqlite3.connect(home.folder / "db/aggregator.db", timeout=10)) as database, database:
        database.execute("UPDATE list SET due_at = 0")


def polled(home: Any) -> dict[str, str]:
    """Return the states of the sources, by the ends of their addresses."""
    return {one["url"].rpartition("/")[2]: one["state"] for one in home.json("feeds")["feeds"]}


def test_one_poll_with_only_a_list(home, publisher, make) -> None:
    """`aggregator poll` reads the list and polls its feeds in one go; the next one asks neither again."""
    one, two = (publisher.serve(f"/{name}", make.rss(make.item(n))) for n, name in enumerate(("one", "two"), 1))
    address = publisher.serve("/list", opml(named(one, "The One"), named(two), named("http://10.0.0.1/router")))
    home.write(f"{{opml: {address}, tags: [blog]}}", more=SLOW + "outputs: [{name: blogs, tags: [Small]}]\n")
    report = home.json("poll")
    assert report["totals"]["new"] == 2
    assert {feed["url"] for feed in report["feeds"]} == {one, two}
    assert [(read["url"], read["sources"], read["error"]) for read in report["lists"]] == [(address, 3, None)]
    assert "Story 1" in (home.folder / "db/renditions/blogs.atom").read_text()
    shown = home.json("feeds")
    assert [feed["title"] for feed in shown["feeds"]] == ["The One", "A feed"]
    (told,) = shown["lists"]
    assert (told["kind"], told["state"], told["sources"], told["title"]) == ("opml", "ok", 2, "AI blogs")
    assert told["notices"] == ["line 1: http://10.0.0.1/router is not on the public internet"]
    assert "interval 1 d" in told["reason"]
    assert f"listed in:    {address}" in home.run("why", "The One").stdout
    whole = home.run("why", address).stdout
    assert one in whole
    assert "next_poll_at: 20" in whole
    assert two in home.run("opml", "export").stdout
    checked = home.json("check", "--online")
    assert [(found["url"], found["kind"]) for found in checked["sources"]] == [
        (address, "opml"), (one, "rss20"), (two, "rss20"),
    ]  # fmt: skip
    assert checked["problems"][0]["path"].startswith("polling"), "no warning of the list"
    pasted = home.run("check", publisher.serve("/other", opml(named(one, "The One")))).stdout
    assert pasted.endswith(f"  - opml: {publisher.base}/other\n")
    assert "  The One\n" in pasted
    assert "names it" in home.run("remove", one, code=2).stderr
    home.run("export", str(home.folder / "static"))
    assert "Story 2" in (home.folder / "static/all.atom").read_text()


def test_a_list_that_is_wanted_now(home, publisher, make) -> None:
    """A list is read again when it is named; one that fails is told, with exit 1, and takes nothing away."""
    one = publisher.serve("/one", make.rss(make.item(1)))
    address = publisher.serve("/list", opml(named(one)))
    home.write(f"opml: {address}", more=SLOW)
    home.run("poll")
    again = home.json("poll")
    assert (again["totals"]["skipped"], "lists" in again) == (1, False)
    assert home.json("poll", address)["lists"][0]["error"] is None
    assert publisher.asked("/list") == [200, 304]
    publisher.serve("/list", "<rss/>")
    assert "no OPML list" in home.run("poll", address, code=1).stdout
    publisher.serve("/list", opml())
    assert "names no feeds any more" in home.json("poll", address, code=1)["lists"][0]["error"]
    assert (home.json("feeds")["lists"][0]["state"], polled(home)) == ("failing", {"one": "ok"})


def test_the_life_of_a_list(home, publisher, start, make) -> None:
    """The daemon polls what a list names at once, drops what it names no more, and takes it back with its history."""
    names = ("one", "two", "three")
    one, two, three = (publisher.serve(f"/{name}", make.rss(make.item(n))) for n, name in enumerate(names, 1))
    address = publisher.serve("/list", opml(named(one), named(two)))
    home.write(f"opml: {address}", more=SLOW)
    daemon = start().ready()
    make.wait_for(lambda: publisher.asked("/one") and publisher.asked("/two"))
    make.wait_for(lambda: polled(home) == {"one": "ok", "two": "ok"})
    assert "AI blogs" in daemon.get("sources")[2].decode()
    publisher.serve("/list", opml(named(two), named(three)))
    make_due(home)
    make.wait_for(lambda: publisher.asked("/three"))
    make.wait_for(lambda: polled(home) == {"two": "ok", "three": "ok"})
    assert len(home.entries()) == 3, "what a source brought stays"
    make.wait_for(lambda: b"/three" in daemon.get("sources.opml")[2])
    assert b"/one" not in daemon.get("sources.opml")[2]
    publisher.serve("/list", "it works!", status=500)
    make_due(home)
    make.wait_for(lambda: "list.failed" in daemon.log.read_text())
    assert polled(home) == {"two": "ok", "three": "ok"}
    assert "500 Internal Server Error" in daemon.get("sources")[2].decode()
    publisher.serve("/list", opml(named(one), named(two)))
    make_due(home)
    make.wait_for(lambda: polled(home) == {"one": "ok", "two": "ok"})
    assert publisher.asked("/one") == [200], "it is as it was, and not due yet"
    assert daemon.stop() == 0


def test_a_restart_while_the_list_is_down(home, publisher, start, make) -> None:
    """The stored list is used at once, by the daemon and by commands; the list itself is not asked before it is due."""
    one = publisher.serve("/one", make.rss(make.item(1)))
    home.write(f"opml: {publisher.serve('/list', opml(named(one)))}", more=SLOW)
    home.run("poll")
    publisher.serve("/list", "", status=503)
    publisher.serve("/one", make.rss(make.item(1), make.item(2)))
    assert home.json("poll", "--force", one)["totals"]["new"] == 1
    daemon = start().ready()
    assert home.json("poll", "--force", one)["feeds"][0]["outcome"] == "not-modified"
    assert polled(home) == {"one": "ok"}
    assert publisher.asked("/list") == [200]
    assert daemon.stop() == 0


def test_commands_make_the_daemon_read_a_list(home, publisher, start, make) -> None:
    """While the daemon runs it reads the list for `poll LIST`, and polls what is new on it; a reload keeps the list."""
    one = publisher.serve("/one", make.rss(make.item(1)))
    two = publisher.serve("/two", make.rss(make.item(2)))
    address = publisher.serve("/list", opml(named(one)))
    home.write(f"opml: {address}", more=SLOW)
    daemon = start().ready()
    make.wait_for(lambda: publisher.asked("/one"))
    make.wait_for(lambda: polled(home) == {"one": "ok"})
    publisher.serve("/list", opml(named(one), named(two)))
    assert home.json("poll", address)["lists"][0]["sources"] == 2
    make.wait_for(lambda: publisher.asked("/two"))
    make.wait_for(lambda: polled(home) == {"one": "ok", "two": "ok"})
    home.write(f"opml: {address}", f"{{url: {two}, title: Mine}}", more=SLOW)
    make.wait_for(lambda: "config.reloaded" in daemon.log.read_text())
    assert {feed["url"]: feed["title"] for feed in home.json("feeds")["feeds"]} == {one: "A feed", two: "Mine"}
    home.write(two, more=SLOW)
    make.wait_for(lambda: polled(home) == {"two": "ok"})
    assert daemon.stop() == 0


def test_nothing_secret_goes_to_a_list_or_its_sources(home, publisher, make) -> None:
    """Headers of `defaults` are for the operator's own sources, a list's password for the list; neither is shown."""
    one = publisher.serve("/one", make.rss(make.item(1)))
    own = publisher.serve("/own", make.rss(make.item(2)))
    address = publisher.serve("/list", opml(named(one), title="")).replace("//", "//user:hunter22@", 1)
    defaults = 'defaults: {headers: {Authorization: "Bearer s3cret-value"}}\n'
    home.write(f'opml: "{address}"', own, more=SLOW + defaults)
    said = home.run("poll", "--json")
    sent = {path: headers.get("Authorization", "").partition(" ")[0] for path, headers, _ in publisher.requests}
    assert sent == {"/list": "Basic", "/one": "", "/own": "Bearer"}
    shown = home.run("feeds")
    assert "***@" in shown.stdout
    assert not any(word in said.stdout + said.stderr + shown.stdout for word in ("s3cret-value", "hunter22"))
