"""Which stories become visible in outputs that have one item for each, when, and under which lead."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Newsdesk = Any

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STORIES = {"name": "stories", "by": "story"}


def test_the_earliest_published_leads(newsdesk: Newsdesk) -> None:
    """Of a story's entries the earliest published is released, and names the others in order of publication."""
    ids = [
        newsdesk.tell(site, "grok", n, hours=h, drain=False)
        for n, (site, h) in enumerate((("a", 1), ("b", 3), ("c", 2)))
    ]
    newsdesk.drain()
    assert newsdesk.released() == [(ids[1], newsdesk.now)]
    assert newsdesk.told() == {ids[1]: [ids[2], ids[0]]}


def test_ties_go_to_the_better_source(newsdesk: Newsdesk) -> None:
    """Entries of the very same date: the better rank leads, then the one that was stored first."""
    newsdesk.configure(STORIES, c={"rank": 1})
    at = newsdesk.now - HOUR
    ids = [newsdesk.tell(site, "grok", n, published=at, drain=False) for n, site in enumerate("abc")]
    same = [newsdesk.tell(site, "chip", n, published=at, drain=False) for n, site in enumerate("ba")]
    newsdesk.drain()
    assert newsdesk.told() == {ids[2]: ids[:2], same[0]: same[1:]}


def test_what_comes_later_is_coverage(newsdesk: Newsdesk) -> None:
    """Later members announce nothing, even when they were published before the lead; the output's document changes."""
    lead = newsdesk.tell("a", "grok", 0, hours=1)
    before = newsdesk.released()
    newsdesk.now += HOUR
    newsdesk.changed.clear()
    later, earlier = newsdesk.tell("b", "grok", 1, hours=0.5), newsdesk.tell("c", "grok", 2, hours=8)
    assert newsdesk.released() == before
    assert newsdesk.told() == {lead: [earlier, later]}
    assert "stories" in newsdesk.changed


def test_an_edit_of_coverage_changes_the_output(newsdesk: Newsdesk) -> None:
    """A lead's document tells the new title of an article that it names."""
    newsdesk.tell("a", "grok", 0, hours=2)
    later = newsdesk.tell("b", "grok", 1)
    newsdesk.bring("b", newsdesk.item("b", "Memphis: weights of Grok are shut", guid=later, link=later))
    assert b"are shut" in newsdesk.render()


def test_hold(newsdesk: Newsdesk) -> None:
    """A story waits until its first entry was held long enough, then comes with all there is; the earliest leads."""
    newsdesk.configure(STORIES | {"hold": "2h"})
    first = newsdesk.tell("a", "grok", 0, hours=1)
    newsdesk.now += HOUR
    earlier = newsdesk.tell("b", "grok", 1, hours=9)
    newsdesk.now += HOUR - timedelta(seconds=1)
    newsdesk.drain()
    assert newsdesk.leads() == []
    newsdesk.now += timedelta(seconds=1)
    newsdesk.drain()
    assert newsdesk.released() == [(earlier, newsdesk.now)]
    assert newsdesk.told() == {earlier: [first]}
    newsdesk.now += 3 * HOUR
    newsdesk.drain()
    assert newsdesk.leads() == [earlier]


def test_a_cap_takes_another_lead(newsdesk: Newsdesk) -> None:
    """A source over per_source does not lead while another of the story's sources may; it stays coverage."""
    newsdesk.configure(STORIES | {"per_source": 1})
    grok = newsdesk.tell("a", "grok", 0, hours=9)
    chip = newsdesk.tell("a", "chip", 0, hours=8, drain=False)
    other = newsdesk.tell("b", "chip", 1, hours=2)
    assert newsdesk.told() == {grok: [], other: [chip]}


def test_a_cap_drops(newsdesk: Newsdesk) -> None:
    """A story that only a source over per_source tells is not released; the next day's other teller releases it."""
    newsdesk.configure(STORIES | {"per_source": 1}, {"name": "all", "tags": ["none"]})
    lead = newsdesk.tell("a", "grok", 0, hours=9)
    dropped = newsdesk.tell("a", "chip", 0, hours=8)
    assert newsdesk.leads() == [lead]
    assert newsdesk.entry(dropped).held == "filtered: over per_source"
    assert newsdesk.entry(lead).held is None
    newsdesk.now += DAY
    other = newsdesk.tell("b", "chip", 1)
    assert newsdesk.told() == {lead: [], other: []}


def test_each_output_tells_what_belongs_there(newsdesk: Newsdesk) -> None:
    """Tags, languages, filters and tokens choose entries; each output has its own lead, and no coverage of others."""
    newsdesk.configure(
        {"name": "labs", "by": "story", "tags": ["lab"]},
        {"name": "french", "by": "story", "languages": ["fr"]},
        {"name": "quiet", "by": "story", "drop": [{"field": "title", "contains": ["opens"]}]},
        {"name": "club", "by": "story", "token": "club-token-1234"},
        STORIES,
        a={"tags": ("lab",)},
        d={"private": True},
    )
    first = newsdesk.tell("a", "grok", 0, hours=9, language="en")
    french = newsdesk.tell("b", "grok", 1, hours=8, language="fr-CA")
    third = newsdesk.tell("c", "grok", 2, hours=7, language="en")
    secret = newsdesk.item("d", "Memphis opens: Grok weights", hours=20)
    newsdesk.bring("d", secret)
    assert newsdesk.told("labs") == {first: []}
    assert newsdesk.told("french") == {french: []}
    assert newsdesk.told("quiet") == {french: [third]}
    assert newsdesk.told() == {first: [french, third]}
    assert newsdesk.told("club") == {first: [secret.guid, french, third]}
    assert b"d.example" not in newsdesk.render()


def test_a_private_source_is_named_nowhere(newsdesk: Newsdesk) -> None:
    """Coverage by a private source without a title does not tell its address, not even behind a token."""
    newsdesk.configure({"name": "club", "by": "story", "token": "club-token-1234"}, d={"private": True})
    newsdesk.tell("a", "grok", 0, hours=3)
    newsdesk.bring("d", newsdesk.item("d", "Memphis opens: Grok weights", link=None, guid="x"))
    with newsdesk.store.transaction():
        newsdesk.store._database.execute("UPDATE feed SET header = '{}' WHERE private")
    document = newsdesk.render("club")
    assert b"Memphis opens" in document
    assert newsdesk.feed("d").encode() not in document


def test_what_is_held_back_tells_nothing(newsdesk: Newsdesk) -> None:
    """Filtered, flooded and backlog entries neither lead nor are coverage, whatever story they are in."""
    newsdesk.configure(STORIES, b={"drop": [{"field": "title", "contains": ["Memphis"]}]})
    filtered = newsdesk.tell("b", "grok", 0, hours=9)
    lead = newsdesk.tell("a", "grok", 1, hours=2)
    newsdesk.now += 3 * HOUR
    backlog = [newsdesk.item("c", f"Old{n} Unheard{n}", hours=9 * 24 + n) for n in range(3)]
    newsdesk.bring("c", *backlog, newsdesk.item("c", "Open weights: Grok leaves Memphis", hours=200))
    assert newsdesk.entry(filtered).story == newsdesk.entry(lead).story
    assert newsdesk.told() == {lead: []}
    assert {entry.held for entry in newsdesk.entries() if entry.id not in {filtered, lead}} == {"backlog"}


def test_what_another_source_tells_is_released_after_all(newsdesk: Newsdesk) -> None:
    """An entry that one source's filter held back becomes visible when another lists it, and its story is told."""
    newsdesk.configure(STORIES, b={"drop": [{"field": "title", "contains": ["Memphis"]}]})
    link = newsdesk.tell("b", "grok", 0, hours=9)
    assert newsdesk.leads() == []
    newsdesk.bring("c", newsdesk.item("c", newsdesk.entry(link).item.title, link=link, guid="tag:c.example,2026:c"))
    assert newsdesk.leads() == [link]


def test_a_new_output_is_no_news(newsdesk: Newsdesk) -> None:
    """An output that is added tells what others have released, each story once, at the time of its first release."""
    newsdesk.configure()
    first = newsdesk.tell("a", "grok", 0, hours=3)
    then = newsdesk.now
    newsdesk.now += 2 * DAY
    newsdesk.tell("b", "grok", 1, hours=50)
    chip = newsdesk.tell("c", "chip", 0)
    now, newsdesk.now = newsdesk.now, newsdesk.now + 5 * DAY
    newsdesk.configure(STORIES)
    newsdesk.drain()
    assert newsdesk.released() == [(first, then), (chip, now)]
    assert list(newsdesk.told()[first]) != []


def test_a_new_output_never_leads_with_what_was_withdrawn(newsdesk: Newsdesk) -> None:
    """The rest of a story whose first entry was withdrawn is told in an output that is added later."""
    newsdesk.configure()
    first, second = newsdesk.tell("a", "grok", 0, hours=3), newsdesk.tell("b", "grok", 1, hours=2)
    newsdesk.correct("withdraw", first)
    newsdesk.configure(STORIES, {"name": "each"})
    newsdesk.drain()
    assert newsdesk.told() == {second: []}
    assert newsdesk.leads("each") == [second]


def test_from_entries_to_stories(newsdesk: Newsdesk) -> None:
    """What an output has released stays when it tells stories from now on, and nothing is announced again."""
    newsdesk.configure({"name": "stories"})
    ids = [newsdesk.tell(site, "grok", n, hours=5 - n) for n, site in enumerate("ab")]
    before = newsdesk.released()
    newsdesk.configure(STORIES)
    newsdesk.drain()
    assert newsdesk.released() == before
    assert newsdesk.told() == {ids[0]: ids[1:], ids[1]: ids[:1]}
    later = newsdesk.tell("c", "grok", 2)
    assert newsdesk.released() == before
    assert newsdesk.told() == {ids[0]: [ids[1], later], ids[1]: [ids[0], later]}


def test_from_stories_to_entries(newsdesk: Newsdesk) -> None:
    """An output that goes back to entries releases what was coverage, and what was still held; nothing twice."""
    newsdesk.configure(STORIES | {"hold": "2h"})
    grok = [newsdesk.tell(site, "grok", n, hours=5 - n) for n, site in enumerate("ab")]
    newsdesk.now += 3 * HOUR
    newsdesk.drain()
    held = newsdesk.tell("c", "chip", 0)
    assert newsdesk.leads() == grok[:1]
    newsdesk.configure({"name": "stories"})
    newsdesk.drain()
    newsdesk.now += 3 * HOUR
    newsdesk.drain()
    assert sorted(newsdesk.leads()) == sorted([*grok, held])
    newsdesk.configure(STORIES | {"hold": "2h"})
    newsdesk.drain()
    assert sorted(newsdesk.leads()) == sorted([*grok, held])


def test_an_output_that_comes_back(newsdesk: Newsdesk) -> None:
    """An output that was taken out of the file has, when it is back, what it missed: once, and not as news."""
    grok = newsdesk.tell("a", "grok", 0, hours=3)
    newsdesk.configure({"name": "each"})
    chip, then = newsdesk.tell("b", "chip", 0), newsdesk.now
    newsdesk.now += 2 * DAY
    newsdesk.configure()
    law, later = newsdesk.tell("b", "law", 0), newsdesk.now
    newsdesk.now += 2 * DAY
    newsdesk.configure(STORIES, {"name": "each"})
    newsdesk.drain()
    assert newsdesk.released() == [(grok, then), (chip, then), (law, later)]
    assert newsdesk.released("each") == [(grok, then), (chip, then), (law, later)]


def test_a_digest_closes_its_days_once(newsdesk: Newsdesk) -> None:
    """A day that is over becomes one entry; a later article of one of its stories changes neither id nor date."""
    newsdesk.configure({"name": "daily", "digest": "daily"})
    newsdesk.tell("a", "grok", 0, hours=3)
    newsdesk.drain()
    assert newsdesk.told("daily") == {}
    newsdesk.now += DAY
    newsdesk.changed.clear()
    newsdesk.drain()
    newsdesk.drain()
    assert newsdesk.changed == ["daily"]
    (first,) = newsdesk.told("daily")
    dates = [line for line in newsdesk.render("daily").split(b"<") if line.startswith((b"updated", b"published"))]
    newsdesk.tell("b", "grok", 1, hours=30)
    newsdesk.tell("c", "chip", 0)
    assert list(newsdesk.told("daily")) == [first]
    assert b"1 more" in newsdesk.render("daily")
    after = [line for line in newsdesk.render("daily").split(b"<") if line.startswith((b"updated", b"published"))]
    assert after[1:] == dates[1:]
    newsdesk.now += DAY
    newsdesk.drain()
    assert [first] == list(newsdesk.told("daily"))[1:]


def test_an_output_that_is_gone_is_told_nothing(newsdesk: Newsdesk) -> None:
    """What was held for an output that is taken out of the file is not released, until it comes back."""
    newsdesk.configure(STORIES | {"hold": "2h"})
    grok = newsdesk.tell("a", "grok", 0, hours=3)
    newsdesk.configure()
    newsdesk.now += 3 * HOUR
    newsdesk.drain()
    newsdesk.configure(STORIES | {"hold": "2h"})
    assert newsdesk.leads() == []
    newsdesk.drain()
    assert newsdesk.leads() == [grok]
