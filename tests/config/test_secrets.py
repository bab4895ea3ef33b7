"""Nothing secret is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.secrets import Mask, display_url, secret_values
from aggregator.config.settings import FeedSettings, Network, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = """
database: postgresql://keeper:d4tabase@db.example/x
network: {proxy: "http://proxyuser:pr0xypass@proxy.example:3128"}
feeds:
  - https://open.example/feed
  - url: https://private.example/feed?key=qu3ry
    private: true
    was: [https://private.example/old]
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


def test_settings_without_secrets_change_no_text() -> None:
    """The mask of a plain file hides nothing."""
    mask = Mask.of(Settings(network=Network(proxy="http://proxy.example:3128")))
    assert secret_values(Settings()) == frozenset()
    assert mask("any text at all, http://proxy.example:3128") == "any text at all, http://proxy.example:3128"


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
