from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.parse.page_dates import Calendar, read_date, read_format, search_date

RECEIVED = datetime(2024, 4, 20, 15, 30, tzinfo=UTC)
READ = [
    ("en", "March 19, 2024", "2024-03-19T00:00"),
    ("en", "March 19th, 2024", "2024-03-19T00:00"),
    ("en", "Mar. 19, 2024", "2024-03-19T00:00"),
    ("en", "MAR 19 2024", "2024-03-19T00:00"),
    ("en", "19-Mar-2024", "2024-03-19T00:00"),
    ("en", "Tue, 19 Mar 2024", "2024-03-19T00:00"),
    ("en", "Published on March 19, 2024", "2024-03-19T00:00"),
    ("en", "Mar 19, 2024 3:45 PM", "2024-03-19T15:45"),
    ("en", "Mar 19, 2024 12:05 am", "2024-03-19T00:05"),
    ("en", "Tuesday, 19 March 2024 10:00 CET", "2024-03-19T09:00"),
    ("en", "2024-03-19T10:00:00+02:00", "2024-03-19T08:00"),
    ("en", "Mar 19", "2024-03-19T00:00"),
    ("en", "19 Mar", "2024-03-19T00:00"),
    ("en", "Dec 19", "2023-12-19T00:00"),
    ("en", "Feb 29", "2024-02-29T00:00"),
    ("en-US", "03/04/2024", "2024-03-04T00:00"),
    ("en-GB", "03/04/2024", "2024-04-03T00:00"),
    ("en", "2 days ago", "2024-04-18T00:00"),
    ("en", "5d ago", "2024-04-15T00:00"),
    ("en", "an hour ago", "2024-04-20T14:00"),
    ("en", "yesterday", "2024-04-19T00:00"),
    ("fr", "March 19, 2024", "2024-03-19T00:00"),
    ("fr", "19 mars 2024", "2024-03-19T00:00"),
    ("fr", "1er avril 2024", "2024-04-01T00:00"),
    ("fr", "le 19 févr. 2024 à 15h30", "2024-02-19T15:30"),
    ("fr", "Publié le 19/03/2024", "2024-03-19T00:00"),
    ("fr", "03/04/2024", "2024-04-03T00:00"),
    ("fr", "il y a 3 heures", "2024-04-20T12:00"),
    ("fr", "hier", "2024-04-19T00:00"),
    ("fr", "avant-hier", "2024-04-18T00:00"),
    ("de", "19. März 2024", "2024-03-19T00:00"),
    ("de", "Mo., 19. Feb. 2024", "2024-02-19T00:00"),
    ("de", "19.03.2024, 14:05 Uhr", "2024-03-19T14:05"),
    ("de", "19.3.24", "2024-03-19T00:00"),
    ("de", "vor 2 Tagen", "2024-04-18T00:00"),
    ("de", "gestern", "2024-04-19T00:00"),
    ("es", "19 de marzo de 2024", "2024-03-19T00:00"),
    ("es", "19 mar 2024", "2024-03-19T00:00"),
    ("es", "hace 5 minutos", "2024-04-20T15:25"),
    ("es", "ayer", "2024-04-19T00:00"),
    ("zh", "2024年3月19日", "2024-03-19T00:00"),
    ("zh", "发布时间：2024-03-19 15:20", "2024-03-19T15:20"),
    ("zh", "03月19日", "2024-03-19T00:00"),
    ("zh", "3天前", "2024-04-17T00:00"),
    ("zh", "昨天", "2024-04-19T00:00"),
    ("ja", "2024年3月19日（火）", "2024-03-19T00:00"),
    ("ja", "2024.03.19", "2024-03-19T00:00"),
    ("ja", "2日前", "2024-04-18T00:00"),
    ("ja", "3時間前", "2024-04-20T12:00"),
    ("ja", "昨日", "2024-04-19T00:00"),
]
NONE = [
    "", "March 2024", "3 months ago", "a year ago", "31 Feb 2024", "03/04/2024", "10:30", "1.2.3", "v2024.03.19",
    "Llama 3.1 8B", "GPT-4 May 3 be better", "Mar 19, 2031", "Research", "May", "5 min read",
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "moment"), READ)
def test_date_is_read(language: str, text: str, moment: str) -> None:
    """Dates as pages of six languages show them, full, short, relative or by name, are the moment that is meant."""
    assert read_date(text, Calendar.of(RECEIVED, language)) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", NONE)
def test_no_date_is_guessed(text: str) -> None:
    """What is less precise than a day, ambiguous, impossible, to come, or no date at all is None."""
    assert read_date(text, Calendar.of(RECEIVED, "en")) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Mar 19 · 5 min read", 19),
        ("By Jane Doe on March 18, 2024", 18),
        ("Updated March 20, 2024 | Published March 17, 2024", 17),
        ("Last updated March 16, 2024", 16),
    ],
)
def test_date_is_found_in_a_line(text: str, day: int) -> None:
    """In a line about an article the date is found, a date of a change only where there is no other."""
    found = search_date(text, Calendar.of(RECEIVED, "en"))
    assert found is not None
    assert found.moment == datetime(2024, 3, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("19|03|2024", "%d|%m|%Y", "2024-03-19"),
        ("03/04/2024", "%d/%m/%Y", "2024-04-03"),
        ("19.12.", "%d.%m.", "2023-12-19"),
        ("soon", "%d.%m.%Y", None),
    ],
)
def test_date_of_a_given_format(text: str, pattern: str, moment: str | None) -> None:
    """An operator's strptime pattern is what decides; without a year the nearest past one is taken."""
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC) if moment else None
    assert read_format(text, pattern, Calendar.of(RECEIVED, "en")) == expected


@settings(deadline=None)
@given(
    text=st.text(max_size=80) | st.text("0123456789/-:.年月日 前agoMarJanvor,TZhd", max_size=60),
    language=st.sampled_from(["en", "fr", "zh", None]),
)
def test_any_text_is_a_past_moment_or_none(text: str, language: str | None) -> None:
    """No text raises, and none is read as a moment before 1990 or more than two days to come."""
    calendar = Calendar.of(RECEIVED, language)
    found = search_date(text, calendar)
    for moment in (read_date(text, calendar), found.moment if found else None):
        assert moment is None or (
            moment.tzinfo == UTC and moment.year >= 1989 and moment <= RECEIVED + timedelta(days=2)
        )
