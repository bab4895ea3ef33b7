"""Hosts and the sites that they belong to, from the text of a URL alone."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList
from yarl import URL

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\"#%/<>?@\[\\\]^`{|}]")
"""What no host name holds (URL Standard, "forbidden domain code point")."""


_REMEMBERED = 4096
"""Answers kept of each question: the same few hosts are asked about at every step of every poll."""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=_REMEMBERED)
def host_of(url: str) -> str:
    """Return the host of a URL in ASCII and lower case, with `:port` unless it is the scheme's own.

    "" when it has none, or a malformed one; any string is taken.
    """
    try:
        parts = urlsplit(url)
        host, port = _ascii(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if "\\" in parts.netloc:  # a browser would read a slash
        return ""
    return f"{host}:{port}" if host and port not in (None, _DEFAULT_PORTS.get(parts.scheme)) else host


def _ascii(name: str) -> str:
    """Return a host name in IDNA (UTS 46), an IPv6 address in its short form; ValueError when it is neither."""
    if ":" in name:  # a zone id (RFC 6874) means something on one machine only
        return f"[{IPv6Address(name.partition('%')[0])}]"
    if not name.isascii():
        name = URL.build(scheme="http", host=name).raw_host or ""
    if _FORBIDDEN.search(name):
        raise ValueError("no host name")
    return name.rstrip(".")


def origin_of(url: str) -> tuple[str, str]:
    """Return scheme and host, port included: whom a secret was meant for (RFC 6454 section 4)."""
    return url.partition(":")[0].lower(), host_of(url)


@lru_cache(maxsize=_REMEMBERED)
def site_of(host: str) -> str:
    """Return the registrable domain of a host (public suffix list); an address is a site by itself, port included."""
    name = _without_port(host)
    if is_address(name):
        return host
    return _suffixes().privatesuffix(name) or host


@lru_cache(maxsize=_REMEMBERED)
def is_address(host: str) -> bool:
    """Tell whether a host is an IP address rather than a name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def same_site(one: str | None, other: str | None) -> bool:
    """Tell whether two URLs lie on one registrable domain."""
    first, second = host_of(one or ""), host_of(other or "")
    return bool(first) and site_of(first) == site_of(second)


def same_host(one: str | None, other: str | None) -> bool:
    """Tell whether two URLs lie on one host."""
    first, second = host_of(one or ""), host_of(other or "")
    return bool(first) and first == second


@lru_cache(maxsize=_REMEMBERED)
def is_public(host: str) -> bool:
    """Tell whether a host is on the public internet: a global address, or a name below a known public suffix."""
    name = _without_port(host)
    if is_address(name):
        return ip_address(name.strip("[]")).is_global
    return _suffixes().privatesuffix(name, accept_unknown=False) is not None


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
