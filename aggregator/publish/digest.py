"""Digests: one entry a day, made of the stories that were released on it."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.identity import derived_id
from aggregator.model import Entry, Header, Item
from aggregator.publish import legal
from aggregator.publish.identity import output_id
from aggregator.publish.plain import escaped, excerpt, plain
from aggregator.publish.stories import covered, most_covered, sources_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.config.settings import OutputSettings, Settings
    from aggregator.store.protocols import Transaction

_DAY = timedelta(days=1)
_MOST = 100
"""Stories of a day that are listed, the most covered, unless `top` says less."""
_EXCERPT = 200


def digests(tx: Transaction, output: OutputSettings, settings: Settings) -> tuple[list[datetime], list[Entry]]:
    """Return when a digest's days were over, and an entry for each, the newest first."""
    found, within_window = [], -(-settings.publishing.window // _DAY)
    for day, entries in tx.tellings.issues(output.name, limit=max(output.limit, within_window)):
        told = [entry for entry in entries if output.token or not entry.private]
        stories = most_covered(covered(tx, output, told), output.top or _MOST)
        if stories:
            found.append(_digest(tx, output, settings, day, stories))
    return [entry.published for entry in found], found


def _digest(
    tx: Transaction, output: OutputSettings, settings: Settings, day: datetime, stories: Sequence[Entry]
) -> Entry:
    site, name = settings.site, output_id(tx, output)
    over = day + _DAY
    return Entry(
        key=day.toordinal(),
        id=derived_id(name, f"{day:%Y-%m-%d}"),
        item=Item(
            title=f"{output.title or site.title}: {day:%Y-%m-%d}",
            content="<ol>" + "".join(map(_line, stories)) + "</ol>",
            language=site.language,
        ),
        published=over,
        updated=over,
        first_seen=over,
        feed=f"{site.url}{output.name}.atom",
        source=Header(id=name, title=output.title or site.title, updated=over),
        language=site.language,
    )


def _line(entry: Entry) -> str:
    item = entry.item
    title, link = escaped(legal.line(item.title) or "Untitled"), legal.address(item.link)
    lang = legal.language(entry.language or item.language)
    marked = f'<span lang="{lang}">{title}</span>' if lang else title
    linked = f'<a href="{html.escape(link)}">{marked}</a>' if link else marked
    others = sources_of(entry) - 1
    more = f" and {others} more" if others else ""
    text = escaped(excerpt(plain(item.summary or item.content), _EXCERPT))
    body = f"<p>{text}</p>" if text else ""
    return f"<li><p>{linked} ({escaped(legal.line(entry.source.title))}{more})</p>{body}</li>"
