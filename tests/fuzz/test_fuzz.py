"""Hostile input as a promise: every decoder, parser, state machine and conversion gives a value or a `GatewayError`, in bounded time.

The corpus and some damaged copies are tried at every run; ``.ci/run`` tries more (slow), ``python -m tests.fuzz`` for as long
as one likes.
"""

from __future__ import annotations

import os

import pytest

from tests.fuzz.harness import fuzz, seeds
from tests.fuzz.targets import TARGETS

SECONDS = float(os.environ.get("MIXER_FUZZ_SECONDS", "5"))


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_and_a_little_more(target: str) -> None:
    assert seeds(target)
    tried, faults = fuzz(target, seconds=1, seed=1, most=len(seeds(target)) + 25)
    assert tried >= len(seeds(target))
    assert not faults, [(fault.error, fault.octets[:200]) for fault in faults]


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_for_some_seconds(target: str) -> None:
    _, faults = fuzz(target, seconds=SECONDS, seed=2)
    assert not faults, [(fault.error, fault.keep()) for fault in faults]
