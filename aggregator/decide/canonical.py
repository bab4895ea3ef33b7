"""Forms of URLs and texts in which equal things are equal.

They are keys for comparing, never shown and never fetched: scheme and `www.` are left out because every use
asks for further proof (an equal title, a contained body, the site's own feed).
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from aggregator.decide.sites import host_of

# Parameters that say where a reader came from, never what is read. Sources: the analytics tools' own
# documentation (Google, Meta, Microsoft, Matomo, HubSpot, Mailchimp, Adobe, Yandex).
_TRACKING = re.compile(
    r"utm_\w+|(?:mtm|pk|piwik|matomo|hsa|oly|vero|wt)_\w+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|twclid|"
    r"ttclid|li_fat_id|igshid|mc_cid|mc_eid|mkt_tok|_hsenc|_hsmi|__hssc|__hstc|__hsfp|hsctatracking|yclid|ysclid|"
    r"_openstat|s_cid|cmpid|ncid|icid|ref_src|ref_url|rss_id|guccounter|guce_referrer|guce_referrer_sig",
    re.IGNORECASE,
)
_TAGS = re.compile(r"<[^>]*>")
_SEPARATORS = re.compile(r"\s+[|\u2013\u2014\u00b7:-]\s+")
_ENOUGH_BODY = 200
"""Characters of a body below which containment proves nothing: a teaser may be part of many texts."""


def canonical_url(url: str | None) -> str | None:
    """Return the key of a URL, without scheme: host, path and the parameters that choose content; None if there is no host."""
    host = host_of(url or "").removeprefix("www.")
    if not host:
        return None
    parts = urlsplit(url or "")
    path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=~").rstrip("/")
    kept = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0]))
    return host + path + (f"?{urlencode(kept)}" if kept else "")


def plain_text(markup: str | None) -> str:
    """Return the text of HTML, white space folded."""
    return " ".join(html.unescape(_TAGS.sub(" ", markup or "")).split())


def fold(text: str | None) -> str:
    """Return a text's letters and digits only, case and width folded: `Grok : 1.5!` and `grok 1.5` are equal."""
    normal = unicodedata.normalize("NFKC", text or "").casefold()
    return "".join(character for character in normal if character.isalnum())


def titles_agree(one: str | None, other: str | None) -> bool:
    """Tell whether two titles are one, apart from case, punctuation and a trailing ` | Site name` of either.

    Tails are never cut from both: `Roundup - 12` and `Roundup - 13` differ.
    """
    first, second = fold(one), fold(other)
    if not first or not second:
        return False
    return first == second or first == fold(_without_tail(other)) or fold(_without_tail(one)) == second


def _without_tail(title: str | None) -> str:
    pieces = list(_SEPARATORS.finditer(title or ""))
    return (title or "")[: pieces[-1].start()] if pieces else (title or "")


def bodies_contain(one: str | None, other: str | None) -> bool:
    """Tell whether the text of one body contains the text of the other (a teaser's closing ellipsis aside)."""
    short, long = sorted((fold(_teaser(one)), fold(_teaser(other))), key=len)
    return len(short) >= _ENOUGH_BODY and short in long


def _teaser(body: str | None) -> str:
    return re.sub(r"\s*(?:\[?(?:\u2026|\.\.\.)\]?)\s*$", "", plain_text(body))
