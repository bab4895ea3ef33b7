"""The body of an article's page: found by trafilatura, without what surrounds it, as clean HTML and as text.

trafilatura is imported with the first article: it is 24 MB in a process that may never need it.
"""

from __future__ import annotations

import logging
import re
from copy import deepcopy
from typing import TYPE_CHECKING

from lxml import etree, html

from aggregator.decide.canonical import fold
from aggregator.parse.clean import clean_html, clean_text
from aggregator.parse.links import HEADINGS
from aggregator.parse.page_dates import Calendar, read_date
from aggregator.parse.webpage import class_of, id_of, text_of, without_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from aggregator.parse.webpage import Webpage

_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*")
_SURROUNDING = frozenset(
    "nav navbar navigation menu breadcrumb breadcrumbs sidebar related recommended recommendations trending popular "
    "share sharing social newsletter subscribe subscription signup cookie cookies consent comments disqus pagination "
    "pager promo advertisement sponsored paywall toc tagcloud".split()
)
_ANNOUNCES_OTHERS = re.compile(
    r"(?:related|recent|latest|popular|more|other|recommended|trending|similar|featured)\s+(?:from\b.*|on\b.*|like this|"
    r"(?:[\w-]+\s+)?(?:articles?|posts?|stories|news|content|reading|coverage|topics|research|updates?|blogs?))|"
    r"(?:you (?:may|might)|read (?:more|next|also)|keep reading|continue reading|up next|what to read next|explore more).{0,40}|"
    r"(?:articles|actualités|publications) (?:récent|lié|similaire|associé)\w*|à lire (?:aussi|également).{0,20}|"
    r"(?:sur le même sujet|dans la même rubrique|autres articles|derniers articles|vous aimerez.*)|"
    r"(?:ähnliche|weitere|verwandte|neueste|aktuelle|mehr)\s.{0,30}|das könnte.{0,40}|lesen sie auch.{0,30}|"
    r"(?:artículos|noticias|entradas) (?:relacionad|reciente|similare)\w*|también te.{0,30}|más noticias.{0,20}|"
    r"(?:相关|推荐|更多|热门|最新)(?:阅读|文章|新闻|推荐|资讯).{0,4}|(?:関連|おすすめ|最新)(?:の)?(?:記事|ニュース|リンク).{0,6}",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"(?:share|tweet|print|email|copy link|save|listen|follow us|advertisement|partager|teilen|compartir|imprimer|drucken|分享|シェア)"
    r"(?:\s+(?:this|on|with|via|cet|diesen|este)\b.{0,40})?|"
    r"(?:subscribe|sign up|join|abonnez-vous|inscrivez-vous|abonnieren|suscríbete|get (?:our|the)|don.t miss)\b.{0,120}"
    r"(?:newsletter|inbox|mailing list|updates|infolettre|boletín|e-?mail).{0,80}|"
    r"(?:©|copyright|all rights reserved|tous droits réservés|alle rechte vorbehalten).{0,120}|"
    r"(?:\d+\s+)?(?:min(?:ute)?s?|minuten|minutos)\s+(?:read|lesezeit|de lecture|de lectura)|(?:lecture|reading time|lesezeit).{0,20}|"
    r"(?:tags?|categories|filed under|posted in|topics|étiquettes|schlagwörter)\s*:.{0,160}|skip to.{0,30}|"
    r"(?:back to|retour (?:à|aux?)|zurück zu[rm]?|volver a|see all|view all|voir tou[ts]\w*|alle)\b.{0,60}(?:blog|news|articles?|posts|actualités|übersicht|noticias|presse.{0,10}|l.ia)",
    re.IGNORECASE,
)
_MARKS = {"#b": "strong", "#i": "em", "#u": "u", "#t": "code", "#sub": "sub", "#sup": "sup"}
_PLAIN = {"item": "li", "quote": "blockquote", "row": "tr", "lb": "br", "del": "del", "p": "p", "table": "table"}
_BLOCKS = frozenset("p li h1 h2 h3 h4 h5 h6 blockquote pre tr br table ul ol img figure dt dd".split())
_SHORT = 160
_EDGE = 6
"""Blocks at either end that may still be about the article, not of it."""


def body_of(page: Webpage, title: str, calendar: Calendar) -> tuple[str | None, str]:
    """Return the body as clean HTML with absolute addresses, and as text, a block a line; None and "" if none is found.

    The title, the line with date and author, and what invites to read, share or subscribe are left out.
    """
    found = _extract(_pruned(page), page.url)
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


def _pruned(page: Webpage) -> HtmlElement:
    """Return a copy of the tree without navigation, boxes of other articles, and invitations."""
    root = without_scripts(deepcopy(page.root))
    most = _paragraph_text(root) * 0.4
    for element in [each for each in root.iter("div", "section", "aside", "nav", "ul", "ol", "form", "p", "footer", "header")]:
        if element.getparent() is None or element.tag in ("body", "main", "article"):
            continue
        if _surrounds(element) and _paragraph_text(element) <= most:
            element.drop_tree()
    for heading in [each for each in root.iter("h2", "h3", "h4", "h5", "h6", "strong")]:
        if _ANNOUNCES_OTHERS.fullmatch(text_of(heading, limit=100).strip(" :\u2026.")):
            _drop_announced(heading, most)
    return root


def _paragraph_text(element: HtmlElement) -> int:
    """Count the characters of paragraphs, without those of links."""
    return sum(max(len(p.text_content()) - sum(len(a.text_content()) for a in p.iter("a")), 0) for p in element.iter("p"))


def _surrounds(element: HtmlElement) -> bool:
    if element.tag == "nav" or (element.get("role") or "") in ("navigation", "dialog", "contentinfo", "complementary"):
        return True
    named = f"{class_of(element)} {id_of(element)}"
    if not named.strip() or len(named) > 300:  # noqa: PLR2004
        return False
    return bool({word.lower() for word in _WORD.findall(named)} & _SURROUNDING) and not _is_layout(named)


def _is_layout(named: str) -> bool:
    """Whether a class name speaks of what is beside an element, as `with-sidebar` and `no-sidebar` do."""
    return bool(re.search(r"(?:with|no|has|without|hide|show)-?(?:sidebar|toc|nav|comments|share|social)", named, re.IGNORECASE))


def _drop_announced(heading: HtmlElement, most: float) -> None:
    """Drop the box that a heading announces: what is around it if that is a box, else what follows it."""
    box = heading.getparent()
    while box is not None and box.tag not in ("body", "main", "article", "html") and len(box) < 2:  # noqa: PLR2004
        box = box.getparent()
    if box is not None and box.tag in ("section", "div", "aside", "footer") and _is_of_links(box, most):
        box.drop_tree()
        return
    for sibling in list(heading.itersiblings()):
        if sibling.tag in HEADINGS or not _is_of_links(sibling, most):
            break
        sibling.drop_tree()
    if heading.getparent() is not None:
        heading.drop_tree()


def _is_of_links(element: HtmlElement, most: float) -> bool:
    """Whether an element is mostly links, or cards with a link each, and not the body."""
    linked = sum(len(each.text_content()) for each in element.iter("a"))
    total = len(" ".join(element.text_content().split()))
    cards = sum(1 for _ in element.iter("a"))
    return bool(cards) and _paragraph_text(element) <= most and (linked * 2 >= total or total < cards * 250)


def _as_html(body: etree._Element) -> etree._Element:
    """Turn trafilatura's elements into HTML's."""
    for element in body.iter():
        if not isinstance(element.tag, str):
            continue
        tag, rend = element.tag, element.get("rend") or ""
        attributes = dict(element.attrib)
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
    blocks = list(body)
    for number, block in enumerate(blocks):
        text = clean_text("".join(block.itertext()), limit=_SHORT * 4)
        at_edge = number < _EDGE or number >= len(blocks) - _EDGE
        same = block.tag in HEADINGS and fold(text) == fold(title)
        if same or (at_edge and len(text) < _SHORT and _is_about(text, calendar)):
            _remove(block)
    while len(body) and (body[-1].tag in HEADINGS or body[-1].tag == "br"):  # a heading of what was left out
        body.remove(body[-1])


def _remove(block: etree._Element) -> None:
    parent, tail = block.getparent(), (block.tail or "").strip()
    if parent is not None and not tail and not any(True for _ in block.iter("img")):
        parent.remove(block)


def _is_about(text: str, calendar: Calendar) -> bool:
    """Whether a short block is a date, a byline's rest, or an invitation."""
    return bool(text) and (bool(_CHATTER.fullmatch(text.strip(" :.\u2026|"))) or read_date(text, calendar) is not None)


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
