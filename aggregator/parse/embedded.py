"""What pages carry for machines: JSON-LD (schema.org), and the data that scripts build the page from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aggregator.parse.clean import clean_text, plain_text
from aggregator.parse.encoding import legal
from aggregator.parse.webpage import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.parse.webpage import Webpage

_MOST_NODES = 50_000
"""Objects and arrays of a page's data that are looked at."""
_LARGEST = 4_000_000
"""Characters of one script that is read."""
_ARTICLES = words(
    "article newsarticle blogposting techarticle scholarlyarticle report analysisnewsarticle opinionnewsarticle "
    "reportagenewsarticle backgroundnewsarticle reviewnewsarticle liveblogposting socialmediaposting "
    "advertisercontentarticle posting creativework review podcastepisode videoobject"
)
_FEW_TITLES = ("title", "headline", "name", "heading")
_ADDRESSES = ("url", "href", "path", "permalink", "link", "uri", "canonicalUrl", "slug")
_DATES = (
    "datePublished", "publishedAt", "published_at", "publishDate", "publish_date", "publishedOn", "publishedDate",
    "publicationDate", "firstPublishedAt", "first_published_at", "postedAt", "pubDate", "date", "published",
    "createdAt",
)  # fmt: skip
_TEASERS = ("description", "excerpt", "summary", "subtitle", "abstract", "dek")
_PICTURES = ("image", "thumbnail", "cover", "heroImage", "coverImage", "thumbnailUrl")
_PUSHED = re.compile(r"self\.__next_f\.push\((\[.*\])\)\s*;?\s*$", re.DOTALL)
_ASSIGNED = re.compile(r"^\s*(?:window\.|var |const |let |self\.)?[\w.$\[\]'\"]{1,60}\s*=\s*(?=[\[{])")
_CHUNK = re.compile(r"^[0-9a-z]{1,6}:(?:[A-Z]\w{0,3},)?(?=[\[{])", re.IGNORECASE)
_WRAPPED = re.compile(r"^(?://\s*|/\*)?(?:<!\[CDATA\[|<!--)(?:\*/)?\s*|\s*(?://\s*|/\*)?(?:\]\]>|-->)(?:\*/)?$")
_FEWEST = 3
"""Members of an array of articles that makes it a list."""


@dataclass(frozen=True, slots=True)
class Stated:
    """An article as data says it; every value as written there."""

    url: str
    title: str
    date: str | None = None
    summary: str | None = None
    image: str | None = None
    is_slug: bool = False
    """`url` is the last part of an address only."""


@lru_cache(maxsize=1)
def json_ld(page: Webpage) -> list[dict[str, Any]]:
    """Return the objects of a page's JSON-LD, those inside others too, in order; what is no JSON is left out."""
    found: list[dict[str, Any]] = []
    for script in page.root.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            found += [node for node in _walk(_loads(script.text or "")) if isinstance(node, dict)]
    return found[:_MOST_NODES]


def types_of(node: dict[str, Any]) -> set[str]:
    """Return the schema.org types of an object, in lower case and without their vocabulary."""
    stated = node.get("@type")
    values = stated if isinstance(stated, list) else [stated]
    return {value.rpartition("/")[2].lower() for value in values if isinstance(value, str)}


def is_article(node: dict[str, Any]) -> bool:
    """Whether an object is of a type that articles have."""
    return bool(types_of(node) & _ARTICLES)


def stated_articles(page: Webpage) -> list[Stated]:
    """Return the articles that JSON-LD lists: in ItemList, Blog and CollectionPage, or beside one another."""
    found: dict[str, Stated] = {}
    nodes = json_ld(page)
    crumbs = {id(step) for node in nodes if "breadcrumblist" in types_of(node) for step in _steps(node)}
    for node in nodes:
        types = types_of(node)
        if id(node) in crumbs:
            continue
        if "listitem" in types and isinstance(node.get("item"), str | dict):
            inner = node["item"]
            node = {**node, "url": inner} if isinstance(inner, str) else {**node, **inner}  # noqa: PLW2901
        elif not (types & (_ARTICLES - {"creativework"}) or ("listitem" in types and node.get("url"))):
            continue
        article = _stated(node)
        if article and not article.is_slug:
            found.setdefault(article.url, article)
    return list(found.values())


def _steps(breadcrumbs: dict[str, Any]) -> list[Any]:
    """Return the steps of a breadcrumb list, and what they lead to."""
    steps = breadcrumbs.get("itemListElement")
    steps = steps if isinstance(steps, list) else [steps]
    return [*steps, *(step.get("item") for step in steps if isinstance(step, dict))]


def scripted_articles(page: Webpage) -> list[Stated]:
    """Return the articles of the longest list in the data that scripts build the page from; empty where none is clear.

    That is `__NEXT_DATA__`, other JSON scripts, what Next.js pushes, and an object that is assigned to a variable. An
    array is a list when three or more of its members, and most, have a title and an address or a slug.
    """
    best: list[Stated] = []
    for data in _scripts(page):
        for node in _walk(data):
            if isinstance(node, list) and len(node) >= _FEWEST:
                members = [each for each in map(_stated, map(_unwrapped, node)) if each]
                distinct = {each.url for each in members}
                if len(distinct) * 5 >= len(node) * 4 and _rank(members) > _rank(best):
                    best = members
    return best if len(best) >= _FEWEST else []


def _rank(members: list[Stated]) -> tuple[bool, int]:
    """Dated lists before others, long ones before short ones."""
    return (sum(each.date is not None for each in members) * 2 > len(members), len(members))


def _scripts(page: Webpage) -> Iterator[Any]:
    pushed: list[str] = []
    for script in page.root.iter("script"):
        text, kind = (script.text or "")[:_LARGEST], (script.get("type") or "").lower()
        if "ld+json" in kind or not text.strip():
            continue
        if push := _PUSHED.search(text):
            data = _loads(push[1])
            pushed += [part for part in data if isinstance(part, str)] if isinstance(data, list) else []
        elif "json" in kind:
            yield _loads(text)
        elif assigned := _ASSIGNED.match(text):
            yield _first_value(text[assigned.end() :])
    for line in "".join(pushed)[:_LARGEST].split("\n"):
        if chunk := _CHUNK.match(line):
            yield _loads(line[chunk.end() :])


def _loads(text: str) -> Any:
    """Return JSON's value; None when it is none (HTML comments around it are taken off)."""
    text = _WRAPPED.sub("", text.strip()).rstrip(";")
    if not text or len(text) > _LARGEST:
        return None
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _first_value(text: str) -> Any:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _walk(data: Any) -> Iterator[Any]:
    """Yield every object and array of a value, outer before inner, in document order."""
    stack = [data]
    for _ in range(_MOST_NODES):
        if not stack:
            return
        node = stack.pop()
        if isinstance(node, dict | list):
            yield node
            inner = node.values() if isinstance(node, dict) else node
            stack.extend(reversed([each for each in inner if isinstance(each, dict | list)]))


def _unwrapped(node: Any) -> Any:
    """Return the object that a member of an array wraps: {"node": {...}}, {"attributes": {...}}, {"fields": {...}}."""
    if isinstance(node, dict):
        for key in ("node", "attributes", "fields", "frontmatter", "data", "item"):
            inner = node.get(key)
            if isinstance(inner, dict) and not _first(node, _FEW_TITLES):
                return {**node, **inner}
    return node


def _stated(node: Any) -> Stated | None:
    """Return what an object says of an article, when it has a title and an address."""
    if not isinstance(node, dict):
        return None
    title = plain_text(_first(node, _FEW_TITLES) or "", markup=True)
    main = node.get("mainEntityOfPage")
    stated = main.get("@id") if isinstance(main, dict) else main
    key = next((key for key in _ADDRESSES if _first(node, (key,))), None)
    address = (_first(node, (key,)) if key else None) or (stated if isinstance(stated, str) else None)
    if not address or (not title and "@type" not in node):
        return None
    is_slug = key == "slug" and "/" not in address.strip("/") and not address.startswith("/")
    return Stated(
        url=legal(address),
        title=title,
        date=_first(node, _DATES),
        summary=plain_text(_first(node, _TEASERS) or "", markup=True, limit=2000) or None,
        image=_first(node, _PICTURES),
        is_slug=is_slug,
    )


def _first(node: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """Return the first value that is a text, or has one as `current`, `rendered`, `url` or `@id`."""
    for key in keys:
        value = node.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            inner = (value.get(part) for part in ("current", "rendered", "url", "@id", "src"))
            value = next((part for part in inner if isinstance(part, str)), None)
        if isinstance(value, int) and not isinstance(value, bool) and key in _DATES:
            value = str(value)
        if isinstance(value, str) and value.strip():
            return clean_text(value, limit=4000)
    return None
