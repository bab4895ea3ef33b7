"""What else there is on a story, in every format."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree, html

from aggregator.kinship import Coverage, Kinship
from aggregator.publish.atom import render_atom
from aggregator.publish.coverage import listed, mentions
from aggregator.publish.jsonfeed import render_json
from aggregator.publish.rss import render_rss

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
ONE = Coverage("urn:uuid:7", "Grok opens", "https://b.example/grok?a=1&b=2", "The B", "fr", NOON)
EVIL = "<script>alert(1)</script> & \"quotes\" 'too' \x00\x1b\ufffe]]> <b>bold</b>"


def links(words: str) -> list[Any]:
    """Return the links of a list of mentions."""
    return list(html.fromstring(f"<div>{words}</div>").iterfind(".//a"))


def test_a_mention_says_who_when_and_what() -> None:
    """Title and link, source, language, date, and what the article is to the lead."""
    words = listed(mentions([replace(ONE, kind=Kinship.TRANSLATION)]))
    (link,) = links(words)
    assert (link.text, link.get("href"), link.get("hreflang"), link.get("lang")) == ("Grok opens", ONE.link, "fr", "fr")
    assert words.endswith("(The B, fr, 2026-01-05 12:00 UTC, translation)</li></ul>")
    assert words.startswith("<p>Also covered by:</p><ul><li>")


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Kinship.COPY, ", the same text)"), (Kinship.LINKS_TO, ", links to it)"), (Kinship.TOGETHER, "UTC)"), (None, "UTC)")],
)  # fmt: skip
def test_only_what_can_be_named_is_named(kind: Kinship | None, words: str) -> None:
    """What the operator decided is not told to readers."""
    (mention,) = mentions([replace(ONE, kind=kind)])
    assert f"{words}</li>" in listed((mention,))


def test_nothing_is_nothing() -> None:
    """Without coverage there is no heading; what has neither title nor link is no coverage."""
    assert listed(mentions([])) == ""
    assert mentions([replace(ONE, title=" \x00 ", link="javascript:alert(1)"), replace(ONE, title="", link=None)]) == ()


def test_a_link_stands_in_for_a_title() -> None:
    """An article without a title is named by its address."""
    (mention,) = mentions([replace(ONE, title="")])
    assert mention.title == ONE.link


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//", " "]
)
def test_only_web_addresses_are_linked(link: str) -> None:
    """Any other is left out; the title stays."""
    (found,) = links(listed(mentions([replace(ONE, link=link)])))
    assert (found.text, found.get("href")) == ("Grok opens", None)


def test_hostile_words_stay_words() -> None:
    """Markup, references and control characters of titles, sources and languages are shown, or dropped, never obeyed."""
    words = listed(
        mentions([replace(ONE, title=EVIL, source=EVIL, language='fr" onclick="x', link='https://b.example/"><b>')])
    )
    tree = html.fromstring(f"<div>{words}</div>")
    assert {element.tag for element in tree.iter()} == {"div", "p", "ul", "li", "a"}
    assert {name for element in tree.iter() for name in element.attrib} == {"href"}
    assert "<script>alert(1)</script>" in tree.text_content()
    assert not any(sign in words for sign in "\x00\x1b\ufffe")


def test_more_than_25_are_counted() -> None:
    """The list ends after 25 with the number of the rest."""
    many = mentions(replace(ONE, published=NOON + timedelta(minutes=key)) for key in range(30))
    words = listed(many)
    assert (len(links(words)), words.count("<li>")) == (25, 26)
    assert words.endswith("<li>and 5 more</li></ul>")
    assert "more</li>" not in listed(many[:25])


@pytest.fixture
def covered(make_entry: Callable[..., Any], make_channel: Callable[..., Any]) -> Callable[..., Any]:
    """Return a maker of channels that tell one story: coverage, and fields of the lead."""

    def make(*coverage: Coverage, **fields: Any) -> Any:
        return make_channel(make_entry(1, coverage=coverage, story="story-key", **fields), tells_stories=True)

    return make


def test_atom_has_related_links_and_the_list(covered: Any, atom: Any) -> None:
    """Each mention is a link with rel=related, with title and language; the list stands below the text."""
    feed = atom(render_atom(covered(ONE, replace(ONE, title=EVIL, link=None, language=None))))
    (entry,) = feed.iterfind(f"{ATOM}entry")
    (related,) = (link for link in entry.iterfind(f"{ATOM}link") if link.get("rel") == "related")
    assert dict(related.attrib) == {"rel": "related", "href": ONE.link, "title": ONE.title, "hreflang": "fr"}
    content = entry.findtext(f"{ATOM}content")
    assert content.startswith("<p>At length")
    assert content.count("<li>") == 2
    assert "Also covered by" not in entry.findtext(f"{ATOM}summary")


def test_rss_has_the_list_in_its_longest_text(covered: Any, rss: Any) -> None:
    """In content:encoded where there is one, else in the description."""
    full = rss(render_rss(covered(ONE))).find("item")
    assert "Also covered by" in full.findtext("{http://purl.org/rss/1.0/modules/content/}encoded")
    assert "Also covered by" not in full.findtext("description")
    short = rss(render_rss(covered(ONE, content=None))).find("item")
    assert "Also covered by" in short.findtext("description")
    bare = rss(render_rss(covered(ONE, content=None, summary=None))).find("item")
    assert bare.findtext("description").startswith("Headline 1<p>Also covered by")


def test_json_has_the_story(covered: Any, json_feed: Any) -> None:
    """The extension names the story, its size and its articles; the list stands in the HTML."""
    (item,) = json_feed(render_json(covered(replace(ONE, kind=Kinship.COPY))))["items"]
    assert (item["_story"]["id"], item["_story"]["size"]) == ("story-key", 2)
    (told,) = item["_story"]["coverage"]
    assert told == {
        "title": "Grok opens", "url": ONE.link, "source": "The B", "language": "fr",
        "date_published": "2026-01-05T12:00:00Z", "relation": "copy",
    }  # fmt: skip
    assert "Also covered by" in item["content_html"]
    (alone,) = json_feed(render_json(covered()))["items"]
    assert alone["_story"] == {"id": "story-key", "size": 1, "coverage": []}


@pytest.mark.parametrize("render", [render_atom, render_rss, render_json])
def test_coverage_changes_the_text_alone(covered: Any, render: Callable[[Any], bytes]) -> None:
    """Equal rows give equal bytes; more coverage changes neither ids nor dates, so that no reader shows it as new."""
    one, more = covered(ONE), covered(ONE, replace(ONE, title="Grok opened", link="https://c.example/grok"))
    assert render(one) == render(covered(ONE))
    assert render(one) != render(more)
    assert _identity(render(one)) == _identity(render(more)) != []


def _identity(document: bytes) -> list[str]:
    if document.startswith(b"{"):
        (item,) = json.loads(document)["items"]
        return [item["id"], item["date_published"], item["date_modified"], item["title"], item["url"]]
    tags = ("id", "updated", "published", "guid", "pubDate", "title")
    return [f"{e.tag} {e.text}" for e in etree.fromstring(document).iter() if etree.QName(e).localname in tags]


@pytest.mark.parametrize("render", [render_atom, render_rss, render_json])
def test_hostile_coverage_parses_back(covered: Any, atom: Any, rss: Any, json_feed: Any, render: Any) -> None:
    """A document with coverage that is out for harm is as valid as any."""
    hostile = replace(ONE, title=EVIL, source=EVIL, link="https://b.example/\x00<>\"'", language="../../x")
    document = render(covered(hostile, replace(hostile, link="javascript:alert(1)")))
    {render_atom: atom, render_rss: rss, render_json: json_feed}[render](document)
    assert b"javascript:" not in document
