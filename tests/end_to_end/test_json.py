"""What commands print with --json has the documented shape (docs/output.schema.json), and says what words say."""

from __future__ import annotations


def test_every_command_has_its_shape(home, publisher, make) -> None:
    """A source that works, one that fails, and a list: each command's object is as documented, and names them."""
    good = publisher.serve("/feed", make.rss(make.item(1, "Open weights"), make.item(2)))
    listed = publisher.serve("/listed", make.rss(make.item(3)))
    outlines = f'<outline type="rss" text="L" xmlUrl="{listed}"/><outline type="rss" text="twice" xmlUrl="{good}"/>'
    opml = publisher.serve("/list.opml", f'<opml version="2.0"><head/><body>{outlines}</body></opml>')
    home.write(good, f"{publisher.base}/nothing", f"opml: {opml}")
    polled = home.json("poll", "--all", code=1)
    assert [one["url"] for one in polled["lists"]] == [opml]
    assert polled["totals"]["errors"] == 1
    feeds = home.json("feeds")
    assert {one["state"] for one in feeds["feeds"]} >= {"failing"}
    assert feeds["lists"][0]["sources"] == 1
    assert home.json("why", good)["polls"][0]["outcome"] == "new"
    assert home.json("why", "nothing")["feed"]["error"]
    assert home.json("why", opml)["sources"] == [listed]
    (found,) = home.json("search", "open", "weights")["entries"]
    assert home.json("show", found["id"])["entry"] == found
    assert len(home.json("check", "--online", code=1)["sources"]) == 4
    assert home.json("check", code=0)["problems"]
    home.json("doctor", code=None)


def test_commands_that_change_something(home, publisher, make) -> None:
    """Each says what it has changed in its documented shape, with nothing else on stdout."""
    home.write()
    feed = publisher.serve(
        "/feed", make.rss(make.item(1, "Open weights"), make.item(2, "Closed"), make.item(3, "Ajar"))
    )
    added = home.json("add", feed, "--tag", "lab")
    assert (added["url"], added["poll"]["new"]) == (feed, 3)
    one, two, three = (entry["id"] for entry in home.entries())
    told = {entry["id"]: entry["story"] for entry in home.entries()}
    if told[one] == told[two]:  # as the extra [semantic] has it
        assert home.json("stories", "split", one)["story"]
    assert home.json("stories", "join", one, two)["story"]
    assert home.json("stories", "split", one)["story"]
    assert home.json("stories", "recompute") == {"schema": 1, "story": None}
    assert home.json("withdraw", three)["withdrawn"] == three
    assert "all.atom" in home.json("export", str(home.folder / "www"))["changed"]
    copy = home.folder / "copy.db"
    assert home.json("backup", str(copy))["copy"] == str(copy)
    assert home.json("restore", str(copy))["aside"]
    assert home.json("migrate")["copied"] == []
    assert home.json("remove", feed) == {"schema": 1, "url": feed}
    listed = home.folder / "list.opml"
    listed.write_text(
        f'<opml version="2.0"><head/><body><outline text="A" xmlUrl="{feed}"/><outline text="B" xmlUrl="x:"/></body></opml>'
    )
    taken = home.json("opml", "import", str(listed))
    assert ([one["url"] for one in taken["added"]], len(taken["remarks"])) == ([feed], 1)


def test_health_for_programs(home, start) -> None:
    """Well or not, and why, in one object; the exit status says the same."""
    home.write()
    said = home.json("health", code=69)
    assert (said["well"], said["remedy"]) == (False, "Start one: aggregator run")
    start().ready()
    assert home.json("health") == {"schema": 1, "well": True, "words": "ok", "remedy": None}


def test_a_broken_configuration_has_its_shape(home) -> None:
    """Problems of feeds.yaml are told in the same object."""
    home.config.write_text("feedz: []\n")
    (problem,) = home.json("check", code=78)["problems"]
    assert (problem["level"], problem["line"]) == ("error", 1)
