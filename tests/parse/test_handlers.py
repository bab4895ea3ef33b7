"""The handlers on expat against feedparser itself: what they find in a document must be the same, key by key."""

from __future__ import annotations

import lzma
import subprocess
import sys
import tarfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from feedparser.api import StrictFeedParser
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.parse import syndication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aggregator.model import Document

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FIXTURES = Path(__file__).parent / "fixtures"


def undated(value: Any) -> Any:
    """What feedparser says, as plain values, less the dates that it parsed."""
    if isinstance(value, dict):
        return {key: undated(each) for key, each in dict.items(value) if not key.endswith("_parsed")}
    return [undated(each) for each in value] if isinstance(value, list | tuple) else value


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch, read: Callable[..., Document]) -> Callable[[Iterable[bytes]], list[int]]:
    """Read documents, comparing; return how many were read, and for how many feedparser itself was asked."""
    counts = [0, 0]
    ask, alone = syndication._ask_handlers, syndication._ask_feedparser

    def both(text: str) -> Any:
        found = ask(text)
        with warnings.catch_warnings(action="ignore"):
            assert found is None or undated(found) == undated(alone(text))
        return found

    def only(text: str) -> Any:
        counts[1] += 1
        return alone(text)

    def compared(bodies: Iterable[bytes]) -> list[int]:
        for body in bodies:
            with suppress(ParseError):
                read(body, None)
                counts[0] += 1
        return counts

    monkeypatch.setattr(syndication, "_ask_handlers", both)
    monkeypatch.setattr(syndication, "_ask_feedparser", only)
    return compared


def test_fixtures(compared: Callable[[Iterable[bytes]], list[int]]) -> None:
    """Every format that is read (RSS 0.90 to 2.0, Atom, CDF, media) is for the handlers, with feedparser's outcome."""
    bodies = [path.read_bytes() for path in sorted(FIXTURES.glob("*.xml"))]
    assert compared(bodies) == [len(bodies), 0]


@pytest.mark.parametrize("largest", [50_000, pytest.param(10**7, marks=pytest.mark.slow)])
def test_hostile_documents(largest: int, compared: Callable[[Iterable[bytes]], list[int]], tmp_path: Path) -> None:
    """Hostile documents have feedparser's outcome; those that cannot be mended are left to it."""
    generator = CORPUS / "hostile.py"
    if not generator.exists():
        pytest.skip(f"the generator of hostile documents is not there: {generator}")
    subprocess.run([sys.executable, str(generator), str(tmp_path)], check=True, capture_output=True)
    paths = [
        path for path in sorted(tmp_path.glob("*.*")) if path.suffix != ".jsonl" and path.stat().st_size <= largest
    ]
    read, left = compared(path.read_bytes() for path in paths)
    assert 0 < left < read / 5


@pytest.mark.parametrize(("largest", "feeds"), [(100_000, 82), pytest.param(10**7, 138, marks=pytest.mark.slow)])
def test_real_feeds(largest: int, feeds: int, compared: Callable[[Iterable[bytes]], list[int]]) -> None:
    """Of the real feeds feedparser itself is asked for none, and the outcome is its."""
    assert compared(bodies("real-feeds.tar.xz", largest=largest)) == [feeds, 0]


@pytest.mark.slow
def test_a_month_of_polls(compared: Callable[[Iterable[bytes]], list[int]]) -> None:
    """Nor of what 28 feeds answered in April 2026, each 120th answer."""
    assert compared(bodies("replay-2026-04.tar.xz", ".xml", every=120)) == [66, 0]


def bodies(name: str, suffix: str = "", *, every: int = 1, largest: int = 10**7) -> Iterator[bytes]:
    """Yield the files of an archive of the corpus, or each n-th; skip the test when it is not there."""
    archive = CORPUS / name
    if not archive.exists():
        pytest.skip(f"the archive is not there: {archive}")
    with lzma.open(archive) as packed, tarfile.open(fileobj=packed, mode="r|") as files:
        found = (member for member in files if member.isfile() and member.name.endswith(suffix))
        for number, member in enumerate(found):
            if number % every == 0 and member.size <= largest and (file := files.extractfile(member)):
                yield file.read()


SPACES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "atom": "http://www.w3.org/2005/Atom",
    "itunes": "http://www.itunes.com/DTDs/PodCast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "m": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rss": "http://purl.org/rss/1.0/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "xhtml": "http://www.w3.org/1999/xhtml",
    "Odd": "https://example.org/ODD/",
    "cc": "https://example.org/not-creative-commons",
    "user": "http://backend.userland.com/rss2",
}
METHODS = sorted(name.removeprefix("_start_") for name in dir(StrictFeedParser) if name.startswith("_start_"))
PREFIXES = sorted({name.partition("_")[0] for name in METHODS if "_" in name} & set(SPACES))
NAMES = [
    *(name for name in METHODS if "_" not in name),
    *(name.replace("_", ":", 1) for name in METHODS if name.partition("_")[0] in PREFIXES),
    *(f"atom:{name}" for name in ("link", "id", "title", "author", "content", "updated")),
    *(
        "pubDate",
        "managingEditor",
        "lastBuildDate",
        "textInput",
        "comments",
        "ttl",
        "docs",
        "logo",
        "icon",
        "date",
        "items",
    ),
    *(
        "sy:updatePeriod",
        "thr:total",
        "feedburner:origLink",
        "m:content",
        "Odd:Thing",
        "cc:license",
        "rss:title",
        "user:link",
    ),
    *(
        "div",
        "p",
        "b",
        "xhtml:div",
        "xhtml:body",
        "svg",
        "math",
        "guid",
        "category",
        "url",
        "description",
        "wfw",
        "image",
    ),
]
VALUES = [
    "text",
    "html",
    "xhtml",
    "text/html",
    "HTML",
    "text/plain",
    "text/xml",
    "image/png",
    "true",
    "false",
    "",
    "en_US",
    "de",
]
VALUES += [
    "self",
    "Alternate",
    "enclosure",
    "https://a.example/b",
    "//c.example",
    "d?e=1&f;=2",
    "http:////g.example",
    "base64",
    "12",
]
ATTRIBUTES = [
    "type",
    "href",
    "rel",
    "url",
    "isPermaLink",
    "term",
    "scheme",
    "label",
    "domain",
    "text",
    "src",
    "version",
    "length",
]
ATTRIBUTES += [
    "uri",
    "xml:lang",
    "xml:base",
    "lang",
    "base",
    "mode",
    "rdf:about",
    "media:type",
    "Type",
    "lastmod",
    "xlink",
    "width",
]
WORDS = [
    "A &amp; B",
    "<b>bold</b> &c",
    "&copy; 2026",
    "\n ",
    "caf\xc3\xa9",
    "caf\xe9",
    "\x93q\x94",
    "\u2014 \U0001f600",
    "Mon, 05 Jan 2026 08:00:00 GMT",
]
WORDS += [
    "2026-01-05T08:00:00Z",
    "a@b.museum (Name)",
    "Name <a@b.example>",
    "https://a.example/?x=1&amp;y;=2",
    "one, two",
    "true",
    "yes",
]
texts = st.lists(st.sampled_from([*WORDS, *VALUES]), max_size=3).map("".join).map(escape)
attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES), max_size=3)
spaces = st.lists(
    st.sampled_from(["", "", "", ' xmlns:x="http://www.w3.org/1999/xlink"', f' xmlns="{SPACES["xhtml"]}"']), max_size=1
)


def element(name: str, values: dict[str, str], space: list[str], inside: list[str]) -> str:
    """Write an element."""
    written = "".join(f" {key}={quoteattr(value)}" for key, value in values.items())
    return f"<{name}{written}{''.join(space)}>{''.join(inside)}</{name}>"


def elements(children: st.SearchStrategy[list[str]]) -> st.SearchStrategy[str]:
    """Any element of the vocabulary."""
    return st.builds(element, st.sampled_from(NAMES), attributes, spaces, children)


leaves = elements(texts.map(lambda text: [text]))
branches = elements(st.lists(leaves | texts, max_size=4))
items = st.lists(leaves | branches, max_size=6).map("".join)
DECLARED = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items() if prefix != "rss")
ROOTS = [
    "<rss version='2.0'{}><channel>{}<item>{}</item><item>{}</item></channel></rss>",
    "<rss version='2.0' xmlns:rss='http://purl.org/rss/1.0/' xml:lang='en_GB'{}><channel>{}<item>{}</item><item>{}</item></channel></rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://e.example/d/'{}>{}<entry>{}</entry><entry>{}</entry></feed>",
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='d/'{}>{}<entry>{}</entry><entry>{}</entry></feed>",
    "<feed version='0.3' xmlns='http://purl.org/atom/ns#'{}>{}<entry>{}</entry><entry>{}</entry></feed>",
    "<rdf:RDF xmlns='http://purl.org/rss/1.0/'{}><channel>{}</channel><item>{}</item><item rdf:about='x'>{}</item></rdf:RDF>",
    "<CHANNEL HREF='https://e.example/'{}>{}<item HREF='x' LASTMOD='2026-01-05'>{}</item><item LASTMOD='2026'>{}</item></CHANNEL>",
]


@given(st.sampled_from(ROOTS), items, items, items)
def test_any_document_of_the_vocabulary(root: str, outside: str, first: str, second: str) -> None:
    """Whatever elements and attributes stand together, in each other and in whatever order, the outcome is feedparser's."""
    text = "<?xml version='1.0' encoding='utf-8'?>" + root.format(
        DECLARED if "xmlns:rss" in root else DECLARED + f' xmlns:rss="{SPACES["rss"]}"', outside, first, second
    )
    found = syndication._ask_handlers(text)
    if found is not None:
        with warnings.catch_warnings(action="ignore"):
            assert undated(found) == undated(syndication._ask_feedparser(text))


def test_a_namespace_declared_late_changes_names() -> None:
    """To feedparser a prefix means what was declared last, also for elements before it: names are not kept longer."""
    item = "<item><m:rights>R</m:rights>{}<m:rights>S</m:rights></item>".format(f'<x xmlns:media="{SPACES["dc"]}"/>')
    text = f'<rss version="2.0" xmlns:m="{SPACES["m"]}"><channel>{item}</channel></rss>'
    found = syndication._ask_handlers(text)
    assert found is not None
    assert found[1][0]["rights"] == "S"
    assert undated(found) == undated(syndication._ask_feedparser(text))
