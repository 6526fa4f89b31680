"""Conversions that take too much, for the tests of worker processes: a worker imports them by name."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gateway.conversions.jobs import Converted
from gateway.mixer.policy import Context
from gateway.octets import MemoryOctets, Octets


@dataclass(frozen=True)
class Spins:
    """Takes processor time for ever."""

    def run(self, content: Octets, context: Context) -> Converted:
        while True:
            pass


@dataclass(frozen=True)
class Grows:
    """Takes memory for ever."""

    def run(self, content: Octets, context: Context) -> Converted:
        kept = []
        while True:
            kept.append(bytearray(1 << 20))


@dataclass(frozen=True)
class Sleeps:
    """Takes time for ever."""

    def run(self, content: Octets, context: Context) -> Converted:
        time.sleep(1000)
        raise AssertionError


@dataclass(frozen=True)
class Falters:
    """Has a fault."""

    def run(self, content: Octets, context: Context) -> Converted:
        return Converted(octets=MemoryOctets(bytes(1 // 0)))


@dataclass(frozen=True)
class Dies:
    """Ends its process, as a fault in a library would."""

    def run(self, content: Octets, context: Context) -> Converted:
        import os

        os._exit(7)


@dataclass(frozen=True)
class Copies:
    """Does what it should."""

    def run(self, content: Octets, context: Context) -> Converted:
        return Converted(octets=content)
