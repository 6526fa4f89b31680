"""``python -m tests.fuzz``: look for new faults for as long as you like; what is found goes into the corpus."""

from __future__ import annotations

import argparse
import secrets
import sys

from tests.fuzz.harness import fuzz
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Run the targets one after the other; exit code 1 when a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all when left out")
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run")
    given = parser.parse_args()
    seed, found = secrets.randbits(32) if given.seed is None else given.seed, 0
    for target in given.targets or TARGETS:
        tried, faults = fuzz(target, seconds=given.seconds, seed=seed)
        print(f"{target}: {tried} inputs, seed {seed}, {len(faults)} faults", flush=True)
        for fault in faults:
            print(f"  {fault.error[:200]} -> {fault.keep()}")
        found += len(faults)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
