"""What documents, headers and deliveries say of hubs (WebSub, W3C Recommendation of 23 January 2018)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from aggregator.publish import legal
from aggregator.publish.channel import with_charset
from aggregator.publish.renderers import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.config.settings import Settings
    from aggregator.publish.renditions import Rendition


def hub_address(site: str) -> str:
    """Return where our own hub is on a site, whose address ends with a slash."""
    return f"{site}hub"


def hubs_of(settings: Settings, *, built_in: bool) -> tuple[str, ...]:
    """Return the addresses of the hubs that tell of our documents; our own only where there is one (`built_in`)."""
    hub = settings.websub.hub
    if hub == "built-in":
        return (hub_address(settings.site.url),) if built_in else ()
    return hub or ()


def topics_of(settings: Settings) -> dict[str, str]:
    """Return the renditions of public documents by their topics: their addresses as self links have them.

    Where that is no URI, the URI is a topic too: Link headers name it so.
    """
    site = settings.site.url
    names = [f"{one.name}.{ending}" for one in settings.published.values() if not one.token for ending in RENDERERS]
    return {site + name: name for name in names} | {
        address: name for name in names if (address := legal.address(site + name)) is not None
    }


def link_header(topic: str, hubs: Sequence[str]) -> str:
    """Return the value of Link that names a document's hubs and itself (section 4, RFC 8288), in ASCII."""
    links = [(legal.address(hub), "hub") for hub in hubs] + [(legal.address(topic), "self")]
    return ", ".join(f'<{address}>; rel="{relation}"' for address, relation in links if address)


def headers_of(topic: str, hub: str, document: Rendition, secret: str | None) -> dict[str, str]:
    """Return the headers of a delivery: what is delivered, and who sent it where there is a secret (section 7)."""
    media_type = document.media_type.partition(";")[0]
    headers = {"Content-Type": with_charset(media_type), "Link": link_header(topic, (hub,))}
    if secret is not None:
        headers["X-Hub-Signature"] = f"sha256={signature(secret, document.bodies['identity'])}"
    return headers


def signature(secret: str, body: bytes) -> str:
    """Return the HMAC-SHA-256 of what is delivered, in hexadecimal (section 7.1, RFC 2104)."""
    return hmac.new(secret.encode("utf-8", "replace"), body, hashlib.sha256).hexdigest()
