"""Hubs and topics as documents, headers and deliveries name them."""

from __future__ import annotations

from datetime import UTC, datetime

from aggregator.config.settings import OutputSettings, Settings, Site, Websub
from aggregator.publish.renditions import Rendition
from aggregator.publish.websub import headers_of, hubs_of, link_header, signature, topics_of

TOKEN = OutputSettings(name="agents", token="s3cret-token")
SETTINGS = Settings(site=Site(url="https://news.example/sub/"), outputs=(OutputSettings(name="labs"), TOKEN))
OURS = "https://news.example/sub/hub"


def test_which_hubs_there_are() -> None:
    """Our own only where it runs; others wherever documents are written; none is none."""
    others = Settings(websub=Websub(hub=("https://hub.example/",)))
    assert hubs_of(SETTINGS, built_in=True) == (OURS,)
    assert hubs_of(SETTINGS, built_in=False) == ()
    assert hubs_of(others, built_in=True) == hubs_of(others, built_in=False) == ("https://hub.example/",)
    for hub in (None, ()):
        assert hubs_of(Settings(websub=Websub(hub=hub)), built_in=True) == ()


def test_topics_are_public_documents() -> None:
    """Each format of each output is one, by its address; what needs a token is none."""
    base = "https://news.example/sub/"
    names = {f"{name}.{ending}" for name in ("all", "labs") for ending in ("atom", "rss", "json")}
    assert topics_of(SETTINGS) == {base + name: name for name in names}


def test_a_topic_may_be_named_by_its_iri_or_its_uri() -> None:
    """Self links and Link headers may spell an address that is not ASCII differently: both are topics."""
    found = topics_of(Settings(site=Site(url="https://news.example/été/")))
    atom = {topic for topic, name in found.items() if name == "all.atom"}
    assert atom == {"https://news.example/été/all.atom", "https://news.example/%C3%A9t%C3%A9/all.atom"}
    header = link_header("https://news.example/été/all.atom", ("https://news.example/été/hub",))
    assert header.encode("ascii").endswith(b'<https://news.example/%C3%A9t%C3%A9/all.atom>; rel="self"')


def test_a_delivery_says_what_it_is() -> None:
    """Media type, links, and with a secret the signature of the bytes (RFC 4231, test case 2)."""
    body = b"what do ya want for nothing?"
    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert signature("Jefe", body) == digest
    document = Rendition("application/feed+json", datetime(2026, 1, 1, tzinfo=UTC), {"identity": body}, {}, (0, 0, 0))
    topic = "https://news.example/sub/all.json"
    headers = {"Content-Type": "application/feed+json", "Link": f'<{OURS}>; rel="hub", <{topic}>; rel="self"'}
    assert headers_of(topic, OURS, document, None) == headers
    assert headers_of(topic, OURS, document, "Jefe") == {**headers, "X-Hub-Signature": f"sha256={digest}"}
