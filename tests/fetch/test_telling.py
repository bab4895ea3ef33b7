"""Messages: what is sent, how much of an answer is read, and where nobody is told anything."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import Network
from aggregator.errors import AddressRefused, BrokenResponse, FetchError, TimedOut
from aggregator.fetch.client import Client, Message, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    Response = Callable[..., bytes]


def _tell(message: Message, **network: Any) -> Reply:
    async def run() -> Reply:
        settings = Network(**{"allow_private": ("127.0.0.0/8",), **network})
        async with Client(settings, clock=lambda: pytest.fail("no date is needed")) as client:
            return await client.tell(message)

    return asyncio.run(run())


def test_a_message_is_posted(origin: Any, ok: Response) -> None:
    """Body and headers go out as given; of an answer that is not wanted only the status is read."""
    origin.answers["/cb?a=1"] = ok(b"thanks")
    reply = _tell(Message(origin.url("/cb?a=1"), b"news", {"Content-Type": "application/atom+xml"}))
    assert reply == Reply(200, b"")
    (seen,) = origin.seen
    assert seen.line == "POST /cb?a=1 HTTP/1.1"
    assert (seen.get("Content-Type"), seen.get("Content-Length")) == ("application/atom+xml", "4")
    assert seen.get("Accept-Encoding") == "identity"
    assert seen.get("User-Agent").startswith("aggregator/")


@pytest.mark.parametrize(("limit", "read"), [(5, b"answer"), (6, b"answer"), (3, b"answ"), (0, b"")])
def test_of_an_answer_no_more_than_wanted_is_read(origin: Any, ok: Response, limit: int, read: bytes) -> None:
    """One byte more than the limit tells a longer answer from one that fits."""
    origin.answers["/cb"] = ok(b"answer")
    assert _tell(Message(origin.url("/cb"), reply_limit=limit)) == Reply(200, read)
    assert origin.seen[0].line == "GET /cb HTTP/1.1"


def test_a_redirect_is_an_answer(origin: Any) -> None:
    """It is not followed, wherever it leads; where that is, is told."""
    origin.answers["/cb"] = b"HTTP/1.1 307 T\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
    assert _tell(Message(origin.url("/cb"), b"news")) == Reply(307, b"", origin.url("/other"))
    assert len(origin.seen) == 1


@pytest.mark.fault("T1")
def test_private_addresses_are_told_nothing(origin: Any, ok: Response) -> None:
    """The guard judges messages as it does polls, and no connection is made."""
    origin.answers["*"] = ok(b"")
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        with pytest.raises(AddressRefused):
            _tell(Message(origin.url("/cb", host=host), b"news"), allow_private=())
    assert origin.connections == 0


@pytest.mark.fault("T1")
def test_who_names_an_address_from_outside_leads_no_further(origin: Any, ok: Response) -> None:
    """An address in our network that is allowed is so for what is configured, not for what strangers name."""
    origin.answers["*"] = ok(b"")
    with pytest.raises(AddressRefused, match=r"news\.example"):
        _tell(Message(origin.url("/hub"), b"form", outside="news.example"))
    assert origin.connections == 0


def test_nobody_is_waited_for(origin: Any) -> None:
    """Silence, half an answer, and an address that is none are errors with a name; nothing is sent twice."""
    origin.answers["/silent"] = (5.0,)
    origin.answers["/half"] = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    with pytest.raises(TimedOut):
        _tell(Message(origin.url("/silent"), b"news"), timeout=timedelta(seconds=0.2))
    with pytest.raises(BrokenResponse):
        _tell(Message(origin.url("/half"), reply_limit=9))
    assert len(origin.seen) == 2
    with pytest.raises(FetchError):
        _tell(Message("https://reader.example:99999/"))
