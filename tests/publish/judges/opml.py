"""OPML 2.0 subscription lists: the specification and the validator's warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from judges.markup import attribute_faults, child_faults, parsed
from judges.words import address_faults, html_faults, rfc822_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_OUTLINES = ("type", "title", "xmlUrl", "htmlUrl", "category", "description", "language", "created")


def judge_opml(document: bytes, address: str) -> list[str]:
    """Return what is wrong with a subscription list."""
    opml, faults = parsed(document)
    if opml.tag != "opml" or opml.get("version") != "2.0":
        faults.append(f"InvalidOPMLVersion: {opml.tag} {opml.get('version')}")
    faults += child_faults(opml, once={"head", "body"}, at_most=(), many=())
    head, body = opml.find("head"), opml.find("body")
    faults += child_faults(head, once={"title"}, at_most={"dateCreated", "dateModified", "ownerName"}, many=())
    faults += html_faults(head.findtext("title"))
    for name in ("dateCreated", "dateModified"):
        for moment in head.iterfind(name):
            faults += rfc822_faults(moment.text)
    faults += child_faults(body, once=(), at_most=(), many={"outline"})
    if not len(body):
        faults.append("MissingElement: body/outline")
    return [*faults, *(fault for outline in body.iter("outline") for fault in _outline_faults(outline))]


def _outline_faults(outline: Any) -> Iterator[str]:
    yield from attribute_faults(outline, {"text"}, _OF_OUTLINES)
    for name in ("text", "title", "description"):
        yield from html_faults(outline.get(name, ""))
    if outline.get("type") == "rss":
        yield from (
            f"MissingXmlURL or MissingTitleAttr: {name}" for name in ("xmlUrl", "title") if not outline.get(name)
        )
        yield from address_faults(outline.get("xmlUrl"))
    elif set(outline.attrib) - {"text", "category"}:
        yield f"MissingOutlineType: {dict(outline.attrib)}"
    if "htmlUrl" in outline.attrib:
        yield from address_faults(outline.get("htmlUrl"))
    if (outline.text or "").strip():
        yield "UnexpectedText"
