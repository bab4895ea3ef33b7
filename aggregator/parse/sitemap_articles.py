"""Which addresses of a sitemap are articles: a sitemap lists a whole site, its imprint and its shop included.

Nothing but the address tells, so it must speak for itself: by a date, the folder it lies in, the name of the sitemap,
the number of an article, or a slug of several words. What is in doubt is left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from aggregator.decide.sitemaps import likeliness
from aggregator.parse.links import is_dated, may_be_article
from aggregator.parse.webpage import words

if TYPE_CHECKING:
    from collections.abc import Callable

_FOLDERS = words(
    "news newsroom blog blogs article articles p post posts story stories press press-release press-releases actu "
    "actus actualite actualites aktuelles nachrichten noticias novedades magazin magazine journal announcements "
    "updates insights research publications papers releases changelog opinion analysis artikel beitrag beitraege "
    "notizie nieuws"
)
_ELSEWHERE = words(
    "product products produit produits produkt produkte shop store boutique pricing plans solutions services features "
    "integrations docs doc documentation api reference help support faq kb wiki glossary glossaire glossar lexikon "
    "jobs job careers career karriere events event webinars courses course training academy team people staff profile "
    "profiles users members companies partners customers case-studies locations legal gallery forum community "
    "topics compare templates tools models datasets spaces landing lp campaign checkout account wp-content wp-json "
    "feed amp search download downloads apps podcasts videos video"
)
_HOUSE = words(
    "privacy policy policies notice statement terms conditions condition general generales use service legal mentions "
    "legales imprint impressum disclaimer cookie cookies gdpr rgpd dsgvo datenschutz agb kontakt contact about us of "
    "and the for our de des du la le les et y politique confidentialite politica privacidad aviso uso ueber uber uns "
    "qui sommes nous a propos accessibility accessibilite barrierefreiheit refund refunds return returns shipping "
    "acceptable data protection security payment widerruf widerrufsbelehrung sitemap plan site eu ca california"
)
"""Words of the pages that every site must have; one made of them alone is no article."""
_HOUSE_PAGE = re.compile(
    r"(?:privacy|cookie|data-protection|refund|return)-(?:policy|notice|statement)|terms-(?:of|and)-|"
    r"politique-de-|mentions-legales|conditions-generales|allgemeine-geschaefts|datenschutz|nutzungsbeding|"
    r"politica-de-|aviso-legal|code-of-conduct|thank-you|danke|merci|"
    r"プライバシー|個人情報|利用規約|特定商取引|お問い合わせ|隐私|用户协议",
    re.IGNORECASE,
)
_SLUG_WORDS = re.compile(r"[^\W_]+")
_ARTICLE_NUMBER = re.compile(r"(?<!\d)\d{5,}(?!\d)|(?:^|[?&])(?:p|id|article|news)=\d+")
_MANY = 4
"""Words of a slug that is a headline's."""
_LETTERS = 8
"""Letters of a slug in a script that is written without blanks, likewise."""


def articles_in(sitemap: str) -> Callable[[str], bool]:
    """Return what tells whether an address that the sitemap at `sitemap` lists, as it stands there, is an article's."""
    home, kind = urljoin(sitemap, "/"), likeliness(sitemap)

    def is_article(url: str) -> bool:
        try:
            address = urljoin(sitemap, url.strip())
            return may_be_article(address, address, home, home) and _speaks(address, kind)
        except ValueError:  # no address at all
            return False

    return is_article


def _speaks(address: str, kind: int) -> bool:
    """Tell whether an address is an article's; `kind` of its sitemap as decide.sitemaps.likeliness gives it."""
    parts = urlsplit(address)
    path = unquote(parts.path).lower().rstrip("/")
    *folders, slug = path.split("/")
    slug = slug.rpartition(".")[0] or slug
    if is_dated(path) or not _FOLDERS.isdisjoint(folders):
        return True
    if kind == 0 or not _ELSEWHERE.isdisjoint(folders) or _is_of_the_house(slug):
        return False
    return kind > 1 or bool(_ARTICLE_NUMBER.search(slug) or _ARTICLE_NUMBER.search(parts.query)) or _is_headline(slug)


def _is_of_the_house(slug: str) -> bool:
    return bool(_HOUSE_PAGE.match(slug)) or set(_SLUG_WORDS.findall(slug)) <= _HOUSE


def _is_headline(slug: str) -> bool:
    foreign = sum(letter.isalpha() and not letter.isascii() for letter in slug)
    return len(_SLUG_WORDS.findall(slug)) >= _MANY or foreign >= _LETTERS
