"""/metrics, for Prometheus: how polling goes and how each source is doing; only for peers that the operator names."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.responses import Response

from aggregator import __version__
from aggregator.decide.health import State, state_of
from aggregator.decide.notices import current_flood, current_gap
from aggregator.decide.outage import REASON
from aggregator.decide.proxies import FORWARDING, is_within
from aggregator.decide.pushing import State as PushState
from aggregator.decide.readership import REMEMBERED, by_service
from aggregator.errors import Unavailable
from aggregator.serve.document import PROTECTION
from aggregator.serve.health import plain
from aggregator.store.hub import DELIVERED, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starlette.requests import Request

    from aggregator.decide.readership import Readership
    from aggregator.model import FeedState
    from aggregator.serve.health import Status
    from aggregator.serve.reader import Reader
    from aggregator.serve.shelf import Shelf
    from aggregator.store.fleet import Fleet
    from aggregator.store.hub import HubCount
    from aggregator.store.polls import PollCount
    from aggregator.store.protocols import Transaction
    from aggregator.store.pushes import PushCount
    from aggregator.store.readers import Tallies

_EACH = 500
"""More sources than this are counted by state only: a series for each would be too many."""
_LATELY = timedelta(hours=1)


class Metrics:
    """The endpoint; for all others than `metrics_allow` there is nothing here.

    Who comes through a proxy that is not trusted (a header of one is left) is not known, so nothing is there either.
    """

    def __init__(self, shelf: Shelf, reader: Reader, status: Status) -> None:
        self._shelf, self._reader, self._status = shelf, reader, status

    async def __call__(self, request: Request) -> Response:
        """Answer in Prometheus' text format, or 404."""
        peer = request.client.host if request.client is not None else ""
        if any(name in request.headers for name in FORWARDING) or not is_within(peer, self._shelf.metrics_allow()):
            return plain("404 Not Found", 404)
        text = await self._reader.read(_text) + await self._of_daemon()
        response = Response(text, media_type=CONTENT_TYPE_LATEST)
        response.raw_headers += [(b"cache-control", b"no-store"), *PROTECTION]
        return response

    async def _of_daemon(self) -> bytes:
        """Tell what only the daemon knows; nothing while none answers."""
        try:
            return _about_daemon(await self._status())
        except Unavailable:
            return b""


def _about_daemon(status: Mapping[str, Any]) -> bytes:
    registry = CollectorRegistry(auto_describe=True)
    refused = Gauge("aggregator_config_refused", "1 while feeds.yaml has a mistake.", registry=registry)
    refused.set(status.get("config_refused") is not None)
    return generate_latest(registry)


def _text(tx: Transaction) -> bytes:
    now = datetime.now(UTC)
    registry = CollectorRegistry(auto_describe=True)
    feeds = [feed for feed in tx.feeds.all() if feed.enabled]
    _about_all(registry, feeds, now)
    _about_polls(registry, tx.feeds.polls_since(now - _LATELY))
    Gauge("aggregator_database_bytes", "What the database takes on its disk.", registry=registry).set(tx.size)
    _about_hub(registry, tx.hub.count(), tx.tallies)
    _about_pushes(registry, tx.pushes.count())
    _about_readers(registry, tx.readers.known(now - REMEMBERED))
    if (fleet := tx.fleet) is not None:
        _about_fleet(registry, fleet)
    if len(feeds) <= _EACH:
        _about_each(registry, feeds)
    return generate_latest(registry)


def _about_all(registry: CollectorRegistry, feeds: Sequence[FeedState], now: datetime) -> None:
    Gauge("aggregator_info", "The program.", ["version"], registry=registry).labels(__version__).set(1)
    states = Counter(state_of(feed, now) for feed in feeds)
    by_state = Gauge("aggregator_feeds", "Sources by state.", ["state"], registry=registry)
    for state in State:
        by_state.labels(state.value).set(states[state])
    waiting = Gauge("aggregator_feeds_overdue", "Sources that should have been asked a minute ago.", registry=registry)
    line = now - timedelta(minutes=1)
    waiting.set(sum(feed.next_poll_at is not None and feed.next_poll_at < line for feed in feeds))
    due = [feed.next_poll_at for feed in feeds if feed.next_poll_at is not None]
    lag = Gauge("aggregator_poll_lag_seconds", "How late the poll is that waits longest.", registry=registry)
    lag.set(max((now - min(due, default=now)).total_seconds(), 0))
    down = Gauge("aggregator_network_down", "1 while most hosts cannot be reached.", registry=registry)
    down.set(any(feed.reason == REASON for feed in feeds))
    _about_losses(registry, feeds, now)
    answered = [feed.last_success for feed in feeds if feed.last_success is not None]
    last = Gauge("aggregator_last_success_timestamp_seconds", "When any source last answered.", registry=registry)
    last.set(max(answered).timestamp() if answered else 0)


def _about_polls(registry: CollectorRegistry, polls: PollCount) -> None:
    """Tell of the last hour's: whatever process made them, and whenever this one began."""
    by_outcome = Gauge("aggregator_polls_last_hour", "Polls of the last hour.", ["outcome"], registry=registry)
    for outcome, count in polls.outcomes.items():
        by_outcome.labels(outcome.value).set(count)
    brought = Gauge("aggregator_entries_last_hour", "Entries that polls brought.", ["kind"], registry=registry)
    for kind, count in {"new": polls.new, "updated": polls.updated, "duplicate": polls.duplicates}.items():
        brought.labels(kind).set(count)
    for name, means, value in (
        ("unconditional_polls", "Polls that asked for all of it.", polls.unconditional),
        ("not_modified", "Polls answered with 304.", polls.not_modified),
        ("poll_bytes", "Bytes of answers, as sent.", polls.bytes),
        ("poll_seconds", "Seconds from requests to answers, added up.", polls.seconds),
    ):
        Gauge(f"aggregator_{name}_last_hour", means, registry=registry).set(value)


def _about_fleet(registry: CollectorRegistry, fleet: Fleet) -> None:
    Gauge("aggregator_workers", "Workers that are alive.", registry=registry).set(fleet.workers)
    jobs = Gauge("aggregator_jobs", "Jobs of workers: one carries what is due of a host.", ["state"], registry=registry)
    for state in ("waiting", "running", "failed"):
        jobs.labels(state).set(getattr(fleet, state))
    again = Gauge("aggregator_jobs_tried_again", "Jobs that wait or run, and were tried before.", registry=registry)
    again.set(fleet.again)


def _about_readers(registry: CollectorRegistry, known: Iterable[Readership]) -> None:
    """Count subscribers as services report them; what they call themselves is theirs to choose, so no label."""
    by_output = Gauge("aggregator_subscribers", "Subscribers, as readers report them.", ["output"], registry=registry)
    for output, services in by_service(known).items():
        by_output.labels(output).set(sum(services.values()))


def _about_hub(registry: CollectorRegistry, count: HubCount, tallies: Tallies) -> None:
    """Count subscriptions to our documents by state, and what they have not been told."""
    by_state = Gauge("aggregator_hub_subscriptions", "Subscriptions to documents here.", ["state"], registry=registry)
    for state, number in {
        "asked": count.asked,
        "active": count.active - count.failing,
        "failing": count.failing,
    }.items():
        by_state.labels(state).set(number)
    waiting = Gauge("aggregator_hub_deliveries_waiting", "Deliveries that have not arrived.", registry=registry)
    waiting.set(count.waiting)
    deliveries = CounterMetricFamily("aggregator_hub_deliveries", "Deliveries tried, ever.", labels=["outcome"])
    deliveries.add_metric(["arrived"], tallies.get(DELIVERED))
    deliveries.add_metric(["failed"], tallies.get(FAILED))
    registry.register(_Known([deliveries]))


def _about_pushes(registry: CollectorRegistry, count: PushCount) -> None:
    """Count our subscriptions at other people's hubs by state, and what came of them."""
    by_state = Gauge(
        "aggregator_push_subscriptions", "Sources' hubs, as our subscription stands.", ["state"], registry=registry
    )
    for state in PushState:
        by_state.labels(state.value).set(count.states.get(state, 0))
    delivered = CounterMetricFamily("aggregator_push_delivered_entries", "Entries that hubs delivered.")
    delivered.add_metric([], count.delivered)
    missed = CounterMetricFamily("aggregator_push_missed_entries", "Entries that polls found and hubs did not deliver.")
    missed.add_metric([], count.missed)
    refused = CounterMetricFamily("aggregator_push_refused", "Deliveries wrongly signed, or without a feed.")
    refused.add_metric([], count.refused)
    registry.register(_Known([delivered, missed, refused]))


def _about_losses(registry: CollectorRegistry, feeds: Sequence[FeedState], now: datetime) -> None:
    """Count gaps and what was recovered of them, ever, and what is held back as floods now."""
    gaps = CounterMetricFamily("aggregator_gaps", "Gaps noticed between two documents of a source.")
    gaps.add_metric([], sum(feed.gaps for feed in feeds))
    recovered = CounterMetricFamily("aggregator_recovered_entries", "Entries recovered from sources' archives.")
    recovered.add_metric([], sum(feed.recovered for feed in feeds))
    registry.register(_Known([gaps, recovered]))
    lasting = Gauge("aggregator_gaps_open", "Gaps of the last days that were not repaired.", registry=registry)
    lasting.set(sum((gap := current_gap(feed, now)) is not None and not gap.repaired for feed in feeds))
    flooded = Gauge("aggregator_flooded_entries", "Old entries that are held back as floods.", registry=registry)
    flooded.set(sum(flood.entries for feed in feeds if (flood := current_flood(feed, now)) is not None))


class _Known(Collector):
    """Counters that the database keeps."""

    def __init__(self, families: Sequence[CounterMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Return them, as prometheus_client asks for them."""
        return self._families


def _about_each(registry: CollectorRegistry, feeds: Sequence[FeedState]) -> None:
    success = Gauge(
        "aggregator_feed_last_success_timestamp_seconds", "When a source last answered.", ["feed"], registry=registry
    )
    news = Gauge(
        "aggregator_feed_last_new_timestamp_seconds", "When it last brought an entry.", ["feed"], registry=registry
    )
    errors = Gauge("aggregator_feed_consecutive_errors", "Its failures in a row.", ["feed"], registry=registry)
    for feed in feeds:
        name = _name(feed)
        success.labels(name).set(feed.last_success.timestamp() if feed.last_success else 0)
        news.labels(name).set(feed.last_new.timestamp() if feed.last_new else 0)
        errors.labels(name).set(feed.errors)


def _name(feed: FeedState) -> str:
    """Return the label of a source: its address, unless that is a secret."""
    return f"private-{feed.key}" if feed.private else feed.url
