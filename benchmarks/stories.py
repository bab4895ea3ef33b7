"""How well articles are grouped into stories, and what it costs.

    python benchmarks/stories.py [--corpus DIR] [--semantic] [--articles 100000]

The folder (../shared/corpus beside the checkout by default) holds ai_stories_en_fr.dev.tsv (columns story, language,
date, title, summary) and uci_stories.dev.jsonl (headlines with day and story; 15 of each story are taken). Beside it,
../seed may hold an article as plain text that tells a story of the first file. What is missing is skipped, with words.
`--semantic` adds embeddings, where the extra [semantic] is installed.

Articles come in the order of their days, one by one, as in the daemon; word counts are those of the same articles.
*Pairs* are pairs of articles put in one story: precision, recall. BCubed is the mean over articles. The threshold is
also chosen by cross-validation: on nine tenths of the stories, applied to the pairs of the others, ten times.
The peers are a few lines each, with the threshold that is best for them on these very articles: equal titles or URLs,
SimHash of 64 bits, and TF-IDF with single link.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aggregator.decide.canonical import canonical_url, titles_agree
from aggregator.decide.stories.article import Article
from aggregator.decide.stories.embedding import text_to_embed
from aggregator.decide.stories.grouping import ENOUGH
from aggregator.decide.stories.statistics import Statistics
from aggregator.decide.stories.window import APART, Window
from aggregator.decide.stories.words import words_of
from aggregator.semantic import find_embedder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aggregator.decide.stories.embedding import Embedder

    Grouping = dict[int, str]
    """The story of each article, by key."""

SWEEP = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6)
FOLDS = 10
HEADLINES = 15
WINDOW = 5_000
SURE = 0.95
"""Precision that is asked for; among thresholds that have it, recall decides."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Labelled:
    name: str
    articles: list[Article]
    truth: Grouping
    aim: Callable[[Marks], object]
    """What a threshold is chosen by: the greater, the better."""


@dataclass(frozen=True)
class Marks:
    precision: float
    recall: float
    bcubed: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def read_tsv(path: Path) -> Labelled:
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if not line.startswith("story\t")]
    articles, truth = [], {}
    for key, (story, language, date, title, summary) in enumerate(rows):
        truth[key] = story
        articles.append(Article(key, title, summary, day(date), f"https://{key}.example/", language=language))
    return Labelled(path.name, articles, truth, lambda found: (found.precision >= SURE, found.recall))


def read_uci(path: Path) -> Labelled:
    articles, truth, taken = [], {}, Counter[str]()
    for key, row in enumerate(map(json.loads, path.open(encoding="utf-8"))):
        taken[row["story"]] += 1
        if taken[row["story"]] <= HEADLINES:
            truth[key] = row["story"]
            given = {"language": "en", "link": row["url"], "canonical": canonical_url(row["url"])}
            articles.append(Article(key, row["title"], "", day(row["date"]), f"feed of {row['publisher']}", **given))
    return Labelled(path.name, articles, truth, lambda found: found.bcubed)


def day(date: str) -> datetime:
    return datetime.fromisoformat(date).replace(tzinfo=UTC)


def embedded(articles: list[Article], embedder: Embedder | None) -> list[Article]:
    if embedder is None:
        return articles
    rows = embedder.embed([text_to_embed(article) for article in articles])
    return [replace(article, vector=row) for article, row in zip(articles, rows, strict=True)]


def grouped(articles: Sequence[Article], statistics: Statistics, enough: float = ENOUGH) -> Grouping:
    """Place articles one by one, in the order of their dates."""
    window, stories = Window(statistics, enough=enough), {}
    for article in sorted(articles, key=lambda article: (article.published, article.key)):
        stories[article.key] = window.place(article).story or f"story of {article.key}"
        window.add(replace(article, story=stories[article.key]))
    return stories


def pairs(grouping: Grouping) -> set[tuple[int, int]]:
    members = defaultdict(list)
    for key in sorted(grouping):
        members[grouping[key]].append(key)
    return {pair for keys in members.values() for pair in combinations(keys, 2)}


def marks(found: Grouping, truth: Grouping) -> Marks:
    ours, theirs = pairs(found), pairs(truth)
    right = len(ours & theirs)
    both = Counter((found[key], truth[key]) for key in truth)
    sizes, real = Counter(found.values()), Counter(truth.values())
    precision = sum(n * n / sizes[story] for (story, _), n in both.items()) / len(truth)
    recall = sum(n * n / real[story] for (_, story), n in both.items()) / len(truth)
    return Marks(right / max(len(ours), 1), right / max(len(theirs), 1), 2 * precision * recall / (precision + recall))


def validated(data: Labelled, runs: dict[float, Grouping]) -> Marks:
    """Choose the threshold on nine tenths of the stories; count the pairs in which articles of the rest take part."""
    stories = sorted(set(data.truth.values()))
    random.Random(1).shuffle(stories)  # noqa: S311
    merged: Grouping = {}
    right = wrong = missed = 0
    for fold in range(FOLDS):
        held = {key for key, story in data.truth.items() if story in stories[fold::FOLDS]}
        known = {key: story for key, story in data.truth.items() if key not in held}
        found = {enough: marks({key: run[key] for key in known}, known) for enough, run in runs.items()}
        best = max(runs, key=lambda enough: (data.aim(found[enough]), enough))
        theirs = pairs({key: data.truth[key] for key in held})
        ours = {pair for pair in pairs(runs[best]) if not held.isdisjoint(pair)}
        right, wrong, missed = right + len(ours & theirs), wrong + len(ours - theirs), missed + len(theirs - ours)
        merged |= {key: f"{best} {runs[best][key]}" for key in held}
    return Marks(right / max(right + wrong, 1), right / max(right + missed, 1), marks(merged, data.truth).bcubed)


def joined(articles: Sequence[Article], alike: Callable[[Article, Article], bool]) -> Grouping:
    """Group by single link within 72 hours."""
    stories = {article.key: str(article.key) for article in articles}
    for one, other in combinations(articles, 2):
        old, new = stories[one.key], stories[other.key]
        if old != new and abs(one.published - other.published) <= APART and alike(one, other):
            stories = {key: old if story == new else story for key, story in stories.items()}
    return stories


def exact(articles: Sequence[Article]) -> Grouping:
    def alike(one: Article, other: Article) -> bool:
        same_link = one.canonical is not None and one.canonical == other.canonical
        return same_link or titles_agree(one.title, other.title)

    return joined(articles, alike)


def simhash(article: Article) -> int:
    bits = np.zeros(64)
    for word in words_of(f"{article.title} {article.text}"):
        number = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
        bits += [1 if number >> place & 1 else -1 for place in range(64)]
    return sum(1 << place for place in range(64) if bits[place] > 0)


def simhashed(articles: Sequence[Article], most: int) -> Grouping:
    hashes = {article.key: simhash(article) for article in articles}
    return joined(articles, lambda one, other: (hashes[one.key] ^ hashes[other.key]).bit_count() <= most)


def tfidf(articles: Sequence[Article], least: float) -> Grouping:
    texts = {article.key: Counter(words_of(f"{article.title} {article.text}")) for article in articles}
    counts = Counter(word for words in texts.values() for word in words)
    vectors = {}
    for key, words in texts.items():
        raw = {word: (1 + math.log(n)) * math.log(len(texts) / counts[word]) for word, n in words.items()}
        length = math.hypot(*raw.values()) or 1.0
        vectors[key] = {word: weight / length for word, weight in raw.items()}

    def alike(one: Article, other: Article) -> bool:
        first, second = vectors[one.key], vectors[other.key]
        return sum(weight * second.get(word, 0.0) for word, weight in first.items()) >= least

    return joined(articles, alike)


def peers(data: Labelled) -> Iterator[tuple[str, Marks]]:
    yield "canonical URL or title", marks(exact(data.articles), data.truth)
    distances = (marks(simhashed(data.articles, most), data.truth) for most in range(4, 25, 4))
    yield "SimHash 64, single link", max(distances, key=lambda found: found.bcubed)
    cosines = (marks(tfidf(data.articles, least / 100), data.truth) for least in range(10, 65, 5))
    yield "TF-IDF, single link", max(cosines, key=lambda found: found.bcubed)


def row(*cells: object) -> None:
    print("| " + " | ".join(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")


def report(data: Labelled, embedder: Embedder | None) -> None:
    articles = embedded(data.articles, embedder)
    statistics = Statistics.of(articles, version=1)
    runs = {enough: grouped(articles, statistics, enough) for enough in SWEEP}
    count = len(set(data.truth.values()))
    print(f"\n## {data.name}: {len(articles)} articles, {count} stories{', with meanings' if embedder else ''}\n")
    row("method", "precision", "recall", "F1", "BCubed F1")
    row("---", *["---:"] * 4)
    results = {"ours": marks(runs[ENOUGH], data.truth), "ours, cross-validated": validated(data, runs)}
    new = Statistics(means=statistics.means)
    results["ours, no counts yet"] = marks(grouped(articles, new), data.truth)
    for name, found in [*results.items(), *peers(data)]:
        row(name, found.precision, found.recall, found.f1, found.bcubed)
    print("\nOurs at other thresholds, in multiples of the shipped one:\n")
    row("threshold", *SWEEP)
    row("---", *["---:"] * len(SWEEP))
    swept = [marks(runs[enough], data.truth) for enough in SWEEP]
    for name in ("precision", "recall", "bcubed"):
        row(name, *(getattr(found, name) for found in swept))


def report_seed(data: Labelled, seed: Path, embedder: Embedder | None) -> None:
    """Put the article of the seed folder, in two forms, among the labelled ones."""
    lines = [line.strip() for line in seed.read_text("utf-8").splitlines() if line.strip()]
    title, body = lines[1], " ".join(lines[3:])
    twin = max(
        data.articles,
        key=lambda article: len(set(words_of(article.title)) & set(words_of(title))) if article.language == "fr" else 0,
    )
    others = [article for article in data.articles if article is not twin]
    forms = {"title and summary": replace(twin, title=title), "title and body": replace(twin, title=title, text=body)}
    print(f"\n## The article of {seed.parent.name}/: {title[:60]}...\n")
    row("form", "placed with", "score", "the story's", "others")
    row("---", "---:", "---:", "---:", "---:")
    for name, article in forms.items():
        *known, late = embedded([*others, article], embedder)
        window = Window(Statistics.of([*known, late], version=1))
        stories: defaultdict[str | None, list[int]] = defaultdict(list)
        for each in sorted(known, key=lambda each: (each.published, each.key)):
            placed = window.place(each).story or f"story of {each.key}"
            window.add(replace(each, story=placed))
            stories[placed].append(each.key)
        found = window.place(late)
        keys = stories[found.story]
        right = sum(data.truth[key] == data.truth[twin.key] for key in keys)
        total = sum(data.truth[each.key] == data.truth[twin.key] for each in known)
        row(name, len(keys), found.score, f"{right} of {total}", len(keys) - right)


def invented(count: int) -> Iterator[Article]:
    """Make articles of words that are as unevenly common as in a language; one in five tells a story of others."""
    chance = np.random.default_rng(1)
    vocabulary = sorted(
        {"".join(chance.choice(list("bcdfgklmnprstvaeiou"), length)) for length in chance.integers(3, 9, 60_000)}
    )
    chance.shuffle(vocabulary)
    odds = 1 / np.arange(3, len(vocabulary) + 3)
    odds /= odds.sum()
    names = [[f"q{number:x}z", f"x{number:x}y", f"z{number:x}k"] for number in range(count // 20 + 1)]
    for first in range(0, count, 1000):
        drawn = chance.choice(len(vocabulary), (1000, 68), p=odds)
        for key, places in enumerate(drawn[: count - first], first):
            said = [vocabulary[place] for place in places]
            if key % 5 == 0:
                said[:3] = names[key // 20 - key // 20 % 5]
            moment = START + timedelta(hours=72) * key / WINDOW
            yield Article(key, " ".join(said[:8]), " ".join(said[8:]), moment, f"https://{key % 300}.example/")


def report_cost(count: int) -> None:
    articles = list(invented(count))
    statistics = Statistics.of(articles[: 4 * WINDOW], version=1)
    window, spent, sizes = Window(statistics), [], Counter[str]()
    for number, article in enumerate(articles):
        begun = time.process_time()
        if number % 100 == 0:
            window.forget(article.published - APART)
        story = window.place(article).story or str(article.key)
        window.add(replace(article, story=story))
        spent.append(time.process_time() - begun)
        sizes[story] += 1
    print(f"\n## Cost: {count} invented articles, {WINDOW} of them in the window\n")
    row("", "CPU ms an article", "95 %")
    row("---", "---:", "---:")
    part = count // 10
    for name, times in {
        f"{part} after the window is full": spent[WINDOW : WINDOW + part],
        f"last {part}": spent[-part:],
        "all": spent,
    }.items():
        row(name, 1000 * sum(times) / len(times), 1000 * sorted(times)[int(len(times) * 0.95)])
    several = sum(size > 1 for size in sizes.values())
    print(f"\n{several} stories of several articles; {len(window)} articles in the window at the end.")


def main() -> None:
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, default=beside)
    parser.add_argument("--semantic", action="store_true")
    parser.add_argument("--articles", type=int, default=100_000, help="invented articles for measuring cost")
    given = parser.parse_args()
    embedder = find_embedder() if given.semantic else None
    if given.semantic and embedder is None:
        print("Without meanings: the extra [semantic] is not installed.")
    for name, read in {"ai_stories_en_fr.dev.tsv": read_tsv, "uci_stories.dev.jsonl": read_uci}.items():
        path = given.corpus / name
        if not path.is_file():
            print(f"Skipped: {name} is not in {given.corpus}; --corpus DIR says where it is.")
            continue
        data = read(path)
        report(data, embedder)
        seeds = sorted((given.corpus.parent / "seed").glob("*.txt"))
        if read is read_tsv and seeds:
            report_seed(data, seeds[0], embedder)
    report_cost(given.articles)


if __name__ == "__main__":
    main()
