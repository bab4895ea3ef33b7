"""Bytes to text: which character encoding a document is in (RFC 7303 section 3, WHATWG Encoding for labels)."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BARE = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""Labels are used for their supersets, as browsers do."""
_REFUSED = frozenset({"utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
_CONFUSED = 4
"""Readable characters outside ASCII for one unreadable: below that a text is not UTF-8 with a flaw."""


def legal(text: str) -> str:
    """Leave out what XML 1.0 cannot hold: control characters, lone surrogates, U+FFFE, U+FFFF (section 2.2)."""
    return text if _is_legal(text) else _ILLEGAL.sub("", text)


def _is_legal(text: str) -> bool:
    """Whether XML 1.0 can hold a text; told by its bytes, many times faster than by a pattern."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return len(raw.translate(None, _CONTROLS)) == len(raw) and "\ufffe" not in text and "\uffff" not in text


def decode(body: bytes, content_type: str | None) -> tuple[str, str | None]:
    """Return the text of a document, XML-legal, and a notice if its encoding is not what it says.

    A byte order mark wins, then the charset of Content-Type, then the XML declaration, then UTF-8. Bytes that
    are valid UTF-8 are read so even when they are labelled ASCII, Latin-1 or Windows-1252: such labels are
    defaults of servers, and text of those encodings is practically never valid UTF-8 by accident.
    """
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return legal(body[len(mark) :].decode(codec, "replace")), None
    for start, codec in _BARE:
        if body.startswith(start):
            return legal(body.decode(codec, "replace")), None
    stated = _stated(body, content_type) or ["utf-8"]
    for codec in dict.fromkeys(["utf-8", *stated] if stated[0] == "cp1252" else [*stated, "utf-8"]):
        text = _strictly(body, codec)
        if text is not None:
            told = codec == stated[0] or text.isascii()
            return legal(text), None if told else f"the encoding that is stated ({stated[0]}) is wrong: read as {codec}"
    return _with_flaws(body, stated[0])


def _stated(body: bytes, content_type: str | None) -> list[str]:
    """Return what Content-Type and the XML declaration say, as codec names that may be used."""
    charset, declared = _CHARSET.search(content_type or ""), _DECLARED.match(body[:1000])
    labels = (charset[1] if charset else "", declared[1].decode("ascii") if declared else "")
    return [codec for codec in map(_codec, filter(None, labels)) if codec]


def _codec(label: str) -> str | None:
    """Python's name for a text encoding that may be used, or None."""
    try:
        name = codecs.lookup(label).name
        b" ".decode(label)  # refuses what is no text encoding, such as hex
    except (LookupError, ValueError):
        return None
    # A document whose declaration could be read as ASCII is not in an encoding of wide units.
    return None if name in _REFUSED or name.startswith(("utf-16", "utf-32")) else _SUPERSETS.get(name, name)


def _strictly(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec, "surrogatepass" if codec == "utf-8" else "strict")
    except (UnicodeError, ValueError):
        return None


def _with_flaws(body: bytes, codec: str) -> tuple[str, str]:
    """Read bytes that no stated encoding explains."""
    text = body.decode(codec, "replace")
    unreadable = text.count("\ufffd")
    readable = len(text) - len(text.encode("ascii", "ignore")) - unreadable
    if codec == "utf-8" and unreadable * _CONFUSED > readable:
        text, codec = body.decode("cp1252", "replace"), "windows-1252"
        return legal(text), f"the document is not UTF-8; it was read as {codec}"
    return legal(text), f"some bytes of the document are not {codec} and were replaced"
