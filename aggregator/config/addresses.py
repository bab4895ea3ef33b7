"""Addresses as an operator writes them: of sources, proxies, hubs, networks, and of the database."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from aggregator.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
_NOT_IN_HOST = re.compile(r'[<>"{}|\\^`%]|\.\.|^\.')
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
_INSIDE = frozenset(
    {"arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localhost", "onion", "test"}
)
"""Top-level names that mean nothing to servers elsewhere (RFC 6761, RFC 6762, and usual ones)."""

Finding = tuple[str, str]
"""What is wrong, and what would be right."""


def url_findings(url: str) -> Iterator[Finding]:
    """Say what keeps a text from being an http(s) URL with a host that can be used exactly as written."""
    if _BLANK.search(url):
        yield "an address must not contain spaces.", "Remove them, or write %20."
        return
    parts = split(url)
    if parts is None or "\\" in url:
        yield "this is not an address.", "Write https://HOST/PATH."
    elif parts.scheme not in _PORTS:
        yield "an address starts with https:// or http://.", _scheme_remedy(parts.scheme, url)
    elif not parts.hostname or _NOT_IN_HOST.search(parts.hostname):
        yield "the address names no host.", "Write https://HOST/PATH."
    elif "#" in url:
        yield "an address that is asked of a server has no #fragment.", "Remove # and what follows it."


def site_findings(url: str) -> Iterator[Finding]:
    """Say what keeps a text from being the public address of this server."""
    found = tuple(url_findings(url))
    yield from found
    parts = split(url)
    if not found and parts is not None and ("?" in url or parts.username is not None):
        yield (
            "the public address has no ?query and no user:password@.",
            "Write https://HOST/ or https://HOST/PATH/.",
        )


def network_findings(text: str) -> Iterator[Finding]:
    """Say what keeps a text from being an IP address or a network in CIDR notation (RFC 4632)."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        yield "this is neither an IP address nor a network.", "Write 192.168.0.0/16, 10.1.2.3 or ::1."
        return
    if ipaddress.ip_interface(text).ip != network.network_address:
        yield f"the bits after /{network.prefixlen} are not zero.", f"Write {network}."


def private_findings(text: str) -> Iterator[Finding]:
    """Say what keeps a text from being a network in CIDR notation, or host[:port]."""
    if not any(network_findings(text)):
        return
    host, port = _host_and_port(text)
    if "/" in text:
        yield from network_findings(text)
    elif not _is_host(host):
        yield "this is neither a network nor host[:port].", "Write 10.0.0.0/8, nas.lan or nas.lan:8080."
    elif port is not None and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= _MAX_PORT):
        yield (
            "the port is not a number from 1 to 65535.",
            "Write host:8080, or the host alone for every port.",
        )


def database_findings(url: str) -> Iterator[Finding]:
    """Say what keeps a text from being the address of a database that we know."""
    if is_server(url):
        return
    place = url.removeprefix("sqlite:///")
    if place == url:
        yield "this is not the address of a database.", "Write sqlite:///db/aggregator.db."
    elif place.strip("/") == "" or place.endswith("/") or "\0" in place:
        yield "the address names no database file.", "Write sqlite:///db/aggregator.db."
    elif place == ":memory:":
        yield "a database in memory forgets everything at every start.", "Write sqlite:///db/aggregator.db."
    elif "?" in place:
        yield "the address of a database has no ?options.", "Remove ? and what follows it."


def is_server(url: str) -> bool:
    """Tell whether a text is the address of a PostgreSQL server's database."""
    return url.startswith(("postgresql://", "postgres://"))


def database_place(url: str, base: Path) -> Path | str:
    """Return the file of `sqlite:///db/x.db` (relative to the folder `base`) or `sqlite:////x.db` (absolute).

    The address of a server stays as it is. Raise ConfigError for anything else.
    """
    if found := list(database_findings(url)):
        raise ConfigError([Problem(str(base), None, "database", *finding) for finding in found])
    return url if is_server(url) else base / url.removeprefix("sqlite:///")


def is_reached(url: str, allowed: Iterable[str]) -> bool:
    """Tell whether servers elsewhere may reach this address: a public one, or one of `network.allow_private`."""
    parts = split(url)
    if parts is None or not parts.hostname:
        return False
    host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    if any(_is_named(text, host, port) for text in allowed):
        return True
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.rstrip(".") and host.rstrip(".").rpartition(".")[2] not in _INSIDE


def _is_named(text: str, host: str, port: int | None) -> bool:
    """Tell whether an entry of `network.allow_private` names a host."""
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(text, strict=False)
    except ValueError:
        name, only = _host_and_port(text)
        return name.lower() == host and (only is None or only == str(port))


def same_address(url: str) -> str:
    """Return a form that is equal for two addresses of one resource (RFC 3986 section 6.2.2.1 and 6.2.3)."""
    parts = split(url)
    if parts is None or not parts.hostname:
        return url
    host = parts.hostname if ":" not in parts.hostname else f"[{parts.hostname}]"
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return parts._replace(netloc=f"{user}{host}{port}", path=parts.path or "/").geturl()


def split(url: str) -> SplitResult | None:
    """Split an address (RFC 3986 appendix B); None when its host or port is malformed."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _scheme_remedy(scheme: str, url: str) -> str:
    if scheme == "feed":
        return "Write https:// instead of feed:."
    if "://" not in url and not url.startswith("/"):
        return "Put https:// in front."
    return "Use one of these two."


def _host_and_port(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return (host, rest.removeprefix(":") if rest else None) if rest[:1] in ("", ":") else (text, None)
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _is_host(host: str) -> bool:
    return bool(_HOST.fullmatch(host)) or not any(network_findings(host))
