"""What docs/openapi.json says may be asked, and what it says may not, made up by the thousand: no answer is a surprise."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from aggregator.serve.rates import Rates
from tests.serve.conftest import _serving, _world

if TYPE_CHECKING:
    from collections.abc import Iterator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    schemathesis = pytest.importorskip(
        "schemathesis", reason="needs the extra [fuzz]: pip install -r requirements/fuzz.txt"
    )
    requests = pytest.importorskip("requests", reason="comes with schemathesis")

DESCRIPTION = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text())
FEW = settings(
    max_examples=2, database=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=tuple(HealthCheck), deadline=None
)  # fmt: skip
"""Requests made up for each operation but HEAD, valid ones and as many that are not; the same at every run."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a house with a hub, whose callers are not told to wait."""
    world = _world(tmp_path_factory.mktemp("asked"))
    world.hub = True
    world.publish()
    with patch.object(Rates, "wait", return_value=0.0), _serving(world, AutoHTTPProtocol) as client:
        yield f"http://127.0.0.1:{client.port}"


def test_no_request_is_answered_with_a_surprise(base: str) -> None:
    """For every operation: no 5xx, only statuses and media types that are described, and Allow with every 405."""
    from schemathesis.specs.openapi import checks  # noqa: PLC0415 - only where there is schemathesis

    held = [
        schemathesis.checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
        checks.response_headers_conformance, checks.unsupported_method, checks.allow_header_conformance,
    ]  # fmt: skip
    statuses: list[int] = []
    with requests.Session() as session:

        def send(case: Any) -> None:
            response = case.call(base_url=base, session=session, allow_redirects=False)
            statuses.append(response.status_code)
            case.validate_response(response, checks=held)

        operations = [found.ok() for found in schemathesis.openapi.from_dict(DESCRIPTION).get_all_operations()]
        for operation in operations:
            for mode in schemathesis.GenerationMode if operation.method != "head" else ():
                with suppress(Unsatisfiable):  # what may be any text cannot be wrong
                    FEW(given(operation.as_strategy(generation_mode=mode))(send))()
    assert len(statuses) > 100
    assert {200, 202, 400, 404, 410} <= set(statuses)


def test_methods_that_are_not_described_are_405(base: str) -> None:
    """Of every address, with what is allowed there."""
    for path, item in DESCRIPTION["paths"].items():
        address = path.format(token="s3cret-token", name="all", month="2026-01", key="x")
        known = {method.upper() for method in item}
        for method in sorted({"POST", "PUT", "PATCH", "DELETE", "GET"} - known):
            response = requests.request(method, base + address, timeout=5, data=b"x=y")
            assert response.status_code in {404, 405}, (method, path)
            allowed = {word.strip() for word in response.headers.get("Allow", "").split(",")}
            assert response.status_code == 404 or allowed - {"OPTIONS"} == known - {"OPTIONS"}, (method, path)
