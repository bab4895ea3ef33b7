"""The pages as bytes: the same for the web process, which makes them as they are asked for, and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from aggregator.serve import languages, views
from aggregator.serve.document import compressed, protection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aggregator.publish.manifest import PublishedOutput, PublishedSite
    from aggregator.serve.document import Document

_TEMPLATES = {
    "News": "front.html",
    "Search": "search.html",
    "Sources": "sources.html",
    "Subscribe": "subscribe.html",
    "Story": "story.html",
}
"""Of the pages, by their names in the navigation; a story has no place there."""
_ENVIRONMENT = Environment(
    loader=PackageLoader("aggregator.serve"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_ENVIRONMENT.filters["language_name"] = languages.name
_PAGES = {name: _ENVIRONMENT.get_template(template) for name, template in _TEMPLATES.items()}
"""Compiled now rather than when the first reader waits."""
SERVED = {"News": "./", "Search": "search", "Sources": "sources", "Subscribe": "subscribe"}
"""Where the pages are, relative to each other, by their names."""
AS_FILES = {"News": "./", "Subscribe": "subscribe.html"}
"""The same for files: how sources are doing is out of date at once, and nobody answers searches."""
_ANNOUNCED = 20
"""Outputs that browsers and readers are told of in a page's head."""
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src %s; connect-src 'self'; form-action 'self';"
    b" base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Our own script, style sheet and icon; nothing inline, and no markup made by the script."""
_HTML = b"text/html; charset=utf-8"
_CACHED = ((b"cache-control", b"public, max-age=60"), (b"vary", b"Accept-Encoding"))


def html(
    name: str,
    site: PublishedSite,
    outputs: Iterable[PublishedOutput],
    links: Mapping[str, str],
    *,
    above: str = "",
    **shown: Any,
) -> bytes:
    """Return a page: one of SERVED, or a story; `links` says where the others are. Outputs with a token are on none.

    `above` leads from its folder to that of the others: "../" or "".
    """
    listed = [views.output(one, site) for one in outputs if not one.private]
    page = _PAGES[name].render(
        name=name, site=site, outputs=listed, announced=listed[:_ANNOUNCED], links=links, above=above, **shown
    )
    return page.encode("utf-8", "replace")


def document(page: bytes, *, images: bool = False) -> Document:
    """Return a page as it is served; `images`: it may show those of other sites."""
    policy = _POLICY % (b"'self' https:" if images else b"'self'")
    return compressed(page, _HTML, (*_CACHED, *protection(policy)))
