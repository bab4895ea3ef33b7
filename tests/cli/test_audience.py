"""Who reads what is published, in words."""

from __future__ import annotations

from aggregator.cli.audience import audience_lines


def test_many_services_are_cut_short() -> None:
    """The greatest are named, the others are counted."""
    services = {name: 20 - number for number, name in enumerate("abcdefg")}
    assert list(audience_lines({"readers": {"all": services, "labs": {"Feedly": 1}}})) == [
        "all: 119 subscribers (a 20, b 19, c 18, d 17, e 16, 2 more services)",
        "labs: 1 subscriber (Feedly 1)",
    ]
