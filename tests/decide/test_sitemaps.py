from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.decide.sitemaps import ChildSitemap, Sitemap, changed_since, worth_reading
from aggregator.model import Document, Header, Item

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)


def sitemap(*items: Item, children: tuple[ChildSitemap, ...] = ()) -> Sitemap:
    """Return a sitemap of items."""
    return Sitemap(Document(Header(), items), children)


@pytest.mark.parametrize(
    ("updated", "published", "kept"),
    [
        (NOON + timedelta(seconds=1), None, True),
        (NOON, None, False),
        (NOON - timedelta(days=1), NOON + timedelta(hours=1), True),
        (None, NOON - timedelta(hours=1), False),
        (None, None, True),
        (MIDNIGHT, None, True),
        (MIDNIGHT - timedelta(days=1), None, False),
    ],
)
def test_what_changed(updated: datetime | None, published: datetime | None, kept: bool) -> None:
    """What changed later is kept, by the later of its dates; so is what has no date, and what changed on that very day."""
    found = changed_since(sitemap(Item(link="https://a.example/", updated=updated, published=published)), NOON)
    assert bool(found.document.items) is kept
    child = ChildSitemap("https://a.example/s", updated)
    assert bool(changed_since(sitemap(children=(child,)), NOON).children) is (
        updated is None or (kept and published is None)
    )


def test_at_first_everything_counts() -> None:
    """Without a moment nothing is left out."""
    whole = sitemap(Item(updated=MIDNIGHT - timedelta(days=900)))
    assert changed_since(whole, None) is whole


def test_a_day_lasts_until_it_ends_everywhere() -> None:
    """A date without a time may be one west of us: it counts until noon of the next day in UTC."""
    item = Item(updated=MIDNIGHT)
    assert changed_since(sitemap(item), MIDNIGHT + timedelta(hours=35)).document.items
    assert not changed_since(sitemap(item), MIDNIGHT + timedelta(hours=36)).document.items


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
