"""The body of an article's page: found by trafilatura, without what surrounds it, as clean HTML and as text.

trafilatura is imported with the first article: it is 24 MB in a process that may never need it.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from lxml import etree, html

from aggregator.decide.canonical import fold
from aggregator.parse.clean import clean_html, clean_text
from aggregator.parse.links import HEADINGS
from aggregator.parse.page_dates import Calendar, read_date, search_date
from aggregator.parse.webpage import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from aggregator.parse.webpage import Webpage

_CHATTER = re.compile(
    r"(?:share|tweet|print|email|copy link|save|listen|follow us|advertisement|partager|teilen|compartir|"
    r"imprimer|drucken|分享|シェア)"
    r"(?:\s+(?:this|on|with|via|cet|diesen|este)\b.{0,40})?|"
    r"(?:subscribe|sign up|join|abonnez-vous|inscrivez-vous|abonnieren|suscríbete|get (?:our|the)|don.t miss)\b.{0,120}"
    r"(?:newsletter|inbox|mailing list|updates|infolettre|boletín|e-?mail).{0,80}|"
    r"(?:©|copyright|all rights reserved|tous droits réservés|alle rechte vorbehalten).{0,120}|"
    r"(?:\d+\s+)?(?:min(?:ute)?s?|minuten|minutos)\s+(?:read|lesezeit|de lecture|de lectura)|(?:lecture|"
    r"reading time|lesezeit).{0,20}|"
    r"(?:tags?|categories|filed under|posted in|topics|étiquettes|schlagwörter)\s*:.{0,160}|skip to.{0,30}|"
    r"(?:back to|retour (?:à|aux?)|zurück zu[rm]?|volver a|see all|view all|voir tou[ts]\w*|"
    r"alle)\b.{0,60}(?:blog|news|articles?|posts|actualités|übersicht|noticias|presse.{0,10}|l.ia)",
    re.IGNORECASE,
)
_MARKS = {"#b": "strong", "#i": "em", "#u": "u", "#t": "code", "#sub": "sub", "#sup": "sup"}
_PLAIN = {"item": "li", "quote": "blockquote", "row": "tr", "lb": "br", "del": "del", "p": "p", "table": "table"}
_BLOCKS = words("p li h1 h2 h3 h4 h5 h6 blockquote pre tr br table ul ol img figure dt dd")
_BYLINE = re.compile(r"(?:By|BY|Par|Von|Por|Door|Di)\s+[A-ZÀ-Þ][^.!?]{2,80}")
_ADVERTISED = re.compile(
    r"[\W_]*(?:(?:skip |continue after )?advertisement|anzeige|werbung|publicité|publicidad|pubblicità|advertentie|"
    r"\u5e83\u544a|\u5e7f\u544a|[\u200b-\u200d\ufeff]+)[\W_]*",
    re.IGNORECASE,
)
_ENDS = ".!?:;\u3002\uff01\uff1f"
_SHORT, _LINE = 160, 100
_EDGE = 6
"""Blocks at either end that may still be about the article, not of it."""


def body_of(page: Webpage, title: str, calendar: Calendar) -> tuple[str | None, str]:
    """Return the body of a page without its surroundings: clean HTML, and text, a block a line; None and "" if none.

    The title, the line with date and author, and what invites to read, share or subscribe are left out.
    """
    found = _extract(page.root, page.url)
    if found is None:
        return None, ""
    body = _as_html(found)
    _trim(body, title, calendar)
    markup = "".join(html.tostring(child, encoding="unicode") for child in body)
    content = clean_html(markup, base=page.base)
    return content, text_from(content) if content else ""


def _extract(tree: HtmlElement, url: str) -> etree._Element | None:
    """Return what trafilatura finds, in its own elements (TEI)."""
    import trafilatura  # noqa: PLC0415

    for name in ("trafilatura", "htmldate", "courlan"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # it warns of pages that it finds nothing in
    try:
        document = trafilatura.bare_extraction(
            tree,
            url=url,
            include_comments=False,
            include_formatting=True,
            include_links=True,
            include_images=True,
            include_tables=True,
        )
    except (ValueError, TypeError, AttributeError, etree.LxmlError):  # what odd trees make of it
        return None
    body = getattr(document, "body", None)
    return body if body is not None and (len(body) or (body.text or "").strip()) else None


def _as_html(body: etree._Element) -> etree._Element:
    """Turn trafilatura's elements into HTML's."""
    for element in body.iter():
        if not isinstance(element.tag, str):
            continue
        tag, rend = element.tag, element.get("rend") or ""
        attributes = dict(element.attrib.items())  # of names such as {}x, dict(attrib) makes an error
        element.attrib.clear()
        if tag == "graphic":
            element.tag = "img"
            element.attrib.update({key: attributes[key] for key in ("src", "alt") if attributes.get(key)})
        elif tag == "ref":
            element.tag = "a"
            element.set("href", attributes.get("target", ""))
        else:
            element.tag = _tag(tag, rend, attributes, element)
    return body


def _tag(tag: str, rend: str, attributes: dict[str, str], element: etree._Element) -> str:
    """Return HTML's name for one of trafilatura's elements."""
    if tag == "head":
        return rend if rend in HEADINGS else "h3"
    if tag == "list":
        return "ol" if rend == "ol" else "ul"
    if tag == "hi":
        return _MARKS.get(rend, "em")
    if tag == "cell":
        return "th" if attributes.get("role") == "head" else "td"
    if tag == "code":
        parent = element.getparent()
        inline = parent is not None and parent.tag in ("p", "li", "td", "th", "a", "strong", "em", *HEADINGS)
        return "code" if inline and "\n" not in "".join(element.itertext()).strip() else "pre"
    return _PLAIN.get(tag, "div")


def _trim(body: etree._Element, title: str, calendar: Calendar) -> None:
    """Take away the title and what is said about the article, at both ends, and empty elements everywhere."""
    blocks = [(block, clean_text("".join(block.itertext()), limit=_SHORT * 4)) for block in body]
    titles = [number for number, (block, text) in enumerate(blocks) if _is_title(block, text, title)]
    start = titles[0] if titles and titles[0] < _EDGE else 0
    for number, (block, text) in enumerate(blocks):
        above = number < start and len(text) < _SHORT
        first, last = number < start + _EDGE, number >= len(blocks) - _EDGE
        about = (first and block.tag in ("p", "div") and _is_above(text, calendar)) or (
            (first or last) and _is_about(text, calendar)
        )
        if above or about or number in titles or _ADVERTISED.fullmatch(text):
            _remove(block)
    while len(body) and (body[-1].tag in HEADINGS or body[-1].tag == "br"):  # a heading of what was left out
        body.remove(body[-1])


def _is_title(block: etree._Element, text: str, title: str) -> bool:
    """Whether a block is the title, whatever stands before it in its heading."""
    one, other = fold(text), fold(title)
    return block.tag in HEADINGS and bool(other) and one.endswith(other) and len(one) <= 2 * len(other)


def _remove(block: etree._Element) -> None:
    parent, tail = block.getparent(), (block.tail or "").strip()
    if parent is not None and not tail and not any(True for _ in block.iter("img")):
        parent.remove(block)


def _is_about(text: str, calendar: Calendar) -> bool:
    """Whether a short block is a date, a byline's rest, or an invitation."""
    if not text or len(text) >= _SHORT:
        return False
    return bool(_CHATTER.fullmatch(text.strip(" :.\u2026|"))) or read_date(text, calendar) is not None


def _is_above(text: str, calendar: Calendar) -> bool:
    """Whether a line at the beginning names the author, or the day and little else."""
    if not text or len(text) > _LINE or text[-1] in _ENDS:
        return False
    found = search_date(text, calendar)
    return bool(_BYLINE.fullmatch(text)) or (found is not None and len(text) - (found.end - found.start) <= _LINE // 2)


def text_from(content: str) -> str:
    """Return the text of clean HTML, a block a line."""
    tree = html.fragment_fromstring(content, create_parent="div")
    return "\n".join(line for line in map(clean_line, "".join(_text(tree)).split("\n")) if line)


def clean_line(line: str) -> str:
    """Return a line with its white space folded."""
    return " ".join(line.split())


def _text(tree: HtmlElement) -> Iterator[str]:
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if element.tag in _BLOCKS:
            yield "\n"
        elif element.tag in ("td", "th"):
            yield " "
        if event == "start":
            yield (element.text or "").replace("\n", "\n" if element.tag == "pre" else " ")
        elif element is not tree:
            yield (element.tail or "").replace("\n", " ")
