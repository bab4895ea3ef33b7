"""Redirects, followed by hand: every hop is checked, secrets stay with their origin (RFC 9110 section 15.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from aggregator.errors import AddressRefused, BadRedirect, FetchError
from aggregator.fetch.urls import locate

if TYPE_CHECKING:
    from yarl import URL

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
PERMANENT: Final = frozenset({301, 308})
MOST: Final = 5

_RAW_BYTE: Final = re.compile("[\udc80-\udcff]")
_REMEDY: Final = "Open the address in a browser and put the one that shows the feed into feeds.yaml."


@dataclass(frozen=True, slots=True)
class Trail:
    """The way of one request: where it is, where it was, and what it may still carry."""

    url: URL
    """Where to ask now, without user and password."""
    userinfo: str | None = None
    """User and password of the first address, still encoded."""
    visited: tuple[URL, ...] = ()
    permanent: bool = True
    """Every hop was permanent, and none led from https to http."""
    downgraded: bool = False
    at_home: bool = True
    """The origin (scheme, host, port) never changed: the feed's secrets may be sent."""
    outside: str | None = None
    """A public host that it has led over: from there it leads to public addresses only."""

    @classmethod
    def start(cls, url: str, outside: str | None = None) -> Trail:
        """Begin at an address as configured; raises FetchError as `locate` does.

        `outside` is the public host that once led to this address.
        """
        located = locate(url)
        userinfo, at, _ = located.raw_authority.rpartition("@")
        return cls(located.with_user(None) if at else located, userinfo or None, outside=outside)

    @property
    def address(self) -> str:
        """Where to ask now, as it would stand in feeds.yaml."""
        if self.userinfo is None or not self.at_home:
            return str(self.url)
        return str(self.url).replace("://", f"://{self.userinfo}@", 1)

    @property
    def moved_to(self) -> str | None:
        """Where the feed has moved to for good; None without a redirect, or when a hop was temporary.

        Nor when the way left the host and came back: whoever sent us back would choose where secrets are sent.
        """
        if not (self.visited and self.permanent):
            return None
        home, *way = (url.authority for url in (*self.visited, self.url))
        back = way[-1] == home and any(host != home for host in way)
        return None if back else self.address

    def follow(self, status: int, location: str, *, public: bool = True) -> Trail:
        """Take one redirect, of a `public` address or not.

        Raises BadRedirect for loops, too many hops and addresses that cannot be asked.
        """
        target = self._target(location)
        visited = (*self.visited, self.url)
        if target in visited:
            raise BadRedirect(f"{self.url.raw_host} redirects in a circle.", _REMEDY)
        if len(visited) > MOST:
            raise BadRedirect(f"{visited[0].raw_host} redirects more than {MOST} times.", _REMEDY)
        downgrade = (self.url.scheme, target.scheme) == ("https", "http")
        if downgrade and self.downgraded:
            raise BadRedirect(f"{self.url.raw_host} redirects from https to http again.", _REMEDY)
        return replace(
            self,
            url=target,
            visited=visited,
            permanent=self.permanent and status in PERMANENT and not downgrade,
            downgraded=self.downgraded or downgrade,
            at_home=self.at_home and target.origin() == self.url.origin(),
            outside=self.outside or (self.url.raw_host if public else None),
        )

    def _target(self, location: str) -> URL:
        """Resolve a Location; user and password in it are not ours to send."""
        # A header's bytes that are not UTF-8 come as surrogates; they were raw bytes of the path.
        sendable = _RAW_BYTE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", location)
        try:
            return locate(urljoin(str(self.url), sendable)).with_user(None)
        except AddressRefused:
            raise
        except (FetchError, ValueError) as error:
            reason = error.message if isinstance(error, FetchError) else "The address cannot be read."
            raise BadRedirect(f"{self.url.raw_host} redirects to where we do not go. {reason}", _REMEDY) from error
