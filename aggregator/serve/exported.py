"""The pages that exist as files, for any web server, with what they need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.publish.styling import STYLE_SHEET
from aggregator.serve.html import AS_FILES, html
from aggregator.serve.reading import newest
from aggregator.serve.views import apps

if TYPE_CHECKING:
    from aggregator.publish.manifest import Manifest
    from aggregator.store.protocols import Transaction

_STATIC = ("static/style.css", "static/page.js", STYLE_SHEET, "static/icon.svg")


def pages(tx: Transaction, published: Manifest) -> dict[str, bytes]:
    """Return the front page, how to subscribe, the style sheets and the script, by the names of their files."""
    outputs = {output.name: output for output in published.outputs}
    river = newest(tx, outputs)
    here = Path(__file__).parent
    return {
        "index.html": html("News", published.site, published.outputs, AS_FILES, river=river),
        "subscribe.html": html("Subscribe", published.site, published.outputs, AS_FILES, apps=apps(published.site)),
        **{name: (here / name).read_bytes() for name in _STATIC},
    }
