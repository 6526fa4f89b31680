"""Tags (X.680 clause 8, X.690 8.1.2): as they are declared, and as the numbers that the codec compares.

The codec knows a tag by its *key*, one integer: the tag number shifted left by two, and the class in the low two bits.
"""

from __future__ import annotations

from dataclasses import dataclass

UNIVERSAL, APPLICATION, CONTEXT, PRIVATE = range(4)

LARGEST_NUMBER = (1 << 31) - 1
"""Tag numbers above this are refused; no module comes near, and every implementation we met stops here or earlier."""

EXTERNAL_NUMBER, SEQUENCE_NUMBER, SET_NUMBER = 8, 16, 17


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag in a declaration.

    Attributes:
        class_: `UNIVERSAL`, `APPLICATION`, `CONTEXT` or `PRIVATE`.
        number: The tag number.
        explicit: True for EXPLICIT; None and False for IMPLICIT, which on a CHOICE or an open type means EXPLICIT all
            the same (X.680 31.2.7).
    """

    class_: int
    number: int
    explicit: bool | None = None

    @property
    def key(self) -> int:
        """The number by which the codec knows this tag."""
        return self.number << 2 | self.class_

    def __str__(self) -> str:
        return name_of_key(self.key) + (" EXPLICIT" if self.explicit else "")


def universal(number: int, explicit: bool | None = None) -> Tag:
    """``[UNIVERSAL number]``."""
    return Tag(UNIVERSAL, number, explicit)


def application(number: int, explicit: bool | None = None) -> Tag:
    """``[APPLICATION number]``."""
    return Tag(APPLICATION, number, explicit)


def context(number: int, explicit: bool | None = None) -> Tag:
    """``[number]``."""
    return Tag(CONTEXT, number, explicit)


def private(number: int, explicit: bool | None = None) -> Tag:
    """``[PRIVATE number]``."""
    return Tag(PRIVATE, number, explicit)


def apply(tag: Tag | None, keys: tuple[int, ...]) -> tuple[int, ...]:
    """Put a tag on a type whose own tags are ``keys``, outermost first; no keys at all means CHOICE or open type."""
    if tag is None:
        return keys
    return (tag.key, *keys) if tag.explicit or not keys else (tag.key, *keys[1:])


def name_of_key(key: int) -> str:
    """How a tag is written: ``[0]``, ``[APPLICATION 4]``, ``[UNIVERSAL 16]``."""
    return f"[{('UNIVERSAL ', 'APPLICATION ', '', 'PRIVATE ')[key & 3]}{key >> 2}]"


def identifier_octets(key: int, constructed: bool) -> bytes:
    """The identifier octets (X.690 8.1.2)."""
    number = key >> 2
    first = (key & 3) << 6 | (0x20 if constructed else 0)
    if number < 31:
        return bytes((first | number,))
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | number & 0x7F)
    return bytes((first | 31, *reversed(groups)))


def length_octets(length: int) -> bytes:
    """The shortest definite form of a length (X.690 10.1)."""
    if length < 0x80:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets
