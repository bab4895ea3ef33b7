"""Outputs that were renamed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from aggregator.config.settings import OutputSettings, Settings

if TYPE_CHECKING:
    from conftest import Client, World

TOKEN = "s3cret-token"


@pytest.fixture
def renamed(world: World) -> World:
    """Return a world in which `french` is called `francais` now, and `agents`, which has a token, `robots`."""
    outputs = (
        OutputSettings(name="all", title="Model News"),
        OutputSettings(name="robots", token=TOKEN, was=("agents", "bots")),
        OutputSettings(name="francais", languages=("fr",), was=("french",)),
    )
    world.settings = Settings(site=world.settings.site, feeds=world.settings.feeds, outputs=outputs)
    return world


def _id(document: bytes) -> bytes:
    found = re.search(rb"<id>(urn:uuid:[^<]*)</id>", document)
    assert found
    return found[1]


def test_old_addresses_lead_to_new_ones(own_client: Client, renamed: World) -> None:
    """In every format the old address answers 301 with the relative new one, which answers; HEAD likewise."""
    renamed.publish()
    for ending in ("atom", "rss", "json"):
        for method in ("GET", "HEAD"):
            answer = own_client.get(f"/french.{ending}", {"Host": "evil.example"}, method=method)
            assert (answer.status, answer["Location"], answer.body) == (301, f"francais.{ending}", b"")
        assert answer["Cache-Control"] == "public, max-age=86400"
        assert own_client.get(urljoin(f"/french.{ending}", answer["Location"] or "")).status == 200
    assert own_client.get("/french.atom?limit=5")["Location"] == "francais.atom?limit=5"
    assert own_client.get("/french.atom", method="POST").status == 405
    assert own_client.get("/french.opml").status == 404


def test_archives_move_too(own_client: Client, renamed: World) -> None:
    """The address of an archived month leads to the month of the output's new name, below the same token."""
    renamed.publish()
    assert own_client.get("/french/2026-01.atom")["Location"] == "../francais/2026-01.atom"
    assert own_client.get(f"/{TOKEN}/agents/2026-01.atom")["Location"] == "../robots/2026-01.atom"
    for path in (
        "/agents/2026-01.atom",
        "/francais/2026-01.opml",
        "/nobody/2026-01.atom",
        f"/{TOKEN}/french/2026-01.atom",
    ):
        assert own_client.get(path).status == 404


def test_a_token_output_moves_only_for_who_knows_the_token(own_client: Client, renamed: World) -> None:
    """With the right token the old address leads on and repeats no token; without, it is as if it had never been."""
    renamed.publish()
    answer = own_client.get(f"/{TOKEN}/bots.rss")
    assert (answer.status, answer["Location"], answer["Cache-Control"]) == (301, "robots.rss", "private, max-age=86400")
    assert answer["Access-Control-Allow-Origin"] is None
    assert own_client.get(urljoin(f"/{TOKEN}/bots.rss", answer["Location"] or "")).status == 200
    unknown = own_client.get("/nobody.atom")
    for path in (
        "/agents.atom",
        "/bots.atom",
        "/wrong/agents.atom",
        f"/{TOKEN}/french.atom",
        f"/{TOKEN}/x/agents.atom",
    ):
        other = own_client.get(path)
        assert (other.status, other.body) == (404, unknown.body), path
        assert {**other.headers, "date": ""} == {**unknown.headers, "date": ""}, path


def test_a_renamed_output_keeps_its_id(own_client: Client, renamed: World) -> None:
    """To its subscribers it is the same feed (RFC 4287 section 4.2.6), whatever the order of its earlier names."""
    before, private = own_client.get("/french.atom").body, own_client.get(f"/{TOKEN}/agents.atom").body
    renamed.poll("https://news.example/feed")
    renamed.publish()
    assert _id(own_client.get("/francais.atom").body) == _id(before)
    assert _id(own_client.get(f"/{TOKEN}/robots.atom").body) == _id(private)


@pytest.mark.parametrize("query", ["%0d%0aSet-Cookie:x", "<script>", "\"'"])
@pytest.mark.fault("T13")
def test_no_query_breaks_the_header(own_client: Client, renamed: World, query: str) -> None:
    """A query goes along as it came, or not at all: it adds no header."""
    renamed.publish()
    answer = own_client.get(f"/french.atom?{query}")
    assert answer["Location"] in (f"francais.atom?{query}", "francais.atom")
    assert answer["Set-Cookie"] is None
