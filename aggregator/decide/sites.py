"""Hosts and the sites that they belong to, from the text of a URL alone."""

from __future__ import annotations

import ipaddress
from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

_DEFAULT_PORTS = {"http": 80, "https": 443}


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def host_of(url: str) -> str:
    """Return the host of a URL in lower case, with `:port` unless it is the scheme's own; "" when there is none."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if ":" in host:
        host = f"[{host}]"
    return host if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{port}"


def site_of(host: str) -> str:
    """Return the registrable domain of a host (public suffix list); an address is a site by itself, port included."""
    name = _without_port(host)
    if is_address(name):
        return host
    return _suffixes().privatesuffix(name) or host


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def same_site(one: str | None, other: str | None) -> bool:
    """Tell whether two URLs lie on one registrable domain."""
    first, second = host_of(one or ""), host_of(other or "")
    return bool(first) and site_of(first) == site_of(second)


def is_public(host: str) -> bool:
    """Tell whether a host is on the public internet: a global address, or a name below a known public suffix."""
    name = _without_port(host)
    if is_address(name):
        return ipaddress.ip_address(name.strip("[]")).is_global
    return _suffixes().privatesuffix(name, accept_unknown=False) is not None


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
