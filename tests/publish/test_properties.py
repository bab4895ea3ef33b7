"""Laws that hold for any channel whatever its strings are."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import feedparser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.model import Category, Enclosure, Entry, Header, Item, Link, Person
from aggregator.parse.clean import clean_html
from aggregator.publish.channel import MEDIA_TYPES, Channel
from aggregator.publish.piece import piece
from aggregator.publish.renderers import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Callable

NASTY = st.sampled_from(
    [
        "",
        " ",
        "]]>",
        "<![CDATA[x]]>",
        "<b>bold</b>",
        "</script><script>alert(1)</script>",
        "AT&amp;T &lt; &#0; &nbsp",
        "AT&T2 &copy R&D </b>",
        '<video src="https://e.example/v.mp4" controls></video><bdo dir="rtl">txet</bdo><a href="#note">1</a>',
        "a\x00b\x0bc\ud800\udfff\ufffe",
        "caf\x92 \x85",
        "<!-- ",
        '"><img src=x onerror=alert(1)>',
        "\u202eevil\u202c עברית 👩‍💻",
        "x" * 10_000,
        "\r\n\t",
    ]
)
TEXT = NASTY | st.text(st.characters(exclude_categories=()), max_size=20)
MAYBE_TEXT = st.none() | TEXT
ADDRESS = st.sampled_from(
    [
        "javascript:alert(1)",
        "https://e.example",
        "https://e.example/a?b=c&d=[e]",
        "HTTPS://é.example/ü",
        "/relative",
        "https://u:p@e.example/",
        "http://[bad",
        "https://e.example/a#b",
    ]
) | TEXT.map("https://e.example/".__add__)
MAYBE_ADDRESS = st.none() | TEXT | ADDRESS
DATE = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants it naive
NUMBER = st.none() | st.integers(-1, 2**63)
PEOPLE = st.lists(st.builds(Person, TEXT, MAYBE_ADDRESS, MAYBE_TEXT), max_size=2).map(tuple)
LANGUAGE = st.sampled_from([None, "en", "en_US", "jp", "", "zh-Hant", "\x00"]) | MAYBE_TEXT
HEADER = st.builds(
    Header,
    id=MAYBE_ADDRESS,
    title=TEXT,
    subtitle=MAYBE_TEXT,
    updated=st.none() | DATE,
    links=st.lists(
        st.builds(
            Link,
            ADDRESS,
            st.sampled_from(["alternate", "self", "hub", "license", "\x00"]),
            MAYBE_TEXT,
            LANGUAGE,
        ),
        max_size=3,
    ).map(tuple),
    authors=PEOPLE,
    rights=MAYBE_TEXT,
    icon=MAYBE_ADDRESS,
)
ITEM = st.builds(
    Item,
    title=TEXT,
    link=MAYBE_ADDRESS,
    summary=MAYBE_TEXT,
    content=MAYBE_TEXT,
    authors=PEOPLE,
    contributors=PEOPLE,
    categories=st.lists(st.builds(Category, TEXT, MAYBE_TEXT, MAYBE_ADDRESS), max_size=3).map(tuple),
    enclosures=st.lists(st.builds(Enclosure, ADDRESS, MAYBE_TEXT, NUMBER, NUMBER), max_size=3).map(tuple),
    thumbnail=MAYBE_ADDRESS,
    language=LANGUAGE,
    rights=MAYBE_TEXT,
    comments=MAYBE_ADDRESS,
    source=st.none() | HEADER,
)


@st.composite
def channels(draw: st.DrawFn) -> Channel:
    """Channels of arbitrary strings; ids are told apart, and dates by a millisecond, as the store guarantees."""
    start = draw(DATE)
    entries = tuple(
        Entry(
            key=number,
            id=f"{draw(st.sampled_from(['tag:e.example,2026:', 'https://e.example/', 'urn:x-entry:']))}{number}",
            item=item,
            published=draw(DATE),
            updated=start + timedelta(milliseconds=number),
            first_seen=start,
            feed=draw(MAYBE_ADDRESS) or "",
            source=draw(HEADER),
            prefix=draw(MAYBE_TEXT),
            language=draw(LANGUAGE),
        )
        for number, item in enumerate(draw(st.lists(ITEM, max_size=3)))
    )
    return Channel(
        name="all",
        id="urn:uuid:3b0f2c3e-7c0e-4d0c-9d5e-0a1b2c3d4e5f",
        title=draw(TEXT),
        subtitle=draw(MAYBE_TEXT),
        updated=start,
        base="https://planet.example/",
        path=draw(st.sampled_from(["all", "t0ken-_~/all"])),
        language=draw(TEXT),
        author=draw(st.builds(Person, TEXT, MAYBE_ADDRESS, MAYBE_TEXT)),
        full_content=draw(st.booleans()),
        entries=entries,
        hubs=draw(st.lists(ADDRESS, max_size=2).map(tuple)),
    )


@given(channels())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_channel_gives_valid_documents_of_all_its_entries(
    atom: Callable[[bytes], Any],
    rss: Callable[[bytes], Any],
    json_feed: Callable[[bytes], Any],
    channel: Channel,
) -> None:
    """Control characters, half characters, markup, missing fields: every entry comes out, in valid documents."""
    for ending, check, path in (("atom", atom, "{*}entry"), ("rss", rss, "item")):
        document = RENDERERS[ending](channel)
        assert len(check(document).findall(path)) == len(channel.entries)
        assert RENDERERS[ending](channel) == document
    document = RENDERERS["json"](channel)
    assert [item["id"] for item in json_feed(document)["items"]] == [entry.id for entry in channel.entries]
    assert RENDERERS["json"](channel) == document


@given(channels().map(lambda channel: replace(channel, entries=tuple(map(_cleaned, channel.entries)))))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_channel_passes_its_judges(judged: Callable[[bytes, str], bytes], channel: Channel) -> None:
    """Grammar, feed validator and JSON Feed have nothing to say, whatever the strings of cleaned entries are."""
    for ending in ("atom", "rss", "json"):
        judged(RENDERERS[ending](channel), channel.address(ending))


def _cleaned(entry: Entry) -> Entry:
    """Return an entry with the HTML that parse/ would have stored of it."""
    item = entry.item
    summary, content = (html and clean_html(html, base="https://e.example/") for html in (item.summary, item.content))
    return replace(entry, item=replace(item, summary=summary or None, content=content or None))


@given(channels())
@settings(max_examples=20, deadline=None)
def test_a_reader_finds_ids_links_and_titles_again(channel: Channel) -> None:
    """What feedparser reads is what was meant, whatever the strings are."""
    pieces = [piece(entry, channel) for entry in channel.entries]
    for ending in ("atom", "rss"):
        parsed = feedparser.parse(
            BytesIO(RENDERERS[ending](channel)),
            response_headers={"content-type": f"{MEDIA_TYPES[ending]}; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
        assert not parsed.bozo
        assert [entry.id for entry in parsed.entries] == [one.id for one in pieces]
        found = zip(parsed.entries, pieces, strict=True)
        # feedparser decodes references that are part of an address
        assert all(entry.link == one.link for entry, one in found if one.link and "&" not in one.link)
        assert [_title(entry) for entry in parsed.entries] == [one.title for one in pieces]


def _title(entry: Any) -> str:
    return html.unescape(entry.title) if entry.title_detail.type == "text/html" else str(entry.title)
