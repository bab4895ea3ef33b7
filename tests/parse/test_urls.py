from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.clean import clean_url

BASE = "https://example.org/a/b.html"
HARMFUL = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\r\nscript:alert(1)",
    "java&#10;script:alert(1)", "java&Tab;script:alert(1)", "&#106;avascript:alert(1)", "&#x6A;avascript&colon;alert(1)",
    "\x01 javascript:alert(1)", "java\u200bscript:alert(1)", "data:text/html,x", "DATA:text/html;base64,eA==", "vbscript:x",
    "feed:javascript:x", "file:///etc/passwd", "ftp://example.org/", "mailto:a@example.org", "tel:1", "blob:x",
]  # fmt: skip
BROKEN = [
    "",
    "  ",
    "http://",
    "http:///x",
    "http://[::1",
    "https://exa mple.org/",
    "http://h:99999/",
    "x" * 5000,
]
RESOLVED = {
    "c": "https://example.org/a/c",
    "/c?q=1#f": "https://example.org/c?q=1#f",
    "//host.example/c": "https://host.example/c",
    "#top": "https://example.org/a/b.html#top",
    "  https://example.org/x y\n": "https://example.org/x%20y",
    "ht\ntps://example.org/": "https://example.org/",
    "HTTPS://EXAMPLE.org/A": "https://example.org/A",
    "https:\\\\example.org\\a": "https://example.org/a",
    "http://good.example\\@evil.example/": "http://good.example/@evil.example/",
    "https://bücher.example/ü?ö": "https://xn--bcher-kva.example/%C3%BC?%C3%B6",
    "http://[::1]:8080/x": "http://[::1]:8080/x",
    '/%20%zz"<>': "https://example.org/%20%zz%22%3C%3E",
    "/\u202egpj.exe": "https://example.org/%E2%80%AEgpj.exe",
}  # fmt: skip


@pytest.mark.parametrize("value", HARMFUL + BROKEN)
def test_not_for_the_web(value: str) -> None:
    """Schemes other than http and https in every spelling, and what has no host, are no address."""
    assert clean_url(value, base=BASE) is None


@pytest.mark.parametrize(("value", "url"), RESOLVED.items())
def test_is_resolved(value: str, url: str) -> None:
    """References become absolute, in ASCII, as a browser would understand them."""
    assert clean_url(value, base=BASE) == url


def test_relative_to_nothing() -> None:
    """A relative reference without a usable base is no address."""
    assert clean_url("x", base="") is None
    assert clean_url("x", base="javascript:alert(1)") is None


@given(value=st.text(max_size=60) | st.text("jJava\tscript:/\\&#x6A;@?#[]%. \n", max_size=40))
def test_law(value: str) -> None:
    """Whatever comes in, what goes out is http(s) with a host, printable ASCII, and stays as it is when cleaned again."""
    url = clean_url(value, base=BASE)
    if url is not None:
        assert urlsplit(url).scheme in ("http", "https")
        assert urlsplit(url).hostname
        assert url.isascii()
        assert url.isprintable()
        assert clean_url(url, base=BASE) == url


@given(
    st.lists(st.sampled_from([*"a.%~=&+,'@()*-_:;?#/\\ é[", "%C3", "..", "/a", "?b=1", "#c", ":80"]), max_size=12).map(
        "".join
    )
)
def test_finished_urls_stay(rest: str) -> None:
    """A URL that needs no work is told at a glance, and is what the work (which a scheme in capitals needs) would make."""
    assert clean_url(f"https://a.example{rest}", base=BASE) == clean_url(f"HTTPS://a.example{rest}", base=BASE)
