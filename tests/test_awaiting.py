"""Entries that wait for their articles, with a real database: how long, what becomes of them then, and who sees them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.articles import complete
from aggregator.config.settings import Publishing, Settings
from aggregator.decide.articles import WAIT, ArticlePage
from aggregator.model import Item, Outcome
from aggregator.settle import Chance, Result
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    Newsdesk = Any

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STORIES = {"name": "stories", "by": "story"}


@pytest.fixture
def desk(newsdesk: Newsdesk) -> Newsdesk:
    """Return a newsdesk whose sources `a` and `b` are pages, and whose output `stories` tells stories."""
    newsdesk.configure(STORIES, a={"kind": "page"}, b={"kind": "page"})
    return newsdesk


def filtered(desk: Newsdesk, **filters: Any) -> None:
    """Give the page `a` filters."""
    desk.configure(STORIES, a={"kind": "page", **filters})


def teaser(name: str, **fields: Any) -> Item:
    """Return what a list says of an article: no date, no text."""
    link = f"https://a.example/{name}"
    return Item(**{"title": f"Of {name}", "guid": link, "link": link, **fields})


def page(name: str, at: datetime | None = None, text: str = "") -> ArticlePage:
    """Return an article that says little, or what it is told to."""
    return ArticlePage(f"All of {name}", published=at, content=f"<p>{name} was seen by all. {text}</p>")


def held(desk: Newsdesk) -> dict[str, str | None]:
    """Return why entries are in no output, by the end of their links."""
    return {Path(entry.item.link).name: entry.held for entry in desk.entries()}


def shown(desk: Newsdesk, output: str = "all") -> list[str]:
    """Return the titles that an output has released, in that order."""
    return [desk.entry(one).item.title for one in desk.leads(output)]


def test_ten_minutes_at_most(desk: Newsdesk) -> None:
    """An entry whose article does not come is released as it was listed, not before ten minutes are over."""
    desk.bring("a", teaser("grok", summary="<p>It opens.</p>"))
    desk.now += WAIT - SECOND
    desk.drain()
    assert held(desk) == {"grok": "article"}
    desk.now += SECOND
    desk.drain()
    assert (held(desk), shown(desk)) == ({"grok": None}, ["Of grok"])
    assert "all" in desk.changed
    assert desk.entries()[0].item.summary == "<p>It opens.</p>"


def test_they_come_as_they_are_read(desk: Newsdesk) -> None:
    """Of several each is released when its own article was read; the others wait on."""
    desk.bring("a", teaser("one"), teaser("two"))
    first = desk.article("a", page("two", desk.now - HOUR))
    assert first.changed == {"all"}
    assert sorted(map(str, held(desk).values())) == ["None", "article"]
    desk.article("a", page("one", desk.now - HOUR))
    assert set(held(desk).values()) == {None}


def test_an_archive_without_dates_is_no_news_at_the_start(desk: Newsdesk) -> None:
    """Of a list that is added later, articles that turn out to be older than a first document may show are backlog."""
    desk.now += 2 * HOUR
    desk.bring("a", *(teaser(name) for name in ("new", "old", "undated")))
    ages = {"new": DAY, "old": 4 * DAY, "undated": None}
    while (request := desk.asks("a")) is not None:
        _give_back(desk, request)
        name = Path(request.page).name
        desk.article("a", page(name, desk.now - age if (age := ages[name]) else None))
    assert held(desk) == {"new": None, "old": "backlog", "undated": None}


def _give_back(desk: Newsdesk, request: Any) -> None:
    with desk.store.transaction() as tx:
        tx.requests.give_back([request])


def test_a_flood_of_undated_articles(desk: Newsdesk) -> None:
    """Where a list shows its archive all at once, old articles are a flood, which the operator is told of and may let in."""
    desk.bring("a", teaser("first"))
    desk.article("a", page("first", desk.now))
    desk.now += HOUR
    names = [f"n{number}" for number in range(22)]
    desk.bring("a", *map(teaser, names))
    for _ in names:
        request = desk.asks("a")
        _give_back(desk, request)
        name = Path(request.page).name
        desk.article("a", page(name, desk.now - (9 * DAY if name != "n7" else HOUR)))
    found = held(desk)
    assert [name for name, why in found.items() if why is None] == ["n7", "first"]
    assert set(found.values()) == {None, "flood"}
    with desk.store.snapshot() as tx:
        assert tx.feeds.get(desk.feed("a")).flood.entries == 21
    desk.now += HOUR
    desk.bring("a", *map(teaser, names))
    assert set(held(desk).values()) == {None, "flood"}, "listed again they are none the newer"
    desk.settings = Settings(feeds=desk.settings.feeds, outputs=desk.settings.outputs, publishing=Publishing(flood=30))
    desk.now += HOUR
    desk.bring("a", *map(teaser, names), teaser("another"))
    assert set(held(desk).values()) == {None, "article"}


def test_what_is_kept_for_its_words(desk: Newsdesk) -> None:
    """A filter that looks for words of the text is asked when the text is there, and again by what comes late."""
    filtered(desk, keep=[{"field": "text", "contains": ["weights"]}])
    desk.bring("a", teaser("grok"), teaser("rain"), teaser("late"))
    words = {"grok": "Open weights.", "rain": "It rained."}
    for _ in range(3):
        name = Path(desk.asks("a").page).name
        with desk.store.transaction() as tx:
            tx.requests.void_leases()
        if name == "late":
            break
        desk.article("a", page(name, desk.now - HOUR, words[name]))
    desk.now += WAIT
    desk.drain()
    while desk_name := _next(desk):
        desk.article("a", page(desk_name, desk.now - HOUR, words.get(desk_name, "Late weights.")))
        if desk_name == "late":
            assert desk.leads("all")
    no_word = "filtered: no word of keep in text"
    assert held(desk) == {"grok": None, "rain": no_word, "late": None}
    desk.now += HOUR
    desk.bring("a", teaser("grok"), teaser("rain"), teaser("late"))
    assert held(desk) == {"grok": None, "rain": no_word, "late": None}


def _next(desk: Newsdesk) -> str | None:
    """Return which article is asked for next."""
    request = desk.asks("a")
    if request is None:
        return None
    _give_back(desk, request)
    return Path(request.page).name


def test_what_its_words_drop_stays_dropped(desk: Newsdesk) -> None:
    """What the article's text is dropped for does not come back because the list says nothing of it."""
    filtered(desk, drop=[{"field": "text", "contains": ["sponsored"]}])
    desk.bring("a", teaser("ad"))
    desk.article("a", page("ad", desk.now - HOUR, "Sponsored by nobody."))
    for summary in (None, "<p>Read this.</p>", "<p>Read that.</p>"):
        desk.now += HOUR
        desk.bring("a", teaser("ad", summary=summary))
        assert held(desk) == {"ad": "filtered: text contains sponsored"}
    assert shown(desk) == []


def test_an_edit_may_still_pass_the_filters(desk: Newsdesk) -> None:
    """A title that the list corrects into what is kept releases the entry, with its article's text."""
    filtered(desk, keep=[{"field": "text", "contains": ["weights"]}])
    desk.bring("a", teaser("grok"))
    desk.article("a", page("grok", desk.now - HOUR))
    desk.now += HOUR
    desk.bring("a", teaser("grok", title="Grok opens its weights"))
    assert held(desk) == {"grok": None}
    assert "seen by all" in desk.entries()[0].item.content


def test_what_its_title_drops_is_not_asked_for(desk: Newsdesk) -> None:
    """No page is asked for of what the list says enough of to leave it out."""
    filtered(desk, drop=[{"field": "title", "contains": ["ad"]}])
    desk.bring("a", teaser("ad"), teaser("grok"))
    assert _next(desk) == "grok"
    desk.article("a", page("grok"))
    assert _next(desk) is None
    assert held(desk) == {"ad": "filtered: title contains ad", "grok": None}


def test_another_source_that_tells_it_releases_it(desk: Newsdesk) -> None:
    """What another source tells needs to wait no longer; its own list alone, told again, changes nothing."""
    whole = teaser("grok", content="<p>All of it.</p>")
    desk.bring("a", teaser("grok"))
    desk.bring("a", teaser("grok"), teaser("grok", guid="again"))
    assert held(desk) == {"grok": "article"}
    desk.bring("c", whole)
    assert (held(desk), len(shown(desk))) == ({"grok": None}, 1)
    desk.article("a", page("grok", desk.now - DAY, "A long text. " * 20))
    (entry,) = desk.entries()
    assert (entry.item.title, len(shown(desk)), entry.revisions) == ("Of grok", 1, 0)


def test_another_source_that_waits_too_releases_nothing_twice(desk: Newsdesk) -> None:
    """Two lists of one article make one entry, one release."""
    desk.bring("a", teaser("grok"))
    desk.bring("b", teaser("grok"))
    assert len(desk.entries()) == 1
    desk.article("a", page("grok", desk.now - HOUR))
    assert shown(desk) in (["All of grok"], ["Of grok"])


def test_its_source_was_removed(desk: Newsdesk) -> None:
    """An entry whose source leaves feeds.yaml waits no longer than any other, and is released as it was listed."""
    desk.bring("a", teaser("grok"))
    feeds = tuple(feed for feed in desk.settings.feeds if feed.url != desk.feed("a"))
    desk.settings = Settings(feeds=feeds, outputs=desk.settings.outputs)
    with desk.store.transaction() as tx:
        tx.feeds.sync(desk.settings.sources, desk.now)
    assert desk.asks("a") is None
    desk.now += WAIT
    desk.drain()
    assert (held(desk), shown(desk)) == ({"grok": None}, ["Of grok"])


def test_stories_are_decided_by_the_whole_text(desk: Newsdesk) -> None:
    """An entry that waits is in no story; outputs of stories tell it when its article was read, and once."""
    told = desk.tell("c", "grok", 0)
    desk.bring("a", desk.item("a", "Of grok", published=None))
    assert [entry.story_size for entry in desk.entries()] == [1, 1]
    assert desk.leads() == [told]
    article = ArticlePage("Memphis: weights of Grok are open", desk.now - HOUR / 2, content="<p>Grok in Memphis.</p>")
    desk.article("a", article)
    desk.drain()
    assert [entry.story_size for entry in desk.entries()] == [2, 2]
    assert desk.leads() == [told]
    desk.now += HOUR
    desk.bring("a", desk.item("a", "Of rain", published=None))
    assert len(desk.leads()) == 1
    desk.article("a", ArticlePage("Tachyum ships Prodigy silicon", desk.now))
    desk.drain()
    assert len(desk.leads()) == 2


def test_withdrawn_while_it_waits(desk: Newsdesk) -> None:
    """What the operator withdraws is gone for good: its article is asked for no more, and one that comes is not kept."""
    desk.bring("a", *map(teaser, ("read", "asked", "waiting")))
    desk.article("a", page("x", desk.now - HOUR))
    request = desk.asks("a")
    for entry in desk.entries():
        desk.correct("withdraw", entry.id)
    assert desk.asks("a") is None
    result = Result(request, desk.now, article=page("x", desk.now))
    with desk.store.transaction() as tx:
        assert complete(tx, result, desk.settings, Chance(0)).report.outcome is Outcome.SKIPPED
        assert tx.articles.read([entry.key for entry in tx.entries.all()]) == {}
    desk.now += WAIT
    desk.bring("a", *map(teaser, ("read", "asked", "waiting")))
    assert {(entry.held, entry.item.title, entry.item.content) for entry in desk.entries()} == {("withdrawn", "", None)}


def test_a_restart_in_between(desk: Newsdesk, tmp_path: Path) -> None:
    """Whoever starts next goes on: what was read is there, what waits is asked for again, once, and overdue in its time."""
    desk.bring("a", teaser("one"), teaser("two"), teaser("three"))
    desk.article("a", page("x", desk.now - HOUR))
    desk.asks("a")
    desk.store.close()
    desk.store = SqliteStore(tmp_path / "aggregator.db")
    desk.reopen()
    with desk.store.transaction() as tx:
        tx.requests.void_leases()
    desk.now += MINUTE
    desk.article("a", page("y", desk.now - HOUR))
    assert len(shown(desk)) == 2
    desk.now += WAIT
    desk.drain()
    assert len(shown(desk)) == 3
    desk.article("a", page("z", desk.now - HOUR))
    assert (len(desk.entries()), len(shown(desk))) == (3, 3)
    assert desk.asks("a") is None
    desk.store.close()


def test_switched_off_meanwhile(desk: Newsdesk) -> None:
    """Without `full_text` a source is read as it lists, and what waited is released in its time."""
    desk.bring("a", teaser("grok"))
    desk.configure(STORIES, a={"kind": "page", "full_text": False})
    desk.bring("a", teaser("rain"), teaser("grok"))
    assert held(desk) == {"grok": "article", "rain": None}
    desk.now += WAIT
    desk.drain()
    assert set(held(desk).values()) == {None}
