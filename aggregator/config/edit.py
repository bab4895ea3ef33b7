"""feeds.yaml changed as a person would: a source put in or taken out, every other byte as it was."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from aggregator.config.document import compose
from aggregator.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ruamel.yaml.nodes import Node

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/?&=%+;@!*()'$:-]*(?<!:)")
"""What stands for itself without quotes..."""
_OTHER = re.compile(r"[\d_.+e:-]+|0[xo][\da-f]+|true|false|null|yes|no|on|off", re.IGNORECASE)
"""... unless it reads as a number or another value than text."""


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A source as it is put into the file."""

    url: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    kind: str = "feed"


def with_feed(
    text: str, path: Path, url: str, *, title: str | None = None, tags: Sequence[str] = (), kind: str = "feed"
) -> str:
    """Return the file's text with one more source, the last; ConfigError when it is no YAML."""
    feed = NewFeed(url, title, tuple(tags), kind)
    return _put(text, path, _entry(feed), [_flow(feed)])


def with_feeds(text: str, path: Path, feeds: Sequence[NewFeed]) -> str:
    """Return the file's text with more sources, the last, each in a line; ConfigError when it is no YAML."""
    lines = [_flow(feed) for feed in feeds]
    return _put(text, path, [f"- {line}" for line in lines], lines) if feeds else text


def _put(text: str, path: Path, lines: Sequence[str], flow: Sequence[str]) -> str:
    """Put sources in after the others: `lines` where those stand below each other, `flow` where in brackets."""
    feeds = _feeds(text, path)
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(feeds, SequenceNode) and feeds.value and feeds.flow_style:
        start = _end(feeds.value[-1])
        return "".join([text[:start], *(f", {each}" for each in flow), text[start:]])
    if isinstance(feeds, SequenceNode) and feeds.value:
        last = feeds.value[-1]
        place, indent = _line_end(text, _end(last)), _indent(text, last)
    elif feeds is not None:  # `feeds:` with nothing, or [], after it
        text = text[: feeds.start_mark.index] + text[feeds.end_mark.index :]
        place, indent = _line_end(text, feeds.start_mark.index), "  "
    else:
        text, place, indent = f"{text.rstrip()}{newline}feeds:{newline}", None, "  "
    head, tail = (text, "") if place is None else (text[:place], text[place:])
    if head and not head.endswith("\n"):
        head += newline
    return head + "".join(f"{indent}{line}{newline}" for line in lines) + tail


def without_feed(text: str, path: Path, url: str) -> str:
    """Return the file's text without a source; Usage when it does not list it, ConfigError when it is no YAML."""
    feeds = _feeds(text, path)
    items = feeds.value if isinstance(feeds, SequenceNode) else []
    place = next((place for place, item in enumerate(items) if _url(item) == url), None)
    if feeds is None or place is None:
        raise Usage(f"{path} does not list {url}.", "If it is written with ${...}, take it out by hand.")
    item = items[place]
    if not feeds.flow_style:
        return text[: _line_start(text, item)] + text[_line_end(text, _end(item)) :]
    if place + 1 < len(items):
        return text[: item.start_mark.index] + text[items[place + 1].start_mark.index :]
    if place:
        return text[: _end(items[place - 1])] + text[_end(item) :]
    return text[: item.start_mark.index] + text[feeds.end_mark.index - 1 :]  # its comma goes too


def _feeds(text: str, path: Path) -> Any:
    root = compose(text, path)
    pairs = root.value if isinstance(root, MappingNode) else []
    return next((value for key, value in pairs if isinstance(key, ScalarNode) and key.value == "feeds"), None)


def _url(item: Node) -> str | None:
    if isinstance(item, ScalarNode):
        return str(item.value)
    pairs = item.value if isinstance(item, MappingNode) else []
    return next((str(value.value) for key, value in pairs if key.value == "url"), None)


def _end(node: Any) -> int:
    """Return where a node's text ends; the end of a block is where the next begins, comments between them included."""
    if isinstance(node, ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _line_start(text: str, item: Node) -> int:
    return text.rfind("\n", 0, item.start_mark.index) + 1


def _line_end(text: str, index: int) -> int:
    """Return where the line after an index begins."""
    if text[index - 1 : index] == "\n":  # a literal block ends with its line
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _indent(text: str, item: Node) -> str:
    if not re.search(r"^ *- +\Z", text[: item.start_mark.index], re.MULTILINE):
        raise Usage("feeds.yaml is written in a way that is not edited here.", "Edit it by hand.")
    start = _line_start(text, item)
    return text[start : text.index("-", start)]


def _is_bare(feed: NewFeed) -> bool:
    return feed.title is None and not feed.tags and feed.kind == "feed"


def _entry(feed: NewFeed) -> list[str]:
    if _is_bare(feed):
        return [f"- {_word(feed.url)}"]
    more = [f"  kind: {feed.kind}"] if feed.kind != "feed" else []
    more += [f"  title: {_word(feed.title)}"] if feed.title is not None else []
    more += [f"  tags: [{', '.join(map(_word, feed.tags))}]"] if feed.tags else []
    return [f"- url: {_word(feed.url)}", *more]


def _flow(feed: NewFeed) -> str:
    if _is_bare(feed):
        return _word(feed.url)
    return f"{{{', '.join(line[2:] for line in _entry(feed))}}}"


def _word(text: str) -> str:
    """Write a value: plain where that is safe, else in double quotes, which JSON's are in YAML 1.2 too."""
    plain = _PLAIN.fullmatch(text) and not _OTHER.fullmatch(text)
    return text if plain else json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f").replace("\x85", "\\N")
