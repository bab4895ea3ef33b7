"""RSS 2.0: the specification, the RSS Advisory Board's profile, and the validator's warnings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from judges.markup import ATOM, CONTENT, DC, MEDIA, attribute_faults, child_faults, duplicates, media_faults, parsed
from judges.words import (
    address_faults,
    file_faults,
    html_faults,
    language_faults,
    media_type_faults,
    name_faults,
    number_faults,
    plain_faults,
    rfc822_faults,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = re.compile(
    rb"<(title|category|source|copyright)(?: [^>]*)?>([^<]*)</|<channel>.*?<(description)>([^<]*)</", re.DOTALL
)
_FEW_DIGITS = re.compile(r"\d{1,8}")


def judge_rss(document: bytes, address: str) -> list[str]:
    """Return what is wrong with an RSS 2.0 document that is served at an address."""
    rss, faults = parsed(document)
    if (rss.tag, rss.get("version"), len(rss), list(rss.attrib)) != ("rss", "2.0", 1, ["version"]):
        faults.append(f"InvalidRSSVersion: {rss.tag} {dict(rss.attrib)}")
    return [*faults, *_character_faults(document), *_channel_faults(rss[0], address), *_items_faults(rss[0])]


def _character_faults(document: bytes) -> Iterator[str]:
    """Yield CharacterData and ContainsHTML: the profile wants & and < of plain text as hexadecimal references."""
    for found in _PLAIN.finditer(document):
        name, written = (found[1] or found[3]).decode(), (found[2] or found[4] or b"").decode()
        words = written.replace("&#x26;", "&").replace("&#x3C;", "<").replace("&gt;", ">")
        if "&amp;" in written or "&lt;" in written:
            yield f"CharacterData: {name} {written[:60]!r}"
        elif "&#x" in written:
            yield from (fault for fault in plain_faults(words) if "</" in fault)
        else:
            yield from plain_faults(words)


def _channel_faults(channel: Any, address: str) -> Iterator[str]:
    yield from child_faults(
        channel,
        once={"title", "link", "description", "ttl"},
        at_most={
            "language",
            "docs",
            "generator",
            "copyright",
            "lastBuildDate",
            "pubDate",
            "managingEditor",
            "webMaster",
        },
        many={"item", "category", f"{ATOM}link"},
    )
    tags = [child.tag for child in channel]
    if "item" in tags and set(tags[tags.index("item") :]) != {"item"}:
        yield "MisplacedItem"
    for name in ("title", "description"):
        if not channel.findtext(name, "").strip():
            yield f"NotBlank: {name}"
    yield from address_faults(channel.findtext("link"))
    yield from number_faults(channel.findtext("ttl"), 1)
    if channel.find("language") is not None:
        yield from language_faults(channel.findtext("language"))
    for name in ("lastBuildDate", "pubDate"):
        for moment in channel.iterfind(name):
            yield from rfc822_faults(moment.text)
    for name in ("managingEditor", "webMaster"):
        for person in channel.iterfind(name):
            yield from _mailbox_faults(person.text or "")
    yield from _link_faults(channel, address)


def _link_faults(channel: Any, address: str) -> Iterator[str]:
    links = channel.findall(f"{ATOM}link")
    selves = [link.get("href") for link in links if link.get("rel") == "self"]
    if len(selves) != 1:
        yield f"MissingAtomSelfLink: {selves}"
    elif selves[0] != address:
        yield f"SelfDoesntMatchLocation: {selves[0]} at {address}"
    for link in links:
        yield from attribute_faults(link, {"href", "rel"}, {"type"})
        yield from address_faults(link.get("href"))
        if link.get("rel") not in ("self", "hub"):
            yield f"UnregisteredAtomLinkRel: {link.get('rel')}"
        if link.get("rel") == "self" and link.get("type") != "application/rss+xml":
            yield f"SelfNotAtom: {link.get('type')}"


def _mailbox_faults(words: str) -> Iterator[str]:
    """The profile wants `ann@news.example (Ann Author)`."""
    if not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+ \([^()]+\)", words):
        yield f"EmailFormat or MissingRealName: {words!r}"


def _items_faults(channel: Any) -> Iterator[str]:
    items = channel.findall("item")
    yield from (f"DuplicateValue: guid {guid}" for guid in duplicates([item.findtext("guid") for item in items]))
    for item in items:
        yield from (f"{fault} (item {item.findtext('guid')})" for fault in _item_faults(item))


def _item_faults(item: Any) -> Iterator[str]:
    yield from child_faults(
        item,
        once={"title", "description", "guid", "pubDate"},
        at_most={"link", "comments", "enclosure", "source", f"{CONTENT}encoded", f"{DC}language", f"{DC}rights"},
        many={"category", f"{DC}creator", f"{MEDIA}content", f"{MEDIA}thumbnail"},
    )
    if not item.findtext("title", "").strip():
        yield "NotBlank: title"
    if item.find(f"{DC}creator") is None:
        yield "MissingElement: dc:creator"
    for creator in item.iterfind(f"{DC}creator"):
        yield from name_faults(creator.text or "")
    yield from _text_faults(item)
    yield from rfc822_faults(item.findtext("pubDate"))
    yield from _guid_faults(item.find("guid"))
    for name in ("link", "comments"):
        for place in item.iterfind(name):
            yield from address_faults(place.text)
    for language in item.iterfind(f"{DC}language"):
        yield from language_faults(language.text)
    yield from _part_faults(item)
    yield from media_faults(item)


def _text_faults(item: Any) -> Iterator[str]:
    tags = [child.tag for child in item]
    for name in ("description", f"{CONTENT}encoded"):
        for text in item.iterfind(name):
            if not (text.text or "").strip():
                yield f"NotBlank: {name}"
            yield from html_faults(text.text or "")
    if f"{CONTENT}encoded" in tags and tags.index("description") > tags.index(f"{CONTENT}encoded"):
        yield "NeedDescriptionBeforeContent"


def _guid_faults(guid: Any) -> Iterator[str]:
    if guid is None:
        return
    yield from attribute_faults(guid, {"isPermaLink"})
    words = guid.text or ""
    if guid.get("isPermaLink") == "true":
        yield from (f"InvalidHttpGUID: {words}" for _ in address_faults(words))
        if not words.startswith("http"):
            yield f"InvalidPermalink: {words}"
    elif guid.get("isPermaLink") != "false":
        yield f"InvalidBooleanAttribute: {guid.get('isPermaLink')}"
    elif _FEW_DIGITS.fullmatch(words):
        yield f"NotSufficientlyUnique: {words}"


def _part_faults(item: Any) -> Iterator[str]:
    for enclosure in item.iterfind("enclosure"):
        yield from attribute_faults(enclosure, {"url", "length", "type"})
        yield from file_faults(enclosure.get("url"))
        yield from number_faults(enclosure.get("length"))
        yield from media_type_faults(enclosure.get("type"))
    for source in item.iterfind("source"):
        yield from attribute_faults(source, {"url"})
        yield from address_faults(source.get("url"))
        if not (source.text or "").strip():
            yield "NotBlank: source"
    for category in item.iterfind("category"):
        yield from attribute_faults(category, (), {"domain"})
        if not (category.text or "").strip():
            yield "NotBlank: category"
