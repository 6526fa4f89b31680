"""The shared vectors, one test each: what RFC 2156, 2163 and 2164 make a gateway do with addresses, and the project's readings."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.conformance.runner import read_file, run_vector
from tests.shared import SHARED, require_shared

FILE = SHARED / "vectors" / "addresses.yaml" if SHARED is not None else None
VECTORS: list[Any] = read_file(FILE).vectors if FILE is not None and FILE.exists() else []


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    verdict = run_vector(vector)
    assert verdict.passed, f"{verdict}; expected {vector['expected']!r} ({vector['section']}: {vector['note']})"


def test_there_are_vectors() -> None:
    assert len(read_file(require_shared() / "vectors" / "addresses.yaml").vectors) > 200
