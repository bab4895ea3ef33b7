"""Which of the published documents are new: known from the files themselves, whoever wrote them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from aggregator.publish.websub import hubs_of, topics_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aggregator.config.settings import Settings
    from aggregator.publish.renditions import Renditions, Stamp
    from aggregator.run.pings import Pings

Seen: TypeAlias = "tuple[Stamp, str]"
"""A document's file, and its version: the entity tag."""


class Watch:
    """Remembers which version of each topic's document was seen last."""

    def __init__(self, renditions: Renditions) -> None:
        self.renditions = renditions
        self._seen: dict[str, Seen] = {}

    async def news(self, settings: Settings) -> dict[str, Seen]:
        """Return the documents that are others than those noted last, by topic; all of them at first."""
        return await asyncio.to_thread(self._news, topics_of(settings))

    def _news(self, topics: Mapping[str, str]) -> dict[str, Seen]:
        found = {}
        for topic, name in topics.items():
            stamp, known = self.renditions.stamp(name), self._seen.get(topic)
            if stamp is not None and (known is None or known[0] != stamp) and (document := self.renditions.load(name)):
                found[topic] = document.stamp, document.etags["identity"]
        return found

    def version(self, topic: str) -> str:
        """Return the version that was noted last, "" when none was."""
        return self._seen[topic][1] if topic in self._seen else ""

    def note(self, news: Mapping[str, Seen], pings: Pings, settings: Settings) -> None:
        """Note what is known now; other people's hubs are to hear of what has changed since a look before."""
        changed = [topic for topic, (_, version) in news.items() if self.version(topic) not in ("", version)]
        self._seen |= news
        pings.note(hubs_of(settings, built_in=False), changed)
