"""What a fuzzer found, and what it begins with, through each door: no fuzzer is needed for that."""

from __future__ import annotations

import pytest

from tests.fuzzing.entries import ENTRIES, FINDINGS
from tests.fuzzing.run import _NAMES


@pytest.mark.parametrize("name", ENTRIES)
def test_what_was_found_is_mended(name: str) -> None:
    """Every seed and every finding is read, or refused with the error that is documented."""
    entry = ENTRIES[name]
    found = [file.read_bytes() for file in sorted((FINDINGS / name).glob("*"))]
    with entry.opened() as tried:
        for data in [*entry.seeds(), *found, b"", b"\0"]:
            tried(data)


def test_every_door_can_be_named() -> None:
    """The runner knows the doors before it loads what they lead to."""
    assert tuple(ENTRIES) == _NAMES
    assert {folder.name for folder in FINDINGS.glob("*")} <= set(ENTRIES)
