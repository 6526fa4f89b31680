"""Nodes of the string types, which may be constructed from segments, and those again (X.690 8.6, 8.7, 8.23, 8.25)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from gateway.asn1 import elements as e
from gateway.asn1 import times
from gateway.asn1.elements import Bound
from gateway.asn1.errors import BERError
from gateway.asn1.leaves import LeafNode, check_bound, members
from gateway.asn1.node import Encoding, Pieces, TypeNode, Writing, makes
from gateway.asn1.schema import content_octets, content_value
from gateway.asn1.tags import UNIVERSAL
from gateway.asn1.tlv import Header, Reading
from gateway.asn1.values import NO_OCTETS, Bits
from gateway.octets import MATERIALISE_LIMIT, ConcatOctets, Octets

OCTET_STRING_KEY = 4 << 2 | UNIVERSAL
BIT_STRING_KEY = 3 << 2 | UNIVERSAL


class SegmentedNode(LeafNode):
    """A string type, which may be constructed from segments, and those again (X.690 8.7.3, 8.23.6)."""

    longest = MATERIALISE_LIMIT

    def __init__(self, element: e.Element[Any], key: int) -> None:
        super().__init__(element, key)
        # X.690 8.23.6: the segments of every character string are OCTET STRINGs. Peer: some use the string's own tag.
        self.segment_keys = frozenset((OCTET_STRING_KEY, self.number << 2 | UNIVERSAL))

    def contents(self, reading: Reading, header: Header) -> bytes:
        """The contents octets of all segments."""
        if not header.constructed:
            return reading.content(header)
        found = reading.segments(header, self.segment_keys)
        if sum(end - start for start, end in found) > self.longest:
            raise BERError(f"{self.name} of more than {self.longest} octets", offset=header.start)
        return b"".join([reading.read(start, end) for start, end in found])


class TextNode(SegmentedNode):
    """The character strings that are ``str``."""

    python = str

    def __init__(self, element: e.TextString, key: int) -> None:
        super().__init__(element, key)
        self.size = element.size
        self.null = element.null
        visible = isinstance(element, e.PrintableString) and element.visible
        self.repertoire = _REPERTOIRES.get(e.VisibleString if visible else type(element))

    def value(self, content: bytes) -> str:
        """See `LeafNode.value`."""
        return str(content_value(self.number, content))

    def octets(self, value: Any) -> bytes:
        """See `LeafNode.octets`."""
        return content_octets(self.number, value)

    def check(self, value: Any) -> None:
        """See `LeafNode.check`."""
        if value or not self.null:
            check_bound(len(value), self.size, "the length")
        outside = self.repertoire.search(value) if self.repertoire else None
        if outside is not None:
            raise ValueError(f"the character {outside[0]!r} is not in the repertoire")


_REPERTOIRES = {
    e.NumericString: re.compile(r"[^0-9 ]"),
    e.PrintableString: re.compile(r"[^A-Za-z0-9 '()+,\-./:=?]"),
    e.IA5String: re.compile(r"[^\x00-\x7f]"),
    e.VisibleString: re.compile(r"[^\x20-\x7e]"),
}
"""The first character outside the repertoire (X.680 clause 41)."""


class TimeNode(SegmentedNode):
    """UTCTime and GeneralizedTime."""

    python = datetime
    longest = 64

    def __init__(self, element: e.Element[Any], key: int) -> None:
        super().__init__(element, key)
        short = isinstance(element, e.UTCTime)
        self.from_text = times.utc_time_from_text if short else times.generalized_time_from_text
        self.to_text = times.utc_time_to_text if short else times.generalized_time_to_text
        self.years: Bound = (times.FIRST_YEAR, times.FIRST_YEAR + 99) if short else None

    def value(self, content: bytes) -> datetime:
        """See `LeafNode.value`."""
        return self.from_text(str(content_value(self.number, content)))

    def octets(self, value: Any) -> bytes:
        """See `LeafNode.octets`."""
        return content_octets(self.number, self.to_text(value))

    def check(self, value: Any) -> None:
        """See `LeafNode.check`."""
        check_bound(value.year, self.years, "the year")


class OctetsNode(SegmentedNode):
    """OCTET STRING and the character strings that stay ``bytes``; their contents octets are the value."""

    python = bytes
    gives_bytes = True

    def __init__(self, element: e.OctetString | e.RawString, key: int) -> None:
        super().__init__(element, key)
        self.size = element.size

    def value(self, content: bytes) -> bytes:
        """See `LeafNode.value`."""
        return content

    def octets(self, value: Any) -> bytes:
        """See `LeafNode.octets`."""
        return bytes(value)

    def check(self, value: Any) -> None:
        """See `LeafNode.check`."""
        check_bound(len(value), self.size, "the length")


class LargeOctetsNode(TypeNode):
    """OCTET STRING of any size, as slices of the input."""

    name = e.LargeOctetString.ASN1_NAME
    segment_keys = frozenset((OCTET_STRING_KEY,))

    def read(self, reading: Reading, header: Header) -> Octets:
        """See `Node.read`."""
        found = reading.segments(header, self.segment_keys)
        return joined([reading.source.slice(start, end) for start, end in found if start != end])

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        if isinstance(value, bytes):
            return self.frame(value)
        if not isinstance(value, Octets):
            raise BERError(f"a {type(value).__name__} is not a value of {self.name}")
        return self.frame(Pieces([value]))


class BitsNode(TypeNode):
    """BIT STRING as `Bits`, slices of the input."""

    name = e.BitString.ASN1_NAME

    def __init__(self, element: e.BitString, key: int) -> None:
        super().__init__(key, constructed=False)
        self.size = element.size

    def read(self, reading: Reading, header: Header) -> Bits:
        """See `Node.read`."""
        unused, found = bit_segments(reading, header)
        try:
            return Bits(joined([reading.source.slice(start, end) for start, end in found]), unused)
        except ValueError as error:
            raise BERError(f"not a valid BIT STRING: {error}", offset=header.start) from None

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        if not isinstance(value, Bits):
            raise BERError(f"a {type(value).__name__} is not a value of {self.name}")
        try:
            check_bound(len(value), self.size if writing.strict else None, "the number of bits")
        except ValueError as error:
            raise BERError(f"not a valid {self.name}: {error}") from None
        return self.frame(Pieces([bytes((value.unused,)), value.octets]))


class NamedBitsNode(SegmentedNode):
    """BIT STRING with named bits."""

    python = (frozenset, set)
    longest = 512

    def __init__(self, element: e.NamedBitString, key: int) -> None:
        super().__init__(element, key)
        self.known = members(element.names)
        self.least, self.most = (element.size, element.size) if isinstance(element.size, int) else element.size or (0, None)

    def contents(self, reading: Reading, header: Header) -> bytes:
        """Initial octet and bits of all segments."""
        unused, found = bit_segments(reading, header)
        if sum(end - start for start, end in found) > self.longest:
            raise BERError(f"more than {8 * self.longest} named bits", offset=header.start)
        return bytes((unused,)) + b"".join([reading.read(start, end) for start, end in found])

    def value(self, content: bytes) -> frozenset[int]:
        """See `LeafNode.value`."""
        bits = content_value(self.number, content)
        return frozenset(self.known.get(at, at) for at, bit in enumerate(bits) if bit)

    def octets(self, value: Any) -> bytes:
        """See `LeafNode.octets`."""
        length = max(max(value, default=-1) + 1, self.least or 0)
        if min(value, default=0) < 0 or length > 8 * self.longest:
            raise ValueError("a bit that does not exist")
        return content_octets(self.number, tuple(int(at in value) for at in range(length)))

    def check(self, value: Any) -> None:
        """See `LeafNode.check`."""
        check_bound(max(value, default=-1) + 1, (None, self.most), "the number of bits")


def joined(slices: list[Octets]) -> Octets:
    """Slices one after the other."""
    return slices[0] if len(slices) == 1 else ConcatOctets(slices) if slices else NO_OCTETS


def bit_segments(reading: Reading, header: Header) -> tuple[int, list[tuple[int, int]]]:
    """How many bits at the end are unused, and where the bits of each segment are (X.690 8.6)."""
    unused = 0
    found: list[tuple[int, int]] = []
    for start, end in reading.segments(header, frozenset((BIT_STRING_KEY,))):
        if unused:
            raise BERError("unused bits before the last segment of a BIT STRING", offset=start)
        # Deviation: X.690 8.6.2 wants an initial octet even in the empty string; none at all is taken for no bits.
        if start != end:
            unused = reading.read(start, start + 1)[0]
            found.append((start + 1, end))
    if unused > 7:
        raise BERError(f"{unused} unused bits in a BIT STRING", offset=header.start)
    return unused, found


for _descriptor, _node in (
    (e.NumericString, TextNode),
    (e.PrintableString, TextNode),
    (e.IA5String, TextNode),
    (e.VisibleString, TextNode),
    (e.UTF8String, TextNode),
    (e.BMPString, TextNode),
    (e.UniversalString, TextNode),
    (e.UTCTime, TimeNode),
    (e.GeneralizedTime, TimeNode),
    (e.OctetString, OctetsNode),
    (e.TeletexString, OctetsNode),
    (e.VideotexString, OctetsNode),
    (e.GraphicString, OctetsNode),
    (e.GeneralString, OctetsNode),
    (e.ObjectDescriptor, OctetsNode),
    (e.NamedBitString, NamedBitsNode),
    (e.BitString, BitsNode),
):
    makes(_descriptor)(_node)


@makes(e.LargeOctetString)
def _large_octets(element: e.LargeOctetString, key: int | None) -> LargeOctetsNode:
    return LargeOctetsNode(key or OCTET_STRING_KEY, constructed=False)
