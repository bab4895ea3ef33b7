from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.dates import parse_date

MOMENTS = st.integers(631_238_400, 4_102_272_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))

READ = {
    "2026-01-05": "2026-01-05T00:00:00",
    "2026/01/05 10:00": "2026-01-05T10:00:00",
    "2026-01-05T10:00": "2026-01-05T10:00:00",
    "2026-01-05 10:00:00.25 UTC": "2026-01-05T10:00:00.250000",
    "2026-01-05T10:00:00-0800": "2026-01-05T18:00:00",
    "2026-01-05T10:00:00+01:00[Europe/Paris]": "2026-01-05T09:00:00",
    "2026-01-05T24:00:00Z": "2026-01-06T00:00:00",
    "20260105": "2026-01-05T00:00:00",
    "20260105T100000Z": "2026-01-05T10:00:00",
    "Mon, 5 Jan 26 10:00 EST": "2026-01-05T15:00:00",
    "Mon, 05 Jan 2026 10:00:00 PDT": "2026-01-05T17:00:00",
    "Mon, 05 Jan 2026 10:00:00 CEST": "2026-01-05T08:00:00",
    "Mon, 05 Jan 2026 10:00:00 AEST": "2026-01-05T00:00:00",
    "Mon, 05 Jan 2026 10:00:00 IST": "2026-01-05T04:30:00",
    "Mon, 05 Jan 2026 10:00:00 +0530 (IST)": "2026-01-05T04:30:00",
    "Mon, 05 Jan 2026 10:00:00 GMT+0200": "2026-01-05T08:00:00",
    "Mon, 05 Jan 2026 10:00:60 GMT": "2026-01-05T10:01:00",
    "Tue, 05 Jan 2026 10:00:00 GMT": "2026-01-05T10:00:00",
    "Mon, 05 Jan 2026 10:00:00 +9900": "2026-01-05T10:00:00",
    "5 Jan 95": "1995-01-05T00:00:00",
    "05-Jan-2026 10:00": "2026-01-05T10:00:00",
    "Mon Jan  5 10:00:00 2026": "2026-01-05T10:00:00",
    "Sun Jan  4 14:27:54 PST 2026": "2026-01-04T22:27:54",
    "January 5, 2026": "2026-01-05T00:00:00",
    "Jan 5, 2026 10:00 PM PDT": "2026-01-06T05:00:00",
    "5 janvier 2026": "2026-01-05T00:00:00",
    "lundi 5 janvier 2026 10:00": "2026-01-05T10:00:00",
    "5. März 2026": "2026-03-05T00:00:00",
    "5.1.2026": "2026-01-05T00:00:00",
    "2026年1月5日": "2026-01-05T00:00:00",
    "13/01/2026": "2026-01-13T00:00:00",
    "01/13/2026 10:00 PM": "2026-01-13T22:00:00",
    "1767607200": "2026-01-05T10:00:00",
    "1767607200123": "2026-01-05T10:00:00.123000",
    "Mon, 05 Jan 2099 00:00:00 GMT": "2099-01-05T00:00:00",
}  # fmt: skip
REFUSED = [
    "", "soon", "Jan 5", "10:00", "2026", "2026-01", "05/01/2026", "31 Feb 2026", "2026-02-31", "Feb 31, 2026",
    "Mon, 35 Jan 2026 10:00:00 GMT", "2026-01-05T25:00:00Z", "2026-01-05T24:01:00Z", "0000-00-00 00:00:00",
    "Thu, 01 Jan 1970 00:00:00 GMT", "9999-12-31T23:59:59Z", "5 Foo 2026", "1" * 50, "2026-01-05 " * 20,
]  # fmt: skip


@pytest.mark.parametrize(("text", "moment"), READ.items())
def test_date_is_read(text: str, moment: str) -> None:
    """Dates of every common spelling are read, in UTC."""
    assert parse_date(text) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", REFUSED)
def test_date_is_refused(text: str) -> None:
    """What names no day, two days, no existing day or one out of range is None, never a guess."""
    assert parse_date(text) is None


@given(moment=MOMENTS, zone=OFFSETS)
def test_standard_dates_survive(moment: datetime, zone: timezone) -> None:
    """A moment written as RFC 5322 or RFC 3339, in any zone, is read as that moment."""
    there = moment.astimezone(zone)
    assert parse_date(format_datetime(there)) == moment
    assert parse_date(there.isoformat()) == moment
    assert parse_date(str(int(moment.timestamp()))) in (moment, None if moment.timestamp() < 1e9 else moment)


@given(text=st.text(max_size=40) | st.text("0123456789/-:. TZ+,JanFebPM", max_size=40))
def test_any_text_is_a_moment_in_range_or_none(text: str) -> None:
    """No text raises; whatever is read is aware, in UTC and between 1990 and 2100."""
    moment = parse_date(text)
    assert moment is None or (moment.tzinfo == UTC and 1990 <= moment.year < 2100)


@given(moment=MOMENTS, zone=OFFSETS | st.sampled_from([timezone(timedelta(hours=15)), timezone(timedelta(hours=-23))]))
def test_the_usual_spelling_is_no_other_date(moment: datetime, zone: timezone) -> None:
    """The two usual spellings, which have ways of their own, say what odd ones (a comma, a space more) say."""
    usual = moment.astimezone(zone).strftime("%d %b %Y %H:%M:%S %z")
    assert parse_date(usual) == parse_date(f"Mon, {usual}") == parse_date(usual.replace(" ", "-", 2))
    usual = moment.astimezone(zone).isoformat()
    assert parse_date(usual) == parse_date(usual.replace("T", " "))
