"""Documents are cut at their items, by the bytes, or not at all."""

from __future__ import annotations

import pytest

from aggregator.parse.pieces import cut

HEAD = "<title>T</title><link>https://a.example/</link>"
ONE, TWO = "<item><guid>1</guid></item>", "<item><guid>2</guid></item >"


def rss(*items: str, head: str = HEAD, tail: str = "") -> str:
    """Return a feed of items."""
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>{tail}'


def atom(*entries: str, head: str = "<title>T</title>") -> str:
    """Return an Atom feed of entries."""
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{"".join(entries)}</feed>'


@pytest.mark.parametrize("text", [rss(ONE, "é", TWO), atom("<entry><id>1</id></entry>", "<entry><id>é</id></entry>")])
def test_items_are_taken_out(text: str) -> None:
    """What is left is the document without the items that are not wanted, byte for byte."""
    pieces = cut(text)
    assert pieces is not None
    assert pieces.only({0, 1}) == text
    second = pieces.text[slice(*pieces.items[1])].decode()
    assert pieces.only({0}) == text.replace(second, "")
    assert second not in pieces.only(())
    assert len(set(pieces.raws)) == 2


@pytest.mark.parametrize(
    "other",
    [
        rss(TWO, ONE),
        rss(ONE),
        rss(ONE, f"\n  {TWO}\n"),
        rss(ONE, TWO, head=f"{HEAD}<lastBuildDate>Mon, 01 Jun 2026 00:00:00 GMT</lastBuildDate>"),
        rss(ONE, "<!-- <item> -->", TWO, tail="<!-- made in 3 ms -->"),
    ],
)
def test_what_no_item_inherits(other: str) -> None:
    """Order and number of items, white space, comments and the feed's own times change nothing for an item."""
    one, two = cut(rss(ONE, TWO)), cut(other)
    assert one is not None
    assert two is not None
    assert one.context == two.context
    assert set(two.raws) <= set(one.raws)


@pytest.mark.parametrize(
    "other",
    [
        rss(ONE, TWO, head=HEAD.replace("T", "U")),
        rss(ONE, TWO, head=f"{HEAD}<image><title>T</title></image>"),
        rss(ONE, TWO).replace("<channel>", '<channel xml:base="https://b.example/">'),
        rss(ONE, TWO).replace("<rss ", '<rss xmlns:x="urn:x" '),
        rss(ONE, "<webMaster>ann</webMaster>", TWO),
    ],
)
def test_what_items_inherit(other: str) -> None:
    """The feed's header, bases, languages and namespaces are part of every item."""
    one, two = cut(rss(ONE, TWO)), cut(other)
    assert one is not None
    assert two is not None
    assert one.context != two.context


def test_markup_in_a_text_is_no_item() -> None:
    """An item inside of CDATA, or of a comment, is text."""
    pieces = cut(rss(f"<item><description><![CDATA[</item>{ONE}]]></description><!-- </item> --></item>", ONE))
    assert pieces is not None
    assert [pieces.text[start:end].decode() for start, end in pieces.items][1] == ONE


@pytest.mark.parametrize(
    "text",
    [
        rss(),
        rss(ONE)[:-6],
        rss(ONE, "&nbsp;"),
        rss(ONE, "<item/>"),
        rss(ONE, f"<textInput>{TWO}</textInput>"),
        rss(ONE).replace("<rss", "<rdf").replace("/rss", "/rdf"),
        rss(ONE, tail="<p/>"),
        atom(ONE),
        rss(*[f"<item>{'<b/>' * 100}</item>"] * 600),
    ],
    ids=[
        "no items",
        "cut off",
        "entity",
        "empty item",
        "item elsewhere",
        "other root",
        "after the end",
        "mixed",
        "huge",
    ],
)
def test_documents_that_are_read_whole(text: str) -> None:
    """What is damaged, huge, or has items in unusual places is not cut."""
    assert cut(text) is None
