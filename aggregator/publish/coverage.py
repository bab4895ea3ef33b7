"""What else there is on a story, as documents say it: a list below the lead's text, and links."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.kinship import Kinship
from aggregator.publish import legal
from aggregator.publish.plain import escaped, label

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.kinship import Coverage

_MOST = 25
"""Articles that are listed; a story that more have told is known well enough by their number."""
_KINDS = {Kinship.COPY: "the same text", Kinship.TRANSLATION: "translation", Kinship.LINKS_TO: "links to it"}


@dataclass(frozen=True, slots=True)
class Mention:
    """An article on the same story; every string is legal."""

    title: str
    link: str | None
    source: str
    language: str | None
    published: datetime
    kind: Kinship | None


def mentions(coverage: Iterable[Coverage]) -> tuple[Mention, ...]:
    """Return coverage as it is published; what has neither title nor web address is none."""
    found = (_mention(one) for one in coverage)
    return tuple(one for one in found if one.title)


def _mention(one: Coverage) -> Mention:
    link = legal.address(one.link)
    return Mention(
        title=legal.line(one.title) or link or "",
        link=link,
        source=label(one.source),
        language=legal.language(one.language),
        published=one.published,
        kind=one.kind if one.kind in _KINDS else None,
    )


def listed(found: tuple[Mention, ...]) -> str:
    """Return mentions as HTML: a heading and a list; "" for none."""
    if not found:
        return ""
    items = "".join(f"<li>{_line(one)}</li>" for one in found[:_MOST])
    more = f"<li>and {len(found) - _MOST} more</li>" if len(found) > _MOST else ""
    return f"<p>Also covered by:</p><ul>{items}{more}</ul>"


def _line(one: Mention) -> str:
    lang = f' lang="{one.language}"' if one.language else ""
    target = f' hreflang="{one.language}"' if one.language else ""
    title = escaped(one.title)
    href = f' href="{html.escape(one.link)}"{target}' if one.link else ""
    linked = f"<a{href}{lang}>{title}</a>"
    about = [one.source, one.language or "", f"{one.published:%Y-%m-%d %H:%M} UTC", kind_words(one)]
    return f"{linked} ({escaped(', '.join(filter(None, about)))})"


def kind_words(one: Mention) -> str:
    """Return what an article is to the lead, in words; "" where that cannot be named."""
    return _KINDS[one.kind] if one.kind is not None else ""
