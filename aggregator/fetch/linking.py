"""What the headers of an answer say of hubs and of the feed itself (RFC 8288, WebSub section 4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aggregator.model import Link

if TYPE_CHECKING:
    from multidict import MultiMapping

_READ: Final = 4096
"""Characters of Link that are looked at."""
_MOST: Final = 8
"""Links that are taken."""
_RELATIONS: Final = ("hub", "self")
_LINK: Final = re.compile(r'<([^<>]{1,2000})>((?:\s*;\s*[^\s=;,"<>]+(?:\s*=\s*(?:"[^"<>]*"|[^\s;,"<>]+))?)*)')
_REL: Final = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)


def read_links(headers: MultiMapping[str]) -> tuple[Link, ...]:
    """Return links to hubs and to the feed itself, in their order, as written; names in any case."""
    given = ", ".join(headers.getall("Link", ()))[:_READ]
    found = [
        Link(href.strip(), relation)
        for href, parameters in (_LINK.findall(given) if given else ())
        for relation in _relations(parameters)
    ]
    return tuple(found[:_MOST])


def _relations(parameters: str) -> list[str]:
    """Return those of a link's relations that are of use; the first `rel` counts (RFC 8288 section 3.3)."""
    rel = _REL.search(parameters)
    said = (rel[1] or rel[2] or "").lower().split() if rel else []
    return [relation for relation in _RELATIONS if relation in said]
