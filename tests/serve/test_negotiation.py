from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.serve.negotiation import has_current, preferred_coding

BOTH = ("identity", "gzip")
ALL = ("identity", "gzip", "br", "zstd")
MOMENT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
TAG = '"0a1b-gzip"'


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip ; Q=0.000", "identity"),
        ("*;q=0", "identity"),
        ("gzip;q=0, *", "identity"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0, gzip;q=0", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=nan", "identity"),
        ("gzip;q=", "identity"),
        ("deflate, br, zstd", "identity"),
        ("gzip;level=9", "gzip"),
    ],
)
def test_coding_follows_the_weights(header: str | None, coding: str) -> None:
    """Gzip is chosen where it is listed with a weight that identity does not exceed, and never where it is refused."""
    assert preferred_coding(header, BOTH) == coding


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("zstd, gzip", "zstd"),
        ("gzip, zstd, br;q=0.9", "zstd"),
        ("gzip;q=1.0, br;q=0.8", "gzip"),
        ("br;q=0.1, gzip;q=0", "br"),
        ("br;q=0, zstd;q=0, gzip", "gzip"),
        ("BR", "br"),
        ("*", "gzip"),
        ("gzip;q=0, *", "identity"),
        ("br;q=0.5, identity", "identity"),
        ("br;q=0, gzip;q=0, zstd;q=0", "identity"),
        ("deflate", "identity"),
        (None, "identity"),
    ],
)
def test_the_greatest_weight_wins_and_the_smallest_body_among_equals(header: str | None, coding: str) -> None:
    """Of several codings the one with the greatest weight is chosen; brotli, then zstd, then gzip where they are equal."""
    assert preferred_coding(header, ALL) == coding


@given(st.text(max_size=80))
def test_any_accept_encoding_gets_an_available_coding(header: str) -> None:
    """Whatever a header says, the answer is a coding that is there."""
    assert preferred_coding(header, BOTH) in BOTH
    assert preferred_coding(header, ALL) in ALL
    assert preferred_coding(header, ("identity",)) == "identity"


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", f'"x,y", W/"z",{TAG}', f'"other" , {TAG}', "*", " * ", f"{TAG},,"])
def test_if_none_match_compares_weakly_with_each_of_the_list(header: str) -> None:
    """The tag is found alone, weak, or anywhere in a list; `*` stands for any."""
    assert has_current(header, None, etag=TAG, modified=MOMENT)


@pytest.mark.parametrize("header", ["", '"0a1b"', TAG.strip('"'), '"*"', f'"x{TAG[1:]}', 'W/"0A1B-gzip"', '"'])
def test_another_tag_is_not_current(header: str) -> None:
    """A tag of another encoding, an unquoted one, or one that only looks alike does not match."""
    assert not has_current(header, None, etag=TAG, modified=MOMENT)


def test_if_none_match_overrules_if_modified_since() -> None:
    """Where both are given the date is not looked at (RFC 9110 section 13.2.2)."""
    later = format_datetime(MOMENT + timedelta(days=1), usegmt=True)
    assert not has_current('"other"', later, etag=TAG, modified=MOMENT)
    assert has_current(None, later, etag=TAG, modified=MOMENT)


@given(st.integers(min_value=-10_000_000, max_value=10_000_000))
def test_if_modified_since_is_compared_by_the_second(seconds: int) -> None:
    """The document is current exactly when it is not younger than the date."""
    since = format_datetime(MOMENT + timedelta(seconds=seconds), usegmt=True)
    assert has_current(None, since, etag=TAG, modified=MOMENT) == (seconds >= 0)


@pytest.mark.parametrize("header", [None, "", "yesterday", "Mon, 99 May 2026 03:02:01 GMT", "1", "-1", "\x00"])
def test_what_is_no_date_is_ignored(header: str | None) -> None:
    """An invalid If-Modified-Since never yields 304."""
    assert not has_current(None, header, etag=TAG, modified=MOMENT)


@pytest.mark.parametrize(
    "header", ["Monday, 04-May-26 03:02:01 GMT", "Mon May  4 03:02:01 2026", "Mon, 04 May 2026 05:02:01 +0200"]
)
def test_obsolete_forms_of_dates_are_read(header: str) -> None:
    """All three forms of RFC 9110 section 5.6.7 are understood, and an offset where one is given."""
    assert has_current(None, header, etag=TAG, modified=MOMENT)


@given(st.text(max_size=60))
def test_any_header_gets_an_answer(text: str) -> None:
    """No text makes the comparison fail, and none but the tag itself or a star matches."""
    assert has_current(text, None, etag=TAG, modified=None) == (text.strip() == "*" or TAG in text)
    assert not has_current(None, text, etag=TAG, modified=None)
