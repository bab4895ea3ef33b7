"""The published documents in memory, read again when their files change."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from aggregator.publish.channel import with_charset
from aggregator.publish.manifest import Manifest
from aggregator.publish.renditions import MANIFEST
from aggregator.publish.websub import hub_address, link_header
from aggregator.serve.document import PROTECTION, Document, compressed
from aggregator.serve.versions import WITH_PARTS, Published, Versions

Answering: TypeAlias = Document | Published
"""What answers for a document's address."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aggregator.publish.manifest import PublishedOutput, PublishedSite
    from aggregator.publish.renditions import Rendition, Renditions, Stamp
    from aggregator.serve.document import Headers, Origin

_MAX_AGE, _ARCHIVE_MAX_AGE = 300, 86_400
_ARCHIVE_BYTES = 64 * 2**20
"""Of archives in memory, unless a single one is greater."""
_FOLLOWED = b'rel="next-archive"'
_VARY = (b"vary", b"Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode")
_RANGES = (b"accept-ranges", b"none")
_FOR_ALL = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Last-Modified, Link"),
)
_XML_ENDINGS = ("xml", "opml")


class Shelf:
    """Renditions of one folder; for the one thread of an event loop."""

    def __init__(self, renditions: Renditions) -> None:
        self.archives = ArchiveShelf(renditions)
        self._renditions = renditions
        self._outputs: Mapping[str, PublishedOutput] = {}
        self._published = Manifest()
        self._manifest_stamp: Stamp | None = None
        self._documents: dict[str, tuple[Stamp, Answering, Answering]] = {}
        self._versions: dict[str, Versions] = {}

    def outputs(self) -> Mapping[str, PublishedOutput]:
        """Return what is published, by name."""
        self._manifest()
        return self._outputs

    def renamed(self) -> Mapping[str, PublishedOutput]:
        """Return what is published under other names now, by its old names."""
        return {old: output for output in self.outputs().values() for old in output.was}

    def document(self, name: str, *, private: bool, navigation: bool) -> Answering | None:
        """Return a document by the name of its rendition; None when there is none.

        For a browser's navigation XML is called XML: browsers would offer the exact types for download.
        """
        stamp = self._renditions.stamp(name)
        held = self._documents.get(name)
        if held is None or held[0] != stamp:
            rendition = self._renditions.load(name) if stamp is not None else None
            if rendition is None:
                self._documents.pop(name, None)
                self._versions.pop(name, None)
                return None
            origin = self._origin(name, rendition.stamp)
            documents = _documents(rendition, self._links(name), private=private, origin=origin)
            held = self._documents[name] = (rendition.stamp, *self._succeed(name, documents))
        return held[2] if navigation else held[1]

    def _origin(self, name: str, stamp: Stamp) -> Origin:
        """Return what an answer hangs on: the file, and what there is besides (who may see it, which hubs it names)."""
        return () if self._manifest_stamp is None else ((MANIFEST, self._manifest_stamp), (name, stamp))

    def _succeed(self, name: str, documents: tuple[Document, Document]) -> tuple[Answering, Answering]:
        """Return documents that also answer for their parts, where they have any."""
        ending = name.rpartition(".")[2]
        if ending not in WITH_PARTS:
            return documents
        versions = self._versions.setdefault(name, Versions(ending))
        versions.succeed(documents[0])
        return Published(documents[0], versions), Published(documents[1], versions)

    def _links(self, name: str) -> Headers:
        """Return the header that names a public output's hubs and itself (WebSub section 4), none without hubs."""
        output, _, ending = name.rpartition(".")
        if not self._published.hubs or output not in self._outputs:  # a private one is kept in a folder
            return ()
        topic = f"{self._published.site.url}{output}.{ending}"
        return ((b"link", link_header(topic, self._published.hubs).encode()),)

    def has_hub(self) -> bool:
        """Tell whether our own hub tells of these documents."""
        published = self._manifest()
        return hub_address(published.site.url) in published.hubs

    def site(self) -> PublishedSite:
        """Return what the pages say of the whole."""
        return self._manifest().site

    def metrics_allow(self) -> tuple[str, ...]:
        """Return who may read /metrics."""
        return self._manifest().metrics_allow

    def trusted_proxies(self) -> tuple[str, ...]:
        """Return whose word on who asks is believed."""
        return self._manifest().trusted_proxies

    def _manifest(self) -> Manifest:
        stamp = self._renditions.stamp(MANIFEST)
        if stamp is None or stamp != self._manifest_stamp:
            self._published, self._manifest_stamp = self._renditions.read_manifest(), stamp
            self._outputs = {output.name: output for output in self._published.outputs}
            self._documents.clear()  # their headers name hubs
        return self._published


class ArchiveShelf:
    """The archives among them: there is no end to months, so only those asked for last stay in memory."""

    def __init__(self, renditions: Renditions) -> None:
        self._renditions = renditions
        self._held: OrderedDict[str, tuple[Stamp, int, tuple[Document, Document]]] = OrderedDict()

    def document(self, name: str, *, private: bool, navigation: bool) -> Document | None:
        """Return an archive as `Shelf.document` does."""
        stamp = self._renditions.stamp(name)
        held = self._held.pop(name, None)
        if held is None or held[0] != stamp:
            rendition = self._renditions.load(name) if stamp is not None else None
            if rendition is None:
                return None
            documents = _documents(rendition, private=private, max_age=_max_age(rendition.bodies["identity"]))
            held = rendition.stamp, sum(map(len, rendition.bodies.values())), documents
        self._held[name] = held  # the last asked for
        while len(self._held) > 1 and sum(size for _, size, _ in self._held.values()) > _ARCHIVE_BYTES:
            self._held.popitem(last=False)
        return held[2][navigation]


def _max_age(archive: bytes) -> int:
    """Return how long an archive stands: one that a younger one follows changes only by a withdrawal."""
    return _ARCHIVE_MAX_AGE if _FOLLOWED in archive[: archive.find(b"<entry")] else _MAX_AGE


def _documents(
    rendition: Rendition, links: Headers = (), *, private: bool, max_age: int = _MAX_AGE, origin: Origin = ()
) -> tuple[Document, Document]:
    """Return a rendition as feed readers get it and as browsers that navigate to it do."""
    media_type = rendition.media_type.partition(";")[0]
    exact = Document(
        content_type=with_charset(media_type).encode(),
        bodies=rendition.bodies,
        etags=rendition.etags,
        headers=(
            (b"cache-control", b"%s, max-age=%d" % (b"private" if private else b"public", max_age)),
            *(() if private else _FOR_ALL),
            _VARY,
            _RANGES,
            *links,
            *PROTECTION,
        ),
        modified=rendition.last_modified,
        origin=origin,
    )
    return exact, replace(exact, content_type=_shown(media_type))


def public(body: bytes, media_type: str) -> tuple[Document, Document]:
    """Return a document that was made for a request and is for everyone, as `_documents` does."""
    caching = (b"cache-control", b"public, max-age=%d" % _MAX_AGE)
    exact = compressed(body, with_charset(media_type).encode(), (caching, *_FOR_ALL, _VARY, _RANGES, *PROTECTION))
    return exact, replace(exact, content_type=_shown(media_type))


def _shown(media_type: str) -> bytes:
    return with_charset("application/xml" if media_type.endswith(_XML_ENDINGS) else media_type).encode()
