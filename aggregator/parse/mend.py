"""Whether a document is well-formed, and the usual mistakes put right so that nothing of it is lost."""

from __future__ import annotations

import re
import sys
from html.entities import name2codepoint
from xml.parsers import expat

from aggregator.parse.encoding import legal

_CLOSINGS = re.compile(r"</(?:[\w.-]+:)?(?:rss|rdf|feed)\s*>", re.IGNORECASE)
_ENDS = re.compile(r"</(?:[\w.-]+:)?(?:rss|rdf|feed|channel)\s*>", re.IGNORECASE)
_NEAR = 200
"""Characters at the end of a document in which it usually says that it ends."""
_LOOSE = re.compile(
    r"(?P<kept><!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(?:amp|lt|gt|quot|apos);)"
    r"|(?P<less><(?![A-Za-z_/!?]))|&(?:\#(?P<number>\d{1,7}|[xX][0-9a-fA-F]{1,6});|(?P<name>[A-Za-z][A-Za-z0-9]{1,31});)?",
    re.DOTALL,
)


def damage(text: str) -> tuple[int, str] | None:
    """Return line and kind of the first mistake in an XML document without a DOCTYPE, or None.

    expat, with namespaces, judges as feedparser's strict parser will; it loads nothing and declares no entities.
    """
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        return error.lineno, expat.ErrorString(error.code)
    return None


def is_cut_short(text: str) -> bool:
    """Tell whether a document does not end: what it would have listed after this is missing."""
    return not (_ENDS.search(text, max(0, len(text) - _NEAR)) or _ENDS.search(text))


def mend(text: str) -> str:
    """Put right what can be without knowing the document.

    That is: loose ampersands and less-than signs, HTML's entities, references to characters that XML does not have,
    and what stands after the end.
    """
    closings = list(_CLOSINGS.finditer(text))
    if closings:
        text = text[: closings[-1].end()]
    return _LOOSE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    """Return what to write for a reference, a bare ampersand or a bare less-than sign."""
    if match["kept"]:
        return match["kept"]
    if match["less"]:
        return "&lt;"
    if match["name"]:
        point = name2codepoint.get(match["name"])
        return chr(point) if point else "&amp;" + match[0][1:]
    if match["number"]:
        digits = match["number"]
        point = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        return match[0] if point <= sys.maxunicode and legal(chr(point)) else ""
    return "&amp;"
