"""A style sheet for people: a browser that opens a feed shows it readably, and says how to subscribe.

CSS, not XSLT: browsers are taking XSLT out, and CSS runs nothing.
"""

from __future__ import annotations

STYLE_SHEET = "static/feed.css"
"""Where the style sheet is, below the site's address."""


def styled(document: bytes, path: str) -> bytes:
    """Return an XML document with the processing instruction that names its style sheet (xml-stylesheet, 2nd edition).

    `path` is where the document is below the site's address. The sheet's address is relative to it, so that it is found
    behind every proxy and in every folder of exported files. Raises ValueError without an XML declaration.
    """
    declaration, end, rest = document.partition(b"?>\n")
    if not (end and declaration.startswith(b"<?xml ")):
        raise ValueError("a document without an XML declaration")
    up = "../" * path.count("/")
    return declaration + end + f'<?xml-stylesheet type="text/css" href="{up}{STYLE_SHEET}"?>\n'.encode() + rest
