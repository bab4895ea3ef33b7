"""What is wrong with a certificate is said, and nothing is read over a connection that is not trusted."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from aggregator.errors import NetworkError, TlsFailed
from aggregator.fetch.client import Ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "secure.example"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Make an authority of our own."""
    return trustme.CA()


@pytest.fixture(autouse=True)
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine trust it, as an operator would: by SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.fixture
def secure(make_origin: Any, names: Any, ok: Any, get: Any) -> Callable[..., Any]:
    """Serve over TLS with a certificate, ask once, and give the server and the answer."""

    def ask(certificate: trustme.LeafCert, *, verify: bool = True, version: Any = None) -> Any:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if version is not None:
            context.minimum_version = context.maximum_version = version
            context.set_ciphers("ALL:@SECLEVEL=0")
        certificate.configure_cert(context)
        origin = make_origin(tls=context, answers={"*": ok(b"secret")})
        resolver = names(secure_example=["127.0.0.1"])
        try:
            return get(Ask(origin.url(host=HOST), verify=verify), resolver=resolver).body
        except TlsFailed as error:
            assert origin.seen == []
            return error

    return ask


def test_a_good_certificate_is_trusted(secure: Any, authority: trustme.CA) -> None:
    """What the system trusts, we trust."""
    assert secure(authority.issue_cert(HOST)) == b"secret"


def bad_certificates(authority: trustme.CA) -> dict[str, trustme.LeafCert]:
    """Make a certificate for each fault."""
    past = datetime.now(UTC) - timedelta(days=2)
    future = datetime.now(UTC) + timedelta(days=2)
    return {
        "has expired": authority.issue_cert(HOST, not_after=past),
        "is not valid yet": authority.issue_cert(HOST, not_before=future),
        "is for another host": authority.issue_cert("other.example"),
        "comes from an authority that is not trusted": trustme.CA().issue_cert(HOST),
    }


@pytest.mark.parametrize(
    "fault",
    ["has expired", "is not valid yet", "is for another host", "comes from an authority that is not trusted"],
)
def test_a_bad_certificate_is_named(fault: str, secure: Any, authority: trustme.CA) -> None:
    """The message says which fault, the remedy names the setting; nothing was sent; verify=False reads all the same."""
    certificate = bad_certificates(authority)[fault]
    error = secure(certificate)
    assert isinstance(error, TlsFailed)
    assert error.message.startswith(f"{HOST}: the certificate {fault}")
    assert "verify: false" in error.remedy
    assert secure(certificate, verify=False) == b"secret"


def test_a_plain_server_is_told_apart(make_origin: Any, get: Any) -> None:
    """https:// to a server without TLS suggests http://."""

    class Plain:
        def wrap_socket(self, connection: Any, *, server_side: bool) -> Any:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            raise OSError

    origin = make_origin(tls=Plain())
    with pytest.raises(TlsFailed, match=r"no encrypted connection could be made.*http://"):
        get(origin.url())


@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
def test_old_tls_is_refused(secure: Any, authority: trustme.CA) -> None:
    """TLS 1.0 is no protection."""
    error = secure(authority.issue_cert(HOST), version=ssl.TLSVersion.TLSv1)
    assert isinstance(error, TlsFailed)
    assert "no encrypted connection" in error.message


def test_a_stalled_handshake_is_given_up(make_origin: Any, get: Any) -> None:
    """A server that accepts and says nothing cannot hold a connection open."""

    class Silent:
        def wrap_socket(self, connection: Any, *, server_side: bool) -> Any:
            connection.recv(65536)
            connection.recv(65536)
            raise OSError

    origin = make_origin(tls=Silent())
    with pytest.raises(NetworkError, match="no connection in time"):
        get(origin.url(), timeout=timedelta(seconds=0.4))
