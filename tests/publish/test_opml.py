from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.publish.opml import OpmlSource, render_opml

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)


def outlines(document: bytes) -> list[dict[str, str]]:
    """Return the outlines' attributes of a document that OPML 2.0 allows."""
    opml: Any = etree.fromstring(document)
    assert (opml.tag, opml.get("version"), [part.tag for part in opml]) == ("opml", "2.0", ["head", "body"])
    assert [part.tag for part in opml[0]] == ["title"]
    assert opml[0][0].text
    assert len(opml[1])
    return [dict(outline.attrib) for outline in opml[1]]


def test_subscriptions() -> None:
    """Sources stand in the order given, with what a reader needs to subscribe."""
    sources = (
        OpmlSource("https://b.example/feed?a=1&b=2", "B News", "https://b.example/", ("ai", "lab")),
        OpmlSource("https://a.example/feed", "A"),
    )
    assert outlines(render_opml("AI News", sources)) == [
        {
            "type": "rss",
            "text": "B News",
            "title": "B News",
            "xmlUrl": "https://b.example/feed?a=1&b=2",
            "htmlUrl": "https://b.example/",
            "category": "ai,lab",
        },
        {"type": "rss", "text": "A", "title": "A", "xmlUrl": "https://a.example/feed"},
    ]


def test_no_date_and_the_same_bytes() -> None:
    """The list has no clock: it changes when a source does."""
    sources = [OpmlSource("https://a.example/feed", "A")]
    assert render_opml("T", sources) == render_opml("T", sources)
    assert b"date" not in render_opml("T", sources).lower()


@pytest.mark.parametrize(
    ("title", "shown"),
    [("<antirez>", "‹antirez›"), ("AT&T", "AT & T"), ("Q & A", "Q & A"), ("", "https://a.example/f")],
)
def test_titles_read_the_same_as_text_and_as_html(title: str, shown: str) -> None:
    """OPML's text may be HTML: a title holds nothing that would be read as a tag or a reference."""
    assert outlines(render_opml("T", [OpmlSource("https://a.example/f", title)]))[0]["text"] == shown


def test_an_empty_list_is_valid() -> None:
    """A body needs an outline; it is not a subscription."""
    assert outlines(render_opml("", [])) == [{"text": "No subscriptions yet"}]


def test_a_site_is_a_web_address() -> None:
    """A script is no site."""
    assert "htmlUrl" not in outlines(render_opml("T", [OpmlSource("https://a.example/f", "A", "javascript:x")]))[0]


@given(ANY_TEXT, st.lists(st.builds(OpmlSource, ANY_TEXT, ANY_TEXT, ANY_TEXT, st.tuples(ANY_TEXT)), max_size=5))
def test_any_text_gives_a_valid_list(title: str, sources: list[OpmlSource]) -> None:
    """Whatever sources are called, the list can be read and holds them all."""
    assert len(outlines(render_opml(title, sources))) == max(1, len(sources))
