"""What an operator keeps and drops: filters of sources and of outputs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import re2

from aggregator.config.settings import EXPRESSION
from aggregator.decide.canonical import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.config.settings import FilterRule
    from aggregator.model import Item

FILTERED = "filtered: "
"""What every reason of a filter begins with."""


def filtered(item: Item, *, keep: Sequence[FilterRule], drop: Sequence[FilterRule]) -> str | None:
    """Return why an item is filtered out, in words for the operator, or None when it passes.

    It must match one of the rules of `keep`, when there are any, and none of `drop`.
    """
    for rule in drop:
        if (found := match(rule, item)) is not None:
            return f"{FILTERED}{rule.field} contains {found}"
    if keep and all(match(rule, item) is None for rule in keep):
        return f"{FILTERED}no word of keep in {', '.join(dict.fromkeys(rule.field for rule in keep))}"
    return None


def match(rule: FilterRule, item: Item) -> str | None:
    """Return the word or expression of a rule that is found in an item, or None; letter case does not count."""
    text = field_text(item, rule.field)
    folded = text.casefold()
    for word in rule.contains:
        if word.startswith(EXPRESSION):
            if _compiled(word.removeprefix(EXPRESSION)).search(text):
                return word
        elif word.casefold() in folded:
            return word
    return next((expression for expression in rule.regex if _compiled(expression).search(text)), None)


def field_text(item: Item, field: str) -> str:
    """Return the text that a filter's field means: markup left out, several values on a line each."""
    if field == "text":
        return "\n".join((item.title, plain_text(item.summary), plain_text(item.content)))
    if field in ("summary", "content"):
        return plain_text(item.summary if field == "summary" else item.content)
    if field == "author":
        return "\n".join(f"{person.name} {person.email or ''}" for person in item.authors)
    if field == "category":
        return "\n".join(f"{category.term}\n{category.label or ''}" for category in item.categories)
    return {"title": item.title, "link": item.link, "language": item.language}[field] or ""


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Any:
    return re2.compile(f"(?i){expression}")
