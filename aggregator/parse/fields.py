"""Reading feedparser's dictionaries with care: an element of a document may have put anything under any name."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, TypeVar

from aggregator.model import Person
from aggregator.parse.clean import clean_text, clean_url, plain_text
from aggregator.parse.encoding import legal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_T = TypeVar("_T")

MANY = 100
"""Links, authors or categories that one item or header may have; more are left out."""

_LONGEST_GUID = 2000
_MARKUP = ("text/html", "application/xhtml+xml")
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"']{1,64}@[^\s@<>()\[\],;:\"']{1,255}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_SCRIPT, _REGION = 4, 2


def text_of(values: Mapping[str, Any], key: str) -> str:
    """Return a string value, trimmed; an empty one when there is none."""
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def dict_of(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a value that has parts; an empty one when there is none."""
    value = values.get(key)
    return _plain(value) if isinstance(value, dict) else {}


def dicts_of(values: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the members of a list that have parts, at most MANY."""
    value = values.get(key)
    return [_plain(member) for member in value[:MANY] if isinstance(member, dict)] if isinstance(value, list) else []


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return a dictionary that answers to its own keys only: feedparser's also know other names for them."""
    return value if type(value) is dict else dict(value)


def is_markup(detail: Mapping[str, Any]) -> bool:
    """Whether feedparser found a text to be HTML or XHTML."""
    return text_of(detail, "type").lower() in _MARKUP


def title_of(values: Mapping[str, Any], key: str = "title", limit: int = 1000) -> str:
    """Return a text construct (RFC 4287 section 3.1) as plain text, decoded once."""
    return plain_text(text_of(values, key), markup=is_markup(dict_of(values, f"{key}_detail")), limit=limit)


def number_of(values: Mapping[str, Any], *keys: str) -> int | None:
    """Return the first value that is a whole number of at least 0 (and is no larger than a database holds)."""
    for key in keys:
        text = text_of(values, key)
        if text.isascii() and text.isdigit() and len(text) < 19:  # noqa: PLR2004 - digits of 2**63
            return int(text)
    return None


def guid_of(text: str) -> str | None:
    """Return a guid as given, trimmed; of one longer than 2,000 characters its SHA-256 in hexadecimal."""
    guid = legal(text).strip()
    if len(guid) > _LONGEST_GUID:
        return hashlib.sha256(guid.encode()).hexdigest()
    return guid or None


def persons_of(values: Mapping[str, Any], key: str, base: str) -> tuple[Person, ...]:
    """Return the persons of a list, each once."""
    members = dicts_of(values, key)
    if not members:
        return ()
    if key == "authors":
        members[-1] = _undamaged(members[-1], text_of(values, "author"))
    found = (_person(member, base) for member in members)
    return unique(person for person in found if person)


def _undamaged(member: Mapping[str, Any], raw: str) -> Mapping[str, Any]:
    """Return the last author as the document has it where feedparser cut an address (a@b.museum) in two."""
    address, known = _EMAIL.search(raw), text_of(member, "email")
    if address and known and address[0] != known and address[0].startswith(known):
        return {**member, "name": raw, "email": ""}
    return member


def _person(member: Mapping[str, Any], base: str) -> Person | None:
    name = clean_text(text_of(member, "name"), limit=200)
    email = _EMAIL.search(text_of(member, "email"))
    if not email and (email := _EMAIL.search(name)):  # "a@b.museum (Name)", "Name <a@b.museum>"
        name = name.replace(email[0], "").replace("mailto:", "").strip(" ()<>[],:\u2014-")
    address = email[0] if email else None
    uri = clean_url(text_of(member, "href"), base=base) if text_of(member, "href") else None
    return Person(name=name or address or uri or "", uri=uri, email=address) if name or address or uri else None


def language_tag(value: str) -> str | None:
    """Return a language tag as BCP 47 writes it (en-US, zh-Hant-TW), or None when it is none."""
    tag = value.strip().replace("_", "-")
    if not tag or not _LANGUAGE.fullmatch(tag):
        return None
    first, *others = tag.split("-")
    return "-".join([first.lower(), *map(_subtag, others)])


def _subtag(subtag: str) -> str:
    """Cases of RFC 5646 section 2.1.1."""
    if len(subtag) == _REGION:
        return subtag.upper()
    return subtag.title() if len(subtag) == _SCRIPT and subtag.isalpha() else subtag.lower()


def unique(members: Iterable[_T]) -> tuple[_T, ...]:
    """Return the members in order, each once."""
    return tuple(dict.fromkeys(members))
