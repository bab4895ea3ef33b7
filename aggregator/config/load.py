"""feeds.yaml and the environment, made into Settings; every mistake is reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from aggregator.config.addresses import split
from aggregator.config.checks import check_values
from aggregator.config.conflicts import check_conflicts
from aggregator.config.document import Document, read_document, read_text
from aggregator.config.environment import Substitution
from aggregator.config.places import Mistake, spell
from aggregator.config.secrets import Mask
from aggregator.config.settings import FeedDefaults, FeedSettings, OpmlSettings, Settings
from aggregator.config.words import mistakes as in_words
from aggregator.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_PUBLIC = "site"
"""What stands there is published, so a value from the environment is no secret."""


def load(path: Path, environ: Mapping[str, str], *, only_to_read: bool = False) -> Settings:
    """Read a configuration file; raise ConfigError with every mistake, its line, and what would be right.

    `only_to_read`: who asks nobody and publishes nothing needs no secrets; what stands in for them is none.
    """
    document = read_document(read_text(path), path)
    substitution = Substitution(environ, path.parent, only_to_read=only_to_read)
    data = substitution.apply(_written_out(document.data))
    settings, found = _validated(data)
    first = [*document.mistakes, *substitution.mistakes]
    consequences = {mistake.place for mistake in first if mistake.line is None}
    later = (*found, *check_values(data), *check_conflicts(data, document.places))
    mistakes = [*first, *(mistake for mistake in later if mistake.place not in consequences)]
    if settings is None or mistakes:
        values = {value for put in substitution.found.values() for value in put}
        raise ConfigError(_problems(mistakes, data, document, path, Mask.hiding(values)))
    return _completed(settings, substitution).with_origin(path, document.places, _secrets(substitution))


def _written_out(data: dict[str, Any]) -> dict[str, Any]:
    """Leave out groups without a line in them, and write a bare address as the source it means."""
    groups = {name: value for name, value in data.items() if value is not None}
    feeds = groups.get("feeds")
    if isinstance(feeds, tuple):
        groups["feeds"] = tuple({"url": feed} if isinstance(feed, str) else feed for feed in feeds)
    return groups


def _validated(data: dict[str, Any]) -> tuple[Settings | None, tuple[Mistake, ...]]:
    try:
        return Settings.model_validate(data, strict=True), ()
    except ValidationError as error:
        return None, tuple(in_words(error.errors(include_url=False), data))


def _problems(
    mistakes: Iterable[Mistake], data: dict[str, Any], document: Document, path: Path, mask: Mask
) -> list[Problem]:
    problems = [
        Problem(
            file=str(path),
            line=mistake.line or document.places.line(mistake.place),
            path=mask(spell(mistake.place, data)),
            message=mask(mistake.message),
            remedy=mask(mistake.remedy),
        )
        for mistake in mistakes
    ]
    return sorted(problems, key=lambda problem: problem.line or 0)


def _completed(settings: Settings, substitution: Substitution) -> Settings:
    """Apply `defaults`, and find out which sources are private."""
    inherited = {place[1]: values for place, values in substitution.found.items() if place[0] == "defaults"}
    own: dict[Any, frozenset[str]] = {}
    for place, values in substitution.found.items():
        if place[0] == "feeds":
            own[place[1]] = own.get(place[1], frozenset()) | frozenset(values)
    feeds: list[FeedSettings | OpmlSettings] = []
    for index, feed in enumerate(settings.feeds):
        if isinstance(feed, FeedSettings):
            common = {value for name, put in inherited.items() if _inherits(feed, name) for value in put}
            secrets = own.get(index, frozenset()) | common
            feeds.append(_private(_with_defaults(feed, settings.defaults), secrets))
        else:
            feeds.append(feed)
    return settings.model_copy(update={"feeds": tuple(feeds)})


def _with_defaults(feed: FeedSettings, defaults: FeedDefaults) -> FeedSettings:
    names = defaults.model_fields_set - feed.model_fields_set
    inherited = {name: getattr(defaults, name) for name in names}
    if inherited.get("full_text") is False and inherited.get("kind", feed.kind) != "feed":
        del inherited["full_text"]  # what feeds do without is all that a page's entries have
    return feed.model_copy(update={**inherited, "tags": tuple(dict.fromkeys((*defaults.tags, *feed.tags)))})


def _inherits(feed: FeedSettings, name: Any) -> bool:
    """Tell whether a setting of `defaults` reaches a source: tags add up, of all others the source's wins."""
    return name == "tags" or name not in feed.model_fields_set


def _private(feed: FeedSettings, secrets: frozenset[str]) -> FeedSettings:
    private = bool(feed.private or feed.headers or secrets or any(map(_has_userinfo, (feed.url, *feed.was))))
    return feed.model_copy(update={"private": private}).with_secrets(secrets)


def _has_userinfo(url: str) -> bool:
    parts = split(url)
    return parts is not None and "@" in parts.netloc


def _secrets(substitution: Substitution) -> frozenset[str]:
    put = (values for place, values in substitution.found.items() if place[0] != _PUBLIC)
    return frozenset(value for values in put for value in values)
