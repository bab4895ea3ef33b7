"""The pages as files."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.publish.manifest import Manifest
from aggregator.serve.exported import pages
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from conftest import World

SECRETS = ("hush", "inside.example", "Secret Letters", "Between us", "s3cret-token", "Agents only")


def made(world: World, published: Manifest) -> dict[str, bytes]:
    """Return the pages of a world."""
    with contextlib.closing(SqliteStore(world.database, readonly=True)) as store, store.snapshot() as tx:
        return pages(tx, published)


def test_pages_lead_to_files_only(published: World) -> None:
    """What a page links to of this site is a feed or a file beside it; nothing tells of what is private."""
    manifest = published.renditions.read_manifest()
    files = made(published, manifest)
    beside = {*files, "./", "sources.opml", "sources.atom"}
    beside |= {output.rendition(ending) for output in manifest.outputs for ending in output.formats}
    for name in ("index.html", "subscribe.html"):
        page = files[name].decode()
        assert set(re.findall(r'href="([^"#:]+)"', page)) <= beside
        assert not any(secret in page for secret in SECRETS)
    assert "Un petit modèle" in files["index.html"].decode()
    assert made(published, manifest) == files


def test_pages_without_a_public_main_output(published: World) -> None:
    """Where `all` has a token, or there is nothing yet, the front page lists no entries."""
    manifest = published.renditions.read_manifest()
    hidden = tuple(replace(output, token_sha256="0" * 64) for output in manifest.outputs)
    for given in (replace(manifest, outputs=hidden), Manifest()):
        assert "No entries yet" in made(published, given)["index.html"].decode()
