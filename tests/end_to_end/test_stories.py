"""Stories as subscribers and operators see them: one item for a story, corrected by hand, in processes of their own."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import feedparser
import pytest

if TYPE_CHECKING:
    from pathlib import Path

SLOW = "polling: {host_gap: 10ms}\n"
QUICK = "polling: {host_gap: 10ms, min_interval: 1s, default_interval: 1s}\n"
STORIES = "outputs: [{name: stories, by: story}]\n"
GROK = ("Grok opens its weights in Memphis", "Memphis: weights of Grok are open", "Open weights: Grok leaves Memphis")
CHIP = "Tachyum ships Prodigy silicon"


def document(*titles: str, site: str, hours: float = 2) -> str:
    """Return an RSS document of a site with these items, the last the newest."""
    items = []
    for place, title in enumerate(titles):
        link = f"https://{site}.example/{re.sub('[^a-z]+', '-', title.lower())}"
        date = format_datetime(datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours, minutes=-place))
        items.append(
            f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid><pubDate>{date}</pubDate></item>"
        )
    head = f"<title>The {site.upper()}</title><link>https://{site}.example/</link><description>d</description>"
    return f'<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'


def items_of(body: bytes) -> dict[str, Any]:
    """Return a published document's entries by title."""
    return {entry.title: entry for entry in feedparser.parse(body).entries}


def text_of(entry: Any) -> str:
    """Return the longest text of an entry."""
    return str(entry.content[0].value if "content" in entry else entry.summary)


@pytest.fixture
def polled(home, publisher) -> dict[str, str]:
    """Two sources on one story and one with another, polled; return the ids by title."""
    home.write(
        publisher.serve("/a", document(GROK[0], site="a", hours=5)),
        publisher.serve("/b", document(GROK[1], site="b", hours=3)),
        publisher.serve("/c", document(CHIP, site="c", hours=2)),
        more=SLOW + STORIES,
    )
    home.run("poll")
    return {entry["title"]: entry["id"] for entry in home.entries()}


def published(home, ending: str = "atom") -> dict[str, Any]:
    """Return what the output `stories` shows on disk."""
    return items_of((home.folder / f"db/renditions/stories.{ending}").read_bytes())


def test_show_says_why_an_entry_is_in_its_story(home, polled) -> None:
    """In words and as JSON: all entries of the story, by which evidence each, and what was nearest otherwise."""
    told = home.run("show", polled[GROK[1]]).stdout
    assert "2 entries" in told
    assert f"> {GROK[1]}" in told
    assert "it began the story" in told
    assert re.search(rf"by words/1, \d\.\d\d of what is enough on average; most like {polled[GROK[0]]}", told)
    assert "both have: " in told
    shown = home.json("show", polled[GROK[1]])["story"]
    assert [one["id"] for one in shown["entries"]] == [polled[GROK[0]], polled[GROK[1]]]
    assert [one["method"] for one in shown["entries"]] == ["first", "words/1"]
    assert "grok" in set(shown["entries"][1]["shared"])
    assert home.json("show", shown["id"])["entry"]["id"] == polled[GROK[0]]
    assert home.json("show", polled[CHIP])["entry"]["story"]["size"] == 1
    assert {entry["story"]["size"] for entry in home.entries()} == {1, 2}


def test_corrections_without_a_daemon(home, polled) -> None:
    """split, join, recompute and withdraw change the documents at once and print the story's key."""
    first, second, chip = (polled[title] for title in (*GROK[:2], CHIP))
    assert set(published(home)) == {GROK[0], CHIP}
    assert home.run("stories", "split", second).stdout.strip() == home.json("show", second)["story"]["id"]
    assert set(published(home)) == {GROK[0], GROK[1], CHIP}
    told = home.run("stories", "recompute")
    assert (told.stdout, "decided anew" in told.stderr) == ("", True)
    assert set(published(home)) == {GROK[0], GROK[1], CHIP}
    assert "is kept apart from" in home.run("show", second).stdout
    key = home.run("stories", "join", first, chip).stdout.strip()
    assert key == home.json("show", chip)["entry"]["story"]["id"]
    assert "the operator decided" in home.run("show", chip).stdout
    assert CHIP in text_of(published(home)[GROK[0]])
    told = home.run("withdraw", first).stderr
    assert f"{GROK[0]}, of The A, is withdrawn ({first})" in told
    assert f"1 other entry of its story stays:\n  {CHIP}, of The C ({chip})" in told
    assert set(published(home)) == {GROK[1], CHIP}
    assert GROK[0] not in json.dumps(home.json("show", first))
    assert "(withdrawn)" in home.run("show", chip).stdout
    assert "withdrawn" in home.run("show", first).stdout


def test_withdraw_says_what_it_takes(home, polled) -> None:
    """By link or story key, asked before with --dry-run; done twice it says so, and show says so first."""
    first, second, chip = (polled[title] for title in (*GROK[:2], CHIP))
    told = home.run("withdraw", "--dry-run", f"{first}?utm_source=x#top").stderr
    assert f"{GROK[0]}, of The A, would be withdrawn ({first})" in told
    assert f"  {GROK[1]}, of The B ({second})" in told
    assert set(published(home)) == {GROK[0], CHIP}
    (key,) = re.findall(r"\b[0-9a-f]{12}\b", home.run("search", "opens").stdout)
    assert home.json("withdraw", key) == {
        "schema": 1, "withdrawn": first, "title": GROK[0], "source": "The A", "feed": home.json("show", first)["entry"]["source"]["url"],
        "dry_run": False, "already": False, "others": [{"id": second, "title": GROK[1], "feed": home.json("show", second)["entry"]["source"]["url"]}],
    }  # fmt: skip
    assert "is withdrawn already" in home.run("withdraw", first).stderr
    assert home.json("withdraw", first)["already"] is True
    shown = home.run("show", first).stdout
    assert shown.startswith("This entry is withdrawn")
    assert "outputs:    none: withdrawn" in shown
    assert home.json("show", first)["outputs"] == []
    assert set(published(home)) == {GROK[1], CHIP}
    assert home.json("show", chip.replace("https", "http"))["entry"]["id"] == chip


def test_corrections_that_make_no_sense(home, polled) -> None:
    """An unknown id, or nothing to correct, exits 2 with what to do; nothing changes."""
    before = home.entries()
    for words in (("split", "urn:none"), ("split", polled[CHIP]), ("join", polled[GROK[0]], polled[GROK[1]])):
        assert "aggregator" in home.run("stories", *words, code=2).stderr
    home.run("withdraw", "urn:none", code=2)
    home.run("show", "urn:none", code=2)
    assert home.entries() == before


def test_corrections_reach_the_running_daemon(home, polled, start) -> None:
    """While the daemon runs it carries them out, and the answer comes after the new documents."""
    first, second, chip = (polled[title] for title in (*GROK[:2], CHIP))
    daemon = start().ready()
    key = home.run("stories", "split", second).stdout.strip()
    assert key == home.json("show", second)["story"]["id"]
    assert set(items_of(daemon.get("stories.atom")[2])) == {GROK[0], GROK[1], CHIP}
    assert "alone in its story" in home.run("stories", "split", second, code=2).stderr
    home.run("stories", "join", first, second)
    home.run("stories", "recompute")
    assert GROK[1] in text_of(items_of(daemon.get("stories.atom")[2])[GROK[0]])
    home.run("withdraw", chip)
    assert set(items_of(daemon.get("stories.rss")[2])) == {GROK[0], GROK[1]}
    assert CHIP.encode() not in daemon.get("all.atom")[2]
    assert daemon.stop() == 0


def test_a_story_is_one_item_for_ever(home, publisher, start, make) -> None:
    """Two sources on one story are one item that names the other; a third, after a restart, adds to it, not beside it."""
    home.write(
        publisher.serve("/a", document(GROK[0], site="a", hours=5)),
        publisher.serve("/b", document(GROK[1], site="b", hours=3)),
        more=QUICK + STORIES,
    )
    first = start().ready()
    make.wait_for(lambda: GROK[1].encode() in first.get("stories.atom")[2])
    (before,) = items_of(first.get("stories.atom")[2]).values()
    assert "Also covered by" in text_of(before)
    assert first.stop() == 0
    second = start().ready()
    publisher.serve("/b", document(GROK[1], GROK[2], site="b", hours=1))
    make.wait_for(lambda: GROK[2].encode() in second.get("all.atom")[2])
    make.wait_for(lambda: GROK[2].encode() in second.get("stories.atom")[2])
    (after,) = items_of(second.get("stories.atom")[2]).values()
    assert (after.id, after.title, after.updated, after.published) == (
        before.id, before.title, before.updated, before.published,
    )  # fmt: skip
    assert text_of(after).count("<li>") == 2
    make.wait_for(lambda: GROK[2].encode() in second.get("stories.json")[2])
    (told,) = json.loads(second.get("stories.json")[2])["items"]
    assert (told["id"], told["_story"]["size"]) == (before.id, 3)
    assert second.stop() == 0


@pytest.fixture
def growing(home, publisher, start, make) -> tuple[Any, Any]:
    """A daemon with one story of two sources, and a function that brings a third article of it and another story."""
    home.write(
        publisher.serve("/a", document(GROK[0], site="a", hours=5)),
        publisher.serve("/b", document(GROK[1], site="b", hours=3)),
        publisher.serve("/c", document(CHIP, site="c", hours=9)),
        more=SLOW + STORIES,
    )
    daemon = start().ready()
    make.wait_for(lambda: all(title.encode() in daemon.get("stories.atom")[2] for title in (GROK[1], CHIP)))

    def grow() -> None:
        publisher.serve("/c", document(CHIP, GROK[2], "Brussels delays biometric rules", site="c", hours=1))
        home.run("poll", "--all", "--force")

    return daemon, grow


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_reader_sees_a_story_once(growing, ending: str, tmp_path: Path) -> None:
    """The library `reader` has two stories, then three: a later article makes none."""
    make_reader = pytest.importorskip("reader").make_reader
    daemon, grow = growing
    client = make_reader(str(tmp_path / "reader.db"))
    client.add_feed(f"{daemon.base}stories.{ending}")
    client.update_feeds()
    first = {entry.id: entry for entry in client.get_entries()}
    assert sorted(entry.title for entry in first.values()) == [GROK[0], CHIP]
    grow()
    client.update_feeds(scheduled=False)  # it would wait for our max-age
    second = {entry.id: entry for entry in client.get_entries()}
    assert sorted(entry.title for entry in second.values()) == ["Brussels delays biometric rules", GROK[0], CHIP]
    assert set(first) < set(second), "ids stay"
    assert all(first[one].updated == second[one].updated for one in first)
    client.close()


@pytest.mark.newsboat
@pytest.mark.skipif(shutil.which("newsboat") is None, reason="newsboat is not installed: apt install newsboat")
@pytest.mark.parametrize("ending", ["atom", "rss"])
def test_newsboat_sees_a_story_once(growing, ending: str, tmp_path: Path) -> None:
    """Newsboat has two articles, then three, and nothing that was read becomes unread."""
    daemon, grow = growing
    (tmp_path / "urls").write_text(f"{daemon.base}stories.{ending}\n")
    (tmp_path / "config").write_text("")
    (tmp_path / "home").mkdir()

    def reload() -> dict[str, bool]:
        """Return the titles of all articles, and whether each is unread; then read them all."""
        files = {"-u": "urls", "-C": "config", "-c": "cache.db"}
        words = [word for option, name in files.items() for word in (option, str(tmp_path / name))]
        subprocess.run(
            ["newsboat", *words, "-x", "reload"], check=True, timeout=30, capture_output=True,
            env={"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        with sqlite3.connect(tmp_path / "cache.db") as cache:
            found = cache.execute("SELECT title, unread FROM rss_item").fetchall()
            cache.execute("UPDATE rss_item SET unread = 0")
        cache.close()
        assert len(found) == len(dict(found))
        return {title: bool(unread) for title, unread in found}

    assert reload() == {GROK[0]: True, CHIP: True}
    grow()
    assert reload() == {GROK[0]: False, CHIP: False, "Brussels delays biometric rules": True}
