"""Nothing secret is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.secrets import Mask, base_address, display_url, secret_values
from aggregator.config.settings import FeedSettings, Network, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = """
database: postgresql://keeper:d4tabase@db.example/x
network: {proxy: "http://proxyuser:pr0xypass@proxy.example:3128"}
feeds:
  - https://open.example/feed
  - https://open.example/?format=atom
  - url: https://private.example/feed?key=qu3ry
    private: true
    was: [https://private.example/old]
  - {url: "https://private.example/?format=atom", private: true}
  - url: https://h.example/feed
    headers: {Authorization: Bearer h34der, Accept: application/rss+xml, X-Key: wh0le}
  - https://jo:passw0rd@u.example/feed
  - https://${HOST}.example/feed
  - {opml: "https://opml:0pmlpass@o.example/list", tags: []}
outputs:
  - {name: mine, token: t0kent0ken}
  - {name: ours, token: "${TOKEN}"}
"""
ENVIRON = {"HOST": "secrethost", "TOKEN": "fr0m env+/x"}


@pytest.fixture
def settings(read: Callable[..., Settings]) -> Settings:
    """Return settings with a secret of every kind."""
    return read(FILE, {**ENVIRON, "TOKEN": "fr0menv-secret"})


def test_every_kind_of_secret_is_known(settings: Settings) -> None:
    """Values from the environment, headers, tokens, and user and password of every address."""
    assert secret_values(settings) == {
        *("keeper:d4tabase", "d4tabase", "proxyuser:pr0xypass", "pr0xypass", "jo:passw0rd", "passw0rd"),
        *("Bearer h34der", "h34der", "wh0le", "t0kent0ken", "secrethost", "fr0menv-secret"),
        *("opml:0pmlpass", "0pmlpass"),
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://open.example/feed", "GET https://open.example/feed"),
        ("GET https://private.example/feed?key=qu3ry failed", "GET https://private.example/*** failed"),
        (
            "at https://private.example/feed?x=1 and http://private.example/feed#top",
            "at https://private.example/***?x=1 and http://private.example/***#top",
        ),
        ("https://private.example/other?lang=en&key=qu3ry&x=1", "https://private.example/other?lang=en&***&x=1"),
        ("https://open.example/feed?format=atom", "https://open.example/feed?format=atom"),
        ("https://u.example/feed, https://u.example/else", "https://u.example/***, https://u.example/else"),
        ("moved from https://private.example/old", "moved from https://private.example/***"),
        ("https://jo:passw0rd@u.example/feed", "https://u.example/***"),
        ("https://jo:passw0rd@u.example/other", "https://***@u.example/other"),
        ("https://secrethost.example/feed", "***"),
        ("no address for secrethost.example", "no address for ***.example"),
        ("Authorization: Bearer h34der", "Authorization: ***"),
        ("h34der and wh0le", "*** and ***"),
        ("Accept: application/rss+xml", "Accept: application/rss+xml"),
        ("/t0kent0ken/mine.atom", "/***/mine.atom"),
        ("postgresql://keeper:d4tabase@db.example/x", "postgresql://***@db.example/x"),
        ("redirected to https://who:ever@elsewhere.example/", "redirected to https://***@elsewhere.example/"),
        ("mail jo@example.org, see https://a.example/@jo", "mail jo@example.org, see https://a.example/@jo"),
    ],
)
def test_secrets_are_hidden_wherever_they_stand(settings: Settings, text: str, shown: str) -> None:
    """A text for people or logs keeps everything else."""
    assert Mask.of(settings)(text) == shown


@pytest.mark.parametrize(
    ("feed", "shown"),
    [
        (FeedSettings(url="https://a.example/feed"), "https://a.example/feed"),
        (FeedSettings(url="https://a.example:8443/feed?k=1", private=True), "https://a.example:8443/***"),
        (FeedSettings(url="https://u:p@[::1]:80/feed", private=True), "https://[::1]:80/***"),
        (FeedSettings(url="https://[", private=True), "***"),
        (FeedSettings(url="https://abc.example/", private=True).with_secrets(frozenset({"abc"})), "***"),
    ],
)
def test_a_private_address_shows_only_its_host(feed: FeedSettings, shown: str) -> None:
    """An operator recognises the source, nobody can use the address."""
    assert display_url(feed) == shown


KEYED = FeedSettings(url="https://jo:pass@a.example/t0ken/feed?key=qu3ry", private=True)
SECRET_HOST = FeedSettings(url="https://T0ken.a.example/", private=True).with_secrets(frozenset({"T0ken"}))


@pytest.mark.parametrize(
    ("feed", "url", "base"),
    [
        (FeedSettings(url="https://a.example/blog/feed?x=1"), "https://b.example/blog/", "https://b.example/blog/"),
        (KEYED, KEYED.url, "https://a.example/"),
        (KEYED, "http://cdn.example:8080/signed?by=t0ken", "http://cdn.example:8080/"),
        (SECRET_HOST, SECRET_HOST.url, ""),
        (SECRET_HOST, "https://t0ken.a.example/feed", ""),
        (SECRET_HOST, "https://elsewhere.example/feed", "https://elsewhere.example/"),
        (FeedSettings(url="https://[", private=True), "https://[", ""),
    ],
)
def test_a_private_address_is_no_base_of_links(feed: FeedSettings, url: str, base: str) -> None:
    """What relative references become has nothing of a private address but its host."""
    assert base_address(feed, url) == base


@pytest.mark.parametrize("reference", ["", "?x=1", "#top", "next", "./", "../a", "/a", "//a.example", "a?b#c"])
def test_no_relative_reference_brings_a_key_out(reference: str) -> None:
    """Resolved as RFC 3986 says, none has the path, the query, the user or the password."""
    resolved = urljoin(base_address(KEYED, KEYED.url), reference)
    assert not any(secret in resolved for secret in ("t0ken", "qu3ry", "jo", "pass"))


def test_secrets_are_hidden_in_data() -> None:
    """A secret that JSON would escape is hidden in every text of the data; the rest stays."""
    mask = Mask.hiding(['a"b\\c', "schlüssel"])
    data = {"a": ['x a"b\\c', 1, None], "b": {"c": ("schlüssel",)}, "schlüssel": True}
    assert mask.deep(data) == {"a": ["x ***", 1, None], "b": {"c": ["***"]}, "schlüssel": True}


def test_settings_without_secrets_change_no_text() -> None:
    """The mask of a plain file hides nothing."""
    mask = Mask.of(Settings(network=Network(proxy="http://proxy.example:3128")))
    assert secret_values(Settings()) == frozenset()
    assert mask("any text at all, http://proxy.example:3128") == "any text at all, http://proxy.example:3128"


def test_a_key_that_a_server_repeats() -> None:
    """What looks like a key in a private source's query is hidden alone, too; words of it are not."""
    url = "https://news.example/feed?key=k3y-of-a-member%21&format=longer-than-twelve"
    mask = Mask.of(Settings(feeds=(FeedSettings(url=url, private=True),)))
    assert mask("welcome, k3y-of-a-member! and k3y-of-a-member%21") == "welcome, *** and ***"
    assert mask("format longer-than-twelve") == "format longer-than-twelve"


def test_short_values_are_no_secrets() -> None:
    """A value of three characters would spoil every text that has it by chance."""
    assert Mask.hiding(["abc", "abcd"])("abc abcd") == "abc ***"


@given(st.text(min_size=4, max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_no_secret_survives_the_mask(secret: str, before: str, after: str) -> None:
    """However a secret looks, it is hidden as written and as a URL has it."""
    if any(0xD800 <= ord(character) <= 0xDFFF for character in secret):
        return
    mask = Mask.hiding([secret])
    if secret not in f"{before}***{after}":
        assert secret not in mask(f"{before}{secret}{after}").replace("***", "\0")
    assert mask(f"k={quote(secret, safe='')}") == "k=***"


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "http" * 250_000, "a://" * 250_000, "a:" * 500_000, "x://u@" * 100_000]
)
def test_hiding_takes_linear_time(text: str) -> None:
    """What a hostile feed says is masked in time, however long its words are (this ends, or it does not)."""
    assert len(Mask.hiding(["a secret of ours"])(text)) <= 10 * len(text)
