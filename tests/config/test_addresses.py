"""Addresses of databases, and when two addresses are one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.addresses import database_place, is_reached, same_address, site_findings, url_findings
from aggregator.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///db/aggregator.db", "/etc/feeds/db/aggregator.db"),
        ("sqlite:///x.db", "/etc/feeds/x.db"),
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
        ("sqlite:///a%20b.db", "/etc/feeds/a%20b.db"),
    ],
)
def test_a_database_is_relative_to_the_file_or_absolute(url: str, path: str) -> None:
    """Three slashes are relative to the folder of feeds.yaml, four are absolute."""
    assert database_place(url, Path("/etc/feeds")) == Path(path)


@pytest.mark.parametrize("url", ["postgresql://u:p@db.example/x", "postgres://db.example/x?sslmode=require"])
def test_a_database_on_a_server(url: str) -> None:
    """The address of a server is for its driver to read."""
    assert database_place(url, Path("/etc/feeds")) == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///", "names no database file"),
        ("sqlite:////", "names no database file"),
        ("sqlite:///db/", "names no database file"),
        ("sqlite:///a\0b", "names no database file"),
        ("sqlite:///:memory:", "forgets everything"),
        ("sqlite:///x.db?mode=ro", "no ?options"),
        ("sqlite://x.db", "not the address of a database"),
        ("x.db", "not the address of a database"),
        ("", "not the address of a database"),
        ("mysql://u:p@db.example/x", "not the address of a database"),
    ],
)
def test_other_databases_are_refused(url: str, message: str) -> None:
    """The message says what to write, and no password."""
    with pytest.raises(ConfigError) as refused:
        database_place(url, Path("/etc/feeds"))
    (problem,) = refused.value.problems
    assert message in problem.message
    assert "sqlite:///" in problem.remedy or "?" in problem.remedy
    assert problem.path == "database"
    assert "u:p" not in str(problem)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/", "HTTPS://A.EXAMPLE:443"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("https://[::1]/x", "https://[::1]:443/x"),
        ("https://u:p@a.example/x", "https://u:p@A.example/x"),
    ],
)
def test_two_spellings_are_one_address(one: str, other: str) -> None:
    """The case of scheme and host, the default port and the empty path do not count."""
    assert same_address(one) == same_address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/x", "https://a.example/x/"),
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example/x", "https://a.example:8443/x"),
        ("https://a.example/x?a=1", "https://a.example/x?a=2"),
        ("https://u:p@a.example/x", "https://a.example/x"),
        ("https://[", "https://[["),
        ("a.example", "b.example"),
    ],
)
def test_other_differences_count(one: str, other: str) -> None:
    """What a server may tell apart is two addresses."""
    assert same_address(one) != same_address(other)


@given(st.text(alphabet="htps:/[]@.#?a1%\\ \u2100", max_size=20))
def test_no_text_breaks_the_checks(text: str) -> None:
    """Any text is an address or has a finding; none raises."""
    assert isinstance(list(url_findings(text)), list)
    assert isinstance(list(site_findings(text)), list)
    assert same_address(same_address(text)) == same_address(text)


@pytest.mark.parametrize(
    ("url", "allowed", "reached"),
    [
        ("https://news.org/", (), True),
        ("http://news.org.:8080/sub/", (), True),
        ("https://8.8.8.8/", (), True),
        ("http://localhost:8080/", ("127.0.0.0/8",), False),
        ("http://127.0.0.1:8080/", (), False),
        ("http://127.0.0.1:8080/", ("127.0.0.0/8",), True),
        ("http://[::1]/", ("::1",), True),
        ("https://news.local/", (), False),
        ("https://news.example/", ("news.example",), True),
        ("https://news.example/", ("news.example:443",), True),
        ("https://news.example/", ("news.example:80", "10.0.0.0/8"), False),
        ("https://news/", (), False),
        ("https://x:y/", (), False),
        ("nonsense", (), False),
    ],
)
def test_whom_servers_elsewhere_reach(url: str, allowed: tuple[str, ...], reached: bool) -> None:
    """A public address, or one of those that the operator allows in a network that hubs share."""
    assert is_reached(url, allowed) is reached
