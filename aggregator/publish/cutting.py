"""Takes a published document apart at its entries, and puts some of them together again, byte for byte.

It works by place because of how our documents are written: in XML every < and > of the text is escaped, so what looks
like an entry's tag is one; JSON is written without white space, the items last.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ATOM = re.compile(rb"<entry(?: [^>]*)?>.*?</entry>", re.DOTALL)
_RSS = re.compile(rb"<item(?: [^>]*)?>.*?</item>", re.DOTALL)
_ENDS = {_ATOM: b"</feed>", _RSS: b"</channel>"}
_ITEMS = b'"items":['


@dataclass(frozen=True, slots=True)
class Cut:
    """A document at its entries."""

    head: bytes
    entries: tuple[bytes, ...]
    tail: bytes
    between: bytes = b""

    def joined(self, entries: Iterable[bytes]) -> bytes:
        """Return a document of this head and tail with these entries."""
        return self.head + self.between.join(entries) + self.tail


def cut(document: bytes, ending: str) -> Cut:
    """Take apart what was rendered as `atom`, `rss` or `json`; raise ValueError for anything else."""
    if ending == "json":
        return _cut_json(document)
    return _cut_xml(document, _RSS if ending == "rss" else _ATOM)


def _cut_xml(document: bytes, pattern: re.Pattern[bytes]) -> Cut:
    end = document.rfind(_ENDS[pattern])
    if end < 0:
        raise ValueError("not a document of ours")
    entries = list(pattern.finditer(document))
    spans = [entry.span() for entry in entries] or [(end, end)]
    return Cut(document[: spans[0][0]], tuple(entry[0] for entry in entries), document[spans[-1][1] :])


def _cut_json(document: bytes) -> Cut:
    head, found, _ = document.partition(_ITEMS)
    if not found:
        raise ValueError("not a document of ours")
    items = json.loads(document)["items"]
    entries = (json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() for item in items)
    return Cut(head + found, tuple(entries), b"]}", b",")
