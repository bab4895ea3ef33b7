"""Atom 1.0: the grammar of RFC 4287, its rules in Schematron and in prose, the validator's warnings, RFC 5005's links."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from judges.markup import ATOM, HISTORY, MEDIA, XML, attribute_faults, child_faults, duplicates, media_faults, parsed
from judges.words import (
    address_faults,
    email_faults,
    html_faults,
    id_faults,
    language_faults,
    media_type_faults,
    name_faults,
    number_faults,
    plain_faults,
    rfc3339_faults,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRAMMAR = etree.RelaxNG(etree.parse(Path(__file__).parent / "atom.rng"))
_RELATIONS = frozenset(
    [
        "alternate",
        "current",
        "describedby",
        "enclosure",
        "hub",
        "license",
        "next-archive",
        "prev-archive",
        "related",
        "replies",
        "self",
        "via",
    ]
)
_OF_FEEDS = frozenset({"current", "prev-archive", "next-archive", "hub"})
"""Relations that mean nothing in an entry (FeedHistoryRelInEntry)."""


def judge_atom(document: bytes, address: str) -> list[str]:
    """Return what is wrong with an Atom feed document that is served at an address."""
    feed, faults = parsed(document)
    if not _GRAMMAR.validate(feed):
        faults += [f"RFC 4287, appendix B: {error.message}" for error in _GRAMMAR.error_log]
    return [*faults, *_feed_faults(feed, address), *_entries_faults(feed)]


def _feed_faults(feed: Any, address: str) -> Iterator[str]:
    yield from child_faults(
        feed,
        once={f"{ATOM}{name}" for name in ("id", "title", "updated", "author")},
        at_most={f"{ATOM}{name}" for name in ("subtitle", "generator", "icon", "logo", "rights")}
        | {f"{HISTORY}archive"},
        many={f"{ATOM}{name}" for name in ("link", "category", "contributor", "entry")},
    )
    yield from _common_faults(feed)
    selves = [link.get("href") for link in feed.iterfind(f"{ATOM}link[@rel='self']")]
    if len(selves) != 1:
        yield f"MissingSelf: {selves}"
    elif selves[0] != address:
        yield f"SelfDoesntMatchLocation: {selves[0]} at {address}"
    if feed.find(f"{ATOM}link[@rel='alternate']") is None:
        yield "MissingAlternateLink"
    yield from _history_faults(feed)


def _history_faults(feed: Any) -> Iterator[str]:
    """Yield what is wrong with a document of an archived feed (RFC 5005 section 4)."""
    relations = {link.get("rel") for link in feed.iterfind(f"{ATOM}link")}
    if feed.find(f"{HISTORY}archive") is not None and "current" not in relations:
        yield "MissingCurrentInArchive"
    if feed.find(f"{HISTORY}archive") is None and "next-archive" in relations:
        yield "ArchiveIncomplete: next-archive in the subscription document"


def _entries_faults(feed: Any) -> Iterator[str]:
    entries = feed.findall(f"{ATOM}entry")
    for name in ("id", "updated"):
        found = duplicates([entry.findtext(f"{ATOM}{name}") for entry in entries])
        yield from (f"DuplicateEntries or DuplicateUpdated: {value}" for value in found)
    for entry in entries:
        yield from (f"{fault} (entry {entry.findtext(f'{ATOM}id')})" for fault in _entry_faults(entry))


def _entry_faults(entry: Any) -> Iterator[str]:
    yield from child_faults(
        entry,
        once={f"{ATOM}{name}" for name in ("id", "title", "updated", "published", "source")},
        at_most={f"{ATOM}{name}" for name in ("rights", "summary", "content")},
        many={f"{ATOM}{name}" for name in ("author", "contributor", "category", "link")}
        | {f"{MEDIA}content", f"{MEDIA}thumbnail"},
    )
    yield from _common_faults(entry)
    content, summary = entry.find(f"{ATOM}content"), entry.find(f"{ATOM}summary")
    if entry.find(f"{ATOM}author") is None:
        yield "MissingElement: author"
    if content is None and entry.find(f"{ATOM}link[@rel='alternate']") is None:
        yield "MissingContentOrAlternate"
    if content is None and summary is None:
        yield "MissingTextualContent"
    yield from (
        f"FeedHistoryRelInEntry: {rel}" for rel in _OF_FEEDS if entry.find(f"{ATOM}link[@rel='{rel}']") is not None
    )
    for category in entry.iterfind(f"{ATOM}category"):
        yield from attribute_faults(category, {"term", "label"}, {"scheme"})
        yield from plain_faults(category.get("label", ""))
        yield from address_faults(category.get("scheme", "urn:x-none:0"))
    yield from media_faults(entry)
    yield from _source_faults(entry.find(f"{ATOM}source"))


def _source_faults(source: Any) -> Iterator[str]:
    """A copied entry names its source in full (RFC 4287 section 4.2.11; MissingSourceElement)."""
    if source is None:
        return
    yield from child_faults(
        source,
        once={f"{ATOM}{name}" for name in ("id", "title", "updated")},
        at_most={f"{ATOM}{name}" for name in ("subtitle", "icon", "logo", "rights", "generator")},
        many={f"{ATOM}{name}" for name in ("author", "contributor", "category", "link")},
    )
    yield from _common_faults(source)


def _common_faults(parent: Any) -> Iterator[str]:
    """Yield what is wrong with what feed, entry and source have in common."""
    yield from id_faults(parent.findtext(f"{ATOM}id", ""))
    for name in ("updated", "published"):
        for moment in parent.iterfind(f"{ATOM}{name}"):
            yield from rfc3339_faults(moment.text)
    for name in ("title", "subtitle", "rights", "summary", "content"):
        for construct in parent.iterfind(f"{ATOM}{name}"):
            yield from _text_faults(construct)
    for person in parent.iterchildren(f"{ATOM}author", f"{ATOM}contributor"):
        yield from _person_faults(person)
    yield from _links_faults(parent.findall(f"{ATOM}link"))
    if (language := parent.get(f"{XML}lang")) is not None:
        yield from language_faults(language)


def _text_faults(construct: Any) -> Iterator[str]:
    words = construct.text or ""
    if not words.strip() or len(construct):
        yield f"NotBlank: {construct.tag}"
    yield from html_faults(words) if construct.get("type") == "html" else plain_faults(words)


def _person_faults(person: Any) -> Iterator[str]:
    yield from name_faults(person.findtext(f"{ATOM}name", ""))
    for email in person.iterfind(f"{ATOM}email"):
        yield from email_faults(email.text or "")
    for uri in person.iterfind(f"{ATOM}uri"):
        yield from address_faults(uri.text)


def _links_faults(links: list[Any]) -> Iterator[str]:
    kinds = [(link.get("rel"), link.get("type"), link.get("hreflang")) for link in links]
    yield from (f"DuplicateAtomLink: {kind}" for kind in duplicates([kind for kind in kinds if kind[0] == "alternate"]))
    yield from (
        f"DuplicateAtomLink: {rel}" for rel in duplicates([rel for rel, _, _ in kinds if rel in ("self", "current")])
    )
    places = [(link.get("rel"), link.get("href")) for link in links if link.get("rel") in ("enclosure", "hub")]
    yield from (f"DuplicateEnclosure or hub: {place}" for place in duplicates(places))
    for link in links:
        yield from _link_faults(link)


def _link_faults(link: Any) -> Iterator[str]:
    yield from attribute_faults(link, {"href", "rel"}, {"type", "hreflang", "title", "length"})
    yield from address_faults(link.get("href"))
    yield from media_type_faults(link.get("type", "a/b"))
    yield from language_faults(link.get("hreflang", "en"))
    yield from number_faults(link.get("length", "0"))
    yield from plain_faults(link.get("title", ""))
    if link.get("rel") not in _RELATIONS:
        yield f"UnregisteredAtomLinkRel: {link.get('rel')}"
    if (
        link.get("rel") == "self"
        and link.getparent().tag == f"{ATOM}feed"
        and link.get("type") != "application/atom+xml"
    ):
        yield f"SelfNotAtom: {link.get('type')}"
    if len(link) or (link.text or "").strip():
        yield "AtomLinkNotEmpty"
