"""The element descriptors: immutable values that name the type of a member, and hold what the codec must know of it.

Every descriptor takes ``tag=`` (a `Tag`). Which Python value belongs to which descriptor is the type argument of
`Element`: ``Integer`` is an ``Element[int]``, so a checker knows what ``decode`` gives back.

Sizes and ranges are pairs ``(least, most)``, either of which may be None, or one number that is both. They are held to
when a value is encoded strictly, and never when one is decoded: peers exceed bounds by a character or two every day.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from gateway.asn1.tags import Tag
from gateway.asn1.values import Bits, NullType
from gateway.octets import Octets

T_co = t.TypeVar("T_co", covariant=True)

Bound = tuple[int | None, int | None] | int | None

ElementLike: t.TypeAlias = "Element[t.Any] | type[t.Any] | Callable[[], Element[t.Any] | type[t.Any]]"
"""What may stand where an element is asked for: a descriptor, a declared class, or a function that returns one."""


@dataclass(frozen=True, slots=True)
class Element(t.Generic[T_co]):
    """A type of ASN.1 with the Python value ``T_co``.

    Attributes:
        tag: A tag put on the type.
    """

    ASN1_NAME: t.ClassVar[str] = ""
    NUMBER: t.ClassVar[int | None] = None
    """Universal tag number; None for a type that has no tag of its own."""

    tag: Tag | None = field(default=None, kw_only=True)
    node: t.Any = field(default=None, init=False, repr=False, compare=False, kw_only=True)
    """What the codec derived from the descriptor; nobody else's business."""


@dataclass(frozen=True, slots=True)
class Boolean(Element[bool]):
    """BOOLEAN: bool; any octet but 00 is true on input."""

    ASN1_NAME = "BOOLEAN"
    NUMBER = 1


@dataclass(frozen=True, slots=True)
class Integer(Element[int]):
    """INTEGER: int, or the member of ``names`` where that knows the number."""

    ASN1_NAME = "INTEGER"
    NUMBER = 2

    names: type[IntEnum] | None = None
    range: Bound = None


@dataclass(frozen=True, slots=True)
class Enumerated(Element[int]):
    """ENUMERATED: the member of ``names``; a number that it does not know stays an int."""

    ASN1_NAME = "ENUMERATED"
    NUMBER = 10

    names: type[IntEnum]


@dataclass(frozen=True, slots=True)
class NamedBitString(Element[frozenset[int]]):
    """BIT STRING with named bits: the set of the bits that are one, as members of ``names`` where it knows them.

    Zero bits at the end carry no meaning (X.680 22.7): they are lost on input, and written up to the least size.
    """

    ASN1_NAME = "BIT STRING"
    NUMBER = 3

    names: type[IntEnum]
    size: Bound = None


@dataclass(frozen=True, slots=True)
class BitString(Element[Bits]):
    """BIT STRING: `Bits`; the size counts bits."""

    ASN1_NAME = "BIT STRING"
    NUMBER = 3

    size: Bound = None


@dataclass(frozen=True, slots=True)
class OctetString(Element[bytes]):
    """OCTET STRING of moderate size: bytes."""

    ASN1_NAME = "OCTET STRING"
    NUMBER = 4

    size: Bound = None


@dataclass(frozen=True, slots=True)
class LargeOctetString(Element[Octets]):
    """OCTET STRING of any size: `Octets`, cut out of the input and not read."""

    ASN1_NAME = "OCTET STRING"
    NUMBER = 4


@dataclass(frozen=True, slots=True)
class Null(Element[NullType]):
    """NULL: `gateway.asn1.NULL`."""

    ASN1_NAME = "NULL"
    NUMBER = 5


@dataclass(frozen=True, slots=True)
class ObjectIdentifier(Element[str]):
    """OBJECT IDENTIFIER: dotted text, ``2.6.1.4.11``."""

    ASN1_NAME = "OBJECT IDENTIFIER"
    NUMBER = 6


@dataclass(frozen=True, slots=True)
class RelativeOID(Element[str]):
    """RELATIVE-OID: dotted text."""

    ASN1_NAME = "RELATIVE-OID"
    NUMBER = 13


@dataclass(frozen=True, slots=True)
class Real(Element[float]):
    """REAL: float."""

    ASN1_NAME = "REAL"
    NUMBER = 9


@dataclass(frozen=True, slots=True)
class TextString(Element[str]):
    """The character string types whose value is ``str``; on input each octet above 127 is taken as Latin-1.

    Attributes:
        null: A text of zero length is written whatever the size says; for values that came so from a peer and have to go back unchanged.
    """

    size: Bound = None
    null: bool = False


@dataclass(frozen=True, slots=True)
class NumericString(TextString):
    """NumericString: digits and space."""

    ASN1_NAME = "NumericString"
    NUMBER = 18


@dataclass(frozen=True, slots=True)
class PrintableString(TextString):
    """PrintableString: letters, digits, space and ``'()+,-./:=?``.

    Attributes:
        visible: Every visible character of ASCII is written too, for the same reason.
    """

    visible: bool = False

    ASN1_NAME = "PrintableString"
    NUMBER = 19


@dataclass(frozen=True, slots=True)
class IA5String(TextString):
    """IA5String: the 128 characters of IA5."""

    ASN1_NAME = "IA5String"
    NUMBER = 22


@dataclass(frozen=True, slots=True)
class VisibleString(TextString):
    """VisibleString: IA5 without the controls."""

    ASN1_NAME = "VisibleString"
    NUMBER = 26


@dataclass(frozen=True, slots=True)
class UTF8String(TextString):
    """UTF8String."""

    ASN1_NAME = "UTF8String"
    NUMBER = 12


@dataclass(frozen=True, slots=True)
class BMPString(TextString):
    """BMPString: 16 bits a character."""

    ASN1_NAME = "BMPString"
    NUMBER = 30


@dataclass(frozen=True, slots=True)
class UniversalString(TextString):
    """UniversalString: 32 bits a character."""

    ASN1_NAME = "UniversalString"
    NUMBER = 28


@dataclass(frozen=True, slots=True)
class RawString(Element[bytes]):
    """The character string types with escapes and code extension, whose value stays ``bytes``; the size counts octets."""

    size: Bound = None


@dataclass(frozen=True, slots=True)
class TeletexString(RawString):
    """TeletexString, also called T61String: raw octets; ``gateway.x400.charsets`` knows the characters."""

    ASN1_NAME = "TeletexString"
    NUMBER = 20


T61String = TeletexString


@dataclass(frozen=True, slots=True)
class VideotexString(RawString):
    """VideotexString: raw octets."""

    ASN1_NAME = "VideotexString"
    NUMBER = 21


@dataclass(frozen=True, slots=True)
class GraphicString(RawString):
    """GraphicString: raw octets."""

    ASN1_NAME = "GraphicString"
    NUMBER = 25


@dataclass(frozen=True, slots=True)
class GeneralString(RawString):
    """GeneralString: raw octets."""

    ASN1_NAME = "GeneralString"
    NUMBER = 27


@dataclass(frozen=True, slots=True)
class ObjectDescriptor(RawString):
    """ObjectDescriptor: raw octets."""

    ASN1_NAME = "ObjectDescriptor"
    NUMBER = 7


@dataclass(frozen=True, slots=True)
class UTCTime(Element[datetime]):
    """UTCTime: an aware datetime that keeps the offset; two-digit years mean 1980 to 2079."""

    ASN1_NAME = "UTCTime"
    NUMBER = 23


@dataclass(frozen=True, slots=True)
class GeneralizedTime(Element[datetime]):
    """GeneralizedTime: an aware datetime that keeps the offset."""

    ASN1_NAME = "GeneralizedTime"
    NUMBER = 24


@dataclass(frozen=True, slots=True)
class SequenceOf(Element[tuple[t.Any, ...]]):
    """SEQUENCE OF: a tuple."""

    ASN1_NAME = "SEQUENCE OF"
    NUMBER = 16

    element: ElementLike
    size: Bound = None


@dataclass(frozen=True, slots=True)
class SetOf(Element[tuple[t.Any, ...]]):
    """SET OF: a tuple in the order of the wire; the order is kept when it is written."""

    ASN1_NAME = "SET OF"
    NUMBER = 17

    element: ElementLike
    size: Bound = None


@dataclass(frozen=True, slots=True)
class Any(Element[bytes]):
    """ANY: the complete raw TLV as bytes, at most 1 MiB; without a tag it takes whatever comes."""

    ASN1_NAME = "ANY"


@dataclass(frozen=True, slots=True)
class LargeAny(Element[Octets]):
    """ANY of any size: the complete raw TLV as `Octets`, not read."""

    ASN1_NAME = "ANY"


@dataclass(frozen=True, slots=True)
class OpenType(Element[t.Any]):
    """A type chosen by the value of another member (ANY DEFINED BY, an information object class).

    Attributes:
        key: Attribute of the member, in the same SEQUENCE or SET, that tells the type.
        registry: Gives the element for a value of that member, or None when nobody knows it; the value is then the raw
            TLV as bytes.
    """

    ASN1_NAME = "open type"

    key: str
    registry: Callable[[t.Any], ElementLike | None]


@dataclass(frozen=True, slots=True)
class Tagged(Element[t.Any]):
    """Another element, or a declared class, with a tag put on it; see `tagged`."""

    element: ElementLike


def tagged(element: ElementLike, tag: Tag) -> Element[t.Any]:
    """Put a tag on any element or declared class."""
    return Tagged(element, tag=tag)


@dataclass(frozen=True, slots=True)
class Variant:
    """Another encoding of the same abstract value.

    Attributes:
        element: How it is encoded.
        to_main: From its Python value to that of the main form.
        from_main: The way back.
    """

    element: ElementLike
    to_main: Callable[[t.Any], t.Any]
    from_main: Callable[[t.Any], t.Any]


@dataclass(frozen=True, slots=True, init=False)
class Variants(Element[t.Any]):
    """One abstract value with several encodings, told apart on input by tag and, where tags agree, by shape.

    The value is always that of the main form. On output the form whose name is among the ``dialects`` is written.
    """

    ASN1_NAME = "variants"

    main: ElementLike
    others: tuple[tuple[str, Variant], ...]

    def __init__(self, main: ElementLike, *, tag: Tag | None = None, **others: Variant) -> None:
        for name, value in (("main", main), ("others", tuple(others.items())), ("tag", tag), ("node", None)):
            object.__setattr__(self, name, value)
