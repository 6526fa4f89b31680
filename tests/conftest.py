"""What every test may use."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

# CPython 3.11 can fail in ast.parse ("AST constructor recursion depth mismatch") when a collection of garbage falls into it;
# pytest parses every test file, so garbage waits until the tests are collected.
gc.disable()

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def pytest_collection_finish() -> None:
    """All test files are parsed."""
    gc.enable()
