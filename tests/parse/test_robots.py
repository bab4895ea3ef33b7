from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.robots import MOST_BYTES, may_visit

HERE = "https://site.example"


@pytest.mark.parametrize(
    ("robots", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /private/", "/private/a", False),
        ("User-agent: *\nDisallow: /private/", "/public", True),
        ("User-agent: aggregator\nDisallow: /", "/a", False),
        ("User-agent: AGGREGATOR\nDisallow: /", "/a", False),
        ("User-agent: aggregator/2.0\nUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: gator\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: aggregator\nAllow: /", "/a", True),
        ("User-agent: aggregator\nDisallow: /\n\nUser-agent: *\nAllow: /", "/a", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf?x", True),
        ("User-agent: *\nDisallow: /*?print=", "/a?print=1", False),
        ("User-agent: *\nDisallow: /caf%C3%A9", "/café", False),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\r\nDisallow: / # all", "/a", False),
        ("Disallow: /", "/a", True),
        ("<!doctype html><html><body>Welcome</body></html>", "/a", True),
    ],
)
def test_what_a_site_asks(robots: str, path: str, allowed: bool) -> None:
    """The group of our name counts, else that of everybody; the longest rule wins; nonsense forbids nothing."""
    assert may_visit(robots.encode(), HERE + path) is allowed


def test_only_so_much_is_read() -> None:
    """Rules after the first 512 KiB are not read; those before are, whatever the rest is."""
    rule = b"User-agent: *\nDisallow: /a\n"
    filler = b"# filler\n" * (MOST_BYTES // 9)
    assert may_visit(filler + b"x" * 9 + rule, f"{HERE}/a")
    assert not may_visit(rule + filler + rule, f"{HERE}/a")


@pytest.mark.parametrize("pattern", ["*a" * 20_000 + "b$", "*" * 100_000, "$" * 20_000, "%" * 20_000])
def test_a_hostile_pattern_is_read(pattern: str) -> None:
    """Wildcards without end have an answer."""
    assert may_visit(f"User-agent: *\nDisallow: /{pattern}\n".encode(), f"{HERE}/{'a' * 8000}") in {True, False}


_line = st.sampled_from(
    ["User-agent: ", "Disallow: ", "Allow: ", "Crawl-delay: ", "Sitemap: ", "Request-rate: ", "", "*"]
)


@given(st.lists(st.tuples(_line, st.text(max_size=12)), max_size=6), st.text(max_size=30))
def test_any_text_has_an_answer(lines: list[tuple[str, str]], path: str) -> None:
    """Whatever a site calls its robots.txt, and whatever an address looks like, the answer is yes or no."""
    robots = "\n".join(word + value for word, value in lines).encode("utf-8", "surrogatepass")
    assert may_visit(robots, f"{HERE}/{path}") in {True, False}


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(robots: bytes) -> None:
    """Bytes that are no text forbid nothing by accident."""
    assert may_visit(robots, f"{HERE}/a") in {True, False}
