"""G3 facsimile <-> image/g3fax (RFC 2159): a bit string for each page, marked off by six end-of-line codes.

By policy it becomes a TIFF of class F instead, which people can open, and such a TIFF a G3 facsimile.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from gateway import asn1
from gateway.internet.message import Entity, entity
from gateway.internet.mime import ContentType
from gateway.internet.tiff import FaxPage, TIFFError, read_tiff, turned, write_tiff
from gateway.internet.transfer_encodings import base64_body
from gateway.octets import ConcatOctets, Octets, octets
from gateway.x400.bodyparts import BodyPart, G3FacsimileBodyPart, G3FacsimileParameters
from gateway.x400.mts import G3FacsimileNonBasicParameters as Bit

G3FAX: Final = "image/g3fax"
TIFF: Final = "image/tiff"
PAGE_END: Final = bytes.fromhex("001001001001001001")
"""Six end-of-line codes on an octet boundary, which cannot occur inside a page (2.2)."""

_EOL, _EOL_BITS = 1, 12
_TAIL: Final = 4096
"""Octets at the end of a page in which its end-of-line codes are looked for."""
_PAGES_LIMIT: Final = 10_000

_PARAMETERS: Final[Mapping[str, tuple[str, Mapping[str, int]]]] = MappingProxyType(
    {
        "page-length": ("A4", {"Unlimited": Bit.UNLIMITED_LENGTH, "B4": Bit.B4_LENGTH}),
        "page-width": ("A4", {"A3": Bit.A3_WIDTH, "B4": Bit.B4_WIDTH}),
        "encoding": ("1-dimensional", {"2-dimensional": Bit.TWO_DIMENSIONAL, "Uncompressed": Bit.UNCOMPRESSED}),
        "resolution": ("Coarse", {"Fine": Bit.FINE_RESOLUTION}),
    }
)
"""Parameter -> value without a bit, values by their bits (2.1)."""
PARAMETERS: Final = (*_PARAMETERS, "dcs", "pages")
"""Parameters of image/g3fax, in lower case."""
_NAMED: Final = frozenset(bit for _, bits in _PARAMETERS.values() for bit in bits.values())


# --- X.400 -> MIME ------------------------------------------------------------------------------------------------------------------------


def entity_of_fax(part: G3FacsimileBodyPart) -> Entity:
    """A g3-facsimile body part as image/g3fax (section 3)."""
    bits = part.parameters.non_basic_parameters or frozenset()
    kind = ContentType(type="image", subtype="g3fax", parameters=_parameters_of(bits, len(part.data)))
    content = ConcatOctets([piece for page in part.data for piece in (_page(page), PAGE_END)])
    return entity([("Content-Type", kind.to_text()), ("Content-Transfer-Encoding", "base64")], base64_body(content))


def _parameters_of(bits: frozenset[int], pages: int) -> dict[str, str]:
    found = {name: value for name, (_, values) in _PARAMETERS.items() for value, bit in values.items() if bit in bits}
    if bits - _NAMED:
        found["DCS"] = base64.b64encode(_control_string(bits)).decode("ascii")
    return {**found, "pages": str(pages)}


def _control_string(bits: Iterable[int]) -> bytes:
    """The bits in the order of T.30, which counts from the other end of each octet (2.1)."""
    wanted = list(bits)
    held = bytearray(max(wanted) // 8 + 1)
    for bit in wanted:
        held[bit // 8] |= 1 << (bit % 8)
    return bytes(held)


def _page(page: asn1.Bits) -> Octets:
    """A page without end-of-line codes at its end, first bit highest (section 3, from X.400 to G3Fax, steps 1 and 2).

    Unused bits count as fill: with the bits of each octet turned nobody can mean them.
    """
    bits = turned(page.octets)
    start = max(0, len(bits) - _TAIL)
    return ConcatOctets([bits.slice(0, start), _without_ends(bits.read(start, len(bits)))])


def _without_ends(tail: bytes) -> bytes:
    length, bits = len(tail) * 8, int.from_bytes(tail, "big")
    while bits and length >= _EOL_BITS:
        filled = (bits & -bits).bit_length() - 1
        if (bits >> filled) & ((1 << _EOL_BITS) - 1) != _EOL:
            break
        bits, length = bits >> filled + _EOL_BITS, length - filled - _EOL_BITS
    padding = -length % 8
    return (bits << padding).to_bytes((length + padding) // 8, "big")


_WIDTHS: Final = {1728: None, 2048: Bit.B4_WIDTH, 2432: Bit.A3_WIDTH}


def tiff_of_fax(part: G3FacsimileBodyPart) -> Entity:
    """A g3-facsimile body part as a TIFF of class F; its lengths and the bits beyond width, resolution and coding are not in it."""
    bits = part.parameters.non_basic_parameters or frozenset()
    width = next((one for one, bit in _WIDTHS.items() if bit in bits), 1728)
    pages = [
        FaxPage(
            data=turned(page.octets), width=width, fine=Bit.FINE_RESOLUTION in bits,
            two_dimensional=Bit.TWO_DIMENSIONAL in bits, uncompressed=Bit.UNCOMPRESSED in bits,
        )
        for page in part.data
    ]  # fmt: skip
    fields = [("Content-Type", f"{TIFF}; application=faxbw"), ("Content-Transfer-Encoding", "base64")]
    return entity([*fields, ("Content-Disposition", "attachment; filename=fax.tif")], base64_body(write_tiff(pages)))


# --- MIME -> X.400 ------------------------------------------------------------------------------------------------------------------------


def part_of_fax(item: Entity) -> BodyPart | None:
    """image/g3fax as a g3-facsimile body part (section 3); None where it has no page, or more than a fax can have."""
    pages = _pages(item.content())
    if not pages:
        return None
    parameters = G3FacsimileParameters(number_of_pages=len(pages), non_basic_parameters=_bits_of(item.content_type.parameters) or None)
    data = tuple(asn1.Bits(octets=turned(page)) for page in pages)
    return BodyPart(g3_facsimile=G3FacsimileBodyPart(parameters=parameters, data=data))


def _pages(content: Octets) -> list[Octets]:
    """The pages, each with its six end-of-line codes, which are kept (section 3, from G3Fax to X.400, step 1)."""
    found: list[Octets] = []
    start = position = 0
    held = b""
    for chunk in content.chunks():
        held, base = held + chunk, position - len(held)
        at = held.find(PAGE_END, max(0, start - base))
        while at >= 0 and len(found) <= _PAGES_LIMIT:
            end = base + at + len(PAGE_END)
            found.append(content.slice(start, end))
            start = end
            at = held.find(PAGE_END, at + len(PAGE_END))
        position += len(chunk)
        held = held[-len(PAGE_END) :]
    rest = content.slice(start) if start < len(content) else octets(b"")
    found += [rest] if len(rest) else []
    return found if len(found) <= _PAGES_LIMIT else []


def _bits_of(parameters: Mapping[str, str]) -> frozenset[int]:
    given = {name.lower(): value.lower() for name, value in parameters.items() if name.lower() != "dcs"}
    found = {
        int(bit) for name, (_, values) in _PARAMETERS.items() for value, bit in values.items() if given.get(name) == value.lower()
    }
    control = next((value for name, value in parameters.items() if name.lower() == "dcs"), "")
    try:
        string = base64.b64decode(control, validate=True)[:32]
    except (binascii.Error, ValueError):
        string = b""
    others = {at * 8 + bit for at, octet in enumerate(string) for bit in range(8) if octet >> bit & 1}
    return frozenset(found | (others - _NAMED))


def part_of_tiff(item: Entity) -> BodyPart | None:
    """image/tiff of class F as a g3-facsimile body part; None for any other TIFF."""
    try:
        pages = read_tiff(item.content())
    except TIFFError:
        return None
    first = pages[0]
    alike = all((one.width, one.fine, one.two_dimensional) == (first.width, first.fine, first.two_dimensional) for one in pages)
    if not alike or first.width not in _WIDTHS:
        return None
    named = {
        Bit.FINE_RESOLUTION: first.fine, Bit.TWO_DIMENSIONAL: first.two_dimensional,
        Bit.UNCOMPRESSED: any(one.uncompressed for one in pages), Bit.UNLIMITED_LENGTH: True,
    }  # fmt: skip
    bits = {int(bit) for bit, is_so in named.items() if is_so} | {int(bit) for bit in (_WIDTHS[first.width],) if bit is not None}
    parameters = G3FacsimileParameters(number_of_pages=len(pages), non_basic_parameters=frozenset(bits))
    data = tuple(asn1.Bits(octets=turned(page.data)) for page in pages)
    return BodyPart(g3_facsimile=G3FacsimileBodyPart(parameters=parameters, data=data))
