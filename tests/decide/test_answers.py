from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.decide.answers import Answer, classify, is_emptied, is_passing, status_error
from aggregator.model import Fetched

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def answer(status: int, **facts: object) -> Fetched:
    """Return an answer with a status."""
    return Fetched("https://a.example/", status, NOON, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, Answer.DOCUMENT),
        (226, Answer.DOCUMENT),
        (304, Answer.NOT_MODIFIED),
        (410, Answer.GONE),
        (204, Answer.FAILURE),
        (301, Answer.FAILURE),
        (404, Answer.FAILURE),
        (503, Answer.FAILURE),
    ],
)
def test_what_a_status_means(status: int, meaning: Answer) -> None:
    """Only 200 and 226 bring a document, 304 nothing new, 410 the end; all else is a failure."""
    assert classify(answer(status)) is meaning


@pytest.mark.parametrize("status", [401, 402, 403, 404, 410, 429, 451, 500, 503])
def test_a_failure_says_what_to_do(status: int) -> None:
    """The usual failures name the status, its meaning, and a remedy."""
    error = status_error(answer(status))
    assert error.message.startswith(f"{status} ")
    assert error.remedy


def test_an_unknown_status_is_told_as_such() -> None:
    """A status that no standard knows has no remedy but a message."""
    assert status_error(answer(299)).message == "299 an unknown status."


def test_a_check_for_robots_is_named() -> None:
    """When a bot check answered, the message says so in place of blaming the publisher."""
    assert "cf-mitigated" in status_error(answer(403, challenge=True)).message


@pytest.mark.parametrize(("items", "before", "emptied"), [(0, 3, True), (0, 2, False), (0, 0, False), (1, 50, False)])
def test_a_document_that_lost_everything_is_suspect(items: int, before: int, emptied: bool) -> None:
    """No items where there were several is a failure; a small feed may become empty."""
    assert is_emptied(items, before) is emptied


@pytest.mark.parametrize(
    ("status", "passing"),
    [(500, True), (503, True), (429, True), (408, True), (404, False), (410, False), (200, False)],
)
def test_what_may_pass(status: int, passing: bool) -> None:
    """A server in trouble, or one that wants rest, may soon say something else; a clear no stays one."""
    assert is_passing(status) is passing
