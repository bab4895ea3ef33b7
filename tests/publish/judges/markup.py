"""What holds for every XML document: its encoding, namespaces, doctype; counting children."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from lxml import etree

from judges.words import address_faults, media_type_faults, number_faults, text_faults

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DC = "{http://purl.org/dc/elements/1.1/}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
MEDIA = "{http://search.yahoo.com/mrss/}"
PREFIXES = {"atom": ATOM, "content": CONTENT, "dc": DC, "fh": HISTORY, "media": MEDIA}
"""The names under which the validator expects namespaces (ReservedPrefix, NonstdPrefix)."""
XML = "{http://www.w3.org/XML/1998/namespace}"


def parsed(document: bytes) -> tuple[Any, list[str]]:
    """Return the root element, and what is wrong with the document as XML; raise XMLSyntaxError."""
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    return root, list(_faults(root, document))


def _faults(root: Any, document: bytes) -> Iterator[str]:
    if not re.match(rb"<\?xml version=['\"]1\.0['\"] encoding=['\"]utf-8['\"]", document, re.IGNORECASE):
        yield f"MissingEncoding: {document[:60]!r}"
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        yield "InvalidDoctype"
    yield from _namespace_faults(root)
    for element in root.iter(etree.Element):
        for words in (element.text, *element.attrib.values()):
            yield from text_faults(words or "")


def _namespace_faults(root: Any) -> Iterator[str]:
    for element in root.iter(etree.Element):
        for prefix, name in element.nsmap.items():
            if prefix is not None and f"{{{name}}}" != PREFIXES.get(prefix, f"{{{name}}}"):
                yield f"ReservedPrefix: {prefix} for {name}"
        tag = etree.QName(element)
        if tag.namespace is not None and f"{{{tag.namespace}}}" not in PREFIXES.values():
            yield f"UnknownNamespace: {tag}"


def child_faults(parent: Any, once: Collection[str], at_most: Collection[str], many: Collection[str]) -> Iterator[str]:
    """Yield MissingElement, DuplicateElement and UndefinedElement for the children of an element."""
    counts = Counter(child.tag for child in parent.iterchildren(etree.Element))
    yield from (f"MissingElement: {parent.tag}/{tag}" for tag in once if not counts[tag])
    yield from (f"DuplicateElement: {parent.tag}/{tag}" for tag in (*once, *at_most) if counts[tag] > 1)
    known = {*once, *at_most, *many}
    yield from (f"UndefinedElement: {parent.tag}/{tag}" for tag in counts if tag not in known)


def attribute_faults(element: Any, required: Collection[str], allowed: Collection[str] = ()) -> Iterator[str]:
    """Yield MissingAttribute, UnexpectedAttribute and AttrNotBlank."""
    yield from (f"MissingAttribute: {element.tag}@{name}" for name in required if name not in element.attrib)
    known = {*required, *allowed, f"{XML}lang"}
    yield from (f"UnexpectedAttribute: {element.tag}@{name}" for name in element.attrib if name not in known)
    yield from (f"AttrNotBlank: {element.tag}@{name}" for name, value in element.attrib.items() if not value.strip())


def media_faults(parent: Any) -> Iterator[str]:
    """Yield what is wrong with Media RSS."""
    for content in parent.iterfind(f"{MEDIA}content"):
        yield from attribute_faults(content, {"url"}, {"type", "fileSize", "duration", "medium"})
        yield from address_faults(content.get("url"))
        yield from media_type_faults(content.get("type", "a/b"))
        yield from number_faults(content.get("fileSize", "1"), 1)
        yield from number_faults(content.get("duration", "1"), 1)
    for thumbnail in parent.iterfind(f"{MEDIA}thumbnail"):
        yield from attribute_faults(thumbnail, {"url"})
        yield from address_faults(thumbnail.get("url"))


def duplicates(values: Collection[Any]) -> list[Any]:
    """Return the values that are there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]
