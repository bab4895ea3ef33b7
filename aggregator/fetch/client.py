"""The one HTTP client: conditional GET, redirects by hand, everything bounded, every connection guarded."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import aiohttp

from aggregator.config.types import format_duration
from aggregator.decide.sites import host_of
from aggregator.errors import BrokenResponse, NetworkError, TimedOut
from aggregator.fetch.caching import header_text, read_caching, read_validators
from aggregator.fetch.decoding import Body, too_large
from aggregator.fetch.failures import DatedHandshake, translated
from aggregator.fetch.guard import Guard, current_dial
from aggregator.fetch.linking import read_links
from aggregator.fetch.redirects import REDIRECTS, Trail
from aggregator.fetch.request import basic_authorization, request_headers, user_agent
from aggregator.fetch.resolver import Resolver
from aggregator.fetch.urls import locate
from aggregator.model import Fetched, Validators

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from aiohttp.abc import AbstractResolver
    from multidict import CIMultiDict
    from yarl import URL

    from aggregator.config.settings import Network

_CONNECT: Final = 10.0
"""Seconds for looking up a name and connecting, all addresses together; half of the timeout when that is less."""
_TELLING: Final = timedelta(seconds=10)
"""For a message and its answer, or network.timeout where that is less."""
_WITH_DOCUMENT: Final = frozenset({200, 203, 226})
"""Statuses whose body is read; of any other answer the headers say it all."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to ask a server for."""

    url: str
    """Exactly as configured."""
    validators: Validators = field(default_factory=Validators)
    """Sent verbatim, along redirects too: they are kept under this address, whoever gave them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The source's own, most often secret: dropped when a redirect leaves the origin."""
    verify: bool = True
    """Check the TLS certificate."""
    outside: str | None = None
    """The public host that once redirected to `url` for good: it may lead to public addresses only."""
    name: str = ""
    """Which subscription this is, for the publisher: part of User-Agent."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a server is told, or asked, beside documents: at the address of a stranger, maybe."""

    url: str
    body: bytes | None = None
    """Sent by POST; without it the message is a GET."""
    headers: Mapping[str, str] = field(default_factory=dict)
    reply_limit: int = 0
    """Bytes of the answer's body that are wanted; one more is read, so that a longer one is not taken for it."""
    outside: str | None = None
    """The public host that named `url`: it may lead to public addresses only."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered to a message."""

    status: int
    body: bytes
    location: str | None = None
    """Where a redirect leads, in whole."""


async def _at_once(_: str) -> None:
    """Wait for no host."""


class Client:
    """Asks servers for documents over one aiohttp session; an async context manager.

    Every answer takes a connection of its own: polls of one host are seconds apart, and a connection that the
    server closed meanwhile would look like a failure.
    """

    def __init__(
        self,
        network: Network,
        *,
        clock: Callable[[], datetime],
        resolver: AbstractResolver | None = None,
        subscribers: Callable[[], int] | None = None,
    ) -> None:
        self._network = network
        self._clock = clock
        self._resolver = resolver
        self._subscribers = subscribers
        self._guard = Guard(network.allow_private, network.proxy)

    async def __aenter__(self) -> Self:
        seconds = self._network.timeout.total_seconds()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # how many at once is the caller's to decide
                force_close=True,
                resolver=self._resolver or Resolver(),
                socket_factory=self._guard.open_socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=min(_CONNECT, seconds / 2)),
            middlewares=(_ask_once,),
            proxy=self._network.proxy,
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, ask: Ask, *, reach: Callable[[str], Awaitable[None]] = _at_once) -> Fetched:
        """GET once, and once more for each redirect; any status is an answer.

        `reach` waits until a host that a redirect leads to may be asked; that does not count as the server's time.
        Raises FetchError when there was no usable answer: the address, the name, the connection, TLS, time, size,
        redirects, or the answer itself.
        """
        spent, trail = 0.0, Trail.start(ask.url, ask.outside)
        while True:
            started = asyncio.get_running_loop().time() - spent
            try:
                answer = await self._in_time(ask, trail, started)
            except NetworkError as error:
                error.redirected = bool(trail.visited)
                raise
            if not isinstance(answer, Trail):
                return answer
            spent, trail = asyncio.get_running_loop().time() - started, answer
            await reach(host_of(str(trail.url)))

    async def tell(self, message: Message) -> Reply:
        """Send a message; any status is an answer, a redirect too: it is not followed.

        Raises FetchError when there was no answer, AddressRefused when the guard lets nobody ask there.
        """
        url, patience = locate(message.url), min(_TELLING, self._network.timeout)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                return await self._tell(url, message)
        except TimeoutError as error:
            raise TimedOut(f"{url.raw_host}: no complete answer within {format_duration(patience)}.") from error

    async def _tell(self, url: URL, message: Message) -> Reply:
        own = {"User-Agent": user_agent(self._network), "Accept": "*/*", "Accept-Encoding": "identity"}
        method = "GET" if message.body is None else "POST"
        with self._guard.dialling(url, outside=message.outside) as dial, translated(dial):
            async with self._session.request(
                method, url, data=message.body, headers={**own, **message.headers}, allow_redirects=False,
                ssl=self._trust,
            ) as response:  # fmt: skip
                location = response.headers.get("Location")
                leads = urljoin(str(url), location) if location and response.status in REDIRECTS else None
                return Reply(response.status, await _first(response, message.reply_limit), leads)

    async def _in_time(self, ask: Ask, trail: Trail, started: float) -> Fetched | Trail:
        try:
            async with asyncio.timeout_at(started + self._network.timeout.total_seconds()):
                return await self._ask(ask, trail, started)
        except TimeoutError as error:
            raise TimedOut(
                f"{trail.url.raw_host}: no complete answer within {format_duration(self._network.timeout)}.",
                "The server is slow or overloaded; if it stays so, raise network.timeout in feeds.yaml.",
            ) from error

    async def _ask(self, ask: Ask, trail: Trail, started: float) -> Fetched | Trail:
        """Make one request; a redirect gives the trail to follow."""
        headers = self._headers(ask, trail)
        with self._guard.dialling(trail.url, outside=trail.outside) as dial, translated(dial):
            async with self._session.get(
                trail.url, headers=headers, allow_redirects=False, ssl=self._tls(ask, trail)
            ) as response:
                if response.status in REDIRECTS:
                    return _follow(trail, response, public=dial.public)
                return await self._fetched(ask, trail, response, started)

    def _tls(self, ask: Ask, trail: Trail) -> ssl.SSLContext | bool:
        return self._trust if ask.verify and trail.url.scheme == "https" else ask.verify

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """What the system trusts now (SSL_CERT_FILE included), not what it did when aiohttp was imported."""
        context = ssl.create_default_context()
        context.sslobject_class = DatedHandshake
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _headers(self, ask: Ask, trail: Trail) -> CIMultiDict[str]:
        agent = user_agent(self._network, 0 if self._subscribers is None else self._subscribers(), ask.name)
        headers = request_headers(agent, ask.validators, ask.headers if trail.at_home else {})
        if trail.userinfo is not None and trail.at_home:
            headers.setdefault("Authorization", basic_authorization(trail.userinfo))
        return headers

    async def _fetched(self, ask: Ask, trail: Trail, response: aiohttp.ClientResponse, started: float) -> Fetched:
        received = self._clock()
        headers = response.headers
        content, length = await self._read(trail, response) if response.status in _WITH_DOCUMENT else (b"", 0)
        return Fetched(
            url=trail.address if trail.visited else ask.url,
            status=response.status,
            received=received,
            body=content,
            content_type=header_text(headers, "Content-Type"),
            validators=read_validators(headers, received),
            caching=read_caching(headers, received),
            moved_to=trail.moved_to,
            elapsed=asyncio.get_running_loop().time() - started,
            bytes_received=length,
            challenge=headers.get("cf-mitigated", "").strip().lower() == "challenge",
            links=read_links(headers),
        )

    async def _read(self, trail: Trail, response: aiohttp.ClientResponse) -> tuple[bytes, int]:
        """Give the body, decoded, and how many bytes it had on the wire."""
        host, limit = trail.url.raw_host or "", self._network.max_body
        body = Body(host, response.headers.getall("Content-Encoding", ()), limit)
        if (response.content_length or 0) > limit:
            raise too_large(host, limit)
        async for piece in response.content.iter_any():
            body.feed(piece)
        return body.close(), body.received


async def _first(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read the beginning of a body: up to one byte more than the limit, and nothing where that is 0."""
    read = b""
    while limit and len(read) <= limit and (piece := await response.content.read(limit + 1 - len(read))):
        read += piece
    return read


def _follow(trail: Trail, response: aiohttp.ClientResponse, *, public: bool) -> Trail:
    location = response.headers.get("Location")
    if not location:
        raise BrokenResponse(
            f"{trail.url.raw_host}: redirects (status {response.status}) without saying where.",
            "Tell the publisher, or look for the feed's new address on their site.",
        )
    return trail.follow(response.status, location, public=public)


async def _ask_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from asking again when the server hangs up: a retry is the schedule's to decide."""
    with translated(current_dial()):
        return await handler(request)
