"""Nodes of the types that are always primitive: numbers, NULL, object identifiers (X.690 8.2 to 8.5, 8.8, 8.19)."""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from enum import IntEnum
from typing import Any, ClassVar

from pyasn1.error import PyAsn1Error

from gateway.asn1 import elements as e
from gateway.asn1.elements import Bound
from gateway.asn1.errors import BERError
from gateway.asn1.node import Encoding, TypeNode, Writing, makes
from gateway.asn1.schema import content_octets, content_value
from gateway.asn1.tlv import Header, Reading
from gateway.asn1.values import NULL, NullType

REFUSED = (PyAsn1Error, ValueError, OverflowError, IndexError, TypeError)
"""What pyasn1 and the conversions raise for contents or a value that is not of the type."""

LONGEST_NUMBER = 1024
"""Contents octets of an INTEGER or OBJECT IDENTIFIER: an RSA modulus of 8192 bits, and less than the 4300 digits that
Python is willing to print."""


class LeafNode(TypeNode):
    """A primitive type that may not be constructed; pyasn1 knows its contents.

    Attributes:
        number: Universal tag number.
        longest: Most contents octets that make sense.
    """

    longest: ClassVar[int] = LONGEST_NUMBER
    python: ClassVar[type | tuple[type, ...]] = object

    def __init__(self, element: e.Element[Any], key: int) -> None:
        super().__init__(key, constructed=False)
        self.element = element
        self.name = element.ASN1_NAME
        self.number: int = element.NUMBER or 0

    def read(self, reading: Reading, header: Header) -> Any:
        """See `Node.read`."""
        content = self.contents(reading, header)
        try:
            return self.value(content)
        except REFUSED as error:
            raise BERError(f"not a valid {self.name}: {in_short(error)}", offset=header.start) from None

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        if not isinstance(value, self.python):
            raise BERError(f"a {type(value).__name__} is not a value of {self.name}")
        try:
            if writing.strict:
                self.check(value)
            return self.frame(self.octets(value))
        except REFUSED as error:
            raise BERError(f"not a valid {self.name}: {in_short(error)}") from None

    def contents(self, reading: Reading, header: Header) -> bytes:
        """The contents octets."""
        if header.constructed:
            raise BERError(f"{self.name} in a constructed encoding", offset=header.start)
        if header.content == header.end:
            raise BERError(f"{self.name} without contents octets", offset=header.start)
        return reading.content(header, self.longest)

    def check(self, value: Any) -> None:
        """Raise ValueError if a value breaks a bound or its repertoire."""

    @abstractmethod
    def value(self, content: bytes) -> Any:
        """The Python value of contents octets."""

    @abstractmethod
    def octets(self, value: Any) -> bytes:
        """The contents octets of a Python value."""


class BooleanNode(LeafNode):
    """BOOLEAN (X.690 8.2)."""

    python = bool

    def value(self, content: bytes) -> bool:
        """See `LeafNode.value`."""
        return bool(content_value(self.number, content))

    def octets(self, value: Any) -> bytes:
        """FF for true, as DER wants it (X.690 11.1)."""
        return b"\xff" if value else b"\x00"


class NumberNode(LeafNode):
    """INTEGER and ENUMERATED (X.690 8.3, 8.4)."""

    python = int

    def __init__(self, element: e.Integer | e.Enumerated, key: int) -> None:
        super().__init__(element, key)
        self.known = members(element.names)
        self.range = element.range if isinstance(element, e.Integer) else None

    def value(self, content: bytes) -> int:
        """See `LeafNode.value`."""
        number = int(content_value(self.number, content))
        return self.known.get(number, number)

    def octets(self, value: Any) -> bytes:
        """The fewest octets (X.690 8.3.2); pyasn1 writes -128 and its like with one FF too many."""
        content = content_octets(self.number, int(value))
        return content[1:] if len(content) > 1 and content[0] == 0xFF and content[1] & 0x80 else content

    def check(self, value: Any) -> None:
        """See `LeafNode.check`."""
        check_bound(value, self.range, "the value")


class NullNode(LeafNode):
    """NULL (X.690 8.8)."""

    python = NullType

    def contents(self, reading: Reading, header: Header) -> bytes:
        """No octets at all."""
        if header.constructed:
            raise BERError("NULL in a constructed encoding", offset=header.start)
        return reading.content(header, 0)

    def value(self, content: bytes) -> NullType:
        """See `LeafNode.value`."""
        return NULL

    def octets(self, value: Any) -> bytes:
        """See `LeafNode.octets`."""
        return b""


class ObjectIdentifierNode(LeafNode):
    """OBJECT IDENTIFIER and RELATIVE-OID (X.690 8.19, 8.20)."""

    python = str
    dotted = re.compile(r"\d{1,1000}(\.\d{1,1000})*", re.ASCII)

    def value(self, content: bytes) -> str:
        """See `LeafNode.value`."""
        return str(content_value(self.number, content))

    def octets(self, value: Any) -> bytes:
        """See `LeafNode.octets`."""
        if not self.dotted.fullmatch(value):
            raise ValueError(f"{value[:60]!r} is not in dotted form")
        return content_octets(self.number, value)


class RealNode(LeafNode):
    """REAL (X.690 8.5); zero has no contents octets."""

    python = (float, int)
    longest = 64

    def contents(self, reading: Reading, header: Header) -> bytes:
        """See `LeafNode.contents`."""
        if header.constructed:
            raise BERError("REAL in a constructed encoding", offset=header.start)
        return reading.content(header, self.longest)

    def value(self, content: bytes) -> float:
        """The float; never by raising to the sender's exponent, which may have a million digits."""
        found = content_value(self.number, content)
        if found.isInf:
            return float(found)
        mantissa, base, exponent = tuple(found)
        return math.ldexp(mantissa, exponent) if base == 2 else float(f"{mantissa}e{exponent}")

    def octets(self, value: Any) -> bytes:
        """See `LeafNode.octets`."""
        if math.isnan(value):
            raise ValueError("NaN has no encoding")
        if math.isinf(value) or not value:
            return content_octets(self.number, float(value))
        mantissa, exponent = math.frexp(value)
        return content_octets(self.number, (int(math.ldexp(mantissa, 53)), 2, exponent - 53))


def check_bound(number: int, bound: Bound, what: str) -> None:
    """Raise ValueError if a number is outside a bound."""
    if bound is None:
        return
    least, most = (bound, bound) if isinstance(bound, int) else bound
    if (least is not None and number < least) or (most is not None and number > most):
        wanted = f"{'any' if least is None else least} to {'any' if most is None else most}"
        raise ValueError(f"{what} is {number}, {wanted} allowed")


def members(names: type[IntEnum] | None) -> dict[int, IntEnum]:
    """The members of an enumeration by number."""
    return {} if names is None else {int(member): member for member in names}


def in_short(error: Exception) -> str:
    """The text of an error, without what pyasn1 prints of its own state."""
    return " ".join(str(error).split())[:120]


for _descriptor, _node in (
    (e.Boolean, BooleanNode),
    (e.Integer, NumberNode),
    (e.Enumerated, NumberNode),
    (e.Null, NullNode),
    (e.ObjectIdentifier, ObjectIdentifierNode),
    (e.RelativeOID, ObjectIdentifierNode),
    (e.Real, RealNode),
):
    makes(_descriptor)(_node)
