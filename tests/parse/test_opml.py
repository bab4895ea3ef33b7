from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.lists import SourceList, Subscription
from aggregator.errors import ParseError
from aggregator.parse.encoding import legal
from aggregator.parse.opml import MOST_FEEDS, parse_opml
from aggregator.publish.opml import OpmlSource, render_opml

if TYPE_CHECKING:
    from collections.abc import Sequence

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "opml"


def listed(outlines: str, head: str = "<title>Mine</title>") -> SourceList:
    """Parse a list with these outlines, the first of them in line 2."""
    body = f'<?xml version="1.0"?><opml version="2.0"><head>{head}</head><body>\n{outlines}\n</body></opml>'
    return parse_opml(body.encode())


def remarks(found: SourceList) -> Sequence[tuple[int, str]]:
    """Line and message of each remark."""
    return [(remark.line, remark.message) for remark in found.remarks]


def test_folders_and_categories_are_tags() -> None:
    """Folders however deep are tags from the outermost, then the categories, each once."""
    found = listed(
        '<outline text="Tech">\n'
        '<outline title="AI &amp; more" text="x"><outline text="One" title="1" xmlUrl="https://a.example/1" '
        'htmlUrl="https://a.example/" category="/AI &amp; more/Labs,news" type="rss"/></outline>\n'
        '<outline text="Two" type="atom" xmlUrl="https://a.example/2"></outline>\n'
        '</outline><outline text="Three" xmlUrl="https://a.example/3"/>'
    )
    assert found.title == "Mine"
    assert found.feeds == (
        Subscription("https://a.example/1", 3, "1", "https://a.example/", ("Tech", "AI & more", "Labs", "news")),
        Subscription("https://a.example/2", 4, "Two", None, ("Tech",)),
        Subscription("https://a.example/3", 5, "Three"),
    )
    assert (found.remarks, found.damaged) == ((), False)


@pytest.mark.parametrize(
    ("outline", "url"),
    [
        ('<outline XMLURL="https://a.example/x"/>', "https://a.example/x"),
        ("<OUTLINE xmlurl = 'https://a.example/x'/>", "https://a.example/x"),
        ('<outline type="rss" url="https://a.example/x"/>', "https://a.example/x"),
        ('<outline xmlUrl=" feed:https://a.example/x "/>', "https://a.example/x"),
        ('<outline xmlUrl="feed://a.example/x"/>', "http://a.example/x"),
        ('<outline xmlUrl="https://a.example/x#frag"/>', "https://a.example/x"),
        ('<outline xmlUrl="https://a.example/?a=1&amp;b=2"/>', "https://a.example/?a=1&b=2"),
        ('<outline xmlUrl="https://a.example/?a=1&copy=2"/>', "https://a.example/?a=1&copy=2"),
        ('<outline text="a > b" xmlUrl="https://a.example/x"/>', "https://a.example/x"),
        ('<outline xmlUrl="https://a.example/${HOME}"/>', "https://a.example/$%7BHOME%7D"),
    ],
)
def test_spellings_of_an_address(outline: str, url: str) -> None:
    """Programs write the address in many ways, and all are read."""
    assert [feed.url for feed in listed(outline).feeds] == [url]


@pytest.mark.parametrize(
    ("outline", "message"),
    [
        ('<outline text="x" xmlUrl="javascript:alert(1)"/>', '"javascript:alert(1)" is no http(s) address'),
        ('<outline text="x" xmlUrl="ftp://a.example/x"/>', "no http(s) address"),
        ('<outline text="x" xmlUrl="/feed"/>', "no http(s) address"),
        ('<outline text="x" type="include" xmlUrl="https://a.example/l.opml"/>', 'is of type "include", not a feed'),
        ('<outline text="x" type="HTML+XPath" xmlUrl="https://a.example/"/>', 'is of type "HTML+XPath"'),
        ('<outline text="A page" type="link" url="https://a.example/"/>', '"A page" has no address of a feed'),
    ],
)
def test_what_is_no_feed_is_told_with_its_line(outline: str, message: str) -> None:
    """What cannot be subscribed to is left out and told, and its neighbours are read."""
    found = listed(
        f'<outline text="y" xmlUrl="https://a.example/y"/>\n{outline}\n<outline xmlUrl="https://a.example/z"/>'
    )
    assert [feed.url for feed in found.feeds] == ["https://a.example/y", "https://a.example/z"]
    ((line, said),) = remarks(found)
    assert line == 3
    assert message in said


def test_duplicates() -> None:
    """An address that stands there twice, in whatever spelling, is taken once, also within a line."""
    found = listed(
        '<outline xmlUrl="https://a.example"/><outline xmlUrl="HTTPS://A.example:443/"/>\n<outline xmlUrl="https://a.example/"/>'
    )
    assert [feed.url for feed in found.feeds] == ["https://a.example"]
    assert [line for line, message in remarks(found) if "listed twice, first in line 2" in message] == [2, 3]


def test_what_is_commented_out() -> None:
    """An outline that is commented out is not there, with all below it (OPML 2.0, isComment)."""
    found = listed(
        '<outline text="off" isComment="true"><outline xmlUrl="https://a.example/1"/></outline>'
        '<!-- <outline xmlUrl="https://a.example/2"/>\n --><outline xmlUrl="https://a.example/3"/>'
    )
    assert [(feed.url, feed.line, feed.tags) for feed in found.feeds] == [("https://a.example/3", 3, ())]


DAMAGED = {
    "quotes": '<outline text=""A" said he" xmlUrl="https://a.example/1" type="rss"/>',
    "ampersand": '<outline text="A & B" xmlUrl="https://a.example/1"/>',
    "angle": '<outline text="1 < 2" xmlUrl="https://a.example/1"/>',
    "entity": '<outline text="&nbsp;&foo;" xmlUrl="https://a.example/1"/>',
    "twice": '<outline text="x" text="y" xmlUrl="https://a.example/1"/>',
    "unclosed": '<outline text="folder"><outline xmlUrl="https://a.example/1"/>',
    "closed": '</outline></outline><outline xmlUrl="https://a.example/1"/>',
}


@pytest.mark.parametrize("outline", DAMAGED.values(), ids=DAMAGED)
def test_damage_costs_nothing_else(outline: str) -> None:
    """A list that is not well-formed is read as far as possible, and its line is told."""
    found = listed(f'<outline xmlUrl="https://a.example/0"/>\n{outline}\n<outline xmlUrl="https://a.example/2"/>')
    assert [feed.url for feed in found.feeds] == [f"https://a.example/{n}" for n in range(3)]
    assert found.damaged
    ((line, said),) = remarks(found)
    assert "is damaged here" in said
    assert line in (3, 5)


def test_a_list_that_is_cut_short() -> None:
    """What stands before the cut is read, and the list is known to be damaged."""
    whole = "".join(f'<outline xmlUrl="https://a.example/{n}"/>\n' for n in range(5))
    found = parse_opml(f"<opml><body>{whole}".encode()[:120])
    assert [feed.url for feed in found.feeds] == ["https://a.example/0", "https://a.example/1"]
    assert found.damaged


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no OPML list"),
        (b"<rss><channel/></rss>", "no OPML list"),
        (b"x" * 10_000_001, "larger than 10 MB"),
        (b'<!DOCTYPE opml [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><opml><outline xmlUrl="http://a.example/&c;"/></opml>', "declares entities"),
        (b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml/>', "declares entities"),
    ],
)  # fmt: skip
def test_what_is_refused(body: bytes, message: str) -> None:
    """What is no list, too long, or a bomb is refused."""
    with pytest.raises(ParseError, match=message):
        parse_opml(body)


@pytest.mark.parametrize(
    "body",
    [
        "<opml>" + "<outline text='a'>" * 200_000,
        "<opml><outline " + "a" * 5_000_000,
        "<opml><outline " + "a='" * 2_000_000,
        "<opml>" + "<outline text='x'/>" * 200_000,
        "<opml>" + "<!--" * 2_000_000,
        "<opml>" + "<outline xmlUrl='https://a.example/'/>" * 100_000,
    ],
    ids=["deep", "word", "quotes", "empty", "comments", "same"],
)
def test_hostile_lists_end(body: str) -> None:
    """Lists made to take long are read in seconds, with a bounded number of remarks."""
    started = time.process_time()
    assert len(parse_opml(body.encode()).remarks) <= 101
    assert time.process_time() - started < 60


def test_a_list_that_is_too_long() -> None:
    """Only so many feeds are taken, and what is left out is told."""
    found = listed("".join(f'<outline xmlUrl="https://a.example/{n}"/>' for n in range(MOST_FEEDS + 1)))
    assert len(found.feeds) == MOST_FEEDS
    assert found.damaged
    assert "the rest is left out" in remarks(found)[-1][1]


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(title=WORDS, tags=st.lists(st.text("abc é&<\"'", min_size=1, max_size=8), max_size=3))
def test_our_own_list_is_read_back(title: str, tags: list[str]) -> None:
    """What publish/opml.py writes is read without a remark, with the addresses and the tags."""
    source = OpmlSource("https://a.example/?a=1&b=2", title, "https://a.example/", tuple(tags))
    found = parse_opml(render_opml("Mine", [source]))
    assert found.remarks == ()
    assert [(feed.url, feed.site) for feed in found.feeds] == [(source.url, source.site)]
    assert found.feeds[0].tags == tuple(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))


@given(body=st.lists(st.sampled_from(["<outline ", "/>", ">", "</outline>", "text=", "xmlUrl=", '"', "'", "https://a.example/", "&#0;", "&#xD800;", "x", "<!--", "\n"]), max_size=20))  # fmt: skip
def test_any_outline_gives_legal_strings(body: list[str]) -> None:
    """However a list is broken, what comes out is a list, of strings that XML can carry."""
    found = parse_opml(("<opml>" + "".join(body)).encode())
    for feed in found.feeds:
        assert all(text == legal(text) for text in (feed.url, feed.title, *feed.tags))


@pytest.mark.parametrize(
    ("name", "count", "line"), [("plenary-Tech-malformed.opml", 26, 21), ("feeds.opml", 141, None)]
)
def test_lists_of_real_programs(name: str, count: int, line: int | None) -> None:
    """Lists that real programs exported are read whole, the malformed one with the line of its first damage."""
    path = CORPUS / name
    if not path.exists():
        pytest.skip(f"the list is not there: {path}")
    found = parse_opml(path.read_bytes())
    assert len(found.feeds) == count
    assert [remark.line for remark in found.remarks if "damaged" in remark.message] == ([line] if line else [])
