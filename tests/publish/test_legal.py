from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.decide.identity import publisher_id
from aggregator.model import Item
from aggregator.publish import legal

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_text_is_always_legal(text: str) -> None:
    """Whatever comes in, lxml takes what comes out, and a second pass changes nothing."""
    clean = legal.text(text)
    element = etree.Element("e")
    element.text = clean
    assert etree.fromstring(etree.tostring(element)).text == (clean or None)
    assert legal.text(clean) == clean


def test_ids_of_publishers_stay_as_they_are() -> None:
    """Of what may stand in an id nothing is cleaned away: two ids that differ here differ in the document."""
    for start in range(0, sys.maxunicode + 1, 256):
        block = "".join(map(chr, range(start, start + 256)))
        for character in "" if legal.text(block) == block else block:
            guid = f"https://site.example/{character}"
            assert publisher_id(Item(title="", guid=guid)) is None or legal.text(guid) == guid


@pytest.mark.parametrize(
    ("given_text", "legal_text"),
    [
        ("a\x00b\x0bc", "abc"),
        ("a\ud800b", "ab"),
        ("it\x92s", "it’s"),
        ("a\x81b", "ab"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\ufffdb\ufffe", "a?b"),
        ("日本 👩‍💻 é\t\n", "日本 👩‍💻 é\t\n"),
        (None, ""),
    ],
)
def test_text_mends_what_can_be_mended(given_text: str | None, legal_text: str) -> None:
    """Controls go, windows-1252 read as latin-1 is put right, everything else stays."""
    assert legal.text(given_text) == legal_text


def test_line_is_one_line() -> None:
    """Line breaks and runs of blanks become one blank; ends are trimmed."""
    assert legal.line("  a\n\tb   c ") == "a b c"
    assert legal.line("a b") == "a b"
    assert legal.line(None) == ""


@pytest.mark.parametrize(
    ("given_address", "address"),
    [
        ("https://e.example/a?b=c&d#e", "https://e.example/a?b=c&d#e"),
        ("https://e.example", "https://e.example/"),
        (" HTTP://E.example/ü x?q=[1]|2 ", "http://e.example/%C3%BC%20x?q=%5B1%5D%7C2"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://user:secret@e.example/x", "https://e.example/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://e.example/a%20b", "https://e.example/a%20b"),
    ],
)
def test_address_is_an_absolute_ascii_uri(given_address: str, address: str) -> None:
    """Addresses are published as URIs that every reader understands, without credentials."""
    assert legal.address(given_address) == address


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "",
        "/relative",
        "//e.example/x",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "&#106;avascript:alert(1)",
        "feed:javascript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "https://",
        "https://e.example:99999/",
        "http://[bad",
    ],
)
@pytest.mark.fault("T12")
def test_address_refuses_every_other_scheme(bad: str | None) -> None:
    """Nothing but http and https reaches a published address."""
    assert legal.address(bad) is None


@given(st.text(st.characters(exclude_categories=())).map("https://e.example/".__add__))
def test_address_is_stable(url: str) -> None:
    """An address that came out goes in unchanged, and is a URI."""
    address = legal.address(url)
    assert address is None or (legal.address(address) == address and re.fullmatch(r"[!-~]+", address))


@pytest.mark.parametrize(
    "good",
    [
        "https://e.example/feed",
        "tag:e.example,2020:x/y",
        "tag:ann@e.example,2020-01-01:x",
        "urn:uuid:3b0f2c3e-7c0e-4d0c-9d5e-0a1b2c3d4e5f",
        "urn:isbn:0451450523",
    ],
)
def test_uri_keeps_identifiers(good: str) -> None:
    """Identifiers that validators take stay as they are."""
    assert legal.uri(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "d41d8cd98f00b204",
        "urn:uuid:1",
        "urn:x",
        "tag:e.example:x",
        "https://e.example/a b",
        "a:b",
        "urn:é:x",
    ],
)
def test_uri_refuses_what_validators_refuse(bad: str) -> None:
    """A bare hash or a malformed URN is no identifier for a document."""
    assert legal.uri(bad) is None


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("en_US", "en-US"),
        ("zh-Hant-TW", "zh-Hant-TW"),
        ("FR", "FR"),
        (" de ", "de"),
        ("fil", "fil"),
    ],
)
def test_language_accepts_what_validators_know(tag: str, language: str) -> None:
    """Tags with a known language pass, an underscore is a hyphen."""
    assert legal.language(tag) == language


@pytest.mark.parametrize("tag", [None, "", "jp", "english", "en-", "en US", "e", "en-toolongsubtag", "xx", "*"])
def test_language_refuses_the_rest(tag: str | None) -> None:
    """Countries, names and rubbish are left out."""
    assert legal.language(tag) is None


@pytest.mark.parametrize(
    ("kind", "url", "media_type"),
    [
        ("audio/MPEG; x=1", "https://e.example/x", "audio/mpeg"),
        (None, "https://e.example/x.MP3?a=b", "audio/mpeg"),
        ("mp3", "https://e.example/x.m4a", "audio/mp4"),
        (None, "https://e.example/x", None),
        ('text/html" onload="', "https://e.example/", None),
    ],
)
def test_media_type(kind: str | None, url: str, media_type: str | None) -> None:
    """A media type is as given, or by the ending, the same on every machine."""
    assert legal.media_type(kind, url) == media_type


def test_email() -> None:
    """Only a full address is an address."""
    assert legal.email(" ann@ann.example ") == "ann@ann.example"
    assert legal.email("ann") is None
    assert legal.email("ann@localhost") is None
    assert legal.email(None) is None


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1)))  # noqa: DTZ001 - Hypothesis wants it naive
def test_rfc3339_reads_back(moment: datetime) -> None:
    """A date reads back to the millisecond, and is UTC whatever its zone was."""
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert legal.rfc3339(elsewhere) == legal.rfc3339(moment)
    assert datetime.fromisoformat(legal.rfc3339(moment)) == moment.replace(
        microsecond=moment.microsecond // 1000 * 1000
    )
