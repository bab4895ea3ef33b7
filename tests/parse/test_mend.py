from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.mend import damage, mend


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("<rss>AT&T & R&D <3 &</rss>", "<rss>AT&amp;T &amp; R&amp;D &lt;3 &amp;</rss>"),
        ('<rss a="?x=1&y=2"/>', '<rss a="?x=1&amp;y=2"/>'),
        ("<rss>caf&eacute;&nbsp;&unheard;</rss>", "<rss>café\xa0&amp;unheard;</rss>"),
        ("<rss>a&#0;&#x1F;&#xD800;&#99999999;&#233;</rss>", "<rss>a&amp;#99999999;&#233;</rss>"),
        ("<rss>x</rss><script>", "<rss>x</rss>"),
        (
            "<rss><![CDATA[a & b < c &eacute;]]><!-- & --> &</rss>",
            "<rss><![CDATA[a & b < c &eacute;]]><!-- & --> &amp;</rss>",
        ),
    ],
)
def test_usual_mistakes_are_mended(broken: str, mended: str) -> None:
    """Loose characters, HTML's entities, impossible references and what follows the end are put right."""
    assert damage(broken) is not None
    assert mend(broken) == mended
    assert damage(mended) is None


def test_damage_tells_the_line() -> None:
    """The first mistake is given with its line and its kind."""
    assert damage("<rss>\n<a>\n</b></rss>") == (3, "mismatched tag")
    assert damage("<rss><dc:x/></rss>") == (1, "unbound prefix")
    assert damage("<rss/>") is None


@given(st.text("<>&;#x0123456789ampeacute /r", max_size=80))
def test_mending_twice_changes_nothing(text: str) -> None:
    """What is mended needs no more mending."""
    assert mend(mend(text)) == mend(text)
