"""Everything that can go wrong and has a name.

AggregatorError
├── ConfigError                 78  feeds.yaml or the environment is wrong: every mistake, with its place
├── StoreError
│   ├── ForeignDatabase         65  the file is not a database of ours
│   ├── NewerDatabase           65  a later version of the program wrote it
│   ├── CorruptDatabase         65  it is damaged
│   ├── LockedDatabase          75  another process holds it: try later
│   ├── ClockApart              75  this machine tells another time than its database server
│   ├── FolderNotWritable       78  nothing can be written where the database is
│   ├── DiskFull                75  no space left
│   └── UnreachableDatabase     69  its server does not answer
├── Unavailable                 69  a port is taken, a service does not answer
├── Usage                        2  a command was called with the wrong words
├── FetchError                      a source did not give its document
│   ├── AddressRefused              it resolves to an address that the guard refuses
│   ├── NetworkError                nothing answered: the fault may be on our side
│   │   ├── ResolveFailed
│   │   ├── ConnectFailed
│   │   └── NetworkDown             most hosts are silent: the fault is ours
│   ├── TlsFailed
│   ├── TimedOut
│   ├── TooLarge
│   ├── BadRedirect
│   ├── BrokenResponse              cut short, badly encoded, not HTTP
│   ├── CrawlingRefused             robots.txt asks to leave the page alone
│   └── HttpStatus                  an answer, but not the document
└── ParseError                      the document could not be read
    ├── NotAFeed
    ├── EmptyDocument
    ├── PageChanged                 a page lists nothing of what it listed before: a redesign
    ├── ParserKilled                it was too much for a parser
    └── ParserBusy                  too many of its kind were waiting for one

A message says what happened, `remedy` what to do about it. `exit_code` is the process's exit status
(sysexits.h) when the error ends a command.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class AggregatorError(Exception):
    """Base of all errors with a name; `remedy` is a sentence for the person who can mend it."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[type[AggregatorError], tuple[object, ...]]:
        """Survive the way back from a worker process."""
        return type(self), (self.message, self.remedy)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration file."""

    file: str
    line: int | None
    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        where = f"{place}: {self.path}: " if self.path else f"{place}: "
        return f"{where}{self.message}" + (f" {self.remedy}" if self.remedy else "")


class ConfigError(AggregatorError):
    """The configuration is wrong; `problems` lists every mistake at once."""

    exit_code = 78

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[AggregatorError], tuple[object, ...]]:
        return type(self), (self.problems,)


class StoreError(AggregatorError):
    """The database could not be used; `in_short` is what everybody may read of it."""

    exit_code = 65
    in_short = "the database or the documents cannot be written"


class ForeignDatabase(StoreError):
    """The file is not a database of ours."""


class NewerDatabase(StoreError):
    """A later version of the program wrote the database."""


class CorruptDatabase(StoreError):
    """The database is damaged."""

    in_short = "the database is damaged"


class LockedDatabase(StoreError):
    """Another process holds the database."""

    exit_code = 75
    in_short = "another program holds the database"


class ClockApart(StoreError):
    """This machine's clock does not show the time of those that it works with."""

    exit_code = 75
    in_short = "this machine's clock is wrong"


class FolderNotWritable(StoreError):
    """Nothing can be written where the database is."""

    exit_code = 78


class DiskFull(StoreError):
    """No space is left where the database is."""

    exit_code = 75
    in_short = "the disk is full, or cannot be written"


class UnreachableDatabase(StoreError):
    """The database's server does not answer, or lets nobody in."""

    exit_code = 69


class Unavailable(AggregatorError):
    """A port is taken, or a service does not answer."""

    exit_code = 69


class Usage(AggregatorError):
    """A command was called with the wrong words."""

    exit_code = 2


class FetchError(AggregatorError):
    """A source did not give its document."""


class AddressRefused(FetchError):
    """The guard refuses the address that the host resolves to."""


class CrawlingRefused(FetchError):
    """The site's robots.txt asks to leave a page alone (RFC 9309)."""


class NetworkError(FetchError):
    """Nothing answered; when many hosts are silent at once the fault is ours."""

    redirected = False
    """A server did answer, and sent us to where nothing did."""


class ResolveFailed(NetworkError):
    """The name has no address."""


class ConnectFailed(NetworkError):
    """The address does not accept connections."""


class NetworkDown(NetworkError):
    """Most hosts cannot be reached: the fault is our network's, and no source is blamed."""


class TlsFailed(FetchError):
    """The certificate or the handshake is wrong."""


class TimedOut(FetchError):
    """The server took longer than it is given."""


class TooLarge(FetchError):
    """The body is over the limit, counted after decompression."""


class BadRedirect(FetchError):
    """A redirect loops, leads too far, or leads where we do not go."""


class BrokenResponse(FetchError):
    """The answer was cut short, badly encoded, or is not HTTP."""


class HttpStatus(FetchError):
    """The server answered with a status other than 200, 226, 304 or a redirect."""


class ParseError(AggregatorError):
    """A document could not be read."""


class NotAFeed(ParseError):
    """The document is something else, most often a web page.

    `feeds` are addresses where its feed may be, the likeliest first: what it names, then common places.
    """

    def __init__(self, message: str, remedy: str = "", feeds: Sequence[str] = ()) -> None:
        super().__init__(message, remedy)
        self.feeds = tuple(feeds)

    def __reduce__(self) -> tuple[type[AggregatorError], tuple[object, ...]]:
        return type(self), (self.message, self.remedy, self.feeds)


class PageChanged(ParseError):
    """A page of articles lists none of those that it listed before."""


class EmptyDocument(ParseError):
    """The body is empty."""


class ParserKilled(ParseError):
    """The document needed more time or memory than a document is given."""


class ParserBusy(ParseError):
    """The document was given up unread: too many large or suspect ones were waiting for a parser."""
