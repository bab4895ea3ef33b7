"""JSON Feed 1.1: a schema of what its page says (https://www.jsonfeed.org/version/1.1/), and what no schema can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from judges.markup import duplicates
from judges.words import html_faults, language_faults, rfc3339_faults, text_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMA = Draft202012Validator(json.loads((Path(__file__).parent / "jsonfeed.schema.json").read_bytes()))


def judge_json(document: bytes, address: str) -> list[str]:
    """Return what is wrong with a JSON Feed that is served at an address."""
    feed = json.loads(document.decode(), object_pairs_hook=_once)
    faults = [f"{error.json_path}: {error.message[:200]}" for error in _SCHEMA.iter_errors(feed)]
    if feed.get("feed_url") != address:
        faults.append(f"feed_url is {feed.get('feed_url')} at {address}")
    faults += [f"two items are {one}" for one in duplicates([item.get("id") for item in feed["items"]])]
    faults += text_faults(document.decode())
    return [*faults, *(fault for item in feed["items"] for fault in _item_faults(item))]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that has a name twice (RFC 8259 section 4)."""
    if found := duplicates([name for name, _ in pairs]):
        raise ValueError(f"two members are called {found}")
    return dict(pairs)


def _item_faults(item: dict[str, Any]) -> Iterator[str]:
    if "content_html" in item:
        yield from html_faults(item["content_html"])
    for name in ("date_published", "date_modified"):
        yield from rfc3339_faults(item.get(name))
    if "language" in item:
        yield from language_faults(item["language"])
