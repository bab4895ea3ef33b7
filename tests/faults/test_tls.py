"""Certificates and handshakes that are wrong: which fault, in words, and never around it by itself."""

from __future__ import annotations

import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from aggregator.config.settings import FeedSettings
from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "faulty.example"
ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
"""A TLS record: fatal alert protocol_version (RFC 8446 section 6)."""
AUTHORITY = "comes from an authority that is not trusted"
FAULTS = {
    "expired": "the certificate has expired",
    "not valid yet": "the certificate is not valid yet",
    "untrusted": f"the certificate {AUTHORITY}",
    "wrong host": "the certificate is for another host",
}


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Make an authority of our own."""
    return trustme.CA()


@pytest.fixture(scope="session")
def certificates(authority: trustme.CA) -> dict[str, trustme.LeafCert]:
    """Make a certificate for each fault, and a good one."""
    day = timedelta(days=1)
    return {
        "good": authority.issue_cert(HOST),
        "expired": authority.issue_cert(HOST, not_after=datetime.now(UTC) - 2 * day),
        "not valid yet": authority.issue_cert(HOST, not_before=datetime.now(UTC) + 2 * day),
        "untrusted": trustme.CA().issue_cert(HOST),
        "wrong host": authority.issue_cert("other.example"),
    }


@pytest.fixture(autouse=True)
def _trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine trust the authority, as an operator would: by SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return a server's side of TLS."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


class Raw:
    """In place of TLS: read what the client says, answer these bytes and no more."""

    def __init__(self, world: Any, *answers: bytes) -> None:
        self.world, self.answers = world, answers

    def wrap_socket(self, connection: Any, *, server_side: bool) -> Any:
        """Play the handshake."""
        connection.recv(65536)
        for piece in self.answers:
            connection.sendall(piece)
        if not self.answers:
            self.world.origin.over.wait(30)
        raise OSError


@contextlib.contextmanager
def served_by(world: Any, tls: Any) -> Iterator[None]:
    """Serve by another certificate, or by none, for a while."""
    good, world.origin.tls = world.origin.tls, tls
    yield
    world.origin.tls = good


@pytest.fixture
def secure(world: Any, certificates: dict[str, trustme.LeafCert]) -> FeedSettings:
    """Return a feed that is served over TLS."""
    world.origin.tls = context(certificates["good"])
    return FeedSettings(url=world.origin.url(scheme="https"))


@pytest.mark.fault("F23")
@pytest.mark.parametrize("fault", FAULTS)
def test_F23_a_bad_certificate_is_named(
    fault: str, world: Any, secure: FeedSettings, certificates: dict[str, trustme.LeafCert]
) -> None:
    """The message says which fault, the remedy names the setting; nothing is asked, nor around the fault."""
    wrong = served_by(world, context(certificates[fault]))
    failed = world.suffers(wrong, rf"^faulty\.example: {FAULTS[fault]}", source=secure)
    assert "`verify: false`" in failed.remedy
    assert len(world.origin.seen) == 2, "before and after"


@pytest.mark.fault("F23")
@pytest.mark.parametrize("fault", FAULTS)
def test_F23_verify_false_reads_it(
    fault: str, world: Any, secure: FeedSettings, certificates: dict[str, trustme.LeafCert], answer: Any, rss: Any
) -> None:
    """Who says so reads that source over any certificate, and that source alone."""
    world.origin.tls = context(certificates[fault])
    world.origin.answers["*"] = answer(rss("one"))
    trusting = FeedSettings(url=secure.url, verify=False)
    strict = FeedSettings(url=world.origin.url("/strict", scheme="https"))
    world.configure(trusting, strict)
    told = world.round()
    told.check_healthy()
    assert (told[trusting.url].outcome, told[strict.url].outcome) == (Outcome.NEW, Outcome.ERROR)
    assert world.origin.targets == ["/feed"]


@pytest.mark.fault("F23")
def test_F23_an_expired_certificate_is_told_with_its_date(
    world: Any, secure: FeedSettings, certificates: dict[str, trustme.LeafCert]
) -> None:
    """The operator sees since when."""
    world.origin.tls = context(certificates["expired"])
    world.configure(secure)
    world.round().check_healthy()
    date = datetime.now(UTC) - timedelta(days=2)
    assert f"{date:%Y-%m-%d}" in world.feed(secure.url).error


@pytest.mark.fault("F23")
@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
def test_F23_tls_1_0_alone_is_refused(
    world: Any, secure: FeedSettings, certificates: dict[str, trustme.LeafCert]
) -> None:
    """A server that knows nothing newer is told as one without a usable encryption."""
    old = context(certificates["good"])
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")
    world.suffers(served_by(world, old), r"no encrypted connection could be made \(.*(protocol|version)", source=secure)


@pytest.mark.fault("F23")
def test_F23_a_protocol_version_alert_is_told(world: Any, secure: FeedSettings) -> None:
    """The reason that the server gives is passed on."""
    refusing = served_by(world, Raw(world, ALERT))
    world.suffers(refusing, r"no encrypted connection could be made \(.*protocol version\)", source=secure)


@pytest.mark.fault("F23")
def test_F23_a_handshake_that_stalls_is_given_up(world: Any, secure: FeedSettings) -> None:
    """A server that accepts and says nothing costs its own feed the time to connect; the healthy are done before."""
    stalled = served_by(world, Raw(world))
    short = {"timeout": timedelta(seconds=2)}
    world.suffers(stalled, r"^faulty\.example: no connection in time\.$", hangs=True, source=secure, network=short)


@pytest.mark.fault("F23")
def test_F23_a_handshake_that_breaks_off_is_told(world: Any, secure: FeedSettings) -> None:
    """Garbage in place of a handshake is no encryption."""
    world.suffers(served_by(world, Raw(world, b"garbage" * 9)), "no encrypted connection", source=secure)
