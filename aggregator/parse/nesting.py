"""How deep HTML is nested, counted in one pass: the sanitiser's time grows with the square of it."""

from __future__ import annotations

import re

_OPENING = re.compile("<[a-zA-Z]")
_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<name>[a-zA-Z][\w:-]*)"
    r"(?P<clean>(?:\s++[\w:@.-]++(?:\s*+=\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\s\"'<>=`]++))?+)*+\s*+/?>)?"
    r"|(?P<comment><!--)|(?P<end>-->)"
)
_WRITTEN = re.compile(r"<(?P<close>/?)(?P<name>[a-z][a-z0-9]*)(?: [a-z-]+=\"[^\"]*\")*>")
_NEVER_DEEP = frozenset({"br", "img", "hr", "embed", "meta", "p", "li", "dd", "dt"})
"""Void elements, and those that close themselves where another of the kind begins (HTML section 13.1.2.4)."""
_VOID = frozenset({"br", "img", "hr", "col", "source", "wbr"})
_FEW = 2000


def may_be_deep(html: str, limit: int) -> bool:
    """Whether HTML as it came could be nested deeper than `limit`, so deep that cleaning it takes long.

    Never says no to such a text, whatever tricks are in it: an end tag counts only where it meets its own start
    tag, and what a browser may read differently (quotes that do not pair, comments) is never closed again.
    Texts of at most 2,000 tags are let through: they are cleaned in milliseconds, then measured by `depth`.
    """
    if html.count("<") <= _FEW or sum(1 for _ in _OPENING.finditer(html)) <= _FEW:
        return False
    stack: list[str] = []
    for token in _TOKEN.finditer(html):
        _follow(stack, token)
        if len(stack) > limit:
            return True
    return False


def _follow(stack: list[str], token: re.Match[str]) -> None:
    name = (token["name"] or "--").lower()
    if token["end"] or (token["close"] and token["clean"]):
        if stack and stack[-1] == name:
            stack.pop()
    elif token["name"] and not token["clean"]:
        stack.append("?")
    elif name not in _NEVER_DEEP:
        stack.append(name)


def depth(html: str) -> int:
    """Greatest nesting of HTML that the sanitiser wrote: every tag is closed."""
    deepest = level = 0
    for tag in _WRITTEN.finditer(html):
        if tag["name"] not in _VOID:
            level += -1 if tag["close"] else 1
            deepest = max(deepest, level)
    return deepest
