"""What is not documented does not exist: every command, option and exit code stands in the documents."""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from aggregator import errors
from aggregator.cli import cli
from aggregator.publish.renditions import Renditions
from aggregator.serve import metrics
from aggregator.serve.app import create_app

sys.path.insert(0, str(Path(__file__).parent / "reference"))
import commands as reference

if TYPE_CHECKING:
    from aggregator.store.protocols import Store

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = sorted(cli.list_commands(click.Context(cli)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    """The README names every command."""
    assert f"`aggregator {name}" in README or f"· `{name}" in README


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_explains_itself(name: str) -> None:
    """`--help` says what a command and each of its options do."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize(("name", "command"), [*reference.commands()])
def test_every_command_shows_how_it_is_used(name: str, command: click.Command) -> None:
    """`--help` of each command, those of groups too, has an example; no line of examples is wider than a terminal."""
    context = click.Context(command, info_name=name, terminal_width=80)
    assert max(map(len, command.get_help(context).splitlines())) <= 80
    examples = [
        line.strip() for line in (command.help or "").splitlines() if name.rsplit(maxsplit=1)[-1] in line.split()
    ]
    assert [line for line in examples if line.startswith("aggregator ")]


def test_the_reference_of_commands_is_up_to_date() -> None:
    """docs/commands.md is what the commands say; `make docs` writes it."""
    assert (ROOT / "docs/commands.md").read_text() == reference.reference()


def test_every_command_with_json_has_a_shape() -> None:
    """docs/output.schema.json has what each command prints with --json, and nothing else."""
    with_json = {name.split()[1] for name, one in reference.commands() if "--json" in str([p.opts for p in one.params])}
    shapes = set(json.loads(reference.SCHEMA.read_text())["$defs"])
    assert shapes - {"source", "list", "entry", "polled"} == with_json


def test_every_exit_code_is_in_the_readme() -> None:
    """The README says what each exit status means."""
    codes = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")}
    line = README[README.index("Exit codes:") :]
    assert [code for code in sorted(codes) if f"{code} " not in line] == []


def test_the_tree_of_errors_is_whole() -> None:
    """Every error class stands in the tree that opens errors.py."""
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert [name for name in kinds if name not in (errors.__doc__ or "")] == []


def test_the_readme_links_to_files_that_exist() -> None:
    """Links of the README lead somewhere."""
    links = [part.split(")")[0] for part in README.split("](")[1:]]
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


def test_the_house_is_described() -> None:
    """docs/design.md names every folder of the package."""
    design = (ROOT / "docs/design.md").read_text()
    folders = [path.name for path in (ROOT / "aggregator").iterdir() if (path / "__init__.py").exists()]
    assert [name for name in folders if name not in design] == []
    assert import_module("aggregator.cli").__doc__


def test_every_stage_is_described() -> None:
    """docs/contributing.md has a line for each module beside the folders, and for none that is not there."""
    told = re.findall(r"^\| `(\w+\.py)` \|", (ROOT / "docs/contributing.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(path.name for path in (ROOT / "aggregator").glob("[!_]*.py"))


def test_every_decision_is_found_by_its_subject() -> None:
    """The table of contents of docs/design.md links to each decision once, under its name."""
    table, decisions = (ROOT / "docs/design.md").read_text().partition("## Decisions\n")[2].split("\n### ", 1)
    headings = re.findall(r"^### (.+)$", f"### {decisions}", re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-"): one.partition(": ")[2] for one in headings}
    linked = [(anchor, name) for name, anchor in re.findall(r"\[(.+?)\]\(#(.+?)\)", table)]
    assert sorted(linked) == sorted(anchors.items())


def test_every_alarm_is_in_the_guide_for_operators() -> None:
    """docs/operating.md says what each event means that is logged as an error, and what to do."""
    guide = (ROOT / "docs/operating.md").read_text()
    sources = "".join(path.read_text() for path in (ROOT / "aggregator").rglob("*.py"))
    events = set(re.findall(r'_log\.(?:error|critical|exception)\(\s*"([a-z._]+)"', sources))
    assert "store.failed" in events
    assert sorted(event for event in events if f"`{event}`" not in guide) == []


def test_every_metric_is_in_the_guide_for_operators(database: Store) -> None:
    """docs/operating.md names each metric, and none that does not exist."""
    guide = (ROOT / "docs/operating.md").read_text()
    with database.snapshot() as tx:
        exported = (metrics._text(tx) + metrics._about_daemon({})).decode()
    names = {line.split()[2] for line in exported.splitlines() if line.startswith("# TYPE")}
    told = set(re.findall(r"`(aggregator_[a-z_]+)`", guide))
    assert sorted(names - told) == []
    of_fleets_and_feeds = {name for name in told if re.match("aggregator_(workers|jobs|feed_)", name)}
    assert sorted(told - names - of_fleets_and_feeds) == []


def test_every_address_is_in_the_guide_for_operators(tmp_path: Path) -> None:
    """docs/operating.md names each address that the web process answers beside documents, and none that it does not."""
    app: Any = create_app(Renditions(tmp_path), tmp_path / "aggregator.db", None)  # type: ignore[arg-type]
    routes = {route.path for route in app._otherwise._app.routes}
    table = (ROOT / "docs/operating.md").read_text().partition("## What it serves")[2].partition("\n## ")[0]
    told = set(re.findall(r"`(/[^`]*)`", table))
    documents = {path for path in told if re.match(r"/(NAME|\{token\}|sources\.)", path)}
    assert sorted(routes - told) == []
    assert sorted(told - routes - documents) == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_documents_link_to_files_that_exist(path: Path) -> None:
    """Links between documents lead somewhere, and so do the paths of files that they name."""
    text = path.read_text()
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("http")]
    assert [link for link in links if link and not (path.parent / link).exists()] == []
    named = re.findall(r"`((?:aggregator|tests|deploy|benchmarks)/[\w/.]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
