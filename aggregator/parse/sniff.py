"""What a body is, before anything parses it: a feed, or something else that the operator should hear the name of."""

from __future__ import annotations

import re

from aggregator.decide.discovery import named_feeds, places
from aggregator.errors import EmptyDocument, NotAFeed
from aggregator.parse.clean import plain_text
from aggregator.parse.heads import read_page

_MAGIC = (
    (b"\x1f\x8b", "gzip data: compressed once more than the server says"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "an image"),
    (b"GIF8", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"RIFF", "an image or a sound"),
)
_PROLOG = re.compile(r"\s+|<\?.*?(?:\?>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_DOCTYPE = re.compile(
    r"<!DOCTYPE(?:[^\[<>\"']|\"[^\"]*\"|'[^']*')*+"
    r"(?:\[(?:<!--.*?-->|[^\]\"'<]|\"[^\"]*\"|'[^']*'|<)*+\]\s*+)?>",
    re.DOTALL | re.IGNORECASE,
)
_NAME = re.compile(r"<([A-Za-z_][\w.:-]*)")
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:rss|rdf|feed|channel)(?=[\s>/])", re.IGNORECASE)
_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_PAGE = frozenset({"html", "head", "body", "title", "meta", "div", "main"})
_CHALLENGES = (
    "just a moment", "checking your browser", "attention required", "verify you are human", "ddos protection",
    "enable javascript and cookies", "access denied", "are you a robot", "captcha", "security check",
)  # fmt: skip
_FAR = 65_536
_LISTED = "a list of feeds goes under `- opml:` in feeds.yaml."
_OTHERS = {
    "opml": ("an OPML list of feeds", f"Subscribe to what it lists: {_LISTED}"),
    "urlset": ("a sitemap", "Set `kind: sitemap` for this address in feeds.yaml."),
    "sitemapindex": ("an index of sitemaps", "Set `kind: sitemap` for this address in feeds.yaml."),
    "error": ("an error message in XML", "Open the address in a browser and see what the server says."),
}


def refuse_empty(body: bytes) -> None:
    """Raise EmptyDocument when there is nothing but white space."""
    if not body.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise EmptyDocument(
            "The server sent an empty document.",
            "Nothing is to be done unless this lasts: it is asked again.",
        )


def refuse_binary(body: bytes) -> None:
    """Raise NotAFeed when the first bytes are those of another kind of file."""
    for magic, kind in _MAGIC:
        if body.startswith(magic):
            raise NotAFeed(f"The document is no feed but {kind}.", "Check the address.")


def after_prolog(text: str) -> int:
    """Where the XML declaration, comments, processing instructions and the document type end."""
    position = 0
    while match := _PROLOG.match(text, position) or _DOCTYPE.match(text, position):
        position = match.end()
    return position


def find_root(text: str, url: str) -> tuple[int, str | None]:
    """Return where the feed's root element begins, and a notice of what stands before it and does not belong there.

    Raise NotAFeed when the text is something else.
    """
    start = after_prolog(text)
    match = _NAME.match(text, start)
    name = match[1].rpartition(":")[2].lower() if match else ""
    if name in _ROOTS:
        return start, None
    if name in _PAGE or "<!doctype html" in text[:start].lower():
        raise _page_error(text, url)
    if name not in _OTHERS and (root := _ROOT.search(text, start, start + _FAR)):
        strange = plain_text(text[start : root.start()], markup=True, limit=60)
        return root.start(), f'what stands before the feed was left out: "{strange}"'
    raise _other(text, name)


def _page_error(text: str, url: str) -> NotAFeed:
    """Return the error for a web page, with where its feed may be: what it names, then common places."""
    page = read_page(text, url)
    named = f' ("{page.title}")' if page.title else ""
    if is_challenge(page.title, text):
        return NotAFeed(
            f"A bot check or an error page{named} answered in place of the feed.",
            "Ask the publisher to let feed readers through, or look for another address of the feed.",
        )
    found = named_feeds(page)
    remedy = (
        f"Its feed is {found[0]}: use that address."
        if found
        else ("No feed is named in it; `kind: page` in feeds.yaml reads a page that lists articles.")
    )
    feeds = tuple(place.url for place in places(page))
    return NotAFeed(f"The document is no feed but a web page{named}.", remedy, feeds)


def is_challenge(title: str, text: str) -> bool:
    """Whether a page asks for a proof of being human, or refuses access, in place of what was asked for."""
    return len(text) < _FAR and any(words in f"{title} {text[:_FAR]}".lower() for words in _CHALLENGES)


def _other(text: str, name: str) -> NotAFeed:
    """Return the error for what is neither a feed nor a page."""
    start = text.lstrip()[:2000]
    if name in _OTHERS:
        kind, remedy = _OTHERS[name]
        return NotAFeed(f"The document is no feed but {kind}.", remedy)
    if name and start.startswith("<"):
        return NotAFeed(f"The document is XML but no feed: it begins with <{name[:50]}>.", "Check the address.")
    quoted = plain_text(start, markup=False, limit=60)
    return NotAFeed(f'The document is no feed but text: "{quoted}".', "Open the address in a browser to see more.")
