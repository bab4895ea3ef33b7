"""Who reaches the port: every address of the house, with hostile paths, queries and headers."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from aggregator.model import Item
from tests.serve.conftest import PRIVATE, PUBLIC, TOKEN

if TYPE_CHECKING:
    from tests.attacks.conftest import House
    from tests.serve.conftest import Answer

SCRIPT = "<script>alert(1)</script>"
ADDRESSES = (
    "/", "/story/x", "/search?q=model", "/search.atom?q=model", "/search.json?q=model", "/subscribe", "/sources", "/healthz", "/readyz", "/metrics",
    "/all.atom", "/all.rss", "/all.json", "/sources.opml", "/sources.atom", "/all/2026-01.atom", "/static/style.css", "/static/page.js",
    "/static/icon.svg", f"/{TOKEN}/agents.atom", f"/{TOKEN}/agents.json", "/french.rss",
)  # fmt: skip
ELSEWHERE = (
    "//evil.test", "//evil.test/all.atom", "/\\evil.test", "\\\\evil.test", "/%5Cevil.test/", "/%09/evil.test", "/%2f%2fevil.test", "/sources/",
    "/story/", "/.//evil.test", "/all.atom/..//evil.test", "/%0d%0aLocation:%20https://evil.test", "/all.atom%0d%0aX-Evil:1", "/@evil.test",
    "/?return=https://evil.test", "/?next=//evil.test", "https://evil.test/sources/",
)  # fmt: skip
TRAVERSAL = (
    "../aggregator.db", "..%2faggregator.db", "%2e%2e/aggregator.db", "..\\aggregator.db", "static/../../aggregator.db", "static/..%2f..%2faggregator.db",
    "static/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "story/..%2f..%2f..%2fetc%2fpasswd", "renditions/all.atom", "all.atom/../../lock", "....//aggregator.db",
    "static//etc/passwd", "static/style.css%00.atom", "%00", "aggregator.db", "pushes/x", "all/2026-01.atom/../../aggregator.db", "..%252faggregator.db",
)  # fmt: skip


def is_harmless(answer: Answer) -> bool:
    """Tell whether an answer runs nothing, is taken for nothing else, and is framed by nobody."""
    policy = answer["Content-Security-Policy"] or ""
    return (
        "default-src 'none'" in policy
        and "frame-ancestors 'none'" in policy
        and answer["X-Content-Type-Options"] == "nosniff"
    )


@pytest.mark.fault("T8")
def test_no_error_repeats_what_was_asked(standing: House) -> None:
    """Markup in a path, a query, a header or the address of a source comes back from no address, but escaped on a page."""
    paths = [f"{address.partition('?')[0]}/{quote(SCRIPT)}" for address in ADDRESSES]
    paths += [
        f"{address}{'&' if '?' in address else '?'}{name}={quote(SCRIPT)}"
        for address in ADDRESSES
        for name in ("q", "tag", "before", "state")
    ]
    paths += [
        f"/{quote(SCRIPT)}.atom",
        f"/{quote(SCRIPT)}/all.atom",
        f"/websub/{quote(SCRIPT)}",
        f"/websub/x?hub.challenge={quote(SCRIPT)}",
    ]
    seen = {}
    for path in paths:
        answer = standing.client.get(
            path,
            {"User-Agent": SCRIPT, "Referer": SCRIPT, "X-Forwarded-For": SCRIPT, "Cookie": SCRIPT, "Accept": SCRIPT},
        )
        seen[answer.status] = answer
        assert SCRIPT not in answer.text or answer["Content-Type"] == "application/feed+json", path
        assert SCRIPT not in str(answer.headers), path
        assert is_harmless(answer), path
        assert answer.status < 400 or answer["Content-Type"] == "text/plain; charset=utf-8", path
    assert {200, 400, 404} <= set(seen)


@pytest.mark.fault("T9")
@pytest.mark.fault("T25")
def test_every_answer_is_protected(standing: House) -> None:
    """Each address, with each method, an odd one too: a policy, nosniff, no referrer; no version of us, and no cookie."""
    for address in ADDRESSES:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE", "TRACE", "GET-PROPERTY"):
            answer = standing.client.get(address, method=method)
            assert answer.status < 500, (method, address)
            if answer.status == 400 and not answer["Content-Security-Policy"]:
                assert answer.body == b"Invalid HTTP request received.", "the parser's own words"
                continue
            assert is_harmless(answer), (method, address)
            assert answer["Referrer-Policy"] == "no-referrer"
            assert (answer["Set-Cookie"], answer["Server"], answer["X-Powered-By"]) == (None, None, None)
            assert answer.status < 400 or not set(answer.text) & set("<>"), (method, address)


@pytest.mark.fault("T9")
def test_no_address_gives_what_others_sent_as_it_is(standing: House) -> None:
    """What is served is made here: a handful of media types, of which the only image is ours; a challenge is plain text."""
    types = {(standing.client.get(address)["Content-Type"] or "").partition(";")[0] for address in ADDRESSES}
    assert types == {
        "text/html", "text/plain", "text/css", "text/javascript", "image/svg+xml", "application/atom+xml", "application/rss+xml",
        "application/feed+json", "text/x-opml",
    }  # fmt: skip


@pytest.mark.fault("T13")
@pytest.mark.parametrize("path", ELSEWHERE)
def test_nobody_is_led_elsewhere(standing: House, path: str) -> None:
    """Whatever the path, no answer redirects, and none has a header of somebody else's."""
    head = f"GET {path} HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: evil.test\r\nConnection: close\r\n\r\n"
    answer = standing.client.raw(head.encode())
    status = int(answer.split(b" ", 2)[1])
    assert status in {200, 400, 404}, answer[:300]
    assert b"evil.test" not in answer.lower()
    assert b"location:" not in answer.lower()


@pytest.mark.fault("T10")
@pytest.mark.parametrize("path", TRAVERSAL)
def test_no_path_leads_to_other_files(standing: House, path: str) -> None:
    """Neither the database nor what lies beside it, however the way there is spelled."""
    for base in ("", f"{TOKEN}/"):
        answer = standing.client.raw(f"GET /{base}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert answer.split(b" ", 2)[1] in {b"400", b"404"}, path
        assert b"SQLite format" not in answer
        assert b"root:" not in answer


@pytest.mark.fault("T14")
def test_no_header_makes_a_stranger_somebody(standing: House) -> None:
    """Who says that he comes from this machine is believed by nobody, unless through a proxy that is trusted."""
    names = (
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "X-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Forwarded-Host",
    )
    assert standing.client.get("/metrics").status == 200, "from this machine itself"
    for name in names[:3]:
        spoofed = {name: "for=203.0.113.9" if name == "Forwarded" else "203.0.113.9"}
        assert standing.client.get("/metrics", spoofed).status == 404, "it came through something, and is not from here"
    for name in names:
        for said in ("127.0.0.1", "127.0.0.1, 203.0.113.9", "for=127.0.0.1", "::1", "localhost"):
            answer = standing.client.get(f"/{TOKEN[:-1]}/agents.atom", {name: said})
            assert answer.status == 404, (name, said)


@pytest.mark.fault("T15")
def test_get_changes_nothing(house: House) -> None:
    """Not a byte of the database and of the published files, and the daemon is told nothing: a picture may ask for it all."""
    before = _state(house)
    for address in ADDRESSES:
        for query in ("", "hub.mode=unsubscribe", "action=delete&method=POST&_method=DELETE&id=1"):
            for headers in (
                {},
                {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image", "Origin": "https://evil.test"},
                {"X-HTTP-Method-Override": "DELETE"},
            ):
                house.client.get(f"{address}{'&' if '?' in address else '?'}{query}", headers)
    assert (_state(house), house.world.told) == (before, [])


@pytest.mark.fault("T15")
def test_nothing_but_hubs_and_callbacks_takes_a_post(house: House) -> None:
    """A form of another site finds nobody: every other address answers 404 or 405, and the hub takes what is no secret."""
    house.world.hub = True
    house.world.publish()
    form = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": "https://evil.test",
        "Sec-Fetch-Site": "cross-site",
    }
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answers = {address: house.client.get(address, form, method=method, body=b"a=b").status for address in ADDRESSES}
        assert set(answers.values()) <= {404, 405}, answers
    fields = "&".join(f"f{number}=x" for number in range(3_000)).encode()
    assert house.client.get("/hub", form, method="POST", body=fields[:16_000]).status == 400
    assert house.client.get("/hub", form, method="POST", body=fields).status == 413
    assert house.world.told == []


def _state(house: House) -> dict[str, str]:
    """Digest every file, those that SQLite keeps beside its own left out."""
    files = (
        file for file in house.world.folder.rglob("*") if file.is_file() and not file.name.endswith(("-shm", "-wal"))
    )
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.fault("T16")
def test_nobody_learns_of_what_is_private(standing: House) -> None:
    """No address, page, list or number tells address, title, entries or key of a private source, a token, or a path of ours."""
    secrets = (
        "hush",
        "Secret Letters",
        "Between us",
        "inside.example",
        TOKEN,
        str(standing.world.folder),
        "aggregator.db",
    )
    for address in ADDRESSES:
        if TOKEN in address:
            continue
        answer = standing.client.get(address)
        assert [secret for secret in secrets if secret in answer.text or secret in str(answer.headers)] == [], address
    assert standing.client.get("/?output=agents").status == 404
    assert "Between us" not in standing.client.get("/search.json?q=between").text
    assert "Secret Letters" not in standing.client.get(f"/?source={quote(PRIVATE)}").text, (
        "who knows the address learns no more"
    )
    assert "Between us" in standing.client.get(f"/{TOKEN}/agents.atom").text, "its subscribers do"


@pytest.mark.fault("T18")
def test_controls_reach_no_page(house: House) -> None:
    """A title with line breaks, escapes, bidi overrides and NUL is one plain line on pages and in feeds."""
    title = "first\r\nsecond\x1b[31m\x9b2J\u202eevil\u2066\x00\x07 end"
    house.world.poll(PUBLIC, [Item(title=title, guid="odd", link="https://news.example/odd")])
    house.world.publish()
    for address in ("/", "/search?q=first", "/all.atom", "/all.rss", "/all.json"):
        text = house.client.get(address).text.replace("<mark>", "").replace("</mark>", "")
        if address == "/all.json":
            text = "".join(item["title"] for item in json.loads(text)["items"])
        assert "first second" in text, address
        assert not set(text) & set("\x1b\x00\x07\x9b"), address


HIDDEN = b"GET /%s/agents.atom HTTP/1.1\r\nHost: x\r\n\r\n" % TOKEN.encode()
SMUGGLED = {
    "length and chunks": b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": b"POST /hub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 999\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "list of lengths": b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 0, %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "signed length": b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: +%d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "length with a blank": b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length : %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "folded": b"POST /hub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "odd coding": b"POST /hub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "bare line feeds": b"GET /healthz HTTP/1.1\nHost: x\nX: y\r\n\r\n" + HIDDEN,
    "nul in a name": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n" + HIDDEN,
    "line feed in a value": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "body of a get": b"GET /all.atom HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "chunk of odd size": b"POST /hub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + HIDDEN,
}  # fmt: skip


@pytest.mark.parametrize("sent", SMUGGLED.values(), ids=SMUGGLED)
def test_no_request_hides_in_another(standing: House, sent: bytes) -> None:
    """What two servers might read differently is refused, or read as one request with a body: none is answered from inside."""
    for _ in range(2):  # what is remembered of the first is no way in
        answer = standing.client.raw(sent)
        assert b"Between us" not in answer
        assert answer.count(b"HTTP/1.1 ") <= 1, answer[:600]
