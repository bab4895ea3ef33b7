"""The pages as bytes: the same for the web process, which makes them as they are asked for, and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from aggregator.serve import views

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aggregator.publish.manifest import PublishedOutput, PublishedSite

_TEMPLATES = {"News": "front.html", "Subscribe": "subscribe.html", "Sources": "sources.html"}
"""Of the pages, by their names in the navigation."""
_ENVIRONMENT = Environment(
    loader=PackageLoader("aggregator.serve"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
SERVED = {"News": "./", "Subscribe": "subscribe", "Sources": "sources"}
"""Where the pages are, relative to each other, by their names."""
AS_FILES = {"News": "./", "Subscribe": "subscribe.html"}
"""The same for files: how sources are doing is out of date at once, so there is no page of it."""


def html(
    name: str, site: PublishedSite, outputs: Iterable[PublishedOutput], links: Mapping[str, str], **shown: Any
) -> bytes:
    """Return a page: one of SERVED; `links` says where the others are. Outputs with a token are on none."""
    listed = [views.output(one, site) for one in outputs if not one.private]
    template = _ENVIRONMENT.get_template(_TEMPLATES[name])
    return template.render(name=name, site=site, outputs=listed, links=links, **shown).encode("utf-8", "replace")
