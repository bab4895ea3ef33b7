"""How often strangers may ask for what costs something: buckets of tokens, one for each client and one for all."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

_CLIENTS = 10_000
"""How many are remembered, those that asked last."""
_SUBSCRIBER = 64
"""Bits of an IPv6 address that a provider gives to one subscriber (RFC 6177): the rest is the client's to choose."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and so many a second after that."""

    burst: int
    a_second: float


class Rates:
    """Admits requests; time is an argument, in seconds of any clock that only goes forward."""

    def __init__(self, each: Rate, together: Rate) -> None:
        """`each` holds for one client, `together` for all of them."""
        self._each, self._together = each, together
        self._all = _Bucket(together.burst, 0.0)
        self._clients: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Return 0.0 when a client's request is admitted, else the seconds after which it would be.

        `client` is an address; those of one IPv6 subscriber are one client. What is not admitted costs nothing.
        """
        bucket = self._bucket(_subscriber(client), now)
        wait = max(_lacking(bucket, self._each, now), _lacking(self._all, self._together, now))
        if wait <= 0:
            bucket.tokens -= 1
            self._all.tokens -= 1
        return wait

    def _bucket(self, client: str, now: float) -> _Bucket:
        bucket = self._clients.setdefault(client, _Bucket(self._each.burst, now))
        self._clients.move_to_end(client)
        if len(self._clients) > _CLIENTS:
            self._clients.popitem(last=False)
        return bucket


def _lacking(bucket: _Bucket, rate: Rate, now: float) -> float:
    """Fill a bucket up to now; return the seconds until it holds a token."""
    bucket.tokens = min(rate.burst, bucket.tokens + max(0.0, now - bucket.at) * rate.a_second)
    bucket.at = now
    return max(0.0, 1 - bucket.tokens) / rate.a_second


def _subscriber(client: str) -> str:
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, _SUBSCRIBER), strict=False))
    return str(address)
