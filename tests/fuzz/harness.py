"""Runs a target on its corpus and on damaged copies of it, and keeps what it finds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from gateway.errors import GatewayError
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
SLOW_SECONDS = 5.0
"""Processor time that no input of 64 KiB may need."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An input that a target does not bear.

    Attributes:
        target: Its name.
        octets: The input.
        error: What it raised, or that it was slow.
    """

    target: str
    octets: bytes
    error: str

    def keep(self, folder: Path = CORPUS) -> Path:
        """Write it into the corpus, where every later run tries it first."""
        path = folder / self.target / f"found-{sha256(self.octets).hexdigest()[:12]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.octets)
        return path


def seeds(target: str) -> list[bytes]:
    """The corpus of a target, in a fixed order."""
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


def attempt(target: str, octets: bytes) -> Fault | None:
    """Run a target once."""
    began = time.process_time()
    try:
        TARGETS[target](octets)
    except GatewayError:
        pass
    except Exception as error:
        return Fault(target=target, octets=octets, error=f"{type(error).__name__}: {error}")
    took = time.process_time() - began
    return Fault(target=target, octets=octets, error=f"took {took:.1f} s") if took > SLOW_SECONDS else None


def fuzz(target: str, *, seconds: float, seed: int, most: int = 1 << 62) -> tuple[int, list[Fault]]:
    """Run a target on its corpus, then on damaged copies.

    Args:
        target: Its name.
        seconds: Wall clock after which it ends.
        seed: The same seed gives the same inputs.
        most: Inputs after which it ends.

    Returns:
        How many inputs were tried, and the faults, one for each kind of error.
    """
    known, random, faults, tried = seeds(target), Random(seed), dict[str, Fault](), 0
    end = time.monotonic() + seconds
    while tried < most and (tried < len(known) or time.monotonic() < end):
        octets = known[tried] if tried < len(known) else mutated(known, random)
        tried += 1
        fault = attempt(target, octets)
        if fault is not None:
            faults.setdefault(fault.error[:60], fault)
    return tried, list(faults.values())
