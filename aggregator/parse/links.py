"""Which links of a list page may lead to an article: by their address, their words and the region they stand in."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aggregator.decide.canonical import canonical_url
from aggregator.decide.sites import host_of
from aggregator.parse.webpage import class_of, id_of, text_of, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from aggregator.parse.webpage import Webpage

MOST_LINKS = 5_000
"""Links of a page that are looked at."""
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

_HUBS = words(
    "tag tags category categories categorie kategorie kategorien categoria author authors auteur autor autoren "
    "contributors people team staff user users profile topic topics thema themen theme search suche recherche login "
    "signin sign-in signup sign-up register account logout subscribe newsletter newsletters contact kontakt about "
    "about-us a-propos ueber-uns privacy privacy-policy terms tos legal imprint impressum mentions-legales cookies "
    "cookie-policy careers jobs career karriere pricing cart checkout feed rss sitemap archive archives wp-login.php "
    "help faq support share page rubrique section sections collections advertise advertising accessibility "
    "datenschutz agb disclaimer copyright"
)
_HUB_LAST = words(
    "news blog blogs articles press actualites aktuelles noticias media events products product produits produkte "
    "docs documentation research company home index index.html index.php all latest stories insights resources "
    "customers partners solutions demo download downloads api status security enterprise"
)
_HUB_FOLDERS = words(
    "tag tags category categories categorie kategorie kategorien categoria author authors auteur autor autoren "
    "contributors people team staff user users profile topic topics thema themen theme search suche recherche login "
    "legal careers jobs events"
)
"""What stands before the name of a topic or a person: /tag/x."""
_MONTH_ARCHIVE = re.compile(r"(?:archives?/)?(?:19|20)\d\d(?:/(?:0?[1-9]|1[0-2]))?")
_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|zip|gz|mp3|mp4|xml|rss|atom|json|css|js|ics|exe|dmg)$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"(?:/page/\d+/?|[?&](?:page|p|paged|pg|start|offset)=\d+|/p\d{1,3}/?)$", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2,4})?", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"(?:^|\.)(?:twitter|x|facebook|linkedin|instagram|pinterest|reddit|whatsapp|t|threads|tiktok|weibo|discord|"
    r"bsky|telegram|line|hatena|getpocket|mastodon|xing|youtube|flipboard|apple|spotify|play\.google)"
    r"\.(?:com|net|org|me|gg|app|social|ne\.jp|google)$|^wa\.me$|^t\.me$|^news\.google\.",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"/(?:19|20)\d\d[/-](?:0?[1-9]|1[0-2])(?:[/-]|$)|/(?:19|20)\d{6}(?!\d)|[_/-](?:19|20)\d\d-\d\d-\d\d"
)
_DOMAIN = re.compile(r"(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}", re.IGNORECASE)
_LONGEST_ACCOUNT = 60
_NUMBERED = re.compile(r"\d{4,}")
_FOLDER_PAGE = re.compile(r"/(?:default|index|home)\.(?:aspx?|html?|php|jsp)$", re.IGNORECASE)
"""The page that servers answer with for a folder: the words of the address are the folder's."""

_WAY_HERE = re.compile(r"(?<=[?&])(?:source|from|ref|via)=[^&#]*")
"""Parameters that in lists tell the link, not what it leads to."""

GENERIC = re.compile(
    r"(?:read|learn|see|view|find|show|discover|continue|get|explore|load|watch|listen)?\s*"
    r"(?:more|now|reading|all|here|article|post|story|the (?:full )?(?:article|story|post)|full (?:article|story)|"
    r"details|our (?:news|blog|posts|products|work)|out more|started)(?:\s+(?:posts|articles|news|stories|here|less))?"
    r"(?:\s+(?:about|on|from)\b.{0,24})?"
    r"|en savoir plus.{0,20}"
    r"|(?:lire|voir|découvrir)(?:\s+(?:plus|la suite|l.article|l.actualité|tou[st]\w*)(?:\s.{0,24})?)?"
    r"|(?:weiter|weiterlesen|zum artikel|mehr|alle)"
    r"(?:\s+(?:lesen|erfahren|anzeigen|infos?|informationen|dazu|news|meldungen|artikel|beiträge|ansehen)(?:\s.{0,20})?)?"
    r"|(?:leer|ver|saber|seguir)(?:\s+(?:más|mas|todo|todos|leyendo|artículo|noticia).{0,24})?"
    r"|查看(?:更多|详情|全文)?|阅读(?:更多|全文)|更多|详情|全文|続きを読む|もっと見る|詳しく(?:はこちら|"
    r"見る)?|一覧(?:を見る|へ)?"
    r"|(?:download|télécharger|herunterladen|descargar|scarica|baixar)(?:\s+(?:the\s+|le\s+|el\s+|il\s+|o\s+)?"
    r"(?:pdf|file|fichier|report|(?:press |news )?release|document))?|pdf(?: version| download)?|下载|ダウンロード"
    r"|read|previous|next|older|newer|back|share|comments?|\d+ comments?|no comments|leave a (?:comment|reply)|"
    r"permalink|\d+ (?:responses?|replies|likes?|views|claps|min(?:ute)?s? read)|abs|pdf|html|other|link|"
    r"reply|save|edit|login|sign in|sign up|subscribe|home|menu|skip to.{0,20}",
    re.IGNORECASE,
)
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")

_HARD_ROLES = frozenset({"navigation", "contentinfo", "search", "menu", "menubar", "dialog", "alertdialog", "toolbar"})
_HARD_WORDS = words(
    "nav navbar navigation navi menu submenu megamenu breadcrumb breadcrumbs footer pagination pager paginator cookie "
    "cookies consent gdpr share sharing social socials tagcloud comments comment newsletter signup modal popup "
    "login skip toc hreflang languages"
)
_SOFT_WORDS = words(
    "sidebar aside related popular trending recommended recommendations mostread mostpopular similar promo promoted "
    "sponsored advertisement ads ranking widgets widgetarea upsell cta banner ticker breaking headroom"
)
_SOFT_PAIRS = re.compile(
    r"most-?(?:read|popular|viewed|shared)|widget-area|read-next|also-like|top-stories|"
    r"recent-?posts-?widget|widget_recent|right-?(?:rail|col)|secondary",
    re.IGNORECASE,
)
_BOXED = re.compile(
    r"(?:most|more|also) (?:read|popular|viewed|shared)|popular(?: .{0,20})?|trending.{0,20}|related.{0,24}|"
    r"you (?:may|might).{0,30}|recommended.{0,20}|editor.?s.? picks?|"
    r"(?:les )?plus (?:lus|populaires)|à lire aussi|articles (?:liés|similaires|populaires)|sur le même sujet|"
    r"meistgelesen.{0,20}|beliebt.{0,24}|verwandte.{0,20}|mehr zum thema|das könnte.{0,30}|empfohlen.{0,20}|"
    r"lo más (?:leído|visto)|más (?:leídas?|leídos?|vistos?)|relacionad[oa]s|también te.{0,20}|"
    r"(?:人気|関連|おすすめ)(?:の)?(?:記事|ニュース)?(?:ランキング)?|(?:アクセス)?ランキング|热门.{0,6}|"
    r"相关.{0,6}|推荐.{0,6}|"
    r"(?:点击|阅读)?排行.{0,3}|follow us|newsletters?|tags|categories|archives?|upcoming events|events|jobs",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+(?![a-z])")

HARD, SOFT, OPEN = 2, 1, 0
"""Regions: never a list (navigation, footers), not unless there is nothing else (sidebars, boxes), and the rest."""


@dataclass(frozen=True, slots=True)
class LinkTo:
    """A link that may lead to an article."""

    element: HtmlElement
    href: str
    """Absolute, without fragment."""
    key: str
    """The address in the form in which equal ones are equal."""
    text: str
    heading: bool
    """It stands in a heading, or a heading in it."""
    region: int


def links_of(page: Webpage) -> list[LinkTo]:
    """Return the links of a page that may lead to an article, in order, at most 5,000."""
    regions = regions_of(page.root)
    here = canonical_url(page.url) or page.url
    found: list[LinkTo] = []
    for element in page.root.iter("a"):
        if len(found) >= MOST_LINKS:
            break
        region = regions.get(element, OPEN)
        href = page.address(element.get("href"))
        if region == HARD or not href or element.get("hreflang") or _is_relation(element):
            continue
        key = canonical_url(_WAY_HERE.sub("", href))
        if key and may_be_article(href, key, page.url, here):
            href = href.partition("#")[0]
            text = text_of(element, limit=400)
            if _is_label(text, href):
                continue
            found.append(LinkTo(element, href, key, text, _has_heading(element), region))
    above = _above(link.key for link in found)
    return [link for link in found if link.key not in above]


def _is_label(text: str, href: str) -> bool:
    """Whether words name an account, `@name`, or a site that the address is about: /domains/lab.example."""
    if text.startswith("@"):
        return len(text) < _LONGEST_ACCOUNT
    return bool(_DOMAIN.fullmatch(text)) and text.lower() in href.lower().partition("://")[2].partition("/")[2]


def _above(keys: Iterable[str]) -> set[str]:
    """Return the addresses below which two or more others lie: topics, not articles."""
    counts = Counter(key.partition("?")[0].rpartition("/")[0] for key in set(keys))
    return {key for key, count in counts.items() if count > 1}


def _is_relation(element: HtmlElement) -> bool:
    """Whether a link says that it leads to a tag, an author, or another page of the list."""
    return bool(
        {"tag", "author", "category", "next", "prev", "license", "home"} & set((element.get("rel") or "").split())
    )


def _has_heading(element: HtmlElement) -> bool:
    if any(child.tag in HEADINGS for child in element.iterdescendants() if isinstance(child.tag, str)):
        return True
    ancestor = element.getparent()
    for _ in range(3):
        if ancestor is None:
            return False
        if ancestor.tag in HEADINGS:
            return True
        ancestor = ancestor.getparent()
    return False


def may_be_article(href: str, key: str, page_url: str, here: str) -> bool:
    """Whether an address is neither the page, nor above it, nor one of tags, authors, files, or another network's."""
    parts, at = urlsplit(href), urlsplit(page_url)
    path = parts.path.rstrip("/")
    if key == here or (not path and not parts.query) or _FILE.search(path) or _PAGE_NUMBER.search(href):
        return False
    same = host_of(href) == host_of(page_url)
    if same and at.path.rstrip("/").startswith(path) and not parts.query:
        return False
    if not same and _ELSEWHERE.search(parts.hostname or ""):
        return False
    segments = [segment.lower() for segment in path.split("/") if segment]
    if _NUMBERED.search(parts.query) or re.search(r"(?:^|&)(?:id|p|article|news)=\d", parts.query):
        return segments[-1:] != ["search"]
    return not _is_hub(segments, at.path.lower())


def _is_hub(segments: list[str], page_path: str) -> bool:
    """Whether a path is one of navigation: /tag/x, /author/x, /about, /en."""
    if not segments:
        return False
    beyond = [segment for segment in segments[:-1] if f"/{segment}/" not in f"{page_path.rstrip('/')}/"]
    if len(segments) == 1 and segments[0].startswith(("@", "~")):
        return True
    if segments[-1] in _HUBS or segments[-1] in _HUB_LAST or any(segment in _HUB_FOLDERS for segment in beyond[-1:]):
        return True
    if _MONTH_ARCHIVE.fullmatch("/".join(segments)):
        return True
    return len(segments) == 1 and bool(_LANGUAGE.fullmatch(segments[0]))


def is_dated(path: str) -> bool:
    """Whether a path has the date of an article in it: /2026/01/x, /2026-01-05-x."""
    return bool(_DATED.search(path))


@lru_cache(maxsize=4096)
def address_speaks(href: str) -> float:
    """How much an address looks like an article's, 0 to 1: a slug of several words, a date, a number."""
    parts = urlsplit(href)
    path = unquote(parts.path).rstrip("/")
    path = _FOLDER_PAGE.sub("", path)
    last = re.sub(r"\.(?:html?|php|aspx?)$", "", path.rpartition("/")[2])
    if is_dated(path):
        return 1.0
    words = [word for word in re.split(r"[-_+\s]", last) if word]
    if len(words) >= 4:  # noqa: PLR2004
        return 1.0
    if len(words) >= 2 or _NUMBERED.search(last) or _NUMBERED.search(parts.query):  # noqa: PLR2004
        return 0.6
    return 0.2


def is_generic(text: str) -> bool:
    """Whether words are those of a button, not of a title: `Read more`, `En savoir plus`, `3 comments`."""
    bare = _EDGES.sub("", text)
    return not bare or bool(GENERIC.fullmatch(bare))


@lru_cache(maxsize=1)
def regions_of(root: HtmlElement) -> dict[HtmlElement, int]:
    """Return HARD or SOFT for every element inside such a region; elements that are missing are OPEN."""
    anchors = _anchors_inside(root)
    total = anchors.get(root, 0)
    found: dict[HtmlElement, int] = {}
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        inherited = found.get(element.getparent(), OPEN)
        region = inherited
        if inherited != HARD and anchors.get(element):
            region = max(inherited, _own_region(element, anchors[element] * 2 > total))
        if region:
            found[element] = region
    return found


def _anchors_inside(root: HtmlElement) -> dict[HtmlElement, int]:
    """Count the links in every element."""
    counts: dict[HtmlElement, int] = {}
    for element in reversed(list(root.iter())):
        own = counts.get(element, 0) + (element.tag == "a")
        counts[element] = own
        parent = element.getparent()
        if own and parent is not None:
            counts[parent] = counts.get(parent, 0) + own
    return counts


def _own_region(element: HtmlElement, most: bool) -> int:  # noqa: FBT001
    """Judge an element by itself; `most`: it holds most links of the page, so its class names say little."""
    tag, role = element.tag, (element.get("role") or "").lower()
    if tag == "nav" or role in _HARD_ROLES or (tag in ("header", "footer") and not _in_content(element)):
        return OPEN if most and tag == "header" else HARD
    if tag == "aside" or role == "complementary":
        return OPEN if most else SOFT
    if tag in ("body", "html", "main", "article", "a") or most:
        return OPEN
    named = f"{class_of(element)} {id_of(element)}"
    words = {word.lower() for word in _WORD.findall(named)} if named.strip() else set()
    if words & _HARD_WORDS and tag not in ("li", "h2", "h3", "h4"):
        return HARD
    if words & _SOFT_WORDS or _SOFT_PAIRS.search(named) or _is_boxed(element):
        return SOFT
    return OPEN


def _in_content(element: HtmlElement) -> bool:
    """Whether a header or footer is that of an article or a section, not of the page."""
    return any(each.tag in ("main", "article", "section", "li") for each in element.iterancestors())


def _is_boxed(element: HtmlElement) -> bool:
    """Whether the first words of an element are a heading that announces other articles than the list's."""
    if element.tag not in ("section", "div", "ul", "ol"):
        return False
    return any(_BOXED.fullmatch(_EDGES.sub("", text)) for text in _first_headings(element))


def _first_headings(element: HtmlElement) -> Iterator[str]:
    for child in list(element)[:2]:
        inner = child if child.tag in HEADINGS else next(iter(child), None) if child.tag in ("div", "header") else None
        if inner is not None and inner.tag in (*HEADINGS, "strong"):
            yield text_of(inner, limit=80)
            return
    before = element.getprevious()
    if before is not None and before.tag in HEADINGS and element.tag in ("ul", "ol"):
        yield text_of(before, limit=80)
