from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.parse import limits
from aggregator.parse.limits import bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Document

GOOD = "<item><guid>good</guid></item>"


@pytest.mark.fault("F20")
def test_the_newest_thousand_items_stay(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """Of more than 1,000 items the newest are read, in the order of the document, with a notice."""
    start = datetime(2020, 1, 1)  # noqa: DTZ001 - written with its zone below
    items = "".join(
        f"<item><guid>{n}</guid><pubDate>{start + timedelta(days=n):%d %b %Y} GMT</pubDate></item>" for n in range(1200)
    )
    document = read(rss(items))
    assert [item.guid for item in document.items] == [str(n) for n in range(200, 1200)]
    assert document.notices == ("the document has 1200 items; the newest 1000 were read",)


def test_of_undated_items_the_first_stay(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """Without dates the order of the document decides."""
    document = read(rss("".join(f"<item><guid>{n}</guid></item>" for n in range(1001))))
    assert [document.items[0].guid, document.items[-1].guid] == ["0", "999"]


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    "item",
    [
        "<item " + " ".join(f'a{n}="1"' for n in range(50_000)) + "><guid>bad</guid></item>",
        "<item><guid " + " ".join(f"a{n}='>'" for n in range(50_000)) + ">bad</guid></item>",
        "<item>" + "<category>x</category>" * 20_000 + "</item>",
        "<item><description>" + "<b>" * 100_000 + "</b>" * 100_000 + "</description></item>",
        "<item/>" * 0 + "<item>" + "<a " * 50_000 + "</item>",
    ],
)
def test_an_outrageous_item_is_left_out(item: str, read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """An item whose tags would take feedparser seconds is left out with a notice; the others are read at once."""
    start = time.process_time()
    document = read(rss(GOOD + item + GOOD))
    assert time.process_time() - start < 2
    assert [item.guid for item in document.items] == ["good", "good"]
    assert any("left out for over 5000 tags" in notice for notice in document.notices)


def test_many_tags_in_all(read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """Of items that are modest one by one, but too much together, the newest are read, with a notice."""
    date = "<pubDate>{:02} Jan 2026</pubDate>"
    many = "".join(f"<item><guid>{n}</guid>{date.format(n)}{'<x>1</x>' * 4_000}</item>" for n in range(1, 29))
    outrageous = "<item>" + "<category>x</category>" * 20_000 + "</item>"
    document = read(rss(outrageous + many + GOOD))
    assert [item.guid for item in document.items] == [*map(str, range(17, 29))], "12 times 4,003 tags are under 50,000"
    assert "the document has 29 items with 112086 tags; the newest 12 were read" in document.notices


@pytest.mark.parametrize(("tags", "items"), [(2_700, 18), (270, 181)])
def test_many_tags_in_many_items(
    tags: int, items: int, read: Callable[..., Document], rss: Callable[[str], str]
) -> None:
    """Of 180 items full of prefixed tags, as many are read as have 50,000 tags together."""
    document = read(rss(("<item><guid>1</guid>" + "<x:a>y</x:a>" * tags + "</item>") * 180 + GOOD))
    assert len(document.items) == items


def test_too_many_tags_to_count(rss: Callable[[str], str]) -> None:
    """A document of millions of tags is refused before they are all counted."""
    with pytest.raises(ParseError, match="over 1000000 tags"):
        bound(rss(("<item>" + "<x:a>y</x:a>" * 8_000 + "</item>") * 180))


def test_a_date_of_white_space(rss: Callable[[str], str]) -> None:
    """Where dates are looked for, endless white space takes no time to speak of."""
    start = time.process_time()
    bound(rss("<item><pubDate>" + " " * 900_000 + "></item>" + GOOD * 1001))
    assert time.process_time() - start < 1


@pytest.mark.parametrize("header", ["<skipHours>" * 11_000, "<x " + " ".join(f'a{n}="1"' for n in range(300)) + "/>"])
def test_an_outrageous_header_is_refused(header: str, read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """A document that is outrageous outside its items is not read."""
    with pytest.raises(ParseError, match="outside items"):
        read(rss(header + GOOD))


@pytest.mark.parametrize("text", ["A" * 8_000_000, "<![CDATA[" + "b\n" * 4_000_000 + "]]>", "&amp;" * 1_500_000])
def test_an_endless_text_is_cut(text: str, read: Callable[..., Document], rss: Callable[[str], str]) -> None:
    """One huge text is cut, its item kept as bounded text, and the others are read."""
    document = read(rss(f"<item><guid>1</guid><description>{text}</description></item>{GOOD}"))
    assert [item.guid for item in document.items] == ["1", "good"]
    assert 200_000 < len(document.items[0].summary or "") <= 256 * 1024
    assert document.notices[0] == "texts cut after 1000000 characters: 1"


def test_outside_is_what_is_in_no_item() -> None:
    """The text outside items, where something is looked for there, is all but the items; nested names and empty items are told apart."""
    text = '<rss><skipDays/><item><b/></item><item x="1"/><items><c/></items><![CDATA[<item>]]><atom:entry>d</atom:entry><e/></rss>'
    assert bound(text.replace("skipDays", "a")) == (text.replace("skipDays", "a"), "", [])
    assert bound(text) == (text, "<rss><skipDays/><items><c/></items><![CDATA[<item>]]><e/></rss>", [])


@given(st.text("<>/!-[]CDATAitem entry=\"' ?&;x", max_size=200))
def test_modest_texts_pass_unchanged(text: str) -> None:
    """What is within the limits is not touched, however damaged."""
    bounded, outside, notices = bound(text)
    assert bounded == text
    assert len(outside) <= len(text)
    assert notices == []


PIECES = [
    "<rss>",
    "</rss>",
    "<item>",
    "</item>",
    "<a b='=' c=\"<\">",
    "<entry/>",
    "<![CDATA[",
    "]]>",
    "<skipDays>",
    "x=",
    "=" * 300,
    "<a " + "=" * 257 + ">",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), st.sampled_from([1, 2, 500, 2000]))
def test_modest_documents_are_within_the_limits(text: str, times: int) -> None:
    """What passes without its tags being counted has nothing that counting would have cut."""
    text = text * times + "</rss>"
    if limits._is_modest(text):
        outline = limits._outline(text)
        assert (outline.bad, outline.runs, outline.torn) == (set(), [], None)
        assert len(outline.items) <= limits.MOST_ITEMS
