"""Decode and encode: the four functions by which the rest of the program reads and writes BER."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from gateway.asn1 import constructed, strings  # noqa: F401  they register their nodes
from gateway.asn1.elements import Element, ElementLike
from gateway.asn1.errors import BERError, Limits
from gateway.asn1.node import Encoding, Writing, node_of
from gateway.asn1.tags import Tag
from gateway.asn1.tlv import Reading
from gateway.octets import MemoryOctets, Octets

T = TypeVar("T")
DEFAULT_LIMITS = Limits()


@overload
def decode(
    octets: bytes | Octets, element: Element[T], *, limits: Limits = ..., trailing: bool = ..., strict_members: bool = ...,
    strict_open_types: bool = ...,
) -> T: ...  # fmt: skip
@overload
def decode(
    octets: bytes | Octets, element: type[T], *, limits: Limits = ..., trailing: bool = ..., strict_members: bool = ...,
    strict_open_types: bool = ...,
) -> T: ...  # fmt: skip
def decode(
    octets: bytes | Octets, element: Any, *, limits: Limits = DEFAULT_LIMITS, trailing: bool = False, strict_members: bool = False,
    strict_open_types: bool = False,
) -> Any:  # fmt: skip
    """Read one value from BER.

    Indefinite lengths, segmented strings, superfluous length octets, SET members in any order and DEFAULT values written
    out are accepted, and bounds are not held to. Members that the declaration does not know are kept.

    Args:
        octets: The encoding; large ones are read through a small window.
        element: Descriptor or declared class.
        limits: What the decode may cost.
        trailing: Octets behind the value are ignored instead of refused.
        strict_members: Unknown members are refused.
        strict_open_types: A value of an open type of known type must decode, instead of staying raw.

    Raises:
        BERError: With path and offset.
    """
    value, used = decode_prefix(octets, element, limits=limits, strict_members=strict_members, strict_open_types=strict_open_types)
    if used != len(octets) and not trailing:
        raise BERError(f"{len(octets) - used} octets behind the value", offset=used)
    return value


@overload
def decode_prefix(
    octets: bytes | Octets, element: Element[T], *, limits: Limits = ..., strict_members: bool = ..., strict_open_types: bool = ...
) -> tuple[T, int]: ...
@overload
def decode_prefix(
    octets: bytes | Octets, element: type[T], *, limits: Limits = ..., strict_members: bool = ..., strict_open_types: bool = ...
) -> tuple[T, int]: ...
def decode_prefix(
    octets: bytes | Octets, element: Any, *, limits: Limits = DEFAULT_LIMITS, strict_members: bool = False, strict_open_types: bool = False
) -> tuple[Any, int]:
    """Read one value from the beginning of octets; gives it and how many octets it took. See `decode`."""
    node = node_of(element)
    reading = Reading(octets, limits, strict_members=strict_members, strict_open_types=strict_open_types)
    header = reading.next(reading.root())
    if header is None:
        raise BERError(f"no octets, {node.name} expected", offset=0)
    value = node.read_checked(reading, header)
    return value, reading.at


def first_tag(octets: bytes | Octets) -> Tag:
    """The tag with which an encoding begins, for who must find out what it is.

    Raises:
        BERError: There is no complete header.
    """
    reading = Reading(octets, DEFAULT_LIMITS)
    header = reading.next(reading.root())
    if header is None:
        raise BERError("no octets", offset=0)
    return Tag(header.key & 3, header.key >> 2)


def encode(value: Any, element: ElementLike | None = None, *, dialects: frozenset[str] = frozenset(), strict: bool = True) -> bytes:
    """Write a value as BER with definite, shortest lengths.

    Args:
        value: Of the type that the element asks for.
        element: Descriptor or declared class; without it the class of the value.
        dialects: Names of the `Variants` forms to write.
        strict: Refuse broken bounds, characters outside a repertoire and raw octets that are no TLV; without it they are
            written as they are.

    Raises:
        BERError: The value is not one of the type; with the path.
        TooLargeError: More than 1 MiB; use `encode_octets`.
    """
    encoded = _encoded(value, element, dialects, strict)
    return encoded if isinstance(encoded, bytes) else encoded.to_octets().to_bytes()


def encode_octets(value: Any, element: ElementLike | None = None, *, dialects: frozenset[str] = frozenset(), strict: bool = True) -> Octets:
    """Write a value whose large members stay as they are, unread; see `encode`."""
    encoded = _encoded(value, element, dialects, strict)
    return MemoryOctets(encoded) if isinstance(encoded, bytes) else encoded.to_octets()


def _encoded(value: Any, element: ElementLike | None, dialects: frozenset[str], strict: bool) -> Encoding:
    return node_of(type(value) if element is None else element).write(Writing(dialects, strict), value)


__all__ = ["decode", "decode_prefix", "encode", "encode_octets", "first_tag"]
