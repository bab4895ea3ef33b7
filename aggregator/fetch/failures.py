"""What goes wrong on the wire, in our own words: the one place where foreign errors become errors of ours."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp

from aggregator.errors import (
    BrokenResponse,
    ConnectFailed,
    FetchError,
    ResolveFailed,
    TimedOut,
    TlsFailed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aggregator.fetch.guard import Dial

_CHECK: Final = "Check the address; the site may have moved or closed."
_PASSES: Final = "This should pass; if it does not, the server or the network is at fault."
_TELL: Final = "Tell the publisher; `verify: false` on this source reads it all the same, unprotected."

# OpenSSL's X509_V_ERR_*
_DISTRUST: Final = {
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed",
    19: "comes from an authority that is not trusted",
    20: "comes from an authority that is not trusted, or its chain is incomplete",
    21: "comes without the rest of its chain",
    23: "was revoked",
    62: "is for another host",
    64: "is for another address",
}
_EXPIRED: Final = 10
_UNCONNECTED: Final = {
    errno.ECONNREFUSED: "refuses connections",
    errno.ECONNRESET: "breaks off connections",
    errno.EHOSTUNREACH: "cannot be reached",
    errno.ENETUNREACH: "cannot be reached from this network",
    errno.ETIMEDOUT: "does not answer",
}


class DatedHandshake(ssl.SSLObject):
    """A handshake whose error knows until when the certificate was valid: OpenSSL's does not say."""

    def do_handshake(self) -> None:
        """Shake hands."""
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as error:
            inner, told = cast("Any", self), cast("Any", error)
            with suppress(Exception):  # private before Python 3.13, and no more than a courtesy
                told.not_after = inner._sslobj.get_unverified_chain()[0].get_info()["notAfter"]  # noqa: SLF001
            raise


@contextmanager
def translated(dial: Dial) -> Iterator[None]:
    """Raise a FetchError in place of whatever aiohttp, ssl and the system raise inside; cancelling passes."""
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        raise _translate(error, dial) from error


def _translate(error: Exception, dial: Dial) -> FetchError:
    if dial.refused is not None and isinstance(error, aiohttp.ClientConnectorError):
        return dial.refused
    make = next(make for kinds, make in _TRANSLATIONS if isinstance(error, kinds))
    return make(error, dial)


def _unresolved(error: aiohttp.ClientConnectorDNSError, dial: Dial) -> FetchError:
    if error.os_error.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
        return ResolveFailed(f"{_peer(dial)}: the name has no address.", _CHECK)
    return ResolveFailed(
        f"{_peer(dial)}: the name could not be looked up.",
        "Check this machine's name server and network; the domain's own name servers may be down.",
    )


def _late(_: Exception, dial: Dial) -> FetchError:
    if not dial.resolved:
        return ResolveFailed(
            f"{_peer(dial)}: looking the name up took too long.",
            "Check this machine's name server and network.",
        )
    return ConnectFailed(f"{_peer(dial)}: no connection in time.", _PASSES)


def _silent(_: Exception, dial: Dial) -> FetchError:
    return TimedOut(f"{dial.host}: the server went silent.", _PASSES)


def _distrusted(error: Exception, dial: Dial) -> FetchError:
    cause = getattr(error, "certificate_error", error)
    code = getattr(cause, "verify_code", 0)
    why = _DISTRUST.get(code) or f"was not accepted ({getattr(cause, 'verify_message', 'no reason given')})"
    if code == _EXPIRED and (until := getattr(cause, "not_after", None)) is not None:
        why = f"{why} on {datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC):%Y-%m-%d}"
    return TlsFailed(f"{dial.host}: the certificate {why}.", _TELL)


def _no_tls(error: Exception, dial: Dial) -> FetchError:
    cause = getattr(error, "os_error", error)
    reason = (getattr(cause, "reason", None) or "the connection broke off").replace("_", " ").lower()
    return TlsFailed(
        f"{dial.host}:{dial.port}: no encrypted connection could be made ({reason}).",
        "If the server has no TLS on this port, use its http:// address; else tell the publisher.",
    )


def _proxy(error: aiohttp.ClientHttpProxyError, dial: Dial) -> FetchError:
    return ConnectFailed(
        f"The proxy refuses to connect to {dial.host} (status {error.status}).",
        "Check network.proxy in feeds.yaml.",
    )


def _unconnected(error: aiohttp.ClientConnectorError, dial: Dial) -> FetchError:
    code = error.os_error.errno
    what = _UNCONNECTED.get(code or 0) or f"cannot be connected to ({os.strerror(code) if code else 'no reason given'})"
    remedy = "Check network.proxy in feeds.yaml." if dial.proxy else _PASSES
    return ConnectFailed(f"{_peer(dial)}:{error.port} {what}.", remedy)


def _cut_short(error: Exception, dial: Dial) -> FetchError:
    chunked = isinstance(error.__cause__, aiohttp.http_exceptions.TransferEncodingError)
    how = "its last chunk is missing" if chunked else "less came than was announced"
    return BrokenResponse(f"{dial.host}: the answer was cut short; {how}.", _PASSES)


def _no_address(_: Exception, dial: Dial) -> FetchError:
    return FetchError(f"{dial.host}: the address cannot be asked.", _CHECK)


def _not_http(error: aiohttp.ClientResponseError, dial: Dial) -> FetchError:
    """Tell apart what the parser did not accept; its own text quotes the server's bytes and is not repeated."""
    said = error.message.lower()
    if "status line" in said:
        what = "the answer is not HTTP"
    elif "too many" in said or "got more than" in said:
        what = "the answer's headers are too large"
    elif "chunk" in said:
        what = "the answer's chunks are malformed"
    else:
        what = "the answer's headers are malformed"
    return BrokenResponse(f"{dial.host}: {what}.", "Tell the publisher, or check the address and its port.")


def _hung_up(error: Exception, dial: Dial) -> FetchError:
    how = "broke the connection off" if getattr(error, "errno", None) == errno.ECONNRESET else "closed the connection"
    return BrokenResponse(f"{dial.host}: the server {how} without an answer.", _PASSES)


def _odd(error: Exception, dial: Dial) -> FetchError:
    return BrokenResponse(f"{dial.host}: the exchange failed ({type(error).__name__}).", _PASSES)


def _peer(dial: Dial) -> str:
    return f"The proxy {dial.proxy}" if dial.proxy else dial.host


_TRANSLATIONS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[..., FetchError]], ...]] = (
    (aiohttp.ClientConnectorDNSError, _unresolved),
    (aiohttp.ConnectionTimeoutError, _late),
    (TimeoutError, _silent),
    (ssl.SSLCertVerificationError, _distrusted),
    ((aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch, ssl.SSLError), _no_tls),
    (aiohttp.ClientConnectorError, _unconnected),
    (aiohttp.ClientHttpProxyError, _proxy),
    (aiohttp.ClientPayloadError, _cut_short),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, aiohttp.RedirectClientError), _no_address),
    (aiohttp.ClientResponseError, _not_http),
    ((aiohttp.ClientConnectionError, OSError), _hung_up),
    (Exception, _odd),
)
"""The first row that fits an error counts."""
