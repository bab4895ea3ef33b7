"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/): text in, Document out.

What the specification calls text is text: titles, summaries and content_text are escaped, never read as markup. A value
of another type than the specification's is left out, or taken for what it must mean (an id that is a number, `author`
where `authors` belongs); one bad item never costs the others.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from aggregator.model import Category, Document, Enclosure, Header, Item, Link, Person
from aggregator.parse.clean import clean_html, clean_text, is_heavy, plain_text
from aggregator.parse.dates import parse_date
from aggregator.parse.fields import MANY, dict_of, dicts_of, guid_of, language_tag, text_of, unique
from aggregator.parse.items import HEAVY
from aggregator.parse.jsonkinds import is_feed, refusal
from aggregator.parse.jsontext import read_json
from aggregator.parse.limits import MOST_ITEMS
from aggregator.parse.urls import clean_mailbox, clean_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEVER = datetime.min.replace(tzinfo=UTC)
_WEBSUB = ("websub", "pubsubhubbub")
_LONGEST = 10**18


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an item has from its document; `notices` counts what was mended or left out."""

    base: str
    language: str | None
    notices: Counter[str] = field(default_factory=Counter)


def parse_json(text: str, *, url: str) -> Document:
    """Parse a JSON document that `url` answered with.

    Raise NotAFeed for JSON that is no feed, with what it is, and ParseError for what cannot be read. A damaged feed
    gives the items before the damage, and a notice. Of more than 1,000 items the newest are read.
    """
    feed, flaw = read_json(text)
    if not isinstance(feed, dict) or not is_feed(feed):
        raise refusal(feed)
    header = _header(feed, url)
    reading = _Reading(base=header.site or url, language=header.language)
    listed = _members(feed, "items", reading)
    items = tuple(_item(each, reading) for each in _newest(listed))
    notices = (*_notices(feed, len(listed), flaw, len(items)), *_counted(reading.notices))
    return Document(header, items, format=_format(feed), notices=notices, cut_short=flaw is not None)


def _notices(feed: Mapping[str, Any], listed: int, flaw: str | None, read: int) -> Iterator[str]:
    if flaw:
        yield f"{flaw}; {read} items were read"
    if not text_of(feed, "version"):
        yield "the document does not say which version of JSON Feed it is"
    if feed.get("expired") is True:
        yield "the publisher says that this feed has ended (expired)"
    if listed > read:
        yield f"the document has {listed} items; the newest {read} were read"


def _counted(notices: Counter[str]) -> Iterator[str]:
    return (f"{what}: {count}" for what, count in notices.items())


def _format(feed: Mapping[str, Any]) -> str:
    return "json1" if text_of(feed, "version").rstrip("/").endswith(("/1", "/1.0")) else "json11"


def _members(feed: Mapping[str, Any], key: str, reading: _Reading) -> list[Mapping[str, Any]]:
    """Return a list's members that are objects."""
    value = feed.get(key)
    members = value if isinstance(value, list) else []
    objects: list[Mapping[str, Any]] = [member for member in members if isinstance(member, dict)]
    if len(objects) < len(members):
        reading.notices["items left out because they are no objects"] = len(members) - len(objects)
    return objects


def _newest(items: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return at most 1,000 items in their order: the newest by their dates; without dates the first."""
    if len(items) <= MOST_ITEMS:
        return items
    ranked = sorted(range(len(items)), key=lambda place: _moment(items[place]), reverse=True)
    return [items[place] for place in sorted(ranked[:MOST_ITEMS])]


def _moment(item: Mapping[str, Any]) -> datetime:
    """Return an item's date where it is written as it must be (RFC 3339): half a million are looked at."""
    try:
        moment = datetime.fromisoformat(text_of(item, "date_published") or text_of(item, "date_modified"))
    except ValueError:
        return _NEVER
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _header(feed: Mapping[str, Any], url: str) -> Header:
    icons = (text_of(feed, "icon"), text_of(feed, "favicon"))
    return Header(
        title=plain_text(text_of(feed, "title"), markup=False),
        subtitle=plain_text(text_of(feed, "description"), markup=False, limit=4000) or None,
        links=_links(feed, url),
        authors=_authors(feed, url),
        language=language_tag(text_of(feed, "language")),
        icon=next(filter(None, (clean_url(icon, base=url) for icon in icons)), None),
    )


def _links(feed: Mapping[str, Any], url: str) -> tuple[Link, ...]:
    """Return the links to the site, to the feed itself, to its next page and to its WebSub hubs."""
    hubs = [hub for hub in dicts_of(feed, "hubs") if text_of(hub, "type").lower() in _WEBSUB]
    spellings = [
        ("alternate", text_of(feed, "home_page_url")),
        ("self", text_of(feed, "feed_url")),
        ("next", text_of(feed, "next_url")),
        *(("hub", text_of(hub, "url")) for hub in hubs),
    ]
    found = ((relation, clean_url(spelling, base=url)) for relation, spelling in spellings)
    return unique(Link(href, rel=relation) for relation, href in found if href)


def _authors(values: Mapping[str, Any], base: str) -> tuple[Person, ...]:
    """Return `authors` (1.1), else `author` (1.0); one that is a mere name, or not in a list, is understood."""
    found = values.get("authors") or values.get("author")
    members = found[:MANY] if isinstance(found, list) else [found]
    return unique(person for member in members if (person := _person(member, base)))


def _person(member: Any, base: str) -> Person | None:
    author: Mapping[str, Any] = member if isinstance(member, dict) else {"name": member}
    name = clean_text(text_of(author, "name"), limit=200)
    mailbox = clean_mailbox(text_of(author, "url"))
    email = mailbox.partition(":")[2].partition("?")[0] if mailbox else None
    uri = clean_url(text_of(author, "url"), base=base)
    return Person(name=name or email or uri or "", uri=uri, email=email) if name or email or uri else None


def _item(item: Mapping[str, Any], reading: _Reading) -> Item:
    """Return an item; every member that the document does not give, or gives in vain, is empty."""
    guid = guid_of(_id(item.get("id")))
    link = _link(item, guid, reading.base)
    summary, content = _bodies(item, reading, base=link or reading.base)
    language = language_tag(text_of(item, "language"))
    return Item(
        title=plain_text(text_of(item, "title"), markup=False),
        guid=guid,
        link=link,
        summary=summary,
        content=content,
        published=parse_date(text_of(item, "date_published")),
        updated=parse_date(text_of(item, "date_modified")),
        authors=_authors(item, reading.base),
        categories=_categories(item),
        enclosures=_enclosures(item, reading.base),
        thumbnail=_thumbnail(item, reading.base),
        language=None if language == reading.language else language,
        source=_source(item, reading.base),
    )


def _id(value: Any) -> str:
    """Return an id as text: "if an id is presented as a number or other type, a reader must coerce it to a string"."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _link(item: Mapping[str, Any], guid: str | None, base: str) -> str | None:
    """Return the item's page, else the page elsewhere that it is about, else its id where that is an address."""
    spellings = [text_of(item, "url"), text_of(item, "external_url")]
    if guid and guid.startswith(("https://", "http://")):
        spellings.append(guid)
    return next(filter(None, (clean_url(spelling, base=base) for spelling in spellings)), None)


def _bodies(item: Mapping[str, Any], reading: _Reading, *, base: str) -> tuple[str | None, str | None]:
    """Return summary and content as clean HTML; a summary that repeats the content is left out."""
    summary = _clean(_as_html(text_of(item, "summary")), reading, base=base)
    content = _clean(text_of(item, "content_html"), reading, base=base)
    content = content or _clean(_as_html(text_of(item, "content_text")), reading, base=base)
    return (None if summary == content else summary), content


def _clean(html: str, reading: _Reading, *, base: str) -> str | None:
    if not html:
        return None
    if is_heavy(html):
        reading.notices[HEAVY] += 1
    return clean_html(html, base=base)


def _as_html(text: str) -> str:
    return escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>\n")


def _categories(item: Mapping[str, Any]) -> tuple[Category, ...]:
    tags = item.get("tags")
    words = [tag for tag in tags[:MANY] if isinstance(tag, str)] if isinstance(tags, list) else []
    return unique(Category(term) for word in words if (term := clean_text(word, limit=200)))


def _enclosures(item: Mapping[str, Any], base: str) -> tuple[Enclosure, ...]:
    """Return the attachments, each address once."""
    found: dict[str, Enclosure] = {}
    for each in dicts_of(item, "attachments"):
        href = clean_url(text_of(each, "url"), base=base)
        if href and href not in found:
            found[href] = Enclosure(
                href,
                type=clean_text(text_of(each, "mime_type"), limit=100) or None,
                length=_number(each.get("size_in_bytes")),
                duration=_number(each.get("duration_in_seconds")),
            )
    return tuple(found.values())


def _number(value: Any) -> int | None:
    """Return a whole number above 0 that a database holds; text of digits is understood."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < len(str(_LONGEST)):
        value = int(value)
    good = isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < _LONGEST
    return int(value) if good else None


def _thumbnail(item: Mapping[str, Any], base: str) -> str | None:
    """Return the picture of an item: `image`, else `banner_image`, else an attached one."""
    attached = [each for each in dicts_of(item, "attachments") if text_of(each, "mime_type").startswith("image/")]
    spellings = [text_of(item, "image"), text_of(item, "banner_image"), *(text_of(each, "url") for each in attached)]
    return next(filter(None, (clean_url(spelling, base=base) for spelling in spellings)), None)


def _source(item: Mapping[str, Any], base: str) -> Header | None:
    """Return the feed that an item was copied from, as the outputs of this program say it: title, url (site), feed."""
    source = dict_of(item, "_source")
    spellings = (("alternate", text_of(source, "url")), ("self", text_of(source, "feed")))
    found = ((relation, clean_url(spelling, base=base)) for relation, spelling in spellings)
    links = tuple(Link(href, rel=relation) for relation, href in found if href)
    title = plain_text(text_of(source, "title"), markup=False)
    return Header(title=title, links=links) if title or links else None
