"""An entry's own HTML on a page of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.clean import clean_html
from aggregator.serve.content import shown

IMAGE = '<p><img src="https://i.example/a.png" alt="A &lt;heron&gt;" width="9"></p>'


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("<p>Plain <b>text</b></p>", "<p>Plain <b>text</b></p>".replace("b>", "strong>").replace("strong>", "b>")),
        ("<h1>A</h1><h2>B</h2><h4>C</h4><h1>D</h1>", "<h2>A</h2><h3>B</h3><h3>C</h3><h2>D</h2>"),
        ("<h4>A</h4><h3>B</h3><h5>C</h5>", "<h2>A</h2><h2>B</h2><h3>C</h3>"),
        (IMAGE, '<p><span class="image">Image: A &lt;heron&gt;</span></p>'),
        ('<img src="https://i.example/a.png">', '<span class="image">Image</span>'),
        ('<p lang="xx-none" dir="up">A</p>', "<p>A</p>"),
        ('<p lang="ar" dir="rtl">A</p>', '<p lang="ar" dir="rtl">A</p>'),
        ('<span class="evil">A</span>', "<span>A</span>"),
        ('<table><tbody><tr><td headers="x" colspan="2">A</td></tr></tbody></table>',
         '<table><tbody><tr><td colspan="2">A</td></tr></tbody></table>'),
        ('<p>A</p><a href="https://a.example/"> </a>', "<p>A</p>"),
        ('<audio src="https://a.example/b.mp3" controls=""></audio>',
         '<p><a href="https://a.example/b.mp3" rel="noopener noreferrer nofollow">Sound</a></p>'),
        ('<video><source src="https://a.example/b.mp4"></video>',
         '<p><a href="https://a.example/b.mp4" rel="noopener noreferrer nofollow">File</a></p>'),
        ("A < B & C", "A &lt; B &amp; C"),
    ],
)  # fmt: skip
def test_content_fits_in(content: str, html: str) -> None:
    """Headings stand below ours without gaps, nothing plays or is loaded, and nobody else's names and classes stay."""
    assert shown(content, images=False).html == html


def test_images_are_shown_when_they_are_asked_for() -> None:
    """Those that come by https, with words for those who do not see them; others would ask in a reader's own network."""
    many = f'{IMAGE}<img src="http://192.168.1.1/restart"><a href="https://a.example/"><img src="https://i.example/b.png"></a>'
    found = shown(many, images=True)
    assert (found.images, shown(many, images=False).images) == (3, 3)
    assert '<img src="https://i.example/a.png" alt="A &lt;heron&gt;" loading="lazy" width="9">' in found.html
    assert '<span class="image">Image</span>' in found.html
    assert '<img src="https://i.example/b.png" alt="Image" loading="lazy">' in found.html
    assert "192.168" not in found.html


def test_long_content_is_cut() -> None:
    """A page takes 48 kB of content, whole tags and characters only, and says that it was cut."""
    found = shown(f"<div><p>{'é' * 23_990}</p><p>tail</p></div>", images=False)
    assert found.cut
    assert len(found.html.encode()) <= 48_100
    assert found.html.endswith("</p></div>") or found.html.endswith("</div>")
    assert not shown("<p>short</p>", images=False).cut
    assert shown(f"{'a' * 47_998}<b>b</b>", images=False).html == "a" * 47_998


@given(st.lists(st.sampled_from(["<p>", "</p>", "<a href=x>", "<img src=https://a.example/ onerror=y>", "<h1>", "</h1>",
                                 "<script>", "<svg onload=x>", "'", '"', "<", ">", "&lt;", "<td title='>'>", "text"]), max_size=30))  # fmt: skip
def test_nothing_that_runs_comes_out(parts: list[str]) -> None:
    """Whatever was stored, what is shown has neither scripts nor handlers."""
    html = "".join(parts)
    for content in (html, clean_html(html, base="https://a.example/") or ""):
        found = shown(content, images=True).html.lower()
        assert "<script" not in found
        assert "<svg" not in found
        assert " onerror=" not in found.replace("&lt;", "")
