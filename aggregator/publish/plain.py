"""Between HTML and plain text."""

from __future__ import annotations

import html
import re
from html.entities import name2codepoint

import nh3

from aggregator.publish import legal

_ENOUGH = 50_000
"""Characters of HTML that are looked at for an excerpt."""
_BLOCK = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|main|ol"
    r"|p|pre|section|table|td|th|tr|ul)\b)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[/!?A-Za-z][^<>]*>")
_LOOKS_LIKE_TAG = re.compile(r"<[/!?A-Za-z]")
_GLUED_AMPERSAND = re.compile(r"&(?=(#?\w+))")


def plain(markup: str | None) -> str:
    """Return the text of HTML on one line."""
    if not markup or not ("<" in markup or "&" in markup):
        return legal.line(markup)
    spaced = _BLOCK.sub(" <", legal.text(markup[:_ENOUGH]))
    return legal.line(html.unescape(nh3.clean(spaced, tags=set())))


def excerpt(words: str, limit: int = 500) -> str:
    """Cut plain text to at most `limit` characters, at the end of a word where one ends near enough."""
    if len(words) <= limit:
        return words
    head = words[: limit - 1]
    space = head.rfind(" ")
    return (head[:space] if space > limit // 2 else head).rstrip(" ,;:.") + "…"


def escaped(words: str) -> str:
    """Return HTML that shows this plain text."""
    return html.escape(words, quote=False)


def markup_like(words: str) -> bool:
    """Return whether a reader that guesses would take this plain text for HTML."""
    return bool(_LOOKS_LIKE_TAG.search(words)) or html.unescape(words) != words


def label(words: str | None) -> str:
    """Return a name or label without the tags and references that have no place in one."""
    clean = legal.line(words)
    if not ("<" in clean or "&" in clean):
        return clean
    return legal.line(_GLUED_AMPERSAND.sub(_apart, _TAG.sub("", html.unescape(clean))))


def _apart(ampersand: re.Match[str]) -> str:
    """Set an ampersand apart from what a reader would take for a reference's name: `AT&T` stays, `R&2` does not."""
    name = ampersand[1]
    return "& " if name in name2codepoint or name == "apos" or not name.isalpha() else "&"
