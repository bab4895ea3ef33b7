"""What a source's document goes on in: the next pages of a list, the sitemaps of an index; the feed of a page.

They are asked for within the same poll, one after the other, each like any other request of its host, and make one
document with the first. Whatever cannot be had costs that alone: the rest is kept, the operator is told, and the next
poll reads the first document again even where it did not change.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aggregator.decide.answers import Answer, classify, status_error
from aggregator.decide.archives import as_asked
from aggregator.decide.further import latest_items, next_link, secured
from aggregator.decide.sitemaps import due, remembered, undated
from aggregator.decide.sites import host_of, is_public, origin_of, same_host, same_site
from aggregator.errors import (
    AggregatorError,
    BadRedirect,
    FetchError,
    HttpStatus,
    NetworkError,
    NotAFeed,
    ParseError,
    TimedOut,
)
from aggregator.model import Document, RequestKind, Validators
from aggregator.parse.limits import MOST_ITEMS
from aggregator.restraint import Resting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aggregator.config.settings import FeedSettings
    from aggregator.fetch.client import Ask
    from aggregator.indexes import ChildSitemap
    from aggregator.model import Fetched
    from aggregator.settle import Result

_NONE = Validators()
_TOO_MANY, _SERVER_ERROR = 429, 500


@dataclass(frozen=True, slots=True)
class Means:
    """By what further documents are had."""

    ask: Ask
    """How the source itself is asked, without validators."""
    get: Callable[[Ask], Awaitable[Fetched]]
    """Wait for the host's turn and ask; raises FetchError, and Resting when its site is to be left alone."""
    read: Callable[[Fetched], Awaitable[Document]]
    """Parse; raises ParseError."""


async def gather(
    result: Result, source: FeedSettings, means: Means, *, refetch: bool = False, search: bool = True
) -> Result:
    """Return what a poll came to together with the documents that its document goes on in.

    `refetch`: send no validators. `search`: a page in place of a feed that never was one is searched for its feed.
    """
    fetched = result.fetched
    if fetched is None or result.request.kind is not RequestKind.POLL:
        return result
    gathering = _Gathering(result, fetched, means)
    if isinstance(result.error, NotAFeed) and search and result.feed.last_success is None:
        return await gathering.feed(result.error.feeds)
    if result.error is not None:
        return result
    if source.kind == "page" and result.document is not None:
        return await gathering.pages(result.document, source.pages - 1)
    if source.kind == "sitemap":
        return await gathering.sitemaps(refetch=refetch)
    return result


@dataclass
class _Gathering:
    """One poll's further documents."""

    result: Result
    fetched: Fetched
    means: Means
    documents: list[Document] = field(default_factory=list)
    errors: list[AggregatorError] = field(default_factory=list)
    refused: Fetched | None = None
    """An answer that asks for rest."""
    stopped: bool = False

    async def feed(self, places: Sequence[str]) -> Result:
        """Look for the feed of a page: where the page names it, then in common places; the first that is one is it.

        Whoever owns the page must not choose an address in our network.
        """
        for place in places:
            url = self._allowed(place, self.fetched.url)
            if url is None or not (is_public(host_of(url)) or same_host(url, self.means.ask.url)):
                continue
            answer = await self._answer(url, anywhere=True)
            if answer is not None and answer[1] is not None:
                fetched, document = answer
                return replace(self.result, fetched=fetched, document=document, error=None, found_at=url)
            if self.stopped:
                break
        return replace(self.result, refused=self.refused)

    async def pages(self, first: Document, most: int) -> Result:
        """Follow a list, at most `most` pages, none twice, all on one host."""
        seen = {self.means.ask.url, self.fetched.url}
        page, here = first, self.fetched.url
        for _ in range(most):
            url = self._allowed(next_link(page.header), here)
            if url is None or url in seen or host_of(url) != host_of(here):
                break
            answer = await self._answer(url)
            seen.add(url)
            if answer is None or answer[1] is None or answer[0].url in seen - {url}:
                break
            here, page = answer[0].url, answer[1]
            seen.add(here)
            self.documents.append(page)
        return self._joined(first, "pages of the list")

    async def sitemaps(self, *, refetch: bool) -> Result:
        """Read the sitemaps that an index names, those that may have changed."""
        feed, first = self.result.feed, self.result.document
        known = () if refetch else feed.header.sitemaps
        named = first.header.sitemaps if first is not None else feed.header.sitemaps
        wanted = due(named, known, feed.last_success) if first is not None else undated(named)
        read: list[ChildSitemap] = []
        missed: list[ChildSitemap] = []
        for child in wanted:
            answer = None if self.stopped else await self._child(child, validators=not refetch)
            if answer is None:
                missed.append(child)
            elif answer[1] is not None:
                given = answer[0].validators
                read.append(replace(child, etag=given.etag, last_modified=given.last_modified))
                self.documents.append(answer[1])
        if not named or (not self.documents and not missed):
            return self.result if not named else replace(self.result, document=None)
        if missed and len(missed) == len(wanted):
            return self._in_vain(len(wanted))
        base = first or Document(feed.header, (), feed.hints)
        children = remembered(feed.header.sitemaps, named, read, missed)
        header = replace(base.header, title=self._title(base), sitemaps=children)
        return self._joined(replace(base, header=header), "sitemaps that it names", len(missed))

    async def _child(self, child: ChildSitemap, *, validators: bool) -> tuple[Fetched, Document | None] | None:
        url = self._allowed(child.url, self.fetched.url)
        if url is None or not same_site(url, self.fetched.url):
            self.errors.append(FetchError("Its address is not one that this source may lead to."))
            return None
        return await self._answer(url, Validators(child.etag, child.last_modified) if validators else _NONE)

    def _allowed(self, url: str | None, base: str) -> str | None:
        """Return where a further document is asked for, if it may be: a source with secrets stays on its host."""
        address = secured(url, base) if url is not None else None
        if address is None or (self.result.feed.private and host_of(address) != host_of(self.means.ask.url)):
            return None
        return address

    async def _answer(
        self, url: str, validators: Validators = _NONE, *, anywhere: bool = False
    ) -> tuple[Fetched, Document | None] | None:
        """Return an answer and what it brings, None where it did not change; None altogether when it cannot be had.

        `anywhere`: it may come from another site than was asked.
        """
        try:
            fetched = await self.means.get(replace(self._ask(url), validators=validators))
            match classify(fetched):
                case Answer.NOT_MODIFIED if validators:
                    return fetched, None
                case Answer.DOCUMENT if anywhere or same_site(fetched.url, url):
                    return fetched, await self.means.read(fetched)
                case Answer.DOCUMENT:
                    self.errors.append(BadRedirect("It leads to another site."))
                case _:
                    self._refused(fetched)
        except Resting:
            self._stop(HttpStatus("Its site asked to be left alone."))
        except (NetworkError, TimedOut) as error:
            self._stop(error)
        except (FetchError, ParseError) as error:
            self.errors.append(error)
        return None

    def _stop(self, error: AggregatorError) -> None:
        """Ask nothing more: the server does not answer, or wants to be left alone."""
        self.errors.append(error)
        self.stopped = True

    def _ask(self, url: str) -> Ask:
        """Return how to ask: what is secret stays with the source's own origin."""
        ask, own = self.means.ask, host_of(self.means.ask.url)
        if origin_of(url) == origin_of(ask.url):
            return replace(ask, url=as_asked(self.result.feed, url))
        outside = own if host_of(url) != own and is_public(own) else None
        return replace(ask, url=url, headers={}, outside=ask.outside or outside)

    def _refused(self, fetched: Fetched) -> None:
        """Note an answer that is no document; a server that is in trouble or annoyed is asked nothing more."""
        error = status_error(fetched)
        if fetched.status == _TOO_MANY or fetched.status >= _SERVER_ERROR:
            self.refused = fetched
            self._stop(error)
        else:
            self.errors.append(error)

    def _title(self, first: Document) -> str:
        titles = (document.header.title for document in (first, *self.documents))
        return next(filter(None, titles), "")

    def _joined(self, first: Document, what: str, missed: int = 1) -> Result:
        """Return the result with all documents as one, and what is lacking."""
        items, left_out = latest_items((first, *self.documents), MOST_ITEMS)
        notices = [text for document in (first, *self.documents) for text in document.notices]
        if left_out:
            notices.append(f"it lists {len(items) + left_out} items; the newest {len(items)} were kept")
        cut_short = any(document.cut_short for document in (first, *self.documents))
        if self.errors:
            notices.append(f"{missed} of the {what} could not be read: {_words(self.errors)}")
        document = replace(
            first, items=items, notices=tuple(dict.fromkeys(notices)), cut_short=cut_short or bool(self.errors)
        )
        body_hash = None if self.errors else self.result.body_hash
        return replace(self.result, document=document, body_hash=body_hash, refused=self.refused)

    def _in_vain(self, wanted: int) -> Result:
        """Return the failure of an index none of whose sitemaps can be had."""
        error = ParseError(
            f"None of the {wanted} sitemaps that it names could be read: {_words(self.errors)}", self.errors[0].remedy
        )
        return replace(self.result, document=None, body_hash=None, error=error, refused=self.refused)


def _words(errors: Sequence[AggregatorError]) -> str:
    return " ".join(dict.fromkeys(error.message for error in errors))
