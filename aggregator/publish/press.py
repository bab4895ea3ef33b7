"""Renders outputs when they changed: once a change, from one moment's rows, into the renditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.opml import OpmlSource, render_opml
from aggregator.publish.renderers import RENDERERS
from aggregator.publish.selection import channel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from aggregator.config.settings import OutputSettings, Settings
    from aggregator.publish.renditions import Renditions
    from aggregator.store.protocols import Store, Transaction


class Press:
    """Writes the documents of outputs; `settings` may be replaced between two runs."""

    def __init__(self, settings: Settings, renditions: Renditions, open_store: Callable[[], Store]) -> None:
        """`open_store` opens the database for reading: rendering never waits for the writer."""
        self.settings = settings
        self._renditions = renditions
        self._open_store = open_store

    def publish(self, names: Collection[str]) -> set[str]:
        """Render these outputs and the list of sources; return the names of documents whose bytes changed."""
        store = self._open_store()
        try:
            with store.snapshot() as tx:
                changed = set[str]()
                for name in sorted(names):
                    if (output := self.settings.published.get(name)) is not None:
                        changed |= self._render(tx, output)
        finally:
            store.close()
        self._finish()
        return changed
