"""pyasn1 behind the declarations; its objects never leave this package.

pyasn1 decodes and encodes the contents of every primitive value that has passed `gateway.asn1.tlv` (`content_value`,
`content_octets`). It does not get whole messages, for three reasons: contents of 100 MB must stay slices of the input,
every fault must be told with path and offset, and members that the declaration does not know must survive; pyasn1 reads
everything into memory, names no place, and refuses unknown members.

`pyasn1_schema` derives the complete pyasn1 type of a declared class all the same: the tests use it to have pyasn1's own
codec read what ours wrote, and the other way round.
"""

# mypy: allow-untyped-calls
# pyasn1 carries no annotations.

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import char, namedtype, tag, univ, useful

from gateway.asn1 import elements as e
from gateway.asn1.elements import Element, ElementLike
from gateway.asn1.node import layers
from gateway.asn1.tags import UNIVERSAL, length_octets
from gateway.asn1.types import Kind, MemberDescription, describe

_LATIN_1 = "iso-8859-1"
_TYPES: dict[int, Any] = {
    1: univ.Boolean(),
    2: univ.Integer(),
    3: univ.BitString(),
    4: univ.OctetString(),
    5: univ.Null(),
    6: univ.ObjectIdentifier(),
    7: useful.ObjectDescriptor(encoding=_LATIN_1),
    9: univ.Real(),
    10: univ.Enumerated(),
    12: char.UTF8String(),
    13: univ.RelativeOID(),
    # Deviation: X.690 8.23.5 knows no octets above 127 in the four repertoires of G0 and C0; peers send Latin-1 all the same.
    18: char.NumericString(encoding=_LATIN_1),
    19: char.PrintableString(encoding=_LATIN_1),
    20: char.TeletexString(encoding=_LATIN_1),
    21: char.VideotexString(encoding=_LATIN_1),
    22: char.IA5String(encoding=_LATIN_1),
    23: useful.UTCTime(encoding=_LATIN_1),
    24: useful.GeneralizedTime(encoding=_LATIN_1),
    25: char.GraphicString(encoding=_LATIN_1),
    26: char.VisibleString(encoding=_LATIN_1),
    27: char.GeneralString(encoding=_LATIN_1),
    28: char.UniversalString(),
    30: char.BMPString(),
}
"""pyasn1 type by universal tag number, without constraints: bounds are checked on encoding, with the path."""


_AS_THEY_ARE = frozenset({7, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27})
"""Strings whose contents are their characters: here pyasn1 does nothing, in many times the time of doing it."""

_REMEMBERED_OCTETS = 64
"""Contents up to this size are remembered: object identifiers, codes and flags are the same in every message."""


def content_value(number: int, content: bytes) -> Any:
    """The Python or pyasn1 value of primitive contents octets.

    Args:
        number: Universal tag number of the type.
        content: Contents octets, segments joined.

    Raises:
        PyAsn1Error, ValueError, OverflowError, IndexError: They are not of that type.
    """
    if number in _AS_THEY_ARE:
        return content.decode(_LATIN_1)
    return _remembered_value(number, content) if len(content) <= _REMEMBERED_OCTETS else _value(number, content)


def _value(number: int, content: bytes) -> Any:
    return decoder.decode(bytes((number,)) + length_octets(len(content)) + content, asn1Spec=_TYPES[number])[0]


_remembered_value = lru_cache(maxsize=4096)(_value)


def content_octets(number: int, value: Any) -> bytes:
    """The contents octets of a value in the primitive encoding.

    Raises:
        PyAsn1Error, ValueError, OverflowError, TypeError: Not a value of that type.
    """
    if number in _AS_THEY_ARE:
        return str(value).encode(_LATIN_1)
    short = -(1 << 63) < value < 1 << 63 if isinstance(value, int) else isinstance(value, str | tuple) and len(value) <= _REMEMBERED_OCTETS
    return _remembered_octets(number, value) if short else _octets(number, value)


def _octets(number: int, value: Any) -> bytes:
    encoded: bytes = encoder.encode(_TYPES[number].clone(value))
    return encoded[2:] if encoded[1] < 0x80 else encoded[2 + (encoded[1] & 0x7F) :]


_remembered_octets = lru_cache(maxsize=4096)(_octets)


def pyasn1_schema(element: ElementLike) -> Any:
    """The pyasn1 type of an element or declared class.

    What pyasn1 cannot say is simplified: DEFAULT is OPTIONAL, an open type and a type inside itself are ANY, of variants
    only the main form is known, and there are no bounds.
    """
    return _schema(element, ())


def _schema(element: ElementLike, around: tuple[type[Any], ...]) -> Any:
    keys, core, untagged = layers(element)
    if isinstance(core, e.Variants):
        return _tagged(_schema(core.main, around), keys)
    if isinstance(core, Element):
        return _retagged(_of_descriptor(core, around), keys, untagged)
    if core in around:
        return _tagged(univ.Any(), tuple(key for key in keys[:1] if key & 3 != UNIVERSAL))
    return _retagged(_of_class(core, (*around, core)), keys, untagged)


def _of_descriptor(core: Element[Any], around: tuple[type[Any], ...]) -> Any:
    if isinstance(core, e.SequenceOf):
        return univ.SequenceOf(componentType=_schema(core.element, around))
    if isinstance(core, e.SetOf):
        return univ.SetOf(componentType=_schema(core.element, around))
    return univ.Any() if core.NUMBER is None else _TYPES[core.NUMBER].clone()


_CONSTRUCTORS = {Kind.SEQUENCE: univ.Sequence, Kind.SET: univ.Set, Kind.CHOICE: univ.Choice}


def _of_class(cls: type[Any], around: tuple[type[Any], ...]) -> Any:
    description = describe(cls)
    named = (_named_type(member, description.kind, around) for member in description.members)
    return _CONSTRUCTORS[description.kind](componentType=namedtype.NamedTypes(*named))


def _named_type(member: MemberDescription, kind: Kind, around: tuple[type[Any], ...]) -> Any:
    element = member.element if member.tag is None else e.Tagged(member.element, tag=member.tag)
    mandatory = member.mandatory or kind is Kind.CHOICE
    return (namedtype.NamedType if mandatory else namedtype.OptionalNamedType)(member.attribute, _schema(element, around))


def _retagged(plain: Any, keys: tuple[int, ...], untagged: bool) -> Any:
    """Give a pyasn1 type the tags of an element: the innermost replaces its own, the others are explicit."""
    if untagged:
        return _tagged(plain, keys)
    own = plain.tagSet.baseTag
    inner = tag.Tag((keys[-1] & 3) << 6, own.tagFormat, keys[-1] >> 2)
    return _tagged(plain.clone(tagSet=tag.TagSet(own, inner)), keys[:-1])


def _tagged(plain: Any, keys: tuple[int, ...]) -> Any:
    """Put explicit tags around a pyasn1 type; ``keys`` are outermost first."""
    for key in reversed(keys):
        plain = plain.subtype(explicitTag=tag.Tag((key & 3) << 6, tag.tagFormatConstructed, key >> 2))
    return plain
