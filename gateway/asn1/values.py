"""The few Python values that ASN.1 needs and Python lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from gateway.octets import MemoryOctets, Octets, octets


class NullType(Enum):
    """The type of `NULL`."""

    NULL = 0

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NULL"


NULL = NullType.NULL
"""The value of the type NULL; false, so that ``if x.some_null`` does not work: write ``is not None``."""


NO_OCTETS = MemoryOctets()


@dataclass(frozen=True, slots=True)
class Bits:
    """A BIT STRING as it is on the wire.

    Attributes:
        octets: The bits, first bit first; ``bytes`` are wrapped.
        unused: How many bits at the end of the last octet do not belong to the value, 0 to 7.
    """

    octets: Octets = NO_OCTETS
    unused: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "octets", octets(self.octets))
        if not 0 <= self.unused <= 7 or (self.unused and not len(self.octets)):
            raise ValueError(f"{self.unused} unused bits in {len(self.octets)} octets")

    def __len__(self) -> int:
        """How many bits there are."""
        return 8 * len(self.octets) - self.unused

    def __iter__(self) -> Iterator[int]:
        """The bits in order; for short values."""
        content = self.octets.to_bytes()
        return ((content[at >> 3] >> (7 - (at & 7))) & 1 for at in range(len(self)))


class Raw(bytes):
    """The complete TLV of a value of an open type whose type is not known, or which does not decode as that type."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A member that the declaration does not know, kept as it came.

    Attributes:
        after: Attribute of the member it followed in its SEQUENCE; None at the front, and in a SET.
        octets: The complete TLV.
    """

    after: str | None
    octets: bytes
