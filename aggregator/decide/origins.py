"""Where an item says that it was copied from (atom:source, RFC 4287 section 4.2.11; RSS source), and who is that.

Anybody may write such an element. So it never gives an item anything: a copy by its own word never supplies title or
body of what the original has told, and who is copied from is the original only by the word of the copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.canonical import canonical_url
from aggregator.decide.sites import same_site

if TYPE_CHECKING:
    from aggregator.model import Header, Link


def names_of(url: str, fetch_url: str, header: Header) -> frozenset[str]:
    """Return the names of one of our sources: where it is asked, and its own id."""
    names = {canonical_url(url), canonical_url(fetch_url)}
    return frozenset(name for name in names if name) | ({_id(header)} if header.id else set())


def is_from(source: Header | None, url: str, names: frozenset[str]) -> bool:
    """Tell whether a copy's source is the feed at `url` of these names.

    Its address decides. An id, which another feed may have copied too, counts where no address of the document is
    given, and none of a site that the feed is not on.
    """
    if source is None:
        return False
    own = _own(source)
    if own:
        return any(canonical_url(link.href) in names for link in own)
    return source.id is not None and _id(source) in names and (source.site is None or same_site(url, source.site))


def is_one_source(one: Header | None, other: Header | None) -> bool:
    """Tell whether two copies name the same feed."""
    if one is None or other is None:
        return False
    first, second = ({canonical_url(link.href) for link in _own(source)} for source in (one, other))
    return bool(first & second) if first and second else one.id is not None and one.id == other.id


def _own(source: Header) -> list[Link]:
    return [link for link in source.links if link.rel == "self"]


def _id(header: Header) -> str:
    return f"id:{header.id}"
