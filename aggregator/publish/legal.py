"""What may stand in a published document: XML-legal text, http addresses, language tags, media types.

The stages before clean what they store; this is the last door, so that one string that slipped through
neither breaks a document nor draws a validator's warning.
"""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from aggregator.parse.urls import clean_url

if TYPE_CHECKING:
    from datetime import datetime

_ODD = re.compile("\r\n?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffd-\uffff]")
_WHITE = re.compile(r"[ \t\n]+")
_PLAIN_ADDRESS = re.compile(
    r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,4})?/[\w;/?:@&=+$.\-!~*'(),%]*(?:#[\w/?&=.~%-]*)?", re.ASCII
)
_SAFE = ";/?:@&=+$.-_!~*'(),%"
_TAG_URI = re.compile(r"tag:[a-z0-9.\-_@]+,\d{4}(-\d\d(-\d\d)?)?:[\w;/?:@&=+$.\-!~*'(),%#]*", re.ASCII)
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]{1,31}:(?:[\w()+,.:=@;$!*'-]|%[0-9a-f]{2})+", re.ASCII | re.IGNORECASE)
_UUID_URN = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+'-]+@(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*", re.ASCII | re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[\w.+!#$&^-]+/[\w.+!#$&^-]+", re.ASCII)
_SUBTAGS = re.compile(r"(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_LANGUAGES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
    "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is "
    "it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms "
    "mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk "
    "sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi "
    "yo za zh zu fil"
)
"""ISO 639-1 and fil."""
_KNOWN_LANGUAGES = frozenset(_LANGUAGES.split())
_MEDIA_TYPES = {
    ".aac": "audio/aac",
    ".avif": "image/avif",
    ".epub": "application/epub+zip",
    ".flac": "audio/flac",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".m4a": "audio/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".zip": "application/zip",
}
"""Our own table: the one of the standard library differs between machines and versions."""


def text(value: str | None) -> str:
    """Drop what XML 1.0 (section 2.2) forbids or discourages; windows-1252 taken for latin-1 is read right."""
    return _ODD.sub(_mended, value) if value else ""


def _mended(odd: re.Match[str]) -> str:
    character = odd[0]
    if character[0] == "\r":
        return "\n"
    if "\x80" <= character <= "\x9f":
        return character.encode("latin-1").decode("windows-1252", "ignore")
    return "?" if character == "\ufffd" else ""


def line(value: str | None) -> str:
    """Legal text as one line without blanks at its ends."""
    if not value:
        return ""
    clean = text(value)
    return (clean if clean.isprintable() and "  " not in clean else _WHITE.sub(" ", clean)).strip()


def address(url: str | None) -> str | None:
    """Return an absolute http or https address as an ASCII URI without credentials; anything else is None."""
    if url is None or _PLAIN_ADDRESS.fullmatch(url):
        return url
    cleaned = clean_url(text(url), base="")
    if cleaned is None:
        return None
    parts = urlsplit(cleaned)
    path, query, fragment = (quote(part, safe=_SAFE) for part in parts[2:])
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path or "/", query, fragment))


def rfc3339(moment: datetime) -> str:
    """Write a moment in UTC, with milliseconds where there are any: they tell equal moments apart."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def uri(value: str | None) -> str | None:
    """Return an absolute http address, `tag:` or `urn:` as given if validators take it, else None."""
    if not value:
        return None
    if value[:9].lower() == "urn:uuid:":
        return value if _UUID_URN.fullmatch(value) else None
    known = _PLAIN_ADDRESS.fullmatch(value) or _TAG_URI.fullmatch(value) or _URN.fullmatch(value)
    return value if known else None


def language(tag: str | None) -> str | None:
    """Return a language tag (BCP 47) whose language ISO 639-1 knows, else None: `en_US` becomes `en-US`, `jp` None."""
    tag = (tag or "").strip().replace("_", "-")
    primary = tag.partition("-")[0]
    known = primary.lower() in _KNOWN_LANGUAGES and _SUBTAGS.fullmatch(tag, len(primary))
    return tag if known else None


def email(value: str | None) -> str | None:
    """Return an e-mail address (RFC 5322 addr-spec with a full domain), else None."""
    value = (value or "").strip()
    return value if _EMAIL.fullmatch(value) else None


def media_type(given: str | None, url: str) -> str | None:
    """Return the media type as given when it is one, else what the address's ending says, else None."""
    given = (given or "").partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(given):
        return given
    return _MEDIA_TYPES.get(PurePosixPath(urlsplit(url).path).suffix.lower())
