"""What a request says: who asks, what it takes, and nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from multidict import CIMultiDict

from aggregator import __version__
from aggregator.errors import FetchError
from aggregator.fetch.decoding import ACCEPT_ENCODING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aggregator.config.settings import Network
    from aggregator.model import Validators

ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.5, */*;q=0.1"
)

# A source's own headers may not change how the message is framed, conditioned or decoded, nor say to a proxy or an
# application behind one who is asking.
_RESERVED: Final = re.compile(
    r"host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|via|expect|range|forwarded|x-real-ip"
    r"|accept-encoding|content-.*|if-.*|proxy-.*|x-forwarded-.*|(?:x-)?remote-.*|x-webauth-.*",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_VALUES: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def user_agent(network: Network, subscribers: int = 0, name: str = "") -> str:
    """Say truthfully who asks, where to complain, and for how many; `network.user_agent` replaces all of it.

    `subscribers`: 0 when that is not known. `name` is which subscription it is, so that a publisher can tell one of
    ours from another.
    """
    if network.user_agent is not None:
        return network.user_agent
    notes = [f"+{network.contact}" if network.contact else "feed aggregator"]
    if subscribers:
        notes.append(f"{subscribers} subscriber" + "s" * (subscribers != 1))
    if name:
        notes.append(f"feed-id {name}")
    return f"aggregator/{__version__} ({'; '.join(notes)})"


def request_headers(agent: str, validators: Validators, own: Mapping[str, str]) -> CIMultiDict[str]:
    """Put a request's headers together; `own` are the feed's, which win over User-Agent and Accept.

    Raises FetchError when one of `own` may not be set, or could not be sent.
    """
    headers = CIMultiDict({"User-Agent": agent, "Accept": ACCEPT})
    for name, value in own.items():
        _check(name, value)
        headers[name] = value
    headers["Accept-Encoding"] = ACCEPT_ENCODING
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def basic_authorization(userinfo: str) -> str:
    """Give the Authorization header of an address's `user:password` (RFC 7617)."""
    user, _, password = userinfo.partition(":")
    return "Basic " + b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode("ascii")


def _check(name: str, value: str) -> None:
    if _RESERVED.fullmatch(name.replace("_", "-")):  # as CGI and WSGI read it
        raise FetchError(
            f"The header {name} is not a source's to set.",
            "Remove it from the source's headers in feeds.yaml.",
        )
    if not _TOKEN.fullmatch(name) or _NOT_IN_VALUES.search(value):
        raise FetchError(
            f"The header {name!r} has characters that no header may have.",
            "Correct the source's headers in feeds.yaml, or the variable that they come from.",
        )
