from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.proxies import is_within, real_client

PROXY, OTHER = "10.0.0.5", "10.0.0.6"
TRUSTED = ("10.0.0.0/8", "2001:db8::/32")


def through(header: str, *, name: str = "x-forwarded-for", peer: str = PROXY) -> str | None:
    """Return who asks, by one header."""
    return real_client(peer, {name: header}, TRUSTED)


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:4860::1", "2001:4860::1"),
        ("[2001:4860::1]:80", "2001:4860::1"),
        ("[2001:4860::1]", "2001:4860::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (f"192.0.2.1, {OTHER}", "192.0.2.1"),
        (f"192.0.2.1,2001:db8::7 , {OTHER}", "192.0.2.1"),
        ("127.0.0.1, 192.0.2.1", "192.0.2.1"),
        (f"127.0.0.1, 192.0.2.1, {OTHER}", "192.0.2.1"),
        (f"10.1.1.1, {OTHER}", "10.1.1.1"),
        ("rubbish, 192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_first_from_the_right_that_is_not_trusted(header: str, client: str) -> None:
    """What a client itself wrote stands further left, and is not believed; of trusted ones alone it is the first."""
    assert through(header) == client


@pytest.mark.parametrize(
    "header",
    ["", ",", "unknown", "_hidden", "rubbish", f"rubbish, {OTHER}", "192.0.2.1 10.0.0.6", "fe80::1%eth0", "localhost",
     "192.0.2.1:80:80x", "[", "999.1.1.1"],
)  # fmt: skip
def test_garbage_leaves_the_peer(header: str) -> None:
    """What is no address where one is needed says nothing."""
    assert through(header) is None
    assert through(f"for={header}", name="forwarded") is None


@pytest.mark.parametrize("peer", ["192.0.2.9", "", "testclient", "11.0.0.5"])
def test_strangers_are_not_believed(peer: str) -> None:
    """Whoever is no proxy of ours is who he is, whatever he says."""
    assert through("127.0.0.1", peer=peer) is None
    assert real_client(PROXY, {"x-forwarded-for": "127.0.0.1"}, ()) is None


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ('For="192.0.2.1:4711";proto=https;by=10.0.0.5', "192.0.2.1"),
        ('proto=http; for="[2001:4860::1]:80"', "2001:4860::1"),
        (f"for=127.0.0.1, for=192.0.2.1;proto=http, for={OTHER}", "192.0.2.1"),
        (f"for=192.0.2.1, proto=http, for={OTHER}", None),
        ("for=unknown", None),
        ("by=10.0.0.5", None),
    ],
)
def test_forwarded(header: str, client: str | None) -> None:
    """RFC 7239 is read alike; an element that names nobody ends it."""
    assert through(header, name="forwarded") == client


def test_both_headers_have_to_agree() -> None:
    """One of them is the client's own words, handed on: nobody can tell which."""
    both = {"x-forwarded-for": "192.0.2.1", "forwarded": "for=192.0.2.1"}
    assert real_client(PROXY, both, TRUSTED) == "192.0.2.1"
    assert real_client(PROXY, both | {"forwarded": "for=127.0.0.1"}, TRUSTED) is None
    assert real_client(PROXY, both | {"forwarded": "rubbish"}, TRUSTED) is None
    assert real_client(PROXY, {"x-real-ip": "192.0.2.1"}, TRUSTED) is None


@given(st.text(), st.text('0123456789.:[], fotr=;"abcdef'))
def test_any_headers(one: str, other: str) -> None:
    """Whatever is sent, there is an answer, and it is an address."""
    found = real_client(PROXY, {"x-forwarded-for": other, "forwarded": one}, TRUSTED) or through(other)
    assert found is None or is_within(found, ("0.0.0.0/0", "::/0"))


def test_a_long_chain_is_looked_at_in_part() -> None:
    """Fifty hops are enough: what stands before is not reached."""
    assert through(", ".join(["192.0.2.1", *[OTHER] * 60])) == OTHER


@pytest.mark.parametrize(
    ("address", "within"), [("10.9.9.9", True), ("::ffff:10.9.9.9", True), ("11.0.0.1", False), ("no", False)]
)
def test_networks(address: str, within: bool) -> None:
    """An address is in a network, also when it comes as IPv6."""
    assert is_within(address, TRUSTED) is within
