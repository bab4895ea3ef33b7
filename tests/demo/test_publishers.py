"""The invented publishers answer as good publishers do."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest
from lxml import html
from ruamel.yaml import YAML

from aggregator.config.settings import Settings
from aggregator.demo.publishers import EXPECTED, Publishers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    Visit = Callable[[Callable[[Publishers, aiohttp.ClientSession], Awaitable[None]]], None]

CONTENT_TYPES = {
    "/brindlewick.atom": "application/atom+xml; charset=utf-8",
    "/fennmoor.rdf": "application/rdf+xml; charset=utf-8",
    "/magpie.xml": "text/xml; charset=utf-8",
    "/morning-tensor.rss": "application/rss+xml; charset=utf-8",
    "/quillon.html": "text/html; charset=utf-8",
}
CHANGED = {
    "/brindlewick.atom",
    "/fil-des-modeles.rss",
    "/magpie.xml",
    "/morning-tensor.rss",
    "/patient-gradient.rss",
}


def settings_of(publishers: Publishers) -> Settings:
    """Read the publishers' feeds.yaml."""
    return Settings.model_validate(YAML(typ="safe").load(publishers.config()))


async def status(client: aiohttp.ClientSession, url: str, **headers: str) -> int:
    """Ask for one document; header names have _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.get(url, headers=named, allow_redirects=False) as response:
        return response.status


def test_configuration_names_the_served_addresses(visit: Visit) -> None:
    """feeds.yaml is valid; ten sources give a feed at once or after a redirect, one fails, one is a page."""

    async def scenario(publishers: Publishers, client: aiohttp.ClientSession) -> None:
        settings = settings_of(publishers)
        answers = {url.removeprefix(publishers.base): await status(client, url) for url in settings.sources}
        unusual = {path: answer for path, answer in answers.items() if answer != 200}
        assert len(answers) == 12
        assert unusual == {"/teakettle.xml": 301, "/oakum.rss": 404}
        assert publishers.requests == {200: 10, 301: 1, 404: 1}

    visit(scenario)


def test_one_source_gives_no_feed_in_either_round(visit: Visit) -> None:
    """As many sources as EXPECTED says answer with an error, redirects followed; a web page names its feed."""

    async def gives_feed(client: aiohttp.ClientSession, url: str) -> bool:
        async with client.get(url) as response:
            return response.ok

    async def scenario(publishers: Publishers, client: aiohttp.ClientSession) -> None:
        for expected in EXPECTED:
            feeds = [await gives_feed(client, url) for url in settings_of(publishers).sources]
            assert feeds.count(False) == expected.errors
            publishers.advance()

    visit(scenario)


def test_configuration_allows_and_publishes_no_more_than_needed(visit: Visit) -> None:
    """One private address is allowed, every source has a title, and the outputs are all, labs and fr."""

    async def scenario(publishers: Publishers, _client: aiohttp.ClientSession) -> None:
        settings = settings_of(publishers)
        assert settings.site.title == "Demo"
        assert settings.network.allow_private == (publishers.base.removeprefix("http://"),)
        assert settings.polling.host_gap.total_seconds() == 0.01
        assert [output.name for output in settings.outputs] == ["all", "labs", "fr"]
        assert all(feed.title and feed.tags for feed in settings.sources.values())
        assert set(settings.published["labs"].tags) < {t for f in settings.sources.values() for t in f.tags}

    visit(scenario)


@pytest.mark.parametrize(("path", "content_type"), CONTENT_TYPES.items())
def test_content_type_is_the_format_s_own(visit: Visit, path: str, content_type: str) -> None:
    """A feed is served under its registered type, RSS before 1.0 as XML, all in UTF-8."""

    async def scenario(_publishers: Publishers, client: aiohttp.ClientSession) -> None:
        async with client.get(path) as response:
            assert response.headers["Content-Type"] == content_type

    visit(scenario)


@pytest.mark.parametrize("path", sorted(CHANGED | {"/planet.atom", "/quillon.html"}))
def test_validators_hold_until_the_document_changes(visit: Visit, path: str) -> None:
    """Either validator gives 304 in the same round, and 200 once the document has changed."""

    async def scenario(publishers: Publishers, client: aiohttp.ClientSession) -> None:
        async with client.get(path) as response:
            etag, modified = response.headers["ETag"], response.headers["Last-Modified"]
        for expected in (304, 200 if path in CHANGED else 304):
            assert await status(client, path, If_None_Match=etag) == expected
            assert await status(client, path, If_Modified_Since=modified) == expected
            publishers.advance()

    visit(scenario)


def test_entity_tag_wins_over_date(visit: Visit) -> None:
    """A wrong tag gives 200 whatever the date says (RFC 9110 section 13.2.2); any of several tags will do."""

    async def scenario(_publishers: Publishers, client: aiohttp.ClientSession) -> None:
        async with client.get("/planet.atom") as response:
            etag, modified = response.headers["ETag"], response.headers["Last-Modified"]
        assert await status(client, "/planet.atom", If_None_Match='"x"', If_Modified_Since=modified) == 200
        assert await status(client, "/planet.atom", If_None_Match=f'"x", {etag}') == 304
        assert await status(client, "/planet.atom", If_None_Match="*") == 304

    visit(scenario)


@pytest.mark.parametrize("path", ["/brindlewick.atom", "/morning-tensor.rss"])
def test_not_modified_repeats_the_headers_of_the_document(visit: Visit, path: str) -> None:
    """A 304 has no body and the same validators, Vary and Cache-Control as the 200."""
    names = ("ETag", "Last-Modified", "Vary", "Cache-Control")

    async def scenario(_publishers: Publishers, client: aiohttp.ClientSession) -> None:
        async with client.get(path) as whole:
            pass
        async with client.get(path, headers={"If-None-Match": whole.headers["ETag"]}) as short:
            assert short.status == 304
            assert await short.read() == b""
        assert [short.headers.get(name) for name in names] == [whole.headers.get(name) for name in names]

    visit(scenario)


def test_last_modified_is_before_now(visit: Visit, now: datetime) -> None:
    """No document claims to come from the future."""

    async def scenario(publishers: Publishers, client: aiohttp.ClientSession) -> None:
        publishers.advance()
        async with client.get("/morning-tensor.rss") as response:
            assert parsedate_to_datetime(response.headers["Last-Modified"]) < now

    visit(scenario)


def test_only_one_feed_states_a_lifetime(visit: Visit) -> None:
    """One publisher asks to be left alone for ten minutes; another says nothing."""

    async def scenario(_publishers: Publishers, client: aiohttp.ClientSession) -> None:
        async with client.get("/brindlewick.atom") as response:
            assert response.headers["Cache-Control"] == "public, max-age=600"
        async with client.get("/planet.atom") as response:
            assert "Cache-Control" not in response.headers

    visit(scenario)


def test_compression_is_for_those_who_ask(visit: Visit) -> None:
    """One feed comes in gzip when accepted, under the same weak tag and with equal bytes when not."""

    async def scenario(_publishers: Publishers, client: aiohttp.ClientSession) -> None:
        async with client.get("/morning-tensor.rss", headers={"Accept-Encoding": "gzip"}) as packed:
            body = await packed.read()
        async with client.get("/morning-tensor.rss", headers={"Accept-Encoding": "identity"}) as plain:
            assert await plain.read() == body
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["ETag"] == plain.headers["ETag"]
        assert packed.headers["ETag"].startswith('W/"')
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"

    visit(scenario)


def test_moved_feed_leads_to_its_new_address(visit: Visit) -> None:
    """The old address answers with a permanent redirect to a feed."""

    async def scenario(_publishers: Publishers, client: aiohttp.ClientSession) -> None:
        async with client.get("/teakettle.xml") as response:
            assert [hop.status for hop in response.history] == [301]
            assert response.url.path == "/teakettle.atom"
            assert response.status == 200

    visit(scenario)


def test_page_names_a_feed_that_is_not_read_yet(visit: Visit) -> None:
    """The page that stands in a feed's place links to a feed that works and is not in feeds.yaml itself."""

    async def scenario(publishers: Publishers, client: aiohttp.ClientSession) -> None:
        async with client.get("/quillon.html") as response:
            page = html.fromstring(await response.read())
        (link,) = [str(link.get("href")) for link in page.iter("link") if link.get("rel") == "alternate"]
        assert publishers.base + link not in settings_of(publishers).sources
        assert await status(client, link) == 200

    visit(scenario)


def test_second_round_is_the_last(visit: Visit) -> None:
    """Advancing once more changes nothing."""

    async def scenario(publishers: Publishers, client: aiohttp.ClientSession) -> None:
        publishers.advance()
        async with client.get("/magpie.xml") as response:
            etag = response.headers["ETag"]
        publishers.advance()
        assert await status(client, "/magpie.xml", If_None_Match=etag) == 304

    visit(scenario)


def test_port_is_given_back(now: datetime) -> None:
    """Nobody answers after the end, and two sets of publishers can stand side by side."""

    async def scenario() -> None:
        async with Publishers(now) as one, Publishers(now) as other, aiohttp.ClientSession() as client:
            assert one.base != other.base
            assert await status(client, f"{one.base}/planet.atom") == 200
            await other.__aexit__()
            with pytest.raises(aiohttp.ClientConnectorError):
                await status(client, f"{other.base}/planet.atom")

    asyncio.run(scenario())
