"""Which entries an output's documents hold: selected by release order, presented by publication date."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.config.secrets import display_url
from aggregator.model import Person
from aggregator.publish.channel import Channel
from aggregator.publish.digest import digests
from aggregator.publish.identity import output_id
from aggregator.publish.stories import covered, most_covered, within

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.config.settings import OutputSettings, Settings, Site
    from aggregator.model import Entry
    from aggregator.store.protocols import Transaction
    from aggregator.store.releases import Released

CEILING = 500
"""Entries that an output holds at most, however many were released within the window."""


def channel(tx: Transaction, output: OutputSettings, settings: Settings, hubs: tuple[str, ...] = ()) -> Channel:
    """Return an output as a feed. A function of stored rows: `now` is the time of its newest release.

    No hub is named where there is a token: it would have to be told the address, which is the secret.
    """
    created = tx.releases.opened(output.name) or tx.created
    released, entries = digests(tx, output, settings) if output.digest else _told(tx, output, settings)
    site = settings.site
    return Channel(
        name=output.name,
        id=output_id(tx, output),
        title=title_of(output, site),
        subtitle=site.subtitle,
        updated=max((created, *(entry.updated for entry in entries), *released)),
        base=site.url.rstrip("/") + "/",
        path=f"{output.token}/{output.name}" if output.token else output.name,
        language=site.language,
        author=Person(site.author.name, site.author.uri, site.author.email),
        full_content=output.full_content,
        entries=tuple(entries),
        tells_stories=output.tells_stories and not output.digest,
        hubs=() if output.token else hubs,
    )


def _told(tx: Transaction, output: OutputSettings, settings: Settings) -> tuple[list[datetime], list[Entry]]:
    """Return when an output's entries were released, and the entries in the order of presentation."""
    window, limit = settings.publishing.window, CEILING if output.top else output.limit
    released = tx.releases.select(output.name, limit=limit, window=window, ceiling=CEILING)
    if output.top is not None:
        released = within(released, output.max_age or window)
    entries = [entry for entry in young_enough(released, output) if output.token or not entry.private]
    entries = as_told(tx, output, settings, entries)
    if output.top is not None:
        entries = most_covered(entries, output.top)
    return [one.released_at for one in released], present(entries)


def as_told(tx: Transaction, output: OutputSettings, settings: Settings, entries: Sequence[Entry]) -> list[Entry]:
    """Return entries as an output tells them: with what else there is on their stories, private addresses hidden."""
    told = covered(tx, output, entries) if output.tells_stories else entries
    return [_masked(entry, settings) for entry in told]


def _masked(entry: Entry, settings: Settings) -> Entry:
    """Hide the address of a private source: its subscribers learn what it says, not where or with which key."""
    if not entry.private:
        return entry
    source = settings.sources.get(entry.feed)
    links = tuple(link for link in entry.source.links if link.rel == "alternate")
    return replace(
        entry, feed=display_url(source) if source else "private", source=replace(entry.source, id=None, links=links)
    )


def title_of(output: OutputSettings, site: Site) -> str:
    """Return an output's title: its own, else made from the site's."""
    return output.title or (site.title if output.name == "all" else f"{site.title}: {output.name}")


def young_enough(released: Sequence[Released], output: OutputSettings) -> list[Entry]:
    """Leave out what is older than the output's max_age, seen from its newest release."""
    if output.max_age is None or not released:
        return [one.entry for one in released]
    line = max(one.released_at for one in released) - output.max_age
    return [one.entry for one in released if one.entry.published >= line]


def present(entries: Sequence[Entry]) -> list[Entry]:
    """Put entries in the order of presentation: newest publication first, the later stored first among equals."""

    def newest(entry: Entry) -> tuple[datetime, int]:
        return entry.published, entry.key

    return sorted(entries, key=newest, reverse=True)
