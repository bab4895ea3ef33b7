"""Charts of one source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from aggregator.model import Outcome
from aggregator.serve.sparkline import entries_chart, polls_chart, until

TODAY = date(2026, 1, 30)
NOW = datetime(2026, 1, 30, 12, 10, tzinfo=UTC)


def test_entries_are_bars_of_days() -> None:
    """Today stands at the right, thirty days ago nothing; the greatest day is as high as the chart, and none too low."""
    days = {TODAY: 60, TODAY - timedelta(days=29): 1, TODAY - timedelta(days=30): 9}
    chart = entries_chart(days, TODAY)
    assert chart.box == "0 0 120 24"
    assert chart.paths == (("days", "M2 24v-2M118 24v-23"),)
    assert chart.label == "61 entries in 30 days, at most 60 a day"


def test_no_entries_are_said_in_words() -> None:
    """An empty chart has no path, and one entry is one."""
    assert (entries_chart({}, TODAY).paths, entries_chart({}, TODAY).label) == ((), "no entries in 30 days")
    assert entries_chart({TODAY: 1}, TODAY).label == "1 entry in 30 days, at most 1 a day"


def test_polls_are_marks_of_half_hours() -> None:
    """The half hour under way stands at the right; of one half hour the failure is drawn, then what brought news."""
    polls = [
        (NOW - timedelta(hours=25), Outcome.NEW),
        (NOW - timedelta(hours=2), Outcome.NEW),
        (NOW - timedelta(hours=2), Outcome.NOT_MODIFIED),
        (NOW - timedelta(minutes=1), Outcome.UNCHANGED),
        (NOW, Outcome.ERROR),
    ]
    chart = polls_chart(polls, NOW)
    assert chart.box == "0 0 144 12"
    assert chart.paths == (("news", "M130.5 12v-12"), ("bad", "M142.5 12v-12"))
    assert chart.label == "5 polls in 24 hours: 2 with news, 1 failed"


def test_quiet_polls_are_drawn_too() -> None:
    """A poll without news is a shorter mark; without any there is none."""
    assert polls_chart([(NOW, Outcome.NOT_MODIFIED)], NOW).paths == (("same", "M142.5 12v-6"),)
    assert polls_chart([(NOW, Outcome.NOT_MODIFIED)], NOW).label == "1 poll in 24 hours"
    assert (polls_chart([], NOW).paths, polls_chart([], NOW).label) == ((), "no polls in 24 hours")


def test_a_chart_stands_for_half_an_hour() -> None:
    """The end of the time that is drawn moves every half hour, so that a page keeps its entity tag meanwhile."""
    assert until(NOW) == until(NOW + timedelta(minutes=19)) == datetime(2026, 1, 30, 12, 30, tzinfo=UTC)
    assert until(NOW + timedelta(minutes=20)) == datetime(2026, 1, 30, 13, 0, tzinfo=UTC)
