"""What a reader sees of an item, apart from what machines write anew at every request.

Two versions of an item look alike when their title, text and the targets of their links, pictures and enclosures are
the same. Markup, attributes, signatures, cache busters, tracking and counters ("12 comments") are no part of that.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aggregator.decide.canonical import canonical_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aggregator.model import Item

_TAG = re.compile(r"<(/?[A-Za-z][A-Za-z0-9]*)((?:[^<>\"]|\"[^\"]*\")*+)>")
_ATTRIBUTE = re.compile(r'\b(href|src|poster|alt|title)="([^"]*)"')
_INLINE = re.compile(
    r"/?(?:a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|i|img|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|time|"
    r"tt|u|var|wbr|rb|rp|rt|ruby)"
)
"""Elements that do not end a line of text."""
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+")
_MARK = re.compile("[|\u00b7\u2022]")
"""What parts things that stand beside each other in a line."""
_BESIDE = re.compile(rf"\n|(?: {_MARK.pattern} )")

_COUNTED = (
    r"comments?|repl(?:y|ies)|answers?|points?|scores?|votes?|upvotes?|likes?|claps?|reactions?|shares?|reposts?|"
    r"retweets?|boosts?|views?|reads|stars?|forks?|watchers|downloads?|installs|followers|subscribers|bookmarks?|"
    r"favou?rites?|kommentare?|commentaires?|comentarios?|commenti|\u8bc4\u8bba|\u70b9\u8d5e|\u9605\u8bfb"
)
_NUMBER = r"\d[\d.,\u00a0\u202f]*[kKmM]?"
_COUNTER = re.compile(
    rf"\W*(?:(?:[\w-]+ ){{0,2}}(?:{_COUNTED}) ?[:(] ?{_NUMBER}"
    rf"|{_NUMBER} ?(?:\w+ )?(?:{_COUNTED})(?: today| so far| this (?:week|month|year))?)\W*",
    re.IGNORECASE,
)
"""A line, or a part of one, that says nothing but how often something was done."""
_LONGEST_COUNTER = 80
_COUNTER_IN_TITLE = re.compile(rf"\s*[(\[]\s*{_NUMBER} ?(?:{_COUNTED})\s*[)\]]$", re.IGNORECASE)

_SIGNED = re.compile(
    r"x-(?:amz|goog|oss|bce|tos)-[\w-]+|awsaccesskeyid|googleaccessid|ossaccesskeyid|key-pair-id|policy|signature|sig|"
    r"hmac|expires?|nonce|cache_?bust(?:er)?|cb|rnd|rand(?:om)?|_",
    re.IGNORECASE,
)
"""Signatures of stores and delivery networks, and what only keeps caches from answering."""
_PASSING = re.compile(
    r"token|auth\w*|hash|hmac|key|ticket|sid|session\w*|click\w*|track\w*|trk\w*|visit\w*|[ctu]id|ts|time(?:stamp)?|now",
    re.IGNORECASE,
)
"""Names that go where the value is made by a machine."""
_STAMP = re.compile(
    r"ver?|v|t|rev|updated|modified|oe|oh|ccb|stp|edm|_nc_\w+|se|sp|sv|sr|st|spr|sk[a-z]+", re.IGNORECASE
)
"""Names of versions and signatures in the addresses of pictures and sounds."""
_MADE = re.compile(
    r"1\d{9}(?:\d{3})?|0\.\d{6,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|"
    r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/_~=]{20,}"
)
"""What a machine made: a time in seconds or milliseconds, a random fraction, a UUID, hexadecimals, base64."""


def appearance(item: Item) -> tuple[str, ...]:
    """Return what a reader sees of an item: title, link, text, and where its links, pictures and enclosures lead."""
    text, places = _body(item.content or item.summary or "")
    enclosures = [_without(enclosure.href, _is_of_a_file) for enclosure in item.enclosures]
    return (seen_title(item.title), _without(item.link or "", _is_passing), text, "\n".join([*places, "", *enclosures]))


def seen_title(title: str) -> str:
    """Return a title with its white space folded, less a closing counter: `News (12 comments)`."""
    return _COUNTER_IN_TITLE.sub("", _folded(title))


def _folded(text: str) -> str:
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    return " ".join(text.split())


def _body(markup: str) -> tuple[str, list[str]]:
    """Return the text of HTML, and what its elements lead to and show."""
    places: list[str] = []

    def read(tag: re.Match[str]) -> str:
        name = tag[1].lower()
        places.extend(_places(name, tag[2]))
        return "" if _INLINE.fullmatch(name) else "\n"

    text = html.unescape(_TAG.sub(read, markup.replace("\n", " ")))
    told = map(_folded, _BESIDE.split(text) if _MARK.search(text) else text.split("\n"))
    return " ".join(line for line in told if line and not _is_counter(line)), places


def _is_counter(line: str) -> bool:
    return len(line) <= _LONGEST_COUNTER and _COUNTER.fullmatch(line) is not None


def _places(name: str, attributes: str) -> Iterator[str]:
    for attribute, value in _ATTRIBUTE.findall(attributes):
        value = html.unescape(value)  # noqa: PLW2901 - as it is read
        if attribute in ("alt", "title"):
            if name != "a":
                yield _folded(value)
        else:
            yield _without(value, _is_made if attribute == "href" else _is_of_a_file)


def _without(url: str, leaves: Callable[[str, str], bool]) -> str:
    """Return the key of an address, less the parameters that `leaves` says are written anew all the time."""
    key = canonical_url(url)
    if key is None:
        return url
    place, mark, query = key.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&"))
    kept = [f"{name}={value}" for name, _, value in pairs if mark and not leaves(unquote(name), unquote(value))]
    return f"{place}?{'&'.join(kept)}" if kept else place


def _is_passing(name: str, value: str) -> bool:
    """Tell whether name and value both look like a token: what may choose an article stays, however random."""
    return bool(_SIGNED.fullmatch(name) or (_PASSING.fullmatch(name) and _MADE.fullmatch(value)))


def _is_made(name: str, value: str) -> bool:
    return bool(_SIGNED.fullmatch(name) or _MADE.fullmatch(value or name))


def _is_of_a_file(name: str, value: str) -> bool:
    """Tell whether a parameter of a picture or sound says which version, or that we may have it; not which one."""
    return bool(_STAMP.fullmatch(name) or _PASSING.fullmatch(name)) or _is_made(name, value)
