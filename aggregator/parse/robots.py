"""robots.txt (RFC 9309): may a robot visit an address? Run in a worker, for a site's wildcards may be endless."""

from __future__ import annotations

from protego import Protego

AGENT = "aggregator"
"""By what name site owners may speak to us: the product of our User-Agent."""
MOST_BYTES = 512 * 1024
"""Of a robots.txt that are read (RFC 9309 section 2.5 asks for 500 KiB)."""


def may_visit(robots: bytes, url: str) -> bool:
    """Tell whether a robots.txt lets us visit an address of its site; one that says nothing of us does."""
    rules = Protego.parse(robots[:MOST_BYTES].decode("utf-8-sig", "replace"))
    return rules.can_fetch(url, AGENT)
