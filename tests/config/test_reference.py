"""docs/feeds-yaml.md, the reference of every setting."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML

from aggregator.config import settings
from aggregator.config.types import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = (Path(__file__).parents[2] / "docs" / "feeds-yaml.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^#{2,3} (.+?)\n(.*?)(?=^#{2,3} |\Z)", TEXT, re.MULTILINE | re.DOTALL))
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
MODELS: dict[str, type[BaseModel]] = {
    "`site`": settings.Site,
    "`site.author`": settings.Author,
    "`polling`": settings.Polling,
    "`network`": settings.Network,
    "`publishing`": settings.Publishing,
    "`retention`": settings.Retention,
    "`backup`": settings.Backup,
    "`server`": settings.Server,
    "`feeds`": settings.FeedSettings,
    "Filters": settings.FilterRule,
    "`item`": settings.ItemSelectors,
    "Remote lists": settings.OpmlSettings,
    "`outputs`": settings.OutputSettings,
    "`websub`": settings.Websub,
}
SETTINGS = [(section, name) for section, model in MODELS.items() for name in model.model_fields]


def groups(annotation: Any = settings.Settings) -> set[type[BaseModel]]:
    """Return the groups of settings that one of a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = [field.annotation for field in annotation.model_fields.values()]
        return {annotation}.union(*map(groups, inner))
    return set().union(*map(groups, get_args(annotation)))


def row(section: str, name: str) -> list[str]:
    """Return the cells of a setting's row: type, default, what it does."""
    (found,) = re.findall(rf"^\| `{name}` \| (.*) \|$", SECTIONS[section], re.MULTILINE)
    return re.split(r" \| ", found)


def documented(cell: str, default: Any) -> Any:
    """Read a default as the reference writes it, as what the setting's own default is."""
    if cell in ("none", "below", "required"):
        return {"required": PydanticUndefined, "none": default if default in (None, (), {}) else cell}.get(
            cell, default
        )
    text = cell.strip("`")
    if isinstance(default, timedelta):
        return parse_duration(text)
    value = YAML(typ="safe", pure=True).load(text)
    if isinstance(default, int) and isinstance(value, str):
        return parse_size(value)
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(("section", "name"), SETTINGS)
def test_every_setting_has_its_row(section: str, name: str) -> None:
    """Its type, its true default and a sentence stand in the table of its section."""
    kind, default, does = row(section, name)
    actual = MODELS[section].model_fields[name].get_default(call_default_factory=True, validated_data={})
    assert kind
    assert documented(default, actual) == actual
    assert does.endswith((".", ".*"))


@pytest.mark.parametrize(("section", "name"), SETTINGS)
def test_every_bound_is_told(section: str, name: str) -> None:
    """Where a number has a least or a greatest value, the row of the setting says so."""
    field = MODELS[section].model_fields[name]
    least, most = (next((one for one in field.metadata if isinstance(one, kind)), None) for kind in (Ge, Le))
    if isinstance(least, Ge) and isinstance(least.ge, int):
        bounds = f"{least.ge} to {most.le}" if isinstance(most, Le) else f"from {least.ge}"
        assert row(section, name)[0] in {f"number, {bounds}", "size"}


def test_every_group_has_its_section() -> None:
    """No part of feeds.yaml is without an explanation."""
    assert groups() - {settings.Settings, settings.FeedDefaults} == set(MODELS.values())  # defaults: those of `feeds`
    for name in settings.Settings.model_fields:
        assert f"`{name}`" in SECTIONS
    assert "sqlite:///db/aggregator.db" in SECTIONS["`database`"]
    for name in settings.RESERVED_OUTPUTS:
        assert f"`{name}`" in SECTIONS["`outputs`"]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_works(read: Callable[..., settings.Settings], text: str) -> None:
    """What is copied from the reference loads."""
    read(text, {"TOKEN": "an-example", "LABS_TOKEN": "another-example", "DATABASE_PASSWORD": "a-third"})


def test_every_setting_stands_in_an_example() -> None:
    """Each setting is shown as it is written."""
    written: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            written.update(map(str, value))
        for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(child)

    for text in EXAMPLES:
        collect(YAML(typ="safe", pure=True).load(text))
    assert {name for _, name in SETTINGS} - written == set()
