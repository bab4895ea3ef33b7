"""What a reader sees of an item."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.appearance import appearance, seen_title
from aggregator.model import Enclosure, Item

A = "https://site.example"


def looks(body: str) -> tuple[str, ...]:
    """Return the looks of an item with this text."""
    return appearance(Item(title="T", link=f"{A}/1", content=body))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>A <b>word</b></p>", '<div id="n4f2">A <strong class="x">word</strong></div>'),
        ("<p>A&nbsp;word</p>", "<p>A\n  word</p>"),
        ("<p>wo\u00adrd</p>", "<p>word</p>"),
        ('<a title="Seen 3 times">b</a>', '<a title="Seen 4 times">b</a>'),
        (f'<img src="{A}/a.png?X-Amz-Signature=1&amp;X-Amz-Date=2">', f'<img src="{A}/a.png?X-Amz-Signature=3">'),
        (f'<img src="{A}/a.png?v=17">', f'<img src="{A}/a.png?v=18">'),
        (f'<img src="{A}/a.png?1775002778">', f'<img src="{A}/a.png?1775007306123">'),
        (f'<a href="{A}/b?utm_source=1">b</a>', '<a href="http://site.example/b/">b</a>'),
        (
            f'<a href="{A}/b?c=6d3bf6b7bd58880047b76f1d3b8f0937">b</a>',
            f'<a href="{A}/b?c=0d3bf6b7bd58880047b76f1d3b8f0937">b</a>',
        ),
        (f'<a href="{A}/b?q=mF3a9Zk2Lq8XvB7nRt5Yw1==">b</a>', f'<a href="{A}/b?q=pF3a9Zk2Lq8XvB7nRt5Yw2==">b</a>'),
        ("A<br/>Score: 1996<br/>Comments: 982", "A<br/>Score: 2044<br/>Comments: 1,003"),
        (
            "A<br>\u2b50 129,481 stars<br>\U0001f4c8 69,450 stars today",
            "A<br>\u2b50 131,441 stars<br>\U0001f4c8 70k stars today",
        ),
        ("<p>A</p><p>12 points | 1 comment</p>", "<p>A</p><p>130 points | 2 comments</p>"),
        ("<p>A</p><p>Comments (3)</p>", "<p>A</p><p>Comments (4)</p>"),
        ("<p>A</p><p>GitHub Stars: 12</p>", "<p>A</p>"),
    ],
)
def test_what_looks_alike(one: str, other: str) -> None:
    """Markup, signatures, cache busters, tracking and counters are no change that a reader sees."""
    assert looks(one) == looks(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>A word</p>", "<p>A ward</p>"),
        ("<p>Now 12 stars shine.</p>", "<p>Now 13 stars shine.</p>"),
        ("<p>Downloads reached 12</p>", "<p>Downloads reached 13</p>"),
        ("<p>A</p><p>12</p>", "<p>A</p><p>13</p>"),
        (f'<a href="{A}/b">x</a>', f'<a href="{A}/c">x</a>'),
        (f'<a href="{A}/b?id=1">x</a>', f'<a href="{A}/b?id=2">x</a>'),
        (
            '<a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">x</a>',
            '<a href="https://www.youtube.com/watch?v=aQw4w9WgXcQ">x</a>',
        ),
        (f'<img src="{A}/a.png">', f'<img src="{A}/b.png">'),
        (f'<img src="{A}/image?id=1">', f'<img src="{A}/image?id=2">'),
        (f'<img src="{A}/a.png" title="A joke">', f'<img src="{A}/a.png" title="A better joke">'),
        ('<a href="mailto:a@site.example">x</a>', '<a href="mailto:b@site.example">x</a>'),
        (f'<video poster="{A}/a.png"></video>', f'<video poster="{A}/b.png"></video>'),
        ('<img src="data:1">', '<img src="data:2">'),
    ],
)
def test_what_looks_different(one: str, other: str) -> None:
    """A word, a number in a sentence, another target or picture: an edit."""
    assert looks(one) != looks(other)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("/1?sid=0123456789abcdef", "/1?sid=fedcba9876543210", True),
        ("/1?click_id=1775002778", "/1?click_id=1775007306", True),
        ("/1?expires=5", "/1", True),
        ("/1?id=0123456789abcdef", "/1?id=fedcba9876543210", False),
        ("/1?key=about", "/1?key=contact", False),
        ("/1?v=1", "/1?v=2", False),
    ],
)
def test_the_item_s_own_link(one: str, other: str, alike: bool) -> None:
    """Tokens by their name and look go; what may choose the article stays, however random it looks."""
    first, second = (appearance(Item(title="T", link=A + link)) for link in (one, other))
    assert (first == second) is alike


def test_enclosures_are_files() -> None:
    """A new token or time of the same file is the same enclosure; another file is another."""
    first, again, other = (
        appearance(Item(title="T", enclosures=(Enclosure(f"{A}/{name}"),)))
        for name in ("1.mp3?updated=1775002778&token=a", "1.mp3?updated=1775007306", "2.mp3?updated=1775002778&token=a")
    )
    assert first[:3] == again[:3]
    assert other != again


@pytest.mark.parametrize(
    ("title", "seen"),
    [
        ("A model (12 comments)", "A model"),
        ("A  model [1 reply]", "A model"),
        ("A model (2019)", "A model (2019)"),
        ("12 comments on a model", "12 comments on a model"),
    ],
)
def test_a_counter_closes_a_title(title: str, seen: str) -> None:
    """What forums append to titles is no part of them."""
    assert seen_title(title) == seen


@given(st.text('<>"=/ ap&;hrefsc12', max_size=60))
def test_any_text_has_looks(body: str) -> None:
    """Whatever the HTML, it is read, and equal texts look alike."""
    assert looks(body) == looks(body)


def test_damaged_markup_is_read_in_time() -> None:
    """A megabyte of opened tags and quotes takes no longer than any other."""
    for hostile in ('<a "' * 250_000, "<a" * 500_000, '<img src="' * 100_000, "1 " * 500_000, "- " * 500_000):
        looks(hostile)
