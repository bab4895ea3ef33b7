"""How many people read us: what services that read for many say of themselves in User-Agent.

    Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)
    Feedbin feed-id:1234 - 3 subscribers
    Mozilla/5.0 (compatible; theoldreader.com; 1 subscribers; feed-id=5678)

Anybody may write anything there, so what is believed is bounded: words by length and letters, numbers by size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REMEMBERED = timedelta(days=30)
"""A service that has not asked for so long has no subscribers any more."""
MOST_SUBSCRIBERS = 10_000_000
"""No feed has more; who says so is not believed."""
MOST_NAMES = 1_000
"""Services, documents and ids that are remembered together."""
OTHERS = "others"
_KNOWN = frozenset(
    (
        "aggregator", "bazqux", "bloglovin", "commafeed", "feed wrangler", "feedbin", "feedly", "feedspot", "flipboard",
        "freshrss", "g2reader", "inoreader", "miniflux", "netvibes", "newsblur", "newsgatoronline", "nextcloud-news",
        "protopage", "superfeedr", "theoldreader.com", "tiny tiny rss",
    )
)  # fmt: skip
"""Services that read for many, in lower case: whoever invents another name does not get it onto our pages."""
_LONGEST = 512
"""Characters of a User-Agent that are looked at."""
_NAME, _ID = 40, 64
_COUNT = re.compile(r"(?i)(?<![\w.,+-])(\d{1,3}(?:,\d{3}){1,3}|\d{1,9}) (?:subscriber|reader)s?\b", re.ASCII)
_FEED_ID = re.compile(r"\bfeed-?id[=: ] ?([A-Za-z0-9_-]{1,64})", re.IGNORECASE)
_COMPATIBLE = re.compile(r"\(compatible; ?([^;()]+)")
_NAME_ENDS = re.compile(r"[/(;]| - | feed-?id\b| feed ?fetcher\b| \+?https?:| \d", re.IGNORECASE)
_ODD = re.compile(r"[^A-Za-z0-9.+&' _-]+")


@dataclass(frozen=True, slots=True)
class Readership:
    """What a service says of one of our documents."""

    output: str
    format: str
    """`atom`, `rss` or `json`."""
    service: str
    """As it calls itself, without its version."""
    feed_id: str
    """Its own name for the document; "" when it says none."""
    subscribers: int

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the number is of: a later one replaces it."""
        return self.output, self.format, self.service, self.feed_id


def readership_of(user_agent: str, output: str, ending: str) -> Readership | None:
    """Return what a User-Agent says of subscribers to a document; None when it says nothing that can be believed."""
    said = user_agent[:_LONGEST]
    count = _COUNT.search(said)
    if count is None:
        return None
    subscribers = int(count[1].replace(",", ""))
    service = _service(said)
    if not service or not 0 < subscribers <= MOST_SUBSCRIBERS:
        return None
    feed_id = _FEED_ID.search(said)
    return Readership(output, ending, service, feed_id[1] if feed_id else "", subscribers)


def readership_from(record: object) -> Readership | None:
    """Return what another process noted, as a list of a Readership's values; None when that is none."""
    match record:
        case [str(output), str(ending), str(service), str(feed_id), int(count)] if 0 < count <= MOST_SUBSCRIBERS:
            known = service == _plain(service) and len(feed_id) <= _ID
            return Readership(output, ending, service, feed_id, count) if known else None
        case _:
            return None


def _service(user_agent: str) -> str:
    compatible = _COMPATIBLE.search(user_agent) if user_agent.startswith("Mozilla/") else None
    said = compatible[1] if compatible else user_agent
    return _plain(_NAME_ENDS.split(said.strip(), maxsplit=1)[0])


def _plain(name: str) -> str:
    return _ODD.sub("", name)[:_NAME].strip()


def named(services: Mapping[str, int]) -> dict[str, int]:
    """Return subscribers by service as anybody may read them: names that we do not know are added up, last."""
    known = {name: count for name, count in services.items() if name.lower() in _KNOWN}
    others = sum(services.values()) - sum(known.values())
    return known | ({OTHERS: others} if others else {})


def total(known: Iterable[Readership]) -> int:
    """Return how many subscribers there are in all, as far as they are told."""
    return min(sum(one.subscribers for one in known), MOST_SUBSCRIBERS)


def by_service(known: Iterable[Readership]) -> dict[str, dict[str, int]]:
    """Return subscribers by service of each output that has any, outputs by name, the greatest service first."""
    outputs: dict[str, dict[str, int]] = {}
    for one in known:
        services = outputs.setdefault(one.output, {})
        services[one.service] = services.get(one.service, 0) + one.subscribers
    return {
        output: dict(sorted(services.items(), key=lambda item: (-item[1], item[0])))
        for output, services in sorted(outputs.items())
    }
