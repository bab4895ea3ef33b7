"""Renders outputs when they changed: once a change, from one moment's rows, into the renditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aggregator.publish import archive_files
from aggregator.publish.archive import Catalogue, has_archives, linked
from aggregator.publish.atom import render_atom
from aggregator.publish.channel import MEDIA_TYPES
from aggregator.publish.manifest import Manifest, PublishedOutput, PublishedSite, hash_of
from aggregator.publish.opml import render_opml, subscriptions
from aggregator.publish.renderers import RENDERERS
from aggregator.publish.selection import channel, title_of
from aggregator.publish.troubles import NAME, troubles
from aggregator.publish.typesetting import Typesetter
from aggregator.publish.websub import hubs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from aggregator.config.settings import OutputSettings, Settings, Site
    from aggregator.store.protocols import Store, Transaction

SOURCES = "sources.opml"
"""The list of public sources."""
TROUBLES = f"{NAME}.atom"
"""What is wrong with them."""


class Folder(archive_files.Folder, Protocol):
    """Where documents go: Renditions for the web process, StaticFiles for another's web server."""

    def write_manifest(self, published: Manifest) -> None:
        """Say which outputs there are."""

    def remove_others(self, names: Collection[str]) -> None:
        """Remove the documents that are not among these; `all/` stands for all archives of an output."""


class Press:
    """Writes the documents of outputs; `settings` may be replaced between two runs."""

    def __init__(
        self,
        settings: Settings,
        folder: Folder,
        open_store: Callable[[], Store],
        *,
        clock: Callable[[], datetime],
        hub: bool = False,
    ) -> None:
        """`open_store` opens the database for reading: rendering never waits for the writer.

        `clock` tells only which sources have been silent for too long by now. `hub`: our own hub tells subscribers of
        what is written there.
        """
        self._clock, self._hub = clock, hub
        self.settings = settings
        self._folder = folder
        self._catalogue, self._archives = Catalogue(), archive_files.ArchiveFiles(folder)
        self._typesetter = Typesetter(folder)
        self._open_store = open_store

    def publish(self, names: Collection[str], *, about_sources: bool = True) -> list[str]:
        """Render these outputs, and what tells of all sources: the list of them, and what is wrong with them.

        The latter costs more, the more sources there are, and news do not change it.
        Return the names of documents whose bytes changed. What was published of outputs that are gone is removed.
        Raises DiskFull and FolderNotWritable.
        """
        store = self._open_store()
        try:
            with store.snapshot() as tx:
                wanted = [name for name in sorted(names) if name in self.settings.published]
                changed = [document for name in wanted for document in self._render(tx, name)]
                if about_sources:
                    changed += [*self._sources(tx), *self._troubles(tx)]
        finally:
            store.close()
        site = self.settings.site
        listed = tuple(_listed(output, site) for output in self.settings.published.values())
        about = PublishedSite(site.title, site.subtitle or "", site.url, site.language)
        server = self.settings.server
        self._folder.write_manifest(Manifest(about, listed, server.metrics_allow, self._hubs, server.trusted_proxies))
        kept = {output.rendition(ending) for output in listed for ending in RENDERERS}
        bound = {one.archive() for one in listed if has_archives(self.settings.published[one.name])}
        self._folder.remove_others({*kept, *bound, SOURCES, TROUBLES})
        return changed

    @property
    def _hubs(self) -> tuple[str, ...]:
        return hubs_of(self.settings, built_in=self._hub)

    def _render(self, tx: Transaction, name: str) -> Iterator[str]:
        output = self.settings.published[name]
        one, listed = channel(tx, output, self.settings, self._hubs), _listed(output, self.settings.site)
        bound = self._catalogue.volumes(tx, output, one)
        archives = {listed.archive(volume.part.name): volume for volume in bound}
        yield from self._archives.bring_up(tx, output, self.settings, archives)
        one = linked(one, bound)  # the documents that it links to are there
        names = {ending: listed.rendition(ending) for ending in RENDERERS}
        for ending, document, body in self._typesetter.documents(one, names):
            if self._folder.write(document, body, media_type=MEDIA_TYPES[ending], modified=one.updated):
                yield document

    def _sources(self, tx: Transaction) -> Iterator[str]:
        feeds = {feed.url: feed for feed in tx.feeds.all()}
        listed = subscriptions((one for url, one in self.settings.sources.items() if url in feeds), feeds)
        added = max((feed.added_at for feed in feeds.values() if feed.added_at), default=tx.created)
        body = render_opml(self.settings.site.title, listed)
        if self._folder.write(SOURCES, body, media_type=MEDIA_TYPES["opml"], modified=added):
            yield SOURCES

    def _troubles(self, tx: Transaction) -> Iterator[str]:
        one = troubles(tx, self.settings, self._clock())
        if self._folder.write(TROUBLES, render_atom(one), media_type=MEDIA_TYPES["atom"], modified=one.updated):
            yield TROUBLES


def _listed(output: OutputSettings, site: Site) -> PublishedOutput:
    token = hash_of(output.token) if output.token else None
    return PublishedOutput(
        output.name,
        title_of(output, site),
        token_sha256=token,
        was=output.was,
        full_content=output.full_content,
        as_released=has_archives(output),
    )
