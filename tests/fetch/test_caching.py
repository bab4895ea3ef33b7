"""When a response asks to be asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from aggregator.fetch.caching import read_caching, read_validators
from aggregator.model import Caching

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def caching(*headers: tuple[str, str]) -> Caching:
    """Read headers as received at noon."""
    return read_caching(CIMultiDict(headers), NOON)


def date(hours: float) -> str:
    """Write the HTTP-date so many hours after noon."""
    return format_datetime(NOON + timedelta(hours=hours), usegmt=True)


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("max-age=3600", 3600),
        ("public, MAX-AGE=60", 60),
        ('max-age="3600"', 3600),
        ("max-age = 60", 60),
        ('private="a, max-age=5", max-age=60', 60),
        ('no-cache="Set-Cookie", max-age=60', 60),
        ("max-age=60, max-age=3600", 60),
        ("max-age=60;must-revalidate", 60),
        ("s-maxage=3600", None),
        ("s-maxage=3600, max-age=60", 60),
        ("no-cache", None),
        ("no-store, max-age=3600", None),
        ("max-age=3600, no-cache", None),
        ("max-age=0", None),
        ("max-age=-1", None),
        ("max-age=1e3", None),
        ("max-age=٣", None),
        ("max-age", None),
        ("max-age=99999999999999999999999999", 2**31),
        ("", None),
        (',;==,"', None),
    ],
)
def test_cache_control(cache_control: str, seconds: int | None) -> None:
    """max-age counts for a private cache, quoted or not, the first of several; 0, no-cache and no-store say nothing."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert caching(("Cache-Control", cache_control)).max_age == expected


def test_lines_of_cache_control_add_up() -> None:
    """Several lines are one list."""
    assert caching(("Cache-Control", "public"), ("cache-control", "max-age=60")).max_age == timedelta(seconds=60)
    assert caching(("Cache-Control", "max-age=60"), ("Cache-Control", "no-store")).max_age is None


@pytest.mark.parametrize(("age", "left"), [("600", 3000), ("3600", None), ("9999", None), ("-5", 3600), ("soon", 3600)])
def test_age_is_taken_off(age: str, left: int | None) -> None:
    """Time spent in somebody's cache is over; what is stale already says nothing."""
    expected = None if left is None else timedelta(seconds=left)
    assert caching(("Cache-Control", "max-age=3600"), ("Age", age)).max_age == expected


def test_expires_counts_from_the_servers_own_date() -> None:
    """A server whose clock is a day behind still means two hours."""
    found = caching(("Date", date(-24)), ("Expires", date(-22)))
    assert found == Caching(timedelta(hours=2), "Expires")


def test_expires_without_date_counts_from_receipt() -> None:
    """Without Date there is only our clock."""
    assert caching(("Expires", date(2))).max_age == timedelta(hours=2)


def test_max_age_wins_over_expires() -> None:
    """Where both stand, max-age is meant, even when it is of no use."""
    assert caching(("Cache-Control", "max-age=60"), ("Expires", date(2))) == Caching(
        timedelta(seconds=60), "max-age=60"
    )
    assert caching(("Cache-Control", "max-age=0"), ("Expires", date(2))).max_age is None


@pytest.mark.parametrize("expires", ["0", "-1", "", "never", date(-1), date(0), "Thu, 99 Foo 2026 00:00:00 GMT"])
def test_unusable_expires_says_nothing(expires: str) -> None:
    """0, the past and nonsense leave the rhythm to us."""
    assert caching(("Expires", expires)) == Caching()


@pytest.mark.parametrize(
    "written", ["Mon, 04 May 2026 14:00:00 GMT", "Monday, 04-May-26 14:00:00 GMT", "Mon May  4 14:00:00 2026"]
)
def test_the_three_forms_of_a_date(written: str) -> None:
    """IMF-fixdate, RFC 850 and asctime are the same moment."""
    assert caching(("Expires", written)).max_age == timedelta(hours=2)
    assert caching(("Retry-After", written)).retry_after == NOON + timedelta(hours=2)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), (" 120 ", 120), ("999999999999", 2**31), ("0", None), ("-5", None), ("soon", None), ("1.5", None),
     ("", None), (date(1), 3600), (date(-1), None)],
)  # fmt: skip
def test_retry_after(value: str, seconds: int | None) -> None:
    """Seconds or a date; what is past, negative or garbage is as if it were not there."""
    expected = None if seconds is None else NOON + timedelta(seconds=seconds)
    assert caching(("Retry-After", value)).retry_after == expected


def test_retry_after_date_counts_from_the_servers_own_date() -> None:
    """A server whose clock is ahead by a year does not silence itself for a year."""
    found = caching(("Date", date(8760)), ("Retry-After", date(8761)))
    assert found.retry_after == NOON + timedelta(hours=1)


@given(
    st.dictionaries(st.sampled_from(["Cache-Control", "Expires", "Age", "Date", "Retry-After"]), st.text(max_size=60))
)
def test_any_headers_can_be_read(headers: dict[str, str]) -> None:
    """Whatever a server writes, the result is empty or in the future."""
    found = read_caching(CIMultiDict(headers), NOON)
    assert found.max_age is None or found.max_age > timedelta(0)
    assert found.retry_after is None or found.retry_after > NOON


def test_validators_byte_for_byte() -> None:
    """ETag and Last-Modified are kept as they came, dates that cannot be read included; none is None."""
    found = read_validators(CIMultiDict({"ETag": 'W/"Ab c"', "Last-Modified": "yesterday-ish"}), NOON)
    assert (found.etag, found.last_modified) == ('W/"Ab c"', "yesterday-ish")
    assert not read_validators(CIMultiDict({"ETag": ""}), NOON)


def test_a_last_modified_of_the_future_is_none() -> None:
    """What claims to be of 2041 would never be modified again; a clock that is a little ahead does no harm."""
    for hours, kept in ((0, True), (23, True), (30, False), (130_000, False)):
        found = read_validators(CIMultiDict({"Last-Modified": date(hours)}), NOON)
        assert (found.last_modified is not None) is kept
