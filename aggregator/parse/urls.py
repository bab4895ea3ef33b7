"""Addresses from documents: absolute, http or https, spelt so that every reader understands the same."""

from __future__ import annotations

import html
import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

_LONGEST = 4096
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_INVISIBLE = re.compile("[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_LINE_BREAKS = re.compile("[\t\n\r]")
_FINISHED = re.compile(
    r"https?://[a-z0-9.-]++(?:/[\w.~%/:=&+!$,'@()*-]*+(?:\?[\w.~%/:=&?+!$,'@()*-]++)?(?:#[\w.~%/:=&+!$,'@()*-]++)?)?",
    re.ASCII,
)
"""A URL that is as it shall be: without all that may change it (ports, parameters after `;`, nothing after `?`)."""
_EDGES = "".join(map(chr, range(0x21))) + "\x7f"
_KEPT = "%/:=&?~#+!$,;'@()*[]"
"""Left as they are beside letters, digits and `_.-~`: RFC 3986's reserved characters and what is encoded already."""
_MAILBOX = re.compile(r"mailto:[^\s<>\"']{3,320}", re.IGNORECASE)


def clean_url(value: str, *, base: str) -> str | None:
    """Return an absolute http(s) URL of at most 4,096 characters, or None.

    Relative references are resolved against `base` (RFC 3986 section 5). A scheme other than http and https is None
    however it is spelt: in capitals, cut by tabs or line breaks, or in character references. Backslashes count as
    slashes, as in browsers. Host names are lower case and in IDNA; what a URL cannot hold is percent-encoded.
    """
    value = _LINE_BREAKS.sub("", value.strip(_EDGES))
    if not value or len(value) > _LONGEST:
        return None
    if _FINISHED.fullmatch(value):
        return value
    if not _is_web(value):
        return None
    before, mark, query = value.partition("?")
    try:
        resolved = urlsplit(urljoin(base, before.replace("\\", "/") + mark + query))
        host = _host(resolved.hostname or "")
        port = resolved.port
    except (ValueError, UnicodeError):
        return None
    if resolved.scheme not in ("http", "https") or not host:
        return None
    login = resolved.netloc.rpartition("@")[0]
    netloc = (f"{quote(login, _KEPT)}@" if login else "") + host + (f":{port}" if port is not None else "")
    url = urlunsplit((resolved.scheme, netloc, *(quote(part, _KEPT, errors="ignore") for part in resolved[2:])))
    return url if len(url) <= _LONGEST else None


def clean_mailbox(value: str) -> str | None:
    """Return a mailto: URL (RFC 6068) as it is, or None when it is something else."""
    value = value.strip(_EDGES)
    return value if _MAILBOX.fullmatch(value) else None


def absolute(reference: str, base: str) -> str:
    """Resolve an xml:base (XML Base section 4); `base` when that makes no sense."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return base


def _is_web(value: str) -> bool:
    """Whether a reference has no scheme, or http or https, also when what hides a scheme is taken away."""
    if value.startswith(("https://", "http://")):
        return True
    for spelling in (value, _INVISIBLE.sub("", html.unescape(value))):
        scheme = _SCHEME.match(spelling)
        if scheme and scheme[1].lower() not in ("http", "https"):
            return False
    return True


def _host(name: str) -> str:
    """Host name in lower-case ASCII; ValueError when it cannot be one."""
    if ":" in name:
        return f"[{name}]"
    name = name if name.isascii() else name.encode("idna").decode("ascii")
    if re.search(r"[\x00-\x20\x7f\"#%/<>?@\\^`{|}]", name):
        raise ValueError("no host name")
    return name
