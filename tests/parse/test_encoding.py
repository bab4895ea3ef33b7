from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.encoding import decode, legal

TEXT = "<a>é à ü — “x” 日本</a>"


def declared(encoding: str, text: str = TEXT) -> str:
    """Write a document that declares its encoding."""
    return f"<?xml version='1.0' encoding='{encoding}'?>{text}"


@pytest.mark.fault("F21")
@pytest.mark.parametrize(
    "body",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        declared("UTF-16").encode("utf-16"),
        declared("UTF-16").encode("utf-16-le"),
        declared("UTF-16").encode("utf-16-be"),
        declared("UTF-32").encode("utf-32"),
        declared("UTF-32").encode("utf-32-be"),
        declared("x-unheard-of").encode(),
        declared("UTF-16").encode(),
        declared("utf-7").encode(),
        declared("punycode").encode(),
        declared("hex").encode(),
    ],
)
def test_unicode_is_recognised(body: bytes) -> None:
    """Unicode is read by its byte order mark, its first bytes or its declaration, and where the label makes no sense."""
    text, notice = decode(body, None)
    assert text.endswith(TEXT)
    assert notice is None


@pytest.mark.fault("F21")
@pytest.mark.parametrize(
    ("encoding", "text"),
    [("gb18030", "人工智能新闻"), ("gb2312", "人工智能"), ("Shift_JIS", "人工知能①"), ("EUC-KR", "인공지능"), ("windows-1251", "Новости"), ("big5", "新聞")],
)  # fmt: skip
def test_declared_encodings(encoding: str, text: str) -> None:
    """A declared encoding is used, with the superset that goes under its name."""
    body = declared(encoding, text).encode({"Shift_JIS": "cp932"}.get(encoding, encoding))
    assert decode(body, "text/xml") == (declared(encoding, text), None)


def test_windows_1252_under_the_name_of_latin_1() -> None:
    """Quotes and the euro sign of Windows-1252 are read in what is declared as ISO-8859-1."""
    body = declared("ISO-8859-1", "café ’€").encode("cp1252")
    assert decode(body, None) == (declared("ISO-8859-1", "café ’€"), None)


def test_content_type_wins_over_the_declaration() -> None:
    """The charset of Content-Type is believed before the declaration (RFC 7303 section 3)."""
    body = declared("koi8-r", "Новости").encode("windows-1251")
    assert decode(body, 'application/xml; charset="windows-1251"')[0].endswith("Новости")


def test_a_byte_order_mark_wins_over_content_type() -> None:
    """A byte order mark is believed before the charset of Content-Type (RFC 7303 section 3)."""
    assert decode(TEXT.encode("utf-8-sig"), "text/xml; charset=windows-1251") == (TEXT, None)


@pytest.mark.parametrize("content_type", ["text/xml; charset=iso-8859-1", "text/xml; charset=us-ascii"])
def test_utf8_with_the_label_of_a_default(content_type: str) -> None:
    """UTF-8 that a server labels with its default is read as UTF-8, with a notice."""
    text, notice = decode(TEXT.encode(), content_type)
    assert text == TEXT
    assert notice == "the encoding that is stated (cp1252) is wrong: read as utf-8"


def test_windows_1252_labelled_utf8() -> None:
    """Bytes that are no UTF-8 at all are read as Windows-1252, with a notice."""
    text, notice = decode(declared("utf-8", "café ’€").encode("cp1252"), None)
    assert text.endswith("café ’€")
    assert "not UTF-8" in (notice or "")


def test_one_bad_byte_costs_one_character() -> None:
    """UTF-8 with a flaw stays UTF-8."""
    text, notice = decode(TEXT.encode() + b"\xff", None)
    assert text == TEXT + "\ufffd"
    assert "were replaced" in (notice or "")


@pytest.mark.fault("F21")
def test_illegal_characters_go() -> None:
    """Control characters, NUL, surrogates and noncharacters are left out of the text."""
    assert decode("a\0b\x0b\x1fc\ud800d\uffff\t\n".encode("utf-8", "surrogatepass"), None)[0] == "abcd\t\n"


@given(
    st.text(
        st.sampled_from("a\t\n\r\0\x08\x0b\x1f\x7f\x85\ud7ff\ud800\udfff\ue000\ufffd\ufffe\uffff\U00010000\U0010ffff")
    )
)
def test_legal_is_what_xml_says(text: str) -> None:
    """Of every text just the characters of XML 1.0 (section 2.2) stay."""
    ranges = [(0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF)]
    kept = [each for each in text if each in "\t\n\r" or any(low <= ord(each) <= high for low, high in ranges)]
    assert legal(text) == "".join(kept)


@pytest.mark.fault("F21")
@given(
    body=st.binary(max_size=200),
    charset=st.sampled_from([None, "text/xml; charset=utf-16", "x; charset=idna", "x; charset=utf-8"]),
)
def test_any_bytes_become_legal_text(body: bytes, charset: str | None) -> None:
    """No bytes raise, and what is read is legal in XML."""
    text, _ = decode(body, charset)
    assert text == legal(text)
    text.encode()
