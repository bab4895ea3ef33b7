"""The evidence on which an item of a document is an entry that we have: exact, or none.

The law (docs/design.md): duplicates merge on exact evidence. Across feeds: the same canonical URL, and titles that
agree, or one body inside the other, or both feeds on the link's own site; on one site, the same title and text.
Where a feed lists one link several times (release notes on one page), the title names the item; where it repeats
the title too, the date. Anything less stays two entries.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from aggregator.decide.canonical import bodies_contain, fold_title, plain_text, titles_agree
from aggregator.decide.identity import SHORT, is_derived, same_day
from aggregator.decide.listing import dates_of
from aggregator.decide.origins import is_from, is_one_source
from aggregator.decide.sites import same_host, same_site
from aggregator.decide.wrappers import target_of
from aggregator.model import Held

if TYPE_CHECKING:
    from collections.abc import Collection

    from aggregator.decide.candidates import Candidate
    from aggregator.decide.changes import KnownEntry
    from aggregator.listings import Line
    from aggregator.model import Item

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No feed is older: an earlier date is a mistake."""
MOST, ENOUGH = 0.8, 3
"""How much of a document must say the same under new names before the feed is taken to have renamed everything."""
_MOMENT = timedelta(seconds=1)
_MIDNIGHT = time()
_LISTED = ""
"""Stands for the document where a feed's address is asked for: what it lists now, not what is known of it."""


class Evidence(StrEnum):
    """By what an item is an entry that was known under another name, or of another feed."""

    ALL_RENAMED = "all renamed"
    """The feed gave all its items new names."""
    RELISTED = "relisted"
    """The feed lists the link under another name."""
    MOVED = "moved"
    """The feed lists the text at another address."""
    NAMED_SOURCE = "named source"
    """One is a copy that names the other, or both name a third, as its source."""
    COPY = "copy"
    """Title and text are the same, on one site."""
    VERSION = "version"
    """The title is the same, where several have the link."""
    LINK_AND_TITLE = "link and title"
    LINK_AND_TEXT = "link and text"
    LINK_OF_WITHDRAWN = "link of withdrawn"
    LINK_OF_BOTH = "link of both"
    """Both feeds are on the link's own site."""


def claim(feed: str, item: Item) -> int:
    """Return how well a feed speaks for an item's link: 2 on its host, 1 on its site, 0 elsewhere.

    A link wrapped by a search engine is on the site that it leads to.
    """
    link = target_of(item.link or "")
    return same_site(feed, link) + same_host(feed, link)


class Sameness:
    """What the documents of a feed, and the entries known, say of whether two are one."""

    def __init__(
        self,
        feed: str,
        listed: Collection[Candidate],
        entries: Collection[KnownEntry],
        *,
        now: datetime,
        former: Collection[int] = (),
        names: frozenset[str] = frozenset(),
        unread: Collection[Line] = (),
    ) -> None:
        """Take all candidates of a document, all entries that it may list, and which of them the last one listed.

        `unread` is what else it lists, which has nothing in common with the candidates (decide.listing).
        """
        self._own_names = names
        self._now = now
        self._feed = feed
        self._keys = {candidate.key for candidate in listed} | {line.key for line in unread}
        self._unread_dates = [self._credible(next(iter(dates_of(line)), None)) for line in unread]
        distinct = {(each.canonical, fold_title(each.item.title), each.digest, each.item.published) for each in listed}
        self._titles = Counter(title for _, title, *_ in distinct)
        self._names = Counter((_LISTED, link, title) for link, title, *_ in distinct)
        for entry in entries:
            for lister in {entry.feed, *([feed] if entry.here else [])}:
                self._names[lister, entry.canonical, fold_title(entry.item.title)] += 1
        self._links: Counter[tuple[str, str | None]] = Counter()
        for (lister, link, _), count in self._names.items():
            self._links[lister, link] += count
        self._entries = entries
        self.renamed = self._renamed(listed, former)
        """Entries by the new keys of their items, where the whole feed gave its items new names."""

    def _renamed(self, listed: Collection[Candidate], former: Collection[int]) -> dict[str, int]:
        """Pair items with the last document's entries when nearly all say the same, one by one: a moved site.

        What little each of them says would prove nothing alone; of a few items, or some, it does not here either. Only
        the time that both documents tell of counts: what is newer than all that was listed before has no counterpart.
        """
        left = {entry.key: entry for entry in self._entries if entry.key in former and not self._is_listed(entry)}
        bearers = Counter(fold_title(entry.item.title) for entry in left.values())
        named = {fold_title(entry.item.title): entry for entry in left.values()}
        pairs = {}
        for candidate in listed:
            title = fold_title(candidate.item.title)
            if title and self._titles[title] == bearers[title] == 1 and self._says_the_same(candidate, named[title]):
                pairs[candidate.key] = named[title].key
        return pairs if len(pairs) >= max(ENOUGH, MOST * self._comparable(listed, left.values())) else {}

    def _comparable(self, listed: Collection[Candidate], left: Collection[KnownEntry]) -> int:
        """Return how many items could have a counterpart in the other document."""
        dates = [self._date(candidate.item) for candidate in listed] + self._unread_dates
        newest = max((entry.published for entry in left), default=EARLIEST) + timedelta(days=1)
        oldest = min((date for date in dates if date is not None), default=EARLIEST) - timedelta(days=1)
        items = sum(date is None or date <= newest for date in dates)
        return min(items, sum(entry.published >= oldest or None in dates for entry in left))

    def _says_the_same(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether the moment is the same, whatever became of the text, or no moment is given and the text is."""
        said = self._date(candidate.item)
        if said is not None:
            return self._same_moment(candidate, entry) or _is_same_date(said, entry.published)
        one, other = _body(candidate.item), _body(entry.item)
        return plain_text(one) == plain_text(other) or bodies_contain(one, other)

    def evidence(self, candidate: Candidate, entry: KnownEntry) -> Evidence | None:
        """Return by what a candidate that this feed never listed under its key is this entry all the same."""
        linked = candidate.canonical is not None and candidate.canonical == entry.canonical
        if entry.here:
            return self._own_evidence(candidate, entry, linked=linked)
        if self._is_republished(candidate, entry, linked=linked):
            return Evidence.NAMED_SOURCE
        if not linked:
            return Evidence.COPY if _is_copy(candidate, entry) else None
        if self._shares_link(candidate, entry):
            return Evidence.VERSION if self._is_version(candidate, entry) else None
        return self._link_evidence(candidate, entry)

    def _own_evidence(self, candidate: Candidate, entry: KnownEntry, *, linked: bool) -> Evidence | None:
        """Compare with an entry that this feed lists, or listed, under another key."""
        if linked:
            return Evidence.RELISTED if self._is_relisted(candidate, entry) else None
        return Evidence.MOVED if self._is_moved(candidate, entry) else None

    def _link_evidence(self, candidate: Candidate, entry: KnownEntry) -> Evidence | None:
        """Compare with another feed's entry that has the same link; a tombstone has nothing else to compare."""
        if titles_agree(candidate.item.title, entry.item.title):
            return Evidence.LINK_AND_TITLE
        if bodies_contain(_body(candidate.item), _body(entry.item)):
            return Evidence.LINK_AND_TEXT
        if entry.held == Held.WITHDRAWN:
            return Evidence.LINK_OF_WITHDRAWN
        return Evidence.LINK_OF_BOTH if self._both_own(candidate, entry) else None

    def _is_republished(self, candidate: Candidate, entry: KnownEntry, *, linked: bool) -> bool:
        """Tell whether one of two feeds lists what it says is the other's, or both what they say is a third's.

        A copy of what the original told before is that, whatever else it says. Told before the original, or by two
        copies, or under an id that is ours, title or text must agree: nobody takes a name before its owner comes.
        """
        same_id = bool(entry.id) and candidate.item.guid == entry.id
        if not same_id and (not linked or self._shares_link(candidate, entry)):
            return False
        if is_from(candidate.item.source, entry.feed, entry.names):
            return True
        ours = is_derived(entry.id)
        known = (
            ours
            or is_from(entry.item.source, self._feed, self._own_names)
            or is_one_source(candidate.item.source, entry.item.source)
        )
        return same_id and known and ((ours and linked) or _says_so_too(candidate, entry))

    def _is_relisted(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether this feed lists one of its own entries under a new key (it changed the guid).

        Two that are listed side by side are two, unless nothing tells them apart.
        """
        same, said = candidate.digest == entry.digest, self._date(candidate.item)
        moment = said is None or self._same_moment(candidate, entry)
        if self._is_listed(entry):
            return same and moment
        agree = titles_agree(candidate.item.title, entry.item.title)
        if self._repeats_title(candidate, entry):
            return moment and (same or (said is not None and agree))
        told_by_another = entry.feed != self._feed  # its date and text are no measure of this feed's
        return same or (
            agree
            and (
                moment
                or _is_same_date(said, entry.published)
                or told_by_another
                or bodies_contain(_body(candidate.item), _body(entry.item))
            )
        )

    def _is_moved(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether this feed lists, at a new address, one of its own entries that it lists no longer.

        Of a short text, title and moment must be the same (see content_key), and no other item have the title. Where
        the text was edited too, the address must end alike (`/2026/04/name`, `/blog/name`).
        """
        if self._is_listed(entry):
            return False
        key, alone = candidate.content_key, self._titles[fold_title(candidate.item.title)] == 1
        if key is not None and key == entry.content_key:
            return alone if key.startswith(SHORT) else same_day(candidate.item.published, entry.published)
        dated = self._date(candidate.item) is not None
        return alone and dated and _end_alike(candidate, entry) and self._says_the_same(candidate, entry)

    def _is_version(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether two feeds mean the same by one title, where a link has several: site names are no tails here."""
        title = fold_title(candidate.item.title)
        if not title or title != fold_title(entry.item.title):
            return False
        return not self._repeats_title(candidate, entry) or self._same_moment(candidate, entry)

    def _both_own(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether both feeds are on the link's own site, and no other feed there has made an entry of it."""
        if not claim(self._feed, candidate.item):
            return False
        linked = (each for each in self._entries if each.canonical == candidate.canonical)
        return [each.key for each in linked if claim(each.feed, each.item)] == [entry.key]

    def _is_listed(self, entry: KnownEntry) -> bool:
        return not self._keys.isdisjoint(entry.here)

    def _shares_link(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether one of the two feeds lists several items with this link."""
        return any(self._links[lister, candidate.canonical] > 1 for lister in (_LISTED, self._feed, entry.feed))

    def _repeats_title(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether one of the two feeds lists several items with this link and title."""
        titles = {fold_title(candidate.item.title), fold_title(entry.item.title)}
        return any(
            self._names[lister, candidate.canonical, title] > 1
            for title in titles
            for lister in (_LISTED, self._feed, entry.feed)
        )

    def _date(self, item: Item) -> datetime | None:
        """Return the date that an item gives, where it can be true."""
        return self._credible(item.published or item.updated)

    def _credible(self, said: datetime | None) -> datetime | None:
        return said if said is not None and EARLIEST <= said <= self._now else None

    def _same_moment(self, candidate: Candidate, entry: KnownEntry) -> bool:
        said = self._date(candidate.item)
        return said is not None and abs(said - entry.published) < _MOMENT


def _is_same_date(one: datetime | None, other: datetime) -> bool:
    """Tell whether one of two dates has no time of day, and means the same day as the other, or a day beside it."""
    return one is not None and (one.time() == _MIDNIGHT) != (other.time() == _MIDNIGHT) and same_day(one, other)


def _is_copy(candidate: Candidate, entry: KnownEntry) -> bool:
    """Tell whether another feed's item has the title and the long text of an entry, of a day or so, on one site."""
    key = candidate.content_key
    if key is None or key != entry.content_key or key.startswith(SHORT):
        return False
    same_time = same_day(candidate.item.published, entry.published)
    return same_time and same_site(candidate.item.link, entry.item.link)


def _end_alike(candidate: Candidate, entry: KnownEntry) -> bool:
    """Tell whether title and the last part of the path are the same at two addresses."""
    title = fold_title(candidate.item.title)
    ends = [
        (url or "").partition("?")[0].partition("/")[2].rpartition("/")[2]
        for url in (candidate.canonical, entry.canonical)
    ]
    return title != "" and title == fold_title(entry.item.title) and ends[0] != "" and ends[0] == ends[1]


def _says_so_too(candidate: Candidate, entry: KnownEntry) -> bool:
    agree = titles_agree(candidate.item.title, entry.item.title)
    return agree or bodies_contain(_body(candidate.item), _body(entry.item))


def _body(item: Item) -> str | None:
    return item.content or item.summary
