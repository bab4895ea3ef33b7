"""Hosts and sites, from the text of a URL alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.sites import host_of, is_address, is_public, same_host, same_site, site_of


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://News.Example/feed", "news.example"),
        ("HTTPS://NEWS.EXAMPLE:443/", "news.example"),
        ("http://news.example:80/", "news.example"),
        ("http://news.example:443/", "news.example:443"),
        ("https://news.example:8443/", "news.example:8443"),
        ("https://news.example./", "news.example"),
        ("https://user:pass@news.example/", "news.example"),
        ("https://user@evil.example:80@news.example/", "news.example"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://BÜCHER.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://例え。jp/", "xn--r8jz45g.jp"),
        ("http://192.0.2.7:8080/", "192.0.2.7:8080"),
        ("http://１９２.0.2.7/", "192.0.2.7"),
        ("http://[2001:DB8:0:0::1]/", "[2001:db8::1]"),
        ("http://[2001:db8::1]:8080/", "[2001:db8::1]:8080"),
        ("http://[fe80::1%25eth0]/", "[fe80::1]"),
        ("//news.example/feed", "news.example"),
    ],
)
def test_a_host_has_one_spelling(url: str, host: str) -> None:
    """Case, default port, trailing dot, login, IDNA and zone ids make no other host of it."""
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "news.example/feed",
        "mailto:editor@news.example",
        "http:///feed",
        "http://./",
        "http://news.example:99999/",
        "http://news.example:８０/",
        "http://news.example:-1/",
        "http://news example/",
        "http://[::1/",
        "http://[::zz]/",
        "http://[fe80::1%25]:x/",
        "http://ne%77s.example/",
        "https://evil.example\\@news.example/",
        "http://\u2100.example/",
        "http://a\u200db.example/",
        "http://\ud800/",
        f"http://{'é' * 80}.example/",
    ],
)
def test_a_malformed_url_has_no_host(url: str) -> None:
    """What is no address, or is read differently by different programs, belongs to no host and no site."""
    assert host_of(url) == ""
    assert not same_site(url, url)
    assert not same_host(url, url)


@given(st.text() | st.from_regex(r"(?:https?:)?//[^/]{0,20}(?:/.*)?", fullmatch=True))
def test_any_text_is_taken(text: str) -> None:
    """No text raises, and a host is spelt the same when it is read again."""
    host = host_of(text)
    assert host_of(f"//{host}/") == host
    assert isinstance(is_public(host), bool)
    assert site_of(site_of(host)) == site_of(host)


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("blog.news.example.co.uk", "example.co.uk"),
        ("blog.openai.com:8443", "openai.com"),
        ("alice.github.io", "alice.github.io"),
        ("github.io", "github.io"),
        ("localhost:8001", "localhost:8001"),
        ("localhost", "localhost"),
        ("feeds.corp.internal", "corp.internal"),
        ("192.0.2.7:8080", "192.0.2.7:8080"),
        ("[2001:db8::1]:8080", "[2001:db8::1]:8080"),
        ("[2001:db8::1]", "[2001:db8::1]"),
    ],
)
def test_a_site_is_a_registrable_domain(host: str, site: str) -> None:
    """Who can register it owns it: users of github.io are strangers, and so are two ports of one address."""
    assert site_of(host) == site


def test_users_of_one_platform_are_strangers() -> None:
    """The public suffix list's private section counts."""
    assert not same_site("https://alice.github.io/feed", "https://bob.github.io/post")
    assert same_site("https://www.openai.com/news/rss.xml", "http://blog.openai.com/post")
    assert not same_host("https://www.openai.com/news/rss.xml", "http://blog.openai.com/post")
    assert same_host("https://openai.com/news/rss.xml", "http://OpenAI.com./post")


@pytest.mark.parametrize("missing", [None, ""])
def test_no_url_is_on_no_site(missing: str | None) -> None:
    """Two items without a link are not on one site."""
    assert not same_site(missing, missing)
    assert not same_host(missing, missing)


@pytest.mark.parametrize(
    ("host", "address"),
    [("192.0.2.7", True), ("[::1]", True), ("::1", True), ("127.1", False), ("news.example", False), ("", False)],
)
def test_addresses_are_told_from_names(host: str, address: bool) -> None:
    """Only what is written as an IP address is one."""
    assert is_address(host) is address


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("openai.com", True),
        ("blog.openai.com:8443", True),
        ("8.8.8.8", True),
        ("[2606:4700::1111]:443", True),
        ("localhost:8001", False),
        ("127.0.0.1:8001", False),
        ("10.0.0.1", False),
        ("[fe80::1]", False),
        ("[::1]:8001", False),
        ("nas.local", False),
        ("feeds.internal", False),
        ("com", False),
        ("", False),
    ],
)
def test_public_hosts(host: str, public: bool) -> None:
    """A host speaks for its publisher when it is a global address or a name below a known suffix."""
    assert is_public(host) is public
