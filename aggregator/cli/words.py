"""What people type, and what they may have meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from aggregator.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.config.settings import Settings

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
"""Of all commands that print something a program may want; docs/output.schema.json says what."""


def counted(count: int, what: str) -> str:
    """Return `1 source`, `2 sources`."""
    return f"{count} {what}{'s' * (count != 1)}"


def known_urls(settings: Settings, urls: Iterable[str]) -> list[str]:
    """Return addresses of sources and lists of sources; Usage names one that is none, and the nearest that is."""
    wanted = list(urls)
    for url in wanted:
        if url not in settings.sources and url not in settings.lists:
            raise Usage(f"{url} is not in {settings.path}.", _nearest(url, settings.sources))
    return wanted


def one_source(settings: Settings, word: str) -> str:
    """Return the address of the source that a word names: its address, its title, or a part that only it has.

    The whole address of a list of sources names that list.
    """
    if word in settings.sources or word in settings.lists:
        return word
    part = word.casefold()
    found = [
        url
        for url, source in settings.sources.items()
        if part in url.casefold() or part in (source.title or "").casefold()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise Usage(f"{len(found)} sources have {word!r} in address or title.", f"The first: {', '.join(found[:3])}")
    raise Usage(f"No source has {word!r} in address or title.", _nearest(word, settings.sources))


def known_output(settings: Settings, name: str) -> str:
    """Return the name of an output; Usage names one that is none, and those that are."""
    if name not in settings.published:
        raise Usage(f"There is no output {name!r}.", f"There are: {', '.join(settings.published)}.")
    return name


def _nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.8)
    return f"Did you mean {near[0]}?" if near else "Sources are listed by: aggregator feeds"
