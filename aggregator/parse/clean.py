"""What documents bring, made harmless: HTML for readers, text for titles and names, addresses."""

from __future__ import annotations

import re
from html import escape, unescape

import nh3

from aggregator.parse.encoding import legal
from aggregator.parse.nesting import depth, may_be_deep
from aggregator.parse.urls import clean_mailbox, clean_url

__all__ = ["LARGEST", "clean_html", "clean_text", "clean_url", "is_heavy", "plain_text", "text_to_html"]

LARGEST = 256 * 1024
"""Bytes of HTML that one item may have; more is kept as text."""
_DEEPEST = 256
_TITLE = 1000


def _words(words: str) -> set[str]:
    return set(words.split())


_TAGS = _words(
    "a abbr address article aside audio b bdi bdo big blockquote br caption center cite code col colgroup dd del "
    "details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main mark "
    "nav ol p pre q rp rt ruby s samp section small source span strike strong sub summary sup table tbody td tfoot "
    "th thead time tr tt u ul var video wbr"
)
_DROPPED_WHOLE = _words("script style template title textarea select noframes noembed iframe")
_CELL = {"colspan", "rowspan", "headers", "scope", "align"}
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href", "hreflang", "type"},
    "abbr": {"title"},
    "audio": {"src", "controls", "preload"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "img": {"src", "alt", "width", "height"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"start", "type", "reversed"},
    "q": {"cite"},
    "source": {"src", "type"},
    "td": _CELL,
    "th": _CELL,
    "time": {"datetime"},
    "video": {"src", "poster", "controls", "preload", "width", "height"},
}
_ADDRESSES = frozenset({"href", "src", "cite", "poster"})
_SIZES = frozenset({"width", "height"})

_TAG = re.compile(r"<[a-zA-Z/!?][^>]*>?")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_UNSEEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_MEDIA = re.compile(r"<(?:img|audio|video)\b")
_SHOWN = re.compile(r'<(?:img|source)((?: [a-z-]+="[^"]*")*)>')
_TRACKER = re.compile(r' (?:width|height)="[01]"')
_CUT_REFERENCE = re.compile(r"&[#\w]{0,8}$")
_BIDI = re.compile("[\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_MARKUP = re.compile(
    r"<(?:/?(?:a|b|i|p|br|em|li|ul|ol|img|div|span|strong|h[1-6]|table|blockquote|figure))\b", re.IGNORECASE
)


def clean_html(html: str, *, base: str) -> str | None:
    """Return HTML that is safe to show anywhere, or None when nothing visible is left of it.

    Structure, formatting, links, images, audio and video stay; scripts, styles, forms, frames, embedded objects, SVG,
    MathML, every class, id, style and event attribute and images of at most one pixel go. Addresses are absolute:
    http, https, in links also mailto. What `is_heavy` finds too large or too deep is kept as escaped text.
    """
    html = legal(html)
    if is_heavy(html):
        return _as_text(html)
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=_ATTRIBUTES,
        attribute_filter=lambda tag, name, value: _attribute(tag, name, value, base),
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    if depth(cleaned) > _DEEPEST or len(cleaned) > 2 * LARGEST:  # a lone "&" becomes five characters
        return _as_text(cleaned)
    cleaned = _SHOWN.sub(_if_seen, _without_bidi(legal(cleaned))).strip()
    return cleaned if _MEDIA.search(cleaned) or _has_text(cleaned) else None


def is_heavy(html: str) -> bool:
    """Whether HTML is over 256 KB, or may be nested deeper than 256 and take long to clean."""
    return len(html) > LARGEST or len(html.encode("utf-8", "ignore")) > LARGEST or may_be_deep(html, _DEEPEST)


def clean_text(value: str, *, limit: int = _TITLE) -> str:
    """Return one line of XML-legal text: white space collapsed, bidi overrides and controls gone, at most `limit` long.

    Zero-width joiners and marks stay: emoji and Persian need them.
    """
    text = " ".join(_without_bidi(legal(value[: limit * 10])).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\u2026"


def plain_text(value: str, *, markup: bool, limit: int = _TITLE) -> str:
    """Return a title or a name as text; of `markup` tags are left out and character references decoded, once."""
    if markup:
        value = unescape(_TAG.sub("", _UNSEEN.sub("", _COMMENT.sub("", value[: limit * 10]))))
    return clean_text(value, limit=limit)


def text_to_html(text: str) -> str:
    """Return plain text as HTML: escaped, line breaks kept. Text that is plainly markup is left as it is."""
    if _MARKUP.search(text):
        return text
    return escape(text.strip(), quote=False).replace("\r\n", "\n").replace("\n", "<br>\n")


def _attribute(tag: str, name: str, value: str, base: str) -> str | None:
    """Decide on one attribute; None leaves it out."""
    if name in _SIZES:
        return value.strip() if value.strip().isascii() and value.strip().isdigit() else None
    if name not in _ADDRESSES:
        return value
    return clean_url(value, base=base) or (clean_mailbox(value) if tag == "a" else None)


def _if_seen(image: re.Match[str]) -> str:
    """Leave out images without an address and those that only count readers."""
    return "" if ' src="' not in image[1] or _TRACKER.search(image[1]) else image[0]


def _as_text(html: str) -> str | None:
    """Keep what can be read of HTML that must not be cleaned, at most 256 KB of it, cut between two characters."""
    text = unescape(_TAG.sub(" ", _UNSEEN.sub(" ", _COMMENT.sub(" ", html))))
    escaped = escape(_without_bidi(legal(text)).strip(), quote=False)
    if len(escaped.encode()) > LARGEST:
        escaped = _CUT_REFERENCE.sub("", escaped.encode()[:LARGEST].decode(errors="ignore"))
    return escaped if _has_text(escaped) else None


def _has_text(html: str) -> bool:
    return bool(_INVISIBLE.sub("", unescape(_TAG.sub("", html))))


def _without_bidi(text: str) -> str:
    return _BIDI.sub("", text)
