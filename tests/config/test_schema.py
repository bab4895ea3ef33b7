"""The JSON Schema that editors use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from aggregator.config.schema import json_schema, schema_text

ROOT = Path(__file__).parents[2]
jsonschema: Any = pytest.importorskip("jsonschema")


def mistakes(text: str) -> list[str]:
    """Return what the schema finds wrong with a file."""
    validator = jsonschema.Draft202012Validator(json_schema())
    return [error.json_path for error in validator.iter_errors(YAML(typ="safe", pure=True).load(text))]


def test_the_schema_is_a_schema() -> None:
    """It follows its own specification, and binds itself to no address."""
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["title"] == "feeds.yaml"
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$id" not in json_schema()


def test_the_file_is_up_to_date() -> None:
    """feeds.schema.json is what `aggregator schema` prints."""
    assert (ROOT / "feeds.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_projects_own_file_is_valid() -> None:
    """An editor finds nothing wrong with the feeds.yaml that comes with the program."""
    assert mistakes((ROOT / "feeds.yaml").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "feeds: [https://a.example/]",
        "feeds:\nsite:\n",
        "feeds: [{url: https://a.example/, interval: 30m, keep: [{contains: [a]}], item: {title: h3}}]",
        "feeds: [{url: https://a.example/, interval: '${PAUSE}', headers: {Authorization: '${TOKEN}'}}]",
        "feeds: [{opml: https://a.example/, tags: [x]}]",
        "outputs: [{name: '${NAME}', token: '${T}', max_age: 7d, by: story, digest: daily}]",
        "websub: {hub: built-in}",
        "websub: {hub: null}",
        "websub: {hub: [https://hub.example/]}",
        "network: {max_body: 10MB}",
        "network: {max_body: 65536, contact: null}",
    ],
)
def test_what_an_operator_may_write_is_valid(text: str) -> None:
    """Bare addresses, durations and sizes as text, ${NAME} and empty groups are right in an editor too."""
    assert mistakes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "feedz: []",
        "feeds: [{url: https://a.example/, intervall: 1h}]",
        "feeds: [{url: https://a.example/, interval: soon}]",
        "feeds: [{title: x}]",
        "feeds: [3]",
        "site: {title: 3}",
        "outputs: [{name: 'A B'}]",
        "outputs: [{name: a, limit: 501}]",
        "outputs: [{name: a, token: short}]",
        "network: {max_body: 10XB}",
        "websub: {hub: external}",
    ],
)
def test_mistakes_are_seen_in_an_editor(text: str) -> None:
    """What has the wrong name, type or form is underlined while it is typed."""
    assert mistakes(text)


def test_every_setting_is_explained_and_none_is_titled_twice() -> None:
    """An editor shows the sentence of a setting, and no machine-made title."""
    schema = json_schema()
    for group in (schema, *schema["$defs"].values()):
        assert group["additionalProperties"] is False
        for name, setting in group["properties"].items():
            (reference,) = re.findall(r"#/\$defs/(\w+)", str(setting.get("anyOf", setting)))[:1] or [""]
            said = setting.get("description") or schema["$defs"][reference]["description"]
            assert said.endswith("."), name
            assert "title" not in setting
    assert "title" in schema["$defs"]["Site"]["properties"]
    assert schema["properties"]["site"]["default"]["title"] == "AI News"
