"""Addresses as people and servers write them, made ready to be asked (RFC 3986, RFC 3987)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from string import printable
from typing import Final
from urllib.parse import quote

from yarl import URL

from aggregator.errors import AddressRefused, FetchError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_URL: Final = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(?:#.*)?", re.DOTALL)
_AUTHORITY: Final = re.compile(r"(?:([^\\]*)@)?(\[[0-9A-Fa-f:.]+\]|[^:\[\]@]+)(?::([0-9]{0,5}))?")
_UNSENDABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)

# What stays as it stands: a browser, too, sends these so (URL Standard, percent-encode sets). "%" is among them,
# so nothing is encoded twice.
_IN_QUERY: Final = "".join(set(printable) - set(' "<>\t\n\r\v\f'))
_IN_PATH: Final = "".join(set(_IN_QUERY) - set("^`{}\\"))

# Ports of services that are not HTTP and could be talked into something (Fetch Standard, "bad port").
_BAD_PORTS: Final = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
    531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045,
    4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
})  # fmt: skip


@lru_cache(maxsize=4096)  # the same addresses are asked again and again
def locate(url: str) -> URL:
    """Check an absolute http(s) address and encode what cannot be sent; all else stays byte for byte.

    The fragment goes, user and password stay. Raises AddressRefused for a disguised IP address or the port of
    another service, FetchError for what is no address at all.
    """
    match = _URL.fullmatch(url)
    if match is None or _UNSENDABLE.search(url):
        raise _no_address("it has control characters")
    scheme, authority, path, query = match.groups()
    if (scheme or "").lower() not in DEFAULT_PORTS:
        raise _no_address(f"its scheme is {scheme!r}" if scheme else "it has no scheme")
    netloc = _netloc(authority or "", scheme.lower())
    target = quote(path or "/", safe=_IN_PATH) + quote(query or "", safe=_IN_QUERY)
    if query == "?":  # yarl drops an empty query, but leaves a path as it is
        return URL.build(scheme=scheme.lower(), authority=netloc, path=target, encoded=True)
    return URL(f"{scheme.lower()}://{netloc}{target}", encoded=True)


def _no_address(why: str) -> FetchError:
    return FetchError(f"The address cannot be asked: {why}.", "Give an address that starts with https:// or http://.")


def _netloc(authority: str, scheme: str) -> str:
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise _no_address("it has no host, or a malformed one")
    userinfo, host, port = match.groups()
    netloc = _ipv6(host) if host.startswith("[") else _name(host)
    if port:
        netloc += _port(int(port), scheme)
    return netloc if userinfo is None else f"{quote(userinfo, safe=_IN_PATH.replace('@', ''))}@{netloc}"


def _port(port: int, scheme: str) -> str:
    if port in _BAD_PORTS:
        raise AddressRefused(
            f"Port {port} belongs to a service that is not the web.", "Correct the port in the address."
        )
    if not 0 < port < 1 << 16:
        raise _no_address(f"there is no port {port}")
    return "" if port == DEFAULT_PORTS[scheme] else f":{port}"


def _ipv6(host: str) -> str:
    try:
        return f"[{IPv6Address(host[1:-1])}]"
    except AddressValueError as error:
        raise _no_address("its IPv6 address is malformed") from error


def _name(host: str) -> str:
    """Give a host in ASCII and lower case (IDNA, UTS 46)."""
    try:
        name = host.lower() if host.isascii() else (URL.build(scheme="http", host=host).raw_host or "")
    except ValueError as error:
        raise _no_address("its host name is malformed") from error
    labels = name.removesuffix(".").split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - RFC 1035
        raise _no_address("its host name is malformed")
    if _NUMBER.fullmatch(labels[-1]):
        _plain_ipv4(name)
    return name


def _plain_ipv4(name: str) -> None:
    """Refuse 127.1, 2130706433, 0177.0.0.1 and the like: what they reach depends on who reads them."""
    try:
        IPv4Address(name)
    except AddressValueError as error:
        raise AddressRefused(
            f"{name} is an odd spelling of an IP address.",
            "Write it as four decimal numbers, such as 192.0.2.1.",
        ) from error
