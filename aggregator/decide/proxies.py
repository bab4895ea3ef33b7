"""Who asks, behind reverse proxies: believed only as far as the operator's own proxies have seen it.

Anybody may send forwarding headers, and a proxy adds to what came. So the lists are read from the right, where the
proxy nearest to us has written, past those that the operator trusts; the first other address is the client's.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Network

    Address: TypeAlias = IPv4Address | IPv6Address
    Network: TypeAlias = IPv4Network | IPv6Network

FORWARDING = frozenset(
    {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip", "via"}
)
"""Headers of proxies, in lower case."""
_MOST = 50
"""Hops that are looked at."""


def real_client(peer: str, headers: Mapping[str, str], trusted: Sequence[str]) -> str | None:
    """Return the address of who asks through proxies that are trusted; None when only the peer is known.

    `headers`: by lower-case names, lines of one header joined. X-Forwarded-For and Forwarded (RFC 7239) are read; when
    both are there they have to agree: a proxy writes one of them, and hands the other on as it came.
    """
    if not _is_trusted(_address(peer), networks(tuple(trusted))):
        return None
    found = {
        _walked(hops, networks(tuple(trusted)))
        for name, split in (("x-forwarded-for", _listed), ("forwarded", _forwarded))
        if (hops := split(headers[name]) if name in headers else None) is not None
    }
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=16)
def networks(names: tuple[str, ...]) -> tuple[Network, ...]:
    """Return networks by their names, which the configuration has checked."""
    return tuple(ip_network(name, strict=False) for name in names)


def is_within(address: str, names: Sequence[str]) -> bool:
    """Tell whether an address is in one of some networks; what is no address is in none."""
    return _is_trusted(_address(address), networks(tuple(names)))


def _walked(hops: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """Return the first hop from the right that is not trusted, the leftmost when all are; None if it is no address."""
    found = None
    for hop in reversed(hops[-_MOST:]):
        found = _address(_without_port(hop))
        if found is None or not _is_trusted(found, trusted):
            break
    return None if found is None else str(found)


def _listed(header: str) -> list[str]:
    return [hop.strip() for hop in header.split(",")]


def _forwarded(header: str) -> list[str]:
    """Return the `for` of each element; "" where one has none, which is no address."""
    return [_for(element) for element in header.split(",")]


def _for(element: str) -> str:
    pairs = (pair.partition("=") for pair in element.split(";"))
    return next((value.strip().strip('"') for name, _, value in pairs if name.strip().lower() == "for"), "")


def _without_port(hop: str) -> str:
    """`192.0.2.1:80` and `[2001:db8::1]:80` have a port, `2001:db8::1` has none."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _address(name: str) -> Address | None:
    try:
        address = ip_address(name)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


def _is_trusted(address: Address | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in trusted)
