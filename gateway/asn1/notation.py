r"""Values in ASN.1 value notation (X.680), for people: `mixer decode`, golden tests, logs of quarantined messages.

    {
      message-identifier { 1, "EXAMPLE" },
      priority urgent,
      content '30820412...'H -- 1046 octets --
    }

What fits on a line is put on one. Two departures from the notation: octets are abbreviated, with their number in a
comment, and control characters in strings are written as ``\xNN``.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from gateway.asn1 import elements as e
from gateway.asn1 import times
from gateway.asn1.elements import Element, ElementLike
from gateway.asn1.node import layers
from gateway.asn1.types import Description, Kind, describe
from gateway.asn1.values import Bits, Raw
from gateway.octets import Octets, octets

LINE = 100
SHOWN_OCTETS = 32
"""Octets written out before the rest is left to the comment."""


def to_notation(value: Any, element: ElementLike | None = None) -> str:
    """A value in ASN.1 value notation.

    Args:
        value: Of the type that the element asks for.
        element: Descriptor or declared class; without it the class of the value.
    """
    return _written(value, type(value) if element is None else element, None)


def _written(value: Any, element: ElementLike, parent: object) -> str:
    core = layers(element)[1]
    if not isinstance(core, Element):
        return _declared(value, describe(core))
    if isinstance(core, e.SequenceOf | e.SetOf):
        return _braces([_written(item, core.element, parent) for item in value])
    if isinstance(core, e.OpenType):
        return _open(value, core, parent)
    if isinstance(core, e.Variants):
        return _written(value, core.main, parent)
    if isinstance(core, e.Integer | e.Enumerated):
        return _number(value, core.names)
    if isinstance(core, e.NamedBitString):
        return _braces([_number(bit, core.names) for bit in sorted(value)])
    return _LEAVES[type(core)](value)


def _declared(value: Any, description: Description) -> str:
    parts: list[str] = []
    for member in description.members:
        inner = getattr(value, member.attribute)
        if inner is None or (not member.mandatory and inner == member.default):
            continue
        text = _written(inner, member.element, value)
        if description.kind is Kind.CHOICE:
            return f"{member.name} : {text}"
        parts.append(f"{member.name} {text}")
    parts += [f"-- unknown member {_octets(each.octets)} --" for each in getattr(value, "unknown", ())]
    return _braces(parts)


def _open(value: Any, core: e.OpenType, parent: object) -> str:
    key = getattr(parent, core.key, None)
    element = None if key is None or isinstance(value, Raw) else core.registry(key)
    return _octets(value) if element is None else _written(value, element, parent)


def _braces(parts: list[str]) -> str:
    """A list in braces, on one line if it fits there."""
    line = f"{{ {', '.join(parts)} }}" if parts else "{ }"
    if len(line) <= LINE and "\n" not in line:
        return line
    body = ",\n".join(parts)
    return "{\n" + "\n".join(f"  {row}" for row in body.split("\n")) + "\n}"


def _octets(value: bytes | Octets) -> str:
    content = octets(value)
    shown = content.read(0, SHOWN_OCTETS).hex().upper()
    return f"'{shown}'H" if len(content) <= SHOWN_OCTETS else f"'{shown}...'H -- {len(content)} octets --"


def _bits(value: Bits) -> str:
    if len(value) > 8 * SHOWN_OCTETS:
        return f"'{value.octets.read(0, SHOWN_OCTETS).hex().upper()}...'H -- {len(value)} bits --"
    return f"'{''.join(str(bit) for bit in value)}'B"


def _text(value: str) -> str:
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in value)
    return '"' + shown.replace('"', '""') + '"'


def _raw_text(value: bytes) -> str:
    return _text(value.decode("ascii")) if all(0x20 <= octet < 0x7F for octet in value) else _octets(value)


def _number(value: int, names: type[IntEnum] | None) -> str:
    known = {int(member): member.name for member in names or ()}.get(int(value))
    return str(int(value)) if known is None else known.lower().replace("_", "-")


def _object_identifier(value: str) -> str:
    return f"{{ {value.replace('.', ' ')} }}"


_LEAVES: dict[type[Any], Callable[[Any], str]] = {
    e.Boolean: lambda value: "TRUE" if value else "FALSE",
    e.Null: lambda value: "NULL",
    e.BitString: _bits,
    e.OctetString: _octets,
    e.LargeOctetString: _octets,
    e.Any: _octets,
    e.LargeAny: _octets,
    e.ObjectIdentifier: _object_identifier,
    e.RelativeOID: _object_identifier,
    e.Real: repr,
    e.UTCTime: lambda value: f'"{times.utc_time_to_text(value)}"',
    e.GeneralizedTime: lambda value: f'"{times.generalized_time_to_text(value)}"',
    **dict.fromkeys((e.TeletexString, e.VideotexString, e.GraphicString, e.GeneralString, e.ObjectDescriptor), _raw_text),
    **dict.fromkeys(
        (e.NumericString, e.PrintableString, e.IA5String, e.VisibleString, e.UTF8String, e.BMPString, e.UniversalString), _text
    ),
}
