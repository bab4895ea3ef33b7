"""Which addresses may be connected to: at the socket, for every spelling, of every resolved address."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from aggregator.errors import AddressRefused, ConnectFailed, FetchError, NetworkError
from aggregator.fetch import guard
from aggregator.fetch.client import Ask
from aggregator.fetch.guard import Guard, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE = [
    "127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
    "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1",
    "100::1", "64:ff9b:1::7f00:1", "4000::1", "5f00::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::192.168.1.1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1",
          "64:ff9b::1.1.1.1", "2002:101:101::1"]  # fmt: skip


def open_socket(address: str, *allow: str, host: str = "news.example", port: int = 80) -> None:
    """Ask the guard for a socket to an address, as aiohttp does; nothing is connected."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    guard = Guard(allow)
    with guard.dialling(URL.build(scheme="http", host=host, port=port)):
        guard.open_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))).close()


def refused(address: str, *allow: str, host: str = "news.example", port: int = 80) -> bool:
    """Tell whether the guard refuses."""
    try:
        open_socket(address, *allow, host=host, port=port)
    except PermissionError:  # errno EACCES
        return True
    return False


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    """Private, local, shared, multicast, reserved, and all of these inside IPv6."""
    assert refused(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    """What anybody can reach, we can."""
    assert not refused(address)


@given(st.ip_addresses())
def test_nothing_passes_that_python_calls_private(address: Any) -> None:
    """The guard is never laxer than the standard library."""
    reached = unwrap(address)
    assert refused(str(address)) or (reached.is_global and not reached.is_multicast)


@given(st.ip_addresses(v=4))
@pytest.mark.fault("T2")
def test_wrapping_an_address_changes_nothing(address: Any) -> None:
    """Every way to put an IPv4 address into IPv6 is judged as the address itself."""
    number = int(address)
    wrapped = [
        0xFFFF << 32 | number,
        0xFFFF << 48 | number,
        0x64FF9B << 96 | number,
        0x2002 << 112 | number << 80,
    ]
    assert {refused(str(ip_address(value))) for value in wrapped} == {refused(str(address))}


@pytest.mark.parametrize(
    ("allow", "address", "host", "port", "passes"),
    [
        ("127.0.0.0/8", "127.1.2.3", "x.example", 80, True),
        ("127.0.0.0/8", "10.0.0.1", "x.example", 80, False),
        ("127.0.0.1", "127.0.0.1", "x.example", 80, True),
        ("127.0.0.1", "127.0.0.2", "x.example", 80, False),
        ("127.0.0.1:8000", "127.0.0.1", "x.example", 8000, True),
        ("127.0.0.1:8000", "127.0.0.1", "x.example", 8001, False),
        ("127.0.0.1:8000", "::ffff:127.0.0.1", "x.example", 8000, True),
        ("::1", "::1", "x.example", 80, True),
        ("[::1]:8000", "::1", "x.example", 8000, True),
        ("[::1]:8000", "::1", "x.example", 80, False),
        ("fd00::/8", "fd12::1", "x.example", 80, True),
        ("fe80::/10", "fe80::1%lo", "x.example", 80, True),
        ("Nas.Lan", "192.168.1.5", "nas.lan", 80, True),
        ("nas.lan", "192.168.1.5", "NAS.LAN.", 80, True),
        ("nas.lan", "192.168.1.5", "evil.nas.lan", 80, False),
        ("nas.lan:8080", "192.168.1.5", "nas.lan", 8080, True),
        ("nas.lan:8080", "192.168.1.5", "nas.lan", 80, False),
        ("nas.lan:x", "192.168.1.5", "nas.lan", 80, False),
        ("", "192.168.1.5", "nas.lan", 80, False),
    ],
)
def test_allow_private(allow: str, address: str, host: str, port: int, passes: bool) -> None:
    """A network, an address or a host, with a port or without: that and nothing else."""
    assert refused(address, allow, host=host, port=port) is not passes


def test_the_message_names_host_address_and_setting(get: Callable[..., Any], names: Callable[..., Any]) -> None:
    """An operator with a source on their own network is told what to write where."""
    with pytest.raises(AddressRefused) as caught:
        get("http://nas.lan:8000/", resolver=names(nas_lan=["192.168.1.5"]), allow_private=())
    assert caught.value.message == "nas.lan resolves to 192.168.1.5, a private address, where sources may not be."
    assert caught.value.remedy == (
        "If this source may be on a private network, add 192.168.1.5:8000 (or a network such as 192.168.0.0/16) "
        "to network.allow_private in feeds.yaml."
    )
    with pytest.raises(AddressRefused, match=r"^::1 is a loopback address.*add \[::1\]:8000 \(or .* ::1/128\)"):
        get("http://[::1]:8000/", allow_private=())


SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0177.0.0.1", "017700000001", "0x7f.0.0.1", "0x7f000001",
    "127.0.0.1.", "0", "0.0.0.0", "①②⑦.⓪.⓪.①", "127。0。0。1", "127.0.0.1%00", "localhost", "LOCALHOST",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[0:0:0:0:0:0:0:1]", "[fe80::1%25lo]", "user@127.0.0.1", "news.example@127.0.0.1", "127.0.0.1\\@news.example",
    "private.example", "rebinds.example",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("way", ["asked", "redirected"])
@pytest.mark.fault("T2")
def test_no_spelling_of_loopback_connects(
    way: str, spelling: str, origin: Any, ok: Any, make_origin: Any, get: Any, names: Any
) -> None:
    """Neither as configured nor by redirect: not one connection is made."""
    resolver = (
        None
        if "localhost" in spelling.lower()
        else names(private_example=["127.0.0.1"], rebinds_example=["127.0.0.1"], start_example=["127.0.0.2"])
    )
    origin.answers["*"] = ok()
    url = f"http://{spelling}:{origin.port}/"
    if way == "redirected":
        front = make_origin(address="127.0.0.2", answers={"*": ok(b"", f"Location: {url}", status="302 Found")})
        url = f"http://start.example:{front.port}/" if resolver else f"http://127.0.0.2:{front.port}/"
    with pytest.raises(FetchError) as caught:
        get(url, resolver=resolver, allow_private=("127.0.0.2",))
    assert origin.connections == 0
    assert not isinstance(caught.value, NetworkError)


@pytest.mark.fault("T2")
def test_a_name_that_changes_its_mind_is_refused(origin: Any, ok: Any, get: Any, names: Any) -> None:
    """DNS rebinding: what counts is the address of this connection, not of an earlier lookup."""
    origin.answers["*"] = ok(b"", "Location: /again", status="302 Found")
    elsewhere = names(rebinds_example=[["127.0.0.2"], ["127.0.0.1"]])
    with pytest.raises(FetchError):
        get(origin.url(host="rebinds.example"), resolver=elsewhere, allow_private=("127.0.0.2",))
    with pytest.raises(AddressRefused):
        get(origin.url(host="rebinds.example"), resolver=elsewhere, allow_private=("127.0.0.2",))
    assert origin.connections == 0


def test_a_mixed_answer_reaches_only_what_is_allowed(make_origin: Any, ok: Any, get: Any, names: Any) -> None:
    """Of several addresses, through happy eyeballs, only those that pass are tried."""
    good = make_origin(address="127.0.0.2", answers={"*": ok(b"good")})
    bad = make_origin(port=good.port, answers={"*": ok(b"bad")})
    mixed = names(mixed_example=["127.0.0.1", "::1", "127.0.0.2"])
    fetched = get(f"http://mixed.example:{good.port}/", resolver=mixed, allow_private=("127.0.0.2",))
    assert fetched.body == b"good"
    assert bad.connections == 0


def test_a_host_is_known_through_happy_eyeballs(origin: Any, ok: Any, get: Any, names: Any) -> None:
    """The name asked for reaches the guard in the tasks that race for a connection."""
    origin.answers["*"] = ok()
    several = names(nas_lan=["::1", "127.0.0.1"])
    assert get(origin.url(host="nas.lan"), resolver=several, allow_private=(f"nas.lan:{origin.port}",)).status == 200


def test_requests_at_once_do_not_share_a_permission(origin: Any, ok: Any, names: Any, client: Any) -> None:
    """One host's allowance does not leak into another's request under way at the same time."""
    origin.answers["*"] = (0.05, ok())
    both = names(nas_lan=["127.0.0.1"], evil_example=["127.0.0.1"])

    async def run() -> list[Any]:
        async with client(resolver=both, allow_private=("nas.lan",)) as one:
            hosts = ["nas.lan", "evil.example"] * 5
            asks = [one.get(Ask(origin.url(host=host))) for host in hosts]
            return await asyncio.gather(*asks, return_exceptions=True)

    results = asyncio.run(run())
    assert [isinstance(result, AddressRefused) for result in results] == [False, True] * 5
    assert origin.connections == 5


def test_a_proxy_on_loopback_is_trusted(origin: Any, ok: Any, get: Any, names: Any) -> None:
    """The operator's own proxy is no source: it is asked, and it resolves the names."""
    origin.answers["*"] = ok(b"by proxy")
    resolver = names()
    fetched = get("http://news.example/feed?x=%2f", resolver=resolver, allow_private=(), proxy=origin.url(""))
    assert fetched.body == b"by proxy"
    assert origin.seen[0].target == "http://news.example/feed?x=%2f"
    assert resolver.asked == []


@pytest.mark.parametrize("target", ["1.1.1.1", "10.0.0.1", "localhost"])
def test_other_literal_targets_are_sent_to_a_proxy(target: str, origin: Any, ok: Any, get: Any) -> None:
    """A public address, or one that is allowed, is the proxy's to reach."""
    origin.answers["*"] = ok()
    assert get(f"http://{target}/", allow_private=("10.0.0.0/8", "localhost"), proxy=origin.url("")).status == 200


@pytest.mark.parametrize(
    "target", ["127.0.0.1", "10.0.0.1", "[::1]", "localhost", "x.localhost.", "127.1", "2130706433"]
)
def test_private_targets_are_not_sent_to_a_proxy(target: str, origin: Any, get: Any) -> None:
    """What can be judged without resolving is judged before the proxy is asked."""
    with pytest.raises(AddressRefused):
        get(f"http://{target}/", allow_private=(), proxy=origin.url(""))
    assert origin.connections == 0


def test_a_proxy_that_refuses_is_named(origin: Any, ok: Any, get: Any) -> None:
    """What the proxy answers to CONNECT is no answer of the source."""
    origin.answers["news.example:443"] = ok(status="403 Forbidden")
    with pytest.raises(
        ConnectFailed, match=r"proxy refuses to connect to news\.example \(status 403\).*network\.proxy"
    ):
        get("https://news.example/", proxy=origin.url(""))
    assert origin.seen[0].line == "CONNECT news.example:443 HTTP/1.1"


@pytest.mark.fault("T5")
def test_the_proxy_itself_is_no_source(origin: Any, get: Any, names: Any) -> None:
    """A source cannot talk to the proxy's own address, even where the network is allowed."""
    with pytest.raises(AddressRefused, match="proxy itself"):
        get(origin.url("/"), proxy=origin.url(""))
    with pytest.raises(AddressRefused, match="proxy itself"):
        get("http://proxy.lan:3128/", proxy="http://proxy.lan:3128", resolver=names())
    assert origin.connections == 0


def test_a_redirect_through_a_proxy_is_checked(origin: Any, ok: Any, get: Any) -> None:
    """A proxy is not sent on to private addresses either."""
    origin.answers["*"] = ok(b"", "Location: http://169.254.169.254/latest/", status="302 Found")
    with pytest.raises(AddressRefused, match="link-local"):
        get("http://news.example/", allow_private=(), proxy=origin.url(""))
    assert origin.connections == 1


def _redirecting(ok: Any, url: str) -> Any:
    return ok(b"", f"Location: {url}", status="302 Found")


@pytest.fixture
def outside(make_origin: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a server whose address counts as public: loopback has no other."""
    kind = guard._kind
    monkeypatch.setattr(guard, "_kind", lambda address: None if str(address) == "127.0.0.9" else kind(address))
    return make_origin(address="127.0.0.9")


@pytest.mark.parametrize("allow", ["127.0.0.1", "127.0.0.0/8", "nas.lan", ""])
def test_a_public_host_does_not_lead_inside(
    allow: str, origin: Any, outside: Any, ok: Any, get: Any, names: Any
) -> None:
    """What is allowed is so for sources that are configured there, not for whoever redirects: no connection is made."""
    both = names(nas_lan=["127.0.0.1"], news_example=["127.0.0.9"])
    for host in ("127.0.0.1", "nas.lan"):
        outside.answers["*"] = _redirecting(ok, origin.url("/secret", host=host))
        with pytest.raises(AddressRefused, match=r"^(127\.0\.0\.1|nas\.lan) leads to a loopback address; "
                           r"news\.example, a public host, must not redirect there\. If .* configure that address"):  # fmt: skip
            get(outside.url(host="news.example"), resolver=both, allow_private=(allow,))
    assert origin.connections == 0


def test_from_outside_there_is_no_way_back_inside(origin: Any, outside: Any, ok: Any, get: Any) -> None:
    """An allowed source may send us to a public host; that one may not send us back in, not even by a detour."""
    origin.answers["/feed"] = _redirecting(ok, outside.url("/one", host="127.0.0.9"))
    outside.answers["/one"] = _redirecting(ok, outside.url("/two", host="127.0.0.9"))
    outside.answers["/two"] = ok(b"outside")
    assert get(origin.url()).body == b"outside"
    outside.answers["/two"] = _redirecting(ok, origin.url("/secret"))
    with pytest.raises(AddressRefused, match="must not redirect there"):
        get(origin.url())
    assert [seen.target for seen in origin.seen] == ["/feed", "/feed"]


def test_an_allowed_source_may_redirect_inside(origin: Any, make_origin: Any, ok: Any, get: Any, names: Any) -> None:
    """A source on a private address may move about there, as far as that is allowed."""
    other = make_origin(address="127.0.0.2", answers={"*": ok(b"moved")})
    origin.answers["*"] = _redirecting(ok, other.url(host="nas.lan"))
    inside = names(nas_lan=["127.0.0.2"])
    assert get(origin.url(), resolver=inside, allow_private=("127.0.0.1", "nas.lan")).body == b"moved"
    with pytest.raises(AddressRefused, match=r"add 127\.0\.0\.2"):
        get(origin.url(), resolver=inside, allow_private=("127.0.0.1",))


@pytest.mark.parametrize(
    ("start", "target", "passes"),
    [
        ("news.example", "10.0.0.1", False),
        ("news.example", "nas.lan", False),
        ("1.1.1.1", "localhost", False),
        ("nas.lan", "10.0.0.1", True),
        ("10.0.0.1", "nas.lan", True),
        ("news.example", "other.example", True),
    ],
)
def test_a_public_host_does_not_lead_inside_through_a_proxy(
    start: str, target: str, passes: bool, origin: Any, ok: Any, get: Any
) -> None:
    """As far as it can be judged without resolving: literal addresses, names of this machine, and names allowed."""
    origin.answers[f"http://{start}/"] = _redirecting(ok, f"http://{target}/inside")
    origin.answers["*"] = ok(b"there")
    settings = {"allow_private": ("10.0.0.0/8", "nas.lan", "localhost"), "proxy": origin.url("")}
    if passes:
        assert get(f"http://{start}/", **settings).body == b"there"
    else:
        with pytest.raises(AddressRefused, match="must not redirect there"):
            get(f"http://{start}/", **settings)
        assert origin.connections == 1
