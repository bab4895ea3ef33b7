"""docs/openapi.json against the application: every address, every method, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from starlette.routing import Route

from aggregator.config.settings import FORMATS
from aggregator.publish.renditions import Renditions
from aggregator.serve.app import create_app
from aggregator.serve.feeds import _ARCHIVE, _PLACE, SEARCHES

DESCRIPTION = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text())
SAMPLES = {"token": "s3cret", "name": "all", "month": "2026-01", "key": "x"}


def described() -> dict[str, set[str]]:
    """Return the methods of each address."""
    return {path: {method.upper() for method in item} for path, item in DESCRIPTION["paths"].items()}


def test_every_route_is_described(tmp_path: Path) -> None:
    """Each route of the application, with its methods, and no address that is neither a route nor a document."""
    app: Any = create_app(Renditions(tmp_path), tmp_path / "aggregator.db", None)  # type: ignore[arg-type]
    routes = {route.path: set(route.methods or ()) for route in app._otherwise._app.routes if isinstance(route, Route)}
    static = {path: {"GET", "HEAD"} for path in routes if path.startswith("/static/")}
    documents = {path: methods for path, methods in described().items() if path not in routes}
    assert {path: methods for path, methods in described().items() if path in routes} == {**routes, **static}
    for path in documents:
        assert _PLACE.fullmatch(path.format(**SAMPLES)), path


def test_every_document_is_described() -> None:
    """Outputs in each format, with a token and without, their archives, searches, and the two of sources."""
    documents = {path.format(**SAMPLES) for path in described()}
    assert {f"{base}/all.{ending}" for base in ("", "/s3cret") for ending in FORMATS} <= documents
    assert {path for path in documents if _ARCHIVE.fullmatch(path)} == {"/all/2026-01.atom", "/s3cret/all/2026-01.atom"}
    assert {*SEARCHES, "/sources.opml", "/sources.atom"} <= documents


def test_parameters_are_those_of_the_addresses() -> None:
    """What stands in braces is described, and nothing is described as part of an address that is not in it."""
    for path, item in DESCRIPTION["paths"].items():
        for method, operation in item.items():
            named = [one["name"] for one in operation.get("parameters", ()) if one.get("in") == "path"]
            assert sorted(named) == sorted(re.findall(r"{(\w+)}", path)), (method, path)
