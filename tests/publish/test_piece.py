from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from aggregator.model import Category, Enclosure, Entry, Header, Link, Person
from aggregator.publish.piece import Piece, piece, publisher, shown_title

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.publish.channel import Channel


@pytest.fixture
def pieces(make_entry: Callable[..., Entry], make_channel: Callable[..., Channel]) -> Callable[..., Piece]:
    """Return a maker of pieces: keywords replace fields of entry or item."""

    def make(*, full: bool = True, **fields: object) -> Piece:
        entry = make_entry(**fields)
        return piece(entry, make_channel(entry, full_content=full))

    return make


def test_title_has_a_prefix(pieces: Callable[..., Piece]) -> None:
    """The source's prefix stands before the title."""
    assert pieces(prefix="Lab: ").title == "Lab: Headline 1"


def test_a_missing_title_is_the_beginning_of_the_text(pieces: Callable[..., Piece]) -> None:
    """Entries without a title, as microblogs have them, are known by their text, link or source."""
    assert pieces(title=" \x00", summary="<p>Some words</p>").title == "Some words"
    assert pieces(title="", summary=None, content=None).title == "https://news.example/1"
    assert pieces(title="", summary=None, content=None, link=None).title == "The News"


def test_a_long_title_stays_whole(pieces: Callable[..., Piece]) -> None:
    """A title of 10,000 characters is published as it is."""
    assert pieces(title="x" * 10_000).title == "x" * 10_000


def test_authors_fall_back_to_the_source(pieces: Callable[..., Piece]) -> None:
    """An entry without authors has those of the feed it was copied from, of its source, or its source's name."""
    original = Header(authors=(Person("Original"),))
    nameless = (Person("  ", "https://x.example/"),)
    assert [author.name for author in pieces(authors=nameless).authors] == ["Newsroom"]
    assert pieces(authors=(), source=Header(title="The News")).authors == (Person("The News"),)
    entry = pieces(authors=(Person("A"), Person("A"), Person("B", "javascript:x", "nobody")))
    assert entry.authors == (Person("A"), Person("B"))
    assert original.authors


def test_only_web_addresses_come_out(pieces: Callable[..., Piece]) -> None:
    """No address field lets a script through (T12)."""
    bad = "java\tscript:alert(1)"
    one = pieces(
        link=bad,
        comments=bad,
        thumbnail=bad,
        enclosures=(Enclosure(bad), Enclosure("data:audio/mpeg,x")),
        authors=(Person("A", bad),),
        feed=bad,
        source=Header(id=bad, title="S", links=(Link(bad), Link(bad, "self")), icon=bad),
    )
    assert "script" not in repr(one)
    assert (one.link, one.comments, one.thumbnail, one.enclosures, one.feed) == (None, None, None, (), None)


def test_full_content(pieces: Callable[..., Piece]) -> None:
    """Summary and content go out; one that repeats the other, or is empty, does not."""
    assert pieces().summary == "<p>In <em>short</em>.</p>"
    assert (pieces(summary="<p>x</p>", content="<p>x</p>").summary, pieces(content=" ").content) == (
        None,
        None,
    )


def test_summaries_only(pieces: Callable[..., Piece]) -> None:
    """An output without full content has a plain summary of at most 500 characters, from the content if need be."""
    assert (pieces(full=False).summary, pieces(full=False).content) == ("In short.", None)
    long = pieces(full=False, summary=None, content="<p>word &amp; </p>" * 200).summary
    assert long
    assert long.startswith("word &amp; word &amp;")
    assert long.endswith("…")
    assert 490 < len(long.replace("&amp;", "&")) <= 500


def test_an_entry_without_text_is_told_by_its_title(pieces: Callable[..., Piece]) -> None:
    """Validators warn of entries without text; the title is what there is."""
    assert pieces(title="R&D <b>", summary="", content=None).summary == "R&amp;D &lt;b&gt;"


def test_categories_have_labels(pieces: Callable[..., Piece]) -> None:
    """Each term stands once, with a label; what has no words is left out."""
    given = (Category("ai"), Category("ai", "AI"), Category(""), Category("<i>x</i>", None, "not a uri"))
    assert pieces(categories=given).categories == (Category("ai", "ai"), Category("<i>x</i>", "x"))


def test_enclosures_are_mended(pieces: Callable[..., Piece]) -> None:
    """Types come from the ending, impossible sizes go, one address stands once."""
    given = (Enclosure("https://e.example/a.mp3", None, -1, 0), Enclosure("https://e.example/a.mp3", "x/y"))
    assert pieces(enclosures=given).enclosures == (Enclosure("https://e.example/a.mp3", "audio/mpeg"),)


def test_source_is_complete(pieces: Callable[..., Piece]) -> None:
    """The source keeps id, title, date and site; its self link is where we read it."""
    source = pieces().source
    assert (source.id, source.title, source.rights) == (
        "tag:news.example,2020:feed",
        "The News",
        "© The News",
    )
    assert source.links == (
        Link("https://news.example/", "alternate", "text/html", "en"),
        Link("https://news.example/feed.xml", "self"),
    )


def test_a_bare_source_is_completed(pieces: Callable[..., Piece]) -> None:
    """A source that says nothing is known by its address, and dated by its entry; without an address by a UUID."""
    one = pieces(source=Header(id="abc123"))
    assert (one.source.id, one.source.title) == ("https://news.example/feed.xml", "news.example")
    assert one.source.updated == one.updated
    masked = pieces(feed="", source=Header(title="Hidden"))
    assert masked.source.id == pieces(feed="", source=Header(title="Hidden")).source.id
    assert str(masked.source.id).startswith("urn:uuid:")
    assert (masked.feed, masked.source.links) == (None, ())


def test_an_entry_without_id_is_refused(pieces: Callable[..., Piece]) -> None:
    """Without an id nothing could tell it from another."""
    with pytest.raises(ValueError, match="without an id"):
        pieces(id="\x00")


def test_channel_always_has_title_and_publisher(make_channel: Callable[..., Channel]) -> None:
    """A channel without words is called by its output's name."""
    empty = make_channel(title="", author=Person(""))
    assert (shown_title(empty), publisher(empty)) == ("all", (Person("all"),))


def test_a_copy_names_the_original(make_entry: Callable[..., Entry], make_channel: Callable[..., Channel]) -> None:
    """What a planet copied is published as the original's; a source without a name, or of a private feed, is not told."""
    original = Header(id="urn:x-o:1", title="The Original", links=(Link("https://o.example/feed", "self"),))

    def published(source: Header, **fields: object) -> Piece:
        entry = make_entry(**fields)
        return piece(replace(entry, item=replace(entry.item, source=source)), make_channel(entry))

    copy = published(original)
    assert (copy.source.title, copy.source.id, copy.feed) == (
        "The Original",
        "urn:x-o:1",
        "https://o.example/feed",
    )
    assert published(replace(original, title=" ")).source.title == "The News"
    assert published(original, private=True).source.title == "The News"
