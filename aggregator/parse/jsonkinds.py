"""What a JSON document is: a JSON Feed, or something else that the operator should hear the name of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.errors import NotAFeed
from aggregator.parse.clean import plain_text
from aggregator.parse.fields import dict_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = "jsonfeed.org/version/"
_API = "Check the address; it may be an API's."
_ACTIVITIES = ("Person", "Organization", "Group", "Service", "OrderedCollection", "OrderedCollectionPage")
_ERRORS = ("error", "errors", "message", "detail")
_KINDS = (
    ("openapi", "the description of an API (OpenAPI)", _API),
    ("start_url", "a web app manifest", "Use the address of the page or of its feed."),
    ("oembed", "an oEmbed of one page", "Use the address of the site's feed."),
    ("feed", "Google Data", "Add `alt=rss` or `alt=atom` to the address in place of `alt=json`."),
    ("rss", "RSS turned into JSON", "Use the address of the RSS feed itself."),
)
"""Member that tells -> kind, remedy."""


def is_feed(document: Mapping[str, Any]) -> bool:
    """Tell whether an object is a JSON Feed by what it says, or, where that is missing, by what it is made of."""
    if _VERSION in text_of(document, "version"):
        return True
    addresses = text_of(document, "feed_url") or text_of(document, "home_page_url")
    return bool(isinstance(document.get("items"), list) and addresses and isinstance(document.get("title"), str))


def refusal(document: Any) -> NotAFeed:
    """Return the error for JSON that is no feed, with what it is."""
    kind, remedy = _kind(document)
    return NotAFeed(f"The document is no feed but JSON data{kind and f': {kind}'}.", remedy)


def _kind(document: Any) -> tuple[str, str]:
    if isinstance(document, list):
        return _kind_of_list(document)
    if not isinstance(document, dict):
        return "", _API
    if "@context" in document:
        return _kind_of_linked_data(document)
    if quoted := next(filter(None, (_words(document.get(name)) for name in _ERRORS)), ""):
        return f'an error message ("{quoted}")', "Open the address in a browser and see what the server says."
    if document.get("type") in ("rich", "link", "photo", "video") and "version" in document:
        document = {"oembed": True}
    return next(((kind, remedy) for name, kind, remedy in _KINDS if name in document), ("", _API))


def _kind_of_list(document: list[Any]) -> tuple[str, str]:
    first = document[0] if document and isinstance(document[0], dict) else {}
    if "rendered" in dict_of(first, "title") or "rendered" in dict_of(first, "guid"):
        return "posts as WordPress's API gives them", "Use the site's feed: its address and /feed/."
    return f"a list of {len(document)}", _API


def _kind_of_linked_data(document: Mapping[str, Any]) -> tuple[str, str]:
    if document.get("type") in _ACTIVITIES:
        return "an account or a list of ActivityPub", "For a Mastodon account, put .rss after its address."
    return "linked data (JSON-LD)", "Use the address of the page or of its feed."


def _words(value: Any) -> str:
    """Return what an error message says; it may be text, an object with a message, or a list of such."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = text_of(value, "message") or text_of(value, "detail")
    return plain_text(value, markup=False, limit=60) if isinstance(value, str) else ""
