"""Addresses are sent as configured, encoded once where they must be, and refused when they are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import AddressRefused, FetchError
from aggregator.fetch.urls import locate

SENDABLE = st.text(st.sampled_from("abcXYZ019-._~!$&'()*+,;=:@%/|[]"), max_size=40)


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/a%2fb%2Fc/../d/./e//f?q=%c3%a9&empty=&&plus=a+b&pipe=x|y",
        "http://news.example:8080/?utm_source=rss&x=[1]",
        "https://news.example/100%/feed",
        "https://[2606:4700::1111]/feed",
        "https://under_score.example/",
    ],
)
def test_sendable_addresses_stay_byte_for_byte(url: str) -> None:
    """Percent-encoding, dot segments, empty parameters and stray percent signs are left alone."""
    assert str(locate(url)) == url


@given(path=SENDABLE, query=SENDABLE)
def test_whatever_can_be_sent_is_sent_unchanged(path: str, query: str) -> None:
    """For every path and query of sendable characters the request target is the text given."""
    assert locate(f"https://news.example/{path}?q={query}").raw_path_qs == f"/{path}?q={query}"


@given(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20).map(
        lambda text: f"https://news.example/{text}"
    )
)
def test_encoding_is_done_once(url: str) -> None:
    """What has been encoded is not encoded again."""
    once = str(locate(url))
    assert str(locate(once)) == once
    assert once.isascii()


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://münchen.example/é?ü=ñ", "https://xn--mnchen-3ya.example/%C3%A9?%C3%BC=%C3%B1"),
        ("https://news.example/%C3%A9/é", "https://news.example/%C3%A9/%C3%A9"),
        ("https://news.example/a b?c d", "https://news.example/a%20b?c%20d"),
        ("HTTPS://News.Example:443/Feed", "https://news.example/Feed"),
        ("http://news.example?x", "http://news.example/?x"),
        ("http://news.example/a#frag", "http://news.example/a"),
        ("http://news.example/a\\b", "http://news.example/a%5Cb"),
        ("http://user:p%40ss@news.example/", "http://user:p%40ss@news.example/"),
    ],
)
def test_what_cannot_be_sent_is_encoded(url: str, sent: str) -> None:
    """Names become ASCII, other characters UTF-8 with percent signs, and the fragment stays here."""
    assert str(locate(url)) == sent


@pytest.mark.parametrize(
    "url",
    [
        "", "news.example/feed", "//news.example/", "ftp://news.example/", "file:///etc/passwd", "gopher://x/",
        "javascript:alert(1)", "data:text/xml,<rss/>", "feed:https://news.example/", "jar:http://x/", "unix:/run/x",
        "http://", "http:///path", "http://:80/", "http:/news.example/", "http:\\\\news.example\\", "https://a b/",
        "http://news.example\\@127.0.0.1/", "http://news.example:99999/", "http://news.example:0/",
        "http://news.example:8o/", "http://[::1", "http://[::g]/", "http://[1:2]/", "http://[fe80::1%25lo]/", "http://a..b/",
        "http://news.example/\r\nHost: x", "http://news.example/\x00", "http://news.example/\ud800",
        "http://" + "a" * 64 + ".example/", "http://" + "a." * 127 + "example/", "http://127%2e0.0.1/",
        "http://a,b/", "http://\u200d.example/", "http://xn--é/", "http://é" + "e" * 70 + ".example/", "http://℀.example/", " http://news.example/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    """Other schemes, hosts that are none and control characters are errors with a remedy."""
    with pytest.raises(FetchError) as caught:
        locate(url)
    assert caught.value.remedy


@pytest.mark.parametrize("host", ["127.1", "127.0.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001",
                                  "017700000001", "127.0.0.1.", "0", "127.0.0.01", "①②⑦.1", "news.0x"])  # fmt: skip
def test_disguised_ip_addresses_are_refused(host: str) -> None:
    """A host that ends in a number is a plain IPv4 address or nothing."""
    with pytest.raises(AddressRefused, match="odd spelling"):
        locate(f"http://{host}/")


@pytest.mark.parametrize("port", [22, 25, 6667])
def test_ports_of_other_services_are_refused(port: int) -> None:
    """No feed is on the ports of ssh, mail or chat."""
    with pytest.raises(AddressRefused, match=f"Port {port}"):
        locate(f"http://news.example:{port}/")
