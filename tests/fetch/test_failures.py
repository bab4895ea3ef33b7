"""Whatever the wire raises comes out as an error of ours, in plain words."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from aggregator.errors import (
    AddressRefused,
    BrokenResponse,
    ConnectFailed,
    FetchError,
    ResolveFailed,
    TimedOut,
    TlsFailed,
)
from aggregator.fetch.failures import translated
from aggregator.fetch.guard import Dial

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = ConnectionKey("news.example", 443, True, True, None, None, None)


def subclasses(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    """Every class below one, itself included."""
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


def instance(kind: Any) -> Any:
    """Make an error the way aiohttp does."""
    request = aiohttp.RequestInfo(URL("http://news.example/"), "GET", CIMultiDictProxy(CIMultiDict()))
    if kind is UnixClientConnectorError:
        return kind("/run/x", KEY, OSError(2, "gone"))
    if issubclass(kind, aiohttp.ClientConnectorError):
        cause = (
            ssl.SSLCertVerificationError(1, "bad")
            if issubclass(kind, ssl.SSLCertVerificationError)
            else OSError(2, "gone")
        )
        return kind(KEY, cause)
    if issubclass(kind, aiohttp.ClientResponseError):
        return kind(request, ())
    if issubclass(kind, aiohttp.ServerFingerprintMismatch):
        return kind(b"a", b"b", "news.example", 443)
    return kind("told")


def translate(error: BaseException, dial: Dial | None = None) -> FetchError:
    """Raise inside, catch outside."""
    with pytest.raises(FetchError) as caught, translated(dial or Dial("news.example", 443, resolved=True)):
        raise error
    assert caught.value.__cause__ is error or dial is not None
    return caught.value


@pytest.mark.parametrize("kind", sorted(set(subclasses(aiohttp.ClientError)), key=str))
def test_every_error_of_aiohttp_is_translated(kind: type[BaseException]) -> None:
    """When aiohttp grows a new error, it is one of ours too, with a message and a remedy."""
    failure = translate(instance(kind))
    assert "news.example" in failure.message
    assert failure.message.endswith(".")
    assert failure.remedy.endswith(".")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_NONAME, "x")), ResolveFailed, "has no address"),
        (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_AGAIN, "x")), ResolveFailed, "could not be looked up"),
        (aiohttp.ConnectionTimeoutError("x"), ConnectFailed, "no connection in time"),
        (aiohttp.SocketTimeoutError("x"), TimedOut, "went silent"),
        (TimeoutError("x"), TimedOut, "went silent"),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "x")), ConnectFailed, "news.example:443 refuses"),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ENETUNREACH, "x")), ConnectFailed, "from this network"),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EMFILE, "x")), ConnectFailed, os.strerror(errno.EMFILE)),
        (aiohttp.ClientConnectorError(KEY, OSError("Multiple exceptions")), ConnectFailed, "no reason given"),
        (aiohttp.ClientOSError(errno.ECONNRESET, "x"), BrokenResponse, "broke the connection off"),
        (ConnectionResetError("x"), BrokenResponse, "closed the connection"),
        (ssl.SSLError(1, "x"), TlsFailed, "no encrypted connection"),
        (aiohttp.InvalidURL("x"), FetchError, "cannot be asked"),
    ],
)  # fmt: skip
def test_errors_are_told_apart(error: BaseException, kind: type[FetchError], message: str) -> None:
    """Names, connections, time, TLS and answers are different things to mend."""
    failure = translate(error)
    assert type(failure) is kind
    assert message in failure.message


def test_a_lookup_that_takes_too_long() -> None:
    """Before a socket was asked for, it is the name that is missing."""
    failure = translate(aiohttp.ConnectionTimeoutError("x"), Dial("news.example", 443))
    assert type(failure) is ResolveFailed


def test_a_refusal_outlives_what_aiohttp_makes_of_it() -> None:
    """Several refused addresses come as one mixed error; the guard's own words are kept."""
    refused = AddressRefused("no", "yes")
    dial = Dial("news.example", 443, resolved=True, refused=refused)
    error = aiohttp.ClientConnectorError(KEY, OSError("Multiple exceptions: ..."))
    assert translate(error, dial) is refused


def test_a_refusal_explains_no_later_fault() -> None:
    """When another address did connect, what went wrong there is what is told."""
    dial = Dial("news.example", 443, resolved=True, refused=AddressRefused("no", "yes"))
    assert type(translate(aiohttp.SocketTimeoutError("x"), dial)) is TimedOut


def test_a_proxys_failure_names_the_proxy() -> None:
    """The operator looks at the proxy, not at the source."""
    dial = Dial("news.example", 443, resolved=True, proxy="proxy.lan")
    failure = translate(aiohttp.ClientProxyConnectionError(KEY, OSError(errno.ECONNREFUSED, "x")), dial)
    assert "The proxy proxy.lan" in failure.message
    assert "network.proxy" in failure.remedy


@pytest.mark.parametrize("error", [ValueError("ours"), KeyboardInterrupt(), AddressRefused("ours")])
def test_other_errors_pass(error: BaseException) -> None:
    """Mistakes of our own and errors with a name travel as they are."""
    with pytest.raises(type(error)) as caught, translated(Dial("news.example", 443)):
        raise error
    assert caught.value is error
