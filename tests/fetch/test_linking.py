"""What the header Link says of hubs and of the feed itself."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from aggregator.fetch.linking import read_links

HUB, SELF = "https://hub.example/", "https://news.example/feed"


@pytest.mark.parametrize(
    ("lines", "links"),
    [
        ([], []),
        ([f'<{HUB}>; rel="hub", <{SELF}>; rel="self"'], [(HUB, "hub"), (SELF, "self")]),
        ([f"<{HUB}>; rel=hub", f"<{SELF}>;rel=self"], [(HUB, "hub"), (SELF, "self")]),
        ([f'<{HUB}>; REL="HUB"; type="a,b;c"'], [(HUB, "hub")]),
        ([f'<{HUB}>; title="x"; rel="next hub"'], [(HUB, "hub")]),
        ([f'<{HUB}>; rel="hub self"'], [(HUB, "hub"), (HUB, "self")]),
        ([f'<{HUB}>; rel="next"; rel="hub"'], []),
        (["</hub>; rel=hub"], [("/hub", "hub")]),
        ([f'<{HUB}>; rel="alternate"', "nonsense", f"<{HUB}>", "<>; rel=hub"], []),
        ([f"<{HUB}{'x' * 3000}>; rel=hub"], []),
        ([", ".join(f"<{HUB}{number}>; rel=hub" for number in range(9))], [(f"{HUB}{n}", "hub") for n in range(8)]),
        ([f'<{HUB}>; rel="preload"; as="x"; {"a; " * 5000}', f"<{SELF}>; rel=self"], []),
    ],
)
def test_links_of_an_answer(lines: list[str], links: list[tuple[str, str]]) -> None:
    """Hubs and the feed itself are found in any usual form, so many and so far; nothing else is."""
    found = read_links(CIMultiDict([("link", line) for line in lines]))
    assert [(link.href, link.rel) for link in found] == links
