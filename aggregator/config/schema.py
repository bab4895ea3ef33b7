"""A JSON Schema of feeds.yaml, made from the settings: editors complete and check with it."""

from __future__ import annotations

import json
from typing import Any

from aggregator.config.settings import Settings

_REFERENCE = {"type": "string", "pattern": r"\$\{"}
"""`${NAME}` may stand where a text must have a certain form: the form is checked after it is replaced."""
_FORMS = ("pattern", "minLength", "enum", "const")


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of what an operator writes, bare addresses and `${NAME}` included."""
    schema: dict[str, Any] = _readable(Settings.model_json_schema(mode="validation"))
    schema["properties"]["feeds"]["items"] = {
        "anyOf": [
            {"type": "string", "description": "The address of a feed."},
            {"$ref": "#/$defs/FeedSettings"},
            {"$ref": "#/$defs/OpmlSettings"},
        ]
    }
    # A group whose lines are all commented out is as good as none.
    schema["properties"] = {name: _or_nothing(group) for name, group in schema["properties"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "feeds.yaml",
        "description": "Subscriptions and outputs of the aggregator.",
    }


def schema_text() -> str:
    """Return the schema as the text of a file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _readable(schema: Any) -> Any:
    """Leave out pydantic's titles, which say a name twice, and allow `${NAME}` where it may stand."""
    if isinstance(schema, list):
        return [_readable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {
        name: part if name == "default" else _readable(part)
        for name, part in schema.items()
        if not _is_title(name, part)
    }
    if plain.get("type") == "string" and any(form in plain for form in _FORMS):
        forms = {name: plain.pop(name) for name in ("type", "examples", *_FORMS) if name in plain}
        return {"anyOf": [forms, _REFERENCE], **plain}
    return plain


def _is_title(name: str, part: Any) -> bool:
    """Tell pydantic's annotation `title` from a setting called so, which has a schema below it."""
    return name == "title" and isinstance(part, str)


def _or_nothing(group: dict[str, Any]) -> dict[str, Any]:
    """Allow null beside a group, keeping what is said about it outside."""
    said: dict[str, Any] = {name: group[name] for name in ("description", "default") if name in group}
    kept: dict[str, Any] = {name: part for name, part in group.items() if name not in said}
    return {"anyOf": [kept, {"type": "null"}], **said}
