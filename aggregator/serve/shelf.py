"""The published documents in memory, read again when their files change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.publish.channel import with_charset
from aggregator.publish.manifest import Manifest
from aggregator.publish.renditions import MANIFEST
from aggregator.publish.websub import hub_address, link_header
from aggregator.serve.document import PROTECTION, Document, compressed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aggregator.publish.manifest import PublishedOutput, PublishedSite
    from aggregator.publish.renditions import Rendition, Renditions, Stamp
    from aggregator.serve.document import Headers

_MAX_AGE = 300
_VARY = (b"vary", b"Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode")
_RANGES = (b"accept-ranges", b"none")
_FOR_ALL = (
    (b"cache-control", b"public, max-age=%d" % _MAX_AGE),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Last-Modified, Link"),
)
_FOR_ONE = ((b"cache-control", b"private, max-age=%d" % _MAX_AGE),)
_XML_ENDINGS = ("xml", "opml")


class Shelf:
    """Renditions of one folder; for the one thread of an event loop."""

    def __init__(self, renditions: Renditions) -> None:
        self._renditions = renditions
        self._outputs: Mapping[str, PublishedOutput] = {}
        self._published = Manifest()
        self._manifest_stamp: Stamp | None = None
        self._documents: dict[str, tuple[Stamp, Document, Document]] = {}

    def outputs(self) -> Mapping[str, PublishedOutput]:
        """Return what is published, by name."""
        self._manifest()
        return self._outputs

    def renamed(self) -> Mapping[str, PublishedOutput]:
        """Return what is published under other names now, by its old names."""
        return {old: output for output in self.outputs().values() for old in output.was}

    def document(self, name: str, *, private: bool, navigation: bool) -> Document | None:
        """Return a document by the name of its rendition; None when there is none.

        For a browser's navigation XML is called XML: browsers would offer the exact types for download.
        """
        stamp = self._renditions.stamp(name)
        held = self._documents.get(name)
        if held is None or held[0] != stamp:
            rendition = self._renditions.load(name) if stamp is not None else None
            if rendition is None:
                self._documents.pop(name, None)
                return None
            held = self._documents[name] = (rendition.stamp, *_documents(rendition, self._links(name), private=private))
        return held[2] if navigation else held[1]

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

    def _manifest(self) -> Manifest:
        stamp = self._renditions.stamp(MANIFEST)
        if stamp is None or stamp != self._manifest_stamp:
            self._published, self._manifest_stamp = self._renditions.read_manifest(), stamp
            self._outputs = {output.name: output for output in self._published.outputs}
            self._documents.clear()  # their headers name hubs
        return self._published


def _documents(rendition: Rendition, links: Headers, *, private: bool) -> tuple[Document, Document]:
    """Return a rendition as feed readers get it and as browsers that navigate to it do."""
    media_type = rendition.media_type.partition(";")[0]
    exact = Document(
        content_type=with_charset(media_type).encode(),
        bodies=rendition.bodies,
        etags=rendition.etags,
        headers=(*(_FOR_ONE if private else _FOR_ALL), _VARY, _RANGES, *links, *PROTECTION),
        modified=rendition.last_modified,
    )
    return exact, replace(exact, content_type=_shown(media_type))


def public(body: bytes, media_type: str) -> tuple[Document, Document]:
    """Return a document that was made for a request and is for everyone, as `_documents` does."""
    exact = compressed(body, with_charset(media_type).encode(), (*_FOR_ALL, _VARY, _RANGES, *PROTECTION))
    return exact, replace(exact, content_type=_shown(media_type))


def _shown(media_type: str) -> bytes:
    return with_charset("application/xml" if media_type.endswith(_XML_ENDINGS) else media_type).encode()
