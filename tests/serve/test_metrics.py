from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from conftest import Client, World

KINDS = ("new", "updated", "duplicate")
BROKEN = "https://broken.example/"


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return a Prometheus document's values by name and label."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_prometheus_reads(client: Client) -> None:
    """States of sources, polls by outcome and each source's times are there; a private source has no address."""
    answer = client.get("/metrics")
    assert answer.status == 200
    assert (answer["Content-Type"] or "").startswith("text/plain; version=")
    found = samples(answer.text)
    assert (found["aggregator_feeds", "ok"], found["aggregator_feeds", "failing"]) == (2, 1)
    assert found["aggregator_feeds", "gone"] == found["aggregator_feeds", "stale"] == 0
    assert found["aggregator_polls_last_hour", "new"] == 2
    assert found["aggregator_polls_last_hour", "error"] == 1
    assert found["aggregator_entries_last_hour", "new"] == sum(
        found["aggregator_entries_last_hour", kind] for kind in KINDS
    )
    assert found["aggregator_entries_last_hour", "new"] > 0
    assert found["aggregator_not_modified_last_hour", ""] == found["aggregator_poll_lag_seconds", ""] == 0
    assert {found[f"aggregator_poll_{what}_last_hour", ""] for what in ("bytes", "seconds")} == {0}  # none was asked
    assert found["aggregator_database_bytes", ""] > 100_000
    assert found["aggregator_feed_consecutive_errors", BROKEN] == 1
    assert found["aggregator_feed_last_success_timestamp_seconds", BROKEN] == 0
    assert found["aggregator_last_success_timestamp_seconds", ""] > 1e9
    assert found["aggregator_feeds_overdue", ""] == 0
    assert found["aggregator_gaps_total", ""] == found["aggregator_recovered_entries_total", ""] == 0
    assert found["aggregator_gaps_open", ""] == found["aggregator_flooded_entries", ""] == 0
    assert "inside.example" not in answer.text
    assert "private-" in answer.text


def test_a_refused_configuration(own_client: Client, world: World) -> None:
    """A mistake in feeds.yaml beside a daemon that goes on is a number; without a daemon there is none."""
    for status, told in (
        ({"config_refused": None}, 0),
        ({"config_refused": "feeds.yaml:3: wrong"}, 1),
        (None, None),
    ):
        world.status = status
        answer = own_client.get("/metrics")
        assert samples(answer.text).get(("aggregator_config_refused", "")) == told
        assert answer.status == 200


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host", "X-Forwarded-Proto"]
)
@pytest.mark.fault("T14")
def test_who_comes_through_a_proxy_sees_nothing(client: Client, header: str) -> None:
    """A forwarding header, true or false, never widens access (T14): behind a proxy there is nothing here."""
    assert client.get("/metrics", {header: "127.0.0.1"}).status == 404


def test_only_named_peers(own_client: Client, world: World) -> None:
    """Peers that the operator does not name get 404, and a network may be written as an address."""
    for allow, status in ((("10.0.0.0/8", "::1"), 404), (("127.0.0.1",), 200), ((), 404)):
        server = world.settings.server.model_copy(update={"metrics_allow": allow})
        world.settings = world.settings.model_copy(update={"server": server})
        world.publish()
        assert own_client.get("/metrics").status == status
