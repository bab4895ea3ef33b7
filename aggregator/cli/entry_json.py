"""An entry as JSON, in RFC 4287's words: what `entries`, `search` and `show` print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.run.report import rfc3339

if TYPE_CHECKING:
    from aggregator.model import Entry, Header, Person


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return the entry object of the documented schema."""
    item = entry.item
    return {
        "id": entry.id,
        "title": item.title,
        "link": item.link,
        "published": rfc3339(entry.published),
        "updated": rfc3339(entry.updated),
        "first_seen": rfc3339(entry.first_seen),
        "authors": [_person(author) for author in item.authors],
        "categories": [category.term for category in item.categories],
        "language": entry.language,
        "summary": item.summary,
        "content": item.content,
        "enclosures": [{"href": one.href, "type": one.type, "length": one.length} for one in item.enclosures],
        "source": _source(entry),
        "story": {"id": entry.story, "size": entry.story_size},
        "sightings": [
            {"feed": seen.feed, "guid": seen.guid, "link": seen.link, "first_seen": rfc3339(seen.first_seen)}
            for seen in entry.sightings
        ],
        "revisions": entry.revisions,
        "held": entry.held,
    }


def _person(person: Person) -> dict[str, str | None]:
    return {"name": person.name, "uri": person.uri, "email": person.email}


def _source(entry: Entry) -> dict[str, str | None]:
    origin: Header = entry.item.source or entry.source
    return {"id": origin.id or entry.feed, "title": origin.title, "link": origin.site, "url": entry.feed}
