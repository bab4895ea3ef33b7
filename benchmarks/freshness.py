"""How late entries are noticed under several rules of polling, all with the same number of polls.

    python benchmarks/freshness.py [CORPUS_FOLDER]

The folder (../shared/corpus beside the checkout by default) holds real-feeds.tar.xz (one document each of many feeds)
and replay-2026-04.tar.xz (snapshots of feeds through April 2026), or both already unpacked.

Times are the publishers' own, read by the project's parser, never when something was first seen. Left out are feeds
that give days only (two times of day for a third of the entries), that move the dates of entries which they had given
before, or whose entries mostly came in the same second. That leaves two feeds of the replay, so the same feeds are
shown once more with an hour drawn for each entry that has only a day: it tells of rates, not of hours.

Each feed is learnt from and then replayed: of the replay at most 180 days before 2026, then until its last snapshot;
where it does not reach back so far, and for a single document, the first 60 % of the feed's own span (at most 180
days), then the rest (at most 60 days). Both parts have at least four entries: a document of ten seldom has more.

At a poll a rule knows exactly what was published before. Each rule has one factor on its interval, found so that feeds
are polled equally often in the mean, between one poll in 15 minutes and one a day. Entries weigh as if all feeds were
watched equally long.
"""

from __future__ import annotations

import lzma
import math
import random
import sys
import tarfile
import tempfile
from bisect import bisect_left, bisect_right
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.decide import rhythm
from aggregator.errors import AggregatorError
from aggregator.parse.syndication import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Step = Callable[[float, int], float]
    """Told the time of a poll and how many entries are known, gives the pause until the next."""
    Rule = Callable[["Feed", float], Step]

REAL, REPLAY = "real-feeds", "replay-2026-04"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SHORTEST, LONGEST = 1 / 96, 1.0
"""Days between two polls."""
DEFAULT = timedelta(hours=1)
YEAR = (datetime(2026, 1, 1, tzinfo=UTC) - EPOCH) / DAY
LEARNT, REPLAYED, SPLIT, LEAST = 180.0, 60.0, 0.6, 4
BUDGETS = (24, 12, 48)
PHASES = 6
"""How often a feed is replayed, each time from another first poll: some are watched for hours only."""
BUSY, SLOW = 4.0, 1 / 7
LISTED = 20
GROUPS = ("busy", "middling", "slow")


@dataclass(frozen=True)
class History:
    """A feed's dates as found, in days since EPOCH; `end` is until when they are complete."""

    name: str
    times: tuple[float, ...]
    end: float
    steady: bool = True


@dataclass(frozen=True)
class Feed:
    """A feed to replay; `times` are all of it, the first `known` from before `start`."""

    name: str
    times: tuple[float, ...]
    known: int
    start: float
    end: float

    @property
    def days(self) -> float:
        return self.end - self.start

    @property
    def group(self) -> str:
        a_day = len(self.times) / (self.end - self.times[0])
        return GROUPS[0 if a_day > BUSY else 2 if a_day < SLOW else 1]


@dataclass(frozen=True)
class Result:
    """What a rule came to: delays in minutes."""

    mean: float
    late: float
    by_group: tuple[float, ...]
    polls: float


def read(file: Path) -> list[tuple[tuple[str | None, str | None], float]]:
    """Return what tells entries of a document apart, and when they were published.

    Without the guid: some feeds make new ones at every poll.
    """
    try:
        document = parse(file.read_bytes(), url="https://feed.example/", content_type=None, received=EPOCH)
    except AggregatorError:
        return []
    dated = [(item, item.published or item.updated) for item in document.items]
    return [((item.link, item.title), (date - EPOCH) / DAY) for item, date in dated if date]


def history_of_document(file: Path) -> History:
    times = tuple(sorted(dict(read(file)).values()))
    return History(file.name, times, times[-1] if times else 0.0)


def history_of_snapshots(folder: Path) -> History:
    found: dict[tuple[str | None, str | None], float] = {}
    moved = set()
    files = one_a_day(folder)
    for file in files:
        for entry, date in read(file):
            if found.setdefault(entry, date) != date:
                moved.add(entry)
    times = {(title, date): date for (_, title), date in found.items()}  # moved to another address once
    end = (datetime.fromtimestamp(int(files[-1].stem), UTC) - EPOCH) / DAY
    return History(
        f"{folder.parent.name}/{folder.name}", tuple(sorted(times.values())), end, steady=len(moved) * 10 <= len(found)
    )


def one_a_day(folder: Path) -> list[Path]:
    """Return the first snapshot of each day, and the last of all."""
    files = sorted(folder.glob("*.xml"))
    first = {int(file.stem) // 86400: file for file in reversed(files)}
    return sorted({*first.values(), files[-1]})


def plausible(history: History) -> bool:
    """Tell whether dates are an entry's own: neither its document's nor today's."""
    return history.steady and len(set(history.times)) * 2 > len(history.times)


def has_hours(times: tuple[float, ...]) -> bool:
    """Tell whether times of day are real; two may stand for midnight, in summer and in winter."""
    minutes = Counter(round(time % 1 * 1440) for time in times)
    return sum(count for _, count in minutes.most_common(2)) * 3 <= len(times)


def split(history: History) -> Feed | None:
    """Divide the history into what is learnt and what is replayed; None where either is too little."""
    times, end = history.times, history.end
    if len(times) < 2 * LEAST:
        return None
    span = end - times[0]
    own = max(end - span * (1 - SPLIT), end - REPLAYED)
    starts = (YEAR, own) if end > YEAR + REPLAYED else (own,)
    return next(filter(None, (cut(history, start) for start in starts)), None)


def cut(history: History, start: float) -> Feed | None:
    times = [time for time in history.times if start - LEARNT <= time <= history.end]
    known = bisect_right(times, start)
    if known < LEAST or len(times) - known < LEAST:
        return None
    return Feed(history.name, tuple(times), known, start, history.end)


def drawn(history: History) -> History:
    """Give entries that have only a day an hour: an even draw, the same in every run."""
    chance = random.Random(history.name)  # noqa: S311
    times = tuple(sorted(math.floor(time) + chance.random() for time in history.times))
    return History(history.name, times, history.end, history.steady)


def moment(time: float) -> datetime:
    return EPOCH + DAY * time


def fixed(_: Feed, factor: float) -> Step:
    return lambda _time, _known: factor


def proportional(feed: Feed, factor: float) -> Step:
    first, times = feed.times[0], feed.times
    return lambda _, known: factor * (times[known - 1] - first) / (known - 1)


def ours(feed: Feed, factor: float) -> Step:
    seen = feed.known
    state = rhythm.of_history([moment(time) for time in feed.times[:seen]], moment(feed.start))

    def step(time: float, known: int) -> float:
        nonlocal seen, state
        now = moment(time)
        state, seen = rhythm.learn(state, known - seen, now), known
        return factor * (rhythm.worth(rhythm.rate(state, now), DEFAULT) / DAY)

    return step


def commafeed(feed: Feed, factor: float) -> Step:
    """FeedRefreshIntervalCalculator of github.com/Athou/commafeed."""
    times = feed.times

    def step(time: float, known: int) -> float:
        silent = time - times[known - 1]
        for days, part in ((30, 1), (14, 2), (7, 4)):
            if silent >= days:
                return LONGEST / part
        listed = times[max(known - LISTED, 0) : known]
        mean = (listed[-1] - listed[0]) / (len(listed) - 1)
        return min(factor * mean / 2, LONGEST / 4)

    return step


def miniflux(feed: Feed, factor: float) -> Step:
    """ScheduleNextCheck of github.com/miniflux/v2 with POLLING_SCHEDULER=entry_frequency."""
    times = feed.times

    def step(time: float, known: int) -> float:
        recent = known - bisect_left(times, time - 7, 0, known)
        return factor * 7 / recent if recent else LONGEST

    return step


RULES: dict[str, Rule] = {
    "fixed": fixed,
    "proportional": proportional,
    "ours": ours,
    "CommaFeed": commafeed,
    "Miniflux": miniflux,
}


def replay(feed: Feed, step: Step, phase: float) -> tuple[int, list[float]]:
    """Poll from start to end, and on until all was noticed; return the polls until the end, and delays."""
    times, known, polls, delays = feed.times, feed.known, 0, []
    time = feed.start + phase * clamped(step(feed.start, known))
    while True:
        if known < len(times) and times[known] <= time:
            now_known = bisect_right(times, time, known)
            delays += [time - published for published in times[known:now_known]]
            known = now_known
        if time < feed.end:
            polls += 1
        elif known == len(times):
            return polls, delays
        time += clamped(step(time, known))


def clamped(pause: float) -> float:
    return min(max(pause, SHORTEST), LONGEST)


def phases(feed: Feed) -> list[float]:
    shift = random.Random(f"phase of {feed.name}").random()  # noqa: S311
    return [(shift + part / PHASES) % 1 for part in range(PHASES)]


def run(feeds: list[Feed], rule: Rule, factor: float) -> tuple[float, list[tuple[Feed, list[float]]]]:
    """Return the mean number of polls a feed and day, and each feed's delays."""
    polls, all_delays = 0.0, []
    for feed in feeds:
        delays = []
        for phase in phases(feed):
            count, late = replay(feed, rule(feed, factor), phase)
            polls += count / feed.days / PHASES
            delays += late
        all_delays.append((feed, delays))
    return polls / len(feeds), all_delays


def measure(feeds: list[Feed], name: str, budget: int) -> Result:
    """Find the factor with which the rule needs as many polls as it may, and the delays then."""
    low, high = -16.0, 16.0  # powers of two
    rule = RULES[name]
    polls, delays = run(feeds, rule, 1.0)
    middle = 0.0
    while abs(polls / budget - 1) > 0.003 and high - low > 1e-4:  # noqa: PLR2004
        low, high = (middle, high) if polls > budget else (low, middle)
        guess = middle + math.log2(max(polls, 0.1) / budget) * 1.3  # polls fall by less than half as pauses double
        middle = guess if low < guess < high else (low + high) / 2
        polls, delays = run(feeds, rule, 2**middle)
    return result(delays, polls)


def result(delays: list[tuple[Feed, list[float]]], polls: float) -> Result:
    weighed = sorted((delay * 1440, 1 / feed.days) for feed, late in delays for delay in late)
    groups = [
        [(delay * 1440, 1 / feed.days) for feed, late in delays if feed.group == group for delay in late]
        for group in GROUPS
    ]
    return Result(mean(weighed), percentile(weighed, 0.95), tuple(mean(group) for group in groups), polls)


def mean(weighed: list[tuple[float, float]]) -> float:
    total = sum(weight for _, weight in weighed)
    return sum(value * weight for value, weight in weighed) / total if total else math.nan


def percentile(weighed: list[tuple[float, float]], part: float) -> float:
    left = part * sum(weight for _, weight in weighed)
    for value, weight in weighed:
        left -= weight
        if left <= 0:
            return value
    return math.nan


def unpacked(corpus: Path, name: str, folder: Path) -> Path | None:
    """Return the folder of that name, unpacked if it has to be; None where there is neither."""
    if (corpus / name).is_dir():
        return corpus / name
    archive = corpus / f"{name}.tar.xz"
    if not archive.is_file():
        return None
    with lzma.open(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        tar.extractall(folder, filter="data")
    return folder / name


def feeds_of(histories: Iterable[History]) -> list[Feed]:
    feeds = [split(history) for history in histories if plausible(history)]
    return [feed for feed in feeds if feed]


def data_sets(real: Path, replayed: Path, pool: ProcessPoolExecutor) -> dict[str, list[Feed]]:
    documents = pool.map(history_of_document, sorted(real.iterdir()), chunksize=8)
    folders = sorted({index.parent for index in replayed.rglob("index.jsonl")})
    snapshots = list(pool.map(history_of_snapshots, folders))
    single = [feed for feed in feeds_of(documents) if has_hours(feed.times)]
    timed = [feed for feed in feeds_of(snapshots) if has_hours(feed.times)]
    names = {feed.name for feed in timed}
    dated = feeds_of(drawn(history) for history in snapshots if history.name not in names and history.steady)
    return {
        "real-feeds": single,
        "replay, feeds with times of day": timed,
        "real-feeds and replay, feeds with times of day": single + timed,
        "replay, hours drawn where a feed gives only days": timed + dated,
    }


def table(feeds: list[Feed], results: dict[tuple[str, int], Result]) -> Iterator[str]:
    sizes = Counter(feed.group for feed in feeds)
    groups = [f"{group} ({sizes[group]})" for group in GROUPS]
    yield row("polls a feed and day", "rule", "mean", "to fixed", "95 %", *groups)
    yield row("---:", "---", *["---:"] * 6)
    for (name, budget), found in results.items():
        ratio = found.mean / results["fixed", budget].mean
        minutes = ["-" if math.isnan(value) else f"{value:.0f}" for value in (found.late, *found.by_group)]
        yield row(f"{found.polls:.1f}", name, f"{found.mean:.1f}", f"{ratio:.2f}", *minutes)


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def report(sets: dict[str, list[Feed]], pool: ProcessPoolExecutor) -> None:
    print("Delays in minutes, by group of feeds: busy (> 4 entries a day), middling, slow (< 1 a week).")
    keys = [(name, budget) for budget, name in product(BUDGETS, RULES)]
    running = {title: [pool.submit(measure, feeds, *key) for key in keys] for title, feeds in sets.items() if feeds}
    for title, futures in running.items():
        feeds = sets[title]
        entries = sum(len(feed.times) - feed.known for feed in feeds)
        print(f"\n## {title}: {len(feeds)} feeds, {entries} entries replayed\n")
        found = {key: future.result() for key, future in zip(keys, futures, strict=True)}
        print("\n".join(table(feeds, found)))


def main() -> None:
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else beside
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2) as pool:
        real, replayed = (unpacked(corpus, name, Path(folder)) for name in (REAL, REPLAY))
        if real is None or replayed is None:
            print(f"Skipped: a folder with {REAL}.tar.xz and {REPLAY}.tar.xz is needed: freshness.py CORPUS_FOLDER")
            return
        report(data_sets(real, replayed, pool), pool)


if __name__ == "__main__":
    main()
