"""What a server's answer means, by its status: a document, nothing new, gone, or an error with its remedy."""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING

from aggregator.errors import HttpStatus

if TYPE_CHECKING:
    from aggregator.model import Fetched


class Answer(Enum):
    """What to do with a response."""

    DOCUMENT = auto()
    NOT_MODIFIED = auto()
    GONE = auto()
    FAILURE = auto()


_IM_USED = 226
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_MANY = 3
_REMEDIES = {
    401: "The source wants a login: give it in `headers`, from the environment.",
    402: "The source wants to be paid.",
    403: "The publisher refuses us: ask them, or look for another address of this feed.",
    404: "Check the address: it may have moved.",
    410: "The publisher has taken it away for good: remove it from feeds.yaml, or look for its successor."
    " If it is back: aggregator poll --force URL",
    429: "The publisher wants fewer requests: it is asked later; a longer `interval` helps.",
    451: "It is withheld for legal reasons where this server stands.",
}


def classify(fetched: Fetched) -> Answer:
    """Say what a response is, by its status (RFC 9110 section 15; 226: RFC 3229)."""
    if fetched.status in (HTTPStatus.OK, _IM_USED):
        return Answer.DOCUMENT
    if fetched.status == HTTPStatus.NOT_MODIFIED:
        return Answer.NOT_MODIFIED
    return Answer.GONE if fetched.status == HTTPStatus.GONE else Answer.FAILURE


def status_error(fetched: Fetched) -> HttpStatus:
    """Put a status that is not a document into words."""
    try:
        phrase = HTTPStatus(fetched.status).phrase
    except ValueError:
        phrase = "an unknown status"
    if fetched.challenge:
        return HttpStatus(
            f"{fetched.status} {phrase}: a check for robots answered (cf-mitigated: challenge), not the publisher.",
            "Ask the publisher to let feed readers through, or look for another address of this feed.",
        )
    trouble = "The server is in trouble: it is asked again later." if fetched.status >= 500 else ""  # noqa: PLR2004
    return HttpStatus(f"{fetched.status} {phrase}.", _REMEDIES.get(fetched.status, trouble))


def is_emptied(items: int, before: int) -> bool:
    """Tell whether a document that lists nothing is more likely broken than empty: it listed several before."""
    return items == 0 and before >= _MANY


def is_passing(status: int) -> bool:
    """Tell whether a status that is no document may be another one soon: the server's trouble, or its wish for rest."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING
