"""What a process says on stderr, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from aggregator.config.logs import harmless

SET_UP = """
import logging, sys, warnings
import structlog
from aggregator.config.logs import hide, log_arguments, set_up_logs
from aggregator.config.secrets import Mask
set_up_logs(sys.argv[1], verbose=False)
hide(Mask.hiding(["s3cret", 'sec"ret']))
log = structlog.get_logger()
"""

EVENTS = """
log.info("told", text="a s3cret\\x1b[31m\\u202e\\x9b", inner={"k": ['sec"ret', 1]}, error=ValueError("s3cret"), count=2)
logging.getLogger("apscheduler.scheduler").warning("of a library: %s", "s3cret\\nline")
warnings.warn("careful: s3cret")
def fail(password):
    raise ValueError(f"bad {password}\\n12:00:00 [info] forged")
try:
    fail("s3cret")
except ValueError:
    log.error("ours", exc_info=True)
    logging.getLogger("asyncio").exception("theirs")
fail("s3cret")
"""


def said(script: str, log_format: str) -> str:
    """Run a script whose logs are set up; return its stderr."""
    done = subprocess.run(
        [sys.executable, "-c", SET_UP + script, log_format], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.stderr


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """What the events look like in JSON."""
    return [json.loads(line) for line in said(EVENTS, "json").splitlines()]


def test_every_line_is_json(lines: list[dict[str, Any]]) -> None:
    """Our events, those of libraries, warnings, and the mistake that ends the process: each is one object."""
    levels = [(line["level"], line.get("logger")) for line in lines]
    assert levels == [
        ("info", None),
        ("warning", "apscheduler.scheduler"),
        ("warning", "py.warnings"),
        ("error", None),
        ("error", "asyncio"),
        ("critical", None),
    ]
    assert all(line["ts"].endswith("Z") for line in lines)
    assert lines[1]["event"] == "of a library: ***\\x0aline"
    assert [line["event"] for line in lines[3:]] == ["ours", "theirs", "mistake"]


@pytest.mark.fault("T18")
def test_values_are_harmless(lines: list[dict[str, Any]]) -> None:
    """Secrets are hidden in every value, also where JSON would write them otherwise; controls are escapes."""
    assert lines[0]["text"] == "a ***\\x1b[31m\\x202e\\x9b"
    assert lines[0]["inner"] == {"k": ["***", 1]}
    assert (lines[0]["error"], lines[0]["count"]) == ("***", 2)


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.fault("T16")
def test_no_secret_is_in_a_traceback(log_format: str) -> None:
    """Tracebacks are there, whoever logs them, without values of variables, and without the secrets of a message."""
    text = said(EVENTS, log_format)
    assert text.count("Traceback (most recent call last)") == 3
    assert "ValueError: bad ***" in text
    assert "s3cret" not in text


def test_a_message_draws_no_line_of_its_own() -> None:
    """For people: what an exception quotes is set in, so that it cannot pass for a line of the log."""
    text = said(EVENTS, "text")
    assert "forged" in text
    assert not any(line.startswith("12:00:00") for line in text.splitlines())


def test_a_child_is_told_to_log_likewise() -> None:
    """The words for a child's command line are those that this process was set up with."""
    script = "set_up_logs('json', verbose=True); log.info('x', words=log_arguments())"
    assert json.loads(said(script, "text"))["words"] == ["--log-format", "json", "--verbose"]


def test_text_without_controls_stays() -> None:
    """Emoji, joiners and every script are left alone; C0, DEL, C1, line separators and overrides are not."""
    assert harmless("naïve 👩‍💻 می‌خواهم עברית") == "naïve 👩‍💻 می‌خواهم עברית"
    assert harmless("\x00\t\x7f\x85\x9b\u2028\u202e\u2066") == "\\x00\\x09\\x7f\\x85\\x9b\\x2028\\x202e\\x2066"
