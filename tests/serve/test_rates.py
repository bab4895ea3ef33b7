from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.serve.rates import Rate, Rates

CLIENT, OTHER = "192.0.2.1", "192.0.2.2"


def test_a_client_has_its_burst_and_then_its_rate() -> None:
    """So many requests at once are admitted, and one more whenever the rate has brought one; the wait is told."""
    rates = Rates(Rate(3, 0.5), Rate(100, 100))
    assert [rates.wait(CLIENT, 10.0) for _ in range(4)] == [0, 0, 0, 2]
    assert rates.wait(CLIENT, 11.0) == 1
    assert rates.wait(CLIENT, 12.0) == 0
    assert rates.wait(CLIENT, 12.0) == 2
    assert rates.wait(OTHER, 12.0) == 0


def test_all_clients_together_have_a_rate() -> None:
    """However many clients come, what they may ask together has a bound."""
    rates = Rates(Rate(3, 1), Rate(5, 2))
    waits = [rates.wait(f"192.0.2.{number}", 1.0) for number in range(7)]
    assert waits == [0, 0, 0, 0, 0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "nobody", False),
    ],
)
def test_who_is_one_client(one: str, other: str, *, same: bool) -> None:
    """The 64 bits that an IPv6 subscriber chooses by himself make no new client of him; a mapped address is its own."""
    rates = Rates(Rate(1, 1), Rate(100, 100))
    assert rates.wait(one, 1.0) == 0
    assert (rates.wait(other, 1.0) > 0) is same


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that asked longest ago are forgotten; those that still ask are not."""
    monkeypatch.setattr("aggregator.serve.rates._CLIENTS", 2)
    rates = Rates(Rate(1, 0.001), Rate(100, 100))
    assert [rates.wait(client, 1.0) for client in ("a", "b")] == [0, 0]
    assert rates.wait("a", 1.0) > 0
    assert rates.wait("c", 1.0) == 0  # and b is forgotten
    assert rates.wait("a", 1.0) > 0
    assert rates.wait("b", 1.0) == 0


@given(st.lists(st.tuples(st.text(max_size=3), st.floats(0, 100)), max_size=50))
def test_no_client_gets_more_than_its_share(asked: list[tuple[str, float]]) -> None:
    """Whoever asks whenever: what one is admitted is at most the burst and what the time has brought."""
    rates = Rates(Rate(2, 0.1), Rate(1_000, 1_000))
    now, admitted = 0.0, {client: 0 for client, _ in asked}
    for client, later in asked:
        now += later
        admitted[client] += rates.wait(client, now) == 0
        assert admitted[client] <= 2 + now * 0.1 + 1e-6
