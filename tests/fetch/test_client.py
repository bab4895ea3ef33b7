"""What goes over the wire, and what comes back, against a real server."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.errors import (
    BadRedirect,
    BrokenResponse,
    ConnectFailed,
    FetchError,
    ResolveFailed,
    TimedOut,
    TooLarge,
)
from aggregator.fetch.client import Ask
from aggregator.fetch.decoding import ACCEPT_ENCODING
from aggregator.fetch.request import ACCEPT
from aggregator.model import Caching, Fetched, Validators

if TYPE_CHECKING:
    from collections.abc import Callable

    Get = Callable[..., Fetched]
    Response = Callable[..., bytes]

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SHORT = timedelta(seconds=0.3)


def test_a_request_says_who_asks_and_no_more(origin: Any, ok: Response, get: Get) -> None:
    """No cookie, no referrer, no header beyond what a poll needs."""
    origin.answers["/feed"] = ok(b"", "Set-Cookie: id=1")
    get(origin.url(), subscribers=lambda: 7, contact="https://me.example/")
    seen = origin.seen[0]
    assert seen.line == "GET /feed HTTP/1.1"
    assert seen.names == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert seen.get("Host") == origin.host
    assert seen.get("User-Agent").endswith("(+https://me.example/; 7 subscribers)")
    assert seen.get("Accept") == ACCEPT
    assert seen.get("Accept").startswith("application/atom+xml, application/rss+xml")
    assert seen.get("Accept-Encoding") == ACCEPT_ENCODING


def test_cookies_are_never_kept(origin: Any, ok: Response, client: Any) -> None:
    """What one answer sets, the next request does not send."""
    origin.answers["/feed"] = ok(b"", "Set-Cookie: id=1; Path=/")

    async def run() -> None:
        async with client() as one:
            for _ in range(2):
                await one.get(Ask(origin.url()))

    asyncio.run(run())
    assert "cookie" not in origin.seen[1].names


@pytest.mark.parametrize(
    "validators",
    [
        Validators(etag='"abc"'),
        Validators(etag='W/"AbC, x"'),
        Validators(etag="unquoted"),
        Validators(etag='"é€"'),
        Validators(last_modified="Mon, 04 May 2026 10:00:00 GMT"),
        Validators(last_modified="yesterday, more or less"),
        Validators('"a"', "Mon, 04 May 2026 10:00:00 GMT"),
    ],
)
def test_validators_come_back_byte_for_byte(validators: Validators, origin: Any, ok: Response, get: Get) -> None:
    """As given with an answer, so sent with the next request: both when both, and nothing that was not given."""
    headers = []
    if validators.etag:
        headers.append(f"ETag: {validators.etag}")
    if validators.last_modified:
        headers.append(f"Last-Modified: {validators.last_modified}")
    origin.answers["/feed"] = ok(b"", *headers)
    given = get(origin.url()).validators
    assert given == validators
    get(Ask(origin.url(), given))
    assert origin.seen[1].get("If-None-Match") == validators.etag
    assert origin.seen[1].get("If-Modified-Since") == validators.last_modified


def test_validators_that_cannot_be_sent_again_are_none(origin: Any, ok: Response, get: Get) -> None:
    """An ETag in Latin-1 would come back changed, an empty one means nothing."""
    origin.answers["/feed"] = ok(b"", 'ETag: "\udce9"', "Last-Modified:")
    assert get(origin.url()).validators == Validators()


@pytest.mark.parametrize("target", ["/a%2fb%7Ec/../d//e?q=%c3%a9&&x=a+b&y=%zz", "/%E2%82%AC", "/feed?a=1|2"])
def test_the_address_is_sent_as_configured(target: str, origin: Any, ok: Response, get: Get) -> None:
    """Percent-encoding, dots and empty parameters reach the server as they stand in feeds.yaml."""
    origin.answers["*"] = ok()
    assert get(origin.url(target)).url == origin.url(target)
    assert origin.seen[0].target == target


def test_an_iri_is_encoded_and_reported_as_configured(origin: Any, ok: Response, get: Get) -> None:
    """What cannot be sent is encoded on the wire alone."""
    origin.answers["*"] = ok()
    assert get(origin.url("/é#top")).url == origin.url("/é#top")
    assert origin.seen[0].target == "/%C3%A9"


def test_an_answer_is_told_whole(origin: Any, ok: Response, get: Get) -> None:
    """Status, body, type, validators, caching, sizes: as they came."""
    body = gzip.compress(b"<rss/>" * 100)
    origin.answers["/feed"] = ok(
        body, "Content-Type: application/rss+xml;\tcharset=utf-8", "Content-Encoding: gzip", 'ETag: "x"',
        "Cache-Control: max-age=600", "Retry-After: 60",
    )  # fmt: skip
    fetched = get(origin.url())
    assert fetched == Fetched(
        url=origin.url(),
        status=200,
        received=NOON,
        body=b"<rss/>" * 100,
        content_type="application/rss+xml;\tcharset=utf-8",
        validators=Validators('"x"'),
        caching=Caching(timedelta(seconds=600), "max-age=600", NOON + timedelta(seconds=60)),
        elapsed=fetched.elapsed,
        bytes_received=len(body),
    )
    assert 0 < fetched.elapsed < 5


def test_a_body_that_is_gzip_inside_is_left_alone(origin: Any, ok: Response, get: Get) -> None:
    """A .gz file without a label is a document like any other; the parser says what it thinks of it."""
    body = gzip.compress(b"<rss/>")
    origin.answers["/feed.gz"] = ok(body, "Content-Type: application/gzip")
    assert get(origin.url("/feed.gz")).body == body


def test_chunks_and_close_end_a_body_too(origin: Any, get: Get) -> None:
    """Both other ways to frame a body work."""
    origin.answers["/chunked"] = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    )
    origin.answers["/closed"] = b"HTTP/1.0 200 OK\r\n\r\nabcde"
    assert get(origin.url("/chunked")).body == get(origin.url("/closed")).body == b"abcde"


@pytest.mark.parametrize("status", ["304 Not Modified", "401 No", "404 Not Found", "410 Gone", "429 Slow", "503 Later"])
def test_any_status_is_an_answer(status: str, origin: Any, ok: Response, get: Get) -> None:
    """Headers of every answer count; the body of one without the document is not waited for."""
    code = status[:3]
    length = "" if code == "304" else "Content-Length: 99999999\r\n"
    head = f'HTTP/1.1 {status}\r\nETag: "new"\r\nRetry-After: 9\r\nContent-Encoding: odd\r\n{length}\r\n'
    origin.answers["/feed"] = (head.encode(), b"" if code == "304" else b"<html>", 6)
    fetched = get(origin.url())
    assert (fetched.status, fetched.body) == (int(code), b"")
    assert fetched.validators == Validators('"new"')
    assert fetched.caching.retry_after == NOON + timedelta(seconds=9)


def test_a_delta_has_a_body(origin: Any, ok: Response, get: Get) -> None:
    """226 carries a document (RFC 3229)."""
    origin.answers["/feed"] = ok(b"delta", status="226 IM Used")
    assert get(origin.url()).body == b"delta"


@pytest.mark.parametrize(("value", "challenge"), [("challenge", True), ("CHALLENGE ", True), ("", False)])
def test_a_bot_check_is_told_apart(value: str, challenge: bool, origin: Any, ok: Response, get: Get) -> None:
    """cf-mitigated says that a bot check answered instead of the publisher."""
    origin.answers["/feed"] = ok(b"", f"cf-mitigated: {value}", status="403 Forbidden")
    assert get(origin.url()).challenge is challenge


# --- secrets and redirects


@pytest.mark.fault("T17")
def test_secrets_go_to_their_origin_alone(origin: Any, make_origin: Any, ok: Response, get: Get) -> None:
    """Own headers and the address's password follow a redirect at home, and stay behind when it leaves."""
    other = make_origin(answers={"*": ok(b"elsewhere")})
    origin.answers["/feed"] = ok(b"", "Location: /home", status="302 Found")
    origin.answers["/home"] = ok(b"", f"Location: {other.url('/away')}", status="302 Found")
    url = origin.url().replace("//", "//me:pass%20word@")
    ask = Ask(url, Validators('"v"'), {"X-Token": "secret", "Cookie": "session=1"})
    fetched = get(ask)
    assert (fetched.url, fetched.body) == (other.url("/away"), b"elsewhere")
    for seen in origin.seen:
        assert (seen.get("X-Token"), seen.get("Cookie")) == ("secret", "session=1")
        assert seen.get("Authorization") == "Basic bWU6cGFzcyB3b3Jk"
    away = other.seen[0]
    assert away.names == {"host", "user-agent", "accept", "accept-encoding", "connection", "if-none-match"}
    assert away.get("Host") == other.host


def test_an_own_authorization_wins_over_the_address(origin: Any, ok: Response, get: Get) -> None:
    """With both, the header is meant."""
    origin.answers["/feed"] = ok()
    get(Ask(origin.url().replace("//", "//me:pw@"), headers={"Authorization": "Bearer x"}))
    assert [value for name, value in origin.seen[0].headers if name.lower() == "authorization"] == ["Bearer x"]


def test_a_move_for_good_is_reported(origin: Any, ok: Response, get: Get) -> None:
    """The new address, when every hop was permanent; its answer's validators, not the redirect's."""
    origin.answers["/feed"] = ok(b"", "Location: new", 'ETag: "old"', status="301 Moved")
    origin.answers["/new"] = [ok(b"x", 'ETag: "new"'), b'HTTP/1.1 304 Not Modified\r\nETag: "new"\r\n\r\n']
    first = get(origin.url())
    assert (first.url, first.moved_to, first.validators.etag) == (
        origin.url("/new"),
        origin.url("/new"),
        '"new"',
    )
    second = get(Ask(origin.url(), first.validators))
    assert (second.status, second.moved_to) == (304, origin.url("/new"))
    assert origin.seen[-1].get("If-None-Match") == '"new"'


def test_a_redirects_body_is_not_read(origin: Any, ok: Response, get: Get) -> None:
    """An endless page around a Location does not hold anybody up."""
    head = b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 1000000\r\n\r\n<html>"
    origin.answers |= {"/feed": (head, 6), "/new": ok(b"x")}
    assert get(origin.url()).body == b"x"


def test_bad_redirects(origin: Any, ok: Response, get: Get) -> None:
    """Nowhere, in a circle, or without end: three errors, none of which asks for more than it must."""
    origin.answers |= {
        "/nowhere": ok(b"", status="302 Found"),
        "/circle": ok(b"", "Location: /circle", status="301 Moved"),
        **{f"/{n}": ok(b"", f"Location: /{n + 1}", status="302 Found") for n in range(20)},
    }
    with pytest.raises(BrokenResponse, match="without saying where"):
        get(origin.url("/nowhere"))
    with pytest.raises(BadRedirect, match="circle"):
        get(origin.url("/circle"))
    with pytest.raises(BadRedirect, match="more than 5"):
        get(origin.url("/0"))
    assert len(origin.seen) == 1 + 1 + 6


# --- limits


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_body_over_the_limit_is_too_large(coding: str, origin: Any, ok: Response, get: Get) -> None:
    """With or without Content-Length, packed or not, the body is not read beyond the limit."""
    body = gzip.compress(b"\0" * 10**6) if coding else b"x" * 10**6
    label = f"Content-Encoding: {coding}\r\n" if coding else ""
    origin.answers["/length"] = ok(body, label.strip() or "X: y")
    origin.answers["/close"] = f"HTTP/1.1 200 OK\r\n{label}\r\n".encode() + body
    for path in ("/length", "/close"):
        with pytest.raises(TooLarge, match="over 100,000 bytes"):
            get(origin.url(path), max_body="100KB")


def test_an_endless_body_ends_at_the_limit(origin: Any, get: Get) -> None:
    """A server that never stops is left as soon as the limit is passed."""
    origin.answers["/feed"] = (b"HTTP/1.1 200 OK\r\n\r\n", *([b"x" * 10_000] * 10_000))
    with pytest.raises(TooLarge):
        get(origin.url(), max_body="1MB")


def test_a_bomb_is_too_large(origin: Any, ok: Response, get: Get) -> None:
    """A hundred megabytes of nothing in gzip in gzip."""
    packer = zlib.compressobj(9, wbits=31)
    inner = b"".join(packer.compress(b"\0" * 10**6) for _ in range(100)) + packer.flush()
    origin.answers["/feed"] = ok(gzip.compress(inner), "Content-Encoding: gzip, gzip")
    with pytest.raises(TooLarge, match="after decompression"):
        get(origin.url())


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((1.0,), id="never answers"),
        pytest.param((b"HTTP/1.1 200 OK\r\n", *(b"X: y\r\n", 0.05) * 20), id="drips headers"),
        pytest.param((b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *(b"x", 0.05) * 20), id="drips a body"),
    ],
)
def test_a_slow_server_is_given_the_timeout_and_no_more(steps: tuple[Any, ...], origin: Any, get: Get) -> None:
    """Silence or a drip, the total holds."""
    origin.answers["/feed"] = steps
    with pytest.raises(TimedOut, match=r"127\.0\.0\.1: no complete answer within 300ms\. .*network\.timeout"):
        get(origin.url(), timeout=SHORT)
    assert origin.connections == 1


def test_the_timeout_counts_over_all_redirects(origin: Any, ok: Response, get: Get) -> None:
    """Hop after hop cannot outlive the total."""
    for n in range(5):
        origin.answers[f"/{n}"] = (0.1, ok(b"", f"Location: /{n + 1}", status="302 Found"))
    with pytest.raises(TimedOut):
        get(origin.url("/0"), timeout=SHORT)


# --- broken answers

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BROKEN = {
    "cut body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "less came than was announced"),
    "bad chunk": (CHUNKED + b"ZZ\r\nabc\r\n0\r\n\r\n", "chunks are malformed"),
    "cut chunk": (CHUNKED + b"5\r\nabc", "last chunk is missing"),
    "no last chunk": (CHUNKED + b"3\r\nabc\r\n", "last chunk is missing"),
    "garbage": (b"\x00\xff\xfegarbage\r\n\r\n", "not HTTP"),
    "HTTP/0.9": (b"<rss></rss>", "not HTTP"),
    "bad Content-Length": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", "headers are malformed"),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "headers are malformed",
    ),
    "200 KB header": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", "headers are too large"),
    "5,000 cookies": (
        b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=b\r\n" * 5_000 + b"\r\n",
        "headers are too large",
    ),
    "cut headers": (b"HTTP/1.1 200 OK\r\nContent-", "without an answer"),
    "nothing": (b"", "without an answer"),
    "cut gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"<rss/>")[:-8],
        "gzip body was cut short",
    ),
    "no gzip": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n<rss/>", "cannot be decoded"),
    "odd coding": (b"HTTP/1.1 200 OK\r\nContent-Encoding: foo\r\n\r\n<rss/>", "not asked for"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_named(name: str, origin: Any, get: Get) -> None:
    """Each way to be broken has its own message; the server is asked once and not again."""
    origin.answers["/feed"], message = BROKEN[name]
    with pytest.raises(BrokenResponse, match=message) as caught:
        get(origin.url())
    assert caught.value.message.startswith("127.0.0.1: ")
    assert caught.value.remedy
    assert len(origin.seen) == 1


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_a_reset_is_a_broken_answer(before: bytes, origin: Any, reset: object, get: Get) -> None:
    """A connection that is reset, whenever, is asked for once."""
    origin.answers["/feed"] = (before, 0.05, reset)
    with pytest.raises(BrokenResponse, match=r"without an answer|cut short"):
        get(origin.url())
    assert len(origin.seen) == 1


def test_nobody_listens(make_origin: Any, get: Get) -> None:
    """A port without a server refuses, and says so."""
    with pytest.raises(ConnectFailed, match=r"^127\.0\.0\.1:1\d* refuses connections"):
        get("http://127.0.0.1:18/")


def test_a_name_without_address(get: Get, names: Any) -> None:
    """A name that does not exist is told apart from a name server that does not answer."""
    with pytest.raises(ResolveFailed, match=r"^gone\.example: the name has no address\. Check the address"):
        get("http://gone.example/", resolver=names())


def test_a_slow_name_server_is_a_failure_of_the_network(get: Get, names: Any) -> None:
    """When the lookup takes too long, the name could not be resolved; that may be our side's fault."""

    class Slow:
        async def resolve(self, *_: object, **__: object) -> list[Any]:
            await asyncio.sleep(5)
            return []

        async def close(self) -> None:
            """Nothing to close."""

    with pytest.raises(ResolveFailed, match="took too long"):
        get("http://slow.example/", resolver=Slow(), timeout=SHORT)


def test_what_is_no_address_never_reaches_the_network(origin: Any, get: Get) -> None:
    """Other schemes are errors, not requests."""
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/", "feed"):
        with pytest.raises(FetchError):
            get(url)


def test_cancelling_passes_through(origin: Any, client: Any) -> None:
    """A cancelled request ends as cancelled, and the client can be used again."""
    origin.answers["*"] = (0.2, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    async def run() -> bytes:
        async with client() as one:
            task = asyncio.create_task(one.get(Ask(origin.url())))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            fetched: Fetched = await one.get(Ask(origin.url()))
            return fetched.body

    assert asyncio.run(run()) == b"x"


def test_one_hanging_server_does_not_delay_others(origin: Any, make_origin: Any, ok: Response, client: Any) -> None:
    """Twenty healthy answers arrive while thirty others hang."""
    healthy = make_origin(answers={"*": ok()})
    origin.answers["*"] = (6,)

    async def run() -> tuple[list[Fetched], int]:
        async with client() as one:
            hanging = [asyncio.create_task(one.get(Ask(origin.url(f"/{n}")))) for n in range(30)]
            good = await asyncio.gather(*(one.get(Ask(healthy.url(f"/{n}"))) for n in range(20)))
            waiting = sum(not task.done() for task in hanging)
            for task in hanging:
                task.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)
            return good, waiting

    good, waiting = asyncio.run(run())
    assert [fetched.status for fetched in good] == [200] * 20
    assert waiting == 30
