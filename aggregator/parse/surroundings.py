"""What surrounds an article on its page: navigation, boxes of other articles, invitations to share and subscribe."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.parse.body_place import drop_cards, mark_body, paragraph_text
from aggregator.parse.links import HEADINGS
from aggregator.parse.webpage import class_of, id_of, text_of, without_scripts, words

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from aggregator.parse.webpage import Webpage

_MOST_HEADINGS, _MOST_SIBLINGS = 300, 50
"""Looked at: an article has fewer headings, and a box fewer parts."""
_LETTER = re.compile(r"\w")
_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*")
_SURROUNDING = words(
    "nav navbar navigation menu breadcrumb breadcrumbs sidebar related recommended recommendations trending "
    "popular share sharing social newsletter subscribe subscription signup cookie cookies consent comments "
    "disqus pagination pager promo advertisement sponsored paywall toc tagcloud cta"
)
_ANNOUNCES_OTHERS = re.compile(
    r"(?:related|recent|latest|popular|more|other|recommended|trending|similar|featured)\s+(?:from\b.*|"
    r"on\b.*|like this|"
    r"(?:[\w-]+\s+)?(?:articles?|posts?|stories|news|notes|content|reading|coverage|topics|research|updates?|blogs?))|"
    r"(?:you (?:may|might)|read (?:more|next|also)|keep reading|continue reading|up next|"
    r"what to read next|explore more).{0,40}|"
    r"(?:articles|actualités|publications) (?:récent|lié|similaire|associé)\w*|à lire (?:aussi|également).{0,20}|"
    r"(?:sur le même sujet|dans la même rubrique|autres articles|derniers articles|vous aimerez.*)|"
    r"(?:ähnliche|weitere|verwandte|neueste|aktuelle|mehr)\s.{0,30}|das könnte.{0,40}|lesen sie auch.{0,30}|"
    r"(?:artículos|noticias|entradas) (?:relacionad|reciente|similare)\w*|también te.{0,30}|más noticias.{0,20}|"
    r"(?:相关|推荐|更多|热门|最新)(?:阅读|文章|新闻|推荐|资讯).{0,4}|(?:関連|おすすめ|最新)(?:の)?(?:記事|"
    r"ニュース|リンク).{0,6}",
    re.IGNORECASE,
)


def without_surroundings(page: Webpage) -> Webpage:
    """Return a copy of a page without scripts, navigation, boxes of other articles, and invitations."""
    root = without_scripts(deepcopy(page.root))
    most = paragraph_text(root) * 0.4
    for element in list(root.iter("div", "section", "aside", "nav", "ul", "ol", "form", "p", "footer", "header")):
        if element.getparent() is None or element.tag in ("body", "main", "article"):
            continue
        if _surrounds(element) and paragraph_text(element) <= most:
            element.drop_tree()
    headings = list(islice(root.iter("h2", "h3", "h4", "h5", "h6", "strong"), _MOST_HEADINGS))
    for heading in headings:
        if _ANNOUNCES_OTHERS.fullmatch(text_of(heading, limit=100).strip(" :\u2026.")):
            _drop_announced(heading, most)
    for link in [each for heading in root.iter(*HEADINGS) for each in heading.iter("a")]:
        if (link.get("href") or "").startswith("#") and not _LETTER.search(link.text_content()):
            link.drop_tree()
    drop_cards(root)
    mark_body(root)
    return replace(page, root=root)


def _surrounds(element: HtmlElement) -> bool:
    if element.tag == "nav" or (element.get("role") or "") in ("navigation", "dialog", "contentinfo", "complementary"):
        return True
    if (element.get("itemprop") or "") == "comment" or (element.get("itemtype") or "").endswith("schema.org/Comment"):
        return True
    named = f"{class_of(element)} {id_of(element)}"
    if not named.strip() or len(named) > 300:  # noqa: PLR2004
        return False
    return bool({word.lower() for word in _WORD.findall(named)} & _SURROUNDING) and not _is_layout(named)


def _is_layout(named: str) -> bool:
    """Whether a class name speaks of what is beside an element, as `with-sidebar` and `no-sidebar` do."""
    return bool(
        re.search(r"(?:with|no|has|without|hide|show)-?(?:sidebar|toc|nav|comments|share|social)", named, re.IGNORECASE)
    )


def _drop_announced(heading: HtmlElement, most: float) -> None:
    """Drop the box that a heading announces: what is around it if that is a box, else what follows it."""
    box = heading.getparent()
    while box is not None and box.tag not in ("body", "main", "article", "html") and len(box) < 2:  # noqa: PLR2004
        box = box.getparent()
    if box is not None and box.tag in ("section", "div", "aside", "footer") and _is_of_links(box, most):
        box.drop_tree()
        return
    for sibling in list(islice(heading.itersiblings(), _MOST_SIBLINGS)):
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
    return bool(cards) and paragraph_text(element) <= most and (linked * 2 >= total or total < cards * 250)
