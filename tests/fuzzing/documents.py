"""The parsers: a document is read, and what came of it is harmless, or it is refused with an error that has a name."""

from __future__ import annotations

import contextlib
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from aggregator.config.settings import ItemSelectors
from aggregator.errors import ParseError
from aggregator.parse import changed
from aggregator.parse.article import parse_article
from aggregator.parse.encoding import decode, legal
from aggregator.parse.jsonfeed import parse_json
from aggregator.parse.opml import parse_opml
from aggregator.parse.page import parse_page
from aggregator.parse.sitemap import parse_sitemap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.model import Document

_NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)
_TOLD: dict[str, Any] = {"url": "https://lab.example/news/", "received": _NOON}
_TYPES = (None, "text/xml", "text/html; charset=latin-1", "application/json", "text/plain; charset=utf-16")
_ACTIVE = {
    *("script", "style", "iframe", "frame", "frameset", "object", "embed", "applet", "form", "input", "button", "base"),
    *("meta", "link", "svg", "math", "template", "noscript", "textarea", "select", "xmp", "plaintext"),
}
_WEB = ("http://", "https://", "mailto:")
_ADDRESSES = frozenset({"href", "src", "link", "icon", "uri", "thumbnail", "comments"})


def feed(data: bytes) -> None:
    """Read a feed as its own server's; its first byte says which media type came with it."""
    kind, body = _typed(data)
    with contextlib.suppress(ParseError):
        check(changed.parse(body, content_type=kind, **_TOLD))


def json_feed(data: bytes) -> None:
    """Read a JSON Feed."""
    text, _ = decode(data, "application/feed+json")
    with contextlib.suppress(ParseError):
        check(parse_json(text, url=_TOLD["url"]))


def page(data: bytes) -> None:
    """Read a list page, as it is found out and as an operator's selectors say."""
    kind, body = _typed(data)
    for selectors in (None, ItemSelectors(select="article, li", title="h2, a", link="a", date="time, .date")):
        with contextlib.suppress(ParseError):
            check(parse_page(body, content_type=kind, selectors=selectors, **_TOLD))


def article(data: bytes) -> None:
    """Read an article's page."""
    kind, body = _typed(data)
    try:
        found = parse_article(body, content_type=kind, **_TOLD)
    except ParseError:
        return
    for text in _strings(found):
        assert text == legal(text)
    check_html(found.content)


def opml(data: bytes) -> None:
    """Read a list of feeds."""
    kind, body = _typed(data)
    try:
        found = parse_opml(body, url=_TOLD["url"], content_type=kind)
    except ParseError:
        return
    assert all(text == legal(text) for text in _strings(found.feeds))
    assert all(one.url.startswith(("http://", "https://")) for one in found.feeds)


def sitemap(data: bytes) -> None:
    """Read a sitemap."""
    kind, body = _typed(data)
    try:
        found = parse_sitemap(body, content_type=kind, **_TOLD)
    except ParseError:
        return
    check(found.document)
    assert all(child.url.startswith(("http://", "https://")) for child in found.children)


def check(document: Document) -> None:
    """Hold what was read to what every later stage relies on: legal text, web addresses, HTML that does nothing."""
    for text in _strings(document):
        assert text == legal(text), ascii(text)
    for item in document.items:
        for name, address in _addresses(item):
            assert address.startswith(_WEB), (name, address)
        check_html(item.summary)
        check_html(item.content)


def check_html(html: str | None) -> None:
    """Hold HTML to elements and attributes that neither run nor load anything but pictures and sounds."""
    if html:
        outline = _Outline()
        outline.feed(html)
        outline.close()


class _Outline(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in _ACTIVE, tag
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name not in {"style", "class", "id", "srcdoc", "srcset", "ping", "formaction"}, name
            if name in {"href", "src", "cite", "poster"}:
                assert (value or "").startswith(_WEB), value


def _typed(data: bytes) -> tuple[str | None, bytes]:
    return _TYPES[data[0] % len(_TYPES)] if data else None, data[1:]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            if each.name not in {"marks", "parts"}:
                yield from _strings(getattr(value, each.name))
    elif isinstance(value, tuple | frozenset):
        for member in value:
            yield from _strings(member)


def _addresses(value: Any) -> Iterator[tuple[str, str]]:
    """Every address of an item, and of what belongs to it."""
    if is_dataclass(value):
        for each in fields(value):
            found = getattr(value, each.name)
            if each.name in _ADDRESSES and isinstance(found, str) and found:
                yield each.name, found
            else:
                yield from _addresses(found)
    elif isinstance(value, tuple):
        for member in value:
            yield from _addresses(member)
