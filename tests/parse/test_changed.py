"""Of a document only what is new is read, where that says all that the whole document says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.decide.candidates import candidates
from aggregator.decide.changes import Known, judge
from aggregator.decide.listing import listing_of, unread
from aggregator.listings import NamedBy, to_text
from aggregator.model import Document, FeedState
from aggregator.parse import changed

URL = "https://a.example/feed"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def item(number: int, text: str = "text", guid: str | None = None) -> str:
    """Return an item."""
    return (
        f"<item><title>Story {number}</title><link>https://a.example/{number}</link>"
        f"<guid>{guid or f'https://a.example/{number}'}</guid><description>{text}</description></item>"
    )


def rss(*items: str, title: str = "T") -> bytes:
    """Return a feed of items."""
    return f'<rss version="2.0"><channel><title>{title}</title>{"".join(items)}</channel></rss>'.encode()


def parse(body: bytes, last: str | None = None, *, ignore: tuple[str, ...] = (), url: str = URL) -> Document:
    """Read a document, knowing the last one."""
    return changed.parse(body, url=url, content_type=None, received=NOW, ignore=ignore, last=last)


def listing(document: Document) -> str:
    """Return what is kept of a feed's first document."""
    listed = candidates(document.items)
    judged = Known(), judge(URL, listed, Known(), now=NOW)
    return to_text(listing_of(document.parts, listed, judged, (), FeedState(1, URL, URL), NamedBy.GUID))


LAST = listing(parse(rss(item(1), item(2), item(3))))


def test_a_new_item_is_read_alone() -> None:
    """One item more: it is read, with its marks, and the others are named."""
    found = parse(rss(item(4), item(1), item(2)), LAST)
    assert [each.title for each in found.items] == ["Story 4"]
    assert found.items[0].marks is not None
    assert [line.key for line in unread(found)] == ["g:https://a.example/1", "g:https://a.example/2"]
    assert found.items == parse(rss(item(4), item(1), item(2))).items[:1]


def test_an_edit_is_read() -> None:
    """Other bytes are read, whatever the guid says."""
    assert [each.summary for each in parse(rss(item(1, "edited"), item(2)), LAST).items] == ["edited"]


def test_nothing_new() -> None:
    """A document that only lists less, or in another order, has nothing to read."""
    found = parse(rss(item(3), item(1)), LAST)
    assert found.items == ()
    assert found.header.title == "T"
    assert len(unread(found)) == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (rss(item(4), item(1), title="Other"), {}),
        (rss(item(4), item(1)), {"ignore": ("author",)}),
        (rss(item(4), item(1)), {"url": "https://b.example/feed"}),
        (rss(item(4), item(1), item(1)), {}),
        (rss(item(4), item(1, guid="again"), item(1)), {}),
        (rss(item(4, guid="https://a.example/1"), item(1)), {}),
        (rss(item(4).replace("Story 4", "Story 1"), item(1)), {}),
        (rss(item(4).replace("<link>https://a.example/4</link>", "").replace("https://a.example/4", "x"), item(1)), {}),
        (rss(item(4), item(5)), {}),
        (rss(item(4, "x " * 200_000), item(1)), {}),
        (rss(item(4), item(1))[:-6], {}),
        (rss(item(4).replace("<description>", "<item>").replace("</description>", "</item>"), item(1)), {}),
        (b'{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [{"id": "1"}]}', {}),
    ],
    ids=[
        "header", "distrusted", "address", "twice", "its link", "its guid", "its title", "no link", "all new", "heavy",
        "cut off", "item in an item", "JSON",
    ],
)  # fmt: skip
def test_what_is_read_whole(body: bytes, told: dict[str, object]) -> None:
    """What its items inherit has changed, what is new has something in common with what is not, or it is damaged."""
    found = parse(body, LAST, **told)  # type: ignore[arg-type]
    assert found == parse(body, **told)  # type: ignore[arg-type]
    assert unread(found) == ()
