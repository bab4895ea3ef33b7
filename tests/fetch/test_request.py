"""What a request says of us."""

from __future__ import annotations

import pytest

from aggregator import __version__
from aggregator.config.settings import Network
from aggregator.errors import FetchError
from aggregator.fetch.request import basic_authorization, request_headers, user_agent
from aggregator.model import Validators


@pytest.mark.parametrize(
    ("network", "subscribers", "agent"),
    [
        (Network(), None, f"aggregator/{__version__} (feed aggregator)"),
        (Network(contact="https://me.example/"), None, f"aggregator/{__version__} (+https://me.example/)"),
        (Network(contact="me@me.example"), 3, f"aggregator/{__version__} (+me@me.example; 3 subscribers)"),
        (Network(), 1, f"aggregator/{__version__} (feed aggregator; 1 subscriber)"),
        (Network(user_agent="Planet/1 (mine)", contact="x"), 3, "Planet/1 (mine)"),
    ],
)
def test_user_agent(network: Network, subscribers: int | None, agent: str) -> None:
    """Name, version, a way to complain and the number of readers; the operator's own words replace it."""
    assert user_agent(network, subscribers) == agent


def test_which_subscription_it_is() -> None:
    """A publisher can tell one of our subscriptions from another."""
    assert user_agent(Network(), 1, "ab12").endswith("(feed aggregator; 1 subscriber; feed-id ab12)")
    assert user_agent(Network(user_agent="Mine/1"), name="ab12") == "Mine/1"


@pytest.mark.parametrize(
    "name",
    ["Host", "Connection", "TE", "Content-Length", "Transfer-Encoding", "Proxy-Authorization", "X-Forwarded-For",
     "Forwarded", "Remote-User", "X-Remote-User", "X-WebAuth-User", "If-None-Match", "Range", "ACCEPT-ENCODING"],
)  # fmt: skip
def test_reserved_headers_are_refused(name: str) -> None:
    """A source's headers cannot change framing, conditions, or who a proxy thinks is asking."""
    with pytest.raises(FetchError, match=name):
        request_headers("x", Validators(), {name: "1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Token", "a\r\nHost: b"), ("X Token", "a"), ("X-Token\r\n", "a"), ("", "a"), ("X", "\0")],
)
def test_unsendable_headers_are_refused(name: str, value: str) -> None:
    """No header smuggles in another, and the value is not repeated in the message."""
    with pytest.raises(FetchError, match="characters that no header may have") as caught:
        request_headers("x", Validators(), {name: value})
    assert value.strip() != "a" or repr(value) not in str(caught.value)


def test_own_headers_win() -> None:
    """A source may want its own Accept and User-Agent, whatever their case."""
    headers = request_headers("ours", Validators(), {"accept": "text/xml", "USER-AGENT": "theirs"})
    assert headers.getall("Accept") == ["text/xml"]
    assert headers.getall("User-Agent") == ["theirs"]


def test_basic_authorization_is_decoded_first() -> None:
    """RFC 7617's own example, percent-encoded as an address needs it; a missing password is empty."""
    assert basic_authorization("Aladdin:open%20sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_authorization("token") == "Basic dG9rZW46"
