"""What every test may use."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

# CPython 3.11 can fail in ast.parse ("AST constructor recursion depth mismatch") when a collection of garbage falls into it;
# pytest parses every test file, so garbage waits until the tests are collected.
gc.disable()

# The same examples at every run, so that a failure is somebody's change and not somebody's luck; `make long` looks for new ones.
settings.register_profile("repeatable", derandomize=True)
if not os.environ.get("MIXER_LONG"):
    settings.load_profile("repeatable")

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def pytest_collection_finish() -> None:
    """All test files are parsed."""
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped, also when it is none, and which reasons they gave."""
    skipped = terminalreporter.stats.get("skipped", [])
    terminalreporter.write_line(f"skipped: {len(skipped)}")
    reasons = Counter(str(report.longrepr[-1]) if isinstance(report.longrepr, tuple) else str(report.longrepr) for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"  {count} x {reason}")
