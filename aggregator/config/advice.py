"""What is allowed but not wise: for `aggregator check`."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from aggregator.config.addresses import is_reached, is_server
from aggregator.config.echoes import is_own_output
from aggregator.config.places import Place, spell
from aggregator.config.settings import FeedDefaults, FeedSettings, Polling, Settings
from aggregator.config.types import format_duration
from aggregator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFAULT = Polling()


def warnings(settings: Settings) -> list[Problem]:
    """Return what `aggregator check` warns of in settings as loaded, in the order of the file.

    None of it keeps the program from running.
    """
    found = chain(_impolite(settings), _unsafe(settings), _useless(settings), _pushless(settings))
    data = {"outputs": tuple({"name": output.name} for output in settings.outputs)}
    file = str(settings.path or "feeds.yaml")
    problems = [
        Problem(file, settings.places.line(place), spell(place, data), message, remedy)
        for place, message, remedy in found
    ]
    return sorted(problems, key=lambda problem: problem.line or 0)


Warned = tuple[Place, str, str]
"""Where, what, and what would be better."""


def _impolite(settings: Settings) -> Iterator[Warned]:
    polling = settings.polling
    for name in ("min_interval", "host_gap"):
        usual = getattr(_DEFAULT, name)
        if getattr(polling, name) < usual:
            yield (
                ("polling", name),
                f"is below {format_duration(usual)}.",
                "Publishers may block such a reader.",
            )
    if polling.per_host > _DEFAULT.per_host:
        remedy = "Publishers may block such a reader."
        yield ("polling", "per_host"), "asks a host several things at the same time.", remedy
    for place, source in _own(settings, "interval"):
        if source.interval is not None and source.interval < _DEFAULT.min_interval:
            message = f"is below {format_duration(_DEFAULT.min_interval)}."
            yield (*place, "interval"), message, "Publishers may block such a reader."


def _unsafe(settings: Settings) -> Iterator[Warned]:
    for place, source in _own(settings, "verify"):
        if not source.verify:
            remedy = "Remove it once the certificate is right."
            yield (*place, "verify"), "anyone on the way can change what this source says.", remedy
    for index, feed in enumerate(settings.feeds):
        if isinstance(feed, FeedSettings) and feed.url.lower().startswith("http:"):
            if feed.headers:
                yield (
                    ("feeds", index, "headers"),
                    "are sent unencrypted.",
                    "Use https:// if the server offers it.",
                )
            elif "@" in feed.url.partition("://")[2].partition("/")[0]:
                yield ("feeds", index, "url"), "the password is sent unencrypted.", "Use https:// instead."


def _useless(settings: Settings) -> Iterator[Warned]:
    if not settings.feeds:
        yield ("feeds",), "there are no sources.", "Add one: aggregator add https://example.org/feed.xml"
    for index, feed in enumerate(settings.feeds):
        if isinstance(feed, FeedSettings) and is_own_output(feed.url, settings):
            yield ("feeds", index, "url"), "is an output of this very program, which it does not read.", "Remove it."
    known = {tag for feed in settings.feeds for tag in feed.tags}
    for index, output in enumerate(settings.outputs):
        if output.hold and not output.tells_stories:
            yield ("outputs", index, "hold"), "entries are not held, only stories are.", "Write by: story too."
        for position, tag in enumerate(output.tags):
            if tag not in known:
                yield (
                    ("outputs", index, "tags", position),
                    f"no source has the tag {tag!r}.",
                    "Check its spelling.",
                )
    for index, feed in enumerate(settings.feeds):
        if isinstance(feed, FeedSettings) and feed.private and feed.enabled and not _published(feed, settings):
            remedy = "Private sources are published only where `token:` is set."
            yield ("feeds", index), "this private source appears in no output.", remedy


def _pushless(settings: Settings) -> Iterator[Warned]:
    """Warn of what was asked for by name, and cannot be had."""
    websub, said = settings.websub, settings.websub.model_fields_set
    if "hub" in said and websub.hub == "built-in" and is_server(settings.database):
        yield ("websub", "hub"), "workers and --no-poll have no built-in hub.", "For a fleet, list external hubs."
    if "subscribe" not in said or not websub.subscribe:
        return
    if not is_reached(settings.site.url, settings.network.allow_private):
        message = f"no hub can reach {settings.site.url}: none is asked."
        yield ("websub", "subscribe"), message, "Set site.url to the public address of this server."
    elif is_server(settings.database):
        yield ("websub", "subscribe"), "workers ask no hubs.", "A daemon (aggregator run) in their place does."


def _published(feed: FeedSettings, settings: Settings) -> bool:
    secret = (output for output in settings.outputs if output.token)
    return any(not output.tags or set(output.tags) & set(feed.tags) for output in secret)


def _own(settings: Settings, name: str) -> Iterator[tuple[Place, FeedDefaults]]:
    """Yield `defaults`, and the sources that set something else than it does."""
    yield ("defaults",), settings.defaults
    for index, feed in enumerate(settings.feeds):
        if isinstance(feed, FeedSettings) and getattr(feed, name) != getattr(settings.defaults, name):
            yield ("feeds", index), feed
