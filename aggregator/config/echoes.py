"""Is an address one of our own outputs? Read back, it would bring nothing but our own words."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from aggregator.config.addresses import same_address
from aggregator.config.settings import FORMATS

if TYPE_CHECKING:
    from aggregator.config.settings import Settings


@lru_cache(maxsize=4096)  # looked at before every request, for the same addresses again and again
def _same(url: str) -> str:
    return same_address(url)


def is_own_output(url: str, settings: Settings) -> bool:
    """Tell whether scheme, host, port and path are those of an output published at site.url; other paths are not."""
    base = _same(settings.site.url).rstrip("/")
    address = _same(url)
    if not address.startswith(f"{base}/"):
        return False
    name, _, ending = address.removeprefix(f"{base}/").rpartition("/")[2].partition(".")
    return name in settings.published and ending in FORMATS
