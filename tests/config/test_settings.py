"""The settings themselves, however they were made."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from aggregator.config.places import Places
from aggregator.config.settings import FeedSettings, OpmlSettings, OutputSettings, Settings, Site, Websub


def test_an_empty_file_of_settings_has_every_default() -> None:
    """Nothing needs to be set."""
    settings = Settings()
    assert settings.polling.min_interval.total_seconds() == 900
    assert settings.network.max_body == 10_000_000
    assert settings.path is None
    assert settings.places == Places()
    assert settings.substituted == frozenset()


def test_settings_are_frozen() -> None:
    """A reload makes new settings: nobody changes them in place."""
    with pytest.raises(ValidationError):
        Settings().database = "sqlite:///other.db"


def test_sources_and_remote_lists_stand_in_one_list() -> None:
    """An entry of `feeds` is told by its key, or by its type."""
    feed, remote = FeedSettings(url="https://a.example/"), OpmlSettings(opml="https://b.example/")
    made = Settings(feeds=(feed, remote))
    read = Settings.model_validate({"feeds": [{"url": "https://a.example/"}, {"opml": "https://b.example/"}]})
    assert made == read
    assert made.sources == {"https://a.example/": feed}


def test_all_is_published_unless_it_is_listed() -> None:
    """The output `all` exists even if feeds.yaml does not list it, and comes first."""
    assert list(Settings(outputs=(OutputSettings(name="labs"),)).published) == ["all", "labs"]
    listed = Settings(outputs=(OutputSettings(name="labs"), OutputSettings(name="all", limit=7)))
    assert list(listed.published) == ["labs", "all"]
    assert listed.published["all"].limit == 7


@pytest.mark.parametrize("url", ["https://news.example", "https://news.example/"])
def test_the_public_address_ends_with_a_slash(url: str) -> None:
    """A name can be put right after it."""
    assert Site(url=url).url == "https://news.example/"


def test_a_hub_is_built_in_or_a_list() -> None:
    """One sentence says what a hub may be, not one for each type."""
    assert Websub(hub=("https://hub.example/",)).hub == ("https://hub.example/",)
    assert Websub(hub=None).hub is None
    with pytest.raises(ValidationError) as refused:
        Websub.model_validate({"hub": "external"})
    assert len(refused.value.errors()) == 1


def test_lines_do_not_make_settings_differ() -> None:
    """Settings are equal when they say the same, wherever in the file they say it."""
    first = Settings().with_origin(Path("feeds.yaml"), Places({("site",): 1}), frozenset())
    second = Settings().with_origin(Path("feeds.yaml"), Places({("site",): 2}), frozenset())
    assert first == second
    assert first != Settings(database="sqlite:///x.db").with_origin(Path("feeds.yaml"), Places(), frozenset())


def test_every_setting_is_described() -> None:
    """Editors and the reference show a sentence for each setting, which ends as a sentence does."""

    def described(model: type[BaseModel]) -> None:
        for name, field in model.model_fields.items():
            assert (field.description or "").endswith("."), f"{model.__name__}.{name}"

    for model in (Settings, Site, FeedSettings, OpmlSettings, OutputSettings, Websub):
        described(model)
