"""Which addresses may be connected to, decided when the socket is made.

Only here is it certain which address is meant: a name that was checked earlier may resolve differently now.
"""

from __future__ import annotations

import errno
import socket
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from yarl import URL

from aggregator.errors import AddressRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aiohttp import AddrInfoType

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# Python's is_global knows the IANA registries of its own release; this table holds everywhere, names the kind, and
# is what the operator is offered for allow_private.
_KINDS: Final[tuple[tuple[IPNetwork, str], ...]] = tuple(
    (ip_network(network), kind)
    for kind, networks in {
        "a loopback address": ("127.0.0.0/8", "::1/128"),
        "a private address": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
        "a link-local address": ("169.254.0.0/16", "fe80::/10"),
        "an unspecified address": ("0.0.0.0/8", "::/128"),
        "an address shared behind a provider's NAT": ("100.64.0.0/10",),
        "a multicast address": ("224.0.0.0/4", "ff00::/8"),
        "a documentation address": (
            *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
            *("2001:db8::/32", "3fff::/20"),
        ),
        "a reserved address": (
            *("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"),
            *("64:ff9b:1::/48", "100::/64"),
        ),
    }.items()
    for network in networks
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")

# IPv6 prefixes of 96 bits whose last 32 are an IPv4 address: mapped, compatible, translated (RFC 2765), NAT64.
_EMBEDDING: Final = tuple(
    IPv6Network(prefix) for prefix in ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)


@dataclass(slots=True)
class Dial:
    """What is being connected to for the request under way, and what came of it."""

    host: str
    port: int
    resolved: bool = False
    """The name has an address: a socket was asked for."""
    proxy: str | None = None
    """Host of the proxy that is connected to instead."""
    outside: str | None = None
    """The public host that redirected here, whether directly or not."""
    public: bool = False
    """What is connected to is open to everybody."""
    refused: AddressRefused | None = None


_dial: ContextVar[Dial] = ContextVar("dial")


def current_dial() -> Dial:
    """Give what is being connected to; LookupError outside of Guard.dialling."""
    return _dial.get()


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry of network.allow_private: a CIDR network, an address, or a host, the last two with a port or not."""

    network: IPNetwork | None
    host: str
    port: int | None = None

    @classmethod
    def parse(cls, entry: str) -> Allowance:
        """Read an entry; one that names nothing allows nothing."""
        if (network := _network(entry)) is not None:
            return cls(network, "")
        host, colon, port = entry.rpartition(":")
        if not colon or not (port.isascii() and port.isdecimal()):
            return cls(None, _host(entry))
        return cls(_network(host.removeprefix("[").removesuffix("]")), _host(host), int(port))

    def covers(self, dial: Dial, address: IPAddress) -> bool:
        """Tell whether `address` may be connected to for this request."""
        if self.port not in (None, dial.port):
            return False
        return address in self.network if self.network is not None else dial.host == self.host

    def names(self, dial: Dial) -> bool:
        """Tell whether this entry is the name that is asked for."""
        return self.network is None and self.port in (None, dial.port) and dial.host == self.host


def _network(text: str) -> IPNetwork | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _host(text: str) -> str:
    return text.lower().removesuffix(".").removeprefix("[").removesuffix("]")


class Guard:
    """Refuses every address that is not public, unless allowed; a configured proxy is trusted.

    What is allowed is so for sources that are configured there: whoever redirects from a public address does not
    reach it.

    With a proxy it is the proxy that resolves names: only literal addresses, names of this machine, and the proxy
    itself can be refused, before it is asked.
    """

    def __init__(self, allow: Sequence[str], proxy: str | None = None) -> None:
        self._allowances = tuple(Allowance.parse(entry) for entry in allow)
        self._proxy = None if proxy is None else URL(proxy)

    def open_socket(self, info: AddrInfoType) -> socket.socket:
        """Make the socket for one address (aiohttp's socket_factory); OSError(EACCES) when it is refused."""
        family, kind, protocol, _, sockaddr = info
        dial = _dial.get()
        dial.resolved = True
        if self._proxy is None and (refusal := self._judged(dial, sockaddr[0])) is not None:
            dial.refused = dial.refused or refusal
            raise OSError(errno.EACCES, refusal.message)
        return socket.socket(family, kind, protocol)

    @contextmanager
    def dialling(self, url: URL, *, outside: str | None = None) -> Iterator[Dial]:
        """Say, to every task that connects for this one, what is asked for; raises AddressRefused.

        `outside` is the public host that redirected here.
        """
        dial = Dial((url.raw_host or "").removesuffix("."), url.port or 0, outside=outside)
        if self._proxy is not None:
            dial.proxy = self._proxy.raw_host
            self._check_before_proxy(dial, self._proxy)
        token = _dial.set(dial)
        try:
            yield dial
        finally:
            _dial.reset(token)

    def _check_before_proxy(self, dial: Dial, proxy: URL) -> None:
        if (dial.host, dial.port) == (proxy.raw_host, proxy.port):
            raise AddressRefused(
                f"{dial.host}:{dial.port} is the proxy itself, which no source may be.",
                "Correct the address.",
            )
        local = dial.host == "localhost" or dial.host.endswith(".localhost")  # RFC 6761
        try:
            refusal = self._judged(dial, "127.0.0.1" if local else dial.host)
        except ValueError:
            refusal = self._judged_by_name(dial)
        if refusal is not None:
            raise refusal

    def _judged_by_name(self, dial: Dial) -> AddressRefused | None:
        """Take a name that is allowed for one of this network, where the proxy alone knows its address."""
        dial.public = not any(one.names(dial) for one in self._allowances)
        if dial.public or dial.outside is None:
            return None
        return _led_astray(dial, f"{dial.host} is", "a private address")

    def _judged(self, dial: Dial, text: str) -> AddressRefused | None:
        """Note whether an address is public; return why it must not be connected to, if so; ValueError for a name."""
        address, reached, found = _known(text)
        if found is None:
            dial.public = True
            return None
        network, kind = found
        subject = f"{dial.host} is" if dial.host == str(address) else f"{dial.host} resolves to {address},"
        if dial.outside is not None:
            return _led_astray(dial, f"{dial.host} leads to", kind)
        if any(one.covers(dial, ip) for one in self._allowances for ip in (address, reached)):
            return None
        endpoint = f"{reached}:{dial.port}" if reached.version == 4 else f"[{reached}]:{dial.port}"  # noqa: PLR2004
        return AddressRefused(
            f"{subject} {kind}, where sources may not be.",
            f"If this source may be on a private network, add {endpoint} (or a network such as {network}) "
            "to network.allow_private in feeds.yaml.",
        )


@lru_cache(maxsize=4096)  # what an address is does not change, and it is asked at every poll
def _known(text: str) -> tuple[IPAddress, IPAddress, tuple[IPNetwork, str] | None]:
    """Say of an address as it is written which it is, which it stands for, and of what kind that is."""
    address = ip_address(text)
    reached = unwrap(address)
    return address, reached, _kind(reached)


def _led_astray(dial: Dial, subject: str, kind: str) -> AddressRefused:
    return AddressRefused(
        f"{subject} {kind}; {dial.outside}, a public host, must not redirect there.",
        "If the feed is there, configure that address itself, and allow it by network.allow_private in feeds.yaml.",
    )


def unwrap(address: IPAddress) -> IPAddress:
    """Give the IPv4 address that an IPv6 one stands for (mapped, NAT64, 6to4, Teredo, ...), or the address itself."""
    if isinstance(address, IPv4Address) or int(address) <= 1:
        return address
    if any(address in prefix for prefix in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.sixtofour or (teredo[1] if teredo else address)


def _kind(address: IPAddress) -> tuple[IPNetwork, str] | None:
    """Say in which network of which kind an address is; None when it is public."""
    for network, kind in _KINDS:
        if address in network:
            return network, kind
    unicast = isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST
    if unicast and address.is_global and not address.is_multicast:
        return None
    length = 24 if isinstance(address, IPv4Address) else 64
    return ip_network(
        (int(address) >> (address.max_prefixlen - length) << (address.max_prefixlen - length), length)
    ), "not public"
