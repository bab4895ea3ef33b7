from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.decide.sitemaps import due, remembered, title_of, undated, worth_reading
from aggregator.indexes import ChildSitemap

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)


def child(name: str, updated: datetime | None = None, etag: str | None = None) -> ChildSitemap:
    """Return a child sitemap."""
    return ChildSitemap(f"https://a.example/{name}.xml", updated, etag)


def names(children: tuple[ChildSitemap, ...]) -> list[str]:
    """Return the names of child sitemaps, sorted."""
    return sorted(each.url.removeprefix("https://a.example/").removesuffix(".xml") for each in children)


@pytest.mark.parametrize(
    ("updated", "asked"),
    [
        (NOON + timedelta(seconds=1), True),
        (NOON - timedelta(hours=23), True),
        (NOON - timedelta(hours=25), False),
        (MIDNIGHT - timedelta(days=1), True),
        (MIDNIGHT - timedelta(days=3), False),
        (None, True),
    ],
)
def test_what_may_have_changed(updated: datetime | None, asked: bool) -> None:
    """A child that was never read is asked for when it has no date, or changed since a day before the last good poll."""
    assert bool(due([child("new", updated)], [child("old")], NOON)) is asked


def test_what_was_read_is_compared_with_then() -> None:
    """A child that was read is asked for when the index gives another date, however old, or none; with its validators."""
    known = [child("same", MIDNIGHT, "s"), child("moved", NOON, "m"), child("undated", None, "u")]
    found = due([child("same", MIDNIGHT), child("moved", MIDNIGHT), child("undated")], known, NOON)
    assert {each.url: each.etag for each in found} == {
        child("moved").url: "m",
        child("undated").url: "u",
    }


@pytest.mark.parametrize(("known", "last_success"), [([], NOON), ([child("x")], None)])
def test_at_first_everything_counts(known: list[ChildSitemap], last_success: datetime | None) -> None:
    """Without a good poll, or a child that was ever read, none is left out for its age."""
    assert names(due([child("old", MIDNIGHT - timedelta(days=900))], known, last_success)) == ["old"]


def test_children_of_an_index_that_did_not_change() -> None:
    """Those without a date may have changed all the same."""
    assert names(undated([child("dated", NOON), child("undated")])) == ["undated"]


def test_what_is_remembered() -> None:
    """What was read as it is now, what was missed without a date, what was left alone as it was; no more than is named."""
    known = [child("kept", NOON, "k"), child("gone", NOON), child("missed", NOON, "m")]
    named = [child("kept", NOON), child("missed", NOON), child("read", NOON), child("never", NOON)]
    found = remembered(known, named, [child("read", NOON, "r")], [child("missed", NOON, "m"), child("never", NOON)])
    assert set(found) == {
        child("kept", NOON, "k"),
        child("missed", None, "m"),
        child("read", NOON, "r"),
        child("never"),
    }
    many = [child(f"x{number}") for number in range(50)]
    assert len(remembered([], many, many, [])) == 40


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/2026/gpt-6_is-here-1234567.html", "Gpt 6 is here"),
        ("/blog/hello-world/", "Hello world"),
        ("/12345-top-5-models-2026", "Top 5 models 2026"),
        ("/blog/weights-9f8e7d6c5b4a", "Weights"),
        ("/actualit%C3%A9s/%C3%A9t%C3%A9-2026.php", "Été 2026"),
        ("/news/index.html", "News"),
        ("/archive/12345", "Archive"),
        ("/n/12345/", "a.example/n/12345/"),
        ("/", "a.example/"),
        ("/%E4%BA%BA%E5%B7%A5", "人工"),
    ],
)
def test_titles_made_of_addresses(path: str, title: str) -> None:
    """The words of the last part of the path that has some, without extension and ids; else the address."""
    assert title_of(f"https://a.example{path}") == title


def test_children_worth_reading() -> None:
    """News and posts come first, the newest of them; tags and images last; the last listed of undated ones first."""
    dated = {
        "post-1": NOON - timedelta(days=9),
        "post-2": NOON,
        "tag": NOON + timedelta(days=1),
        "x-1": None,
        "x-2": None,
    }
    children = [ChildSitemap(f"https://a.example/{name}-sitemap.xml", date) for name, date in dated.items()]
    ranked = [
        child.url.removeprefix("https://a.example/").removesuffix("-sitemap.xml") for child in worth_reading(children)
    ]
    assert ranked == ["post-2", "post-1", "x-2", "x-1", "tag"]
    assert len(worth_reading(children, 2)) == 2
