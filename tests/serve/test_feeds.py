from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.model import Item
from aggregator.publish.codings import CODINGS
from aggregator.publish.manifest import Manifest, PublishedOutput
from aggregator.publish.renditions import MANIFEST

if TYPE_CHECKING:
    from conftest import Answer, Client, World

TOKEN = "s3cret-token"
NEWS = "https://news.example/feed"
TYPES = {
    "/all.atom": "application/atom+xml; charset=utf-8",
    "/all.rss": "application/rss+xml; charset=utf-8",
    "/all.json": "application/feed+json",
    "/sources.opml": "text/x-opml; charset=utf-8",
    "/sources.atom": "application/atom+xml; charset=utf-8",
}


@pytest.mark.parametrize("path", TYPES)
def test_document_is_sent_byte_for_byte(client: Client, published: World, path: str) -> None:
    """What is published is what is sent, with its exact type, validators and caching."""
    answer = client.get(path)
    rendition = published.renditions.load(path[1:])
    assert rendition is not None
    assert (answer.status, answer.body) == (200, rendition.bodies["identity"])
    assert answer["Content-Type"] == TYPES[path]
    assert answer["ETag"] == rendition.etags["identity"]
    assert answer["Cache-Control"] == "public, max-age=300"
    assert answer["Vary"] == "Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode"
    assert answer["Accept-Ranges"] == "none"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in (answer["Access-Control-Expose-Headers"] or "")
    assert "default-src 'none'" in (answer["Content-Security-Policy"] or "")
    assert answer["Content-Encoding"] is None
    assert answer["Server"] is None


@pytest.mark.parametrize("coding", CODINGS)
def test_each_coding_is_another_representation(client: Client, coding: str) -> None:
    """A compressed document has the same content, its own ETag, and says how it is coded."""
    plain = client.get("/all.atom")
    small = client.get("/all.atom", {"Accept-Encoding": f"gzip;q=0.5, {coding}"})
    assert small["Content-Encoding"] == coding
    assert CODINGS[coding].decompress(small.body) == plain.body
    assert (small["ETag"] or "").strip('"').endswith(f"-{coding}")
    assert client.get("/all.atom", {"If-None-Match": small["ETag"] or "", "Accept-Encoding": coding}).status == 304
    assert client.get("/all.atom", {"If-None-Match": small["ETag"] or ""}).status == 200
    assert client.get("/all.atom", {"Accept-Encoding": "gzip;q=0, *"})["Content-Encoding"] is None


def settled(client: Client, headers: dict[str, str]) -> Answer:
    """Return a document that is old enough to give its own date: Last-Modified is never later than Date."""
    client.get("/all.rss", headers)
    time.sleep(2.5)
    return client.get("/all.rss", headers)


@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
def test_unchanged_document_costs_no_body(client: Client, coding: str) -> None:
    """With either validator alone the answer is 304, carrying what a 200 would say, and no content."""
    first = settled(client, {"Accept-Encoding": coding})
    for asked in ({"If-None-Match": f'W/"x", {first["ETag"]}'}, {"If-Modified-Since": first["Last-Modified"] or ""}):
        again = client.get("/all.rss", {"Accept-Encoding": coding, **asked})
        assert (again.status, again.body) == (304, b"")
        for name in ("ETag", "Cache-Control", "Vary", "Last-Modified"):
            assert again[name] == first[name], name
        assert again["Content-Type"] is None
        assert again["Content-Length"] in (None, "0")


def test_etag_decides_over_date(client: Client) -> None:
    """A foreign ETag with a date in the future is answered in full; the other coding's ETag too."""
    first = client.get("/all.rss", {"Accept-Encoding": "gzip"})
    future = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    for tag in ('"other"', first["ETag"] or ""):
        assert client.get("/all.rss", {"If-None-Match": tag, "If-Modified-Since": future}).status == 200


def test_same_rows_same_validators(own_client: Client, world: World) -> None:
    """Publishing again without news changes neither bytes nor validators."""
    first, before = own_client.get("/all.atom"), world.renditions.load("all.atom")
    world.publish()
    again = own_client.get("/all.atom")
    assert (again.body, again["ETag"], world.renditions.load("all.atom")) == (first.body, first["ETag"], before)


def test_news_are_served_at_once(own_client: Client, world: World) -> None:
    """A changed file is read again: new bytes, new ETag, and both old validators are outdated."""
    first = own_client.get("/all.atom")
    world.poll(NEWS, [Item(title="Breaking", guid="new", link="https://news.example/new")])
    world.publish()
    asked = {"If-Modified-Since": first["Last-Modified"] or ""}
    assert b"Breaking" in own_client.get("/all.atom", asked).body
    asked = {"If-None-Match": first["ETag"] or ""}
    assert own_client.get("/all.atom", asked).status == 200


def test_last_modified_is_never_after_date(own_client: Client, world: World) -> None:
    """A document of this very moment, or of tomorrow by a wrong clock, is not dated after the answer."""
    for modified in (datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)):
        body = f"<feed>{modified}</feed>".encode()
        world.renditions.write("all.atom", body, media_type="application/atom+xml", modified=modified)
        answer = own_client.get("/all.atom")
        assert answer.body == body
        assert _date(answer["Last-Modified"]) <= _date(answer["Date"])


def _date(header: str | None) -> datetime:
    return parsedate_to_datetime(header or "")


@pytest.mark.parametrize("path", TYPES)
def test_browser_is_shown_xml(client: Client, path: str) -> None:
    """Who navigates there gets a type that browsers show; who fetches gets the exact type."""
    shown = TYPES[path] if path.endswith(".json") else "application/xml; charset=utf-8"
    assert client.get(path, {"Sec-Fetch-Dest": "document"})["Content-Type"] == shown
    assert client.get(path, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"})["Content-Type"] == shown
    fetched = client.get(path, {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"})
    assert fetched["Content-Type"] == TYPES[path]
    assert fetched["Vary"] == "Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode"


def test_head_is_get_without_content(client: Client) -> None:
    """HEAD has every header of GET, the length included."""
    get, head = client.get("/all.json"), client.get("/all.json", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    clock = {"date": "", "last-modified": ""}  # which is never later than Date, right after a change
    assert {**head.headers, **clock} == {**get.headers, **clock}
    assert head["Last-Modified"]


def test_options_names_the_methods(client: Client) -> None:
    """OPTIONS says what is allowed and lets scripts of other origins send validators."""
    answer = client.get("/all.atom", {"Origin": "https://reader.test"}, method="OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    assert answer["Allow"] == answer["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "If-None-Match" in (answer["Access-Control-Allow-Headers"] or "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    """Nothing can be done to a feed but reading it."""
    answer = client.get("/all.atom", method=method)
    assert (answer.status, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_token_output_is_found_only_at_its_token(client: Client) -> None:
    """With its token it is served, for one reader's cache and no other origin; its type and validators are the same."""
    answer = client.get(f"/{TOKEN}/agents.atom")
    assert answer.status == 200
    assert b"Between us" in answer.body
    assert answer["Cache-Control"] == "private, max-age=300"
    assert answer["Access-Control-Allow-Origin"] is None
    assert client.get(f"/{TOKEN}/agents.atom", {"If-None-Match": answer["ETag"] or ""}).status == 304
    assert client.get(f"/{TOKEN}/agents.atom", method="OPTIONS")["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_wrong_token_looks_like_no_output(client: Client, method: str) -> None:
    """Without the token nothing tells that the output exists: status, headers and body are those of a made-up name."""
    unknown = client.get("/nobody.atom", method=method)
    assert unknown.status == 404
    for path in (
        "/agents.atom",
        "/wrong/agents.atom",
        f"/{TOKEN}x/agents.atom",
        f"/{TOKEN}/x/agents.atom",
        f"/{TOKEN}/all.atom",
        f"/{TOKEN}/nobody.atom",
        "/private/agents.atom",
        "//agents.atom",
        "/%FF/agents.atom",
        "/agents.opml",
    ):
        answer = client.get(path, method=method)
        assert (answer.status, answer.body) == (404, unknown.body), path
        assert {**answer.headers, "date": ""} == {**unknown.headers, "date": ""}, path


@pytest.mark.parametrize(
    "path",
    [
        f"/{MANIFEST}",
        "/all.atom.gz",
        "/all.atom.br",
        "/all.atom.type",
        "/../all.atom/..",
        "/%2e%2e/aggregator.db",
        "/all.ATOM",
        "/all.atom/",
    ],
)
def test_no_other_file_is_served(client: Client, path: str) -> None:
    """What else lies in the folder, or beside it, has no address."""
    assert client.get(path).status == 404


def test_output_that_is_gone_is_gone(own_client: Client, world: World) -> None:
    """An output that is no longer in the manifest, or whose file is missing, is 404 at once; a new one is served."""
    assert own_client.get("/french.atom").status == 200
    world.renditions.write_manifest(Manifest(outputs=(PublishedOutput("all", "All"), PublishedOutput("new", "New"))))
    assert own_client.get("/french.atom").status == 404
    assert own_client.get("/new.atom").status == 404
    world.renditions.write("new.atom", b"<feed/>", media_type="application/atom+xml", modified=datetime.now(UTC))
    assert own_client.get("/new.atom").status == 200
    (world.renditions.folder / "all.rss").unlink()
    assert own_client.get("/all.rss").status == 404
    (world.renditions.folder / MANIFEST).unlink()
    assert own_client.get("/all.atom").status == 404


@pytest.mark.fault("T25")
def test_many_parts_of_a_range_cost_nothing(client: Client) -> None:
    """A Range header of 2,000 parts is ignored: the whole document, quickly."""
    start = time.monotonic()
    answer = client.get("/all.atom", {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(2000))})
    assert answer.status == 200
    assert answer["Content-Range"] is None
    assert time.monotonic() - start < 0.5
