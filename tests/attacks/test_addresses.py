"""Addresses that are no web addresses, in every field that holds one: none comes out, in any format."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from aggregator.model import Category, Enclosure, Header, Item, Link, Person
from aggregator.parse.clean import clean_html
from aggregator.parse.document import parse
from aggregator.parse.opml import parse_opml
from tests.serve.conftest import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attacks.conftest import House

FORMS = (
    "javascript:alert(7)", "JaVaScRiPt:alert(7)", " javascript:alert(7)", "java\tscript:alert(7)", "java\nscript:alert(7)", "\x01javascript:alert(7)",
    "javascript&colon;alert(7)", "java&#10;script:alert(7)", "&#x6A;avascript:alert(7)", "javascript&#58;alert(7)", "feed:javascript:alert(7)",
    "view-source:javascript:alert(7)", "javascript://news.example/%0Aalert(7)", "data:text/html,<script>alert(7)</script>",
    "DATA:text/html;base64,PHNjcmlwdD4=", "vbscript:alert(7)", "livescript:alert(7)", "blob:https://x/alert(7)", "file:///etc/alert(7)", "about:alert(7)",
    "jar:https://x!/alert(7)", "intent://alert(7)#Intent;end", "ms-word:ofe|u|alert(7)", "\u202ejavascript:alert(7)", "ｊavascript:alert(7)",
    "javascript\u200b:alert(7)", "x-javascript:alert(7)", "tel:alert(7)", "magnet:?xt=alert(7)", "ws://x/alert(7)",
)  # fmt: skip
WEB = ("http://", "https://", "mailto:", "urn:", "tag:")
ADDRESSED = {
    "href",
    "src",
    "cite",
    "poster",
    "action",
    "formaction",
    "data",
    "url",
    "xmlUrl",
    "htmlUrl",
    "uri",
    "srcset",
    "ping",
    "background",
}


def item(number: int, form: str) -> Item:
    """Return an item every address of which has one form, as if no parser had looked at it; its HTML was cleaned."""
    raw = f"<p>text <a href='{escape(form)}'>a</a><img src='{escape(form)}'><q cite='{escape(form)}'>q</q></p>"
    html = clean_html(raw, base="https://news.example/")
    person = Person("A", uri=form)
    return Item(
        title=f"Item {number}", guid=f"guid-{number}", link=form, summary=html, content=html, published=datetime.now(UTC), authors=(person,),
        contributors=(person,), categories=(Category("c", scheme=form),), enclosures=(Enclosure(form, "audio/mpeg", 1),), thumbnail=form,
        comments=form, source=Header(id=form, title="S", links=(Link(form), Link(form, rel="self")), icon=form, authors=(person,)),
    )  # fmt: skip


class _Page(HTMLParser):
    """The addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(f"{tag} {name}", value or "") for name, value in attrs if name in ADDRESSED]


def in_xml(document: bytes) -> Iterator[tuple[str, str]]:
    """Yield what is an address in a feed or a list: attributes, elements, and what the HTML in it has."""
    for element in etree.fromstring(document).iter(etree.Element):
        name = etree.QName(element).localname
        yield from ((f"{name} {key}", value) for key, value in element.attrib.items() if key in ADDRESSED)
        if name in {"link", "uri", "comments", "icon", "logo", "docs", "url"} and element.text:
            yield name, element.text
        if element.text and "<" in element.text:
            yield from _Page(element.text).found


def in_json(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield what is an address in a JSON Feed."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from in_json(member, key)
    elif isinstance(value, list):
        for member in value:
            yield from in_json(member, name)
    elif isinstance(value, str) and (name.endswith("url") or name in {"icon", "favicon", "image", "banner_image"}):
        yield name, value
    elif isinstance(value, str) and name == "content_html":
        yield from _Page(value).found


@pytest.mark.fault("T12")
def test_no_such_address_comes_out(house: House) -> None:
    """Thirty forms in every field, past the parser into the database: none is in a page or a document of any format."""
    house.world.poll(PUBLIC, [item(number, form) for number, form in enumerate(FORMS)])
    house.world.publish()
    pages = [house.client.get(path).text for path in ("/", "/search?q=item", "/sources", "/subscribe")]
    stories = {address for name, address in _Page(pages[0]).found if name == "a href" and address.startswith("story/")}
    pages += [house.client.get(f"/{story}?images=1").text for story in sorted(stories)[:40]]
    assert len(stories) > len(FORMS)
    found = [address for page in pages for address in _Page(page).found]
    for ending in ("atom", "rss"):
        for path in (f"/all.{ending}", f"/search.{ending}?q=item"):
            found += in_xml(house.client.get(path).body)
    for path in ("/sources.opml", "/sources.atom"):
        found += in_xml(house.client.get(path).body)
    found += in_json(json.loads(house.client.get("/all.json").body))
    assert len(found) > 500
    relative = {name for name, address in found if ":" not in address}
    assert relative <= {"a href", "link href", "script src", "form action"}, "of our own pages"
    assert [pair for pair in found if ":" in pair[1] and not pair[1].startswith(WEB)] == []


@pytest.mark.fault("T12")
@pytest.mark.parametrize("form", FORMS)
def test_no_such_address_is_read(form: str) -> None:
    """Out of RSS, Atom, JSON and OPML no field takes such an address: what a parser stores begins with http or mailto."""
    xml, plain = escape(form.replace("\x01", "")), json.dumps(form)
    html = escape(f"<a href='{escape(form)}'>a</a> <img src='{escape(form)}'>")
    documents = [
        (f"<rss version='2.0'><channel><title>T</title><link>{xml}</link><image><url>{xml}</url></image><item><title>a</title><link>{xml}</link>"
        f"<comments>{xml}</comments><description>{html}</description><enclosure url='{xml}' type='a/b' length='1'/><source url='{xml}'>s</source></item></channel></rss>"),
        (f"<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title><link href='{xml}'/><icon>{xml}</icon><author><name>n</name><uri>{xml}</uri></author>"
        f"<entry><title>a</title><id>x</id><link href='{xml}'/><content type='html'>{html}</content><link rel='enclosure' href='{xml}'/></entry></feed>"),
        (f'{{"version":"https://jsonfeed.org/version/1.1","title":"T","home_page_url":{plain},"icon":{plain},"authors":[{{"name":"n","url":{plain}}}],"items":'
        f'[{{"id":"x","url":{plain},"external_url":{plain},"image":{plain},"content_html":"<a href={json.dumps(escape(form))[1:-1]}>a</a>","attachments":[{{"url":{plain},"mime_type":"a/b"}}]}}]}}'),
    ]  # fmt: skip
    for document in documents:
        read = parse(document.encode(), url="https://lab.example/feed", content_type=None, received=datetime.now(UTC))
        (only,) = read.items
        assert only.link is None or only.link.startswith("https://lab.example/"), document
        said = repr((read.header, only)).lower()
        for html in (only.content, only.summary):
            assert all(address.startswith(WEB) for _, address in _Page(html or "").found)
        assert [
            one
            for one in (
                "href='javascript",
                "href='data",
                "uri='javascript",
                "src='javascript",
                "'vbscript:",
                "'file:",
                "'blob:",
            )
            if one in said
        ] == []
    listed = parse_opml(
        f"<opml><body><outline xmlUrl='{xml}' htmlUrl='{xml}'/><outline xmlUrl='https://a.example/' htmlUrl='{xml}'/></body></opml>".encode()
    )
    assert all(one.url.startswith(("https://", "http://")) for one in listed.feeds)
    assert all((one.site or "https://").startswith(("https://", "http://")) for one in listed.feeds)
