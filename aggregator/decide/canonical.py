"""Forms of URLs and texts in which equal things are equal.

They are keys for comparing, never shown and never fetched: scheme and `www.` are left out because every use
asks for further proof (an equal title, a contained body, the site's own feed).
"""

from __future__ import annotations

import html
import re
import string
import unicodedata
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from aggregator.decide.sites import host_of, site_of
from aggregator.decide.tracking import is_tracking
from aggregator.decide.wrappers import plain_host, plain_path, target_of

_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_ROUTE = "/:@!$&'()*+,;=?"
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_TAGS = re.compile(r"<[^>]*>")
_SEPARATORS = re.compile(r" [|\u2013\u2014\u00b7:-] ")
_WORD = re.compile(r"[^\W_]+")
_DIGITS_APART = re.compile(r"(\d) (?=\d)")
_WORDS_ALONE = bytes(ord(chr(byte).lower()) if chr(byte).isalnum() else 32 for byte in range(128)) + b" " * 128
"""What becomes of each byte of an ASCII text: a small letter, a digit, or a space."""
_ENOUGH_BODY = 200
"""Characters of a body below which containment proves nothing: a teaser may be part of many texts."""


@lru_cache(maxsize=8192)
def canonical_url(url: str | None) -> str | None:
    """Return the key of a URL, without scheme: host, path and the parameters that choose content; None if no host.

    Of a wrapper it is the key of what is wrapped, of a mobile or AMP face that of the page. A fragment is kept where
    it is a route (`#!/post/1`, `#/post/1`).
    """
    url = target_of(url or "")
    host = host_of(url)
    if not host:
        return None
    parts = urlsplit(url)
    host = plain_host(host)
    site = site_of(host)
    path = plain_path(_normal(_SESSION.sub("", parts.path), "/:@!$&'()*+,;=")).rstrip("/")
    kept = sorted(filter(None, (_parameter(site, pair) for pair in parts.query.split("&"))))
    route = f"#{_normal(parts.fragment, _ROUTE)}" if parts.fragment.startswith(("!", "/")) else ""
    if host == "youtu.be":
        host, path, kept = "youtube.com", "/watch", [f"v={path.removeprefix('/')}"]
    return host + path + (f"?{'&'.join(kept)}" if kept else "") + route


def _parameter(site: str, pair: str) -> str:
    """Return a query's `name=value` in its normal form, "" when it is there for tracking."""
    name, _, value = pair.replace("+", "%20").partition("=")
    if is_tracking(site, unquote(name), unquote(value)):
        return ""
    name, value = _normal(name, "/:@!$'()*,;?"), _normal(value, "/:@!$'()*,;?=")
    return f"{name}={value}" if value else name


def _normal(part: str, reserved: str) -> str:
    """Normalise percent-encoding (RFC 3986 section 6.2.2): unreserved characters bare, the others encoded alike."""
    return _ESCAPE.sub(_escape, quote(part, safe=f"%{reserved}", errors="surrogatepass"))


def _escape(found: re.Match[str]) -> str:
    if found[1] is None:
        return "%25"
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else f"%{found[1].upper()}"


def plain_text(markup: str | None) -> str:
    """Return the text of HTML, white space folded."""
    return " ".join(html.unescape(_TAGS.sub(" ", markup or "")).split())


def fold(text: str | None) -> str:
    """Return a text's letters and digits only, case and width folded: `Grok : 1.5!` and `grok 1.5` are equal.

    Between two digits a dot stands for what parts them: 1.11 and 1.1.1 are two versions.
    """
    text = text or ""
    if text.isascii():  # most texts, at a tenth of the cost
        words = text.encode().translate(_WORDS_ALONE).decode().split()
    else:
        words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return _DIGITS_APART.sub(r"\1.", " ".join(words)).replace(" ", "")


@lru_cache(maxsize=8192)
def fold_title(title: str | None) -> str:
    """Return a title as `fold` does: the serial stage asks for each many times."""
    return fold(title)


def titles_agree(one: str | None, other: str | None) -> bool:
    """Tell whether two titles are one, apart from case, punctuation and a trailing ` | Site name` of either.

    Tails are never cut from both: `Roundup - 12` and `Roundup - 13` differ.
    """
    first, second = fold_title(one), fold_title(other)
    if not first or not second:
        return False
    return first == second or first == fold(_without_tail(other)) or fold(_without_tail(one)) == second


def _without_tail(title: str | None) -> str:
    folded = " ".join((title or "").split())
    pieces = list(_SEPARATORS.finditer(folded))
    return folded[: pieces[-1].start()] if pieces else folded


def bodies_contain(one: str | None, other: str | None) -> bool:
    """Tell whether the text of one body contains the text of the other (a teaser's closing ellipsis aside)."""
    short, long = sorted((fold(_teaser(one)), fold(_teaser(other))), key=len)
    return len(short) >= _ENOUGH_BODY and short in long


def _teaser(body: str | None) -> str:
    return re.sub(r" ?\[?(?:\u2026|\.\.\.)\]?$", "", plain_text(body))
