"""What documents bring, made harmless: HTML for readers, text for titles and names, addresses."""

from __future__ import annotations

import re
import threading
from html import escape, unescape

import nh3

from aggregator.parse.encoding import legal
from aggregator.parse.nesting import depth, may_be_deep
from aggregator.parse.urls import clean_mailbox, clean_url

__all__ = ["LARGEST", "clean_html", "clean_text", "clean_url", "is_heavy", "plain_text", "text_to_html"]

LARGEST = 256 * 1024
"""Bytes of HTML that one item may have; more is kept as text."""
_WIDEST = 4
"""Bytes of a character in UTF-8, at most."""
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
_BEGINS_WITH_WORDS = re.compile(r"(?:<[a-zA-Z/!?][^>]*>|\s)*+[A-Za-z0-9]")
_MEANT = re.compile("[<>&\r\xa0\ufeff]")
"""What the sanitiser writes in another way than it reads it."""
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


class _Sanitiser(threading.local):
    """nh3 with our rules, made once for each thread: making it takes longer than to clean an item."""

    def __init__(self) -> None:
        self._base = ""
        self._nh3 = nh3.Cleaner(
            tags=_TAGS,
            clean_content_tags=_DROPPED_WHOLE,
            attributes=_ATTRIBUTES,
            attribute_filter=lambda tag, name, value: _attribute(tag, name, value, self._base),
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer",
        )

    def clean(self, html: str, base: str) -> str:
        """Return what may be shown of HTML, addresses resolved against `base`."""
        self._base = base
        return self._nh3.clean(html)


_SANITISER = _Sanitiser()


def clean_html(html: str, *, base: str) -> str | None:
    """Return HTML that is safe to show anywhere, or None when nothing visible is left of it.

    Structure, formatting, links, images, audio and video stay; scripts, styles, forms, frames, embedded objects, SVG,
    MathML, every class, id, style and event attribute and images of at most one pixel go. Addresses are absolute:
    http, https, in links also mailto. What `is_heavy` finds too large or too deep is kept as escaped text.
    """
    html = legal(html)
    if is_heavy(html):
        return _as_text(html)
    cleaned = _SANITISER.clean(html, base) if _MEANT.search(html) else html
    too_deep = cleaned.count("<") > _DEEPEST and depth(cleaned) > _DEEPEST
    if too_deep or len(cleaned) > 2 * LARGEST:  # a lone "&" becomes five characters
        return _as_text(cleaned)
    cleaned = _without_bidi(legal(cleaned))
    if "<img" in cleaned or "<source" in cleaned:
        cleaned = _SHOWN.sub(_if_seen, cleaned)
    cleaned = cleaned.strip()
    return cleaned if _MEDIA.search(cleaned) or _has_text(cleaned) else None


def is_heavy(html: str) -> bool:
    """Whether HTML is over 256 KB, or may be nested deeper than 256 and take long to clean."""
    if len(html) * _WIDEST > LARGEST and (len(html) > LARGEST or len(html.encode("utf-8", "ignore")) > LARGEST):
        return True
    return may_be_deep(html, _DEEPEST)


def clean_text(value: str, *, limit: int = _TITLE) -> str:
    """Return one line of XML-legal text: white space collapsed, bidi overrides and controls gone, at most `limit` long.

    Zero-width joiners and marks stay: emoji and Persian need them.
    """
    value = value[: limit * 10]
    text = " ".join((value if value.isprintable() else _without_bidi(legal(value))).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\u2026"


def plain_text(value: str, *, markup: bool, limit: int = _TITLE) -> str:
    """Return a title or a name as text; of `markup` tags are left out and character references decoded, once."""
    if markup:
        value = value[: limit * 10]
        value = unescape(_TAG.sub("", _UNSEEN.sub("", _COMMENT.sub("", value))) if "<" in value else value)
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
    return bool(_BEGINS_WITH_WORDS.match(html) or _INVISIBLE.sub("", unescape(_TAG.sub("", html))))


def _without_bidi(text: str) -> str:
    return text.replace("\x7f", "") if text.isascii() else _BIDI.sub("", text)
