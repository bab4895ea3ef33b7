"""The contract of protocols.Entries, on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.config.settings import FeedSettings
from aggregator.decide.candidates import candidates
from aggregator.decide.changes import KnownEntry
from aggregator.decide.identity import derived_id, story_key
from aggregator.listings import NamedBy
from aggregator.model import Category, Enclosure, Header, Item, Link, Outcome, Person, Sighting
from aggregator.store.protocols import PollRecord

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR, MS = timedelta(hours=1), timedelta(milliseconds=1)
A, B = "https://a.example/feed", "https://b.example/feed"
LONG = "A sentence that is long enough to tell texts apart. " * 8


@pytest.fixture(autouse=True)
def _sources(desk: Any) -> None:
    desk.sync(A, B)


def _known(desk: Any, url: str, *items: Item) -> Any:
    with desk.store.snapshot() as tx:
        return tx.entries.known(tx.feeds.get(url), candidates(items))


def _revisions(desk: Any, key: int) -> Any:
    with desk.store.snapshot() as tx:
        return tx.entries.revisions(key)


def _found(desk: Any, query: str, *, limit: int = 10) -> list[str]:
    with desk.store.snapshot() as tx:
        return [entry.item.title for entry in tx.entries.search(query, limit=limit)]


def _subjects(desk: Any, *keys: int) -> Any:
    with desk.store.snapshot() as tx:
        return tx.entries.subjects(keys)


def test_entry_comes_back_whole(desk: Any) -> None:
    """All that a publisher says of an item, and all that its source says of itself, is kept."""
    header = Header("urn:a", "A News", links=(Link("https://a.example/"),), language="en")
    desk.sync(FeedSettings(url=A, title="The A", tags=("lab",), rank=2, prefix="A: "))
    with desk.store.transaction() as tx:
        tx.feeds.record(tx.feeds.get(A), PollRecord(NOON, Outcome.NEW, header=header))
    item = Item(
        title="T & t", guid="urn:one", link="https://a.example/1?utm_source=x", summary="<p>s</p>", content="<p>c</p>",
        published=NOON - HOUR, updated=NOON - MS, authors=(Person("Ann", "https://ann.example/", "a@a.example"),),
        contributors=(Person("Bob"),), categories=(Category("ai", "AI", "https://x.example/"),),
        enclosures=(Enclosure("https://a.example/1.mp3", "audio/mpeg", 7, 61),), thumbnail="https://a.example/1.png",
        rights="(c)", comments="https://a.example/1#c", source=Header("urn:s", "S"),
    )  # fmt: skip
    (key,) = desk.keep(A, item)
    entry = desk.entry("urn:one")
    assert entry.item == replace(item, guid=None, published=None, updated=None, language="en")
    assert (entry.key, entry.id, entry.published, entry.updated, entry.first_seen) == (
        key, "urn:one", NOON - HOUR, NOON - MS, NOON,
    )  # fmt: skip
    assert (entry.feed, entry.source, entry.private) == (A, replace(header, title="The A"), False)
    assert (entry.tags, entry.rank, entry.prefix, entry.language) == (("lab",), 2, "A: ", "en")
    assert (entry.canonical, entry.revisions, entry.held) == ("a.example/1", 0, None)
    assert (entry.story, entry.story_size) == (story_key("urn:one"), 1)
    assert entry.sightings == (Sighting(A, "urn:one", item.link, NOON),)


def test_language_of_item_before_that_of_feed(desk: Any, item: Callable[..., Item]) -> None:
    """An item's own language counts more than its feed's."""
    with desk.store.transaction() as tx:
        tx.feeds.record(tx.feeds.get(A), PollRecord(NOON, Outcome.NEW, header=Header(language="en")))
    desk.keep(A, item(1, language="fr"), item(2))
    assert [desk.entry(f"https://news.example/{number}").language for number in (1, 2)] == ["fr", "en"]


def test_entry_of_private_source(desk: Any, item: Callable[..., Item]) -> None:
    """An entry says that its text comes from a private source."""
    desk.sync(FeedSettings(url=A, private=True))
    desk.keep(A, item())
    assert desk.entry("https://news.example/1").private


def test_get_by_story(desk: Any, item: Callable[..., Item]) -> None:
    """An entry is found by its story's key too; unknown ids are not."""
    desk.keep(A, item())
    assert desk.entry(story_key("https://news.example/1")).id == "https://news.example/1"
    with desk.store.snapshot() as tx:
        assert tx.entries.get("https://news.example/2") is None
        assert [one.id for one in tx.entries.with_link("http://www.news.example/1/")] == ["https://news.example/1"]
        assert tx.entries.with_link("urn:none") == []


def test_held(desk: Any, item: Callable[..., Item]) -> None:
    """Why an entry is in no output is kept, changed and taken back."""
    (key,) = desk.keep(A, item(), held="flood")
    assert desk.entry("https://news.example/1").held == "flood"
    for why in ("private", None):
        with desk.store.transaction() as tx:
            tx.entries.set_held([key], why)
        assert desk.entry("https://news.example/1").held == why


def test_updated_is_unique(desk: Any, item: Callable[..., Item]) -> None:
    """Entries of one moment get times of their own, within a second where there is room, and stay in order."""
    desk.keep(A, *(item(number, published=NOON) for number in range(1200)))
    with desk.store.snapshot() as tx:
        times = sorted((entry.key, entry.updated) for entry in tx.entries.all())
    moments = [moment for _, moment in times]
    assert len(set(moments)) == 1200
    assert moments == sorted(moments)
    assert moments[999] - NOON < timedelta(seconds=1) <= moments[1000] - NOON < timedelta(seconds=2)


def test_updated_is_unique_after_edits(desk: Any, item: Callable[..., Item]) -> None:
    """Edits of one moment get times of their own too, and an edited entry's own old time is no obstacle."""
    one, two = desk.keep(A, item(1), item(2), at=NOON)
    for key, number in ((one, 1), (two, 2), (one, 1)):
        desk.revise(A, key, item(number, title="New"), at=NOON + HOUR)
    times = [desk.entry(f"https://news.example/{number}").updated for number in (1, 2)]
    assert times == [NOON + HOUR + 2 * MS, NOON + HOUR + MS]


def test_known_of_strangers(desk: Any, item: Callable[..., Item]) -> None:
    """Of items that nobody has, nothing is known."""
    desk.keep(A, item(1))
    known = _known(desk, B, item(2))
    assert (known.sighted, known.entries, known.taken) == ({}, {}, frozenset())


def test_known_of_a_document_that_is_all_new(desk: Any, item: Callable[..., Item]) -> None:
    """When items have new names, the last document's entries are known with their texts; else they are not."""
    older = desk.keep(A, item(9))
    last = desk.keep(A, item(1), item(2), item(3), at=NOON + HOUR)
    strangers = [item(number, guid=f"new {number}", link=f"https://moved.example/{number}") for number in range(1, 4)]
    known = _known(desk, A, *strangers)
    assert known.former == frozenset(last)
    assert {known.entries[key].item.content for key in last} == {f"<p>Text {number}.</p>" for number in (1, 2, 3)}
    assert not set(older) & set(known.entries)
    assert _known(desk, A, *strangers[:1], item(1), item(2)).former == frozenset(last)
    assert _known(desk, A, item(1), item(2), item(3)).former == frozenset()
    assert _known(desk, B, *strangers).former == frozenset(), "each feed has its own"


def test_known_of_listed_items(desk: Any, item: Callable[..., Item]) -> None:
    """Of an item that this feed has listed, the entry and the digest listed last are known, and the keys used here."""
    (key,) = desk.keep(A, item(1), held="flood")
    changed = item(1, title="Changed")
    desk.list(A, (key, changed, False), (key, item(1, guid="other"), True))
    (known_key, entry), = _known(desk, A, item(1)).entries.items()  # fmt: skip
    candidate = desk.candidate(item(1))
    assert _known(desk, A, item(1)).sighted == {candidate.key: (key, desk.candidate(changed).digest, changed.link)}
    assert (known_key, entry) == (
        key,
        KnownEntry(
            key=key, feed=A, item=Item(title=item(1).title, link=item(1).link), digest=candidate.digest,
            canonical="news.example/1", content_key=None, published=NOON, updated=NOON, held="flood", here=entry.here,
            id=item(1).guid or "", names=frozenset({"a.example/feed"}),
        ),
    )  # fmt: skip
    assert sorted(entry.here) == sorted([candidate.key, desk.candidate(item(1, guid="other")).key])


def test_known_of_the_same_link_or_text(desk: Any, item: Callable[..., Item]) -> None:
    """Entries of other feeds with an item's link, or its title and text, are known; their keys here are none."""
    desk.sync(FeedSettings(url=A, private=True), B)
    text = item(2, summary=LONG)
    same_link, same_text, _ = desk.keep(A, item(1), text, item(3))
    known = _known(
        desk,
        B,
        item(1, guid="b1", title="Else"),
        item(9, guid="b2", title=text.title, summary=LONG),
        item(8, guid="b3"),
    )
    assert (set(known.entries), known.sighted) == ({same_link, same_text}, {})
    assert all(entry.private and entry.here == () for entry in known.entries.values())
    assert known.entries[same_text].item.content == LONG


def test_known_of_a_moved_item(desk: Any, item: Callable[..., Item]) -> None:
    """An item whose link changed is compared with what is known of its new link."""
    (one,) = desk.keep(A, item(1))
    (two,) = desk.keep(B, item(2, guid="b", summary="text"))
    known = _known(desk, A, item(2, guid=item(1).guid))
    assert set(known.entries) == {one, two}
    assert (known.entries[one].item.content, known.entries[two].item.content) == ("<p>Text 1.</p>", "text")


def test_known_of_one_link_for_all(desk: Any, item: Callable[..., Item]) -> None:
    """Of entries that share a link, however many, the last 256 are known."""
    keys = desk.keep(A, *(item(1, guid=f"g{number}") for number in range(300)))
    assert set(_known(desk, B, item(1, guid="b")).entries) == set(keys[-256:])


def test_known_of_other_feeds(desk: Any, item: Callable[..., Item]) -> None:
    """It is known whether other feeds list an entry, and whether the one that supplies it does no longer."""
    one, two = desk.keep(A, item(1), item(2))
    desk.list(B, (one, item(1, guid="b"), True))

    def told(url: str) -> tuple[bool, bool]:
        entry = _known(desk, url, item(1)).entries[one]
        return entry.elsewhere, entry.left

    assert (told(A), told(B)) == ((True, False), (True, False))
    desk.list(A, (two, item(1, link="https://news.example/2"), True))
    assert (told(A), told(B)) == ((True, True), (False, True))


def test_key_of_an_item_that_became_another(desk: Any, item: Callable[..., Item]) -> None:
    """A feed that lists another entry under a key has it no longer listed as the first."""
    two = desk.keep(A, item(1), item(2))[1]
    moved = item(1, link="https://news.example/2")
    desk.list(A, (two, item(2), False), (two, moved, True), at=NOON + HOUR)
    assert desk.entry("https://news.example/1").sightings == ()
    assert {seen.guid for seen in desk.entry("https://news.example/2").sightings} == {item(1).guid, item(2).guid}
    assert _known(desk, A, item(1)).sighted == {
        desk.candidate(item(1)).key: (two, desk.candidate(moved).digest, moved.link)
    }


def test_known_ids_in_use(desk: Any, item: Callable[..., Item]) -> None:
    """Of the ids that judging may give out, those in use are known: the publisher's and our own."""
    ours = derived_id(B, desk.candidate(item(2, guid="plain")).key)
    desk.keep(A, item(1), item(3, guid=ours))
    known = _known(desk, B, item(1, link="https://other.example/"), item(2, guid="plain"), item(4))
    assert known.taken == {"https://news.example/1", ours}


def test_edit(desk: Any, item: Callable[..., Item]) -> None:
    """An edit changes the entry, never its id, its first sight or its publication; what it said before is kept."""
    (key,) = desk.keep(A, item(summary="old", content="<p>old</p>"), at=NOON)
    desk.revise(A, key, item(title="New", link="https://news.example/one", summary="new"), at=NOON + HOUR)
    entry = desk.entry("https://news.example/1")
    assert (entry.item.title, entry.item.summary, entry.item.content) == ("New", "new", None)
    assert (entry.canonical, entry.revisions, entry.updated) == ("news.example/one", 1, NOON + HOUR)
    assert (entry.published, entry.first_seen) == (NOON, NOON)
    (before,) = _revisions(desk, key)
    assert (before.at, before.title, before.link, before.summary, before.content) == (
        NOON + HOUR, "Headline 1", "https://news.example/1", "old", "<p>old</p>",
    )  # fmt: skip


def test_another_supplier_is_no_edit(desk: Any, item: Callable[..., Item]) -> None:
    """When only the source changes that supplies an entry, readers see no change: no revision, the same `updated`."""
    one, _ = desk.keep(A, item(1, published=NOON), item(2, published=NOON))
    before = desk.entry("https://news.example/1")
    desk.revise(B, one, item(1), at=before.updated, edited=False)
    after = desk.entry("https://news.example/1")
    assert (after.feed, after.updated, after.revisions) == (B, before.updated, 0)
    assert after.published == before.published
    desk.revise(A, one, item(1, published=NOON + HOUR), at=NOON + 2 * HOUR, edited=False)
    later = desk.entry("https://news.example/1")
    assert (later.published, later.updated, later.revisions) == (NOON + HOUR, NOON + 2 * HOUR, 0)
    assert _revisions(desk, one) == []


def test_twenty_revisions_are_kept(desk: Any, item: Callable[..., Item]) -> None:
    """The newest twenty revisions of an entry are kept, newest first, and all are counted."""
    one, two = desk.keep(A, item(1), item(2))
    desk.revise(A, two, item(2, title="Another"))
    for number in range(25):
        desk.revise(A, one, item(1, title=f"Edit {number}"), at=NOON + number * HOUR)
    assert [revision.title for revision in _revisions(desk, one)] == [f"Edit {number}" for number in range(23, 3, -1)]
    assert desk.entry("https://news.example/1").revisions == 25
    assert len(_revisions(desk, two)) == 1


def test_sighted_again(desk: Any, item: Callable[..., Item]) -> None:
    """Listing an entry again adds no sighting, and the digest listed last is remembered."""
    (key,) = desk.keep(A, item())
    desk.list(A, (key, item(title="Again"), False), at=NOON + HOUR)
    assert len(desk.entry("https://news.example/1").sightings) == 1
    assert next(iter(_known(desk, A, item()).sighted.values())) == (
        *(key, desk.candidate(item(title="Again")).digest),
        item().link,
    )


def test_sighted_elsewhere(desk: Any, item: Callable[..., Item]) -> None:
    """Each feed that lists an entry has a sighting of it; the first one stands first."""
    (key,) = desk.keep(A, item())
    desk.list(B, (key, item(guid="b", link="https://b.example/1"), True), at=NOON - HOUR)
    assert desk.entry("https://news.example/1").sightings == (
        Sighting(B, "b", "https://b.example/1", NOON - HOUR, "relisted"),
        Sighting(A, "https://news.example/1", "https://news.example/1", NOON),
    )


def test_changed_guid_replaces_the_old_one(desk: Any, item: Callable[..., Item]) -> None:
    """A feed that gives an entry a new guid has one sighting of it still, under the new guid, first seen as before."""
    (key,) = desk.keep(A, item())
    desk.list(B, (key, item(guid="b"), True), at=NOON + HOUR)
    desk.list(A, (key, item(guid="new"), True), at=NOON + 2 * HOUR)
    assert [(seen.feed, seen.guid, seen.first_seen) for seen in desk.entry("https://news.example/1").sightings] == [
        (A, "new", NOON),
        (B, "b", NOON + HOUR),
    ]
    assert _known(desk, A, item()).sighted == {}
    assert set(_known(desk, A, item(guid="new")).sighted) == {desk.candidate(item(guid="new")).key}


def test_two_guids_side_by_side(desk: Any, item: Callable[..., Item]) -> None:
    """A feed that lists one entry under two guids at once has two sightings of it, in whichever order they came."""
    (key,) = desk.keep(A, item())
    desk.list(A, (key, item(), False), (key, item(guid="twin"), True))
    desk.list(B, (key, item(guid="b1"), True), (key, item(guid="b2"), True))
    seen = [(seen.feed, seen.guid) for seen in desk.entry("https://news.example/1").sightings]
    assert sorted(seen) == [(A, "https://news.example/1"), (A, "twin"), (B, "b1"), (B, "b2")]


def test_subjects(desk: Any, item: Callable[..., Item]) -> None:
    """Outputs see an entry with the tags of all sources that list it, public and private ones apart."""
    desk.sync(FeedSettings(url=A, tags=("lab", "ai")), FeedSettings(url=B, tags=("ai", "inside"), private=True))
    one, two = desk.keep(A, item(1, language="fr", published=NOON - HOUR), item(2), held="flood")
    (three,) = desk.keep(B, item(3))
    desk.list(B, (one, item(1), True))
    subjects = _subjects(desk, one, two, three)
    assert subjects[one].item == replace(item(1, language="fr"), guid=None)
    assert (subjects[one].tags, subjects[one].private_tags) == ({"lab", "ai"}, {"ai", "inside"})
    assert (subjects[one].language, subjects[one].published, subjects[one].feed) == ("fr", NOON - HOUR, A)
    assert (subjects[one].held, subjects[one].private) == ("flood", False)
    assert (subjects[two].tags, subjects[two].private_tags) == ({"lab", "ai"}, set())
    assert (subjects[three].private, subjects[three].tags, subjects[three].private_tags) == (
        True, set(), {"ai", "inside"},
    )  # fmt: skip
    assert _subjects(desk, 99) == {}


def test_all(desk: Any, item: Callable[..., Item]) -> None:
    """Every entry comes, newest publication first, or those first seen since a moment."""
    desk.keep(A, item(1, published=NOON - 2 * HOUR), item(2, published=NOON - HOUR))
    desk.keep(B, item(3, published=NOON - 3 * HOUR), at=NOON + HOUR)
    with desk.store.snapshot() as tx:
        assert [entry.item.title[-1] for entry in tx.entries.all()] == ["2", "1", "3"]
        assert [entry.item.title[-1] for entry in tx.entries.all(since=NOON + HOUR)] == ["3"]
        assert list(tx.entries.all(since=NOON + HOUR + MS)) == []


def test_all_of_many(desk: Any, item: Callable[..., Item]) -> None:
    """However many entries there are, each comes once with its own sightings."""
    desk.keep(A, *(item(number) for number in range(450)))
    with desk.store.snapshot() as tx:
        found = list(tx.entries.all())
    assert len({entry.key for entry in found}) == len(found) == 450
    assert all(seen.link == entry.item.link for entry in found for seen in entry.sightings)


def test_search(desk: Any, item: Callable[..., Item]) -> None:
    """All words must be there, in title or text, whatever their case and accents; a title counts more."""
    desk.keep(
        A,
        item(1, title="Un modèle élégant", summary="<p>Petit et <b>rapide</b></p>"),
        item(2, title="Other", summary="<p>a modele, elegant</p>"),
        item(3, title="Nothing", content="<p>RAPIDE</p>", summary="modele"),
    )
    assert _found(desk, "ELEGANT modèle") == ["Un modèle élégant", "Other"]
    assert _found(desk, "rapide petit") == ["Un modèle élégant"]
    assert sorted(_found(desk, "rapide")) == ["Nothing", "Un modèle élégant"]
    assert _found(desk, "modele", limit=1) == ["Un modèle élégant"]
    assert _found(desk, "absent") == _found(desk, "") == _found(desk, " -- ") == []


def test_search_after_an_edit(desk: Any, item: Callable[..., Item]) -> None:
    """What an entry says now is found, what it said before is not."""
    (key,) = desk.keep(A, item(title="Zebra", summary="giraffe"))
    desk.revise(A, key, item(title="Okapi", summary="gnu"))
    assert _found(desk, "okapi gnu") == ["Okapi"]
    assert _found(desk, "zebra") == _found(desk, "giraffe") == []
    desk.revise(B, key, item(title="Okapi", summary="gnu"), edited=False)
    assert _found(desk, "okapi") == ["Okapi"]


@pytest.mark.parametrize(
    "query",
    ['modele"', "modele'", "NOT modele", "modele AND", "(modele", "title:modele", "modele*", "^modele", "a:b", "\x00near",
     "NEAR(modele, 2)", "{title} : modele", "-modele", "modele;--", "modele _", "modele \ud800"],
)  # fmt: skip
def test_any_text_is_a_query(desk: Any, item: Callable[..., Item], query: str) -> None:
    """Quotes, operators and other signs in a query are neither an error nor do they mean anything."""
    desk.keep(A, item(title="Modele near not and title a b 2", summary=""))
    assert len(_found(desk, query)) == 1
    assert _found(desk, query + " absent") == []


@pytest.mark.parametrize("query", ['"', "'", "*", "_", "\x00", "\ud800", "()", "² absent"])
def test_query_without_words(desk: Any, item: Callable[..., Item], query: str) -> None:
    """A query without a word finds nothing."""
    desk.keep(A, item())
    assert _found(desk, query) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text() | st.lists(st.text(min_size=1, max_size=3), min_size=300, max_size=600).map(" ".join))
def test_no_text_breaks_the_search(desk: Any, query: str) -> None:
    """No query is an error, however odd or long."""
    assert _found(desk, query) == _public(desk, query, "all") == []


def _public(desk: Any, query: str, *outputs: str, limit: int = 10) -> list[str]:
    with desk.store.snapshot() as tx:
        return [entry.item.title for entry in tx.entries.search_released(query, outputs, limit=limit)]


def test_search_for_everyone(desk: Any, item: Callable[..., Item]) -> None:
    """Only what was released in one of the outputs named is found, nothing of a private source, nothing withdrawn."""
    desk.sync(A, FeedSettings(url=B, private=True))
    old, new, held, gone = desk.keep(A, *(item(number, title=f"Llama {number}") for number in range(4)))
    (secret,) = desk.keep(B, item(4, title="Llama in secret"))
    desk.release("all", new, old, gone, secret)
    desk.release("labs", old)
    desk.release("hidden", held)
    with desk.store.transaction() as tx:
        tx.kinships.withdraw(gone, NOON)
    assert _public(desk, "llama", "all", "labs") == ["Llama 1", "Llama 0"]
    assert _public(desk, "llama", "labs") == ["Llama 0"]
    assert _public(desk, "llama", "all", limit=1) == ["Llama 1"]
    assert _public(desk, "llama") == _public(desk, "llama", "nobody") == _public(desk, "alpaca", "all") == []


def test_items_get_other_names(desk: Any, item: Callable[..., Item]) -> None:
    """What is listed is known under the names given; what is listed no longer under what its sighting makes of it."""
    listed, gone, alone = desk.keep(A, item(1, guid="g1"), item(2, guid="g2"), item(3, guid="g3", link=None))
    anew = candidates([item(1, guid="other")], by=NamedBy.LINK)
    with desk.store.transaction() as tx:
        tx.feeds.rekey(tx.feeds.get(A), {"g:g1": anew[0].key}, NamedBy.LINK)
        known = tx.entries.known(tx.feeds.get(A), candidates([item(1), item(2, guid=None)], by=NamedBy.LINK))
    assert {listed.entry for listed in known.sighted.values()} == {listed, gone}
    with desk.store.transaction() as tx:
        tx.feeds.rekey(tx.feeds.get(A), {}, NamedBy.CONTENT)
        known = tx.entries.known(tx.feeds.get(A), candidates([item(1), item(2)], by=NamedBy.LINK))
    assert {listed.entry for listed in known.sighted.values()} == {listed, gone}, "a sighting has no text"
    assert alone not in {listed, gone}
