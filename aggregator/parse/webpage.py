"""A web page as a tree: bytes in, elements out, within limits of tags, attributes and depth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree, html

from aggregator.errors import ParseError
from aggregator.parse.clean import clean_text
from aggregator.parse.encoding import decode
from aggregator.parse.fields import language_tag
from aggregator.parse.sniff import is_challenge, refuse_binary, refuse_empty
from aggregator.parse.urls import absolute, clean_url

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_TAGS = 300_000
"""`<` in one page; the largest that are read by people have about 50,000."""
_LONGEST_TAG = re.compile(r"<[a-zA-Z](?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+")
_LONGEST_NAME = 400
_MOST_ATTRIBUTES = 512
"""On one tag: the parser compares each with all before it."""
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_PRESCAN = 4096
"""Bytes in which a page names its encoding (HTML section 13.2.3.2 has 1,024; pages are later)."""
_FEED_ROOT = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:rss|feed|rdf:RDF)\b", re.DOTALL)
_NO_MEMORY = etree.ErrorTypes.ERR_NO_MEMORY
_CALLED = ("itemprop", "data-testid", "data-hook", "data-qa")
UNSEEN = ("style", "noscript", "template", "svg", "iframe", "object", "select", "textarea", "dialog")


def words(text: str) -> frozenset[str]:
    """Return the words of a text: a set of names that is easy to read."""
    return frozenset(text.split())


_BLOCKS = words(
    "address article aside blockquote br button dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead time tr ul"
)


@dataclass(frozen=True, slots=True)
class Webpage:
    """A page that was read: its tree without what is never shown, scripts aside, and what addresses start from."""

    root: html.HtmlElement
    url: str
    """The address that answered."""
    base: str
    """What relative addresses are resolved against (`<base href>`)."""
    may_be_challenge: bool = False
    """It speaks of captchas or of being human: if nothing is found in it, that is why."""
    notices: tuple[str, ...] = ()

    def address(self, reference: str | None) -> str | None:
        """Return a reference as an absolute http(s) address, or None."""
        return clean_url(reference, base=self.base) if reference and reference.strip() else None

    @property
    def language(self) -> str | None:
        """What the page says of its language: `<html lang>`, else Content-Language, else og:locale."""
        stated = (self.root.get("lang"), self.root.get("{http://www.w3.org/XML/1998/namespace}lang"))
        metas = (self.meta("content-language"), self.meta("og:locale"))
        return next(filter(None, (language_tag(each) for each in (*stated, *metas) if each)), None)

    @property
    def words(self) -> str:
        """All text of the page, scripts aside."""
        return "\n".join(self.root.xpath("//text()[not(parent::script)]"))

    def metas(self, *names: str) -> Iterator[str]:
        """Yield what `<meta>` elements of these names, properties or http-equivs say, in the order of the names."""
        found: dict[str, list[str]] = {name: [] for name in names}
        for element in self.root.iter("meta"):
            keys = (element.get("property"), element.get("name"), element.get("http-equiv"), element.get("itemprop"))
            name = next((key.strip().lower() for key in keys if key and key.strip().lower() in found), None)
            content = (element.get("content") or "").strip()
            if name and content:
                found[name].append(content)
        for name in names:
            yield from found[name]

    def meta(self, *names: str) -> str | None:
        """Return the first of `metas`."""
        return next(self.metas(*names), None)


def read_webpage(body: bytes, *, url: str, content_type: str | None) -> Webpage:
    """Return the tree of a web page that `url` answered with.

    Raise EmptyDocument for nothing but white space, NotAFeed for another kind of file, and ParseError for a feed and
    for a page of over 300,000 tags or 512 attributes on one. Nesting deeper than 256 elements is cut off.
    """
    refuse_empty(body)
    refuse_binary(body)
    text, notice = decode(body, _with_charset(body, content_type))
    _refuse_heavy(text)
    if _FEED_ROOT.match(text[:4096]):
        raise ParseError("The document is a feed, not a web page.", "Leave out `kind: page` for this address.")
    root = _tree(text)
    base = next((absolute(each.get("href"), url) for each in root.iter("base") if each.get("href")), url)
    challenge = is_challenge(clean_text(root.findtext(".//title") or ""), text)
    return Webpage(root, url, clean_url(base, base=url) or url, challenge, (notice,) if notice else ())


def _with_charset(body: bytes, content_type: str | None) -> str | None:
    """Return a Content-Type with the charset that the page itself names, when the server names none."""
    if content_type and "charset" in content_type.lower():
        return content_type
    named = _META_CHARSET.search(body[:_PRESCAN])
    return f"text/html; charset={named[1].decode('ascii')}" if named else content_type


def _refuse_heavy(text: str) -> None:
    if text.count("<") > _MOST_TAGS:
        raise ParseError(f"The page has over {_MOST_TAGS} tags.", "No list of articles needs that: check the address.")
    longest = (tag for tag in _LONGEST_TAG.finditer(text) if tag.end() - tag.start() > 2 * _MOST_ATTRIBUTES)
    if any(len(re.sub(r"\"[^\"]*+\"|'[^']*+'", "", tag[0]).split()) > _MOST_ATTRIBUTES for tag in longest):
        raise ParseError(f"A tag of the page has over {_MOST_ATTRIBUTES} attributes.", "Check the address.")


def _tree(text: str) -> html.HtmlElement:
    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, recover=True
    )
    try:
        root = html.document_fromstring(text.encode(), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        if isinstance(error, etree.LxmlError) and any(line.type == _NO_MEMORY for line in error.error_log):
            raise MemoryError from error  # the worker's limit, not the page
        raise ParseError("The document cannot be read as a web page.", "Check the address.") from error
    etree.strip_elements(root, *UNSEEN, with_tail=False)
    return root


def class_of(element: html.HtmlElement) -> str:
    """Return the class names of an element, as far as anyone writes them: patterns are searched in them."""
    return (element.get("class") or "")[:_LONGEST_NAME]


def id_of(element: html.HtmlElement) -> str:
    """Return the id of an element, of at most as many characters."""
    return (element.get("id") or "")[:_LONGEST_NAME]


def names_of(element: html.HtmlElement) -> list[str]:
    """Return what an element is called: class, itemprop, names for tests; of a link or emphasis also its parent's."""
    around = [element]
    parent = element.getparent()
    if element.tag in ("a", "span", "strong", "b") and parent is not None and len(parent) == 1:
        around.append(parent)
    called = (
        " ".join(filter(None, (class_of(each), *(each.get(name) for name in _CALLED)))).strip()[:_LONGEST_NAME]
        for each in around
    )
    return [name for name in called if name]


def without_scripts(root: html.HtmlElement) -> html.HtmlElement:
    """Take the scripts out of a tree, after what they hold was read."""
    etree.strip_elements(root, "script", with_tail=False)
    return root


def text_of(element: html.HtmlElement, *, limit: int = 2000) -> str:
    """Return the text of an element as one line: blocks are parted, inline elements are not."""
    return clean_text("".join(_pieces(element, limit * 4)), limit=limit)


def _pieces(element: html.HtmlElement, limit: int) -> Iterator[str]:
    taken = 0
    for event, each in etree.iterwalk(element, events=("start", "end")):
        if taken > limit:
            return
        if each.tag in _BLOCKS:
            yield " "
        piece = each.text if event == "start" else None if each is element else each.tail
        if piece and (event == "end" or each.tag != "script"):
            taken += len(piece)
            yield piece


def lines_of(element: html.HtmlElement, *, most: int = 40) -> list[tuple[html.HtmlElement, str]]:
    """Return the runs of text in an element, each with the element that holds it, in order.

    Every element is a run of its own (in cards a span is as good as a block), but text around inline emphasis is one.
    """
    found: list[tuple[html.HtmlElement, str]] = []
    for each in element.iter():
        if len(found) >= most:
            break
        if isinstance(each.tag, str) and each.tag not in ("script", "b", "i", "em", "strong", "mark", "code", "sup"):
            own = clean_text("".join(_own_text(each)), limit=400)
            if own:
                found.append((each, own))
        elif each.tag in ("b", "i", "em", "strong", "mark", "code") and each is element and each.text:
            found.append((each, text_of(each)))
    return found


def _own_text(element: html.HtmlElement) -> Iterator[str]:
    """Yield an element's own text, with that of the emphasis in it."""
    yield element.text or ""
    for child in element:
        if child.tag in ("b", "i", "em", "strong", "mark", "code", "sup"):
            yield child.text_content()
        elif child.tag == "br":
            yield " "
        yield child.tail or ""
