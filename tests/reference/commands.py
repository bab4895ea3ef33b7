"""What docs/commands.md says: `make docs` writes it, when a command or a shape changes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = Path(__file__).parents[2] / "docs" / "output.schema.json"
_HEAD = """# Commands

Made from the commands' own words, and from [output.schema.json](output.schema.json), which tests hold their output against.

stdout is data, stderr is talk. `AGGREGATOR_CONFIG` and `AGGREGATOR_DATABASE` stand for `--config` and `--database`.
Exit codes: 0 well · 1 some sources failed · 2 wrong words · 65 not our database · 69 port taken, or no daemon ·
75 in use, try later · 78 configuration, or a folder that cannot be written.
"""
_SHAPES = """
## JSON

`--json` prints one object on one line. Its `schema` grows when a field changes its meaning or goes; fields may come at any time.
`aggregator entries` prints an *entry* a line.
"""


def reference() -> str:
    """Return the document."""
    parts = [_HEAD, *_options("aggregator", cli), *_commands()]
    return "\n".join([*parts, _SHAPES, *_shapes()])


def commands(group: click.Group = cli, before: str = "aggregator") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its whole name, those of groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        elif command is not None:
            yield f"{before} {name}", command


def _commands() -> Iterator[str]:
    for name, command in commands():
        pieces = command.collect_usage_pieces(click.Context(command))
        yield f"\n## `{' '.join([name, *pieces])}`\n"
        yield from _words(command.help or "")
        yield from _options(name, command)


def _words(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        if lines[0] == "\b":
            yield "\n".join(["```sh", *(line.rstrip() for line in lines[1:]), "```\n"])
        else:
            yield "\n".join(lines) + "\n"


def _options(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    records = [one.get_help_record(context) for one in command.params if isinstance(one, click.Option)]
    for record in filter(None, records):
        yield f"- `{record[0]}`: {record[1]}"


def _shapes() -> Iterator[str]:
    for name, shape in json.loads(SCHEMA.read_text())["$defs"].items():
        title = shape["description"] if shape["description"].startswith("`") else f"*{name}*: {shape['description']}"
        yield f"\n### {title}\n"
        for one in shape.get("oneOf", [shape]):
            if "oneOf" in shape:
                yield f"{one['description']}\n"
            yield "| field | is | |\n|---|---|---|"
            yield from _fields(one, "")
            yield ""


def _fields(shape: dict[str, Any], before: str) -> Iterator[str]:
    for name, field in shape["properties"].items():
        mark = "" if name in shape["required"] else " (not always there)"
        words = field.get("description", f"*{field.get('$ref', '').rpartition('/')[2]}*")
        yield f"| `{before}{name}` | {_kind(field)} | {words}{mark} |"
        inner = field.get("items", field)
        if "properties" in inner:
            yield from _fields(inner, f"{before}{name}{'[]' if 'items' in field else ''}.")


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if "items" in field:
        return f"list of {_kind(field['items'])}"
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join(kinds)


if __name__ == "__main__":
    sys.stdout.write(reference())
