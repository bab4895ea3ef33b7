from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.document import read_document
from aggregator.config.edit import NewFeed, with_feed, with_feeds, without_feed
from aggregator.errors import ConfigError, Usage

PATH = Path("feeds.yaml")
NEW = "https://new.example/feed?a=1&b=2"
BLOCK = """# mine
site: {title: T}   # a title

feeds:
  # the first
  - https://a.example/feed   # why

  - url: https://b.example/feed
    title: "B"     # its title
    keep:
      - {field: title, contains: [x]}

# outputs follow
outputs:
  - {name: all}
"""
FILES = {
    "block": BLOCK,
    "not indented": "feeds:\n- https://a.example/feed\n- url: https://b.example/feed\n",
    "flow": "feeds: [https://a.example/feed, {url: https://b.example/feed}]   # two\nsite: {title: T}\n",
    "flow over lines": "feeds: [\n  https://a.example/feed,\n  {url: https://b.example/feed},\n]\n",
    "no end": "feeds:\n  - https://a.example/feed\n  - https://b.example/feed",
    "windows": BLOCK.replace("\n", "\r\n"),
    "literal": "feeds:\n  - https://a.example/feed\n  - url: https://b.example/feed\n    title: |\n      Two\n      lines\nsite: {title: T}\n",
}
WITHOUT = {
    "nothing": "site: {title: T}\n",
    "null": "feeds:\nsite: {title: T}\n",
    "null, with a comment": "feeds:   # none yet\nsite: {title: T}\n",
    "empty": "site: {title: T}\nfeeds: []\n",
    "tilde": "feeds: ~\n",
}


def feeds(text: str) -> list[str]:
    """Return the addresses that a file lists."""
    listed = read_document(text, PATH).data["feeds"] or ()
    return [each if isinstance(each, str) else each["url"] for each in listed]


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_source_is_put_in_as_the_last(text: str) -> None:
    """The new source is listed last, and every other line stays as it was."""
    changed = with_feed(text, PATH, NEW)
    assert feeds(changed) == ["https://a.example/feed", "https://b.example/feed", NEW]
    kept = [line for line in changed.splitlines() if NEW not in line]
    assert kept == [line for line in text.splitlines() if line in kept]
    assert len(changed) - len(text) < len(NEW) + 8
    assert without_feed(changed, PATH, NEW).rstrip() == text.rstrip()


@pytest.mark.parametrize("text", WITHOUT.values(), ids=WITHOUT)
def test_the_first_source(text: str) -> None:
    """A file without sources gets its first one."""
    changed = with_feed(text, PATH, NEW)
    assert feeds(changed) == [NEW]
    assert "title: T" in changed or "title: T" not in text
    assert without_feed(changed, PATH, NEW).count("\n") <= changed.count("\n")


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
@pytest.mark.parametrize("url", ["https://a.example/feed", "https://b.example/feed"])
def test_a_source_is_taken_out(text: str, url: str) -> None:
    """Only the lines of that source go; comments of the others stay."""
    changed = without_feed(text, PATH, url)
    assert feeds(changed) == [each for each in feeds(text) if each != url]
    assert set(changed.splitlines()) <= set(text.splitlines()) or "feeds: [" in text
    assert text.count("# outputs follow") == changed.count("# outputs follow")
    assert feeds(with_feed(without_feed(changed, PATH, feeds(changed)[0]), PATH, NEW)) == [NEW]


@pytest.mark.parametrize("text", [*FILES.values(), *WITHOUT.values()], ids=[*FILES, *WITHOUT])
def test_many_sources_are_put_in_at_once(text: str) -> None:
    """Several sources become the last ones, each in a line where the others stand below each other."""
    many = [NewFeed(f"https://new.example/{n}", f"T: {n}" if n else None, ("a b",) if n > 1 else ()) for n in range(3)]
    changed = with_feeds(text, PATH, many)
    assert feeds(changed) == [*feeds(text if "feeds" in text else "feeds: []"), *(feed.url for feed in many)]
    assert read_document(changed, PATH).data["feeds"][-1] == {"url": many[2].url, "title": "T: 2", "tags": ("a b",)}
    if "feeds: [" not in text or "feeds: []" in text:
        assert sum("https://new.example/" in line for line in changed.splitlines()) == 3
    assert with_feeds(text, PATH, []) == text


def test_title_and_tags() -> None:
    """A title and tags are written so that they are read back, whatever they are."""
    for text in (FILES["block"], FILES["flow"]):
        changed = with_feed(text, PATH, NEW, title='A: "quoted" # title', tags=["lab", "no", "1.5", "a b"])
        assert read_document(changed, PATH).data["feeds"][-1] == {
            "url": NEW,
            "title": 'A: "quoted" # title',
            "tags": ("lab", "no", "1.5", "a b"),
        }


@given(title=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30))
def test_any_title_is_read_back(title: str) -> None:
    """No title breaks the file."""
    changed = with_feed(BLOCK, PATH, NEW, title=title)
    assert read_document(changed, PATH).data["feeds"][-1]["title"] == title


def test_what_cannot_be_edited() -> None:
    """A source that is not listed is named, and a file that is no YAML is told with its line."""
    with pytest.raises(Usage, match="does not list"):
        without_feed(BLOCK, PATH, NEW)
    with pytest.raises(Usage, match="does not list"):
        without_feed("site: {title: T}\n", PATH, NEW)
    with pytest.raises(ConfigError, match=r"feeds\.yaml:2"):
        with_feed("feeds:\n\t- x\n", PATH, NEW)
