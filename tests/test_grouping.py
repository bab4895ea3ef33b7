"""The story stage in the writer: which evidence decides, in which order, and what memory and store know."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from aggregator import grouping
from aggregator.decide.stories.statistics import Statistics
from aggregator.decide.stories.window import Window
from aggregator.grouping import Grouping

if TYPE_CHECKING:
    from collections.abc import Collection

    Newsdesk = Any

DAY = timedelta(days=1)


def step(desk: Newsdesk, stage: Grouping, limit: int = 100, mute: Collection[int] = frozenset()) -> list[str]:
    """Take one step; return the ids of what was decided, in order."""
    with desk.store.transaction() as tx:
        decided = stage.step(tx, desk.now, limit=limit, mute=mute).decided
    ids = {entry.key: entry.id for entry in desk.entries()}
    return [ids[one.entry] for one in decided]


def window_of(stage: Grouping) -> Window:
    """Return what a stage has in memory."""
    assert stage._near is not None
    return stage._near._window


def test_the_oldest_is_decided_first(newsdesk: Newsdesk) -> None:
    """Whatever the order of arrival, the earliest published begins the story and the others join it."""
    late = newsdesk.tell("a", "grok", 0, hours=1, drain=False)
    early = newsdesk.tell("b", "grok", 1, hours=3, drain=False)
    other = newsdesk.tell("c", "chip", 0, hours=2, drain=False)
    assert step(newsdesk, Grouping()) == [early, other, late]
    assert newsdesk.groups() == {frozenset({early, late}), frozenset({other})}
    assert newsdesk.entry(late).story == newsdesk.entry(early).story
    assert newsdesk.methods() == {early: "first", other: "first", late: "words/1"}


def test_a_step_takes_some_and_says_what_is_left(newsdesk: Newsdesk) -> None:
    """A step decides as many as it is allowed, and the next goes on there."""
    ids = [newsdesk.tell("a", "grok", number, hours=9 - number, drain=False) for number in range(3)]
    stage = Grouping()
    with newsdesk.store.transaction() as tx:
        assert stage.step(tx, newsdesk.now, limit=2).left
        last = stage.step(tx, newsdesk.now, limit=2)
        assert not last.left
        assert not stage.step(tx, newsdesk.now).decided
    assert [one.entry for one in last.decided] == [newsdesk.entry(ids[2]).key]


def test_a_link_decides_before_words(newsdesk: Newsdesk) -> None:
    """A headline elsewhere under an article's link tells of it, whatever its words, and names it."""
    grok = newsdesk.tell("a", "grok", 0, hours=5)
    chip = newsdesk.tell("b", "chip", 0, hours=4)
    headline = newsdesk.item(
        "c", "Tachyum ships Prodigy silicon, they say", link=grok, guid="tag:c.example,2026:headline"
    )
    newsdesk.bring("c", headline)
    assert newsdesk.groups() == {frozenset({grok, "tag:c.example,2026:headline"}), frozenset({chip})}
    assert newsdesk.methods()["tag:c.example,2026:headline"] == "same link"
    key = newsdesk.entry("tag:c.example,2026:headline").key
    with newsdesk.store.snapshot() as tx:
        (kin,) = tx.kinships.kin(key)
    assert (kin.entry_id, kin.kind, kin.outgoing) == (grok, "links-to", True)


def test_links_inside_one_step(newsdesk: Newsdesk) -> None:
    """Two articles with one link that wait for the same step are one story."""
    grok = newsdesk.tell("a", "grok", 0, hours=2, drain=False)
    headline = newsdesk.item("c", "Something else entirely", link=grok, guid="tag:c.example,2026:headline", hours=1)
    newsdesk.bring("c", headline)
    assert newsdesk.groups() == {frozenset({grok, "tag:c.example,2026:headline"})}


def test_the_operator_decides_before_a_link(newsdesk: Newsdesk) -> None:
    """What was put together by hand stays together against a link, when all is decided anew."""
    grok, chip = newsdesk.tell("a", "grok", 0, hours=5), newsdesk.tell("b", "chip", 0, hours=4)
    headline = newsdesk.item("c", "They say", link=grok, guid="tag:c.example,2026:headline")
    newsdesk.bring("c", headline)
    newsdesk.correct("split", "tag:c.example,2026:headline")
    newsdesk.correct("join", chip, "tag:c.example,2026:headline")
    newsdesk.correct("recompute")
    assert newsdesk.groups() == {frozenset({grok}), frozenset({chip, "tag:c.example,2026:headline"})}
    assert newsdesk.methods()["tag:c.example,2026:headline"] == "by hand"


def test_a_link_does_not_undo_a_split(newsdesk: Newsdesk) -> None:
    """An entry that was split from a story does not come back by the link of a later member, when decided anew."""
    first = newsdesk.tell("a", "grok", 0, hours=9)
    second = newsdesk.tell("b", "grok", 1, hours=2)
    newsdesk.correct("split", second)
    headline = newsdesk.item(
        "c", "Grok opens its weights in Memphis, at last", link=second, guid="tag:c.example,2026:c", hours=5
    )
    newsdesk.bring("c", headline)
    assert newsdesk.groups() == {frozenset({first}), frozenset({second, "tag:c.example,2026:c"})}
    newsdesk.correct("recompute")
    assert newsdesk.groups() == {frozenset({first, "tag:c.example,2026:c"}), frozenset({second})}


def test_archives_beside_fresh_news(newsdesk: Newsdesk) -> None:
    """Entries of years ago are compared with their time, fresh ones with theirs, in one step or alternating."""
    old = [
        newsdesk.tell("a", "grok", 0, hours=9000, drain=False),
        newsdesk.tell("b", "grok", 1, hours=9001, drain=False),
    ]
    fresh = [newsdesk.tell("c", "grok", 2, hours=2, drain=False)]
    newsdesk.drain()
    assert newsdesk.groups() == {frozenset(old), frozenset(fresh)}
    fresh.append(newsdesk.tell("d", "grok", 0, hours=1))
    old.append(newsdesk.tell("d", "grok", 1, hours=9002))
    fresh.append(newsdesk.tell("d", "grok", 2, hours=0.5))
    assert newsdesk.groups() == {frozenset(old), frozenset(fresh)}


def test_the_window_reads_what_it_lacks(newsdesk: Newsdesk) -> None:
    """It grows to both sides as dates ask for it, three days around each article, the third day's end included."""
    stage = Grouping()
    for hours, site in ((30 * 24, "a"), (33 * 24, "b"), (36 * 24 + 1, "c"), (27 * 24, "d")):
        newsdesk.tell(site, "grok", 0, hours=hours, drain=False)
        step(newsdesk, Grouping())
    fresh = newsdesk.tell("a", "chip", 0, hours=30 * 24, drain=False)
    assert step(newsdesk, stage) == [fresh]
    assert len(window_of(stage)) == 4
    older = newsdesk.tell("a", "law", 0, hours=34 * 24, drain=False)
    assert step(newsdesk, stage) == [older]
    assert len(window_of(stage)) == 6


@pytest.mark.parametrize("limit", [1, 100])
def test_what_lies_ahead_is_read_as_it_is_needed(newsdesk: Newsdesk, limit: int) -> None:
    """A step reads ahead, and its window holds no more than one that is read for each article by itself."""
    for hours, site in ((100, "a"), (99, "b"), (97, "c"), (60, "d")):
        newsdesk.tell(site, "grok", 0, hours=hours, drain=False)
        step(newsdesk, Grouping())
    stage = Grouping()
    grok = newsdesk.tell("a", "grok", 1, hours=171.5, drain=False)
    link = newsdesk.tell("b", "chip", 0, hours=171, drain=False)
    headline = newsdesk.item("c", "Something else", link=link, guid="tag:c.example,2026:headline", hours=98)
    newsdesk.bring("c", headline, drain=False)
    late = newsdesk.tell("d", "law", 0, hours=170, drain=False)
    taken = [one for _ in range(4) for one in step(newsdesk, stage, limit)]
    assert taken == [grok, link, late, "tag:c.example,2026:headline"]
    assert len(window_of(stage)) == 6  # what is 97 or 60 hours old is ahead still
    assert frozenset({link, "tag:c.example,2026:headline"}) in newsdesk.groups()


def test_memory_is_bounded(newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit, what is too old to be compared with is forgotten; what is near stays."""
    monkeypatch.setattr(grouping, "_MOST", 2)
    stage = Grouping()
    for days in (20, 19, 18):
        newsdesk.bring("a", newsdesk.item("a", f"Day {days}", hours=days * 24), drain=False)
    step(newsdesk, stage)
    assert len(window_of(stage)) == 3
    newsdesk.tell("b", "grok", 0, hours=15.5 * 24, drain=False)
    step(newsdesk, stage)
    assert len(window_of(stage)) == 2


def test_words_are_counted_again_as_articles_grow(newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version when there are enough new articles, and only then; links keep the version that decided them."""
    monkeypatch.setattr(grouping, "_FEW", 3)
    versions = []
    for number in range(8):
        newsdesk.bring("a", newsdesk.item("a", f"Alone{number} Unheard{number}"))
        with newsdesk.store.snapshot() as tx:
            snapshot = tx.stories.snapshot()
            assert snapshot is not None
            versions.append((snapshot[0].version, snapshot[0].documents))
    assert versions == [(1, 1), (1, 1), (1, 1), (2, 4), (2, 4), (2, 4), (3, 7), (3, 7)]
    keys = sorted(entry.key for entry in newsdesk.entries())
    with newsdesk.store.snapshot() as tx:
        assert [tx.kinships.members(key)[0].version for key in keys] == [1, 1, 1, 2, 2, 2, 3, 3]


def test_the_first_articles_are_a_snapshot(newsdesk: Newsdesk) -> None:
    """A stage that begins anew decides under the statistics that are stored, without counting again."""
    newsdesk.tell("a", "grok", 0)
    newsdesk.reopen()
    newsdesk.tell("b", "chip", 0)
    with newsdesk.store.snapshot() as tx:
        snapshot = tx.stories.snapshot()
    assert snapshot is not None
    assert (snapshot[0].version, snapshot[0].documents) == (1, 1)


def test_an_edited_article_is_read_again(newsdesk: Newsdesk) -> None:
    """What is said now counts for those that come later; the edited one stays where it is."""
    edited = newsdesk.tell("a", "grok", 0, hours=3)
    newsdesk.bring("a", newsdesk.item("a", "Tachyum ships Prodigy silicon", guid=edited, link=edited, hours=3))
    assert newsdesk.entry(edited).item.title == "Tachyum ships Prodigy silicon"
    follower, other = newsdesk.tell("b", "chip", 1), newsdesk.tell("c", "grok", 1)
    assert newsdesk.groups() == {frozenset({edited, follower}), frozenset({other})}


def test_an_edit_far_from_the_window(newsdesk: Newsdesk) -> None:
    """An edit of an article that is not in memory is no news there, and waits no longer."""
    old = newsdesk.tell("a", "grok", 0, hours=9000)
    newsdesk.reopen()
    newsdesk.tell("b", "chip", 0)
    newsdesk.bring("a", newsdesk.item("a", "Corrected", guid=old, link=old, hours=9000))
    with newsdesk.store.snapshot() as tx:
        assert tx.stories.waiting(limit=9) == []


class Broken(Exception):
    """The transaction fails."""


def test_memory_is_never_ahead_of_the_store(newsdesk: Newsdesk) -> None:
    """After a step that was rolled back and forgotten, decisions are those that the store's articles give."""
    stage = Grouping()
    first = newsdesk.tell("a", "grok", 0, hours=3, drain=False)

    def broken() -> None:
        with newsdesk.store.transaction() as tx:
            stage.step(tx, newsdesk.now)
            raise Broken

    with pytest.raises(Broken):
        broken()
    stage.forget()
    earlier = newsdesk.tell("b", "grok", 1, hours=5, drain=False)
    assert step(newsdesk, stage) == [earlier, first]
    assert newsdesk.entry(first).story == newsdesk.entry(earlier).story
    assert newsdesk.methods() == {earlier: "first", first: "words/1"}


@pytest.mark.parametrize("restarts", [False, True])
def test_a_restart_changes_nothing(newsdesk: Newsdesk, restarts: bool) -> None:
    """A stage that starts anew before each article decides like one that runs on, even three days apart."""
    told = [("a", "grok", 0, 76), ("b", "chip", 0, 75), ("c", "grok", 1, 4), ("d", "chip", 1, 3), ("a", "law", 0, 2)]
    ids = []
    for site, news, number, hours in told:
        ids.append(newsdesk.tell(site, news, number, hours=hours))
        if restarts:
            newsdesk.reopen()
    grok, chip, grok_too, chip_too, law = ids
    assert newsdesk.groups() == {frozenset({grok, grok_too}), frozenset({chip, chip_too}), frozenset({law})}


def test_deciding_anew_changes_nothing(newsdesk: Newsdesk) -> None:
    """When nothing changed, recompute gives the same stories with the same keys, releases and documents."""
    for place, (site, news, number) in enumerate(
        (s, n, i) for n in ("grok", "chip", "law") for i, s in enumerate("abc")
    ):
        newsdesk.tell(site, news, number, hours=20 - place)
    before = newsdesk.groups(), newsdesk.released(), newsdesk.told(), {e.id: e.story for e in newsdesk.entries()}
    document = newsdesk.render()
    newsdesk.now += timedelta(hours=5)
    newsdesk.correct("recompute")
    after = newsdesk.groups(), newsdesk.released(), newsdesk.told(), {e.id: e.story for e in newsdesk.entries()}
    assert after == before
    assert newsdesk.render() == document
    assert {len(group) for group in before[0]} == {3}


def test_vectors_decide_where_words_cannot(newsdesk: Newsdesk) -> None:
    """Of two titles without a common word, those whose vectors lie close are one story."""
    ids = [newsdesk.tell(site, news, 0, hours=hours, drain=False) for site, news, hours in
           (("a", "grok", 3), ("b", "chip", 2), ("c", "law", 1))]  # fmt: skip
    near, far = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    vectors = {newsdesk.entry(one).key: vector.tobytes() for one, vector in zip(ids, (near, near, far), strict=True)}
    with newsdesk.store.transaction() as tx:
        tx.stories.keep_vectors(vectors, "m")
    assert step(newsdesk, Grouping("m")) == ids
    assert newsdesk.groups() == {frozenset(ids[:2]), frozenset(ids[2:])}
    assert newsdesk.methods()[ids[1]].startswith("words+meaning")


def test_an_article_waits_for_its_vector(newsdesk: Newsdesk) -> None:
    """A step ends before the first article without a vector, unless that is known to get none."""
    first, second = newsdesk.tell("a", "grok", 0, hours=3, drain=False), newsdesk.tell("b", "chip", 0, drain=False)
    vectors = {newsdesk.entry(first).key: np.ones(2, np.float32).tobytes()}
    with newsdesk.store.transaction() as tx:
        tx.stories.keep_vectors(vectors, "m")
    stage = Grouping("m")
    assert step(newsdesk, stage) == [first]
    with newsdesk.store.transaction() as tx:
        assert stage.step(tx, newsdesk.now).left
    assert step(newsdesk, stage, mute={newsdesk.entry(second).key}) == [second]


@pytest.mark.parametrize("place", ["place", "add"])
def test_a_poisonous_article_stays_alone(newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """One that cannot be compared is told once and stays in its own story; the others are decided as ever."""
    works = getattr(Window, place)

    def fails(window: Window, article: Any) -> Any:
        if article.title == "Poison":
            raise ZeroDivisionError
        return works(window, article)

    monkeypatch.setattr(Window, place, fails)
    with capture_logs() as logged:
        newsdesk.bring("a", newsdesk.item("a", "Poison", hours=3), drain=False)
        first, second = newsdesk.tell("a", "grok", 0, hours=2), newsdesk.tell("b", "grok", 1)
        newsdesk.correct("recompute")
    poison = newsdesk.item("a", "Poison", hours=3).guid
    assert newsdesk.groups() == {frozenset({first, second}), frozenset({poison})}
    assert [event["title"] for event in logged if event["event"] == "stories.not_compared"] == ["Poison"]
    assert set(newsdesk.leads()) == {poison, first}


def test_words_that_cannot_be_counted(newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """When counting fails, stories are decided under what was known, and it is not tried again at every step."""
    counts = []

    def fails(*_: object, **__: object) -> Statistics:
        counts.append(1)
        raise ZeroDivisionError

    monkeypatch.setattr(Statistics, "of", fails)
    with capture_logs() as logged:
        first, second = newsdesk.tell("a", "grok", 0, hours=2), newsdesk.tell("b", "grok", 1)
    assert newsdesk.groups() == {frozenset({first, second})}
    assert [event["event"] for event in logged] == ["stories.words_not_counted"]
    assert len(counts) == 1


def test_withdrawn_articles_weigh_nothing(newsdesk: Newsdesk) -> None:
    """What says nothing any more does not make later articles less like the rest of its story."""
    first, second = newsdesk.tell("a", "grok", 0, hours=5), newsdesk.tell("b", "grok", 1, hours=4)
    newsdesk.correct("withdraw", first)
    stage = Grouping()
    third = newsdesk.tell("c", "grok", 2, drain=False)
    step(newsdesk, stage)
    near = window_of(stage)
    assert [newsdesk.entry(one).key in near for one in (first, second, third)] == [False, True, True]
    assert newsdesk.entry(third).story == newsdesk.entry(second).story


def test_dates_are_the_stores(newsdesk: Newsdesk) -> None:
    """Articles published at the very same moment are decided in the order in which they were stored."""
    same = {"published": datetime(2026, 1, 1, tzinfo=newsdesk.now.tzinfo)}
    ids = [newsdesk.tell(site, "grok", number, drain=False, **same) for number, site in enumerate("abc")]
    assert step(newsdesk, Grouping()) == ids
    assert replace(newsdesk.entry(ids[0]), key=0).story_size == 3
