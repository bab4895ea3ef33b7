"""What is published: the list from which the web process answers, without a look at feeds.yaml.

A token stands in no file name and in no readable form here, only as its SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any

_VERSION = 1


@dataclass(frozen=True, slots=True)
class PublishedOutput:
    """An output and where its renditions are."""

    name: str
    title: str
    formats: tuple[str, ...] = ("atom", "rss", "json")
    """Endings of its documents."""
    token_sha256: str | None = None
    """Hexadecimal; None for a public output."""
    was: tuple[str, ...] = ()
    """Earlier names, whose addresses lead to its own."""
    full_content: bool = True
    """False: it publishes summaries only."""
    as_released: bool = True
    """It shows what it has released; size tiers and digests choose anew at every look."""

    @property
    def private(self) -> bool:
        """Whether it is served only below its token."""
        return self.token_sha256 is not None

    def rendition(self, ending: str) -> str:
        """Return the name under which the document with this ending is kept; a private one has no token in it."""
        return f"{'private/' if self.private else ''}{self.name}.{ending}"

    def archive(self, part: str = "") -> str:
        """Return the name under which the archive of a part of a month is kept; without one, the folder of them all."""
        return f"{'private/' if self.private else ''}{self.name}/{part and f'{part}.atom'}"

    def admits(self, token: str | None) -> bool:
        """Whether a request that brings this token (None: none) may see it, found in constant time."""
        if self.token_sha256 is None or token is None:
            return self.token_sha256 is None and token is None
        return hmac.compare_digest(hash_of(token), self.token_sha256)


@dataclass(frozen=True, slots=True)
class PublishedSite:
    """What the pages say of the whole; `url` ends with a slash."""

    title: str = "News"
    subtitle: str = ""
    url: str = ""
    """Public address; "" while it is not known."""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The site and its outputs."""

    site: PublishedSite = PublishedSite()
    outputs: tuple[PublishedOutput, ...] = ()
    metrics_allow: tuple[str, ...] = ()
    """Addresses and networks that may read /metrics."""
    hubs: tuple[str, ...] = ()
    """WebSub hubs of the public outputs' documents."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of reverse proxies whose word on who asks is believed."""


def hash_of(token: str) -> str:
    """Return the SHA-256 of a token, hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def dump(manifest: Manifest) -> bytes:
    """Write a manifest as JSON."""
    document = {"schema": _VERSION, **asdict(manifest)}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def parse(document: bytes) -> Manifest:
    """Read what `dump` wrote; raise ValueError for anything else."""
    try:
        given = json.loads(document)
        if given["schema"] != _VERSION:
            raise ValueError(f"unknown schema {given['schema']}")
        outputs = tuple(map(_output, given["outputs"]))
        lists = (tuple(given.get(name, ())) for name in ("metrics_allow", "hubs", "trusted_proxies"))
        return Manifest(PublishedSite(**given["site"]), outputs, *lists)
    except (KeyError, TypeError) as error:
        raise ValueError("not a manifest") from error


def _output(given: dict[str, Any]) -> PublishedOutput:
    return PublishedOutput(**{**given, "formats": tuple(given["formats"]), "was": tuple(given.get("was", ()))})
